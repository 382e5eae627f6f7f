package api_test

import (
	"net/http"
	"testing"
)

// TestGoingLive: a merchant's offer is a draft until it passed a test or somebody says why
// it goes live without; networks' offers, and those of nobody, are live at once.
func TestGoingLive(t *testing.T) {
	w := newWorld(t)
	w.call(adminToken, "PATCH", "/workspaces/"+w.ws, `{"require_tests":true}`).want(200)
	merchant := w.make(w.writer, "advertisers", `{"name":"Shop"}`)
	network := w.make(w.writer, "advertisers", `{"name":"Net","type":"network"}`)
	body := func(more string) string {
		return `{"name":"O","url":"https://shop.example/?c={click_id}","payout":"1.00"` + more + `}`
	}
	for _, c := range []struct {
		more   string
		status int
		want   string
	}{
		{``, 201, "active"}, {`,"advertiser":"` + network + `"`, 201, "active"}, {`,"advertiser":"` + merchant + `"`, 201, "draft"},
		{`,"status":"active","advertiser":"` + merchant + `"`, 422, "untested"}, {`,"status":"active","go_live_reason":" ","advertiser":"` + merchant + `"`, 422, "untested"},
		{`,"status":"paused","go_live_reason":"x","advertiser":"` + merchant + `"`, 422, "not_live"},
		{`,"status":"active","go_live_reason":"moved here","advertiser":"` + merchant + `"`, 201, "active"},
	} {
		a := w.call(w.writer, "POST", "/offers", body(c.more)).want(c.status)
		got := ""
		if c.status == 201 {
			got = a.text("status")
		} else {
			got = a.rules()["go_live_reason"]
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.more, got, c.want)
		}
	}
	draft := w.make(w.writer, "offers", body(`,"advertiser":"`+merchant+`"`))
	w.call(w.writer, "PATCH", "/offers/"+draft, `{"notes":"x"}`).want(200)
	bulk := w.call(w.writer, "POST", "/offers/bulk", `{"ids":["`+draft+`"],"status":"active"}`).want(200)
	if bulk.get("refused") != 1.0 {
		t.Errorf("bulk: %s", bulk.body)
	}
	bulk = w.call(w.writer, "POST", "/offers/bulk", `{"ids":["`+draft+`"],"status":"active","go_live_reason":"all at once"}`).want(200)
	if bulk.get("changed") != 1.0 {
		t.Errorf("bulk: %s", bulk.body)
	}
	// Once live it may be paused and come back.
	w.call(w.writer, "PATCH", "/offers/"+draft, `{"status":"paused"}`).want(200)
	w.call(w.writer, "PATCH", "/offers/"+draft, `{"status":"active"}`).want(200)
	w.call(w.writer, "PATCH", "/offers/"+draft, `{"go_live_reason":"another"}`).want(http.StatusUnprocessableEntity)
	if got := w.call(w.writer, "POST", "/offers/"+draft+"/clone", "").want(201).text("status"); got != "draft" {
		t.Errorf("a copy is %s", got)
	}
	trail, err := w.options.Catalog.Trail(t.Context(), admin, w.ws, draft, 10)
	found := false
	for _, line := range trail {
		found = found || line.Reason == "goes live: all at once"
	}
	if err != nil || !found {
		t.Errorf("the trail does not say why: %+v, %v", trail, err)
	}
	if a := w.call(w.reader, "GET", "/offers/"+draft+"/test", "").want(200); a.get("live") != true || a.get("run") != nil {
		t.Errorf("%s", a.body)
	}
	w.call(w.reader, "POST", "/offers/"+draft+"/test", "").want(http.StatusForbidden)
	w.call(w.writer, "POST", "/offers/"+draft+"/test", `{"method":"telepathy"}`).want(http.StatusUnprocessableEntity)
	w.call(w.writer, "POST", "/offers/"+draft+"/test/cancel", "").want(http.StatusNotFound)
}
