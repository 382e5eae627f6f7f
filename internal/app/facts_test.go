package app

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
)

// dying is a facts store whose engine gives up when it is told to.
type dying struct {
	facts.Store
	dead   atomic.Bool
	closed atomic.Bool
}

var errFatal = errors.New("FATAL Error: database has been invalidated because of a previous fatal error")

func (d *dying) State(ctx context.Context) (facts.State, error) {
	if d.dead.Load() {
		return facts.State{}, errFatal
	}
	return d.Store.State(ctx)
}

func (d *dying) Add(ctx context.Context, from, to eventlog.Position, rows []facts.Row) error {
	if d.dead.Load() {
		return errFatal
	}
	return d.Store.Add(ctx, from, to, rows)
}

func (d *dying) Query(ctx context.Context, sql string, args ...any) (facts.Result, error) {
	if d.dead.Load() {
		return facts.Result{}, errFatal
	}
	return d.Store.Query(ctx, sql, args...)
}

func (d *dying) Close() error {
	d.closed.Store(true)
	return d.Store.Close()
}

// A facts engine that gives up while the server runs is opened again, also when that
// fails at first, and nothing is missing then.
func TestFactsEngineGivesUp(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "a", 9)
	for _, how := range []string{"noticed by a report", "noticed by the sink"} {
		l := s.app.facts
		var refuse atomic.Int64
		refuse.Store(2)
		d := &dying{}
		l.mu.Lock()
		real := l.open
		d.Store, l.now = l.now, d
		l.open = func(ctx context.Context) (facts.Store, error) {
			if refuse.Add(-1) >= 0 {
				return nil, errors.New("no space left on device")
			}
			return real(ctx)
		}
		l.mu.Unlock()
		d.dead.Store(true)
		if how == "noticed by a report" {
			if _, err := l.Query(t.Context(), "SELECT 1"); !errors.Is(err, errFatal) {
				t.Fatal(err)
			}
		} else {
			s.mustClick(m)
		}
		s.traffic(m, how[len(how)-4:], 6) // waits until it is all in the facts
		if !d.closed.Load() || refuse.Load() >= 0 {
			t.Errorf("%s: closed %v, %d refusals left", how, d.closed.Load(), refuse.Load())
		}
		wantVerified(t, s.app)
		l.mu.Lock()
		l.open = real
		l.mu.Unlock()
	}
}
