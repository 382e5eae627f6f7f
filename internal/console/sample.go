package console

import (
	"errors"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/routing"
)

// urlPart is a piece of a rendered URL: what was written, or the value of a token.
type urlPart struct {
	Text  string
	Value bool
}

// Markers stand around every value of a sample URL, so that it can be shown where
// values begin and end. Encoding leaves them alone and no value has them.
const (
	markOpen  = "zZq0"
	markClose = "0qZz"
)

// macroError is the macro package's error behind err, nil for none.
func macroError(err error) *macro.Error {
	var bad *macro.Error
	if errors.As(err, &bad) {
		return bad
	}
	return nil
}

// sampleOffer routes a sample visitor to an offer that is not saved, as the edge would:
// through a snapshot of nothing but the offer, its advertiser and a link.
func (c *call) sampleOffer(d *catalog.OfferDoc, adv *catalog.Advertiser) (routing.Decision, *macro.Values) {
	const workspace, offer, link = "sample", "off_sample", "sample"
	meta := func(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: workspace} }
	o := draftOffer(d)
	o.Meta = meta(offer)
	ws := *c.ws
	ws.ID = workspace
	rows := []catalog.Entity{&ws, o, &catalog.Link{Meta: meta(link), Key: link, Offer: offer, Status: catalog.StatusActive}}
	v := macro.SampleValues()
	v[macro.OfferName], v[macro.OfferStaticURL] = d.Name, d.StaticURL
	v[macro.AdvertiserID], v[macro.AdvertiserName] = "", ""
	if adv != nil {
		a := *adv
		a.Workspace = workspace
		rows = append(rows, &a)
		v[macro.AdvertiserID], v[macro.AdvertiserName] = adv.ID, adv.Name
	}
	v[macro.OfferPayout] = ""
	if d.PayoutKind == catalog.PayoutFixed {
		v[macro.OfferPayout] = d.Payout
	}
	if c.ws.IPMode == catalog.IPNone {
		v[macro.IP] = ""
	}
	b := routing.NewBuilder()
	b.Apply(rows, 1)
	dec := b.Snapshot().Route(link, "", routing.Visitor{}, new(routing.Overlay))
	if word, ok := dec.Keywords(func() uint64 { return 0 }); ok {
		v[macro.Keyword] = word
	}
	return dec, v
}

// marked renders twice, once with marks around the values, and gives the URL in parts.
// Where marking changes more than it adds (a hash, a cut value), the URL is one part.
func marked(render func(v *macro.Values) string, v *macro.Values) []urlPart {
	plain := render(v)
	with := *v
	for id := range macro.NumTokens {
		if with[id] != "" {
			with[id] = markOpen + with[id] + markClose
		}
	}
	text := render(&with)
	if strings.NewReplacer(markOpen, "", markClose, "").Replace(text) != plain {
		return []urlPart{{Text: plain}}
	}
	var out []urlPart
	for text != "" {
		before, rest, ok := strings.Cut(text, markOpen)
		if before != "" {
			out = append(out, urlPart{Text: before})
		}
		if !ok {
			break
		}
		value, after, _ := strings.Cut(rest, markClose)
		out, text = append(out, urlPart{value, true}), after
	}
	return out
}

// sampleURL renders a URL with the sample values of its tokens.
func sampleURL(title string, tbl *macro.Table, raw string) previewBox {
	box := previewBox{Title: title}
	if raw == "" {
		box.Note = "The URL shows here as you type."
		return box
	}
	t, err := macro.ParseURLWith(tbl, raw)
	if bad := macroError(err); bad != nil {
		box.Problem, box.Code = sentence(bad.Msg), bad.Code
		return box
	}
	all := macro.SampleValues()
	v := &macro.Values{}
	for _, id := range tbl.IDs() {
		v[id] = all[id]
	}
	v[macro.Salt] = all[macro.Salt]
	box.URL = marked(func(v *macro.Values) string { return string(t.Append(nil, v)) }, v)
	return box
}

// sampleDestination is where a sample visitor of the offer ends up.
func (c *call) sampleDestination(d *catalog.OfferDoc, adv *catalog.Advertiser) previewBox {
	box := previewBox{Title: "A sample visitor goes to"}
	if d.URL == "" {
		box.Note = "The URL shows here as you type."
		return box
	}
	_, err := catalog.ParseDestination(d.URL)
	if bad := macroError(err); bad != nil {
		box.Problem, box.Code = sentence(bad.Msg), bad.Code
		return box
	}
	dec, v := c.sampleOffer(d, adv)
	box.URL = marked(func(v *macro.Values) string { return string(dec.AppendURL(nil, v)) }, v)
	if d.Direct {
		box.Note = "With direct tracking the ad names this page itself: no redirect fills in tokens there."
	}
	return box
}

// samplePostback is the postback to paste where the network wants it, as the offer's
// page will show it, with what is still to be done.
func (c *call) samplePostback(d *catalog.OfferDoc, adv *catalog.Advertiser) previewBox {
	m := catalog.Tracking(draftOffer(d), adv, c.origins.Of(c.ws.ID, d.Advertiser), "", false)[0]
	return previewBox{Title: "Postback to paste", Copy: m.Text, Note: strings.Join(m.Warnings, " ")}
}

// draftOffer is the offer of a document nobody has checked, for showing what it means.
// Amounts are left out: what reads them takes them from the document.
func draftOffer(d *catalog.OfferDoc) *catalog.Offer {
	o := &catalog.Offer{
		Name: d.Name, Advertiser: d.Advertiser, URL: d.URL, Status: catalog.StatusActive, Currency: d.Currency,
		Terms:         catalog.Terms{PayoutKind: d.PayoutKind, PayoutPercent: d.PayoutPercent, Precedence: d.Precedence, CommissionKind: d.CommissionKind, CommissionPercent: d.CommissionPercent},
		AppendClickID: d.AppendClickID, Direct: d.Direct, StaticURL: d.StaticURL, RequireOrder: d.RequireOrder, Tracking: d.Tracking, Attribution: d.Attribution, CookieDays: d.CookieDays, GeoSource: d.GeoSource,
	}
	for _, g := range d.GeoPayouts {
		o.GeoPayouts = append(o.GeoPayouts, catalog.GeoPayout{Country: g.Country})
	}
	for _, k := range d.Keywords {
		o.Keywords = append(o.Keywords, catalog.Keyword(k))
	}
	return o
}
