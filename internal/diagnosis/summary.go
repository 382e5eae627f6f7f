package diagnosis

import (
	"context"
	"sync"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// Bounds of the marks of lists.
const (
	MaxSummary = 100 // offers of one call
	markDepth  = 30  // signals, and conversions, that a mark looks at
	markFor    = time.Minute
	maxMarks   = 5_000 // in memory, half a megabyte at most
)

// kept is a mark in memory.
type kept struct {
	mark     Mark
	revision int64 // of the catalog it was made by
	until    time.Time
}

// marks remembers marks for a short time: a list is looked at more often than what it
// shows changes.
type marks struct {
	mu   sync.Mutex
	of   map[[2]string]kept // workspace, offer
	turn chan struct{}      // held by the one that looks
}

func newMarks() *marks {
	return &marks{of: map[[2]string]kept{}, turn: make(chan struct{}, 1)}
}

// get splits offers into what is remembered and what must be looked at.
func (m *marks) get(workspace string, offers []string, revision int64, now time.Time, into map[string]Mark) (missing []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range offers {
		k, ok := m.of[[2]string{workspace, o}]
		if ok && k.revision == revision && now.Before(k.until) {
			into[o] = k.mark
		} else {
			missing = append(missing, o)
		}
	}
	return missing
}

func (m *marks) put(workspace, offer string, k kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.of) >= maxMarks {
		clear(m.of) // they are a minute old at most, and cheap to make again
	}
	m.of[[2]string{workspace, offer}] = k
}

// Forget drops what is remembered of an offer: something about it was mended.
func (s *Service) Forget(workspace, offer string) {
	s.marks.mu.Lock()
	defer s.marks.mu.Unlock()
	delete(s.marks.of, [2]string{workspace, offer})
}

// Summary gives the marks of up to [MaxSummary] offers of a workspace, by id, from what is
// at most a minute old or of another catalog. It looks less deep than [Service.Diagnose]:
// at the last 30 signals and conversions. Offers that are unknown, or not the workspace's,
// are left out. It fails with catalog.ErrNotFound for a workspace the principal may not see.
func (s *Service) Summary(ctx context.Context, p account.Principal, workspace string, offers []string) (map[string]Mark, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	view := s.View()
	if view.Workspace(workspace) == nil {
		return nil, catalog.ErrNotFound
	}
	out := map[string]Mark{}
	ours := make([]string, 0, min(len(offers), MaxSummary))
	for _, id := range offers[:min(len(offers), MaxSummary)] {
		if o := view.Offer(id); o != nil && o.Workspace == workspace {
			ours = append(ours, id)
		}
	}
	if len(s.marks.get(workspace, ours, view.Revision, s.Now(), out)) == 0 {
		return out, nil
	}
	// One looks at a time: who waits finds what the one before found.
	select {
	case s.marks.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.marks.turn }()
	missing := s.marks.get(workspace, ours, view.Revision, s.Now(), out)
	if len(missing) == 0 {
		return out, nil
	}
	os := make([]*catalog.Offer, len(missing))
	for i, id := range missing {
		os[i] = view.Offer(id)
	}
	looks, err := s.gather(ctx, view, workspace, os, markDepth, markDepth)
	if err != nil {
		return nil, err
	}
	for _, l := range looks {
		m := l.report().mark()
		out[l.offer.ID] = m
		s.marks.put(workspace, l.offer.ID, kept{m, view.Revision, s.Now().Add(markFor)})
	}
	return out, nil
}
