package rates

import (
	"testing"
	"time"
)

// A fetch that was noted while the clock was wrong (a machine that starts in 2036 until
// NTP has spoken) does not end the daily fetching when the clock is right again.
func TestFetchAfterAWrongClock(t *testing.T) {
	plan := newSchedule(Fetch{})
	now := time.Date(2026, 11, 3, 6, 0, 0, 0, time.UTC) // a Tuesday
	fetched := now.AddDate(10, 0, 0)
	fetches := 0
	for end := now.AddDate(0, 0, 21); now.Before(end); now = now.Add(10 * time.Minute) {
		if due := plan.next(now, fetched, false, "2026-11-02"); !due.After(now) {
			fetches++
			fetched = now
		}
	}
	if fetches == 0 {
		t.Error("three weeks after the clock was put right the rates were not fetched once")
	}
}
