package catalog

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/macro"
)

// Postback is a call to a publisher's server about each conversion of its own that it asks
// for.
type Postback struct {
	Meta
	Publisher string
	Name      string
	Offer     string   // id, "" = all
	Goal      string   // key, "" = all
	States    []string // from [PostbackStates], in its order, never empty
	Preset    string   // the tracker it was made for, "" = none; no effect of its own
	Method    string   // GET or POST
	URL       string   // macro template
	BodyKind  string   // "", macro.BodyForm, macro.BodyJSON; with POST only
	Body      string   // macro template
	Replaces  bool     // where it is called, the publisher's more general ones are not
	Status    string   // StatusActive, StatusPaused
	PausedFor string   // why it was paused by itself, "" = it was not; with StatusPaused only
	Notes     string
}

// OnAccepted is the one of [PostbackStates] that is no state of a conversion: it was
// recorded, and not refused.
const OnAccepted = "accepted"

// PostbackStates are what a postback may be called on: the states a conversion comes to,
// its first included, and [OnAccepted].
var PostbackStates = []string{OnAccepted, "pending", "approved", "rejected", "reversed", "locked", "paid"}

// Bounds of a publisher's postbacks.
const maxPostbacks = 50

// Title is the postback's name, or the host it calls.
func (p *Postback) Title() string {
	if p.Name != "" {
		return p.Name
	}
	t, err := macro.ParseURLWith(postbackTokens, p.URL)
	if err != nil {
		return p.ID
	}
	return t.Host()
}

// Rank says how special the postback is, 0 to 3: an offer counts for more than a goal.
func (p *Postback) Rank() int {
	rank := 0
	if p.Offer != "" {
		rank += 2
	}
	if p.Goal != "" {
		rank++
	}
	return rank
}

// Suspended reports whether the postback was paused by itself, for failing: what it would
// tell is held until it is active again.
func (p *Postback) Suspended() bool { return p.Status == StatusPaused && p.PausedFor != "" }

// Fits reports whether a conversion of the offer and goal that has just come to the state
// is to be told; first says that it was recorded just now.
func (p *Postback) Fits(offer, goal, state string, first bool) bool {
	if p.Archived || p.Status != StatusActive && !p.Suspended() || p.Offer != "" && p.Offer != offer || p.Goal != "" && p.Goal != goal {
		return false
	}
	accepted := first && state != "rejected" && state != "reversed"
	return slices.Contains(p.States, state) || accepted && slices.Contains(p.States, OnAccepted)
}

// ToTell are the publisher's postbacks to call about a conversion, in the order of their
// ids: all that fit, without those that are more general than a fitting one that replaces
// them.
func (v *View) ToTell(publisher, offer, goal, state string, first bool) []*Postback {
	var out []*Postback
	least := 0
	for _, p := range v.postbacks[publisher] {
		if p.Fits(offer, goal, state, first) {
			out = append(out, p)
			if p.Replaces {
				least = max(least, p.Rank())
			}
		}
	}
	return slices.DeleteFunc(out, func(p *Postback) bool { return p.Rank() < least })
}

func (c *checker) buildPostback(d *PostbackDoc, m Meta) Entity {
	e := &Postback{Meta: m, Publisher: d.Publisher, Name: strings.TrimSpace(d.Name), Offer: d.Offer, Goal: strings.TrimSpace(d.Goal), Preset: c.word("preset", d.Preset),
		Method: d.Method, BodyKind: d.BodyKind, Body: strings.TrimSpace(d.Body), Replaces: d.Replaces, Status: d.Status, Notes: d.Notes}
	e.States = c.postbackStates(d.States)
	e.URL = c.url("url", strings.TrimSpace(d.URL), postbackTokens)
	if _, known := FindPostbackPreset(e.Preset); e.Preset != "" && !known && !c.wrong("preset") {
		c.bad.Add("preset", "unknown_preset", e.Preset, "There is no such preset; GET /api/v1/postback-presets lists them.")
	}
	for _, hole := range presetHoles {
		if strings.Contains(e.URL, hole) && !c.wrong("url") {
			c.bad.Add("url", "placeholder", hole, "Put your tracker's own in place of "+hole+".")
		}
	}
	c.postbackBody(e)
	wasOffer := ""
	if old, ok := c.old.(*Postback); ok {
		wasOffer = old.Offer
		if e.Status == StatusPaused && old.Suspended() {
			e.PausedFor = old.PausedFor
		}
		c.immutable("publisher", old.Publisher, d.Publisher)
	} else if c.ref("publisher", KindPublisher, d.Publisher, "") != nil {
		c.roomForPostback(d.Publisher)
	}
	c.ref("offer", KindOffer, d.Offer, wasOffer)
	c.postbackGoal(e)
	return e
}

// postbackGoal refuses the key of a goal that the offer does not have: it would never be
// called. Without an offer any key may come.
func (c *checker) postbackGoal(e *Postback) {
	if e.Goal == "" || e.Offer == "" || c.wrong("goal") || c.wrong("offer") {
		return
	}
	goals, err := c.store.List(c.ctx, Query{Kind: KindGoal, Workspace: c.workspace, Filter: map[string]string{"offer": e.Offer, "key": e.Goal}, Archived: "all", Limit: 1})
	if err != nil {
		c.fail(err)
		return
	}
	if len(goals) == 0 {
		c.bad.Add("goal", ruleReference, e.Goal, "The offer has no goal with this key.")
	}
}

// postbackStates checks what it is called on and brings it in order.
func (c *checker) postbackStates(in []string) []string {
	for _, s := range in {
		if !slices.Contains(PostbackStates, s) && !c.wrong("states") {
			c.bad.Add("states", ruleNotOneOf, s, "Must be some of "+strings.Join(PostbackStates, ", ")+".")
		}
	}
	if len(in) == 0 {
		c.bad.Add("states", ruleRequired, "", "A postback needs at least one state to be called on.")
	}
	return slices.DeleteFunc(slices.Clone(PostbackStates), func(s string) bool { return !slices.Contains(in, s) })
}

// postbackBody checks the body against the method and by its kind.
func (c *checker) postbackBody(e *Postback) {
	switch {
	case c.wrong("body") || c.wrong("body_kind") || c.wrong("method"):
	case e.BodyKind == "" && e.Body != "":
		c.bad.Add("body_kind", ruleRequired, "", "Say whether the body is form fields or JSON.")
	case e.BodyKind == "":
	case e.Method != http.MethodPost:
		c.bad.Add("body_kind", "method", e.BodyKind, "Only a POST carries a body.")
	default:
		_, err := macro.ParseBody(postbackTokens, e.BodyKind, e.Body)
		c.macroErr("body", e.Body, err)
	}
}

// roomForPostback refuses more postbacks than anybody needs: each is called for every
// conversion.
func (c *checker) roomForPostback(publisher string) {
	have, err := c.store.List(c.ctx, Query{Kind: KindPostback, Workspace: c.workspace, Filter: map[string]string{"publisher": publisher}, Limit: maxPostbacks})
	if err != nil {
		c.fail(err)
		return
	}
	if len(have) >= maxPostbacks {
		c.bad.Add("publisher", ruleTooMany, publisher, "The publisher has "+strconv.Itoa(maxPostbacks)+" postbacks already; archive those that are not used.")
	}
}

// SuspendPostback pauses a postback that only fails, and keeps why. It has no effect, and
// says so, on one that is not active. The caller is the sender itself.
func (s *Service) SuspendPostback(ctx context.Context, workspace, id, why string) (p *Postback, done bool, err error) {
	e, done, err := s.write(ctx, KindPostback, workspace, id, 0, func(old Entity) (Entity, Audit, error) {
		was, ok := old.(*Postback)
		if !ok || was.Archived || was.Status != StatusActive {
			return old, Audit{}, nil
		}
		now := *was
		now.Status, now.PausedFor, now.Updated = StatusPaused, why, s.now().UnixMicro()
		a := s.audit(account.Principal{ID: "outbound"}, "suspend", was, &now, "")
		a.Reason = why
		return &now, a, nil
	})
	if err != nil {
		return nil, false, err
	}
	if done {
		s.changed(ctx, e.Base().Revision)
	}
	return e.(*Postback), done, nil
}
