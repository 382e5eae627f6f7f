package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/routing"
)

// loader keeps the in-memory catalog current: the routing snapshot that the edge
// works from and the view that judging prices from.
type loader struct {
	store    catalog.Store
	snapshot *routing.Holder
	logger   *slog.Logger
	view     atomic.Pointer[catalog.View]

	mu      sync.Mutex // one refresh at a time
	builder *routing.Builder
}

// loadPage is how many changed rows one query brings; a variable for the tests.
var loadPage = 5000

// reloadEvery is how often changes made by other processes are looked for.
const reloadEvery = 500 * time.Millisecond

func newLoader(s catalog.Store, h *routing.Holder, logger *slog.Logger) *loader {
	l := &loader{store: s, snapshot: h, logger: logger, builder: routing.NewBuilder()}
	l.view.Store(catalog.NewView())
	h.Store(l.builder.Snapshot())
	return l
}

// View is the catalog as of the last refresh.
func (l *loader) View() *catalog.View { return l.view.Load() }

// refresh takes every row changed since the last one. Both images move together
// once all pages are in, so that no half revision is served.
func (l *loader) refresh(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	view := l.view.Load()
	since := view.Revision
	for {
		rows, current, err := l.store.Changed(ctx, since, loadPage)
		if err != nil {
			return fmt.Errorf("read catalog changes: %w", err)
		}
		if len(rows) == 0 {
			break
		}
		last := rows[len(rows)-1].Base().Revision
		if len(rows) < loadPage {
			last = max(last, current)
		} else if last == since {
			return fmt.Errorf("more than %d rows of catalog revision %d", loadPage, since)
		} else {
			// A full page may have cut a revision in two: take the whole of it next time.
			n := len(rows)
			for n > 0 && rows[n-1].Base().Revision == last {
				n--
			}
			if n > 0 {
				rows, last = rows[:n], rows[n-1].Base().Revision
			}
		}
		view = view.With(rows, last)
		l.builder.Apply(rows, last)
		since = last
	}
	if view != l.view.Load() {
		l.view.Store(view)
		l.snapshot.Store(l.builder.Snapshot())
	}
	return nil
}

// reach returns once the revision is served: a catalog write answers after that.
func (l *loader) reach(ctx context.Context, revision int64) error {
	if l.View().Revision >= revision {
		return nil
	}
	err := l.refresh(ctx)
	if err != nil {
		// The write is durable all the same; run takes it up within half a second.
		l.logger.Error("serve a catalog write", "revision", revision, "error", err)
	}
	return err
}

// run looks for changes of other processes until ctx ends.
func (l *loader) run(ctx context.Context) error {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		current, err := l.store.Revision(ctx)
		if err == nil && current > l.View().Revision {
			err = l.refresh(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.logger.Error("refresh the catalog", "error", err)
		}
	}
}
