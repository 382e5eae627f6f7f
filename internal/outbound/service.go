package outbound

import (
	"context"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// Service is the log of deliveries as people see and work with it, and the test of a
// postback. It asks nobody who they are: the caller gives the workspace, and the publisher
// where only that one's deliveries are to be seen ("" = everybody's). What belongs to
// another is catalog.ErrNotFound. What it returns has its secrets masked.
type Service struct {
	Store  Store
	Sender *Sender
	View   func() *catalog.View
	Now    func() time.Time
}

// maxResends bounds what one call of [Service.ResendDead] sends again.
const maxResends = 2000

// List returns a page of deliveries, newest first.
func (s *Service) List(ctx context.Context, q Query) ([]*Delivery, error) {
	ds, err := s.Store.ListDeliveries(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	for i, d := range ds {
		ds[i] = d.masked()
	}
	return ds, nil
}

// Get returns a delivery and its tries, the first first.
func (s *Service) Get(ctx context.Context, workspace, publisher, id string) (*Delivery, []*Try, error) {
	d, tries, err := s.get(ctx, workspace, publisher, id)
	if err != nil {
		return nil, nil, err
	}
	return d.masked(), d.maskedTries(tries), nil
}

func (s *Service) get(ctx context.Context, workspace, publisher, id string) (*Delivery, []*Try, error) {
	d, tries, err := s.Store.GetDelivery(ctx, workspace, id)
	if err != nil {
		return nil, nil, err
	}
	if publisher != "" && d.Publisher != publisher {
		return nil, nil, catalog.ErrNotFound
	}
	return d, tries, nil
}

// Counts counts what waits and what was given up.
func (s *Service) Counts(ctx context.Context, workspace, publisher string) (Counts, error) {
	return s.Store.CountDeliveries(ctx, workspace, publisher)
}

// Resend sends a delivery that was taken or given up again, as one of its own: with the
// values it had, by the postback as it is now, or as it was where there is none any more.
// actor is who asked for it. [ErrFinal] where it is still tried, was sent again already, or
// was a test.
func (s *Service) Resend(ctx context.Context, workspace, publisher, id, actor string) (*Delivery, error) {
	old, _, err := s.get(ctx, workspace, publisher, id)
	if err != nil {
		return nil, err
	}
	d, err := s.resend(ctx, old, actor)
	if err != nil {
		return nil, err
	}
	s.Sender.Wake()
	return d.masked(), nil
}

func (s *Service) resend(ctx context.Context, old *Delivery, actor string) (*Delivery, error) {
	if old.State == StateTest {
		return nil, ErrFinal
	}
	now := s.Now()
	d := &Delivery{
		ID: event.NewID("dlv_", now), Workspace: old.Workspace, Publisher: old.Publisher, Postback: old.Postback, Conversion: old.Conversion, Offer: old.Offer,
		Tells: old.Tells, URL: old.URL, Method: old.Method, BodyKind: old.BodyKind, Body: old.Body, Macros: old.Macros,
		State: StateWaiting, Created: now.UnixMicro(), NextAt: now.UnixMicro(), Resends: old.ID, Actor: actor,
	}
	view := s.View()
	i := slices.IndexFunc(view.Postbacks(old.Publisher), func(p *catalog.Postback) bool { return p.ID == old.Postback && !p.Archived })
	named := old.Values()
	if i >= 0 && named != nil {
		v := macro.PostbackTokens.FromNamed(named)
		if w := view.Workspace(old.Workspace); w != nil {
			v[macro.Salt] = w.Salt
		}
		d.fill(view.Postbacks(old.Publisher)[i], v, now)
	}
	return d, s.Store.Resend(ctx, d)
}

// ResendDead sends those again that were given up, the newest first, of the deliveries that
// q selects, whatever state it names; at most 2,000 of them. It returns how many.
func (s *Service) ResendDead(ctx context.Context, q Query, actor string) (int, error) {
	q.State, q.Before, q.Limit = StateDead, "", 200
	n := 0
	defer s.Sender.Wake()
	for n < maxResends {
		ds, err := s.Store.ListDeliveries(ctx, q)
		if err != nil {
			return n, fmt.Errorf("list dead deliveries: %w", err)
		}
		for _, d := range ds {
			_, err := s.resend(ctx, d, actor)
			if err != nil && err != ErrFinal { // somebody else was faster
				return n, err
			}
			if err == nil {
				n++
			}
		}
		if len(ds) < q.Limit {
			break
		}
		q.Before = ds[len(ds)-1].ID
	}
	return n, nil
}

// Test calls a postback once, saved or not, about a conversion that never was, and keeps it
// in the log: every id in it is made up and says so, and so does the header
// Clickledger-Test. The try says how it went.
func (s *Service) Test(ctx context.Context, p *catalog.Postback, actor string) (*Delivery, *Try, error) {
	now := s.Now()
	d := Make(p, s.sample(p, now), now)
	d.Conversion, d.Offer, d.Actor, d.NextAt = "", p.Offer, actor, 0
	if d.State == StateDead {
		d.State = StateTest
		return d.masked(), &Try{Delivery: d.ID, N: 1, At: now.UnixMicro(), Error: d.Error}, nil
	}
	d.State = StateTest
	t, err := s.Sender.once(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	d.Tries, d.Status, d.Answer, d.Error, d.DoneAt = 1, t.Status, t.Answer, t.Error, s.Now().UnixMicro()
	err = s.Store.AddDelivery(ctx, d, t)
	if err != nil {
		return nil, nil, fmt.Errorf("keep the test: %w", err)
	}
	return d.masked(), d.maskedTries([]*Try{t})[0], nil
}

// sample are the values of a test.
func (s *Service) sample(p *catalog.Postback, now time.Time) *macro.Values {
	v := macro.PostbackTokens.Sample()
	for _, id := range macro.PostbackTokens.IDs() {
		switch macro.Tokens[id].Group {
		case macro.GroupIDs, macro.GroupSubs, macro.GroupNames:
			v[id] = "test_" + macro.Tokens[id].Name
		}
	}
	v[macro.ConversionID], v[macro.TxID] = "cnv_test", "TEST-1"
	v[macro.Status] = p.States[0]
	if p.States[0] == catalog.OnAccepted {
		v[macro.Status] = "approved"
	}
	if p.Goal != "" {
		v[macro.Goal] = p.Goal
	}
	view := s.View()
	if w := view.Workspace(p.Workspace); w != nil {
		v[macro.Currency] = w.Currency
		v[macro.Salt] = w.Salt
	}
	if o := view.Offer(p.Offer); o != nil {
		v[macro.Currency] = o.Currency
	}
	at := fmt.Sprint(now.Unix())
	v[macro.Timestamp], v[macro.EventTime], v[macro.TimestampMs], v[macro.Date] = at, at, fmt.Sprint(now.UnixMilli()), now.UTC().Format(time.DateOnly)
	return v
}
