package console

import (
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/report"
)

// payoutText says what an offer pays, in few words.
func payoutText(t catalog.Terms, currency string) string {
	switch t.PayoutKind {
	case catalog.PayoutFixed:
		return withCurrency(t.Payout, currency)
	case catalog.PayoutPercent:
		return t.PayoutPercent + thin + "% of sale"
	case catalog.PayoutPostback:
		return "from postback, " + currency
	}
	return "as the offer"
}

func commissionText(kind string, minor int64, percent, currency string) string {
	switch kind {
	case catalog.CommissionNone:
		return "none"
	case catalog.CommissionFixed:
		return withCurrency(minor, currency)
	case catalog.CommissionPercentSale:
		return percent + thin + "% of sale"
	case catalog.CommissionPercentPayout:
		return percent + thin + "% of payout"
	}
	return "as the offer"
}

// curl is the API call that does what a button does.
func (c *call) curl(resource, body string) string {
	return "curl -X POST " + c.PublicURL + "/api/v1/" + resource + " \\\n  -H 'Authorization: Bearer YOUR_KEY' -H 'Content-Type: application/json' \\\n  -d '" + body + "'"
}

// trackingURL is a link's address.
func (s *server) trackingURL(l *catalog.Link) string {
	return s.origins.Link(l)
}

// offer is an offer's page: numbers, tracking set-up, goals, enrollments, links.
func (c *call) offer() error {
	o, err := get[*catalog.Offer](c, catalog.KindOffer, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	var adv *catalog.Advertiser
	if o.Advertiser != "" {
		adv, err = get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err != nil {
			return err
		}
	}
	p := panelsPage{Head: c.entityHead(o, "offers", "Offers", o.Name, o.Status)}
	p.Figures, err = c.figures([]report.Filter{{Dimension: "offer", Op: "eq", Values: []string{o.ID}}})
	if err != nil {
		return err
	}
	goals, err := c.goalsPanel(o)
	if err != nil {
		return err
	}
	enr, err := c.enrollmentsPanel(catalog.Query{Filter: map[string]string{"offer": o.ID}}, o.ID, "")
	if err != nil {
		return err
	}
	links, err := c.linksPanel(map[string]string{"offer": o.ID}, "offer", o.ID)
	if err != nil {
		return err
	}
	creatives, err := c.creativesPanel(o)
	if err != nil {
		return err
	}
	diagnosis, err := c.diagnosisPanel(o)
	if err != nil {
		return err
	}
	if diagnosis.Title != "" {
		p.Panels = append(p.Panels, diagnosis)
	}
	tests, err := c.testPanel(o)
	if err != nil {
		return err
	}
	if tests.Title != "" {
		p.Panels = append(p.Panels, tests)
	}
	p.Panels = append(p.Panels, c.trackingPanel(o, adv), c.guidesPanel(o, adv), c.offerTerms(o, adv))
	versions, err := c.termsPanel(o)
	if err != nil {
		return err
	}
	ruled, err := c.commissionRulesPanel(o)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, versions, ruled)
	p.Panels = append(p.Panels, c.termPanels(o)...)
	p.Panels = append(p.Panels, goals, creatives, enr, links)
	p.Notes = sortedKeys(c.remarks)
	return show(c, "panels", o.Name, p)
}

// entityHead is the head of a row's page, with the actions every row has.
func (c *call) entityHead(e catalog.Entity, path, plural, name, status string) head {
	m := e.Base()
	h := head{Crumb: &link{Label: plural, URL: c.at(path)}, Title: name, State: stateOf(status, m.Archived)}
	if !c.write() {
		return h
	}
	if m.Archived {
		h.Actions = []action{{Label: "Restore", URL: c.plain(path + "/" + m.ID + "/archive"), Post: true, Fields: []hidden{{"archived", "false"}, {versionField, itoa(int(m.Version))}}}}
		return h
	}
	h.Actions = []action{{Label: "Edit", URL: c.plain(path + "/" + m.ID + "/edit")}}
	switch e := e.(type) {
	case *catalog.Offer:
		h.Actions = append(h.Actions, action{Label: "Clone", URL: c.plain("offers/" + e.ID + "/clone"), Post: true},
			action{Label: "Archive", URL: c.plain("offers/" + e.ID + "/archive"), Post: true, Fields: []hidden{{"archived", "true"}, {versionField, itoa(int(m.Version))}}},
			action{Label: "New link", URL: c.plain("links/new", "offer", e.ID), Icon: "plus", Kind: "primary"})
	case *catalog.Creative:
		h.Actions = append(h.Actions, action{Label: "Archive", URL: c.plain("creatives/" + e.ID + "/archive"), Post: true, Fields: []hidden{{"archived", "true"}, {versionField, itoa(int(m.Version))}}})
	case *catalog.Link:
		h.Actions = append(h.Actions, action{Label: "Archive", URL: c.plain("links/" + e.ID + "/archive"), Post: true, Fields: []hidden{{"archived", "true"}, {versionField, itoa(int(m.Version))}}})
	case *catalog.Publisher:
		h.Actions = append(h.Actions, c.inviteTo(account.PartyPublisher, e.ID)...)
		h.Actions = append(h.Actions, action{Label: "New link", URL: c.plain("links/new", "publisher", e.ID), Icon: "plus", Kind: "primary"})
	case *catalog.Advertiser:
		h.Actions = append(h.Actions, c.inviteTo(account.PartyAdvertiser, e.ID)...)
		h.Actions = append(h.Actions, action{Label: "New offer", URL: c.plain("offers/new", "advertiser", e.ID), Icon: "plus", Kind: "primary"})
	}
	return h
}

// offerTerms are the offer's settings in words, those for publishers last.
func (c *call) offerTerms(o *catalog.Offer, adv *catalog.Advertiser) panel {
	p := panel{Title: "Terms"}
	add := func(label, value string) {
		if value != "" {
			p.Pairs = append(p.Pairs, pair{Label: label, Value: value})
		}
	}
	if adv != nil {
		p.Pairs = append(p.Pairs, pair{Label: "Advertiser", Value: adv.Name, Href: c.at("advertisers/" + adv.ID)})
	}
	add("Destination", o.URL)
	if o.Appends() && adv != nil {
		add("Click id", "appended as "+adv.ClickParam)
	}
	add("Static URL", o.StaticURL)
	if o.Direct {
		add("Direct tracking", "the page may bring the script, without a redirect")
	}
	add("Payout", payoutText(o.Terms, o.Currency))
	switch {
	case o.PayoutKind == catalog.PayoutPostback && o.Payout > 0:
		add("Without a payout", withCurrency(o.Payout, o.Currency))
	case o.PayoutKind == catalog.PayoutFixed && o.Precedence == catalog.ManualWins:
		add("A sent payout", "is not taken: yours counts")
	case o.PayoutKind == catalog.PayoutFixed:
		add("A sent payout", "counts instead of yours")
	}
	add("Commission", commissionText(o.CommissionKind, o.Commission, o.CommissionPercent, o.Currency))
	if o.CouponPrecedence == catalog.CouponWins {
		add("Click and coupon", "the coupon's publisher earns")
	}
	add("New conversions", o.InitialStatus)
	if o.RequireOrder {
		add("Order number", "required")
	}
	add("Which click earns", strings.Join(catalog.ClickTermsOf(o, adv).Sentences, " "))
	add("Countries", strings.Join(o.Countries, ", "))
	add("Devices", strings.Join(o.Devices, ", "))
	if o.FallbackOffer != "" {
		p.Pairs = append(p.Pairs, pair{Label: "Others go to", Value: c.nameOf(catalog.KindOffer, o.FallbackOffer), Href: c.at("offers/" + o.FallbackOffer)})
	}
	add("Fallback URL", o.FallbackURL)
	add("Deep links to", strings.Join(o.DeepLinks, ", "))
	p.Pairs = append(p.Pairs, accessPairs(o)...)
	add("Category", o.Category)
	add("Preview", o.PreviewURL)
	if len(o.Traffic) > 0 {
		add("Traffic", "only "+strings.ReplaceAll(strings.Join(o.Traffic, ", "), "_", " "))
	}
	add("Description", o.Description)
	add("Tags", strings.Join(o.Tags, ", "))
	add("Notes", o.Notes)
	add("Id", o.ID)
	return p
}

func windowText(days int64) string {
	if days == 0 {
		return "any time after the click"
	}
	return plural(days, "day", "days") + " after the click"
}

// termPanels are the tables of an offer's terms, those it has.
func (c *call) termPanels(o *catalog.Offer) []panel {
	var out []panel
	if len(o.GeoPayouts) > 0 {
		t := &table{Label: "Payout by country", Columns: []column{{Label: "Country", Class: "fill"}, {Label: "Payout " + o.Currency, Class: "num"}}}
		for _, g := range o.GeoPayouts {
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: g.Country, Class: "fill"}, amountCell(g.Payout, o.Currency)}})
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: "All others", Class: "fill", Tone: "muted"}, amountCell(o.Payout, o.Currency)}})
		whose := "The country of the click counts."
		if o.GeoSource == catalog.GeoPostback {
			whose = "The parameter geo of the postback counts, else the country of the click."
		}
		out = append(out, panel{ID: "payouts", Title: "Payout by country", Note: whose, Table: t})
	}
	if len(o.Caps) > 0 {
		out = append(out, c.capsPanel(o))
	}
	if len(o.Keywords) > 0 {
		out = append(out, keywordsPanel(o))
	}
	return out
}

// keywordsPanel shows the variations with their shares of their sets.
func keywordsPanel(o *catalog.Offer) panel {
	t := &table{Label: "Keywords", Columns: []column{{Label: "Keyword", Class: "fill"}, {Label: "Parameter"}, {Label: "Weight", Class: "num"}, {Label: "Share", Class: "num", Help: "Weight ÷ the weights of the set: those with the same parameter."}}}
	sum := map[string]int64{}
	for _, k := range o.Keywords {
		sum[k.Param] += k.Weight
	}
	for _, k := range o.Keywords {
		param := cell{Text: k.Param, Tone: "mono"}
		if k.Param == "" {
			param = cell{Text: "{keyword}", Tone: "muted"}
		}
		t.Rows = append(t.Rows, row{Off: k.Weight == 0, Cells: []cell{{Text: k.Value, Class: "fill", Title: k.Value}, param, countCell(k.Weight), {Text: percentOf(k.Weight, sum[k.Param]), Class: "num"}}})
	}
	return panel{ID: "keywords", Title: "Keywords", Note: "Each click takes one of every set, by weight.", Table: t}
}

// overCaps say what becomes of a conversion beyond a cap.
var overCaps = map[string]string{
	catalog.OverCapPay: "A conversion beyond a cap is recorded and paid.", catalog.OverCapHold: "A conversion beyond a cap is held until somebody decides.",
	catalog.OverCapRefuse: "A conversion beyond a cap is refused.",
}

// capsPanel shows the caps and how much of them is used, where that is known.
func (c *call) capsPanel(o *catalog.Offer) panel {
	t := &table{Label: "Caps", Columns: []column{{Label: "Cap", Class: "fill"}, {Label: "State"}, {Label: "Used", Class: "num"}, {Label: "Limit", Class: "num"}}}
	standing := c.capsOf(o)
	for i, k := range o.Caps {
		used, state := cell{Text: undefined, Class: "num", Tone: "zero"}, cell{Text: undefined, Tone: "zero"}
		if i < len(standing) {
			used, state = countCell(standing[i].Used), capCell(standing[i])
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: c.capText(k), Class: "fill"}, state, used, {Text: count(k.Limit), Class: "num"}}})
	}
	return panel{ID: "caps", Title: "Caps", Note: "Days begin in " + o.CapTimeZone + "; " + strings.Join(o.CapStates, " and ") + " count. " + overCaps[o.OverCap], Table: t}
}

// capsOf asks how the caps stand; nil when nobody knows, which a page shows without.
func (c *call) capsOf(o *catalog.Offer) []caps.Status {
	if c.Caps == nil || len(o.Caps) == 0 {
		return nil
	}
	standing, err := c.Caps.Status(c.r.Context(), o.Workspace, o.ID)
	if err != nil {
		c.Logger.Warn("caps of an offer", "offer", o.ID, "request", c.id, "error", err)
		return nil
	}
	return standing
}

// capText is a cap in words: Conversions a day, goal signup.
func (c *call) capText(k catalog.Cap) string {
	s := label(k.Event)
	switch k.Period {
	case catalog.CapDaily:
		s += " a day"
	case catalog.CapWeekly:
		s += " a week"
	case catalog.CapMonthly:
		s += " a month"
	default:
		s += " in total"
	}
	if k.Goal != "" {
		s += ", goal " + k.Goal
	}
	switch k.Publisher {
	case "":
	case catalog.CapEach:
		s += ", of each publisher"
	default:
		s += ", of " + c.nameOf(catalog.KindPublisher, k.Publisher)
	}
	return s
}

// capTones colour the states of caps.
var capTones = map[string]string{caps.Open: "good", caps.Warning: "warn", caps.Reached: "bad", caps.Zero: "off"}

func capCell(s caps.Status) cell {
	word := s.State
	if s.State == caps.Zero {
		word = "paused"
	}
	return cell{Word: word, Tone: capTones[s.State]}
}
