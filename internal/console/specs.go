package console

import (
	"net/url"
	"strings"

	"clickledger/internal/catalog"
)

// editor says how the rows of a kind are made and changed in the console.
type editor struct {
	kind   catalog.Kind
	noun   string
	plural string // the list's title
	// sections lists the form's fields. c gives the choices that are rows themselves.
	sections func(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error)
	// skip are fields that are not for people.
	skip []string
	// fixed are fields that cannot be changed after creation.
	fixed []string
	aside func(isNew bool) []asideBox
	// preview says what the values typed so far would do: beside the form, and as remarks
	// on single fields. nil: they have no consequence worth showing.
	preview func(c *call, d catalog.Doc) ([]previewBox, []note, error)
	// lists are suggestions for its inputs.
	lists func() []datalist
}

// asideBox is help beside a form.
type asideBox struct {
	Title string
	Text  string
	Pairs []pair
}

// editors are the forms by the path segment of their kind.
var editors = map[string]editor{
	"offers":      {catalog.KindOffer, "offer", "Offers", offerSections, []string{"workspace"}, []string{"currency"}, offerAside, offerPreview, offerLists},
	"advertisers": {catalog.KindAdvertiser, "advertiser", "Advertisers", advertiserSections, []string{"workspace"}, nil, nil, advertiserPreview, nil},
	"publishers":  {catalog.KindPublisher, "publisher", "Publishers", publisherSections, []string{"workspace"}, nil, nil, nil, nil},
	"groups":      {catalog.KindGroup, "group", "Groups", groupSections, []string{"workspace"}, nil, nil, nil, nil},
	"links":       {catalog.KindLink, "link", "Links", linkSections, []string{"workspace"}, []string{"offer", "publisher"}, nil, nil, nil},
	"coupons":     {catalog.KindCoupon, "coupon", "Coupons", couponSections, []string{"workspace"}, []string{"offer", "publisher"}, couponAside, nil, nil},
	"postbacks":   {catalog.KindPostback, "postback", "Publishers", postbackSections, []string{"workspace"}, []string{"publisher"}, postbackAside, postbackPreview, nil},
	"domains":     {catalog.KindDomain, "domain", "Domains", domainSections, []string{"workspace", "default"}, []string{"host", "advertiser"}, domainAside, nil, nil},
	"creatives":   {catalog.KindCreative, "creative", "Creatives", creativeSections, []string{"workspace"}, []string{"offer", "type", "image"}, nil, nil, nil},
	"goals":       {catalog.KindGoal, "goal", "Offers", goalSections, []string{"workspace"}, []string{"offer"}, nil, goalPreview, offerLists},
	"terms":       {catalog.KindTerms, "version of the terms", "Offers", termsSections, []string{"workspace"}, []string{"offer"}, nil, nil, nil},
	rulesPath:     {catalog.KindCommissionRule, "commission rule", "Commission rules", commissionRuleSections, []string{"workspace"}, []string{"offer"}, commissionRuleAside, nil, nil},
	"enrollments": {catalog.KindEnrollment, "enrollment", "Publishers", enrollmentSections, []string{"workspace"}, []string{"offer", "publisher"}, nil, nil, nil},
}

// paths are the path segments of the kinds.
var paths = map[catalog.Kind]string{
	catalog.KindOffer: "offers", catalog.KindAdvertiser: "advertisers", catalog.KindPublisher: "publishers",
	catalog.KindLink: "links", catalog.KindGoal: "goals", catalog.KindEnrollment: "enrollments",
	catalog.KindCoupon: "coupons", catalog.KindGroup: "groups", catalog.KindPostback: "postbacks", catalog.KindDomain: "domains", catalog.KindCreative: "creatives",
	catalog.KindTerms: "terms", catalog.KindCommissionRule: rulesPath,
}

// options makes choices of values with their labels: value, label, value, label, …
func options(kv ...string) []choice {
	out := make([]choice, 0, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		out = append(out, choice{Value: kv[i], Label: kv[i+1]})
	}
	return out
}

func offerAside(isNew bool) []asideBox {
	if !isNew {
		return nil
	}
	return []asideBox{{Title: "What happens next", Text: "A saved offer gets a default goal, a pixel key and set-up instructions on its page. Publishers need an enrollment, then a link."}}
}

// templateChoices are the templates of networks, each with what it fills in.
func templateChoices() []choice {
	out := []choice{{Value: "", Label: "None: fill in by hand"}}
	for _, t := range catalog.NetworkTemplates() {
		name := t.Name
		if t.Platform != "" && !strings.HasPrefix(t.Name, t.Platform) {
			name += " (" + t.Platform + ")"
		}
		m := t.Macros
		fill := url.Values{"type": {catalog.TypeNetwork}, "click_param": {t.ClickParam}, "click_macro": {m.ClickID}, "payout_macro": {m.Payout}, "amount_macro": {m.Amount},
			"currency_macro": {m.Currency}, "txid_macro": {m.TxID}, "status_macro": {m.Status}, "goal_macro": {m.Goal}}
		out = append(out, choice{Value: t.ID, Label: name, Fill: fill.Encode()})
	}
	return out
}

func advertiserSections(c *call, _ catalog.Doc, isNew bool) ([]sectionSpec, error) {
	managers, err := c.managerChoices("Nobody")
	if err != nil {
		return nil, err
	}
	templates := templateChoices()
	help := "What is left empty below is filled in from it when the advertiser is made; all of it can be changed."
	if !isNew {
		help = "Choosing one fills in the fields below; what is saved is what stands there."
	}
	text := func(name, label, example, help string) fieldSpec {
		return fieldSpec{name: name, label: label, example: example, help: help, width: "w3", code: true, optional: true}
	}
	return []sectionSpec{
		{title: "Advertiser", fields: []fieldSpec{
			{name: "name", width: "w3", help: "As you call it, in lists and reports.", example: "Acme Shoes"},
			{name: "type", choices: options("merchant", "Merchant", "network", "Affiliate network"), width: "w3", help: "A merchant sells itself; a network stands between you and many."},
			{name: "template", label: "Network template", choices: templates, width: "w3", live: true, help: help},
			{name: "click_param", label: "Click id parameter", width: "w3", code: true, example: "click_id", help: "Under which name its offer URLs take the click id."},
			{name: "cookie_days", label: "Cookie life", unit: "days", width: "w2", help: "For how long a cookie knows a click, on offers that say nothing else. 28 as Aspire has it; 0: 30."},
			{name: "validation_days", label: "Validation period", unit: "days", width: "w2", help: "After it, what is pending is approved by itself, on offers that say nothing else. 0: never."},
			{name: "prepaid", label: "Pays ahead", help: "Its offers take visitors only while more was paid ahead than is owed, in the offer's currency."},
			{name: "prepay_warn", label: "Warn at", width: "w2", when: "prepaid=true", help: "In whole units of each currency: 100 is USD 100."},
			{name: "token_required", label: "Postbacks must bring the token", help: "Without it, whoever knows a click id can report a conversion for it."},
		}},
		{id: "macros", title: "Postback macros", intro: "What the network writes for each value in the postback URL it is given. They fill in the postback on the pages of its offers.", fields: []fieldSpec{
			text("click_macro", "Click id", "{aff_sub}", "The one that gives back the click id parameter."),
			text("txid_macro", "Transaction", "{transaction_id}", "Its number of the order or conversion: without one, the same conversion could come twice."),
			text("payout_macro", "Payout", "{payout}", "What it pays you."),
			text("currency_macro", "Currency", "{currency}", "Only where it has one; else the offer's currency is meant."),
			text("amount_macro", "Sale amount", "{sale_amount}", "What the customer paid."),
			text("status_macro", "Status", "{status}", "Only where its words are pending, approved, rejected or reversed."),
			text("goal_macro", "Goal", "{event}", "Only where its words are your goals' keys."),
		}},
		guardSection,
		{id: "party", title: "State and contact", fields: append(partyFields("Offers of an advertiser that is not active take no visitors.", managers),
			fieldSpec{name: "website", optional: true, width: "w3", example: "https://shop.example", help: noHelp},
			fieldSpec{name: "contact_email", label: "Contact e-mail", typ: "email", optional: true, width: "w3", example: "ann@shop.example", help: "For you to write to."},
		)},
		{fields: []fieldSpec{{name: "notes", optional: true, widget: "area", rows: 3, help: "For yourselves."}}},
	}, nil
}

// partyStatuses are the states of publishers and advertisers.
var partyStatuses = []string{catalog.StatusActive, catalog.StatusPending, catalog.StatusPaused, catalog.StatusRejected, catalog.StatusBanned}

// partyFields are what publishers and advertisers have in common.
func partyFields(effect string, managers []choice) []fieldSpec {
	return []fieldSpec{
		{name: "status", choices: options("active", "Active", "pending", "Pending", "paused", "Paused", "rejected", "Rejected", "banned", "Banned"), width: "w3", help: effect},
		{name: "manager", choices: managers, optional: true, width: "w3", help: "Who looks after it; its people see the name and the address."},
		{name: "reason", optional: true, help: "Why it is not active. Its people can read it."},
	}
}

// managerChoices are the people of the workspace, none first.
func (c *call) managerChoices(none string) ([]choice, error) {
	people, err := c.Accounts.Staff(c.r.Context(), c.who, c.ws.ID)
	if err != nil {
		return nil, err
	}
	out := []choice{{Value: "", Label: none}}
	for _, u := range people {
		out = append(out, choice{Value: u.ID, Label: u.Principal().Name})
	}
	return out, nil
}

func groupSections(*call, catalog.Doc, bool) ([]sectionSpec, error) {
	return []sectionSpec{{title: "Group", fields: []fieldSpec{
		{name: "name", width: "w3", help: "No two groups have the same.", example: "Gold"},
		{name: "notes", optional: true, widget: "area", rows: 3, help: noHelp},
	}}}, nil
}

func publisherSections(c *call, _ catalog.Doc, _ bool) ([]sectionSpec, error) {
	managers, err := c.managerChoices("Nobody")
	if err != nil {
		return nil, err
	}
	groups, err := c.choicesOf(catalog.KindGroup, "None")
	if err != nil {
		return nil, err
	}
	return []sectionSpec{
		{title: "Publisher", fields: []fieldSpec{
			{name: "name", help: noHelp, example: "Anna's reviews"},
			{name: "email", label: "E-mail address", typ: "email", optional: true, width: "w3", example: "anna@example.com", help: noHelp},
			{name: "group", choices: groups, optional: true, width: "w3", help: noHelp},
			{name: "website", optional: true, width: "w3", example: "https://blog.example", help: noHelp},
			{name: "promotion", optional: true, widget: "area", rows: 2, help: "How it brings visitors, in its own words."},
			{name: "notes", optional: true, widget: "area", rows: 3, help: noHelp},
		}},
		{id: "party", title: "State", fields: partyFields("Links of a publisher who is not active send their visitors to the fallback.", managers)},
	}, nil
}

func linkSections(c *call, _ catalog.Doc, _ bool) ([]sectionSpec, error) {
	return []sectionSpec{{title: "Link", fields: []fieldSpec{
		{name: "name", label: "Placement", optional: true, example: "Summer newsletter", help: noHelp},
		{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w3", help: "A paused link sends its visitors to the fallback."},
		{name: "source", optional: true, width: "w3", example: "newsletter", help: "What {source} stands for when the URL brings none."},
		presetField,
	}}}, nil
}

func goalSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	cur, def := c.ws.Currency, ""
	var rows []catalog.GeoPayoutDoc
	if g, ok := d.(*catalog.GoalDoc); ok && g.Offer != "" {
		def, rows = g.Payout, g.GeoPayouts
		if o, err := get[*catalog.Offer](c, catalog.KindOffer, g.Offer); err == nil {
			cur = o.Currency
		}
	}
	payout, commission := termFields(cur, "As the offer says")
	key := fieldSpec{name: "key", width: "w3", code: true, example: "signup", help: "What a signal says in goal. Letters, digits, _ . and -. It cannot be changed later."}
	if g, ok := d.(*catalog.GoalDoc); ok && !isNew {
		key.widget, key.text, key.help = "fixed", g.Key, "What a signal says in goal. It cannot be changed: orders are known by it."
	}
	return []sectionSpec{
		{title: "Goal", fields: []fieldSpec{
			{name: "name", help: "As you call it.", width: "w3", example: "Sign-up"},
			key,
			{name: "type", width: "w3", choices: goalTypes(), help: "What it is. An on-site event pays nothing: it is counted for the funnel, and is no conversion."},
			{name: "require_order", label: "Require an order number", help: "Refuses signals of this goal without txid, whatever the offer says."},
			{name: "duplicates", label: "When it comes again", width: "w3", choices: options("", "Answer as a duplicate", "reject", "Refuse it", "update", "Take its amounts", "add", "Count it again"), help: "A server's signal about a conversion that is recorded. News of the state is taken in any case."},
			{name: "every_fire", label: "Count every fire", when: "type=" + catalog.GoalEvent, help: "Each time it is sent, and not once a click."},
		}},
		{title: "Payout", fields: append(payout, geoFields(cur, def, rows)[0])},
		{title: "Commission", fields: commission},
	}, nil
}

// goalTypes are the types of goals, in words.
func goalTypes() []choice {
	names := map[string]string{catalog.GoalSignup: "Sign-up", catalog.GoalForm: "Form sent", catalog.GoalEvent: "On-site event, pays nothing"}
	out := words2(catalog.GoalTypes)
	for i := range out {
		out[i].Label = orElse(names[out[i].Value], out[i].Label)
	}
	return out
}

func enrollmentSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	cur := c.ws.Currency
	var pick []fieldSpec
	if e, ok := d.(*catalog.EnrollmentDoc); ok && e.Offer != "" {
		if o, err := get[*catalog.Offer](c, catalog.KindOffer, e.Offer); err == nil {
			cur = o.Currency
		}
	}
	if isNew {
		offers, err := c.choicesOf(catalog.KindOffer, "Choose an offer")
		if err != nil {
			return nil, err
		}
		pubs, err := c.choicesOf(catalog.KindPublisher, "Choose a publisher")
		if err != nil {
			return nil, err
		}
		pick = []fieldSpec{{name: "offer", choices: offers, width: "w3", help: "It cannot be changed later."}, {name: "publisher", choices: pubs, width: "w3", help: "It cannot be changed later."}}
	}
	said := ""
	if !isNew {
		e, err := get[*catalog.Enrollment](c, catalog.KindEnrollment, c.r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		for _, p := range c.agreementPairs(e) {
			said += p.Label + ": " + p.Value + ". "
		}
	}
	_, commission := termFields(cur, "As the offer says")
	return []sectionSpec{
		{title: "Enrollment", intro: said, fields: append(pick, []fieldSpec{
			{name: "status", choices: options("invited", "Invited", "applied", "Applied", "approved", "Approved", "paused", "Paused", "rejected", "Rejected", "revoked", "Revoked"), width: "w3", help: "Only an approved one lets links lead to the offer."},
			{name: "reason", optional: true, width: "w3", help: "Why it was rejected, paused or revoked; the publisher reads it."},
		}...)},
		{title: "Commission", fields: commission},
	}, nil
}

// workspaceSections are used by set-up and settings.
func workspaceSections() []sectionSpec {
	return []sectionSpec{{fields: []fieldSpec{
		{name: "name", help: noHelp, example: "Acme affiliates"},
		{name: "currency", width: "w3", example: "USD", help: "ISO 4217. New offers start with it."},
		{name: "time_zone", width: "w3", example: "Europe/Berlin", help: "IANA name. Days begin and end in it."},
		{name: "fallback_url", label: "Fallback URL", optional: true, code: true, example: "https://", help: "Where visitors of paused links and offers go. Empty: they get the 404 page."},
		{name: "ip_mode", label: "What {ip} shows", width: "w3", choices: options(catalog.IPTruncated, "Without its last part: 203.0.113.0", catalog.IPFull, "The whole address", catalog.IPNone, "Nothing"), help: "In URLs of offers. What is stored is always without the last part."},
		{name: "require_tests", label: "Merchants' offers pass two test conversions before they go live", help: "Without a passed test an offer becomes active only with a reason, which the audit trail keeps."},
	}}}
}
