package console

import (
	"sort"
	"strings"

	"clickledger/internal/ledger"
)

// transactionsPage is how many transactions a page has: each is two to six rows.
const transactionsPage = 30

// ledger shows the books: the trial balance, the balances by account and currency,
// and the transactions with their entries.
func (c *call) ledger() error {
	ctx := c.r.Context()
	party, cause := c.param("party"), c.param("cause")
	q := ledger.Query{Workspace: c.ws.ID, Party: party, Cause: cause, Kind: ledger.AccountKind(c.param("account")), Before: c.param("after"), Limit: transactionsPage + 1}
	txs, err := c.Books.Transactions(ctx, q)
	if err != nil {
		return err
	}
	more := len(txs) > transactionsPage
	if more {
		txs = txs[:transactionsPage]
	}
	at := c.asOf()
	all, err := c.Books.BalancesAt(ctx, c.ws.ID, "", at)
	if err != nil {
		return err
	}
	var bals []ledger.Balance
	for _, b := range all {
		if (party == "" || b.Account.Party == party) && (q.Kind == "" || b.Account.Kind == q.Kind) {
			bals = append(bals, b)
		}
	}
	names := c.partyNames(txs)
	for id, n := range c.balanceNames(bals) {
		names[id] = n
	}
	p := panelsPage{Head: head{Title: "Ledger", Note: "Double entry, of all time; nothing is ever changed or deleted"}, Filters: c.asOfFilter()}
	if len(all) > 0 {
		p.Head.Actions = []action{{Label: "Export CSV", URL: c.plain("ledger/export.csv", "as_of", c.param("as_of")), Icon: "download", Download: true}}
	}
	trial, err := c.trialBalance(all)
	if err != nil {
		return err
	}
	t := c.transactionTable(txs, names)
	if more {
		t.Next = c.same("after", txs[len(txs)-1].ID)
	}
	if q.Before != "" {
		t.First = c.same("after", "")
	}
	filtered := party != "" || cause != "" || q.Kind != ""
	tp := panel{ID: "transactions", Title: "Transactions", Note: "Newest first. Debits and credits of each sum to zero.", Table: t}
	if filtered {
		tp.More = &link{Label: "Show all", URL: c.at("ledger")}
		what := []string{}
		if party != "" {
			what = append(what, nameOr(names, party))
		}
		if cause != "" {
			what = append(what, cause)
		}
		if q.Kind != "" {
			what = append(what, ledger.AccountKinds[q.Kind].Book)
		}
		tp.Note = "Of " + strings.Join(what, ", ") + ", newest first."
	}
	p.Panels = []panel{trial}
	if q.Before == "" && cause == "" {
		p.Panels = append(p.Panels, panel{ID: "balances", Title: "Balances", Table: c.balanceTable(bals, names)})
	}
	p.Panels = append(p.Panels, tp)
	return show(c, "panels", "Ledger", p)
}

// trialBalance lists what every kind of account is left with, by side, and says that both
// sides are equal: what double entry is for.
func (c *call) trialBalance(bs []ledger.Balance) (panel, error) {
	p := panel{ID: "trial", Title: "Trial balance", Note: "What all accounts of a kind are left with, on the side they are on."}
	trials, err := ledger.TrialBalance(bs)
	if err != nil {
		return p, err
	}
	if len(trials) == 0 {
		p.Notes = []string{"Nothing was booked until then: all accounts sum to 0."}
		return p, nil
	}
	t := &table{Label: "Trial balance", Columns: []column{{Label: "Account", Class: "fill"}, {Label: "Currency"}, {Label: "Debit", Class: "num"}, {Label: "Credit", Class: "num"}}}
	side := func(minor int64, currency string) cell {
		if minor == 0 {
			return cell{Class: "num"}
		}
		return amountCell(minor, currency)
	}
	for _, tr := range trials {
		for _, l := range tr.Lines {
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: ledger.AccountKinds[l.Kind].Book, Title: ledger.AccountKinds[l.Kind].Help, Class: "fill"}, {Text: tr.Currency}, side(l.Debit, tr.Currency), side(l.Credit, tr.Currency)}, Joined: true})
		}
		word, tone := "balanced", "good"
		if tr.Debits != tr.Credits {
			word, tone = "not balanced: run clickledger verify", "bad"
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: "Sum, " + word, Class: "fill lead", Tone: tone}, {Text: tr.Currency}, amountCell(tr.Debits, tr.Currency).with("lead"), amountCell(tr.Credits, tr.Currency).with("lead")}})
	}
	p.Table = t
	return p, nil
}

func (c *call) balanceTable(bs []ledger.Balance, names map[string]string) *table {
	sort.SliceStable(bs, func(i, j int) bool {
		a, b := bs[i], bs[j]
		ra, rb := ledger.AccountKinds[a.Account.Kind].Rank, ledger.AccountKinds[b.Account.Kind].Rank
		if ra != rb {
			return ra < rb
		}
		if a.Account.Currency != b.Account.Currency {
			return a.Account.Currency < b.Account.Currency
		}
		return a.Net() > b.Net()
	})
	t := &table{Label: "Balances", Columns: []column{{Label: "Account", Class: ""}, {Label: "Party", Class: "fill"}, {Label: "Currency"}, {Label: "Debits", Class: "num opt"}, {Label: "Credits", Class: "num opt"}, {Label: "Balance", Class: "num"}},
		Empty: &empty{Sentence: "Accounts appear with the first conversion."}}
	for _, b := range bs {
		who := cell{Text: "the house", Tone: "muted", Class: "fill"}
		href := c.accountURL(b.Account)
		if b.Account.Party != "" {
			name := nameOr(names, b.Account.Party)
			who = cell{Text: name, Class: "fill", Title: name, Href: c.at(partyPath(b.Account.Party) + b.Account.Party)}
		}
		bal := amountCell(b.Net(), b.Account.Currency)
		if b.Net() < 0 {
			bal.Tone = "bad"
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			{Text: ledger.AccountKinds[b.Account.Kind].Book, Title: ledger.AccountKinds[b.Account.Kind].Help, Class: "lead", Href: href}, who, {Text: b.Account.Currency},
			amountCell(b.Debits, b.Account.Currency).with("opt"), amountCell(b.Credits, b.Account.Currency).with("opt"), bal,
		}})
	}
	return t
}

func partyPath(id string) string {
	if strings.HasPrefix(id, "pub_") {
		return "publishers/"
	}
	return "advertisers/"
}

// transactionTable writes each transaction as rows, one per entry; the first of them
// names the transaction.
func (c *call) transactionTable(txs []*ledger.Transaction, names map[string]string) *table {
	t := &table{Label: "Transactions", Columns: []column{{Label: "Booked"}, {Label: "Kind"}, {Label: "Account", Class: "fill"}, {Label: "Debit", Class: "num"}, {Label: "Credit", Class: "num"}, {Label: "Cause", Class: "opt"}},
		Empty: &empty{Sentence: "A transaction is booked when a conversion is accepted, approved, rejected or reversed."}}
	for _, tx := range txs {
		for i, e := range tx.Entries {
			r := entryRow(e, names)
			when, kind, cause := cell{}, cell{}, cell{Class: "opt"}
			if i == 0 {
				when = timeCell(tx.Recorded, c.loc, c.Now())
				kind = cell{Text: words(tx.Kind), Class: "lead"}
				cause = cell{Text: tx.Cause, Class: "opt mono"}
				if href := c.causeURL(tx); href != "" {
					cause.Href, kind.Href = href, href
				}
			}
			r.Cells = append([]cell{when, kind}, append(r.Cells, cause)...)
			r.Href = c.causeURL(tx)
			r.Joined = i < len(tx.Entries)-1
			t.Rows = append(t.Rows, r)
		}
	}
	if len(txs) > 0 {
		t.Count = plural(int64(len(txs)), "transaction", "transactions")
	}
	return t
}

// causePages are the pages of what causes transactions.
var causePages = map[string]string{"conversion": "conversions/", "payout_line": "payout-lines/"}

// causeURL is the page of what caused a transaction, "" where it has none.
func (c *call) causeURL(tx *ledger.Transaction) string {
	if page := causePages[tx.CauseKind]; page != "" {
		return c.at(page + tx.Cause)
	}
	return ""
}

// partyNames resolves the parties of transactions.
func (c *call) partyNames(txs []*ledger.Transaction) map[string]string {
	var ids []string
	for _, t := range txs {
		for _, e := range t.Entries {
			ids = append(ids, e.Account.Party)
		}
	}
	return c.parties(ids)
}

func (c *call) balanceNames(bs []ledger.Balance) map[string]string {
	var ids []string
	for _, b := range bs {
		ids = append(ids, b.Account.Party)
	}
	return c.parties(ids)
}

func (c *call) parties(ids []string) map[string]string {
	return c.Catalog.PartyNames(c.r.Context(), c.ws.ID, ids)
}
