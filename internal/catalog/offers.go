package catalog

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/event"
)

// MaxBulk bounds how many offers are changed at once.
const MaxBulk = 200

// BulkChange is what is done to several offers at once. What is nil or empty stays.
type BulkChange struct {
	Status        string   // "" = as it is
	AddTags       []string // to those it has
	RemoveTags    []string // those it has not do not matter
	FallbackOffer *string  // id, "" = none
	Archived      *bool
	GoLiveReason  string // for those that become active without a passed test
}

// BulkResult is what became of one offer.
type BulkResult struct {
	ID      string
	Name    string // "" when it was not found
	Changed bool   // false as well where it was so already
	Err     error  // nil, [ErrNotFound], [*Invalid] …: nothing was changed in it
}

// BulkOffers changes offers one by one, each in its own transaction: what one cannot
// take does not hold up the others. A change that is wrong for every offer is
// [*Invalid], and none is touched. With dryRun nothing is written.
func (s *Service) BulkOffers(ctx context.Context, p account.Principal, workspace string, ids []string, ch BulkChange, dryRun bool) ([]BulkResult, error) {
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	bad := &Invalid{}
	ids = slices.Clone(ids)
	seen := map[string]bool{}
	ids = slices.DeleteFunc(ids, func(id string) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
	switch {
	case len(ids) == 0:
		bad.Add("ids", ruleRequired, "", "Name at least one offer.")
	case len(ids) > MaxBulk:
		bad.Add("ids", ruleTooMany, fmt.Sprint(len(ids)), fmt.Sprintf("At most %d offers can be changed at once.", MaxBulk))
	}
	s.checkBulk(ctx, workspace, &ch, bad)
	err := bad.Err()
	if err != nil {
		return nil, err
	}
	out := make([]BulkResult, len(ids))
	revision := int64(0)
	for i, id := range ids {
		var at int64
		out[i], at = s.bulkOne(ctx, p, workspace, id, ch, dryRun)
		revision = max(revision, at)
		err = ctx.Err()
		if err != nil {
			break
		}
	}
	if revision > 0 {
		s.changed(ctx, revision) // once for all
	}
	if err != nil {
		return nil, fmt.Errorf("change offers: %w", err)
	}
	return out, nil
}

// checkBulk finds what is wrong whichever offer it is done to.
func (s *Service) checkBulk(ctx context.Context, workspace string, ch *BulkChange, bad *Invalid) {
	if ch.Status == "" && len(ch.AddTags) == 0 && len(ch.RemoveTags) == 0 && ch.FallbackOffer == nil && ch.Archived == nil {
		bad.Add("change", ruleRequired, "", "Say what is to be changed.")
	}
	d := NewDoc(KindOffer).(*OfferDoc)
	if ch.Status != "" {
		d.Status = ch.Status
	}
	d.GoLiveReason = ch.GoLiveReason
	if strings.TrimSpace(ch.GoLiveReason) != "" && ch.Status != StatusActive {
		bad.Add("go_live_reason", "not_live", ch.GoLiveReason, "This is said when offers become active, which they do not by this.")
	}
	d.Name, d.URL = "-", "-" // not what is checked here
	c := s.checker(ctx, workspace, nil)
	checkTags(d, c.bad)
	ch.AddTags = c.tags("add_tags", ch.AddTags)
	for i, t := range ch.RemoveTags {
		ch.RemoveTags[i] = strings.TrimSpace(t)
	}
	bad.Fields = append(bad.Fields, c.bad.Fields...)
}

// bulkOne changes one offer and says under which revision; 0 when nothing was written.
func (s *Service) bulkOne(ctx context.Context, p account.Principal, workspace, id string, ch BulkChange, dryRun bool) (r BulkResult, revision int64) {
	r.ID = id
	e, err := s.store.Get(ctx, KindOffer, workspace, id)
	if err != nil {
		r.Err = err
		return r, 0
	}
	r.Name = NameOf(e)
	step := func(old Entity) (Entity, Audit, error) {
		r.Changed = false // begun anew when somebody wrote in between
		o := old.(*Offer)
		was := DocOf(o, o.Currency).(*OfferDoc)
		d := *was
		ch.apply(&d)
		if ch.Status == StatusActive && o.LiveSince == 0 {
			d.GoLiveReason = ch.GoLiveReason // of the others it is said already
		}
		var e Entity = o
		a := Audit{}
		archive := ch.Archived != nil && *ch.Archived != o.Archived
		if !reflect.DeepEqual(*was, d) {
			built, err := s.checker(ctx, workspace, o).build(&d, true)
			if err != nil {
				return nil, Audit{}, err
			}
			e, a = built, s.audit(p, "update", o, built, o.Currency)
		}
		if archive {
			if a.Action == "" {
				copied := *o
				copied.Updated = s.now().UnixMicro()
				e = &copied
				a = Audit{Workspace: workspace, At: copied.Updated, Actor: p.ID, Kind: string(KindOffer), Subject: id}
			}
			e.Base().Archived = *ch.Archived
			a.Action = "restore"
			if *ch.Archived {
				a.Action = "archive"
			}
		}
		r.Changed = a.Action != ""
		return e, a, nil
	}
	if dryRun {
		_, _, r.Err = step(e)
	} else {
		e, _, r.Err = s.write(ctx, KindOffer, workspace, id, 0, step)
	}
	if r.Err != nil {
		r.Changed = false
		return r, 0
	}
	if r.Changed && !dryRun {
		revision = e.Base().Revision
	}
	return r, revision
}

// apply writes the change into a document.
func (ch *BulkChange) apply(d *OfferDoc) {
	if ch.Status != "" {
		d.Status = ch.Status
	}
	if ch.FallbackOffer != nil {
		d.FallbackOffer = *ch.FallbackOffer
	}
	tags := slices.DeleteFunc(slices.Clone(d.Tags), func(t string) bool { return slices.Contains(ch.RemoveTags, t) })
	for _, t := range ch.AddTags {
		if !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	slices.Sort(tags)
	d.Tags = tags
}

// copySuffix ends the name of a copy.
const copySuffix = " (copy)"

// CloneOffer makes a copy of an offer with its goals, in one transaction. Only what must
// be its own differs: ids, key, times, and the name, which says that it is a copy. The
// copy is live, though what it was made of may be archived. Under a repeated idempotency key
// it is the copy made first, and replayed: the goals follow it then, and the repetition that
// a caller without an answer makes adds them where they are missing.
func (s *Service) CloneOffer(ctx context.Context, p account.Principal, workspace, id string, idem Idempotency) (_ *Offer, replayed bool, err error) {
	if !p.May(workspace, true) {
		return nil, false, ErrNotFound
	}
	e, err := s.store.Get(ctx, KindOffer, workspace, id)
	if err != nil {
		return nil, false, err
	}
	goals, err := s.goalsOf(ctx, workspace, id)
	if err != nil {
		return nil, false, err
	}
	for try := 1; ; try++ {
		now := s.now()
		fresh := func(kind Kind) Meta {
			return Meta{ID: event.NewID(idPrefix[kind], now), Workspace: workspace, Created: now.UnixMicro(), Updated: now.UnixMicro(), Version: 1}
		}
		o := *e.(*Offer)
		o.Meta, o.Key, o.Name, o.CapsSince = fresh(KindOffer), newOfferKey(), copyName(o.Name), now.UnixMicro()
		err = s.cloneLive(ctx, &o)
		if err != nil {
			return nil, false, err
		}
		o.Caps = slices.DeleteFunc(slices.Clone(o.Caps), func(k Cap) bool { // of goals that are not copied
			return k.Goal != "" && !slices.ContainsFunc(goals, func(g *Goal) bool { return g.Key == k.Goal })
		})
		a := s.audit(p, "create", nil, &o, o.Currency)
		a.Reason = "copy of " + id
		first := []Entity{&o}
		if idem.Key != "" {
			replayed, err = s.store.Insert(ctx, &o, idem, a)
			first = nil
		}
		var copies []Entity
		for _, g := range goals {
			n := *g
			n.Meta, n.Offer = fresh(KindGoal), o.ID
			copies = append(copies, &n)
		}
		if err == nil && replayed {
			have, herr := s.goalsOf(ctx, workspace, o.ID)
			err = herr
			if len(have) > 0 {
				copies = nil
			}
		}
		if all := append(first, copies...); err == nil && len(all) > 0 {
			err = s.store.InsertAll(ctx, all, a)
		}
		if err == nil {
			revision := o.Revision
			for _, e := range copies {
				revision = max(revision, e.Base().Revision)
			}
			s.changed(ctx, revision)
			return &o, replayed, nil
		}
		if !drawnTwice(&o, err) || try == insertTries {
			return nil, false, err
		}
	}
}

// goalsOf lists the live goals of an offer, oldest first, so that copies keep the order.
func (s *Service) goalsOf(ctx context.Context, workspace, offer string) ([]*Goal, error) {
	var out []*Goal
	after := ""
	for {
		es, err := s.store.List(ctx, Query{Kind: KindGoal, Workspace: workspace, Filter: map[string]string{"offer": offer}, After: after, Limit: MaxLimit})
		if err != nil {
			return nil, fmt.Errorf("list goals of %s: %w", offer, err)
		}
		for _, e := range es {
			out = append(out, e.(*Goal))
		}
		if len(es) < MaxLimit {
			slices.Reverse(out)
			return out, nil
		}
		after = es[len(es)-1].Base().ID
	}
}

// copyName adds the suffix, once, within what a name may be long.
func copyName(name string) string {
	const most = 200
	r := []rune(strings.TrimSuffix(name, copySuffix))
	return string(r[:min(len(r), most-len([]rune(copySuffix)))]) + copySuffix
}

// Refusal is the first reason of a refused write in a sentence, with its code; "" for
// other errors.
func Refusal(err error) (code, sentence string) {
	var bad *Invalid
	switch {
	case errors.As(err, &bad) && len(bad.Fields) > 0:
		return bad.Fields[0].Rule, bad.Fields[0].Msg
	case errors.Is(err, ErrNotFound):
		return "not_found", "There is no such offer here."
	case errors.Is(err, ErrVersion):
		return "version", "Somebody else changed it at the same time."
	}
	return "", ""
}
