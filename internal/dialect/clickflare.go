package dialect

import "clickledger/internal/event"

var clickflare = Table{
	Name: "clickflare", Title: "ClickFlare", Landing: "click_id",
	Notes: []string{
		"`payout` is our revenue; the offer's payout setting says whether it counts or the manual one does.",
		"ClickFlare has no secret of its own. Add `token` with the advertiser's token, or let the advertiser's postbacks do without.",
		"ClickFlare does not document its answer. Here it is `OK`, or `ERROR` with the code and the reason, with the status that the code has.",
		"`/cf/click/{n}` leads from a lander to an offer. It belongs to campaigns, which this version has not.",
	},
	Endpoints: []Endpoint{
		{ID: "cv", Path: "cf/cv", Root: "/cf/cv", Kind: event.SignalPostback, Use: "A call from server to server", Example: "click_id={click_id}&payout={payout}&txid={order_number}&token=TOKEN"},
		{ID: "postback", Path: "cf/postback", Root: "/cf/postback", Kind: event.SignalPostback, Use: "The older form", Example: "cid={click_id}&payout={payout}&txid={order_number}&token=TOKEN"},
	},
	Params: []Param{
		{Name: "click_id", Aliases: []string{"cid", "cf_click_id"}, Field: ClickID},
		{Name: "payout", Field: Payout},
		{Name: "txid", Field: TxID},
		{Name: "ct", Field: Goal, Note: "The conversion type: the goal's key."},
		{Name: "currency", Field: Currency},
		{Name: "status", Field: Status},
		{Name: "token", Field: Token},
	},
	Answers: []Answer{{Type: TypeText, OK: "OK", Bad: "ERROR {verdict}: {message}"}},
}
