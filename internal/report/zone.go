package report

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the same zones on every machine
)

// Local times are computed from UTC offsets that Go finds for the range, not by the
// engine: one time zone database, the same answer on every engine, and a day of 23,
// 23½, 24½ or 25 hours is what it is (rulebook P15).

const (
	second = int64(time.Second / time.Microsecond)
	hour   = 3600 * second
	day    = 24 * hour
)

// stretch is a part of the range with one UTC offset.
type stretch struct {
	until  int64 // µs, exclusive
	offset int64 // µs
}

// maxStretches bounds the parts of a range; zones change four times a year at most.
const maxStretches = 64

// calendar does a question's local time.
type calendar struct {
	column    string // event_at or visit_at
	from, to  int64  // µs
	stretches []stretch
}

func newCalendar(column string, loc *time.Location, from, to time.Time) calendar {
	c := calendar{column: column, from: from.UnixMicro(), to: to.UnixMicro()}
	for t := from; ; {
		local := t.In(loc)
		_, seconds := local.Zone()
		_, end := local.ZoneBounds()
		last := end.IsZero() || !end.Before(to)
		s := stretch{until: c.to, offset: int64(seconds) * second}
		if !last {
			s.until = end.UnixMicro()
		}
		if n := len(c.stretches); n > 0 && c.stretches[n-1].offset == s.offset {
			c.stretches[n-1].until = s.until // only the abbreviation changed
		} else {
			c.stretches = append(c.stretches, s)
		}
		if last || len(c.stretches) == maxStretches {
			return c
		}
		t = end
	}
}

// choose gives one number per stretch as an SQL expression over the time column.
func (c *calendar) choose(value func(i int) int64) string {
	n := len(c.stretches)
	if n == 1 {
		return num(value(0))
	}
	var b strings.Builder
	b.WriteString("CASE")
	for i, s := range c.stretches[:n-1] {
		b.WriteString(" WHEN " + c.column + " < " + num(s.until) + " THEN " + num(value(i)))
	}
	b.WriteString(" ELSE " + num(value(n-1)) + " END")
	return b.String()
}

func num(v int64) string { return strconv.FormatInt(v, 10) }

// local is the local time in µs as if it were UTC.
func (c *calendar) local() string {
	return "(" + c.column + " + " + c.choose(func(i int) int64 { return c.stretches[i].offset }) + ")"
}

func (c *calendar) dateSQL() string { return c.local() + " // " + num(day) }

// hourSQL numbers local hours, with the stretch in the low digits: an hour that the
// clock shows twice is two hours.
func (c *calendar) hourSQL() string {
	return "(" + c.local() + " // " + num(hour) + ") * " + num(maxStretches) + " + " +
		c.choose(func(i int) int64 { return int64(i) })
}

func (c *calendar) hourOfDaySQL() string { return "(" + c.local() + " // " + num(hour) + ") % 24" }

// dayOfWeekSQL is 0 for Monday: 1970-01-01 was a Thursday.
func (c *calendar) dayOfWeekSQL() string { return "(" + c.local() + " // " + num(day) + " + 3) % 7" }

// monthSQL numbers months by comparing local times, so that a month begins where its
// first date does, also in zones where that day has no midnight.
func (c *calendar) monthSQL() string {
	first := c.localTime(c.from, 0)
	last := c.localTime(c.to-1, len(c.stretches)-1)
	local := c.local()
	var b strings.Builder
	m := int64(first.Year())*12 + int64(first.Month()) - 1
	end := int64(last.Year())*12 + int64(last.Month()) - 1
	for ; m < end; m++ {
		next := time.Date(int((m+1)/12), time.Month((m+1)%12+1), 1, 0, 0, 0, 0, time.UTC).UnixMicro()
		b.WriteString(" WHEN " + local + " < " + num(next) + " THEN " + num(m))
	}
	if b.Len() == 0 {
		return num(m)
	}
	return "CASE" + b.String() + " ELSE " + num(m) + " END"
}

func (c *calendar) localTime(at int64, stretch int) time.Time {
	return time.UnixMicro(at + c.stretches[stretch].offset).UTC()
}

const dateForm = "2006-01-02"

func (c *calendar) dateText(v int64) string { return time.Unix(v*86400, 0).UTC().Format(dateForm) }

func (c *calendar) hourText(v int64) string {
	offset := c.stretches[min(v%maxStretches, int64(len(c.stretches)-1))].offset / second
	local := time.Unix(v/maxStretches*3600-offset, 0)
	if offset == 0 {
		return local.UTC().Format(time.RFC3339)
	}
	return local.In(time.FixedZone("", int(offset))).Format(time.RFC3339)
}

func (c *calendar) hourOfDayText(v int64) string { return twoDigits(v) }

func twoDigits(v int64) string { return string([]byte{'0' + byte(v/10), '0' + byte(v%10)}) }

var weekdays = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

func (c *calendar) dayOfWeekText(v int64) string { return weekdays[v] }

func (c *calendar) monthText(v int64) string {
	return strconv.FormatInt(v/12, 10) + "-" + twoDigits(v%12+1)
}

// The parsers read what the texts above show, for filters; ok=false when the text is
// no such time.

func (c *calendar) parseDate(s string) ([]int64, bool) {
	t, err := time.Parse(dateForm, s)
	return []int64{t.Unix() / 86400}, err == nil
}

func (c *calendar) parseHour(s string) ([]int64, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return nil, false
	}
	_, offset := t.Zone()
	var out []int64
	for i, st := range c.stretches {
		if st.offset == int64(offset)*second {
			out = append(out, (t.UnixMicro()+st.offset)/hour*maxStretches+int64(i))
		}
	}
	if out == nil {
		out = []int64{-1} // an hour of another offset: no row has it
	}
	return out, true
}

func (c *calendar) parseHourOfDay(s string) ([]int64, bool) {
	v, err := strconv.ParseUint(s, 10, 8)
	return []int64{int64(v)}, err == nil && v < 24 && len(s) <= 2
}

func (c *calendar) parseDayOfWeek(s string) ([]int64, bool) {
	for i, name := range weekdays {
		if strings.EqualFold(s, name) {
			return []int64{int64(i)}, true
		}
	}
	return nil, false
}

func (c *calendar) parseMonth(s string) ([]int64, bool) {
	t, err := time.Parse("2006-01", s)
	return []int64{int64(t.Year())*12 + int64(t.Month()) - 1}, err == nil
}
