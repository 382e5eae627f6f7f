package console

import (
	"net/http"
	"net/url"
	"strconv"

	"clickledger/internal/catalog"
	"clickledger/internal/payout"
	"clickledger/internal/portal"
)

// myPayouts are the publisher's payouts, and how it is paid.
func (c *call) myPayouts() error { return c.showMyPayouts(http.StatusOK, nil, nil) }

func (c *call) showMyPayouts(status int, posted url.Values, errs map[string]string) error {
	m, err := c.pub.PayoutMethod(c.r.Context())
	if err != nil {
		return err
	}
	page, err := c.pub.Payouts(c.r.Context(), portal.Paging{Cursor: c.param("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	t := &table{Label: "Payouts", Columns: []column{{Label: "Reference", Class: "fill"}, {Label: "To", Class: "opt"}, {Label: "Settled", Class: "opt"}, {Label: "State"}, {Label: "Remark", Class: "wide"}, {Label: "Amount", Class: "num"}},
		Empty: &empty{Sentence: "Nothing was paid yet. What is available is paid by the program's next run."}}
	for _, v := range page.Rows {
		when := cell{Class: "opt"}
		if v.Settled != nil {
			when = timeCell(v.Settled.UnixMicro(), c.loc, c.Now()).with("opt")
		}
		st := map[string]cell{"in_payment": {Word: "in payment", Tone: "warn"}, "paid": {Word: "paid", Tone: "good"}, "failed": {Word: "failed", Tone: "bad", Title: v.Reason}}[v.State]
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: v.ID, Class: "fill mono cut"}, {Text: v.Details, Class: "opt cut", Title: payout.KindName(v.Method)}, when, st,
			textCell(orElse(v.Reason, v.Reference)).with("wide cut"), {Text: withCurrency(v.Amount.Minor, v.Amount.Currency), Class: "num"}}})
	}
	if page.Next != "" {
		t.Next = c.same("after", page.Next)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	now := methodPairs(&payout.Method{Kind: m.Kind, Currency: m.Currency, Exchanges: m.Exchange, Masked: m.Details})
	if m.Kind == payout.KindNone {
		now[0].Value = "None: nothing can be paid before there is one."
	}
	if m.Changed != nil {
		now = append(now, pair{Label: "Changed", Value: minute(m.Changed.UnixMicro(), c.loc), Title: utc(m.Changed.UnixMicro())})
	}
	p := panelsPage{Head: head{Title: "Payouts"}, Panels: []panel{{ID: "now", Title: "How you are paid", Pairs: now}, {ID: "payouts", Title: "Payouts", Note: "Newest first. What failed is available again.", Table: t}}}
	if c.pub.Writes() {
		f := methodForm(c.plain("payouts"), m.Version, orValues(posted, url.Values{"kind": {orElse(c.param("kind"), m.Kind)}, "currency": {m.Currency}, "exchange": {strconv.FormatBool(m.Exchange)}}), errs)
		p.Panels = append(p.Panels, panel{ID: "method", Title: "Change how you are paid", Note: "All of it at once: what is stored is kept sealed and not shown again. Payments that are under way keep the old one.", Form: &f})
	}
	return showStatus(c, status, "panels", "Payouts", p)
}

// myMethodSave changes how the publisher is paid.
func (c *call) myMethodSave() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = -1
	}
	_, err = c.pub.SetPayoutMethod(c.r.Context(), version, methodOf(v))
	if errs, refused := fieldErrors(err); refused {
		return c.showMyPayouts(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	c.say("The payout method was changed.", nil)
	return c.redirect(c.plain("payouts"))
}
