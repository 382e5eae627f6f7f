package dialect

import "clickledger/internal/event"

var affise = Table{
	Name: "affise", Title: "Affise", Landing: "click_id",
	Notes: []string{
		"A status changes a conversion only while it is pending; later ones are refused with `illegal_transition`. Statuses need the token (`secure`).",
		"Without a click id a server may name `offer_id` and `pid`, the publisher's id here: with `secure` and `action_id` the conversion is that publisher's.",
		"`sum` is the sale amount.",
		"Every answer has the status 200: `{\"status\":1}`, or `{\"status\":2}` with the reason.",
	},
	Endpoints: []Endpoint{
		{ID: "postback", Path: "postback", Root: "/postback", RootWhen: "secure", Kind: event.SignalPostback, Use: "A call from server to server",
			Example: "clickid={clickid}&action_id={order_number}&sum={sale_amount}&status=1&secure=TOKEN"},
	},
	Params: []Param{
		{Name: "clickid", Aliases: []string{"click_id", "afclick"}, Field: ClickID},
		{Name: "action_id", Field: TxID},
		{Name: "goal", Field: Goal},
		{Name: "sum", Field: Amount},
		{Name: "currency", Field: Currency},
		{Name: "status", Field: Status, Note: "1 approved, 2 pending, 3 declined, 5 hold."},
		{Name: "secure", Aliases: []string{"token"}, Field: Token},
		{Name: "promo_code", Field: Coupon},
		{Name: "user_id", Field: Customer},
		{Name: "offer_id", Field: Offer},
		{Name: "pid", Field: Publisher},
		{Name: "ip", Field: Nothing, Note: "Taken and not kept."},
	},
	Status:       map[string]string{"1": "approved", "2": "pending", "3": "rejected", "5": "pending"},
	WhilePending: true,
	Answers: []Answer{{
		Type: TypeJSON, Fine: true, Failed: []event.Verdict{event.Duplicate}, OK: `{"status":1}`, Bad: `{"status":2,"error":"{verdict}","message":"{message}"}`,
		Messages: map[event.Verdict]string{event.Duplicate: "Conversion exists", event.IllegalTransition: "Conversion status is not pending"},
	}},
}
