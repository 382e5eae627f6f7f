package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"clickledger/internal/ledger"
)

// until keeps transactions t of before a moment.
func (l *list) until(m ledger.Moment) {
	if m.Before != 0 {
		l.where = append(l.where, momentColumn(m)+" < "+l.param(m.Before))
	}
}

func momentColumn(m ledger.Moment) string {
	if m.Effective {
		return "t.effective"
	}
	return "t.recorded"
}

// balanceRow is what BalancesAt reads.
type balanceRow struct {
	Workspace string `db:"a.workspace"`
	Kind      string `db:"a.kind"`
	Party     string `db:"a.party"`
	Currency  string `db:"a.currency"`
	Debits    int64  `db:"CAST(SUM(CASE WHEN e.amount > 0 THEN e.amount ELSE 0 END) AS BIGINT)"`
	Credits   int64  `db:"CAST(SUM(CASE WHEN e.amount < 0 THEN -e.amount ELSE 0 END) AS BIGINT)"`
}

// joined is the books' three tables, each entry with its account and transaction.
const joined = " FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account JOIN ledger_transactions t ON t.id = e.transaction_id WHERE "

// BalancesAt adds entries up; see ledger.Reader.
func (b booksStore) BalancesAt(ctx context.Context, workspace, party string, at ledger.Moment) ([]ledger.Balance, error) {
	if at.Before == 0 {
		return b.Balances(ctx, workspace, party)
	}
	var l list
	l.where = append(l.where, "a.workspace = "+l.param(workspace))
	if party != "" {
		l.where = append(l.where, "a.party = "+l.param(party))
	}
	l.until(at)
	text := "SELECT " + strings.Join(columnsOf[balanceRow](), ", ") + joined + strings.Join(l.where, " AND ") +
		" GROUP BY a.workspace, a.kind, a.party, a.currency ORDER BY a.kind, a.party, a.currency"
	rows, err := collect[balanceRow](b.db.engine.reads().dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: balances at a moment: %w", err)
	}
	return each(rows, func(r balanceRow) ledger.Balance {
		return ledger.Balance{
			Account: ledger.Account{Workspace: r.Workspace, Kind: ledger.AccountKind(r.Kind), Party: r.Party, Currency: r.Currency},
			Debits:  r.Debits, Credits: r.Credits,
		}
	}), nil
}

// lineRow is what Lines reads.
type lineRow struct {
	ID        string `db:"t.id"`
	Key       string `db:"t.key"`
	Posted    string `db:"t.kind"`
	CauseKind string `db:"t.cause_kind"`
	Cause     string `db:"t.cause"`
	Effective int64  `db:"t.effective"`
	Recorded  int64  `db:"t.recorded"`
	Memo      string `db:"t.memo"`
	No        int64  `db:"e.no"`
	Amount    int64  `db:"e.amount"`
	Kind      string `db:"a.kind"`
	Party     string `db:"a.party"`
	Currency  string `db:"a.currency"`
}

// lines is the condition of a query; false when nothing can meet it.
func lines(q ledger.LineQuery) (*list, bool) {
	l := &list{}
	l.where = append(l.where, "t.workspace = "+l.param(q.Workspace))
	if a := q.Account; a != nil {
		l.where = append(l.where, "e.account = (SELECT x.id FROM ledger_accounts x WHERE x.workspace = "+l.param(q.Workspace)+
			" AND x.kind = "+l.param(string(a.Kind))+" AND x.party = "+l.param(a.Party)+" AND x.currency = "+l.param(a.Currency)+")")
	}
	if q.From.Before != 0 {
		l.where = append(l.where, momentColumn(q.From)+" >= "+l.param(q.From.Before))
	}
	l.until(q.To)
	if q.After == "" {
		return l, true
	}
	id, no, _ := strings.Cut(q.After, ".")
	n, err := strconv.Atoi(no)
	if err != nil {
		return nil, false // not a cursor of ours: nothing lies behind it
	}
	beyond := ">"
	if q.Newest {
		beyond = "<"
	}
	p := l.param(id)
	l.where = append(l.where, "(t.id "+beyond+" "+p+" OR (t.id = "+p+" AND e.no "+beyond+" "+l.param(int64(n))+"))")
	return l, true
}

// Lines returns entries; see ledger.Reader.
func (b booksStore) Lines(ctx context.Context, q ledger.LineQuery) ([]*ledger.Line, error) {
	l, ok := lines(q)
	if !ok {
		return nil, nil
	}
	order := "t.id, e.no"
	if q.Newest {
		order = "t.id DESC, e.no DESC"
	}
	text := "SELECT " + strings.Join(columnsOf[lineRow](), ", ") + joined + strings.Join(l.where, " AND ") +
		" ORDER BY " + order + " LIMIT " + l.param(pageSize(q.Limit))
	rows, err := collect[lineRow](b.db.engine.reads().dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: ledger lines: %w", err)
	}
	return each(rows, func(r lineRow) *ledger.Line {
		return &ledger.Line{
			Transaction: &ledger.Transaction{
				ID: r.ID, Workspace: q.Workspace, Key: r.Key, Kind: r.Posted, CauseKind: r.CauseKind, Cause: r.Cause,
				Effective: r.Effective, Recorded: r.Recorded, Memo: r.Memo,
			},
			No:    r.No,
			Entry: ledger.Entry{Account: ledger.Account{Workspace: q.Workspace, Kind: ledger.AccountKind(r.Kind), Party: r.Party, Currency: r.Currency}, Amount: r.Amount},
		}
	}), nil
}

// partRow is what Parts reads.
type partRow struct {
	Kind    string `db:"t.kind"`
	Entries int64  `db:"COUNT(*)"`
	Debits  int64  `db:"CAST(SUM(CASE WHEN e.amount > 0 THEN e.amount ELSE 0 END) AS BIGINT)"`
	Credits int64  `db:"CAST(SUM(CASE WHEN e.amount < 0 THEN -e.amount ELSE 0 END) AS BIGINT)"`
}

// Parts sums lines up by kind of transaction; see ledger.Reader.
func (b booksStore) Parts(ctx context.Context, q ledger.LineQuery) ([]ledger.Part, error) {
	l, ok := lines(q)
	if !ok {
		return nil, nil
	}
	text := "SELECT " + strings.Join(columnsOf[partRow](), ", ") + joined + strings.Join(l.where, " AND ") + " GROUP BY t.kind ORDER BY t.kind"
	rows, err := collect[partRow](b.db.engine.reads().dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: parts of a balance: %w", err)
	}
	return each(rows, func(r partRow) ledger.Part { return ledger.Part(r) }), nil
}
