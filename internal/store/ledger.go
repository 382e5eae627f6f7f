package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
	"clickledger/internal/store/q"
)

// Post adds a transaction; see ledger.Tx. It is all or nothing by itself: when it
// fails, the caller's transaction can go on without it.
//
// The order of its writes is the ledger's guarantee: entries first, and last the
// header, whose trigger refuses entries that do not balance. Balances are kept by a
// trigger on the entries.
func (t *booksTx) Post(ctx context.Context, x *ledger.Transaction) (bool, error) {
	err := x.Check()
	if err != nil {
		return false, err
	}
	hash := x.Hash()
	known, err := t.q.PostedTransaction(ctx, q.PostedTransactionParams{Workspace: x.Workspace, Key: x.Key})
	err = found(err)
	if err == nil {
		if known.Hash != hash {
			return false, fmt.Errorf("%w: %s", ledger.ErrConflict, x.Key)
		}
		if x.ID == "" {
			x.ID = known.ID
		}
		return false, nil
	}
	if !errors.Is(err, catalog.ErrNotFound) {
		return false, t.wrap("posted before", err)
	}
	if x.ID == "" {
		x.ID = t.db.ids.next("ltx_")
	}
	err = t.Savepoint(ctx, func(ctx context.Context) error { return t.post(ctx, x, hash) })
	if err != nil {
		return false, err
	}
	return true, nil
}

func (t *booksTx) post(ctx context.Context, x *ledger.Transaction, hash string) error {
	for i, e := range x.Entries {
		account, err := t.account(ctx, e.Account)
		if err != nil {
			return err
		}
		err = t.q.InsertEntry(ctx, q.InsertEntryParams{
			TransactionID: x.ID, No: int64(i + 1), Account: account, Currency: e.Account.Currency, Amount: e.Amount,
		})
		if err != nil {
			return t.refusal("insert entry", err)
		}
	}
	n, err := t.q.InsertTransaction(ctx, q.InsertTransactionParams{
		ID: x.ID, Workspace: x.Workspace, Key: x.Key, Hash: hash, Kind: x.Kind, CauseKind: x.CauseKind, Cause: x.Cause,
		Effective: x.Effective, Recorded: x.Recorded, Memo: x.Memo,
	})
	if err != nil {
		return t.refusal("insert transaction", err)
	}
	if n == 0 { // another process posted the key since we looked: look again
		t.s.fail(errAgain)
		return errAgain
	}
	return nil
}

// refusal reads what a trigger or key of the ledger says.
func (t *booksTx) refusal(what string, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "ledger: overflow"):
		return fmt.Errorf("%w: the account's balance", ledger.ErrOverflow)
	case strings.Contains(text, "ledger: unbalanced"):
		return ledger.ErrUnbalanced
	case strings.Contains(text, "ledger: exists"), strings.Contains(text, "ledger: closed"):
		return fmt.Errorf("%w: the id exists", ledger.ErrConflict)
	}
	return t.wrap(what, err)
}

// account finds the row of an account and makes it when it is new.
func (t *booksTx) account(ctx context.Context, a ledger.Account) (int64, error) {
	if id, ok := t.opened[a]; ok {
		return id, nil
	}
	if id, ok := t.db.accounts.Load(a); ok {
		return id.(int64), nil
	}
	ask := q.AccountIDParams{Workspace: a.Workspace, Kind: string(a.Kind), Party: a.Party, Currency: a.Currency}
	id, err := t.q.AccountID(ctx, ask)
	if errors.Is(found(err), catalog.ErrNotFound) {
		err = t.q.OpenAccount(ctx, q.OpenAccountParams(ask))
		if err != nil {
			return 0, t.wrap("open account", err)
		}
		id, err = t.q.AccountID(ctx, ask)
	}
	if err != nil {
		return 0, t.wrap("account", err)
	}
	t.opened[a] = id
	return id, nil
}

// Balances returns the accounts of a workspace; see ledger.Reader.
func (b booksStore) Balances(ctx context.Context, workspace, party string) ([]ledger.Balance, error) {
	rows, err := q.New(b.db.engine.reads()).Balances(ctx, q.BalancesParams{Workspace: workspace, Party: party})
	if err != nil {
		return nil, fmt.Errorf("store: balances: %w", err)
	}
	return each(rows, func(r q.BalancesRow) ledger.Balance {
		return ledger.Balance{
			Account: ledger.Account{Workspace: r.Workspace, Kind: ledger.AccountKind(r.Kind), Party: r.Party, Currency: r.Currency},
			Debits:  r.Debits, Credits: r.Credits,
		}
	}), nil
}

// Transactions returns a page with entries; see ledger.Reader.
func (b booksStore) Transactions(ctx context.Context, query ledger.Query) ([]*ledger.Transaction, error) {
	l := newList[q.LedgerTransaction]("ledger_transactions").equal("workspace", query.Workspace).
		given("cause", query.Cause).before(query.Before)
	touching(l, query)
	text := l.query(pageSize(query.Limit))
	s := b.db.engine.reads()
	rows, err := collect[q.LedgerTransaction](s.dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list transactions: %w", err)
	}
	out := make([]*ledger.Transaction, len(rows))
	byID := make(map[string]*ledger.Transaction, len(rows))
	for i, r := range rows {
		out[i] = &ledger.Transaction{
			ID: r.ID, Workspace: r.Workspace, Key: r.Key, Kind: r.Kind, CauseKind: r.CauseKind, Cause: r.Cause,
			Effective: r.Effective, Recorded: r.Recorded, Memo: r.Memo,
		}
		byID[r.ID] = out[i]
	}
	for len(rows) > 0 { // posted transactions never change, so no snapshot is needed
		n := min(len(rows), 200)
		err = entriesOf(ctx, s, rows[:n], byID)
		if err != nil {
			return nil, fmt.Errorf("store: entries: %w", err)
		}
		rows = rows[n:]
	}
	return out, nil
}

// touching keeps transactions with an entry on an account of the party and kind.
func touching(l *list, query ledger.Query) {
	if query.Party == "" && query.Kind == "" {
		return
	}
	accounts := "SELECT a.id FROM ledger_accounts a WHERE a.workspace = " + l.param(query.Workspace)
	if query.Kind != "" {
		accounts += " AND a.kind = " + l.param(string(query.Kind))
	}
	if query.Party != "" {
		// Few accounts, and an index that leads from them to their transactions.
		accounts += " AND a.party = " + l.param(query.Party)
		l.where = append(l.where, "id IN (SELECT e.transaction_id FROM ledger_entries e WHERE e.account IN ("+accounts+"))")
		return
	}
	// Most transactions touch the kind: look at each of the page.
	l.where = append(l.where, "EXISTS (SELECT 1 FROM ledger_entries e WHERE e.transaction_id = ledger_transactions.id AND e.account IN ("+accounts+"))")
}

// entryRow is what entriesOf reads.
type entryRow struct {
	TransactionID string `db:"e.transaction_id"`
	Amount        int64  `db:"e.amount"`
	Workspace     string `db:"a.workspace"`
	Kind          string `db:"a.kind"`
	Party         string `db:"a.party"`
	Currency      string `db:"a.currency"`
}

// entriesOf reads the entries of some transactions, in their order.
func entriesOf(ctx context.Context, s *session, of []q.LedgerTransaction, into map[string]*ledger.Transaction) error {
	var l list
	marks := make([]string, len(of))
	for i, t := range of {
		marks[i] = l.param(t.ID)
	}
	text := "SELECT " + strings.Join(columnsOf[entryRow](), ", ") +
		" FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account" +
		" WHERE e.transaction_id IN (" + strings.Join(marks, ", ") + ") ORDER BY e.transaction_id, e.no"
	rows, err := collect[entryRow](s.dynamic(ctx, text, l.args))
	if err != nil {
		return err
	}
	for _, r := range rows {
		t := into[r.TransactionID]
		t.Entries = append(t.Entries, ledger.Entry{
			Account: ledger.Account{Workspace: r.Workspace, Kind: ledger.AccountKind(r.Kind), Party: r.Party, Currency: r.Currency},
			Amount:  r.Amount,
		})
	}
	return nil
}
