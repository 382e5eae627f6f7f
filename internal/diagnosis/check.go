package diagnosis

import (
	"slices"
	"strings"
)

// CheckInfo documents one check.
type CheckInfo struct {
	Code     string   // stable: a contract of the API
	Title    string   // what it says when it finds something, in few words
	Severity Severity // the worst it can be
	Means    string   // what it looks for, in a sentence
}

// check is one row of the table: run gives a finding, or nil. Code and title are filled
// in from the row.
type check struct {
	CheckInfo
	run func(l *look) *Finding
}

// checks is the table; findings of the same severity come in its order.
var checks = []check{
	{CheckInfo{"payout_missing", "Postbacks bring no payout", Bad, "The payout is taken from the postback (Auto), and postbacks bring no value: revenue is 0.00."}, payoutMissing},
	{CheckInfo{"macro_literal", "A macro came unreplaced", Bad, "A parameter holds a macro, such as {payout}, that the sending system should have replaced by a value."}, macroLiteral},
	{CheckInfo{"value_refused", "A value was refused", Bad, "Signals were refused because a parameter's value cannot be taken."}, valueRefused},
	{CheckInfo{"rate_missing", "An exchange rate is missing", Bad, "Amounts could not be converted, because no exchange rate of the day is known."}, rateMissing},
	{CheckInfo{"unknown_clicks", "Click ids are not ours", Bad, "Postbacks of the advertiser name clicks that are not known here, or none at all."}, unknownClicks},
	{CheckInfo{"click_id_missing", "The click id is not passed on", Bad, "The offer URL carries no click id, so that no postback can name the click."}, clickIDMissing},
	{CheckInfo{"landing_error", "The landing page answers an error", Bad, "The last visit to the offer's landing page failed."}, landingError},
	{CheckInfo{"no_postbacks", "No postbacks come in", Bad, "Visitors are sent to the offer, and no postback or pixel comes back."}, noPostbacks},
	{CheckInfo{"cap_reached", "A cap is reached", Warn, "The offer takes no more visitors for now, or conversions were beyond its cap."}, capReached},
	{CheckInfo{"paused_with_clicks", "Visitors still come", Warn, "The offer takes no visitors, and its links still bring some."}, pausedWithClicks},
	{CheckInfo{"currency_mismatch", "Another currency comes in", Warn, "Signals bring a currency other than the offer's."}, currencyMismatch},
	{CheckInfo{"append_without_redirect", "The click id cannot be appended", Warn, "The click id is to be appended to the offer URL, and direct tracking has no redirect to append it in."}, appendWithoutRedirect},
	{CheckInfo{"zero_revenue", "Approved conversions are worth 0.00", Warn, "Approved conversions have no revenue, and nothing warned of it."}, zeroRevenue},
	{CheckInfo{"held", "Conversions wait for a decision", Info, "Conversions are held back until somebody decides."}, held},
}

// Checks documents every check, in order.
func Checks() []CheckInfo {
	out := make([]CheckInfo, len(checks))
	for i, c := range checks {
		out[i] = c.CheckInfo
	}
	return out
}

// report runs every check.
func (l *look) report() *Report {
	r := &Report{Offer: l.offer.ID, At: l.now.UnixMicro(), Signals: len(l.signals) + len(l.lost), Conversions: len(l.conversions), Landing: l.landing}
	for _, c := range checks {
		f := c.run(l)
		if f == nil {
			r.Passed = append(r.Passed, c.CheckInfo)
			continue
		}
		f.Code, f.Title = c.Code, c.Title
		r.Findings = append(r.Findings, *f)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return a.Severity.rank() - b.Severity.rank() })
	if l.traffic == nil {
		r.Unknown = "The numbers of visits and clicks could not be read, so whether postbacks stopped coming in was not looked at."
	}
	return r
}

// mark is the report in a list.
func (r *Report) mark() Mark {
	m := Mark{Severity: r.Worst(), Findings: len(r.Findings), At: r.At}
	if len(r.Findings) > 0 {
		m.Code, m.Title = r.Findings[0].Code, r.Findings[0].Title
	}
	return m
}

// list writes names for a sentence: a, b and c.
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
