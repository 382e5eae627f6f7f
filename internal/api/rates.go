package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
	"clickledger/internal/rates"

	"github.com/danielgtaylor/huma/v2"
)

// importPath is the one operation whose body is a file and no JSON.
const importPath = "/rates/import"

// Rate is the exchange rate that holds on a day, in answers.
type Rate struct {
	From   string `json:"from" example:"USD" doc:"One unit of this currency …"`
	To     string `json:"to" example:"EUR" doc:"… is worth rate units of this one."`
	Day    string `json:"day" example:"2026-01-18" doc:"The day that was asked for."`
	Rate   string `json:"rate" example:"0.918948722661" doc:"Decimal text with at most 12 significant digits."`
	Date   string `json:"date" example:"2026-01-16" doc:"The day of the rate that was used; of a cross rate the older of the two."`
	Source string `json:"source" enum:"ecb,manual,same" doc:"Published by the European Central Bank, set by hand, or one and the same currency."`
	Age    int    `json:"age_days" doc:"Days from date to day."`
	Stale  bool   `json:"stale" doc:"Whether it is a published rate of more than 7 days before the day."`
}

// RateRow is a stored rate in answers.
type RateRow struct {
	From     string    `json:"from" example:"EUR" doc:"One unit of this currency …"`
	To       string    `json:"to" example:"USD" doc:"… is worth rate units of this one."`
	Date     string    `json:"date" example:"2026-01-16" doc:"Its day; of a manual rate the first day it holds."`
	Until    string    `json:"until" doc:"Of a manual rate the last day it holds; empty: open."`
	Rate     string    `json:"rate" example:"1.0882" doc:"Decimal text."`
	Source   string    `json:"source" enum:"ecb,manual" doc:"Where it came from."`
	Previous string    `json:"previous" doc:"What it was before it was last corrected; empty: never."`
	Changed  time.Time `json:"changed" doc:"When it was written last."`
}

// RateStatus is how the imported rates stand, in answers.
type RateStatus struct {
	Newest   string     `json:"newest" doc:"Day of the newest imported rate; empty: there is none."`
	Age      int        `json:"age_days" doc:"Days from then to today."`
	Stale    bool       `json:"stale" doc:"Whether it is more than 7 days old."`
	Imported *time.Time `json:"imported,omitempty" doc:"When rates were imported last."`
	Fetching bool       `json:"fetching" doc:"Whether rates are fetched every day (the setting rates-url)."`
	Fetched  *time.Time `json:"fetched,omitempty" doc:"When they were fetched last."`
	Failure  string     `json:"failure" doc:"Why the last fetch failed; empty: it did not."`
	Sentence string     `json:"sentence" doc:"All of it, for people."`
}

// RateImport says what an import did.
type RateImport struct {
	Format    string        `json:"format" example:"csv in zip" doc:"What the file is."`
	First     string        `json:"first" doc:"Its oldest day."`
	Last      string        `json:"last" doc:"Its newest day."`
	Days      int           `json:"days" doc:"How many days it has."`
	Added     int           `json:"added" doc:"Rates that were not known."`
	Updated   int           `json:"updated" doc:"Rates that had another value before."`
	Unchanged int           `json:"unchanged" doc:"Rates that were known as they are."`
	Skipped   []RateSkipped `json:"skipped" nullable:"false" doc:"What was left out."`
}

// RateSkipped is a currency that was left out of an import on some days.
type RateSkipped struct {
	Currency string `json:"currency" example:"HRK" doc:"As the file names it."`
	Values   int    `json:"values" doc:"On how many days."`
	Reason   string `json:"reason" enum:"no_rate,unknown_currency" doc:"The file has no value, or the code is not known."`
}

// RateEndDoc ends a manual rate.
type RateEndDoc struct {
	From  string `json:"from" required:"true" maxLength:"3" example:"USD" doc:"Its first currency."`
	To    string `json:"to" required:"true" maxLength:"3" example:"EUR" doc:"Its second currency."`
	Date  string `json:"date" required:"true" maxLength:"10" example:"2026-01-01" doc:"The first day it holds."`
	Until string `json:"until" required:"false" maxLength:"10" example:"2026-01-31" doc:"The last day it holds. Empty: it holds on."`
}

func rateRowView(r rates.Row) RateRow {
	return RateRow{string(r.From), string(r.To), r.Date, r.Until, r.Value.String(), r.Source, r.Previous, timeOf(r.Changed)}
}

type rateInput struct {
	Scope
	From string `query:"from" required:"true" maxLength:"3" doc:"ISO 4217."`
	To   string `query:"to" required:"true" maxLength:"3" doc:"ISO 4217."`
	Date string `query:"date" maxLength:"10" doc:"The day, YYYY-MM-DD. Default today (UTC)."`
}

type rateTableInput struct {
	Scope
	Paging
	Source   string `query:"source" enum:"ecb,manual" default:"ecb" doc:"Imported rates, which are everybody's, or those set by hand in the workspace."`
	Currency string `query:"currency" maxLength:"3" doc:"Of imported rates only those of this currency."`
}

type rateSetInput struct {
	Scope
	Body body[rates.ManualDoc]
}

type rateEndInput struct {
	Scope
	Body body[RateEndDoc]
}

type rateRemoveInput struct {
	Scope
	Body body[rates.ManualKey]
}

type rateImportInput struct {
	RawBody []byte
}

type (
	rateOutput       struct{ Body Rate }
	rateRowOutput    struct{ Body RateRow }
	rateStatusOutput struct{ Body RateStatus }
	rateImportOutput struct{ Body RateImport }
)

var (
	errNoRate   = &refusal{http.StatusNotFound, "rate_missing", "No exchange rate is known for this pair and day. Import the rates of the European Central Bank, or set one by hand.", nil}
	errRateBusy = &refusal{http.StatusConflict, "import_running", "Another import of rates is under way; try again when it is done.", nil}
)

func (s *server) registerRates() {
	add(s, route{method: http.MethodGet, path: "/rates", id: "get-rate", tag: "rates", summary: "Read the exchange rate of a day",
		text: "The rate by which an amount of that day is converted. A manual rate of the workspace comes first, for the pair or its inverse. Otherwise the newest rates of the European Central Bank that are not after the day are taken, crossed through the euro."}, s.getRate)
	add(s, route{method: http.MethodGet, path: "/rates/status", id: "get-rate-status", tag: "rates", summary: "Read how the imported rates stand"}, s.rateStatus)
	add(s, route{method: http.MethodGet, path: "/rates/table", id: "list-rates", tag: "rates", summary: "List stored rates", text: "The newest day first."}, s.listRates)
	add(s, route{method: http.MethodPost, path: "/rates", id: "set-rate", tag: "rates", summary: "Set a rate by hand",
		text: "It holds in the workspace from its date on, before imported rates, until it is ended or one with a later date begins. Sent again for the same pair and date it replaces the one before. What was converted already keeps its rate."}, s.setRate)
	add(s, route{method: http.MethodPost, path: "/rates/end", id: "end-rate", tag: "rates", summary: "End a manual rate"}, s.endRate)
	add(s, route{method: http.MethodPost, path: "/rates/remove", id: "remove-rate", tag: "rates", summary: "Remove a manual rate", status: http.StatusNoContent, text: "As if it had never held. What was converted already keeps its rate."}, s.removeRate)
	file := route{method: http.MethodPost, path: importPath, id: "import-rates", tag: "rates", summary: "Import rates of the European Central Bank", owner: true, maxBody: rates.MaxFile,
		text: "The body is a file as the bank publishes it: eurofxref.csv, eurofxref-hist.csv, either of them zipped, or eurofxref-daily.xml, -hist-90d.xml or -hist.xml; at most 10 MB. It is taken as a whole or refused with the line that is wrong. The same file again changes nothing; another value for a known day corrects it."}
	add(s, file, s.importRates)
	schema := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	op := s.operation(file)
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": schema, "application/xml": schema, "application/zip": schema}}
}

func (s *server) getRate(ctx context.Context, in *rateInput) (*rateOutput, error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	from, to := currencyParam(bad, "from", in.From), currencyParam(bad, "to", in.To)
	day := in.Date
	if day == "" {
		day = s.Now().UTC().Format(time.DateOnly)
	}
	if _, ok := money.ParseDay(day); !ok {
		bad.Add("date", "invalid_date", in.Date, "Must be a day such as 2026-01-31.")
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	r, err := s.Rates.Lookup(caller(ctx), ws, from, to, day)
	if errors.Is(err, rates.ErrNoRate) {
		return nil, errNoRate
	}
	if err != nil {
		return nil, err
	}
	return &rateOutput{Rate{string(r.From), string(r.To), day, r.Rate.String(), r.Date, r.Source, r.Age(day), r.Stale(day)}}, nil
}

// currencyParam reads the code of a currency.
func currencyParam(bad *catalog.Invalid, name, value string) money.Currency {
	c, err := money.ParseCurrency(value)
	var m *money.Error
	if errors.As(err, &m) {
		bad.Add(name, m.Code, value, m.Msg)
	}
	return c
}

func (s *server) rateStatus(ctx context.Context, _ *nothing) (*rateStatusOutput, error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	st, err := s.Rates.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &rateStatusOutput{RateStatus{st.Newest, st.Age, st.Stale, maybeTime(st.Imported), st.Fetching, maybeTime(st.Fetched), st.Failure, st.Sentence}}, nil
}

func (s *server) listRates(ctx context.Context, in *rateTableInput) (*pageOutput[RateRow], error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	q := rates.Query{Workspace: ws, Source: in.Source, Cursor: in.Cursor, Limit: in.Limit + 1}
	if in.Currency != "" {
		bad := &catalog.Invalid{}
		q.Currency = currencyParam(bad, "currency", in.Currency)
		if in.Source == money.SourceManual {
			bad.Add("currency", "conflict", in.Currency, "Chooses among imported rates only.")
		}
		err = bad.Err()
		if err != nil {
			return nil, err
		}
	}
	rows, err := s.Rates.List(ctx, caller(ctx), q)
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(r rates.Row) string { return rates.Cursor(&r) }, rateRowView), nil
}

func (s *server) setRate(ctx context.Context, in *rateSetInput) (*rateRowOutput, error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d rates.ManualDoc
	err = catalog.MergeFields(&d, &rates.ManualDoc{}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	r, err := s.Rates.Set(ctx, caller(ctx), ws, d)
	if err != nil {
		return nil, err
	}
	return &rateRowOutput{rateRowView(*r)}, nil
}

func (s *server) endRate(ctx context.Context, in *rateEndInput) (*rateRowOutput, error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d RateEndDoc
	err = catalog.MergeFields(&d, &RateEndDoc{}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	r, err := s.Rates.End(ctx, caller(ctx), ws, rates.ManualKey{From: d.From, To: d.To, Date: d.Date}, d.Until)
	if err != nil {
		return nil, err
	}
	return &rateRowOutput{rateRowView(*r)}, nil
}

func (s *server) removeRate(ctx context.Context, in *rateRemoveInput) (*struct{}, error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var k rates.ManualKey
	err = catalog.MergeFields(&k, &rates.ManualKey{}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	return nil, s.Rates.Remove(ctx, caller(ctx), ws, k)
}

func (s *server) importRates(ctx context.Context, in *rateImportInput) (*rateImportOutput, error) {
	if s.Rates == nil {
		return nil, errAbsent
	}
	res, err := s.Rates.Import(ctx, caller(ctx), bytes.NewReader(in.RawBody))
	var file *rates.FileError
	switch {
	case errors.As(err, &file):
		bad := &catalog.Invalid{}
		bad.Add("file", "invalid_rates", "", file.Msg)
		return nil, bad
	case errors.Is(err, rates.ErrBusy):
		return nil, errRateBusy
	case err != nil:
		return nil, err
	}
	out := RateImport{res.Format, res.First, res.Last, res.Days, res.Added, res.Updated, res.Unchanged, []RateSkipped{}}
	for _, k := range res.Skipped {
		out.Skipped = append(out.Skipped, RateSkipped(k))
	}
	return &rateImportOutput{out}, nil
}
