package outbound_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
)

// pausing lets the sender pause postbacks in the desk's catalog.
func (d *desk) pausing() {
	d.Sender.View = d.Service.View
	d.Sender.Pause = func(_ context.Context, _, postback, why string) (bool, error) {
		done := false
		for _, p := range d.Sender.View().Postbacks("pub") {
			if p.ID == postback && p.Status == catalog.StatusActive {
				done = true
				d.postback(postback, func(p *catalog.Postback) { p.Status, p.PausedFor = catalog.StatusPaused, why })
			}
		}
		return done, nil
	}
}

func (d *desk) paused(id string) *catalog.Postback {
	for _, p := range d.Service.View().Postbacks("pub") {
		if p.ID == id && p.Suspended() {
			return p
		}
	}
	return nil
}

// toNext sets the clock to the next try that is due.
func (d *desk) toNext() {
	rows, err := d.List(d.t.Context(), outbound.Query{Workspace: "ws", State: outbound.StateWaiting})
	if err != nil {
		d.t.Fatal(err)
	}
	next := int64(1 << 62)
	for _, r := range rows {
		next = min(next, r.NextAt)
	}
	if now := d.clock().UnixMicro(); len(rows) > 0 && next > now {
		d.pass(time.Duration(next-now) * time.Microsecond)
	}
}

// A postback that only fails is paused with a reason, by each of the rules; what waits and
// what comes later is held, and everything is sent once it is active again.
func TestAFailingPostbackIsPaused(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		set    func(s *outbound.Sender)
		tell   int // conversions at first
		why    string
	}{
		"gone":            {410, func(*outbound.Sender) {}, 1, "410 Gone"},
		"given up often":  {500, func(s *outbound.Sender) { s.PauseDead, s.PauseAfter, s.MaxAge = 3, 0, time.Second }, 3, "3 calls in a row were given up. The last one: the receiver answered 500."},
		"failed for long": {503, func(s *outbound.Sender) { s.PauseDead, s.PauseAfter = 0, 6*time.Hour }, 4, "No call was taken since 2026-11-01 12:00 UTC"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.pausing()
			c.set(d.Sender)
			p := d.postback("pbk_1", func(*catalog.Postback) {})
			other := d.postback("pbk_2", func(p *catalog.Postback) { p.URL = d.tracker.URL + "/fine" })
			d.says(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/fine" {
					w.WriteHeader(c.status)
				}
			})
			d.run()
			for i := range c.tell {
				d.tell(p, fmt.Sprint("cnv_", i))
			}
			limit := time.Now().Add(patience)
			for d.paused("pbk_1") == nil {
				if time.Now().After(limit) {
					t.Fatal("it was never paused")
				}
				d.toNext()
				time.Sleep(2 * time.Millisecond)
			}
			if why := d.paused("pbk_1").PausedFor; !strings.Contains(why, c.why) || strings.Contains(why, "s3cret") {
				t.Errorf("paused for %q, want %q", why, c.why)
			}
			// What comes now is held, one queued by an older view, too; others go on.
			later := d.tell(d.paused("pbk_1"), "cnv_later")
			stale := d.tell(p, "cnv_stale")
			d.until(d.tell(other, "cnv_other"), outbound.StateSent)
			d.until(later, outbound.StateHeld)
			d.until(stale, outbound.StateHeld)
			rows, err := d.List(t.Context(), outbound.Query{Workspace: "ws", Postback: "pbk_1", State: outbound.StateWaiting})
			if err != nil || len(rows) != 0 {
				t.Errorf("%d still wait, %v", len(rows), err)
			}
			before := len(d.calls())
			d.pass(24 * time.Hour)
			byHand, err := d.Resend(t.Context(), "ws", "pub", later, "usr_1")
			if err != nil {
				t.Fatal(err)
			}
			d.until(byHand.ID, outbound.StateHeld) // it is paused for that, too
			if n := len(d.calls()); n != before {
				t.Errorf("%d calls while it is paused", n-before)
			}

			d.says(func(http.ResponseWriter, *http.Request) {})
			d.postback("pbk_1", func(p *catalog.Postback) { p.Updated = d.clock().UnixMicro() })
			d.pass(time.Second)
			d.until(byHand.ID, outbound.StateSent)
			d.until(stale, outbound.StateSent)
			held, err := d.List(t.Context(), outbound.Query{Workspace: "ws", State: outbound.StateHeld})
			if err != nil || len(held) != 0 {
				t.Errorf("%d are still held, %v", len(held), err)
			}
		})
	}
}

// One success, or a few failures in between, pause nothing; nor does a postback pause that
// was paused by hand, whose queue is sent to its end.
func TestWhatDoesNotPause(t *testing.T) {
	d := newDesk(t)
	d.pausing()
	d.Sender.PauseDead, d.Sender.MaxAge = 3, time.Second
	p := d.postback("pbk_1", func(*catalog.Postback) {})
	d.run()
	for i, status := range []int{500, 500, 200, 500, 500, 200} {
		d.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		want := outbound.StateDead
		if status == 200 {
			want = outbound.StateSent
		}
		d.until(d.tell(p, fmt.Sprint("cnv_", i)), want)
	}
	if p := d.paused("pbk_1"); p != nil {
		t.Errorf("paused for %q", p.PausedFor)
	}
	byHand := d.postback("pbk_1", func(p *catalog.Postback) { p.Status = catalog.StatusPaused })
	d.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	d.until(d.tell(byHand, "cnv_9"), outbound.StateDead)
	if p := d.paused("pbk_1"); p != nil {
		t.Errorf("one paused by hand has the reason %q", p.PausedFor)
	}
}
