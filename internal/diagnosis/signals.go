package diagnosis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// mine are the offer's signals and the lost ones whose click is the offer's, and apart
// from them those of which only the advertiser is known; newest first.
func (l *look) mine() (own, network []*sample) {
	own = slices.Clone(l.signals)
	for _, s := range l.lost {
		if s.ours {
			own = append(own, s)
		} else {
			network = append(network, s)
		}
	}
	slices.SortStableFunc(own, func(a, b *sample) int { return strings.Compare(b.row.ID, a.row.ID) })
	return own, network
}

// weighty are the parameters that decide about a conversion; a macro in another one is
// left out, and costs no conversion.
var weighty = []string{"click_id", "payout", "amount", "currency", "txid", "status", "goal", "event_time", "offer", "token", "key"}

// macroLiteral finds parameters that came as a macro nobody replaced, whatever became of
// the signal.
func macroLiteral(l *look) *Finding {
	own, network := l.mine()
	var samples []*sample
	which := map[*sample]string{}
	byName := map[string]string{} // name → how it came
	elsewhere := true
	worst := Info.rank()
	for _, s := range append(own, network...) {
		for _, p := range s.params {
			if !macro.Unreplaced(p.Value) {
				continue
			}
			if which[s] == "" || slices.Contains(weighty, p.Name) {
				which[s] = p.Name
			}
			if _, known := byName[p.Name]; !known {
				byName[p.Name] = masked(p.Name, p.Value)
			}
			if !slices.Contains(weighty, p.Name) {
				continue
			}
			worst = min(worst, Warn.rank())
			if !took(s) || p.Name == "payout" && l.offer.PayoutKind == catalog.PayoutPostback {
				worst = Bad.rank()
			}
		}
		if which[s] != "" {
			samples = append(samples, s)
			elsewhere = elsewhere && !s.ours
		}
	}
	if len(samples) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(byName))
	var came []string
	for _, n := range names {
		came = append(came, byName[n])
	}
	came = came[:min(len(came), 4)]
	f := &Finding{Severity: []Severity{Bad, Warn, Info}[worst], Count: len(samples), Signals: shown(samples, func(s *sample) string { return which[s] }), Fix: Fix{Place: PlaceTracking}}
	f.Sentence = fmt.Sprintf("%s with a macro that the sending system should have replaced by a value: %s.", are(len(samples), "signal came", "signals came"), list(came))
	switch f.Severity {
	case Info:
		f.Sentence += " It is kept beside the conversion only, and was left out."
	case Warn:
		f.Sentence += " The conversions were recorded as if it had not been sent."
	}
	if elsewhere {
		f.Sentence += " They name none of the offer's clicks: they are " + l.advertiserName() + "'s, which may send them for another offer."
	}
	f.Fix.Sentence = fmt.Sprintf("In the postback URL entered at the network, give %s the network's own macro; what it sends now is not one it knows. If it has none for it, leave the parameter out.", list(names[:min(len(names), 4)]))
	return f
}

func (l *look) advertiserName() string {
	if l.adv == nil {
		return "the advertiser"
	}
	return l.adv.Name
}

// took reports whether a conversion came of a signal.
func took(s *sample) bool { return s.row.Conversion != "" }

// valueVerdicts are the verdicts about a value, with what its sender is to do.
var valueVerdicts = map[event.Verdict]string{
	event.InvalidAmount:   "Ask the network to send plain decimal numbers such as 12.50: no comma, no currency sign.",
	event.AmountPrecision: "Ask the network to round its amounts to the decimals of the currency.",
	event.AmountRange:     "Ask the network to check its amounts: one is out of range.",
	event.MissingAmount:   "Ask the network to send the sale amount in the parameter amount, or pay a fixed amount.",
	event.WrappedValue:    "Take the brackets or quotes out of the postback URL entered at the network.",
	event.UnknownCurrency: "Ask the network to send the currency as its ISO 4217 code, such as EUR.",
	event.InvalidValue:    "Correct the parameter in the postback URL entered at the network.",
	event.UnknownStatus:   "Ask the network to send approved, pending, rejected or reversed as the status.",
	event.UnknownGoal:     "Add a goal of this name to the offer, or correct the name at the network. Then judge the signals again.",
	event.MissingToken:    "Enter the postback URL at the network as the tracking set-up gives it: with the parameter token. Then judge the signals again.",
	event.MissingOrder:    "Ask the network to send its order number as txid, or do not require one.",
}

// valueRefused finds signals refused because of what a parameter holds.
func valueRefused(l *look) *Finding {
	own, network := l.mine()
	var samples []*sample
	grouped := map[string]int{}
	ours := false
	for _, s := range append(own, network...) {
		if valueVerdicts[s.row.Verdict] == "" {
			continue
		}
		samples = append(samples, s)
		grouped[fmt.Sprintf("%s (%s)", orElse(s.row.Field, "the signal"), strings.ReplaceAll(string(s.row.Verdict), "_", " "))]++
		ours = ours || s.ours
	}
	if len(samples) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(grouped))
	slices.SortStableFunc(keys, func(a, b string) int { return grouped[b] - grouped[a] })
	keys = keys[:min(len(keys), 4)]
	newest := samples[0].row
	f := &Finding{Severity: Bad, Count: len(samples), Signals: shown(samples, func(s *sample) string { return s.row.Field }), Fix: Fix{Place: PlaceSignals}}
	f.Sentence = fmt.Sprintf("%s refused because of a value: %s. The last one: %s", are(len(samples), "signal was", "signals were"), list(keys), tokenForm.ReplaceAllString(newest.Detail, "tok_…"))
	if !ours {
		f.Severity = Warn
		f.Sentence += " They name none of the offer's clicks: they are " + l.advertiserName() + "'s, which may send them for another offer."
	}
	f.Fix.Sentence = valueVerdicts[newest.Verdict]
	if newest.Verdict == event.MissingToken {
		f.Fix.Place = PlaceTracking
	}
	if newest.Verdict == event.UnknownGoal || newest.Verdict == event.MissingOrder || newest.Verdict == event.MissingAmount {
		f.Fix.Place, f.Fix.Replay = PlaceOffer, true
	}
	return f
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// clickNames are names under which other systems send a click id back.
var clickNames = []string{"clickid", "cid", "click", "subid", "sub_id", "sub1", "s2s_click_id", "aff_sub", "tid", "tracker", "cnv_id", "externalid", "external_id"}

// fewUnknown is how many unknown clicks of an advertiser are chance.
const fewUnknown = 3

// unknownClicks finds postbacks of the offer's advertiser that name no click of ours:
// the wrong macro, most of the time.
func unknownClicks(l *look) *Finding {
	var samples []*sample
	other := ""
	own, missing := 0, 0
	for _, s := range l.lost {
		if s.row.Verdict != event.UnknownClick && s.row.Verdict != event.MissingClick {
			continue
		}
		samples = append(samples, s)
		if s.row.Verdict != event.MissingClick {
			continue
		}
		missing++
		for _, p := range s.params {
			if other == "" && p.Value != "" && slices.Contains(clickNames, strings.ToLower(p.Name)) {
				other = p.Name
			}
		}
	}
	for _, s := range l.signals {
		if s.row.Verdict == event.UnknownClick || s.row.Verdict == event.MissingClick {
			samples = append(samples, s)
		} else if s.row.Kind == event.SignalPostback {
			own++
		}
	}
	if len(samples) < fewUnknown {
		return nil
	}
	slices.SortStableFunc(samples, func(a, b *sample) int { return strings.Compare(b.row.ID, a.row.ID) })
	f := &Finding{Severity: Warn, Count: len(samples), Signals: shown(samples, func(s *sample) string {
		if _, there := s.param("click_id"); !there && other != "" {
			return other
		}
		return "click_id"
	}), Fix: Fix{Place: PlaceTracking}}
	if len(samples) > own {
		f.Severity = Bad
	}
	f.Sentence = fmt.Sprintf("%s from %s that name no click of ours, against %d that could be matched.", are(len(samples), "signal came", "signals came"), l.advertiserName(), own)
	switch {
	case other != "":
		f.Sentence += fmt.Sprintf(" They bring the parameter %s instead of click_id.", clip(plain(other), 40))
		f.Fix.Sentence = fmt.Sprintf("In the postback URL entered at the network, call the parameter click_id instead of %s.", clip(plain(other), 40))
	case missing == len(samples):
		f.Sentence += " They bring no click_id at all."
		f.Fix.Sentence = "Add click_id= with the network's macro for the sub id that brought our click id to the postback URL."
	default:
		f.Fix.Sentence = "The parameter click_id must bring back what the offer URL carried as {click_id}: 32 characters of 0-9 and a-f. At the network, choose the macro of that sub id, not the one of the network's own click or transaction id."
	}
	if l.adv != nil {
		f.Sentence += " They may be for another offer of the same advertiser."
	}
	return f
}
