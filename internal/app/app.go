// Package app wires the rooms by hand: configuration, start and stop in order,
// verify, backup.
//
// Invariants:
//   - One process has a data folder at a time.
//   - Nothing is acknowledged before the log is open and checked; nothing is served
//     when a store does not belong to the log.
//   - Stopping drains: no more requests, then the log's consumers catch up, then the
//     stores close, in the reverse order of their opening.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/certs"
	"clickledger/internal/clickindex"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/document"
	"clickledger/internal/domains"
	"clickledger/internal/edge"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/funds"
	"clickledger/internal/inbox"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/purge"
	"clickledger/internal/rates"
	"clickledger/internal/report"
	"clickledger/internal/routing"
	"clickledger/internal/signup"
	"clickledger/internal/store"
	"clickledger/internal/visitor"
	"clickledger/internal/wizard"
)

// Version is printed by the binary, the console and the API.
const Version = "0.1.0"

// App is an open installation. Open makes it, Serve runs it, Close ends it.
type App struct {
	Config  *Config
	Logger  *slog.Logger
	Now     func() time.Time
	Metrics *prometheus.Registry

	folder *Folder
	db     *store.DB
	log    *eventlog.Log
	index  clickindex.Index
	facts  *liveFacts
	minter *event.Minter
	holder string // of leases: this process
	node   int

	Catalog    *catalog.Service
	Accounts   *account.Service
	Mail       *mail.Service
	Signups    *signup.Service
	Payouts    *payout.Service
	Documents  *document.Service
	Report     *report.Engine
	Rates      *rates.Service
	Domains    *domains.Service
	loader     *loader
	snapshot   *routing.Holder
	overlay    *routing.Overlay
	hub        *edge.Hub
	edge       *edge.Edge
	classifier *visitor.Classifier
	judge      *conversion.Judge
	desk       *books.Desk
	caps       *caps.Watcher
	funds      *funds.Service
	guard      *funds.Guard // closes offers whose advertiser's money is used up
	diagnoses  *diagnosis.Service
	tests      *wizard.Service

	// keeping is held for reading while somebody reads the log from its beginning, and
	// for writing while the log is trimmed.
	keeping sync.RWMutex

	indexSink *clickindex.Sink
	factsSink *facts.Sink
	processor *books.Processor
	relay     *books.Relay
	sender    *outbound.Sender
	outbound  *outbound.Service

	// SetupToken guards the first-run set-up; it is printed at start-up.
	SetupToken string
	localToken string // of the operator's endpoints, this run only

	handler  http.Handler
	certs    *certs.Keeper                 // nil: a proxy has the certificates
	resolver *net.Resolver                 // of tracking domains, nil = the system's
	drain    time.Duration                 // how long requests under way may take when the server stops
	closers  []func(context.Context) error // run last to first
}

// Options are what tests and the demo set besides the configuration.
type Options struct {
	Logger *slog.Logger
	Now    func() time.Time // default time.Now
	// Resolver asks where tracking domains lead; nil = the system's.
	Resolver *net.Resolver
}

// Open opens the data folder and every store, and checks that they belong together.
// It serves nothing yet.
func Open(ctx context.Context, cfg *Config, o Options) (_ *App, err error) {
	a := &App{Config: cfg, Logger: o.Logger, Now: o.Now, Metrics: prometheus.NewRegistry(), SetupToken: NewToken(), localToken: NewToken(), drain: drainTime, resolver: o.Resolver}
	if a.Now == nil {
		a.Now = time.Now
	}
	a.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(ctx))
		}
	}()

	a.folder, err = OpenFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	a.onClose(func(context.Context) error { return a.folder.Close() })
	for _, step := range []func(context.Context) error{a.openBooks, a.openLog, a.openMinter, a.openFacts, a.openIndex, a.openCatalog, a.wire} {
		err := step(ctx)
		if err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// Close closes the stores. Serve has ended by then.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i](ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}

func (a *App) openBooks(ctx context.Context) error {
	var err error
	o := store.Options{Logger: a.Logger}
	if a.Config.Books != "" {
		a.db, err = store.OpenPostgres(ctx, a.Config.Books, o)
	} else {
		a.db, err = store.OpenSQLite(ctx, a.folder.file("books.db"), o)
	}
	if err != nil {
		return fmt.Errorf("open the books: %w", err)
	}
	a.onClose(func(context.Context) error { return a.db.Close() })

	if a.Config.Books == "" {
		// The locked folder makes this process the only one of its installation, so the
		// leases of a killed one are its own.
		a.holder, a.node = "embedded", 1
	} else {
		host, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("read the host's name: %w", err)
		}
		a.holder = fmt.Sprintf("%s:%d:%s", host, os.Getpid(), event.NewID("", time.Now()))
		a.node, err = a.db.Books().LeaseNode(ctx, a.holder, time.Now().UnixMicro(), nodeLease.Microseconds())
		if err != nil {
			return fmt.Errorf("lease a node number: %w", err)
		}
	}
	return nil
}

// openMinter opens what issues click ids. It comes behind the log: the first key of
// an installation is only made where nothing was ever issued.
func (a *App) openMinter(ctx context.Context) error {
	keys, err := a.keys(ctx)
	if err != nil {
		return err
	}
	a.minter, err = event.NewMinter(a.node, keys, markFile(a.folder.file(fmt.Sprintf("clickid-%d.mark", a.node))), a.Now)
	return err
}

// nodeLease is how long a node number is held; it is renewed at a third of it.
const nodeLease = time.Minute

// keys loads the click id keys, and makes the first one of a new installation.
func (a *App) keys(ctx context.Context) (*event.Keyring, error) {
	keys, err := a.db.Books().Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the click id keys: %w", err)
	}
	if len(keys) == 0 {
		if last := a.log.Last(); last > 0 {
			return nil, fmt.Errorf("the books are empty, but the event log in %s holds messages up to %d: the books were lost; put books.db back with its -wal file, or restore a backup into a new folder (clickledger restore --data NEW FILE)", a.folder.file("log"), last)
		}
		var secret [16]byte
		_, err := rand.Read(secret[:])
		if err != nil {
			return nil, fmt.Errorf("make a click id key: %w", err)
		}
		err = a.db.Books().AddKey(ctx, secret)
		if err != nil {
			return nil, fmt.Errorf("store a click id key: %w", err)
		}
		keys, err = a.db.Books().Keys(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the click id keys: %w", err)
		}
	}
	return event.NewKeyring(keys)
}

func (a *App) openLog(ctx context.Context) error {
	var err error
	a.log, err = eventlog.Open(ctx, eventlog.Options{
		Dir: a.folder.file("log"), Relaxed: a.Config.Durability == "relaxed", MaxBytes: a.Config.LogBytes,
		Deadline: a.Config.RedirectDeadline, Logger: a.Logger, Registerer: a.Metrics,
	})
	if err != nil {
		return fmt.Errorf("open the event log: %w", err)
	}
	a.onClose(a.log.Close)
	return a.checkBooks(ctx)
}

// checkBooks refuses books that the log does not continue. They cannot be rebuilt, so
// the advice differs from that for the projections.
func (a *App) checkBooks(ctx context.Context) error {
	const advice = "put the folder log that belongs to these books back, or restore a backup into a new folder (clickledger restore --data NEW FILE)"
	var pos eventlog.Position
	err := a.db.Books().Update(ctx, func(ctx context.Context, tx books.Tx) error {
		var err error
		pos, err = tx.Position(ctx, books.Consumer)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the books' position: %w", err)
	}
	first, err := a.log.First()
	if err != nil {
		return fmt.Errorf("read the log's first sequence: %w", err)
	}
	switch last := a.log.Last(); {
	case pos.Stream != "" && pos.Stream != a.log.StreamID():
		return fmt.Errorf("%w: the books in %s follow the event log %s, but the one in %s is %s: it was deleted or replaced; %s",
			eventlog.ErrForeign, a.folder.Path, pos.Stream, a.folder.file("log"), a.log.StreamID(), advice)
	case pos.Seq > last:
		return fmt.Errorf("%w: the books in %s have come to message %d, but the event log in %s ends at %d: it lost its end or is an older copy; %s",
			eventlog.ErrBehind, a.folder.Path, pos.Seq, a.folder.file("log"), last, advice)
	case first > pos.Seq+1:
		return fmt.Errorf("%w: the books in %s end at message %d, and the event log in %s begins at %d: what is between was never judged; %s",
			eventlog.ErrGap, a.folder.Path, pos.Seq, a.folder.file("log"), first, advice)
	}
	return nil
}

func (a *App) openFacts(ctx context.Context) error {
	var err error
	a.facts, err = openLiveFacts(ctx, a.Logger, func(ctx context.Context) (facts.Store, error) {
		s, err := duck.Open(ctx, duck.Options{Dir: a.folder.file("facts"), MemoryLimitMB: int(a.Config.FactsMemoryMB), Logger: a.Logger})
		if err != nil {
			return nil, err // not a typed nil
		}
		return s, nil
	})
	if err != nil {
		return fmt.Errorf("open the facts: %w", err)
	}
	a.onClose(func(context.Context) error { return a.facts.Close() })
	state, err := a.facts.State(ctx)
	if err != nil {
		return fmt.Errorf("read the facts' position: %w", err)
	}
	err = a.holds("facts", state.Position)
	if err != nil {
		return err
	}
	a.factsSink = facts.NewSink(a.facts, a.log, facts.SinkOptions{Logger: a.Logger, Registerer: a.Metrics, SealEvery: a.Config.SealEvery})
	return nil
}

// holds refuses a store that belongs to another log, is ahead of the log, or needs
// what the log no longer has.
func (a *App) holds(what string, p eventlog.Position) error {
	err := a.log.CheckPosition(p)
	if err != nil {
		return fmt.Errorf("the %s do not belong to the event log in %s: %w", what, a.folder.file("log"), err)
	}
	first, err := a.log.First()
	if err != nil {
		return fmt.Errorf("read the log's first sequence: %w", err)
	}
	if first > p.Seq+1 {
		return fmt.Errorf("the %s end at %d and the event log begins at %d: what is between is in neither; restore a backup (clickledger restore)", what, p.Seq, first)
	}
	return nil
}

// openIndex opens the click index, and rebuilds it from facts and log when it is
// missing, damaged or too old.
func (a *App) openIndex(ctx context.Context) error {
	if a.Config.Books != "" {
		var err error
		a.index, err = store.OpenClickIndexPostgres(ctx, a.Config.Books, store.Options{Logger: a.Logger})
		if err != nil {
			return fmt.Errorf("open the click index: %w", err)
		}
	} else {
		file, o := a.folder.file("clicks.db"), store.Options{Logger: a.Logger}
		var err error
		a.index, err = store.OpenClickIndexSQLite(ctx, file, o)
		if errors.Is(err, store.ErrDamaged) {
			suffix := ".damaged-" + time.Now().UTC().Format("20060102T150405")
			serr := store.SetAside(file, suffix)
			if serr != nil {
				return serr
			}
			a.Logger.Warn("the click index does not open and is rebuilt", "error", err, "kept_as", file+suffix)
			a.index, err = store.OpenClickIndexSQLite(ctx, file, o)
		}
		if err != nil {
			return fmt.Errorf("open the click index: %w", err)
		}
	}
	a.onClose(func(context.Context) error { return a.index.Close() })
	err := a.rebuildIndex(ctx)
	if err != nil {
		return fmt.Errorf("rebuild the click index: %w", err)
	}
	a.indexSink = clickindex.NewSink(a.index, a.log)
	return a.indexSink.Begin(ctx)
}

// rebuildIndex fills an index that is behind what the log still has from the facts,
// which reach at least to where the log begins.
func (a *App) rebuildIndex(ctx context.Context) error {
	pos, err := a.index.Position(ctx)
	if err != nil {
		return err
	}
	first, err := a.log.First()
	if err != nil {
		return err
	}
	if (pos.Stream == "" || pos.Stream == a.log.StreamID()) && pos.Seq+1 >= first {
		return nil
	}
	err = a.index.Reset(ctx)
	if err != nil {
		return err
	}
	var at eventlog.Position
	var page []*event.Visit
	var last uint64
	flush := func(seq uint64) error {
		to := eventlog.Position{Stream: a.log.StreamID(), Seq: seq}
		err := a.index.Add(ctx, at, to, page)
		at, page = to, page[:0]
		return err
	}
	err = a.facts.Visits(ctx, func(seq uint64, v *event.Visit) error {
		if seq != last && len(page) >= 1000 { // whole messages only: the position says what is in
			err := flush(last)
			if err != nil {
				return err
			}
		}
		last = seq
		page = append(page, v)
		return nil
	})
	if err != nil {
		return err
	}
	state, err := a.facts.State(ctx)
	if err != nil {
		return err
	}
	tests, err := a.loggedTests(ctx, state.Position.Seq)
	if err != nil {
		return err
	}
	page = append(page, tests...)
	a.Logger.Info("the click index was rebuilt from the facts", "to", state.Position.Seq)
	return flush(state.Position.Seq)
}

// loggedTests are the test visits that the log still has up to a sequence: no facts have
// them. Older ones are forgotten by a rebuild, and their tests with them.
func (a *App) loggedTests(ctx context.Context, last uint64) ([]*event.Visit, error) {
	first, err := a.log.First()
	if err != nil || last < first || last == 0 {
		return nil, err
	}
	var out []*event.Visit
	err = a.log.Follow(ctx, first-1, func(bs []eventlog.Batch) error {
		for _, b := range bs {
			if b.Seq > last {
				return errEnd
			}
			for i, r := range b.Records {
				if r.Class != eventlog.Visit {
					continue
				}
				v, err := event.DecodeVisit(r.Data)
				if err != nil {
					return fmt.Errorf("visit %d of log message %d: %w", i, b.Seq, err)
				}
				if v.Test {
					out = append(out, v)
				}
			}
		}
		if bs[len(bs)-1].Seq >= last {
			return errEnd
		}
		return nil
	})
	if !errors.Is(err, errEnd) {
		return nil, fmt.Errorf("look for test visits: %w", err)
	}
	return out, nil
}

func (a *App) openCatalog(ctx context.Context) error {
	a.snapshot = new(routing.Holder)
	a.overlay = new(routing.Overlay)
	a.loader = newLoader(a.db.Catalog(), a.snapshot, a.Logger)
	err := a.loader.refresh(ctx)
	if err != nil {
		return fmt.Errorf("load the catalog: %w", err)
	}
	a.Catalog = catalog.NewService(catalog.ServiceOptions{Store: a.db.Catalog(), Now: a.Now, OwnHosts: a.Config.hosts(), Tested: a.db.Tests().PassedRun, Changed: func(ctx context.Context, revision int64) error {
		err := a.loader.reach(ctx, revision)
		a.caps.Wake()
		a.guard.Wake()
		return err
	}, Staff: func(ctx context.Context, workspace, user string) (bool, error) {
		return a.Accounts.IsStaff(ctx, workspace, user)
	}, Agreed: func(ctx context.Context, e *catalog.Enrollment, from string) {
		a.Signups.Agreed(ctx, e, from)
	}, People: func(ctx context.Context, workspace string, kind catalog.Kind, party string) ([]string, error) {
		return a.Accounts.Addresses(ctx, account.Party{Kind: string(kind), ID: party, Workspace: workspace})
	}})
	a.Accounts = account.NewService(account.ServiceOptions{Store: a.db.Accounts(), Now: a.Now, AdminToken: a.Config.AdminToken,
		Workspace: func(_ context.Context, id string) (bool, error) { return a.loader.View().Workspace(id) != nil, nil }})
	a.Mail = mail.New(mail.Options{Store: a.db.Mails(), Now: a.Now, Logger: a.Logger})
	a.Signups = signup.New(signup.Options{Store: a.db.Signups(), Mail: a.Mail, Accounts: a.Accounts, Catalog: a.Catalog, URL: a.consoleOrigin(), Now: a.Now, Logger: a.Logger})
	a.onClose(func(context.Context) error { a.Signups.Wait(); return nil })
	a.Rates = rates.NewService(rates.Options{Store: a.db.Rates(), Now: a.Now, Logger: a.Logger, Fetch: rates.Fetch{URL: a.Config.RatesURL}})
	return a.Rates.Refresh(ctx)
}

// wire makes what runs between the stores.
func (a *App) wire(context.Context) error {
	proxies, err := a.Config.proxies()
	if err != nil {
		return err
	}
	classifier, err := visitor.New(visitor.Options{
		CountryDB: a.Config.CountryDB, CityDB: a.Config.CityDB, ISPDB: a.Config.ISPDB, ConnectionDB: a.Config.ConnectionDB, TrustedProxies: proxies,
	})
	if err != nil {
		return fmt.Errorf("open the country data: %w", err)
	}
	a.hub = edge.NewHub()
	a.judge = &conversion.Judge{View: a.loader.View, Keys: a.minter.Keys, Clicks: a.index, Rates: a.Rates.Current, Now: a.Now,
		Indexed: func(seq uint64) bool { return a.indexSink.Position().Seq >= seq }}
	a.relay = books.NewRelay(a.db.Books(), a.log, a.holder, time.Now, a.Logger)
	a.onClose(a.relay.Release)
	a.sender = outbound.NewSender(a.db.Deliveries(), a.Now, a.Config.OutboundPrivate, a.Logger)
	a.sender.MaxAge, a.sender.PauseAfter, a.sender.PauseDead = a.Config.OutboundMaxAge, a.Config.OutboundPauseAfter, a.Config.OutboundPauseDead
	a.sender.View, a.sender.Pause = a.loader.View, a.pausePostback
	a.outbound = &outbound.Service{Store: a.db.Deliveries(), Sender: a.sender, View: a.loader.View, Now: a.Now}
	a.caps = caps.NewWatcher(caps.Options{View: a.loader.View, Store: a.db.Caps(), Clicks: pastClicks{a}, Overlay: a.overlay,
		Now: a.Now, UnderWay: 2 * a.Config.RedirectDeadline, Logger: a.Logger, Registerer: a.Metrics})
	a.guard = funds.NewGuard(funds.GuardOptions{View: a.loader.View, Books: a.db.Books(), Overlay: a.overlay, Logger: a.Logger, Registerer: a.Metrics})
	a.funds = funds.New(funds.Options{Store: a.db.Funds(), View: a.loader.View, Now: a.Now, Changed: a.guard.Wake})
	a.Documents = document.New(document.Options{Store: a.db.Documents(), View: a.loader.View, Now: a.Now})
	changed := func() { a.relay.Wake(); a.sender.Wake(); a.guard.Wake() }
	a.desk = &books.Desk{Store: a.db.Books(), Judge: a.judge, Minter: a.minter.New, Changed: func() { changed(); a.caps.Wake() }, Logger: a.Logger}
	a.Payouts = &payout.Service{Store: a.db.Payouts(), Desk: a.desk, Rates: a.Rates.Current, Now: a.Now, Publisher: func(id string) *catalog.Publisher { return a.loader.View().Publisher(id) }}
	a.processor = &books.Processor{
		Store: a.db.Books(), Log: a.log, Judge: a.judge, IndexPassed: a.indexSink.WaitFor, Changed: changed, Logger: a.Logger,
		Release: func(r *inbox.Row) {
			if r.Conversion != "" && !r.Test {
				a.caps.Touch(r.Offer)
			}
			id, err := event.ParseClickID(r.ID)
			if err != nil {
				return // ids of rows are ids of signals
			}
			a.hub.Release(id, told(r))
		},
	}
	a.classifier = classifier
	a.Report = report.New(a.facts, a.Catalog.Names)
	e := edge.New(edge.Options{
		Holder: a.snapshot, Overlay: a.overlay, Log: a.log, Minter: a.minter.New, Classifier: classifier,
		PublicURL: a.Config.PublicURL, OwnHosts: a.Config.hosts(), Now: a.Now, Hub: a.hub, Logger: a.Logger, Registerer: a.Metrics,
		Banners: func(ctx context.Context, workspace, hash string) ([]byte, error) {
			img, err := a.db.Catalog().Image(ctx, workspace, hash)
			if err != nil {
				return nil, err
			}
			return img.Data, nil
		},
	})
	a.edge = e
	a.Domains = domains.New(domains.Options{Catalog: a.Catalog, View: a.loader.View, Store: a.db.Domains(), Public: a.Config.PublicURL,
		Certificates: a.openCertificates(), AllowPrivate: a.Config.OutboundPrivate, Resolver: a.resolver, Now: a.Now, Logger: a.Logger})
	a.diagnoses = diagnosis.New(diagnosis.Options{
		View: a.loader.View, Books: a.db.Books(), Clicks: a.index, Keys: a.minter.Keys, Report: a.Report, Store: a.db.Landings(), Caps: a.caps,
		AllowPrivate: a.Config.OutboundPrivate, Now: a.Now, Logger: a.Logger,
	})
	a.tests = wizard.New(wizard.Options{
		View: a.loader.View, Links: a.Catalog, Books: a.db.Books(), Clicks: a.index, Keys: a.minter.Keys, Door: e, Store: a.db.Tests(), Follow: a.diagnoses.Follow,
		PublicURL: a.Config.PublicURL, Now: a.Now, Logger: a.Logger,
	})
	a.handler, err = a.routes(e)
	return err
}

// pausePostback pauses a postback that only fails, and tells whom it concerns.
func (a *App) pausePostback(ctx context.Context, workspace, postback, why string) (bool, error) {
	p, done, err := a.Catalog.SuspendPostback(ctx, workspace, postback, why)
	if err != nil || !done {
		return false, err
	}
	a.Signups.PostbackPaused(ctx, p)
	return true, nil
}

// purger drops what is old, as long as the configuration says.
func (a *App) purger() *purge.Purger {
	c := a.Config
	return &purge.Purger{Store: a.db.Purges(), Now: a.Now, Logger: a.Logger, Keep: map[string]time.Duration{
		purge.Mails: c.MailKeep, purge.Tokens: c.LinkKeep, purge.Sessions: c.LinkKeep, purge.Idempotency: c.IdempotencyKeep, purge.Deliveries: c.OutboundKeep, purge.Signals: time.Duration(c.SignalDays) * 24 * time.Hour,
	}}
}

// told is what the sender of a signal learns of its verdict. Which rules priced a
// conversion, the publisher's commission among them, is for the inbox alone: the sender
// is an advertiser, or anybody where no token is asked for.
func told(r *inbox.Row) edge.Answer {
	a := edge.Answer{Verdict: r.Verdict, Detail: r.Detail, Field: r.Field, Conversion: r.Conversion, Test: r.Test}
	if r.Verdict == event.Accepted {
		a.Detail = ""
	}
	return a
}
