package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/api"

	"github.com/google/go-cmp/cmp"
)

var admin = account.Principal{ID: "operator", Owner: true, Write: true}

// isolation says, for each route with an id, which object stands in it and what body
// the route takes. A route that is not here fails the test.
var isolation = map[string]struct{ object, body string }{
	"GET /workspaces/{id}": {"workspaces", ""}, "PATCH /workspaces/{id}": {"workspaces", `{"name":"x"}`},
	"POST /workspaces/{id}/archive": {"workspaces", ""}, "POST /workspaces/{id}/restore": {"workspaces", ""},
	"GET /advertisers/{id}": {"advertisers", ""}, "PATCH /advertisers/{id}": {"advertisers", `{"name":"x"}`},
	"POST /advertisers/{id}/archive": {"advertisers", ""}, "POST /advertisers/{id}/restore": {"advertisers", ""},
	"POST /advertisers/{id}/rotate_token": {"advertisers", ""}, "POST /advertisers/{id}/drop_old_token": {"advertisers", ""}, "POST /advertisers/{id}/signing_secret": {"advertisers", ""},
	"GET /offers/{id}": {"offers", ""}, "PATCH /offers/{id}": {"offers", `{"name":"x"}`},
	"GET /offers/{id}/tracking": {"offers", ""}, "GET /offers/{id}/guides": {"offers", ""}, "POST /offers/{id}/clone": {"offers", ""},
	"GET /offers/{id}/diagnosis": {"offers", ""}, "POST /offers/{id}/landing-check": {"offers", ""}, "POST /offers/{id}/reprice": {"offers", ""},
	"GET /offers/{id}/caps": {"offers", ""},
	"GET /offers/{id}/test": {"offers", ""}, "POST /offers/{id}/test": {"offers", ""}, "POST /offers/{id}/test/cancel": {"offers", ""}, "GET /offers/{id}/tests": {"offers", ""},
	"POST /offers/{id}/archive": {"offers", ""}, "POST /offers/{id}/restore": {"offers", ""},
	"GET /goals/{id}": {"goals", ""}, "PATCH /goals/{id}": {"goals", `{"name":"x"}`},
	"POST /goals/{id}/archive": {"goals", ""}, "POST /goals/{id}/restore": {"goals", ""},
	"GET /groups/{id}": {"groups", ""}, "PATCH /groups/{id}": {"groups", `{"notes":"x"}`},
	"POST /groups/{id}/archive": {"groups", ""}, "POST /groups/{id}/restore": {"groups", ""},
	"GET /publishers/{id}": {"publishers", ""}, "PATCH /publishers/{id}": {"publishers", `{"name":"x"}`},
	"POST /publishers/{id}/archive": {"publishers", ""}, "POST /publishers/{id}/restore": {"publishers", ""},
	"GET /advertisers/{id}/funds": {"advertisers", ""}, "GET /advertisers/{id}/payments": {"advertisers", ""}, "POST /advertisers/{id}/payments": {"advertisers", `{"amount":"1.00","currency":"USD","reference":"x"}`},
	"GET /publishers/{id}/payouts": {"publishers", ""}, "GET /publishers/{id}/payout-method": {"publishers", ""}, "POST /publishers/{id}/payout-method": {"publishers", `{"kind":"none"}`},
	"GET /payout-runs/{id}": {"payout-runs", ""}, "GET /payout-runs/{id}/lines": {"payout-runs", ""}, "POST /payout-runs/{id}/refresh": {"payout-runs", ""}, "POST /payout-runs/{id}/approve": {"payout-runs", ""},
	"POST /payout-runs/{id}/discard": {"payout-runs", ""}, "POST /payout-runs/{id}/export": {"payout-runs", `{"layout":"generic"}`}, "POST /payout-runs/{id}/mark": {"payout-runs", `{"state":"paid"}`},
	"GET /documents/{id}": {"documents", ""}, "GET /documents/{id}/items": {"documents", ""}, "GET /documents/{id}/items.csv": {"documents", ""},
	"GET /payout-lines/{id}":       {"payout-lines", ""},
	"GET /publishers/{id}/balance": {"publishers", ""},
	"GET /enrollments/{id}":        {"enrollments", ""}, "PATCH /enrollments/{id}": {"enrollments", `{"reason":"x"}`},
	"POST /enrollments/{id}/archive": {"enrollments", ""}, "POST /enrollments/{id}/restore": {"enrollments", ""},
	"GET /links/{id}": {"links", ""}, "PATCH /links/{id}": {"links", `{"name":"x"}`},
	"POST /links/{id}/archive": {"links", ""}, "POST /links/{id}/restore": {"links", ""},
	"POST /links/{id}/deep-link": {"links", `{"url":"https://shop.example/"}`}, "GET /links/{id}/qr.svg": {"links", ""}, "GET /links/{id}/qr.png": {"links", ""},
	"GET /coupons/{id}": {"coupons", ""}, "PATCH /coupons/{id}": {"coupons", `{"notes":"x"}`},
	"POST /coupons/{id}/archive": {"coupons", ""}, "POST /coupons/{id}/restore": {"coupons", ""},
	"GET /domains/{id}": {"domains", ""}, "PATCH /domains/{id}": {"domains", `{"root_url":"https://x.example/"}`},
	"POST /domains/{id}/archive": {"domains", ""}, "POST /domains/{id}/restore": {"domains", ""},
	"GET /domains/{id}/dns": {"domains", ""}, "POST /domains/{id}/check": {"domains", ""},
	"GET /postbacks/{id}": {"postbacks", ""}, "PATCH /postbacks/{id}": {"postbacks", `{"notes":"x"}`}, "POST /postbacks/{id}/test": {"postbacks", ""},
	"POST /postbacks/{id}/archive": {"postbacks", ""}, "POST /postbacks/{id}/restore": {"postbacks", ""},
	"GET /creatives/{id}": {"creatives", ""}, "PATCH /creatives/{id}": {"creatives", `{"notes":"x"}`},
	"POST /creatives/{id}/archive": {"creatives", ""}, "POST /creatives/{id}/restore": {"creatives", ""}, "GET /creatives/{id}/snippets": {"creatives", ""},
	"GET /terms/{id}": {"terms", ""}, "PATCH /terms/{id}": {"terms", `{"text":"x"}`},
	"GET /commission-rules/{id}": {"commission-rules", ""}, "PATCH /commission-rules/{id}": {"commission-rules", `{"notes":"x"}`},
	"POST /commission-rules/{id}/archive": {"commission-rules", ""}, "POST /commission-rules/{id}/restore": {"commission-rules", ""},
	"POST /offers/{id}/invite": {"offers", `{"publishers":["pub_0000000000000000"]}`},
	"POST /terms/{id}/archive": {"terms", ""}, "POST /terms/{id}/restore": {"terms", ""},
	"GET /signups/{id}": {"signups", ""}, "POST /signups/{id}/approve": {"signups", ""}, "POST /signups/{id}/reject": {"signups", `{"reason":"x"}`}, "POST /signups/{id}/ban": {"signups", `{"reason":"x"}`}, "POST /signups/{id}/resend": {"signups", ""},
	"GET /invitations/{id}": {"invitations", ""}, "POST /invitations/{id}/revoke": {"invitations", ""}, "POST /invitations/{id}/resend": {"invitations", ""},
	"GET /users/{id}": {"users", ""}, "PATCH /users/{id}": {"users", `{"name":"x"}`},
	"GET /api_keys/{id}": {"api_keys", ""}, "POST /api_keys/{id}/revoke": {"api_keys", ""},
	"GET /conversions/{id}": {"conversions", ""}, "POST /conversions/{id}/approve": {"conversions", ""},
	"POST /conversions/{id}/hold": {"conversions", `{"reason":"x"}`}, "POST /conversions/{id}/release": {"conversions", `{"reason":"x"}`},
	"POST /conversions/{id}/refund": {"conversions", `{"reason":"x"}`}, "POST /conversions/{id}/amounts": {"conversions", `{"key":"k","revenue":"1.00","reason":"x"}`},
	"POST /publishers/{id}/adjustments": {"publishers", `{"key":"k","amount":"1.00","currency":"USD","reason":"x"}`},
	"POST /conversions/{id}/reject":     {"conversions", `{"reason":"x"}`}, "POST /conversions/{id}/reverse": {"conversions", `{"reason":"x"}`},
	"GET /signals/{id}": {"signals", ""}, "POST /signals/{id}/replay": {"signals", ""},
	"GET /deliveries/{id}": {"deliveries", ""}, "POST /deliveries/{id}/resend": {"deliveries", ""}, "GET /ledger/transactions/{id}": {"transactions", ""},
}

// references are the parameters that name an object without being the path's id: a
// foreign one must answer as an unknown one, too.
var references = map[string]string{
	"GET /advertisers": "workspace", "GET /terms": "offer", "GET /commission-rules": "offer", "GET /offers": "advertiser", "GET /goals": "offer", "GET /publishers": "group", "GET /groups": "workspace", "GET /enrollments": "publisher", "GET /links": "offer", "GET /coupons": "publisher", "GET /postbacks": "publisher", "GET /domains": "advertiser", "GET /creatives": "offer",
	"POST /deliveries/resend-dead": "postback",
	"GET /conversions":             "offer", "GET /adjustments": "publisher", "GET /documents": "party", "GET /billing-texts": "party", "GET /signals": "offer", "GET /deliveries": "conversion", "GET /ledger/balances": "party", "GET /ledger/transactions": "cause", "GET /ledger/lines": "account", "GET /ledger/explain": "account", "GET /ledger/export.csv": "account", "GET /api_keys": "workspace", "GET /signups": "workspace", "GET /invitations": "publisher", "GET /mails": "about",
}

// objectOf says which object a reference names.
var objectOf = map[string]string{"workspace": "workspaces", "advertiser": "advertisers", "group": "groups", "offer": "offers", "publisher": "publishers", "conversion": "conversions", "party": "publishers", "cause": "conversions", "postback": "postbacks", "about": "signups", "account": "accounts"}

var requestID = regexp.MustCompile(`req_[0-9a-z]{16}`)

// routes reads the route table from the description that is served.
func routes(t *testing.T, w *world) []string {
	t.Helper()
	var spec struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(w.call("", "GET", "/openapi.json", "").want(200).body, &spec); err != nil {
		t.Fatal(err)
	}
	var out []string
	for path, item := range spec.Paths {
		for method := range item {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(out)
	return out
}

func TestForeignIDsAnswerAsUnknownOnes(t *testing.T) {
	w := newWorld(t)
	w.shop(w.writer, w.ws)
	theirs := w.shop(w.otherWrite, w.other)
	all := routes(t, w)
	for _, r := range all {
		method, path, _ := strings.Cut(r, " ")
		if !strings.Contains(path, "{") || partyOf(r) != "" { // the portals have a test of their own
			continue
		}
		row, ok := isolation[r]
		if !ok {
			t.Errorf("the route %s has no row in the isolation table", r)
			continue
		}
		foreign := theirs.ids[row.object]
		unknown := foreign[:len(foreign)-3] + "000"
		for _, token := range []string{w.writer, w.reader} {
			a := w.call(token, method, strings.Replace(path, "{id}", foreign, 1), row.body)
			b := w.call(token, method, strings.Replace(path, "{id}", unknown, 1), row.body)
			same(t, r, a, b)
			if a.status != http.StatusNotFound && a.status != http.StatusForbidden {
				t.Errorf("%s with a foreign id = %d %s, want 404 or, for the key alone, 403", r, a.status, a.body)
			}
			if token == w.writer && row.object != "users" && !strings.HasPrefix(path, "/workspaces/{id}/") && a.status != http.StatusNotFound {
				t.Errorf("%s with a foreign id = %d, want 404", r, a.status)
			}
		}
	}
	for r := range isolation {
		if !slices.Contains(all, r) {
			t.Errorf("the isolation table has %s, the API does not", r)
		}
	}
	for r, name := range references {
		method, path, _ := strings.Cut(r, " ")
		foreign := theirs.ids[objectOf[name]]
		a := w.call(w.writer, method, path+"?"+name+"="+foreign, "")
		b := w.call(w.writer, method, path+"?"+name+"="+foreign[:len(foreign)-3]+"000", "")
		same(t, r+" by "+name, a, b)
	}
	for _, plural := range []string{"advertisers", "offers", "goals", "groups", "publishers", "enrollments", "links", "coupons", "domains", "postbacks", "creatives", "terms", "commission-rules"} {
		a := w.call(w.writer, "POST", "/"+plural, `{"workspace":"`+w.other+`"}`)
		b := w.call(w.writer, "POST", "/"+plural, `{"workspace":"ws_0000000000000000"}`)
		same(t, "POST /"+plural+" into a foreign workspace", a, b)
		a.want(http.StatusNotFound)
	}
	// Nothing changed over there.
	for object, id := range theirs.ids {
		if slices.Contains([]string{"advertisers", "offers", "goals", "groups", "publishers", "enrollments", "links", "coupons", "domains", "postbacks", "creatives", "terms", "commission-rules"}, object) {
			if v := w.call(w.otherWrite, "GET", "/"+object+"/"+id, "").want(200).get("version"); v != 1.0 {
				t.Errorf("%s %s has version %v, want 1", object, id, v)
			}
		}
	}
}

// same fails unless two answers differ in nothing but the request id.
func same(t *testing.T, what string, a, b *answer) {
	t.Helper()
	ha, hb := maps.Clone(a.header), maps.Clone(b.header)
	ha.Del("Request-Id")
	hb.Del("Request-Id")
	if a.status != b.status || requestID.ReplaceAllString(string(a.body), "") != requestID.ReplaceAllString(string(b.body), "") || !cmp.Equal(ha, hb) {
		t.Errorf("%s: foreign %d %s, unknown %d %s", what, a.status, a.body, b.status, b.body)
	}
}

func TestEveryRouteNeedsAKey(t *testing.T) {
	w := newWorld(t)
	revoked := w.call(adminToken, "POST", "/api_keys", `{"workspace":"`+w.ws+`","name":"x"}`).want(201)
	w.call(adminToken, "POST", "/api_keys/"+revoked.text("id")+"/revoke?workspace="+w.ws, "").want(200)
	ended := w.call(adminToken, "POST", "/api_keys", `{"workspace":"`+w.ws+`","name":"x","expires":"2026-11-01T12:00:10Z"}`).want(201)
	w.now = w.now.Add(10 * time.Second)
	tokens := map[string]string{"none": "", "unknown": "clk_00000000000000000000000000000000", "revoked": revoked.text("secret"), "ended": ended.text("secret"), "nearly the operator's": adminToken + "x"}
	for _, r := range routes(t, w) {
		method, path, _ := strings.Cut(r, " ")
		for name, token := range tokens {
			a := w.call(token, method, path, "")
			if a.status != http.StatusUnauthorized || a.text("code") != "unauthorized" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with token %s = %d %s, want 401", r, name, a.status, a.body)
			}
		}
	}
}

func TestReadersWriteNothing(t *testing.T) {
	w := newWorld(t)
	ours := w.shop(w.writer, w.ws)
	reads := []string{"POST /reports", "POST /documents/preview", "POST /commission-rules/simulate", "POST /commission-rules/compare", "POST /verify", "POST /links/{id}/deep-link"}
	for _, r := range routes(t, w) {
		method, path, _ := strings.Cut(r, " ")
		if method == "GET" || slices.Contains(reads, r) || partyOf(r) != "" {
			continue
		}
		body := isolation[r].body
		if !strings.Contains(path, "{") {
			body = `{}`
		}
		a := w.call(w.reader, method, strings.Replace(path, "{id}", ours.ids[isolation[r].object], 1), body)
		if a.status != http.StatusForbidden {
			t.Errorf("%s with a key that may only read = %d %s, want 403", r, a.status, a.body)
		}
	}
}

func TestWhichWorkspace(t *testing.T) {
	w := newWorld(t)
	w.shop(w.writer, w.ws)
	if got := w.call(adminToken, "GET", "/offers", "").want(400).text("code"); got != "workspace_required" {
		t.Errorf("code %s, want workspace_required", got)
	}
	w.call(adminToken, "GET", "/offers?workspace="+w.ws, "").want(200)
	if n := len(w.call(adminToken, "GET", "/offers", "", "Workspace", w.other).want(200).get("data").([]any)); n != 0 {
		t.Errorf("%d offers in the other workspace, want none", n)
	}
	w.call(adminToken, "GET", "/offers?workspace="+w.ws, "", "Workspace", w.other).want(400)
	w.call(adminToken, "GET", "/offers?workspace=ws_0000000000000000", "").want(404)
	w.call(adminToken, "POST", "/publishers?workspace="+w.ws, `{"name":"x","workspace":"`+w.other+`"}`).want(400)
	all := w.call(adminToken, "POST", "/api_keys", `{"name":"all","scope":"write","all_workspaces":true}`).want(201).text("secret")
	w.call(all, "GET", "/users", "").want(200)
	w.call(w.writer, "POST", "/api_keys", `{"name":"all","all_workspaces":true}`).want(404)
	w.call(w.writer, "POST", "/api_keys", `{"name":"mine","scope":"write"}`).want(404) // a key makes no keys
}

func TestRequestsThatAreWrongInForm(t *testing.T) {
	w := newWorld(t)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"unknown path", "GET", "/nothing", "", nil, 404, "not_found"},
		{"unknown method", "DELETE", "/offers", "", nil, 405, "method_not_allowed"},
		{"not JSON", "POST", "/offers", `{"name"`, nil, 400, "malformed_json"},
		{"an array", "POST", "/offers", `[]`, nil, 400, "malformed_json"},
		{"two objects", "POST", "/offers", `{}{}`, nil, 400, "malformed_json"},
		{"deep", "POST", "/offers", deep, nil, 400, "malformed_json"},
		{"deep question", "POST", "/reports", deep, nil, 400, "malformed_json"},
		{"no body", "POST", "/offers", "", nil, 400, "bad_request"},
		{"large", "POST", "/offers", `{"notes":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "too_large"},
		{"form", "POST", "/offers", "name=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
		{"packed", "POST", "/offers", "x", []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type"},
		{"unknown metric field", "POST", "/reports", `{"metric":["visits"]}`, nil, 422, "invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			a := w.call(w.writer, tt.method, tt.path, tt.body, tt.headers...)
			if a.status != tt.status || a.text("code") != tt.code {
				t.Errorf("= %d %s, want %d %s", a.status, a.body, tt.status, tt.code)
			}
			if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("content type %s, want application/problem+json", ct)
			}
			if id := a.header.Get("Request-Id"); id == "" || a.text("request_id") != id {
				t.Errorf("request id %q in the header, %q in the body", id, a.text("request_id"))
			}
		})
	}
}

func TestSystem(t *testing.T) {
	w := newWorld(t)
	about := w.call(w.reader, "GET", "/about", "").want(200)
	if about.text("version") != "test" || !strings.Contains(about.text("attribution.0"), "DB-IP") {
		t.Errorf("about %s, want the version and the attribution", about.body)
	}
	if w.call(adminToken, "POST", "/verify", "").want(200).get("ok") != true {
		t.Error("verify did not answer the findings")
	}
	for _, r := range []string{"GET /backup", "POST /verify", "GET /users"} {
		method, path, _ := strings.Cut(r, " ")
		if got := w.call(w.writer, method, path, "").want(403).text("code"); got != "owner_only" {
			t.Errorf("%s by a workspace's key: %s, want owner_only", r, got)
		}
	}
	backup := w.call(adminToken, "GET", "/backup", "").want(200)
	if string(backup.body) != "all of it" || backup.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("backup %q of type %s", backup.body, backup.header.Get("Content-Type"))
	}

	w.options.Backup = func(context.Context, io.Writer) error { return errors.New("no room at /secret/place") }
	w.handler = api.New(w.options)
	failed := w.call(adminToken, "GET", "/backup", "").want(500)
	if failed.text("code") != "internal" || strings.Contains(string(failed.body), "secret") {
		t.Errorf("failed backup answers %s, want internal and no details", failed.body)
	}
	w.options.Backup = func(_ context.Context, to io.Writer) error {
		_, err := io.WriteString(to, "half")
		return errors.Join(err, errors.New("no room"))
	}
	w.handler = api.New(w.options)
	if !aborts(func() { w.call(adminToken, "GET", "/backup", "") }) {
		t.Error("half a backup was answered as a whole one")
	}
	w.options.Backup, w.options.Verify = nil, nil
	w.handler = api.New(w.options)
	w.call(adminToken, "GET", "/backup", "").want(503)
	w.call(adminToken, "POST", "/verify", "").want(503)
}

func aborts(fn func()) (aborted bool) {
	defer func() { aborted = recover() == http.ErrAbortHandler }()
	fn()
	return false
}
