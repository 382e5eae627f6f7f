package portal

import (
	"context"
	"fmt"

	"clickledger/internal/funds"
)

// Funds is what the advertiser has paid and owes in one currency.
type Funds struct {
	Owed  Money  `json:"owed" doc:"Owed for conversions; pending ones are in it."`
	Paid  Money  `json:"paid" doc:"Paid ahead."`
	Left  Money  `json:"left" doc:"Paid ahead less owed."`
	State string `json:"state" enum:",enough,low,used_up" doc:"Of one who pays ahead: with used_up the offers in this currency take no visitors. Empty: you are billed."`
}

// Funds lists what the advertiser has paid and owes, by currency.
func (a *Advertiser) Funds(ctx context.Context) ([]Funds, error) {
	bs, err := a.s.o.Books.Balances(ctx, a.account.Workspace, a.row.ID)
	if err != nil {
		return nil, fmt.Errorf("read balances: %w", err)
	}
	out := []Funds{}
	for _, f := range funds.Sum(bs, a.row) {
		v := Funds{Owed: moneyOf(f.Owed, f.Currency), Paid: moneyOf(f.Paid, f.Currency), Left: moneyOf(f.Left(), f.Currency)}
		if a.row.Prepaid {
			v.State = string(f.State)
		}
		out = append(out, v)
	}
	return out, nil
}
