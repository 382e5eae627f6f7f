package rates

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, frankfurt)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name              string
		now, fetched      string
		failed            bool
		failures          int
		newest, want, why string
	}{
		{"never", "2026-01-15 10:00", "2000-01-01 00:00", false, 0, "", "2026-01-15 10:00", "at once"},
		{"fetched yesterday", "2026-01-15 10:00", "2026-01-14 16:45", false, 0, "2026-01-14", "2026-01-15 16:40", "today"},
		{"fetched today", "2026-01-15 18:00", "2026-01-15 16:45", false, 0, "2026-01-15", "2026-01-16 16:40", "tomorrow"},
		{"missed", "2026-01-15 18:00", "2026-01-14 16:45", false, 0, "2026-01-14", "2026-01-15 18:00", "at once"},
		{"not there yet", "2026-01-15 16:50", "2026-01-15 16:45", false, 0, "2026-01-14", "2026-01-15 17:45", "an hour later"},
		{"a holiday", "2026-01-01 22:30", "2026-01-01 21:45", false, 0, "2025-12-31", "2026-01-02 16:40", "tomorrow"},
		{"Saturday", "2026-01-17 17:00", "2026-01-17 16:45", false, 0, "2026-01-16", "2026-01-18 16:40", "tomorrow"},
		{"Sunday morning", "2026-01-18 09:00", "2026-01-17 16:45", false, 0, "2026-01-16", "2026-01-18 16:40", "today"},
		{"failed once", "2026-01-15 17:00", "2026-01-15 17:00", true, 1, "2026-01-14", "2026-01-15 17:05", "5 minutes"},
		{"failed thrice", "2026-01-15 17:00", "2026-01-15 17:00", true, 3, "2026-01-14", "2026-01-15 17:20", "20 minutes"},
		{"failed often", "2026-01-15 17:00", "2026-01-15 17:00", true, 99, "2026-01-14", "2026-01-15 19:00", "2 hours"},
		{"failed in another process", "2026-01-15 17:00", "2026-01-15 16:59", true, 0, "2026-01-14", "2026-01-15 17:59", "an hour"},
		{"clocks go forward", "2026-03-28 20:00", "2026-03-28 16:45", false, 0, "2026-03-27", "2026-03-29 16:40", "by the wall clock"},
		{"clocks go back", "2026-10-24 20:00", "2026-10-24 16:45", false, 0, "2026-10-23", "2026-10-25 16:40", "by the wall clock"},
	} {
		plan := &schedule{after: 16*time.Hour + 40*time.Minute, failures: c.failures}
		got := plan.next(at(c.now), at(c.fetched), c.failed, c.newest)
		if !got.Equal(at(c.want)) {
			t.Errorf("%s: %s, want %s (%s)", c.name, got.In(frankfurt), c.want, c.why)
		}
	}
	for range 100 {
		c := newSchedule(Fetch{})
		if c.after < fetchAfter || c.after >= fetchAfter+fetchSpread {
			t.Fatalf("after = %s", c.after)
		}
	}
}
