package console

import (
	"errors"
	"net/http"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/money"
	"clickledger/internal/visitor"
)

// previewPage is the panel beside a form: what the values typed so far would do.
type previewPage struct {
	Boxes []previewBox
	Notes []note
}

type previewBox struct {
	Title   string
	URL     []urlPart
	Copy    string // a value to take elsewhere
	Problem string
	Code    string
	Pairs   []pair
	Note    string
}

// sampleSale is the order the preview prices, in units of the currency.
const sampleSale = "100.00"

// preview shows the consequence of a form without saving it. It shows what only those
// may see who could save the form, such as the advertiser's token.
func (c *call) preview() error {
	ed, _, err := c.editor()
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := catalog.NewDoc(ed.kind)
	if o, ok := d.(*catalog.OfferDoc); ok {
		o.Currency = c.ws.Currency
	}
	readDoc(d, v)
	var p previewPage
	p.Boxes, p.Notes, err = ed.preview(c, d)
	if err != nil {
		return err
	}
	b, err := c.ui.render("content", "preview", view[previewPage]{Page: p})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, b)
}

// remark puts notes at their fields, as the panel's script does later.
func (f *form) remark(notes []note) {
	for i := range f.Sections {
		for j := range f.Sections[i].Fields {
			fl := &f.Sections[i].Fields[j]
			for _, n := range notes {
				if n.For == fl.Name && fl.Live != nil && fl.Error == "" {
					fl.Live = &n
				}
			}
		}
	}
}

func offerPreview(c *call, doc catalog.Doc) ([]previewBox, []note, error) {
	d, ok := doc.(*catalog.OfferDoc)
	if !ok {
		return nil, nil, nil
	}
	if d.Currency == "" {
		copied := *d
		copied.Currency, d = c.ws.Currency, &copied
	}
	var adv *catalog.Advertiser
	if d.Advertiser != "" {
		a, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, d.Advertiser)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return nil, nil, err
		}
		if err == nil {
			adv = a
		}
	}
	return []previewBox{c.sampleDestination(d, adv), c.samplePostback(d, adv), samplePrice(d)}, offerNotes(c, d, adv), nil
}

func advertiserPreview(c *call, doc catalog.Doc) ([]previewBox, []note, error) {
	d, ok := doc.(*catalog.AdvertiserDoc)
	if !ok {
		return nil, nil, nil
	}
	a := &catalog.Advertiser{Name: orElse(d.Name, "the network"), Token: "TOKEN", ClickParam: d.ClickParam, Macros: catalog.Macros{
		ClickID: d.ClickMacro, Payout: d.PayoutMacro, Amount: d.AmountMacro, Currency: d.CurrencyMacro, TxID: d.TxIDMacro, Status: d.StatusMacro, Goal: d.GoalMacro}}
	n := note{For: "template"}
	if t, ok := catalog.FindNetworkTemplate(d.Template); ok {
		n.Text = t.Notes
	}
	box := c.samplePostback(&catalog.OfferDoc{PayoutKind: catalog.PayoutPostback}, a)
	box.Title, box.Note = "Its postback, for an offer with Auto payout", "TOKEN stands for the token, which is on the advertiser's page."
	return []previewBox{box, {Title: "Appended to offer URLs", URL: []urlPart{{Text: "https://shop.example/?" + orElse(d.ClickParam, "click_id") + "="}, {macro.Tokens[macro.ClickID].Sample, true}}}}, []note{n}, nil
}

// goalPreview prices a goal by its own terms, and where it has none by its offer's.
func goalPreview(c *call, doc catalog.Doc) ([]previewBox, []note, error) {
	d, ok := doc.(*catalog.GoalDoc)
	if !ok || d.Offer == "" {
		return nil, nil, nil
	}
	e, err := get[*catalog.Offer](c, catalog.KindOffer, d.Offer)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	o, ok := catalog.DocOf(e, e.Currency).(*catalog.OfferDoc)
	if !ok {
		return nil, nil, nil
	}
	if d.PayoutKind != "" {
		o.PayoutKind, o.Payout, o.PayoutPercent, o.Precedence, o.GeoPayouts = d.PayoutKind, d.Payout, d.PayoutPercent, d.Precedence, d.GeoPayouts
	}
	if d.CommissionKind != "" {
		o.CommissionKind, o.Commission, o.CommissionPercent = d.CommissionKind, d.Commission, d.CommissionPercent
	}
	return []previewBox{samplePrice(o)}, nil, nil
}

// samplePrice is what one order would pay, and to whom.
func samplePrice(d *catalog.OfferDoc) previewBox {
	box := previewBox{Title: "A sale of " + sampleSale + "\u00a0" + d.Currency + " pays"}
	cur, err := money.ParseCurrency(d.Currency)
	if err != nil {
		return previewBox{Title: "What a sale pays", Problem: "The currency is not an ISO 4217 code."}
	}
	sale, err := money.ParseAmount(sampleSale, cur, money.ParseOptions{})
	if err != nil { // a currency without decimals
		sale = money.Amount{Minor: 100, Currency: cur}
		box.Title = "A sale of " + withCurrency(sale.Minor, d.Currency) + " pays"
	}
	payout, known := priceOf(d.PayoutKind, d.Payout, d.PayoutPercent, sale, sale)
	say := func(label string, a money.Amount, ok bool) pair {
		if !ok {
			return pair{Label: label, Value: undefined}
		}
		return pair{Label: label, Value: withCurrency(a.Minor, d.Currency)}
	}
	if d.PayoutKind == catalog.PayoutPostback {
		box.Pairs = append(box.Pairs, pair{Label: "Us", Value: "what the postback says"})
		if d.Payout != "" {
			fallback, ok := priceOf(catalog.PayoutFixed, d.Payout, "", sale, sale)
			box.Pairs = append(box.Pairs, say("Without a payout in it", fallback, ok))
		} else {
			box.Pairs = append(box.Pairs, pair{Label: "Without a payout in it", Value: withCurrency(0, d.Currency), Tone: "warn"})
		}
	} else {
		box.Pairs = append(box.Pairs, say("Us", payout, known))
		box.Pairs = append(box.Pairs, geoPairs(d, sale)...)
		sent := "what it says"
		if d.Precedence == catalog.ManualWins {
			sent = "the same"
		}
		box.Pairs = append(box.Pairs, pair{Label: "If the postback says otherwise", Value: sent})
	}
	switch {
	case d.CommissionKind == catalog.CommissionNone || d.CommissionKind == "":
		box.Pairs = append(box.Pairs, pair{Label: "Publisher", Value: "nothing"})
	case d.CommissionKind == catalog.CommissionPercentPayout && d.PayoutKind == catalog.PayoutPostback:
		box.Pairs = append(box.Pairs, pair{Label: "Publisher", Value: d.CommissionPercent + thin + "% of that"})
	default:
		comm, ok := priceOf(d.CommissionKind, d.Commission, d.CommissionPercent, sale, payout)
		box.Pairs = append(box.Pairs, say("Publisher", comm, ok && (known || d.CommissionKind != catalog.CommissionPercentPayout)))
		if ok && known && d.PayoutKind != catalog.PayoutPostback {
			if rest, err := payout.Sub(comm); err == nil {
				p := say("Profit", rest, true)
				if rest.Sign() < 0 {
					p.Tone = "bad"
				}
				box.Pairs = append(box.Pairs, p)
			}
		}
	}
	return box
}

// maxGeoPairs bounds how many countries the preview lists.
const maxGeoPairs = 8

// geoPairs are the payouts of countries.
func geoPairs(d *catalog.OfferDoc, sale money.Amount) []pair {
	if d.PayoutKind != catalog.PayoutFixed {
		return nil
	}
	var out []pair
	for i, g := range d.GeoPayouts {
		if i == maxGeoPairs {
			out = append(out, pair{Label: "and " + itoa(len(d.GeoPayouts)-i) + " more", Value: ""})
			break
		}
		code := strings.ToUpper(strings.TrimSpace(g.Country))
		p := pair{Label: "· from " + orElse(visitor.CountryName(code), "…"), Value: undefined}
		if a, ok := priceOf(catalog.PayoutFixed, strings.TrimSpace(g.Payout), "", sale, sale); ok {
			p.Value = withCurrency(a.Minor, d.Currency)
		}
		if !catalog.KnownCountry(code) {
			p.Label, p.Tone = "· from "+orElse(g.Country, "…"), "bad"
		}
		out = append(out, p)
	}
	return out
}

// priceOf is one term of an offer, as far as what is typed can be read.
func priceOf(kind, fixed, percent string, sale, payout money.Amount) (money.Amount, bool) {
	base := sale
	switch kind {
	case catalog.PayoutFixed: // also the commission's
		a, err := money.ParseAmount(fixed, sale.Currency, money.ParseOptions{})
		return a, err == nil
	case catalog.CommissionPercentPayout:
		base = payout
	case catalog.PayoutPercent, catalog.CommissionPercentSale:
	default:
		return money.Amount{}, false
	}
	pct, err := money.ParseDecimal(percent)
	if err != nil {
		return money.Amount{}, false
	}
	a, err := money.Percent(base, pct)
	return a, err == nil
}
