package inbox

import "clickledger/internal/event"

// Place is where a signal's fix is made. The codes are a contract of the API.
type Place string

// The places.
const (
	PlaceNone        Place = ""
	PlaceSender      Place = "sender"      // the system that sends
	PlaceOffer       Place = "offer"       // the offer's form
	PlaceGoals       Place = "goals"       // the offer's goals
	PlaceTracking    Place = "tracking"    // the postback URL and pixels to give away
	PlaceAdvertiser  Place = "advertiser"  // the advertiser's form: token and guards
	PlaceRates       Place = "rates"       // exchange rates
	PlaceCoupons     Place = "coupons"     // coupons
	PlaceConversions Place = "conversions" // the conversion the signal is about
)

// Remedy is what to do about a signal of one verdict.
type Remedy struct {
	Fix   string // in a sentence or two; never empty
	Place Place
	// Replay says that judging it again can end in another verdict once the fix is made. The
	// others are taken, wait by themselves, or would end the same for ever.
	Replay bool
}

// Remedies is the quarantine: what to do about each verdict, and which are judged again.
var Remedies = map[event.Verdict]Remedy{
	event.Received:          {"Nothing: its verdict follows by itself.", PlaceNone, false},
	event.Accepted:          {"Nothing: it was recorded.", PlaceNone, false},
	event.Updated:           {"Nothing: what it said anew was taken over.", PlaceNone, false},
	event.Duplicate:         {"Nothing, if the sender repeats itself. Where these are orders of their own, let it send each one's number as txid.", PlaceSender, false},
	event.EventRecorded:     {"Nothing: it was counted.", PlaceNone, false},
	event.PendingClick:      {"Nothing: it is judged by itself once its click is indexed.", PlaceNone, false},
	event.PendingSale:       {"Nothing: it is judged by itself once its sale comes.", PlaceNone, false},
	event.Conflict:          {"Compare it with the conversion of this order. If the signal is right, state its amounts there; if these are two orders, let the sender give each its own number.", PlaceConversions, true},
	event.UnknownClick:      {"Check that the sender returns the click id exactly as the offer's URL handed it out, and with the token of the advertiser whose offer it was.", PlaceTracking, true},
	event.UnknownCoupon:     {"Add the code as a coupon of a publisher who runs the offer, or let the sender return a click id.", PlaceCoupons, true},
	event.MissingClick:      {"Let the sender return the click id that the offer's URL hands out. If it sends it under another name, rename the parameter in the advertiser's guards.", PlaceTracking, true},
	event.OutsideWindow:     {"If such late conversions are to count, lengthen the offer's conversion window.", PlaceOffer, true},
	event.TooSoon:           {"If such quick conversions are real, shorten the offer's shortest time after the click.", PlaceOffer, true},
	event.MissingToken:      {"Let the sender add the advertiser's token, or require none in the advertiser's form.", PlaceAdvertiser, true},
	event.BadToken:          {"Give the sender the advertiser's present token.", PlaceAdvertiser, true},
	event.UnknownKey:        {"Take the pixel or the script from the offer's tracking set-up again.", PlaceTracking, true},
	event.OfferMismatch:     {"Let the page of each offer load its own pixel, and leave the parameter offer out.", PlaceTracking, true},
	event.UnknownGoal:       {"Add a goal with this key to the offer, or map the sender's word in the advertiser's guards.", PlaceGoals, true},
	event.InvalidAmount:     {"Let the sender write the amount as a plain decimal number such as 12.50.", PlaceSender, true},
	event.AmountPrecision:   {"Let the sender round the amount to the decimals of its currency, or name the right currency.", PlaceSender, true},
	event.AmountRange:       {"Let the sender check the amount: it is negative or far too large.", PlaceSender, true},
	event.MissingAmount:     {"Let the sender add the amount, or give the offer a fixed payout.", PlaceOffer, true},
	event.ItemsMismatch:     {"Let the sender make the item lines sum to the amount, or leave one of both out.", PlaceSender, true},
	event.MacroUnreplaced:   {"Correct the macro in the URL that the sending system was given: it does not know the one that stands there.", PlaceTracking, true},
	event.WrappedValue:      {"Take the brackets or quotes out of the URL that the sending system was given.", PlaceSender, true},
	event.UnknownCurrency:   {"Let the sender write the currency's three letters, such as EUR.", PlaceSender, true},
	event.NoRate:            {"Import the exchange rates of that day, or set one by hand.", PlaceRates, true},
	event.MissingOrder:      {"Let the sender add the order number as txid, or require none on the offer and the goal.", PlaceOffer, true},
	event.InvalidValue:      {"Let the sender correct the parameter that is named.", PlaceSender, true},
	event.UnknownStatus:     {"Map the sender's word to one of ours in the advertiser's guards.", PlaceAdvertiser, true},
	event.IllegalTransition: {"Look at the conversion: where it stands, people decide and the sender no longer.", PlaceConversions, true},
	event.OverCap:           {"Raise the offer's cap or let it pay beyond it; the conversion itself is approved by hand.", PlaceConversions, false},
	event.Held:              {"Decide about the conversion; until then nothing a signal says moves it.", PlaceConversions, true},
	event.UnknownConversion: {"Find the sale: it was refused, or is known under another order number. Once it is there, judge this again.", PlaceSender, true},
	event.RefundTooLarge:    {"Compare the refunds of the conversion with the sender's; it may have sent one twice under two ids.", PlaceConversions, true},
	event.MissingRefund:     {"Let the sender name each refund of a part by an id of its own.", PlaceSender, true},
	event.MalformedBody:     {"Let the sender send a form or one flat JSON object, and say which in Content-Type.", PlaceSender, false},
	event.TooLarge:          {"Let the sender leave out what is not needed: 8 kB of URL and 64 kB of body are taken.", PlaceSender, false},
	event.AddressNotAllowed: {"If the address is the advertiser's, add it to its guards. If it is a proxy of yours, name it as trusted in the configuration.", PlaceAdvertiser, true},
	event.MissingParameter:  {"Let the sender add the parameter, rename the one it sends instead, or require it no longer in the advertiser's guards.", PlaceAdvertiser, true},
	event.ClickTooYoung:     {"If such quick conversions are real, lower the smallest age of a click in the advertiser's guards.", PlaceAdvertiser, true},
	event.ClickTooOld:       {"If such late conversions are to count, raise the largest age of a click in the advertiser's guards.", PlaceAdvertiser, true},
	event.UpdateRefused:     {"Change the conversion by hand, or let the advertiser's later signals change it in its guards.", PlaceAdvertiser, true},
	event.MissingSignature:  {"Give the sender the advertiser's signing secret, or ask for no signature in its guards.", PlaceAdvertiser, true},
	event.BadSignature:      {"Give the sender the present signing secret, and check that nothing on the way changes what it sends.", PlaceAdvertiser, true},
	event.StaleSignature:    {"Let the sender set its clock and sign each try anew.", PlaceSender, false},
	event.RepeatedMessage:   {"Nothing, if the sender repeats itself. Else let it give each message its own webhook-id.", PlaceSender, false},
	event.DuplicateRefused:  {"Nothing, if the sender repeats itself. Where these are orders of their own, let it send each one's number, or let the goal count it again.", PlaceGoals, true},
	event.LogUnavailable:    {"Let the sender send it again; look at the free disk space here.", PlaceSender, false},
	event.ProcessingError:   {"Look into the server's log for the reason. It is tried again by itself, and can be judged again by hand.", PlaceNone, true},
}

// Replayable reports whether the row waits for something to be mended.
func (r *Row) Replayable() bool { return r.Conversion == "" && Remedies[r.Verdict].Replay }
