package console

import (
	"errors"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/money"
	"clickledger/internal/visitor"
)

// The offer's form: the two sections of seed 2, and behind them what few offers need.

// offerSections are the fields of the offer form.
func offerSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	o, ok := d.(*catalog.OfferDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	setup, err := offerSetup(c, o, isNew)
	if err != nil {
		return nil, err
	}
	cur := orElse(o.Currency, c.ws.Currency)
	unit := cur
	if isNew {
		unit = "" // it is chosen on this very form
	}
	payout, commission := termFields(unit, "")
	currency := fieldSpec{name: "currency", width: "w2", example: c.ws.Currency, list: "currencies", live: true, help: "Of payout and commission: what you are really paid in. It cannot be changed later."}
	if !isNew {
		currency.widget, currency.text, currency.help = "fixed", cur, "Of payout and commission; it cannot be changed."
	}
	payout = append(payout[:4:4], append([]fieldSpec{currency}, payout[4:]...)...)
	payout = append(payout, geoFields(unit, o.Payout, o.GeoPayouts)...)
	payout = append(payout, commission...)
	payout = append(payout,
		fieldSpec{name: "initial_status", label: "New conversions are", choices: options("pending", "Pending, until approved", "approved", "Approved at once"), width: "w2 nl", help: "Those of pixels and scripts are always pending."},
		fieldSpec{name: "validation_days", label: "Approved by itself after", unit: "days", width: "w2", help: "Unless somebody decides or holds it before. 0: as the advertiser says, -1: never."},
		fieldSpec{name: "coupon_precedence", label: "Click and coupon", choices: options(catalog.ClickWins, "The click wins", catalog.CouponWins, "The coupon wins"), width: "w4 nl", help: "Whose publisher earns when a postback brings a click of one and a coupon of another. With a coupon alone it is the coupon's."},
		fieldSpec{name: "require_order", label: "Require an order number", help: "Refuses signals without txid. With it, the same order is never counted twice, whoever reports it."})
	sections := []sectionSpec{
		{id: "setup", title: "Offer setup", short: "Setup", fields: setup},
		{id: "payout", title: "Conversion tracking and payout", short: "Tracking and payout", fields: payout,
			intro: "The postback to give to the network is shown beside the form; pixel and script are on the offer's page once it is saved."},
	}
	more, err := offerMore(c, o, isNew)
	return append(sections, more...), err
}

// offerSetup is the first section: what the offer is and where it leads.
func offerSetup(c *call, o *catalog.OfferDoc, isNew bool) ([]fieldSpec, error) {
	adv := fieldSpec{name: "advertiser", label: "Affiliate network or advertiser", width: "w3", optional: isNew, help: "Who pays for its conversions; needed only to have the click id appended and the network's macros filled in. It cannot be changed later."}
	if isNew {
		advs, err := c.choicesOf(catalog.KindAdvertiser, "None")
		if err != nil {
			return nil, err
		}
		adv.choices = advs
		if len(advs) == 1 {
			adv.help = "There is none yet: to have one, make it under Advertisers first, as it cannot be added later. It pays for the conversions; with it the click id is appended and the network's macros are filled in."
		}
	} else {
		adv.widget, adv.text = "fixed", "None"
		if o.Advertiser != "" {
			adv.text = c.nameOf(catalog.KindAdvertiser, o.Advertiser)
		}
		adv.help = "It cannot be changed: orders are known by it."
	}
	return []fieldSpec{
		{name: "name", width: "w4", example: "Spring shoes, US", help: "For lists and reports. Visitors do not see it, unless a token shows it."},
		{name: "workspace", widget: "fixed", text: c.ws.Name, width: "w2", help: "Who may see the offer. It stays there for ever."},
		adv,
		{name: "status", choices: options("", "Active, or draft where it needs a test first", "draft", "Draft", "submitted", "Submitted, to be looked at", "approved", "Approved, not running yet", "active", "Active", "paused", "Paused"), width: "w3", help: "Only active offers take visitors. Those of others go to the fallback."},
		{name: "go_live_reason", label: "Active without a passed test, because", when: "status=active", optional: true, example: "Tracked for years, moved here", help: "A merchant's offer passes its two test conversions before it becomes active for the first time, or this is kept in the audit trail."},
		{name: "append_click_id", label: "Append the click id to the URL", when: "advertiser=*", live: true, help: "Adds it under the parameter the network expects, unless the URL has it already."},
		{name: "direct", label: "Direct tracking", help: "For funnels without redirect: the page brings the tracking script. It has to be on in the campaign, too. Postback, pixel and script work as ever."},
		{name: "url", label: "Offer URL", widget: "area", code: true, rows: 2, live: true, tokens: macro.ClickTokens, example: "https://shop.example/?ref={click_id}", help: "Where visitors go. The shop or network must keep the click id and send it back."},
		{name: "static_url", label: "Static URL", optional: true, code: true, example: "https://shop.example/shoes", help: "What {offer_static_url} stands for: the address to tell other systems, such as a conversion API, where it is not the offer URL."},
		{name: "tags", widget: "text", optional: true, example: "spring, email", help: "For finding and filtering, with commas between them."},
	}, nil
}

var (
	trackings    = options(catalog.TrackAny, "Any: a cookie, and the click id where the URL has it", catalog.TrackPostback, "Postback: the click id in the URL, as a session id, and no cookie", catalog.TrackPixel, "Pixel: a cookie, and nothing is appended to the URL")
	attributions = options(catalog.LastClick, "The last click", catalog.FirstClick, "The first click, while its cookie lives")
)

// offerAdvertiser is the advertiser that the document names, nil when it names none that
// is there.
func offerAdvertiser(c *call, o *catalog.OfferDoc) (*catalog.Advertiser, error) {
	if o.Advertiser == "" {
		return nil, nil
	}
	adv, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	return adv, err
}

// clicksHint says which clicks earn, in few words.
func clicksHint(o *catalog.OfferDoc, adv *catalog.Advertiser) string {
	parts := []string{plural(catalog.CookieLife(&catalog.Offer{CookieDays: o.CookieDays}, adv), "day", "days") + " of cookie"}
	if o.Tracking == catalog.TrackPostback {
		parts[0] = "no cookie"
	}
	parts = append(parts, "converts "+windowText(o.WindowDays))
	if o.Attribution == catalog.FirstClick {
		return strings.Join(append(parts, "the first click earns"), " · ")
	}
	return strings.Join(append(parts, "the last click earns"), " · ")
}

// offerMore are the folded sections.
func offerMore(c *call, o *catalog.OfferDoc, isNew bool) ([]sectionSpec, error) {
	offers, err := c.choicesOf(catalog.KindOffer, "None")
	if err != nil {
		return nil, err
	}
	goals, err := capGoals(c, o, isNew)
	if err != nil {
		return nil, err
	}
	adv, err := offerAdvertiser(c, o)
	if err != nil {
		return nil, err
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "everybody together")
	if err != nil {
		return nil, err
	}
	pubs = append(pubs[:1:1], append([]choice{{Value: catalog.CapEach, Label: "each publisher"}}, pubs[1:]...)...)
	return []sectionSpec{
		{id: "targeting", title: "Targeting and fallback", short: "Targeting", hint: targetingHint(o), more: true, fields: []fieldSpec{
			{name: "countries", widget: "text", optional: true, example: "US, CA, GB", help: "Codes of two letters, of the countries it takes visitors from. Empty: all. Somebody whose country is unknown is taken."},
			{name: "devices", widget: "set", choices: words2(catalog.DeviceClasses), help: "None chosen: all. Somebody whose device is unknown is taken."},
			{name: "fallback_offer", choices: offers, width: "w3", optional: true, help: "Gets the visitors this one does not take: paused, capped, or outside of countries and devices."},
			{name: "fallback_url", label: "Fallback URL", width: "w3", optional: true, code: true, live: true, example: "https://", help: "Where they go else. Empty: the workspace's."},
		}},
		{id: "clicks", title: "Which click earns", short: "Cookie and window", hint: clicksHint(o, adv), more: true, fields: []fieldSpec{
			{name: "tracking", label: "Tracking method", width: "w6", choices: trackings, help: "How its conversions are reported, which decides what a click hands out."},
			{name: "cookie_days", label: "Cookie life", unit: "days", width: "w2", help: "For how long a cookie knows a click. 0: as the advertiser says, " + plural(catalog.CookieLife(&catalog.Offer{}, adv), "day", "days") + "."},
			{name: "window_days", label: "Conversion window", unit: "days", width: "w2", help: "How long after its click a conversion may come, by postback too. 0: any time."},
			{name: "min_seconds", label: "Not sooner than", unit: "seconds", width: "w2", help: "After its click. What comes sooner is refused as too_soon. 0: at once."},
			{name: "attribution", label: "Which click earns", width: "w6", choices: attributions, help: "Of those that one browser made. A click id that the advertiser's server sends is taken as it is."},
		}},
		{id: "caps", title: "Caps", hint: capsHint(o), more: true, fields: []fieldSpec{
			{name: "caps", help: "How much the offer takes. Reached, its visitors go to the fallback. A limit of 0 pauses it.", table: &rowsSpec{add: "Add a cap", columns: []colSpec{
				{name: "limit", label: "At most", mode: "numeric", example: "100", class: "num"},
				{name: "event", label: "Of", choices: options(catalog.CapConversions, "conversions", catalog.CapClicks, "clicks")},
				{name: "period", label: "In", choices: options(catalog.CapDaily, "a day", catalog.CapWeekly, "a week", catalog.CapMonthly, "a month", catalog.CapTotal, "total")},
				{name: "goal", label: "Goal", choices: goals},
				{name: "publisher", label: "From", class: "big", choices: pubs},
			}}},
			{name: "cap_time_zone", label: "Time zone", width: "w2", optional: true, list: "zones", example: c.ws.TimeZone, help: "In which days, weeks (from Monday) and months begin. Empty: the workspace's."},
			{name: "cap_warn", label: "Warn from", unit: "%", width: "w2", help: "Of a cap."},
			{name: "over_cap", label: "Conversions beyond it are", width: "w2", choices: options(catalog.OverCapPay, "Paid like the others", catalog.OverCapHold, "Held for a decision", catalog.OverCapRefuse, "Refused"), help: "They are marked as over the cap in any case."},
			{name: "cap_states", label: "States that count", widget: "set", choices: words2([]string{"pending", "approved", "rejected", "reversed"}), help: "A rejection frees its place on its own day only, unless rejected ones count."},
		}},
		{id: "keywords", title: "Keywords", hint: some(len(o.Keywords), "variation", "variations", "for search traffic"), more: true, fields: []fieldSpec{
			{name: "keywords", help: "Every click gets one variation of each set, chosen by weight. Rows with the same parameter are a set; the set of the first row is {keyword}.", table: &rowsSpec{add: "Add a variation", columns: []colSpec{
				{name: "value", label: "Keyword", example: "running shoes", class: "grow"},
				{name: "weight", label: "Weight", mode: "numeric", example: "1", class: "num"},
				{name: "param", label: "Appended as", example: "none", class: "code"},
			}, paste: "One a line, the weight behind | or a tab: running shoes|3"}},
		}},
		{id: "publishers", title: "For publishers", short: "Publishers", hint: publishersHint(o), more: true, fields: []fieldSpec{
			{name: "description", widget: "area", rows: 4, optional: true, help: "What publishers read about the offer when they choose."},
			{name: "category", width: "w3", optional: true, example: "Fashion", help: "To choose by."},
			{name: "preview_url", label: "Preview URL", width: "w3", optional: true, code: true, example: "https://shop.example/", help: "The page to show them, without tracking."},
			{name: "traffic", label: "Allowed traffic", widget: "set", choices: words2(catalog.TrafficKinds), help: "What publishers may send. None chosen: everything."},
			{name: "deep_links", label: "Deep-link hosts", optional: true, code: true, rows: 2, example: "shop.example", help: "One a line: hosts to which links may lead with url=. Empty: nowhere but the offer URL."},
		}},
		{id: "access", title: "Applications", hint: accessHint(o), more: true, fields: []fieldSpec{
			{name: "visibility", label: "Publishers may run it", width: "w3", choices: options(catalog.VisibilityPublic, "Everybody who applies, at once", catalog.VisibilityApproval, "Who applies and is approved", catalog.VisibilityPrivate, "Only who is invited"), help: "A private offer is shown to nobody else. You can enroll anybody by hand."},
			{name: "reapply_days", label: "Apply again after", unit: "days", width: "w3", help: "After a rejection. 0: at once."},
			{name: "questions", help: "What publishers are asked when they apply. An answer is kept with the question as it was asked.", table: &rowsSpec{add: "Add a question", columns: []colSpec{
				{name: "label", label: "Question", example: "Where will you promote it?", class: "grow"},
				{name: "key", label: "Key", example: "channel", class: "code"},
				{name: "kind", label: "Answer", choices: options(catalog.QuestionText, "one line", catalog.QuestionLong, "several lines", catalog.QuestionChoice, "a choice")},
				{name: "options", label: "Options", example: "Blog | Newsletter", class: "big"},
				{name: "required", label: "Needed", choices: options("false", "no", "true", "yes")},
			}}},
		}},
		{id: "notes", title: "Notes", hint: orElse(firstLine(o.Notes), "none"), more: true, fields: []fieldSpec{
			{name: "notes", optional: true, widget: "area", rows: 4, help: "Payout terms, contacts, test results: for yourselves, never shown to publishers or visitors."},
		}},
	}, nil
}

// capGoals are the goals a cap may count; a new offer will have the default one.
func capGoals(c *call, o *catalog.OfferDoc, isNew bool) ([]choice, error) {
	out := []choice{{Value: "", Label: "all goals"}}
	if isNew {
		return out, nil
	}
	rows, err := list[*catalog.Goal](c, catalog.Query{Kind: catalog.KindGoal, Filter: map[string]string{"offer": c.r.PathValue("id")}, Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, g := range rows {
		out = append(out, choice{Value: g.Key, Label: g.Name})
	}
	return out, nil
}

var (
	payoutKinds = []choice{
		{Value: catalog.PayoutFixed, Label: "Manual", Help: "A default value set here. Where the network cannot send a payout, or as a fallback."},
		{Value: catalog.PayoutPostback, Label: "Auto", Help: "What the postback says. Where the network sends a payout with every conversion."},
		{Value: catalog.PayoutPercent, Label: "Percent of sale", Help: "A share of the sale amount, which the postback has to bring."},
	}
	commissionKinds = options(catalog.CommissionNone, "No commission", catalog.CommissionFixed, "Fixed amount", catalog.CommissionPercentSale, "Percentage of the sale", catalog.CommissionPercentPayout, "Percentage of the payout")
	precedences     = options(catalog.PostbackWins, "Postback wins", catalog.ManualWins, "Manual wins")
)

// inherit puts "as above" before the choices.
func inherit(label string, cs []choice) []choice {
	return append([]choice{{Value: "", Label: label}}, cs...)
}

// termFields are payout and commission, as offers and goals have them. as is the
// label for "inherit"; "" where nothing is inherited.
func termFields(currency, as string) (payout, commission []fieldSpec) {
	pk, ck := payoutKinds, commissionKinds
	if as != "" {
		pk, ck = inherit(as, payoutKinds), inherit(as, commissionKinds)
	}
	payout = []fieldSpec{
		{name: "payout_kind", label: "Payout", widget: "choice", choices: pk, help: noHelp},
		{name: "payout", label: "Default value", width: "w2", unit: currency, mode: "decimal", example: "12.50", when: "payout_kind=fixed,postback", help: "What a conversion pays us; with Auto, what counts if the postback brings none."},
		{name: "payout_percent", label: "Percentage", width: "w2", unit: "%", mode: "decimal", example: "8.5", when: "payout_kind=percent", help: "Of the sale amount, 0 to 100."},
		{name: "precedence", choices: precedences, width: "w2", when: "payout_kind=fixed,percent", help: "Which payout is recorded when the postback brings one, too."},
	}
	commission = []fieldSpec{
		{name: "commission_kind", label: "Commission", choices: ck, width: "w2 nl", help: "What a conversion pays the publisher."},
		{name: "commission", label: "Amount", width: "w2", unit: currency, mode: "decimal", example: "5.00", when: "commission_kind=fixed", help: "For each conversion."},
		{name: "commission_percent", label: "Percentage", width: "w2", unit: "%", mode: "decimal", example: "60", when: "commission_kind=percent_sale,percent_payout", help: "0 to 100."},
	}
	return payout, commission
}

// geoFields are the payouts by country; def is the payout of all others.
func geoFields(currency, def string, rows []catalog.GeoPayoutDoc) []fieldSpec {
	help := "Only with Manual, whose default value is that of all other countries. With Auto the postback decides, and a percentage is the same everywhere."
	return []fieldSpec{
		{name: "geo_payouts", label: "Payout by country", optional: len(rows) == 0, when: "payout_kind=fixed", help: help, table: &rowsSpec{add: "Add a country",
			lead: []leadCell{{Text: "All other countries"}, {Text: def, Mirror: "payout"}},
			columns: []colSpec{
				{name: "country", label: "Country", list: "countries", example: "US", class: "code"},
				{name: "payout", label: "Payout", unit: currency, mode: "decimal", example: "15.00", class: "num"},
			}}},
		{name: "geo_source", label: "Whose country counts", choices: options(catalog.GeoClick, "The click's", catalog.GeoPostback, "The postback's, in its parameter geo; else the click's"), width: "w4", when: "geo_payouts=#", help: "For the payouts by country."},
	}
}

// offerLists suggest countries by name, currencies and time zones.
func offerLists() []datalist {
	countries := datalist{ID: "countries"}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); catalog.KnownCountry(code) {
				countries.Choices = append(countries.Choices, choice{Value: code, Label: visitor.CountryName(code)})
			}
		}
	}
	return []datalist{countries, {ID: "currencies", Choices: plainOptions("USD", "EUR", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "CAD", "AUD", "NZD", "BRL", "MXN", "INR", "JPY", "SGD", "HKD", "ZAR", "AED", "TRY")},
		{ID: "zones", Choices: plainOptions("UTC", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Kyiv", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney")}}
}

func plainOptions(values ...string) []choice {
	out := make([]choice, len(values))
	for i, v := range values {
		out[i].Value = v
	}
	return out
}

// words2 are choices of stored words, to be read as words.
func words2(values []string) []choice {
	out := make([]choice, len(values))
	for i, v := range values {
		out[i] = choice{Value: v, Label: words(v)}
	}
	return out
}

// What a folded section has in it.

func targetingHint(o *catalog.OfferDoc) string {
	parts := []string{"every country"}
	if n := len(o.Countries); n > 0 {
		parts[0] = strings.Join(o.Countries[:min(n, 6)], ", ")
		if n > 6 {
			parts[0] += " and " + strconv.Itoa(n-6) + " more"
		}
	}
	if len(o.Devices) > 0 {
		parts = append(parts, strings.Join(o.Devices, ", "))
	} else {
		parts = append(parts, "every device")
	}
	if o.FallbackOffer != "" || o.FallbackURL != "" {
		parts = append(parts, "with a fallback")
	}
	return strings.Join(parts, " · ")
}

func capsHint(o *catalog.OfferDoc) string {
	if len(o.Caps) == 0 {
		return "none: it takes as much as comes"
	}
	var parts []string
	for _, k := range o.Caps[:min(len(o.Caps), 3)] {
		parts = append(parts, count(k.Limit)+" "+k.Event+" "+k.Period)
	}
	if n := len(o.Caps); n > 3 {
		parts = append(parts, strconv.Itoa(n-3)+" more")
	}
	return strings.Join(parts, " · ")
}

func publishersHint(o *catalog.OfferDoc) string {
	if o.Description == "" && o.Category == "" {
		return "description, category, allowed traffic, deep links"
	}
	return strings.Trim(o.Category+" · "+firstLine(o.Description), " ·")
}

func accessHint(o *catalog.OfferDoc) string {
	who := map[string]string{catalog.VisibilityPublic: "everybody who applies", catalog.VisibilityApproval: "by approval", catalog.VisibilityPrivate: "by invitation"}[o.Visibility]
	return who + " · " + some(len(o.Questions), "question", "questions", "no questions")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(line); len(r) > 80 {
		line = string(r[:80]) + "…"
	}
	return line
}

func some(n int, one, many, none string) string {
	if n == 0 {
		return none
	}
	return plural(int64(n), one, many)
}

// offerNotes remark upon what is typed in the offer form, by field.
func offerNotes(c *call, d *catalog.OfferDoc, adv *catalog.Advertiser) []note {
	u := urlNote("url", macro.ClickTokens, d.URL)
	t, err := catalog.ParseDestination(d.URL)
	own := d.URL != "" && err == nil && t.UsesClick()
	appends := draftOffer(d).Appends()
	if u.Text == "" && d.URL != "" && !own && (!appends || adv == nil) && d.Tracking != catalog.TrackPixel {
		u.Tone, u.Text = "warn", "Nothing in it carries the click id, so conversions cannot be matched by postback. Add {click_id}, or have it appended."
	}
	app := note{For: "append_click_id"}
	if adv != nil {
		param := orElse(adv.ClickParam, "click_id")
		switch {
		case own:
			app.Text = "The URL has {click_id} already, so nothing is appended."
		case d.Tracking == catalog.TrackPixel:
			app.Text = "Nothing is appended: the tracking method is pixel."
		case appends:
			app.Text = "Appends " + param + "=…, the parameter of " + adv.Name + "."
		default:
			app.Text = "Would append " + param + "=…, the parameter of " + adv.Name + "."
		}
		if d.Direct && !own {
			app.Tone, app.Text = "warn", app.Text+" Where an ad leads straight to the offer page there is no redirect and nothing can be appended; behind a lander it works."
		}
	}
	cur := note{For: "currency"}
	// offerPreview put the workspace's there, where none was typed.
	code := money.Currency(strings.ToUpper(strings.TrimSpace(d.Currency)))
	if _, err := money.ParseCurrency(string(code)); err != nil {
		cur.Tone, cur.Text = "bad", "This is not an ISO 4217 code."
	} else if string(code) != c.ws.Currency {
		cur.Tone, cur.Text = "warn", "Reports are in "+c.ws.Currency+": each conversion is converted with the rate of its day."
	}
	return []note{u, app, cur, urlNote("fallback_url", macro.ClickTokens, d.FallbackURL)}
}
