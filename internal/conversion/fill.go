package conversion

import (
	"context"
	"fmt"
	"slices"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// sent gives what a conversion's signals brought, as they were read.
func (c *Conversion) sent() (values, error) {
	v := values{currency: c.sentCurrency(), hasSale: c.HasSale, sale: money.Amount{Minor: c.SaleAmount, Currency: money.Currency(c.Currency)}}
	v.payout.Currency = v.currency
	for _, a := range []struct {
		text string
		to   *money.Amount
	}{{c.Sent, &v.payout}, {c.SentSale, &v.sale}} {
		if a.text == "" {
			continue
		}
		parsed, err := money.ParseAmount(a.text, v.currency, money.ParseOptions{})
		if err != nil {
			return v, fmt.Errorf("stored amount of %s: %w", c.ID, err)
		}
		*a.to = parsed
	}
	v.hasPayout = c.Sent != ""
	var err error
	v.items, err = ParseItems(c.Items, v.currency)
	if err != nil {
		return v, fmt.Errorf("stored item lines of %s: %w", c.ID, err)
	}
	return v, nil
}

// sentCurrency is what the signals spoke in.
func (c *Conversion) sentCurrency() money.Currency {
	if c.SentCurrency != "" {
		return money.Currency(c.SentCurrency)
	}
	return money.Currency(c.Currency)
}

// contradiction refuses other amounts for the same conversion: a stated conflict,
// never silent (P2). Amounts are compared as they were sent, so that no rate of another
// day makes a difference.
func (j *judgment) contradiction(c *Conversion, v values) error {
	was, err := c.sent()
	if err != nil {
		return err
	}
	if j.updates(c, was, v) {
		return nil
	}
	if v.currency != was.currency && (was.hasPayout || was.hasSale) && (v.hasPayout || v.hasSale) {
		return refuse(event.Conflict, "currency", "The conversion was recorded in %s before.", was.currency)
	}
	field := ""
	switch {
	case v.hasSale && was.hasSale && v.sale != was.sale:
		field = "amount"
	case v.hasPayout && was.hasPayout && v.payout != was.payout:
		field = "payout"
	case len(v.items) > 0 && len(was.items) > 0 && !slices.Equal(v.items, was.items):
		field = "items"
	default:
		return nil
	}
	switch {
	case !j.trusted: // who has no token is told no amount that somebody else reported
		return refuse(event.Conflict, field, "The same %s was recorded with another %s before; nothing was changed.", sameWhat(c), field)
	case field == "amount":
		return refuse(event.Conflict, "amount", "The same %s was recorded with the sale amount %s before, and now comes with %s; nothing was changed.", sameWhat(c), was.sale.String(), v.sale.String())
	}
	return refuse(event.Conflict, "payout", "The same %s was recorded with the payout %s before, and now comes with %s; nothing was changed.", sameWhat(c), was.payout.String(), v.payout.String())
}

func sameWhat(c *Conversion) string {
	if c.Order != "" {
		return "order number"
	}
	return "click and goal"
}

// filling is what a later signal adds to a conversion.
type filling struct {
	worth worth
	by    string // kind of the signal that brought the payout, "" = as before
	order order  // with what was filled in, zero = nothing
	geo   string // country that was named, "" = none
	price *price // nil: the price stays as it was recorded
	did   []string
}

// filling finds the amounts that the first signal did not bring and this one does (P7),
// and what they make the conversion worth; nil when there is nothing to fill in.
func (j *judgment) filling(ctx context.Context, c *Conversion, v values) (*filling, error) {
	was, err := c.sent()
	if err != nil {
		return nil, err
	}
	update := j.updates(c, was, v)
	newSale, newPayout := v.hasSale && (!c.HasSale || update && v.sale != was.sale), v.hasPayout && (c.Sent == "" || update && v.payout != was.payout)
	// A page's word that a server repeats is the server's from now on.
	confirmed := v.hasPayout && c.Sent != "" && event.FromPage(c.sentBy()) && !event.FromPage(j.sig.Kind)
	newGeo, newItems := j.newGeo(c), len(v.items) > 0 && (c.Items == "" || update && !slices.Equal(v.items, was.items))
	named := order{c.ID, c.CommissionID, c.Customer}
	newOrder := named.fill(j.commissionID(), j.customer())
	if (!newSale && !newPayout && !confirmed && !newGeo && !newItems && !newOrder) || settled(c.Status) || c.Adjusted {
		return nil, nil
	}
	if event.FromPage(j.sig.Kind) && (!event.FromPage(c.Source) || c.Status != Pending) {
		return nil, nil // a page overrules no server, and nothing that was decided
	}
	now := was
	if !was.hasPayout && !was.hasSale {
		now.currency = v.currency // what was assumed so far gives way to what is said
	}
	f := &filling{}
	if newSale {
		now.sale, now.hasSale = v.sale, true
		f.did = append(f.did, "the sale amount "+v.sale.String()+filled(c.HasSale))
	}
	if newPayout {
		now.payout, now.hasPayout = v.payout, true
		f.did = append(f.did, "the payout "+v.payout.String()+filled(c.Sent != ""))
	}
	if newItems {
		now.items = v.items
		f.did = append(f.did, fmt.Sprintf("%d item lines were filled in", len(v.items)))
	}
	if newOrder {
		f.order = named
		f.did = append(f.did, "what commission rules ask for was filled in")
	}
	if newPayout || confirmed {
		f.by = j.sig.Kind
	}
	// The deal is the conversion's own: the signal may have named another click.
	own, err := j.dealOf(c)
	if err != nil {
		return nil, err
	}
	then := own
	own.order = named
	if newGeo {
		f.geo = clip(j.geo())
		own.country = country(own.offer, c.Country, f.geo)
		f.did = append(f.did, "the country "+own.country+" was filled in")
	}
	f.worth, err = j.exchanged(now, own.offer, c.At, c.Rate)
	if err != nil {
		return nil, err
	}
	if confirmed && terms(own).PayoutKind != catalog.PayoutPostback {
		was.hasPayout = false // it did not count so far
		f.did = append(f.did, "the payout "+v.payout.String()+" was confirmed")
	}
	p, err := j.priced(ctx, own, f.worth)
	if refused(c.Status) {
		p, err = unpriced(p, err)
	}
	if err != nil {
		return nil, err
	}
	// The terms may have changed since. They count only when what is new enters the price.
	before, err := j.exchanged(was, own.offer, c.At, c.Rate)
	if err != nil {
		return nil, err
	}
	old, err := j.priced(ctx, then, before)
	enters := err != nil || old.revenue != p.revenue || old.commission != p.commission
	if enters || (p.revenue.Minor == c.Revenue && p.commission.Minor == c.Commission) {
		f.price = &p
	}
	return f, nil
}

// filled says what became of an amount.
func filled(was bool) string {
	if was {
		return " replaced the one before"
	}
	return " was filled in"
}

// fill takes what is not known so far; it reports whether anything was.
func (o *order) fill(commissionID, customer string) bool {
	was := *o
	if o.commissionID == "" {
		o.commissionID = commissionID
	}
	if o.customer == "" {
		o.customer = customer
	}
	return *o != was
}

// newGeo reports whether the signal names a country by which the conversion is paid, and
// none of it did so before.
func (j *judgment) newGeo(c *Conversion) bool {
	own, err := j.dealOf(c)
	if err != nil || c.Geo != "" || j.geo() == "" {
		return false
	}
	t := terms(own)
	return t.PayoutKind == catalog.PayoutFixed && len(t.GeoPayouts) > 0 && country(own.offer, c.Country, j.geo()) != own.country
}

// sentBy is the kind of the signal that brought the payout; of a conversion of before that
// was kept, the one that made it.
func (c *Conversion) sentBy() string {
	if c.SentBy == "" {
		return c.Source
	}
	return c.SentBy
}

// dealOf is the deal of a conversion that is recorded: its own offer, goal and publisher.
func (j *judgment) dealOf(c *Conversion) (deal, error) {
	d := deal{
		offer: j.view.Offer(c.Offer), goal: j.view.GoalByID(c.Offer, c.Goal), publisher: c.Publisher,
		order: order{c.ID, c.CommissionID, c.Customer}, at: instant(c.At, c.Recorded),
	}
	if d.offer == nil || d.goal == nil {
		return d, fmt.Errorf("the offer %s or goal %s of conversion %s is not in the catalog", c.Offer, c.Goal, c.ID)
	}
	d.country = country(d.offer, c.Country, c.Geo)
	return d, nil
}

// fill adds the amounts, and posts the difference they make as an adjustment.
func (j *judgment) fill(ctx context.Context, c *Conversion, f *filling) error {
	old := *c
	by := f.by
	if by == "" {
		by = c.SentBy
	}
	c.take(f.worth, by)
	if f.geo != "" {
		c.Geo = f.geo
	}
	if f.order.id != "" {
		c.CommissionID, c.Customer = f.order.commissionID, f.order.customer
	}
	if f.price != nil {
		j.value(c, f.worth, *f.price)
	}
	err := adjust(ctx, j.tx, &old, c, j.Now().UnixMicro())
	if err != nil || f.price == nil {
		return err
	}
	return j.lift(ctx, c, j.how)
}

// adjust writes a conversion whose amounts changed and posts the difference: to the
// ledger an adjustment, to the facts minus the old state and plus the new one.
func adjust(ctx context.Context, tx Writer, old, c *Conversion, now int64) error {
	err := tx.UpdateConversion(ctx, c)
	if err != nil {
		return fmt.Errorf("write amounts: %w", err)
	}
	if !counts(c.Status) {
		return nil // it has no money in the books; its amounts count should it be approved
	}
	err = post(ctx, tx, c, "adjustment", difference(old, c), now)
	if err != nil {
		return err
	}
	visit, err := event.DecodeVisit(c.Dims)
	if err != nil {
		return fmt.Errorf("click of %s: %w", c.ID, err)
	}
	for _, f := range []*event.Fact{old.fact(visit, event.FactAdjustment, old.Status, -1), c.fact(visit, event.FactAdjustment, c.Status, +1)} {
		err := tx.PutFact(ctx, f)
		if err != nil {
			return fmt.Errorf("queue fact: %w", err)
		}
	}
	return nil
}

// does says what a filling changes.
func (f *filling) does() []string {
	if f == nil {
		return nil
	}
	return f.did
}
