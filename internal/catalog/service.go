package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/event"
)

// Service is the catalog as people and programs use it: it asks whether they may,
// checks what they send, fills in what they need not send, and keeps the trail.
type Service struct {
	store   Store
	now     func() time.Time
	changed func(ctx context.Context, revision int64) error
	told    func(ctx context.Context, e *Enrollment, from string)
	// ownHosts are the hosts of the installation itself, which no domain may be.
	ownHosts []string
	tested   func(ctx context.Context, workspace, offer, fingerprint string) (string, error)
	staff    func(ctx context.Context, workspace, user string) (bool, error)
	people   func(ctx context.Context, workspace string, kind Kind, party string) ([]string, error)
	// rules is held while a commission rule is compared with the others and written.
	rules sync.Mutex
}

// ServiceOptions are what a [Service] needs.
type ServiceOptions struct {
	Store Store
	Now   func() time.Time
	// OwnHosts are the hosts of the installation itself, in lower case and without port: they
	// are no tracking domains.
	OwnHosts []string
	// Changed is called after each write and blocks until the local edge serves the
	// revision (≤ 1 s), so that whoever made a link can use it at once. Its error
	// does not undo the write, which is durable by then, and is not the caller's: who
	// implements Changed reports it.
	Changed func(ctx context.Context, revision int64) error
	// Tested is the id of the last run of tests that the offer passed with the fingerprint,
	// or [ErrNotFound]; nil knows of none.
	Tested func(ctx context.Context, workspace, offer, fingerprint string) (string, error)
	// Agreed, when set, is called after each committed change of an enrollment's status,
	// with the status before ("" = it is new), whoever made it: mail about applications
	// and decisions hangs here. The row is the callee's own. It must not block for long.
	Agreed func(ctx context.Context, e *Enrollment, from string)
	// Staff reports whether a user is one of the workspace's own people; nil believes every
	// id.
	Staff func(ctx context.Context, workspace, user string) (bool, error)
	// People are the e-mail addresses of those who sign in for a publisher or an advertiser;
	// nil knows of none.
	People func(ctx context.Context, workspace string, kind Kind, party string) ([]string, error)
}

// NewService makes a service.
func NewService(o ServiceOptions) *Service {
	s := &Service{store: o.Store, now: o.Now, changed: o.Changed, ownHosts: o.OwnHosts, tested: o.Tested, told: o.Agreed, staff: o.Staff, people: o.People}
	if s.now == nil {
		s.now = time.Now
	}
	if s.staff == nil {
		s.staff = func(context.Context, string, string) (bool, error) { return true, nil }
	}
	if s.changed == nil {
		s.changed = func(context.Context, int64) error { return nil }
	}
	return s
}

// insertTries bounds how often a generated key that is taken is drawn again.
const insertTries = 3

// updateTries bounds how often a write that takes "the current version" meets another
// writer before it gives up.
const updateTries = 5

// Create adds an entity in the document's workspace (or, where it names none, in
// idem's), with its id, keys and defaults filled in; an offer also gets its default
// goal. Under a repeated idempotency key it returns what was made first, and
// replayed. A refused document is [*Invalid] with every wrong field.
func (s *Service) Create(ctx context.Context, p account.Principal, d Doc, idem Idempotency) (e Entity, replayed bool, err error) {
	workspace := WorkspaceOf(d, idem.Workspace)
	if !mayCreate(p, d.Kind(), workspace) {
		return nil, false, ErrNotFound
	}
	fresh := idem.Key == ""
	if d.Kind() == KindCommissionRule {
		defer s.lockRules()()
		if fresh, err = s.isNew(ctx, d.Kind(), workspace, idem); err != nil {
			return nil, false, err
		}
	}
	for try := 1; ; try++ {
		// A repeated request finds its own row taken, so the store alone says so here.
		c := s.checker(ctx, workspace, nil)
		e, err = c.build(d, fresh)
		if err != nil {
			return nil, false, err
		}
		idem.Workspace = e.Base().Workspace
		if e.Kind() == KindWorkspace {
			// A workspace that does not exist yet cannot scope the key; its maker does.
			idem.Workspace = "principal:" + p.ID
		}
		var revision int64
		revision, replayed, err = s.insert(ctx, p, e, c.currencyCode(), idem)
		if err == nil {
			s.changed(ctx, revision)
			if made, ok := e.(*Enrollment); ok && !replayed {
				s.agreed(ctx, made, "")
			}
			return e, replayed, nil
		}
		if !drawnTwice(e, err) || try == insertTries {
			return nil, false, err
		}
	}
}

// drawnTwice says that a random key, or the next number, is taken: drawing again is all
// there is to do.
func drawnTwice(e Entity, err error) bool {
	var bad *Invalid
	if e.Kind() == KindGoal || !errors.As(err, &bad) || len(bad.Fields) != 1 {
		return false
	}
	f := bad.Fields[0]
	return f.Rule == ruleTaken && (f.Field == "key" || f.Field == "token" || f.Field == "number")
}

// insert writes a new entity and returns the revision that has all of it. The goal of
// a new offer is in the same transaction, except under an idempotency key, which
// covers one row: there the goal follows, and the repetition that a caller without an
// answer makes adds it if it is missing.
func (s *Service) insert(ctx context.Context, p account.Principal, e Entity, currency string, idem Idempotency) (revision int64, replayed bool, err error) {
	a := s.audit(p, "create", nil, e, currency)
	offer, isOffer := e.(*Offer)
	if isOffer && idem.Key == "" {
		g := s.defaultGoal(offer)
		err = s.store.InsertAll(ctx, []Entity{e, g}, a)
		return max(e.Base().Revision, g.Revision), false, err
	}
	replayed, err = s.store.Insert(ctx, e, idem, a)
	revision = e.Base().Revision
	if err == nil && isOffer {
		var goal int64
		goal, err = s.ensureGoal(ctx, p, offer)
		revision = max(revision, goal)
	}
	return revision, replayed, err
}

// ensureGoal adds the offer's default goal if it has none, and returns its revision.
func (s *Service) ensureGoal(ctx context.Context, p account.Principal, o *Offer) (int64, error) {
	goals, err := s.store.List(ctx, Query{Kind: KindGoal, Workspace: o.Workspace, Filter: map[string]string{"offer": o.ID}, Archived: "all", Limit: 1})
	if err != nil {
		return 0, fmt.Errorf("list goals of %s: %w", o.ID, err)
	}
	if len(goals) > 0 {
		return goals[0].Base().Revision, nil
	}
	g := s.defaultGoal(o)
	_, err = s.store.Insert(ctx, g, Idempotency{}, s.audit(p, "create", nil, g, o.Currency))
	if err != nil {
		return 0, fmt.Errorf("insert default goal: %w", err)
	}
	return g.Revision, nil
}

// defaultGoalKey is the key of the goal every offer begins with.
const defaultGoalKey = "sale"

// defaultGoal is the goal every offer begins with.
func (s *Service) defaultGoal(o *Offer) *Goal {
	now := s.now()
	return &Goal{
		Meta:  Meta{ID: event.NewID(idPrefix[KindGoal], now), Workspace: o.Workspace, Created: now.UnixMicro(), Updated: now.UnixMicro(), Version: 1},
		Offer: o.ID, Key: defaultGoalKey, Name: "Sale", Default: true, Type: GoalSale, Terms: Terms{Precedence: PostbackWins},
	}
}

// Preview is what Create (id "") or Update would store, without storing it: every
// check is made, also for what is taken by others.
func (s *Service) Preview(ctx context.Context, p account.Principal, workspace, id string, version int64, d Doc) (Entity, error) {
	if id == "" {
		workspace = WorkspaceOf(d, workspace)
		if !mayCreate(p, d.Kind(), workspace) {
			return nil, ErrNotFound
		}
		return s.checker(ctx, workspace, nil).build(d, true)
	}
	workspace = scope(d.Kind(), workspace, id)
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	old, err := s.store.Get(ctx, d.Kind(), workspace, id)
	if err != nil {
		return nil, err
	}
	if version != 0 && version != old.Base().Version {
		return nil, ErrVersion
	}
	return s.checker(ctx, workspace, old).build(d, true)
}

// mayCreate: only owners make workspaces, writers everything else.
func mayCreate(p account.Principal, kind Kind, workspace string) bool {
	if kind == KindWorkspace {
		return p.Owner && p.Write
	}
	return p.May(workspace, true)
}

// Update writes the complete document d over the entity. version is the one the
// caller read ([ErrVersion] if it is no longer current); 0 takes the current.
func (s *Service) Update(ctx context.Context, p account.Principal, workspace, id string, version int64, d Doc) (Entity, error) {
	kind := d.Kind()
	workspace = scope(kind, workspace, id)
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	if kind == KindCommissionRule {
		defer s.lockRules()()
	}
	from := ""
	e, err := s.change(ctx, kind, workspace, id, version, func(old Entity) (Entity, Audit, error) {
		c := s.checker(ctx, workspace, old)
		e, err := c.build(d, true)
		if err != nil {
			return nil, Audit{}, err
		}
		if was, ok := old.(*Enrollment); ok {
			from = was.Status
		}
		return e, s.audit(p, "update", old, e, c.currencyCode()), nil
	})
	if enr, ok := e.(*Enrollment); ok && err == nil {
		s.agreed(ctx, enr, from)
	}
	return e, err
}

// Archive takes the entity out of use, or back into it. Archiving what is archived
// changes nothing.
func (s *Service) Archive(ctx context.Context, p account.Principal, kind Kind, workspace, id string, version int64, archived bool) (Entity, error) {
	workspace = scope(kind, workspace, id)
	if !p.May(workspace, true) || (kind == KindWorkspace && !p.Owner) {
		return nil, ErrNotFound
	}
	if kind == KindCommissionRule {
		defer s.lockRules()()
	}
	return s.change(ctx, kind, workspace, id, version, func(e Entity) (Entity, Audit, error) {
		m := e.Base()
		if m.Archived == archived {
			return e, Audit{}, nil
		}
		if g, ok := e.(*Goal); ok && archived && g.Default {
			bad := &Invalid{}
			bad.Add("archived", "default_goal", g.ID, "The default goal of an offer cannot be archived: signals that name no goal are judged by it. Archive the offer instead.")
			return nil, Audit{}, bad
		}
		if d, ok := e.(*Domain); ok { // back in use it may lead elsewhere: it is proven anew
			d.Status, d.Verified = StatusUnverified, 0
		}
		if t, ok := e.(*TermsVersion); ok {
			err := t.mayArchive(archived, s.now().UnixMicro())
			if err != nil {
				return nil, Audit{}, err
			}
		}
		if r, ok := e.(*CommissionRule); ok && !archived && r.Status == StatusActive {
			err := s.checker(ctx, workspace, e).ambiguity(r)
			if err != nil {
				return nil, Audit{}, err
			}
		}
		action := "restore"
		if archived {
			action = "archive"
		}
		m.Archived, m.Updated = archived, s.now().UnixMicro()
		return e, Audit{Workspace: m.Workspace, At: m.Updated, Actor: p.ID, Action: action, Kind: string(kind), Subject: id}, nil
	})
}

// change is [Service.write], and tells that it has happened.
func (s *Service) change(ctx context.Context, kind Kind, workspace, id string, version int64, next func(old Entity) (Entity, Audit, error)) (Entity, error) {
	e, wrote, err := s.write(ctx, kind, workspace, id, version, next)
	if wrote {
		s.changed(ctx, e.Base().Revision)
	}
	return e, err
}

// write reads an entity, lets next make the new state of it, and writes that; wrote says
// that it did. With version 0 it meets other writers by starting over. An audit line
// without an action means that there is nothing to write.
func (s *Service) write(ctx context.Context, kind Kind, workspace, id string, version int64, next func(old Entity) (Entity, Audit, error)) (e Entity, wrote bool, err error) {
	for try := 1; ; try++ {
		old, err := s.store.Get(ctx, kind, workspace, id)
		if err != nil {
			return nil, false, err
		}
		if version != 0 && version != old.Base().Version {
			return nil, false, ErrVersion
		}
		e, a, err := next(old)
		if err != nil {
			return nil, false, err
		}
		if a.Action == "" {
			return e, false, nil
		}
		err = s.put(ctx, old, e, a)
		if errors.Is(err, ErrVersion) && version == 0 && try < updateTries {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		return e, true, nil
	}
}

// put writes an entity; an enrollment that becomes approved with the publisher's link.
func (s *Service) put(ctx context.Context, old, e Entity, a Audit) error {
	enr, ok := e.(*Enrollment)
	if !ok || enr.Status != Approved || old.(*Enrollment).Status == Approved {
		return s.store.Update(ctx, e, a)
	}
	l, err := s.firstLink(ctx, enr)
	if err != nil {
		return err
	}
	if l == nil {
		return s.store.Update(ctx, e, a)
	}
	of := a
	of.Action, of.Kind, of.Subject, of.Before, of.After = "create", string(KindLink), l.ID, "", docJSON(l, "")
	// The link first, so that the enrollment's revision, which is waited for, has both.
	return s.store.Put(ctx, []Entity{l, e}, []Audit{a, of})
}

// scope is the workspace an entity is looked up in: a workspace is in itself.
func scope(kind Kind, workspace, id string) string {
	if kind == KindWorkspace {
		return id
	}
	return workspace
}

// audit is the trail's line of a write.
func (s *Service) audit(p account.Principal, action string, before, after Entity, currency string) Audit {
	m := after.Base()
	a := Audit{Workspace: m.Workspace, At: m.Updated, Actor: p.ID, Action: action, Kind: string(after.Kind()), Subject: m.ID, Reason: liveReason(before, after), After: docJSON(after, currency)}
	if before != nil {
		a.Before = docJSON(before, currency)
	}
	return a
}

// docJSON is the entity's document: what people edited, and no secrets.
func docJSON(e Entity, currency string) string {
	b, err := json.Marshal(DocOf(e, currency))
	if err != nil {
		return "" // cannot be: documents are plain structs
	}
	return string(b)
}
