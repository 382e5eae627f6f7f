package caps_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/routing"
	"clickledger/internal/store"
)

const ws = "ws_1"

// world is a real store with a watcher and its gates, at a time of the test's own.
type world struct {
	t       *testing.T
	db      *store.DB
	view    *catalog.View
	now     time.Time
	overlay *routing.Overlay
	clicks  clickLog
	metrics *prometheus.Registry
	w       *caps.Watcher
}

// clickLog is the facts: the clicks they know so far.
type clickLog struct {
	mu     sync.Mutex
	clicks []click
	known  int // so many of clicks are in the facts
	asked  int
}

type click struct {
	who caps.Clicker
	at  int64
}

// Count implements caps.Clicks.
func (l *clickLog) Count(_ context.Context, offers []string, from, to int64) (map[caps.Clicker]int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	out := map[caps.Clicker]int64{}
	for _, c := range l.clicks[:l.known] {
		if slices.Contains(offers, c.who.Offer) && c.at >= from && c.at < to {
			out[c.who]++
		}
	}
	return out, nil
}

// Mark implements caps.Clicks.
func (l *clickLog) Mark() uint64 { return uint64(len(l.clicks)) }

// Passed implements caps.Clicks.
func (l *clickLog) Passed(mark uint64) bool { return uint64(l.known) >= mark }

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, db: db, view: catalog.NewView(), now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	w.start()
	return w
}

// start is a new process.
func (w *world) start() {
	w.overlay, w.metrics = new(routing.Overlay), prometheus.NewRegistry()
	w.w = caps.NewWatcher(caps.Options{
		View: func() *catalog.View { return w.view }, Store: w.db.Caps(), Clicks: &w.clicks, Overlay: w.overlay,
		Now: func() time.Time { return w.now }, Registerer: w.metrics,
	})
	w.refresh()
}

func (w *world) refresh() {
	w.t.Helper()
	if err := w.w.Refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// offer saves the offer with these caps and lets the watcher know.
func (w *world) offer(zone string, rows ...catalog.Cap) *catalog.Offer {
	w.t.Helper()
	o := &catalog.Offer{Meta: catalog.Meta{ID: "off_1", Workspace: ws}, Caps: rows, CapTimeZone: zone, CapStates: []string{"pending", "approved"}, CapWarn: 80, CapsSince: w.now.UnixMicro()}
	w.save(o)
	return o
}

func (w *world) save(o *catalog.Offer) {
	w.t.Helper()
	w.view = w.view.With([]catalog.Entity{o}, w.view.Revision+1)
	w.refresh()
}

// sale records a conversion as judging does, one that is over no cap.
func (w *world) sale(publisher string, at time.Time) *conversion.Conversion {
	w.t.Helper()
	c := &conversion.Conversion{
		ID: event.NewID("cnv_", w.now), Workspace: ws, DedupKey: event.NewID("", w.now), Offer: "off_1", Publisher: publisher,
		GoalKey: "sale", At: at.UnixMicro(), Status: conversion.Pending,
	}
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		err := tx.InsertConversion(ctx, c)
		if err != nil {
			return err
		}
		return caps.Moved(ctx, tx, happened(c), "", string(c.Status))
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.refresh()
	return c
}

func (w *world) reject(c *conversion.Conversion) {
	w.t.Helper()
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		now, err := tx.GetConversion(ctx, ws, c.ID)
		if err != nil {
			return err
		}
		now.Status = conversion.Rejected
		err = tx.UpdateConversion(ctx, now)
		if err != nil {
			return err
		}
		return caps.Moved(ctx, tx, happened(c), string(conversion.Pending), string(conversion.Rejected))
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.refresh()
}

func happened(c *conversion.Conversion) caps.Event {
	return caps.Event{Workspace: c.Workspace, Offer: c.Offer, Publisher: c.Publisher, Goal: c.GoalKey, At: c.At, OverCap: c.OverCap != ""}
}

// why is what a visitor of now is turned away with, "" when it gets in.
func (w *world) why(publisher string) string {
	why, _ := w.overlay.Admit("off_1", publisher, w.now.UnixMicro(), false)
	return why
}

func (w *world) wantWhy(publisher, want string) {
	w.t.Helper()
	if got := w.why(publisher); got != want {
		w.t.Errorf("%s: a visitor of %q meets %q, want %q", w.now.Format(time.RFC3339), publisher, got, want)
	}
}

func (w *world) status() []caps.Status {
	w.t.Helper()
	s, err := w.w.Status(w.t.Context(), ws, "off_1")
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) events(state string) int {
	w.t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "clickledger_cap_events_total" && m.GetLabel()[0].GetValue() == state {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	w.t.Fatalf("no counter of %q", state)
	return 0
}

func sales(limit int64, publisher string) catalog.Cap {
	return catalog.Cap{Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: limit, Publisher: publisher}
}

func visits(limit int64, period, publisher string) catalog.Cap {
	return catalog.Cap{Event: catalog.CapClicks, Period: period, Limit: limit, Publisher: publisher}
}

// A reached cap closes the offer, the next local day opens it without anybody looking,
// and a rejection frees the place of its own day only.
func TestConversionsCloseTheGate(t *testing.T) {
	w := newWorld(t)
	w.offer("America/New_York", sales(2, ""))
	first := w.sale("", w.now)
	w.wantWhy("pub_1", "")
	w.sale("", w.now)
	w.wantWhy("pub_1", "cap_conversions_daily")
	midnight := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	w.now = midnight.Add(-time.Microsecond)
	w.wantWhy("", "cap_conversions_daily")
	w.now = midnight
	w.wantWhy("", "")
	w.refresh()
	w.sale("", w.now)
	today := w.sale("", w.now)
	w.wantWhy("", "cap_conversions_daily")
	w.reject(first)
	w.wantWhy("", "cap_conversions_daily") // that was yesterday's
	w.reject(today)
	w.wantWhy("", "")
	// What comes late belongs to its own day.
	w.sale("", midnight.Add(-time.Hour))
	w.wantWhy("", "")
	if s := w.status()[0]; s.Used != 1 || s.Percent != 50 || s.State != caps.Open || !s.Start.Equal(midnight) || s.End.Sub(s.Start) != 24*time.Hour {
		t.Errorf("%+v", s)
	}
}

// On days of 23, 25, 23½ and 24½ hours every conversion counts on its own local day, and
// the count begins anew once.
func TestCapsAcrossClockChanges(t *testing.T) {
	for zone, noon := range map[string]string{
		"America/New_York":    "2026-03-08T16:00:00Z",
		"Europe/Berlin":       "2026-10-25T11:00:00Z",
		"Africa/Cairo":        "2026-04-24T09:00:00Z", // begins at 1:00
		"Asia/Beirut":         "2026-10-24T20:30:00Z", // ends 23:59:59 twice
		"America/Santiago":    "2026-09-06T15:00:00Z",
		"Australia/Lord_Howe": "2026-04-05T01:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, noon)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		start, end := caps.Window(sales(1, ""), caps.Zone(zone), at)
		w.now = start.Add(-72 * time.Hour)
		w.offer(zone, sales(1000, ""))
		made := map[string]int64{}
		resets, before := 0, int64(0)
		for x := start.Add(-2 * time.Hour); x.Before(end.Add(2 * time.Hour)); x = x.Add(30 * time.Minute) {
			w.now = x
			day, _ := caps.Window(sales(1, ""), caps.Zone(zone), x)
			w.sale("", x)
			made[day.String()]++
			s := w.status()[0]
			if s.Used != made[day.String()] {
				t.Fatalf("%s %s: %d are counted, %d were made on its day", zone, x, s.Used, made[day.String()])
			}
			if s.Used <= before {
				resets++
			}
			before = s.Used
		}
		if want := int64(end.Sub(start) / (30 * time.Minute)); made[start.String()] != want {
			t.Errorf("%s: %d half hours in the day, want %d", zone, made[start.String()], want)
		}
		if resets != 2 {
			t.Errorf("%s: %d resets, want one where the day begins and one where it ends", zone, resets)
		}
	}
}

func TestCapsOfPublishers(t *testing.T) {
	w := newWorld(t)
	w.sale("pub_3", w.now) // before there was a cap
	w.offer("UTC", sales(1, catalog.CapEach), sales(3, "pub_2"), sales(2, "pub_1"))
	w.wantWhy("pub_3", "cap_conversions_daily")
	w.sale("pub_1", w.now)
	w.sale("", w.now)
	for who, want := range map[string]string{"pub_1": "cap_conversions_daily", "pub_2": "", "": ""} {
		w.wantWhy(who, want)
	}
	w.sale("pub_2", w.now)
	w.wantWhy("pub_2", "cap_conversions_daily")
	s := w.status()
	want := []caps.Use{{Publisher: "pub_1", Used: 1, Percent: 100, State: caps.Reached}, {Publisher: "pub_2", Used: 1, Percent: 100, State: caps.Reached}, {Publisher: "pub_3", Used: 1, Percent: 100, State: caps.Reached}}
	if !slices.Equal(s[0].Publishers, want) || s[0].Used != 1 || s[1].Used != 1 || s[2].Used != 1 || s[1].Percent != 33 {
		t.Errorf("%+v", s)
	}
}

func TestCapZero(t *testing.T) {
	w := newWorld(t)
	o := w.offer("UTC", sales(0, ""))
	w.wantWhy("pub_1", caps.WhyZero)
	if s := w.status()[0]; s.State != caps.Zero || s.Percent != 100 || s.Since.UnixMicro() != o.CapsSince {
		t.Errorf("%+v", s)
	}
	w.now = w.now.AddDate(1, 0, 0)
	w.wantWhy("pub_1", caps.WhyZero)
	w.offer("UTC", visits(0, catalog.CapTotal, "pub_1"))
	w.wantWhy("pub_1", caps.WhyZero)
	w.wantWhy("pub_2", "")
	w.offer("UTC")
	w.wantWhy("pub_1", "")
	if s := w.status(); len(s) != 0 {
		t.Errorf("%+v", s)
	}
}

// Other settings count anew, in both directions; a cap that was gone for a while knows
// what came meanwhile.
func TestChangedSettings(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", sales(2, ""))
	for range 2 {
		w.sale("", w.now)
	}
	w.wantWhy("", "cap_conversions_daily")
	w.offer("UTC", sales(3, ""))
	w.wantWhy("", "")
	w.offer("UTC")
	w.sale("", w.now)
	w.offer("UTC", sales(3, ""))
	w.wantWhy("", "cap_conversions_daily")
	late := *w.view.Offer("off_1")
	late.CapTimeZone = "Pacific/Kiritimati" // where it is tomorrow since 10:00 UTC
	w.save(&late)
	w.wantWhy("", "cap_conversions_daily")
	late.CapStates = []string{"approved"}
	again := late
	w.save(&again)
	w.wantWhy("", "")
	archived := late
	archived.Archived, archived.CapStates = true, []string{"pending"}
	w.save(&archived)
	if w.overlay.Gate("off_1") != nil {
		t.Error("an archived offer has a gate")
	}
}

func TestWarnsOncePerWindow(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", sales(5, ""))
	var last *conversion.Conversion
	for i := range 4 {
		if got := w.events(caps.Warning); got != 0 {
			t.Fatalf("warned after %d of 5", i)
		}
		last = w.sale("", w.now)
	}
	warned := w.now
	w.now = w.now.Add(time.Minute)
	if s := w.status()[0]; s.State != caps.Warning || s.Percent != 80 || !s.Since.Equal(warned) {
		t.Errorf("%+v", s)
	}
	w.reject(last)
	w.sale("", w.now)
	if got := w.events(caps.Warning); got != 1 {
		t.Errorf("warned %d times", got)
	}
	w.sale("", w.now)
	w.refresh()
	if got := w.events(caps.Reached); got != 1 || w.status()[0].State != caps.Reached {
		t.Errorf("told %d times that it is reached", got)
	}
	w.now = w.now.AddDate(0, 0, 1)
	w.refresh()
	for range 5 {
		w.sale("", w.now)
	}
	if w.events(caps.Warning) != 2 || w.events(caps.Reached) != 2 {
		t.Errorf("the next day: %d and %d", w.events(caps.Warning), w.events(caps.Reached))
	}
}

// Touch and Wake are enough for a running watcher, and it finds what nobody told it.
func TestRunningWatcher(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", sales(1, ""), visits(5, catalog.CapDaily, ""))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.w.Run(ctx) }()
	closed := func() bool { return w.why("") == "cap_conversions_daily" }
	c := &conversion.Conversion{ID: "cnv_1", Workspace: ws, DedupKey: "x", Offer: "off_1", GoalKey: "sale", At: w.now.UnixMicro(), Status: conversion.Pending}
	err := w.db.Books().Update(ctx, func(ctx context.Context, tx books.Tx) error {
		err := tx.InsertConversion(ctx, c)
		if err != nil {
			return err
		}
		return caps.Moved(ctx, tx, happened(c), "", "pending")
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	w.w.Touch("off_1")
	for !closed() {
		if time.Since(began) > time.Second {
			t.Fatal("the gate is open a second after the commit")
		}
		time.Sleep(50 * time.Microsecond)
	}
	t.Logf("the gate closed %s after the commit", time.Since(began))
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestStatusOfOthers(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", sales(1, ""))
	for workspace, offer := range maps.All(map[string]string{"ws_2": "off_1", ws: "off_2"}) {
		if _, err := w.w.Status(t.Context(), workspace, offer); err != catalog.ErrNotFound {
			t.Errorf("%s of %s: %v", offer, workspace, err)
		}
	}
}
