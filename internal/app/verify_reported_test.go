package app

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/conversion"
)

// TestReported: what the books say that the facts must report.
func TestReported(t *testing.T) {
	var got reported
	add := func(currency, reporting, rate string, revenue, commission, sale int64) {
		t.Helper()
		err := got.report(&conversion.Conversion{Currency: currency, ReportCurrency: reporting, Report: conversion.FX{Rate: rate}, Revenue: revenue, Commission: commission, SaleAmount: sale})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name                             string
		currency, reporting, rate        string
		revenue, commission, sale        int64
		unconverted, wantR, wantC, wantS int64
	}{
		{"its own currency", "EUR", "EUR", "1", 1000, 600, 12345, 0, 1000, 600, 12345},
		{"no decimals", "JPY", "EUR", "0.0062", 10000, 5000, 0, 0, 6200, 3100, 0},
		{"three decimals, each amount rounded once", "KWD", "EUR", "2.95", 12345, 1000, 100000, 0, 3642, 295, 29500},
		{"no rate", "XOF", "EUR", "", 90000, 0, 0, 1, 0, 0, 0},
		{"no rate, and nothing to convert", "XOF", "EUR", "", 0, 0, 0, 0, 0, 0, 0},
		{"too large for the reporting currency", "JPY", "KWD", "1000000", 1 << 60, 1, 0, 1, 0, 0, 0},
		{"from before there were reporting currencies", "JPY", "", "", 10000, 5000, 7, 0, 10000, 5000, 7},
	} {
		got = reported{}
		add(c.currency, c.reporting, c.rate, c.revenue, c.commission, c.sale)
		if diff := cmp.Diff(reported{Conversions: 1, Unconverted: c.unconverted, Revenue: c.wantR, Commission: c.wantC, SaleAmount: c.wantS}, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestReportedDiffers: facts and books agree after real traffic, and every difference
// between what they report is named.
func TestReportedDiffers(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	defer s.stop()
	s.traffic(s.market(), "shop", 4)
	wantVerified(t, s.app)
	spaces, err := s.app.workspaces(t.Context())
	if err != nil || len(spaces) == 0 {
		t.Fatal(spaces, err)
	}
	seen := 0
	for _, w := range spaces {
		_, want, _, err := s.app.conversionTotals(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		for k := range want {
			seen++
			if want[k].Revenue == 0 {
				t.Errorf("%v reports nothing", k)
			}
			for name, change := range map[string]func(*reported){
				"a conversion":       func(r *reported) { r.Conversions++ },
				"one without a rate": func(r *reported) { r.Unconverted++ },
				"revenue":            func(r *reported) { r.Revenue++ },
				"commission":         func(r *reported) { r.Commission-- },
				"sales":              func(r *reported) { r.SaleAmount++ },
			} {
				other := maps.Clone(want)
				r := other[k]
				change(&r)
				other[k] = r
				var f Finding
				if err := s.app.compareReported(t.Context(), w, other, &f); err != nil || len(f.Wrong) != 1 {
					t.Errorf("%s more or less: found %v, %v", name, f.Wrong, err)
				}
			}
			var f Finding
			if err := s.app.compareReported(t.Context(), w, nil, &f); err != nil || len(f.Wrong) == 0 {
				t.Errorf("facts without conversions: found %v, %v", f.Wrong, err)
			}
			other := maps.Clone(want)
			other[totalKey{w, k.publisher, "ZZZ"}] = reported{Conversions: 1}
			f = Finding{}
			if err := s.app.compareReported(t.Context(), w, other, &f); err != nil || len(f.Wrong) != 1 {
				t.Errorf("conversions without facts: found %v, %v", f.Wrong, err)
			}
		}
	}
	if seen == 0 {
		t.Error("nothing was reported")
	}
}
