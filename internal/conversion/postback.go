package conversion

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/macro"
	"clickledger/internal/money"
	"clickledger/internal/outbound"
)

// tell queues the publisher's postbacks about the state the conversion has just come to;
// first says that it was recorded just now. [Transitions] leads to no state twice but for
// what a payout run gives back, of which nothing is told, so each postback is called once
// for each state at most.
func tell(ctx context.Context, tx outbound.Tx, view *catalog.View, c *Conversion, visit *event.Visit, first bool, now time.Time) error {
	told := view.ToTell(c.Publisher, c.Offer, c.GoalKey, string(c.Status), first)
	if len(told) == 0 {
		return nil
	}
	v := postbackValues(view, c, visit, now)
	for _, p := range told {
		err := tx.InsertDelivery(ctx, outbound.Make(p, v, now))
		if err != nil {
			return fmt.Errorf("queue postback: %w", err)
		}
	}
	return nil
}

// postbackValues are what a publisher is told of its conversion. {payout} towards a
// publisher is their commission; our revenue has no macro.
func postbackValues(view *catalog.View, c *Conversion, visit *event.Visit, now time.Time) *macro.Values {
	v := &macro.Values{}
	if c.Method != MatchCoupon && c.Method != MatchPublisher { // it had no click, or another publisher's
		v[macro.ClickID] = c.Click.String()
	}
	v[macro.CampaignID] = visit.Campaign
	v[macro.OfferID] = c.Offer
	if o := view.Offer(c.Offer); o != nil {
		v[macro.OfferName] = o.Name
	}
	v[macro.PublisherID] = c.Publisher
	v[macro.LinkID] = c.Link
	// A macro that nobody replaced goes to nobody (R10); the bits are event.Visit's.
	replaced := func(bit int, s string) string {
		if visit.Unreplaced&(1<<bit) != 0 {
			return ""
		}
		return s
	}
	for i, s := range visit.Subs {
		v[macro.Sub1+macro.ID(i)] = replaced(i, s)
	}
	v[macro.ExternalID], v[macro.Keyword], v[macro.Source] = replaced(20, visit.ExternalID), replaced(21, visit.Keyword), replaced(22, visit.Source)
	v[macro.CountryCode] = visit.Country
	v[macro.Device] = visit.Device
	v[macro.ConversionID] = c.ID
	v[macro.TxID] = c.Order
	v[macro.Payout] = money.Amount{Minor: c.Commission, Currency: money.Currency(c.Currency)}.String()
	if c.HasSale {
		v[macro.Amount] = money.Amount{Minor: c.SaleAmount, Currency: money.Currency(c.Currency)}.String()
	}
	v[macro.Currency] = c.Currency
	v[macro.Status] = string(c.Status)
	v[macro.Goal] = c.GoalKey
	now = now.UTC()
	v[macro.Timestamp] = strconv.FormatInt(now.Unix(), 10)
	v[macro.TimestampMs] = strconv.FormatInt(now.UnixMilli(), 10)
	v[macro.Date] = now.Format(time.DateOnly)
	v[macro.Random] = c.Click.String()[18:] // random-looking, and the same on every retry
	v[macro.EventTime] = strconv.FormatInt(c.At/1e6, 10)
	if w := view.Workspace(c.Workspace); w != nil {
		v[macro.Salt] = w.Salt
	}
	return v
}
