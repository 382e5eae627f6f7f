package rates

import (
	"context"
	"testing"
	"time"
)

// FetchNow is one fetch at its time.
func (s *Service) FetchNow(ctx context.Context) {
	s.fetchIfDue(ctx, newClient(), &schedule{after: -24 * time.Hour})
}

// Soon lets runs of the test begin at once.
func Soon(t *testing.T) {
	before := startWait
	startWait = time.Millisecond
	t.Cleanup(func() { startWait = before })
}
