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
// per currency and one for what has none.
func TestCurrencies(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	for round := range 12 {
		s := open(t)
		currencies := [][]string{{"EUR"}, {"EUR", "USD"}, {"EUR", "JPY", "USD"}}[round%3]
		var rows []facts.Row
		for range 5 + rnd.IntN(200) {
			f := event.Fact{At: begin.Add(time.Duration(rnd.IntN(80)) * time.Hour).UnixMicro(), Dims: event.Dims{Workspace: "ws", Country: pick("", "DE", "FR", "US", "PL", "IT"), Keyword: pick("a", "b", "c")}}
			f.Visit = f.At
			if rnd.IntN(3) > 0 {
				f.Kind, f.Visits, f.Clicks = event.FactVisit, 1, int64(rnd.IntN(2))
			} else {
				f.Kind, f.Currency, f.Conversions, f.Revenue = event.FactConversion, pick(currencies...), 1, int64(rnd.IntN(5000))
			}
			rows = append(rows, facts.Row{Seq: 1, Fact: f})
		}
		if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1}, rows); err != nil {
			t.Fatal(err)
		}
		e := report.New(s, nil)
		for _, dims := range [][]string{nil, {"country"}, {"date"}, {"country", "keyword"}} {
			table := ask(t, e, report.Question{Workspace: "ws", From: begin, To: begin.AddDate(0, 0, 7), Dimensions: dims, Metrics: []string{"visits", "clicks", "conversions", "revenue"}, Totals: true})
			compare(t, dims, table.Rows, byHand(rows, dims))
			for i := range table.Totals {
				table.Totals[i] = table.Totals[i][len(dims):]
			}
			compare(t, nil, table.Totals, byHand(rows, nil))
		}
	}
}

func compare(t *testing.T, dims []string, rows [][]any, want []string) {
	t.Helper()
	var have []string
	for _, row := range rows {
		have = append(have, strings.Trim(fmt.Sprint(row), "[]"))
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("by %v:\n%s\nwant\n%s", dims, strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

// byHand groups facts: the rows as text, sorted.
func byHand(rows []facts.Row, dims []string) []string {
	type sums [4]int64
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
		if g[f.Currency] == nil {
			g[f.Currency] = &sums{}
		}
		for j, v := range (sums{f.Visits, f.Clicks, f.Conversions, f.Revenue}) {
			g[f.Currency][j] += v
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
			out = append(out, fmt.Sprintf("%s%s %d %d %d %d", key, cur, s[0], s[1], s[2], s[3]))
		}
	}
	slices.Sort(out)
	return out
}
