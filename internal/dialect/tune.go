package dialect

import "clickledger/internal/event"

// tuneWords are TUNE's own words for verdicts.
var tuneWords = map[event.Verdict]string{
	event.UnknownClick: "Invalid Trans. ID #{click}.",
	event.Duplicate:    "Duplicate conversion",
}

var tune = Table{
	Name: "tune", Title: "HasOffers / TUNE", Landing: "transaction_id",
	Notes: []string{
		"`adv_sub` is the order number, as most integrations use it; `conversion_unique_id` and `adv_unique1` are taken for it too, the first before `adv_sub`, the second after it.",
		"Without `transaction_id` a server may name `offer_id` and `aff_id`, the publisher's id here: with the token and an order number the conversion is that publisher's. Aspire's shop code reports like that.",
		"`status` is `approved`, `pending` or `rejected`, and needs the token. `revenue` is our revenue; the offer's payout setting says whether it counts. `payout` would be the publisher's commission: it is ignored, and the inbox says so.",
		"Every answer has the status 200: `success=true;`, or `success=false; err_msg=…;`. With `format=json` it is JSON, whose shape TUNE does not document in public.",
		"The encoded aliases (`/SL…`, `/SP…`) are not known here: use the plain forms.",
	},
	Endpoints: []Endpoint{
		{ID: "aff_lsr", Path: "aff_lsr", Root: "/aff_lsr", Kind: event.SignalPostback, Use: "A call from server to server",
			Example: "transaction_id={transaction_id}&amount={sale_amount}&adv_sub={order_number}&security_token=TOKEN"},
		{ID: "goal_l", Path: "aff_goal", Root: "/aff_goal", When: "a=l", Kind: event.SignalPixel, Form: GIF, Need: []Field{Goal}, Use: "A goal's image on a page",
			Example: "a=l&goal_id={goal}&offer_id=OFFER_KEY&adv_sub={order_number}"},
		{ID: "goal_lsr", Path: "aff_goal", Root: "/aff_goal", Kind: event.SignalPostback, Need: []Field{Goal}, Use: "A call for a goal",
			Example: "a=lsr&goal_id={goal}&transaction_id={transaction_id}&amount={sale_amount}&adv_sub={order_number}&security_token=TOKEN"},
		{ID: "aff_l_img", Path: "aff_l", Root: "/aff_l", When: "format=img", Kind: event.SignalPixel, Form: GIF, Use: "An image on the confirmation page",
			Example: "format=img&offer_id=OFFER_KEY&amount={sale_amount}&adv_sub={order_number}"},
		{ID: "aff_l", Path: "aff_l", Root: "/aff_l", Kind: event.SignalPixel, Form: Frame, Use: "An iframe on the confirmation page",
			Example: "offer_id=OFFER_KEY&amount={sale_amount}&adv_sub={order_number}"},
	},
	Params: []Param{
		{Name: "transaction_id", Field: ClickID},
		{Name: "offer_id", Aliases: []string{"offer_ref"}, Field: Offer},
		{Name: "aff_id", Aliases: []string{"aff_ref"}, Field: Publisher, Only: event.SignalPostback},
		{Name: "goal_id", Aliases: []string{"goal_ref", "goal_name"}, Field: Goal},
		{Name: "amount", Field: Amount},
		{Name: "revenue", Field: Payout},
		{Name: "payout", Field: Commission},
		{Name: "currency", Field: Currency},
		{Name: "adv_sub", Aliases: []string{"adv_unique1"}, Field: TxID},
		{Name: "conversion_unique_id", Field: TxID, Note: "The order number, before `adv_sub`."},
		{Name: "status", Field: Status},
		{Name: "promo_code", Field: Coupon},
		{Name: "user_id", Field: Customer},
		{Name: "security_token", Aliases: []string{"token"}, Field: Token},
		{Name: "a", Field: Nothing, Note: "Tells the forms of `aff_goal` apart."},
		{Name: "format", Field: Nothing, Note: "`json`: the answer is JSON; `img`: an image in place of an iframe."},
		{Name: "adv_id", Field: Nothing, Note: "The offer or the click says whose it is."},
	},
	Status: map[string]string{"approved": "approved", "pending": "pending", "rejected": "rejected"},
	Answers: []Answer{
		{When: "format=json", Type: TypeJSON, Fine: true, Failed: []event.Verdict{event.Duplicate}, Messages: tuneWords,
			OK: `{"response":{"success":true,"status":1,"data":{"conversion_id":"{conversion}"}}}`, Bad: `{"response":{"success":false,"status":-1,"errorMessage":"{message}"}}`},
		{Type: TypeText, Fine: true, Failed: []event.Verdict{event.Duplicate}, Messages: tuneWords,
			OK: "success=true;", Bad: "success=false; err_msg={message};"},
	},
}
