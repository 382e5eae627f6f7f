// Package wizard runs the two test conversions before an offer goes live (seed 3, issue 4
// point 7): a test click, the landing page, two conversions with order numbers of their
// own, what was understood of them, a repetition, and a wrong token.
//
// Invariants:
//   - Whatever a run does or receives counts nowhere: its clicks come through a test link,
//     and what converts them is a test conversion (package conversion).
//   - A run says what was wrong with what arrived and goes on waiting: only what was sent
//     by itself and judged otherwise than expected fails it.
//   - What a run shows of a signal is without what authenticates its sender.
//   - Steps are stored with the run: what was found stays as it was found.
package wizard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// Lasts is how long a run waits for conversions.
const Lasts = 24 * time.Hour

// State of a run.
type State string

// The states of runs.
const (
	Running State = "running"
	Passed  State = "passed"
	Failed  State = "failed"
	Ended   State = "ended" // cancelled, replaced by another run, or out of time
)

// StepState is how far a step is.
type StepState string

// The states of steps.
const (
	StepWaiting StepState = "waiting"
	StepPassed  StepState = "passed"
	StepFailed  StepState = "failed"
	StepNone    StepState = "not_applicable"
)

// The steps, in their order. The ids are a contract of the API.
const (
	StepClick   = "click"
	StepLanding = "landing"
	StepFirst   = "first"
	StepSecond  = "second"
	StepValues  = "values"
	StepReplay  = "replay"
	StepToken   = "wrong_token"
)

// titles of the steps, in their order.
var titles = []struct{ id, title string }{
	{StepClick, "A test click is made"},
	{StepLanding, "The landing page receives the click id"},
	{StepFirst, "A first conversion arrives"},
	{StepSecond, "A second one arrives, with another order number"},
	{StepValues, "Amount, currency and order number are understood"},
	{StepReplay, "The second one, sent again, is a duplicate"},
	{StepToken, "A wrong token is refused"},
}

// Parsed is one value of a conversion: what arrived and what was understood.
type Parsed struct {
	Name    string `json:"name"`    // what it is, in words
	Param   string `json:"param"`   // the parameter's name
	Raw     string `json:"raw"`     // as it arrived, "" = it did not
	Value   string `json:"value"`   // what was understood
	Problem string `json:"problem"` // what is wrong with it, a sentence; "" = nothing
}

// Step is one thing that a run tries.
type Step struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	State    StepState     `json:"state"`
	Sentence string        `json:"sentence"` // what was found, or is waited for
	Fault    string        `json:"fault"`    // stable code of what is wrong: a verdict, or one of the faults; "" = nothing
	Fix      string        `json:"fix"`      // what to do about it
	At       int64         `json:"at"`       // µs, when it came to its state
	Signals  []string      `json:"signals"`  // ids of those it is about, newest last
	Verdict  event.Verdict `json:"verdict"`  // of the last of them
	Parsed   []Parsed      `json:"parsed"`
}

// Run is one test of an offer.
type Run struct {
	ID          string `json:"id"`
	Workspace   string `json:"workspace"`
	Offer       string `json:"offer"`
	Advertiser  string `json:"advertiser"`
	Link        string `json:"link"` // id of its test link
	TestURL     string `json:"test_url"`
	Method      string `json:"method"` // catalog.MethodPostback, MethodPixel or MethodScript
	State       State  `json:"state"`
	Fingerprint string `json:"fingerprint"` // of the configuration it tests
	Actor       string `json:"actor"`
	Started     int64  `json:"started"` // µs
	Ended       int64  `json:"ended"`   // µs, 0 = it is running
	Click       string `json:"click"`   // id of the click that the server made
	Landing     string `json:"landing"` // where that click led
	Result      string `json:"result"`  // a sentence
	Steps       []Step `json:"steps"`
	Version     int64  `json:"-"`
}

// step is the run's step of an id.
func (r *Run) step(id string) *Step {
	for i := range r.Steps {
		if r.Steps[i].ID == id {
			return &r.Steps[i]
		}
	}
	return &Step{} // a run of before the step was there
}

// Answer is how an offer stands with its tests.
type Answer struct {
	Run    *Run // the last one, nil = none was made
	Needed bool // the offer must pass a test, or give a reason, before it goes live
	Passed bool // a test passed, for the configuration of now
	Live   bool // it was active at some time: nothing is asked any more
}

// Store keeps runs.
type Store interface {
	// InsertRun adds a run, as version 1.
	InsertRun(ctx context.Context, r *Run) error
	// UpdateRun writes it if the stored version is r.Version, and raises it;
	// catalog.ErrVersion otherwise.
	UpdateRun(ctx context.Context, r *Run) error
	// Runs are the runs of an offer, newest first.
	Runs(ctx context.Context, workspace, offer string, limit int) ([]*Run, error)
	// Running are the runs of all workspaces that are running, oldest first.
	Running(ctx context.Context, limit int) ([]*Run, error)
	// PassedRun is the id of the last run of the offer that passed with the fingerprint,
	// or catalog.ErrNotFound.
	PassedRun(ctx context.Context, workspace, offer, fingerprint string) (string, error)
}

// Links makes and ends test links; [catalog.Service] does.
type Links interface {
	MakeTestLink(ctx context.Context, workspace, offer, actor, name string) (*catalog.Link, error)
	EndTestLink(ctx context.Context, workspace, id, actor string) error
}

// Books is what a run reads of the books.
type Books interface {
	Signal(ctx context.Context, id string) (*inbox.Row, error)
	ListSignals(ctx context.Context, q inbox.Query) ([]*inbox.Row, error)
	TestConversions(ctx context.Context, workspace, run string, limit int) ([]*conversion.Conversion, error)
}

// Clicks finds a click by its id, nil when it is not known.
type Clicks interface {
	Find(ctx context.Context, id event.ClickID) (*event.Visit, error)
}

// Door is the public HTTP as we use it ourselves; the edge is it.
type Door interface {
	// Open opens a link, as a visitor would.
	Open(ctx context.Context, key, userAgent string) (location string, id event.ClickID)
	// Try takes a signal of our own in, marked as a test of the workspace.
	Try(ctx context.Context, s event.Signal, workspace string) (event.ClickID, event.Verdict)
}

// Options are what a [Service] needs.
type Options struct {
	View      func() *catalog.View
	Links     Links
	Books     Books
	Clicks    Clicks
	Keys      func() *event.Keyring
	Door      Door
	Store     Store
	Follow    func(ctx context.Context, url string) ([]diagnosis.Hop, error) // opens a page, safely
	PublicURL string
	Now       func() time.Time // nil for time.Now
	Logger    *slog.Logger     // nil is silence
}

// Service runs tests. It is safe for concurrent use.
type Service struct {
	Options
	wake   chan struct{}
	active atomic.Bool // a run may be running here
}

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o, wake: make(chan struct{}, 1)}
}

// Methods are the ways of reporting conversions that can be tested.
var Methods = []string{catalog.MethodPostback, catalog.MethodPixel, catalog.MethodScript}

// Start begins a test of an offer, in place of one that is running. method is one of
// [Methods], "" for the offer's own. It fails with catalog.ErrNotFound for an offer the
// principal may not write, and with [*catalog.Invalid].
func (s *Service) Start(ctx context.Context, p account.Principal, workspace, offer, method string) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	return s.start(ctx, workspace, "", offer, p.ID, method)
}

// StartFor is [Service.Start] for a portal of the advertiser's, whom the caller has
// authenticated: the offer must be its own.
func (s *Service) StartFor(ctx context.Context, workspace, advertiser, offer, actor, method string) (*Run, error) {
	if advertiser == "" {
		return nil, catalog.ErrNotFound
	}
	return s.start(ctx, workspace, advertiser, offer, actor, method)
}

// offer is an offer of the workspace and, unless advertiser is "", of the advertiser.
func (s *Service) offer(workspace, advertiser, id string) (*catalog.Offer, error) {
	o := s.View().Offer(id)
	if o == nil || o.Workspace != workspace || advertiser != "" && o.Advertiser != advertiser {
		return nil, catalog.ErrNotFound
	}
	return o, nil
}

func (s *Service) start(ctx context.Context, workspace, advertiser, offer, actor, method string) (*Run, error) {
	o, err := s.offer(workspace, advertiser, offer)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	switch {
	case method != "":
	case o.Tracking == catalog.TrackPixel:
		method = catalog.MethodPixel
	default:
		method = catalog.MethodPostback
	}
	known := false
	for _, m := range Methods {
		known = known || m == method
	}
	if !known {
		bad.Add("method", "not_one_of", method, "Must be one of "+strings.Join(Methods, ", ")+".")
	}
	if o.Archived {
		bad.Add("offer", "archived", offer, "The offer is archived.")
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	_, err = s.end(ctx, workspace, offer, actor, "Another test was started.")
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	now := s.Now()
	l, err := s.Links.MakeTestLink(ctx, workspace, offer, actor, "Test of "+now.UTC().Format("2 January 2006, 15:04"))
	if err != nil {
		return nil, err
	}
	r := &Run{
		ID: event.NewID("tsr_", now), Workspace: workspace, Offer: offer, Advertiser: o.Advertiser, Link: l.ID, TestURL: catalog.Origins{Public: strings.TrimSuffix(s.PublicURL, "/"), View: s.View}.Link(l),
		Method: method, State: Running, Actor: actor, Started: now.UnixMicro(), Fingerprint: catalog.TestFingerprint(o, s.View().Advertiser(o.Advertiser)),
	}
	for _, t := range titles {
		r.Steps = append(r.Steps, Step{ID: t.id, Title: t.title, State: StepWaiting, Signals: []string{}, Parsed: []Parsed{}})
	}
	s.click(ctx, r, l.Key)
	s.expect(r, o)
	err = s.Store.InsertRun(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("start a test: %w", err)
	}
	if r.State != Running {
		err = s.Links.EndTestLink(ctx, workspace, l.ID, actor)
		if err != nil {
			return nil, err
		}
	}
	s.Wake()
	return r, nil
}

// Status tells how the offer stands. It changes nothing. It fails with
// catalog.ErrNotFound for an offer the principal may not see.
func (s *Service) Status(ctx context.Context, p account.Principal, workspace, offer string) (*Answer, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	return s.status(ctx, workspace, "", offer)
}

// StatusFor is [Service.Status] for a portal of the advertiser's.
func (s *Service) StatusFor(ctx context.Context, workspace, advertiser, offer string) (*Answer, error) {
	if advertiser == "" {
		return nil, catalog.ErrNotFound
	}
	return s.status(ctx, workspace, advertiser, offer)
}

func (s *Service) status(ctx context.Context, workspace, advertiser, offer string) (*Answer, error) {
	o, err := s.offer(workspace, advertiser, offer)
	if err != nil {
		return nil, err
	}
	runs, err := s.Store.Runs(ctx, workspace, offer, 1)
	if err != nil {
		return nil, fmt.Errorf("read the tests of an offer: %w", err)
	}
	view := s.View()
	adv := view.Advertiser(o.Advertiser)
	a := &Answer{Live: o.LiveSince != 0, Needed: o.LiveSince == 0 && catalog.NeedsTest(view.Workspace(workspace), adv)}
	if len(runs) > 0 {
		a.Run = runs[0]
	}
	_, err = s.Store.PassedRun(ctx, workspace, offer, catalog.TestFingerprint(o, adv))
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, fmt.Errorf("read the passed tests of an offer: %w", err)
	}
	a.Passed = err == nil
	return a, nil
}

// maxRuns bounds the runs that are listed.
const maxRuns = 100

// List gives the last runs of an offer, newest first. It fails with catalog.ErrNotFound
// for an offer the principal may not see.
func (s *Service) List(ctx context.Context, p account.Principal, workspace, offer string) ([]*Run, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	_, err := s.offer(workspace, "", offer)
	if err != nil {
		return nil, err
	}
	runs, err := s.Store.Runs(ctx, workspace, offer, maxRuns)
	if err != nil {
		return nil, fmt.Errorf("list the tests of an offer: %w", err)
	}
	return runs, nil
}

// Cancel ends the offer's running test; a test that is over stays as it is. It fails with
// catalog.ErrNotFound where the principal may not write, and where nothing was tested.
func (s *Service) Cancel(ctx context.Context, p account.Principal, workspace, offer string) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	_, err := s.offer(workspace, "", offer)
	if err != nil {
		return nil, err
	}
	return s.end(ctx, workspace, offer, p.ID, "It was cancelled.")
}

// CancelFor is [Service.Cancel] for a portal of the advertiser's.
func (s *Service) CancelFor(ctx context.Context, workspace, advertiser, offer, actor string) (*Run, error) {
	_, err := s.offer(workspace, advertiser, offer)
	if err != nil || advertiser == "" {
		return nil, catalog.ErrNotFound
	}
	return s.end(ctx, workspace, offer, actor, "It was cancelled.")
}

// endTries bounds how often the end of a run meets the runner, which writes too.
const endTries = 5

func (s *Service) end(ctx context.Context, workspace, offer, actor, why string) (*Run, error) {
	for try := 1; ; try++ {
		runs, err := s.Store.Runs(ctx, workspace, offer, 1)
		if err != nil {
			return nil, fmt.Errorf("read the tests of an offer: %w", err)
		}
		if len(runs) == 0 {
			return nil, catalog.ErrNotFound
		}
		r := runs[0]
		if r.State != Running {
			return r, nil
		}
		s.finish(r, Ended, why)
		err = s.keep(ctx, r, actor)
		if errors.Is(err, catalog.ErrVersion) && try < endTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		return r, nil
	}
}

// finish gives a run its end.
func (s *Service) finish(r *Run, state State, result string) {
	r.State, r.Result, r.Ended = state, result, s.Now().UnixMicro()
}

// keep writes a run, and ends its link when it is over.
func (s *Service) keep(ctx context.Context, r *Run, actor string) error {
	err := s.Store.UpdateRun(ctx, r)
	if err != nil {
		return fmt.Errorf("keep a test: %w", err)
	}
	if r.State == Running {
		return nil
	}
	err = s.Links.EndTestLink(ctx, r.Workspace, r.Link, actor)
	if err != nil {
		// What comes through the link stays a test; only that it still leads somewhere is wrong.
		s.Logger.Error("the link of a test that is over was not archived", "link", r.Link, "error", err)
	}
	return nil
}
