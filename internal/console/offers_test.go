package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

// sheet is a table of a page as texts: by its header, row by row, totals first.
func sheet(t *testing.T, page, name string) (header []string, rows [][]string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var text func(n *html.Node) string
	text = func(n *html.Node) string {
		if n.Type == html.TextNode {
			return n.Data
		}
		if n.Data == "svg" {
			return ""
		}
		var b strings.Builder
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			b.WriteString(text(k))
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	attr := func(n *html.Node, key string) string {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
		return ""
	}
	var walk func(n *html.Node, in bool)
	walk = func(n *html.Node, in bool) {
		in = in || n.Data == "table" && attr(n, "aria-label") == name
		if in && n.Data == "tr" {
			var cells []string
			head := false
			for k := n.FirstChild; k != nil; k = k.NextSibling {
				if k.Data == "th" || k.Data == "td" {
					head = head || k.Data == "th"
					cells = append(cells, text(k))
				}
			}
			if head {
				header = cells
			} else {
				rows = append(rows, cells)
			}
			return
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			walk(k, in)
		}
	}
	walk(doc, false)
	return header, rows
}

// columnsOf picks columns by their headers' beginnings, the first being the row's name.
func columnsOf(t *testing.T, header []string, rows [][]string, names ...string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	var at []int
	for _, n := range names {
		i := slices.IndexFunc(header, func(h string) bool { return h == n || strings.HasPrefix(h, n+" ") })
		if i < 0 {
			t.Fatalf("no column %s in %q", n, header)
		}
		at = append(at, i)
	}
	for _, r := range rows {
		var cells []string
		for _, i := range at[1:] {
			cells = append(cells, r[i])
		}
		out[r[at[0]]] = cells
	}
	return out
}

// TestOffersShowTheReportsNumbers: the list and the report have the same numbers for
// every offer and in total.
func TestOffersShowTheReportsNumbers(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	for _, span := range []string{"range=7d", "range=30d", "range=custom&from=2026-11-02&to=2026-11-05"} {
		h, rows := sheet(t, w.page(w.at("offers")+"?"+span), "Offers")
		list := columnsOf(t, h, rows, "Offer", "Visits", "Clicks", "Conv.", "CR", "Revenue", "Commission", "EPC")
		h, rows = sheet(t, w.page(w.at("reports")+"?d=offer&m=visits&m=clicks&m=conversions&m=cr&m=revenue&m=commission&m=epc&"+span), "Report")
		report := columnsOf(t, h, rows, "Offer", "Visits", "Clicks", "Conversions", "CR", "Revenue", "Commission", "EPC")
		if len(report) < 5 {
			t.Fatalf("the report has %d rows", len(report))
		}
		for name, want := range report {
			if d := cmp.Diff(want, list[name]); d != "" {
				t.Errorf("%s, %s (-report +list): %s", span, name, d)
			}
		}
	}
}

// many makes a workspace with n offers; all but each fifth have visits, the more the
// older they are.
func many(t *testing.T, n int) *world {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Many")
	first := w.offer("")
	var all []catalog.Entity
	for i := range n {
		o := *first
		o.Meta = catalog.Meta{ID: event.NewID("off_", w.now), Workspace: w.ws.ID, Created: int64(i), Updated: int64(i), Version: 1}
		o.Name, o.Key = fmt.Sprintf("Offer %03d", i), fmt.Sprintf("key%013d", i)
		if i%2 == 0 {
			o.Tags = []string{"even"}
		}
		w.offs, all = append(w.offs, &o), append(all, &o)
	}
	w.must(w.db.Catalog().InsertAll(t.Context(), all, catalog.Audit{Workspace: w.ws.ID, Action: "create", Kind: "offer"}))
	_, err := w.cat.Archive(t.Context(), w.owner, catalog.KindOffer, w.ws.ID, first.ID, 0, true)
	w.must(err)
	for i, o := range w.offs {
		if i%5 != 0 {
			l := &catalog.Link{Meta: catalog.Meta{ID: "lnk"}, Offer: o.ID}
			for range n - i {
				w.visit(l, "US", "phone", "")
			}
		}
	}
	return w
}

// walkPages follows "Next page" and gives the names in the order of the rows.
func walkPages(t *testing.T, w *world, path string) []string {
	t.Helper()
	var names []string
	for range 20 {
		page := w.page(path)
		h, rows := sheet(t, page, "Offers")
		i := slices.Index(h, "Offer")
		for _, r := range rows {
			if r[i] != "Total" {
				names = append(names, r[i])
			}
		}
		_, next, ok := strings.Cut(page, `<a href="`)
		for ok && !strings.HasPrefix(next[strings.IndexByte(next, '"'):], `" rel="next"`) {
			_, next, ok = strings.Cut(next, `<a href="`)
		}
		if !ok {
			return names
		}
		path = html.UnescapeString(next[:strings.IndexByte(next, '"')])
	}
	t.Fatal("the pages do not end")
	return nil
}

// TestOffersSortOverAllPages: sorted by a number, the order goes over all offers and not
// only the page; those without numbers come last, either way round; nobody is twice there
// or missing.
func TestOffersSortOverAllPages(t *testing.T) {
	const n = 130
	w := many(t, n)
	var visited, rest []string
	for i := range n {
		name := fmt.Sprintf("Offer %03d", i)
		if i%5 != 0 {
			visited = append(visited, name) // most visits first
		} else {
			rest = append([]string{name}, rest...) // newest first
		}
	}
	if d := cmp.Diff(slices.Concat(visited, rest), walkPages(t, w, w.at("offers")+"?sort=-visits")); d != "" {
		t.Errorf("falling: %s", d)
	}
	up := slices.Clone(visited)
	slices.Reverse(up)
	if d := cmp.Diff(slices.Concat(up, rest), walkPages(t, w, w.at("offers")+"?sort=visits")); d != "" {
		t.Errorf("rising: %s", d)
	}
	even := func(in []string) []string {
		return slices.DeleteFunc(slices.Clone(in), func(s string) bool { return strings.ContainsAny(s[len(s)-1:], "13579") })
	}
	if d := cmp.Diff(slices.Concat(even(visited), even(rest)), walkPages(t, w, w.at("offers")+"?sort=-clicks&tag=even")); d != "" {
		t.Errorf("with a tag: %s", d)
	}
	if got := len(walkPages(t, w, w.at("offers"))); got != n {
		t.Errorf("newest first: %d offers", got)
	}
	// The totals are of all that match, whatever the page shows.
	h, rows := sheet(t, w.page(w.at("offers")+"?sort=visits&tag=even"), "Offers")
	sum := 0
	for i := 0; i < n; i += 2 {
		if i%5 != 0 {
			sum += n - i
		}
	}
	if got := columnsOf(t, h, rows, "Offer", "Visits")["Total"][0]; got != strings.Join(strings.Fields(count(int64(sum))), " ") {
		t.Errorf("total visits %s, want %d", got, sum)
	}
}

func TestOffersOfAllWorkspaces(t *testing.T) {
	w := many(t, 4)
	home := w.ws
	w.workspace("Second")
	w.offer("")
	w.ws = home
	page := w.page(w.at("offers") + "?workspace=all&sort=-visits")
	h, rows := sheet(t, page, "Offers")
	got := columnsOf(t, h, rows, "Offer", "Workspace", "Visits")
	if d := cmp.Diff(map[string][]string{"Total": {"", "6"}, "Offer 000": {"Many", "0"}, "Offer 001": {"Many", "3"}, "Offer 002": {"Many", "2"}, "Offer 003": {"Many", "1"}, "Offer": {"Second", "0"}}, got); d != "" {
		t.Error(d)
	}
	if res := w.request("GET", w.at("offers")+"?workspace=ws_0000000000000000", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown workspace answers %d", res.StatusCode)
	}
}

func TestBulkEdit(t *testing.T) {
	w := many(t, 5)
	id := func(i int) string { return w.ws.ID + "/" + w.offs[i].ID }
	now := func(i int) *catalog.Offer { return w.view.Offer(w.offs[i].ID) }
	post := func(v url.Values) (*http.Response, string) {
		res := w.request("POST", w.at("offers/bulk")+"?sort=-visits", v)
		return res, body(t, res)
	}

	res, _ := post(url.Values{"do": {"change"}, "id": {id(0), id(1)}, "status": {"paused"}, "add_tags": {"spring, sale"}, "remove_tags": {"even"}, "fallback_offer": {asItIs}})
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != w.at("offers")+"?sort=-visits" {
		t.Errorf("%d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	if o := now(0); o.Status != "paused" || !slices.Equal(o.Tags, []string{"sale", "spring"}) || now(2).Status != "active" {
		t.Errorf("%+v", o)
	}
	flash := cookieOf(res, flashCookie)
	if page := body(t, w.request("GET", w.at("offers"), nil, "Cookie", flash.Name+"="+flash.Value)); !strings.Contains(page, "2 offers were changed.") {
		t.Error("nobody says that two were changed")
	}

	// One refuses, the other does not: it is said beside the list, with the reason.
	res, page := post(url.Values{"do": {"change"}, "id": {id(0), id(1)}, "fallback_offer": {w.offs[0].ID}})
	if res.StatusCode != http.StatusOK || !strings.Contains(page, "1 offer was changed, 1 refused.") || !strings.Contains(page, "fallback_loop") || !strings.Contains(page, "/offers/"+w.offs[0].ID+"/edit") {
		t.Errorf("%d %s", res.StatusCode, text(page))
	}
	if now(1).FallbackOffer != w.offs[0].ID {
		t.Error("the one that could be changed was not")
	}

	// Archiving, and its Undo as the page would send it.
	res, _ = post(url.Values{"do": {"archive"}, "id": {id(2), id(3)}})
	flash = cookieOf(res, flashCookie)
	page = body(t, w.request("GET", w.at("offers"), nil, "Cookie", flash.Name+"="+flash.Value))
	if !now(2).Archived || !now(3).Archived || !strings.Contains(page, "2 offers were archived.") || !strings.Contains(page, `name="ids" value="`+id(2)+" "+id(3)+`"`) {
		t.Errorf("%s", text(page))
	}
	post(url.Values{"do": {"restore"}, "ids": {id(2) + " " + id(3)}})
	if now(2).Archived || now(3).Archived {
		t.Error("the Undo did nothing")
	}

	before := len(walkPages(t, w, w.at("offers")))
	post(url.Values{"do": {"clone"}, "id": {id(0), id(1)}})
	if names := walkPages(t, w, w.at("offers")); len(names) != before+2 || names[0] != "Offer 001 (copy)" {
		t.Errorf("%q", names)
	}
	for name, v := range map[string]url.Values{
		"no offer":      {"do": {"change"}, "status": {"paused"}},
		"no change":     {"do": {"change"}, "id": {id(0)}},
		"wrong status":  {"do": {"change"}, "id": {id(0)}, "status": {"gone"}},
		"too many":      {"do": {"archive"}, "ids": {manyIDs(w.ws.ID, 300)}},
		"a tag of 41":   {"do": {"change"}, "id": {id(0)}, "add_tags": {strings.Repeat("x", 41)}},
		"foreign world": {"do": {"change"}, "id": {"ws_0000000000000000/" + w.offs[0].ID}, "status": {"paused"}},
	} {
		res, page := post(v)
		if name == "foreign world" {
			if res.StatusCode != http.StatusOK || !strings.Contains(page, "0 offers were changed, 1 refused.") {
				t.Errorf("%s: %d %s", name, res.StatusCode, text(page)[:200])
			}
			continue
		}
		if res.StatusCode != http.StatusOK || !strings.Contains(page, "Nothing was changed") {
			t.Errorf("%s: %d %s", name, res.StatusCode, text(page)[:200])
		}
	}
}

func manyIDs(ws string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s/off_%016d ", ws, i)
	}
	return b.String()
}

func TestCloneFromThePage(t *testing.T) {
	w := many(t, 1)
	res := w.request("POST", w.at("offers/"+w.offs[0].ID+"/clone"), url.Values{})
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.Contains(w.page(to), "Offer 000 (copy)") {
		t.Errorf("%d to %s", res.StatusCode, to)
	}
}

// enrich sets on the first offer all that can be set, and links the last one to a network.
func (w *world) enrich() {
	d := catalog.DocOf(w.offs[0], "").(*catalog.OfferDoc)
	d.GeoPayouts = []catalog.GeoPayoutDoc{{Country: "US", Payout: "8.00"}}
	d.Caps = []catalog.CapDoc{{Event: "conversions", Period: "daily", Limit: 25}}
	d.Keywords = []catalog.KeywordDoc{{Value: "running shoes", Weight: 3}, {Value: "trail shoes", Weight: 1}}
	d.Countries, d.Devices, d.Traffic = []string{"DE", "US"}, []string{"phone"}, []string{"search_brand"}
	d.FallbackURL, d.Description, d.Category, d.PreviewURL, d.Notes, d.StaticURL = "https://f.example/", "For runners.", "Sport", "https://p.example/", "Ask Ann.", "https://s.example/"
	_, err := w.cat.Update(context.Background(), w.owner, w.ws.ID, w.offs[0].ID, 0, d)
	w.must(err)
	net := catalog.NewDoc(catalog.KindAdvertiser).(*catalog.AdvertiserDoc)
	net.Name, net.Type, net.Template = "FlexOffers", catalog.TypeNetwork, "flexoffers"
	o := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	o.Name, o.URL, o.PayoutKind, o.Advertiser = "Through a network", "https://shop.example/?fobs={click_id}", catalog.PayoutPostback, make2[*catalog.Advertiser](w, net).ID
	o.Tags = []string{"network", "q4"}
	w.offs = append(w.offs, make2[*catalog.Offer](w, o))
}

// TestOfferPageSaysItsTerms: whatever is set on an offer is on its page.
func TestOfferPageSaysItsTerms(t *testing.T) {
	w := many(t, 1)
	w.enrich()
	page := w.page(w.at("offers/" + w.offs[0].ID))
	for _, want := range []string{"All others", "8.00", "Conversions a day", "25", "75.00", "running shoes", "DE, US", "phone", "search brand", "https://f.example/", "For runners.", "Sport", "https://p.example/", "Ask Ann.", "https://s.example/", "counts instead of yours"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if !strings.Contains(page, "conversion&#39;,{key:&#39;"+w.offs[0].Key) {
		t.Error("the page has no script of this offer")
	}
}
