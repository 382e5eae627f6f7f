package console

import (
	"net/url"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/report"
)

// startGuide is the way to the first tracked conversion: each step is checked against
// what is really there, every few seconds.
type startGuide struct {
	Title string
	Note  string
	Steps []startStep
}

type startStep struct {
	Title   string
	Text    string
	State   string
	Tone    string
	Current bool
	Action  *link
	Copies  []copyField
}

// startGuide returns nil once the workspace has a conversion, or clearly lives
// without the guide.
func (c *call) startGuide() (*startGuide, error) {
	convs, err := c.Books.ListConversions(c.r.Context(), conversion.Query{Workspace: c.ws.ID, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(convs) > 0 {
		return nil, nil
	}
	offers, err := list[*catalog.Offer](c, catalog.Query{Kind: catalog.KindOffer, Limit: 2})
	if err != nil {
		return nil, err
	}
	links, err := list[*catalog.Link](c, catalog.Query{Kind: catalog.KindLink, Limit: 2})
	if err != nil {
		return nil, err
	}
	wide := c.span
	wide.from, wide.to = day0(c.Now().In(c.loc)).AddDate(0, 0, -30), day0(c.Now().In(c.loc)).AddDate(0, 0, 1)
	numbers, err := c.stats("", wide)
	if err != nil {
		return nil, err
	}
	visits := int64(0)
	if s := numbers[""]; s != nil {
		visits = s.visits
	}
	if visits > 200 {
		return nil, nil // traffic runs; the dashboard tells more than a guide
	}
	g := &startGuide{Title: "Four steps to a tracked conversion", Note: "Each step is checked by itself, every few seconds."}
	g.Steps = []startStep{
		{Title: "Make an offer", Text: "A destination that pays: its URL, and what a conversion is worth.", Action: &link{Label: "New offer", URL: c.plain("offers/new")}},
		{Title: "Make a link to it", Text: "A link with no publisher, a link of the house, will do for a test.", Action: &link{Label: "New link", URL: c.plain("links/new")}},
		{Title: "Open the link", Text: "Open it in a browser. You are redirected to the offer with a click id in the URL."},
		{Title: "Send a postback", Text: "Send the click id back, as the advertiser's server would."},
	}
	done := []bool{len(offers) > 0, len(links) > 0, visits > 0, false}
	if len(links) > 0 {
		g.Steps[2].Copies = []copyField{{ID: "start-link", Label: "Tracking URL", Value: c.trackingURL(links[0]), Open: true, Help: "HEAD requests and prefetches are not counted."}}
	}
	if len(offers) > 0 && visits > 0 {
		pb, err := c.testPostback(offers, links)
		if err != nil {
			return nil, err
		}
		g.Steps[3].Copies = []copyField{pb}
	}
	for i := range g.Steps {
		s := &g.Steps[i]
		switch {
		case done[i]:
			s.Tone, s.State = "good", "done"
		case i == 0 || done[i-1]:
			s.Current, s.State = true, "waiting for it"
			if i == 2 {
				s.State = "no visit yet"
			}
			if i == 3 {
				s.State = "no signal yet"
			}
		default:
			s.Tone = "off"
		}
	}
	return g, nil
}

// testPostback is the postback for the latest click, ready to be opened.
func (c *call) testPostback(offers []*catalog.Offer, links []*catalog.Link) (copyField, error) {
	o := offers[0]
	if len(links) > 0 {
		if lo, err := get[*catalog.Offer](c, catalog.KindOffer, links[0].Offer); err == nil {
			o = lo
		}
	}
	click, err := c.lastClick(o.ID)
	if err != nil {
		return copyField{}, err
	}
	f := copyField{ID: "start-postback", Label: "Postback URL", Help: "For your latest click. Open it: the answer says what became of it."}
	if click == "" {
		click = "CLICK_ID"
		f.Help = "Put the click id from the address bar in place of CLICK_ID, then open it."
	} else {
		f.Open = true
	}
	q := "/postback?click_id=" + url.QueryEscape(click)
	if o.PayoutKind == catalog.PayoutPostback {
		q += "&payout=10.00"
	}
	if o.PayoutKind == catalog.PayoutPercent || o.CommissionKind == catalog.CommissionPercentSale {
		q += "&amount=100.00"
	}
	if o.RequireOrder {
		q += "&txid=test-1"
	}
	if o.Advertiser != "" {
		a, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err == nil && c.write() {
			q += "&token=" + url.QueryEscape(a.Token)
		}
	}
	f.Value = c.origins.OfOffer(o) + q
	return f, nil
}

// lastClick is the id of the latest click on an offer, "" when there is none. Click
// ids sort by time.
func (c *call) lastClick(offer string) (string, error) {
	today := day0(c.Now().In(c.loc))
	t, err := c.Report.Run(c.r.Context(), report.Question{
		Workspace: c.ws.ID, From: today.AddDate(0, 0, -30), To: today.AddDate(0, 0, 1), TimeZone: c.loc.String(), Basis: "event",
		Dimensions: []string{"click_id"}, Metrics: []string{"clicks"}, Limit: 1,
		Filters: []report.Filter{{Dimension: "offer", Op: "eq", Values: []string{offer}}}, Sort: []report.Sort{{By: "click_id", Desc: true}},
	})
	if err != nil {
		return "", err
	}
	if len(t.Rows) == 0 {
		return "", nil
	}
	s, _ := t.Rows[0][0].(string)
	return s, nil
}
