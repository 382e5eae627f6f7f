// Package inbox keeps every signal with its verdict: raw, searchable, replayable.
//
// Invariants:
//   - A signal that was judged has exactly one row, whatever the number of judgments.
//   - Rows that wait (pending_click, processing_error) carry the time of their next try.
package inbox

import (
	"context"

	"clickledger/internal/event"
)

// Row is a signal and what became of it.
type Row struct {
	ID         string // the signal's id, hex
	Workspace  string // "" while unknown: no valid token, key or click
	At         int64  // µs, when it arrived
	Seq        int64  // sequence of its log message
	Kind       string // event.SignalPostback …
	Raw        []byte // the encoded event.Signal
	Verdict    event.Verdict
	Detail     string // a sentence about this very signal, secrets redacted
	Field      string // the parameter it is about
	Click      string // click id it was matched to, or as sent (bounded)
	Offer      string
	Order      string
	Conversion string // id, when there is one
	Tries      int64
	RetryAt    int64  // µs, 0 = final
	JudgedAt   int64  // µs
	Advertiser string // whom it speaks for, "" = unknown
	Goal       string // key of the goal it was matched to, or as sent (bounded)
	Search     string // what a text is looked for in, lower case, without secrets
	// Test says that it was about a test: its conversion is a test conversion, if it has any.
	Test bool
}

// Test says which rows a query is about.
type Test int

// The values of [Test].
const (
	AnyTest Test = iota // tests or not
	OnlyTests
	NoTests
)

// Query selects rows of one workspace, newest first.
type Query struct {
	Workspace  string
	Unassigned bool // also rows of no workspace; for operators of the installation
	Verdict    event.Verdict
	Conversion string
	Click      string
	Offer      string
	NoOffer    bool // only rows that could not be matched to an offer
	Advertiser string
	Goal       string
	Text       string // a part of the order number, of the click id or of what was sent, in any case
	Open       bool   // only what was not taken ([event.Verdict.Took]): refused, or waiting
	From, To   int64  // µs of arrival, To exclusive; 0 = open
	Test       Test
	Before     string // last id of the page before (ids are time-ordered)
	Oldest     bool   // the oldest first; then After says where the page before ended
	After      string
	Limit      int
}

// Tx is what judging writes.
type Tx interface {
	// PutSignal inserts or, for a signal judged again, replaces the row.
	PutSignal(ctx context.Context, r *Row) error
	// GetSignal returns the row, or catalog.ErrNotFound.
	GetSignal(ctx context.Context, id string) (*Row, error)
	// RememberMessage remembers that a signal brought an advertiser's message, if no other has
	// before, and returns the signal that is remembered.
	RememberMessage(ctx context.Context, advertiser, message, signal string, at int64) (string, error)
	// TakeMessage puts another signal in the place of the one remembered.
	TakeMessage(ctx context.Context, advertiser, message, signal string, at int64) error
	// DueSignals returns rows with 0 < RetryAt <= now, oldest first.
	DueSignals(ctx context.Context, now int64, limit int) ([]*Row, error)
}

// Reader is what the console and the API read.
type Reader interface {
	// Signal returns the row without taking the writer, or catalog.ErrNotFound.
	Signal(ctx context.Context, id string) (*Row, error)
	ListSignals(ctx context.Context, q Query) ([]*Row, error)
	CountSignals(ctx context.Context, workspace string) (map[event.Verdict]int64, error)
}
