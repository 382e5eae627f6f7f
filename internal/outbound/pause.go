package outbound

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"clickledger/internal/catalog"
)

// Defaults of the settings.
const (
	PauseAfter = 72 * time.Hour
	PauseDead  = 10
)

// minFailures is how many calls must have failed, at least, before the time they failed for
// counts: one delivery alone says little.
const minFailures = 10

// released is how many held deliveries are taken back in one transaction.
const released = 1000

// heldEvery is how often held deliveries are looked at although the catalog is the same:
// one may have been written by an older view of it.
const heldEvery = time.Minute

// exhausted says why a postback is to be paused after the failed try of d, "" = it is not.
func (s *Sender) exhausted(d *Delivery, t *Try, f Failures, now time.Time) string {
	since := f.Since
	if p := s.postback(d.Publisher, d.Postback); p != nil {
		since = max(since, p.Updated) // whoever changed or resumed it has begun anew
	}
	last := fmt.Sprintf("The last one: %s.", d.masked().Error)
	switch {
	case t.Status == http.StatusGone:
		return "The receiver answered 410 Gone: nobody wants these calls any more."
	case s.PauseDead > 0 && f.Dead >= s.PauseDead:
		return fmt.Sprintf("%d calls in a row were given up. %s", f.Dead, last)
	case s.PauseAfter > 0 && f.Tries >= minFailures && now.Sub(time.UnixMicro(since)) >= s.PauseAfter:
		return fmt.Sprintf("No call was taken since %s UTC, in %d tries. %s", time.UnixMicro(since).UTC().Format("2006-01-02 15:04"), f.Tries, last)
	}
	return ""
}

// suspend pauses the postback of a delivery, and holds what waits for it. What fails here is
// tried again after the next failure, or when the next delivery is due.
func (s *Sender) suspend(ctx context.Context, d *Delivery, why string) {
	done, err := s.Pause(ctx, d.Workspace, d.Postback, why)
	if err == nil && done {
		s.Logger.Warn("a postback is paused for failing", "postback", d.Postback, "publisher", d.Publisher, "why", why)
		err = s.Store.HoldDeliveries(ctx, d.Workspace, d.Postback, s.Now().UnixMicro())
	}
	if err != nil {
		s.Logger.Error("a failing postback could not be paused", "postback", d.Postback, "error", err)
	}
}

// postback is the one of a delivery, nil when there is none any more.
func (s *Sender) postback(publisher, id string) *catalog.Postback {
	if s.View == nil || id == "" {
		return nil
	}
	all := s.View().Postbacks(publisher)
	i := slices.IndexFunc(all, func(p *catalog.Postback) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return all[i]
}

// held holds the delivery, and what else waits for its postback, when that is suspended.
// done are those of this round.
func (s *Sender) held(ctx context.Context, d *Delivery, done map[string]bool) bool {
	p := s.postback(d.Publisher, d.Postback)
	if p == nil || !p.Suspended() {
		return false
	}
	if done[p.ID] {
		return true
	}
	done[p.ID] = true
	err := s.Store.HoldDeliveries(ctx, d.Workspace, d.Postback, s.Now().UnixMicro())
	if err != nil && ctx.Err() == nil {
		s.Logger.Error("postbacks could not be held", "postback", d.Postback, "error", err)
	}
	return true
}

// look is when and at which state of the catalog held deliveries were last looked at.
type look struct {
	at       time.Time
	revision int64
}

// release makes deliveries wait again whose postbacks are active again. It does not write,
// and does not read the store, unless the catalog has changed or a minute has passed.
func (s *Sender) release(ctx context.Context, last *look) {
	if s.View == nil {
		return
	}
	v := s.View()
	if v.Revision == last.revision && !last.at.IsZero() && time.Since(last.at) < heldEvery {
		return
	}
	held, err := s.Store.HeldPostbacks(ctx)
	for _, h := range held {
		p := s.postback(h.Publisher, h.Postback)
		if p == nil || p.Archived || p.Status != catalog.StatusActive {
			continue
		}
		for n := released; n == released && err == nil; {
			n, err = s.Store.ReleaseDeliveries(ctx, h, s.Now().UnixMicro(), released)
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			s.Logger.Error("held postbacks could not be released", "error", err)
		}
		return
	}
	*last = look{time.Now(), v.Revision}
}
