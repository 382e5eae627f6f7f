package conversion

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// Repriced is what the present terms make of a recorded conversion.
type Repriced struct {
	Before  *Conversion // as it was
	After   *Conversion // nil when it stays as it is
	Skipped string      // why it cannot be repriced, in a sentence; "" when it can
}

// Reprice computes a conversion anew from what its signals sent, by the terms the catalog
// has now and at the exchange rates of the conversion's own day. With apply it writes the
// result and posts the difference as an adjustment; otherwise nothing is written. actor is
// a user or key id.
func (j *Judge) Reprice(ctx context.Context, tx Writer, c *Conversion, actor, reason string, apply bool) (*Repriced, error) {
	r := &Repriced{Before: c}
	if !counts(c.Status) || c.Status == Locked || c.Status == Paid {
		r.Skipped = "The conversion is " + string(c.Status) + "; only pending and approved ones are repriced."
		return r, nil
	}
	if c.Adjusted {
		r.Skipped = "Its amounts were adjusted after it was recorded (refunds or changes), which no terms make undone."
		return r, nil
	}
	run := &judgment{Judge: j, tx: tx, view: j.View()}
	own, err := run.dealOf(c)
	if err != nil {
		return nil, err
	}
	sent, err := c.sent()
	if err != nil {
		return nil, err
	}
	if event.FromPage(c.sentBy()) && terms(own).PayoutKind != catalog.PayoutPostback {
		sent.hasPayout = false // repricing believes a page no more than recording does
	}
	after := *c
	w, p, err := run.anew(ctx, own, sent, c)
	var refusal *dialect.Refusal
	if errors.As(err, &refusal) {
		r.Skipped = refusal.Detail
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	after.take(w, c.sentBy())
	run.value(&after, w, p)
	if sameMoney(c, &after) {
		return r, nil
	}
	r.After = &after
	if !apply {
		return r, nil
	}
	now := j.Now().UnixMicro()
	old := *c
	err = adjust(ctx, tx, &old, &after, now)
	if err != nil {
		return nil, err
	}
	err = tx.InsertChange(ctx, &Change{Conversion: c.ID, At: now, From: c.Status, To: c.Status, Actor: actor, Reason: "repriced: " + reason})
	if err != nil {
		return nil, fmt.Errorf("insert history: %w", err)
	}
	return r, nil
}

// anew prices what was sent by the deal as it is now.
func (j *judgment) anew(ctx context.Context, own deal, sent values, c *Conversion) (worth, price, error) {
	w, err := j.exchanged(sent, own.offer, c.At, FX{})
	if err != nil {
		return w, price{}, err
	}
	p, err := j.priced(ctx, own, w)
	return w, p, err
}

// sameMoney reports whether two states of a conversion are worth the same, also in the
// reporting currency.
func sameMoney(a, b *Conversion) bool {
	return a.Revenue == b.Revenue && a.Commission == b.Commission && a.SaleAmount == b.SaleAmount &&
		a.ReportCurrency == b.ReportCurrency && a.Report.Rate == b.Report.Rate
}
