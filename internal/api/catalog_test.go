package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateReadListChangeArchive(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)

	offer := w.call(w.writer, "GET", "/offers/"+s.ids["offers"], "").want(200)
	if got := offer.header.Get("ETag"); got != `"v1"` {
		t.Errorf("ETag %s, want v1", got)
	}
	for path, want := range map[string]any{
		"payout": "10.00", "currency": "EUR", "commission": "", "commission_percent": "60", "status": "active", "workspace": w.ws,
		"cookie_days": 0.0, "validation_days": 0.0, "window_days": 0.0, "min_seconds": 0.0, "attribution": "last_click", "tracking": "any", "click_terms.cookie_days": 30.0, "archived": false, "version": 1.0, "created": "2026-11-01T12:00:00Z",
	} {
		if got := offer.get(path); got != want {
			t.Errorf("offer's %s is %v, want %v", path, got, want)
		}
	}
	for _, want := range []string{"https://track.example/postback?click_id=", "&token=tok_"} {
		if got := offer.text("postback_url"); !strings.Contains(got, want) {
			t.Errorf("postback URL %q lacks %q", got, want)
		}
	}
	if got, want := offer.text("pixel_url"), "https://track.example/pixel.gif?key="+offer.text("key"); !strings.HasPrefix(got, want) {
		t.Errorf("pixel URL %q, want prefix %q", got, want)
	}
	link := w.call(w.reader, "GET", "/links/"+s.ids["links"], "").want(200)
	if got, want := link.text("tracking_url"), "https://track.example/c/"+link.text("key"); got != want || len(link.text("key")) != 10 {
		t.Errorf("tracking URL %q, want %q with a key of 10 characters", got, want)
	}

	goals := w.call(w.reader, "GET", "/goals?offer="+s.ids["offers"], "").want(200)
	if goals.text("data.0.key") != "lead" || goals.text("data.1.key") != "sale" || goals.get("data.1.default") != true || goals.text("data.0.payout") != "1.50" {
		t.Errorf("goals %s, want lead and the default goal sale", goals.body)
	}

	changed := w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"payout":"12","tags":["b","a","b"]}`, "If-Match", `"v1"`).want(200)
	if changed.text("payout") != "12.00" || changed.text("name") != "Shoes" || !cmp.Equal(changed.get("tags"), []any{"a", "b"}) || changed.header.Get("ETag") != `"v2"` {
		t.Errorf("changed offer %s, want payout 12.00, tags a and b, the name as it was, and v2", changed.body)
	}
	if got := w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"payout":"13"}`, "If-Match", `"v1"`).want(412).text("code"); got != "version_mismatch" {
		t.Errorf("code %s, want version_mismatch", got)
	}
	back := w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"tags":null,"attribution":null}`).want(200)
	if !cmp.Equal(back.get("tags"), []any{}) || back.get("attribution") != "last_click" {
		t.Errorf("null gave %s, want the defaults", back.body)
	}

	w.call(w.writer, "POST", "/links/"+s.ids["links"]+"/archive", "").want(200)
	again := w.call(w.writer, "POST", "/links/"+s.ids["links"]+"/archive", "").want(200)
	if again.header.Get("ETag") != `"v2"` || again.get("archived") != true {
		t.Errorf("archived twice: %s with ETag %s, want the same as once", again.body, again.header.Get("ETag"))
	}
	if n := len(w.call(w.reader, "GET", "/links", "").want(200).get("data").([]any)); n != 0 {
		t.Errorf("%d live links, want none", n)
	}
	if n := len(w.call(w.reader, "GET", "/links?archived=only", "").want(200).get("data").([]any)); n != 1 {
		t.Errorf("%d archived links, want 1", n)
	}
	w.call(w.writer, "POST", "/links/"+s.ids["links"]+"/restore", "").want(200)
	w.call(w.reader, "GET", "/links?archived=never", "").want(422)
}

func TestEveryFieldIsReportedAtOnce(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	other := w.shop(w.otherWrite, w.other)
	off, pub := s.ids["offers"], s.ids["publishers"]
	tests := []struct {
		name, method, path, body string
		want                     map[string]string
	}{
		{"offer", "POST", "/offers", `{"name":"","url":"ftp://x","payout":"1,50","commission_kind":"fixed","cookie_days":401,"window_days":3651,"status":"gone","deep_links":["a b"],"advertiser":"` + other.ids["advertisers"] + `","currency":"XXQ","wrong":1,"notes":7}`,
			map[string]string{"name": "required", "url": "url_scheme", "commission": "required", "cookie_days": "out_of_range", "window_days": "out_of_range",
				"status": "not_one_of", "deep_links": "allow_host_invalid", "advertiser": "unknown_reference", "currency": "unknown_currency", "wrong": "unknown_field", "notes": "type"}},
		{"amounts", "POST", "/offers", `{"name":"x","url":"https://x.example/{nonsense}","payout":"1.505","commission_kind":"percent_sale","commission_percent":"101","payout_percent":"1e1","fallback_url":"https://u:p@x.example"}`,
			map[string]string{"url": "url_token_unknown", "payout": "amount_precision", "commission_percent": "out_of_range", "payout_percent": "invalid_percent", "fallback_url": "url_userinfo"}},
		{"comma", "POST", "/offers", `{"name":"x","url":"https://x.example/","payout":"1,50"}`, map[string]string{"payout": "invalid_amount"}},
		{"float", "POST", "/offers", `{"name":"x","url":"https://x.example/","payout":1.5}`, map[string]string{"payout": "type"}},
		{"missing payout", "POST", "/offers", `{"name":"x","url":"https://x.example/"}`, map[string]string{"payout": "required"}},
		{"twice", "POST", "/offers", `{"name":"x","name":"y","url":"https://x.example/","payout":"1"}`, map[string]string{"name": "duplicate_field"}},
		{"tags", "POST", "/offers", `{"name":"x","url":"https://x.example/","payout":"1","tags":["` + strings.Repeat("t", 41) + `"]}`, map[string]string{"tags": "too_long"}},
		{"too many tags", "POST", "/offers", `{"name":"x","url":"https://x.example/","payout":"1","tags":[` + strings.Repeat(`"t",`, 20) + `"t"]}`, map[string]string{"tags": "too_many"}},
		{"immutable offer", "PATCH", "/offers/" + off, `{"currency":"USD","workspace":"` + w.other + `"}`, map[string]string{"currency": "immutable", "workspace": "immutable"}},
		{"goal", "POST", "/goals", `{"offer":"` + other.ids["offers"] + `","key":"a b","name":""}`, map[string]string{"offer": "unknown_reference", "key": "characters", "name": "required"}},
		{"goal taken", "POST", "/goals", `{"offer":"` + off + `","key":"sale","name":"x"}`, map[string]string{"key": "taken"}},
		{"goal of an event", "POST", "/goals", `{"offer":"` + off + `","key":"viewed","name":"Viewed","type":"event","payout_kind":"fixed","payout":"1"}`, map[string]string{"payout_kind": "event_pays_nothing"}},
		{"every fire of a sale", "POST", "/goals", `{"offer":"` + off + `","key":"other","name":"x","every_fire":true}`, map[string]string{"every_fire": "every_fire_needs_event"}},
		{"goal becomes an event", "PATCH", "/goals/" + s.ids["goals"], `{"type":"event","payout_kind":""}`, map[string]string{"type": "immutable"}},
		{"goal moved", "PATCH", "/goals/" + s.ids["goals"], `{"offer":"` + other.ids["offers"] + `"}`, map[string]string{"offer": "immutable"}},
		{"publisher", "POST", "/publishers", `{"name":"x","email":"no","status":"x","postback_url":"https://x.example/"}`,
			map[string]string{"email": "invalid_email", "status": "not_one_of", "postback_url": "unknown_field"}},
		{"publisher taken", "POST", "/publishers", `{"name":"x","email":"blog@example.com"}`, map[string]string{"email": "taken"}},
		{"enrollment twice", "POST", "/enrollments", `{"offer":"` + off + `","publisher":"` + pub + `"}`, map[string]string{"publisher": "taken"}},
		{"enrollment begins", "POST", "/enrollments", `{"offer":"` + off + `","publisher":"` + pub + `","status":"revoked"}`, map[string]string{"publisher": "taken", "status": "transition"}},
		{"enrollment steps", "PATCH", "/enrollments/" + s.ids["enrollments"], `{"status":"applied"}`, map[string]string{"status": "transition"}},
		{"link", "POST", "/links", `{"offer":"off_none","publisher":"` + other.ids["publishers"] + `"}`, map[string]string{"offer": "unknown_reference", "publisher": "unknown_reference"}},
		{"link moved", "PATCH", "/links/" + s.ids["links"], `{"offer":"off_x","publisher":""}`, map[string]string{"offer": "immutable", "publisher": "immutable"}},
		{"control", "POST", "/links", `{"offer":"` + off + `","name":"a\u0000b"}`, map[string]string{"name": "characters"}},
		{"default goal", "POST", "/goals/" + w.call(w.reader, "GET", "/goals?key=sale", "").text("data.0.id") + "/archive", "", map[string]string{"archived": "default_goal"}},
		{"filter", "GET", "/links?offers=x", "", map[string]string{"offers": "unknown_parameter"}},
		{"limit", "GET", "/links?limit=0", "", map[string]string{"limit": "parameter"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			a := w.call(w.writer, tt.method, tt.path, tt.body).want(422)
			if diff := cmp.Diff(tt.want, a.rules()); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s\n%s", tt.method, tt.path, diff, a.body)
			}
		})
	}
}

func TestWorkspaceFields(t *testing.T) {
	w := newWorld(t)
	a := w.call(adminToken, "POST", "/workspaces", `{"name":"","currency":"usd2","time_zone":"Mars/Base","fallback_url":"x"}`).want(422)
	want := map[string]string{"name": "required", "currency": "too_long", "time_zone": "unknown_time_zone", "fallback_url": "url_scheme"}
	if diff := cmp.Diff(want, a.rules()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := w.call(adminToken, "POST", "/workspaces", `{"name":"Ours"}`).want(422).rules()["name"]; got != "taken" {
		t.Errorf("a second workspace Ours: %q, want taken", got)
	}
	if got := w.call(w.writer, "POST", "/workspaces", `{"name":"Mine"}`).want(403).text("code"); got != "owner_only" {
		t.Errorf("code %s, want owner_only", got)
	}
	mine := w.call(w.reader, "GET", "/workspaces", "").want(200)
	if len(mine.get("data").([]any)) != 1 || mine.text("data.0.id") != w.ws {
		t.Errorf("a workspace's key sees %s, want its own workspace only", mine.body)
	}
}

func TestEnrollmentGovernsLinks(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	link := `{"offer":"` + s.ids["offers"] + `","publisher":"` + s.ids["publishers"] + `"}`
	w.call(w.writer, "PATCH", "/enrollments/"+s.ids["enrollments"], `{"status":"revoked","reason":"cheats"}`).want(200)
	if got := w.call(w.writer, "POST", "/links", link).want(422).rules(); got["publisher"] != "enrollment_missing" {
		t.Errorf("a link without an enrollment: %v, want enrollment_missing", got)
	}
	w.call(w.writer, "PATCH", "/enrollments/"+s.ids["enrollments"], `{"status":"approved","commission_kind":"fixed","commission":"0"}`).want(200)
	w.make(w.writer, "links", link)
	w.call(w.writer, "POST", "/offers/"+s.ids["offers"]+"/archive", "").want(200)
	if got := w.call(w.writer, "POST", "/links", link).want(422).rules(); got["offer"] != "archived_reference" {
		t.Errorf("a link to an archived offer: %v, want archived_reference", got)
	}
}

func TestIdempotency(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ token, path, body, same, other string }{
		{w.writer, "/offers", `{"name":"x","url":"https://x.example/","payout":"1"}`, ` {"payout":"1", "url":"https://x.example/", "name":"x"}`, `{"name":"x","url":"https://x.example/","payout":"2"}`},
		{w.writer, "/publishers", `{"name":"x","email":"a@example.com"}`, `{"name":"x","email":"a@example.com"}`, `{"name":"y","email":"b@example.com"}`},
		{adminToken, "/workspaces", `{"name":"New"}`, `{"name":"New","currency":"USD"}`, `{"name":"Newer"}`},
	} {
		t.Run(tt.path[1:], func(t *testing.T) {
			w.t = t
			first := w.call(tt.token, "POST", tt.path, tt.body, "Idempotency-Key", tt.path).want(201)
			again := w.call(tt.token, "POST", tt.path, tt.same, "Idempotency-Key", tt.path).want(201)
			if diff := cmp.Diff(string(first.body), string(again.body)); diff != "" {
				t.Errorf("replay (-first +again):\n%s", diff)
			}
			if first.header.Get("Idempotent-Replay") != "" || again.header.Get("Idempotent-Replay") != "true" {
				t.Errorf("Idempotent-Replay %q then %q, want none then true", first.header.Get("Idempotent-Replay"), again.header.Get("Idempotent-Replay"))
			}
			if got := w.call(tt.token, "POST", tt.path, tt.other, "Idempotency-Key", tt.path).want(409).text("code"); got != "idempotency_conflict" {
				t.Errorf("code %s, want idempotency_conflict", got)
			}
		})
	}
	w.t = t
	goals := w.call(w.reader, "GET", "/goals", "").want(200).get("data").([]any)
	if len(goals) != 1 {
		t.Errorf("%d goals after a replayed offer, want its one default goal", len(goals))
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	before, err := w.db.Catalog().Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := w.call(w.writer, "POST", "/offers?dry_run=true", `{"name":"x","url":"https://x.example/","payout":"1"}`).want(200)
	if made.text("payout") != "1.00" || made.text("id") != "" || made.text("key") != "" {
		t.Errorf("dry run %s, want the offer without id and key", made.body)
	}
	if got := w.call(w.writer, "PATCH", "/publishers/"+s.ids["publishers"]+"?dry_run=true", `{"name":"Other"}`).want(200).text("name"); got != "Other" {
		t.Errorf("dry run of a change gives name %q, want Other", got)
	}
	w.call(w.writer, "POST", "/publishers?dry_run=true", `{"name":"x","email":"blog@example.com"}`).want(422)
	w.call(adminToken, "POST", "/users?dry_run=true", `{"email":"new@example.com","password":"a long password"}`).want(200)
	w.call(adminToken, "POST", "/api_keys?dry_run=true&workspace="+w.ws, `{"name":"x"}`).want(200)
	after, err := w.db.Catalog().Revision(t.Context())
	if err != nil || before != after {
		t.Errorf("revision %d, then %d (%v): a dry run wrote", before, after, err)
	}
}

func TestPaging(t *testing.T) {
	w := newWorld(t)
	var want []any
	for i := range 5 {
		id := w.make(w.writer, "publishers", `{"name":"Zebra!`+string(rune('0'+i))+`"}`)
		want = append([]any{id}, want...)
	}
	var got []any
	for cursor, n := "", 0; n < 5; n++ {
		a := w.call(w.reader, "GET", "/publishers?limit=2&cursor="+cursor, "").want(200)
		for _, row := range a.get("data").([]any) {
			got = append(got, row.(map[string]any)["id"])
		}
		next, ok := a.get("next_cursor").(string)
		if !ok {
			break
		}
		cursor = next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if n := len(w.call(w.reader, "GET", "/publishers?q=zebra!3", "").want(200).get("data").([]any)); n != 1 {
		t.Errorf("%d publishers match zebra!3, want 1", n)
	}
}

func TestTokenRotation(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	path := "/advertisers/" + s.ids["advertisers"]
	first := w.call(w.writer, "GET", path, "").want(200).text("token")
	if w.call(w.reader, "GET", path, "").want(200).get("token") != nil {
		t.Error("a key that may only read sees the postback token")
	}
	rotated := w.call(w.writer, "POST", path+"/rotate_token?overlap=true", "").want(200)
	if rotated.text("token_old") != first || rotated.text("token") == first || len(rotated.text("token")) != len("tok_")+32 {
		t.Errorf("rotated: %s, want a new token beside the old one", rotated.body)
	}
	dropped := w.call(w.writer, "POST", path+"/drop_old_token", "").want(200)
	if dropped.get("token_old") != nil || dropped.text("token") != rotated.text("token") {
		t.Errorf("dropped: %s, want the new token alone", dropped.body)
	}
	trail, err := w.options.Catalog.Trail(t.Context(), admin, w.ws, s.ids["advertisers"], 10)
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, a := range trail {
		actions = append(actions, a.Action)
		if strings.Contains(a.Before+a.After, "tok_") {
			t.Errorf("the trail shows a token: %s", a.After)
		}
	}
	if diff := cmp.Diff([]string{"drop_old_token", "rotate_token", "create"}, actions); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}

func TestChangedHearsEveryWrite(t *testing.T) {
	w := newWorld(t)
	w.shop(w.writer, w.ws)
	at, err := w.db.Catalog().Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if last := w.waited[len(w.waited)-1]; last != at {
		t.Errorf("Changed heard last of revision %d, want %d", last, at)
	}
	offer := w.call(w.reader, "GET", "/offers", "").want(200).text("data.0.id")
	if g := w.view.Goal(offer, ""); g == nil || g.Key != "sale" {
		t.Errorf("the view's default goal is %v, want sale", g)
	}
}
