package conversion

import "clickledger/internal/event"

// Match methods: how the click of a conversion was found, or that its coupon decided.
const (
	MatchClickID = "click_id" // the id was sent, and nothing said where it had been kept
	MatchCookie  = "cookie"   // the tracker's own cookie
	MatchCoupon  = "coupon"

	// The shop kept the id and says where.
	MatchShopCookie = "shop_cookie"
	MatchFormField  = "form_field"
	MatchShopURL    = "shop_url"
	MatchSession    = "session"

	// The script kept the id, on the shop's own domain.
	MatchScriptURL     = "script_url"
	MatchScriptCookie  = "script_cookie"
	MatchScriptStorage = "script_storage"
)

// MethodWords says in words what each match method is.
var MethodWords = map[string]string{
	MatchClickID:       "the click id that was sent",
	MatchCookie:        "the tracker's own cookie",
	MatchCoupon:        "the coupon",
	MatchPublisher:     "the publisher that the advertiser named",
	MatchShopCookie:    "the shop's own cookie",
	MatchFormField:     "a hidden field of the shop's form",
	MatchShopURL:       "the URLs of the shop",
	MatchSession:       "the shop's session",
	MatchScriptURL:     "the script, in the page's URL",
	MatchScriptCookie:  "the script, in its cookie on the shop's domain",
	MatchScriptStorage: "the script, in the browser's storage for the shop's domain",
}

// What a signal may say in click_from. It only labels the match: an unknown word, or none,
// does no harm.
var (
	saidByShop   = map[string]string{"cookie": MatchShopCookie, "form": MatchFormField, "url": MatchShopURL, "session": MatchSession}
	saidByScript = map[string]string{"cookie": MatchScriptCookie, "url": MatchScriptURL, "storage": MatchScriptStorage}
)

// sentBy is the method of a signal that brought a click id, by its kind and its click_from.
func sentBy(kind, from string) string {
	said := saidByShop
	if kind == event.SignalScript {
		said = saidByScript
	}
	if how := said[from]; how != "" {
		return how
	}
	return MatchClickID
}
