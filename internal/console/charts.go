package console

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"clickledger/internal/money"
)

// plotData is what the chart script draws: times in Unix seconds, one line per
// series, null where there is nothing to draw yet.
type plotData struct {
	Times  []int64    `json:"t"`
	Lines  []plotLine `json:"s"`
	Hourly bool       `json:"hourly"`
	Open   int        `json:"open"` // index of the unfinished bucket, drawn dashed; -1 = none
	Zone   string     `json:"tz"`
	Digits int        `json:"digits"`
	Unit   string     `json:"unit"`
	Link   string     `json:"link"` // what a click on a day leads to, {day} replaced
}

type plotLine struct {
	Label  string     `json:"label"`
	Class  string     `json:"class"`
	Values []*float64 `json:"v"`
}

// buckets are the beginnings of the hours or days of a span.
func buckets(s span) []time.Time {
	var out []time.Time
	if s.hourly() {
		for t := s.from; t.Before(s.to); t = t.Add(time.Hour) {
			out = append(out, t)
		}
		return out
	}
	for t := s.from; t.Before(s.to); t = t.AddDate(0, 0, 1) {
		out = append(out, t)
	}
	return out
}

// bucketKey is how the report names a bucket.
func bucketKey(t time.Time, hourly bool) string {
	if hourly {
		return t.Format(time.RFC3339)
	}
	return t.Format(time.DateOnly)
}

// charts are traffic and money over the span, with the period before as thin lines.
func (c *call) charts() ([]chart, error) {
	dim := "date"
	if c.span.hourly() {
		dim = "hour"
	}
	now, err := c.stats(dim, c.span)
	if err != nil {
		return nil, err
	}
	prev := c.span
	prev.from, prev.to = c.span.prevFrom, c.span.prevTo
	before, err := c.stats(dim, prev)
	if err != nil {
		return nil, err
	}
	cur := c.currencies(now)[0]
	digits := money.Currency(cur).Exponent()
	scale := math.Pow10(-digits)
	visits := func(s *stat) float64 { return float64(s.visits) }
	clicks := func(s *stat) float64 { return float64(s.clicks) }
	revenue := func(s *stat) float64 { return float64(s.in(cur).revenue) * scale }
	comm := func(s *stat) float64 { return float64(s.in(cur).commission) * scale }
	traffic, err := c.plot("Traffic", "", 0, prev, now, before, []lineSpec{{"Visits", "c1", visits}, {"Clicks", "c2", clicks}})
	if err != nil {
		return nil, err
	}
	cash, err := c.plot("Money, "+cur, cur, digits, prev, now, before, []lineSpec{{"Revenue", "c3", revenue}, {"Commission", "c4", comm}})
	if err != nil {
		return nil, err
	}
	return []chart{traffic, cash}, nil
}

type lineSpec struct {
	label, class string
	of           func(*stat) float64
}

func (c *call) plot(label, unit string, digits int, prev span, now, before map[string]*stat, lines []lineSpec) (chart, error) {
	at, was := buckets(c.span), buckets(prev)
	hourly := c.span.hourly()
	clock := c.Now()
	d := plotData{Hourly: hourly, Open: -1, Zone: c.loc.String(), Digits: digits, Unit: unit}
	if !hourly {
		d.Link = c.plain("") + "?range=custom&from={day}&to={day}"
	}
	for i, t := range at {
		d.Times = append(d.Times, t.Unix())
		if !t.After(clock) {
			d.Open = i
		}
	}
	if !clock.Before(c.span.to) {
		d.Open = -1
	}
	ch := chart{Label: label}
	top := 0.0
	for _, l := range lines {
		pl := plotLine{Label: l.label, Class: l.class}
		for _, t := range at {
			v := 0.0
			if s := now[bucketKey(t, hourly)]; s != nil {
				v = l.of(s)
			}
			if t.After(clock) {
				pl.Values = append(pl.Values, nil)
				continue
			}
			top = max(top, v)
			pl.Values = append(pl.Values, &v)
		}
		d.Lines = append(d.Lines, pl)
		ch.Series = append(ch.Series, series{Label: l.label, Class: l.class})
	}
	old := plotLine{Label: lines[0].label + ", before", Class: "prev"}
	for i := range at {
		v := 0.0
		if i < len(was) {
			if s := before[bucketKey(was[i], hourly)]; s != nil {
				v = lines[0].of(s)
			}
		}
		top = max(top, v)
		old.Values = append(old.Values, &v)
	}
	d.Lines = append(d.Lines, old)
	for i := range lines {
		ch.Series[i].Points = points(d.Lines[i].Values, top)
	}
	_, compared := c.span.label()
	ch.Series = append(ch.Series, series{Label: lines[0].label + ", " + compared, Class: "prev"})
	b, err := json.Marshal(d)
	if err != nil {
		return ch, fmt.Errorf("chart %s: %w", label, err)
	}
	ch.JSON = string(b)
	return ch, nil
}

// points are a line's coordinates in the picture shown without a script, 1000 × 200.
func points(values []*float64, top float64) string {
	if top <= 0 || len(values) < 2 {
		return ""
	}
	var b strings.Builder
	for i, v := range values {
		if v != nil {
			fmt.Fprintf(&b, "%d,%d ", i*1000/(len(values)-1), 195-int(*v/top*190))
		}
	}
	return strings.TrimSpace(b.String())
}
