package console

import (
	"bytes"
	"encoding/csv"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
	"clickledger/internal/payout"
	"clickledger/internal/report"
)

const hostile = `"><img src=x onerror=alert(4)>'{{7*7}}</script><script>alert(4)</script>`

// alive finds what would run in a page, or load an image nobody put there.
func alive(t *testing.T, page string) (found []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent != nil && n.Parent.Data == "script" && strings.Contains(n.Data, "alert(") {
			found = append(found, n.Data)
		}
		for _, at := range n.Attr {
			v := strings.ToLower(strings.TrimSpace(at.Val))
			if strings.HasPrefix(at.Key, "on") || at.Key == "src" && v == "x" || strings.HasPrefix(at.Key, "hx-on") ||
				strings.HasPrefix(v, "javascript:") && (at.Key != "value") || (at.Key == "hx-vals" || at.Key == "hx-headers") && strings.HasPrefix(v, "js:") {
				found = append(found, n.Data+" "+at.Key+"="+at.Val)
			}
		}
	}
	return found
}

// Whatever people, networks, visitors and landing pages write stays text on the pages of
// offers, rates, uploads and diagnoses.
func TestHostileTexts(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme " + hostile)
	a := &catalog.AdvertiserDoc{Name: "Net " + hostile, Type: catalog.TypeNetwork, TokenRequired: true, ClickParam: "click_id"}
	a.ClickMacro, a.PayoutMacro, a.TxIDMacro = "{c}"+hostile[:40], `#p#"><img src=x onerror=alert(4)>`, `'"><script>alert(4)</script>`
	adv := make2[*catalog.Advertiser](w, a)
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Name, d.URL, d.PayoutKind, d.Payout, d.Advertiser, d.Currency = "Offer "+hostile, "https://shop.example/?c={click_id}&k={keyword}", catalog.PayoutPostback, "", adv.ID, "USD"
	d.Notes, d.Description, d.Category, d.Tags = hostile, hostile, "c"+hostile[:50], []string{"t" + hostile[:20]}
	d.Keywords = []catalog.KeywordDoc{{Value: hostile, Weight: 1}}
	d.StaticURL, d.PreviewURL = "https://shop.example/?q=%22%3E", "https://shop.example/p"
	o := make2[*catalog.Offer](w, d)
	w.advs, w.offs = []*catalog.Advertiser{adv}, []*catalog.Offer{o}
	w.lnks = []*catalog.Link{make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Name: "L " + hostile, Status: catalog.StatusActive})}
	v := w.visit(w.lnks[0], "US", "desktop", hostile)
	e := url.QueryEscape(hostile)
	w.postback(v, "&txid="+e+"&coupon="+e+"&x_"+"="+e+"&token="+adv.Token)
	w.postback(v, "&txid=2&payout="+e+"&token="+adv.Token)
	w.postback(v, "&txid=3&payout={payout}&currency="+e+"&token="+adv.Token)
	w.must(w.db.Landings().PutLanding(t.Context(), &diagnosis.Landing{Workspace: w.ws.ID, Offer: o.ID, At: w.now.UnixMicro(), Actor: "u", URL: o.URL, Host: hostile, Failure: hostile}))
	w.publish()
	for _, p := range []string{
		"", "offers", "offers?tag=" + e, "offers?q=" + e, "offers/" + o.ID, "offers/" + o.ID + "?optional=true", "offers/" + o.ID + "/edit", "offers/new", "offers/" + o.ID + "/diagnosis", "offers/" + o.ID + "/from", "offers/" + o.ID + "/reprice",
		"advertisers", "advertisers/" + adv.ID, "advertisers/" + adv.ID + "/edit", "conversions", "conversions/new?click_id=" + e, "conversions/upload", "signals", "rates", "rates?from=" + e + "&currency=" + e, "reports?dimensions=keyword,offer&metrics=visits",
	} {
		page := w.page(w.at(p))
		if found := alive(t, page); len(found) > 0 {
			t.Errorf("%s: %q", p, found)
		}
	}
	run, err := w.srv.Payouts.Make(t.Context(), w.owner, w.ws.ID, payout.Order{Note: hostile})
	w.must(err)
	if found := alive(t, w.page(w.at("payouts/"+run.ID))); len(found) > 0 {
		t.Errorf("a payout run: %q", found)
	}
	for path, form := range map[string]url.Values{
		"conversions/new":                   {"click_id": {hostile}, "payout": {hostile}, "txid": {hostile}},
		"conversions/upload":                {"text": {"click_id,payout," + `"x""><img src=x onerror=alert(4)>"` + "\n" + v.ID.String() + `,"<img src=x onerror=alert(4)>",` + "\n"}},
		"rates":                             {"from": {hostile}, "to": {"EUR"}, "date": {hostile}, "rate": {hostile}},
		"rates/end":                         {"from": {hostile}, "to": {"EUR"}, "date": {hostile}, "until": {hostile}},
		"offers/bulk":                       {"id": {o.ID, hostile}, "do": {hostile}, "status": {hostile}, "add_tags": {hostile}},
		"offers/" + o.ID + "/reprice":       {"from": {hostile}, "reason": {hostile}, "expect": {hostile}},
		"offers/preview":                    {"name": {hostile}, "url": {"https://x.example/?" + hostile}, "keywords.0.value": {hostile}, "caps.0.limit": {hostile}, "geo_payouts.0.country": {hostile}},
		"offers/new":                        {"name": {hostile}, "url": {"javascript:alert(4)//" + hostile}, "keywords.0.value": {hostile}, "caps.0.limit": {hostile}, "caps.0.publisher": {hostile}, "geo_payouts.0.country": {hostile}, "tags": {hostile}},
		"offers/" + o.ID + "/landing-check": {"x": {hostile}},
		"payouts":                           {"note": {hostile}, "currencies": {hostile}},
		"payouts/settings":                  {"_version": {"0"}, "holding_days": {hostile}, "minimums.0.currency": {hostile}, "minimums.0.amount": {hostile}},
		"payouts/" + run.ID + "/mark":       {"state": {hostile}, "lines": {hostile}, "reason": {hostile}, "reference": {hostile}},
		"payouts/" + run.ID + "/export":     {"file": {hostile + " " + hostile}},
	} {
		code, page := w.post(w.at(path), form)
		if code >= 500 {
			t.Errorf("POST %s: %d %s", path, code, text(page))
		}
		if found := alive(t, page); len(found) > 0 {
			t.Errorf("POST %s: %q", path, found)
		}
	}
}

// A text in an export is one cell for every spreadsheet: where the list separator is a
// semicolon (most of Europe), an unquoted one in a text splits it, and what follows may
// be a formula (S8).
func TestExportSeparators(t *testing.T) {
	var b bytes.Buffer
	table := &report.Table{Columns: []report.Column{{Name: "keyword", Type: "text"}, {Name: "visits", Type: "count"}}, Rows: [][]any{{"boots;=1+1", int64(1)}}}
	if err := writeCSV(&b, table, "EUR"); err != nil {
		t.Fatal(err)
	}
	for _, sep := range []rune{';'} {
		r := csv.NewReader(strings.NewReader(b.String()))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes = sep, -1, true
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.HasPrefix(strings.TrimSpace(cell), "=") {
					t.Errorf("separated by %q the export has the cell %q", sep, cell)
				}
			}
		}
	}
}
