package conversion

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// known finds the conversion this signal is about, nil when it is new. With an
// order number that is the one of the same order, else of the same click and goal: a
// pixel that knew no order number and the postback that does are one conversion, in
// whichever order they come (P7).
func (j *judgment) known(ctx context.Context, v values) (*Conversion, error) {
	if v.order != "" {
		c, err := j.tx.ConversionByDedup(ctx, j.row.Workspace, OrderKey(j.offer.Advertiser, j.offer.ID, j.goal.Key, v.order))
		if err == nil || !errors.Is(err, catalog.ErrNotFound) {
			return c, err
		}
	}
	all, err := j.tx.ConversionsByClick(ctx, j.row.Workspace, j.visit.ID)
	if err != nil {
		return nil, fmt.Errorf("look up conversions of click: %w", err)
	}
	var same []*Conversion
	for _, c := range all {
		if c.GoalKey == j.goal.Key && (v.order == "" || c.Order == "") {
			same = append(same, c)
		}
	}
	switch {
	case len(same) == 0:
		return nil, nil
	case len(same) > 1 && v.status != "":
		return nil, refuse(event.Conflict, "txid", "The click has %d conversions of this goal; a status must name its order number in the parameter txid.", len(same))
	}
	return same[0], nil
}

// overrules reports whether the advertiser's own word contradicts what only a page has
// claimed and nobody has decided: anybody can load a pixel, with a guessed order number
// and any amount, so a page's claim must never stand in the way of the real order.
func (j *judgment) overrules(c *Conversion, v values) bool {
	if !j.trusted || c.Source != event.SignalPixel || c.Status != Pending {
		return false
	}
	return c.Click != j.visit.ID || j.contradiction(c, v) != nil
}

// replace rejects a page's claim and frees its order number for the real conversion.
func (j *judgment) replace(ctx context.Context, c *Conversion) error {
	c.DedupKey = "replaced\x1f" + c.ID
	return Move(ctx, j.tx, c, Rejected, j.row.ID, "a page's claim, replaced by the advertiser's own postback", j.Now().UnixMicro())
}

// create records a new conversion with its money.
func (j *judgment) create(ctx context.Context, v values) error {
	err := j.checkNew(v)
	if err != nil {
		return err
	}
	status := j.firstStatus(v)
	p, err := j.priced(deal{j.offer, j.goal, j.visit.Publisher}, v)
	if !counts(status) {
		p, err = unpriced(p, err)
	}
	if err != nil {
		return err
	}
	now := j.Now()
	c := &Conversion{
		ID: event.NewID("cnv_", now), Workspace: j.offer.Workspace, DedupKey: ClickKey(j.visit.ID.String(), j.goal.Key),
		Click: j.visit.ID, Signal: j.row.ID, At: v.at, ClickAt: j.visit.At, Recorded: now.UnixMicro(),
		Advertiser: j.offer.Advertiser, Offer: j.offer.ID, Goal: j.goal.ID, GoalKey: j.goal.Key,
		Publisher: j.visit.Publisher, Link: j.visit.Link, Order: v.order, Method: j.method, Source: j.sig.Kind,
		Status: status, Currency: string(v.currency), Revenue: p.revenue.Minor, Commission: p.commission.Minor,
		SaleAmount: v.sale.Minor, HasSale: v.hasSale, Country: j.visit.Country, Coupon: j.req.Coupon,
		PayoutRule: p.payoutRule, CommRule: p.commRule, Warning: p.warning, Revision: j.view.Revision,
		Dims: j.visit.Append(nil), Version: 1,
	}
	if v.hasPayout {
		c.Sent = v.payout.String()
	}
	if v.order != "" {
		c.DedupKey = OrderKey(j.offer.Advertiser, j.offer.ID, j.goal.Key, v.order)
	}
	if len(j.req.Ignored) > 0 {
		c.Warning = strings.TrimSpace(c.Warning + " Ignored as unreplaced macros: " + strings.Join(j.req.Ignored, ", ") + ".")
	}
	err = j.tx.InsertConversion(ctx, c)
	if err != nil {
		return fmt.Errorf("insert conversion: %w", err)
	}
	j.row.Conversion, j.row.Verdict, j.row.Detail = c.ID, event.Accepted, "The conversion was recorded as "+string(c.Status)+": "+c.PayoutRule+"; "+c.CommRule+"."
	if c.Warning != "" {
		j.row.Detail += " " + c.Warning
	}
	err = j.tx.InsertChange(ctx, &Change{Conversion: c.ID, At: now.UnixMicro(), To: c.Status, Actor: j.row.ID, Reason: j.sig.Kind})
	if err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	if counts(c.Status) {
		err = post(ctx, j.tx, c, "accrual", accrual(c), now.UnixMicro())
		if err != nil {
			return err
		}
	}
	if c.Status == Approved {
		err = post(ctx, j.tx, c, "approval", approval(c), now.UnixMicro())
		if err != nil {
			return err
		}
	}
	err = j.tx.PutFact(ctx, c.fact(j.visit, event.FactConversion, c.Status, +1))
	if err != nil {
		return fmt.Errorf("queue fact: %w", err)
	}
	return j.tell(ctx, c)
}

// firstStatus is the state a new conversion starts in. What a page reports is always
// pending; a status in a trusted signal wins over the offer's setting.
func (j *judgment) firstStatus(v values) Status {
	initial := Status(j.offer.InitialStatus)
	switch {
	case j.sig.Kind == event.SignalPixel:
		return Pending
	case refused(v.status):
		// The refusal came before the sale it refuses (P5): end as if it had come after.
		if initial == Approved {
			return Reversed
		}
		return Rejected
	case v.status != "":
		return v.status
	case initial == Approved:
		return Approved
	}
	return Pending
}

// unpriced takes a price that lacks an amount for a conversion that is refused from the
// start: it is worth nothing, and its sale may still bring the amount (P5).
func unpriced(p price, err error) (price, error) {
	var r *dialect.Refusal
	if !errors.As(err, &r) || r.Verdict != event.MissingAmount {
		return p, err
	}
	p.revenue.Minor, p.commission.Minor = 0, 0
	p.payoutRule, p.commRule = "no payout: "+r.Detail, "no commission"
	p.warning = "The refusal came without the amounts of its sale: it is recorded with 0.00."
	return p, nil
}

// refused reports whether a status says that there is nothing to pay.
func refused(s Status) bool { return s == Rejected || s == Reversed }

// counts reports whether a conversion of this status has its money in the books.
func counts(s Status) bool { return !refused(s) }

// repeat takes news of a known conversion: nothing new, a status, values that were
// missing, or a contradiction.
func (j *judgment) repeat(ctx context.Context, c *Conversion, v values) error {
	j.row.Conversion = c.ID
	if c.Offer != j.offer.ID && v.order == "" {
		return refuse(event.Conflict, "offer", "The click converted for another offer before.")
	}
	err := j.contradiction(c, v)
	if err != nil {
		return err
	}
	// Everything that can refuse the signal comes before the first write: a verdict keeps
	// what was written.
	asked := v.status
	if asked == "" && j.trusted && c.Source == event.SignalPixel && j.offer.InitialStatus == string(Approved) {
		asked = Approved // as it would have been had the postback come first
	}
	to := negative(c.Status, asked)
	moves := to != "" && to != c.Status && to != Pending
	if moves && !Allowed(c.Status, to) {
		return refuse(event.IllegalTransition, "status", "The conversion is %s and cannot become %s.", c.Status, to)
	}
	filling, err := j.filling(c, v)
	if err != nil {
		return err
	}
	var did []string
	if c.Order == "" && v.order != "" {
		c.Order, c.DedupKey = v.order, OrderKey(c.Advertiser, c.Offer, c.GoalKey, v.order)
		did = append(did, "the order number was filled in")
		err := j.tx.UpdateConversion(ctx, c)
		if errors.Is(err, ErrTaken) {
			return refuse(event.Conflict, "txid", "Another conversion has this order number.")
		}
		if err != nil {
			return fmt.Errorf("fill in order number: %w", err)
		}
	}
	if filling != nil {
		err := j.fill(ctx, c, filling)
		if err != nil {
			return err
		}
		did = append(did, filling.did...)
	}
	if moves {
		err := Move(ctx, j.tx, c, to, j.row.ID, "status "+string(asked)+" by a "+j.sig.Kind, j.Now().UnixMicro())
		if err != nil {
			return err
		}
		did = append(did, "the status is now "+string(to))
	}
	j.row.Verdict, j.row.Detail = event.Duplicate, "The conversion was recorded before, and is "+string(c.Status)+"; nothing was added."
	if len(did) > 0 {
		j.row.Verdict, j.row.Detail = event.Updated, "The conversion was recorded before: "+strings.Join(did, "; ")+"."
	}
	return nil
}

// negative maps a refusal to the state the machine has for it: what was only pending
// is rejected, what was approved is reversed.
func negative(from, asked Status) Status {
	if !refused(asked) {
		return asked
	}
	switch from {
	case Pending:
		return Rejected
	case Approved:
		return Reversed
	case Rejected, Reversed:
		return from
	}
	return asked
}

// contradiction refuses other amounts for the same conversion: a stated conflict,
// never silent (P2).
func (j *judgment) contradiction(c *Conversion, v values) error {
	if c.Currency != string(v.currency) {
		return refuse(event.Conflict, "currency", "The conversion was recorded in %s before.", c.Currency)
	}
	field := ""
	switch {
	case v.hasSale && c.HasSale && v.sale.Minor != c.SaleAmount:
		field = "amount"
	case v.hasPayout && c.Sent != "" && v.payout.String() != c.Sent:
		field = "payout"
	default:
		return nil
	}
	switch {
	case !j.trusted: // who has no token is told no amount that somebody else reported
		return refuse(event.Conflict, field, "The same %s was recorded with another %s before; nothing was changed.", sameWhat(c), field)
	case field == "amount":
		was := money.Amount{Minor: c.SaleAmount, Currency: v.currency}
		return refuse(event.Conflict, "amount", "The same %s was recorded with the sale amount %s before, and now comes with %s; nothing was changed.", sameWhat(c), was.String(), v.sale.String())
	}
	return refuse(event.Conflict, "payout", "The same %s was recorded with the payout %s before, and now comes with %s; nothing was changed.", sameWhat(c), c.Sent, v.payout.String())
}

func sameWhat(c *Conversion) string {
	if c.Order != "" {
		return "order number"
	}
	return "click and goal"
}

// filling is what a later signal adds to a conversion.
type filling struct {
	values values
	price  *price // nil: the price stays as it was recorded
	did    []string
}

// filling finds the amounts that the first signal did not bring and this one does (P7),
// and what they make the conversion worth; nil when there is nothing to fill in.
func (j *judgment) filling(c *Conversion, v values) (*filling, error) {
	newSale, newPayout := v.hasSale && !c.HasSale, v.hasPayout && c.Sent == ""
	if (!newSale && !newPayout) || c.Status == Locked || c.Status == Paid {
		return nil, nil
	}
	if j.sig.Kind == event.SignalPixel && (c.Source != event.SignalPixel || c.Status != Pending) {
		return nil, nil // a page overrules no server, and nothing that was decided
	}
	was := values{currency: v.currency, sale: money.Amount{Minor: c.SaleAmount, Currency: v.currency}, hasSale: c.HasSale}
	if c.Sent != "" {
		sent, err := money.ParseAmount(c.Sent, v.currency, money.ParseOptions{})
		if err != nil {
			return nil, fmt.Errorf("stored payout of %s: %w", c.ID, err)
		}
		was.payout, was.hasPayout = sent, true
	}
	f := &filling{values: was}
	if newSale {
		f.values.sale, f.values.hasSale = v.sale, true
		f.did = append(f.did, "the sale amount "+v.sale.String()+" was filled in")
	}
	if newPayout {
		f.values.payout, f.values.hasPayout = v.payout, true
		f.did = append(f.did, "the payout "+v.payout.String()+" was filled in")
	}
	// The deal is the conversion's own: the signal may have named another click.
	own := deal{j.view.Offer(c.Offer), j.view.GoalByID(c.Offer, c.Goal), c.Publisher}
	if own.offer == nil || own.goal == nil {
		return nil, fmt.Errorf("the offer %s or goal %s of conversion %s is not in the catalog", c.Offer, c.Goal, c.ID)
	}
	p, err := j.priced(own, f.values)
	if refused(c.Status) {
		p, err = unpriced(p, err)
	}
	if err != nil {
		return nil, err
	}
	// The terms may have changed since. They count only when what is new enters the price.
	before, err := j.priced(own, was)
	enters := err != nil || before.revenue != p.revenue || before.commission != p.commission
	if enters || (p.revenue.Minor == c.Revenue && p.commission.Minor == c.Commission) {
		f.price = &p
	}
	return f, nil
}

// fill adds the amounts, and posts the difference they make as an adjustment.
func (j *judgment) fill(ctx context.Context, c *Conversion, f *filling) error {
	old := *c
	c.SaleAmount, c.HasSale = f.values.sale.Minor, f.values.hasSale
	if f.values.hasPayout {
		c.Sent = f.values.payout.String()
	}
	if p := f.price; p != nil {
		c.Revenue, c.Commission = p.revenue.Minor, p.commission.Minor
		c.PayoutRule, c.CommRule, c.Warning, c.Revision = p.payoutRule, p.commRule, p.warning, j.view.Revision
	}
	err := j.tx.UpdateConversion(ctx, c)
	if err != nil {
		return fmt.Errorf("fill in amounts: %w", err)
	}
	if !counts(c.Status) {
		return nil // it has no money in the books; what is filled in counts should it be approved
	}
	err = post(ctx, j.tx, c, "adjustment", difference(&old, c), j.Now().UnixMicro())
	if err != nil {
		return err
	}
	visit, err := event.DecodeVisit(c.Dims)
	if err != nil {
		return fmt.Errorf("click of %s: %w", c.ID, err)
	}
	minus := old.fact(visit, event.FactAdjustment, old.Status, -1)
	plus := c.fact(visit, event.FactAdjustment, c.Status, +1)
	for _, f := range []*event.Fact{minus, plus} {
		err := j.tx.PutFact(ctx, f)
		if err != nil {
			return fmt.Errorf("queue fact: %w", err)
		}
	}
	return nil
}
