package dialect

import "clickledger/internal/event"

// native is the product's own dialect. Its paths at the root of every tracking host do the
// same as those under /d/native/.
var native = Table{
	Name: "native", Title: "clickledger", Landing: "click_id",
	Notes: []string{"The answer is JSON with the verdict, or one line of text for who accepts only that."},
	Endpoints: []Endpoint{
		{ID: "postback", Path: "postback", Kind: event.SignalPostback, Use: "A call from server to server",
			Example: "click_id={click_id}&txid={order_number}&amount={sale_amount}&token=TOKEN"},
		{ID: "pixel.gif", Path: "pixel.gif", Kind: event.SignalPixel, Form: GIF, Use: "An image on the confirmation page", Example: "key=OFFER_KEY&txid={order_number}&amount={sale_amount}"},
		{ID: "pixel", Path: "pixel", Kind: event.SignalPixel, Form: GIF, Use: "The same, without the ending", Example: "key=OFFER_KEY&txid={order_number}&amount={sale_amount}"},
	},
	Params: []Param{
		{Name: "click_id", Field: ClickID},
		{Name: "offer", Field: Offer},
		{Name: "goal", Field: Goal},
		{Name: "payout", Field: Payout},
		{Name: "amount", Field: Amount},
		{Name: "currency", Field: Currency},
		{Name: "txid", Field: TxID},
		{Name: "status", Field: Status},
		{Name: "refund_id", Field: RefundID},
		{Name: "event_time", Field: EventTime},
		{Name: "token", Field: Token},
		{Name: "key", Field: Key},
		{Name: "coupon", Field: Coupon},
		{Name: "geo", Field: Geo},
		{Name: "commission_id", Field: CommissionID},
		{Name: "customer", Field: Customer},
		{Name: "items", Field: Items},
		{Name: "click_from", Field: ClickFrom},
	},
}
