package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
	"clickledger/internal/payout"
)

// payoutForm are the settings of payouts as they are typed.
type payoutForm struct {
	HoldingDays  int64        `json:"holding_days"`
	MethodDays   int64        `json:"method_hold_days"`
	SecondPerson bool         `json:"second_person"`
	Minimums     []minimumRow `json:"minimums"`
}

type minimumRow struct {
	Currency string `json:"currency"`
	Amount   string `json:"amount"`
}

// payoutSettings shows them.
func (c *call) payoutSettings() error { return c.showPayoutSettings(http.StatusOK, nil, nil) }

func (c *call) showPayoutSettings(status int, posted url.Values, errs map[string]string) error {
	if c.Payouts == nil || !c.write() {
		return catalog.ErrNotFound
	}
	set, err := c.Payouts.Settings(c.r.Context(), c.who, c.ws.ID)
	if err != nil {
		return err
	}
	f := &payoutForm{HoldingDays: set.HoldingDays, MethodDays: set.MethodDays, SecondPerson: set.SecondPerson}
	for _, cur := range sortedKeys(set.Minimums) {
		f.Minimums = append(f.Minimums, minimumRow{cur, money.Amount{Minor: set.Minimums[cur], Currency: money.Currency(cur)}.String()})
	}
	second := fieldSpec{name: "second_person", label: "A second person must approve a run", help: "Who made it may not approve it, nor may an API key. Set by owners only."}
	p := editPage{Head: head{Crumb: &link{Label: "Payouts", URL: c.plain("payouts")}, Title: "Settings of payouts"}}
	p.Form = docForm(f, []sectionSpec{
		{title: "When", fields: []fieldSpec{
			{name: "holding_days", label: "Holding period", unit: "days", width: "w2", mode: "numeric", help: "A commission is payable so long after its approval."},
			{name: "method_hold_days", label: "After a change of the method", unit: "days", width: "w2", mode: "numeric", help: "Nothing is paid so long after somebody changed where it goes."},
		}},
		{title: "Minimum payment", fields: []fieldSpec{{name: "minimums", optional: true, help: "Less than that is carried over to the next run.", table: &rowsSpec{add: "Add a currency", columns: []colSpec{
			{name: "currency", label: "Currency", example: "EUR"}, {name: "amount", label: "At least", example: "50.00"},
		}}}}},
		{title: "Approval", fields: []fieldSpec{second}},
	}, nil, posted, errs)
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.plain("payouts/settings"), "Save", c.plain("payouts")
	p.Form.Hidden = []hidden{{versionField, orElse(posted.Get(versionField), strconv.FormatInt(set.Version, 10))}}
	return showStatus(c, status, "edit", p.Head.Title, p)
}

func (c *call) payoutSettingsSave() error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	f := &payoutForm{}
	errs := readDoc(f, v)
	set := &payout.Settings{Workspace: c.ws.ID, HoldingDays: f.HoldingDays, MethodDays: f.MethodDays, SecondPerson: f.SecondPerson, Minimums: map[string]int64{}}
	for _, m := range f.Minimums {
		cur, n, err := payout.ParseMinimum(m.Currency, m.Amount)
		if err != nil {
			errs["minimums"] = withCode(sentence(err.Error()), "invalid_amount")
			continue
		}
		set.Minimums[string(cur)] = n
	}
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = -1 // of no settings
	}
	if len(errs) == 0 {
		_, err = c.Payouts.SaveSettings(c.r.Context(), c.who, set, version)
		if err == nil {
			c.say("The settings were saved.", nil)
			return c.redirect(c.plain("payouts/settings"))
		}
		var refusal *payout.Refusal
		var refused bool
		errs, refused = fieldErrors(err)
		switch {
		case errors.As(err, &refusal):
			errs = map[string]string{"second_person": withCode(refusal.Msg, refusal.Code)}
		case !refused:
			return err
		}
	}
	return c.showPayoutSettings(http.StatusUnprocessableEntity, v, errs)
}

// payoutPanels are how a publisher is paid, and its payouts, on its page.
func (c *call) payoutPanels(publisher string) ([]panel, error) {
	if c.Payouts == nil {
		return nil, nil
	}
	m, err := c.Payouts.Method(c.r.Context(), c.who, c.ws.ID, publisher)
	if err != nil {
		return nil, err
	}
	lines, err := c.Payouts.Payouts(c.r.Context(), c.who, payout.LineQuery{Workspace: c.ws.ID, Publisher: publisher, Given: true, Limit: 20})
	if err != nil {
		return nil, err
	}
	p := panel{ID: "payouts", Title: "Payouts", Pairs: methodPairs(m)}
	if m.Changed != 0 {
		p.Pairs = append(p.Pairs, pair{Label: "Changed", Value: minute(m.Changed, c.loc) + " by " + c.actorName(m.ChangedBy), Title: utc(m.Changed)})
	}
	if c.write() {
		p.More = &link{Label: "Change the method", URL: c.plain("publishers/" + publisher + "/payout-method")}
	}
	p.Table = &table{Label: "Payouts", Columns: []column{{Label: "Run", Class: "fill"}, {Label: "State"}, {Label: "Remark", Class: "opt"}, {Label: "Amount", Class: "num"}}, Empty: &empty{Sentence: "Nothing was paid to this publisher yet."}}
	for _, l := range lines {
		href := c.plain("payout-lines/" + l.ID)
		p.Table.Rows = append(p.Table.Rows, row{Href: href, Cells: []cell{{Text: l.Run, Href: href, Class: "fill mono"}, payoutState(l.State), textCell(orElse(l.Reason, l.Reference)).with("opt cut"), payCell(l)}})
	}
	return []panel{p}, nil
}

// methodPairs are a method in words, masked.
func methodPairs(m *payout.Method) []pair {
	if m.Kind == payout.KindNone {
		return []pair{{Label: "Method", Value: "None: no run pays this publisher.", Tone: "warn"}}
	}
	out := []pair{{Label: "Method", Value: payout.KindName(m.Kind)}, {Label: "To", Value: m.Masked}}
	if m.Currency != "" {
		only := pair{Label: "Only in", Value: m.Currency}
		if m.Exchanges {
			only = pair{Label: "In", Value: m.Currency + ", other currencies are exchanged"}
		}
		out = append(out, only)
	}
	return out
}

// methodForm asks how a publisher is paid. What is stored is not shown again: who changes it
// types all of it.
func methodForm(action string, version int64, posted url.Values, errs map[string]string) form {
	var kinds []choice
	for _, k := range payout.Kinds {
		kinds = append(kinds, choice{Value: k.Kind, Label: k.Name})
	}
	when := func(field string) string {
		out := "kind="
		for _, k := range payout.Kinds {
			if slices.Contains(k.Fields, field) {
				out += k.Kind + ","
			}
		}
		return out[:len(out)-1]
	}
	f := plainForm("method", action, "Save", []fieldSpec{
		{name: "kind", label: "Method", choices: kinds, width: "w3"},
		{name: "currency", width: "w2", optional: true, example: "EUR", help: "The only one it takes. Empty: any."},
		{name: "exchange", label: "Exchange other currencies into it", widget: "check", optional: true, help: "Without, what is in other currencies is left out of runs."},
		{name: "holder", label: "Account holder", width: "w3", when: when("holder")},
		{name: "iban", label: "IBAN", width: "w3", example: "DE89 3704 0044 0532 0130 00", when: when("iban")},
		{name: "bic", label: "BIC", width: "w2", optional: true, example: "COBADEFFXXX", when: when("bic")},
		{name: "email", label: "E-mail address", typ: "email", width: "w3", when: when("email")},
		{name: "text", label: "In words", widget: "area", rows: 3, when: when("text")},
	}, posted, errs)
	f.Hidden = []hidden{{versionField, orElse(posted.Get(versionField), strconv.FormatInt(version, 10))}}
	return f
}

func methodOf(v url.Values) payout.Details {
	d := payout.Details{Kind: v.Get("kind"), Currency: v.Get("currency"), Exchange: v.Get("exchange") == "true"}
	// Fields of other kinds are hidden by a script, and may be left from before.
	for _, k := range payout.Kinds {
		if k.Kind != d.Kind {
			continue
		}
		for name, to := range map[string]*string{"holder": &d.Holder, "iban": &d.IBAN, "bic": &d.BIC, "email": &d.Email, "text": &d.Text} {
			if slices.Contains(k.Fields, name) {
				*to = v.Get(name)
			}
		}
	}
	if d.Kind == payout.KindNone {
		d.Currency, d.Exchange = "", false
	}
	return d
}

// publisherMethod shows and changes how a publisher is paid.
func (c *call) publisherMethod() error { return c.showPublisherMethod(http.StatusOK, nil, nil) }

func (c *call) showPublisherMethod(status int, posted url.Values, errs map[string]string) error {
	if c.Payouts == nil || !c.write() {
		return catalog.ErrNotFound
	}
	pub, err := get[*catalog.Publisher](c, catalog.KindPublisher, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	m, err := c.Payouts.Method(c.r.Context(), c.who, c.ws.ID, pub.ID)
	if err != nil {
		return err
	}
	f := methodForm(c.plain("publishers/"+pub.ID+"/payout-method"), m.Version, orValues(posted, url.Values{"kind": {m.Kind}, "currency": {m.Currency}, "exchange": {strconv.FormatBool(m.Exchanges)}}), errs)
	p := panelsPage{Head: head{Crumb: &link{Label: pub.Name, URL: c.at("publishers/" + pub.ID)}, Title: "Payout method"}, Panels: []panel{
		{Title: "Now", Pairs: methodPairs(m)},
		{ID: "method", Title: "Change", Note: "All of it at once: what is stored is kept sealed and not shown again. Runs that are approved keep what they were approved with.", Form: &f},
	}}
	return showStatus(c, status, "panels", "Payout method", p)
}

func (c *call) publisherMethodSave() error {
	if c.Payouts == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = -1
	}
	id := c.r.PathValue("id")
	_, err = c.Payouts.SetMethod(c.r.Context(), c.who, c.ws.ID, id, version, methodOf(v))
	if errs, refused := fieldErrors(err); refused {
		return c.showPublisherMethod(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	c.say("The payout method was changed.", nil)
	return c.redirect(c.at("publishers/"+id) + "#payouts")
}
