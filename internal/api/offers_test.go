package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/catalog"
)

func TestNetworkTemplates(t *testing.T) {
	w := newWorld(t)
	list := w.call(w.reader, "GET", "/network-templates", "").want(200)
	if n := len(list.get("data").([]any)); n < 20 || list.text("data.0.id") != "flexoffers" || list.text("data.0.payout_macro") != "#ca#" {
		t.Errorf("%d templates, the first is %v", n, list.get("data.0"))
	}
	a := w.call(w.writer, "POST", "/advertisers", `{"name":"Flex","type":"network","template":"flexoffers"}`).want(201)
	if a.text("click_param") != "fobs" || a.text("click_macro") != "#fobs#" || a.text("txid_macro") != "#on#" || a.text("status_macro") != "" {
		t.Errorf("made from the template: %s", a.body)
	}
	bad := w.call(w.writer, "POST", "/advertisers", `{"name":"Flex","template":"flex"}`).want(422)
	if d := cmp.Diff(map[string]string{"template": "unknown_template"}, bad.rules()); d != "" {
		t.Error(d)
	}
}

func TestOfferTracking(t *testing.T) {
	w := newWorld(t)
	adv := w.call(w.writer, "POST", "/advertisers", `{"name":"Cake","type":"network","template":"cake"}`).want(201)
	offer := w.make(w.writer, "offers", `{"name":"A","url":"https://shop.example/?s2={click_id}","payout_kind":"postback","advertiser":"`+adv.text("id")+`"}`)
	got := w.call(w.writer, "GET", "/offers/"+offer+"/tracking", "").want(200)
	want := "https://track.example/postback?click_id=#s2#&payout=#price#&txid=#leadid#&token=" + adv.text("token")
	if got.text("data.0.text") != want || got.get("data.0.recommended") != true || got.text("data.0.id") != "postback" {
		t.Errorf("got %s, want %s", got.body, want)
	}
	if n := len(got.get("data").([]any)); n != 4 || got.text("which") == "" {
		t.Errorf("%d methods", n)
	}
	more := w.call(w.writer, "GET", "/offers/"+offer+"/tracking?optional=true", "").want(200)
	if !strings.Contains(more.text("data.0.text"), "&currency=EUR&") || !strings.Contains(more.text("data.3.text"), "amount:") {
		t.Errorf("all parameters: %s", more.body)
	}
	reader := w.call(w.reader, "GET", "/offers/"+offer+"/tracking", "").want(200)
	if strings.Contains(string(reader.body), adv.text("token")) || !strings.Contains(reader.text("data.0.text"), "&token={FILL_IN_TOKEN}") {
		t.Errorf("a key that may only read is shown %s", reader.body)
	}
}

// TestOfferGuides: the same ways and texts as in the console, with the token for who may
// write.
func TestOfferGuides(t *testing.T) {
	w := newWorld(t)
	adv := w.call(w.writer, "POST", "/advertisers", `{"name":"Shop","click_param":"ref"}`).want(201)
	offer := w.call(w.writer, "POST", "/offers", `{"name":"A","url":"https://shop.example/?ref={click_id}","payout":"1.00","cookie_days":28,"attribution":"first_click","advertiser":"`+adv.text("id")+`"}`).want(201)
	o := &catalog.Offer{Key: offer.text("key"), Currency: offer.text("currency"), URL: offer.text("url"), CookieDays: 28, Attribution: catalog.FirstClick, Tracking: offer.text("tracking")}
	path := "/offers/" + offer.text("id") + "/guides"
	for key, token := range map[string]string{w.writer: adv.text("token"), w.reader: ""} {
		want := catalog.Guides(o, &catalog.Advertiser{ClickParam: "ref", Token: token}, "https://track.example")
		got := w.call(key, "GET", path, "").want(200)
		if n := len(got.get("data").([]any)); n != len(want) || n != 8 {
			t.Fatalf("%d guides, want %d", n, len(want))
		}
		for i, g := range want {
			at := fmt.Sprintf("data.%d.", i)
			if got.text(at+"id") != g.ID || got.text(at+"label") != g.Label || got.text(at+"help") != g.Help || got.get(at+"fits") != g.Fits {
				t.Errorf("%s: %v, want %+v", g.ID, got.get(fmt.Sprintf("data.%d", i)), g)
			}
			for j, st := range g.Steps {
				step := fmt.Sprintf("%ssteps.%d.", at, j)
				if got.text(step+"what") != st.What || got.text(step+"text") != st.Text {
					t.Errorf("%s, step %d: %q, want %q", g.ID, j, got.text(step+"text"), st.Text)
				}
			}
		}
		if strings.Contains(string(got.body), adv.text("token")) != (token != "") {
			t.Errorf("the token is shown to who may not write, or not to who may: %s", got.body)
		}
	}
}

func TestBulkOffers(t *testing.T) {
	w := newWorld(t)
	a := w.make(w.writer, "offers", `{"name":"A","url":"https://a.example/?c={click_id}","payout":"1.00","tags":["old"]}`)
	b := w.make(w.writer, "offers", `{"name":"B","url":"https://b.example/?c={click_id}","payout":"1.00","status":"paused","tags":["spring"],"fallback_offer":"`+a+`"}`)
	theirs := w.make(w.otherWrite, "offers", `{"name":"C","url":"https://c.example/","payout":"1.00"}`)
	unknown := theirs[:len(theirs)-3] + "000"
	ids := func(ids ...string) string { return `"ids":["` + strings.Join(ids, `","`) + `"]` }

	body := `{` + ids(a, b, theirs, unknown, a) + `,"status":"paused","add_tags":["spring"],"remove_tags":["old"]}`
	dry := w.call(w.writer, "POST", "/offers/bulk?dry_run=true", body).want(200)
	if dry.get("changed") != 1.0 || dry.get("refused") != 2.0 {
		t.Errorf("dry run: %s", dry.body)
	}
	if w.call(w.writer, "GET", "/offers/"+a, "").get("version") != 1.0 {
		t.Error("a dry run wrote")
	}
	told := len(w.waited)
	done := w.call(w.writer, "POST", "/offers/bulk", body).want(200)
	if done.get("changed") != 1.0 || done.get("data.0.changed") != true || done.get("data.1.changed") != false || done.text("data.0.name") != "A" {
		t.Errorf("%s", done.body)
	}
	if len(w.waited) != told+1 {
		t.Errorf("the edge was waited for %d times, want once for all", len(w.waited)-told)
	}
	if x, y := done.get("data.2").(map[string]any), done.get("data.3").(map[string]any); x["code"] != "not_found" || x["name"] != nil || y["code"] != x["code"] {
		t.Errorf("a foreign offer answers %v, an unknown one %v", x, y)
	}
	now := w.call(w.writer, "GET", "/offers/"+a, "").want(200)
	if now.text("status") != "paused" || now.text("tags.0") != "spring" || now.get("version") != 2.0 {
		t.Errorf("%s", now.body)
	}
	if v := w.call(w.otherWrite, "GET", "/offers/"+theirs, "").get("version"); v != 1.0 {
		t.Errorf("the foreign offer has version %v", v)
	}

	// One offer's refusal does not hold up another.
	loop := w.call(w.writer, "POST", "/offers/bulk", `{`+ids(b, a)+`,"fallback_offer":"`+b+`"}`).want(200)
	if loop.text("data.0.errors.0.rule") != "fallback_loop" || loop.text("data.1.errors.0.rule") != "fallback_loop" || loop.get("refused") != 2.0 {
		t.Errorf("%s", loop.body)
	}
	off := w.call(w.writer, "POST", "/offers/bulk", `{`+ids(a, b)+`,"fallback_offer":"","archived":true}`).want(200)
	if off.get("changed") != 2.0 || w.call(w.writer, "GET", "/offers/"+b, "").get("archived") != true || w.call(w.writer, "GET", "/offers/"+b, "").text("fallback_offer") != "" {
		t.Errorf("%s", off.body)
	}
	if n := len(w.call(w.reader, "GET", "/offers?archived=only&tag=spring", "").want(200).get("data").([]any)); n != 2 {
		t.Errorf("%d archived offers tagged spring", n)
	}
	if n := len(w.call(w.reader, "GET", "/offers?archived=all&tag=sprin", "").want(200).get("data").([]any)); n != 0 {
		t.Errorf("%d offers tagged sprin", n)
	}

	for body, want := range map[string]map[string]string{
		`{` + ids(a) + `}`:             {"change": "required"},
		`{"ids":[],"status":"active"}`: {"ids": "required"},
		`{` + ids(strings.Split(strings.Repeat("x", 201), "")...) + `,"status":"active"}`: {"ids": "too_many"},
		`{` + ids(a) + `,"status":"gone"}`:                                                {"status": "not_one_of"},
		`{` + ids(a) + `,"add_tags":["","` + strings.Repeat("x", 41) + `"]}`:              {"add_tags": "too_long"},
		`{` + ids(a) + `,"colour":"red"}`:                                                 {"colour": "unknown_field"},
		`{` + ids(a) + `,"archived":"yes"}`:                                               {"archived": "type"},
	} {
		got := w.call(w.writer, "POST", "/offers/bulk", body)
		if len(want) == 0 {
			got.want(200)
			continue
		}
		got.want(422)
		if d := cmp.Diff(want, got.rules()); d != "" {
			t.Errorf("%s: %s", body, d)
		}
	}
	w.call(w.reader, "POST", "/offers/bulk", `{`+ids(a)+`,"status":"active"}`).want(403)
}

func TestCloneOffer(t *testing.T) {
	w := newWorld(t)
	a := w.call(w.writer, "POST", "/offers", `{"name":"Shoes","url":"https://a.example/?c={click_id}","payout":"4.00","geo_payouts":[{"country":"US","payout":"5.00"}],"tags":["x"],"notes":"n",
		"keywords":[{"value":"k"}],"cookie_days":7}`).want(201)
	w.make(w.writer, "goals", `{"offer":"`+a.text("id")+`","key":"lead","name":"Lead","payout_kind":"fixed","payout":"1.50"}`)
	w.call(w.writer, "PATCH", "/offers/"+a.text("id"), `{"caps":[{"limit":5,"goal":"lead"}]}`).want(200)
	c := w.call(w.writer, "POST", "/offers/"+a.text("id")+"/clone", "").want(201)
	if c.text("name") != "Shoes (copy)" || c.text("id") == a.text("id") || c.text("key") == a.text("key") || c.get("version") != 1.0 || !strings.HasSuffix(c.header.Get("Location"), c.text("id")) {
		t.Errorf("%s", c.body)
	}
	was := w.call(w.writer, "GET", "/offers/"+a.text("id"), "").want(200)
	for _, f := range []string{"url", "payout", "geo_payouts", "tags", "notes", "keywords", "cookie_days", "caps", "status", "currency", "commission_kind"} {
		if d := cmp.Diff(was.get(f), c.get(f)); d != "" {
			t.Errorf("%s: %s", f, d)
		}
	}
	goals := w.call(w.reader, "GET", "/goals?offer="+c.text("id"), "").want(200)
	if len(goals.get("data").([]any)) != 2 || goals.text("data.0.key") != "lead" || goals.text("data.0.payout") != "1.50" || goals.get("data.1.default") != true {
		t.Errorf("%s", goals.body)
	}
	// A copy of a copy is called the same, and of an archived one a live one is made.
	w.call(w.writer, "POST", "/offers/"+c.text("id")+"/archive", "").want(200)
	again := w.call(w.writer, "POST", "/offers/"+c.text("id")+"/clone", "").want(201)
	if again.text("name") != "Shoes (copy)" || again.get("archived") != false {
		t.Errorf("%s", again.body)
	}
	w.call(w.writer, "PATCH", "/offers/"+again.text("id"), `{"name":"Still editable"}`).want(200)
}
