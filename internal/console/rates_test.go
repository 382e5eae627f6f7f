package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"clickledger/internal/money"
	"clickledger/internal/rates"
)

// rateFile has 45 working days of a few currencies, up to the day before.
func rateFile(now time.Time) string {
	var b strings.Builder
	b.WriteString("Date,USD,JPY,GBP,CHF,PLN,IDR,\n")
	day := now.UTC().AddDate(0, 0, -1)
	for i := 0; i < 45; day = day.AddDate(0, 0, -1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		wave := (i*i*7 + i*3) % 23
		fmt.Fprintf(&b, "%s,1.08%02d,16%d.3,0.86%02d,0.93%02d,4.3%03d,17%03d.5,\n", day.Format(time.DateOnly), 10+wave, wave%10, 80-wave, wave+20, 100-wave*3, 200+wave*9)
		i++
	}
	return b.String()
}

// exchange fills the rates of a populated world.
func (w *world) exchange() {
	w.t.Helper()
	_, err := w.rates.Import(context.Background(), w.owner, strings.NewReader(rateFile(w.now)))
	w.must(err)
	today := w.now.UTC()
	for _, d := range []rates.ManualDoc{
		{From: "VND", To: w.ws.Currency, Date: today.AddDate(0, 0, -90).Format(time.DateOnly), Rate: "0.0000385"},
		{From: "GBP", To: w.ws.Currency, Date: today.AddDate(0, 0, -20).Format(time.DateOnly), Until: today.AddDate(0, 0, -10).Format(time.DateOnly), Rate: "1.25"},
		{From: "BRL", To: "PLN", Date: today.AddDate(0, 0, 7).Format(time.DateOnly), Rate: "0.71"},
	} {
		_, err := w.rates.Set(context.Background(), w.owner, w.ws.ID, d)
		w.must(err)
	}
}

// upload posts a file as a browser does.
func (w *world) upload(path, name, content string) (int, string) {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", name)
	w.must(err)
	_, err = io.WriteString(part, content)
	w.must(err)
	w.must(m.Close())
	r := httptest.NewRequest("POST", "http://console.test"+path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: w.srv.sessionName(), Value: w.cookie})
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code, text(rec.Body.String())
}

func TestRatesPage(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Empty")
	has := func(page string, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(page, word) {
				t.Errorf("the page has no %q: %s", word, page)
			}
		}
	}
	has(text(w.page(w.at("rates"))), "nothing imported", "How rates come in", "eurofxref-hist.zip", "--rates-url", "nothing needs a rate yet", "None.")

	code, page := w.upload(w.at("rates/import"), "x.csv", "Date,USD\n2026-01-05,x\n")
	if code != 422 {
		t.Errorf("status %d", code)
	}
	has(page, "Nothing was imported.", "Line 2: USD:")
	code, page = w.upload(w.at("rates/import"), "", "")
	if code != 422 {
		t.Errorf("status %d", code)
	}
	has(page, "Choose a file first.")
	// A file may be larger than a form.
	large := rateFile(w.now) + strings.Repeat("\n", 2*maxForm)
	code, page = w.upload(w.at("rates/import"), "eurofxref-hist.csv", large)
	if code != http.StatusSeeOther || w.rates.Current().Newest() == "" {
		t.Errorf("status %d: %s", code, page)
	}
	code, page = w.upload(w.at("rates/import"), "x.csv", strings.Repeat("x", rates.MaxFile+10))
	if code != 422 {
		t.Errorf("status %d", code)
	}
	has(page, "larger than 10 MB")
	has(text(w.page(w.at("rates"))), "up to date", "Newest rate", "In use 0", "All 6")

	form := url.Values{"from": {"VND"}, "to": {w.ws.Currency}, "rate": {"0,5"}, "date": {"2026-11-01"}, "until": {"2026-10-01"}}
	res := w.request("POST", w.at("rates"), form)
	body, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != 422 || !strings.Contains(string(body), `value="0,5"`) || !strings.Contains(string(body), "before the first day") {
		t.Errorf("status %d: %s", res.StatusCode, text(string(body)))
	}
	form.Set("rate", "0.00004")
	form.Set("until", "")
	if res = w.request("POST", w.at("rates"), form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", res.StatusCode)
	}
	has(text(w.page(w.at("rates"))), "In use 1", "1 VND = 0.00004 "+w.ws.Currency, "by hand", "End today")
	key := url.Values{"from": {"VND"}, "to": {w.ws.Currency}, "date": {"2026-11-01"}}
	if res = w.request("POST", w.at("rates/end"), key); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", res.StatusCode)
	}
	if r, ok := w.rates.Current().On(w.ws.ID, "VND", money.Currency(w.ws.Currency), w.now.AddDate(0, 0, 1).UTC().Format(time.DateOnly)); ok {
		t.Errorf("it still holds: %+v", r)
	}
	if res = w.request("POST", w.at("rates/remove"), key); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", res.StatusCode)
	}
	if res = w.request("POST", w.at("rates/remove"), key); res.StatusCode != http.StatusNotFound {
		t.Errorf("removed twice: %d", res.StatusCode)
	}

	w.now = w.now.AddDate(0, 0, 12)
	w.cookie, _, err = w.acc.SignIn(context.Background(), "anna@acme-affiliates.com", password, "192.0.2.7")
	w.must(err)
	has(text(w.page(w.at("rates"))), "stale", "days ago: conversions since then use old rates")
}

func TestPolyline(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{[]float64{1, 2, 1}, "1.0,18.0 45.0,2.0 89.0,18.0"},
		{[]float64{3, 3}, "1.0,10.0 89.0,10.0"},
	} {
		if got := polyline(c.values, 90, 20); got != c.want {
			t.Errorf("%v = %s, want %s", c.values, got, c.want)
		}
	}
}
