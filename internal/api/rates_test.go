package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const rateFile = "Date,USD,JPY,HRK,\n2026-10-30,1.10,160.5,N/A,\n2026-10-29,1.2,161,N/A,\n"

// rate reads "rate date source age stale".
func (w *world) rate(token, query string) string {
	w.t.Helper()
	a := w.call(token, "GET", "/rates?"+query, "").want(200)
	return fmt.Sprint(a.text("rate"), " ", a.text("date"), " ", a.text("source"), " ", a.get("age_days"), " ", a.get("stale"))
}

func (w *world) importRates(token, file, media string) *answer {
	w.t.Helper()
	return w.call(token, "POST", "/rates/import", file, "Content-Type", media)
}

func TestRates(t *testing.T) {
	w := newWorld(t)
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("= %s, want %s", got, want)
		}
	}
	empty := w.call(w.reader, "GET", "/rates/status", "").want(200)
	if empty.text("newest") != "" || empty.get("imported") != nil {
		t.Errorf("status %s", empty.body)
	}
	want(w.call(w.reader, "GET", "/rates?from=USD&to=EUR", "").want(404).text("code"), "rate_missing")

	done := w.importRates(adminToken, rateFile, "text/csv").want(200)
	if done.get("added") != 4.0 || done.get("days") != 2.0 || done.text("format") != "csv" || done.text("skipped.0.currency") != "HRK" {
		t.Errorf("import %s", done.body)
	}
	if again := w.importRates(adminToken, rateFile, "application/zip").want(200); again.get("unchanged") != 4.0 {
		t.Errorf("import %s", again.body)
	}
	want(w.rate(w.reader, "from=USD&to=EUR"), "0.909090909091 2026-10-30 ecb 2 false")
	want(w.rate(w.reader, "from=usd&to=JPY&date=2026-10-29"), "134.166666667 2026-10-29 ecb 0 false")
	want(w.rate(w.reader, "from=EUR&to=USD&date=2026-11-30"), "1.1 2026-10-30 ecb 31 true")
	want(w.rate(w.reader, "from=EUR&to=EUR&date=2020-11-30"), "1 2020-11-30 same 0 false")

	set := w.call(w.writer, "POST", "/rates", `{"from":"USD","to":"EUR","date":"2026-11-01","rate":"0.80"}`).want(200)
	want(set.text("rate")+set.text("source")+set.text("until"), "0.8manual")
	want(w.rate(w.reader, "from=EUR&to=USD"), "1.25 2026-11-01 manual 0 false")
	want(w.rate(w.otherWrite, "from=EUR&to=USD"), "1.1 2026-10-30 ecb 2 false")
	theirs := w.call(w.otherWrite, "GET", "/rates/table?source=manual", "").want(200)
	if n := len(theirs.get("data").([]any)); n != 0 {
		t.Errorf("they see %d of our rates", n)
	}
	key := `{"from":"USD","to":"EUR","date":"2026-11-01"`
	w.call(w.otherWrite, "POST", "/rates/end", key+`,"until":"2026-11-01"}`).want(404)
	w.call(w.otherWrite, "POST", "/rates/remove", key+`}`).want(404)
	want(w.call(w.writer, "POST", "/rates/end", key+`,"until":"2026-11-05"}`).want(200).text("until"), "2026-11-05")
	want(w.rate(w.reader, "from=EUR&to=USD&date=2026-11-06"), "1.1 2026-10-30 ecb 7 false")
	ours := w.call(w.reader, "GET", "/rates/table?source=manual", "").want(200)
	want(ours.text("data.0.from")+ours.text("data.0.until"), "USD2026-11-05")
	w.call(w.writer, "POST", "/rates/remove", key+`}`).want(204)
	w.call(w.writer, "POST", "/rates/remove", key+`}`).want(404)
	want(w.rate(w.reader, "from=EUR&to=USD"), "1.1 2026-10-30 ecb 2 false")

	// The table, in pages.
	var seen []string
	for cursor := ""; ; {
		a := w.call(w.reader, "GET", "/rates/table?limit=3&cursor="+cursor, "").want(200)
		for _, row := range a.get("data").([]any) {
			r := row.(map[string]any)
			seen = append(seen, fmt.Sprint(r["date"], r["to"]))
		}
		next, more := a.get("next_cursor").(string)
		if !more {
			break
		}
		cursor = next
	}
	want(strings.Join(seen, " "), "2026-10-30JPY 2026-10-30USD 2026-10-29JPY 2026-10-29USD")
	jpy := w.call(w.reader, "GET", "/rates/table?currency=jpy&limit=1", "").want(200)
	want(jpy.text("data.0.rate"), "160.5")
	jpy = w.call(w.reader, "GET", "/rates/table?currency=jpy&cursor="+jpy.text("next_cursor"), "").want(200)
	want(jpy.text("data.0.rate"), "161")
}

func TestRatesRefuse(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		token, method, path, body string
		status                    int
		code, rules               string
	}{
		{w.reader, "GET", "/rates", "", 422, "invalid", ""},
		{w.reader, "GET", "/rates?from=XXX&to=EUR", "", 422, "invalid", "map[from:unknown_currency]"},
		{w.reader, "GET", "/rates?from=USD&to=EUR&date=tomorrow", "", 422, "invalid", "map[date:invalid_date]"},
		{w.reader, "GET", "/rates?from=USD&to=EUR&date=1.1.2026", "", 422, "invalid", "map[date:invalid_date]"},
		{w.reader, "GET", "/rates?from=USD&to=EUR&day=2026-01-01", "", 422, "invalid", "map[day:unknown_parameter]"},
		{w.reader, "GET", "/rates/table?cursor=abc", "", 422, "invalid", "map[cursor:invalid]"},
		{w.reader, "GET", "/rates/table?source=other", "", 422, "invalid", "map[source:parameter]"},
		{w.reader, "GET", "/rates/table?currency=ZZZ", "", 422, "invalid", "map[currency:unknown_currency]"},
		{w.reader, "GET", "/rates/table?currency=USD&source=manual", "", 422, "invalid", "map[currency:conflict]"},
		{w.reader, "GET", "/rates?from=USD&to=EUR&workspace=" + w.other, "", 404, "not_found", ""},
		{w.writer, "POST", "/rates?workspace=" + w.other, `{"from":"USD","to":"EUR","date":"2026-11-01","rate":"0.80"}`, 404, "not_found", ""},
		{w.writer, "POST", "/rates", `{"from":"USD","to":"EUR","date":"2026-11-01","rate":0.8}`, 422, "invalid", "map[rate:type]"},
		{w.writer, "POST", "/rates", `{"from":"USD","to":"USD","date":"2026-13-01","rate":"0","until":"x"}`, 422, "invalid", "map[date:invalid_date rate:rate_range to:same_currency until:invalid_date]"},
		{w.writer, "POST", "/rates", `{"from":"USD","value":"1"}`, 422, "invalid", "map[value:unknown_field]"},
		{w.writer, "POST", "/rates/end", `{"from":"USD","to":"EUR","date":"2026-11-01","until":"2026-10-01"}`, 422, "invalid", "map[until:out_of_range]"},
		{w.writer, "POST", "/rates/import", rateFile, 403, "owner_only", ""},
		{adminToken, "POST", "/rates/import", "hello", 422, "invalid", "map[file:invalid_rates]"},
		{adminToken, "POST", "/rates/import", "Date,USD\n2026-10-30,x\n", 422, "invalid", "map[file:invalid_rates]"},
		{adminToken, "POST", "/rates/import", "", 400, "bad_request", ""},
		{adminToken, "POST", "/rates/import", strings.Repeat("x", 10<<20+1), 413, "too_large", ""},
	} {
		a := w.call(c.token, c.method, c.path, c.body)
		if a.status != c.status || a.text("code") != c.code || c.rules != "" && fmt.Sprint(a.rules()) != c.rules {
			t.Errorf("%s %s = %d %s, want %d %s %s", c.method, c.path, a.status, a.body, c.status, c.code, c.rules)
		}
	}
	if a := w.call(adminToken, "POST", "/rates/import", rateFile, "Content-Encoding", "gzip"); a.status != http.StatusUnsupportedMediaType {
		t.Errorf("packed = %d", a.status)
	}
	if a := w.importRates(adminToken, "Date,USD\n2026-10-30,x\n", "text/csv"); !strings.HasPrefix(a.text("errors.0.message"), "Line 2: USD:") {
		t.Errorf("= %s", a.body)
	}
}
