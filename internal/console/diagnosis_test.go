package console

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/upload"
)

// auto is a world with one Auto offer and n conversions that brought no payout.
func auto(t *testing.T, n int) (*world, *catalog.Offer) {
	t.Helper()
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	adv := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Shop", Type: catalog.TypeMerchant, TokenRequired: true})
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Name, d.URL, d.PayoutKind, d.Payout, d.Advertiser, d.Currency = "Auto offer", "https://shop.example/?c={click_id}", catalog.PayoutPostback, "", adv.ID, "USD"
	o := make2[*catalog.Offer](w, d)
	w.advs, w.offs = []*catalog.Advertiser{adv}, []*catalog.Offer{o}
	w.lnks = []*catalog.Link{make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Status: catalog.StatusActive})}
	for i := range n {
		w.postback(w.visit(w.lnks[0], "US", "desktop", ""), fmt.Sprintf("&txid=D-%d&token=%s", i, adv.Token))
	}
	w.publish()
	return w, o
}

func (w *world) post(path string, form url.Values) (int, string) {
	w.t.Helper()
	res := w.request("POST", path, form)
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(b)
}

// hiddenOf reads a form's hidden inputs: those of the form with the class.
func hiddenOf(page, class string) url.Values {
	_, rest, _ := strings.Cut(page, `<form class="`+class+`"`)
	rest, _, _ = strings.Cut(rest, "</form>")
	v := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(rest, -1) {
		v.Add(m[1], m[2])
	}
	return v
}

// TestDiagnosisToRepricing walks from the finding on the offer's page to the ledger, by
// links and forms alone.
func TestDiagnosisToRepricing(t *testing.T) {
	w, o := auto(t, 3)
	page := w.page(w.at("offers/" + o.ID + "/diagnosis"))
	for _, want := range []string{"Postbacks bring no payout", "3 conversions brought no value", "txid=D-2", "[hidden]", "Tracking set-up", "checks found nothing", "without a click id"} {
		if !strings.Contains(text(page), want) {
			t.Errorf("the diagnosis does not say %q: %s", want, text(page))
		}
	}
	if strings.Contains(page, w.advs[0].Token) || strings.Contains(page, "/reprice") {
		t.Error("the diagnosis shows the token, or offers repricing that would change nothing")
	}
	e, err := w.cat.Get(t.Context(), w.owner, catalog.KindOffer, w.ws.ID, o.ID)
	w.must(err)
	d := catalog.DocOf(e, "USD").(*catalog.OfferDoc)
	d.PayoutKind, d.Payout = catalog.PayoutFixed, "7.00"
	_, err = w.cat.Update(t.Context(), w.owner, w.ws.ID, o.ID, e.Base().Version, d)
	w.must(err)

	page = w.page(w.at("offers/" + o.ID + "/diagnosis"))
	link := regexp.MustCompile(`href="([^"]*/reprice[^"]*)"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no way to repricing: %s", text(page))
	}
	preview := w.page(strings.ReplaceAll(link[1], "&amp;", "&"))
	for _, want := range []string{"0.00 → 21.00", "3 adjustments are posted to the ledger", "fixed payout 7.00", "D-2"} {
		if !strings.Contains(text(preview), want) {
			t.Errorf("the preview does not say %q: %s", want, text(preview))
		}
	}
	form := hiddenOf(preview, "confirm")
	form.Set("reason", " ")
	if code, body := w.post(w.at("offers/"+o.ID+"/reprice"), form); code != 422 || !strings.Contains(body, "say why") || !strings.Contains(body, `name="expect"`) {
		t.Errorf("without a reason: %d %s", code, text(body))
	}
	// Somebody sends another one meanwhile: what was previewed is no longer what would happen.
	form.Set("reason", "the network sent <none>")
	other := url.Values{"expect": {"0"}, "warned": {"true"}, "reason": {"x"}}
	if code, body := w.post(w.at("offers/"+o.ID+"/reprice"), other); code != 409 || !strings.Contains(body, "changed since the preview") {
		t.Errorf("another preview: %d %s", code, text(body))
	}
	cs, err := w.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: w.ws.ID, Limit: 10})
	w.must(err)
	for _, cv := range cs {
		if cv.Revenue != 0 {
			t.Fatalf("a preview or a refusal moved money of %s", cv.ID)
		}
	}
	code, body := w.post(w.at("offers/"+o.ID+"/reprice"), form)
	if code != 200 || !strings.Contains(text(body), "3 conversions were repriced") || !strings.Contains(body, w.at("ledger")) || strings.Contains(body, `class="confirm"`) {
		t.Errorf("confirmed: %d %s", code, text(body))
	}
	if code, _ := w.post(w.at("offers/"+o.ID+"/reprice"), form); code != 409 {
		t.Errorf("the same form again: %d, want 409", code)
	}
	w.publish()
	txs, err := w.db.Books().Transactions(t.Context(), ledger.Query{Workspace: w.ws.ID, Limit: 50})
	w.must(err)
	posted := int64(0)
	for _, tx := range txs {
		for _, en := range tx.Entries {
			if tx.Kind == "adjustment" && en.Account.Kind == ledger.Revenue {
				posted -= en.Amount
			}
		}
	}
	reported := int64(0)
	for _, f := range w.facts.rows {
		reported += f.Revenue
	}
	if posted != 2100 || reported != 2100 {
		t.Errorf("adjustments of %d in the ledger and %d in the facts, want 2100 in both", posted, reported)
	}
	if page := w.page(w.at("offers/" + o.ID + "/diagnosis")); !strings.Contains(text(page), "nothing wrong found") {
		t.Errorf("afterwards: %s", text(page))
	}
	story := w.page(w.at("conversions/" + cs[0].ID))
	if !strings.Contains(text(story), "the network sent &lt;none&gt;") {
		t.Errorf("the conversion's story does not give the reason: %s", text(story))
	}
}

func TestRepriceSelection(t *testing.T) {
	w, o := auto(t, 1)
	path := w.at("offers/" + o.ID + "/reprice")
	for query, want := range map[string]string{"from=yesterday": "not one such as", "from=2026-11-20&to=2026-11-01": "before the first", "to=9999-12-31": "not one such as"} {
		res := w.request("GET", path+"?"+query, nil)
		b, err := io.ReadAll(res.Body)
		w.must(err)
		if res.StatusCode != 422 || !strings.Contains(string(b), want) {
			t.Errorf("%s: %d %s", query, res.StatusCode, text(string(b)))
		}
	}
	if page := w.page(path + "?from=2026-11-21"); !strings.Contains(text(page), "Nothing changes") {
		t.Errorf("a day without conversions: %s", text(page))
	}
	if res := w.request("GET", w.at("offers/off_0000000000000000/reprice"), nil); res.StatusCode != 404 {
		t.Errorf("an unknown offer: %d", res.StatusCode)
	}
	if res := w.request("GET", w.at("offers/off_0000000000000000/diagnosis"), nil); res.StatusCode != 404 {
		t.Errorf("an unknown offer: %d", res.StatusCode)
	}
}

func TestDiagnosisPanel(t *testing.T) {
	w, o := auto(t, 2)
	c := &call{server: w.srv, r: httptest.NewRequest("GET", "/", nil), who: w.owner, ws: w.ws, loc: w.now.Location()}
	p, err := c.diagnosisPanel(o)
	if err != nil || p.Table == nil || len(p.Table.Rows) != 1 || !strings.HasSuffix(p.Table.Rows[0].Href, "#payout_missing") {
		t.Errorf("panel %+v, %v", p, err)
	}
	c.server = &server{}
	if p, err := c.diagnosisPanel(o); err != nil || p.Title != "" {
		t.Errorf("without a diagnosis: %+v, %v", p, err)
	}
}

func TestLandingCheck(t *testing.T) {
	w, o := auto(t, 0)
	shop := httptest.NewServer(http.NotFoundHandler())
	defer shop.Close()
	e, err := w.cat.Get(t.Context(), w.owner, catalog.KindOffer, w.ws.ID, o.ID)
	w.must(err)
	d := catalog.DocOf(e, "USD").(*catalog.OfferDoc)
	d.URL = shop.URL + "/?c={click_id}"
	_, err = w.cat.Update(t.Context(), w.owner, w.ws.ID, o.ID, e.Base().Version, d)
	w.must(err)
	if code, _ := w.post(w.at("offers/"+o.ID+"/landing-check"), url.Values{}); code != http.StatusSeeOther {
		t.Fatalf("the visit answers %d", code)
	}
	page := text(w.page(w.at("offers/" + o.ID + "/diagnosis")))
	if !strings.Contains(page, "answered 404") || !strings.Contains(page, "HTTP 404") {
		t.Errorf("after the visit: %s", page)
	}
}

// send posts the upload form as a browser does.
func (w *world) send(fields map[string]string, file string) (int, string) {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("file", map[bool]string{true: "conversions.csv", false: ""}[file != ""])
	w.must(err)
	_, err = io.WriteString(part, file)
	w.must(err)
	for name, value := range fields {
		w.must(m.WriteField(name, value))
	}
	w.must(m.Close())
	r := httptest.NewRequest("POST", "http://console.test"+w.at("conversions/upload"), &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: w.srv.sessionName(), Value: w.cookie})
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// TestUpload: choose, preview, confirm, and once more.
func TestUpload(t *testing.T) {
	w, _ := auto(t, 1)
	v := w.visit(w.lnks[0], "US", "desktop", "")
	file := "click id;payout;order\n" + v.ID.String() + ";5.00;U-1\n" + v.ID.String() + ";5,00;U-2\n</textarea><script>alert(1)</script>;1;U-3\n"
	n := func() int {
		cs, err := w.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: w.ws.ID, Limit: 100})
		w.must(err)
		return len(cs)
	}
	before := n()
	code, page := w.send(nil, file)
	if code != 200 || n() != before {
		t.Fatalf("preview: %d, %d conversions more", code, n()-before)
	}
	for _, want := range []string{"Record 1 conversion", "payout 5.00", "would be recorded", "has a comma", "By verdict: accepted 1, invalid amount 1, unknown click 1"} {
		if !strings.Contains(text(page), want) {
			t.Errorf("the preview does not say %q: %s", want, text(page))
		}
	}
	checkMarkup(t, "upload", []byte(page))
	_, kept, _ := strings.Cut(page, "<textarea name=\"text\" hidden>\n")
	kept, _, _ = strings.Cut(kept, "</textarea>")
	kept = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&#34;", `"`, "&#39;", "'").Replace(kept)
	if kept != file {
		t.Errorf("the preview keeps %q, want the file", kept)
	}
	code, page = w.send(map[string]string{"text": strings.ReplaceAll(kept, "\n", "\r\n"), "do": "record"}, "")
	if code != 200 || n() != before+1 || !strings.Contains(text(page), "1 conversion was recorded. 2 rows were refused") {
		t.Errorf("recorded: %d, %d more: %s", code, n()-before, text(page))
	}
	if _, page = w.send(map[string]string{"text": kept, "do": "record"}, ""); n() != before+1 || !strings.Contains(text(page), "0 conversions were recorded") {
		t.Errorf("recorded again: %d more: %s", n()-before, text(page))
	}
	if w.page(w.at("conversions/example.csv")) != string(upload.Example()) {
		t.Error("the example is not the example")
	}
	for what, f := range map[string]struct{ file, says string }{
		"nothing": {"", "Choose a file"}, "no click id": {"payout,order\n1,2\n", "no column of click ids"}, "large": {strings.Repeat("x", upload.MaxBytes+2), "larger than 5 MB"}, "larger": {strings.Repeat("x", 2*upload.MaxBytes), "larger than 5 MB"},
	} {
		if code, page := w.send(nil, f.file); code != 422 || !strings.Contains(page, f.says) {
			t.Errorf("%s: %d %.300s", what, code, text(page))
		}
	}
}

// TestEnterByHand: what is typed is kept, judged first, and recorded once it is confirmed.
func TestEnterByHand(t *testing.T) {
	w, _ := auto(t, 0)
	v := w.visit(w.lnks[0], "US", "desktop", "")
	form := url.Values{"click_id": {v.ID.String()}, "payout": {"5,00"}, "txid": {"M <1>"}, "event_time": {"2026-11-20 16:23"}}
	code, page := w.post(w.at("conversions/new"), form)
	if code != 422 || !strings.Contains(page, "has a comma") || !strings.Contains(page, "M &lt;1&gt;") || !strings.Contains(page, "invalid_amount") || strings.Contains(page, `class="confirm"`) {
		t.Errorf("a comma: %d %s", code, text(page))
	}
	form.Set("payout", "5.00")
	code, page = w.post(w.at("conversions/new"), form)
	if code != 200 || !strings.Contains(text(page), "would be recorded as pending") || !strings.Contains(text(page), "payout 5.00") {
		t.Fatalf("preview: %d %s", code, text(page))
	}
	cs, err := w.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: w.ws.ID, Limit: 10})
	if err != nil || len(cs) != 0 {
		t.Fatalf("the preview recorded %d, %v", len(cs), err)
	}
	sure := url.Values{}
	for k, vs := range hiddenOf(page, "confirm") {
		sure.Set(k, strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(vs[0]))
	}
	res := w.request("POST", w.at("conversions/new"), sure)
	if res.StatusCode != http.StatusSeeOther || !strings.Contains(res.Header.Get("Location"), "/conversions/cnv_") {
		t.Fatalf("recorded: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	story := text(w.page(res.Header.Get("Location")))
	if !strings.Contains(story, "2026-11-20 16:23:00") || !strings.Contains(story, "5.00") {
		t.Errorf("the conversion: %s", story)
	}
	if code, page := w.post(w.at("conversions/new"), sure); code != http.StatusSeeOther {
		t.Errorf("the same again: %d %s", code, text(page))
	}
}

// TestDiagnosisScreens looks at the pages of diagnosis, repricing and upload that only a
// world in trouble or a form has, as [TestScreens] does at the others.
func TestDiagnosisScreens(t *testing.T) {
	needBrowser(t)
	dir := os.Getenv("CONSOLE_SCREENS")
	widths := []int64{1440, 390}
	if dir == "" {
		dir, widths = t.TempDir(), []int64{390}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w, o := auto(t, 4)
	for i := range 4 {
		w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: fmt.Sprintf("clickid=77%d&sum=12.50&token=%s", i, w.advs[0].Token)})
	}
	v := w.visit(w.lnks[0], "US", "desktop", "")
	shown := w.handler
	pages := map[string]string{}
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if page, ok := pages[r.URL.Path]; ok {
			_, _ = io.WriteString(rw, page)
			return
		}
		shown.ServeHTTP(rw, r)
	})
	pages["/shot/payout-missing"] = w.page(w.at("offers/" + o.ID + "/diagnosis"))
	e, err := w.cat.Get(t.Context(), w.owner, catalog.KindOffer, w.ws.ID, o.ID)
	w.must(err)
	d := catalog.DocOf(e, "USD").(*catalog.OfferDoc)
	d.PayoutKind, d.Payout = catalog.PayoutFixed, "7.00"
	_, err = w.cat.Update(t.Context(), w.owner, w.ws.ID, o.ID, e.Base().Version, d)
	w.must(err)
	pages["/shot/terms-changed"] = w.page(w.at("offers/" + o.ID + "/diagnosis"))
	preview := w.page(w.at("offers/"+o.ID+"/reprice") + "?warned=true")
	pages["/shot/reprice-preview"] = preview
	pages["/shot/offer"] = w.page(w.at("offers/" + o.ID))
	form := hiddenOf(preview, "confirm")
	form.Set("reason", "the network sent no payout")
	_, pages["/shot/reprice-done"] = w.post(w.at("offers/"+o.ID+"/reprice"), form)
	file := "click id,payout,order,et,note\n" + v.ID.String() + ",5.00,U-1,,x\n" + v.ID.String() + ",6.00,U-2,,x\n" + v.ID.String() + ",\"5,00\",U-3,,x\n" + v.ID.String() + ",5.00,U-4,nothing,x\n" + v.ID.String() + ",5.00,U-1,,x\n" + strings.Repeat("a", 32) + ",5.00,U-5,,x\n"
	_, pages["/shot/upload-preview"] = w.send(nil, file)
	_, pages["/shot/upload-done"] = w.send(map[string]string{"text": file, "do": "record"}, "")
	_, pages["/shot/upload-refused"] = w.send(nil, "payout,order\n1,2\n")
	_, pages["/shot/enter-preview"] = w.post(w.at("conversions/new"), url.Values{"click_id": {v.ID.String()}, "payout": {"5.00"}, "txid": {"M-1"}})
	_, pages["/shot/enter-refused"] = w.post(w.at("conversions/new"), url.Values{"click_id": {v.ID.String()}, "payout": {"5,00"}, "txid": {"M-1"}})
	b := openBrowser(t)
	for path := range pages {
		name := strings.TrimPrefix(path, "/shot/")
		if want := os.Getenv("CONSOLE_PAGES"); want != "" && !strings.Contains(name, want) {
			continue
		}
		for _, width := range widths {
			b.shoot(w, path, width, "light", filepath.Join(dir, name+"-"+itoa(int(width))+".png"))
		}
	}
}
