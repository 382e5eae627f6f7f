package dialect

import "clickledger/internal/event"

var everflow = Table{
	Name: "everflow", Title: "Everflow", Landing: "_ef_transaction_id",
	Notes: []string{
		"`transaction_id` may be several click ids, joined by `|`: the latest click before the conversion counts, of those on an offer that the sender can mean.",
		"Without a click, `coupon_code` names the publisher, or `oid` and `affid` do; both need the token and an order number.",
		"`nid` is taken and means nothing here; it tells the dialect at the root of a domain.",
		"The JavaScript SDK's conversions are served; its clicks and impressions are not.",
		"Refusals carry Everflow's own error code (1 to 27) where it has one for the reason.",
	},
	Endpoints: []Endpoint{
		{ID: "sdk", Path: "sdk/conversion", Root: "/sdk/conversion", Kind: event.SignalScript, Use: "The JavaScript SDK's `EF.conversion`",
			Example: "oid=OFFER_KEY&transaction_id={transaction_id}&amount={sale_amount}&order_id={order_number}"},
		{ID: "s2s", Path: "", Root: "/", RootWhen: "nid", Kind: event.SignalPostback, Use: "A call from server to server",
			Example: "nid=1&transaction_id={transaction_id}&amount={sale_amount}&order_id={order_number}&verification_token=TOKEN"},
	},
	Params: []Param{
		{Name: "transaction_id", Aliases: []string{"tid", "_ef_transaction_id"}, Field: ClickID, Format: List},
		{Name: "oid", Aliases: []string{"offer_id"}, Field: Offer, Format: NotZero},
		{Name: "affid", Aliases: []string{"affiliate_id"}, Field: Publisher, Only: event.SignalPostback},
		{Name: "event_id", Aliases: []string{"adv_event_id"}, Field: Goal, Format: NotZero, Note: "The goal's key; none or 0: the offer's default goal."},
		{Name: "amount", Field: Amount},
		{Name: "order_id", Field: TxID},
		{Name: "coupon_code", Field: Coupon},
		{Name: "currency", Field: Currency},
		{Name: "user_id", Field: Customer},
		{Name: "verification_token", Aliases: []string{"token"}, Field: Token},
		{Name: "nid", Field: Nothing, Note: "Taken; it means nothing here."},
		{Name: "aid", Field: Nothing, Note: "The offer or the click says whose it is."},
		{Name: "email", Field: Nothing, Note: "Taken and not kept: it is a person's."},
		{Name: "order", Field: Nothing, Note: "Taken and not kept."},
	},
	Answers: []Answer{{
		Type: TypeJSON, Failed: []event.Verdict{event.Duplicate, event.OverCap},
		OK:  `{"transaction_id":"{click}","conversion_id":"{signal}","html_pixel":""}`,
		Bad: `{"transaction_id":"{click}","conversion_id":"","html_pixel":"","error_code":{code},"error":"{message}"}`,
		Codes: map[event.Verdict]int{
			event.OverCap: 4, event.OutsideWindow: 5, event.Duplicate: 8, event.UnknownClick: 12, event.MissingClick: 12, event.OfferMismatch: 14, event.UnknownKey: 15,
			event.TooSoon: 20, event.BadToken: 21, event.MissingToken: 21, event.UnknownGoal: 25,
		},
	}},
}
