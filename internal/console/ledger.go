package console

import (
	"sort"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
)

// accountOrder is the order of the kinds in the books.
var accountOrder = []ledger.AccountKind{ledger.Receivable, ledger.Revenue, ledger.CommissionExpense, ledger.PublisherPending, ledger.PublisherAvailable}

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
	all, err := c.Books.Balances(ctx, c.ws.ID, "")
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
	p := panelsPage{Head: head{Title: "Ledger", Note: "Double entry, of all time; nothing is ever changed or deleted"}}
	trial := c.trialBalance(all)
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
			what = append(what, accountName(q.Kind))
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

// trialBalance says per currency that debits and credits are equal: what double entry
// is for.
func (c *call) trialBalance(bs []ledger.Balance) panel {
	type sums struct{ debits, credits int64 }
	by := map[string]*sums{}
	for _, b := range bs {
		s := by[b.Account.Currency]
		if s == nil {
			s = &sums{}
			by[b.Account.Currency] = s
		}
		s.debits += b.Debits
		s.credits += b.Credits
	}
	p := panel{ID: "trial", Title: "Trial balance"}
	for _, cur := range sortedKeys(by) {
		s := by[cur]
		diff := s.debits - s.credits
		off := figure{Label: "Sum, " + cur, Value: amount(diff, cur), Tone: "good", Unit: "balanced", Help: "Debits − credits over all accounts. Anything but 0 is a fault; clickledger verify finds where."}
		if diff != 0 {
			off.Tone, off.Unit = "bad", "not balanced"
		}
		p.Figures = append(p.Figures, figure{Label: "Debits", Value: amount(s.debits, cur), Unit: cur, Money: len(p.Figures) == 0}, figure{Label: "Credits", Value: amount(s.credits, cur), Unit: cur}, off)
	}
	if len(by) == 0 {
		p.Notes = []string{"Nothing was booked yet: all accounts sum to 0."}
	}
	return p
}

func (c *call) balanceTable(bs []ledger.Balance, names map[string]string) *table {
	rank := map[ledger.AccountKind]int{}
	for i, k := range accountOrder {
		rank[k] = i
	}
	sort.SliceStable(bs, func(i, j int) bool {
		a, b := bs[i], bs[j]
		if rank[a.Account.Kind] != rank[b.Account.Kind] {
			return rank[a.Account.Kind] < rank[b.Account.Kind]
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
		href := c.at("ledger", "account", string(b.Account.Kind))
		if b.Account.Party != "" {
			name := nameOr(names, b.Account.Party)
			who = cell{Text: name, Class: "fill", Title: name, Href: c.at(partyPath(b.Account.Party) + b.Account.Party)}
			href = c.at("ledger", "account", string(b.Account.Kind), "party", b.Account.Party)
		}
		bal := amountCell(b.Net(), b.Account.Currency)
		if b.Net() < 0 {
			bal.Tone = "bad"
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			{Text: bookName(b.Account.Kind), Title: ledger.AccountKinds[b.Account.Kind].Help, Class: "lead", Href: href}, who, {Text: b.Account.Currency},
			amountCell(b.Debits, b.Account.Currency).with("opt"), amountCell(b.Credits, b.Account.Currency).with("opt"), bal,
		}})
	}
	return t
}

// bookName is an account kind as the books call it, where the party is not said.
func bookName(k ledger.AccountKind) string {
	switch k {
	case ledger.PublisherPending:
		return "Publisher, pending"
	case ledger.PublisherAvailable:
		return "Publisher, available"
	}
	return accountName(k)
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
				if tx.CauseKind == "conversion" {
					cause.Href = c.at("conversions/" + tx.Cause)
					kind.Href = cause.Href
				}
			}
			r.Cells = append([]cell{when, kind}, append(r.Cells, cause)...)
			if tx.CauseKind == "conversion" {
				r.Href = c.at("conversions/" + tx.Cause)
			}
			r.Joined = i < len(tx.Entries)-1
			t.Rows = append(t.Rows, r)
		}
	}
	if len(txs) > 0 {
		t.Count = plural(int64(len(txs)), "transaction", "transactions")
	}
	return t
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
	var pubs, advs []string
	for _, id := range ids {
		if strings.HasPrefix(id, "pub_") {
			pubs = append(pubs, id)
		} else {
			advs = append(advs, id)
		}
	}
	out := c.names(catalog.KindPublisher, pubs...)
	for id, n := range c.names(catalog.KindAdvertiser, advs...) {
		out[id] = n
	}
	return out
}
