package catalog

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/money"
)

// TermsVersion is one version of what an offer promises its publishers: the text they
// accept, the commission, and the cookie life and window they are told. Versions are
// numbered from 1 and never change: the newest one whose From has come is in force, for
// all publishers, and one that has not come yet can be withdrawn by archiving it.
type TermsVersion struct {
	Meta
	Offer  string
	Number int64 // 1, 2, …; withdrawn versions keep theirs
	From   int64 // µs, from when on it is in force; never before it was made
	Text   string
	// CommissionKind "" leaves the commission to the goal, then to the offer.
	CommissionKind    string
	Commission        int64
	CommissionPercent string
	Goals             []GoalCommission // commissions of single goals; they win over the version's
	CookieDays        int64            // as publishers are told
	WindowDays        int64            // as publishers are told, 0 = unlimited
}

// GoalCommission is what conversions of one goal pay the publisher.
type GoalCommission struct {
	Goal    string `json:"goal"` // key
	Kind    string `json:"kind"` // one of the Commission constants
	Minor   int64  `json:"minor"`
	Percent string `json:"percent"`
}

// TermsDoc is what can be set on a [TermsVersion], once.
type TermsDoc struct {
	Workspace         string              `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer             string              `json:"offer" required:"true" maxLength:"64" doc:"The offer whose terms they are."`
	From              string              `json:"from" required:"false" maxLength:"40" example:"2027-01-01T00:00:00Z" doc:"From when on they are in force for everybody, RFC 3339, or a day, which begins in the workspace's time zone; not in the past, and after every version there is. Empty: at once."`
	Text              string              `json:"text" required:"true" maxLength:"50000" doc:"What publishers read and accept."`
	CommissionKind    string              `json:"commission_kind" required:"false" enum:",none,fixed,percent_sale,percent_payout" doc:"What conversions pay the publisher. Empty: as the goal, then the offer says. An enrollment's own commission wins."`
	Commission        string              `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency. The commission when fixed."`
	CommissionPercent string              `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`
	Goals             []GoalCommissionDoc `json:"goals" required:"false" nullable:"false" maxItems:"100" doc:"Other commissions for single goals."`
	CookieDays        int64               `json:"cookie_days" required:"false" minimum:"0" maximum:"400" doc:"The cookie's life in days, as publishers are told. 0: what the offer has when this is made."`
	WindowDays        int64               `json:"window_days" required:"false" minimum:"-1" maximum:"3650" doc:"The conversion window in days, as publishers are told; 0: unlimited. -1: what the offer has when this is made. Default -1."`
}

// GoalCommissionDoc is the commission of one goal.
type GoalCommissionDoc struct {
	Goal              string `json:"goal" required:"true" maxLength:"64" example:"signup" doc:"Key of one of the offer's goals."`
	CommissionKind    string `json:"commission_kind" required:"true" enum:"none,fixed,percent_sale,percent_payout" doc:"What its conversions pay the publisher."`
	Commission        string `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency. The commission when fixed."`
	CommissionPercent string `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`
}

// Kind makes it an [Entity].
func (*TermsVersion) Kind() Kind { return KindTerms }

// Kind makes it a [Doc].
func (*TermsDoc) Kind() Kind { return KindTerms }

// TermsAt is the version in force at an instant (µs): the newest one whose From has come;
// nil before the first. Since a version never begins before it is made, what it gives for
// an instant that has passed stays the same whatever is added later.
func TermsAt(versions []*TermsVersion, at int64) *TermsVersion {
	var best *TermsVersion
	for _, t := range versions {
		if !t.Archived && t.From <= at && (best == nil || t.From > best.From) {
			best = t
		}
	}
	return best
}

// NextTerms is the version that comes next after an instant, nil when none is announced.
func NextTerms(versions []*TermsVersion, at int64) *TermsVersion {
	var next *TermsVersion
	for _, t := range versions {
		if !t.Archived && t.From > at && (next == nil || t.From < next.From) {
			next = t
		}
	}
	return next
}

// Commission is what a conversion pays the publisher, with who says so.
type Commission struct {
	Kind    string // "" and CommissionNone: nothing
	Minor   int64  // minor units of the offer's currency, when fixed
	Percent string
	From    string // in words: "offer", "goal sale", "terms 2", …
}

// CommissionOf finds whose commission counts, the most specific first: the enrollment's
// own, the goal's row in the terms in force, these terms, the goal's, the offer's. t and e
// may be nil.
func CommissionOf(o *Offer, g *Goal, t *TermsVersion, e *Enrollment) Commission {
	if e != nil && e.CommissionKind != "" {
		return Commission{e.CommissionKind, e.Commission, e.CommissionPercent, "enrollment " + e.ID}
	}
	if t != nil {
		from := "terms " + strconv.FormatInt(t.Number, 10)
		for _, row := range t.Goals {
			if row.Goal == g.Key {
				return Commission{row.Kind, row.Minor, row.Percent, from + ", goal " + g.Key}
			}
		}
		if t.CommissionKind != "" {
			return Commission{t.CommissionKind, t.Commission, t.CommissionPercent, from}
		}
	}
	if g.CommissionKind != "" {
		return Commission{g.CommissionKind, g.Commission, g.CommissionPercent, "goal " + g.Key}
	}
	return Commission{o.CommissionKind, o.Commission, o.CommissionPercent, "offer"}
}

// justNow is how far in the past "from" may lie and still mean at once: a caller's clock
// and ours, and the time a form is open.
const justNow = time.Minute

func (c *checker) buildTerms(d *TermsDoc, m Meta) Entity {
	if old, ok := c.old.(*TermsVersion); ok {
		return c.sameTerms(old, d, m)
	}
	e := &TermsVersion{Meta: m, Offer: d.Offer, Text: strings.TrimSpace(d.Text), CommissionKind: d.CommissionKind, CommissionPercent: d.CommissionPercent, CookieDays: d.CookieDays, WindowDays: d.WindowDays}
	o, found := c.ref("offer", KindOffer, d.Offer, "").(*Offer)
	if !found {
		return e // in whose currency its amounts are is not known
	}
	c.currency = money.Currency(o.Currency)
	if e.CookieDays == 0 {
		adv, _ := c.get(KindAdvertiser, c.workspace, o.Advertiser).(*Advertiser) // nil: it has none
		e.CookieDays = CookieLife(o, adv)
	}
	if e.WindowDays == -1 {
		e.WindowDays = o.WindowDays
	}
	e.Commission = c.commission(d.CommissionKind, d.Commission, d.CommissionPercent)
	e.Goals = c.goalCommissions(d)
	now := c.now().UnixMicro()
	e.From = c.fromInstant(d.From, now)
	last := int64(0)
	for _, v := range c.termsOf(o.ID) {
		e.Number = max(e.Number, v.Number)
		if !v.Archived {
			last = max(last, v.From)
		}
	}
	e.Number++
	if e.From <= last && !c.wrong("from") {
		msg := "A version begins at " + time.UnixMicro(last).UTC().Format(time.RFC3339) + "; this one must begin after it"
		if last > now {
			msg += ", or that one be withdrawn first"
		}
		c.bad.Add("from", "terms_order", d.From, msg+".")
	}
	return e
}

// fromInstant reads when a version begins; µs. What has passed stays as it was.
func (c *checker) fromInstant(s string, now int64) int64 {
	if s == "" || c.wrong("from") {
		return now
	}
	t, err := time.Parse(time.RFC3339, s)
	if _, derr := time.Parse(time.DateOnly, s); err != nil && derr == nil {
		t, err = c.dayBegins(s)
	}
	if err != nil {
		c.bad.Add("from", "invalid_time", s, "Must be a day such as 2027-01-01, or an instant such as 2027-01-01T00:00:00Z.")
		return now
	}
	at := t.UnixMicro()
	if at < now-justNow.Microseconds() {
		c.bad.Add("from", "terms_past", s, "Terms cannot begin in the past: what was earned stays as it was.")
	}
	return max(at, now)
}

// dayBegins is the first instant of a day in the workspace's time zone.
func (c *checker) dayBegins(day string) (time.Time, error) {
	home := c.home()
	if home == nil {
		return time.Parse(time.DateOnly, day)
	}
	loc, err := time.LoadLocation(home.TimeZone)
	if err != nil {
		return time.Time{}, err
	}
	return time.ParseInLocation(time.DateOnly, day, loc)
}

// termsOf are all versions of an offer, withdrawn ones included, newest first.
func (c *checker) termsOf(offer string) []*TermsVersion {
	es, err := c.store.List(c.ctx, Query{Kind: KindTerms, Workspace: c.workspace, Filter: map[string]string{"offer": offer}, Archived: "all", Limit: MaxLimit})
	if err != nil {
		c.fail(fmt.Errorf("look up terms of %s: %w", offer, err))
	}
	return entitiesOf[*TermsVersion](es)
}

func entitiesOf[T Entity](es []Entity) []T {
	out := make([]T, len(es))
	for i, e := range es {
		out[i] = e.(T)
	}
	return out
}

func (c *checker) goalCommissions(d *TermsDoc) []GoalCommission {
	var out []GoalCommission
	seen := map[string]bool{}
	for i, row := range d.Goals {
		at := rowField("goals", i, "goal")
		switch {
		case c.wrong(at):
		case seen[row.Goal]:
			c.bad.Add(at, ruleDuplicateRow, row.Goal, "This goal is in the table already.")
		case !c.hasGoal(d.Offer, row.Goal):
			c.bad.Add(at, ruleReference, row.Goal, "The offer has no goal with this key.")
		}
		seen[row.Goal] = true
		minor := c.commissionIn(rowField("goals", i, ""), row.CommissionKind, row.Commission, row.CommissionPercent)
		out = append(out, GoalCommission{row.Goal, row.CommissionKind, minor, row.CommissionPercent})
	}
	return out
}

// sameTerms refuses every change: people accepted the version as it is, and conversions
// were priced by it.
func (c *checker) sameTerms(old *TermsVersion, d *TermsDoc, m Meta) Entity {
	if o, ok := c.get(KindOffer, c.workspace, old.Offer).(*Offer); ok {
		c.currency = money.Currency(o.Currency)
	}
	was := fields(DocOf(old, c.currencyCode()))
	for i, f := range fields(d) {
		if f.name != "workspace" && !reflect.DeepEqual(f.value.Interface(), was[i].value.Interface()) && !c.wrong(f.name) {
			c.bad.Add(f.name, ruleImmutable, "", "A version of terms is never changed, since people accepted it as it is. Make another version.")
		}
	}
	e := *old
	e.Meta = m
	return &e
}

// mayArchive says whether the version can be withdrawn: only before it comes into force,
// and for ever, since bringing it back could change what was earned meanwhile.
func (t *TermsVersion) mayArchive(archived bool, now int64) error {
	bad := &Invalid{}
	switch {
	case archived && t.From <= now:
		bad.Add("archived", "terms_in_force", t.ID, "These terms have been in force, so they stay. Make another version instead.")
	case !archived:
		bad.Add("archived", "terms_withdrawn", t.ID, "Withdrawn terms do not come back. Make another version instead.")
	}
	return bad.Err()
}

func termsDoc(e *TermsVersion, currency string) *TermsDoc {
	d := &TermsDoc{
		Workspace: e.Workspace, Offer: e.Offer, From: time.UnixMicro(e.From).UTC().Format(time.RFC3339Nano), Text: e.Text,
		CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, currency), CommissionPercent: e.CommissionPercent,
		Goals: make([]GoalCommissionDoc, len(e.Goals)), CookieDays: e.CookieDays, WindowDays: e.WindowDays,
	}
	for i, g := range e.Goals {
		d.Goals[i] = GoalCommissionDoc{g.Goal, g.Kind, commissionText(g.Kind, g.Minor, currency), g.Percent}
	}
	return d
}
