package conversion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// Refusal says what could not be done, with the verdict a signal would be given.
type Refusal = dialect.Refusal

// The kinds of adjustments.
const (
	AdjustRefund = "refund" // the customer has money back: everything falls in proportion
	AdjustChange = "change" // somebody stated what it is worth
)

// Adjustment is a change of what a conversion is worth after it was recorded. Its
// conversion's amounts have it; the ledger and the facts have the difference.
type Adjustment struct {
	ID                        int64
	Workspace                 string
	Conversion                string
	Key                       string // of a refund its id; the same again does nothing
	Kind                      string // AdjustRefund or AdjustChange
	Asked                     string // what was asked for: the same key with other words is a conflict
	Currency                  string // of the differences: the conversion's
	Sale, Revenue, Commission int64  // differences, minor units
	Actor                     string // user, key or signal id
	Reason                    string
	At                        int64 // µs
}

// RefundWhole is the key of a refund that came without an id: there is one such at most.
const RefundWhole = "whole"

// maxKey bounds the key of an adjustment, in bytes.
const maxKey = 200

// Refund is what the customer has got back.
type Refund struct {
	Key    string       // the shop's id of the refund; [RefundWhole] for the whole sale
	Amount money.Amount // in the conversion's currency or in that of its signal
	Whole  bool         // all that is left; Amount does not count
	Actor  string
	Reason string
}

func (r *Refund) asked() string {
	if r.Whole {
		return "all"
	}
	return r.Amount.Format()
}

// Refund takes a refund off a conversion. Revenue and commission fall to the share of the
// sale that is left, counted of what they were before the first refund and rounded once, so
// that refunds in any order and any parts leave the same, and the last one takes exactly
// what remains. When nothing is left, what may be reversed is reversed (or rejected); what
// a payout run has is left as it is, and the commission is taken off what is available.
//
// The same key again does nothing, and gives fresh = false. It fails with a
// [*Refusal]: Conflict for the key with another amount, RefundTooLarge,
// IllegalTransition for what has no money.
func (j *Judge) Refund(ctx context.Context, tx Writer, c *Conversion, r Refund) (a *Adjustment, fresh bool, err error) {
	before, err := tx.AdjustmentsOf(ctx, c.Workspace, c.ID)
	if err != nil {
		return nil, false, fmt.Errorf("adjustments of %s: %w", c.ID, err)
	}
	old, err := repeated(before, r.Key, AdjustRefund, r.asked())
	if old != nil || err != nil {
		return old, false, err
	}
	if !counts(c.Status) {
		return nil, false, refuse(event.IllegalTransition, "status", "The conversion is %s: there is nothing to refund.", c.Status)
	}
	left, err := leftAfter(c, before, r)
	if err != nil {
		return nil, false, err
	}
	was := *c
	c.begin()
	share := func(base int64) int64 {
		if c.BaseSale == 0 { // the whole of a conversion without a sale
			return 0
		}
		return money.Share(money.Amount{Minor: base}, left, c.BaseSale).Minor
	}
	c.Revenue, c.Commission, c.SaleAmount = share(c.BaseRevenue), share(c.BaseCommission), left
	a, err = j.adjusted(ctx, tx, &was, c, &Adjustment{Key: r.Key, Kind: AdjustRefund, Asked: r.asked(), Actor: r.Actor, Reason: r.Reason})
	if err != nil || left > 0 {
		return a, true, err
	}
	to := negative(c.Status, Reversed)
	if !Decidable(c.Status, to) {
		return a, true, nil
	}
	c.Hold, c.HoldNote = "", ""
	return a, true, j.Move(ctx, tx, c, to, r.Actor, "refunded")
}

// repeated finds what was done under the key before; Conflict when it was something else.
func repeated(before []*Adjustment, key, kind, asked string) (*Adjustment, error) {
	field := "refund_id"
	if kind == AdjustChange {
		field = "key"
	}
	if key == "" || len(key) > maxKey {
		return nil, refuse(event.InvalidValue, field, "The id must have 1 to %d bytes.", maxKey)
	}
	for _, a := range before {
		switch {
		case a.Key != key:
		case a.Kind == kind && a.Asked == asked:
			return a, nil
		default:
			return nil, refuse(event.Conflict, field, "The id %q was used before for a %s of %s, and now comes for a %s of %s; nothing was changed.", clip(key), a.Kind, a.Asked, kind, asked)
		}
	}
	return nil, nil
}

// begin keeps what the conversion is worth before its first refund, and the sale as it was
// sent, which a repetition of its signal is compared with.
func (c *Conversion) begin() {
	if c.Adjusted {
		return
	}
	if c.HasSale && c.SentSale == "" {
		c.SentSale = money.Amount{Minor: c.SaleAmount, Currency: money.Currency(c.Currency)}.String()
	}
	c.Adjusted, c.BaseSale, c.BaseRevenue, c.BaseCommission = true, c.SaleAmount, c.Revenue, c.Commission
}

// leftAfter is what is left of the sale after the refund, in the conversion's currency.
func leftAfter(c *Conversion, before []*Adjustment, r Refund) (int64, error) {
	if r.Whole {
		return 0, nil
	}
	currency := money.Currency(c.Currency)
	tooMuch := func(left money.Amount) error {
		return refuse(event.RefundTooLarge, "amount", "The refund of %s is larger than what is left of the sale, %s.", r.Amount.Format(), left.Format())
	}
	switch {
	case !c.HasSale:
		return 0, refuse(event.MissingAmount, "amount", "The conversion came without the sale amount, so that a part of it means nothing: refund all of it, without an amount, or change its amounts.")
	case r.Amount.Minor <= 0:
		return 0, refuse(event.InvalidAmount, "amount", "A refund must be above 0.")
	case r.Amount.Currency == currency:
		if r.Amount.Minor > c.SaleAmount {
			return 0, tooMuch(money.Amount{Minor: c.SaleAmount, Currency: currency})
		}
		return c.SaleAmount - r.Amount.Minor, nil
	case string(r.Amount.Currency) != c.SentCurrency || c.SentSale == "":
		return 0, refuse(event.UnknownCurrency, "currency", "The refund is in %s; this conversion's refunds are in %s.", r.Amount.Currency, c.spoken())
	}
	whole, err := money.ParseAmount(c.SentSale, r.Amount.Currency, money.ParseOptions{})
	if err != nil {
		return 0, fmt.Errorf("stored sale of %s: %w", c.ID, err)
	}
	// In the currency of its signal, refunds are counted there and the rest converted as the
	// sale was: parts that sum to the sale leave nothing, whatever was rounded.
	for _, a := range before {
		taken, err := parseAsked(a)
		if err != nil || taken.Currency != r.Amount.Currency || a.Kind != AdjustRefund {
			return mixed(c, whole, r, tooMuch)
		}
		whole.Minor -= taken.Minor
	}
	if r.Amount.Minor > whole.Minor {
		return 0, tooMuch(whole)
	}
	sent, err := money.ParseAmount(c.SentSale, r.Amount.Currency, money.ParseOptions{})
	if err != nil {
		return 0, fmt.Errorf("stored sale of %s: %w", c.ID, err)
	}
	base := c.SaleAmount
	if c.Adjusted {
		base = c.BaseSale
	}
	return money.Share(money.Amount{Minor: base}, whole.Minor-r.Amount.Minor, sent.Minor).Minor, nil
}

// mixed converts a refund by itself, where others were in another currency.
func mixed(c *Conversion, whole money.Amount, r Refund, tooMuch func(money.Amount) error) (int64, error) {
	rate, err := money.ParseDecimal(c.Rate.Rate)
	if err != nil {
		return 0, fmt.Errorf("stored exchange rate %q: %w", c.Rate.Rate, err)
	}
	own, err := money.Convert(r.Amount, money.Currency(c.Currency), rate)
	if err != nil {
		return 0, refuse(event.AmountRange, "amount", "The refund is out of range in %s.", c.Currency)
	}
	if own.Minor > c.SaleAmount {
		return 0, tooMuch(money.Amount{Minor: c.SaleAmount, Currency: money.Currency(c.Currency)})
	}
	return c.SaleAmount - own.Minor, nil
}

// parseAsked reads what a refund asked for: an amount with its currency.
func parseAsked(a *Adjustment) (money.Amount, error) {
	var number, currency string
	_, err := fmt.Sscan(a.Asked, &number, &currency)
	if err != nil {
		return money.Amount{}, err
	}
	return money.ParseAmount(number, money.Currency(currency), money.ParseOptions{})
}

// Sale gives what the customer has paid, as it is now, and where nothing was refunded also
// as its signal said it; none when no sale amount is known.
func (c *Conversion) Sale() []money.Amount {
	if !c.HasSale {
		return nil
	}
	out := []money.Amount{{Minor: c.SaleAmount, Currency: money.Currency(c.Currency)}}
	if c.SentSale != "" && !c.Adjusted {
		sent, err := money.ParseAmount(c.SentSale, c.sentCurrency(), money.ParseOptions{})
		if err == nil {
			out = append(out, sent)
		}
	}
	return out
}

// spoken are the currencies refunds may be in.
func (c *Conversion) spoken() string {
	if c.SentCurrency == "" || c.SentSale == "" {
		return c.Currency
	}
	return c.Currency + " or " + c.SentCurrency
}

// Worth states what a conversion is worth from now on; nil leaves an amount as it is.
type Worth struct {
	Key                       string // the same again does nothing
	Sale, Revenue, Commission *int64 // minor units of the conversion's currency, not below 0
	Actor                     string
	Reason                    string
}

func (w *Worth) asked(currency string) string {
	var out []string
	for _, a := range []struct {
		name  string
		minor *int64
	}{{"sale", w.Sale}, {"revenue", w.Revenue}, {"commission", w.Commission}} {
		if a.minor != nil {
			out = append(out, a.name+" "+money.Amount{Minor: *a.minor, Currency: money.Currency(currency)}.Format())
		}
	}
	return strings.Join(out, ", ")
}

// Restate changes the amounts of a conversion to what somebody states, and books the
// difference. Later refunds take their share of the new amounts. It fails like
// [Judge.Refund], with InvalidValue where nothing would change.
func (j *Judge) Restate(ctx context.Context, tx Writer, c *Conversion, w Worth) (a *Adjustment, fresh bool, err error) {
	before, err := tx.AdjustmentsOf(ctx, c.Workspace, c.ID)
	if err != nil {
		return nil, false, fmt.Errorf("adjustments of %s: %w", c.ID, err)
	}
	asked := w.asked(c.Currency)
	old, err := repeated(before, w.Key, AdjustChange, asked)
	if old != nil || err != nil {
		return old, false, err
	}
	if !counts(c.Status) {
		return nil, false, refuse(event.IllegalTransition, "status", "The conversion is %s: it has no amounts in the books.", c.Status)
	}
	was := *c
	c.begin()
	for _, x := range []struct {
		field string
		to    *int64
		minor *int64
	}{{"sale", &c.SaleAmount, w.Sale}, {"revenue", &c.Revenue, w.Revenue}, {"commission", &c.Commission, w.Commission}} {
		if x.minor == nil {
			continue
		}
		if *x.minor < 0 || *x.minor > maxMinor {
			return nil, false, refuse(event.AmountRange, x.field, "The %s must be from 0 to %s.", x.field, money.Amount{Minor: maxMinor, Currency: money.Currency(c.Currency)}.Format())
		}
		*x.to = *x.minor
	}
	if w.Sale != nil {
		c.HasSale = true
	}
	if c.Publisher == "" && c.Commission != 0 {
		return nil, false, refuse(event.InvalidValue, "commission", "The conversion has no publisher: nobody could be paid.")
	}
	if c.SaleAmount == was.SaleAmount && c.HasSale == was.HasSale && c.Revenue == was.Revenue && c.Commission == was.Commission {
		return nil, false, refuse(event.InvalidValue, "", "The conversion is worth that already.")
	}
	c.BaseSale, c.BaseRevenue, c.BaseCommission = c.SaleAmount, c.Revenue, c.Commission
	a, err = j.adjusted(ctx, tx, &was, c, &Adjustment{Key: w.Key, Kind: AdjustChange, Asked: asked, Actor: w.Actor, Reason: w.Reason})
	return a, true, err
}

// errKey says that a key was taken since it was looked up, which no engine lets happen.
var errKey = errors.New("conversion: the adjustment's key was taken meanwhile")

// adjusted writes an adjustment with everything that follows of it.
func (j *Judge) adjusted(ctx context.Context, tx Writer, was, c *Conversion, a *Adjustment) (*Adjustment, error) {
	a.Workspace, a.Conversion, a.Currency, a.At = c.Workspace, c.ID, c.Currency, j.Now().UnixMicro()
	a.Sale, a.Revenue, a.Commission = c.SaleAmount-was.SaleAmount, c.Revenue-was.Revenue, c.Commission-was.Commission
	err := adjust(ctx, tx, was, c, a.At)
	if err != nil {
		return nil, err
	}
	fresh, err := tx.InsertAdjustment(ctx, a)
	if err == nil && !fresh {
		err = errKey
	}
	if err != nil {
		return nil, fmt.Errorf("insert adjustment: %w", err)
	}
	return a, nil
}

// refund judges a signal that says the customer has money back.
func (j *judgment) refund(ctx context.Context, v values) error {
	c, err := j.known(ctx, v)
	if err != nil {
		return err
	}
	if c == nil {
		if j.Now().UnixMicro()-j.sig.At < PendingFor.Microseconds() {
			return refuse(event.PendingSale, "", "No conversion of this order or click and goal is recorded yet; the refund waits for it and is judged by itself.")
		}
		return refuse(event.UnknownConversion, "", "No conversion of this order or click and goal came within 24 hours.")
	}
	j.row.Conversion = c.ID
	v.status = Reversed // who takes back decides for the order, whoever earned it
	_, err = j.disputed(c, v)
	if err != nil {
		return err
	}
	r := Refund{Key: j.req.RefundID, Amount: v.sale, Whole: !v.hasSale, Actor: j.actor(), Reason: "refund by a " + j.sig.Kind}
	switch {
	case r.Key != "":
		r.Reason = "refund " + clip(r.Key) + " by a " + j.sig.Kind
	case r.Whole:
		r.Key = RefundWhole
	default:
		return refuse(event.MissingRefund, "refund_id", "A refund of a part needs its id in the parameter refund_id, so that the same one sent twice counts once.")
	}
	a, fresh, err := j.Refund(ctx, j.tx, c, r)
	if err != nil {
		return err
	}
	if !fresh {
		j.row.Verdict, j.row.Detail = event.Duplicate, "The refund was taken before, and the conversion is "+string(c.Status)+"; nothing was changed."
		return nil
	}
	left := money.Amount{Minor: c.Revenue, Currency: money.Currency(c.Currency)}
	j.row.Verdict, j.row.Detail = event.Updated, fmt.Sprintf("The refund of %s was taken: the conversion is %s and worth %s.", a.Asked, c.Status, left.Format())
	return nil
}

// BalanceAdjustment is a bonus to a publisher, or a correction, that belongs to no
// conversion.
type BalanceAdjustment struct {
	ID        string
	Workspace string
	Key       string // idempotency key, of the workspace
	Publisher string
	Currency  string
	Amount    int64 // minor units in favour of the publisher; below 0 against it
	Actor     string
	Reason    string
	At        int64 // µs
}

// MaxAdjustment bounds what is adjusted at once, in minor units.
const MaxAdjustment = maxMinor

// Check refuses what cannot be booked.
func (b *BalanceAdjustment) Check() error {
	bad := &catalog.Invalid{}
	switch {
	case b.Amount == 0:
		bad.Add("amount", "required", "", "An adjustment of nothing changes nothing.")
	case b.Amount > MaxAdjustment, b.Amount < -MaxAdjustment, b.Amount == math.MinInt64:
		bad.Add("amount", "out_of_range", "", "The amount is out of range.")
	}
	if b.Reason == "" {
		bad.Add("reason", "required", "", "Say why: the books keep it.")
	}
	if b.Key == "" || len(b.Key) > maxKey {
		bad.Add("key", "required", b.Key, fmt.Sprintf("Name it by a key of 1 to %d bytes: the same again does nothing.", maxKey))
	}
	return bad.Err()
}
