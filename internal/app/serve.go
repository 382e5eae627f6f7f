package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"clickledger/internal/books"
	"clickledger/internal/eventlog"
)

// Bounds of stopping: how long requests under way may take, and how long consumers
// may take to catch up. What is not caught up is caught up at the next start.
const (
	drainTime = 10 * time.Second
	flushTime = 20 * time.Second
)

// Limits of the public listener (S7).
const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 60 * time.Second
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 16 << 10
)

// Listen opens the listener of the configuration.
func (a *App) Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", a.Config.Listen, err)
	}
	return l, nil
}

// Announce tells whoever started the server where it is and, in a new installation,
// how to begin.
func (a *App) Announce(ctx context.Context, w io.Writer) error {
	first, err := a.Accounts.FirstRun(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "clickledger %s\n  tracking  %s\n  console   %s\n", Version, a.Config.PublicURL, a.consoleOrigin())
	if first {
		fmt.Fprintf(w, "  set up    %s/setup?token=%s\n", a.consoleOrigin(), a.SetupToken)
	}
	if a.Config.Durability == "relaxed" {
		fmt.Fprintln(w, "  durability is relaxed: a power loss may cost the last moments")
	}
	return nil
}

// Serve runs everything until ctx ends, then stops in order: no new requests, the
// ones under way finish, the consumers catch up with the log.
func (a *App) Serve(ctx context.Context, l net.Listener) error {
	secure, err := a.listenTLS()
	if err != nil {
		return err
	}
	// Before the first visitor: an offer whose cap was reached stays closed.
	err = a.caps.Refresh(ctx)
	if err != nil {
		a.Logger.Error("the caps of offers are not known yet; they are looked at again at once", "error", err)
	}
	err = a.guard.Refresh(ctx)
	if err != nil {
		a.Logger.Error("what advertisers have paid ahead is not known yet; it is looked at again at once", "error", err)
	}
	// Consumers outlive the listener, so that what it took in last is still judged.
	work, stopWork := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopWork(nil)
	g, gctx := errgroup.WithContext(work)
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"click index", a.indexSink.Run},
		{"click index pruning", func(ctx context.Context) error {
			return a.indexSink.Keep(ctx, time.Duration(a.Config.ClickDays)*24*time.Hour, a.Now)
		}},
		{"facts", func(ctx context.Context) error { return a.facts.keep(ctx, a.factsSink.Run) }},
		{"books", a.processor.Run},
		{"relay", a.relay.Run},
		{"postbacks", a.sender.Run},
		{"mails", a.Mail.Run},
		{"catalog", a.loader.run},
		{"exchange rates", a.Rates.Run},
		{"caps", a.caps.Run},
		{"prepayment", a.guard.Run},
		{"tracking domains", a.Domains.Run},
		{"tests of offers", a.tests.Run},
		{"validation periods", a.validate},
		{"log trimming", a.trim},
		{"purging", a.purger().Run},
		{"node lease", a.keepNode},
	} {
		g.Go(func() error { return a.supervise(gctx, c.name, c.run) })
	}
	g.Go(func() error {
		select {
		case <-a.log.Failed():
			return errors.New("the event log failed and could not be reopened: nothing can be acknowledged")
		case <-gctx.Done():
			return nil
		}
	})

	a.settleClicks(gctx)

	server := &http.Server{Handler: a.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout,
		WriteTimeout: 10 * requestTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes}
	served := make(chan error, 2)
	if secure != nil {
		server.TLSConfig = a.certs.TLS()
		go func() { served <- server.ServeTLS(secure, "", "") }()
	}
	go func() { served <- server.Serve(l) }()
	err = a.writeRun(l)
	if err != nil {
		a.Logger.Warn("the running server cannot be found by verify and backup", "error", err)
	}
	defer a.removeRun()

	var cause error
	select {
	case <-ctx.Done():
	case <-gctx.Done():
		cause = context.Cause(gctx)
	case cause = <-served:
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.drain)
	defer cancel()
	err = server.Shutdown(drain)
	if err != nil {
		server.Close() // requests that hang are cut off
	}
	a.edge.Flush(drain)
	if gctx.Err() == nil {
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		err := a.CatchUp(flush)
		if err != nil {
			a.Logger.Warn("stopped before everything was caught up; the next start goes on", "error", err)
		}
	}
	stopWork(nil)
	err = g.Wait()
	if cause != nil && !errors.Is(cause, http.ErrServerClosed) && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// supervise runs a part again after an error that may pass, such as a full disk, and
// ends the process after one that will not.
func (a *App) supervise(ctx context.Context, name string, run func(context.Context) error) error {
	wait := 100 * time.Millisecond
	for {
		began := time.Now()
		err := run(ctx)
		if ctx.Err() != nil {
			return nil
		}
		for _, fatal := range []error{eventlog.ErrGap, eventlog.ErrForeign, eventlog.ErrBehind, books.ErrMoved} {
			if errors.Is(err, fatal) {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if time.Since(began) > time.Minute {
			wait = 100 * time.Millisecond
		}
		a.Logger.Error("a part of the server failed and is started again", "part", name, "error", err, "in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
		wait = min(2*wait, 10*time.Second)
	}
}

// CatchUp waits until everything in the log now is indexed, judged, carried back
// and in the facts.
func (a *App) CatchUp(ctx context.Context) error {
	seq := a.log.Last()
	for _, wait := range []func(context.Context, uint64) error{a.indexSink.WaitFor, a.processor.WaitFor} {
		err := wait(ctx, seq)
		if err != nil {
			return err
		}
	}
	err := a.relay.Drain(ctx)
	if err != nil {
		return err
	}
	return a.factsSink.WaitFor(ctx, a.log.Last())
}

// keepNode renews the node lease; losing it ends the process, since another one may
// issue ids under the same number.
func (a *App) keepNode(ctx context.Context) error {
	if a.Config.Books == "" {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(nodeLease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		node, err := a.db.Books().LeaseNode(ctx, a.holder, time.Now().UnixMicro(), nodeLease.Microseconds())
		if err != nil {
			return fmt.Errorf("renew the node lease: %w", err)
		}
		if node != a.node {
			return fmt.Errorf("the lease of node %d was lost: %w", a.node, books.ErrMoved)
		}
	}
}

// trimEvery is how often the log is trimmed.
const trimEvery = time.Minute

// trim drops log messages that every consumer and a sealed segment have, and that
// were there LogKeep ago. When the log is half full or the disk is low it does not
// wait for LogKeep: a full log would turn visits away.
func (a *App) trim(ctx context.Context) error {
	type mark struct {
		at  time.Time
		seq uint64
	}
	var marks []mark
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		marks = append(marks, mark{time.Now(), a.log.Last()})
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		old := uint64(0)
		for len(marks) > 0 && time.Since(marks[0].at) > a.Config.LogKeep {
			old = marks[0].seq
			marks = marks[1:]
		}
		if s := a.log.Stats(); s.State != eventlog.StateOK || s.Bytes > s.Limit/2 {
			old = s.Last
		}
		_, err := a.Trim(ctx, old)
		if err != nil {
			return err
		}
	}
}

// Trim drops messages up to the sequence, as far as all consumers and the last
// sealed segment have them, and returns how far that was.
func (a *App) Trim(ctx context.Context, upTo uint64) (uint64, error) {
	a.keeping.Lock()
	defer a.keeping.Unlock()
	state, err := a.facts.State(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the facts' state: %w", err)
	}
	upTo = min(upTo, a.indexSink.Position().Seq, a.processor.Position().Seq, state.Sealed, state.Position.Seq)
	if upTo == 0 {
		return 0, nil
	}
	return upTo, a.log.Trim(ctx, upTo)
}

// ready reports whether requests can be served, and how far the parts have come.
func (a *App) ready(w http.ResponseWriter, _ *http.Request) {
	status := http.StatusOK
	stats := a.log.Stats()
	out := map[string]any{
		"log":        stats.State,
		"durability": a.Config.Durability,
		"last":       a.log.Last(),
		"index":      a.indexSink.Position().Seq,
		"books":      a.processor.Position().Seq,
		"facts":      a.factsSink.Position().Seq,
		"revision":   a.loader.View().Revision,
	}
	err := a.log.Healthy()
	if err != nil {
		status = http.StatusServiceUnavailable
		out["error"] = err.Error()
	}
	writeJSON(w, status, out)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the client went away: nobody is left to tell
}
