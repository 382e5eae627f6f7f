package console

import "clickledger/internal/catalog"

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
	// preview says that what is typed has a consequence worth showing beside the form.
	preview bool
}

// asideBox is help beside a form.
type asideBox struct {
	Title  string
	Text   string
	Pairs  []pair
	Tokens []token
	For    string // the field the tokens go into
}

type token struct{ Name, Help string }

// editors are the forms by the path segment of their kind.
var editors = map[string]editor{
	"offers":      {catalog.KindOffer, "offer", "Offers", offerSections, []string{"workspace"}, []string{"currency"}, offerAside, true},
	"advertisers": {catalog.KindAdvertiser, "advertiser", "Advertisers", advertiserSections, []string{"workspace"}, nil, nil, false},
	"publishers":  {catalog.KindPublisher, "publisher", "Publishers", publisherSections, []string{"workspace"}, nil, publisherAside, true},
	"links":       {catalog.KindLink, "link", "Links", linkSections, []string{"workspace"}, []string{"offer", "publisher"}, nil, false},
	"goals":       {catalog.KindGoal, "goal", "Offers", goalSections, []string{"workspace"}, []string{"offer"}, nil, false},
	"enrollments": {catalog.KindEnrollment, "enrollment", "Publishers", enrollmentSections, []string{"workspace"}, []string{"offer", "publisher"}, nil, false},
}

// paths are the path segments of the kinds.
var paths = map[catalog.Kind]string{
	catalog.KindOffer: "offers", catalog.KindAdvertiser: "advertisers", catalog.KindPublisher: "publishers",
	catalog.KindLink: "links", catalog.KindGoal: "goals", catalog.KindEnrollment: "enrollments",
}

// options makes choices of values with their labels: value, label, value, label, …
func options(kv ...string) []choice {
	out := make([]choice, 0, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		out = append(out, choice{Value: kv[i], Label: kv[i+1]})
	}
	return out
}

var (
	payoutKinds     = options("fixed", "Fixed amount", "percent", "Percentage of the sale", "postback", "What the postback says")
	commissionKinds = options("none", "No commission", "fixed", "Fixed amount", "percent_sale", "Percentage of the sale", "percent_payout", "Percentage of the payout")
	precedences     = options("postback_wins", "The postback's payout", "manual_wins", "The payout set here")
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
		{name: "payout_kind", label: "Payout", choices: pk, width: "w3", help: "What a conversion pays us."},
		{name: "payout", label: "Amount", width: "w3", unit: currency, mode: "decimal", example: "12.50", when: "payout_kind=fixed,postback", help: "When taken from the postback: what counts if it brings none."},
		{name: "payout_percent", label: "Percentage", width: "w3", unit: "%", mode: "decimal", example: "8.5", when: "payout_kind=percent", help: "Of the sale amount, 0 to 100."},
		{name: "precedence", label: "If the postback brings a payout of its own, count", choices: precedences, when: "payout_kind=fixed,percent", help: noHelp},
	}
	commission = []fieldSpec{
		{name: "commission_kind", label: "Commission", choices: ck, width: "w3", help: "What a conversion pays the publisher."},
		{name: "commission", label: "Amount", width: "w3", unit: currency, mode: "decimal", example: "5.00", when: "commission_kind=fixed"},
		{name: "commission_percent", label: "Percentage", width: "w3", unit: "%", mode: "decimal", example: "60", when: "commission_kind=percent_sale,percent_payout", help: "0 to 100."},
	}
	return payout, commission
}

func offerSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	advs, err := c.choicesOf(catalog.KindAdvertiser, "Nobody in particular")
	if err != nil {
		return nil, err
	}
	cur := c.ws.Currency
	if o, ok := d.(*catalog.OfferDoc); ok && o.Currency != "" {
		cur = o.Currency
	}
	if isNew {
		cur = "" // it is chosen on this very form
	}
	payout, commission := termFields(cur, "")
	return []sectionSpec{
		{title: "Offer", fields: []fieldSpec{
			{name: "name", help: noHelp, example: "Spring shoes, US"},
			{name: "advertiser", choices: advs, width: "w3", help: "Who pays for its conversions."},
			{name: "status", choices: options("active", "Active", "paused", "Paused", "draft", "Draft"), width: "w3", help: "Only active offers take visitors."},
			{name: "url", label: "Destination URL", widget: "area", code: true, rows: 2, example: "https://shop.example/?ref={click_id}", help: "Where visitors go. Tokens such as {click_id}, {publisher_id} and {sub1} are replaced; the shop must keep the click id and send it back."},
		}},
		{title: "Payout", fields: append(payout,
			fieldSpec{name: "currency", width: "w3", example: c.ws.Currency, help: "ISO 4217, also of the commission. It cannot be changed later."},
			fieldSpec{name: "initial_status", label: "New conversions are", choices: options("pending", "Pending, until approved", "approved", "Approved at once"), width: "w3", help: "Those of pixels are always pending."})},
		{title: "Commission", fields: commission},
		{title: "Tracking", hint: "window, cookie, deep links, fallback, tags, notes", more: true, fields: []fieldSpec{
			{name: "window_days", label: "Conversion window", unit: "days", width: "w3", help: "How long after its click a conversion may come. 0: any time."},
			{name: "cookie_days", label: "Cookie life", unit: "days", width: "w3", help: "How long the tracker cookie remembers a click."},
			{name: "append_click_id", label: "Append the click id to the URL"},
			{name: "require_order", label: "Require an order number"},
			{name: "deep_links", label: "Deep-link hosts", optional: true, code: true, rows: 3, example: "shop.example", help: "One host a line: where links may lead with url=. Empty: nowhere but the destination."},
			{name: "fallback_url", label: "Fallback URL", optional: true, code: true, example: "https://"},
			{name: "tags", optional: true, rows: 2, help: "One a line. To group offers."},
			{name: "notes", optional: true, widget: "area", rows: 3, help: noHelp},
		}},
	}, nil
}

// macros are the tokens of destination URLs people reach for first.
var macros = []token{
	{"{click_id}", "The click id, to be sent back in the postback"}, {"{publisher_id}", "The publisher's id"},
	{"{offer_id}", "The offer's id"}, {"{source}", "The link's source"}, {"{sub1}", "The first sub id; up to {sub20}"},
	{"{device}", "Device class"}, {"{country_code}", "Country of the visitor"}, {"{timestamp}", "Unix time of the click"},
}

func offerAside(isNew bool) []asideBox {
	boxes := []asideBox{{Title: "Tokens", Text: "Values are encoded by where they stand in the URL.", Tokens: macros, For: "url"}}
	if isNew {
		boxes = append(boxes, asideBox{Title: "What happens next", Text: "A saved offer gets a default goal, a pixel key and set-up instructions on its page. Publishers need an enrollment, then a link."})
	}
	return boxes
}

func advertiserSections(*call, catalog.Doc, bool) ([]sectionSpec, error) {
	return []sectionSpec{
		{title: "Advertiser", fields: []fieldSpec{
			{name: "name", help: noHelp, example: "Acme Shoes"},
			{name: "type", choices: options("merchant", "Merchant", "network", "Affiliate network"), width: "w3", help: noHelp},
			{name: "click_param", label: "Click id parameter", width: "w3", code: true, example: "click_id", help: "Under which name it wants the click id in offer URLs."},
			{name: "token_required", label: "Postbacks must bring the token", help: "Without it, whoever knows a click id can report a conversion for it."},
			{name: "notes", optional: true, widget: "area", rows: 3, help: noHelp},
		}},
	}, nil
}

func publisherSections(*call, catalog.Doc, bool) ([]sectionSpec, error) {
	return []sectionSpec{
		{title: "Publisher", fields: []fieldSpec{
			{name: "name", help: noHelp, example: "Anna's reviews"},
			{name: "email", label: "E-mail address", typ: "email", optional: true, width: "w3", example: "anna@example.com", help: noHelp},
			{name: "status", choices: options("active", "Active", "pending", "Pending", "paused", "Paused", "banned", "Banned"), width: "w3", help: noHelp},
			{name: "postback_url", label: "Postback URL", optional: true, widget: "area", rows: 2, code: true, example: "https://tracker.example/pb?cid={sub1}&payout={commission}", help: "Called for each accepted conversion, with tokens replaced."},
			{name: "notes", optional: true, widget: "area", rows: 3, help: noHelp},
		}},
	}, nil
}

func publisherAside(bool) []asideBox {
	return []asideBox{{Title: "Tokens of the postback", Tokens: []token{
		{"{sub1}", "The publisher's own id, as sent on the link; up to {sub20}"}, {"{commission}", "What the publisher earns"},
		{"{currency}", "Its currency"}, {"{status}", "The conversion's state"}, {"{goal}", "The goal's key"},
		{"{offer_id}", "The offer's id"}, {"{click_id}", "The click id"}, {"{conversion_id}", "The conversion's id"},
	}, For: "postback_url"}, {Title: "What it never gets", Text: "The payout an advertiser pays us is not available here."}}
}

func linkSections(c *call, _ catalog.Doc, _ bool) ([]sectionSpec, error) {
	return []sectionSpec{{title: "Link", fields: []fieldSpec{
		{name: "name", label: "Placement", optional: true, example: "Summer newsletter", help: noHelp},
		{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w3", help: "A paused link sends its visitors to the fallback."},
		{name: "source", optional: true, width: "w3", example: "newsletter", help: "What {source} stands for when the URL brings none."},
	}}}, nil
}

func goalSections(c *call, d catalog.Doc, _ bool) ([]sectionSpec, error) {
	cur := c.ws.Currency
	if g, ok := d.(*catalog.GoalDoc); ok && g.Offer != "" {
		if o, err := get[*catalog.Offer](c, catalog.KindOffer, g.Offer); err == nil {
			cur = o.Currency
		}
	}
	payout, commission := termFields(cur, "As the offer says")
	return []sectionSpec{
		{title: "Goal", fields: []fieldSpec{
			{name: "name", help: noHelp, width: "w3", example: "Sign-up"},
			{name: "key", width: "w3", code: true, example: "signup", help: "What a signal says in goal. Letters, digits, _ . and -."},
		}},
		{title: "Payout", fields: payout},
		{title: "Commission", fields: commission},
	}, nil
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
	_, commission := termFields(cur, "As the offer says")
	return []sectionSpec{
		{title: "Enrollment", fields: append(pick, []fieldSpec{
			{name: "status", choices: options("applied", "Applied", "approved", "Approved", "rejected", "Rejected", "revoked", "Revoked"), width: "w3", help: noHelp},
			{name: "reason", optional: true, width: "w3", help: "Why it was rejected or revoked."},
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
		{name: "fallback_url", label: "Fallback URL", optional: true, code: true, example: "https://"},
	}}}
}
