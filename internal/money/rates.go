package money

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/govalues/decimal"

	"clickledger/internal/macro"
)

// RateBase is the currency that imported rates are published against: the European
// Central Bank quotes what one euro is worth.
const RateBase Currency = "EUR"

// Where a rate came from, as [Rate].Source and [RateRow].Source say it.
const (
	SourceECB    = "ecb"    // a reference rate of the European Central Bank, or a cross of two
	SourceManual = "manual" // set by hand in a workspace
	SourceSame   = "same"   // a currency in itself
)

// StaleAfterDays is the age in days above which an imported rate is stale. The bank
// publishes on working days only; its longest regular gap is about 5 days (Easter,
// Christmas).
const StaleAfterDays = 7

// RateDigits is how many significant digits a rate has at most, given or computed.
const RateDigits = 12

// CodeRateMissing: no rate between two currencies is known for a day.
const CodeRateMissing = "rate_missing"

// Bounds of a rate, given or computed: with at most 19 decimals a rate of at least
// 10^-9 keeps 11 significant digits.
var (
	leastRate    = decimal.MustNew(1, 9)
	greatestRate = decimal.MustNew(1_000_000_000, 0)
)

// Rate is the price of one unit of From in units of To on a day.
type Rate struct {
	From, To Currency
	Rate     decimal.Decimal // > 0, at most [RateDigits] significant digits, no trailing zeros
	Date     string          // YYYY-MM-DD of the published rate that was used; of a cross rate the older of the two
	Source   string          // [SourceECB], [SourceManual] or [SourceSame]
}

// Age is how many days the rate's date lies before the day (YYYY-MM-DD); 0 when it does
// not, or when one of them is no date.
func (r Rate) Age(day string) int {
	a, okA := parseDay(r.Date)
	b, okB := parseDay(day)
	if !okA || !okB {
		return 0
	}
	return max(0, int(b.Sub(a).Hours())/24)
}

// Stale reports whether the rate is too old for the day to be trusted without a word: an
// imported one older than [StaleAfterDays]. A manual rate holds until it is ended.
func (r Rate) Stale(day string) bool { return r.Source == SourceECB && r.Age(day) > StaleAfterDays }

// RateRow is one price as it is stored: one unit of From is Value units of To on Date. An
// imported row has [RateBase] as From and belongs to the whole installation.
type RateRow struct {
	Workspace string // "" is the whole installation
	Date      string // YYYY-MM-DD; of a manual row the first day it holds
	Until     string // manual rows: the last day it holds, "" is open
	From, To  Currency
	Value     decimal.Decimal
	Source    string // [SourceECB] or [SourceManual]
}

// Rates is an immutable table of rates; safe for concurrent use. A nil table knows only a
// currency in itself.
type Rates struct {
	days     []string             // the days of all fixings, ascending
	fixings  map[Currency][]fixed // by the currency that one RateBase is priced in, ascending
	manual   map[pair][]held      // ascending by first day
	newest   string
	currency []Currency
}

// fixed is an imported price; at is its day's place in Rates.days.
type fixed struct {
	at    int32
	value decimal.Decimal
}

type pair struct {
	workspace string
	from, to  Currency
}

// held is a manual price with the days it holds for.
type held struct {
	from, until string
	value       decimal.Decimal
}

// NewRates makes a table. Rows that are no rates ([CheckRate], a date that is none,
// unknown currencies or two equal ones, an imported row not against [RateBase]) are left
// out; of two for the same pair and day the later one counts.
func NewRates(rows []RateRow) *Rates {
	r := &Rates{fixings: map[Currency][]fixed{}}
	place := map[string]int32{}
	for i := range rows {
		if x := &rows[i]; x.imported() {
			place[x.Date] = 0
		}
	}
	r.days = make([]string, 0, len(place))
	for day := range place {
		r.days = append(r.days, day)
	}
	slices.Sort(r.days)
	for i, day := range r.days {
		place[day] = int32(i)
		r.newest = day
	}
	for i := range rows {
		if x := &rows[i]; x.imported() {
			r.fixings[x.To] = append(r.fixings[x.To], fixed{place[x.Date], x.Value.Trim(0)})
		}
	}
	for c, list := range r.fixings {
		slices.SortStableFunc(list, func(a, b fixed) int { return cmp.Compare(a.at, b.at) })
		r.fixings[c] = lastOfEach(list, func(x fixed) int32 { return x.at })
		r.currency = append(r.currency, c)
	}
	slices.Sort(r.currency)
	r.manual = manualOf(rows)
	return r
}

// WithManual gives a table with the same imported rates and these manual ones instead of
// its own; imported rows among them are left out.
func (r *Rates) WithManual(rows []RateRow) *Rates {
	if r == nil {
		r = NewRates(nil)
	}
	other := *r
	other.manual = manualOf(rows)
	return &other
}

func manualOf(rows []RateRow) map[pair][]held {
	manual := map[pair][]held{}
	for i := range rows {
		x := &rows[i]
		if x.Source == SourceManual && x.valid() && (x.Until == "" || x.Until >= x.Date && isDay(x.Until)) {
			k := pair{x.Workspace, x.From, x.To}
			manual[k] = append(manual[k], held{x.Date, x.Until, x.Value.Trim(0)})
		}
	}
	for k, list := range manual {
		slices.SortStableFunc(list, func(a, b held) int { return cmp.Compare(a.from, b.from) })
		manual[k] = lastOfEach(list, func(x held) string { return x.from })
	}
	return manual
}

func (x *RateRow) valid() bool {
	_, okFrom := currencies[string(x.From)]
	_, okTo := currencies[string(x.To)]
	return okFrom && okTo && x.From != x.To && isDay(x.Date) && CheckRate(x.Value) == nil
}

func (x *RateRow) imported() bool {
	return x.Source == SourceECB && x.Workspace == "" && x.From == RateBase && x.valid()
}

// lastOfEach keeps the last of neighbours with equal keys.
func lastOfEach[T any, K comparable](list []T, key func(T) K) []T {
	out := list[:0]
	for i, x := range list {
		if i+1 == len(list) || key(list[i+1]) != key(x) {
			out = append(out, x)
		}
	}
	return slices.Clip(out)
}

// Newest is the day of the newest imported rate, "" when there is none.
func (r *Rates) Newest() string {
	if r == nil {
		return ""
	}
	return r.newest
}

// Published lists the currencies with imported rates, in alphabetical order, without
// [RateBase]. The caller does not change it.
func (r *Rates) Published() []Currency {
	if r == nil {
		return nil
	}
	return r.currency
}

// On finds the rate that holds on a day (YYYY-MM-DD) in a workspace; false when none is
// known.
//
//   - A currency in itself is 1, of the source "same".
//   - A manual rate of the workspace for the pair or for its inverse comes before imported
//     ones while it holds: first day ≤ day ≤ last day. Of several that hold the one with
//     the newest first day counts, and the pair before its inverse on the same day.
//   - Otherwise both currencies are taken from the newest imported rates that are not
//     after the day, and crossed through [RateBase]: what one euro is in To divided by what
//     it is in From.
//   - A rate as it was given is not changed. A computed one (inverse, cross) is the exact
//     quotient, rounded once, half to even, to [RateDigits] significant digits, or to 19
//     decimals if that is fewer. It is unknown when it is outside 10^-9 … 10^9, and so has
//     at least 11 digits.
//   - There is no rate for a day before the first one known.
func (r *Rates) On(workspace string, from, to Currency, day string) (Rate, bool) {
	if !isDay(day) {
		return Rate{}, false
	}
	if from == to {
		_, known := currencies[string(from)]
		return Rate{from, to, decimal.One, day, SourceSame}, known
	}
	if r == nil {
		return Rate{}, false
	}
	if rate, ok := r.byHand(workspace, from, to, day); ok {
		return rate, true
	}
	return r.crossed(from, to, day)
}

func (r *Rates) byHand(workspace string, from, to Currency, day string) (Rate, bool) {
	if len(r.manual) == 0 {
		return Rate{}, false
	}
	exact, okExact := holding(r.manual[pair{workspace, from, to}], day)
	inverse, okInverse := holding(r.manual[pair{workspace, to, from}], day)
	switch {
	case okExact && (!okInverse || exact.from >= inverse.from):
		return Rate{from, to, exact.value, exact.from, SourceManual}, true
	case okInverse:
		value, ok := quotient(decimal.One, inverse.value)
		return Rate{from, to, value, inverse.from, SourceManual}, ok
	}
	return Rate{}, false
}

// holding finds the newest that holds on the day. Few rows overlap, so few are looked at.
func holding(list []held, day string) (held, bool) {
	i, exact := slices.BinarySearchFunc(list, day, func(x held, day string) int { return strings.Compare(x.from, day) })
	if exact {
		i++
	}
	for i--; i >= 0; i-- {
		if list[i].until == "" || list[i].until >= day {
			return list[i], true
		}
	}
	return held{}, false
}

func (r *Rates) crossed(from, to Currency, day string) (Rate, bool) {
	i, exact := slices.BinarySearch(r.days, day)
	if exact {
		i++
	}
	if i == 0 {
		return Rate{}, false
	}
	at := int32(i - 1)
	a, okA := r.leg(from, at)
	b, okB := r.leg(to, at)
	if !okA || !okB {
		return Rate{}, false
	}
	rate := Rate{From: from, To: to, Source: SourceECB, Rate: b.value}
	switch {
	case from == RateBase:
		rate.Date = r.days[b.at]
		return rate, true
	case to == RateBase:
		rate.Date = r.days[a.at]
	default:
		rate.Date = r.days[min(a.at, b.at)]
	}
	rate.Rate, okA = quotient(b.value, a.value)
	return rate, okA
}

// leg is the newest fixing of a currency not after a place in the days; one RateBase is
// one of itself.
func (r *Rates) leg(c Currency, at int32) (fixed, bool) {
	if c == RateBase {
		return fixed{at, decimal.One}, true
	}
	list := r.fixings[c]
	i, exact := slices.BinarySearchFunc(list, at, func(x fixed, at int32) int { return cmp.Compare(x.at, at) })
	if exact {
		i++
	}
	if i == 0 {
		return fixed{}, false
	}
	return list[i-1], true
}

// Convert is [Rates.On] and [Convert]: the amount in another currency with the rate that
// gave it. [CodeRateMissing] when there is none for the day.
func (r *Rates) Convert(workspace string, a Amount, to Currency, day string) (Amount, Rate, error) {
	rate, ok := r.On(workspace, a.Currency, to, day)
	if !ok {
		v := macro.Echo(day)
		return Amount{}, Rate{}, &Error{CodeRateMissing, bare(v), "There is no exchange rate from " + string(a.Currency) + " to " + string(to) +
			" for " + bare(v) + ". Import the rates of the European Central Bank, or set one by hand."}
	}
	out, err := Convert(a, to, rate.Rate)
	return out, rate, err
}

// ParseRate reads a rate by the grammar of [ParseDecimal] and checks it by [CheckRate].
func ParseRate(s string) (decimal.Decimal, error) {
	d, err := ParseDecimal(s)
	if err != nil {
		return decimal.Decimal{}, err
	}
	err = CheckRate(d)
	if err != nil {
		return decimal.Decimal{}, err
	}
	return d.Trim(0), nil
}

// CheckRate says whether a given rate can be kept: from 10^-9 to 10^9 with at most
// [RateDigits] significant digits, else [CodeRateRange].
func CheckRate(d decimal.Decimal) error {
	if d.Cmp(leastRate) < 0 || d.Cmp(greatestRate) > 0 {
		return &Error{CodeRateRange, d.String(), "The exchange rate " + d.String() + " is not from 0.000000001 to 1000000000."}
	}
	if significant(d.Coef()) > RateDigits {
		return &Error{CodeRateRange, d.String(), "The exchange rate " + d.String() + " has more than " + strconv.Itoa(RateDigits) + " digits."}
	}
	return nil
}

// significant counts digits without the zeros at the end, which carry nothing.
func significant(coef uint64) int {
	for coef != 0 && coef%10 == 0 {
		coef /= 10
	}
	return digitCount(coef)
}

func digitCount(u uint64) int {
	n := 1
	for ; u >= 10; u /= 10 {
		n++
	}
	return n
}

// quotient is a/b by the rule of [Rates.On]. Both passed CheckRate, so without trailing
// zeros in decimals their coefficients have at most 12 digits, or are at most 10^9.
func quotient(a, b decimal.Decimal) (decimal.Decimal, bool) {
	n, d := a.Coef(), b.Coef()
	// n·10^k/d lies between 10^(RateDigits-1) and 10^(RateDigits+1).
	k := RateDigits - digitCount(n) + digitCount(d)
	if q, _ := shifted(n, d, k); q >= pow10[RateDigits] {
		k--
	}
	places := k + a.Scale() - b.Scale()
	if places > decimal.MaxScale {
		k -= places - decimal.MaxScale
		places = decimal.MaxScale
	}
	q, ok := shifted(n, d, k)
	if !ok || places < 0 { // below 0 it is 10^12 or more
		return decimal.Decimal{}, false
	}
	v, err := decimal.New(int64(q), places)
	if err != nil || v.Cmp(leastRate) < 0 || v.Cmp(greatestRate) > 0 {
		return decimal.Decimal{}, false
	}
	return v.Trim(0), true
}

// shifted is n·10^k/d, rounded half to even; false when it does not fit. The factors are
// small (n, d ≤ 10^12, and k is chosen for a quotient of 13 digits), so 128 bits hold.
func shifted(n, d uint64, k int) (uint64, bool) {
	hi, lo := uint64(0), n
	switch {
	case k > 2*12+1 || k < -12:
		return 0, false
	case k > 12:
		hi, lo = bits.Mul64(n, pow10[12])
		over, low := bits.Mul64(lo, pow10[k-12])
		hi, lo = hi*pow10[k-12]+over, low
	case k > 0:
		hi, lo = bits.Mul64(n, pow10[k])
	case k < 0:
		over := uint64(0)
		over, d = bits.Mul64(d, pow10[-k])
		if over != 0 {
			return 0, false
		}
	}
	if hi >= d {
		return 0, false
	}
	q, r := bits.Div64(hi, lo, d)
	if r > d-r || r == d-r && q&1 == 1 {
		q++
	}
	return q, true
}

// isDay reports whether s is a date as the table keeps it: YYYY-MM-DD, of a year from
// 1000, that is in the calendar. It does not allocate.
func isDay(s string) bool {
	_, ok := parseDay(s)
	return ok
}

// ParseDay checks a date of a rate, YYYY-MM-DD, and gives its midnight in UTC.
func ParseDay(s string) (time.Time, bool) { return parseDay(s) }

func parseDay(s string) (time.Time, bool) {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' || s[0] == '0' {
		return time.Time{}, false
	}
	var n [3]int
	for i, part := range [3]string{s[:4], s[5:7], s[8:]} {
		for j := range len(part) {
			if part[j] < '0' || part[j] > '9' {
				return time.Time{}, false
			}
			n[i] = n[i]*10 + int(part[j]-'0')
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC)
	return t, t.Year() == n[0] && int(t.Month()) == n[1] && t.Day() == n[2]
}
