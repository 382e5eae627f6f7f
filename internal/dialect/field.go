package dialect

import (
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// Field is what a parameter says.
type Field uint8

// The fields.
const (
	Nothing Field = iota // known, and not kept
	ClickID
	Offer
	Goal
	Payout
	Amount
	Currency
	TxID
	Status
	RefundID
	EventTime
	Token
	Key
	Coupon
	Geo
	CommissionID
	Customer
	Items
	ClickFrom
	Publisher
	// EventWord is a word of the dialect's own vocabulary, see [Table.Events].
	EventWord
	// Commission is what the publisher would be paid, which is not for the wire to say.
	Commission
)

// paramKind says what a value that nobody meant to send does.
type paramKind uint8

const (
	strict paramKind = iota // the signal is refused
	figure                  // a macro nobody replaced counts as absent, and is named (P9); anything else is refused
	note                    // kept beside the conversion, never refused
)

// fields are what is to be known of each.
var fields = [...]struct {
	name string // the product's own parameter
	kind paramKind
	into func(*Request) *string // nil: it is not kept as it is
	// missing is the verdict where it is required and absent.
	missing event.Verdict
	words   string // what it means, for guides
}{
	Nothing:      {"", note, nil, event.InvalidValue, "Taken and not kept."},
	ClickID:      {"click_id", strict, func(r *Request) *string { return &r.ClickID }, event.MissingClick, "The click id that the landing page's URL brought."},
	Offer:        {"offer", strict, func(r *Request) *string { return &r.Offer }, event.InvalidValue, "The offer: its id or its public key."},
	Goal:         {"goal", strict, func(r *Request) *string { return &r.Goal }, event.UnknownGoal, "The goal's key; none: the offer's default goal."},
	Payout:       {"payout", figure, func(r *Request) *string { return &r.Payout }, event.MissingAmount, "Our revenue, what the advertiser pays."},
	Amount:       {"amount", figure, func(r *Request) *string { return &r.Amount }, event.MissingAmount, "The sale amount."},
	Currency:     {"currency", figure, func(r *Request) *string { return &r.Currency }, event.UnknownCurrency, "The amounts' currency; none: the offer's."},
	TxID:         {"txid", figure, func(r *Request) *string { return &r.TxID }, event.MissingOrder, "The order number; each counts once."},
	Status:       {"status", strict, func(r *Request) *string { return &r.Status }, event.UnknownStatus, "The state; it needs the token."},
	RefundID:     {"refund_id", strict, func(r *Request) *string { return &r.RefundID }, event.MissingRefund, "The shop's id of a refund."},
	EventTime:    {"event_time", figure, func(r *Request) *string { return &r.EventTime }, event.InvalidValue, "When it happened: Unix time or RFC 3339."},
	Token:        {"token", strict, func(r *Request) *string { return &r.Token }, event.MissingToken, "The advertiser's token, a secret."},
	Key:          {"key", strict, func(r *Request) *string { return &r.Key }, event.UnknownKey, "The offer's public key."},
	Coupon:       {"coupon", note, func(r *Request) *string { return &r.Coupon }, event.InvalidValue, "The coupon code; with the token it can name the publisher."},
	Geo:          {"geo", note, func(r *Request) *string { return &r.Geo }, event.InvalidValue, "The customer's country."},
	CommissionID: {"commission_id", note, func(r *Request) *string { return &r.CommissionID }, event.InvalidValue, "The commission id that commission rules ask for."},
	Customer:     {"customer", note, func(r *Request) *string { return &r.Customer }, event.InvalidValue, "The advertiser's own id of the customer."},
	Items:        {"items", figure, func(r *Request) *string { return &r.Items }, event.InvalidValue, "The order's item lines."},
	ClickFrom:    {"click_from", note, func(r *Request) *string { return &r.ClickFrom }, event.InvalidValue, "Where the click id was kept."},
	Publisher:    {"publisher", figure, func(r *Request) *string { return &r.Publisher }, event.InvalidValue, "The publisher's id, in place of a click; it needs the token and an order number."},
	EventWord:    {"goal", strict, nil, event.UnknownGoal, "The event."},
	Commission:   {"", note, nil, event.InvalidValue, "The publisher's commission: understood and ignored, since the offer's terms say it."},
}

// Fields are what a request says, by the product's own names and without secrets, for
// people who want to see what was understood.
func (r *Request) Fields() []macro.Param {
	var out []macro.Param
	seen := map[string]bool{"": true, fields[Token].name: true}
	for i := range fields {
		f := &fields[i]
		if f.into == nil || seen[f.name] {
			continue
		}
		seen[f.name] = true
		if v := *f.into(r); v != "" {
			out = append(out, macro.Param{Name: f.name, Value: v})
		}
	}
	return out
}

// maxValue bounds one parameter, in bytes.
const maxValue = 512

// longValues bounds the parameters that may be longer.
var longValues = map[Field]int{Items: 8000}
