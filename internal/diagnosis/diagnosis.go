// Package diagnosis answers "my conversions are recorded but revenue shows 0.00: what is
// wrong?" for each offer: a table of checks over what was received lately, each with the
// evidence and the fix (issue 3 point 7, rulebook P9).
//
// Invariants:
//   - It reads what others keep and changes nothing, but for the last visit to a landing
//     page, which it makes itself and only when asked.
//   - Its work is bounded whatever an offer received: the last [MaxSignals] signals and
//     [MaxConversions] conversions of at most [Days] days, and one question to the report.
//   - What it shows of a signal is without what authenticates its sender (rulebook O5).
package diagnosis

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"clickledger/internal/account"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/report"
)

// Bounds of what one diagnosis looks at.
const (
	MaxSignals     = 200
	MaxConversions = 200
	Days           = 30 // older ones say nothing about today
	MaxEvidence    = 5  // signals, and conversions, that a finding shows
)

// Severity says how bad a finding is.
type Severity string

// The severities, worst first.
const (
	Bad  Severity = "bad"  // money or conversions are being lost
	Warn Severity = "warn" // probably not what was meant
	Info Severity = "info" // good to know
)

// rank orders severities, worst first.
func (s Severity) rank() int {
	switch s {
	case Bad:
		return 0
	case Warn:
		return 1
	}
	return 2
}

// Place is where a fix is made. The codes are a contract of the API.
type Place string

// The places.
const (
	PlaceNone        Place = ""
	PlaceOffer       Place = "offer"       // the offer's form
	PlaceTracking    Place = "tracking"    // the postback URL and pixels to give away
	PlaceAdvertiser  Place = "advertiser"  // the network's parameters and macros
	PlaceRates       Place = "rates"       // exchange rates
	PlaceSignals     Place = "signals"     // the inbox
	PlaceConversions Place = "conversions" // the offer's conversions
	PlaceLanding     Place = "landing"     // the check of the landing page
)

// Reprice selects the conversions that a fix is to price anew. The zero times are open.
type Reprice struct {
	From   int64 // µs of event time
	To     int64 // µs, exclusive
	Warned bool
	IDs    []string
}

// Fix is what to do about a finding.
type Fix struct {
	Sentence string
	Place    Place
	// Reprice is what to price anew once the fix is made, nil when there is nothing.
	Reprice *Reprice
	// Replay says that the signals shown can be judged again once the fix is made.
	Replay bool
}

// Evidence is one signal as a finding shows it.
type Evidence struct {
	Signal     string // id
	At         int64  // µs
	Kind       string // event.SignalPostback …
	Verdict    event.Verdict
	Detail     string // the inbox's own sentence
	Param      string // the parameter that matters as it came, name=value, secrets masked; "" when it is what is missing
	Query      string // the whole query as it came, secrets masked, at most [maxQuery] bytes
	Conversion string // id, "" = none came of it
}

// Finding is a check that found something.
type Finding struct {
	Code     string // stable: a contract of the API
	Title    string
	Severity Severity
	Sentence string
	Count    int // how many signals, conversions or clicks it is about, of those looked at
	Signals  []Evidence
	// Conversions are evidence too, newest first.
	Conversions []*conversion.Conversion
	Fix         Fix
}

// Report is the diagnosis of one offer.
type Report struct {
	Offer       string
	At          int64 // µs
	Findings    []Finding
	Passed      []CheckInfo // the checks that found nothing, in the order of [Checks]
	Signals     int         // how many were looked at
	Conversions int
	Landing     *Landing // the last visit to the landing page, nil = none
	// Unknown says in a sentence what could not be looked at, "" = everything was.
	Unknown string
}

// Worst is the worst severity, "" without findings.
func (r *Report) Worst() Severity {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[0].Severity
}

// Mark is a diagnosis in a list: the worst severity with its title, and the count.
type Mark struct {
	Severity Severity // "" = nothing was found
	Findings int
	Code     string // of the worst finding
	Title    string
	At       int64 // µs, when it was looked at
}

// Landing is a visit of the server itself to an offer's landing page.
type Landing struct {
	Workspace string
	Offer     string
	At        int64  // µs
	Actor     string // user or key that asked for it
	URL       string // the offer's URL as it was then, with its tokens
	Host      string // that answered last
	Status    int64  // of HTTP, 0 = no answer
	Hops      int64  // redirects that were followed
	Millis    int64
	Failure   string // why there was no answer, "" = there was

	hops *[]Hop // what is kept of the way, nil = nothing
}

// Store keeps the last visit to each landing page.
type Store interface {
	// PutLanding keeps a visit in place of the last one to the same offer's page. It is
	// one transaction.
	PutLanding(ctx context.Context, l *Landing) error
	// Landing returns the last visit, or catalog.ErrNotFound.
	Landing(ctx context.Context, workspace, offer string) (*Landing, error)
}

// Books is what a diagnosis reads of the books.
type Books interface {
	ListSignals(ctx context.Context, q inbox.Query) ([]*inbox.Row, error)
	ListConversions(ctx context.Context, q conversion.Query) ([]*conversion.Conversion, error)
}

// Clicks finds a click by its id, nil when it is not known.
type Clicks interface {
	Find(ctx context.Context, id event.ClickID) (*event.Visit, error)
}

// Caps tells how the caps of an offer stand.
type Caps interface {
	Status(ctx context.Context, workspace, offer string) ([]caps.Status, error)
}

// Options are what a [Service] needs.
type Options struct {
	View   func() *catalog.View
	Books  Books
	Clicks Clicks
	// Keys tells our click ids from made-up ones, so that those are not looked up; nil
	// looks up all.
	Keys   func() *event.Keyring
	Report report.Reporter
	Store  Store
	// Caps tells how caps stand; nil when there is nobody to ask.
	Caps Caps
	// AllowPrivate lets the landing check visit loopback and private networks: for the
	// demo and for tests.
	AllowPrivate bool
	Now          func() time.Time // nil for time.Now
	Logger       *slog.Logger     // nil is silence
}

// Service diagnoses offers. It is safe for concurrent use.
type Service struct {
	Options
	prober *prober
	visits singleflight.Group // checks of landing pages under way, by offer
	marks  *marks
}

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o, prober: newProber(o.AllowPrivate), marks: newMarks()}
}

// offer is an offer of the workspace, or catalog.ErrNotFound.
func (s *Service) offer(view *catalog.View, workspace, id string) (*catalog.Offer, error) {
	o := view.Offer(id)
	if o == nil || o.Workspace != workspace {
		return nil, catalog.ErrNotFound
	}
	return o, nil
}

// Diagnose runs every check on an offer, findings worst first. It fails with
// catalog.ErrNotFound for an offer the principal may not see.
func (s *Service) Diagnose(ctx context.Context, p account.Principal, workspace, offer string) (*Report, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	view := s.View()
	o, err := s.offer(view, workspace, offer)
	if err != nil {
		return nil, err
	}
	looks, err := s.gather(ctx, view, workspace, []*catalog.Offer{o}, MaxSignals, MaxConversions)
	if err != nil {
		return nil, err
	}
	r := looks[0].report()
	return r, nil
}

// found reads something that may not be there.
func found[T any](v *T, err error) (*T, error) {
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	return v, err
}
