package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shop is an advertiser's shop: it keeps the click id of its landing page in a cookie of
// its own, and reports orders by postback.
type shop struct {
	*httptest.Server
	t        *testing.T
	tracker  string
	token    string
	forgets  bool   // it redirects without the query, and keeps nothing
	amount   string // of every order
	order    string // of every order, "" = counted
	orders   int
	verdicts []string
}

func newShop(t *testing.T, tracker string) *shop {
	sh := &shop{t: t, tracker: tracker, amount: "12.50"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if sh.forgets {
			http.Redirect(w, r, "/welcome", http.StatusFound)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "ref", Value: r.URL.Query().Get("cid"), Path: "/"})
		fmt.Fprint(w, "<h1>Shoes</h1>")
	})
	mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>Shoes</h1>") })
	mux.HandleFunc("POST /buy", func(w http.ResponseWriter, r *http.Request) {
		sh.orders++
		q := url.Values{"token": {sh.token}, "txid": {sh.order}, "amount": {sh.amount}, "currency": {"USD"}}
		if sh.order == "" {
			q.Set("txid", fmt.Sprint("S-", sh.orders))
		}
		if c, err := r.Cookie("ref"); err == nil {
			q.Set("click_id", c.Value)
		}
		res, err := http.Get(sh.tracker + "/postback?" + q.Encode())
		if err != nil {
			sh.t.Error(err)
			return
		}
		defer res.Body.Close()
		var out struct{ Verdict string }
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			sh.t.Error(err)
		}
		sh.verdicts = append(sh.verdicts, out.Verdict)
	})
	sh.Server = httptest.NewServer(mux)
	t.Cleanup(sh.Close)
	return sh
}

// customer is a browser that opened the link.
func (sh *shop) customer(link string) *http.Client {
	sh.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		sh.t.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: patience}
	res, err := c.Get(link)
	if err != nil {
		sh.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		sh.t.Fatalf("%s answered %s", link, res.Status)
	}
	return c
}

func (sh *shop) buy(c *http.Client) {
	sh.t.Helper()
	res, err := c.Post(sh.URL+"/buy", "text/plain", nil)
	if err != nil {
		sh.t.Fatal(err)
	}
	res.Body.Close()
}

// integration is an offer of a merchant that has never been live, with its shop.
type integration struct {
	*server
	market
	shop *shop
}

func newIntegration(t *testing.T, s *server) *integration {
	t.Helper()
	x := &integration{server: s, shop: newShop(t, s.url)}
	x.workspace = fmt.Sprint(s.api("POST", "/workspaces", map[string]any{"name": "Merchants " + t.Name()})["id"])
	adv := s.api("POST", "/advertisers", map[string]any{"workspace": x.workspace, "name": "Shop"})
	x.token, x.shop.token = fmt.Sprint(adv["token"]), fmt.Sprint(adv["token"])
	of := s.api("POST", "/offers", map[string]any{"workspace": x.workspace, "name": "Shoes", "advertiser": adv["id"], "url": x.shop.URL + "/?cid={click_id}",
		"payout_kind": "percent", "payout_percent": "10", "require_order": true})
	x.offer = fmt.Sprint(of["id"])
	if of["status"] != "draft" {
		t.Errorf("an untested offer begins as %v", of["status"])
	}
	return x
}

func (x *integration) path(rest string) string {
	return "/offers/" + x.offer + rest + "?workspace=" + x.workspace
}

// test is what GET /offers/{id}/test answers.
type test struct {
	Needed, Passed, Live bool
	Run                  struct {
		State, Result, Click string
		TestURL              string `json:"test_url"`
		Steps                []struct {
			ID, State, Sentence, Fault, Fix, Verdict string
			Signals                                  []string
			Parsed                                   []struct{ Param, Raw, Value, Problem string }
		}
	}
}

func (x *integration) status() (out test) {
	x.t.Helper()
	b, err := json.Marshal(x.api("GET", x.path("/test"), nil))
	if err != nil {
		x.t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		x.t.Fatal(err)
	}
	return out
}

// until waits for a state of the test.
func (x *integration) until(what string, ok func(t test) bool) test {
	x.t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(100 * time.Millisecond) {
		got := x.status()
		if ok(got) {
			return got
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("%s did not come: %+v", what, got)
		}
	}
}

// begin starts a test and opens its link.
func (x *integration) begin() *http.Client {
	x.t.Helper()
	r := x.api("POST", x.path("/test"), map[string]any{})
	link := strings.Replace(fmt.Sprint(r["test_url"]), "http://track.example", x.url, 1)
	return x.shop.customer(link)
}

// fault waits until a step says what is wrong.
func (x *integration) fault(step, code string) test {
	x.t.Helper()
	return x.until(step+" with "+code, func(t test) bool {
		for _, st := range t.Run.Steps {
			if st.ID == step && st.Fault == code {
				return st.Sentence != "" && st.Fix != ""
			}
		}
		return false
	})
}

// TestTwoTestConversions: the whole of it through the real doors. It is passed, counts
// nowhere, and lets the offer go live.
func TestTwoTestConversions(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	x := newIntegration(t, s)
	before := s.whole(x.market)
	if code := x.patchStatus("active", ""); code != http.StatusUnprocessableEntity {
		t.Errorf("going live untested answered %d", code)
	}
	c := x.begin()
	x.shop.buy(c)
	x.until("the first conversion", func(t test) bool { return t.Run.Steps[2].State == "passed" && t.Run.Steps[3].State == "waiting" })
	x.shop.buy(c)
	got := x.until("the end", func(t test) bool { return t.Run.State != "running" })
	if got.Run.State != "passed" || !got.Passed || !got.Needed || got.Live {
		t.Errorf("%+v", got)
	}
	want := map[string]string{"txid": "S-2", "amount": "12.50", "currency": "USD"}
	for _, st := range got.Run.Steps {
		if st.State != "passed" || st.Fault != "" {
			t.Errorf("step %+v", st)
		}
		switch st.ID {
		case "values":
			for _, p := range st.Parsed {
				if w, ok := want[p.Param]; ok && (p.Raw != w || !strings.Contains(p.Value, w) || p.Problem != "") {
					t.Errorf("%+v", p)
				}
			}
		case "replay", "wrong_token":
			if len(st.Signals) != 1 || st.Verdict != map[string]string{"replay": "duplicate", "wrong_token": "bad_token"}[st.ID] {
				t.Errorf("%+v", st)
			}
			x.api("GET", "/signals/"+st.Signals[0]+"?workspace="+x.workspace, nil) // it is in the inbox
		}
	}
	same(t, before, s.whole(x.market))
	wantVerified(t, s.app)
	if code := x.patchStatus("active", ""); code != http.StatusOK {
		t.Errorf("going live after a passed test answered %d", code)
	}
	if got := x.status(); !got.Live || got.Needed {
		t.Errorf("a live offer: %+v", got)
	}
	s.stop()
	a, err := openOffline(t.Context(), settings(t, s.data), quiet)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := a.db.Tests().Runs(t.Context(), x.workspace, x.offer, 10)
	if err != nil || len(runs) != 1 || runs[0].State != "passed" || runs[0].Actor == "" {
		t.Errorf("what was kept: %+v %v", runs, err)
	}
	if err := a.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// patchStatus changes the offer's state and gives the answer's status.
func (x *integration) patchStatus(status, reason string) int {
	x.t.Helper()
	body := map[string]any{"status": status}
	if reason != "" {
		body["go_live_reason"] = reason
	}
	b, err := json.Marshal(body)
	if err != nil {
		x.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(x.t.Context(), "PATCH", x.url+"/api/v1"+x.path(""), strings.NewReader(string(b)))
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestTheWizardNamesFaults: shops that do it wrong are told what, and may mend it in the
// same test.
func TestTheWizardNamesFaults(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	x := newIntegration(t, s)
	c := x.begin()

	x.shop.amount = "12,50"
	x.shop.buy(c)
	got := x.fault("first", "invalid_amount")
	if p := got.Run.Steps[2].Parsed; len(p) == 0 || p[2].Raw != "12,50" || p[2].Problem == "" {
		t.Errorf("%+v", p)
	}
	x.shop.amount = "12.50"
	x.shop.token = "tok_" + strings.Repeat("0", 32)
	x.shop.buy(c)
	x.fault("first", "bad_token")
	x.shop.token = x.token
	x.shop.order = "{order_number}"
	x.shop.buy(c)
	x.fault("first", "missing_order_number")
	x.shop.order = "A-1"
	x.shop.buy(c)
	x.until("the first conversion", func(t test) bool { return t.Run.Steps[2].State == "passed" })
	x.shop.buy(c)
	x.fault("second", "same_order_number")
	x.shop.order = ""
	x.shop.buy(c)
	got = x.until("the end", func(t test) bool { return t.Run.State != "running" })
	if got.Run.State != "passed" {
		t.Errorf("%+v", got)
	}

	// Another one that loses the click id on its way in.
	x.shop.forgets = true
	c = x.begin()
	x.fault("landing", "click_id_lost")
	x.shop.buy(c)
	x.fault("first", "click_id_missing")
	r := x.api("POST", x.path("/test/cancel"), nil)
	if r["state"] != "ended" {
		t.Errorf("%v", r["state"])
	}
	if got := x.status(); !got.Passed {
		t.Error("the test that passed before counts no more")
	}
	x.api("PATCH", x.path(""), map[string]any{"url": x.shop.URL + "/other?cid={click_id}"})
	if got := x.status(); got.Passed {
		t.Error("the passed test counts for another URL")
	}
	if code := x.patchStatus("active", "tested by telephone"); code != http.StatusOK {
		t.Errorf("a reason answered %d", code)
	}
	trail, err := s.app.db.Catalog().Trail(t.Context(), x.workspace, x.offer, 10)
	if err != nil || len(trail) == 0 || trail[0].Reason != "goes live: tested by telephone" {
		t.Errorf("%+v %v", trail, err)
	}
	wantVerified(t, s.app)
}
