package event

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNewIDIncreases(t *testing.T) {
	now := time.UnixMilli(1_750_000_000_000)
	clock := []time.Time{now, now, now.Add(time.Millisecond), now.Add(-time.Hour), {}, now.Add(time.Second)}
	last := ""
	for i := range 20_000 {
		id := NewID("off_", clock[i%len(clock)])
		if id <= last {
			t.Fatalf("id %d is %q after %q, want it to be greater", i, id, last)
		}
		last = id
	}
}

func TestNewIDForm(t *testing.T) {
	id := NewID("cnv_", time.Now())
	rest, ok := strings.CutPrefix(id, "cnv_")
	if !ok || len(rest) != 16 || strings.Trim(rest, crockford) != "" {
		t.Errorf("NewID = %q, want cnv_ and 16 characters of %s", id, crockford)
	}
}

func TestIDNumberString(t *testing.T) {
	tests := []struct {
		n    idNumber
		want string
	}{
		{idNumber{0, 0}, "0000000000000000"},
		{idNumber{0, 1}, "0000000000000001"},
		{idNumber{0, 1<<32 - 1}, "0000000003zzzzzz"},
		{idNumber{1, 0}, "0000000004000000"},
		{idNumber{1 << 8, 0}, "0000000100000000"},
		{idNumber{maxTime, 1<<32 - 1}, "zzzzzzzzzzzzzzzz"},
	}
	for _, tt := range tests {
		if got := tt.n.String(); got != tt.want {
			t.Errorf("%+v.String() = %q, want %q", tt.n, got, tt.want)
		}
	}
}

func TestNewIDConcurrent(t *testing.T) {
	const workers, each = 8, 2_000
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			mine := make([]string, each)
			for i := range mine {
				mine[i] = NewID("", time.UnixMilli(5))
			}
			mu.Lock()
			defer mu.Unlock()
			for _, id := range mine {
				seen[id] = true
			}
		})
	}
	wg.Wait()
	if len(seen) != workers*each {
		t.Errorf("%d different ids, want %d", len(seen), workers*each)
	}
}
