package conversion

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

func (j *Judge) rates() *money.Rates {
	if j.Rates == nil {
		return nil
	}
	return j.Rates()
}

// zones are the time zones that were loaded: loading one takes longer than a judgment.
var zones sync.Map // IANA name → *time.Location

// zone is the workspace's time zone, UTC where it has none.
func (j *judgment) zone(workspace string) *time.Location { return zoneOf(j.view, workspace) }

func zoneOf(v *catalog.View, workspace string) *time.Location {
	w := v.Workspace(workspace)
	if w == nil || w.TimeZone == "" {
		return time.UTC
	}
	if z, ok := zones.Load(w.TimeZone); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		z = time.UTC // the catalog checked the name
	}
	zones.Store(w.TimeZone, z)
	return z
}

// dayOf is the calendar day of a time in µs.
func dayOf(at int64, zone *time.Location) string {
	return time.UnixMicro(at).In(zone).Format(time.DateOnly)
}

// reporting is the workspace's reporting currency and the rate to it on the conversion's
// own day; without one the conversion counts nothing there until it is repriced (P11).
// note says what is odd about the rate, "" = nothing.
func reporting(view *catalog.View, rates *money.Rates, c *Conversion) (currency string, rate FX, note string) {
	currency = c.Currency
	if w := view.Workspace(c.Workspace); w != nil && w.Currency != "" {
		currency = w.Currency
	}
	day := dayOf(c.At, zoneOf(view, c.Workspace))
	r, ok := rates.On(c.Workspace, money.Currency(c.Currency), money.Currency(currency), day)
	if !ok {
		return currency, FX{}, ""
	}
	return currency, FX{r.Rate.String(), r.Date, r.Source}, stale(r, day)
}

// stale says that a rate is too old to be used without a word.
func stale(r money.Rate, day string) string {
	if !r.Stale(day) {
		return ""
	}
	return fmt.Sprintf("The exchange rate from %s to %s is of %s, %d days before the conversion: import newer rates and reprice.", r.From, r.To, r.Date, r.Age(day))
}

// unreported is the warning of a conversion that has no rate to the reporting currency.
func unreported(c *Conversion, zone *time.Location) string {
	if c.Report.Rate != "" || c.Revenue == 0 && c.Commission == 0 && c.SaleAmount == 0 {
		return ""
	}
	return "No exchange rate from " + c.Currency + " to " + c.ReportCurrency + " is known for " + dayOf(c.At, zone) + ": reports in " + c.ReportCurrency + " count it as 0 until there is one and the conversion is repriced."
}

// reportable reports whether the amounts in the reporting currency are within what a
// signal may bring: reports add them up in 64 bits.
func (c *Conversion) reportable() bool {
	for _, minor := range []int64{c.Revenue, c.Commission, c.SaleAmount} {
		if r, _ := c.reported(minor); r > maxMinor {
			return false
		}
	}
	return true
}

// reported gives an amount in the reporting currency; ok=false when no rate was known.
func (c *Conversion) reported(minor int64) (int64, bool) {
	if c.Report.Rate == "" {
		return 0, minor == 0
	}
	rate, err := money.ParseDecimal(c.Report.Rate)
	if err != nil {
		return 0, false
	}
	a, err := money.Convert(money.Amount{Minor: minor, Currency: money.Currency(c.Currency)}, money.Currency(c.ReportCurrency), rate)
	if err != nil {
		return 0, false
	}
	return a.Minor, true
}

// Reported is the conversion's revenue and commission in the workspace's reporting
// currency, in minor units of ReportCurrency; ok=false when no rate was known.
func (c *Conversion) Reported() (revenue, commission int64, ok bool) {
	if c.Report.Rate == "" {
		return 0, 0, false
	}
	revenue, okR := c.reported(c.Revenue)
	commission, okC := c.reported(c.Commission)
	return revenue, commission, okR && okC
}

// Custom are the custom parameters, by name; never nil.
func (c *Conversion) Custom() map[string]string {
	m := map[string]string{}
	if c.Params != "" {
		// What somebody broke by hand reads as none.
		_ = json.Unmarshal([]byte(c.Params), &m)
	}
	return m
}
