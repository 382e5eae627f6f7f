package report_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/report"
)

// TestCurrencies compares tables of random facts with the rule of [report.Engine.Run]
// done by hand, group by group: one row where at most one currency occurs, else one
// per currency and one for what has none. Facts have one original currency or several,
// and one reporting currency, two or none.
func TestCurrencies(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	for round := range 12 {
		s := open(t)
		currencies := [][]string{{"EUR"}, {"EUR", "USD"}, {"EUR", "JPY", "USD"}}[round%3]
		reporting := [][]string{{"EUR"}, {"EUR", "KWD"}, {"EUR", "KWD", ""}, {""}}[round%4]
		var rows []facts.Row
		for range 5 + rnd.IntN(200) {
			f := event.Fact{At: begin.Add(time.Duration(rnd.IntN(80)) * time.Hour).UnixMicro(), Dims: event.Dims{Workspace: "ws", Country: pick("", "DE", "FR", "US", "PL", "IT"), Keyword: pick("a", "b", "c")}}
			f.Visit = f.At
			if rnd.IntN(3) > 0 {
				f.Kind, f.Visits, f.Clicks = event.FactVisit, 1, int64(rnd.IntN(2))
			} else {
				f.Kind, f.Currency, f.Conversions, f.Revenue = event.FactConversion, pick(currencies...), 1, int64(rnd.IntN(5000))
				f.ReportCurrency, f.ReportRevenue = pick(reporting...), int64(rnd.IntN(5000))
				if rnd.IntN(6) == 0 {
					f.ReportRevenue, f.Unconverted = 0, 1
				}
				facts.OwnCurrency(&f)
			}
			rows = append(rows, facts.Row{Seq: 1, Fact: f})
		}
		if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1}, rows); err != nil {
			t.Fatal(err)
		}
		e := report.New(s, nil)
		for _, dims := range [][]string{nil, {"country"}, {"date"}, {"country", "keyword"}} {
			for _, money := range []string{"", report.MoneyReporting, report.MoneyOriginal} {
				q := report.Question{Workspace: "ws", From: begin, To: begin.AddDate(0, 0, 7), Money: money, Dimensions: dims,
					Metrics: []string{"visits", "clicks", "conversions", "revenue", "unconverted"}, Totals: true}
				table := ask(t, e, q)
				compare(t, money, dims, table.Rows, byHand(rows, dims, money))
				whole := byHand(rows, nil, money)
				compareTotals(t, money, len(dims), table.Totals, whole)
				compareNotes(t, money, rows, table.Notes)

				// What the limit cuts is in the totals and the notes all the same.
				q.Limit = 1
				cut := ask(t, e, q)
				if len(cut.Rows) > 1 || cut.More != (len(table.Rows) > 1) {
					t.Errorf("by %v: %d rows of %d, more %v", dims, len(cut.Rows), len(table.Rows), cut.More)
				}
				compareTotals(t, money, len(dims), cut.Totals, whole)
				compareNotes(t, money, rows, cut.Notes)
			}
		}
	}
}

func compare(t *testing.T, money string, dims []string, rows [][]any, want []string) {
	t.Helper()
	var have []string
	for _, row := range rows {
		have = append(have, strings.Trim(fmt.Sprint(row), "[]"))
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("%s money by %v:\n%s\nwant\n%s", money, dims, strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func compareTotals(t *testing.T, money string, dims int, rows [][]any, want []string) {
	t.Helper()
	without := make([][]any, len(rows))
	for i := range rows {
		without[i] = rows[i][dims:]
	}
	compare(t, money, nil, without, want)
}

// compareNotes checks what an answer over all rows notes.
func compareNotes(t *testing.T, money string, rows []facts.Row, notes []report.Note) {
	t.Helper()
	want := map[string]int64{}
	seen := map[string]bool{}
	for i := range rows {
		f := &rows[i].Fact
		if f.Unconverted != 0 {
			want[report.NoteUnconverted] += f.Unconverted
		}
		if f.ReportCurrency != "" {
			seen[f.ReportCurrency] = true
		}
	}
	if len(seen) > 1 {
		want[report.NoteCurrencies] = int64(len(seen))
	}
	if money == report.MoneyOriginal {
		want = nil // nothing is converted
	}
	for _, n := range notes {
		if want[n.Code] != n.Count || !strings.HasSuffix(n.Text, ".") {
			t.Errorf("%s money: note %+v, want a count of %d", money, n, want[n.Code])
		}
	}
	if len(notes) != len(want) {
		t.Errorf("%s money: notes %v, want %v", money, notes, want)
	}
}

// byHand groups facts: the rows as text, sorted.
func byHand(rows []facts.Row, dims []string, money string) []string {
	type sums [5]int64
	groups := make(map[string]map[string]*sums)
	for i := range rows {
		f := &rows[i].Fact
		var key strings.Builder
		for _, d := range dims {
			key.WriteString(map[string]string{"country": f.Country, "keyword": f.Keyword, "date": time.UnixMicro(f.At).UTC().Format(time.DateOnly)}[d] + " ")
		}
		g := groups[key.String()]
		if g == nil {
			g = make(map[string]*sums)
			groups[key.String()] = g
		}
		currency, revenue := f.ReportCurrency, f.ReportRevenue
		if money == report.MoneyOriginal {
			currency, revenue = f.Currency, f.Revenue
		}
		if g[currency] == nil {
			g[currency] = &sums{}
		}
		for j, v := range (sums{f.Visits, f.Clicks, f.Conversions, revenue, f.Unconverted}) {
			g[currency][j] += v
		}
	}
	var out []string
	for key, g := range groups {
		if none := g[""]; none != nil && len(g) == 2 {
			delete(g, "")
			for _, one := range g {
				for j, v := range none {
					one[j] += v
				}
			}
		}
		for cur, s := range g {
			out = append(out, fmt.Sprintf("%s%s %d %d %d %d %d", key, cur, s[0], s[1], s[2], s[3], s[4]))
		}
	}
	slices.Sort(out)
	return out
}
