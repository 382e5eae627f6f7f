package console

import (
	"errors"
	"net/http"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/money"
)

// previewPage is the panel beside a form: what the values typed so far would do.
type previewPage struct{ Boxes []previewBox }

type previewBox struct {
	Title   string
	URL     string
	Problem string
	Pairs   []pair
	Note    string
}

// sampleSale is the order the preview prices, in units of the currency.
const sampleSale = "100.00"

// preview shows the consequence of a form without saving it.
func (c *call) preview() error {
	ed, _, err := c.editor()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := catalog.NewDoc(ed.kind)
	if o, ok := d.(*catalog.OfferDoc); ok {
		o.Currency = c.ws.Currency // a saved offer's form does not post it
	}
	readDoc(d, v)
	var p previewPage
	switch d := d.(type) {
	case *catalog.OfferDoc:
		p.Boxes = []previewBox{sampleURL("A sample visitor goes to", macro.ClickTokens, d.URL), samplePrice(d)}
	case *catalog.PublisherDoc:
		if d.PostbackURL != "" {
			p.Boxes = []previewBox{sampleURL("A sample conversion calls", macro.PostbackTokens, d.PostbackURL)}
		}
	}
	b, err := c.ui.render("content", "preview", view[previewPage]{Page: p})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, b)
}

// sampleURL renders a URL with the sample values of its tokens.
func sampleURL(title string, tbl *macro.Table, raw string) previewBox {
	box := previewBox{Title: title}
	if raw == "" {
		box.Note = "The URL shows here as you type."
		return box
	}
	t, err := macro.ParseURLWith(tbl, raw)
	var bad *macro.Error
	if errors.As(err, &bad) {
		box.Problem = sentence(bad.Msg)
		return box
	}
	if err != nil {
		box.Problem = sentence(err.Error())
		return box
	}
	var v macro.Values
	for _, id := range tbl.IDs() {
		v[id] = macro.Tokens[id].Sample
	}
	box.URL = string(t.Append(nil, &v))
	if tbl == macro.ClickTokens && !t.Uses(macro.ClickID) {
		box.Note = "The URL does not carry {click_id}, so the advertiser cannot send it back. Add it, or let it be appended (under Tracking)."
	}
	return box
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
	} else {
		box.Pairs = append(box.Pairs, say("Us", payout, known))
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
