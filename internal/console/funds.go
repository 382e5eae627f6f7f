package console

import (
	"net/http"
	"net/url"

	"clickledger/internal/catalog"
	"clickledger/internal/funds"
)

// fundWords say how an advertiser's money stands.
var fundWords = map[funds.State]cell{funds.Enough: {Word: "enough", Tone: "good"}, funds.Low: {Word: "low", Tone: "warn"}, funds.UsedUp: {Word: "used up", Tone: "bad"}}

// fundsPanels are what an advertiser has paid, and the form to record a payment.
func (c *call) fundsPanels(a *catalog.Advertiser, posted url.Values, errs map[string]string) ([]panel, error) {
	if c.Funds == nil {
		return nil, nil
	}
	fs, err := c.Funds.Of(c.r.Context(), c.who, c.ws.ID, a.ID)
	if err != nil {
		return nil, err
	}
	ps, err := c.Funds.List(c.r.Context(), c.who, c.ws.ID, a.ID, "", 20)
	if err != nil {
		return nil, err
	}
	note := "What it paid, on account or ahead. It is billed: its offers run whatever it owes."
	if a.Prepaid {
		note = "It pays ahead: an offer takes visitors while something is left in its currency."
	}
	p := panel{ID: "funds", Title: "Payments", Note: note}
	if a.Prepaid {
		t := &table{Label: "What is left", Columns: []column{{Label: "Currency", Class: "fill"}, {Label: "Paid ahead", Class: "num"}, {Label: "Owed", Class: "num"}, {Label: "Left", Class: "num"}, {Label: "State"}},
			Empty: &empty{Sentence: "Nothing was paid yet, so its offers take no visitors. Record a payment below."}}
		for _, f := range fs {
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: f.Currency, Class: "fill lead"}, amountCell(f.Paid, f.Currency), amountCell(f.Owed, f.Currency), amountCell(f.Left(), f.Currency), fundWords[f.State]}})
		}
		p.Table = t
	}
	list := panel{ID: "payments", Table: &table{Label: "Payments", Columns: []column{{Label: "Reference", Class: "fill"}, {Label: "For"}, {Label: "When", Class: "opt"}, {Label: "Reason", Class: "wide"}, {Label: "Amount", Class: "num"}},
		Empty: &empty{Sentence: "No payment was recorded."}}}
	for _, x := range ps {
		list.Table.Rows = append(list.Table.Rows, row{Cells: []cell{
			{Text: x.Reference, Class: "fill lead", Title: x.Reference}, {Text: paymentWords[x.Kind]}, timeCell(x.At, c.loc, c.Now()).with("opt"),
			textCell(x.Reason).with("wide cut"), {Text: withCurrency(x.Amount, x.Currency), Class: "num"},
		}})
	}
	panels := []panel{p, list}
	if c.write() {
		if posted == nil {
			posted = url.Values{"currency": {c.ws.Currency}}
		}
		f := plainForm("pay", c.plain("advertisers/"+a.ID+"/payments"), "Record", []fieldSpec{
			{name: "amount", width: "w2", mode: "decimal", example: "500.00", help: "Negative: paid back."},
			{name: "currency", width: "w2", example: "USD"},
			{name: "kind", label: "For", width: "w2", choices: options("ahead", "conversions to come", "owed", "what was billed")},
			{name: "reference", width: "w4", example: "SEPA 2026-0131-77", help: "What the bank calls it, or the number of the invoice."},
			{name: "date", width: "w2", optional: true, example: "2026-01-31", help: "Empty: now."},
			{name: "reason", optional: true, help: "For yourselves. Needed where it is paid back."},
		}, posted, errs)
		panels = append(panels, panel{ID: "pay", Title: "Record a payment", Note: "It is booked at once and never changed; a mistake is corrected by the opposite amount.", Form: &f})
	}
	return panels, nil
}

var paymentWords = map[funds.Kind]string{funds.Ahead: "conversions to come", funds.Owed: "what was billed"}

// paymentRecord books a payment.
func (c *call) paymentRecord() error {
	if c.Funds == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	p, err := c.Funds.Record(c.r.Context(), c.who, c.ws.ID, id, v.Get("_key"), funds.PaymentDoc{
		Kind: v.Get("kind"), Amount: v.Get("amount"), Currency: v.Get("currency"), Date: v.Get("date"), Reference: v.Get("reference"), Reason: v.Get("reason")})
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showAdvertiser(http.StatusUnprocessableEntity, v, errs)
	}
	c.say(withCurrency(p.Amount, p.Currency)+" was recorded.", nil)
	return c.redirect(c.at("advertisers/"+id) + "#funds")
}
