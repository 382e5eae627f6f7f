package caps

import (
	"sync"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"clickledger/internal/catalog"
)

// The window of a total: everything there can be.
var (
	firstInstant = time.UnixMicro(0).UTC()
	lastInstant  = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Window is the period of the cap that has the instant: from start until before end, in
// the given zone. Days begin at the first instant of the local date, which is not
// midnight where clocks skip it; weeks begin on Monday. A total is one window for ever.
func Window(c catalog.Cap, zone *time.Location, at time.Time) (start, end time.Time) {
	if c.Period == catalog.CapTotal {
		return firstInstant, lastInstant
	}
	y, m, d := at.In(zone).Date()
	for !begin(y, m, d+1, zone).After(at) {
		// A clock put back over midnight shows the old date again: the new day has begun
		// all the same, and begins once.
		d++
	}
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC) // a calendar date, normalized
	y, m, d = day.Date()
	switch c.Period {
	case catalog.CapWeekly:
		monday := d - int(day.Weekday()+6)%7
		return begin(y, m, monday, zone), begin(y, m, monday+7, zone)
	case catalog.CapMonthly:
		return begin(y, m, 1, zone), begin(y, m+1, 1, zone)
	}
	return begin(y, m, d, zone), begin(y, m, d+1, zone)
}

// farthest is more than any zone was ever away from UTC.
const farthest = 26 * time.Hour

// begin is the first instant at which the zone shows the date or a later one. It is found
// stretch by stretch of one UTC offset: [time.Date] does not say which of two midnights
// it gives, nor what becomes of one that does not exist.
func begin(y int, m time.Month, d int, zone *time.Location) time.Time {
	date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	for t := date.Add(-farthest); ; {
		local := t.In(zone)
		_, offset := local.Zone()
		_, end := local.ZoneBounds()
		first := date.Add(-time.Duration(offset) * time.Second)
		if first.Before(t) {
			first = t
		}
		if end.IsZero() || first.Before(end) {
			return first.In(zone)
		}
		t = end
	}
}

var zones sync.Map // name → *time.Location

// Zone is the IANA zone of the name, UTC for one that does not exist: the catalog takes
// none of those, and a cap in the wrong zone is better than none.
func Zone(name string) *time.Location {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	zones.Store(name, z) // only names that exist, so it stays small
	return z
}
