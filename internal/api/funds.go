package api

import (
	"context"
	"net/http"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/funds"
)

// Funder records advertisers' payments; [funds.Service] does.
type Funder interface {
	Record(ctx context.Context, p account.Principal, workspace, advertiser, key string, d funds.PaymentDoc) (*funds.Payment, error)
	List(ctx context.Context, p account.Principal, workspace, advertiser, before string, limit int) ([]*funds.Payment, error)
	Of(ctx context.Context, p account.Principal, workspace, advertiser string) ([]funds.Funds, error)
}

// Funds is how an advertiser stands in one currency.
type Funds struct {
	Currency string `json:"currency" doc:"The currency."`
	Paid     string `json:"paid" doc:"Paid ahead."`
	Owed     string `json:"owed" doc:"Owed for conversions; pending ones are in it."`
	Left     string `json:"left" doc:"Paid less owed."`
	State    string `json:"state" enum:"enough,low,used_up" doc:"low: at or below prepay_warn. used_up: offers in this currency take no visitors while the advertiser pays ahead."`
}

// Payment is money that came from an advertiser, or went back.
type Payment struct {
	ID         string    `json:"id" doc:"Its id."`
	Advertiser string    `json:"advertiser" doc:"From whom it came."`
	Kind       string    `json:"kind" enum:"ahead,owed" doc:"ahead: for conversions to come. owed: for what was billed."`
	Amount     string    `json:"amount" doc:"Decimal text; negative: paid back."`
	Currency   string    `json:"currency" doc:"Of the amount."`
	Reference  string    `json:"reference" doc:"What the bank calls it, or the number of the invoice."`
	Reason     string    `json:"reason" doc:"Why."`
	Actor      string    `json:"actor" doc:"The user or key that recorded it."`
	Date       time.Time `json:"date" doc:"When it happened."`
	Recorded   time.Time `json:"recorded" doc:"When it was recorded."`
}

func paymentView(p *funds.Payment) Payment {
	return Payment{p.ID, p.Advertiser, string(p.Kind), text(p.Amount, p.Currency), p.Currency, p.Reference, p.Reason, p.Actor, timeOf(p.At), timeOf(p.Recorded)}
}

type paymentInput struct {
	One
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of yours. The same payment under it again is recorded once; another one is refused with 409."`
	Body body[funds.PaymentDoc]
}

type paymentsInput struct {
	One
	Paging
}

type paymentOutput struct {
	Status int
	Body   Payment
}

func (s *server) registerFunds() {
	const tag = "advertisers"
	add(s, route{method: http.MethodGet, path: "/advertisers/{id}/funds", id: "get-advertiser-funds", tag: tag, summary: "Read what an advertiser has paid ahead, owes and has left, by currency"}, s.advertiserFunds)
	add(s, route{method: http.MethodGet, path: "/advertisers/{id}/payments", id: "list-advertiser-payments", tag: tag, summary: "List an advertiser's payments"}, s.advertiserPayments)
	add(s, route{method: http.MethodPost, path: "/advertisers/{id}/payments", id: "create-advertiser-payment", tag: tag, summary: "Record a payment of an advertiser", status: http.StatusCreated,
		text: "Booked at once: bank against prepayment, or against what is owed. It is never changed; a mistake is corrected by the opposite amount."}, s.createPayment)
}

func (s *server) advertiserFunds(ctx context.Context, in *One) (*pageOutput[Funds], error) {
	ws, err := s.fundsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	fs, err := s.Funds.Of(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return cut(fs, len(fs), func(f funds.Funds) string { return f.Currency }, func(f funds.Funds) Funds {
		return Funds{f.Currency, text(f.Paid, f.Currency), text(f.Owed, f.Currency), text(f.Left(), f.Currency), string(f.State)}
	}), nil
}

func (s *server) advertiserPayments(ctx context.Context, in *paymentsInput) (*pageOutput[Payment], error) {
	ws, err := s.fundsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	ps, err := s.Funds.List(ctx, caller(ctx), ws, in.ID, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return cut(ps, in.Limit, func(p *funds.Payment) string { return p.ID }, paymentView), nil
}

func (s *server) createPayment(ctx context.Context, in *paymentInput) (*paymentOutput, error) {
	ws, err := s.fundsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d funds.PaymentDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	p, err := s.Funds.Record(ctx, caller(ctx), ws, in.ID, in.Key, d)
	if err != nil {
		return nil, err
	}
	return &paymentOutput{http.StatusCreated, paymentView(p)}, nil
}

// fundsOf is the workspace of a request about advertisers' money.
func (s *server) fundsOf(ctx context.Context, in Scope) (string, error) {
	if s.Funds == nil {
		return "", errAbsent
	}
	return s.workspace(ctx, in)
}
