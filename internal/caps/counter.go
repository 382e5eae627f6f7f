package caps

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/catalog"
)

// Counter names a count of conversions. Its fields are all that decides what counts: a
// conversion of the offer at Start ≤ time < End, of the goal and publisher, in one of the
// states, that was not over a cap itself. Counters are equal when they count the same.
type Counter struct {
	Workspace, Offer string
	// Publisher "" counts everybody's conversions. [catalog.CapEach] counts nothing: while
	// it is kept, so is the counter of every publisher that has conversions in the window.
	Publisher  string
	Goal       string // key, "" = every goal
	States     string // as [States] writes them
	Start, End int64  // µs
}

// Kept is a counter with its count.
type Kept struct {
	Counter
	N int64
}

// States are the statuses that count, from an offer's setting. What is approved stays so
// when it is locked and paid.
func States(set []string) string {
	var all []string
	for _, s := range set {
		all = append(all, s)
		if s == "approved" {
			all = append(all, "locked", "paid")
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

// Takes reports whether a conversion in the status counts; "" is none.
func (k Counter) Takes(status string) bool {
	return status != "" && slices.Contains(strings.Split(k.States, ","), status)
}

// Of gives the same count of one publisher.
func (k Counter) Of(publisher string) Counter {
	k.Publisher = publisher
	return k
}

// CounterOf is the counter of an offer's cap on conversions, of the period that has the
// instant. Its Publisher is the cap's.
func CounterOf(o *catalog.Offer, c catalog.Cap, at time.Time) Counter {
	start, end := Window(c, Zone(o.CapTimeZone), at)
	return Counter{
		Workspace: o.Workspace, Offer: o.ID, Publisher: c.Publisher, Goal: c.Goal, States: States(o.CapStates),
		Start: start.UnixMicro(), End: end.UnixMicro(),
	}
}

// Applies reports whether a cap concerns a conversion or click of the publisher, "" for a
// link of the house, which is no publisher.
func Applies(c catalog.Cap, publisher string) bool {
	switch c.Publisher {
	case "":
		return true
	case catalog.CapEach:
		return publisher != ""
	}
	return c.Publisher == publisher
}

// Words says which cap it is, in the period that has the instant, such as "daily cap of
// 100 conversions on 2026-11-21".
func Words(c catalog.Cap, zone *time.Location, at time.Time) string {
	var b strings.Builder
	event := c.Event
	if c.Limit == 1 {
		event = strings.TrimSuffix(event, "s")
	}
	fmt.Fprintf(&b, "%s cap of %d %s", c.Period, c.Limit, event)
	if c.Goal != "" {
		b.WriteString(" of the goal " + c.Goal)
	}
	switch c.Publisher {
	case "":
	case catalog.CapEach:
		b.WriteString(" of each publisher")
	default:
		b.WriteString(" of the publisher " + c.Publisher)
	}
	start, _ := Window(c, zone, at)
	// A day without midnight begins later, but on its date; a date that was begun twice
	// began on it the first time.
	switch day := start.In(zone); c.Period {
	case catalog.CapDaily:
		b.WriteString(" on " + day.Format(time.DateOnly))
	case catalog.CapWeekly:
		b.WriteString(" in the week of " + day.Format(time.DateOnly))
	case catalog.CapMonthly:
		b.WriteString(" in " + day.Format("2006-01"))
	}
	return b.String()
}

// The reasons of a closed offer, kept in the visit (R19), are cap_ with event and period,
// such as cap_conversions_daily, and WhyZero.
const WhyZero = "cap_zero" // paused by cap 0

// Why is the reason why an offer is closed when the cap is reached.
func Why(c catalog.Cap) string {
	if c.Limit == 0 {
		return WhyZero
	}
	return "cap_" + c.Event + "_" + c.Period
}
