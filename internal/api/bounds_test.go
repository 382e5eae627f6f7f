package api_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/api"
	"clickledger/internal/books"
)

// allocated is how many bytes fn makes.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A list of far too many conversions is refused before it is made into rows: 5 MB of {}
// must not become a gigabyte.
func TestUploadOfManyNothings(t *testing.T) {
	w := newWorld(t)
	body := `{"conversions":[{}` + strings.Repeat(",{}", (5<<20-64)/3) + `]}`
	var a *answer
	n := allocated(func() { a = w.call(w.writer, "POST", "/conversions/upload", body) })
	a.want(422)
	t.Logf("%d MB for a body of %d MB", n>>20, len(body)>>20)
	if n > 200<<20 {
		t.Errorf("a body of %d MB made %d MB", len(body)>>20, n>>20)
	}
}

// The same of a CSV file: one line of five million commas.
func TestUploadOfManyCells(t *testing.T) {
	w := newWorld(t)
	body := "click_id,payout\n" + strings.Repeat(",", 5<<20-64) + "x\n"
	var a *answer
	n := allocated(func() {
		a = w.call(w.writer, "POST", "/conversions/upload", body, "Content-Type", "text/csv")
	})
	a.want(422)
	t.Logf("%d MB for a body of %d MB", n>>20, len(body)>>20)
	if n > 200<<20 {
		t.Errorf("a body of %d MB made %d MB", len(body)>>20, n>>20)
	}
}

// A refusal is not many times as long as what it refuses.
func TestRefusalIsBounded(t *testing.T) {
	w := newWorld(t)
	for name, body := range map[string]string{
		"wrong rows":     `{"name":"x","url":"https://x.example/","keywords":[1` + strings.Repeat(",1", 40_000) + `]}`,
		"unknown fields": `{"name":"x","url":"https://x.example/"` + strings.Repeat(`,"y":1`, 40_000) + `}`,
		"empty rows":     `{"name":"x","url":"https://x.example/","caps":[{}` + strings.Repeat(",{}", 40_000) + `]}`,
		"geo rows":       `{"name":"x","url":"https://x.example/","payout_kind":"fixed","payout":"1.00","geo_payouts":[{}` + strings.Repeat(",{}", 40_000) + `]}`,
		"tags":           `{"name":"x","url":"https://x.example/","tags":[""` + strings.Repeat(`,""`, 40_000) + `]}`,
	} {
		var a *answer
		began := time.Now()
		n := allocated(func() { a = w.call(w.writer, "POST", "/offers", body) })
		took := time.Since(began)
		t.Logf("%s: %d kB in, status %d, %d kB out, %d MB allocated, %v", name, len(body)>>10, a.status, len(a.body)>>10, n>>20, took)
		if took > 2*time.Second {
			t.Errorf("%s: a body of %d kB took %v", name, len(body)>>10, took)
		}
		if a.status >= 500 {
			t.Errorf("%s: %d: %.200s", name, a.status, a.body)
		}
		if len(a.body) > 2*len(body) || n > 100<<20 {
			t.Errorf("%s: a body of %d kB is refused with %d kB, for which %d MB were made", name, len(body)>>10, len(a.body)>>10, n>>20)
		}
	}
}

// meddler changes the offer's terms between a preview and what is posted.
type meddler struct {
	*books.Desk
	between func()
	calls   int
}

func (m *meddler) Reprice(ctx context.Context, p account.Principal, ws string, q books.RepriceQuery, post bool, reason string) (*books.RepriceResult, error) {
	if post {
		m.between()
	}
	m.calls++
	return m.Desk.Reprice(ctx, p, ws, q, post, reason)
}

// What is confirmed is what is posted, also when the terms change at that very moment.
func TestConfirmedRepricing(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	id := s.ids["offers"]
	w.call(w.writer, "PATCH", "/offers/"+id, `{"payout":"12.00"}`).want(200)
	m := &meddler{Desk: w.options.Decide.(*books.Desk), between: func() {
		w.call(w.writer, "PATCH", "/offers/"+id, `{"payout":"99.00"}`).want(200)
	}}
	o := w.options
	o.Decide = m
	w.handler = api.New(o)
	print := w.call(w.writer, "POST", "/offers/"+id+"/reprice", `{}`).want(200).text("fingerprint")
	a := w.call(w.writer, "POST", "/offers/"+id+"/reprice?dry_run=false", `{"reason":"r","expect":"`+print+`"}`)
	if a.status != 412 {
		t.Errorf("status %d: the preview said 12.00, posted was %s", a.status, a.text("lines.0.revenue_after"))
	}
}

// A copy can be saved as it is.
func TestCloneCanBeSaved(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	id := s.ids["offers"]
	w.call(w.writer, "PATCH", "/offers/"+id, `{"caps":[{"event":"conversions","period":"daily","limit":5,"goal":"lead"}]}`).want(200)
	w.call(w.writer, "POST", "/goals/"+s.ids["goals"]+"/archive", ``).want(200)
	w.call(w.writer, "PATCH", "/offers/"+id, `{"notes":"still fine"}`).want(200)
	copied := w.call(w.writer, "POST", "/offers/"+id+"/clone", ``).want(201).text("id")
	a := w.call(w.writer, "PATCH", "/offers/"+copied, `{"notes":"x"}`)
	if a.status != 200 {
		t.Errorf("the copy cannot be saved: %d %v", a.status, a.rules())
	}
}

// Who may only read sees no token, wherever it stands.
func TestReadersSeeNoToken(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	id, adv := s.ids["offers"], s.ids["advertisers"]
	token := w.call(w.writer, "GET", "/advertisers/"+adv, "").want(200).text("token")
	half := strings.TrimPrefix(token, "tok_")
	for _, q := range []string{
		"&payout={payout}&token=" + token, "&payout={payout}&TOKEN=" + token, "&payout={payout}&to%6ben=" + token,
		"&payout={payout}&token=" + strings.Replace(token, "tok_", "%74%6F%6B%5F", 1), "&payout={payout}&token%20=" + token,
		"&payout={payout}&tok=" + token, "&payout={payout}&tok=" + strings.Replace(token, "tok_", "%74%6F%6B%5F", 1), // a mistyped name
		"&payout=3.00&tok=" + token + "&token=" + token,
	} {
		w.postback("click_id=" + w.click(w.ws, s).String() + q)
	}
	w.call(w.writer, "PATCH", "/offers/"+id, `{"payout_kind":"postback","payout":"","commission_kind":"percent_payout"}`).want(200)
	for _, path := range []string{
		"/offers/" + id, "/offers/" + id + "/tracking", "/offers/" + id + "/tracking?optional=true", "/offers/" + id + "/guides", "/offers/" + id + "/diagnosis", "/offers/diagnosis", "/offers/" + id + "/caps",
		"/advertisers/" + adv, "/advertisers", "/offers", "/network-templates", "/conversions", "/signals",
	} {
		a := w.call(w.reader, "GET", path, "").want(200)
		if body := string(a.body); strings.Contains(strings.ToLower(body), half) {
			i := strings.Index(strings.ToLower(body), half)
			t.Errorf("GET %s shows a reader the token: …%s…", path, body[max(0, i-60):min(len(body), i+40)])
		}
	}
}

// A repeated request with the same Idempotency-Key makes one copy.
func TestCloneOnce(t *testing.T) {
	w := newWorld(t)
	id := w.make(w.writer, "offers", `{"name":"One","url":"https://x.example/","payout":"1.00"}`)
	a := w.call(w.writer, "POST", "/offers/"+id+"/clone", ``, "Idempotency-Key", "again").want(201).text("id")
	b := w.call(w.writer, "POST", "/offers/"+id+"/clone", ``, "Idempotency-Key", "again").want(201).text("id")
	if a != b {
		t.Errorf("the same Idempotency-Key made two copies, %s and %s", a, b)
	}
}

// "ids: only these" of an empty list is nothing, not everything: a caller whose selection
// came out empty must not move money.
func TestRepriceOfNone(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	id := s.ids["offers"]
	w.call(w.writer, "PATCH", "/offers/"+id, `{"payout":"12.00"}`).want(200)
	a := w.call(w.writer, "POST", "/offers/"+id+"/reprice?dry_run=false", `{"reason":"r","ids":[]}`)
	if a.status == 200 && a.get("changed") != float64(0) {
		t.Errorf("an empty list of conversions repriced %v", a.get("changed"))
	}
}

// Names are exact: fields that differ in capitals are unknown, and one given twice is
// refused, as in every other body.
func TestNamesAreExact(t *testing.T) {
	w := newWorld(t)
	id := w.make(w.writer, "offers", `{"name":"One","url":"https://x.example/","payout":"1.00"}`)
	for path, body := range map[string]string{
		"/offers/bulk":                     `{"ids":["` + id + `"],"archived":false,"ARCHIVED":true}`,
		"/offers/bulk?dry_run=true":        `{"ids":["` + id + `"],"archived":false,"archived":true}`,
		"/offers/" + id + "/reprice":       `{"warned":true,"Warned":false}`,
		"/conversions/upload?dry_run=true": `{"conversions":[{"click_id":"x","Payout":"1.00","payout":"2.00"}]}`,
		"/conversions?dry_run=true":        `{"click_id":"x","PAYOUT":"1.00"}`,
	} {
		if a := w.call(w.writer, "POST", path, body); a.status != 422 || len(a.rules()) == 0 || a.rules()["click_id"] != "" {
			t.Errorf("POST %s with %s: %d %v", path, body, a.status, a.rules())
		}
	}
	w.call(w.writer, "GET", "/offers/"+id, "").want(200)
}
