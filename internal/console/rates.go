package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/govalues/decimal"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/money"
	"clickledger/internal/rates"
)

// Rates is what the console needs of *rates.Service.
type Rates interface {
	Current() *money.Rates
	Status(ctx context.Context) (*rates.Status, error)
	List(ctx context.Context, p account.Principal, q rates.Query) ([]rates.Row, error)
	Set(ctx context.Context, p account.Principal, workspace string, d rates.ManualDoc) (*rates.Row, error)
	End(ctx context.Context, p account.Principal, workspace string, k rates.ManualKey, until string) (*rates.Row, error)
	Remove(ctx context.Context, p account.Principal, workspace string, k rates.ManualKey) error
	Import(ctx context.Context, p account.Principal, r io.Reader) (*rates.Result, error)
}

// sparkDays is how many days the small lines show; manualShown how many manual rates.
const (
	sparkDays   = 30
	manualShown = 100
)

// ratesPage is the exchange rates: how they stand, today's, those set by hand, and the
// forms that change them.
type ratesPage struct {
	Head      head
	Notices   []pair // value and tone
	Figures   []figure
	Guide     []guideStep
	Title     string
	Note      string
	Reporting string
	Filters   filters
	Lines     []rateLine
	Empty     *empty
	Manual    []manualLine
	More      string
	Set       *form
	Upload    *uploadForm
}

type guideStep struct{ Label, Text string }

// rateLine is the rate of a currency in the reporting currency.
type rateLine struct {
	Currency     string
	Missing      bool
	SetURL       string
	Rate, Title  string
	Inverse      string
	InverseTitle string
	Spark        *spark
	Change       string
	Date         string
	Source       state
}

type spark struct{ Label, Points string }

// manualLine is a rate that was set by hand.
type manualLine struct {
	One, Rate   string // "1 USD =", "0.92 EUR"
	From, Until string
	Set         string
	State       state
	Off         bool
	Keys        []hidden
	Actions     []action
}

type uploadForm struct{ Action, Problem string }

// ratesState is what a form of the page was refused for.
type ratesState struct {
	posted url.Values
	errs   map[string]string
	upload string
}

// rates shows the exchange rates.
func (c *call) rates() error { return c.showRates(http.StatusOK, ratesState{}) }

func (c *call) showRates(code int, st ratesState) error {
	stand, err := c.Rates.Status(c.r.Context())
	if err != nil {
		return err
	}
	manual, err := c.Rates.List(c.r.Context(), c.who, rates.Query{Workspace: c.ws.ID, Source: money.SourceManual, Limit: manualShown + 1})
	if err != nil {
		return err
	}
	p := ratesPage{Head: head{Title: "Rates", State: standState(stand)}, Reporting: c.ws.Currency, Title: "Today",
		Note: "What one unit is worth in " + c.ws.Currency + ", the workspace's reporting currency."}
	if stand.Stale {
		p.Notices = append(p.Notices, pair{Value: stand.Sentence, Tone: "warn"})
	} else if stand.Failure != "" {
		p.Notices = append(p.Notices, pair{Value: "The last fetch failed: " + stand.Failure, Tone: "warn"})
	}
	if stand.Newest == "" {
		p.Guide = c.rateGuide(stand.Fetching)
	} else {
		p.Figures = c.standFigures(stand)
	}
	err = c.todaysRates(&p, manual)
	if err != nil {
		return err
	}
	if len(manual) > manualShown {
		manual = manual[:manualShown]
		p.More = "The " + strconv.Itoa(manualShown) + " with the latest first day; the API lists all."
	}
	for i := range manual {
		p.Manual = append(p.Manual, c.manualLine(&manual[i]))
	}
	if c.write() {
		p.Set = c.rateForm(st)
	}
	if c.who.Owner && c.who.Write {
		p.Upload = &uploadForm{Action: c.plain("rates/import"), Problem: st.upload}
	}
	return showStatus(c, code, "rates", "Rates", p)
}

func standState(s *rates.Status) *state {
	switch {
	case s.Newest == "":
		return &state{Word: "nothing imported", Tone: "off"}
	case s.Stale:
		return &state{Word: "stale", Tone: "warn", Help: "Older than " + strconv.Itoa(money.StaleAfterDays) + " days."}
	}
	return &state{Word: "up to date", Tone: "good"}
}

// rateGuide says what to do where there are no rates yet.
func (c *call) rateGuide(fetching bool) []guideStep {
	steps := []guideStep{
		{"By file.", "Download eurofxref-hist.zip from the European Central Bank (ecb.europa.eu, Statistics, Euro foreign exchange reference rates) and import it below. Only owners can."},
		{"Every day, by itself.", "Start the server with --rates-url ecb, or with the URL of your own copy of its file. It is off by default, as the server may have no way out."},
		{"By hand.", "Set the rate of a pair below. It holds from its day on, until you end it."},
	}
	if fetching {
		steps[1].Text = "Rates are fetched daily; the first ones come within a minute of the start."
	}
	return steps
}

func (c *call) standFigures(s *rates.Status) []figure {
	newest := figure{Label: "Newest rate", Value: s.Newest}
	if s.Stale {
		newest.Tone = "warn"
	}
	age := figure{Label: "Age", Value: "today"}
	if s.Age > 0 {
		age.Value = plural(int64(s.Age), "day", "days")
	}
	fetch := figure{Label: "Daily fetch", Value: "off", Help: "Set rates-url to have rates fetched every day."}
	if s.Fetching {
		fetch = figure{Label: "Daily fetch", Value: "on"}
		if s.Fetched > 0 {
			fetch.Value = clock(s.Fetched, c.loc, c.Now())
		}
		if s.Failure != "" {
			fetch.Value, fetch.Tone = "failed", "bad"
		}
	}
	return []figure{newest, age, {Label: "Last import", Value: clock(s.Imported, c.loc, c.Now())}, fetch}
}

// todaysRates fills in the table of today: the currencies in use, or all.
func (c *call) todaysRates(p *ratesPage, manual []rates.Row) error {
	used, err := c.currenciesInUse(manual)
	if err != nil {
		return err
	}
	table := c.Rates.Current()
	all := slices.Clone(table.Published())
	if len(all) > 0 {
		all = append(all, money.RateBase)
	}
	all = append(all, used...)
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(x money.Currency) bool { return string(x) == c.ws.Currency })
	show, listed := c.param("show"), used
	if show == "all" {
		listed = all
	}
	if len(all) > len(used) {
		p.Filters.Chips = []chip{
			{Label: "In use", Count: count(int64(len(used))), URL: c.same("show", ""), Current: show != "all"},
			{Label: "All", Count: count(int64(len(all))), URL: c.same("show", "all"), Current: show == "all"},
		}
		if c.r.Method != http.MethodGet {
			p.Filters.Chips[0].URL, p.Filters.Chips[1].URL = c.at("rates"), c.at("rates", "show", "all")
		}
	}
	for _, cur := range listed {
		p.Lines = append(p.Lines, c.rateLine(table, cur))
	}
	p.Empty = &empty{Sentence: "Everything in this workspace is in " + c.ws.Currency + ", so nothing needs a rate yet."}
	return nil
}

// currenciesInUse are those of offers, of what was booked and of manual rates against the
// reporting currency, without that itself.
func (c *call) currenciesInUse(manual []rates.Row) ([]money.Currency, error) {
	offers, err := list[*catalog.Offer](c, catalog.Query{Kind: catalog.KindOffer})
	if err != nil {
		return nil, err
	}
	balances, err := c.Books.Balances(c.r.Context(), c.ws.ID, "")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{"": true, c.ws.Currency: true}
	out := []money.Currency{}
	add := func(code string) {
		if !seen[code] {
			seen[code] = true
			out = append(out, money.Currency(code))
		}
	}
	for _, o := range offers {
		add(o.Currency)
	}
	for _, b := range balances {
		add(b.Account.Currency)
	}
	for _, m := range manual {
		if string(m.From) == c.ws.Currency || string(m.To) == c.ws.Currency {
			add(string(m.From))
			add(string(m.To))
		}
	}
	slices.Sort(out)
	return out, nil
}

// today is the day rates are looked up for.
func (c *call) today() string { return c.Now().UTC().Format(time.DateOnly) }

func (c *call) rateLine(table *money.Rates, cur money.Currency) rateLine {
	reporting := money.Currency(c.ws.Currency)
	l := rateLine{Currency: string(cur), SetURL: c.at("rates", "from", string(cur)) + "#set"}
	r, ok := table.On(c.ws.ID, cur, reporting, c.today())
	if !ok {
		l.Missing = true
		return l
	}
	l.Rate, l.Title, l.Date = readable(r.Rate), "1 "+l.Currency+" = "+r.Rate.String()+" "+c.ws.Currency, r.Date
	if back, ok := table.On(c.ws.ID, reporting, cur, c.today()); ok {
		l.Inverse, l.InverseTitle = readable(back.Rate), "1 "+c.ws.Currency+" = "+back.Rate.String()+" "+l.Currency
	}
	switch {
	case r.Source == money.SourceManual:
		l.Source = state{Word: "by hand", Tone: "info"}
	case r.Stale(c.today()):
		l.Source = state{Word: "ECB, " + plural(int64(r.Age(c.today())), "day", "days") + " old", Tone: "warn"}
	default:
		l.Source = state{Word: "ECB", Tone: "good"}
	}
	l.Spark, l.Change = c.history(table, cur, reporting)
	return l
}

// history draws the last days; the numbers of a drawing may be floats.
func (c *call) history(table *money.Rates, cur, reporting money.Currency) (*spark, string) {
	var values []float64
	now := c.Now().UTC()
	for i := sparkDays; i >= 0; i-- {
		r, ok := table.On(c.ws.ID, cur, reporting, now.AddDate(0, 0, -i).Format(time.DateOnly))
		if !ok {
			continue
		}
		if v, exact := r.Rate.Float64(); exact {
			values = append(values, v)
		}
	}
	if len(values) < 2 {
		return nil, ""
	}
	change := (values[len(values)-1]/values[0] - 1) * 100
	text := strings.ReplaceAll(fmt.Sprintf("%+.1f\u2009%%", change), "-", minus)
	if math.Abs(change) < 0.05 {
		text = "0.0\u2009%"
	}
	return &spark{Label: string(cur) + " in " + string(reporting) + " over 30 days: " + text, Points: polyline(values, 90, 20)}, text
}

// polyline places values in a box of w by h, the latest at its right end.
func polyline(values []float64, w, h float64) string {
	low, high := slices.Min(values), slices.Max(values)
	var b strings.Builder
	for i, v := range values {
		y := h / 2
		if high > low {
			y = 2 + (high-v)/(high-low)*(h-4)
		}
		x := 1 + float64(i)/float64(len(values)-1)*(w-2)
		fmt.Fprintf(&b, "%.1f,%.1f ", x, y)
	}
	return strings.TrimSpace(b.String())
}

// readable is a rate with 6 significant digits; the whole of it is in the title.
func readable(d decimal.Decimal) string {
	if over := d.Prec() - 6; over > 0 && d.Scale() > 0 {
		d = d.Round(max(d.Scale()-over, 0))
	}
	return group(d.Trim(0).String())
}

func (c *call) manualLine(r *rates.Row) manualLine {
	today := c.today()
	l := manualLine{One: "1 " + string(r.From) + " =", Rate: group(r.Value.String()) + " " + string(r.To), From: r.Date, Until: r.Until,
		Set: clock(r.Changed, c.loc, c.Now()), State: state{Word: "holds", Tone: "good"},
		Keys: []hidden{{"from", string(r.From)}, {"to", string(r.To)}, {"date", r.Date}}}
	switch {
	case r.Date > today:
		l.State = state{Word: "later", Tone: "hollow"}
	case r.Until != "" && r.Until < today:
		l.State, l.Off = state{Word: "ended", Tone: "off"}, true
	}
	if c.write() {
		if r.Date <= today && (r.Until == "" || r.Until > today) {
			l.Actions = append(l.Actions, action{Label: "End today", URL: c.plain("rates/end")})
		}
		l.Actions = append(l.Actions, action{Label: "Remove", URL: c.plain("rates/remove")})
	}
	return l
}

// rateForm is the form of a manual rate.
func (c *call) rateForm(st ratesState) *form {
	posted := st.posted
	if posted == nil {
		posted = url.Values{"from": {c.param("from")}, "to": {c.ws.Currency}, "date": {c.today()}, "rate": {""}, "until": {""}}
	}
	f := plainForm("rate", c.plain("rates"), "Set rate", []fieldSpec{
		{name: "from", label: "One unit of", width: "w2", choices: currencyChoices(posted.Get("from"))},
		{name: "rate", label: "is worth", width: "w2", mode: "decimal", example: "0.92"},
		{name: "to", label: "in", width: "w2", choices: currencyChoices(posted.Get("to"))},
		{name: "date", label: "From", width: "w2", typ: "date"},
		{name: "until", label: "Until", width: "w2", typ: "date", optional: true, help: "The last day. Empty: until you end it or set a later one."},
	}, posted, st.errs)
	return &f
}

// currencyChoices are the currencies of today, and the chosen one whatever it is.
func currencyChoices(chosen string) []choice {
	out := []choice{{Value: "", Label: "Choose"}}
	known := chosen == ""
	for _, cur := range money.Currencies() {
		if !cur.Withdrawn() || string(cur) == chosen {
			out = append(out, choice{Value: string(cur), Label: string(cur)})
			known = known || string(cur) == chosen
		}
	}
	if !known {
		out = append(out, choice{Value: chosen, Label: chosen})
	}
	return out
}

// rateSet sets a rate by hand.
func (c *call) rateSet() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := rates.ManualDoc{From: v.Get("from"), To: v.Get("to"), Rate: strings.TrimSpace(v.Get("rate")), Date: strings.TrimSpace(v.Get("date")), Until: strings.TrimSpace(v.Get("until"))}
	r, err := c.Rates.Set(c.r.Context(), c.who, c.ws.ID, d)
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showRates(http.StatusUnprocessableEntity, ratesState{posted: v, errs: errs})
	}
	c.say("1 "+string(r.From)+" is "+r.Value.String()+" "+string(r.To)+" from "+r.Date+" on.", nil)
	return c.redirect(c.at("rates") + "#manual")
}

// rateEnd lets a manual rate hold until today, rateRemove takes it away.
func (c *call) rateEnd() error {
	return c.rateChange("The rate holds until the end of today.", func(k rates.ManualKey) error {
		_, err := c.Rates.End(c.r.Context(), c.who, c.ws.ID, k, c.today())
		return err
	})
}

func (c *call) rateRemove() error {
	return c.rateChange("The rate was removed.", func(k rates.ManualKey) error {
		return c.Rates.Remove(c.r.Context(), c.who, c.ws.ID, k)
	})
}

func (c *call) rateChange(done string, do func(k rates.ManualKey) error) error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	err = do(rates.ManualKey{From: v.Get("from"), To: v.Get("to"), Date: v.Get("date")})
	if err != nil {
		return err
	}
	c.say(done, nil)
	return c.redirect(c.at("rates") + "#manual")
}

// rateImport takes an uploaded file. It is read as it comes, never kept.
func (c *call) rateImport() error {
	if !c.who.Owner || !c.who.Write {
		return catalog.ErrNotFound
	}
	parts, err := c.r.MultipartReader()
	if err != nil {
		return errForm
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return c.uploadRefused("Choose a file first.")
		}
		if err != nil {
			return errForm
		}
		if part.FormName() != "file" {
			continue
		}
		if part.FileName() == "" {
			return c.uploadRefused("Choose a file first.")
		}
		return c.takeRates(part)
	}
}

func (c *call) takeRates(r io.Reader) error {
	res, err := c.Rates.Import(c.r.Context(), c.who, r)
	var bad *rates.FileError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &bad):
		return c.uploadRefused(bad.Msg)
	case errors.As(err, &large):
		return c.uploadRefused("The file is larger than 10 MB.")
	case errors.Is(err, rates.ErrBusy):
		return c.uploadRefused("Another import is under way; try again when it is done.")
	case err != nil:
		return err
	}
	c.say(importSentence(res), nil)
	return c.redirect(c.at("rates"))
}

func (c *call) uploadRefused(why string) error {
	return c.showRates(http.StatusUnprocessableEntity, ratesState{upload: why})
}

func importSentence(r *rates.Result) string {
	days := "of " + r.Last
	if r.Days > 1 {
		days = "of " + plural(int64(r.Days), "day", "days") + " from " + r.First + " to " + r.Last
	}
	s := fmt.Sprintf("Imported rates %s: %s new, %s corrected, %s as they were.", days, count(int64(r.Added)), count(int64(r.Updated)), count(int64(r.Unchanged)))
	var unknown []string
	for _, k := range r.Skipped {
		if k.Reason == rates.SkippedUnknown {
			unknown = append(unknown, k.Currency)
		}
	}
	if len(unknown) > 0 {
		s += " Left out, as the currency is not known: " + strings.Join(unknown, ", ") + "."
	}
	return s
}
