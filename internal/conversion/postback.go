package conversion

import (
	"fmt"
	"strconv"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/macro"
	"clickledger/internal/money"
)

// renderPostback fills a publisher's postback URL in. {payout} towards a publisher is
// their commission; our revenue has no macro.
func renderPostback(url string, c *Conversion, visit *event.Visit) (string, error) {
	t, err := macro.ParseURLWith(macro.PostbackTokens, url)
	if err != nil {
		return "", fmt.Errorf("parse the postback URL: %w", err)
	}
	var v macro.Values
	if c.Method != MatchCoupon { // it had no click, or another publisher's
		v[macro.ClickID] = c.Click.String()
	}
	v[macro.CampaignID] = visit.Campaign
	v[macro.OfferID] = c.Offer
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
	recorded := time.UnixMicro(c.Recorded).UTC()
	v[macro.Timestamp] = strconv.FormatInt(recorded.Unix(), 10)
	v[macro.TimestampMs] = strconv.FormatInt(recorded.UnixMilli(), 10)
	v[macro.Date] = recorded.Format(time.DateOnly)
	v[macro.Random] = c.Click.String()[18:] // random-looking, and the same on every retry
	v[macro.EventTime] = strconv.FormatInt(c.At/1e6, 10)
	return string(t.Append(nil, &v)), nil
}
