package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/macro"
	"clickledger/internal/money"
)

// terms are what prices a goal of the offer now: its own terms, or else the offer's.
func (l *look) terms(goal string) catalog.Terms {
	g := l.view.GoalByID(l.offer.ID, goal)
	if g != nil && g.PayoutKind != "" {
		return g.Terms
	}
	return l.offer.Terms
}

// valued reports whether terms give a conversion that brought no payout a revenue.
func valued(t catalog.Terms, c *conversion.Conversion) bool {
	switch t.PayoutKind {
	case catalog.PayoutPercent:
		return c.HasSale && c.SaleAmount > 0
	case catalog.PayoutFixed:
		return t.Payout > 0 || slices.ContainsFunc(t.GeoPayouts, func(g catalog.GeoPayout) bool { return g.Payout > 0 })
	}
	return t.Payout > 0 // the default of Auto
}

// otherPayoutNames are names under which other systems send what a conversion pays. None of
// them is read here.
var otherPayoutNames = []string{"revenue", "price", "sum", "value", "commission", "reward", "earnings", "earning", "total", "profit"}

// payoutMissing finds conversions of an Auto payout that brought no value (P9), as long
// as they are worth nothing: also after the terms were mended, since only repricing
// mends the conversions.
func payoutMissing(l *look) *Finding {
	var bare, priceable []*conversion.Conversion
	auto, newest := 0, true // newest: none that brought a value came later
	for _, c := range l.conversions {
		t := l.terms(c.Goal)
		missing := counts(c.Status) && c.Sent == "" && c.Revenue == 0 && c.Warning != ""
		switch {
		case !missing:
			if t.PayoutKind == catalog.PayoutPostback && len(bare) == 0 && c.Sent != "" {
				newest = false
			}
			continue
		case t.PayoutKind == catalog.PayoutFixed && !valued(t, c):
			continue // a payout of 0 by hand is what zero_revenue is about
		}
		bare = append(bare, c)
		if t.PayoutKind == catalog.PayoutPostback && t.Payout == 0 {
			auto++
		} else if valued(t, c) {
			priceable = append(priceable, c)
		}
	}
	if len(bare) == 0 {
		return nil
	}
	f := &Finding{Severity: Bad, Count: len(bare), Conversions: first(bare)}
	var samples []*sample
	for _, c := range bare {
		i := slices.IndexFunc(l.signals, func(s *sample) bool { return s.row.ID == c.Signal })
		if i >= 0 {
			samples = append(samples, l.signals[i])
		}
	}
	name, example := instead(samples)
	f.Signals = shown(samples, func(s *sample) string {
		if _, there := s.param(name); there && name != "" {
			return name
		}
		return "payout"
	})
	f.Fix = Fix{Place: PlaceTracking}
	if auto == 0 {
		f.Severity = Warn
		f.Sentence = fmt.Sprintf("%s worth 0.00: they were recorded while the payout was taken from the postback, which brought none. The terms have changed since.", are(len(bare), "conversion is", "conversions are"))
		f.Fix = Fix{Sentence: "Reprice these conversions by the present terms. You see each one, before and after, before anything is posted.", Place: PlaceConversions}
		if len(priceable) > 0 {
			f.Fix.Reprice = &Reprice{Warned: true}
		}
		return f
	}
	f.Sentence = fmt.Sprintf("The payout is Auto, taken from the postback, and %s no value for it: revenue is 0.00.", are(len(bare), "conversion brought", "conversions brought"))
	if !newest {
		f.Severity = Warn
		f.Sentence += " Later ones did bring one."
	}
	if literal := literalPayout(samples); literal != "" {
		f.Sentence += fmt.Sprintf(" The parameter came as %s: a macro that nobody replaced, which counts as none.", literal)
	}
	if name != "" {
		f.Sentence += fmt.Sprintf(" They bring %s, which is not read: the parameter is called payout.", example)
	}
	theirs := "the network's payout macro"
	if l.adv != nil && l.adv.Macros.Payout != "" {
		theirs = l.adv.Macros.Payout
	}
	f.Fix.Sentence = fmt.Sprintf("Add payout= with %s to the postback URL that the network calls, and check that it sends a value. Where it cannot, switch the payout to Manual and enter the amount. Then reprice the conversions recorded so far.", theirs)
	if len(priceable) > 0 {
		f.Fix.Reprice = &Reprice{Warned: true}
	}
	return f
}

// literalPayout is the payout parameter of the newest signal, when it is a macro.
func literalPayout(samples []*sample) string {
	for _, s := range samples[:min(len(samples), 1)] {
		v, _ := s.param("payout")
		if macro.Unreplaced(v) {
			return masked("payout", v)
		}
	}
	return ""
}

// instead finds the parameter under which signals without a payout seem to bring it.
func instead(samples []*sample) (name, example string) {
	for _, s := range samples {
		for _, p := range s.params {
			lower := strings.ToLower(p.Name)
			if p.Value != "" && (slices.Contains(otherPayoutNames, lower) || lower == "payout" && p.Name != "payout") {
				return p.Name, masked(p.Name, p.Value)
			}
		}
	}
	return "", ""
}

// rateMissing finds what could not be converted: signals refused, and conversions that
// the reporting currency does not have.
func rateMissing(l *look) *Finding {
	var refused []*sample
	for _, s := range l.signals {
		if s.row.Verdict == event.NoRate {
			refused = append(refused, s)
		}
	}
	var bare []*conversion.Conversion
	var pairs []string
	note := func(from, to string, at int64) {
		day := "of " + l.clock(at)[:strings.LastIndex(l.clock(at), ",")]
		pairs = append(pairs, from+" to "+to+" "+day)
	}
	for _, s := range refused {
		if cur, ok := s.param("currency"); ok {
			note(strings.ToUpper(clip(cur, 3)), l.offer.Currency, s.row.At)
		}
	}
	for _, c := range l.conversions {
		if counts(c.Status) && c.ReportCurrency != "" && c.ReportCurrency != c.Currency && c.Report.Rate == "" && (c.Revenue != 0 || c.Commission != 0 || c.SaleAmount != 0) {
			bare = append(bare, c)
			note(c.Currency, c.ReportCurrency, c.At)
		}
	}
	if len(refused)+len(bare) == 0 {
		return nil
	}
	slices.Sort(pairs)
	pairs = slices.Compact(pairs)
	more := ""
	if len(pairs) > 3 {
		pairs, more = pairs[:3], " and others"
	}
	f := &Finding{Severity: Bad, Count: len(refused) + len(bare), Signals: shown(refused, always("currency")), Conversions: first(bare)}
	if len(refused) > 0 {
		f.Sentence = are(len(refused), "signal was", "signals were") + " refused, because no exchange rate to the offer's currency is known. "
	} else if 2*len(bare) < len(l.conversions) {
		f.Severity = Warn // most of the revenue shows
	}
	if len(bare) > 0 {
		f.Sentence += fmt.Sprintf("%s missing from amounts in the reporting currency %s. ", are(len(bare), "conversion is", "conversions are"), l.ws.Currency)
	}
	f.Sentence += "The rates that are missing: " + strings.Join(pairs, "; ") + more + "."
	f.Fix = Fix{Sentence: "Import the rates of these days, or set them by hand.", Place: PlaceRates, Replay: len(refused) > 0}
	if len(refused) > 0 {
		f.Fix.Sentence += " Then judge the refused signals again."
	}
	if len(bare) > 0 {
		f.Fix.Sentence += " Then reprice the conversions: each takes the rate of its own day."
		f.Fix.Reprice = &Reprice{IDs: ids(bare)}
	}
	return f
}

// currencyMismatch finds signals in another currency than the offer's.
func currencyMismatch(l *look) *Finding {
	var samples []*sample
	foreign := map[string]int{}
	for _, s := range l.signals {
		cur, there := s.param("currency")
		c, err := money.ParseCurrency(cur)
		switch {
		case !there || cur == "" || err != nil || string(c) == l.offer.Currency:
		default:
			samples = append(samples, s)
			foreign[string(c)]++
		}
	}
	if len(samples) == 0 {
		return nil
	}
	var cs []*conversion.Conversion
	for _, c := range l.conversions {
		if c.SentCurrency != "" && c.SentCurrency != l.offer.Currency {
			cs = append(cs, c)
		}
	}
	var names []string
	for cur := range foreign {
		names = append(names, cur)
	}
	slices.Sort(names)
	f := &Finding{Severity: Info, Count: len(samples), Signals: shown(samples, always("currency")), Conversions: first(cs), Fix: Fix{Place: PlaceOffer}}
	f.Sentence = fmt.Sprintf("%s in %s, and the offer pays in %s. What is recorded is converted by the rate of its day.", are(len(samples), "signal came", "signals came"), list(names), l.offer.Currency)
	f.Fix.Sentence = fmt.Sprintf("Nothing is wrong if the network pays you in %s. If it pays in what it sends, the amounts recorded differ from what you are paid: then make a new offer in that currency, since an offer's cannot be changed, and lead the links there.", l.offer.Currency)
	if 2*len(samples) > len(l.signals) {
		f.Severity = Warn
	}
	return f
}

// zeroRevenue finds approved conversions worth nothing that nothing else explains.
func zeroRevenue(l *look) *Finding {
	var zero []*conversion.Conversion
	sent := 0
	for _, c := range l.conversions {
		if c.Revenue != 0 || c.Warning != "" || !counts(c.Status) || c.Status == conversion.Pending {
			continue
		}
		zero = append(zero, c)
		if c.Sent != "" {
			sent++
		}
	}
	if len(zero) == 0 {
		return nil
	}
	f := &Finding{Severity: Warn, Count: len(zero), Conversions: first(zero), Fix: Fix{Place: PlaceOffer}}
	f.Sentence = are(len(zero), "approved conversion is", "approved conversions are") + " worth 0.00. "
	t := l.terms(zero[0].Goal)
	switch {
	case sent == len(zero):
		f.Severity = Info
		f.Sentence += "The network itself sent a payout of 0, which is not the same as none."
		f.Fix.Sentence = "Ask the network why it sends 0; some do so for steps they do not pay. To pay by your own terms whatever it sends, let the manual amount win over the postback's."
	case valued(t, zero[0]):
		f.Sentence += "The present terms would pay for them."
		f.Fix.Sentence = "Reprice these conversions by the present terms. You see each one, before and after, before anything is posted."
		f.Fix.Place, f.Fix.Reprice = PlaceConversions, &Reprice{IDs: ids(zero)}
	default:
		f.Sentence += "The payout of the offer, or of its goal, is 0."
		f.Fix.Sentence = "Enter the amount in the offer's payout, and reprice these conversions. If the offer pays nothing for this goal, all is well."
	}
	return f
}

// held finds conversions that wait for somebody.
func held(l *look) *Finding {
	var waiting []*conversion.Conversion
	for _, c := range l.conversions {
		if c.Hold != "" && c.Status == conversion.Pending {
			waiting = append(waiting, c)
		}
	}
	if len(waiting) == 0 {
		return nil
	}
	why := strings.ReplaceAll(waiting[0].Hold, "_", " ")
	if waiting[0].Hold == conversion.HoldStaff && waiting[0].HoldNote != "" {
		why = waiting[0].HoldNote
	}
	return &Finding{Severity: Info, Count: len(waiting), Conversions: first(waiting),
		Sentence: fmt.Sprintf("%s held back until somebody decides, the newest because: %s.", are(len(waiting), "conversion is", "conversions are"), strings.TrimSuffix(why, ".")),
		Fix:      Fix{Sentence: "Approve or reject them; those that somebody holds are released first.", Place: PlaceConversions}}
}

// are writes a count with its noun and verb: 1 conversion is, 3 conversions are.
func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
