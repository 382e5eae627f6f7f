package catalog

import (
	"fmt"
	"strconv"
)

// DefaultCookieDays is the cookie life where neither offer nor advertiser sets one.
const DefaultCookieDays = 30

// CookieLife is for how many days after a click a cookie knows it: the offer's own
// setting, else its advertiser's, which is nil where it has none.
func CookieLife(o *Offer, adv *Advertiser) int64 {
	switch {
	case o.CookieDays > 0:
		return o.CookieDays
	case adv != nil && adv.CookieDays > 0:
		return adv.CookieDays
	}
	return DefaultCookieDays
}

// MaxValidationDays bounds a validation period.
const MaxValidationDays = 365

// Validation is after how many days a conversion that is pending is approved by itself: the
// offer's own setting, else its advertiser's, which is nil where it has none; 0 = never.
func Validation(o *Offer, adv *Advertiser) int64 {
	switch {
	case o.ValidationDays != 0:
		return max(o.ValidationDays, 0)
	case adv != nil:
		return max(adv.ValidationDays, 0)
	}
	return 0
}

// Appends reports whether the click id is appended to the offer's URL, where the URL does
// not have it already.
func (o *Offer) Appends() bool {
	return o.Tracking == TrackPostback || o.AppendClickID && o.Tracking != TrackPixel
}

// ClickTerms are the terms of an offer that say which clicks earn: for everybody who may
// see the offer, publishers above all. Nothing in them is secret.
type ClickTerms struct {
	CookieDays  int64    `json:"cookie_days" doc:"For how many days after a click a cookie knows it."`
	WindowDays  int64    `json:"window_days" doc:"How many days after its click a conversion may come; 0: any time."`
	Attribution string   `json:"attribution" doc:"Which click of a browser earns: last_click or first_click."`
	MinSeconds  int64    `json:"min_seconds" doc:"How many seconds a conversion must come after its click."`
	Tracking    string   `json:"tracking" doc:"How conversions are reported: any, postback or pixel."`
	Sentences   []string `json:"sentences" doc:"The same in words."`
}

// ClickTermsOf gives the terms of an offer that say which clicks earn. adv is its
// advertiser, nil when it has none.
func ClickTermsOf(o *Offer, adv *Advertiser) ClickTerms {
	t := ClickTerms{CookieDays: CookieLife(o, adv), WindowDays: o.WindowDays, Attribution: o.Attribution, MinSeconds: o.MinSeconds, Tracking: o.Tracking}
	say := func(format string, args ...any) { t.Sentences = append(t.Sentences, fmt.Sprintf(format, args...)) }
	if o.Tracking == TrackPostback {
		say("The advertiser keeps the click id, which comes with the visitor; no cookie is needed.")
	} else {
		say("The cookie lives %s.", days(t.CookieDays))
	}
	if o.WindowDays > 0 {
		say("A conversion counts up to %s after its click.", days(o.WindowDays))
	} else {
		say("A conversion counts whenever the advertiser reports it.")
	}
	if o.Attribution == FirstClick {
		say("The first click of a visitor earns for as long as the cookie lives.")
	} else {
		say("The last click of a visitor earns.")
	}
	if o.MinSeconds > 0 {
		say("A conversion less than %s seconds after its click does not count.", strconv.FormatInt(o.MinSeconds, 10))
	}
	return t
}

func days(n int64) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.FormatInt(n, 10) + " days"
}
