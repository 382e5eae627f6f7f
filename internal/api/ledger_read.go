package api

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
)

// MomentInput is a point in time in the books.
type MomentInput struct {
	Before string `query:"before" maxLength:"40" example:"2026-12-01T00:00:00Z" doc:"As the books were at this time (RFC 3339): only what came before it. Default: everything."`
	By     string `query:"by" enum:"posted,happened" default:"posted" doc:"Whether times are when a transaction was posted, or when what it is about happened."`
}

// moment reads a time parameter; "" is the zero moment.
func moment(field, text, by string) (ledger.Moment, error) {
	m := ledger.Moment{Effective: by == "happened"}
	if text == "" {
		return m, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		bad := &catalog.Invalid{}
		bad.Add(field, "type", text, `Must be a time such as "2026-12-01T00:00:00Z".`)
		return m, bad
	}
	m.Before = t.UnixMicro()
	return m, nil
}

// TrialBalance is what all accounts are left with in one currency.
type TrialBalance struct {
	Currency string      `json:"currency" doc:"ISO 4217."`
	Lines    []TrialLine `json:"lines" nullable:"false" doc:"By kind of account."`
	Debits   string      `json:"debits" doc:"Sum of the debit balances."`
	Credits  string      `json:"credits" doc:"Sum of the credit balances."`
	Balanced bool        `json:"balanced" doc:"Whether both are equal. Anything but true is a fault of the books; POST /verify finds where."`
}

// TrialLine is a kind of account in a trial balance.
type TrialLine struct {
	Kind   string `json:"kind" doc:"The part of the books."`
	Debit  string `json:"debit" doc:"What its accounts are left with, if that is a debit."`
	Credit string `json:"credit" doc:"What its accounts are left with, if that is a credit."`
}

// Line is an entry of the books with the transaction it is part of.
type Line struct {
	Entry
	No        int64     `json:"line" doc:"The entry's place in its transaction."`
	ID        string    `json:"transaction" doc:"The transaction's id."`
	Posted    string    `json:"transaction_kind" doc:"accrual, approval, rejection, reversal, adjustment."`
	CauseKind string    `json:"cause_kind" doc:"What caused it."`
	Cause     string    `json:"cause" doc:"Id of what caused it."`
	Effective time.Time `json:"effective" doc:"When it happened."`
	Recorded  time.Time `json:"recorded" doc:"When it was posted."`
	Memo      string    `json:"memo" doc:"In words."`
}

// AccountExplained says what an account's balance is made of.
type AccountExplained struct {
	Account string `json:"account" doc:"The account's name."`
	Balance string `json:"balance" doc:"On its normal side."`
	Meaning string `json:"meaning" doc:"What the account holds."`
	Parts   []Part `json:"parts" nullable:"false" doc:"By kind of transaction; debits minus credits of all of them are the balance, or its negative for accounts whose normal side is credit."`
}

// Part is what one kind of transaction did to an account.
type Part struct {
	Kind    string `json:"kind" doc:"The kind of transaction."`
	Entries int64  `json:"entries" doc:"How many entries."`
	Debits  string `json:"debits" doc:"Their debits."`
	Credits string `json:"credits" doc:"Their credits."`
}

// TransactionExplained is a transaction with what caused it.
type TransactionExplained struct {
	Transaction
	Conversion *Explained `json:"conversion" doc:"The conversion that caused it, with its raw signals, its click, its rules and its history; null: something else caused it."`
}

type trialInput struct {
	Scope
	MomentInput
}

type lineInput struct {
	Scope
	Paging
	LinesInput
	Newest bool `query:"newest" doc:"Newest first. Default: in the order of posting."`
}

// LinesInput selects lines of the books.
type LinesInput struct {
	Account string `query:"account" maxLength:"120" example:"publisher_available:pub_01kb3x9w2m7q4d5e:USD" doc:"Only of this account, by its name."`
	From    string `query:"from" maxLength:"40" doc:"Only from this time on (RFC 3339)."`
	To      string `query:"to" maxLength:"40" doc:"Only before this time (RFC 3339)."`
	By      string `query:"by" enum:"posted,happened" default:"posted" doc:"Whether the times are when a transaction was posted, or when what it is about happened."`
}

// query reads it. An account that is not one gives nothing, like one of somebody else.
func (in LinesInput) query(ws string) (ledger.LineQuery, error) {
	q := ledger.LineQuery{Workspace: ws}
	var err error
	q.From, err = moment("from", in.From, in.By)
	if err != nil {
		return q, err
	}
	q.To, err = moment("to", in.To, in.By)
	if err != nil || in.Account == "" {
		return q, err
	}
	a, err := ledger.ParseCode(ws, in.Account)
	if err != nil {
		bad := &catalog.Invalid{}
		bad.Add("account", "unknown", in.Account, "Must be the name of an account: kind:party:currency.")
		return q, bad
	}
	q.Account = &a
	return q, nil
}

type exportInput struct {
	Scope
	LinesInput
}

type accountInput struct {
	Scope
	MomentInput
	Account string `query:"account" maxLength:"120" example:"publisher_available:pub_01kb3x9w2m7q4d5e:USD" doc:"The account, by its name."`
}

type explainedAccountOutput struct{ Body AccountExplained }

type explainedTransactionOutput struct{ Body TransactionExplained }

func (s *server) registerLedgerReading() {
	add(s, route{method: http.MethodGet, path: "/ledger/trial-balance", id: "get-trial-balance", tag: "ledger", summary: "Read the trial balance of each currency, also of a past moment"}, s.trialBalance)
	add(s, route{method: http.MethodGet, path: "/ledger/lines", id: "list-ledger-lines", tag: "ledger", summary: "List entries in the order of posting"}, s.listLines)
	add(s, route{method: http.MethodGet, path: "/ledger/export.csv", id: "export-ledger", tag: "ledger", summary: "Export the general ledger as CSV", media: "text/csv",
		text: "Every entry with its transaction, in the order of posting. Text that a spreadsheet would run begins with an apostrophe."}, s.exportLedger)
	add(s, route{method: http.MethodGet, path: "/ledger/explain", id: "explain-account", tag: "ledger", summary: "Explain an account's balance",
		text: "Sums by kind of transaction. `GET /ledger/lines` with the same account lists the entries, and `GET /ledger/transactions/{id}` leads from each to the raw postback."}, s.explainAccount)
	add(s, route{method: http.MethodGet, path: "/ledger/transactions/{id}", id: "get-transaction", tag: "ledger", summary: "Explain a transaction, back to the raw postback"}, s.getTransaction)
}

func (s *server) trialBalance(ctx context.Context, in *trialInput) (*pageOutput[TrialBalance], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	at, err := moment("before", in.Before, in.By)
	if err != nil {
		return nil, err
	}
	bs, err := s.Books.BalancesAt(ctx, ws, "", at)
	if err != nil {
		return nil, err
	}
	ts, err := ledger.TrialBalance(bs)
	if err != nil {
		return nil, err
	}
	return cut(ts, len(ts), func(t ledger.Trial) string { return t.Currency }, func(t ledger.Trial) TrialBalance {
		v := TrialBalance{Currency: t.Currency, Lines: []TrialLine{}, Debits: text(t.Debits, t.Currency), Credits: text(t.Credits, t.Currency), Balanced: t.Debits == t.Credits}
		for _, l := range t.Lines {
			v.Lines = append(v.Lines, TrialLine{string(l.Kind), text(l.Debit, t.Currency), text(l.Credit, t.Currency)})
		}
		return v
	}), nil
}

func (s *server) listLines(ctx context.Context, in *lineInput) (*pageOutput[Line], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	q, err := in.query(ws)
	if err != nil {
		return nil, err
	}
	q.After, q.Newest, q.Limit = in.Cursor, in.Newest, in.Limit+1
	ls, err := s.Books.Lines(ctx, q)
	if err != nil {
		return nil, err
	}
	return cut(ls, in.Limit, (*ledger.Line).Cursor, func(l *ledger.Line) Line {
		t, a := l.Transaction, l.Entry.Account
		return Line{Entry{a.Code(), string(a.Kind), a.Party, a.Currency, text(l.Entry.Amount, a.Currency)}, l.No, t.ID, t.Kind, t.CauseKind, t.Cause, timeOf(t.Effective), timeOf(t.Recorded), t.Memo}
	}), nil
}

func (s *server) exportLedger(ctx context.Context, in *exportInput) (*fileOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	q, err := in.query(ws)
	if err != nil {
		return nil, err
	}
	names := func(ctx context.Context, ids []string) map[string]string {
		return s.Catalog.PartyNames(ctx, ws, ids)
	}
	return s.file("text/csv; charset=utf-8", "ledger.csv", func(ctx context.Context, w io.Writer) error {
		return ledger.Export(ctx, s.Books, q, names, w)
	}), nil
}

func (s *server) explainAccount(ctx context.Context, in *accountInput) (*explainedAccountOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	q, err := LinesInput{Account: in.Account, To: in.Before, By: in.By}.query(ws)
	if err != nil {
		return nil, err
	}
	if q.Account == nil {
		bad := &catalog.Invalid{}
		bad.Add("account", "required", "", "Say which account.")
		return nil, bad
	}
	parts, err := s.Books.Parts(ctx, q)
	if err != nil {
		return nil, err
	}
	a := *q.Account
	if len(parts) == 0 { // nothing until then, or no such account
		known, err := s.Books.Balances(ctx, ws, a.Party)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(known, func(b ledger.Balance) bool { return b.Account == a }) {
			return nil, catalog.ErrNotFound
		}
	}
	sum := ledger.Balance{Account: a}
	v := AccountExplained{Account: a.Code(), Meaning: ledger.AccountKinds[a.Kind].Help, Parts: []Part{}}
	for _, p := range parts {
		sum.Debits, sum.Credits = sum.Debits+p.Debits, sum.Credits+p.Credits
		v.Parts = append(v.Parts, Part{p.Kind, p.Entries, text(p.Debits, a.Currency), text(p.Credits, a.Currency)})
	}
	v.Balance = text(sum.Net(), a.Currency)
	return &explainedAccountOutput{v}, nil
}

func (s *server) getTransaction(ctx context.Context, in *One) (*explainedTransactionOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	t, err := only(in.ID, func(before string) ([]*ledger.Transaction, error) {
		return s.Books.Transactions(ctx, ledger.Query{Workspace: ws, Before: before, Limit: 1})
	}, func(t *ledger.Transaction) string { return t.ID })
	if err != nil {
		return nil, err
	}
	out := &explainedTransactionOutput{TransactionExplained{Transaction: transactionView(t)}}
	if t.CauseKind != "conversion" {
		return out, nil
	}
	c, err := s.getConversion(ctx, &One{Scope: in.Scope, ID: t.Cause})
	if err != nil {
		return nil, err
	}
	out.Body.Conversion = &c.Body
	return out, nil
}
