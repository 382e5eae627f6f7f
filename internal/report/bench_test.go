package report_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
	"clickledger/internal/report"
)

// benchFacts is how many facts the report benchmark asks; CLICKLEDGER_BENCH_FACTS
// sets another number.
func benchFacts(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("CLICKLEDGER_BENCH_FACTS"))
	if err != nil {
		return 1_000_000
	}
	return n
}

func filled(b *testing.B) *duck.Store {
	s := open(b)
	var from eventlog.Position
	n := benchFacts(b)
	for first := 0; first < n; first += 50_000 {
		rows := factstest.Rows(first, first+49_999)
		for i := range rows {
			rows[i].Fact.At = factstest.Epoch + int64(first+i)*2_000_000_000_000/int64(n) // about 23 days
			if i%25 == 0 {
				f := *factstest.Conversion(first+i, int64(first+i)+1)
				f.At = rows[i].Fact.At
				rows[i] = facts.Row{Seq: rows[i].Seq, Fact: f}
			}
		}
		to := eventlog.Position{Stream: "a", Seq: from.Seq + uint64(len(rows))}
		if err := s.Add(b.Context(), from, to, rows); err != nil {
			b.Fatal(err)
		}
		from = to
		if err := s.Checkpoint(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkReport compares the engine with the SQL somebody would write by hand for
// the same table on the same file; where there is money, that SQL groups by currency.
func BenchmarkReport(b *testing.B) {
	s := filled(b)
	e := report.New(s, nil)
	begin := time.UnixMicro(factstest.Epoch)
	end := begin.AddDate(0, 0, 30)
	where := " FROM facts WHERE workspace = 'ws_1' AND event_at >= " + strconv.FormatInt(begin.UnixMicro(), 10) + " AND event_at < " + strconv.FormatInt(end.UnixMicro(), 10)
	for _, c := range []struct {
		name string
		q    report.Question
		bare string
	}{
		{"days", report.Question{Dimensions: []string{"date"}, Metrics: []string{"visits", "clicks", "ctr"}},
			"SELECT event_at // 86400000000, sum(visits), sum(clicks), sum(clicks) / sum(visits)" + where + " GROUP BY 1 ORDER BY 1"},
		{"days in Berlin", report.Question{Dimensions: []string{"date"}, Metrics: []string{"visits", "clicks", "ctr"}, TimeZone: "Europe/Berlin"},
			"SELECT (event_at + 3600000000) // 86400000000, sum(visits), sum(clicks), sum(clicks) / sum(visits)" + where + " GROUP BY 1 ORDER BY 1"},
		{"money by country", report.Question{Dimensions: []string{"country"}, Metrics: []string{"visits", "clicks", "conversions", "revenue", "commission", "profit", "epc"}, Totals: true},
			"SELECT country, report_currency, sum(visits), sum(clicks), sum(conversions), sum(report_revenue), sum(report_commission), sum(report_cost), sum(report_revenue) / sum(clicks)" + where + " GROUP BY 1, 2 ORDER BY 3"},
		{"three dimensions", report.Question{Dimensions: []string{"publisher", "sub1", "country"}, Metrics: []string{"visits", "clicks", "conversions", "revenue", "epc"}, Limit: 100_000},
			"SELECT publisher, sub1, country, report_currency, sum(visits), sum(clicks), sum(conversions), sum(report_revenue), sum(report_revenue) / sum(clicks)" + where + " GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC LIMIT 100000"},
		{"100,000 groups", report.Question{Dimensions: []string{"keyword", "publisher", "sub1", "offer", "link", "browser_version"}, Metrics: []string{"visits", "clicks", "revenue"}, Limit: 100_000},
			"SELECT keyword, publisher, sub1, offer, link, browser_version, report_currency, sum(visits), sum(clicks), sum(report_revenue)" + where + " GROUP BY ALL ORDER BY 8 DESC LIMIT 100000"},
	} {
		c.q.Workspace, c.q.From, c.q.To = "ws_1", begin, end
		b.Run(c.name+"/engine", func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Run(b.Context(), c.q); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/bare", func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Query(context.Background(), c.bare); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
