// Package reporttest runs report scripts: facts to load, questions, and the rows they
// must give. Any facts engine can run them.
//
// A script is lines; # begins a comment, and texts with spaces are quoted as in Go:
//
//	visit at=2026-03-01T10:00:00Z country=DE clicks=1 ×3
//	fact kind=conversion at=… visit_at=… currency=EUR conversions=1 revenue=1000
//	load
//	eval from=2026-03-01 to=2026-03-02 by=country show=visits,ctr where=country:ne:US sort=-visits limit=10 totals
//	| DE 3 100.00
//	= 3 100.00
//	more
//	note 3 conversions have no exchange rate and count as 0.00 here.
//	fail dimensions[0] unknown
//
// visit and fact take the facts table's columns by name; workspace is ws unless
// given, visit_at is at. load adds what was listed. A fact without a reporting currency is
// of its own, as the sink leaves it (see [facts.OwnCurrency]). eval asks; the lines behind
// it are the answer: | a row, = a row of the totals, "more" where the limit cut, the
// notes, or fail with the field and rule of the error. A nil is written -, an empty text
// "".
//
// Invariants:
//   - Scripts hold no SQL and nothing of one engine.
package reporttest

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/report"
)

//go:embed scripts
var scripts embed.FS

// Run runs every script, each on a store of its own.
func Run(t *testing.T, open func(t *testing.T) facts.Store) {
	names, err := fs.Glob(scripts, "scripts/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("scripts: %v, %v", names, err)
	}
	for _, name := range names {
		text, err := scripts.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(strings.TrimPrefix(name, "scripts/"), ".txt"), func(t *testing.T) {
			r := runner{t: t, store: open(t)}
			defer r.store.Close()
			r.engine = report.New(r.store, nil)
			for i, line := range strings.Split(string(text), "\n") {
				r.line = i + 1
				r.run(line)
			}
			r.finish()
		})
	}
}

type runner struct {
	t      *testing.T
	line   int
	store  facts.Store
	engine *report.Engine
	pos    eventlog.Position
	rows   []facts.Row

	asked      int // line of the eval, 0 = none
	want, have []string
}

func (r *runner) fatalf(format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("line %d: %s", r.line, fmt.Sprintf(format, args...))
}

func (r *runner) run(line string) {
	words := split(r, line)
	if len(words) == 0 {
		return
	}
	switch words[0] {
	case "|", "=", "more", "note", "fail":
		r.want = append(r.want, strings.Join(words, " "))
		return
	}
	r.finish()
	switch words[0] {
	case "visit":
		r.fact(event.Fact{Kind: event.FactVisit, Visits: 1}, words[1:])
	case "fact":
		r.fact(event.Fact{}, words[1:])
	case "load":
		to := eventlog.Position{Stream: "script", Seq: r.pos.Seq + 1}
		for i := range r.rows {
			r.rows[i].Seq = to.Seq
		}
		if err := r.store.Add(r.t.Context(), r.pos, to, r.rows); err != nil {
			r.fatalf("load: %v", err)
		}
		r.pos, r.rows = to, nil
	case "eval":
		r.eval(words[1:])
	default:
		r.fatalf("unknown command %s", words[0])
	}
}

// finish compares the last answer.
func (r *runner) finish() {
	if r.asked == 0 {
		return
	}
	if want, have := strings.Join(r.want, "\n"), strings.Join(r.have, "\n"); want != have {
		r.t.Errorf("line %d: the answer is\n%s\nwant\n%s", r.asked, have, want)
	}
	r.asked, r.want, r.have = 0, nil, nil
}

// split cuts a line at spaces outside quotes; quotes stay where they are.
func split(r *runner, line string) []string {
	var words []string
	var word strings.Builder
	quoted, any := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == '\\' && i+1 < len(line):
			word.WriteByte(c)
			i++
			word.WriteByte(line[i])
			continue
		case c == '"':
			quoted, any = !quoted, true
		case c == '#' && !quoted && !any:
			i = len(line)
			continue
		case c == ' ' && !quoted:
			if any {
				words = append(words, word.String())
			}
			word.Reset()
			any = false
			continue
		default:
			any = true
		}
		word.WriteByte(c)
	}
	if quoted {
		r.fatalf("a quote is not closed")
	}
	if any {
		words = append(words, word.String())
	}
	return words
}

func (r *runner) unquote(s string) string {
	if !strings.HasPrefix(s, `"`) {
		return s
	}
	v, err := strconv.Unquote(s)
	if err != nil {
		r.fatalf("%s: %v", s, err)
	}
	return v
}

func (r *runner) time(s string) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02"} {
		if at, err := time.Parse(form, s); err == nil {
			return at
		}
	}
	r.fatalf("%s is no time", s)
	return time.Time{}
}

func (r *runner) fact(f event.Fact, words []string) {
	f.Workspace = "ws"
	times := 1
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		value = r.unquote(value)
		switch {
		case strings.HasPrefix(w, "×"):
			n, err := strconv.Atoi(strings.TrimPrefix(w, "×"))
			if err != nil {
				r.fatalf("%s: %v", w, err)
			}
			times = n
		case !ok:
			r.fatalf("%s has no value", w)
		case name == "at":
			f.At = r.time(value).UnixMicro()
		case name == "visit_at":
			f.Visit = r.time(value).UnixMicro()
		case name == "click_id":
			id, err := event.ParseClickID(value)
			if err != nil {
				r.fatalf("%v", err)
			}
			f.ID = id
		default:
			r.set(&f, name, value)
		}
	}
	if f.Visit == 0 {
		f.Visit = f.At
	}
	facts.OwnCurrency(&f)
	for range times {
		r.rows = append(r.rows, facts.Row{Fact: f})
	}
}

func (r *runner) set(f *event.Fact, name, value string) {
	for _, c := range facts.TextColumns() {
		if c.Name == name {
			*c.Of(f) = value
			return
		}
	}
	for _, c := range facts.IntColumns() {
		if c.Name == name {
			v, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				r.fatalf("%s: %v", name, err)
			}
			*c.Of(f) = v
			return
		}
	}
	r.fatalf("no column %s", name)
}

func (r *runner) eval(words []string) {
	q := report.Question{Workspace: "ws"}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		value = r.unquote(value)
		switch name {
		case "workspace":
			q.Workspace = value
		case "from":
			q.From = r.time(value)
		case "to":
			q.To = r.time(value)
		case "zone":
			q.TimeZone = value
		case "basis":
			q.Basis = value
		case "money":
			q.Money = value
		case "by":
			q.Dimensions = strings.Split(value, ",")
		case "show":
			q.Metrics = strings.Split(value, ",")
		case "where":
			parts := strings.SplitN(value, ":", 3)
			f := report.Filter{Dimension: parts[0], Op: parts[1]}
			if len(parts) == 3 {
				f.Values = strings.Split(parts[2], "|")
			}
			q.Filters = append(q.Filters, f)
		case "sort":
			for _, key := range strings.Split(value, ",") {
				q.Sort = append(q.Sort, report.Sort{By: strings.TrimPrefix(key, "-"), Desc: strings.HasPrefix(key, "-")})
			}
		case "limit":
			n, err := strconv.Atoi(value)
			if err != nil {
				r.fatalf("limit: %v", err)
			}
			q.Limit = n
		case "totals":
			q.Totals = true
		default:
			r.fatalf("unknown word %s", w)
		}
	}
	r.asked = r.line
	table, err := r.engine.Run(r.t.Context(), q)
	var bad *report.Error
	if errors.As(err, &bad) {
		r.have = append(r.have, fmt.Sprintf("fail %s %s", bad.Field, bad.Rule))
		return
	}
	if err != nil {
		r.fatalf("%v", err)
	}
	for _, row := range table.Rows {
		r.have = append(r.have, "| "+show(row))
	}
	for _, row := range table.Totals {
		r.have = append(r.have, "= "+show(row))
	}
	if table.More {
		r.have = append(r.have, "more")
	}
	for _, n := range table.Notes {
		r.have = append(r.have, "note "+n.Text)
	}
}

// show writes a row as scripts do.
func show(row []any) string {
	cells := make([]string, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			cells[i] = "-"
		case string:
			cells[i] = v
			if q := strconv.Quote(v); v == "" || strings.ContainsAny(v, " #") || q != `"`+v+`"` {
				cells[i] = q
			}
		default:
			cells[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(cells, " ")
}
