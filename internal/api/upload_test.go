package api_test

import (
	"fmt"
	"strings"
	"testing"

	"clickledger/internal/upload"

	"github.com/google/go-cmp/cmp"
)

// entered are the verdicts of an upload's rows, as line:verdict.
func (a *answer) entered() map[string]string {
	a.t.Helper()
	out := map[string]string{}
	for _, row := range a.get("rows").([]any) {
		r := row.(map[string]any)
		out[fmt.Sprint(r["row"])] = r["verdict"].(string)
	}
	return out
}

func (w *world) count() int {
	w.t.Helper()
	return len(w.call(w.reader, "GET", "/conversions?limit=500", "").want(200).get("data").([]any))
}

func TestUpload(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	theirs := w.shop(w.otherWrite, w.other)
	c1, c2 := w.click(w.ws, s).String(), w.click(w.ws, s).String()
	file := strings.Join([]string{
		"Click ID;Payout;Order;et;note", // 1
		c1 + ";12.50;U-1;lead;hello",    // 2
		c2 + ";4.00;U-2;;",              // 3
		c2 + ";4.00;U-2;;",              // 4: word for word
		c2 + ";5.00;U-2;;",              // 5: another amount
		"",                              // 6
		c1 + ";12,50;U-3;;",             // 7: a comma
		theirs.click.String() + ";1.00;U-4;;",
		c1 + ";1.00;U-5;nothing;",
		";1.00;U-6;;",
	}, "\r\n")
	csv := func(dry string) *answer {
		t.Helper()
		return w.call(w.writer, "POST", "/conversions/upload"+dry, file, "Content-Type", "text/csv; charset=utf-8")
	}
	want := map[string]string{
		"2": "accepted", "3": "accepted", "4": "duplicate", "5": "conflict", "7": "invalid_amount", "8": "unknown_click", "9": "unknown_goal", "10": "missing_click",
	}
	before := w.count()
	preview := csv("?dry_run=true").want(200)
	if d := cmp.Diff(want, preview.entered()); d != "" {
		t.Errorf("preview (-want +got):\n%s", d)
	}
	if w.count() != before || preview.text("rows.0.conversion") != "" || preview.get("dry_run") != true || !strings.Contains(preview.text("rows.0.detail"), "12.50") {
		t.Errorf("preview kept something, or does not say what it is worth: %s", preview.body)
	}
	done := csv("").want(200)
	if d := cmp.Diff(want, done.entered()); d != "" {
		t.Errorf("done (-want +got):\n%s", d)
	}
	if w.count() != before+2 || done.get("taken") != 3.0 || done.get("refused") != 5.0 || done.text("ignored_columns.0") != "note" || done.text("columns.2") != "txid" {
		t.Errorf("%d conversions more: %s", w.count()-before, done.body)
	}
	c := w.call(w.reader, "GET", "/conversions/"+done.text("rows.0.conversion"), "").want(200)
	if c.text("revenue") != "12.50" || c.text("goal_key") != "lead" || c.text("source") != "upload" || c.text("txid") != "U-1" {
		t.Errorf("conversion %s", c.body)
	}
	// Sent again it adds nothing; a postback of the same order neither.
	again := csv("").want(200)
	want["2"], want["3"] = "duplicate", "duplicate"
	if d := cmp.Diff(want, again.entered()); d != "" || w.count() != before+2 {
		t.Errorf("again (-want +got):\n%s", d)
	}
	token := w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	if row := w.postback("click_id=" + c2 + "&txid=U-2&payout=4.00&token=" + token); row.Verdict != "duplicate" {
		t.Errorf("the postback of an uploaded order: %s", row.Verdict)
	}
}

func TestUploadJSON(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	c := w.click(w.ws, s).String()
	a := w.call(w.writer, "POST", "/conversions/upload", `{"conversions":[{"click_id":"`+c+`","txid":"J-1"},{"click_id":"`+c+`","txid":"J-1"},{"click_id":""}]}`).want(200)
	if d := cmp.Diff(map[string]string{"1": "accepted", "2": "duplicate", "3": "missing_click"}, a.entered()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for body, want := range map[string]map[string]string{
		`{"conversions":[]}`:                                {"file": "empty"},
		`{"conversions":[{"click_id":"x","payout":1.5}]}`:   {"conversions.payout": "type"},
		`{"conversions":[{"click_id":"x","price":"1.50"}]}`: {"conversions[0].price": "unknown_field"},
	} {
		if d := cmp.Diff(want, w.call(w.writer, "POST", "/conversions/upload", body).want(422).rules()); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
	w.call(w.writer, "POST", "/conversions/upload", `{"conversions":`).want(400)
}

func TestUploadRefusals(t *testing.T) {
	w := newWorld(t)
	w.shop(w.writer, w.ws)
	csv := []string{"Content-Type", "text/csv"}
	for body, rule := range map[string]string{
		"payout,txid\n1,2\n": upload.CodeNoClickID, "click_id\n\"x\n": upload.CodeQuotes, "\xff\xfe": upload.CodeEncoding, "click_id\n": upload.CodeEmpty,
		"click_id\n" + strings.Repeat("x\n", upload.MaxRows+1): upload.CodeTooMany,
	} {
		if got := w.call(w.writer, "POST", "/conversions/upload", body, csv...).want(422).rules()["file"]; got != rule {
			t.Errorf("%.20q: %q, want %s", body, got, rule)
		}
	}
	w.call(w.writer, "POST", "/conversions/upload", strings.Repeat("x", upload.MaxBytes+2), csv...).want(413)
	w.call(w.writer, "POST", "/conversions/upload", "x", "Content-Type", "application/x-www-form-urlencoded").want(415)
	w.call(w.writer, "POST", "/offers", "name\nx", csv...).want(415)
	w.call(w.reader, "POST", "/conversions/upload", "click_id\nx\n", csv...).want(403)
	w.call(adminToken, "POST", "/conversions/upload", "click_id\nx\n", csv...).want(400) // which workspace
}

func TestEnterOne(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	theirs := w.shop(w.otherWrite, w.other)
	c := w.click(w.ws, s).String()
	body := `{"click_id":"` + c + `","txid":"M-1","payout":"3.25","event_time":"` + w.now.Format("2006-01-02T15:04:05Z07:00") + `"}`
	before := w.count()
	if a := w.call(w.writer, "POST", "/conversions?dry_run=true", body).want(200); a.text("verdict") != "accepted" || a.text("conversion") != "" || w.count() != before {
		t.Errorf("preview %s", a.body)
	}
	a := w.call(w.writer, "POST", "/conversions", body).want(200)
	if a.text("verdict") != "accepted" || a.get("taken") != true {
		t.Errorf("entered %s", a.body)
	}
	again := w.call(w.writer, "POST", "/conversions", body).want(200)
	if again.text("verdict") != "duplicate" || w.count() != before+1 {
		t.Errorf("again %s", again.body)
	}
	signal := w.call(w.reader, "GET", "/signals/"+a.text("signal"), "").want(200)
	if signal.text("kind") != "upload" || signal.text("conversion") != a.text("conversion") {
		t.Errorf("signal %s", signal.body)
	}
	for body, want := range map[string]struct {
		status int
		code   string
		field  string
	}{
		`{"click_id":"` + c + `","txid":"M-1","payout":"9.00"}`:           {409, "conflict", "payout"},
		`{"click_id":"` + c + `","txid":"M-2","payout":"1,50"}`:           {400, "invalid_amount", "payout"},
		`{"click_id":"` + c + `","txid":"M-2","status":"maybe"}`:          {400, "unknown_status", "status"},
		`{"click_id":"` + theirs.click.String() + `"}`:                    {404, "unknown_click", "click_id"},
		`{"click_id":"` + c + `","offer":"` + theirs.ids["offers"] + `"}`: {409, "offer_mismatch", "offer"},
		`{"txid":"M-2"}`: {400, "missing_click", "click_id"},
		`{"click_id":"` + c + `","txid":"` + strings.Repeat("x", 600) + `"}`: {400, "invalid_value", "txid"},
	} {
		a := w.call(w.writer, "POST", "/conversions", body).want(want.status)
		if a.text("code") != want.code || a.rules()[want.field] != want.code {
			t.Errorf("%.80s: %s, want %s of %s", body, a.body, want.code, want.field)
		}
	}
	w.call(w.writer, "POST", "/conversions", `{"click_id":"x","price":"1"}`).want(422)
}
