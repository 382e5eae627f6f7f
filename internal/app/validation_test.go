package app

import (
	"testing"
	"time"
)

// A clock that was set ahead or back is believed only as far as nothing is approved early.
func TestPassed(t *testing.T) {
	began := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	hour := began.Add(time.Hour)
	for name, c := range map[string]struct{ clock, want time.Time }{
		"in step":   {hour, hour},
		"set ahead": {began.Add(1000 * time.Hour), hour},
		"set back":  {began.Add(-time.Hour), began.Add(-time.Hour)},
	} {
		if got := passed(began, time.Hour, c.clock); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
