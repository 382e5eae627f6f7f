package dialect

import "clickledger/internal/event"

var apikey = Table{
	Name: "apikey", Title: "api_key networks", Landing: "tracking",
	Notes: []string{
		"`amount` is written as `0.00`. `000`, `0,00` and `0` are refused with the reason. It is our revenue.",
		"`tracking` is opaque to the sender: store it whole and return it byte for byte, percent-encoded. The answer repeats it as it was understood.",
		"From a server `api_key` is the advertiser's token. Whoever looks at a page can read its pixel, so there `api_key` is the offer's public key, which may report sales and decide nothing.",
		"The networks that use this form do not document their answer. Here it is JSON, with the status that the code has.",
	},
	Endpoints: []Endpoint{
		{ID: "postback", Path: "postback", Root: "", Kind: event.SignalPostback, Use: "A call from server to server", Example: "api_key=TOKEN&tracking={tracking}&amount={amount}"},
		{ID: "pixel", Path: "pixel", Kind: event.SignalPixel, Form: GIF, Use: "An image on the confirmation page", Example: "api_key=OFFER_KEY&tracking={tracking}&amount={amount}"},
	},
	Params: []Param{
		{Name: "api_key", Field: Token, Required: true, Only: event.SignalPostback},
		{Name: "api_key", Field: Key, Required: true, Only: event.SignalPixel},
		{Name: "tracking", Field: ClickID, Required: true},
		{Name: "amount", Field: Payout, Required: true, Format: Cents},
	},
	Answers: []Answer{{
		Type: TypeJSON, OK: `{"status":"success","tracking":"{click}"}`, Bad: `{"status":"error","code":"{verdict}","message":"{message}","tracking":"{click}"}`,
	}},
}
