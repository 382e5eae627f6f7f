package caps

import (
	"math/rand/v2"
	"testing"
	"time"

	"clickledger/internal/catalog"
)

// Zones whose clocks move at or over midnight, by half an hour, at odd times, by a whole
// day, often, or never.
var oddZones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "America/Santiago", "Australia/Lord_Howe",
	"America/Havana", "America/Asuncion", "America/Sao_Paulo", "America/St_Johns", "Asia/Tehran", "Asia/Gaza", "Asia/Amman",
	"Pacific/Apia", "Pacific/Kiritimati", "Asia/Kathmandu", "Africa/Casablanca", "Africa/Monrovia", "Antarctica/Troll",
	"Atlantic/Azores", "America/Scoresbysund", "Asia/Kolkata", "Pacific/Chatham",
}

var periods = []string{catalog.CapDaily, catalog.CapWeekly, catalog.CapMonthly, catalog.CapTotal}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Walking the periods of fifty years, each begins where the last one ended, at the first
// instant of its date, and is the window of its first and of its last instant.
func TestWindowsTouch(t *testing.T) {
	for _, name := range oddZones {
		z := zone(t, name)
		for _, p := range periods[:3] {
			c := catalog.Cap{Period: p}
			at := time.Date(1985, 1, 1, 12, 0, 0, 0, time.UTC)
			stop := at.AddDate(50, 0, 0)
			if p == catalog.CapDaily {
				at = time.Date(2006, 1, 1, 12, 0, 0, 0, time.UTC)
				stop = at.AddDate(22, 0, 0)
			}
			var dates []string
			for at.Before(stop) {
				start, end := Window(c, z, at)
				if at.Before(start) || !at.Before(end) {
					t.Fatalf("%s %s: %s is not in %s…%s", name, p, at, start, end)
				}
				for _, in := range []time.Time{start, start.Add((end.Sub(start)) / 2), end.Add(-time.Microsecond)} {
					s, e := Window(c, z, in)
					if !s.Equal(start) || !e.Equal(end) {
						t.Fatalf("%s %s: %s is in %s…%s, but %s in %s…%s", name, p, at, start, end, in, s, e)
					}
				}
				s, _ := Window(c, z, end)
				if !s.Equal(end) {
					t.Fatalf("%s %s: after %s the next begins at %s", name, p, end, s)
				}
				day := start.In(z)
				before := start.Add(-time.Nanosecond).In(z)
				if day.Format(time.DateOnly) <= before.Format(time.DateOnly) {
					t.Fatalf("%s %s: begins at %s, and the instant before shows %s", name, p, day, before)
				}
				if p == catalog.CapWeekly && day.Weekday() != time.Monday && !skipped(z, day) || p == catalog.CapMonthly && day.Day() != 1 {
					t.Fatalf("%s: a %s period begins on %s", name, p, day.Format(time.RFC1123Z))
				}
				dates = append(dates, day.Format(time.DateOnly))
				at = end
			}
			for i := range dates[1:] {
				if dates[i] >= dates[i+1] { // a date that begins twice resets its cap twice
					t.Fatalf("%s %s: %s begins after %s", name, p, dates[i+1], dates[i])
				}
			}
		}
	}
}

// skipped reports whether the zone has no day before this one.
func skipped(z *time.Location, day time.Time) bool {
	before := day.Add(-time.Second).In(z)
	return day.YearDay()-before.YearDay() > 1
}

// Any instant is in its window, and instants of one local date that the clock shows once
// are in the same.
func TestWindowOfRandomInstants(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range oddZones {
		z := zone(t, name)
		for range 3000 {
			at := time.Unix(r.Int64N(60*365*86400), r.Int64N(1e9))
			for _, p := range periods {
				start, end := Window(catalog.Cap{Period: p}, z, at)
				if at.Before(start) || !at.Before(end) {
					t.Fatalf("%s %s: %s is not in %s…%s", name, p, at, start, end)
				}
			}
			start, end := Window(catalog.Cap{Period: catalog.CapDaily}, z, at)
			if hours := end.Sub(start).Hours(); hours < 22 || hours > 26 {
				t.Fatalf("%s: %s has a day of %v h", name, at, hours)
			}
		}
	}
}

func TestDaysWhenClocksMove(t *testing.T) {
	for _, c := range []struct {
		zone, at string
		hours    float64
		begins   string // local time of the first instant
	}{
		{"America/New_York", "2026-03-08T12:00:00-04:00", 23, "2026-03-08 00:00"},
		{"America/New_York", "2026-11-01T12:00:00-05:00", 25, "2026-11-01 00:00"},
		{"Australia/Lord_Howe", "2026-10-04T12:00:00+11:00", 23.5, "2026-10-04 00:00"},
		{"Australia/Lord_Howe", "2026-04-05T12:00:00+10:30", 24.5, "2026-04-05 00:00"},
		{"Africa/Cairo", "2026-04-24T12:00:00+03:00", 23, "2026-04-24 01:00"},
		{"Africa/Cairo", "2026-10-29T22:30:00+02:00", 25, "2026-10-29 00:00"}, // back from midnight to 23:00
		{"Asia/Beirut", "2026-03-29T12:00:00+03:00", 23, "2026-03-29 01:00"},
		{"America/Santiago", "2026-09-06T12:00:00-03:00", 23, "2026-09-06 01:00"},
		{"America/Havana", "2026-11-01T12:00:00-05:00", 25, "2026-11-01 00:00"},   // midnight twice: begins the first time
		{"America/St_Johns", "2006-10-28T23:30:00-03:30", 25, "2006-10-29 00:00"}, // 23:01 again: the new day had begun
		{"Pacific/Apia", "2011-12-31T12:00:00+14:00", 24, "2011-12-31 00:00"},
		{"Pacific/Apia", "2011-12-29T12:00:00-10:00", 24, "2011-12-29 00:00"}, // and then there was no 30th
	} {
		z := zone(t, c.zone)
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		start, end := Window(catalog.Cap{Period: catalog.CapDaily}, z, at)
		if got := end.Sub(start).Hours(); got != c.hours || start.In(z).Format("2006-01-02 15:04") != c.begins {
			t.Errorf("%s %s: %v h from %s, want %v h from %s", c.zone, c.at, got, start.In(z), c.hours, c.begins)
		}
	}
}

func TestWordsAndReasons(t *testing.T) {
	at := time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC) // a Saturday, and in Berlin a Sunday
	z := zone(t, "Europe/Berlin")
	for want, c := range map[string]catalog.Cap{
		"daily cap of 100 conversions on 2026-11-22":                             {Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: 100},
		"weekly cap of 5 conversions of the goal lead in the week of 2026-11-16": {Event: catalog.CapConversions, Period: catalog.CapWeekly, Limit: 5, Goal: "lead"},
		"monthly cap of 9 clicks of each publisher in 2026-11":                   {Event: catalog.CapClicks, Period: catalog.CapMonthly, Limit: 9, Publisher: catalog.CapEach},
		"total cap of 1 conversion of the publisher pub_1":                       {Event: catalog.CapConversions, Period: catalog.CapTotal, Limit: 1, Publisher: "pub_1"},
	} {
		if got := Words(c, z, at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Why(catalog.Cap{Event: catalog.CapClicks, Period: catalog.CapWeekly, Limit: 1}); got != "cap_clicks_weekly" {
		t.Error(got)
	}
	if got := Why(catalog.Cap{Event: catalog.CapClicks, Period: catalog.CapWeekly}); got != WhyZero {
		t.Error(got)
	}
}

func TestStates(t *testing.T) {
	k := Counter{States: States([]string{"pending", "approved", "approved"})}
	if k.States != "approved,locked,paid,pending" {
		t.Error(k.States)
	}
	for status, want := range map[string]bool{"pending": true, "approved": true, "locked": true, "paid": true, "rejected": false, "reversed": false, "": false} {
		if k.Takes(status) != want {
			t.Errorf("%q: %v", status, !want)
		}
	}
}
