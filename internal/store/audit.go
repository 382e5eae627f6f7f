package store

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"clickledger/internal/store/q"
)

// mostFindings bounds what one check of the audit reports: a broken ledger is broken
// enough after a hundred sentences.
const mostFindings = 100

// Audit recomputes the ledger from its entries; see ledger.Reader. It reads one
// consistent state while writes go on.
func (b booksStore) Audit(ctx context.Context) ([]string, error) {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	err := b.db.engine.snapshot(ctx, func(s *session) error {
		qs := q.New(s)
		for _, check := range []func(context.Context, *q.Queries, func(string, ...any)) error{
			auditTransactions, auditEntries, auditBalances, auditTotals, auditCauses, auditPayments, auditConversions, auditDocuments,
		} {
			err := check(ctx, qs, say)
			if err != nil {
				return fmt.Errorf("store: audit: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func auditTransactions(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	off, err := qs.AuditUnbalanced(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range off {
		say("transaction %s is off by %d minor units of %s", r.TransactionID, r.Off, r.Currency)
	}
	few, err := qs.AuditFewEntries(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range few {
		say("transaction %s has %d entries, and at least 2 are needed", r.ID, r.N)
	}
	return nil
}

func auditEntries(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	orphans, err := qs.AuditOrphanEntries(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range orphans {
		say("entry %d of transaction %s has no transaction", r.No, r.TransactionID)
	}
	foreign, err := qs.AuditForeignEntries(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range foreign {
		say("entry %d of transaction %s is on an account of another workspace or currency, or of none", r.No, r.TransactionID)
	}
	return nil
}

func auditBalances(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	rows, err := qs.AuditBalances(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range rows {
		name := r.Workspace + " " + r.Kind + ":" + r.Party + ":" + r.Currency
		if r.Debits < 0 {
			say("account %s has no balance", name)
			continue
		}
		say("account %s says debits %d and credits %d, its entries sum to %d and %d", name, r.Debits, r.Credits, r.SumDebits, r.SumCredits)
	}
	return nil
}

// auditTotals compares all debits with all credits. Sums over accounts may be larger
// than any one balance can be.
func auditTotals(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	rows, err := qs.Totals(ctx)
	if err != nil {
		return err
	}
	net := map[string]*big.Int{}
	for _, r := range rows {
		n := net[r.Currency]
		if n == nil {
			n = new(big.Int)
			net[r.Currency] = n
		}
		n.Add(n, big.NewInt(r.Debits))
		n.Sub(n, big.NewInt(r.Credits))
	}
	var wrong []string
	for currency, n := range net {
		if n.Sign() != 0 {
			wrong = append(wrong, fmt.Sprintf("all %s debits and credits differ by %s minor units", currency, n))
		}
	}
	slices.Sort(wrong)
	for _, w := range wrong {
		say("%s", w)
	}
	return nil
}

// auditPayments: payments and their transactions belong to each other.
func auditPayments(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	rows, err := qs.AuditPaymentCauses(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range rows {
		say("transaction %s names payment %s of workspace %s as its cause, and there is none", r.ID, r.Cause, r.Workspace)
	}
	lost, err := qs.AuditUnpostedPayments(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range lost {
		say("payment %s of workspace %s is not in the ledger", r.ID, r.Workspace)
	}
	return nil
}

func auditCauses(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	rows, err := qs.AuditCauses(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range rows {
		say("transaction %s names conversion %s of workspace %s as its cause, and there is none", r.ID, r.Cause, r.Workspace)
	}
	bonuses, err := qs.AuditAdjustmentCauses(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range bonuses {
		say("transaction %s names adjustment %s of workspace %s as its cause, and there is none", r.ID, r.Cause, r.Workspace)
	}
	return nil
}

// auditConversions compares what each conversion says with the entries it caused.
func auditConversions(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	rows, err := qs.AuditConversions(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range rows {
		say("conversion %s is %s with revenue %d and commission %d (minor units of %s); its entries say receivable %d, revenue %d, commission %d, of which pending %d and available %d",
			r.ID, r.Status, r.Revenue, r.Commission, r.Currency, r.Receivable, r.Earned, r.Expense, r.Pending, r.Available)
	}
	orphans, err := qs.AuditOrphanAdjustments(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range orphans {
		say("adjustment %d names conversion %s of workspace %s, which is none or was never adjusted", r.ID, r.Conversion, r.Workspace)
	}
	adjusted, err := qs.AuditAdjusted(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range adjusted {
		say("conversion %s of workspace %s is not worth what its adjustments make of it", r.ID, r.Workspace)
	}
	ended, err := qs.AuditHistories(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range ended {
		say("conversion %s of workspace %s is %s, and its history ends otherwise", r.ID, r.Workspace, r.Status)
	}
	return nil
}
