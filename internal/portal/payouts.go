package portal

import (
	"context"
	"fmt"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/payout"
)

// Payouts is what the portals need of *payout.Service, which knows whose they are itself.
type Payouts interface {
	Own(ctx context.Context, p account.Principal) (*payout.Method, error)
	SetOwn(ctx context.Context, p account.Principal, version int64, d payout.Details) (*payout.Method, error)
	OwnLines(ctx context.Context, p account.Principal, before string, limit int) ([]*payout.Line, error)
}

// PaidOut is a payment to a publisher.
type PaidOut struct {
	ID        string     `json:"id" doc:"Its id; the reference of the payment."`
	Amount    Money      `json:"amount" doc:"How much."`
	Of        Money      `json:"of" doc:"What of your balance it is: the same, or what it was exchanged from."`
	State     string     `json:"state" enum:"in_payment,paid,failed" doc:"failed: it is available again, and in the next run."`
	Method    string     `json:"method" enum:"bank,paypal,wise,other" doc:"How."`
	Details   string     `json:"details" doc:"Where it goes, masked."`
	Reference string     `json:"reference" doc:"What the bank called it."`
	Reason    string     `json:"reason" doc:"Why it failed."`
	Settled   *time.Time `json:"settled" doc:"When it was paid, or found to have failed; null: not yet."`
}

// PayoutMethod is how a publisher is paid.
type PayoutMethod struct {
	Kind     string     `json:"kind" enum:"none,bank,paypal,wise,other" doc:"none: nothing can be paid before there is one."`
	Currency string     `json:"currency" doc:"The only currency it takes; empty: any."`
	Exchange bool       `json:"exchange" doc:"Whether what is in other currencies is exchanged into it."`
	Details  string     `json:"details" doc:"Where the money goes, masked."`
	Changed  *time.Time `json:"changed" doc:"When it was last changed; null: never."`
	Version  int64      `json:"version" doc:"Counts its changes."`
}

// PayoutDetails are new details of a publisher's method.
type PayoutDetails = payout.Details

func (p *Publisher) payouts() (Payouts, error) {
	if p.s.o.Payouts == nil {
		return nil, catalog.ErrNotFound
	}
	return p.s.o.Payouts, nil
}

// Payouts are the payments to the publisher, newest first; previews are none.
func (p *Publisher) Payouts(ctx context.Context, at Paging) (Page[PaidOut], error) {
	all, err := p.payouts()
	if err != nil {
		return Page[PaidOut]{}, err
	}
	limit := at.limit()
	lines, err := all.OwnLines(ctx, p.asks, at.Cursor, limit+1)
	if err != nil {
		return Page[PaidOut]{}, fmt.Errorf("payouts: %w", err)
	}
	return page(lines, limit, func(l *payout.Line) string { return l.ID }, func(l *payout.Line) PaidOut {
		v := PaidOut{ID: l.ID, Amount: moneyOf(l.PayAmount, l.PayCurrency), Of: moneyOf(l.Amount, l.Currency), State: string(l.State), Method: l.Method, Details: l.Masked, Reference: l.Reference, Reason: l.Reason, Settled: instant(l.Settled)}
		if l.State == payout.Approved {
			v.State = "in_payment"
		}
		return v
	}), nil
}

// instant reads a time in µs; nil for none.
func instant(µs int64) *time.Time {
	if µs == 0 {
		return nil
	}
	t := time.UnixMicro(µs).UTC()
	return &t
}

func payoutMethod(m *payout.Method, err error) (*PayoutMethod, error) {
	if err != nil {
		return nil, err
	}
	return &PayoutMethod{m.Kind, m.Currency, m.Exchanges, m.Masked, instant(m.Changed), m.Version}, nil
}

// PayoutMethod is how the publisher is paid.
func (p *Publisher) PayoutMethod(ctx context.Context) (*PayoutMethod, error) {
	all, err := p.payouts()
	if err != nil {
		return nil, err
	}
	return payoutMethod(all.Own(ctx, p.asks))
}

// SetPayoutMethod changes it, for people and not for keys.
func (p *Publisher) SetPayoutMethod(ctx context.Context, version int64, d PayoutDetails) (*PayoutMethod, error) {
	all, err := p.payouts()
	if err != nil {
		return nil, err
	}
	return payoutMethod(all.SetOwn(ctx, p.asks, version, d))
}
