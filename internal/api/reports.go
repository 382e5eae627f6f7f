package api

import (
	"context"
	"net/http"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/report"
)

// Question is what a report asks; it describes [report.Question].
type Question struct {
	From       time.Time        `json:"from" required:"true" doc:"Beginning of the time that is reported."`
	To         time.Time        `json:"to" required:"true" doc:"Its end, which is not in it."`
	TimeZone   string           `json:"time_zone" required:"false" example:"Europe/Berlin" doc:"IANA time zone of dates and hours. Default: the workspace's."`
	Basis      string           `json:"time_basis" required:"false" enum:"event,visit" doc:"Whether a conversion counts when it happened or when its visit did. Default event."`
	Money      string           `json:"money" required:"false" enum:"reporting,original" doc:"What amounts are told in: the workspace's reporting currency, at the rate of the day of each conversion, or each conversion's own currency. Default reporting."`
	Dimensions []string         `json:"dimensions" required:"false" nullable:"false" doc:"What to group by, at most 8; see the operation's text."`
	Metrics    []string         `json:"metrics" required:"true" nullable:"false" doc:"What to measure; see the operation's text."`
	Filters    []QuestionFilter `json:"filters" required:"false" nullable:"false" doc:"Only rows for which all of them hold."`
	Sort       []QuestionSort   `json:"sort" required:"false" nullable:"false" doc:"The order of the rows."`
	Limit      int              `json:"limit" required:"false" minimum:"1" maximum:"100000" doc:"How many rows at most. Default 1000."`
	Totals     bool             `json:"totals" required:"false" doc:"Also answer the totals, over all rows and not only those within the limit."`
}

// QuestionFilter keeps rows whose dimension stands in the operator to one of the values.
type QuestionFilter struct {
	Dimension string   `json:"dimension" doc:"The dimension."`
	Op        string   `json:"op" enum:"eq,ne,contains,prefix,empty,not_empty" doc:"The operator."`
	Values    []string `json:"values" required:"false" nullable:"false" doc:"One of these; none for empty and not_empty."`
}

// QuestionSort orders the rows.
type QuestionSort struct {
	By   string `json:"by" doc:"A dimension or metric of the question."`
	Desc bool   `json:"desc" required:"false" doc:"Greatest first."`
}

// Table is a report's answer; it describes [report.Table].
type Table struct {
	Columns []TableColumn `json:"columns" nullable:"false" doc:"The columns in order: dimensions (with a column of names beside those of ids), then metrics."`
	Rows    [][]any       `json:"rows" nullable:"false" doc:"The rows. Dimensions are texts; counts, and money in minor units, are whole numbers; ratios and percentages are decimal texts, null where undefined."`
	Totals  [][]any       `json:"totals,omitempty" nullable:"false" doc:"One row; with several currencies one per currency, and one with currency \"\" for visits and clicks."`
	More    bool          `json:"more" doc:"Whether the limit cut the table."`
	Took    int64         `json:"took_us" doc:"How long it took, in microseconds."`

	CurrencyColumn string      `json:"currency_column,omitempty" doc:"The name of the column with the currency of the amounts; none where there are no amounts."`
	Notes          []TableNote `json:"notes,omitempty" nullable:"false" doc:"What to know before the amounts are believed; about all rows, also those that the limit cut."`
}

// TableNote says something about a table as a whole; it describes [report.Note].
type TableNote struct {
	Code  string `json:"code" enum:"unconverted,currencies" doc:"What it is about: conversions without an exchange rate, whose amounts count as 0; amounts that were reported in several currencies."`
	Count int64  `json:"count" doc:"How many conversions, or currencies."`
	Text  string `json:"text" doc:"A sentence."`
}

// TableColumn describes one column.
type TableColumn struct {
	Name    string `json:"name" doc:"Its name."`
	Label   string `json:"label" doc:"What people call it."`
	Type    string `json:"type" enum:"text,time,count,money,percent,ratio" doc:"What its cells hold."`
	Formula string `json:"formula,omitempty" doc:"How a metric is computed."`
}

type reportInput struct {
	Scope
	Body body[Question]
}

type reportOutput struct{ Body Table }

func (s *server) registerReports() {
	add(s, route{method: http.MethodPost, path: "/reports", id: "run-report", tag: "reports", summary: "Ask a report", text: reportText(), read: true}, s.runReport)
}

func (s *server) runReport(ctx context.Context, in *reportInput) (*reportOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var q Question
	err = decode(in.Body.raw, &q)
	if err != nil {
		return nil, err
	}
	if q.TimeZone == "" {
		e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindWorkspace, ws, ws)
		if err != nil {
			return nil, err
		}
		q.TimeZone = e.(*catalog.Workspace).TimeZone
	}
	asked := report.Question{Workspace: ws, From: q.From, To: q.To, TimeZone: q.TimeZone, Basis: q.Basis, Money: q.Money, Dimensions: q.Dimensions, Metrics: q.Metrics, Limit: q.Limit, Totals: q.Totals}
	for _, f := range q.Filters {
		asked.Filters = append(asked.Filters, report.Filter(f))
	}
	for _, by := range q.Sort {
		asked.Sort = append(asked.Sort, report.Sort(by))
	}
	t, err := s.Report.Run(ctx, asked)
	if err != nil {
		return nil, err
	}
	out := &reportOutput{Table{Columns: []TableColumn{}, Rows: t.Rows, Totals: t.Totals, More: t.More, Took: t.Took, CurrencyColumn: t.CurrencyColumn}}
	if out.Body.Rows == nil {
		out.Body.Rows = [][]any{}
	}
	for _, c := range t.Columns {
		out.Body.Columns = append(out.Body.Columns, TableColumn(c))
	}
	for _, n := range t.Notes {
		out.Body.Notes = append(out.Body.Notes, TableNote(n))
	}
	return out, nil
}
