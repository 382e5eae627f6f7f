package event

// Verdict is the stable code that says what became of a signal. Codes are a
// contract with integrators: they are added, never renamed.
type Verdict string

// The verdicts. [Verdicts] holds their sentences.
const (
	Received          Verdict = "received"
	Accepted          Verdict = "accepted"
	Updated           Verdict = "updated"
	Duplicate         Verdict = "duplicate"
	PendingClick      Verdict = "pending_click"
	Conflict          Verdict = "conflict"
	UnknownClick      Verdict = "unknown_click"
	UnknownCoupon     Verdict = "unknown_coupon"
	MissingClick      Verdict = "missing_click"
	OutsideWindow     Verdict = "outside_window"
	TooSoon           Verdict = "too_soon"
	EventRecorded     Verdict = "event_recorded"
	MissingToken      Verdict = "missing_token"
	BadToken          Verdict = "bad_token"
	UnknownKey        Verdict = "unknown_key"
	OfferMismatch     Verdict = "offer_mismatch"
	UnknownGoal       Verdict = "unknown_goal"
	InvalidAmount     Verdict = "invalid_amount"
	AmountPrecision   Verdict = "amount_precision"
	AmountRange       Verdict = "amount_range"
	MissingAmount     Verdict = "missing_amount"
	ItemsMismatch     Verdict = "items_mismatch"
	MacroUnreplaced   Verdict = "macro_unreplaced"
	WrappedValue      Verdict = "wrapped_value"
	UnknownCurrency   Verdict = "unknown_currency"
	NoRate            Verdict = "no_rate"
	MissingOrder      Verdict = "missing_order_number"
	InvalidValue      Verdict = "invalid_value"
	UnknownStatus     Verdict = "unknown_status"
	IllegalTransition Verdict = "illegal_transition"
	OverCap           Verdict = "over_cap"
	Held              Verdict = "held"
	PendingSale       Verdict = "pending_sale"
	UnknownConversion Verdict = "unknown_conversion"
	RefundTooLarge    Verdict = "refund_too_large"
	MissingRefund     Verdict = "missing_refund_id"
	MalformedBody     Verdict = "malformed_body"
	TooLarge          Verdict = "too_large"
	AddressNotAllowed Verdict = "address_not_allowed"
	MissingParameter  Verdict = "missing_parameter"
	ClickTooYoung     Verdict = "click_too_young"
	ClickTooOld       Verdict = "click_too_old"
	UpdateRefused     Verdict = "update_refused"
	MissingSignature  Verdict = "missing_signature"
	BadSignature      Verdict = "bad_signature"
	StaleSignature    Verdict = "stale_signature"
	RepeatedMessage   Verdict = "repeated_message"
	DuplicateRefused  Verdict = "duplicate_refused"
	LogUnavailable    Verdict = "log_unavailable"
	ProcessingError   Verdict = "processing_error"
)

// VerdictInfo documents one verdict.
type VerdictInfo struct {
	// Sentence tells an integrator what happened and what to do.
	Sentence string
	// Status is the HTTP status of a postback's answer. Never 5xx for bad input.
	Status int
	// Final says that the signal will not be judged again by itself.
	Final bool
}

// Took reports whether a signal of this verdict was taken for what it says.
func (v Verdict) Took() bool {
	return v == Accepted || v == Updated || v == Duplicate || v == EventRecorded
}

// Verdicts documents every verdict; the table is the API's reference too.
var Verdicts = map[Verdict]VerdictInfo{
	Received:          {"The signal is safely logged; its verdict was not ready in time and shows in the inbox.", 202, false},
	Accepted:          {"The conversion was recorded.", 200, true},
	Updated:           {"The conversion was known; what the signal said anew (a status, an order number, amounts) was taken over.", 200, true},
	Duplicate:         {"The conversion was recorded before; nothing was added.", 200, true},
	PendingClick:      {"The click id is ours but its click is not indexed yet; the signal waits up to 24 hours and is judged by itself.", 202, false},
	Conflict:          {"The same order number (or click and goal) was recorded before with another amount, or for another publisher; nothing was changed.", 409, true},
	UnknownClick:      {"No click with this id is known here.", 404, true},
	UnknownCoupon:     {"No click id came with the signal, and its coupon speaks for no publisher: it is unknown, not active, out of its dates, or its publisher may not run the offer.", 404, true},
	MissingClick:      {"Neither a click id nor a tracker cookie for this offer came with the signal, so it cannot be matched.", 400, true},
	OutsideWindow:     {"The conversion came after the offer's conversion window had ended.", 422, true},
	TooSoon:           {"The conversion came sooner after its click than the offer allows.", 422, true},
	EventRecorded:     {"The on-site event was counted for the funnel; it pays nothing and is no conversion.", 200, true},
	MissingToken:      {"This advertiser's postbacks need the parameter token.", 401, true},
	BadToken:          {"The token is not one of this installation.", 401, true},
	UnknownKey:        {"The pixel's key is missing or not one of this installation.", 404, true},
	OfferMismatch:     {"The click belongs to another offer than the signal names.", 409, true},
	UnknownGoal:       {"The offer has no goal of this name.", 422, true},
	InvalidAmount:     {"An amount is not a plain decimal number such as 12.50.", 400, true},
	AmountPrecision:   {"An amount has more decimals than its currency.", 400, true},
	AmountRange:       {"An amount is out of range.", 400, true},
	MissingAmount:     {"The payout depends on an amount the signal did not bring.", 422, true},
	ItemsMismatch:     {"The item lines do not sum to the sale amount.", 400, true},
	MacroUnreplaced:   {"A parameter still holds a macro that the sender's system should have replaced by a value.", 400, true},
	WrappedValue:      {"A parameter is still wrapped in the brackets or quotes of a pasted example.", 400, true},
	UnknownCurrency:   {"The currency is not an ISO 4217 code.", 400, true},
	NoRate:            {"The signal's currency differs from the offer's and no exchange rate is known.", 422, true},
	MissingOrder:      {"An order number (txid) is needed: the offer asks for it, or a coupon came without a click id.", 400, true},
	InvalidValue:      {"A parameter's value has not the form it needs.", 400, true},
	UnknownStatus:     {"The status is not one of approved, pending, rejected, reversed, refunded.", 400, true},
	PendingSale:       {"The refund came before its sale; it waits up to 24 hours and is judged by itself.", 202, false},
	UnknownConversion: {"The refund names an order, or a click and goal, of which no conversion came within 24 hours.", 404, true},
	RefundTooLarge:    {"The refund is larger than what is left of the sale; nothing was changed.", 422, true},
	MissingRefund:     {"A refund of a part needs its id in the parameter refund_id.", 400, true},
	IllegalTransition: {"The conversion's state does not allow the status asked for.", 409, true},
	OverCap:           {"The conversion is beyond a cap of the offer, which refuses such conversions: it was recorded as rejected.", 200, true},
	Held:              {"The conversion is held until somebody decides about it; its state was not changed.", 200, true},
	MalformedBody:     {"The body could not be read as its content type says.", 400, true},
	TooLarge:          {"The request is larger than 64 kB of body or 8 kB of URL.", 413, true},
	AddressNotAllowed: {"The signal comes from an address that is not in the advertiser's list.", 403, true},
	MissingParameter:  {"A parameter is missing that this advertiser's signals must bring.", 400, true},
	ClickTooYoung:     {"The conversion came sooner after its click than the advertiser's clicks convert.", 422, true},
	ClickTooOld:       {"The conversion came later after its click than the advertiser's clicks convert.", 422, true},
	UpdateRefused:     {"The conversion was recorded before, and this advertiser's later signals change nothing of it.", 409, true},
	MissingSignature:  {"This advertiser's signals must be signed with the headers webhook-id, webhook-timestamp and webhook-signature.", 401, true},
	BadSignature:      {"The signature is not one of this message with the advertiser's secret.", 401, true},
	StaleSignature:    {"The signature's time is more than five minutes from when the signal arrived.", 401, true},
	RepeatedMessage:   {"A message with this webhook-id was taken before; nothing was added.", 200, true},
	DuplicateRefused:  {"The conversion was recorded before, and its goal refuses signals that come again.", 409, true},
	LogUnavailable:    {"The signal could not be logged; send it again.", 503, false},
	ProcessingError:   {"Judging failed on our side; the signal is kept and can be replayed.", 202, false},
}
