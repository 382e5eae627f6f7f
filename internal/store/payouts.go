package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/payout"
	"clickledger/internal/store/q"
)

// payoutReader implements payout.Reader on a session: the pool's, or a transaction's.
type payoutReader struct {
	s    *session
	wrap func(what string, err error) error
}

// payoutStore implements payout.Store.
type payoutStore struct {
	payoutReader
	db *DB
}

// payoutTx implements payout.Tx within a transaction of the books.
type payoutTx struct {
	payoutReader
	t *booksTx
}

// Payouts is the storage of payouts.
func (db *DB) Payouts() payout.Store {
	return payoutStore{payoutReader{db.engine.reads(), func(what string, err error) error {
		if err == nil || errors.Is(err, catalog.ErrNotFound) {
			return err
		}
		return fmt.Errorf("store: %s: %w", what, err)
	}}, db}
}

// Within gives the payouts' part of a transaction; see payout.Store.
func (payoutStore) Within(tx books.Tx) payout.Tx {
	t := tx.(*booksTx) // the books and the payouts are one database
	return &payoutTx{payoutReader{t.s, t.wrap}, t}
}

// Settings gives zero ones where there are none.
func (r payoutReader) Settings(ctx context.Context, workspace string) (*payout.Settings, error) {
	row, err := q.New(r.s).GetPayoutSettings(ctx, workspace)
	if errors.Is(found(err), catalog.ErrNotFound) {
		return &payout.Settings{Workspace: workspace}, nil
	}
	if err != nil {
		return nil, r.wrap("payout settings", err)
	}
	out := &payout.Settings{Workspace: row.Workspace, HoldingDays: row.HoldingDays, MethodDays: row.MethodDays, SecondPerson: row.SecondPerson, Updated: row.Updated, Version: row.Version}
	err = json.Unmarshal([]byte(row.Minimums), &out.Minimums)
	return out, r.wrap("payout settings", err)
}

func methodOf(m q.PayoutMethod) *payout.Method {
	return &payout.Method{Workspace: m.Workspace, Publisher: m.Publisher, Kind: m.Kind, Currency: m.Currency, Exchanges: m.Exchanges, Sealed: m.Sealed, Masked: m.Masked, Changed: m.Changed, ChangedBy: m.ChangedBy, Version: m.Version}
}

// Method returns a publisher's; see payout.Reader.
func (r payoutReader) Method(ctx context.Context, workspace, publisher string) (*payout.Method, error) {
	m, err := q.New(r.s).GetPayoutMethod(ctx, q.GetPayoutMethodParams{Workspace: workspace, Publisher: publisher})
	if err != nil {
		return nil, r.wrap("payout method", found(err))
	}
	return methodOf(m), nil
}

// Methods returns all of a workspace, by publisher.
func (r payoutReader) Methods(ctx context.Context, workspace string) ([]*payout.Method, error) {
	rows, err := q.New(r.s).ListPayoutMethods(ctx, workspace)
	return each(rows, methodOf), r.wrap("payout methods", err)
}

func payoutRunOf(r q.PayoutRun) *payout.Run {
	return &payout.Run{
		ID: r.ID, Workspace: r.Workspace, State: payout.State(r.State), Note: r.Note, Publishers: rowsOf[string](r.Publishers), Currencies: rowsOf[string](r.Currencies),
		Cutoff: r.Cutoff, Made: r.Made, MadeBy: r.MadeBy, Approved: r.Approved, ApprovedBy: r.ApprovedBy, Ended: r.Ended, Exported: r.Exported, ExportedBy: r.ExportedBy,
		Left: rowsOf[payout.Left](r.LeftOut), Version: r.Version,
	}
}

// Run returns one of the workspace's.
func (r payoutReader) Run(ctx context.Context, workspace, id string) (*payout.Run, error) {
	row, err := q.New(r.s).GetPayoutRun(ctx, q.GetPayoutRunParams{Workspace: workspace, ID: id})
	if err != nil {
		return nil, r.wrap("payout run", found(err))
	}
	return payoutRunOf(row), nil
}

func payoutLineOf(r q.PayoutLine) *payout.Line {
	return &payout.Line{
		ID: r.ID, Workspace: r.Workspace, Run: r.Run, Publisher: r.Publisher, Currency: r.Currency, Amount: r.Amount, State: payout.State(r.State), Method: r.Method, Masked: r.Masked,
		PayCurrency: r.PayCurrency, PayAmount: r.PayAmount, Rate: r.Rate, RateDate: r.RateDate, RateSource: r.RateSource, MethodNo: r.MethodNo, Sealed: r.Sealed, Reference: r.Reference, Reason: r.Reason, Settled: r.Settled, SettledBy: r.SettledBy, Version: r.Version,
	}
}

// Line returns one of the workspace's, without items.
func (r payoutReader) Line(ctx context.Context, workspace, id string) (*payout.Line, error) {
	row, err := q.New(r.s).GetPayoutLine(ctx, q.GetPayoutLineParams{Workspace: workspace, ID: id})
	if err != nil {
		return nil, r.wrap("payout line", found(err))
	}
	return payoutLineOf(row), nil
}

// Lines returns those of a run; see payout.Reader.
func (r payoutReader) Lines(ctx context.Context, workspace, run string) ([]*payout.Line, error) {
	rows, err := q.New(r.s).PayoutLinesOf(ctx, q.PayoutLinesOfParams{Workspace: workspace, Run: run})
	return each(rows, payoutLineOf), r.wrap("payout lines", err)
}

// Items returns those of a line; see payout.Reader.
func (r payoutReader) Items(ctx context.Context, workspace, line string) ([]payout.Item, error) {
	rows, err := q.New(r.s).PayoutItemsOf(ctx, q.PayoutItemsOfParams{Workspace: workspace, Line: line})
	items := each(rows, func(i q.PayoutItem) payout.Item {
		return payout.Item{Kind: i.Kind, CauseKind: i.CauseKind, Cause: i.Cause, Amount: i.Amount}
	})
	payout.SortItems(items)
	return items, r.wrap("payout items", err)
}

// openRow is what Open reads.
type openRow struct {
	Publisher string `db:"o.party"`
	Currency  string `db:"o.currency"`
	CauseKind string `db:"o.cause_kind"`
	Cause     string `db:"o.cause"`
	Amount    int64  `db:"o.amount"`
	Status    string `db:"COALESCE(c.status, '')"`
	Hold      string `db:"COALESCE(c.hold, '')"`
	// One that comes back from a failed line, or from a hold, is approved since it was before.
	Approved int64 `db:"COALESCE((SELECT MAX(x.at) FROM conversion_changes x WHERE x.conversion = c.id AND x.to_status = 'approved' AND x.from_status NOT IN ('locked', 'approved')), 0)"`
}

// Open sums what every cause has on the available accounts, less what lines have taken up.
func (r payoutReader) Open(ctx context.Context, workspace string) ([]payout.Open, error) {
	var l list
	ws := l.param(workspace)
	text := "SELECT " + strings.Join(columnsOf[openRow](), ", ") + " FROM (" +
		" SELECT u.party, u.currency, u.cause_kind, u.cause, CAST(SUM(u.amount) AS BIGINT) AS amount FROM (" +
		" SELECT a.party AS party, a.currency AS currency, t.cause_kind AS cause_kind, t.cause AS cause, -e.amount AS amount" +
		joined + "a.workspace = " + ws + " AND a.kind = " + l.param(string(ledger.PublisherAvailable)) + " AND a.party <> '' AND t.cause_kind <> 'payout_line'" +
		" UNION ALL SELECT i.publisher, i.currency, i.cause_kind, i.cause, -i.amount FROM payout_items i WHERE i.workspace = " + ws + " AND i.taken" +
		") u GROUP BY u.party, u.currency, u.cause_kind, u.cause HAVING SUM(u.amount) <> 0) o" +
		" LEFT JOIN conversions c ON o.cause_kind = 'conversion' AND c.workspace = " + ws + " AND c.id = o.cause" +
		" ORDER BY o.party, o.currency, o.cause_kind, o.cause"
	rows, err := collect[openRow](r.s.dynamic(ctx, text, l.args))
	return each(rows, func(o openRow) payout.Open {
		return payout.Open{Publisher: o.Publisher, Currency: o.Currency, CauseKind: o.CauseKind, Cause: o.Cause, Amount: o.Amount,
			Status: conversion.Status(o.Status), Held: o.Hold != "", Approved: o.Approved}
	}), r.wrap("open payouts", err)
}

// Runs returns a page; see payout.Store.
func (x payoutStore) Runs(ctx context.Context, query payout.RunQuery) ([]*payout.Run, error) {
	l := newList[q.PayoutRun]("payout_runs").equal("workspace", query.Workspace).given("state", string(query.State)).before(query.Before)
	rows, err := collect[q.PayoutRun](x.s.dynamic(ctx, l.query(pageSize(query.Limit)), l.args))
	return each(rows, payoutRunOf), x.wrap("payout runs", err)
}

// ListLines returns a page; see payout.Store.
func (x payoutStore) ListLines(ctx context.Context, query payout.LineQuery) ([]*payout.Line, error) {
	l := newList[q.PayoutLine]("payout_lines").equal("workspace", query.Workspace).given("run", query.Run).given("publisher", query.Publisher).
		given("state", string(query.State)).before(query.Before)
	if query.Given {
		l.oneOf("state", []string{string(payout.Approved), string(payout.Paid), string(payout.Failed)})
	}
	rows, err := collect[q.PayoutLine](x.s.dynamic(ctx, l.query(pageSize(query.Limit)), l.args))
	return each(rows, payoutLineOf), x.wrap("payout lines", err)
}

// Keys returns the keys, the newest last.
func (x payoutStore) Keys(ctx context.Context) ([]payout.Key, error) {
	rows, err := q.New(x.s).PayoutKeys(ctx)
	return each(rows, func(r q.PayoutKey) payout.Key {
		k := payout.Key{ID: r.ID}
		copy(k.Secret[:], r.Secret)
		return k
	}), x.wrap("payout keys", err)
}

// FirstKey stores a key unless its id is taken.
func (x payoutStore) FirstKey(ctx context.Context, k payout.Key) error {
	return x.db.write(ctx, "payouts.first_key", func(ctx context.Context, s *session) error {
		return x.wrap("payout key", q.New(s).InsertPayoutKey(ctx, q.InsertPayoutKeyParams{ID: k.ID, Secret: k.Secret[:]}))
	})
}

// written tells what a write by version came to.
func (t *payoutTx) written(what string, version *int64, n int64, err error) error {
	if err != nil {
		return t.wrap(what, err)
	}
	if n == 0 {
		return catalog.ErrVersion
	}
	*version++
	return nil
}

// PutSettings writes by version.
func (t *payoutTx) PutSettings(ctx context.Context, s *payout.Settings) error {
	minimums, err := json.Marshal(s.Minimums)
	if err != nil {
		return fmt.Errorf("store: minimums: %w", err)
	}
	row := q.PayoutSetting{Workspace: s.Workspace, HoldingDays: s.HoldingDays, MethodDays: s.MethodDays, SecondPerson: s.SecondPerson, Minimums: string(minimums), Updated: s.Updated, Version: s.Version}
	var n int64
	if s.Version == 0 {
		n, err = t.t.q.InsertPayoutSettings(ctx, as[q.InsertPayoutSettingsParams](row))
	} else {
		n, err = t.t.q.UpdatePayoutSettings(ctx, as[q.UpdatePayoutSettingsParams](row))
	}
	return t.written("put payout settings", &s.Version, n, err)
}

// PutMethod writes by version.
func (t *payoutTx) PutMethod(ctx context.Context, m *payout.Method) error {
	row := q.PayoutMethod{Workspace: m.Workspace, Publisher: m.Publisher, Kind: m.Kind, Currency: m.Currency, Exchanges: m.Exchanges, Sealed: bytesOf(m.Sealed), Masked: m.Masked, Changed: m.Changed, ChangedBy: m.ChangedBy, Version: m.Version}
	var n int64
	var err error
	if m.Version == 0 {
		n, err = t.t.q.InsertPayoutMethod(ctx, as[q.InsertPayoutMethodParams](row))
	} else {
		n, err = t.t.q.UpdatePayoutMethod(ctx, as[q.UpdatePayoutMethodParams](row))
	}
	return t.written("put payout method", &m.Version, n, err)
}

// PutRun writes by version.
func (t *payoutTx) PutRun(ctx context.Context, r *payout.Run) error {
	row := q.PayoutRun{
		ID: r.ID, Workspace: r.Workspace, State: string(r.State), Note: r.Note, Publishers: rowsJSON(r.Publishers), Currencies: rowsJSON(r.Currencies),
		Cutoff: r.Cutoff, Made: r.Made, MadeBy: r.MadeBy, Approved: r.Approved, ApprovedBy: r.ApprovedBy, Ended: r.Ended, Exported: r.Exported, ExportedBy: r.ExportedBy,
		LeftOut: rowsJSON(r.Left), Version: r.Version,
	}
	if r.Version == 0 {
		err := t.t.q.InsertPayoutRun(ctx, as[q.InsertPayoutRunParams](row))
		return t.written("insert payout run", &r.Version, 1, err)
	}
	n, err := t.t.q.UpdatePayoutRun(ctx, as[q.UpdatePayoutRunParams](row))
	return t.written("put payout run", &r.Version, n, err)
}

func payoutLineRow(l *payout.Line) q.PayoutLine {
	return q.PayoutLine{
		ID: l.ID, Workspace: l.Workspace, Run: l.Run, Publisher: l.Publisher, Currency: l.Currency, Amount: l.Amount, State: string(l.State), Method: l.Method, Masked: l.Masked,
		PayCurrency: l.PayCurrency, PayAmount: l.PayAmount, Rate: l.Rate, RateDate: l.RateDate, RateSource: l.RateSource, MethodNo: l.MethodNo, Sealed: bytesOf(l.Sealed), Reference: l.Reference, Reason: l.Reason, Settled: l.Settled, SettledBy: l.SettledBy, Version: l.Version,
	}
}

// InsertLine adds a line with its items.
func (t *payoutTx) InsertLine(ctx context.Context, l *payout.Line) error {
	err := t.t.q.InsertPayoutLine(ctx, as[q.InsertPayoutLineParams](payoutLineRow(l)))
	if err != nil {
		return t.wrap("insert payout line", err)
	}
	for _, i := range l.Items {
		err := t.t.q.InsertPayoutItem(ctx, q.InsertPayoutItemParams{
			Line: l.ID, Kind: i.Kind, CauseKind: i.CauseKind, Cause: i.Cause, Workspace: l.Workspace, Publisher: l.Publisher, Currency: l.Currency, Amount: i.Amount,
		})
		if err != nil {
			return t.wrap("insert payout item", err)
		}
	}
	l.Version = 1
	return nil
}

// PutLine writes by version; see payout.Tx.
func (t *payoutTx) PutLine(ctx context.Context, l *payout.Line, taken bool) error {
	n, err := t.t.q.UpdatePayoutLine(ctx, as[q.UpdatePayoutLineParams](payoutLineRow(l)))
	err = t.written("put payout line", &l.Version, n, err)
	if err != nil {
		return err
	}
	err = t.t.q.TakePayoutItems(ctx, q.TakePayoutItemsParams{Taken: taken, Workspace: l.Workspace, Line: l.ID})
	if _, ok := t.t.db.engine.violated(err); ok {
		return fmt.Errorf("%w (line %s)", payout.ErrTaken, l.ID)
	}
	return t.wrap("take payout items", err)
}

// DropLines deletes the lines of a draft with their items.
func (t *payoutTx) DropLines(ctx context.Context, workspace, run string) error {
	lines, err := t.Lines(ctx, workspace, run)
	if err != nil {
		return err
	}
	for _, l := range lines {
		err := t.t.q.DropPayoutItems(ctx, q.DropPayoutItemsParams{Workspace: workspace, Line: l.ID})
		if err != nil {
			return t.wrap("drop payout items", err)
		}
	}
	return t.wrap("drop payout lines", t.t.q.DropPayoutLines(ctx, q.DropPayoutLinesParams{Workspace: workspace, Run: run}))
}

// Audit adds a line to the audit trail.
func (t *payoutTx) Audit(ctx context.Context, a catalog.Audit) error {
	return insertAudit(ctx, t.t.q, a)
}

// AuditPayouts recomputes; see payout.Store.
func (x payoutStore) AuditPayouts(ctx context.Context) ([]string, error) {
	var out []string
	err := x.db.engine.snapshot(ctx, func(s *session) error {
		out = nil
		for _, check := range payoutChecks {
			found, err := check(ctx, q.New(s))
			if err != nil {
				return fmt.Errorf("store: audit of payouts: %w", err)
			}
			out = append(out, found...)
		}
		return nil
	})
	return out, err
}

// sentences runs a query of the audit and says each row.
func sentences[R any](query func(*q.Queries, context.Context, int64) ([]R, error), say func(r R) string) func(context.Context, *q.Queries) ([]string, error) {
	return func(ctx context.Context, qs *q.Queries) ([]string, error) {
		rows, err := query(qs, ctx, mostFindings)
		return each(rows, say), err
	}
}

var payoutChecks = []func(context.Context, *q.Queries) ([]string, error){
	sentences((*q.Queries).AuditPayoutSums, func(r q.AuditPayoutSumsRow) string {
		return fmt.Sprintf("payout line %s is of %d minor units, its items sum to %d", r.ID, r.Amount, r.Items)
	}),
	sentences((*q.Queries).AuditPayoutPostings, func(r q.AuditPayoutPostingsRow) string {
		return fmt.Sprintf("payout line %s is %s with %d minor units, paid as %d; its postings took %d from available, and have %d in payment and %d out of the bank", r.ID, r.State, r.Amount, r.PayAmount, r.Available, r.InPayment, r.Bank)
	}),
	sentences((*q.Queries).AuditPayoutCauses, func(r q.AuditPayoutCausesRow) string {
		return fmt.Sprintf("transaction %s names payout line %s of workspace %s as its cause, and there is none", r.ID, r.Cause, r.Workspace)
	}),
	sentences((*q.Queries).AuditPayoutItems, func(r q.AuditPayoutItemsRow) string {
		return fmt.Sprintf("item %s of payout line %s does not fit the line, which is %s", r.Cause, r.Line, r.State)
	}),
	sentences((*q.Queries).AuditPayoutConversions, func(r q.AuditPayoutConversionsRow) string {
		return fmt.Sprintf("conversion %s is %s, and no payout line has it so", r.ID, r.Status)
	}),
	sentences((*q.Queries).AuditPayoutTaken, func(r q.AuditPayoutTakenRow) string {
		return fmt.Sprintf("payout line %s is %s and has conversion %s, which is not so", r.Line, r.State, r.Cause)
	}),
}

var (
	_ payout.Store = payoutStore{}
	_ payout.Tx    = (*payoutTx)(nil)
)
