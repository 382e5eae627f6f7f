package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// Adjustment is a change of what a conversion is worth after it was recorded.
type Adjustment struct {
	Key        string    `json:"key" doc:"The refund's id, or the key it was stated under."`
	Kind       string    `json:"kind" enum:"refund,change" doc:"refund: in proportion to what the customer has back; change: somebody stated the amounts."`
	Asked      string    `json:"asked" doc:"What was asked for."`
	Currency   string    `json:"currency" doc:"Of the differences."`
	Sale       string    `json:"sale" example:"-20.00" doc:"Difference of the sale."`
	Revenue    string    `json:"revenue" example:"-2.00" doc:"Difference of the revenue."`
	Commission string    `json:"commission" example:"-1.20" doc:"Difference of the commission."`
	Actor      string    `json:"actor" doc:"Id of the user, API key or signal."`
	Reason     string    `json:"reason" doc:"Why."`
	At         time.Time `json:"at" doc:"When."`
}

func adjustmentView(a *conversion.Adjustment) Adjustment {
	return Adjustment{a.Key, a.Kind, a.Asked, a.Currency, text(a.Sale, a.Currency), text(a.Revenue, a.Currency), text(a.Commission, a.Currency), a.Actor, a.Reason, timeOf(a.At)}
}

// RefundDoc is what the customer has got back.
type RefundDoc struct {
	RefundID string `json:"refund_id" required:"false" maxLength:"200" doc:"The shop's id of the refund: the same again does nothing. Needed for a part."`
	Amount   string `json:"amount" required:"false" maxLength:"40" example:"20.00" doc:"How much. Empty: all that is left."`
	Currency string `json:"currency" required:"false" maxLength:"3" doc:"The conversion's, or that of its signal. Default: the conversion's."`
	Reason   string `json:"reason" required:"false" maxLength:"500" doc:"Why; it is kept. Needed."`
}

// AmountsDoc states what a conversion is worth.
type AmountsDoc struct {
	Key        string  `json:"key" required:"false" maxLength:"200" doc:"A name of yours for this change: the same again does nothing. Needed."`
	SaleAmount *string `json:"sale_amount" required:"false" example:"80.00" doc:"The sale from now on. Absent or null: as it is."`
	Revenue    *string `json:"revenue" required:"false" example:"8.00" doc:"What it pays us from now on. Absent or null: as it is."`
	Commission *string `json:"commission" required:"false" example:"4.00" doc:"What it pays the publisher from now on. Absent or null: as it is."`
	Reason     string  `json:"reason" required:"false" maxLength:"500" doc:"Why; it is kept. Needed."`
}

// BalanceAdjustmentDoc is a bonus to a publisher, or a correction.
type BalanceAdjustmentDoc struct {
	Key      string `json:"key" required:"false" maxLength:"200" doc:"A name of yours for it: the same again does nothing, with another amount it is refused as conflict. Needed."`
	Amount   string `json:"amount" required:"false" maxLength:"40" example:"50.00" doc:"In favour of the publisher; with a minus against it. Needed."`
	Currency string `json:"currency" required:"false" maxLength:"3" example:"USD" doc:"Of the amount. Needed."`
	Reason   string `json:"reason" required:"false" maxLength:"500" doc:"Why; the books keep it. Needed."`
}

// BalanceAdjustment is a bonus to a publisher, or a correction, that belongs to no
// conversion.
type BalanceAdjustment struct {
	ID        string    `json:"id" doc:"Its id: the cause of its ledger transaction."`
	Key       string    `json:"key" doc:"The name it was booked under."`
	Publisher string    `json:"publisher" doc:"Whose balance."`
	Currency  string    `json:"currency" doc:"Of the amount."`
	Amount    string    `json:"amount" doc:"In favour of the publisher; below 0 against it."`
	Actor     string    `json:"actor" doc:"Id of the user or API key."`
	Reason    string    `json:"reason" doc:"Why."`
	At        time.Time `json:"at" doc:"When."`
	Replayed  bool      `json:"replayed" doc:"Whether it had been booked under the key before."`
}

func balanceAdjustmentView(b *conversion.BalanceAdjustment) BalanceAdjustment {
	return BalanceAdjustment{ID: b.ID, Key: b.Key, Publisher: b.Publisher, Currency: b.Currency, Amount: text(b.Amount, b.Currency), Actor: b.Actor, Reason: b.Reason, At: timeOf(b.At)}
}

// Adjusted is a conversion with the adjustment that was made.
type Adjusted struct {
	Conversion Conversion `json:"conversion" doc:"As it is now."`
	Adjustment Adjustment `json:"adjustment" doc:"What was booked."`
	Replayed   bool       `json:"replayed" doc:"Whether it had been made under the key before; then nothing was changed."`
}

type (
	refundInput struct {
		One
		Body body[RefundDoc]
	}
	amountsInput struct {
		One
		Body body[AmountsDoc]
	}
	bonusInput struct {
		One
		Body body[BalanceAdjustmentDoc]
	}
	bonusListInput struct {
		Scope
		Paging
		Publisher string `query:"publisher" maxLength:"64" doc:"Only of this publisher."`
	}
	adjustedOutput struct{ Body Adjusted }
	bonusOutput    struct{ Body BalanceAdjustment }
)

func (s *server) registerAdjustments() {
	add(s, route{method: http.MethodPost, path: "/conversions/{id}/hold", id: "hold-conversion", tag: "conversions", summary: "Hold a conversion back",
		text: "Its state stays, but nobody approves it and no payout takes it up until it is released. Possible while it is pending or approved. Needs a reason."}, s.hold(true))
	add(s, route{method: http.MethodPost, path: "/conversions/{id}/release", id: "release-conversion", tag: "conversions", summary: "Release a conversion", bodyOptional: true,
		text: "From the hold of somebody or of a cap. One that is not held stays as it is."}, s.hold(false))
	add(s, route{method: http.MethodPost, path: "/conversions/{id}/refund", id: "refund-conversion", tag: "conversions", summary: "Take a refund off a conversion",
		text: "Revenue and commission fall to the share of the sale that is left, counted of what they were before the first refund. The last refund takes exactly what remains, and the conversion is reversed or, when it was pending, rejected. After a payout the commission is taken off what is available. Larger than what is left is refused as refund_too_large, a refund_id with another amount as conflict."}, s.refund)
	add(s, route{method: http.MethodPost, path: "/conversions/{id}/amounts", id: "restate-conversion", tag: "conversions", summary: "State what a conversion is worth",
		text: "The difference is booked as an adjustment. Later refunds take their share of the amounts stated, and it is not repriced any more."}, s.restate)
	add(s, route{method: http.MethodPost, path: "/publishers/{id}/adjustments", id: "adjust-publisher", tag: "publishers", summary: "Book a bonus or a correction", status: http.StatusCreated,
		text: "Without a conversion: what is available to the publisher changes at once, against the account adjustments."}, s.adjustPublisher)
	add(s, route{method: http.MethodGet, path: "/adjustments", id: "list-adjustments", tag: "ledger", summary: "List bonuses and corrections"}, s.listAdjustments)
}

// refusedProblem answers what the books refuse as the same postback would be answered.
func refusedProblem(r *conversion.Refusal) *Problem {
	p := &Problem{Status: event.Verdicts[r.Verdict].Status, Code: string(r.Verdict), Detail: r.Detail}
	if p.Status < http.StatusBadRequest || p.Status == http.StatusUnauthorized {
		p.Status = http.StatusUnprocessableEntity
	}
	if r.Field != "" {
		p.Errors = []FieldProblem{{Field: r.Field, Rule: string(r.Verdict), Message: r.Detail}}
	}
	return p
}

// reasoned refuses a missing or too long reason.
func reasoned(bad *catalog.Invalid, reason string) {
	switch {
	case reason == "":
		bad.Add("reason", "required", "", "Say why: it is kept.")
	case len([]rune(reason)) > 500:
		bad.Add("reason", "too_long", reason, "Must be at most 500 characters long.")
	}
}

func (s *server) hold(held bool) func(context.Context, *decideInput) (*conversionOutput, error) {
	return func(ctx context.Context, in *decideInput) (*conversionOutput, error) {
		ws, err := s.workspace(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		_, err = s.conversion(ctx, ws, in.ID)
		if err != nil {
			return nil, err
		}
		var d ReasonDoc
		err = mergeThen(&d, &ReasonDoc{}, orEmpty(in.Body.raw), func() error {
			bad := &catalog.Invalid{}
			d.Reason = strings.TrimSpace(d.Reason)
			if held || d.Reason != "" {
				reasoned(bad, d.Reason)
			}
			return bad.Err()
		})
		if err != nil {
			return nil, err
		}
		c, err := s.Decide.SetHold(ctx, caller(ctx), ws, in.ID, held, d.Reason)
		if err != nil {
			return nil, err
		}
		return &conversionOutput{s.conversionView(c)}, nil
	}
}

// parsed reads an amount of a body.
func parsed(bad *catalog.Invalid, field, value string, c money.Currency, negative bool) int64 {
	a, err := money.ParseAmount(value, c, money.ParseOptions{AllowNegative: negative})
	var wrong *money.Error
	if errors.As(err, &wrong) {
		bad.Add(field, string(wrong.Code), value, wrong.Msg)
	}
	return a.Minor
}

// currencyOf reads a currency of a body.
func currencyOf(bad *catalog.Invalid, value string) money.Currency {
	c, err := money.ParseCurrency(value)
	if err != nil {
		bad.Add("currency", "unknown_currency", value, "Must be an ISO 4217 code, such as USD.")
	}
	return c
}

func (s *server) refund(ctx context.Context, in *refundInput) (*adjustedOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	c, err := s.conversion(ctx, ws, in.ID)
	if err != nil {
		return nil, err
	}
	var d RefundDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	reasoned(bad, d.Reason)
	r := conversion.Refund{Key: d.RefundID, Whole: d.Amount == "", Reason: d.Reason}
	if d.Currency == "" {
		d.Currency = c.Currency
	}
	r.Amount.Currency = currencyOf(bad, d.Currency)
	switch {
	case r.Whole && r.Key == "":
		r.Key = conversion.RefundWhole
	case !r.Whole && r.Key == "":
		bad.Add("refund_id", "required", "", "A refund of a part needs its id, so that the same one sent twice counts once.")
	}
	if !r.Whole && bad.Err() == nil {
		r.Amount.Minor = parsed(bad, "amount", d.Amount, r.Amount.Currency, false)
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	c, a, fresh, err := s.Decide.Refund(ctx, caller(ctx), ws, in.ID, r)
	if err != nil {
		return nil, err
	}
	return &adjustedOutput{Adjusted{s.conversionView(c), adjustmentView(a), !fresh}}, nil
}

func (s *server) restate(ctx context.Context, in *amountsInput) (*adjustedOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	c, err := s.conversion(ctx, ws, in.ID)
	if err != nil {
		return nil, err
	}
	var d AmountsDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	reasoned(bad, d.Reason)
	if d.Key == "" {
		bad.Add("key", "required", "", "Name the change, so that the same sent twice counts once.")
	}
	w := conversion.Worth{Key: d.Key, Reason: d.Reason}
	for _, x := range []struct {
		field string
		text  *string
		to    **int64
	}{{"sale_amount", d.SaleAmount, &w.Sale}, {"revenue", d.Revenue, &w.Revenue}, {"commission", d.Commission, &w.Commission}} {
		if x.text != nil {
			minor := parsed(bad, x.field, *x.text, money.Currency(c.Currency), false)
			*x.to = &minor
		}
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	c, a, fresh, err := s.Decide.Restate(ctx, caller(ctx), ws, in.ID, w)
	var refusal *conversion.Refusal
	if errors.As(err, &refusal) && refusal.Field == "sale" {
		refusal.Field = "sale_amount" // as it is called here
	}
	if err != nil {
		return nil, err
	}
	return &adjustedOutput{Adjusted{s.conversionView(c), adjustmentView(a), !fresh}}, nil
}

func (s *server) adjustPublisher(ctx context.Context, in *bonusInput) (*bonusOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	_, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindPublisher, ws, in.ID)
	if err != nil {
		return nil, err
	}
	var d BalanceAdjustmentDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	reasoned(bad, d.Reason)
	b := conversion.BalanceAdjustment{Key: d.Key, Publisher: in.ID, Reason: d.Reason}
	currency := currencyOf(bad, d.Currency)
	b.Currency = string(currency)
	if bad.Err() == nil {
		b.Amount = parsed(bad, "amount", d.Amount, currency, true)
	}
	err = bad.Err()
	if err == nil {
		err = b.Check()
	}
	if err != nil {
		return nil, err
	}
	booked, fresh, err := s.Decide.AdjustBalance(ctx, caller(ctx), ws, b)
	if err != nil {
		return nil, err
	}
	v := balanceAdjustmentView(booked)
	v.Replayed = !fresh
	return &bonusOutput{v}, nil
}

func (s *server) listAdjustments(ctx context.Context, in *bonusListInput) (*pageOutput[BalanceAdjustment], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	list, err := s.Books.BalanceAdjustments(ctx, ws, in.Publisher, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return cut(list, in.Limit, func(b *conversion.BalanceAdjustment) string { return b.ID }, balanceAdjustmentView), nil
}
