package report_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/factstest"
	"clickledger/internal/report"
)

// fill adds visits and conversions of the sample series.
func fill(t testing.TB, s facts.Store, visits int) {
	t.Helper()
	rows := factstest.Rows(0, visits-1)
	last := uint64(visits) + 1
	for i := 0; i < visits; i += 20 {
		f := factstest.Conversion(i, int64(i+1))
		if i%100 == 0 {
			f.Currency = "JPY"
		}
		rows = append(rows, facts.Row{Seq: last, Fact: *f})
	}
	if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: last}, rows); err != nil {
		t.Fatal(err)
	}
}

// ask checks what every answer must be: a table of the promised shape, or a
// *report.Error.
func ask(t testing.TB, e *report.Engine, q report.Question) *report.Table {
	t.Helper()
	table, err := e.Run(t.Context(), q)
	var bad *report.Error
	if errors.As(err, &bad) {
		if bad.Field == "" || bad.Rule == "" || bad.Msg == "" {
			t.Fatalf("an error that explains nothing: %+v", bad)
		}
		return nil
	}
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	for _, row := range append(append([][]any(nil), table.Rows...), table.Totals...) {
		if len(row) != len(table.Columns) {
			t.Fatalf("a row of %d cells under %d columns", len(row), len(table.Columns))
		}
		for i, v := range row {
			c := table.Columns[i]
			var ok bool
			switch c.Type {
			case report.TypeText, report.TypeTime:
				_, ok = v.(string)
			case report.TypeCount, report.TypeMoney:
				_, ok = v.(int64)
			default:
				_, ok = v.(string)
				ok = ok || v == nil
			}
			if !ok {
				t.Fatalf("column %s of type %s holds a %T", c.Name, c.Type, v)
			}
		}
	}
	return table
}

func FuzzQuestion(f *testing.F) {
	s := open(f)
	fill(f, s, 200)
	e := report.New(s, nil)
	base := `{"from":"2026-03-01T00:00:00Z","to":"2026-03-03T00:00:00Z",`
	f.Add(base + `"dimensions":["country","date"],"metrics":["visits","epc"],"totals":true}`)
	f.Add(base + `"dimensions":["hour","offer"],"metrics":["roi"],"sort":[{"by":"roi","desc":true}],"limit":5,"time_zone":"Australia/Lord_Howe"}`)
	f.Add(base + `"dimensions":["currency"],"metrics":["cr"],"filters":[{"dimension":"sub1","op":"contains","values":["'; DROP TABLE facts; --"]}]}`)
	f.Add(base + `"dimensions":["facts; DROP TABLE facts"],"metrics":["1=1"]}`)
	f.Add(base + `"metrics":["visits"],"filters":[{"dimension":"month","op":"ne","values":["2026-03"]},{"dimension":"click_id","op":"eq","values":["` + factstest.ID(3).String() + `"]}]}`)
	f.Add(base + `"dimensions":["currency","report_currency"],"metrics":["revenue","unconverted"],"money":"original","sort":[{"by":"report_currency"}]}`)
	f.Add(base + `"dimensions":["currency"],"metrics":["profit"],"money":"reporting","sort":[{"by":"report_currency"}]}`)
	f.Add(base + `"dimensions":["month","day_of_week","hour_of_day"],"metrics":["ppv","margin"],"time_basis":"visit"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var q report.Question
		if json.Unmarshal([]byte(text), &q) != nil {
			return
		}
		q.Workspace = "ws_1"
		ask(t, e, q)
	})
}

// TestAnyQuestion asks random questions made of every name there is.
func TestAnyQuestion(t *testing.T) {
	s := open(t)
	fill(t, s, 2000)
	e := report.New(s, nil)
	rnd := rand.New(rand.NewPCG(1, 2))
	dims, metrics, hostile := report.Dimensions(), report.Metrics(), factstest.Hostile()
	zones := []string{"", "UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Africa/Casablanca", "Pacific/Apia"}
	answered := 0
	for range 300 {
		from := time.UnixMicro(factstest.Epoch).Add(time.Duration(rnd.IntN(1000)-500) * time.Hour)
		q := report.Question{Workspace: "ws_1", From: from, To: from.Add(time.Duration(1+rnd.IntN(20000)) * time.Hour),
			TimeZone: zones[rnd.IntN(len(zones))], Basis: [...]string{"", "event", "visit"}[rnd.IntN(3)], Money: [...]string{"", "reporting", "original"}[rnd.IntN(3)], Limit: 1 + rnd.IntN(50), Totals: rnd.IntN(2) == 0}
		for _, i := range rnd.Perm(len(dims))[:rnd.IntN(5)] {
			q.Dimensions = append(q.Dimensions, dims[i].Name)
		}
		for _, i := range rnd.Perm(len(metrics))[:1+rnd.IntN(6)] {
			q.Metrics = append(q.Metrics, metrics[i].Name)
		}
		for range rnd.IntN(3) {
			q.Filters = append(q.Filters, report.Filter{Dimension: dims[rnd.IntN(len(dims))].Name,
				Op: [...]string{"eq", "ne", "contains", "prefix", "empty", "not_empty"}[rnd.IntN(6)], Values: hostile[:rnd.IntN(2)*(1+rnd.IntN(5))]})
		}
		if rnd.IntN(2) == 0 {
			q.Sort = []report.Sort{{By: q.Metrics[0], Desc: rnd.IntN(2) == 0}}
		}
		if ask(t, e, q) != nil {
			answered++
		}
	}
	if answered < 100 {
		t.Errorf("only %d of 300 questions had an answer", answered)
	}
}

// TestInjection puts hostile texts wherever a question takes one; the facts are
// still there after each, and none is answered with another workspace's rows.
func TestInjection(t *testing.T) {
	s := open(t)
	rows := factstest.Rows(0, 9)
	rows = append(rows, factstest.Rows(0, 9)...)
	for i := range 10 {
		rows[i].Seq, rows[10+i].Seq = 1, 1
		rows[10+i].Fact.Workspace, rows[10+i].Fact.Keyword = "other", "secret"
	}
	if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1}, rows); err != nil {
		t.Fatal(err)
	}
	e := report.New(s, func(_ context.Context, _, _ string, ids []string) map[string]string { return nil })
	day := time.UnixMicro(factstest.Epoch)
	texts := append(factstest.Hostile(), "ws_1' OR '1'='1", "visits) FROM facts --", "country, keyword", "1; COPY facts TO '/tmp/x'", "facts", "d0", "cur", `"keyword"`, "read_text('/etc/passwd')", "UTC'; DROP TABLE facts; --", "../../etc/passwd")
	for _, x := range texts {
		for field := range 10 {
			q := report.Question{Workspace: "ws_1", From: day, To: day.AddDate(0, 0, 1), Dimensions: []string{"country"}, Metrics: []string{"visits"}}
			switch field {
			case 0:
				q.Workspace = x
			case 1:
				q.TimeZone = x
			case 2:
				q.Basis = x
			case 3:
				q.Dimensions = []string{x}
			case 4:
				q.Metrics = []string{x}
			case 5:
				q.Filters = []report.Filter{{Dimension: x, Op: "eq", Values: []string{"a"}}}
			case 6:
				q.Filters = []report.Filter{{Dimension: "keyword", Op: x, Values: []string{"a"}}}
			case 7:
				q.Filters = []report.Filter{{Dimension: "keyword", Op: "ne", Values: []string{x}}, {Dimension: "sub1", Op: "contains", Values: []string{"n", x}}}
			case 8:
				q.Sort = []report.Sort{{By: x}}
			case 9:
				q.Metrics, q.Money = []string{"revenue"}, x
			}
			table := ask(t, e, q)
			if table == nil {
				continue
			}
			for _, row := range table.Rows {
				if strings.Contains(fmt.Sprint(row), "secret") {
					t.Fatalf("field %d, %q: another workspace's row: %v", field, x, row)
				}
			}
		}
	}
	res, err := s.Query(t.Context(), "SELECT count(*) FROM facts")
	if err != nil || res.Rows[0][0] != int64(20) {
		t.Fatalf("after the attempts: %v, %v", res.Rows, err)
	}
}

// TestHoursMakeDays: in every zone, on days of every length, the hours of a day sum
// to the day, and the months to the whole.
func TestHoursMakeDays(t *testing.T) {
	s := open(t)
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var rows []facts.Row
	const quarters = 4 * 24 * 300
	for i := range quarters {
		at := begin.Add(time.Duration(i) * 15 * time.Minute).UnixMicro()
		rows = append(rows, facts.Row{Seq: 1, Fact: event.Fact{Kind: event.FactVisit, At: at, Visit: at, Visits: 1, Dims: event.Dims{Workspace: "ws"}}})
	}
	if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1}, rows); err != nil {
		t.Fatal(err)
	}
	e := report.New(s, nil)
	for _, c := range []struct {
		zone  string
		days  map[string]int64 // visits, a quarter of an hour each
		total int64
	}{
		{"UTC", map[string]int64{"2026-03-29": 96}, quarters},
		{"Europe/Berlin", map[string]int64{"2026-03-29": 92, "2026-10-25": 100, "2026-10-26": 96}, quarters},
		{"Australia/Lord_Howe", map[string]int64{"2026-04-05": 98, "2026-10-04": 94}, quarters},
		{"America/Santiago", map[string]int64{"2026-04-04": 100, "2026-09-06": 92}, quarters}, // no midnight in September
		{"Africa/Cairo", map[string]int64{"2026-04-24": 92, "2026-10-29": 100}, quarters},
		{"Asia/Kathmandu", map[string]int64{"2026-04-05": 96}, quarters},
	} {
		q := report.Question{Workspace: "ws", From: begin, To: begin.AddDate(1, 0, 0), TimeZone: c.zone, Metrics: []string{"visits"}, Limit: report.MaxLimit}
		by := func(dim string) map[string]int64 {
			q.Dimensions = []string{dim}
			out := make(map[string]int64)
			last := ""
			for _, row := range ask(t, e, q).Rows {
				label := row[0].(string)
				if _, twice := out[label]; twice {
					t.Errorf("%s: %s %s twice", c.zone, dim, label)
				}
				if dim != "hour" && label <= last {
					t.Errorf("%s: %s %s after %s", c.zone, dim, label, last)
				}
				last = label
				out[label] = row[1].(int64)
			}
			return out
		}
		days, hours, months := by("date"), by("hour"), by("month")
		sums, monthSums := make(map[string]int64), make(map[string]int64)
		for label, n := range hours {
			sums[label[:10]] += n
			if at, err := time.Parse(time.RFC3339, label); err != nil || n > 4 {
				t.Errorf("%s: hour %s has %d quarters, %v, %v", c.zone, label, n, at, err)
			}
		}
		for label, n := range days {
			if sums[label] != n {
				t.Errorf("%s: the hours of %s sum to %d, the day to %d", c.zone, label, sums[label], n)
			}
			monthSums[label[:7]] += n
		}
		total := int64(0)
		for label, n := range months {
			total += n
			if monthSums[label] != n {
				t.Errorf("%s: the days of %s sum to %d, the month to %d", c.zone, label, monthSums[label], n)
			}
		}
		if total != c.total {
			t.Errorf("%s: %d in all, want %d", c.zone, total, c.total)
		}
		for label, want := range c.days {
			if days[label] != want {
				t.Errorf("%s: %s has %d quarters, want %d", c.zone, label, days[label], want)
			}
		}
	}
}

// TestNames: a resolver adds a column beside ids and is asked once per dimension.
func TestNames(t *testing.T) {
	s := open(t)
	fill(t, s, 100)
	calls := 0
	e := report.New(s, func(_ context.Context, workspace, kind string, ids []string) map[string]string {
		calls++
		names := make(map[string]string)
		for _, id := range ids[1:] {
			names[id] = workspace + " " + kind + " " + id
		}
		return names
	})
	day := time.UnixMicro(factstest.Epoch)
	table := ask(t, e, report.Question{Workspace: "ws_1", From: day, To: day.AddDate(0, 0, 1), Dimensions: []string{"country", "offer", "campaign", "wanted_offer"}, Metrics: []string{"visits"}, Totals: true})
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "country offer offer_name campaign campaign_name wanted_offer wanted_offer_name visits" || calls != 3 {
		t.Errorf("columns %s after %d calls", got, calls)
	}
	missing, wanted := 0, 0
	for _, row := range table.Rows {
		if row[2] == "" {
			missing++
		} else if row[2] != "ws_1 offer "+row[1].(string) {
			t.Errorf("name %v beside %v", row[2], row[1])
		}
		if row[6] != "" && row[6] != "ws_1 offer "+row[5].(string) {
			t.Errorf("the wanted offer %v is named %v", row[5], row[6])
		}
		wanted += len(row[6].(string))
	}
	if missing == 0 || missing == len(table.Rows) {
		t.Errorf("%d of %d rows without a name", missing, len(table.Rows))
	}
	if wanted == 0 {
		t.Error("no wanted offer has a name")
	}
}
