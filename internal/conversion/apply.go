package conversion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/macro"
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
		if c.GoalKey == j.goal.Key && (v.order == "" || c.Order == "") && !c.replaced() {
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
	undecided := c.Status == Pending || c.Status == Rejected && c.Hold != "" // by a cap, not by anybody
	if !j.trusted || !event.FromPage(c.Source) || !undecided {
		return false
	}
	other := c.Click != j.visit.ID
	if j.method == MatchPublisher {
		other = c.Publisher != j.visit.Publisher // no click speaks against the page's
	}
	if j.method == MatchCoupon {
		// A coupon speaks against a publisher only where it wins, and never against a click.
		other = c.Publisher != j.visit.Publisher && j.offer.CouponPrecedence == catalog.CouponWins
	}
	return other || j.contradiction(c, v) != nil
}

// replacedKey begins the de-duplication key of a claim that gave way.
const replacedKey = "replaced\x1f"

// replaced reports whether the conversion is a page's claim that gave way to the real one:
// nothing is news of it any more.
func (c *Conversion) replaced() bool { return strings.HasPrefix(c.DedupKey, replacedKey) }

// replace rejects a page's claim and frees its order number for the real conversion.
func (j *judgment) replace(ctx context.Context, c *Conversion) error {
	c.DedupKey, c.Hold, c.HoldNote = replacedKey+c.ID, "", ""
	if c.Status == Rejected {
		return j.tx.UpdateConversion(ctx, c) // a cap had refused it: only its number is to be freed
	}
	return j.Move(ctx, j.tx, c, Rejected, j.row.ID, "a page's claim, replaced by the advertiser's own postback")
}

// prepare makes a new conversion with its price, or refuses the signal.
func (j *judgment) prepare(ctx context.Context, v values) (*Conversion, error) {
	err := j.checkNew(v)
	if err != nil {
		return nil, err
	}
	w, err := j.exchanged(v, j.offer, v.at, FX{})
	if err != nil {
		return nil, err
	}
	status := j.firstStatus(v)
	p, err := j.priced(ctx, deal{
		offer: j.offer, goal: j.goal, publisher: j.visit.Publisher, country: country(j.offer, j.visit.Country, j.geo()),
		order: order{commissionID: j.commissionID(), customer: j.customer()}, at: instant(v.at, j.Now().UnixMicro()),
	}, w)
	if !counts(status) {
		p, err = unpriced(p, err)
	}
	if err != nil {
		return nil, err
	}
	now := j.Now()
	c := &Conversion{
		ID: event.NewID(j.prefix(), now), Workspace: j.offer.Workspace, DedupKey: ClickKey(j.visit.ID.String(), j.goal.Key),
		Click: j.visit.ID, Signal: j.row.ID, At: v.at, ClickAt: j.visit.At, Recorded: now.UnixMicro(),
		Advertiser: j.offer.Advertiser, Offer: j.offer.ID, Goal: j.goal.ID, GoalKey: j.goal.Key,
		Publisher: j.visit.Publisher, Link: j.visit.Link, Order: v.order, Method: j.method, Source: j.sig.Kind,
		Status: status, Currency: j.offer.Currency, Country: j.visit.Country, Geo: clip(j.geo()), Coupon: j.req.Coupon, CouponNote: j.couponNote,
		CommissionID: j.commissionID(), Customer: j.customer(), Params: paramsJSON(j.harmless()), Dims: j.visit.Append(nil), Version: 1,
	}
	c.take(w, j.sig.Kind)
	j.value(c, w, p)
	if v.order != "" {
		c.DedupKey = OrderKey(j.offer.Advertiser, j.offer.ID, j.goal.Key, v.order)
	}
	if len(j.req.Ignored) > 0 {
		c.Warning = strings.TrimSpace(c.Warning + " " + ignoredMacros + strings.Join(j.req.Ignored, ", ") + ".")
	}
	return c, nil
}

// ignoredMacros begins the part of a warning that is true for ever.
const ignoredMacros = "Ignored as unreplaced macros: "

// geo is the country that the signal names. A page's is not believed: who loads a pixel
// would choose the dearest one.
func (j *judgment) geo() string {
	if event.FromPage(j.sig.Kind) {
		return ""
	}
	return j.req.Geo
}

// create records a new conversion with its money.
func (j *judgment) create(ctx context.Context, c *Conversion) error {
	now := j.Now()
	err := j.cap(ctx, c)
	if err != nil {
		return err
	}
	err = j.tx.InsertConversion(ctx, c)
	if err != nil {
		return fmt.Errorf("insert conversion: %w", err)
	}
	err = countCaps(ctx, j.tx, c, "", c.Status)
	if err != nil {
		return fmt.Errorf("count towards caps: %w", err)
	}
	j.tellAccepted(c)
	err = j.tx.InsertChange(ctx, &Change{Conversion: c.ID, At: now.UnixMicro(), To: c.Status, Actor: j.actor(), Reason: j.sig.Kind})
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
	err = j.lift(ctx, c, j.how)
	if err != nil {
		return err
	}
	return tell(ctx, j.tx, j.view, c, j.visit, true, now)
}

// actor is who a change by this signal is put down to.
func (j *judgment) actor() string {
	if j.sig.Actor != "" {
		return j.sig.Actor
	}
	return j.row.ID
}

// take keeps what the signal sent, as it sent it, and the sale in the offer's currency.
// by is the kind of the signal that brought the payout.
func (c *Conversion) take(w worth, by string) {
	c.SaleAmount, c.HasSale = w.sale.Minor, w.hasSale
	if len(w.sent.items) > 0 {
		c.Items = formatItems(w.sent.items)
	}
	if w.hasPayout {
		c.Sent, c.SentBy = w.sent.payout.String(), by
	}
	if w.rate.Rate == "" {
		return
	}
	c.SentCurrency, c.Rate = string(w.sent.currency), w.rate
	if w.hasSale {
		c.SentSale = w.sent.sale.String()
	}
}

// value writes a price with its rules, and the rate to the reporting currency.
func (j *judgment) value(c *Conversion, w worth, p price) {
	c.Revenue, c.Commission = p.revenue.Minor, p.commission.Minor
	c.Rule, c.RuleVersion, c.CommLines, c.Tier = p.rule, p.ruleVersion, p.lines, p.tier
	j.how = p.how
	c.PayoutRule, c.CommRule, c.Terms, c.Revision = p.payoutRule, p.commRule, p.terms, j.view.Revision
	var note string
	c.ReportCurrency, c.Report, note = reporting(j.view, j.rates(), c)
	if note == w.note {
		note = "" // the same pair: said once
	}
	ignored := ""
	if i := strings.Index(c.Warning, ignoredMacros); i >= 0 {
		ignored = c.Warning[i:]
	}
	if !c.reportable() {
		c.Report, note = FX{}, "Its amounts are too large to be reported in "+c.ReportCurrency+"."
	}
	warnings := []string{p.warning, w.note, note, unreported(c, j.zone(c.Workspace)), ignored}
	c.Warning = strings.Join(slices.DeleteFunc(warnings, func(s string) bool { return s == "" }), " ")
}

// cap marks a conversion beyond a cap and does with it what the offer says (P16).
func (j *judgment) cap(ctx context.Context, c *Conversion) error {
	over, err := j.overCap(ctx, c)
	if err != nil {
		return fmt.Errorf("check caps: %w", err)
	}
	c.OverCap = over
	switch {
	case over == "" || !counts(c.Status):
	case j.offer.OverCap == catalog.OverCapHold:
		c.Status, c.Hold = Pending, HoldCap
	case j.offer.OverCap == catalog.OverCapRefuse:
		c.Status, c.Hold = Rejected, HoldCap
	}
	return nil
}

// tellAccepted writes the verdict on a new conversion.
func (j *judgment) tellAccepted(c *Conversion) {
	j.row.Conversion, j.row.Verdict, j.row.Detail = c.ID, event.Accepted, "The conversion was recorded as "+string(c.Status)+": "+c.PayoutRule+"; "+c.CommRule+"."
	switch {
	case c.Hold != "" && c.Status == Pending:
		j.row.Detail += " It is beyond the " + c.OverCap + " and held until somebody decides."
	case c.OverCap != "" && c.Status == Rejected:
		j.row.Verdict, j.row.Detail = event.OverCap, "The conversion is beyond the "+c.OverCap+" and was recorded as rejected, as the offer says."
	case c.OverCap != "":
		j.row.Detail += " It is beyond the " + c.OverCap + "."
	}
	for _, more := range []string{c.CouponNote, c.Warning} {
		if more != "" {
			j.row.Detail += " " + more
		}
	}
}

// harmless are the custom parameters without those that hold a token, under whatever name it
// was sent: people who only read conversions are shown them.
func (j *judgment) harmless() []macro.Param {
	return slices.DeleteFunc(slices.Clone(j.req.Custom), func(p macro.Param) bool { return j.view.AdvertiserByToken(p.Value) != nil })
}

// paramsJSON keeps custom parameters as a JSON object, "" for none.
func paramsJSON(custom []macro.Param) string {
	if len(custom) == 0 {
		return ""
	}
	m := make(map[string]string, len(custom))
	for _, p := range custom {
		m[p.Name] = p.Value
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "" // texts always marshal
	}
	return string(b)
}

// firstStatus is the state a new conversion starts in. What a page reports is always
// pending; a status in a trusted signal wins over the offer's setting.
func (j *judgment) firstStatus(v values) Status {
	initial := Status(j.offer.InitialStatus)
	switch {
	case event.FromPage(j.sig.Kind):
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
	p.rule, p.ruleVersion, p.lines, p.tier, p.how = "", 0, "", 0, nil
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
	stays, err := j.disputed(c, v)
	if err != nil {
		return err
	}
	err = j.contradiction(c, v)
	if err != nil {
		return err
	}
	// Everything that can refuse the signal comes before the first write: a verdict keeps
	// what was written.
	asked := v.status
	if asked == "" && j.trusted && event.FromPage(c.Source) && c.Status == Pending && c.Hold == "" && j.offer.InitialStatus == string(Approved) {
		asked = Approved // as it would have been had the postback come first
	}
	to := negative(c.Status, asked)
	moves := to != "" && to != c.Status && to != Pending
	if moves && j.req.WhilePending && c.Status != Pending {
		return refuse(event.IllegalTransition, "status", "The conversion is %s, and a status changes it only while it is pending.", c.Status)
	}
	if moves && c.Hold != "" && to == Approved {
		if c.Hold == HoldStaff {
			return refuse(event.Held, "status", "The conversion is held, and approved by nobody until it is released.")
		}
		return refuse(event.Held, "status", "The conversion is beyond a cap of the offer (%s): only somebody's decision approves it.", c.OverCap)
	}
	if moves && !Decidable(c.Status, to) {
		return refuse(event.IllegalTransition, "status", "The conversion is %s and cannot become %s.", c.Status, to)
	}
	filling, err := j.filling(ctx, c, v)
	if err != nil {
		return err
	}
	err = j.late(filling.does(), moves)
	if err != nil {
		return err
	}
	var did []string
	if j.trusted && event.FromPage(c.Source) {
		c.Source = j.sig.Kind // the advertiser vouches for it from now on: no page adds to it
		err := j.tx.UpdateConversion(ctx, c)
		if err != nil {
			return fmt.Errorf("take over from a page: %w", err)
		}
	}
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
		err := j.Move(ctx, j.tx, c, to, j.actor(), "status "+string(asked)+" by a "+j.sig.Kind)
		if err != nil {
			return err
		}
		did = append(did, "the status is now "+string(to))
	}
	j.row.Verdict, j.row.Detail = event.Duplicate, "The conversion was recorded before, and is "+string(c.Status)+"; nothing was added."
	if len(did) == 0 && j.goal.Duplicates == catalog.DuplicatesReject {
		j.row.Verdict, j.row.Detail = event.DuplicateRefused, "The conversion was recorded before, and the goal "+j.goal.Key+" refuses what comes again."
	}
	if len(did) > 0 {
		j.row.Verdict, j.row.Detail = event.Updated, "The conversion was recorded before: "+strings.Join(did, "; ")+"."
	}
	if stays != "" {
		j.row.Detail += " " + stays + " " + j.couponNote
	}
	return nil
}

// Toward is the state that a conversion would be brought into by somebody who asks for a
// state without knowing its own: a refusal is a rejection or a reversal, whichever fits.
func Toward(from, asked Status) Status { return negative(from, asked) }

// GaveWay reports whether it is a page's claim that gave way to the real conversion: nothing
// is news of it any more.
func (c *Conversion) GaveWay() bool { return c.replaced() }

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
