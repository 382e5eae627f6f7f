package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/money"
	"clickledger/internal/upload"
)

// What people do to conversions besides deciding: holds, refunds, stated amounts; many at
// once by ticking or by a file; and bonuses to publishers.

// heldWords says who holds a conversion back and why.
func heldWords(cv *conversion.Conversion) string {
	if cv.Hold == conversion.HoldStaff {
		return "Held, until somebody releases it: " + sentence(cv.HoldNote)
	}
	return "Held, until somebody decides: beyond the " + cv.OverCap + "."
}

// clippedReason is why, as far as it may be told.
func clippedReason(v url.Values) string {
	reason := strings.TrimSpace(v.Get("reason"))
	if r := []rune(reason); len(r) > 500 {
		reason = string(r[:500])
	}
	return reason
}

// hold holds a conversion back, or releases it.
func (c *call) hold() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id, held, reason := c.r.PathValue("id"), v.Get("held") == "true", clippedReason(v)
	if held && reason == "" {
		reason = "no reason was given"
	}
	_, err = c.Decide.SetHold(c.r.Context(), c.who, c.ws.ID, id, held, reason)
	if err != nil {
		return err
	}
	said := "The conversion is released and goes on as any other."
	if held {
		said = "The conversion is held: nobody approves it and no payout takes it up until it is released."
	}
	c.say(said, nil)
	return c.redirect(c.at("conversions/" + id))
}

// tickable puts a box before each conversion about which something can be decided.
func tickable(t *table, rows []*conversion.Conversion) {
	t.Columns = append([]column{{All: true, Class: "act"}}, t.Columns...)
	for i, cv := range rows {
		pick := cell{Class: "act"}
		if cv.Status != conversion.Reversed && cv.Status != conversion.Locked && cv.Status != conversion.Paid {
			pick = cell{Pick: cv.ID, Class: "act", Title: orElse(cv.Order, cv.ID)}
		}
		t.Rows[i].Cells = append([]cell{pick}, t.Rows[i].Cells...)
	}
}

// decideTicked decides the ticked conversions, all or none.
func (c *call) decideTicked() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	do, reason := v.Get("to"), clippedReason(v)
	var steps []books.Step
	for _, id := range v["id"] {
		steps = append(steps, books.Step{Conversion: id, Do: do, Reason: reason})
	}
	refusal := do == string(conversion.Rejected) || do == string(conversion.Reversed) || do == books.DoHold
	switch {
	case len(steps) == 0:
		return c.showConversions(http.StatusUnprocessableEntity, "Tick the conversions first.", reason)
	case refusal && reason == "":
		return c.showConversions(http.StatusUnprocessableEntity, "Say why: it is kept, and the publisher will ask.", "")
	}
	results, done, err := c.Decide.DecideAll(c.r.Context(), c.who, c.ws.ID, steps, false)
	if errors.Is(err, books.ErrTooMany) {
		return c.showConversions(http.StatusUnprocessableEntity, fmt.Sprintf("At most %d at once.", books.MaxSteps), reason)
	}
	if err != nil {
		return err
	}
	changed := 0
	for _, r := range results {
		if r.Changed {
			changed++
		}
		if r.Code != "" && !done {
			return c.showConversions(http.StatusConflict, "Nothing was changed, since one of them cannot be: "+sentence(r.Detail), reason)
		}
	}
	c.say(plural(int64(changed), "conversion was", "conversions were")+" "+do+".", nil)
	return c.redirect(local(v.Get("back"), c.at("conversions")))
}

// adjustmentStep tells a refund, or that somebody stated the amounts.
func (c *call) adjustmentStep(a *conversion.Adjustment) step {
	s := step{Tone: "warn", Title: "Refunded", at: a.At, Sentence: "The customer has " + a.Asked + " back; everything falls in proportion, by " + c.actor(a.Actor) + "."}
	if a.Asked == "all" {
		s.Sentence = "The customer has all of it back, by " + c.actor(a.Actor) + "."
	}
	if a.Kind == conversion.AdjustChange {
		s.Title, s.Sentence = "Amounts stated", "Somebody stated what it is worth: "+a.Asked+", by "+c.actor(a.Actor)+"."
	}
	s.Pairs = []pair{{Label: "Sale", Value: withCurrency(a.Sale, a.Currency)}, {Label: "Revenue", Value: withCurrency(a.Revenue, a.Currency)}, {Label: "Commission", Value: withCurrency(a.Commission, a.Currency)}, {Label: "Id", Value: a.Key}}
	if a.Reason != "" {
		s.Pairs = append(s.Pairs, pair{Label: "Reason", Value: a.Reason})
	}
	return s
}

// refundDoc is the form of a refund.
type refundDoc struct {
	Amount   string `json:"amount" doc:"In the conversion's currency. Empty: all that is left."`
	RefundID string `json:"refund_id" doc:"The shop's: the same again does nothing. A part needs one."`
	Reason   string `json:"reason" doc:"It is kept with the conversion."`
}

// amountsDoc is the form of stated amounts.
type amountsDoc struct {
	Sale       string `json:"sale" doc:"What the customer paid. Empty: as it is."`
	Revenue    string `json:"revenue" doc:"What it pays you. Empty: as it is."`
	Commission string `json:"commission" doc:"What it pays the publisher. Empty: as it is."`
	Reason     string `json:"reason" doc:"It is kept with the conversion."`
}

// bonusDoc is the form of a bonus.
type bonusDoc struct {
	Amount   string `json:"amount" doc:"In favour of the publisher; with a minus against it."`
	Currency string `json:"currency" doc:"Of the amount."`
	Reason   string `json:"reason" doc:"The books keep it."`
}

var (
	refundSections = []sectionSpec{{fields: []fieldSpec{
		{name: "amount", optional: true, width: "w3", mode: "decimal", example: "20.00"}, {name: "refund_id", label: "Refund id", optional: true, width: "w3", code: true}, {name: "reason", example: "one of two returned"},
	}}}
	amountsSections = []sectionSpec{{fields: []fieldSpec{
		{name: "sale", label: "Sale amount", optional: true, width: "w2", mode: "decimal"}, {name: "revenue", optional: true, width: "w2", mode: "decimal"}, {name: "commission", optional: true, width: "w2", mode: "decimal"}, {name: "reason", example: "agreed by mail"},
	}}}
	bonusSections = []sectionSpec{{fields: []fieldSpec{
		{name: "amount", width: "w3", mode: "decimal", example: "50.00"}, {name: "currency", width: "w3"}, {name: "reason", example: "best of the month"},
	}}}
)

// adjustForm is one of these forms: about a conversion or a publisher.
type adjustForm struct {
	title, path, back, backTitle, submit string
	doc                                  any
	sections                             []sectionSpec
	says                                 string
}

func (c *call) showAdjust(code int, f adjustForm, posted url.Values, err error) error {
	p := entryPage{Head: head{Crumb: &link{Label: f.backTitle, URL: f.back}, Title: f.title}, Verdict: &verdictLine{f.says, ""}}
	errs, refused := fieldErrors(err)
	var r *conversion.Refusal
	switch {
	case errors.As(err, &r):
		code, errs = http.StatusUnprocessableEntity, map[string]string{}
		if r.Field == "status" || r.Field == "key" || r.Field == "" {
			p.Verdict = &verdictLine{r.Detail, "bad"}
		} else {
			errs[r.Field] = withCode(r.Detail, string(r.Verdict))
		}
	case refused:
		code = http.StatusUnprocessableEntity
	case err != nil:
		return err
	}
	p.Form = docForm(f.doc, f.sections, nil, posted, errs)
	p.Form.Action, p.Form.Submit, p.Form.Cancel = f.path, f.submit, f.back
	p.Form.Hidden = append(p.Form.Hidden, onceInput(posted))
	return showStatus(c, code, "entry", f.title, p)
}

// typedAmount reads an amount of these forms.
func typedAmount(bad *catalog.Invalid, field, text string, c money.Currency, negative bool) int64 {
	a, err := money.ParseAmount(strings.TrimSpace(text), c, money.ParseOptions{AllowNegative: negative})
	var wrong *money.Error
	if errors.As(err, &wrong) {
		bad.Add(field, string(wrong.Code), text, wrong.Msg)
	}
	return a.Minor
}

func needReason(bad *catalog.Invalid, reason string) {
	if strings.TrimSpace(reason) == "" {
		bad.Add("reason", "required", "", "Say why: it is kept.")
	}
}

// adjustable finds the conversion of the path, for who may write.
func (c *call) adjustable() (*conversion.Conversion, error) {
	if !c.write() {
		return nil, catalog.ErrNotFound
	}
	return c.findConversion(c.r.PathValue("id"))
}

func (c *call) refundPage(cv *conversion.Conversion, d *refundDoc) adjustForm {
	says := "Revenue " + withCurrency(cv.Revenue, cv.Currency) + " and commission " + withCurrency(cv.Commission, cv.Currency) + " fall in proportion"
	if cv.HasSale {
		says += " to what is left of the sale of " + withCurrency(cv.SaleAmount, cv.Currency)
	}
	says += ". With nothing left it is reversed."
	if cv.Status == conversion.Locked || cv.Status == conversion.Paid {
		says += " A payout has it already: the commission is taken off the publisher's next one."
	}
	at := c.plain("conversions/" + cv.ID)
	return adjustForm{title: "Refund", path: at + "/refund", back: c.at("conversions/" + cv.ID), backTitle: "Conversion", submit: "Book the refund", doc: d, sections: refundSections, says: says}
}

func (c *call) refundForm() error {
	cv, err := c.adjustable()
	if err != nil {
		return err
	}
	return c.showAdjust(http.StatusOK, c.refundPage(cv, &refundDoc{}), nil, nil)
}

// onceKey names what a form does, so that the same form sent twice counts once.
func onceKey(v url.Values) string {
	key := v.Get(onceField)
	if key == "" || len(key) > 64 {
		key = requestID()
	}
	return "console " + key
}

func (c *call) refundSent() error {
	cv, err := c.adjustable()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := &refundDoc{}
	readDoc(d, v)
	bad := &catalog.Invalid{}
	needReason(bad, d.Reason)
	r := conversion.Refund{Key: strings.TrimSpace(d.RefundID), Whole: strings.TrimSpace(d.Amount) == "", Reason: clippedReason(v), Amount: money.Amount{Currency: money.Currency(cv.Currency)}}
	switch {
	case r.Whole && r.Key == "":
		r.Key = conversion.RefundWhole
	case r.Key == "":
		bad.Add("refund_id", "required", "", "A refund of a part needs its id, so that the same one sent twice counts once.")
	}
	if !r.Whole {
		r.Amount.Minor = typedAmount(bad, "amount", d.Amount, r.Amount.Currency, false)
	}
	err = bad.Err()
	fresh := false
	if err == nil {
		cv, _, fresh, err = c.refunded(cv, r)
	}
	if err != nil {
		return c.showAdjust(http.StatusOK, c.refundPage(cv, d), v, err)
	}
	said := "The refund was booked: the conversion is " + string(cv.Status) + " and worth " + withCurrency(cv.Revenue, cv.Currency) + "."
	if !fresh {
		said = "The refund had been booked before. Nothing was changed."
	}
	c.say(said, nil)
	return c.redirect(c.at("conversions/" + cv.ID))
}

// refunded books a refund; on an error the conversion is the one of before.
func (c *call) refunded(cv *conversion.Conversion, r conversion.Refund) (*conversion.Conversion, *conversion.Adjustment, bool, error) {
	after, a, fresh, err := c.Decide.Refund(c.r.Context(), c.who, c.ws.ID, cv.ID, r)
	if err != nil {
		return cv, nil, false, err
	}
	return after, a, fresh, nil
}

func (c *call) amountsPage(cv *conversion.Conversion, d *amountsDoc) adjustForm {
	says := "It is worth revenue " + withCurrency(cv.Revenue, cv.Currency) + " and commission " + withCurrency(cv.Commission, cv.Currency) + ". The difference is booked as an adjustment; it is not repriced any more."
	at := c.plain("conversions/" + cv.ID)
	return adjustForm{title: "Change amounts", path: at + "/amounts", back: c.at("conversions/" + cv.ID), backTitle: "Conversion", submit: "Book the difference", doc: d, sections: amountsSections, says: says}
}

func (c *call) amountsForm() error {
	cv, err := c.adjustable()
	if err != nil {
		return err
	}
	return c.showAdjust(http.StatusOK, c.amountsPage(cv, &amountsDoc{}), nil, nil)
}

func (c *call) amountsSent() error {
	cv, err := c.adjustable()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := &amountsDoc{}
	readDoc(d, v)
	bad := &catalog.Invalid{}
	needReason(bad, d.Reason)
	w := conversion.Worth{Key: onceKey(v), Reason: clippedReason(v)}
	for _, x := range []struct {
		field, text string
		to          **int64
	}{{"sale", d.Sale, &w.Sale}, {"revenue", d.Revenue, &w.Revenue}, {"commission", d.Commission, &w.Commission}} {
		if strings.TrimSpace(x.text) != "" {
			minor := typedAmount(bad, x.field, x.text, money.Currency(cv.Currency), false)
			*x.to = &minor
		}
	}
	err = bad.Err()
	if err == nil {
		_, _, _, err = c.Decide.Restate(c.r.Context(), c.who, c.ws.ID, cv.ID, w)
	}
	if err != nil {
		return c.showAdjust(http.StatusOK, c.amountsPage(cv, d), v, err)
	}
	c.say("The difference was booked.", nil)
	return c.redirect(c.at("conversions/" + cv.ID))
}

func (c *call) bonusPage(p *catalog.Publisher, d *bonusDoc) adjustForm {
	at := c.plain("publishers/" + p.ID)
	return adjustForm{title: "Bonus or correction", path: at + "/bonus", back: c.at("publishers/" + p.ID), backTitle: p.Name, submit: "Book it", doc: d, sections: bonusSections,
		says: "It belongs to no conversion: what is available to " + p.Name + " changes at once."}
}

// paid finds the publisher of the path, for who may write.
func (c *call) paid() (*catalog.Publisher, error) {
	if !c.write() {
		return nil, catalog.ErrNotFound
	}
	return get[*catalog.Publisher](c, catalog.KindPublisher, c.r.PathValue("id"))
}

func (c *call) bonusForm() error {
	p, err := c.paid()
	if err != nil {
		return err
	}
	return c.showAdjust(http.StatusOK, c.bonusPage(p, &bonusDoc{Currency: c.ws.Currency}), nil, nil)
}

func (c *call) bonusSent() error {
	p, err := c.paid()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := &bonusDoc{}
	readDoc(d, v)
	bad := &catalog.Invalid{}
	needReason(bad, d.Reason)
	currency, cerr := money.ParseCurrency(strings.TrimSpace(d.Currency))
	if cerr != nil {
		bad.Add("currency", "unknown_currency", d.Currency, "Must be an ISO 4217 code, such as USD.")
	}
	b := conversion.BalanceAdjustment{Key: onceKey(v), Publisher: p.ID, Currency: string(currency), Reason: clippedReason(v)}
	if cerr == nil {
		b.Amount = typedAmount(bad, "amount", d.Amount, currency, true)
	}
	err = bad.Err()
	if err == nil {
		_, _, err = c.Decide.AdjustBalance(c.r.Context(), c.who, c.ws.ID, b)
	}
	if err != nil {
		return c.showAdjust(http.StatusOK, c.bonusPage(p, d), v, err)
	}
	c.say(withCurrency(b.Amount, b.Currency)+" was booked to "+p.Name+".", nil)
	return c.redirect(c.at("publishers/" + p.ID))
}

func (c *call) newStatusPage() uploadPage {
	p := uploadPage{Head: head{Crumb: &link{Label: "Conversions", URL: c.at("conversions")}, Title: "Upload decisions"},
		Action: c.plain("conversions/statuses"), Example: c.plain("conversions/statuses.csv"), Sample: "txid,goal,status,reason,amount,refund_id",
		Limits: fmt.Sprintf("At most %d rows. All of them are carried out, or none; you see first what would become of each.", books.MaxSteps),
		Names:  "The first line names them. A status is one of " + strings.Join(books.Doings, ", ") + "."}
	for _, names := range upload.StatusColumns() {
		p.Columns = append(p.Columns, pair{Label: names[0], Value: strings.Join(names[1:], ", ")})
	}
	return p
}

// statusForm shows the form of a file of decisions.
func (c *call) statusForm() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	return showStatus(c, http.StatusOK, "upload", "Upload decisions", c.newStatusPage())
}

// statusExample is a file to begin from.
func (c *call) statusExample() error {
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="decisions-example.csv"`)
	h.Set("Cache-Control", "private, no-store")
	_, _ = c.w.Write(upload.StatusExample()) // the visitor may have left
	return nil
}

// statusSent previews a file of decisions, and carries it out once that is confirmed.
func (c *call) statusSent() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	p := c.newStatusPage()
	sent, err := c.uploadParts()
	var sheet *upload.StatusSheet
	if err == nil {
		if len(sent.text) <= upload.MaxBytes {
			p.Text = strings.ToValidUTF8(string(sent.text), "\ufffd")
		}
		sheet, err = upload.ReadStatuses(sent.text)
	}
	var bad *upload.FileError
	if errors.As(err, &bad) {
		p.Problem = bad.Error()
		if len(sent.text) == 0 && bad.Code == upload.CodeEmpty {
			p.Problem = "Choose a file, or paste its rows."
		}
		return showStatus(c, http.StatusUnprocessableEntity, "upload", "Upload decisions", p)
	}
	if err != nil {
		return err
	}
	o, err := upload.Decide(c.r.Context(), c.Books, c.Decide, c.who, c.ws.ID, sheet, !sent.record)
	if err != nil {
		return err
	}
	c.fillStatuses(&p, o)
	return showStatus(c, http.StatusOK, "upload", "Upload decisions", p)
}

// fillStatuses shows what became, or would become, of the rows.
func (c *call) fillStatuses(p *uploadPage, o *upload.StatusOutcome) {
	p.Figures = []figure{{Label: "Rows", Value: count(int64(len(o.Lines)))}, {Label: map[bool]string{true: "Changed", false: "To change"}[o.Done], Value: count(int64(o.Changed))}, {Label: "So already", Value: count(int64(o.Same))}, {Label: "Wrong", Value: count(int64(o.Wrong))}}
	if len(o.Sheet.Ignored) > 0 {
		p.Notes = append(p.Notes, "Columns that are not read: "+strings.Join(o.Sheet.Ignored, ", ")+".")
	}
	t := &table{Label: "Rows", Columns: []column{{Label: "Line", Class: "num"}, {Label: "Result"}, {Label: "Column", Class: "opt"}, {Label: "Why, or what it is then", Class: "wrap"}, {Label: "Order", Class: "opt"}}}
	add := func(l *upload.StatusLine) {
		word, tone, href := "changed", "good", ""
		switch {
		case l.Code != "":
			word, tone = words(l.Code), "bad"
		case !l.Changed:
			word, tone = "so already", "muted"
		}
		if l.StepResult.Conversion != nil {
			href = c.at("conversions/" + l.StepResult.Conversion.ID)
		}
		t.Rows = append(t.Rows, row{Href: href, Off: word == "so already", Cells: []cell{
			{Text: count(int64(l.Line)), Class: "num"}, {Text: word, Href: href, Tone: tone, Class: "lead"}, textCell(l.Field).with("opt"), {Text: l.Detail, Class: "wrap"}, textCell(l.TxID).with("opt cut"),
		}})
	}
	for _, wrong := range []bool{true, false} {
		for i := range o.Lines {
			if (o.Lines[i].Code != "") == wrong && len(t.Rows) < linesShown {
				add(&o.Lines[i])
			}
		}
	}
	p.Lines = t
	switch {
	case o.Done:
		p.Head.State = &state{Word: "done", Tone: "good"}
		p.Done = plural(int64(o.Changed), "conversion was", "conversions were") + " changed."
	case o.Wrong > 0:
		p.Problem = plural(int64(o.Wrong), "row is", "rows are") + " wrong, so nothing is carried out. Mend the file and send it again."
	case o.Changed > 0:
		p.Confirm = &confirmView{Action: p.Action, Hidden: []hidden{{"do", "record"}}, Text: p.Text, Button: "Carry out " + plural(int64(o.Changed), "decision", "decisions"),
			Says: []string{"All of them in one transaction, each with its money in the ledger and the postbacks to publishers."}}
	default:
		p.Done = "Everything is so already."
	}
}
