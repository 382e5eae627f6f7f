package catalog

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/macro"
)

func (c *checker) buildOffer(d *OfferDoc, m Meta) Entity {
	e := &Offer{
		Meta: m, Name: strings.TrimSpace(d.Name), Advertiser: d.Advertiser, Status: d.Status, AppendClickID: d.AppendClickID, Direct: d.Direct,
		CookieDays: d.CookieDays, ValidationDays: d.ValidationDays, WindowDays: d.WindowDays, MinSeconds: d.MinSeconds, Attribution: d.Attribution, Tracking: d.Tracking, InitialStatus: d.InitialStatus, RequireOrder: d.RequireOrder,
		Description: d.Description, Category: strings.TrimSpace(d.Category), Notes: d.Notes,
	}
	old, updating := c.old.(*Offer)
	was := ""
	currency := d.Currency
	switch {
	case updating:
		e.Key, was = old.Key, old.Advertiser
		if currency == "" {
			currency = old.Currency
		}
		c.immutable("currency", old.Currency, strings.ToUpper(currency))
		c.immutable("advertiser", old.Advertiser, d.Advertiser) // order numbers are its; see conversion.OrderKey
	case currency == "":
		if home := c.home(); home != nil {
			currency = home.Currency
		}
		fallthrough
	default:
		e.Key = newOfferKey()
	}
	c.currency = c.code("currency", currency)
	e.Currency = string(c.currency)
	adv, _ := c.ref("advertiser", KindAdvertiser, d.Advertiser, was).(*Advertiser)
	if d.AppendClickID && d.Advertiser == "" {
		c.bad.Add("append_click_id", "append_needs_advertiser", "true", "Appending needs an advertiser: the parameter's name is the advertiser's. Without one, put {click_id} into the URL.")
	}
	e.URL = c.offerURL("url", d.URL)
	e.StaticURL = c.plainURL("static_url", d.StaticURL)
	e.PreviewURL = c.plainURL("preview_url", d.PreviewURL)
	e.Terms = Terms{PayoutKind: d.PayoutKind, PayoutPercent: d.PayoutPercent, Precedence: d.Precedence, CommissionKind: d.CommissionKind, CommissionPercent: d.CommissionPercent}
	e.Payout = c.payout(d.PayoutKind, d.Payout, d.PayoutPercent)
	e.GeoPayouts, e.GeoSource = c.geoPayouts(d.PayoutKind, d.GeoPayouts), d.GeoSource
	e.CouponPrecedence = d.CouponPrecedence
	e.Visibility, e.Questions, e.ReapplyDays = d.Visibility, c.questions(d.Questions), d.ReapplyDays
	e.Commission = c.commission(d.CommissionKind, d.Commission, d.CommissionPercent)
	e.DeepLinks = c.hosts("deep_links", d.DeepLinks)
	e.Countries = c.countries("countries", d.Countries)
	e.Devices = c.oneOf("devices", d.Devices, DeviceClasses)
	e.Traffic = c.oneOf("traffic", d.Traffic, TrafficKinds)
	e.Keywords = c.keywords(d)
	c.elsewhere(e, d)
	c.caps(e, d, old)
	e.Tags = c.tags("tags", d.Tags)
	c.goLive(e, old, d, adv)
	return e
}

// DeviceClasses are the device classes a visitor can be of; see visitor.Info.
var DeviceClasses = []string{"desktop", "phone", "tablet", "tv", "console", "other"}

// ParseDestination parses an offer's URL: http, https or one of the app schemes, with the
// tokens that are known at a click. Errors are [*macro.Error].
func ParseDestination(raw string) (*macro.Template, error) {
	return macro.ParseURLSchemes(macro.ClickTokens, raw, AppSchemes)
}

// AppSchemes are the schemes besides http and https that an offer's URL may have: app
// stores, and apps that people promote.
var AppSchemes = []string{"market", "itms-apps", "itms-appss", "intent", "android-app", "tg", "whatsapp", "viber", "line"}

// offerURL checks a destination, which may also open an app.
func (c *checker) offerURL(field, raw string) string {
	if raw != "" && !c.wrong(field) {
		_, err := ParseDestination(raw)
		c.macroErr(field, raw, err)
	}
	return raw
}

// noTokens is for URLs that are shown or sent as they are.
var noTokens = new(macro.Table)

func (c *checker) plainURL(field, raw string) string { return c.url(field, raw, noTokens) }

// geoPayouts checks the payouts of countries. They need a fixed payout: any other is
// decided by the signal (seed 2).
func (c *checker) geoPayouts(kind string, in []GeoPayoutDoc) []GeoPayout {
	if len(in) > 0 && kind != PayoutFixed {
		c.bad.Add("geo_payouts", "geo_needs_fixed", "", "Payouts by country need a fixed (manual) payout, which is the default of all other countries.")
		return nil
	}
	var out []GeoPayout
	seen := map[string]bool{}
	for i, g := range in {
		code := strings.ToUpper(strings.TrimSpace(g.Country))
		at := rowField("geo_payouts", i, "country")
		switch {
		case c.wrong(at):
		case !KnownCountry(code):
			c.bad.Add(at, "unknown_country", g.Country, "Must be an ISO 3166-1 code of two letters such as US.")
		case seen[code]:
			c.bad.Add(at, ruleDuplicateRow, g.Country, "This country is in the table already.")
		}
		seen[code] = true
		out = append(out, GeoPayout{code, c.amount(rowField("geo_payouts", i, "payout"), strings.TrimSpace(g.Payout))})
	}
	return out
}

// countries checks a list of codes and gives it in capitals, sorted.
func (c *checker) countries(field string, in []string) []string {
	var out []string
	for _, s := range in {
		code := strings.ToUpper(strings.TrimSpace(s))
		if !KnownCountry(code) {
			c.bad.Add(field, "unknown_country", s, "Must be ISO 3166-1 codes of two letters such as US.")
			return nil
		}
		out = append(out, code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// oneOf checks a list of words against those there are; it comes back in their order.
func (c *checker) oneOf(field string, in, known []string) []string {
	for _, s := range in {
		if !slices.Contains(known, s) {
			c.bad.Add(field, ruleNotOneOf, s, "Must be of "+strings.Join(known, ", ")+".")
			return nil
		}
	}
	var out []string
	for _, k := range known {
		if slices.Contains(in, k) {
			out = append(out, k)
		}
	}
	return out
}

// keywords checks the variations. Of a set without any weight none could be chosen.
func (c *checker) keywords(d *OfferDoc) []Keyword {
	in := d.Keywords
	own, _ := ParseDestination(d.URL) // a URL that is wrong is told already
	appended := ""
	if (&Offer{Tracking: d.Tracking, AppendClickID: d.AppendClickID}).Appends() {
		appended = defaultClickParam
		if a, ok := c.get(KindAdvertiser, c.workspace, d.Advertiser).(*Advertiser); ok {
			appended = a.ClickParam
		}
	}
	var out []Keyword
	sum, first := map[string]int64{}, map[string]int{}
	seen := map[KeywordDoc]bool{}
	for i, k := range in {
		k.Param, k.Value = strings.TrimSpace(k.Param), strings.TrimSpace(k.Value)
		at := rowField("keywords", i, "param")
		c.word(at, k.Param)
		if k.Param != "" && (k.Param == appended || own != nil && FillsIn(own, k.Param)) && !c.wrong(at) {
			c.bad.Add(at, "keyword_param_taken", k.Param, "The offer's URL has something else in this parameter, such as the click id, which a keyword must not replace.")
		}
		if same := (KeywordDoc{Param: k.Param, Value: k.Value}); seen[same] {
			c.bad.Add(rowField("keywords", i, "value"), ruleDuplicateRow, k.Value, "This variation is in the set already.")
		} else {
			seen[same] = true
		}
		if _, ok := first[k.Param]; !ok {
			first[k.Param] = i
		}
		sum[k.Param] += k.Weight
		out = append(out, Keyword(k))
	}
	for _, param := range slices.Sorted(maps.Keys(first)) {
		if sum[param] == 0 {
			c.bad.Add(rowField("keywords", first[param], "weight"), "zero_weight", "0", "The weights of this set add up to 0, so that no variation would ever be chosen.")
		}
	}
	return out
}

// FillsIn reports whether a query parameter of the URL holds a token other than {keyword}.
func FillsIn(t *macro.Template, param string) bool {
	for _, piece := range t.TokenParams() {
		name, value, _ := strings.Cut(piece, "=")
		plain, err := url.QueryUnescape(name)
		if err == nil && plain == param && value != "{keyword}" {
			return true
		}
	}
	return false
}

// maxFallbacks bounds the chain of fallback offers; routing follows no longer one.
const maxFallbacks = 5

// elsewhere checks where visitors go whom the offer does not take. A chain of offers
// that comes back would send them in a circle.
func (c *checker) elsewhere(e *Offer, d *OfferDoc) {
	e.FallbackOffer, e.FallbackURL = d.FallbackOffer, c.url("fallback_url", d.FallbackURL, nil)
	was := ""
	if old, ok := c.old.(*Offer); ok {
		was = old.FallbackOffer
	}
	next, ok := c.ref("fallback_offer", KindOffer, d.FallbackOffer, was).(*Offer)
	for hop := 1 + c.before(e.ID, d.FallbackOffer); ok && next != nil; hop++ {
		if next.ID == e.ID || hop > maxFallbacks {
			msg := "The fallback offers lead in a circle: " + next.Name + " leads back here."
			if next.ID != e.ID {
				msg = "The chain of fallback offers is longer than " + strconv.Itoa(maxFallbacks) + "."
			} else if d.FallbackOffer == e.ID {
				msg = "An offer cannot be its own fallback."
			}
			c.bad.Add("fallback_offer", "fallback_loop", d.FallbackOffer, msg)
			return
		}
		if next.FallbackOffer == "" {
			return
		}
		next, ok = c.get(KindOffer, c.workspace, next.FallbackOffer).(*Offer)
	}
}

// before is how long the longest chain of offers is that has this one as its end, 0 when
// none has it as a fallback or nothing follows.
func (c *checker) before(offer, next string) int {
	if c.old == nil || next == "" {
		return 0
	}
	level := []string{offer}
	for depth := range maxFallbacks + 1 {
		var above []string
		for _, id := range level {
			es, err := c.store.List(c.ctx, Query{Kind: KindOffer, Workspace: c.workspace, Filter: map[string]string{"fallback_offer": id}, Limit: MaxLimit})
			if err != nil {
				c.fail(fmt.Errorf("look up fallbacks: %w", err))
				return 0
			}
			for _, e := range es {
				above = append(above, e.Base().ID)
			}
		}
		if len(above) == 0 {
			return depth
		}
		level = above
	}
	return maxFallbacks
}

// caps checks the caps and notes when they last changed.
func (c *checker) caps(e *Offer, d *OfferDoc, old *Offer) {
	e.CapWarn, e.OverCap = d.CapWarn, d.OverCap
	e.CapStates = c.oneOf("cap_states", d.CapStates, []string{"pending", "approved", "rejected", "reversed"})
	if len(d.CapStates) == 0 {
		c.bad.Add("cap_states", ruleRequired, "", "At least one state must count.")
	}
	e.CapTimeZone = d.CapTimeZone
	if e.CapTimeZone == "" {
		if home := c.home(); home != nil {
			e.CapTimeZone = home.TimeZone
		}
	}
	e.CapTimeZone = c.timeZone("cap_time_zone", e.CapTimeZone)
	seen := map[Cap]bool{}
	for i, row := range d.Caps {
		k := Cap(row)
		c.checkCap(i, k, e.ID)
		same := k
		same.Limit = 0
		if seen[same] {
			c.bad.Add(rowField("caps", i, "period"), ruleDuplicateRow, k.Period, "There is such a cap already.")
		}
		seen[same] = true
		e.Caps = append(e.Caps, k)
	}
	e.CapsSince = e.Updated
	if old != nil && slices.Equal(old.Caps, e.Caps) && old.CapTimeZone == e.CapTimeZone && slices.Equal(old.CapStates, e.CapStates) {
		e.CapsSince = old.CapsSince
	}
}

func (c *checker) checkCap(i int, k Cap, offer string) {
	if k.Goal != "" {
		goal := rowField("caps", i, "goal")
		switch {
		case k.Event == CapClicks:
			c.bad.Add(goal, "cap_goal", k.Goal, "Clicks have no goal; leave it empty or count conversions.")
		case c.old == nil && k.Goal != defaultGoalKey, c.old != nil && !c.hasGoal(offer, k.Goal):
			c.bad.Add(goal, ruleReference, k.Goal, "The offer has no goal with this key.")
		}
	}
	if k.Publisher != "" && k.Publisher != CapEach {
		c.ref(rowField("caps", i, "publisher"), KindPublisher, k.Publisher, k.Publisher)
	}
}

func (c *checker) hasGoal(offer, key string) bool {
	es, err := c.store.List(c.ctx, Query{Kind: KindGoal, Workspace: c.workspace, Filter: map[string]string{"offer": offer, "key": key}, Archived: "all", Limit: 1})
	if err != nil {
		c.fail(err)
	}
	return len(es) > 0
}
