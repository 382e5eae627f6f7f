package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/macro"
)

// Thresholds of the checks that count visitors.
const (
	quietDays  = 3   // without a postback, where there were some before
	manyClicks = 100 // without any postback ever; and since the last one
	recentDays = 2   // of visits to an offer that takes none
)

// carries reports whether the offer URL brings the click id, and whether it can be read.
func (l *look) carries() (carries, readable bool) {
	t, err := macro.ParseURLSchemes(macro.ClickTokens, l.offer.URL, catalog.AppSchemes)
	if err != nil {
		return false, false
	}
	return t.UsesClick(), true
}

// clickIDMissing finds an offer URL without the click id.
func clickIDMissing(l *look) *Finding {
	carries, readable := l.carries()
	if !readable || carries || l.offer.Appends() || l.offer.Direct || l.offer.Tracking == catalog.TrackPixel {
		return nil
	}
	f := &Finding{Severity: Bad, Fix: Fix{Place: PlaceOffer}}
	for _, c := range l.conversions {
		if c.Method == conversion.MatchCookie {
			f.Severity = Warn
			f.Count++
		}
	}
	f.Sentence = "The offer URL has no {click_id}, and none is appended: the advertiser never learns the click id, and no postback can name the click."
	if f.Severity == Warn {
		f.Sentence += fmt.Sprintf(" %s matched by the tracker's cookie, which many browsers withhold.", are(f.Count, "conversion was", "conversions were"))
	}
	param := "click_id"
	if l.adv != nil && l.adv.ClickParam != "" {
		param = l.adv.ClickParam
	}
	f.Fix.Sentence = fmt.Sprintf("Add %s={click_id} to the offer URL, or switch on that the click id is appended.", param)
	return f
}

// appendWithoutRedirect finds the two switches that do not go together.
func appendWithoutRedirect(l *look) *Finding {
	carries, readable := l.carries()
	if !readable || !l.offer.Direct || !l.offer.Appends() && !carries {
		return nil
	}
	f := &Finding{Severity: Info, Fix: Fix{Place: PlaceOffer}}
	if l.offer.Appends() {
		f.Severity = Warn
	}
	f.Sentence = "Direct tracking is on: who comes straight to the offer's page is not redirected by us, so nothing can be added to the URL for them."
	f.Fix.Sentence = "For visitors without a redirect, let the page take the click id from the tracking script's cookie and hand it to the network, or use the tracking script on the thank-you page. Visitors through links keep getting it in the URL."
	return f
}

// landingError finds that the last visit to the landing page failed. A visit to a URL
// that was changed since says nothing.
func landingError(l *look) *Finding {
	x := l.landing
	if x == nil || x.URL != l.offer.URL || x.Failure == "" && x.Status < 400 {
		return nil
	}
	f := &Finding{Severity: Bad, Count: 1, Fix: Fix{Place: PlaceLanding}}
	when := l.clock(x.At)
	switch {
	case strings.HasPrefix(x.Failure, notVisited):
		f.Severity = Info
		f.Sentence = fmt.Sprintf("The landing page could not be checked on %s: %s.", when, strings.TrimSuffix(x.Failure, "."))
		f.Fix.Sentence = "Open the offer URL in a browser or on a phone: if it opens there, all is well."
	case x.Failure != "":
		f.Sentence = fmt.Sprintf("The landing page could not be reached on %s: %s.", when, strings.TrimSuffix(x.Failure, "."))
		f.Fix.Sentence = "Open the offer URL in a browser. If it does not open there either, correct it or ask the advertiser; then check again."
	case x.Status == 401, x.Status == 403, x.Status == 405, x.Status == 406, x.Status == 429, x.Status == 503:
		f.Severity = Warn
		f.Sentence = fmt.Sprintf("%s answered %d on %s. Many pages answer so to anything that is not a browser.", x.Host, x.Status, when)
		f.Fix.Sentence = "Open the offer URL in a browser: if it opens there, all is well."
	default:
		f.Sentence = fmt.Sprintf("%s answered %d on %s: visitors are sent to a page that does not work.", x.Host, x.Status, when)
		f.Fix.Sentence = "Correct the offer URL, or ask the advertiser whether the offer has ended; then check again."
	}
	return f
}

// noPostbacks finds visitors that nothing comes back from.
func noPostbacks(l *look) *Finding {
	if l.traffic == nil {
		return nil
	}
	f := &Finding{Severity: Bad, Fix: Fix{Place: PlaceTracking}}
	if l.lastSignal == 0 {
		clicks := since(l.traffic.clicks, l.now.AddDate(0, 0, -Days))
		if clicks < manyClicks {
			return nil
		}
		f.Count = int(clicks)
		f.Sentence = fmt.Sprintf("The offer had %d clicks in %d days, and no postback or pixel ever came in for it.", clicks, Days)
		f.Fix.Sentence = "Give the advertiser the postback URL of this offer and have it send a test conversion; what arrives shows in the inbox at once, with what became of it."
		if len(l.lost) > 0 {
			f.Sentence += " Postbacks of its advertiser do come in, but could not be matched to a click."
		}
		return f
	}
	last := time.UnixMicro(l.lastSignal).In(l.loc)
	quiet := l.now.Sub(last)
	if quiet < quietDays*24*time.Hour {
		return nil
	}
	clicks := since(l.traffic.clicks, last.AddDate(0, 0, 1)) // whole days behind the last one
	if clicks < manyClicks {
		return nil
	}
	f.Count = int(clicks)
	f.Sentence = fmt.Sprintf("The last postback or pixel came in on %s; since then there were %d clicks.", l.clock(l.lastSignal), clicks)
	f.Fix.Sentence = "Ask the advertiser whether the offer still runs and whether the postback URL is still entered there. Have it send a test conversion."
	for _, s := range l.signals[:min(len(l.signals), 1)] {
		f.Signals = []Evidence{s.evidence("")}
	}
	return f
}

// capReached finds that a cap stops visitors, or that conversions were beyond one.
func capReached(l *look) *Finding {
	f := &Finding{Severity: Warn, Fix: Fix{Place: PlaceOffer}}
	var over []*conversion.Conversion
	for _, c := range l.conversions {
		if c.OverCap != "" {
			over = append(over, c)
		}
	}
	var parts []string
	for _, s := range l.caps {
		name := caps.Words(s.Cap, caps.Zone(s.Zone), l.now)
		switch {
		case s.State == caps.Zero:
			parts = append(parts, "The "+name+" takes nothing: visitors go elsewhere.")
		case s.State != caps.Reached:
		case s.Cap.Publisher == catalog.CapEach:
			parts = append(parts, "The "+name+" is reached by at least one of them, whose visitors go elsewhere.")
		default:
			parts = append(parts, "The "+name+" is reached: visitors go elsewhere until it is free again.")
		}
	}
	if len(parts) == 0 && len(over) == 0 {
		return nil
	}
	f.Conversions, f.Count = first(over), len(over)
	if len(parts) == 0 {
		f.Severity = Info
	}
	if len(over) > 0 {
		parts = append(parts, fmt.Sprintf("%s beyond a cap, the newest: %s.", are(len(over), "conversion was", "conversions were"), strings.TrimSuffix(over[0].OverCap, ".")))
	}
	f.Sentence = strings.Join(parts, " ")
	f.Fix.Sentence = "Raise the cap if the advertiser takes more, or name a fallback offer for the visitors."
	return f
}

// statusWords say what an offer that is not active is.
var statusWords = map[string]string{
	catalog.StatusPaused: "paused", catalog.StatusDraft: "a draft", catalog.StatusSubmitted: "submitted and not approved yet", catalog.StatusApproved: "approved and not active yet",
}

// pausedWithClicks finds visitors of an offer that takes none.
func pausedWithClicks(l *look) *Finding {
	state := statusWords[l.offer.Status]
	if l.offer.Archived {
		state = "archived"
	}
	if state == "" || l.traffic == nil {
		return nil
	}
	visits := since(l.traffic.visits, l.now.AddDate(0, 0, 1-recentDays))
	if visits == 0 {
		return nil
	}
	where := "the page for links that lead nowhere"
	switch {
	case l.offer.FallbackOffer != "" || l.offer.FallbackURL != "":
		where = "its fallback"
	case l.ws.FallbackURL != "":
		where = "the workspace's fallback"
	}
	return &Finding{Severity: Warn, Count: int(visits),
		Sentence: fmt.Sprintf("The offer is %s, and %s through its links since yesterday. They went to %s.", state, are(int(visits), "visitor came", "visitors came"), where),
		Fix:      Fix{Sentence: "Make the offer active, name a fallback offer that pays, or tell the publishers to stop.", Place: PlaceOffer}}
}
