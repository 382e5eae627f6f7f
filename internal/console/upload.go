package console

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/upload"
)

// entryDoc is a conversion entered by hand, as the form has it.
type entryDoc struct {
	ClickID   string `json:"click_id" doc:"The 32 characters that the offer URL carried, and that stand on the click's or the signal's page. Empty: the coupon below says whose order it is."`
	Offer     string `json:"offer" doc:"Its id, off_…: needed only where several advertisers have the same coupon."`
	Goal      string `json:"goal" doc:"Key of the goal. Empty: the offer's default goal."`
	TxID      string `json:"txid" doc:"The advertiser's order number. The same again is a duplicate and adds nothing."`
	Payout    string `json:"payout" doc:"What it pays you. Empty: as the offer's terms say."`
	Amount    string `json:"amount" doc:"What the customer paid, where the terms are a percentage of it."`
	Currency  string `json:"currency" doc:"Of both amounts. Empty: the offer's."`
	Status    string `json:"status" doc:"Empty: as the offer says."`
	EventTime string `json:"event_time" doc:"When it happened. Empty: now."`
	Coupon    string `json:"coupon" doc:"Its code. Without a click it needs the order number."`
	Geo       string `json:"geo" doc:"Country, such as DE. Empty: the click's."`

	CommissionID string `json:"commission_id" doc:"Which commission is meant, for commission rules."`
	Customer     string `json:"customer" doc:"The advertiser's id of the customer."`
	Items        string `json:"items" doc:"Joined by |: category:amount, product:category:amount or product:category:amount:quantity."`
}

func (d *entryDoc) entry() conversion.Entry {
	return conversion.Entry{ClickID: strings.ToLower(d.ClickID), Offer: d.Offer, Goal: d.Goal, TxID: d.TxID, Payout: d.Payout, Amount: d.Amount, Currency: d.Currency,
		Status: d.Status, EventTime: d.EventTime, Coupon: d.Coupon, Geo: d.Geo, CommissionID: d.CommissionID, Customer: d.Customer, Items: d.Items}
}

// entryPage is the form of one conversion, and what the judge says to it.
type entryPage struct {
	Head    head
	Verdict *verdictLine
	Confirm *confirmView
	Form    form
	Aside   []asideBox
}

var entrySections = []sectionSpec{
	{fields: []fieldSpec{{name: "click_id", label: "Click id", code: true, optional: true}, {name: "txid", label: "Order number", optional: true, width: "w3"}, {name: "goal", optional: true, width: "w3"}}},
	{title: "Value", fields: []fieldSpec{
		{name: "payout", optional: true, width: "w2", mode: "decimal", example: "12.50"}, {name: "amount", label: "Sale amount", optional: true, width: "w2", mode: "decimal", example: "125.00"},
		{name: "currency", optional: true, width: "w2", example: "USD"},
	}},
	{title: "More", fields: []fieldSpec{
		{name: "event_time", label: "Happened", optional: true, width: "w3", example: "2026-11-03 14:05"},
		{name: "status", optional: true, width: "w3", help: noHelp, choices: []choice{{Value: "", Label: "As the offer says"}, {Value: "pending", Label: "Pending"}, {Value: "approved", Label: "Approved"}, {Value: "rejected", Label: "Rejected"}, {Value: "reversed", Label: "Reversed"}}},
		{name: "coupon", optional: true, width: "w3", code: true}, {name: "geo", label: "Country", optional: true, width: "w3"},
		{name: "offer", optional: true, width: "w3", code: true},
		{name: "customer", optional: true, width: "w3"}, {name: "commission_id", label: "Commission id", optional: true, width: "w3"}, {name: "items", label: "Item lines", optional: true, code: true, example: "sku-1:books:40.00:2"},
	}},
}

// entryForm shows the form of one conversion; ?click_id= and the like fill it in.
func (c *call) entryForm() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	d := &entryDoc{}
	readDoc(d, c.r.URL.Query())
	return c.showEntry(http.StatusOK, d, nil, nil)
}

// entrySent judges what the form says: first as a preview, and, when that is confirmed, for
// good.
func (c *call) entrySent() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := &entryDoc{}
	readDoc(d, v)
	sheet, err := upload.Entries([]conversion.Entry{d.entry()}, c.loc)
	if err != nil {
		return err // one entry is never too many
	}
	o, err := upload.Judge(c.r.Context(), c.Decide, c.who, c.ws.ID, sheet, v.Get("do") != "record")
	if err != nil {
		return err
	}
	l := &o.Lines[0]
	if !o.Dry && l.Took() {
		c.say(label(words(string(l.Verdict)))+". "+l.Detail, nil)
		if l.Conversion != "" {
			return c.redirect(c.at("conversions/" + l.Conversion))
		}
		return c.redirect(c.at("conversions"))
	}
	code := http.StatusOK
	if !l.Took() {
		code = http.StatusUnprocessableEntity
	}
	return c.showEntry(code, d, v, l)
}

func (c *call) showEntry(code int, d *entryDoc, posted url.Values, l *upload.Line) error {
	p := entryPage{Head: head{Crumb: &link{Label: "Conversions", URL: c.at("conversions")}, Title: "Enter a conversion", Actions: []action{{Label: "Upload CSV", URL: c.plain("conversions/upload")}}}}
	errs := map[string]string{}
	if l != nil {
		tone := map[string]string{"bad": "bad", "warn": "warn"}[verdictTone(l.Verdict)]
		p.Verdict = &verdictLine{label(words(string(l.Verdict))) + ". " + l.Detail, tone}
		if !l.Took() && l.Field != "" {
			p.Verdict, errs[l.Field] = nil, withCode(l.Detail, string(l.Verdict))
		}
	}
	if l != nil && (l.Verdict == event.Accepted || l.Verdict == event.Updated) {
		p.Verdict = nil
		p.Confirm = &confirmView{Action: c.plain("conversions/new"), Button: "Record it", Hidden: []hidden{{"do", "record"}}, Says: []string{
			strings.Replace(l.Detail, "was recorded", "would be recorded", 1),
			"It is booked as the advertiser's own postback would be: with its money in the ledger, and the postback to the publisher."}}
		for _, name := range []string{"click_id", "offer", "goal", "txid", "payout", "amount", "currency", "status", "event_time", "coupon", "geo", "commission_id", "customer", "items"} {
			p.Confirm.Hidden = append(p.Confirm.Hidden, hidden{name, posted.Get(name)})
		}
	}
	p.Form = docForm(d, entrySections, nil, posted, errs)
	if len(p.Form.Errors) > 0 {
		p.Form.Problem = "It would be refused."
	}
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.plain("conversions/new"), "Preview", c.at("conversions")
	return showStatus(c, code, "entry", "Enter a conversion", p)
}

// uploadPage is a file of conversions: chosen, previewed, and recorded.
type uploadPage struct {
	Head    head
	Action  string
	Problem string
	Text    string // as it was pasted or chosen, so that nothing is lost
	Example string
	Columns []pair
	Limits  string // what may be in the file
	Names   string // about the names of its columns
	Sample  string // its first line

	Figures []figure
	Notes   []string
	Lines   *table
	Confirm *confirmView
	Done    string
}

// uploadForm shows the form.
func (c *call) uploadForm() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	return c.showUpload(http.StatusOK, c.newUploadPage())
}

func (c *call) newUploadPage() uploadPage {
	p := uploadPage{Head: head{Crumb: &link{Label: "Conversions", URL: c.at("conversions")}, Title: "Upload conversions", Actions: []action{{Label: "Upload decisions", URL: c.plain("conversions/statuses")}, {Label: "Enter one by hand", URL: c.plain("conversions/new")}}},
		Action: c.plain("conversions/upload"), Example: c.plain("conversions/example.csv"), Sample: "click_id,payout,transaction id,goal,timestamp",
		Limits: "At most 10 000 rows and 5 MB. Nothing is recorded before you have seen what would become of each row.",
		Names:  "Times without a zone are in " + c.loc.String() + ". Without a header line the columns are click id, payout, transaction id, goal, timestamp."}
	for _, names := range upload.Columns() {
		p.Columns = append(p.Columns, pair{Label: names[0], Value: strings.Join(names[1:], ", ")})
	}
	return p
}

func (c *call) showUpload(code int, p uploadPage) error {
	return showStatus(c, code, "upload", "Upload conversions", p)
}

// uploadExample is a file to begin from.
func (c *call) uploadExample() error {
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="conversions-example.csv"`)
	h.Set("Cache-Control", "private, no-store")
	_, _ = c.w.Write(upload.Example()) // the visitor may have left
	return nil
}

// uploadSent is a posted upload.
type uploadSent struct {
	text   []byte
	record bool
}

// uploadParts reads the form: a file, or what was pasted; the file wins.
func (c *call) uploadParts() (uploadSent, error) {
	var s uploadSent
	parts, err := c.r.MultipartReader()
	if err != nil {
		return s, errForm
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, partError(err)
		}
		b, err := readPart(part)
		if err != nil {
			return s, err
		}
		switch part.FormName() {
		case "file":
			if part.FileName() != "" && len(b) > 0 {
				s.text = b
			}
		case "text":
			if len(s.text) == 0 {
				s.text = b
			}
		case "do":
			s.record = string(b) == "record"
		}
	}
}

// readPart reads one more byte than a file may have, so that a longer one is known.
func readPart(part *multipart.Part) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(part, upload.MaxBytes+1))
	if err != nil {
		return nil, partError(err)
	}
	return b, nil
}

func partError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &upload.FileError{Code: upload.CodeTooLarge, Msg: fmt.Sprintf("The file is larger than %d MB; split it.", upload.MaxBytes>>20)}
	}
	return errForm
}

// upload previews a file, and records it once that is confirmed.
func (c *call) upload() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	p := c.newUploadPage()
	sent, err := c.uploadParts()
	var sheet *upload.Sheet
	if err == nil {
		if len(sent.text) <= upload.MaxBytes {
			p.Text = strings.ToValidUTF8(string(sent.text), "\ufffd")
		}
		sheet, err = upload.Read(sent.text, c.loc)
	}
	var bad *upload.FileError
	if errors.As(err, &bad) {
		p.Problem = bad.Error()
		if len(sent.text) == 0 && bad.Code == upload.CodeEmpty {
			p.Problem = "Choose a file, or paste its rows."
		}
		return c.showUpload(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	o, err := upload.Judge(c.r.Context(), c.Decide, c.who, c.ws.ID, sheet, !sent.record)
	if err != nil {
		return err
	}
	c.fillUpload(&p, o)
	return c.showUpload(http.StatusOK, p)
}

// fillUpload shows what became, or would become, of the rows.
func (c *call) fillUpload(p *uploadPage, o *upload.Outcome) {
	would := o.Counts[event.Accepted] + o.Counts[event.Updated]
	refused := len(o.Lines)
	for _, l := range o.Lines {
		if l.Took() {
			refused--
		}
	}
	verb := map[bool]string{true: "To record", false: "Recorded"}[o.Dry]
	p.Figures = []figure{{Label: "Rows", Value: count(int64(len(o.Lines)))}, {Label: verb, Value: count(int64(would))}, {Label: "There before", Value: count(int64(o.Counts[event.Duplicate]))}, {Label: "Refused", Value: count(int64(refused))}}
	var by []string
	for _, v := range sortedKeys(o.Counts) {
		by = append(by, words(string(v))+" "+count(int64(o.Counts[v])))
	}
	p.Notes = []string{"By verdict: " + strings.Join(by, ", ") + "."}
	if len(o.Sheet.Ignored) > 0 {
		p.Notes = append(p.Notes, "Columns that are not read: "+strings.Join(o.Sheet.Ignored, ", ")+".")
	}
	if !o.Sheet.Header {
		p.Notes = append(p.Notes, "The file names no columns, so they are taken to be: click id, payout, transaction id, goal, timestamp.")
	}
	p.Lines = c.uploadTable(o)
	switch {
	case !o.Dry:
		p.Head.State = &state{Word: "recorded", Tone: "good"}
		p.Done = plural(int64(would), "conversion was", "conversions were") + " recorded."
		if refused > 0 {
			p.Done += " " + plural(int64(refused), "row was", "rows were") + " refused: mend them and send the file again. What is in the books already adds nothing."
		}
	case would > 0:
		s := plural(int64(would), "conversion is", "conversions are") + " booked as the advertiser's own postbacks would be: with their money in the ledger, and the postbacks to publishers."
		if rest := len(o.Lines) - would; rest > 0 {
			s += " The other " + plural(int64(rest), "row adds", "rows add") + " nothing."
		}
		p.Confirm = &confirmView{Action: p.Action, Hidden: []hidden{{"do", "record"}}, Text: p.Text, Says: []string{s}, Button: "Record " + plural(int64(would), "conversion", "conversions")}
	}
}

// uploadTable shows the rows, those that need attention first.
func (c *call) uploadTable(o *upload.Outcome) *table {
	t := &table{Label: "Rows", Columns: []column{{Label: "Line", Class: "num"}, {Label: "Verdict"}, {Label: "Column", Class: "opt"}, {Label: "Why, or what it is worth", Class: "wrap"}, {Label: "Order", Class: "opt"}, {Label: "Click", Class: "opt"}}}
	lines := make([]*upload.Line, len(o.Lines))
	for i := range o.Lines {
		lines[i] = &o.Lines[i]
	}
	slices.SortStableFunc(lines, func(a, b *upload.Line) int {
		switch {
		case a.Took() == b.Took():
			return 0
		case b.Took():
			return -1
		}
		return 1
	})
	for _, l := range lines[:min(len(lines), linesShown)] {
		href := ""
		switch {
		case l.Conversion != "":
			href = c.at("conversions/" + l.Conversion)
		case l.Signal != "":
			href = c.at("signals/" + l.Signal)
		}
		detail := l.Detail
		if o.Dry && l.Verdict == event.Accepted {
			detail = strings.Replace(detail, "was recorded", "would be recorded", 1)
		}
		click := cell{Text: undefined, Tone: "zero", Class: "opt"}
		if l.Entry.ClickID != "" {
			click = cell{Text: short(l.Entry.ClickID), Title: l.Entry.ClickID, Class: "opt mono"}
		}
		t.Rows = append(t.Rows, row{Href: href, Off: l.Verdict == event.Duplicate, Cells: []cell{
			{Text: count(int64(l.Line)), Class: "num"}, {Text: words(string(l.Verdict)), Href: href, Tone: verdictTone(l.Verdict), Class: "lead"}, textCell(l.Field).with("opt"),
			{Text: detail, Class: "wrap"}, textCell(l.Entry.TxID).with("opt cut"), click,
		}})
	}
	if len(lines) > linesShown {
		t.Count = "The first " + count(linesShown) + " of " + count(int64(len(lines))) + " rows, those that were refused before the others"
	}
	return t
}
