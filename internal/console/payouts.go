package console

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/payout"
)

// payoutsPage is how many runs a page of the list has: each is read with its lines.
const payoutsPage = 30

// payoutState is the state of a run or a line as a word.
func payoutState(s payout.State) cell {
	tone := map[payout.State]string{payout.Draft: "warn", payout.Approved: "warn", payout.Done: "good", payout.Paid: "good", payout.Failed: "bad"}[s]
	word := string(s)
	if s == payout.Approved {
		word = "in payment"
	}
	return cell{Word: word, Tone: orElse(tone, "off")}
}

// payouts lists the runs, and makes one.
func (c *call) payouts() error { return c.showPayouts(http.StatusOK, nil, nil) }

func (c *call) showPayouts(status int, posted url.Values, errs map[string]string) error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	q := payout.RunQuery{Workspace: c.ws.ID, State: payout.State(c.param("state")), Before: c.param("after"), Limit: payoutsPage + 1}
	runs, err := c.Payouts.Runs(c.r.Context(), c.who, q)
	if err != nil {
		return err
	}
	t := &table{Label: "Payout runs", Columns: []column{{Label: "Made"}, {Label: "Note", Class: "fill"}, {Label: "State"}, {Label: "Lines", Class: "num opt"}, {Label: "Amount", Class: "num"}},
		Empty: &empty{Sentence: "A payout run pays publishers what is approved. It begins with a preview, and nothing is taken up before somebody approves it.", API: c.curl("payout-runs", `{}`)}}
	if len(runs) > payoutsPage {
		runs = runs[:payoutsPage]
		t.Next = c.same("after", runs[payoutsPage-1].ID)
	}
	if q.Before != "" {
		t.First = c.same("after", "")
	}
	for _, r := range runs {
		lines, err := c.Payouts.Lines(c.r.Context(), c.who, c.ws.ID, r.ID)
		if err != nil {
			return err
		}
		href := c.plain("payouts/" + r.ID)
		sum := cell{Class: "num"}
		for _, x := range payout.Totals(anyState(lines)) {
			sum.Lines = append(sum.Lines, amountLine{Text: amount(x.Amount, x.Currency), Unit: x.Currency})
		}
		when := timeCell(r.Made, c.loc, c.Now())
		when.Href = href
		t.Rows = append(t.Rows, row{Href: href, Off: r.State == payout.Discarded, Cells: []cell{
			when, {Text: orElse(r.Note, "—"), Class: "fill", Title: r.Note}, payoutState(r.State), {Text: strconv.Itoa(len(lines)), Class: "num opt"}, sum,
		}})
	}
	p := panelsPage{Head: head{Title: "Payouts", Note: "Runs are made by hand: there is no schedule"}, Panels: []panel{{ID: "runs", Table: t}}}
	if c.write() {
		p.Head.Actions = []action{{Label: "Settings", URL: c.plain("payouts/settings")}}
		f := plainForm("run", c.plain("payouts"), "Preview", []fieldSpec{
			{name: "currencies", label: "Currency", width: "w2", optional: true, example: "EUR", help: "Only this one. Empty: all."},
			{name: "note", optional: true, width: "w4", example: "November", help: "For yourselves."},
		}, posted, errs)
		p.Panels = append(p.Panels, panel{ID: "new", Title: "New run", Note: "A preview of who gets what, and who is left out for which reason.", Form: &f})
	}
	return showStatus(c, status, "panels", "Payouts", p)
}

// anyState are lines as if they were of one state: their sums are by currency alone.
func anyState(lines []*payout.Line) []*payout.Line {
	out := make([]*payout.Line, len(lines))
	for i, l := range lines {
		out[i] = &payout.Line{Currency: l.Currency, Amount: l.Amount}
	}
	return out
}

// payoutMake previews a run.
func (c *call) payoutMake() error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	o := payout.Order{Note: v.Get("note"), Currencies: strings.Fields(v.Get("currencies"))}
	r, err := c.Payouts.Make(c.r.Context(), c.who, c.ws.ID, o)
	if errs, refused := fieldErrors(err); refused {
		return c.showPayouts(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	return c.redirect(c.plain("payouts/" + r.ID))
}

// payoutView is what a page of a run is shown with after something was refused.
type payoutView struct {
	refusal string
	posted  url.Values
	errs    map[string]string
}

// payout is a run: who gets what, who is left out, and what can be done now.
func (c *call) payout() error { return c.showPayout(http.StatusOK, payoutView{}) }

func (c *call) showPayout(status int, v payoutView) error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	ctx := c.r.Context()
	r, err := c.Payouts.Run(ctx, c.who, c.ws.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	lines, err := c.Payouts.Lines(ctx, c.who, c.ws.ID, r.ID)
	if err != nil {
		return err
	}
	names := c.payoutNames(r, lines)
	st := payoutState(r.State)
	title := "Payout run of " + minute(r.Made, c.loc)
	p := panelsPage{Head: head{Crumb: &link{Label: "Payouts", URL: c.plain("payouts")}, Title: title, State: &state{Word: st.Word, Tone: st.Tone}, Note: r.Note}}
	if v.refusal != "" {
		p.Notes = []string{v.refusal}
	}
	p.Panels = append(p.Panels, c.payoutAbout(r, lines))
	if c.write() {
		acts, err := c.payoutActs(r, lines, names, v)
		if err != nil {
			return err
		}
		if r.State == payout.Draft {
			p.Head.Actions = []action{{Label: "Refresh preview", URL: c.plain("payouts/" + r.ID + "/refresh"), Post: true}, {Label: "Discard", URL: c.plain("payouts/" + r.ID + "/discard"), Post: true, Kind: "danger"}}
		}
		p.Panels = append(p.Panels, acts...)
	}
	p.Panels = append(p.Panels, panel{ID: "lines", Title: "Lines", Note: "One line for each publisher and currency.", Table: c.payoutLines(lines, names, "Nobody gets anything by this run; what is left out says why.")},
		panel{ID: "left", Title: "Left out", Note: "With the lines, this is what the publishers have available.", Table: c.payoutLeft(r, names)})
	return showStatus(c, status, "panels", title, p)
}

// payoutNames are the names of everybody in a run.
func (c *call) payoutNames(r *payout.Run, lines []*payout.Line) map[string]string {
	ids := slices.Clone(r.Publishers)
	for _, l := range lines {
		ids = append(ids, l.Publisher)
	}
	for _, l := range r.Left {
		ids = append(ids, l.Publisher)
	}
	return c.parties(ids)
}

// payoutAbout says who made and approved a run, and what it comes to.
func (c *call) payoutAbout(r *payout.Run, lines []*payout.Line) panel {
	p := panel{ID: "about", Title: "Run", Pairs: []pair{{Label: "Made", Value: minute(r.Made, c.loc) + " by " + c.actorName(r.MadeBy), Title: utc(r.Made)}}}
	for _, x := range []struct {
		label string
		at    int64
		by    string
	}{{"Approved", r.Approved, r.ApprovedBy}, {"File made", r.Exported, r.ExportedBy}, {"Ended", r.Ended, ""}} {
		if x.at == 0 {
			continue
		}
		text := minute(x.at, c.loc)
		if x.by != "" {
			text += " by " + c.actorName(x.by)
		}
		p.Pairs = append(p.Pairs, pair{Label: x.label, Value: text, Title: utc(x.at)})
	}
	if len(r.Currencies) > 0 {
		p.Pairs = append(p.Pairs, pair{Label: "Only", Value: strings.Join(r.Currencies, ", ")})
	}
	if len(r.Publishers) > 0 {
		p.Pairs = append(p.Pairs, pair{Label: "Only", Value: plural(int64(len(r.Publishers)), "publisher", "publishers")})
	}
	t := &table{Label: "Totals", Columns: []column{{Label: "Currency", Class: "fill"}, {Label: "State"}, {Label: "Lines", Class: "num"}, {Label: "Amount", Class: "num"}}}
	for _, x := range payout.Totals(lines) {
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: x.Currency, Class: "fill lead"}, payoutState(x.State), {Text: count(x.Lines), Class: "num"}, amountCell(x.Amount, x.Currency)}})
	}
	if len(t.Rows) > 0 {
		p.Table = t
	}
	return p
}

// actorName is a person's name, or what else acted.
func (c *call) actorName(id string) string {
	if c.user != nil && c.user.ID == id {
		return "you"
	}
	return c.actor(id)
}

func (c *call) payoutLines(lines []*payout.Line, names map[string]string, none string) *table {
	t := &table{Label: "Lines", Columns: []column{{Label: "Publisher", Class: "fill"}, {Label: "Method", Class: "opt"}, {Label: "To", Class: "wide"}, {Label: "State"}, {Label: "Remark", Class: "wide"}, {Label: "Amount", Class: "num"}},
		Empty: &empty{Sentence: none}}
	for _, l := range lines {
		href := c.plain("payout-lines/" + l.ID)
		name := nameOr(names, l.Publisher)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			{Text: name, Href: href, Class: "fill lead", Title: name}, {Text: payout.KindName(l.Method), Class: "opt"}, {Text: l.Masked, Class: "wide cut"}, payoutState(l.State),
			textCell(orElse(l.Reason, l.Reference)).with("wide cut"), payCell(l),
		}})
	}
	return t
}

// payCell is the amount of a line, and below what it is paid as in another currency.
func payCell(l *payout.Line) cell {
	if l.Rate == "" {
		return cell{Text: withCurrency(l.Amount, l.Currency), Class: "num"}
	}
	return cell{Class: "num", Title: rateText(l), Lines: []amountLine{{Text: amount(l.Amount, l.Currency), Unit: l.Currency}, {Text: amount(l.PayAmount, l.PayCurrency), Unit: l.PayCurrency, Tone: "muted"}}}
}

// rateText says at which rate a line is exchanged.
func rateText(l *payout.Line) string {
	return withCurrency(l.PayAmount, l.PayCurrency) + ", 1 " + l.Currency + " at " + l.Rate + " of " + l.RateDate
}

func (c *call) payoutLeft(r *payout.Run, names map[string]string) *table {
	t := &table{Label: "Left out", Columns: []column{{Label: "Publisher", Class: "fill"}, {Label: "Why"}, {Label: "In words", Class: "wide"}, {Label: "Parts", Class: "num opt", Help: "Conversions and adjustments."}, {Label: "Amount", Class: "num"}},
		Empty: &empty{Sentence: "Nobody is left out."}}
	for _, l := range r.Left {
		name := nameOr(names, l.Publisher)
		sum := cell{Text: withCurrency(l.Amount, l.Currency), Class: "num"}
		if l.Amount < 0 {
			sum.Tone = "bad"
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: name, Href: c.at("publishers/" + l.Publisher), Class: "fill lead", Title: name}, {Text: words(l.Reason), Title: payout.Reasons[l.Reason]}, {Text: payout.Reasons[l.Reason], Class: "wide"}, {Text: count(l.Causes), Class: "num opt"}, sum}})
	}
	return t
}

// payoutActs are what can be done with a run as it is now.
func (c *call) payoutActs(r *payout.Run, lines []*payout.Line, names map[string]string, v payoutView) ([]panel, error) {
	if r.State == payout.Draft {
		if len(lines) == 0 {
			return nil, nil
		}
		set, err := c.Payouts.Settings(c.r.Context(), c.who, c.ws.ID)
		if err != nil {
			return nil, err
		}
		if set.SecondPerson && r.MadeBy == c.who.ID {
			return []panel{{ID: "approve", Title: "Approval", Notes: []string{"You made this run: somebody else must approve it."}}}, nil
		}
		says := totalText(lines) + " in " + plural(int64(len(lines)), "line", "lines") + ". Approval locks the conversions: nobody decides about them any more, unless a payment fails."
		return []panel{{ID: "approve", Title: "Approval", Confirm: &confirmView{Action: c.plain("payouts/" + r.ID + "/approve"), Says: []string{says}, Button: "Approve the run",
			Hidden: []hidden{{versionField, strconv.FormatInt(r.Version, 10)}}}}}, nil
	}
	if r.State != payout.Approved {
		return nil, nil
	}
	var out []panel
	var files []choice
	for _, o := range payout.Offers(lines) {
		files = append(files, choice{Value: o.Layout.Name + " " + o.Currency, Label: o.Layout.Title + ": " + plural(int64(o.Lines), "line", "lines") + ", " + withCurrency(o.Amount, o.Currency)})
	}
	if len(files) > 0 {
		f := plainForm("file", c.plain("payouts/"+r.ID+"/export"), "Download", []fieldSpec{{name: "file", label: "File", choices: files, width: "w4", help: "It has the publishers' details in the clear; the audit trail says who made it."}}, v.posted, v.errs)
		p := panel{ID: "files", Title: "Files", Note: "For the bank or the payment service: the lines that are still open.", Form: &f}
		if r.Exported != 0 {
			p.Notes = []string{"A file was made before, " + minute(r.Exported, c.loc) + ". Pay it once."}
		}
		out = append(out, p)
	}
	var open []choice
	for _, l := range lines {
		if l.State == payout.Approved {
			open = append(open, choice{Value: l.ID, Label: nameOr(names, l.Publisher) + ", " + withCurrency(l.PayAmount, l.PayCurrency), Help: payout.KindName(l.Method) + " " + l.Masked})
		}
	}
	if len(open) == 0 {
		return out, nil
	}
	f := docForm(&payoutMarkForm{State: string(payout.Paid)}, []sectionSpec{{fields: []fieldSpec{
		{name: "lines", label: "Lines", widget: "set", choices: open, optional: true, help: "None ticked and paid: all of them."},
		{name: "state", label: "What became of them", width: "w2", choices: options(string(payout.Paid), "Paid", string(payout.Failed), "Failed"), help: "What failed is available again, and in the next run."},
		{name: "reference", width: "w3", optional: true, help: "What the bank calls it."},
		{name: "reason", width: "w3", optional: true, help: "Why it failed. The publisher can read it."},
	}}}, nil, v.posted, v.errs)
	f.Action, f.Submit = c.plain("payouts/"+r.ID+"/mark"), "Mark"
	return append(out, panel{ID: "mark", Title: "Paid or failed", Note: plural(int64(len(open)), "line is", "lines are") + " open of " + count(int64(len(lines))) + ".", Form: &f}), nil
}

// payoutMarkForm is the form that says what became of lines.
type payoutMarkForm struct {
	Lines     []string `json:"lines"`
	State     string   `json:"state"`
	Reference string   `json:"reference"`
	Reason    string   `json:"reason"`
}

// totalText are the sums of lines in words.
func totalText(lines []*payout.Line) string {
	var out []string
	for _, x := range payout.Totals(anyState(lines)) {
		out = append(out, withCurrency(x.Amount, x.Currency))
	}
	return strings.Join(out, " and ")
}

// payoutAct does something with a run and comes back to it; what is refused is said there.
func (c *call) payoutAct(said string, do func(id string, v url.Values) error) error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	err = do(id, v)
	var refusal *payout.Refusal
	errs, invalid := fieldErrors(err)
	switch {
	case errors.As(err, &refusal):
		return c.showPayout(http.StatusConflict, payoutView{refusal: refusal.Msg, posted: v})
	case errors.Is(err, catalog.ErrVersion):
		return c.showPayout(http.StatusConflict, payoutView{refusal: "The run was changed since you looked at it. Nothing was done; look at it again."})
	case invalid:
		return c.showPayout(http.StatusUnprocessableEntity, payoutView{posted: v, errs: errs})
	case err != nil:
		return err
	}
	c.say(said, nil)
	return c.redirect(c.plain("payouts/" + id))
}

func (c *call) payoutRefresh() error {
	return c.payoutAct("The preview is of now.", func(id string, _ url.Values) error {
		_, err := c.Payouts.Refresh(c.r.Context(), c.who, c.ws.ID, id)
		return err
	})
}

func (c *call) payoutDiscard() error {
	return c.payoutAct("The run was discarded.", func(id string, _ url.Values) error {
		_, err := c.Payouts.Discard(c.r.Context(), c.who, c.ws.ID, id)
		return err
	})
}

func (c *call) payoutApprove() error {
	return c.payoutAct("The run was approved.", func(id string, v url.Values) error {
		version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
		if err != nil {
			version = 0 // of no run
		}
		_, err = c.Payouts.Approve(c.r.Context(), c.who, c.ws.ID, id, version)
		return err
	})
}

func (c *call) payoutMark() error {
	return c.payoutAct("The lines were marked.", func(id string, v url.Values) error {
		f := &payoutMarkForm{}
		readDoc(f, v)
		_, err := c.Payouts.Settle(c.r.Context(), c.who, c.ws.ID, id, payout.Mark{Lines: f.Lines, To: payout.State(f.State), Reference: f.Reference, Reason: f.Reason})
		return err
	})
}

// payoutExport sends a file.
func (c *call) payoutExport() error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	layout, currency, _ := strings.Cut(v.Get("file"), " ")
	var file bytes.Buffer // a refusal must be known before the first byte
	err = c.Payouts.Export(c.r.Context(), c.who, c.ws.ID, id, layout, currency, &file)
	var refusal *payout.Refusal
	switch errs, invalid := fieldErrors(err); {
	case errors.As(err, &refusal):
		return c.showPayout(http.StatusConflict, payoutView{refusal: refusal.Msg})
	case invalid:
		return c.showPayout(http.StatusUnprocessableEntity, payoutView{refusal: "There is no such file: " + errs[sortedKeys(errs)[0]]})
	case err != nil:
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+payout.FileName(id, layout)+`"`)
	h.Set("Cache-Control", "private, no-store")
	_, err = c.w.Write(file.Bytes())
	return err
}

// payoutLine is a line with the conversions and adjustments it is made of.
func (c *call) payoutLine() error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	l, err := c.Payouts.Line(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	name := nameOr(c.parties([]string{l.Publisher}), l.Publisher)
	st := payoutState(l.State)
	p := panelsPage{Head: head{Crumb: &link{Label: "Payout run", URL: c.plain("payouts/" + l.Run)}, Title: name + ", " + withCurrency(l.Amount, l.Currency), State: &state{Word: st.Word, Tone: st.Tone}}}
	about := panel{Title: "Payout", Pairs: []pair{{Label: "Publisher", Value: name, Href: c.at("publishers/" + l.Publisher)}, {Label: "Method", Value: payout.KindName(l.Method)}, {Label: "To", Value: l.Masked}, {Label: "Reference", Value: l.ID}}}
	if l.Rate != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Paid as", Value: rateText(l), Title: l.RateSource})
	}
	if l.Settled != 0 {
		about.Pairs = append(about.Pairs, pair{Label: label(string(l.State)), Value: minute(l.Settled, c.loc) + " by " + c.actorName(l.SettledBy), Title: utc(l.Settled)})
	}
	for _, x := range []pair{{Label: "Bank's reference", Value: l.Reference}, {Label: "Reason", Value: l.Reason}} {
		if x.Value != "" {
			about.Pairs = append(about.Pairs, x)
		}
	}
	t := &table{Label: "Parts", Columns: []column{{Label: "What"}, {Label: "Id", Class: "fill"}, {Label: "Amount", Class: "num"}}}
	words := map[string]string{payout.ItemConversion: "Conversion", payout.ItemCorrection: "Correction of a paid conversion", payout.ItemAdjustment: "Adjustment"}
	for _, i := range l.Items {
		cause := cell{Text: i.Cause, Class: "fill mono"}
		if i.CauseKind == "conversion" {
			cause.Href = c.at("conversions/" + i.Cause)
		}
		t.Rows = append(t.Rows, row{Href: cause.Href, Cells: []cell{{Text: words[i.Kind]}, cause, amountCell(i.Amount, l.Currency)}})
	}
	t.Rows = append(t.Rows, row{Cells: []cell{{Text: "Sum", Class: "lead"}, {Class: "fill"}, amountCell(l.Amount, l.Currency).with("lead")}})
	p.Panels = []panel{about, {ID: "parts", Title: "What it is made of", Note: "Everything that was open and due.", Table: t}}
	return show(c, "panels", p.Head.Title, p)
}
