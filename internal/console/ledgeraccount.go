package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
)

// asOfMonths is how many ends of months the ledger offers to look back to; any other day
// can be put into the address.
const asOfMonths = 12

// asOf is the moment the books are shown as of: the end of the day in the URL, in the
// workspace's zone; now without one, or with one that is no day.
func (c *call) asOf() ledger.Moment {
	day, err := time.ParseInLocation(time.DateOnly, c.param("as_of"), c.loc)
	if err != nil || day.Year() < 1970 || day.Year() > 9998 {
		return ledger.Moment{}
	}
	return ledger.Moment{Before: day.AddDate(0, 0, 1).UnixMicro()}
}

// asOfFilter chooses the day.
func (c *call) asOfFilter() filters {
	now := c.Now().In(c.loc)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, c.loc)
	f := field{Widget: "select", Name: "as_of", Label: "As of", Choices: []choice{{Value: "", Label: "As of now"}}}
	asked := ""
	if c.asOf().Before != 0 {
		asked = c.param("as_of")
	}
	for i := range asOfMonths {
		end := month.AddDate(0, -i, -1)
		day := end.Format(time.DateOnly)
		f.Choices = append(f.Choices, choice{Value: day, Label: "As of the end of " + end.Format("January 2006"), Selected: day == asked})
	}
	known := func(o choice) bool { return o.Value == asked }
	if !slices.ContainsFunc(f.Choices, known) {
		f.Choices = append(f.Choices, choice{Value: asked, Label: "As of the end of " + asked, Selected: true})
	}
	return filters{Action: c.r.URL.Path, Keep: c.keep("as_of", "after"), Fields: []field{f}}
}

// accountURL is the page of one account.
func (c *call) accountURL(a ledger.Account) string {
	return c.at("ledger/account", "code", a.Code(), "as_of", c.param("as_of"))
}

// linesPage is how many entries of an account a page has.
const linesPage = 50

// ledgerAccount shows one account: what its balance is made of, and its entries, newest
// first, with the balance after each.
func (c *call) ledgerAccount() error {
	ctx := c.r.Context()
	a, err := ledger.ParseCode(c.ws.ID, c.param("code"))
	if err != nil {
		return catalog.ErrNotFound
	}
	all, err := c.Books.Balances(ctx, c.ws.ID, a.Party)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(b ledger.Balance) bool { return b.Account == a }) {
		return catalog.ErrNotFound
	}
	q := ledger.LineQuery{Workspace: c.ws.ID, Account: &a, To: c.asOf()}
	parts, err := c.Books.Parts(ctx, q)
	if err != nil {
		return err
	}
	q.Newest, q.After, q.Limit = true, c.param("after"), linesPage+1
	lines, err := c.Books.Lines(ctx, q)
	if err != nil {
		return err
	}
	t := &table{Label: "Entries", Columns: []column{{Label: "Booked"}, {Label: "Kind"}, {Label: "Cause", Class: "fill"}, {Label: "Debit", Class: "num"}, {Label: "Credit", Class: "num"}, {Label: "Balance", Class: "num"}},
		Empty: &empty{Sentence: "Nothing was booked here until then."}}
	if len(lines) > linesPage {
		lines = lines[:linesPage]
		t.Next = c.same("after", lines[linesPage-1].Cursor())
	}
	if q.After != "" {
		t.First = c.same("after", "")
	}
	left := int64(0)
	if len(lines) > 0 { // what was there before the oldest line of this page
		q.After = lines[len(lines)-1].Cursor()
		before, err := c.Books.Parts(ctx, q)
		if err != nil {
			return err
		}
		left = ledger.Left(before)
	}
	for _, l := range slices.Backward(lines) {
		left += l.Entry.Amount
		t.Rows = append(t.Rows, c.lineRow(l, left))
	}
	slices.Reverse(t.Rows)
	spec := ledger.AccountKinds[a.Kind]
	p := panelsPage{Head: head{Crumb: &link{Label: "Ledger", URL: c.at("ledger", "as_of", c.param("as_of"))}, Title: spec.Book + ", " + a.Currency, Note: spec.Help}, Filters: c.asOfFilter()}
	if a.Party != "" {
		p.Head.Title = c.parties([]string{a.Party})[a.Party] + " · " + p.Head.Title
	}
	p.Head.Actions = []action{{Label: "Export CSV", URL: c.plain("ledger/export.csv", "code", a.Code(), "as_of", c.param("as_of")), Icon: "download", Download: true}}
	p.Panels = []panel{
		{ID: "parts", Title: "What the balance is made of", Note: "By kind of transaction.", Table: partsTable(a, parts)},
		{ID: "entries", Title: "Entries", Note: "Newest first, with the balance after each. Each opens into what caused it.", Table: t},
	}
	return show(c, "panels", p.Head.Title, p)
}

// onSide is an account's balance on its normal side.
func onSide(a ledger.Account, left int64) int64 {
	if ledger.AccountKinds[a.Kind].DebitNormal {
		return left
	}
	return -left
}

func partsTable(a ledger.Account, parts []ledger.Part) *table {
	t := &table{Label: "Parts of the balance", Columns: []column{{Label: "Kind", Class: "fill"}, {Label: "Entries", Class: "num"}, {Label: "Debits", Class: "num"}, {Label: "Credits", Class: "num"}, {Label: "Change", Class: "num"}},
		Empty: &empty{Sentence: "Nothing was booked here until then."}}
	sum := ledger.Part{}
	for _, p := range parts {
		t.Rows = append(t.Rows, row{Joined: true, Cells: []cell{{Text: words(p.Kind), Class: "fill"}, {Text: count(p.Entries), Class: "num"}, amountCell(p.Debits, a.Currency), amountCell(p.Credits, a.Currency), amountCell(onSide(a, p.Debits-p.Credits), a.Currency)}})
		sum.Entries, sum.Debits, sum.Credits = sum.Entries+p.Entries, sum.Debits+p.Debits, sum.Credits+p.Credits
	}
	if len(parts) > 0 {
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: "Balance", Class: "fill lead"}, {Text: count(sum.Entries), Class: "num lead"}, amountCell(sum.Debits, a.Currency).with("lead"), amountCell(sum.Credits, a.Currency).with("lead"), amountCell(onSide(a, sum.Debits-sum.Credits), a.Currency).with("lead")}})
	}
	return t
}

func (c *call) lineRow(l *ledger.Line, left int64) row {
	tx, a := l.Transaction, l.Entry.Account
	debit, credit := cell{Class: "num"}, cell{Class: "num"}
	if l.Entry.Amount > 0 {
		debit = amountCell(l.Entry.Amount, a.Currency)
	} else {
		credit = amountCell(-l.Entry.Amount, a.Currency)
	}
	cause := cell{Text: tx.Cause, Class: "fill cut mono", Title: tx.Memo}
	r := row{}
	if href := c.causeURL(tx); href != "" {
		cause.Href, r.Href = href, href
	}
	r.Cells = []cell{timeCell(tx.Recorded, c.loc, c.Now()), {Text: words(tx.Kind), Class: "lead", Title: tx.Memo}, cause, debit, credit, amountCell(onSide(a, left), a.Currency)}
	return r
}

// ledgerCSV exports the books, or one account of them.
func (c *call) ledgerCSV() error {
	q := ledger.LineQuery{Workspace: c.ws.ID, To: c.asOf()}
	if code := c.param("code"); code != "" {
		a, err := ledger.ParseCode(c.ws.ID, code)
		if err != nil {
			return catalog.ErrNotFound
		}
		q.Account = &a
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="ledger.csv"`)
	h.Set("Cache-Control", "private, no-store")
	err := ledger.Export(c.r.Context(), c.Books, q, func(ctx context.Context, ids []string) map[string]string {
		return c.Catalog.PartyNames(ctx, c.ws.ID, ids)
	}, c.w)
	if err != nil {
		c.Logger.Error("console: an export broke off", "request", c.id, "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
	return nil
}
