package console

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/outbound"
)

// storyPage is the story of one conversion or signal: steps with exact times, what is
// known on the side, and what can be decided.
type storyPage struct {
	Head      head
	Verdict   *verdictLine
	Figures   []figure
	Decisions []decision
	Steps     []step
	Side      []sideBox
}

type verdictLine struct{ Text, Tone string }

type sideBox struct {
	Title string
	Pairs []pair
}

// decision is a button that first says what it will do.
type decision struct {
	Label       string
	Kind        string
	Action      string
	Hidden      []hidden
	Consequence string
	Reason      string // the reason field's placeholder; "" asks for none
	Confirm     string
}

// conversion tells a conversion's story: click → signal → judgment → ledger → outbound.
func (c *call) conversion() error {
	cv, err := c.findConversion(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	title := "Conversion " + cv.ID
	if cv.Order != "" {
		title = "Order " + cv.Order
	}
	p := storyPage{Head: head{Crumb: &link{Label: "Conversions", URL: c.at("conversions")}, Title: title, State: &state{Word: string(cv.Status), Tone: toneOf(string(cv.Status))}}}
	p.Figures = []figure{
		{Label: "Revenue", Value: amount(cv.Revenue, cv.Currency), Unit: cv.Currency, Help: formulas["revenue"]},
		{Label: "Commission", Value: amount(cv.Commission, cv.Currency), Unit: cv.Currency, Help: formulas["commission"]},
		{Label: "Profit", Value: amount(cv.Revenue-cv.Commission, cv.Currency), Unit: cv.Currency, Help: formulas["profit"]},
	}
	if cv.HasSale {
		p.Figures = append([]figure{{Label: "Sale amount", Value: amount(cv.SaleAmount, cv.Currency), Unit: cv.Currency, Help: "What the customer paid."}}, p.Figures...)
	}
	if cv.Warning != "" {
		p.Verdict = &verdictLine{cv.Warning, "warn"}
	}
	if cv.Hold != "" && (cv.Status == conversion.Pending || cv.Status == conversion.Approved) {
		p.Verdict = &verdictLine{heldWords(cv) + " " + cv.Warning, "warn"}
	}
	p.Decisions = c.decisions(cv)
	if c.write() && cv.Status != conversion.Rejected && cv.Status != conversion.Reversed {
		p.Head.Actions = []action{{Label: "Refund", URL: c.plain("conversions/" + cv.ID + "/refund")}, {Label: "Change amounts", URL: c.plain("conversions/" + cv.ID + "/amounts")}}
	}
	p.Steps, err = c.conversionSteps(cv)
	if err != nil {
		return err
	}
	p.Side = c.conversionSide(cv)
	billed, err := c.billedOn(cv.ID)
	if err != nil {
		return err
	}
	p.Side = append(p.Side, billed...)
	return show(c, "story", title, p)
}

// decisions are the transitions a person may make, with what each does to the money.
func (c *call) decisions(cv *conversion.Conversion) []decision {
	if !c.write() {
		return nil
	}
	verbs := []struct {
		to            conversion.Status
		label, reason string
		kind          string
	}{
		{conversion.Approved, "Approve", "optional", "primary"},
		{conversion.Rejected, "Reject", "why, for the publisher", "danger"},
		{conversion.Reversed, "Reverse", "such as: returned by the customer", "danger"},
	}
	var out []decision
	for _, v := range verbs {
		what, ok := conversion.Transitions[cv.Status][v.to]
		if !ok || !conversion.Decidable(cv.Status, v.to) || v.to == conversion.Approved && cv.Hold == conversion.HoldStaff {
			continue
		}
		if cv.Revenue != 0 || cv.Commission != 0 {
			what += " Revenue " + withCurrency(cv.Revenue, cv.Currency) + ", commission " + withCurrency(cv.Commission, cv.Currency) + "."
		}
		out = append(out, decision{Label: v.label, Kind: v.kind, Action: c.plain("conversions/" + cv.ID + "/decide"), Hidden: []hidden{{"to", string(v.to)}},
			Consequence: what, Reason: v.reason, Confirm: v.label + " this conversion"})
	}
	if cv.Status != conversion.Pending && cv.Status != conversion.Approved {
		return out
	}
	hold := decision{Label: "Hold", Action: c.plain("conversions/" + cv.ID + "/hold"), Hidden: []hidden{{"held", "true"}},
		Consequence: "Its state stays, but nobody approves it and no payout takes it up until it is released.", Reason: "why, for your colleagues", Confirm: "Hold this conversion"}
	if cv.Hold != "" {
		hold.Label, hold.Hidden, hold.Confirm, hold.Reason = "Release", []hidden{{"held", "false"}}, "Release this conversion", "optional"
		hold.Consequence = "It goes on as any other that is " + string(cv.Status) + "."
	}
	return append(out, hold)
}

// conversionSteps gathers the story from every room that has a part of it.
func (c *call) conversionSteps(cv *conversion.Conversion) ([]step, error) {
	ctx := c.r.Context()
	var steps []step
	visit, err := c.visitOf(cv)
	if err != nil {
		return nil, err
	}
	if visit != nil && !byCouponAlone(cv) {
		steps = append(steps, c.clickStep(visit))
	}
	rows, err := c.Books.ListSignals(ctx, inbox.Query{Workspace: c.ws.ID, Conversion: cv.ID, Limit: 50})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		steps = append(steps, c.signalStep(r))
		if r.ID == cv.Signal {
			steps = append(steps, c.judgmentStep(cv, r))
		}
	}
	changes, err := c.Books.Changes(ctx, cv.ID)
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		if ch.From != "" {
			steps = append(steps, c.changeStep(ch))
		}
	}
	adjusted, err := c.Books.Adjustments(ctx, c.ws.ID, cv.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range adjusted {
		steps = append(steps, c.adjustmentStep(a))
	}
	txs, err := c.Books.Transactions(ctx, ledger.Query{Workspace: c.ws.ID, Cause: cv.ID, Limit: 50})
	if err != nil {
		return nil, err
	}
	parties := c.partyNames(txs)
	for _, t := range txs {
		steps = append(steps, c.ledgerStep(t, parties))
	}
	ds, err := c.Outbound.List(ctx, outbound.Query{Workspace: c.ws.ID, Conversion: cv.ID, Limit: 50})
	if err != nil {
		return nil, err
	}
	for _, d := range ds {
		steps = append(steps, c.deliveryStep(d))
	}
	return c.inOrder(steps), nil
}

// inOrder sorts steps by time and writes the gaps between them. Steps of the same
// moment keep the order in which they follow from each other.
func (c *call) inOrder(steps []step) []step {
	sort.SliceStable(steps, func(i, j int) bool { return steps[i].at < steps[j].at })
	for i := range steps {
		if steps[i].at == 0 {
			continue
		}
		steps[i].Time, steps[i].UTC = exact(steps[i].at, c.loc), utc(steps[i].at)
		if i > 0 && steps[i-1].at != 0 {
			steps[i].Gap = gap(steps[i].at - steps[i-1].at)
		}
	}
	return steps
}

// visitOf is the click as it was matched; the conversion keeps its own copy, so the
// story outlives the click index.
func (c *call) visitOf(cv *conversion.Conversion) (*event.Visit, error) {
	if len(cv.Dims) > 0 {
		v, err := event.DecodeVisit(cv.Dims)
		if err == nil {
			return v, nil
		}
	}
	return c.Clicks.Find(c.r.Context(), cv.Click)
}

func (c *call) clickStep(v *event.Visit) step {
	s := step{Tone: "good", Title: "Click", at: v.At, Sentence: "A visitor opened the link and was sent to the offer."}
	if v.Reason != "" {
		s.Tone, s.Sentence = "warn", "A visitor opened the link and was not sent where it points: "+words(v.Reason)+"."
	}
	s.Pairs = c.visitPairs(v)
	s.Folds = []fold{{"Destination", v.Destination}}
	if v.UserAgent != "" {
		s.Folds = append(s.Folds, fold{"Browser as sent", v.UserAgent})
	}
	return s
}

// visitPairs are a visit's dimensions that say something.
func (c *call) visitPairs(v *event.Visit) []pair {
	ps := []pair{{Label: "Click id", Value: v.ID.String(), Tone: "mono"}}
	add := func(label, value string) {
		if value != "" {
			ps = append(ps, pair{Label: label, Value: value})
		}
	}
	if v.Wanted != "" {
		ps = append(ps, pair{Label: "Link points to", Value: c.nameOf(catalog.KindOffer, v.Wanted), Href: c.at("offers/" + v.Wanted)})
	}
	if v.Link != "" {
		ps = append(ps, pair{Label: "Link", Value: c.nameOf(catalog.KindLink, v.Link), Href: c.at("links/" + v.Link)})
	}
	add("Country", v.Country)
	add("Region", join(v.City, v.Region, ", "))
	add("Provider", join(v.ISP, v.Connection, ", "))
	add("Device", join(join(v.Device, join(v.Brand, v.Model, " "), ", "), join(v.OS, v.OSVersion, " "), ", "))
	add("Keyword", v.Keyword)
	add("Browser", join(v.Browser, v.BrowserVersion, " "))
	add("Language", v.Language)
	add("Referrer", v.Referer)
	add("Source", v.Source)
	add("External id", v.ExternalID)
	for i, s := range v.Subs {
		add("Sub "+strconv.Itoa(i+1), s)
	}
	add("Bot", words(v.Bot))
	add("Suspicion", words(v.Suspect))
	if v.Unique {
		add("First visit", "yes, by cookie")
	}
	add("Address", v.Addr)
	return ps
}

func join(a, b, sep string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + sep + b
}

// judgmentStep says what was decided about the signal that made the conversion, and
// by which rules.
func (c *call) judgmentStep(cv *conversion.Conversion, r *inbox.Row) step {
	s := step{Tone: "good", Title: "Judged and recorded", at: cv.Recorded, Sentence: "The click was matched by " + orElse(conversion.MethodWords[cv.Method], words(cv.Method)) + ", " + strings.TrimPrefix(gap(cv.At-cv.ClickAt), "+") + " after it happened."}
	if cv.Method == conversion.MatchPublisher {
		s.Sentence = "No click came with it: the advertiser named the publisher."
	}
	if cv.Method == conversion.MatchCoupon {
		s.Sentence = "It was matched by its coupon. " + cv.CouponNote
	} else if cv.CouponNote != "" {
		s.Sentence += " " + cv.CouponNote
	}
	now := ""
	if cv.Adjusted {
		now = " now" // what it was then is in the accrual
	}
	s.Pairs = []pair{
		{Label: "Payout rule", Value: cv.PayoutRule}, {Label: "Commission rule", Value: cv.CommRule},
		{Label: "Revenue" + now, Value: withCurrency(cv.Revenue, cv.Currency)}, {Label: "Commission" + now, Value: withCurrency(cv.Commission, cv.Currency)},
	}
	if cv.Sent != "" {
		s.Pairs = append(s.Pairs, pair{Label: "Payout as sent", Value: join(cv.Sent, cv.SentCurrency, " ")})
	}
	add := func(label, value string) {
		if value != "" {
			s.Pairs = append(s.Pairs, pair{Label: label, Value: value})
		}
	}
	add("Sale as sent", join(cv.SentSale, cv.SentCurrency, " "))
	if cv.Rate.Rate != "" {
		add("Exchange rate", "1 "+cv.SentCurrency+" = "+cv.Rate.Rate+" "+cv.Currency+" ("+cv.Rate.Source+", "+cv.Rate.Date+")")
	}
	if revenue, commission, ok := cv.Reported(); ok && cv.ReportCurrency != cv.Currency {
		add("In "+cv.ReportCurrency, withCurrency(revenue, cv.ReportCurrency)+" revenue, "+withCurrency(commission, cv.ReportCurrency)+" commission")
		add("Reporting rate", "1 "+cv.Currency+" = "+cv.Report.Rate+" "+cv.ReportCurrency+" ("+cv.Report.Source+", "+cv.Report.Date+")")
	}
	add("Country as sent", cv.Geo)
	if cv.Rule != "" {
		s.Pairs = append(s.Pairs, pair{Label: "By the rule", Value: cv.Rule + ", version " + strconv.FormatInt(cv.RuleVersion, 10), Href: c.at(rulesPath, "q", cv.Rule)})
	}
	add("Commission id", cv.CommissionID)
	for i, l := range cv.Lines() {
		add("Line "+itoa(i+1), join(join(l.Product, l.Category, ", "), count(l.Quantity)+" × · sale "+withCurrency(l.Sale, cv.Currency)+" · commission "+withCurrency(l.Commission, cv.Currency)+" · "+l.Words, ": "))
	}
	add("Beyond a cap", cv.OverCap)
	if cv.Hold == conversion.HoldCap {
		add("Held", words(cv.Hold))
	}
	params := cv.Custom()
	for _, name := range sortedKeys(params) {
		add(name, params[name])
	}
	s.Pairs = append(s.Pairs, pair{Label: "Catalog revision", Value: strconv.FormatInt(cv.Revision, 10)})
	if cv.Warning != "" {
		s.Tone, s.Fix = "warn", cv.Warning
	}
	return s
}

func (c *call) changeStep(ch *conversion.Change) step {
	s := step{Tone: toneOf(string(ch.To)), Title: label(string(ch.To)), at: ch.At, Sentence: "From " + string(ch.From) + " to " + string(ch.To) + ", by " + c.actor(ch.Actor) + "."}
	if ch.From == ch.To {
		return c.stayedStep(s, ch)
	}
	if ch.Reason != "" {
		s.Pairs = []pair{{Label: "Reason", Value: ch.Reason}}
	}
	return s
}

// stayedStep is a line of the history that changed no state: a hold, its end, a repricing, a
// retroactive tier.
func (c *call) stayedStep(s step, ch *conversion.Change) step {
	reason, held := strings.CutPrefix(ch.Reason, "held: ")
	released := false
	if !held {
		reason, released = strings.CutPrefix(ch.Reason, "released: ")
	}
	lifted := false
	if !held && !released {
		reason, lifted = strings.CutPrefix(reason, conversion.LiftedReason)
	}
	switch {
	case lifted:
		s.Title, s.Sentence = "Lifted", "A later order reached a retroactive tier of its commission rule, so that it pays more: by "+c.actor(ch.Actor)+"."
	case held:
		s.Tone, s.Title, s.Sentence = "warn", "Held", "It stays "+string(ch.To)+" and is neither approved nor paid until it is released, by "+c.actor(ch.Actor)+"."
	case released:
		s.Title, s.Sentence = "Released", "By "+c.actor(ch.Actor)+"."
	default:
		s.Title, s.Sentence = "Repriced", "Its amounts were computed anew by the offer's terms of this moment, at the exchange rate of its own day, by "+c.actor(ch.Actor)+"."
	}
	if reason != "" {
		s.Pairs = []pair{{Label: "Reason", Value: reason}}
	}
	return s
}

// actor names who did something, as far as the viewer may know.
func (c *call) actor(id string) string {
	if c.user != nil && id == c.user.ID {
		return "you"
	}
	switch {
	case isClickID(id):
		return "signal " + short(id)
	case strings.HasPrefix(id, "usr_"):
		if c.who.Owner {
			if us, err := c.Accounts.ListUsers(c.r.Context(), c.who); err == nil {
				for _, u := range us {
					if u.ID == id {
						return orElse(u.Name, u.Email)
					}
				}
			}
		}
		return "user " + id
	case id == books.Timer:
		return "the timer, since nobody decided before"
	case strings.HasPrefix(id, "key_"):
		return "API key " + id
	}
	return id
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func (c *call) ledgerStep(t *ledger.Transaction, parties map[string]string) step {
	tb := &table{Label: "Entries", Columns: []column{{Label: "Account", Class: "fill"}, {Label: "Debit", Class: "num"}, {Label: "Credit", Class: "num"}}}
	for _, e := range t.Entries {
		tb.Rows = append(tb.Rows, entryRow(e, parties))
	}
	return step{Tone: "good", Title: "Ledger: " + words(t.Kind), at: t.Recorded, Sentence: ledgerSentence(t.Kind), Table: tb, Pairs: []pair{{Label: "Transaction", Value: t.ID, Href: c.at("ledger", "cause", t.Cause)}}}
}

func ledgerSentence(kind string) string {
	switch kind {
	case "accrual":
		return "The advertiser owes the payout; the publisher's commission is pending."
	case "approval":
		return "The commission moves from the publisher's pending to the available balance."
	case "rejection":
		return "The accrual was undone."
	case "reversal":
		return "Approval and accrual were undone."
	case "bonus":
		return "A bonus or correction without a conversion."
	case "adjustment":
		return "The difference to what was booked before."
	}
	return ""
}

// entryRow is one side of a transaction: debits left, credits right.
func entryRow(e ledger.Entry, parties map[string]string) row {
	name := ledger.AccountKinds[e.Account.Kind].Name
	if e.Account.Party != "" {
		name += " · " + nameOr(parties, e.Account.Party)
	}
	debit, credit := cell{Class: "num"}, cell{Class: "num"}
	if e.Amount > 0 {
		debit.Text = withCurrency(e.Amount, e.Account.Currency)
	} else {
		credit.Text = withCurrency(-e.Amount, e.Account.Currency)
	}
	class := "fill brk"
	if e.Amount < 0 {
		class += " indent" // as books are kept: credits stand further in
	}
	return row{Cells: []cell{{Text: name, Class: class, Title: name}, debit, credit}}
}

func (c *call) deliveryStep(d *outbound.Delivery) step {
	s := step{Title: "Postback to the publisher", at: d.Created, Folds: []fold{{"Request", d.Method + " " + d.URL}}}
	switch d.State {
	case outbound.StateSent:
		s.Tone, s.Sentence = "good", "It was told by postback and answered HTTP "+strconv.FormatInt(d.Status, 10)+"."
		s.at = max(d.DoneAt, d.Created)
	case outbound.StateDead, outbound.StateResent:
		s.Tone, s.Sentence = "bad", "It could not be told: "+orElse(d.Error, "HTTP "+strconv.FormatInt(d.Status, 10))+". It is not tried again by itself."
	case outbound.StateHeld:
		s.Tone, s.Sentence = "wait", "It is held: its postback is paused because its calls failed."
	default:
		s.Tone, s.Sentence = "wait", "It is waiting to be told; next try "+clock(d.NextAt, c.loc, c.Now())+"."
		if d.Error != "" {
			s.Fix = "Last error: " + d.Error
		}
	}
	s.Pairs = []pair{{Label: "Publisher", Value: c.nameOf(catalog.KindPublisher, d.Publisher), Href: c.at("publishers/" + d.Publisher)}, {Label: "Tries", Value: strconv.FormatInt(d.Tries, 10)}, {Label: "Delivery", Value: d.ID, Href: c.at("outbound/" + d.ID)}}
	if d.Answer != "" {
		s.Folds = append(s.Folds, fold{"Answer", d.Answer})
	}
	return s
}

// byCouponAlone reports whether there was no click: the signal stands for it.
func byCouponAlone(cv *conversion.Conversion) bool { return cv.Click.String() == cv.Signal }

func (c *call) conversionSide(cv *conversion.Conversion) []sideBox {
	who := []pair{{Label: "Offer", Value: c.nameOf(catalog.KindOffer, cv.Offer), Href: c.at("offers/" + cv.Offer)}}
	if cv.Advertiser != "" {
		who = append(who, pair{Label: "Advertiser", Value: c.nameOf(catalog.KindAdvertiser, cv.Advertiser), Href: c.at("advertisers/" + cv.Advertiser)})
	}
	if cv.Publisher != "" {
		who = append(who, pair{Label: "Publisher", Value: c.nameOf(catalog.KindPublisher, cv.Publisher), Href: c.at("publishers/" + cv.Publisher)})
	}
	if cv.Link != "" {
		who = append(who, pair{Label: "Link", Value: c.nameOf(catalog.KindLink, cv.Link), Href: c.at("links/" + cv.Link)})
	}
	what := []pair{{Label: "Goal", Value: orDash(cv.GoalKey)}, {Label: "Order", Value: orDash(cv.Order)}, {Label: "Came by", Value: words(cv.Source)}, {Label: "Matched by", Value: words(cv.Method)}}
	if cv.Coupon != "" {
		what = append(what, pair{Label: "Coupon", Value: cv.Coupon})
	}
	if cv.Country != "" {
		what = append(what, pair{Label: "Country", Value: cv.Country})
	}
	if cv.Test {
		what = append(what, pair{Label: "Test", Value: "yes"})
	}
	when := []pair{{Label: "Event", Value: exact(cv.At, c.loc), Title: utc(cv.At)}, {Label: "Recorded", Value: exact(cv.Recorded, c.loc), Title: utc(cv.Recorded)}}
	if c.View != nil {
		if at := conversion.Validated(c.View(), cv); at != 0 {
			when = append(when, pair{Label: "Auto-approves", Value: exact(at, c.loc), Title: utc(at)})
		}
	}
	ids := []pair{{Label: "Conversion", Value: cv.ID}, {Label: "Signal", Value: short(cv.Signal), Title: cv.Signal, Href: c.at("signals/" + cv.Signal)}}
	if !byCouponAlone(cv) {
		when = append([]pair{{Label: "Click", Value: exact(cv.ClickAt, c.loc), Title: utc(cv.ClickAt)}}, when...)
		ids = slices.Insert(ids, 1, pair{Label: "Click", Value: short(cv.Click.String()), Title: cv.Click.String(), Href: c.at("signals", "click", cv.Click.String())})
	}
	return []sideBox{{"Who", who}, {"What", what}, {"When", when}, {"Ids", ids}}
}
