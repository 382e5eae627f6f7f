package histories_test

import "clickledger/internal/ledger"

func (e *env) payouts() {}

func refusedPayout(error) bool { return false }

func (h *history) payoutStep() func() error { return nothing }

// taken adds what payout runs have taken up and not paid yet.
func (h *history) taken(func(kind ledger.AccountKind, party, currency string, debit int64)) error {
	return nil
}
