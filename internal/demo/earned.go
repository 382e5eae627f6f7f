package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"clickledger/internal/app"
	"clickledger/internal/event"
	"clickledger/internal/money"
	"clickledger/internal/report"
)

// earned is one line of the final table.
type earned struct {
	publisher, offer, currency               string
	visits, clicks, conversions, bots        int64
	revenue, commission, approvedCommissions int64
}

// printEarned asks the report who earned what.
func printEarned(ctx context.Context, w io.Writer, c *client, m *market) error {
	q := map[string]any{
		"from": time.Now().Add(-span - time.Hour).Format(time.RFC3339), "to": time.Now().Add(time.Hour).Format(time.RFC3339),
		"dimensions": []string{"publisher", "offer"}, "money": "original", // who is paid in euros reads euros
		"metrics": []string{"visits", "clicks", "bot_visits", "conversions", "revenue", "commission"}, "limit": 1000,
	}
	lines := map[[2]string]*earned{}
	line := func(publisher, offer string) *earned {
		k := [2]string{publisher, offer}
		if lines[k] == nil {
			lines[k] = &earned{publisher: publisher, offer: offer, currency: m.offers[offer].on.Currency}
		}
		return lines[k]
	}
	err := ask(ctx, c, m.workspace, q, func(get func(string) string, num func(string) int64) {
		e := line(get("publisher"), get("offer"))
		e.visits += num("visits")
		e.clicks += num("clicks")
		e.bots += num("bot_visits")
		e.conversions += num("conversions")
		e.revenue += num("revenue")
		e.commission += num("commission")
	})
	if err != nil {
		return err
	}
	q["filters"] = []map[string]any{{"dimension": "status", "op": "eq", "values": []string{"approved"}}}
	err = ask(ctx, c, m.workspace, q, func(get func(string) string, num func(string) int64) {
		line(get("publisher"), get("offer")).approvedCommissions += num("commission")
	})
	if err != nil {
		return err
	}
	sorted := make([]*earned, 0, len(lines))
	for _, e := range lines {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b *earned) int {
		return cmp.Or(strings.Compare(m.name(a.publisher), m.name(b.publisher)), -cmp.Compare(a.commission, b.commission), strings.Compare(a.offer, b.offer))
	})
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "publisher\toffer\tvisits\tclicks\tbots\tconversions\trevenue\tcommission\tapproved\t\t")
	totals := map[string]*earned{}
	for _, e := range sorted {
		amount := func(n int64) string { return money.Amount{Minor: n, Currency: money.Currency(e.currency)}.String() }
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t\n", m.name(e.publisher), m.offers[e.offer].name, e.visits, e.clicks, e.bots, e.conversions,
			amount(e.revenue), amount(e.commission), amount(e.approvedCommissions), e.currency)
		t := totals[e.currency]
		if t == nil {
			t = &earned{currency: e.currency}
			totals[e.currency] = t
		}
		t.visits += e.visits
		t.clicks += e.clicks
		t.bots += e.bots
		t.conversions += e.conversions
		t.revenue += e.revenue
		t.commission += e.commission
		t.approvedCommissions += e.approvedCommissions
	}
	for _, cur := range slices.Sorted(maps.Keys(totals)) {
		t := totals[cur]
		amount := func(n int64) string { return money.Amount{Minor: n, Currency: money.Currency(cur)}.String() }
		fmt.Fprintf(tw, "total\t\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t\n", t.visits, t.clicks, t.bots, t.conversions, amount(t.revenue), amount(t.commission), amount(t.approvedCommissions), cur)
	}
	fmt.Fprintln(tw)
	return tw.Flush()
}

func (m *market) name(publisher string) string {
	if publisher == "" {
		return "(house)"
	}
	return m.publishers[publisher]
}

// ask runs a report and hands over its rows by column name.
func ask(ctx context.Context, c *client, workspace string, q map[string]any, row func(text func(string) string, num func(string) int64)) error {
	var raw json.RawMessage
	err := c.do(ctx, http.MethodPost, "/reports?workspace="+workspace, q, &raw)
	if err != nil {
		return err
	}
	var t report.Table
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	err = dec.Decode(&t)
	if err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	at := map[string]int{}
	for i, col := range t.Columns {
		at[col.Name] = i
	}
	for _, r := range t.Rows {
		row(func(name string) string {
			i, ok := at[name]
			if !ok || r[i] == nil {
				return ""
			}
			return fmt.Sprint(r[i])
		}, func(name string) int64 {
			i, ok := at[name]
			if !ok || r[i] == nil {
				return 0
			}
			n, nerr := r[i].(json.Number).Int64()
			if nerr != nil {
				err = fmt.Errorf("the report's %s is %v: %w", name, r[i], nerr)
			}
			return n
		})
	}
	return err
}

// printVerdicts shows what became of the signals, the wrong ones included.
func printVerdicts(ctx context.Context, w io.Writer, a *app.App, workspace string) error {
	counts, err := a.Verdicts(ctx, workspace)
	if err != nil {
		return fmt.Errorf("count verdicts: %w", err)
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "signals\tverdict\t")
	order := make([]event.Verdict, 0, len(counts))
	for v := range counts {
		order = append(order, v)
	}
	slices.SortFunc(order, func(a, b event.Verdict) int {
		return cmp.Or(-cmp.Compare(counts[a], counts[b]), strings.Compare(string(a), string(b)))
	})
	for _, v := range order {
		fmt.Fprintf(tw, "%d\t%s\t%s\n", counts[v], v, event.Verdicts[v].Sentence)
	}
	fmt.Fprintln(tw)
	return tw.Flush()
}
