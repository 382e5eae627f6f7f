package api_test

import (
	"strings"
	"testing"
)

// TestDecidingEnrollments: each is decided by itself, a foreign id answers as an unknown
// one, and an approval makes a link.
func TestDecidingEnrollments(t *testing.T) {
	w := newWorld(t)
	ours, theirs := w.shop(w.writer, w.ws), w.shop(w.otherWrite, w.other)
	pub := w.make(w.writer, "publishers", `{"name":"Second"}`)
	offer := w.make(w.writer, "offers", `{"name":"Boots","url":"https://shop.example/","payout":"1.00","visibility":"private"}`)
	e := w.make(w.writer, "enrollments", `{"offer":"`+offer+`","publisher":"`+pub+`","status":"applied"}`)
	decide := func(action, reason string, ids ...string) *answer {
		return w.call(w.writer, "POST", "/enrollments/decide", `{"ids":["`+strings.Join(ids, `","`)+`"],"action":"`+action+`","reason":"`+reason+`"}`)
	}
	a := decide("approve", "", e, ours.ids["enrollments"], theirs.ids["enrollments"], "enr_0000000000000000").want(200)
	if a.get("done") != 1.0 || a.get("refused") != 3.0 {
		t.Errorf("done %v, refused %v: %s", a.get("done"), a.get("refused"), a.body)
	}
	data := a.get("data").([]any)
	for i, want := range []string{"", "invalid", "not_found", "not_found"} {
		if got, _ := data[i].(map[string]any)["code"].(string); got != want {
			t.Errorf("row %d has code %q, want %q", i, got, want)
		}
	}
	links := w.call(w.writer, "GET", "/links?offer="+offer, "").want(200).get("data").([]any)
	if len(links) != 1 || links[0].(map[string]any)["publisher"] != pub {
		t.Errorf("links after the approval: %v", links)
	}
	if v := w.call(w.otherWrite, "GET", "/enrollments/"+theirs.ids["enrollments"], "").want(200).get("version"); v != 1.0 {
		t.Errorf("a foreign enrollment has version %v", v)
	}
	for body, want := range map[string]string{
		`{"ids":["` + e + `"],"action":"pause"}`:            "reason",
		`{"ids":["` + e + `"],"action":"delete"}`:           "action",
		`{"ids":[],"action":"resume"}`:                      "ids",
		`{"ids":["` + e + `"],"action":"resume","sure":""}`: "sure",
	} {
		if got := w.call(w.writer, "POST", "/enrollments/decide", body).want(422); !strings.Contains(string(got.body), `"field":"`+want+`"`) {
			t.Errorf("%s: %s", body, got.body)
		}
	}
	decide("pause", "Check your traffic.", e).want(200)
	if got := w.call(w.writer, "GET", "/enrollments/"+e, "").want(200); got.text("status") != "paused" || got.text("reason") != "Check your traffic." || got.get("decided") == nil {
		t.Errorf("after a pause: %s", got.body)
	}

	third := w.make(w.writer, "publishers", `{"name":"Third"}`)
	a = w.call(w.writer, "POST", "/offers/"+offer+"/invite", `{"publishers":["`+third+`","`+pub+`","`+theirs.ids["publishers"]+`"]}`).want(200)
	if a.get("done") != 1.0 || a.get("refused") != 2.0 {
		t.Errorf("invitations: %s", a.body)
	}
	if got := w.call(w.writer, "GET", "/enrollments?status=invited", "").want(200).get("data").([]any); len(got) != 1 || got[0].(map[string]any)["publisher"] != third {
		t.Errorf("invited: %v", got)
	}
}
