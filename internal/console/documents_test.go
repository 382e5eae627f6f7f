package console

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/document"
)

// later moves the clock, and signs in again: the session has ended by then.
func (w *world) later(to time.Time) {
	w.t.Helper()
	w.now = to
	var err error
	w.cookie, _, err = w.acc.SignIn(w.t.Context(), "anna@acme-affiliates.com", password, "192.0.2.7")
	w.must(err)
}

// papers approves what is pending and issues everything of the months before; it gives the
// first document of each kind.
func (w *world) papers() map[document.Kind]*document.Document {
	w.t.Helper()
	w.available()
	w.later(time.UnixMicro(w.first().At).AddDate(0, 2, 0))
	out := map[document.Kind]*document.Document{}
	for _, kind := range []document.Kind{document.Invoice, document.Statement} {
		run, err := w.srv.Documents.Issue(w.t.Context(), w.owner, w.ws.ID, document.IssueDoc{Kind: string(kind), Through: w.now.AddDate(0, 0, -2).Format(time.DateOnly)})
		w.must(err)
		for _, d := range run.Documents {
			if out[d.Kind] == nil {
				out[d.Kind] = d
			}
		}
	}
	return out
}

// TestDocumentPages: documents are previewed and issued, each line opens into its
// conversions, and what is printed and exported is the same.
func TestDocumentPages(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	w.available()
	w.later(w.now.AddDate(0, 1, 0))
	through := w.now.AddDate(0, 0, -2).Format(time.DateOnly)
	list := w.at("documents")
	if page := w.page(list); !strings.Contains(page, "No document was issued yet") || !strings.Contains(page, `name="through"`) {
		t.Errorf("before the first: %s", text(page))
	}
	for form, code := range map[string]string{"kind=invoice&through=" + w.now.Format(time.DateOnly): "period_open", "kind=invoice&through=soon": "invalid_date", "kind=invoice&party=adv_x&through=" + through: "not_found"} {
		v, _ := url.ParseQuery(form)
		for _, path := range []string{list + "/preview", list} {
			if status, page := w.post(path, v); status != http.StatusUnprocessableEntity || !strings.Contains(page, code) || !strings.Contains(page, v.Get("through")) {
				t.Errorf("%s to %s: %d %s", form, path, status, text(page))
			}
		}
	}
	texts := list + "/texts"
	if status, page := w.post(texts, url.Values{"name": {"Acme Ltd"}, "due_days": {"many"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, `href="#f-due-days"`) {
		t.Errorf("due after many days: %d %s", status, text(page))
	}
	w.to(texts, url.Values{"name": {"Acme <Ltd>"}, "address": {"1 High St\r\nLondon"}, "due_days": {"14"}, "payment": {"IBAN X"}, "footer": {"Thanks"}})
	adv := w.advs[0].ID
	w.to(texts+"?party="+adv, url.Values{"name": {"Shop AG"}})
	status, preview := w.post(list+"/preview", url.Values{"kind": {"invoice"}, "through": {through}, "party": {adv}})
	if status != http.StatusOK || !strings.Contains(preview, "not issued") || !strings.Contains(preview, "Invoice to Shop AG") {
		t.Fatalf("the preview: %d %s", status, text(preview))
	}
	if page := w.page(list); !strings.Contains(page, "No document was issued yet") {
		t.Error("a preview has issued something")
	}
	w.to(list, url.Values{"kind": {"invoice"}, "through": {through}, "party": {adv}})
	ds, err := w.srv.Documents.List(t.Context(), w.owner, document.Query{Workspace: w.ws.ID})
	w.must(err)
	if len(ds) == 0 {
		t.Fatal("nothing was issued")
	}
	d := ds[len(ds)-1]
	at := w.at("documents/" + d.ID)
	page := w.page(at)
	for _, want := range []string{"INV-000001", "Shop AG", at + "?line=1#items", at + "/print", w.advs[0].ID} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q: %s", want, text(page))
		}
	}
	rows, err := w.db.Documents().Details(t.Context(), document.DetailQuery{Document: d, Line: 1, Limit: 1})
	w.must(err)
	if page := w.page(at + "?line=1"); !strings.Contains(page, w.at("conversions/"+rows[0].Conversion)) {
		t.Errorf("a line does not open into its conversions: %s", text(page))
	}
	if page := w.page(w.at("conversions/" + rows[0].Conversion)); !strings.Contains(page, at+`"`) || !strings.Contains(page, "INV-000001") {
		t.Errorf("the conversion does not say where it is billed: %s", text(page))
	}
	paper := w.page(at + "/print")
	for _, want := range []string{"Acme &lt;Ltd&gt;", "1 High St\nLondon", "IBAN X", "Thanks", "INV-000001", "To be paid by", "/assets/paper."} {
		if !strings.Contains(paper, want) {
			t.Errorf("on paper %q is missing: %s", want, text(paper))
		}
	}
	if strings.Contains(paper, "<script") || strings.Contains(paper, "app.css") {
		t.Error("on paper there is a script, or the console's style")
	}
	res := w.request("GET", at+"/items.csv?line=1", nil)
	b, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK || !strings.Contains(string(b), rows[0].Conversion) || !strings.HasSuffix(res.Header.Get("Content-Disposition"), `"INV-000001.csv"`) {
		t.Errorf("CSV: %d %s", res.StatusCode, b)
	}
	for _, path := range []string{"?line=99", "/items.csv?line=99"} {
		if res := w.request("GET", at+path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, res.StatusCode)
		}
	}
	w.to(list, url.Values{"kind": {"statement"}, "through": {through}})
	for _, p := range []string{w.at("advertisers/" + adv), w.at("publishers/" + w.pubs[0].ID), list, list + "?kind=statement"} {
		if page := w.page(p); !strings.Contains(page, w.at("documents/doc_")) {
			t.Errorf("%s shows no document: %s", p, text(page))
		}
	}
	if page := w.page(list + "?kind=credit_note"); !strings.Contains(page, "no such document") {
		t.Errorf("credit notes: %s", text(page))
	}
}

// TestHostileDocuments: names become no markup, on the pages and on paper.
func TestHostileDocuments(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace(`<b onclick=alert(0)>ws</b>`)
	w.populate(hostileCast)
	for kind, d := range w.papers() {
		for _, p := range []string{"", "?line=1", "/print"} {
			path := w.at("documents/"+d.ID) + p
			page := w.page(path)
			checkMarkup(t, path, []byte(page))
			if strings.Contains(page, "alert(0)>ws") {
				t.Errorf("%s %s: a name became markup", kind, p)
			}
		}
	}
	for _, p := range []string{"documents", "documents/texts", "documents/texts?party=" + w.advs[0].ID} {
		checkMarkup(t, p, []byte(w.page(w.at(p))))
	}
}

// TestDocumentScreens looks at the pages, as [TestScreens] does.
func TestDocumentScreens(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	_, err := w.srv.Documents.SetTexts(t.Context(), w.owner, w.ws.ID, "", document.TextsDoc{Name: "Acme Affiliates Ltd", Address: "1 High Street\nLondon EC1", TaxID: "GB 123 4567 89", DueDays: 14, Payment: "IBAN GB29 NWBK 6016 1331 9268 19", Footer: "Registered in England"})
	w.must(err)
	ds := w.papers()
	invoice, statement := w.at("documents/"+ds[document.Invoice].ID), w.at("documents/"+ds[document.Statement].ID)
	sessions := map[string]*world{}
	for kind, d := range map[string]*document.Document{account.PartyPublisher: ds[document.Statement], account.PartyAdvertiser: ds[document.Invoice]} {
		u := &account.User{ID: "usr_" + kind, Email: kind + "@example.com", Name: "Mia Torres", PasswordHash: account.HashPassword(password), Workspaces: []string{w.ws.ID},
			Party: account.Party{Kind: kind, ID: d.Party, Workspace: w.ws.ID}, Created: 1, Version: 1}
		w.must(w.db.Accounts().InsertUser(t.Context(), u))
		inside := *w
		inside.cookie, _, err = w.acc.SignIn(t.Context(), u.Email, password, "192.0.2.9")
		w.must(err)
		sessions[kind] = &inside
	}
	fresh := newWorld(t, nil)
	fresh.signIn()
	fresh.workspace("Fresh")
	tour(t, []screen{
		{"documents", w, w.at("documents")}, {"empty-documents", fresh, fresh.at("documents")}, {"document-texts", w, w.at("documents/texts")}, {"invoice", w, invoice}, {"invoice-line", w, invoice + "?line=1"},
		{"statement", w, statement}, {"invoice-print", w, invoice + "/print"}, {"statement-print", w, statement + "/print"},
		{"my-statements", sessions[account.PartyPublisher], "/portal/documents"}, {"my-statement", sessions[account.PartyPublisher], "/portal/documents/" + ds[document.Statement].ID + "?line=1"},
		{"my-invoices", sessions[account.PartyAdvertiser], "/portal/documents"}, {"my-invoice", sessions[account.PartyAdvertiser], "/portal/documents/" + ds[document.Invoice].ID},
	})
}
