package wizard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clickledger/internal/catalog"
)

// How often runs are looked at: those that are running, and whether there is any that
// another process began.
const (
	lookEvery  = 500 * time.Millisecond
	otherEvery = 10 * time.Second
	maxRunning = 200 // runs of one look
)

// Wake makes the runner look at once.
func (s *Service) Wake() {
	s.active.Store(true)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run takes the steps of all running tests until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		n, err := s.Look(ctx)
		if err != nil {
			return err
		}
		s.active.Store(n > 0)
		wait := otherEvery
		if n > 0 {
			wait = lookEvery
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-time.After(wait):
		}
	}
}

// Look takes the next steps of all running tests and says how many there are.
func (s *Service) Look(ctx context.Context) (int, error) {
	runs, err := s.Store.Running(ctx, maxRunning)
	if err != nil {
		return 0, fmt.Errorf("read running tests: %w", err)
	}
	for _, r := range runs {
		changed, err := s.advance(ctx, r)
		if err != nil {
			return 0, fmt.Errorf("test %s: %w", r.ID, err)
		}
		if !changed {
			continue
		}
		err = s.keep(ctx, r, r.Actor)
		if err != nil && !errors.Is(err, catalog.ErrVersion) { // somebody ended it, or another process was first
			return 0, err
		}
	}
	return len(runs), nil
}
