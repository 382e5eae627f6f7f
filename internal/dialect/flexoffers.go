package dialect

import "clickledger/internal/event"

var flexoffers = Table{
	Name: "flexoffers", Title: "FlexOffers", Landing: "refid",
	Notes: []string{
		"The landing page's parameter is called `refid`, that of the postback `clickid`; both names are taken in the postback. Set the offer's click parameter to `refid` and the shop needs no change.",
		"`orderamount=0` reports a lead.",
		"FlexOffers accepts an integration after two test conversions; so does an offer here.",
		"FlexOffers does not document its answer. Here it is `OK`, or `ERROR` with the code and the reason, with the status that the code has.",
	},
	Endpoints: []Endpoint{
		{ID: "da", Path: "da.ashx", Root: "/da.ashx", Kind: event.SignalPostback, Use: "A call from server to server",
			Example: "advertiserid=TOKEN&clickid={refid}&orderamount={sale_amount}&ordernumber={order_number}&coupon={coupon}&currency={currency}&geo={country}&commissionid={commission_id}"},
	},
	Params: []Param{
		{Name: "clickid", Aliases: []string{"refid"}, Field: ClickID, Note: "The value of `refid` on the landing page."},
		{Name: "advertiserid", Aliases: []string{"token"}, Field: Token},
		{Name: "orderamount", Field: Amount, Required: true, Note: "The sale amount; 0 for a lead."},
		{Name: "ordernumber", Field: TxID, Required: true},
		{Name: "coupon", Field: Coupon},
		{Name: "currency", Field: Currency},
		{Name: "geo", Field: Geo},
		{Name: "commissionid", Field: CommissionID},
	},
	Answers: []Answer{{Type: TypeText, OK: "OK", Bad: "ERROR {verdict}: {message}"}},
}
