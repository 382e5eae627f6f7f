package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/govalues/decimal"

	"clickledger/internal/account"
	"clickledger/internal/commission"
	"clickledger/internal/money"
)

// CommissionRule is a rule of [commission]: what the orders that fulfil its conditions pay
// the publisher. What was priced keeps its price when the rule changes.
type CommissionRule struct {
	Meta
	Name     string
	Offer    string // "" = every offer of the workspace
	Status   string // StatusActive, StatusPaused
	Priority int64
	Currency string // of its amounts: the offer's, else its own
	If       commission.Conditions
	Pay      commission.Pay
	Over100  bool // a percentage above 100 was confirmed
	Notes    string
}

// CommissionRuleDoc is what can be set on a [CommissionRule].
type CommissionRuleDoc struct {
	Workspace         string              `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name              string              `json:"name" required:"true" maxLength:"200" example:"Books, repeat customers" doc:"What people call it; each conversion it prices names it."`
	Offer             string              `json:"offer" required:"false" maxLength:"64" doc:"The offer it is about; cannot be changed later. Empty: every offer of the workspace."`
	Status            string              `json:"status" required:"false" enum:"active,paused" doc:"A paused one applies to nothing. Default active."`
	Priority          int64               `json:"priority" required:"false" minimum:"-1000" maximum:"1000" doc:"Among rules that are as specific as each other the higher one wins. Default 0."`
	Publishers        []string            `json:"publishers" required:"false" nullable:"false" maxItems:"200" doc:"Only orders of these publishers. Empty: of all."`
	Groups            []string            `json:"groups" required:"false" nullable:"false" maxItems:"100" doc:"Only orders of publishers in these groups."`
	Products          []string            `json:"products" required:"false" nullable:"false" maxItems:"500" doc:"Only item lines with these product ids, exactly as the advertiser sends them."`
	Categories        []string            `json:"categories" required:"false" nullable:"false" maxItems:"200" doc:"Only item lines of these categories."`
	CommissionIDs     []string            `json:"commission_ids" required:"false" nullable:"false" maxItems:"200" doc:"Only orders sent with one of these values in the parameter commission_id."`
	Goals             []string            `json:"goals" required:"false" nullable:"false" maxItems:"100" doc:"Only conversions of goals with these keys."`
	Customer          string              `json:"customer" required:"false" enum:",new,repeat" doc:"Only a customer's first order (new) or those after it (repeat), by the parameter customer. Empty: both, and orders of nobody known."`
	Countries         []string            `json:"countries" required:"false" nullable:"false" maxItems:"250" doc:"Only orders from these countries, ISO 3166-1 alpha-2."`
	OrderMin          string              `json:"order_min" required:"false" maxLength:"32" doc:"Only orders of at least this value, decimal text."`
	OrderMax          string              `json:"order_max" required:"false" maxLength:"32" doc:"Only orders of at most this value."`
	From              string              `json:"from" required:"false" maxLength:"40" example:"2027-01-01" doc:"Only orders from this instant (RFC 3339) or day (in the workspace's time zone) on, by their event time."`
	Until             string              `json:"until" required:"false" maxLength:"40" example:"2027-01-31" doc:"Only orders before this instant, or until the end of this day."`
	Currency          string              `json:"currency" required:"false" maxLength:"3" doc:"Of its amounts; a rule with amounts applies to offers in this currency only. Default the offer's, of a rule without offer the workspace's."`
	CommissionKind    string              `json:"commission_kind" required:"true" enum:"none,fixed,percent_sale,percent_payout,fixed_percent_sale,fixed_percent_payout" doc:"What it pays: nothing, an amount, a percentage of the sale or of our payout, or an amount and a percentage."`
	Commission        string              `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"The fixed amount, decimal text: once an order, or by a rule about products or categories for each unit."`
	CommissionPercent string              `json:"commission_percent" required:"false" maxLength:"32" example:"8" doc:"The percentage, 0 to 1000 with at most 6 decimals."`
	ConfirmOver100    bool                `json:"confirm_over_100" required:"false" doc:"Needed for a percentage above 100, which pays more than comes in."`
	RecurringMonths   int64               `json:"recurring_months" required:"false" minimum:"0" maximum:"1200" doc:"For how many months after the customer's first order its repeat orders are paid; 0: for ever."`
	TierMeasure       string              `json:"tier_measure" required:"false" enum:",conversions,sales" doc:"What the tiers count, of the publisher with the offer: conversions or their sale amounts, refused ones left out."`
	TierPeriod        string              `json:"tier_period" required:"false" enum:",day,week,month,all" doc:"Over which period, in the workspace's time zone; weeks begin on Monday."`
	Retroactive       bool                `json:"retroactive" required:"false" doc:"Reaching a tier lifts the period's earlier orders that this rule priced as well, by adjustments. Default false: from the order on that reaches it."`
	Tiers             []CommissionTierDoc `json:"tiers" required:"false" nullable:"false" maxItems:"20" doc:"Other amounts from a volume on, ascending. Below the first one commission and commission_percent hold."`
	Notes             string              `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// CommissionTierDoc is one tier.
type CommissionTierDoc struct {
	From              string `json:"from" required:"true" maxLength:"32" example:"100" doc:"The volume from which it holds, the order that reaches it included: a number of conversions, or an amount of sales."`
	Commission        string `json:"commission" required:"false" maxLength:"32" doc:"The fixed amount from then on."`
	CommissionPercent string `json:"commission_percent" required:"false" maxLength:"32" doc:"The percentage from then on."`
}

// Kind makes it an [Entity].
func (*CommissionRule) Kind() Kind { return KindCommissionRule }

// Kind makes it a [Doc].
func (*CommissionRuleDoc) Kind() Kind { return KindCommissionRule }

// Live reports whether the rule applies to anything.
func (e *CommissionRule) Live() bool { return !e.Archived && e.Status == StatusActive }

// Rule is the rule as [commission] knows it.
func (e *CommissionRule) Rule() *commission.Rule {
	return &commission.Rule{ID: e.ID, Version: e.Version, Name: e.Name, Offer: e.Offer, Priority: e.Priority, Currency: e.Currency, If: e.If, Pay: e.Pay}
}

func (c *checker) buildCommissionRule(d *CommissionRuleDoc, m Meta) Entity {
	e := &CommissionRule{Meta: m, Name: strings.TrimSpace(d.Name), Offer: d.Offer, Status: d.Status, Priority: d.Priority, Notes: d.Notes, Over100: d.ConfirmOver100}
	old, updating := c.old.(*CommissionRule)
	was := ""
	if updating {
		was = old.Offer
		c.immutable("offer", old.Offer, d.Offer)
	} else {
		old = &CommissionRule{}
	}
	e.Currency = c.ruleCurrency(d, was)
	c.currency = money.Currency(e.Currency)
	e.If = commission.Conditions{
		Publishers: c.refs("publishers", KindPublisher, d.Publishers, old.If.Publishers),
		Groups:     c.refs("groups", KindGroup, d.Groups, old.If.Groups),
		Products:   c.labels("products", d.Products), Categories: c.labels("categories", d.Categories), CommissionIDs: c.labels("commission_ids", d.CommissionIDs),
		Goals: c.ruleGoals(d), Customer: d.Customer, Countries: c.countries("countries", d.Countries),
		Min: c.bounded("order_min", d.OrderMin), Max: c.bounded("order_max", d.OrderMax),
		From: c.ruleInstant("from", d.From, 0), Until: c.ruleInstant("until", d.Until, 1),
	}
	if len(e.If.Countries) == 0 {
		e.If.Countries = nil
	}
	if e.If.Max > 0 && e.If.Max < e.If.Min && !c.wrong("order_min") {
		c.bad.Add("order_max", ruleOutOfRange, d.OrderMax, "It is below order_min.")
	}
	if e.If.Until > 0 && e.If.Until <= e.If.From && !c.wrong("from") {
		c.bad.Add("until", ruleOutOfRange, d.Until, "It ends before it begins.")
	}
	e.Pay = c.rulePay(d)
	if e.Live() && c.unique && len(c.bad.Fields) == 0 && c.err == nil {
		c.unambiguous(e)
	}
	return e
}

// ruleCurrency is the currency of the rule's amounts.
func (c *checker) ruleCurrency(d *CommissionRuleDoc, was string) string {
	if d.Offer != "" {
		o, ok := c.ref("offer", KindOffer, d.Offer, was).(*Offer)
		if !ok {
			return ""
		}
		if d.Currency != "" && !strings.EqualFold(d.Currency, o.Currency) && !c.wrong("currency") {
			c.bad.Add("currency", ruleNotAllowed, d.Currency, "Amounts are in the offer's currency, "+o.Currency+".")
		}
		return o.Currency
	}
	if d.Currency != "" {
		return string(c.code("currency", d.Currency))
	}
	if home := c.home(); home != nil {
		return home.Currency
	}
	return ""
}

// refs resolves a list of references; was are those it had so far.
func (c *checker) refs(field string, kind Kind, ids, was []string) []string {
	ids = c.labels(field, ids)
	for _, id := range ids {
		same := ""
		if slices.Contains(was, id) {
			same = id
		}
		c.ref(field, kind, id, same)
	}
	return ids
}

// maxLabel bounds one entry of a rule's lists, in bytes.
const maxLabel = 200

// labels are trimmed, without repetition, in order; nil when there are none.
func (c *checker) labels(field string, in []string) []string {
	var out []string
	for _, s := range in {
		s = strings.TrimSpace(s)
		switch {
		case c.wrong(field):
		case s == "":
			c.bad.Add(field, ruleRequired, s, "An entry must not be empty.")
		case len(s) > maxLabel:
			c.bad.Add(field, ruleTooLong, s, fmt.Sprintf("An entry must be at most %d bytes long.", maxLabel))
		case !printable(s):
			c.bad.Add(field, ruleCharacters, strings.ToValidUTF8(s, "\uFFFD"), "Must be one line, without control characters.")
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *checker) ruleGoals(d *CommissionRuleDoc) []string {
	keys := c.labels("goals", d.Goals)
	for _, key := range keys {
		if d.Offer != "" && !c.wrong("offer") && !c.wrong("goals") && !c.hasGoal(d.Offer, key) {
			c.bad.Add("goals", ruleReference, key, "The offer has no goal with this key.")
		}
	}
	return keys
}

// bounded is an amount no larger than an order can bring.
func (c *checker) bounded(field, s string) int64 {
	minor := c.amount(field, s)
	if minor > commission.MaxMinor && !c.wrong(field) {
		c.bad.Add(field, string(money.CodeAmountRange), s, "Is larger than any order may be.")
	}
	return minor
}

// ruleInstant reads an instant, or a day of the workspace; µs. A day stands for its begin,
// or, with later 1, for the begin of the next one.
func (c *checker) ruleInstant(field, s string, later int) int64 {
	s = strings.TrimSpace(s)
	if s == "" || c.wrong(field) {
		return 0
	}
	t, err := time.Parse(time.RFC3339, s)
	if day, derr := time.Parse(time.DateOnly, s); err != nil && derr == nil {
		t, err = c.dayBegins(day.AddDate(0, 0, later).Format(time.DateOnly))
	}
	if err != nil || t.UnixMicro() <= 0 {
		c.bad.Add(field, "invalid_time", s, "Must be a day such as 2027-01-01, or an instant such as 2027-01-01T00:00:00Z.")
		return 0
	}
	return t.UnixMicro()
}

var mostPercent = decimal.MustNew(1000, 0)

// rulePercent checks a percentage, which above 100 needs to be confirmed.
func (c *checker) rulePercent(field, s string, confirmed bool) {
	if s == "" || c.wrong(field) {
		return
	}
	d, err := money.ParseDecimal(s)
	switch {
	case err != nil:
		c.bad.Add(field, "invalid_percent", s, "Must be a plain decimal number such as 8.5.")
	case d.IsNeg() || d.Cmp(mostPercent) > 0 || d.Scale() > maxPercentScale:
		c.bad.Add(field, ruleOutOfRange, s, fmt.Sprintf("Must be between 0 and 1000, with at most %d decimals.", maxPercentScale))
	case d.Cmp(decimal.Hundred) > 0 && !confirmed:
		c.bad.Add(field, "over_100", s, "More than 100 % pays more than comes in. If it is meant, set confirm_over_100.")
	}
}

func (c *checker) rulePay(d *CommissionRuleDoc) commission.Pay {
	p := commission.Pay{Kind: d.CommissionKind, Percent: d.CommissionPercent, Months: d.RecurringMonths}
	p.Fixed = c.ruleAmounts("", p, d.Commission, d.CommissionPercent, d.ConfirmOver100)
	if len(d.Tiers) == 0 {
		if d.Retroactive {
			c.bad.Add("retroactive", ruleNotAllowed, "true", "It has no tiers.")
		}
		return p
	}
	p.Window, p.Retroactive = commission.Window{Measure: d.TierMeasure, Period: d.TierPeriod}, d.Retroactive
	for _, need := range [][3]string{{"tier_measure", d.TierMeasure, "Say what the tiers count."}, {"tier_period", d.TierPeriod, "Say over which period the tiers count."}} {
		if need[1] == "" && !c.wrong(need[0]) {
			c.bad.Add(need[0], ruleRequired, "", need[2])
		}
	}
	if p.Kind == commission.PayNone && !c.wrong("tiers") {
		c.bad.Add("tiers", ruleNotAllowed, "", "A rule that pays nothing has no tiers.")
	}
	last := int64(0)
	for i, row := range d.Tiers {
		t := commission.Tier{Percent: row.CommissionPercent}
		t.Fixed = c.ruleAmounts(rowField("tiers", i, ""), p, row.Commission, row.CommissionPercent, d.ConfirmOver100)
		at := rowField("tiers", i, "from")
		if d.TierMeasure == commission.Sales {
			t.From = c.amount(at, row.From)
		} else {
			n, err := strconv.ParseInt(strings.TrimSpace(row.From), 10, 64)
			if err != nil && !c.wrong(at) {
				c.bad.Add(at, ruleType, row.From, "Must be a whole number of conversions.")
			}
			t.From = n
		}
		if t.From <= last && !c.wrong(at) {
			c.bad.Add(at, ruleOutOfRange, row.From, "Must be above 0, and above the tier before it.")
		}
		last = t.From
		p.Tiers = append(p.Tiers, t)
	}
	return p
}

// ruleAmounts checks what is paid, of the rule or of one of its tiers.
func (c *checker) ruleAmounts(prefix string, p commission.Pay, amount, percent string, confirmed bool) int64 {
	fixed := c.bounded(prefix+"commission", amount)
	c.rulePercent(prefix+"commission_percent", percent, confirmed)
	f := []struct {
		field, value string
		need         bool
	}{{prefix + "commission", amount, p.HasFixed()}, {prefix + "commission_percent", percent, p.HasPercent()}}
	for _, f := range f {
		switch {
		case c.wrong(f.field) || p.Kind == "":
		case f.need && f.value == "":
			c.bad.Add(f.field, ruleRequired, "", "This kind of commission needs it; 0 is a value.")
		case !f.need && f.value != "":
			c.bad.Add(f.field, ruleNotAllowed, f.value, "This kind of commission does not have it: leave it empty.")
		}
	}
	return fixed
}

// unambiguous refuses a rule for which nothing but its age would say whether it or another
// one wins.
func (c *checker) unambiguous(e *CommissionRule) {
	err := c.ambiguity(e)
	var bad *Invalid
	switch {
	case errors.As(err, &bad):
		c.bad.Fields = append(c.bad.Fields, bad.Fields...)
	case err != nil:
		c.fail(err)
	}
}

// ambiguity is [*Invalid] with the code ambiguous_rule when another live rule is as
// specific as this one, with the same priority, and an order could fall under both.
func (c *checker) ambiguity(e *CommissionRule) error {
	rule := e.Rule()
	q := Query{Kind: KindCommissionRule, Workspace: c.workspace, Filter: map[string]string{"status": StatusActive, "offer": e.Offer}, Limit: MaxLimit}
	for {
		es, err := c.store.List(c.ctx, q)
		if err != nil {
			return fmt.Errorf("look up commission rules: %w", err)
		}
		for _, row := range es {
			other := row.(*CommissionRule)
			if commission.Ambiguous(rule, other.Rule()) {
				bad := &Invalid{}
				bad.Add("priority", "ambiguous_rule", strconv.FormatInt(e.Priority, 10),
					fmt.Sprintf("The rule %s (%s) is as specific, has the same priority, and an order could fall under both. Give one of them another priority, or another condition.", other.Name, other.ID))
				return bad
			}
		}
		if len(es) < q.Limit {
			return nil
		}
		q.After = es[len(es)-1].Base().ID
	}
}

// Draft checks a rule as [Service.Create] (id "") or [Service.Update] would, for somebody
// who may read the workspace: it stores nothing.
func (s *Service) Draft(ctx context.Context, p account.Principal, workspace, id string, d *CommissionRuleDoc) (*CommissionRule, error) {
	if !p.May(workspace, false) {
		return nil, ErrNotFound
	}
	var old Entity
	if id != "" {
		var err error
		old, err = s.store.Get(ctx, KindCommissionRule, workspace, id)
		if err != nil {
			return nil, err
		}
	}
	e, err := s.checker(ctx, workspace, old).build(d, true)
	if err != nil {
		return nil, err
	}
	return e.(*CommissionRule), nil
}

// lockRules keeps other writers of commission rules out until what it returns is called:
// two rules saved at once would not see each other.
func (s *Service) lockRules() (unlock func()) {
	s.rules.Lock()
	return s.rules.Unlock
}

// isNew reports whether nothing was made under the idempotency key yet: a repeated request
// is not to be found ambiguous with what it made itself.
func (s *Service) isNew(ctx context.Context, kind Kind, workspace string, idem Idempotency) (bool, error) {
	if idem.Key == "" {
		return true, nil
	}
	idem.Workspace = workspace
	_, err := s.store.Made(ctx, kind, idem)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

func commissionRuleDoc(e *CommissionRule) *CommissionRuleDoc {
	text := func(minor int64) string {
		if minor == 0 {
			return ""
		}
		return money.Amount{Minor: minor, Currency: money.Currency(e.Currency)}.String()
	}
	fixed := func(minor int64) string {
		if !e.Pay.HasFixed() {
			return ""
		}
		return money.Amount{Minor: minor, Currency: money.Currency(e.Currency)}.String()
	}
	instant := func(µs int64) string {
		if µs == 0 {
			return ""
		}
		return time.UnixMicro(µs).UTC().Format(time.RFC3339Nano)
	}
	d := &CommissionRuleDoc{
		Workspace: e.Workspace, Name: e.Name, Offer: e.Offer, Status: e.Status, Priority: e.Priority,
		Publishers: list(e.If.Publishers), Groups: list(e.If.Groups), Products: list(e.If.Products), Categories: list(e.If.Categories),
		CommissionIDs: list(e.If.CommissionIDs), Goals: list(e.If.Goals), Customer: e.If.Customer, Countries: list(e.If.Countries),
		OrderMin: text(e.If.Min), OrderMax: text(e.If.Max), From: instant(e.If.From), Until: instant(e.If.Until), Currency: e.Currency,
		CommissionKind: e.Pay.Kind, Commission: fixed(e.Pay.Fixed), CommissionPercent: e.Pay.Percent, ConfirmOver100: e.Over100,
		RecurringMonths: e.Pay.Months, TierMeasure: e.Pay.Measure, TierPeriod: e.Pay.Period, Retroactive: e.Pay.Retroactive,
		Tiers: make([]CommissionTierDoc, len(e.Pay.Tiers)), Notes: e.Notes,
	}
	for i, t := range e.Pay.Tiers {
		from := strconv.FormatInt(t.From, 10)
		if e.Pay.Measure == commission.Sales {
			from = text(t.From)
		}
		d.Tiers[i] = CommissionTierDoc{from, fixed(t.Fixed), t.Percent}
	}
	return d
}
