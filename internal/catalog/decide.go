package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/event"
)

// Actions of a [Decision]. What may follow what is in enrollmentSteps.
const (
	ActApprove = "approve"
	ActReject  = "reject"
	ActPause   = "pause"
	ActResume  = "resume"
	ActRevoke  = "revoke"
)

// deed is what an action does.
type deed struct {
	to   string
	from []string // statuses it is for
	why  bool     // it needs a reason
}

var deeds = map[string]deed{
	ActApprove: {Approved, []string{Applied, Invited, Rejected, Revoked, Withdrawn}, false},
	ActReject:  {Rejected, []string{Applied}, true},
	ActPause:   {Paused, []string{Approved}, true},
	ActResume:  {Approved, []string{Paused}, false},
	ActRevoke:  {Revoked, []string{Approved, Paused, Invited}, true},
}

// Decision is what staff decides about enrollments.
type Decision struct {
	IDs    []string
	Action string // one of the Act constants
	Reason string // the publisher reads it; needed but for approve and resume
}

// Decided is what became of one of them.
type Decided struct {
	ID         string
	Enrollment *Enrollment // nil when Err says why not
	Err        error       // [ErrNotFound] or [*Invalid]
}

// maxDecisions bounds how many are decided at once.
const maxDecisions = 500

// maxReason is the longest reason, in characters; see EnrollmentDoc.
const maxReason = 500

// Decide decides enrollments, each by itself: one that cannot be decided does not keep the
// others from it. An approval makes the publisher's link where it has none.
func (s *Service) Decide(ctx context.Context, p account.Principal, workspace string, d Decision) ([]Decided, error) {
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	bad := &Invalid{}
	act, known := deeds[d.Action]
	d.Reason = strings.TrimSpace(d.Reason)
	switch {
	case !known:
		bad.Add("action", ruleNotOneOf, d.Action, "Must be one of approve, reject, pause, resume, revoke.")
	case act.why && d.Reason == "":
		bad.Add("reason", ruleRequired, "", "Say why: the publisher reads it.")
	case utf8.RuneCountInString(d.Reason) > maxReason:
		bad.Add("reason", ruleTooLong, d.Reason, fmt.Sprintf("Must be at most %d characters long.", maxReason))
	case !printable(d.Reason):
		bad.Add("reason", ruleCharacters, strings.ToValidUTF8(d.Reason, "\uFFFD"), "Must be one line, without control characters.")
	}
	countIDs("ids", d.IDs, bad)
	err := bad.Err()
	if err != nil {
		return nil, err
	}
	out := make([]Decided, 0, len(d.IDs))
	for _, id := range d.IDs {
		e, err := s.decideOne(ctx, p, workspace, id, d, act)
		if err != nil && !refused(err) {
			return out, err
		}
		out = append(out, Decided{id, e, err})
	}
	return out, nil
}

// countIDs refuses a list that is empty or too long.
func countIDs(field string, ids []string, bad *Invalid) {
	switch {
	case len(ids) == 0:
		bad.Add(field, ruleRequired, "", "Name at least one.")
	case len(ids) > maxDecisions:
		bad.Add(field, ruleTooMany, fmt.Sprintf("%d entries", len(ids)), fmt.Sprintf("There may be at most %d.", maxDecisions))
	}
}

// refused reports whether an error concerns one row and says so to the caller.
func refused(err error) bool {
	var bad *Invalid
	return errors.Is(err, ErrNotFound) || errors.As(err, &bad)
}

func (s *Service) decideOne(ctx context.Context, p account.Principal, workspace, id string, d Decision, act deed) (*Enrollment, error) {
	return s.settle(ctx, p, workspace, d.Action, func() (*Enrollment, error) {
		e, err := s.store.Get(ctx, KindEnrollment, workspace, id)
		if err != nil {
			return nil, err
		}
		return e.(*Enrollment), nil
	}, func(e *Enrollment) error {
		if e.Archived || !slices.Contains(act.from, e.Status) {
			bad := &Invalid{}
			is := e.Status
			if e.Archived {
				is = "archived"
			}
			bad.Add("status", "transition", is, "To "+d.Action+" it must be "+strings.Join(act.from, ", ")+"; it is "+is+".")
			return bad
		}
		e.Status, e.Reason, e.Decided = act.to, d.Reason, s.now().UnixMicro()
		return nil
	})
}

// ApproveBare approves an application for staff who make the publisher's link themselves
// right after: the approval makes none, so that there is one, not two. version is the one
// that was read.
func (s *Service) ApproveBare(ctx context.Context, p account.Principal, workspace, id string, version int64) (*Enrollment, error) {
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	got, err := s.store.Get(ctx, KindEnrollment, workspace, id)
	if err != nil {
		return nil, err
	}
	old := got.(*Enrollment)
	if old.Version != version || old.Archived || old.Status != Applied {
		return nil, ErrVersion
	}
	o, err := s.store.Get(ctx, KindOffer, workspace, old.Offer)
	if err != nil {
		return nil, err
	}
	e, now := *old, s.now().UnixMicro()
	e.Status, e.Reason, e.Decided, e.Updated = Approved, "", now, now
	err = s.store.Update(ctx, &e, s.audit(p, ActApprove, old, &e, o.(*Offer).Currency))
	if err != nil {
		return nil, err
	}
	s.changed(ctx, e.Revision)
	s.agreed(ctx, &e, Applied)
	return &e, nil
}

// settle reads an enrollment, changes it, and writes it, starting over when somebody else
// wrote meanwhile. read gives one of Version 0 to make it.
func (s *Service) settle(ctx context.Context, p account.Principal, workspace, action string, read func() (*Enrollment, error), change func(e *Enrollment) error) (*Enrollment, error) {
	for try := 1; ; try++ {
		e, err := read()
		if err != nil {
			return nil, err
		}
		was, from := *e, e.Status
		err = change(e)
		if err != nil {
			return nil, err
		}
		o, err := s.store.Get(ctx, KindOffer, workspace, e.Offer)
		if err != nil {
			return nil, err
		}
		e.Updated = s.now().UnixMicro()
		var old *Enrollment
		if was.Version > 0 {
			old = &was
		}
		err = s.putEnrollment(ctx, p, old, e, action, o.(*Offer).Currency)
		if (errors.Is(err, ErrVersion) || isTaken(err)) && try < updateTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.agreed(ctx, e, from)
		return e, nil
	}
}

// Invite offers the offer to publishers, each by itself; see [Service.Decide]. Who accepts
// gets a link at once, also for a private offer.
func (s *Service) Invite(ctx context.Context, p account.Principal, workspace, offer string, publishers []string) ([]Decided, error) {
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	o, err := s.store.Get(ctx, KindOffer, workspace, offer)
	if err != nil {
		return nil, err
	}
	bad := &Invalid{}
	countIDs("publishers", publishers, bad)
	if o.Base().Archived {
		bad.Add("offer", ruleArchived, offer, "This offer is archived.")
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	out := make([]Decided, 0, len(publishers))
	for _, id := range publishers {
		e, err := s.inviteOne(ctx, p, workspace, offer, id)
		if err != nil && !refused(err) {
			return out, err
		}
		out = append(out, Decided{id, e, err})
	}
	return out, nil
}

func (s *Service) inviteOne(ctx context.Context, p account.Principal, workspace, offer, publisher string) (*Enrollment, error) {
	return s.settle(ctx, p, workspace, "invite", func() (*Enrollment, error) {
		e, err := s.store.Get(ctx, KindPublisher, workspace, publisher)
		if err != nil {
			return nil, err
		}
		if pub := e.(*Publisher); pub.Archived || pub.Status == StatusBanned {
			bad := &Invalid{}
			bad.Add("publishers", RulePublisherInactive, publisher, "This publisher is banned or archived.")
			return nil, bad
		}
		was, err := s.enrollmentOf(ctx, workspace, offer, publisher)
		if err != nil || was != nil {
			return was, err
		}
		now := s.now()
		return &Enrollment{Meta: Meta{ID: event.NewID(idPrefix[KindEnrollment], now), Workspace: workspace, Created: now.UnixMicro()}, Offer: offer, Publisher: publisher}, nil
	}, func(e *Enrollment) error {
		if !e.Archived && !slices.Contains([]string{"", Rejected, Revoked, Withdrawn}, e.Status) {
			bad := &Invalid{}
			bad.Add("publishers", "transition", publisher, "This publisher's enrollment is "+e.Status+" already.")
			return bad
		}
		e.Status, e.Reason, e.Archived, e.Decided = Invited, "", false, s.now().UnixMicro()
		return nil
	})
}

// agreed tells that an enrollment has another status than from.
func (s *Service) agreed(ctx context.Context, e *Enrollment, from string) {
	if s.told != nil && e.Status != from {
		row := *e
		s.told(ctx, &row, from)
	}
}
