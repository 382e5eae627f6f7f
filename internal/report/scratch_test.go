package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

func TestScratch(t *testing.T) {
	s, err := duck.Open(t.Context(), duck.Options{Dir: t.TempDir()})
	if err != nil { t.Fatal(err) }
	var from eventlog.Position
	n := 1000000
	for first := 0; first < n; first += 50_000 {
		rows := factstest.Rows(first, first+49_999)
		for i := range rows {
			rows[i].Fact.At = factstest.Epoch + int64(first+i)*2_000_000_000_000/int64(n)
			if i%25 == 0 {
				f := *factstest.Conversion(first+i, int64(first+i)+1)
				f.At = rows[i].Fact.At
				rows[i] = facts.Row{Seq: rows[i].Seq, Fact: f}
			}
		}
		to := eventlog.Position{Stream: "a", Seq: from.Seq + uint64(len(rows))}
		if err := s.Add(t.Context(), from, to, rows); err != nil { t.Fatal(err) }
		from = to
	}
	s.Checkpoint(t.Context())
	begin := time.UnixMicro(factstest.Epoch)
	q := Question{Workspace: "ws_1", From: begin, To: begin.AddDate(0, 0, 30), Dimensions: []string{"country"}, Metrics: []string{"visits", "clicks", "conversions", "revenue", "commission", "profit", "epc"}, Totals: true}
	p, _ := newPlan(&q)
	st := p.query()
	fmt.Println(st.sql)
	q3 := Question{Workspace: "ws_1", From: begin, To: begin.AddDate(0, 0, 30),Dimensions: []string{"publisher", "sub1", "country"}, Metrics: []string{"visits", "clicks", "conversions", "revenue", "epc"}, Limit: 100_000}
	p3, _ := newPlan(&q3)
	st3 := p3.query()
	where := fmt.Sprintf(" FROM facts WHERE workspace = 'ws_1' AND event_at >= %d AND event_at < %d", q.From.UnixMicro(), q.To.UnixMicro())
	bare := "SELECT country, sum(visits), sum(clicks), sum(conversions), sum(revenue), sum(commission), sum(cost), sum(revenue) / sum(clicks)" + where + " GROUP BY 1 ORDER BY 2"
	cur := "SELECT country, currency, sum(visits), sum(clicks), sum(conversions), sum(revenue), sum(commission), sum(cost), sum(revenue) / sum(clicks)" + where + " GROUP BY 1, 2 ORDER BY 2"
	bare3 := "SELECT publisher, sub1, country, sum(visits), sum(clicks), sum(conversions), sum(revenue), sum(revenue) / sum(clicks)" + where + " GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 100000"
	cur3 := "SELECT publisher, sub1, country, currency, sum(visits), sum(clicks), sum(conversions), sum(revenue), sum(revenue) / sum(clicks)" + where + " GROUP BY 1, 2, 3, 4 ORDER BY 4 DESC LIMIT 100000"
	opt := "WITH n AS (SELECT COUNT(DISTINCT currency) AS n, COALESCE(MAX(currency),'') AS one"+where+" AND currency <> '') SELECT g.*, n.n, n.one FROM ("+bare+") AS g CROSS JOIN n"
	opt3 := "WITH n AS (SELECT COUNT(DISTINCT currency) AS n, COALESCE(MAX(currency),'') AS one"+where+" AND currency <> '') SELECT g.*, n.n, n.one FROM ("+bare3+") AS g CROSS JOIN n"
	optm := "WITH n AS (SELECT MIN(currency) AS n, COALESCE(MAX(currency),'') AS one"+where+" AND currency <> '') SELECT g.*, n.n, n.one FROM ("+bare+") AS g CROSS JOIN n"
	type v struct { name, sql string; args []any }
	vs := []v{{"bare", bare, nil}, {"cur", cur, nil}, {"engine", st.sql, st.args}, {"lit", strings.ReplaceAll(st.sql, "?", "'ws_1'"), nil}, {"nomat", strings.ReplaceAll(st.sql, "MATERIALIZED ", ""), st.args},
	{"opt", opt, nil}, {"optm", optm, nil}, {"opt3", opt3, nil}, {"bare3", bare3, nil}, {"cur3", cur3, nil}, {"engine3", st3.sql, st3.args}, {"nomat3", strings.ReplaceAll(st3.sql, "MATERIALIZED ", ""), st3.args}}
	best := map[string]time.Duration{}
	for range 25 {
		for _, x := range vs {
			a := time.Now()
			if _, err := s.Query(t.Context(), x.sql, x.args...); err != nil { t.Fatal(err) }
			d := time.Since(a)
			if b, ok := best[x.name]; !ok || d < b { best[x.name] = d }
		}
	}
	for _, x := range vs { fmt.Println(x.name, best[x.name]) }
	s.Close()
}
