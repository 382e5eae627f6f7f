// Package demo runs the main job for someone who has just cloned the repository: a
// fresh tracker, a small shop as the advertiser, publishers, and visitors whose
// clicks become money in a ledger, all through real HTTP.
//
// Invariants:
//   - Nothing is written past the product's own doors: catalog and decisions go through
//     the API, visits and conversions through the public endpoints.
//   - What is printed is read back from the product, and checked by its verify.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"clickledger/internal/app"
)

// Options of a demo.
type Options struct {
	Listen   string
	Visits   int
	Exit     bool
	Out      io.Writer
	Progress io.Writer
	Logger   *slog.Logger
	Seed     uint64 // of the visitors; 0 = 1
}

// ErrUnbalanced says that the demo's books did not balance.
var ErrUnbalanced = errors.New("the demo's books do not balance")

// Run sets everything up in a temporary folder, sends the traffic, prints what was
// earned by whom and the checks, and keeps the console up until ctx ends, unless
// Exit is set.
func Run(ctx context.Context, o Options) (err error) {
	data, err := os.MkdirTemp("", "clickledger-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	if o.Seed == 0 {
		o.Seed = 1
	}

	// The listener is opened first: the public URL needs its port.
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		fmt.Fprintf(o.Out, "%s is taken; using a free port\n", o.Listen)
		l, err = net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("open a port for the demo: %w", err)
		}
	}
	token := "demo-" + app.NewToken()
	cfg, err := app.Defaults()
	if err != nil {
		return err
	}
	cfg.Data, cfg.Listen, cfg.AdminToken = data, l.Addr().String(), token
	cfg.TrustedProxies = "127.0.0.0/8" // the visitors' addresses come in X-Forwarded-For
	cfg.OutboundPrivate = true         // the publisher's tracker is on loopback
	err = cfg.Check()
	if err != nil {
		return err
	}
	clock := newClock(o.Visits)
	a, err := app.Open(ctx, cfg, app.Options{Logger: o.Logger, Now: clock.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()

	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- a.Serve(serving, l) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()

	err = show(ctx, a, o, clock, token)
	if err != nil || o.Exit {
		return err
	}
	fmt.Fprintf(o.Out, "\nThe console is up at %s\n  sign in as %s with the password %s,\n  as %s for a publisher's portal, as %s for an advertiser's\n  (Ctrl-C ends the demo and removes %s)\n",
		cfg.PublicURL, demoEmail, demoPassword, demoPublisher, demoAdvertiser, data)
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		served <- err
		return nil
	}
}

// The demo's users, all with the same password.
const (
	demoEmail      = "demo@clickledger.test"
	demoPublisher  = "publisher@clickledger.test"
	demoAdvertiser = "advertiser@clickledger.test"
	demoPassword   = "clicks-become-money"
)

// show is the demo proper: set-up, traffic, table, checks.
func show(ctx context.Context, a *app.App, o Options, clock *clock, token string) error {
	_, err := a.Accounts.CreateOwner(ctx, demoEmail, "Demo", demoPassword)
	if err != nil {
		return fmt.Errorf("make the console's user: %w", err)
	}
	shop, err := OpenShop(a.Config.PublicURL, clock.Now)
	if err != nil {
		return err
	}
	if o.Exit {
		defer shop.Close()
	}
	receiver, err := OpenReceiver()
	if err != nil {
		return err
	}
	if o.Exit {
		defer receiver.Close()
	}
	c := newClient(a.Config.PublicURL, token)
	m, err := setUp(ctx, c, shop, receiver)
	if err != nil {
		return fmt.Errorf("set the demo up: %w", err)
	}
	began := time.Now()
	t := &traffic{market: m, shop: shop, tracker: a.Config.PublicURL, clock: clock, visits: o.Visits, seed: o.Seed, bar: newBar(o.Progress, o.Visits)}
	err = t.run(ctx)
	if err != nil {
		return fmt.Errorf("send the visits: %w", err)
	}
	took := time.Since(began)
	clock.real()
	err = a.CatchUp(ctx)
	if err != nil {
		return fmt.Errorf("wait for the last conversions: %w", err)
	}
	err = decide(ctx, c)
	if err != nil {
		return fmt.Errorf("approve and reject: %w", err)
	}
	err = pay(ctx, c, m)
	if err != nil {
		return fmt.Errorf("bill and pay: %w", err)
	}
	err = a.CatchUp(ctx)
	if err != nil {
		return fmt.Errorf("wait for the decisions: %w", err)
	}
	err = receiver.Wait(ctx, 10*time.Second, func() bool { return receiver.Got.Load() >= t.told.Load() || t.told.Load() == 0 })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "\n%d visits and %d conversion signals in %s (%.0f requests/s, visitors and shop on the same machine)\n\n",
		o.Visits, t.signals.Load(), took.Round(10*time.Millisecond), float64(t.requests.Load())/took.Seconds())
	err = printEarned(ctx, o.Out, c, m)
	if err != nil {
		return err
	}
	err = printVerdicts(ctx, o.Out, a, m.workspace)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "%d postbacks reached the publisher's tracker\n\n", receiver.Got.Load())
	v, err := a.Verify(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	v.Print(o.Out)
	if !v.OK {
		return ErrUnbalanced
	}
	return nil
}
