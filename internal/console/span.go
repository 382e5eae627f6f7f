package console

import (
	"net/url"
	"time"
)

// span is the time a page is about, in the workspace's zone, with the period it is
// compared to: as long, and right before.
type span struct {
	name     string // today, 7d, custom …
	from, to time.Time
	prevFrom time.Time
	prevTo   time.Time
	loc      *time.Location
}

// spanNames are the ready-made spans in their order.
var spanNames = []struct{ name, label, compared string }{
	{"today", "Today", "yesterday"},
	{"yesterday", "Yesterday", "the day before"},
	{"7d", "Last 7 days", "previous 7 days"},
	{"30d", "Last 30 days", "previous 30 days"},
	{"month", "This month", "last month"},
	{"last_month", "Last month", "the month before"},
	{"90d", "Last 90 days", "previous 90 days"},
}

// defaultSpan is what a URL without a range means.
const defaultSpan = "7d"

// maxSpanDays bounds a span somebody types.
const maxSpanDays = 800

// parseSpan reads the range of a URL; what it does not understand is the default.
func parseSpan(q url.Values, loc *time.Location, now time.Time) span {
	now = now.In(loc)
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, loc)
	tomorrow := day.AddDate(0, 0, 1)
	s := span{name: q.Get("range"), loc: loc}
	days := func(n int) {
		s.from, s.to = tomorrow.AddDate(0, 0, -n), tomorrow
		s.prevFrom, s.prevTo = s.from.AddDate(0, 0, -n), s.from
	}
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, loc)
	switch s.name {
	case "today":
		days(1)
	case "yesterday":
		s.from, s.to = day.AddDate(0, 0, -1), day
		s.prevFrom, s.prevTo = day.AddDate(0, 0, -2), s.from
	case "30d":
		days(30)
	case "90d":
		days(90)
	case "month":
		s.from, s.to = month, tomorrow
		s.prevFrom, s.prevTo = month.AddDate(0, -1, 0), month
	case "last_month":
		s.from, s.to = month.AddDate(0, -1, 0), month
		s.prevFrom, s.prevTo = month.AddDate(0, -2, 0), s.from
	case "custom":
		from, err1 := time.ParseInLocation(time.DateOnly, q.Get("from"), loc)
		to, err2 := time.ParseInLocation(time.DateOnly, q.Get("to"), loc)
		if err1 == nil && err2 == nil && !to.Before(from) && to.Sub(from) < maxSpanDays*24*time.Hour {
			s.from, s.to = from, to.AddDate(0, 0, 1)
			n := s.days()
			s.prevFrom, s.prevTo = from.AddDate(0, 0, -n), from
			break
		}
		fallthrough
	default:
		s.name = defaultSpan
		days(7)
	}
	return s
}

// days counts the calendar days of the span; a day with a clock change is one day.
func (s span) days() int {
	return int(s.to.Sub(s.from).Hours()/24 + 0.5)
}

// before is the period the span is compared to, and of an unfinished span only as
// much as has passed of it: half a day is not compared to a whole one.
func (s span) before(now time.Time) span {
	b := s
	b.from, b.to = s.prevFrom, s.prevTo
	if now.After(s.from) && now.Before(s.to) {
		if to := s.prevFrom.Add(now.Sub(s.from)); to.Before(b.to) && to.After(b.from) {
			b.to = to
		}
	}
	return b
}

// hourly reports whether the chart goes by hours.
func (s span) hourly() bool { return s.days() <= 2 }

// query is the span as URL parameters; empty for the default, so that plain URLs
// stay plain.
func (s span) query() url.Values {
	v := url.Values{}
	switch s.name {
	case defaultSpan:
	case "custom":
		v.Set("range", "custom")
		v.Set("from", s.from.Format(time.DateOnly))
		v.Set("to", s.last().Format(time.DateOnly))
	default:
		v.Set("range", s.name)
	}
	return v
}

// last is the span's last day.
func (s span) last() time.Time { return s.to.AddDate(0, 0, -1) }

// label names the span, and compared the one before.
func (s span) label() (label, compared string) {
	for _, n := range spanNames {
		if n.name == s.name {
			return n.label, n.compared
		}
	}
	if s.days() == 1 {
		return s.from.Format(dayFmt), s.prevFrom.Format(dayFmt)
	}
	return s.from.Format("2 Jan") + " – " + s.last().Format(dayFmt), "previous " + itoa(s.days()) + " days"
}
