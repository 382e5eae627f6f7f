package portal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/report"
)

// Money is an amount in one currency.
type Money struct {
	Currency string `json:"currency" doc:"ISO 4217."`
	Amount   string `json:"amount" example:"5.00" doc:"Decimal text."`
	Minor    int64  `json:"-"`
}

func moneyOf(minor int64, currency string) Money {
	return Money{currency, text(minor, currency), minor}
}

// Numbers are what happened in a time.
type Numbers struct {
	Impressions int64   `json:"impressions" doc:"How often creatives were shown."`
	Clicks      int64   `json:"clicks" doc:"Arrivals at an offer: ten clicks of one person are ten."`
	Uniques     int64   `json:"uniques" doc:"Visits that were the first to their offer for their browser."`
	Conversions int64   `json:"conversions" doc:"Accepted goal events, less the rejected and reversed."`
	Amounts     []Money `json:"amounts" nullable:"false" doc:"What they pay you, or, to an advertiser, what they cost you; by currency, never added up across."`
	Sales       []Money `json:"sales" nullable:"false" doc:"What customers paid, by currency."`
}

// Row is the numbers of one value of what statistics go by.
type Row struct {
	Key  string `json:"key" doc:"The value: a day, an id, a sub id; empty: none was given."`
	Name string `json:"name" doc:"The name of what has an id; empty where it has none, or is not yours to know."`
	Numbers
}

// Statistics are rows with their sum.
type Statistics struct {
	Rows   []Row   `json:"rows" nullable:"false" doc:"By day in order; by anything else the most clicks first."`
	Totals Numbers `json:"totals" doc:"Of all rows, also of those that are not shown."`
	More   bool    `json:"more" doc:"Whether there are more rows than are shown."`
}

// Ask is what statistics are asked for.
type Ask struct {
	By        string // one of the party's dimensions, "" = the whole
	From, To  time.Time
	Offer     string // only of it
	Link      string // publishers: only of it
	Publisher string // advertisers: only of it
	Status    string // of conversions, "" = all
	Limit     int    // rows, default 1000
}

// By lists what statistics of a party may go by.
func By(party string) []string {
	out := []string{"day", "hour", "offer", "goal", "country", "device"}
	if party == account.PartyAdvertiser {
		return append(out, "publisher")
	}
	out = append(out, "link", "creative")
	for i := range event.Subs {
		out = append(out, fmt.Sprintf("sub%d", i+1))
	}
	return out
}

// maxStatRows bounds the rows of statistics.
const maxStatRows = 5000

// statistics asks the report, bound to the party: own is the dimension that names it, and
// amount the metric it may see.
func (d *door) statistics(ctx context.Context, party, amount string, a Ask) (*Statistics, error) {
	bad := &catalog.Invalid{}
	if a.By != "" && !slices.Contains(By(party), a.By) {
		bad.Add("by", "not_one_of", a.By, "Must be one of "+strings.Join(By(party), ", ")+".")
	}
	err := bad.Err()
	if err != nil {
		return nil, err
	}
	limit := a.Limit
	if limit <= 0 {
		limit = report.DefaultLimit
	}
	q := report.Question{
		Workspace: d.account.Workspace, From: a.From, To: a.To, TimeZone: d.account.TimeZone, Basis: report.BasisEvent, Money: report.MoneyOriginal,
		Metrics: []string{"impressions", "clicks", "unique_visits", "conversions", amount, "sale_amount"},
		Filters: []report.Filter{{Dimension: party, Op: "eq", Values: []string{d.account.ID}}}, Limit: min(limit, maxStatRows), Totals: true,
	}
	for dimension, value := range map[string]string{"offer": a.Offer, "link": a.Link, account.PartyPublisher: a.Publisher, "status": a.Status} {
		if value != "" {
			q.Filters = append(q.Filters, report.Filter{Dimension: dimension, Op: "eq", Values: []string{value}})
		}
	}
	dimension := a.By
	if dimension == "day" {
		dimension = "date"
	}
	if dimension != "" {
		q.Dimensions = []string{dimension}
		if dimension == "date" || dimension == "hour" {
			q.Sort = []report.Sort{{By: dimension}}
		} else {
			q.Sort = []report.Sort{{By: "clicks", Desc: true}, {By: "conversions", Desc: true}}
		}
	}
	t, err := d.s.o.Report.Run(ctx, q)
	if err != nil {
		return nil, err
	}
	col := map[string]int{}
	for i, c := range t.Columns {
		col[c.Name] = i
	}
	out := &Statistics{Rows: []Row{}, More: t.More}
	at := map[string]int{}
	for _, r := range t.Rows { // one a value, or with several currencies one each
		key := ""
		if dimension != "" {
			key = textAt(r, col, dimension)
		}
		i, ok := at[key]
		if !ok {
			i = len(out.Rows)
			at[key] = i
			out.Rows = append(out.Rows, Row{Key: key, Numbers: noNumbers()})
		}
		out.Rows[i].add(r, col, amount)
	}
	out.Totals = noNumbers()
	for _, r := range t.Totals {
		out.Totals.add(r, col, amount)
	}
	if dimension == "" {
		out.Rows = []Row{}
	}
	return out, nil
}

func noNumbers() Numbers { return Numbers{Amounts: []Money{}, Sales: []Money{}} }

// add adds a row of a report.
func (n *Numbers) add(r []any, col map[string]int, amount string) {
	n.Impressions += intAt(r, col, "impressions")
	n.Clicks += intAt(r, col, "clicks")
	n.Uniques += intAt(r, col, "unique_visits")
	n.Conversions += intAt(r, col, "conversions")
	currency := textAt(r, col, "currency")
	n.Amounts = put(n.Amounts, currency, intAt(r, col, amount))
	n.Sales = put(n.Sales, currency, intAt(r, col, "sale_amount"))
}

// put adds an amount to those of its currency; what is nothing leaves no trace.
func put(in []Money, currency string, minor int64) []Money {
	if currency == "" || minor == 0 {
		return in
	}
	for i := range in {
		if in[i].Currency == currency {
			in[i] = moneyOf(in[i].Minor+minor, currency)
			return in
		}
	}
	in = append(in, moneyOf(minor, currency))
	slices.SortFunc(in, func(a, b Money) int { return strings.Compare(a.Currency, b.Currency) })
	return in
}

func intAt(r []any, col map[string]int, name string) int64 {
	i, ok := col[name]
	if !ok || i >= len(r) {
		return 0
	}
	n, _ := r[i].(int64)
	return n
}

func textAt(r []any, col map[string]int, name string) string {
	i, ok := col[name]
	if !ok || i >= len(r) {
		return ""
	}
	s, _ := r[i].(string)
	return s
}

// keys are the values of rows.
func (s *Statistics) keys() []string {
	out := make([]string, len(s.Rows))
	for i := range s.Rows {
		out[i] = s.Rows[i].Key
	}
	return out
}

// rename gives rows of ids their names. Rows whose name is not to be known become one,
// without an id, at the end.
func (s *Statistics) rename(names map[string]string) {
	other := Row{Numbers: noNumbers()}
	found := false
	rows := s.Rows[:0]
	for _, r := range s.Rows {
		if name, ok := names[r.Key]; ok {
			r.Name = name
			rows = append(rows, r)
			continue
		}
		found = true
		other.Impressions += r.Impressions
		other.Clicks += r.Clicks
		other.Uniques += r.Uniques
		other.Conversions += r.Conversions
		for _, m := range r.Amounts {
			other.Amounts = put(other.Amounts, m.Currency, m.Minor)
		}
		for _, m := range r.Sales {
			other.Sales = put(other.Sales, m.Currency, m.Minor)
		}
	}
	if found {
		rows = append(rows, other)
	}
	s.Rows = rows
}

// Statistics answers the publisher's numbers; the amounts are its payout.
func (p *Publisher) Statistics(ctx context.Context, a Ask) (*Statistics, error) {
	a.Publisher = ""
	s, err := p.statistics(ctx, account.PartyPublisher, "commission", a)
	if err != nil {
		return nil, err
	}
	switch a.By {
	case "offer":
		names, err := p.offerNames(ctx, s.keys())
		if err != nil {
			return nil, err
		}
		s.rename(names)
	case "link":
		links, err := byID[*catalog.Link](ctx, p.door, catalog.KindLink, s.keys())
		if err != nil {
			return nil, err
		}
		names := map[string]string{}
		for id, l := range links {
			if l.Publisher == p.row.ID {
				names[id] = catalog.NameOf(l)
			}
		}
		s.rename(names)
	case "creative":
		names, err := p.creativeNames(ctx, s.keys())
		if err != nil {
			return nil, err
		}
		s.rename(names)
	}
	return s, nil
}

// creativeNames are the names of those of the creatives whose offer the publisher has to do
// with; what came through none keeps its own row.
func (p *Publisher) creativeNames(ctx context.Context, ids []string) (map[string]string, error) {
	rows, err := byID[*catalog.Creative](ctx, p.door, catalog.KindCreative, ids)
	if err != nil {
		return nil, err
	}
	enrs, err := p.enrollments(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{"": ""}
	for id, c := range rows {
		if enrs[c.Offer] != nil {
			out[id] = c.Name
		}
	}
	return out, nil
}
