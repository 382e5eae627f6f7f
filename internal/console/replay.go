package console

import (
	"net/http"
	"net/url"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// replayCalls is how many calls of books.MaxReplay signals a preview or a replay makes.
const replayCalls = 5

// remedyPlace is the page on which the fix of a signal is made, "" for none here.
func (c *call) remedyPlace(r *inbox.Row) (label, href string) {
	offer, adv := r.Offer != "", r.Advertiser != "" && c.write()
	switch inbox.Remedies[r.Verdict].Place {
	case inbox.PlaceOffer:
		if offer && c.write() {
			return "The offer's form", c.plain("offers/" + r.Offer + "/edit")
		}
	case inbox.PlaceGoals:
		if offer {
			return "The offer's goals", c.at("offers/"+r.Offer) + "#goals"
		}
	case inbox.PlaceTracking:
		if offer {
			return "Tracking set-up of the offer", c.at("offers/"+r.Offer) + "#tracking"
		}
		return "Offers", c.at("offers")
	case inbox.PlaceAdvertiser:
		if adv {
			return "The advertiser's form", c.plain("advertisers/" + r.Advertiser + "/edit")
		}
		return "Advertisers", c.at("advertisers")
	case inbox.PlaceRates:
		return "Exchange rates", c.at("rates")
	case inbox.PlaceCoupons:
		return "Coupons", c.at("coupons")
	case inbox.PlaceConversions:
		switch {
		case r.Conversion != "":
			return "The conversion", c.at("conversions/" + r.Conversion)
		case r.Order != "":
			return "Conversions of this order", c.at("conversions", "q", r.Order)
		}
		return "Conversions", c.at("conversions", "q", r.Click)
	}
	return "", ""
}

// replay judges a signal again.
func (c *call) replay() error {
	before, err := c.findSignal()
	if err != nil {
		return err
	}
	r, err := c.Decide.Replay(c.r.Context(), c.who, c.ws.ID, before.ID)
	if err != nil {
		return err
	}
	c.say("Judged again: "+words(string(r.Verdict))+". "+verdictSentence(r), nil)
	return c.redirect(c.at("signals/" + before.ID))
}

// replayOf goes through a filter, as far as one page may.
func (c *call) replayOf(v url.Values, apply bool) (*books.ReplayResult, error) {
	f := c.signalQuery(v)
	all := &books.ReplayResult{}
	q := books.ReplayQuery{Filter: f, After: clickIDOr(v.Get("after"))}
	for range replayCalls {
		res, err := c.Decide.ReplayAll(c.r.Context(), c.who, c.ws.ID, q, apply)
		if err != nil {
			return nil, err
		}
		all.Merge(res)
		if res.Next == "" {
			break
		}
		q.After = res.Next
	}
	return all, nil
}

func clickIDOr(s string) string {
	if isClickID(s) {
		return s
	}
	return ""
}

// replayPreview shows what judging the signals of a filter again would come to.
func (c *call) replayPreview() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	v := c.r.URL.Query()
	res, err := c.replayOf(v, false)
	if err != nil {
		return err
	}
	p := c.replayPage(res)
	p.Head.Note = "A preview: nothing is changed yet"
	if res.Changed > 0 {
		says := []string{plural(int64(res.Checked), "signal is", "signals are") + " judged again as if it came now, oldest first, and " + plural(int64(res.Changed), "comes", "come") + " to another verdict. Conversions are recorded with their money and told to their publishers."}
		if res.Next != "" {
			says = append(says, "These are the oldest of the filter; the page after it goes on with the rest.")
		}
		cv := &confirmView{Action: c.plain("signals/replay"), Says: says, Button: "Judge " + plural(int64(res.Checked), "signal", "signals") + " again"}
		for _, name := range append(signalFilterNames, "after") {
			if v.Get(name) != "" {
				cv.Hidden = append(cv.Hidden, hidden{name, v.Get(name)})
			}
		}
		p.Panels = append(p.Panels, panel{Confirm: cv})
	}
	return showStatus(c, http.StatusOK, "panels", p.Head.Title, p)
}

// replayAll judges the signals of a filter again.
func (c *call) replayAll() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	res, err := c.replayOf(v, true)
	if err != nil {
		return err
	}
	p := c.replayPage(res)
	p.Head.State = &state{Word: "done", Tone: "good"}
	p.Head.Note = plural(int64(res.Checked), "signal was", "signals were") + " judged again"
	if res.Next != "" {
		params := []string{"after", res.Next}
		for _, name := range signalFilterNames {
			params = append(params, name, v.Get(name))
		}
		p.Head.Actions = []action{{Label: "Go on with the rest", URL: c.plain("signals/replay", params...), Kind: "primary"}}
	}
	return showStatus(c, http.StatusOK, "panels", p.Head.Title, p)
}

// replayPage tells what a replay came to, or would.
func (c *call) replayPage(res *books.ReplayResult) panelsPage {
	p := panelsPage{Head: head{Crumb: &link{Label: "Inbox", URL: c.at("signals")}, Title: "Replay"},
		Figures: []figure{{Label: "Judged again", Value: count(int64(res.Checked))}, {Label: "Another verdict", Value: count(int64(res.Changed))}, {Label: "As they were", Value: count(int64(res.Checked - res.Changed))}}}
	if res.Failed > 0 {
		p.Figures = append(p.Figures, figure{Label: "Failed", Value: count(int64(res.Failed)), Help: "They stay as they are; the server's log says why."})
	}
	t := &table{Label: "By verdict", Columns: []column{{Label: "Before"}, {Label: "After"}, {Label: "Signals", Class: "num"}, {Label: "What to do", Class: "fill"}},
		Empty: &empty{Sentence: "Nothing here waits for something to be mended.", Action: &link{Label: "Back to the inbox", URL: c.at("signals")}}}
	for _, n := range res.Counts {
		fix := inbox.Remedies[n.After].Fix
		if n.After.Took() {
			fix = ""
		}
		t.Rows = append(t.Rows, row{Cells: []cell{verdictCell(n.Before), verdictCell(n.After), {Text: count(int64(n.Signals)), Class: "num"}, {Text: fix, Class: "fill brk", Title: fix}}})
	}
	p.Panels = []panel{{Title: "Verdicts", Table: t}}
	if len(res.Lines) == 0 {
		return p
	}
	lines := &table{Label: "Signals", Columns: []column{{Label: "Time"}, {Label: "Before", Class: "opt"}, {Label: "After"}, {Label: "What happens", Class: "fill"}, {Label: "Order", Class: "opt"}}}
	for _, l := range res.Lines {
		r := l.Row
		say := verdictSentence(r)
		lines.Rows = append(lines.Rows, row{Href: c.at("signals/" + r.ID), Cells: []cell{timeCell(r.At, c.loc, c.Now()), verdictCell(l.Before).with("opt"),
			{Text: words(string(r.Verdict)), Href: c.at("signals/" + r.ID), Tone: verdictTone(r.Verdict), Class: "lead"}, {Text: say, Class: "fill", Title: say}, textCell(r.Order).with("opt cut")}})
	}
	if res.Checked > len(lines.Rows) {
		lines.Count = "The first " + count(int64(len(lines.Rows))) + " of " + plural(int64(res.Checked), "row", "rows")
	}
	p.Panels = append(p.Panels, panel{Title: "Signals", Table: lines})
	return p
}

func verdictCell(v event.Verdict) cell {
	return cell{Text: words(string(v)), Tone: verdictTone(v)}
}
