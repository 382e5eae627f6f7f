package ledger

import (
	"fmt"

	"clickledger/internal/money"
)

// Exchanged is a balance of an account taken into another currency.
type Exchanged struct {
	From, To money.Amount
	Rate     money.Rate
}

// Memo says at which rate and of which day, for the transaction.
func (x *Exchanged) Memo() string {
	return fmt.Sprintf("%s = %s at %s (%s, %s)", x.From.Format(), x.To.Format(), x.Rate.Rate, x.Rate.Source, x.Rate.Date)
}

// Convert gives the entries that take an amount of a credit-normal account, such as a
// publisher's available, into another currency at a rate: from leaves the account in its
// own currency, the result enters it in the rate's. Both legs go through the house's
// exchange difference, so that each currency balances by itself, and what rates of several
// days differ by stays there to be seen. An amount below 0, a debt, is taken over as one.
//
// The result is rounded once by the rule of money; the memo of [Exchanged] belongs on the
// transaction. An amount that becomes 0 in the other currency has no entries there, and is
// left in the difference as a whole. It fails with [*money.Error], and with ErrOverflow for
// nothing to convert.
func Convert(from Account, minor int64, rate money.Rate) (*Exchanged, []Entry, error) {
	x := &Exchanged{From: money.Amount{Minor: minor, Currency: money.Currency(from.Currency)}, Rate: rate}
	if minor == 0 || string(rate.From) != from.Currency || rate.From == rate.To {
		return nil, nil, fmt.Errorf("%w: %s at a rate of %s to %s", ErrOverflow, x.From.Format(), rate.From, rate.To)
	}
	var err error
	x.To, err = money.Convert(x.From, rate.To, rate.Rate)
	if err != nil {
		return nil, nil, err
	}
	difference := func(currency string) Account {
		return Account{Workspace: from.Workspace, Kind: ExchangeDifference, Currency: currency}
	}
	into := from
	into.Currency = string(rate.To)
	es := []Entry{{from, minor}, {difference(from.Currency), -minor}}
	if x.To.Minor != 0 {
		es = append(es, Entry{difference(into.Currency), x.To.Minor}, Entry{into, -x.To.Minor})
	}
	return x, es, nil
}
