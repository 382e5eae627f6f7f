package console

import (
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
)

// comingFrom shows, for each platform whose dialect is spoken here, what to change in a
// shop that reports to it, with the offer's own values.
func (c *call) comingFrom() error {
	o, err := get[*catalog.Offer](c, catalog.KindOffer, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	token := "{FILL_IN_TOKEN}"
	var adv *catalog.Advertiser
	if o.Advertiser != "" {
		adv, err = get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err != nil {
			return err
		}
		if c.write() && adv.Token != "" {
			token = adv.Token
		}
	}
	p := panel{ID: "from", Title: "Platforms", Note: "A shop that reports conversions to one of these platforms needs another host and nothing else. Words in braces are filled in by the shop's system.",
		Guides: wireGuides(c.origins.OfOffer(o), token, o.Key, clickParam(o, adv)),
		Notes:  []string{"The same paths answer without /d/ and the platform's name on a tracking domain where its dialect is switched on."}}
	return show(c, "panels", "Coming from another platform", panelsPage{Head: head{Crumb: &link{Label: o.Name, URL: c.at("offers/" + o.ID)}, Title: "Coming from another platform"}, Panels: []panel{p}})
}

// clickParam is what the click id is called in the offer's landing page's URL, as far as
// the offer says: "" = its URL has it where its author put it.
func clickParam(o *catalog.Offer, adv *catalog.Advertiser) string {
	if adv != nil && adv.ClickParam != "" {
		return adv.ClickParam
	}
	return "click_id"
}

// wireGuides are the guides of the foreign dialects.
func wireGuides(base, token, key, param string) []catalog.Guide {
	var out []catalog.Guide
	for _, t := range dialect.Tables {
		if t.Own() {
			continue
		}
		w := t.Guide(base, token, key)
		g := catalog.Guide{ID: w.Name, Label: w.Title, Fits: true, Help: strings.ReplaceAll(strings.Join(w.Notes, " "), "`", "")}
		if w.Landing != "" && w.Landing != param {
			g.Steps = append(g.Steps, catalog.GuideStep{What: "Such shops expect the click id under this name in the landing page's URL. Write it into the offer's URL:", Text: w.Landing + "={click_id}"})
		}
		for _, call := range w.Calls {
			step := catalog.GuideStep{What: call.Use + ":", Text: call.URL}
			if call.Body != "" {
				step.What = call.Use + ", with the form below it:"
				step.Text += "\n\n" + call.Body
			}
			g.Steps = append(g.Steps, step)
		}
		if len(w.Words) > 0 {
			lines := make([]string, len(w.Words))
			for i, word := range w.Words {
				lines[i] = word.Word + " = " + word.Means
			}
			g.Steps = append(g.Steps, catalog.GuideStep{What: "What its words become here:", Text: strings.Join(lines, "\n")})
		}
		out = append(out, g)
	}
	return out
}
