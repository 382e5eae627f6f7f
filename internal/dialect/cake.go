package dialect

import "clickledger/internal/event"

var cake = Table{
	Name: "cake", Title: "CAKE", Landing: "ckm_request_id",
	Notes: []string{
		"All forms have the address `p.ashx`; `f` tells them apart: `pb` a call from a server, `img` an image, `js` a script, none an iframe.",
		"`r` is the click id, or its decimal form for systems that keep request ids as numbers: both lead to the same click. The offer's URL hands the number out as `{click_number}`.",
		"`p` is our revenue. `ap` would be the publisher's commission: it is ignored, and the inbox says so.",
		"CAKE has no secret of its own. Add `token` with the advertiser's token to calls from a server.",
		"Callers look for the word SUCCESS in the answer, which no refusal has.",
	},
	Endpoints: []Endpoint{
		{ID: "pb", Path: "p.ashx", Root: "/p.ashx", When: "f=pb", Kind: event.SignalPostback, Use: "A call from server to server",
			Example: "f=pb&o=OFFER_KEY&r={request_id}&t={order_number}&p={our_revenue}&token=TOKEN"},
		{ID: "img", Path: "p.ashx", Root: "/p.ashx", When: "f=img", Kind: event.SignalPixel, Form: GIF, Use: "An image on the confirmation page",
			Example: "f=img&o=OFFER_KEY&t={order_number}&ect={sale_amount}"},
		{ID: "js", Path: "p.ashx", Root: "/p.ashx", When: "f=js", Kind: event.SignalPixel, Form: Script, Use: "A script on the confirmation page",
			Example: "f=js&o=OFFER_KEY&t={order_number}&ect={sale_amount}"},
		{ID: "frame", Path: "p.ashx", Root: "/p.ashx", Kind: event.SignalPixel, Form: Frame, Use: "An iframe on the confirmation page",
			Example: "o=OFFER_KEY&t={order_number}&ect={sale_amount}"},
	},
	Params: []Param{
		{Name: "r", Aliases: []string{"ckm_request_id", "reqid"}, Field: ClickID, Format: Number},
		{Name: "o", Field: Offer},
		{Name: "e", Field: Goal, Format: NotZero, Note: "The goal's key; none or 0: the offer's default goal."},
		{Name: "t", Field: TxID},
		{Name: "p", Field: Payout},
		{Name: "ap", Field: Commission},
		{Name: "ect", Field: Amount},
		{Name: "u", Field: Customer},
		{Name: "token", Field: Token},
		{Name: "a", Field: Nothing, Note: "The offer or the click says whose it is."},
		{Name: "f", Field: Nothing, Note: "Tells the forms apart."},
	},
	Answers: []Answer{{Type: TypeXML, Fine: true,
		OK:  `<?xml version="1.0" encoding="utf-8"?><result><code>0</code><msg>SUCCESS</msg></result>`,
		Bad: `<?xml version="1.0" encoding="utf-8"?><result><code>1</code><msg>{verdict}: {message}</msg></result>`}},
}
