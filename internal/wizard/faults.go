package wizard

import (
	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

// Faults that are no verdicts: a signal was taken, and it is not what a test needs.
const (
	FaultSameOrder = "same_order_number"
	FaultNoOrder   = "no_order_number"
	FaultNoClick   = "click_id_missing"
	FaultValues    = "values"
)

// fixes say what to do about a verdict, for who sends the signals.
var fixes = map[event.Verdict]string{
	event.UnknownClick:    "Send the very id that arrived in the landing URL: 32 characters, none cut off, none changed.",
	event.MissingToken:    "Add the parameter token with the advertiser's token, as in the postback URL below.",
	event.BadToken:        "Take the token from the postback URL below: it is another one, cut off, or was replaced since.",
	event.UnknownKey:      "Take the pixel or script below as it is: its key is another one or cut off.",
	event.OfferMismatch:   "This is the pixel, or the parameter offer, of another offer: take the text below.",
	event.UnknownGoal:     "Leave the parameter goal out, or send the key of one of the offer's goals.",
	event.InvalidAmount:   "Send a plain number with a point, such as 12.50: no comma, no currency sign, no thousands separator.",
	event.AmountPrecision: "Round the amount to the decimals of its currency before it is sent.",
	event.AmountRange:     "Send the amount of one order, not below zero, in the unit of the currency and not in cents.",
	event.MissingAmount:   "Send the parameter amount: the terms are a percentage of it.",
	event.MacroUnreplaced: "The sender's system did not replace a macro: write the name it knows, or fill the value in by your own code.",
	event.WrappedValue:    "Take the brackets or quotes of the example away.",
	event.UnknownCurrency: "Send the three letters of ISO 4217, such as EUR, or leave the parameter out.",
	event.NoRate:          "Send amounts in the offer's currency, or ask us to add an exchange rate.",
	event.MissingOrder:    "Send the order number in the parameter txid, another one for each order.",
	event.InvalidValue:    "Look at the parameter that is named, and send it in the form it needs.",
	event.UnknownStatus:   "Send approved, pending, rejected or reversed, or leave the parameter out.",
	event.Conflict:        "The same order number came with another amount: each order needs a number of its own.",
	event.OutsideWindow:   "The time of the event is after the conversion window: look at event_time.",
	event.MalformedBody:   "Send the parameters in the query, or as a form, or as JSON with the matching Content-Type.",
	event.TooLarge:        "Send only the parameters that are asked for.",
}

// lost says what to do where a signal came without a click id, by method.
var lost = map[string]string{
	catalog.MethodPostback: "Keep the click id from the landing URL until the order is made, in a cookie, in a hidden field or in the URLs between, and send it in the parameter click_id.",
	catalog.MethodPixel:    "Order in the same browser that opened the test link, with cookies of other sites allowed; or give the click id to the pixel in the parameter click_id.",
	catalog.MethodScript:   "Put the script on the landing page as well, so that it keeps the click id, and order in the same browser that opened the test link.",
}

// fault says what is wrong with a signal, in a code, a sentence and what to do; code ""
// is nothing.
func fault(r *Run, x, first *sample) (code, sentence, fix string) {
	v := x.row.Verdict
	say := x.row.Detail
	if say == "" {
		say = event.Verdicts[v].Sentence
	}
	switch {
	case v == event.MissingClick:
		return FaultNoClick, "A signal" + order(x) + " arrived without the click id. " + say, lost[r.Method]
	case v == event.PendingClick, v == event.Received:
		return "", "", ""
	case !x.mine && v == event.UnknownClick:
		return string(v), "A signal" + order(x) + " arrived with a click id that is not one of ours. " + say, fixes[v]
	case !x.mine:
		return string(v), "A signal" + order(x) + " of this advertiser arrived, which names no click of this test. " + say, orElse(fixes[v], lost[r.Method])
	case v == event.Duplicate && first != nil && x.req.TxID == "":
		return FaultNoOrder, "Another signal came without an order number: it counts once for its click, so it is the conversion that was there.", fixes[event.MissingOrder]
	case v == event.Updated && first != nil && first.req.TxID == "":
		return FaultNoOrder, "The first conversion came without an order number, so the order" + order(x) + " was taken for the same one.", fixes[event.MissingOrder]
	case v == event.Duplicate && first != nil, v == event.Updated && first != nil:
		return FaultSameOrder, "The same order number" + order(x) + " came twice, so it is the conversion that was there.", "Send another order number with each order, not a fixed text, a customer's number or a date."
	case v == event.Accepted, v == event.Updated, v == event.Duplicate:
		return "", "", ""
	}
	return string(v), say, fixes[v]
}

func order(x *sample) string {
	if x.req.TxID == "" {
		return ""
	}
	return " (order " + x.req.TxID + ")"
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
