package console

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/money"
)

// thin is the space between thousands: narrow, and never at a line's end.
const thin = "\u202f"

// minus is the sign of negative numbers, as wide as a digit.
const minus = "−"

// undefined stands for a value that does not exist, such as a rate of nothing.
const undefined = "–"

// count writes a whole number with thin spaces between thousands.
func count(n int64) string { return group(strconv.FormatInt(n, 10)) }

// group sets thin spaces and the minus sign into a plain decimal number.
func group(s string) string {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	whole, frac, has := strings.Cut(s, ".")
	var b strings.Builder
	if neg {
		b.WriteString(minus)
	}
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(thin)
		}
		b.WriteByte(whole[i])
	}
	if has {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return b.String()
}

// amount writes an amount of money without its currency.
func amount(minor int64, currency string) string {
	return group(plainAmount(minor, currency))
}

// plainAmount is the amount as exports and inputs write it: 1234.50.
func plainAmount(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: money.Currency(currency)}.String()
}

// withCurrency writes an amount with its currency behind it.
func withCurrency(minor int64, currency string) string {
	return amount(minor, currency) + "\u00a0" + currency
}

// percentOf writes part/whole as a percentage with two decimals, rounded half away
// from zero; a whole of 0 makes it undefined.
func percentOf(part, whole int64) string {
	if whole == 0 {
		return undefined
	}
	r := new(big.Rat).SetFrac64(part, 1)
	r.Mul(r, big.NewRat(100, 1)).Quo(r, new(big.Rat).SetInt64(whole))
	return group(r.FloatString(2)) + thin + "%"
}

// change writes how much now differs from before, in percent, with its sign.
func change(now, before int64) string {
	if before == 0 {
		return ""
	}
	r := big.NewRat(now-before, 1)
	b := before
	if b < 0 {
		b = -b
	}
	r.Mul(r, big.NewRat(100, 1)).Quo(r, new(big.Rat).SetInt64(b))
	s := r.FloatString(1)
	switch {
	case s == "0.0" || s == "-0.0":
		return "±0.0" + thin + "%"
	case strings.HasPrefix(s, "-"):
		return group(s) + thin + "%"
	}
	return "+" + group(s) + thin + "%"
}

// countCell and the cells below are the numbers of tables: right-aligned, zero muted.
func countCell(n int64) cell {
	c := cell{Text: count(n), Class: "num"}
	if n == 0 {
		c.Tone = "zero"
	}
	return c
}

func amountCell(minor int64, currency string) cell {
	c := cell{Text: amount(minor, currency), Class: "num"}
	if minor == 0 {
		c.Tone = "zero"
	}
	return c
}

// signedCell colours profit by its sign, which it shows as well.
func signedCell(minor int64, currency string) cell {
	c := amountCell(minor, currency)
	if minor > 0 {
		c.Text, c.Tone = "+"+c.Text, "good"
	}
	if minor < 0 {
		c.Tone = "bad"
	}
	return c
}

func textCell(s string) cell {
	if s == "" {
		return cell{Text: undefined, Tone: "zero"}
	}
	return cell{Text: s}
}

func (c cell) with(class string) cell {
	c.Class = strings.TrimSpace(c.Class + " " + class)
	return c
}

// clockFmt are the ways times are written, in the workspace's zone.
const (
	todayFmt = "15:04:05"
	clockFmt = "2\u00a0Jan 15:04" // on phones in two lines: day, time
	yearFmt  = "2\u00a0Jan\u00a02006 15:04"
	exactFmt = "2006-01-02 15:04:05.000"
	dayFmt   = "2 Jan 2006"
)

// clock writes a time as lists do: today's to the second, others with what tells them apart.
func clock(µs int64, loc *time.Location, now time.Time) string {
	if µs == 0 {
		return undefined
	}
	t, now := time.UnixMicro(µs).In(loc), now.In(loc)
	switch {
	case t.Year() != now.Year():
		return t.Format(yearFmt)
	case t.YearDay() != now.YearDay():
		return t.Format(clockFmt)
	}
	return t.Format(todayFmt)
}

// exact writes a time to the millisecond, for stories.
func exact(µs int64, loc *time.Location) string {
	return time.UnixMicro(µs).In(loc).Format(exactFmt)
}

// minute writes a time to the minute, for what is not about single requests.
func minute(µs int64, loc *time.Location) string {
	return time.UnixMicro(µs).In(loc).Format("2006-01-02 15:04")
}

// utc writes a time for the hover text.
func utc(µs int64) string {
	return time.UnixMicro(µs).UTC().Format("2006-01-02 15:04:05.000") + " UTC"
}

// timeCell is a time with UTC on hover.
func timeCell(µs int64, loc *time.Location, now time.Time) cell {
	return cell{Text: clock(µs, loc, now), Title: utc(µs), Class: "time", Tone: "muted"}
}

// gap writes the time between two steps: 320 ms, 12.4 s, 3 min 12 s, 2 h 5 min, 4 d 3 h.
func gap(µs int64) string {
	d := time.Duration(µs) * time.Microsecond
	sign := "+"
	if d < 0 {
		d, sign = -d, minus
	}
	var s string
	switch {
	case d < time.Second:
		s = fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		s = fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		s = fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		s = fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	default:
		s = fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	}
	return sign + s
}

// plural writes a count with its noun.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// short cuts an id for a narrow place, keeping its end, where ids differ.
func short(id string) string {
	r := []rune(id)
	if len(r) <= 14 {
		return id
	}
	return string(r[:6]) + "…" + string(r[len(r)-6:])
}
