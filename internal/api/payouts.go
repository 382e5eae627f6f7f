package api

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/payout"
)

// PayoutRun is a payout run.
type PayoutRun struct {
	ID         string     `json:"id" doc:"Its id."`
	State      string     `json:"state" enum:"draft,approved,done,discarded" doc:"draft: a preview. approved: its money is in payment. done: every line is paid or failed."`
	Note       string     `json:"note" doc:"For yourselves."`
	Publishers []string   `json:"publishers" nullable:"false" doc:"Only these; empty: all."`
	Currencies []string   `json:"currencies" nullable:"false" doc:"Only these; empty: all."`
	Cutoff     time.Time  `json:"cutoff" doc:"Up to when the holding period is counted."`
	Made       time.Time  `json:"made" doc:"When it was made."`
	MadeBy     string     `json:"made_by" doc:"The user or key that made it."`
	Approved   *time.Time `json:"approved,omitempty" doc:"When it was approved."`
	ApprovedBy string     `json:"approved_by" doc:"Who approved it."`
	Ended      *time.Time `json:"ended,omitempty" doc:"When its last line was paid or failed, or it was discarded."`
	Exported   *time.Time `json:"exported,omitempty" doc:"When a file was last made of it."`
	ExportedBy string     `json:"exported_by" doc:"Who made it."`
	Version    int64      `json:"version" doc:"Counts its changes."`
}

// PayoutRunWhole is a run with what it comes to.
type PayoutRunWhole struct {
	PayoutRun
	Totals  []PayoutTotal `json:"totals" nullable:"false" doc:"Its lines by currency and state."`
	LeftOut []PayoutLeft  `json:"left_out" nullable:"false" doc:"What of the publishers' available balances is not in it, and why. Lines of the preview and what is left out sum to the balances."`
	Files   []PayoutFile  `json:"files" nullable:"false" doc:"Files that can be made of its open lines."`
}

// PayoutTotal is the sum of lines.
type PayoutTotal struct {
	Currency string `json:"currency" doc:"The currency."`
	State    string `json:"state" enum:"draft,approved,paid,failed,discarded" doc:"Of the lines."`
	Lines    int64  `json:"lines" doc:"How many."`
	Amount   string `json:"amount" doc:"Their sum."`
}

// PayoutLeft is what a run leaves out.
type PayoutLeft struct {
	Publisher string `json:"publisher" doc:"Whose it is."`
	Currency  string `json:"currency" doc:"Its currency."`
	Amount    string `json:"amount" doc:"How much; negative: carried over against the next payouts."`
	Causes    int64  `json:"causes" doc:"Of how many conversions and adjustments."`
	Reason    string `json:"reason" enum:"not_due,held,negative_balance,nothing_due,below_minimum,no_method,method_changed,method_currency,no_rate,publisher_banned,not_selected,came_later" doc:"Why."`
	Detail    string `json:"detail" doc:"The same as a sentence."`
}

// PayoutFile is a file that can be made.
type PayoutFile struct {
	Layout   string `json:"layout" enum:"generic,sepa,paypal,wise" doc:"Its layout."`
	Title    string `json:"title" doc:"In words."`
	Currency string `json:"currency" doc:"Of its lines; a file has one."`
	Lines    int64  `json:"lines" doc:"How many lines it has."`
	Amount   string `json:"amount" doc:"Their sum."`
}

// PayoutLine is what one publisher gets in one currency.
type PayoutLine struct {
	ID        string     `json:"id" doc:"Its id; the reference of the payment."`
	Run       string     `json:"run" doc:"The run it is in."`
	Publisher string     `json:"publisher" doc:"Who gets it."`
	Currency  string     `json:"currency" doc:"Its currency."`
	Amount    string     `json:"amount" doc:"How much."`
	Pays      string     `json:"pay_amount" doc:"What is paid: the same, or what it is exchanged into."`
	PaysIn    string     `json:"pay_currency" doc:"Its currency."`
	Rate      string     `json:"rate" doc:"Price of one unit of currency in pay_currency, as it was used; empty: nothing is exchanged."`
	RateDate  string     `json:"rate_date" doc:"Day of the rate."`
	RateFrom  string     `json:"rate_source" doc:"Where it is from: ecb, manual."`
	State     string     `json:"state" enum:"draft,approved,paid,failed,discarded" doc:"approved: it is being paid. failed: it is available again."`
	Method    string     `json:"method" enum:"bank,paypal,wise,other" doc:"How it is paid."`
	Details   string     `json:"details" doc:"Where it goes, masked."`
	Reference string     `json:"reference" doc:"What the bank called it."`
	Reason    string     `json:"reason" doc:"Why it failed."`
	Settled   *time.Time `json:"settled,omitempty" doc:"When it was marked paid or failed."`
	SettledBy string     `json:"settled_by" doc:"Who marked it."`
}

// PayoutLineWhole is a line with what it is made of.
type PayoutLineWhole struct {
	PayoutLine
	Items []PayoutItem `json:"items" nullable:"false" doc:"They sum to its amount."`
}

// PayoutItem is a part of a line.
type PayoutItem struct {
	Kind   string `json:"kind" enum:"conversion,correction,adjustment" doc:"correction: what changed of a conversion after it was paid."`
	Cause  string `json:"cause" doc:"Id of the conversion or the adjustment."`
	Amount string `json:"amount" doc:"How much."`
}

// PayoutMethod is how a publisher is paid.
type PayoutMethod struct {
	Publisher string     `json:"publisher" doc:"Whose it is."`
	Kind      string     `json:"kind" enum:"none,bank,paypal,wise,other" doc:"none: there is none, and the publisher is in no run."`
	Currency  string     `json:"currency" doc:"The only currency it takes; empty: any."`
	Exchange  bool       `json:"exchange" doc:"Whether what is in other currencies is exchanged into it."`
	Details   string     `json:"details" doc:"Where the money goes, masked. Only files for banks have it in the clear."`
	Changed   *time.Time `json:"changed,omitempty" doc:"When it was last changed."`
	ChangedBy string     `json:"changed_by" doc:"Who changed it."`
	Version   int64      `json:"version" doc:"Counts its changes; the ETag in another form."`
}

// PayoutMethodDoc sets how a publisher is paid.
type PayoutMethodDoc struct {
	Kind     string `json:"kind" required:"true" enum:"none,bank,paypal,wise,other" doc:"How."`
	Currency string `json:"currency" required:"false" maxLength:"3" example:"EUR" doc:"The only currency it takes. Empty: any."`
	Exchange bool   `json:"exchange" required:"false" doc:"Whether what is in other currencies is exchanged into it; without, it is left out of runs."`
	Holder   string `json:"holder" required:"false" maxLength:"140" doc:"Of bank: who holds the account. Of wise: the person's name."`
	IBAN     string `json:"iban" required:"false" maxLength:"60" example:"DE89370400440532013000" doc:"Of bank. Its length and check digits are checked."`
	BIC      string `json:"bic" required:"false" maxLength:"20" example:"COBADEFFXXX" doc:"Of bank; not needed everywhere."`
	Email    string `json:"email" required:"false" maxLength:"254" doc:"Of paypal and wise: the account's address."`
	Text     string `json:"text" required:"false" maxLength:"1000" doc:"Of other: in words."`
}

// PayoutRunDoc asks for a run.
type PayoutRunDoc struct {
	Publishers []string `json:"publishers" required:"false" nullable:"false" maxItems:"1000" doc:"Only these. Empty: all."`
	Currencies []string `json:"currencies" required:"false" nullable:"false" maxItems:"200" doc:"Only these. Empty: all."`
	Note       string   `json:"note" required:"false" maxLength:"500" doc:"For yourselves."`
}

// PayoutMarkDoc says what became of lines.
type PayoutMarkDoc struct {
	State     string   `json:"state" required:"true" enum:"paid,failed" doc:"What became of them."`
	Lines     []string `json:"lines" required:"false" nullable:"false" maxItems:"10000" doc:"Their ids. Empty, for paid ones: all that are open."`
	Reference string   `json:"reference" required:"false" maxLength:"500" doc:"What the bank calls it."`
	Reason    string   `json:"reason" required:"false" maxLength:"500" doc:"Why they failed; the publisher can read it."`
}

// PayoutExportDoc asks for a file.
type PayoutExportDoc struct {
	Layout   string `json:"layout" required:"true" enum:"generic,sepa,paypal,wise" doc:"Its layout."`
	Currency string `json:"currency" required:"false" maxLength:"3" example:"EUR" doc:"Needed where the run has several: a file has one."`
}

// MinimumPaymentDoc is the least that is paid in a currency.
type MinimumPaymentDoc struct {
	Currency string `json:"currency" required:"true" maxLength:"3" example:"EUR" doc:"The currency."`
	Amount   string `json:"amount" required:"true" maxLength:"32" example:"50.00" doc:"Decimal text."`
}

// PayoutSettingsDoc are the settings of payouts.
type PayoutSettingsDoc struct {
	HoldingDays  int64               `json:"holding_days" required:"false" minimum:"0" maximum:"366" doc:"A commission is payable so many days after its approval. Default 0."`
	MethodDays   int64               `json:"method_hold_days" required:"false" minimum:"0" maximum:"366" doc:"Nothing is paid for so many days after a change of the payout method. Default 0."`
	SecondPerson bool                `json:"second_person" required:"false" doc:"Whether somebody else than who made a run must approve it. Changed by owners only."`
	Minimums     []MinimumPaymentDoc `json:"minimums" required:"false" nullable:"false" maxItems:"50" doc:"The least that is paid, by currency."`
}

// PayoutSettings are the settings in answers.
type PayoutSettings struct {
	PayoutSettingsDoc
	Version int64 `json:"version" doc:"Counts the changes; the ETag in another form."`
}

func payoutRunView(r *payout.Run) PayoutRun {
	v := PayoutRun{r.ID, string(r.State), r.Note, r.Publishers, r.Currencies, timeOf(r.Cutoff), timeOf(r.Made), r.MadeBy, maybeTime(r.Approved), r.ApprovedBy, maybeTime(r.Ended), maybeTime(r.Exported), r.ExportedBy, r.Version}
	if v.Publishers == nil {
		v.Publishers = []string{}
	}
	if v.Currencies == nil {
		v.Currencies = []string{}
	}
	return v
}

func payoutLineView(l *payout.Line) PayoutLine {
	return PayoutLine{l.ID, l.Run, l.Publisher, l.Currency, text(l.Amount, l.Currency), text(l.PayAmount, l.PayCurrency), l.PayCurrency, l.Rate, l.RateDate, l.RateSource, string(l.State), l.Method, l.Masked, l.Reference, l.Reason, maybeTime(l.Settled), l.SettledBy}
}

func payoutMethodView(m *payout.Method) PayoutMethod {
	return PayoutMethod{m.Publisher, m.Kind, m.Currency, m.Exchanges, m.Masked, maybeTime(m.Changed), m.ChangedBy, m.Version}
}

func (d PayoutMethodDoc) details() payout.Details {
	return payout.Details{Kind: d.Kind, Currency: d.Currency, Exchange: d.Exchange, Holder: d.Holder, IBAN: d.IBAN, BIC: d.BIC, Email: d.Email, Text: d.Text}
}

type payoutRunsInput struct {
	Scope
	Paging
	State string `query:"state" enum:"draft,approved,done,discarded" doc:"Only runs in this state."`
}

type payoutsInput struct {
	One
	Paging
}

type payoutRunInput struct {
	Scope
	Body body[PayoutRunDoc]
}

type payoutActInput struct {
	One
	Match
}

type payoutMarkInput struct {
	One
	Body body[PayoutMarkDoc]
}

type payoutExportInput struct {
	One
	Body body[PayoutExportDoc]
}

type payoutMethodInput struct {
	One
	Match
	Body body[PayoutMethodDoc]
}

type payoutSettingsInput struct {
	Scope
	Match
	Body patch[PayoutSettingsDoc]
}

type payoutRunOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   PayoutRunWhole
}

type payoutLineOutput struct{ Body PayoutLineWhole }

type payoutMethodOutput struct {
	ETag string `header:"ETag"`
	Body PayoutMethod
}

type payoutSettingsOutput struct {
	ETag string `header:"ETag"`
	Body PayoutSettings
}

type payoutFileOutput struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (s *server) registerPayouts() {
	const tag = "payouts"
	add(s, route{method: http.MethodGet, path: "/payout-runs", id: "list-payout-runs", tag: tag, summary: "List payout runs"}, s.listPayoutRuns)
	add(s, route{method: http.MethodPost, path: "/payout-runs", id: "create-payout-run", tag: tag, summary: "Preview a payout run", status: http.StatusCreated, bodyOptional: true,
		text: "A draft: who gets what, and what is left out for which reason. Nothing is taken up before it is approved."}, s.createPayoutRun)
	add(s, route{method: http.MethodGet, path: "/payout-runs/{id}", id: "get-payout-run", tag: tag, summary: "Read a payout run"}, s.getPayoutRun)
	add(s, route{method: http.MethodGet, path: "/payout-runs/{id}/lines", id: "list-payout-run-lines", tag: tag, summary: "List the lines of a payout run", text: "All of them, by publisher and currency."}, s.listPayoutLines)
	for _, a := range []struct {
		verb, summary, text string
		do                  func(ctx context.Context, p account.Principal, ws, id string, version int64) (*payout.Run, error)
	}{
		{"refresh", "Preview a draft anew", "As of now. Its lines are other ones afterwards.", func(ctx context.Context, p account.Principal, ws, id string, _ int64) (*payout.Run, error) {
			return s.Payouts.Refresh(ctx, p, ws, id)
		}},
		{"approve", "Approve a payout run", "Its conversions are locked and its money is in payment, in one transaction. With If-Match, only as it was looked at. If anything of a line has changed since the preview, nothing is approved and the answer (payout_changed) says what; refresh it. The same again by the same caller changes nothing.",
			func(ctx context.Context, p account.Principal, ws, id string, version int64) (*payout.Run, error) {
				return s.Payouts.Approve(ctx, p, ws, id, version)
			}},
		{"discard", "Discard a draft", "", func(ctx context.Context, p account.Principal, ws, id string, _ int64) (*payout.Run, error) {
			return s.Payouts.Discard(ctx, p, ws, id)
		}},
	} {
		add(s, route{method: http.MethodPost, path: "/payout-runs/{id}/" + a.verb, id: a.verb + "-payout-run", tag: tag, summary: a.summary, text: a.text}, s.payoutAct(a.do))
	}
	add(s, route{method: http.MethodPost, path: "/payout-runs/{id}/export", id: "export-payout-run", tag: tag, summary: "Make a file for the bank", media: "text/csv",
		text: "The open lines that fit the layout, with the publishers' details in the clear; the audit trail says who made it. Lines that are paid or failed are in no file. Text that a spreadsheet would run begins with an apostrophe."}, s.exportPayoutRun)
	add(s, route{method: http.MethodPost, path: "/payout-runs/{id}/mark", id: "mark-payout-run", tag: tag, summary: "Mark lines as paid or failed",
		text: "Paid conversions are paid for good; what failed is available again and in the next run. The same again changes nothing."}, s.markPayoutRun)
	add(s, route{method: http.MethodGet, path: "/payout-lines/{id}", id: "get-payout-line", tag: tag, summary: "Read a line with its conversions and adjustments"}, s.getPayoutLine)
	add(s, route{method: http.MethodGet, path: "/publishers/{id}/payouts", id: "list-publisher-payouts", tag: tag, summary: "List a publisher's payouts"}, s.listPayouts)
	add(s, route{method: http.MethodGet, path: "/publishers/{id}/payout-method", id: "get-payout-method", tag: tag, summary: "Read how a publisher is paid", text: "Details are masked."}, s.getPayoutMethod)
	add(s, route{method: http.MethodPost, path: "/publishers/{id}/payout-method", id: "set-payout-method", tag: tag, summary: "Set how a publisher is paid",
		text: "All of it at once. Runs that are approved keep the details they were approved with."}, s.setPayoutMethod)
	add(s, route{method: http.MethodGet, path: "/payout-settings", id: "get-payout-settings", tag: tag, summary: "Read the settings of payouts"}, s.getPayoutSettings)
	add(s, route{method: http.MethodPatch, path: "/payout-settings", id: "change-payout-settings", tag: tag, summary: "Change the settings of payouts",
		text: "Send the fields to change (JSON merge patch); a list of minimums replaces the one before. Runs are made by hand: there is no schedule."}, s.patchPayoutSettings)
}

// payouts is the workspace of a request about payouts.
func (s *server) payouts(ctx context.Context, in Scope) (string, error) {
	if s.Payouts == nil {
		return "", errAbsent
	}
	return s.workspace(ctx, in)
}

func (s *server) listPayoutRuns(ctx context.Context, in *payoutRunsInput) (*pageOutput[PayoutRun], error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	rows, err := s.Payouts.Runs(ctx, caller(ctx), payout.RunQuery{Workspace: ws, State: payout.State(in.State), Before: in.Cursor, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(r *payout.Run) string { return r.ID }, payoutRunView), nil
}

func (s *server) createPayoutRun(ctx context.Context, in *payoutRunInput) (*payoutRunOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d PayoutRunDoc
	if len(in.Body.raw) > 0 {
		err := decode(in.Body.raw, &d)
		if err != nil {
			return nil, err
		}
	}
	r, err := s.Payouts.Make(ctx, caller(ctx), ws, payout.Order{Publishers: d.Publishers, Currencies: d.Currencies, Note: d.Note})
	if err != nil {
		return nil, err
	}
	return s.wholeRun(ctx, r, http.StatusCreated)
}

// wholeRun is the answer about a run.
func (s *server) wholeRun(ctx context.Context, r *payout.Run, status int) (*payoutRunOutput, error) {
	lines, err := s.Payouts.Lines(ctx, caller(ctx), r.Workspace, r.ID)
	if err != nil {
		return nil, err
	}
	v := PayoutRunWhole{PayoutRun: payoutRunView(r), Totals: []PayoutTotal{}, LeftOut: []PayoutLeft{}, Files: []PayoutFile{}}
	for _, t := range payout.Totals(lines) {
		v.Totals = append(v.Totals, PayoutTotal{t.Currency, string(t.State), t.Lines, text(t.Amount, t.Currency)})
	}
	for _, l := range r.Left {
		v.LeftOut = append(v.LeftOut, PayoutLeft{l.Publisher, l.Currency, text(l.Amount, l.Currency), l.Causes, l.Reason, payout.Reasons[l.Reason]})
	}
	for _, o := range payout.Offers(lines) {
		v.Files = append(v.Files, PayoutFile{o.Layout.Name, o.Layout.Title, o.Currency, int64(o.Lines), text(o.Amount, o.Currency)})
	}
	return &payoutRunOutput{status, etag(r.Version), v}, nil
}

func (s *server) getPayoutRun(ctx context.Context, in *One) (*payoutRunOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	r, err := s.Payouts.Run(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return s.wholeRun(ctx, r, http.StatusOK)
}

func (s *server) listPayoutLines(ctx context.Context, in *One) (*pageOutput[PayoutLine], error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	lines, err := s.Payouts.Lines(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return cut(lines, len(lines), func(l *payout.Line) string { return l.ID }, payoutLineView), nil
}

func (s *server) payoutAct(do func(ctx context.Context, p account.Principal, ws, id string, version int64) (*payout.Run, error)) func(context.Context, *payoutActInput) (*payoutRunOutput, error) {
	return func(ctx context.Context, in *payoutActInput) (*payoutRunOutput, error) {
		ws, err := s.payouts(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		r, err := s.Payouts.Run(ctx, caller(ctx), ws, in.ID)
		if err != nil {
			return nil, err
		}
		version := int64(-1)
		conditional, err := in.Match.check(r.Version)
		if err != nil && r.State == payout.Draft {
			return nil, err
		}
		if conditional {
			version = r.Version
		}
		r, err = do(ctx, caller(ctx), ws, in.ID, version)
		if err != nil {
			return nil, err
		}
		return s.wholeRun(ctx, r, http.StatusOK)
	}
}

func (s *server) exportPayoutRun(ctx context.Context, in *payoutExportInput) (*payoutFileOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d PayoutExportDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer // a refusal must be known before the first byte
	err = s.Payouts.Export(ctx, caller(ctx), ws, in.ID, d.Layout, d.Currency, &file)
	if err != nil {
		return nil, err
	}
	return &payoutFileOutput{"text/csv; charset=utf-8", `attachment; filename="` + payout.FileName(in.ID, d.Layout) + `"`, file.Bytes()}, nil
}

func (s *server) markPayoutRun(ctx context.Context, in *payoutMarkInput) (*payoutRunOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d PayoutMarkDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	r, err := s.Payouts.Settle(ctx, caller(ctx), ws, in.ID, payout.Mark{Lines: d.Lines, To: payout.State(d.State), Reference: d.Reference, Reason: d.Reason})
	if err != nil {
		return nil, err
	}
	return s.wholeRun(ctx, r, http.StatusOK)
}

func (s *server) getPayoutLine(ctx context.Context, in *One) (*payoutLineOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	l, err := s.Payouts.Line(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	v := PayoutLineWhole{payoutLineView(l), []PayoutItem{}}
	for _, i := range l.Items {
		v.Items = append(v.Items, PayoutItem{i.Kind, i.Cause, text(i.Amount, l.Currency)})
	}
	return &payoutLineOutput{v}, nil
}

func (s *server) listPayouts(ctx context.Context, in *payoutsInput) (*pageOutput[PayoutLine], error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	_, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindPublisher, ws, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := s.Payouts.Payouts(ctx, caller(ctx), payout.LineQuery{Workspace: ws, Publisher: in.ID, Given: true, Before: in.Cursor, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(l *payout.Line) string { return l.ID }, payoutLineView), nil
}

func (s *server) getPayoutMethod(ctx context.Context, in *One) (*payoutMethodOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	m, err := s.Payouts.Method(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &payoutMethodOutput{etag(m.Version), payoutMethodView(m)}, nil
}

func (s *server) setPayoutMethod(ctx context.Context, in *payoutMethodInput) (*payoutMethodOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	old, err := s.Payouts.Method(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	var d PayoutMethodDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	version := int64(-1)
	conditional, err := in.Match.check(old.Version)
	if err != nil {
		return nil, err
	}
	if conditional {
		version = old.Version
	}
	m, err := s.Payouts.SetMethod(ctx, caller(ctx), ws, in.ID, version, d.details())
	if err != nil {
		return nil, err
	}
	return &payoutMethodOutput{etag(m.Version), payoutMethodView(m)}, nil
}

func payoutSettingsDoc(v *payout.Settings) PayoutSettingsDoc {
	d := PayoutSettingsDoc{v.HoldingDays, v.MethodDays, v.SecondPerson, []MinimumPaymentDoc{}}
	for c, n := range v.Minimums {
		d.Minimums = append(d.Minimums, MinimumPaymentDoc{c, text(n, c)})
	}
	slices.SortFunc(d.Minimums, func(a, b MinimumPaymentDoc) int { return compare(a.Currency, b.Currency) })
	return d
}

func (s *server) getPayoutSettings(ctx context.Context, in *Scope) (*payoutSettingsOutput, error) {
	ws, err := s.payouts(ctx, *in)
	if err != nil {
		return nil, err
	}
	v, err := s.Payouts.Settings(ctx, caller(ctx), ws)
	if err != nil {
		return nil, err
	}
	return &payoutSettingsOutput{etag(v.Version), PayoutSettings{payoutSettingsDoc(v), v.Version}}, nil
}

func (s *server) patchPayoutSettings(ctx context.Context, in *payoutSettingsInput) (*payoutSettingsOutput, error) {
	ws, err := s.payouts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	old, err := s.Payouts.Settings(ctx, caller(ctx), ws)
	if err != nil {
		return nil, err
	}
	_, err = in.Match.check(old.Version)
	if err != nil {
		return nil, err
	}
	d := payoutSettingsDoc(old)
	err = catalog.MergeFields(&d, &PayoutSettingsDoc{}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	next := &payout.Settings{Workspace: ws, HoldingDays: d.HoldingDays, MethodDays: d.MethodDays, SecondPerson: d.SecondPerson, Minimums: map[string]int64{}}
	bad := &catalog.Invalid{}
	for _, m := range d.Minimums {
		c, n, err := payout.ParseMinimum(m.Currency, m.Amount)
		if err != nil {
			bad.Add("minimums", "invalid_amount", m.Currency+" "+m.Amount, err.Error())
			continue
		}
		next.Minimums[string(c)] = n
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	v, err := s.Payouts.SaveSettings(ctx, caller(ctx), next, old.Version)
	if err != nil {
		return nil, err
	}
	return &payoutSettingsOutput{etag(v.Version), PayoutSettings{payoutSettingsDoc(v), v.Version}}, nil
}
