package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// NeedsTest says whether offers of the advertiser, nil = none, must pass a test before they
// go live: those of merchants, who integrate by themselves, where the workspace asks for it.
// Networks report by what they have for everybody, and nobody reports where there is no
// advertiser.
func NeedsTest(ws *Workspace, adv *Advertiser) bool {
	return ws != nil && ws.RequireTests && adv != nil && adv.Type == TypeMerchant
}

// TestFingerprint names the configuration that a test tests: after a change of it a test
// that passed says nothing any more.
func TestFingerprint(o *Offer, adv *Advertiser) string {
	parts := []string{o.Advertiser, o.URL, fmt.Sprint(o.AppendClickID), o.Tracking, o.Currency, o.PayoutKind, fmt.Sprint(o.RequireOrder)}
	if adv != nil {
		parts = append(parts, adv.ClickParam)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// ruleUntested refuses an offer that goes live without a test.
const ruleUntested = "untested"

// goLive decides about the state of an offer. Where it becomes active for the first time
// and needs a test, it must have passed one, or somebody gives a reason; without a status
// it waits, paused, until then.
func (c *checker) goLive(e, old *Offer, d *OfferDoc, adv *Advertiser) {
	reason := strings.TrimSpace(d.GoLiveReason)
	if old != nil && old.LiveSince != 0 {
		e.LiveSince, e.LiveReason = old.LiveSince, old.LiveReason
		if reason != old.LiveReason {
			c.bad.Add("go_live_reason", ruleImmutable, reason, "The offer went live before; what was said then stays.")
		}
		if e.Status == "" {
			e.Status = StatusActive
		}
		return
	}
	if e.Status != "" && e.Status != StatusActive {
		if reason != "" && !c.wrong("go_live_reason") {
			c.bad.Add("go_live_reason", "not_live", reason, "This is said when the offer becomes active, which it does not by this.")
		}
		return
	}
	why := reason
	if NeedsTest(c.home(), adv) {
		run, err := c.passed(e, adv)
		switch {
		case err != nil:
			c.fail(err)
			return
		case run != "":
			why = "test " + run
		case reason == "" && e.Status == "":
			e.Status = StatusDraft
			return
		case reason == "":
			c.bad.Add("go_live_reason", ruleUntested, "", "The offer passed no test yet. Run its two test conversions first, or say here why it goes live without; the reason is kept in the audit trail.")
			return
		}
	}
	e.Status, e.LiveSince, e.LiveReason = StatusActive, c.now().UnixMicro(), why
}

// passedTest is the run of tests that the offer passed as it is, "" for none.
func (s *Service) passedTest(ctx context.Context, o *Offer, adv *Advertiser) (string, error) {
	if s.tested == nil {
		return "", nil
	}
	run, err := s.tested(ctx, o.Workspace, o.ID, TestFingerprint(o, adv))
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up the tests of %s: %w", o.ID, err)
	}
	return run, nil
}

func (c *checker) passed(o *Offer, adv *Advertiser) (string, error) {
	if c.old == nil {
		return "", nil // nobody can have tested it
	}
	return c.passedTest(c.ctx, o, adv)
}

// liveReason is what the trail says where an offer goes live by this write.
func liveReason(before, after Entity) string {
	o, ok := after.(*Offer)
	if !ok || o.LiveSince == 0 || o.LiveReason == "" {
		return ""
	}
	if old, ok := before.(*Offer); ok && old.LiveSince != 0 {
		return ""
	}
	return "goes live: " + o.LiveReason
}

// cloneLive gives a copy a life of its own: where it must pass a test it is a draft.
func (s *Service) cloneLive(ctx context.Context, o *Offer) error {
	o.LiveSince, o.LiveReason = 0, ""
	if o.Status != StatusActive {
		return nil
	}
	ws, err := s.store.Get(ctx, KindWorkspace, o.Workspace, o.Workspace)
	if err != nil {
		return fmt.Errorf("look up the workspace of %s: %w", o.ID, err)
	}
	var adv *Advertiser
	if o.Advertiser != "" {
		e, err := s.store.Get(ctx, KindAdvertiser, o.Workspace, o.Advertiser)
		if err != nil {
			return fmt.Errorf("look up the advertiser of %s: %w", o.ID, err)
		}
		adv = e.(*Advertiser)
	}
	if NeedsTest(ws.(*Workspace), adv) {
		o.Status = StatusDraft
		return nil
	}
	o.LiveSince = o.Created
	return nil
}
