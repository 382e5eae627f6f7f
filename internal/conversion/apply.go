package conversion

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/catalog"
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
	same, err := j.tx.ConversionsByClick(ctx, j.row.Workspace, j.visit.ID)
	if err != nil {
		return nil, fmt.Errorf("look up conversions of click: %w", err)
	}
	for _, c := range same {
		if c.GoalKey == j.goal.Key && (v.order == "" || c.Order == "") {
			return c, nil
		}
	}
	return nil, nil
}

// create records a new conversion with its money.
func (j *judgment) create(ctx context.Context, v values) error {
	err := j.checkNew(v)
	if err != nil {
		return err
	}
	p, err := j.priced(v)
	if err != nil {
		return err
	}
	now := j.Now()
	c := &Conversion{
		ID: event.NewID("cnv_", now), Workspace: j.offer.Workspace, DedupKey: ClickKey(j.visit.ID.String(), j.goal.Key),
		Click: j.visit.ID, Signal: j.row.ID, At: v.at, ClickAt: j.visit.At, Recorded: now.UnixMicro(),
		Advertiser: j.offer.Advertiser, Offer: j.offer.ID, Goal: j.goal.ID, GoalKey: j.goal.Key,
		Publisher: j.visit.Publisher, Link: j.visit.Link, Order: v.order, Method: j.method, Source: j.sig.Kind,
		Status: j.firstStatus(v), Currency: string(v.currency), Revenue: p.revenue.Minor, Commission: p.commission.Minor,
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
	case v.status == Rejected || v.status == Reversed:
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

// counts reports whether a conversion of this status has its money in the books.
func counts(s Status) bool { return s != Rejected && s != Reversed }

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
	var did []string
	if c.Order == "" && v.order != "" {
		c.Order, c.DedupKey = v.order, OrderKey(c.Advertiser, c.Offer, c.GoalKey, v.order)
		did = append(did, "the order number was filled in")
		err := j.tx.UpdateConversion(ctx, c)
		if err != nil {
			return fmt.Errorf("fill in order number: %w", err)
		}
	}
	filled, err := j.fill(ctx, c, v)
	if err != nil {
		return err
	}
	did = append(did, filled...)
	to := negative(c.Status, v.status)
	if to != "" && to != c.Status && !(to == Pending) {
		err := Move(ctx, j.tx, c, to, j.row.ID, "status "+j.req.Status+" in a "+j.sig.Kind, j.Now().UnixMicro())
		var state *StateError
		if errors.As(err, &state) {
			return refuse(event.IllegalTransition, "status", "The conversion is %s and cannot become %s.", state.From, state.To)
		}
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
	if asked != Rejected && asked != Reversed {
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
	if v.hasSale && c.HasSale && v.sale.Minor != c.SaleAmount {
		was := money.Amount{Minor: c.SaleAmount, Currency: v.currency}
		return refuse(event.Conflict, "amount", "The same %s was recorded with the sale amount %s before, and now comes with %s; nothing was changed.", sameWhat(c), was.String(), v.sale.String())
	}
	if v.hasPayout && c.Sent != "" && v.payout.String() != c.Sent {
		return refuse(event.Conflict, "payout", "The same %s was recorded with the payout %s before, and now comes with %s; nothing was changed.", sameWhat(c), c.Sent, v.payout.String())
	}
	return nil
}

func sameWhat(c *Conversion) string {
	if c.Order != "" {
		return "order number"
	}
	return "click and goal"
}

// fill takes amounts the first signal did not bring, and posts the difference they
// make as an adjustment: the richer source fills blank fields (P7).
func (j *judgment) fill(ctx context.Context, c *Conversion, v values) ([]string, error) {
	newSale, newPayout := v.hasSale && !c.HasSale, v.hasPayout && c.Sent == ""
	if (!newSale && !newPayout) || !counts(c.Status) || c.Status == Locked || c.Status == Paid {
		return nil, nil
	}
	if j.sig.Kind == event.SignalPixel && c.Source != event.SignalPixel {
		return nil, nil // a page does not overrule a server
	}
	if !v.hasSale {
		v.sale, v.hasSale = money.Amount{Minor: c.SaleAmount, Currency: v.currency}, c.HasSale
	}
	if !v.hasPayout && c.Sent != "" {
		sent, err := money.ParseAmount(c.Sent, v.currency, money.ParseOptions{})
		if err != nil {
			return nil, fmt.Errorf("stored payout of %s: %w", c.ID, err)
		}
		v.payout, v.hasPayout = sent, true
	}
	p, err := j.priced(v)
	if err != nil {
		return nil, err
	}
	old := *c
	c.SaleAmount, c.HasSale = v.sale.Minor, v.hasSale
	if v.hasPayout {
		c.Sent = v.payout.String()
	}
	c.Revenue, c.Commission = p.revenue.Minor, p.commission.Minor
	c.PayoutRule, c.CommRule, c.Warning, c.Revision = p.payoutRule, p.commRule, p.warning, j.view.Revision
	err = j.tx.UpdateConversion(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("fill in amounts: %w", err)
	}
	now := j.Now().UnixMicro()
	err = post(ctx, j.tx, c, "adjustment", difference(&old, c), now)
	if err != nil {
		return nil, err
	}
	visit, err := event.DecodeVisit(c.Dims)
	if err != nil {
		return nil, fmt.Errorf("click of %s: %w", c.ID, err)
	}
	minus := old.fact(visit, event.FactAdjustment, old.Status, -1)
	plus := c.fact(visit, event.FactAdjustment, c.Status, +1)
	for _, f := range []*event.Fact{minus, plus} {
		err := j.tx.PutFact(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("queue fact: %w", err)
		}
	}
	var did []string
	if newSale {
		did = append(did, "the sale amount "+v.sale.String()+" was filled in")
	}
	if newPayout {
		did = append(did, "the payout "+v.payout.String()+" was filled in")
	}
	return did, nil
}
