package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
)

// Balance is an account with its totals.
type Balance struct {
	Account  string `json:"account" example:"publisher_pending:pub_01kb3x9w2m7q4d5e:USD" doc:"The account's name."`
	Kind     string `json:"kind" enum:"bank,receivable,prepayment,revenue,commission_expense,adjustments,publisher_pending,publisher_available,publisher_in_payment,tax,media_expense,source_payable,exchange_difference" doc:"The part of the books it belongs to."`
	Party    string `json:"party" doc:"Advertiser or publisher; empty: the house."`
	Currency string `json:"currency" doc:"ISO 4217."`
	Debits   string `json:"debits" doc:"Sum of its debits."`
	Credits  string `json:"credits" doc:"Sum of its credits."`
	Balance  string `json:"balance" doc:"The balance on its normal side: debits minus credits for bank, receivable, commission_expense, adjustments, media_expense and exchange_difference, credits minus debits for the others."`
	Meaning  string `json:"meaning" doc:"What the account holds."`
}

// Transaction is a balanced set of entries with one cause.
type Transaction struct {
	ID        string    `json:"id" doc:"Its id."`
	Kind      string    `json:"kind" doc:"accrual, approval, rejection, reversal, adjustment, bonus, or what a payout does."`
	CauseKind string    `json:"cause_kind" doc:"What caused it."`
	Cause     string    `json:"cause" doc:"Id of what caused it."`
	Effective time.Time `json:"effective" doc:"When it happened."`
	Recorded  time.Time `json:"recorded" doc:"When it was posted."`
	Memo      string    `json:"memo" doc:"In words."`
	Entries   []Entry   `json:"entries" nullable:"false" doc:"Its entries; they sum to zero in each currency."`
}

// Entry is one side of a transaction.
type Entry struct {
	Account  string `json:"account" doc:"The account's name."`
	Kind     string `json:"kind" doc:"The part of the books it belongs to."`
	Party    string `json:"party" doc:"Advertiser or publisher; empty: the house."`
	Currency string `json:"currency" doc:"ISO 4217."`
	Amount   string `json:"amount" example:"-5.00" doc:"Debits are positive, credits negative."`
}

// PublisherBalance is what a publisher earned in one currency.
type PublisherBalance struct {
	Currency  string `json:"currency" doc:"ISO 4217."`
	Pending   string `json:"pending" doc:"Commission of conversions not yet approved."`
	Available string `json:"available" doc:"Commission of approved conversions and bonuses, owed to the publisher; below 0: carried over."`
	InPayment string `json:"in_payment" doc:"What a payout run has taken up and the bank has not paid yet."`
}

func transactionView(t *ledger.Transaction) Transaction {
	v := Transaction{ID: t.ID, Kind: t.Kind, CauseKind: t.CauseKind, Cause: t.Cause, Effective: timeOf(t.Effective), Recorded: timeOf(t.Recorded), Memo: t.Memo, Entries: []Entry{}}
	for _, e := range t.Entries {
		a := e.Account
		v.Entries = append(v.Entries, Entry{a.Code(), string(a.Kind), a.Party, a.Currency, text(e.Amount, a.Currency)})
	}
	return v
}

type balanceInput struct {
	Scope
	MomentInput
	Party string `query:"party" maxLength:"64" doc:"Only of this advertiser or publisher."`
}

type transactionInput struct {
	Scope
	Paging
	Cause string `query:"cause" maxLength:"64" doc:"Only caused by this, such as a conversion's id."`
	Party string `query:"party" maxLength:"64" doc:"Only with an entry of this advertiser or publisher."`
	Kind  string `query:"kind" enum:"bank,receivable,prepayment,revenue,commission_expense,adjustments,publisher_pending,publisher_available,publisher_in_payment,tax,media_expense,source_payable,exchange_difference" doc:"Only with an entry in this part of the books."`
}

func (s *server) registerLedger() {
	add(s, route{method: http.MethodGet, path: "/ledger/balances", id: "list-balances", tag: "ledger", summary: "Read every account with its totals, also of a past moment", text: "The accounts are few, so there is one page."}, s.listBalances)
	add(s, route{method: http.MethodGet, path: "/ledger/transactions", id: "list-transactions", tag: "ledger", summary: "List transactions with their entries"}, s.listTransactions)
	add(s, route{method: http.MethodGet, path: "/publishers/{id}/balance", id: "get-publisher-balance", tag: "publishers", summary: "Read what a publisher earned, by currency"}, s.publisherBalance)
}

func (s *server) listBalances(ctx context.Context, in *balanceInput) (*pageOutput[Balance], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	at, err := moment("before", in.Before, in.By)
	if err != nil {
		return nil, err
	}
	bs, err := s.Books.BalancesAt(ctx, ws, in.Party, at)
	if err != nil {
		return nil, err
	}
	code := func(b ledger.Balance) string { return b.Account.Code() }
	slices.SortFunc(bs, func(a, b ledger.Balance) int { return compare(code(a), code(b)) })
	return cut(bs, len(bs), code, func(b ledger.Balance) Balance {
		a := b.Account
		return Balance{a.Code(), string(a.Kind), a.Party, a.Currency, text(b.Debits, a.Currency), text(b.Credits, a.Currency), text(b.Net(), a.Currency), ledger.AccountKinds[a.Kind].Help}
	}), nil
}

func (s *server) listTransactions(ctx context.Context, in *transactionInput) (*pageOutput[Transaction], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	ts, err := s.Books.Transactions(ctx, ledger.Query{Workspace: ws, Cause: in.Cause, Party: in.Party, Kind: ledger.AccountKind(in.Kind), Before: in.Cursor, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return cut(ts, in.Limit, func(t *ledger.Transaction) string { return t.ID }, transactionView), nil
}

func (s *server) publisherBalance(ctx context.Context, in *One) (*pageOutput[PublisherBalance], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	_, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindPublisher, ws, in.ID)
	if err != nil {
		return nil, err
	}
	bs, err := s.Books.Balances(ctx, ws, in.ID)
	if err != nil {
		return nil, err
	}
	pending, available, inPayment := map[string]int64{}, map[string]int64{}, map[string]int64{}
	var currencies []string
	for _, b := range bs {
		c := b.Account.Currency
		switch b.Account.Kind {
		case ledger.PublisherPending:
			pending[c] += b.Net()
		case ledger.PublisherAvailable:
			available[c] += b.Net()
		case ledger.PublisherInPayment:
			inPayment[c] += b.Net()
		default:
			continue
		}
		currencies = append(currencies, c)
	}
	slices.Sort(currencies)
	currencies = slices.Compact(currencies)
	return cut(currencies, len(currencies), func(c string) string { return c }, func(c string) PublisherBalance {
		return PublisherBalance{c, text(pending[c], c), text(available[c], c), text(inPayment[c], c)}
	}), nil
}
