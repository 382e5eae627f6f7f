package books

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// RepriceTotal is what a repricing does to the amounts of one currency, in minor units.
type RepriceTotal struct {
	Currency                                string
	Conversions                             int // that change
	RevenueBefore, RevenueAfter             int64
	CommissionBefore, CommissionAfter       int64
	RevenueDifference, CommissionDifference int64
}

// Totals sums the lines that change by currency, in the order of the codes. Amounts of
// several currencies are never added.
func (r *RepriceResult) Totals() []RepriceTotal {
	sums := map[string]*RepriceTotal{}
	for _, l := range r.Lines {
		if l.Skipped != "" {
			continue
		}
		c := l.Conversion
		t := sums[c.Currency]
		if t == nil {
			t = &RepriceTotal{Currency: c.Currency}
			sums[c.Currency] = t
		}
		t.Conversions++
		t.RevenueBefore += c.Revenue
		t.RevenueAfter += l.Revenue
		t.CommissionBefore += c.Commission
		t.CommissionAfter += l.Commission
	}
	out := make([]RepriceTotal, 0, len(sums))
	for _, t := range sums {
		t.RevenueDifference, t.CommissionDifference = t.RevenueAfter-t.RevenueBefore, t.CommissionAfter-t.CommissionBefore
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b RepriceTotal) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

// Skipped counts the lines that stay as they were for a reason.
func (r *RepriceResult) Skipped() int {
	n := 0
	for _, l := range r.Lines {
		if l.Skipped != "" {
			n++
		}
	}
	return n
}

// Fingerprint stands for exactly what the repricing would do: which conversions, in which
// version, become worth what. Who confirms a preview confirms this, and nothing that came
// in between.
func (r *RepriceResult) Fingerprint() string {
	h := sha256.New()
	for _, l := range r.Lines {
		if l.Skipped == "" {
			// Writing to a hash does not fail.
			_, _ = fmt.Fprintf(h, "%s %d %d %d %s\n", l.Conversion.ID, l.Conversion.Version, l.Revenue, l.Commission, l.Report.Rate)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
