// Package report answers a question with a table: dimensions, metrics and filters
// become SQL over the facts, and every metric has one formula, printed wherever it
// is shown.
//
// Invariants:
//   - Column, dimension, metric and operator names come from tables here, never from
//     the question's text; values are always parameters (S10).
//   - Every query is bound to one workspace.
//   - Money of several currencies is never added: such a group is split by currency.
//   - An amount without an exchange rate counts as 0 in the reporting currency, and the
//     answer says how many conversions that are (P11).
package report

import (
	"context"
	"time"
)

// Question is what a report asks.
type Question struct {
	Workspace  string    `json:"-"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`         // exclusive
	TimeZone   string    `json:"time_zone"`  // IANA, default the workspace's
	Basis      string    `json:"time_basis"` // "event" (default) or "visit"
	Money      string    `json:"money"`      // "reporting" (default) or "original", see [MoneyReporting]
	Dimensions []string  `json:"dimensions"` // at most 8
	Metrics    []string  `json:"metrics"`
	Filters    []Filter  `json:"filters"`
	Sort       []Sort    `json:"sort"`
	Limit      int       `json:"limit"` // 1…100000, default 1000
	Totals     bool      `json:"totals"`
}

// Filter keeps rows whose dimension stands in the operator to one of the values.
type Filter struct {
	Dimension string   `json:"dimension"`
	Op        string   `json:"op"` // eq, ne, contains, prefix, empty, not_empty
	Values    []string `json:"values"`
}

// Sort orders the rows by a dimension or a metric of the question.
type Sort struct {
	By   string `json:"by"`
	Desc bool   `json:"desc"`
}

// Table is the answer. Cells are string (dimensions), int64 (counts, money in minor
// units), or a decimal string (ratios; nil when undefined).
type Table struct {
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"`
	Totals  [][]any  `json:"totals,omitempty"` // one row, or several when there are several currencies
	More    bool     `json:"more"`             // the limit cut the table
	Took    int64    `json:"took_us"`
	// CurrencyColumn names the column with the currency of the amounts, "" = there are none.
	CurrencyColumn string `json:"currency_column,omitempty"`
	Notes          []Note `json:"notes,omitempty"` // what to know before one believes the amounts
}

// Note says something about a table as a whole, also about rows the limit cut.
type Note struct {
	Code  string `json:"code"`  // one of the Note constants
	Count int64  `json:"count"` // of what the note is about
	Text  string `json:"text"`  // a sentence
}

// Notes.
const (
	// NoteUnconverted counts conversions whose amounts are 0 in the table, because there
	// is no exchange rate for them.
	NoteUnconverted = "unconverted"
	// NoteCurrencies counts the currencies of a table that was to be in one: amounts that
	// were reported in another currency, before the workspace had this one, stay in it.
	NoteCurrencies = "currencies"
)

// Column describes one column of a table.
type Column struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Type    string `json:"type"` // "text", "time", "count", "money", "percent", "ratio"
	Formula string `json:"formula,omitempty"`
}

// Reporter answers questions.
type Reporter interface {
	Run(ctx context.Context, q Question) (*Table, error)
}
