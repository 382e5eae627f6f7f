package console

import (
	"fmt"
	"sort"

	"clickledger/internal/catalog"
)

// listPage is a page that is one table: head, filters, figures above, rows.
type listPage struct {
	Head    head
	Filters filters
	Above   []figure
	Table   *table
}

// head is a page's head: title, state, actions.
type head struct {
	Crumb   *link
	Title   string
	State   *state
	Note    string
	Actions []action
}

// action is a button of a page head; Post actions are forms.
type action struct {
	Label    string
	URL      string
	Icon     string
	Kind     string // primary, danger, quiet
	Post     bool
	Download bool
	Fields   []hidden
}

// filters are the chips and inputs above a table; they are GET parameters.
type filters struct {
	Chips  []chip
	Action string
	Keep   []hidden
	Fields []field
}

// panelsPage is a page of sections under one head.
type panelsPage struct {
	Head    head
	Secret  *copyField // shown once
	Figures []figure
	Notes   []string // what to know about the figures
	Filters filters
	Panels  []panel
}

// panel is one section of a page.
type panel struct {
	ID      string
	Title   string
	Note    string
	More    *link
	Figures []figure
	Pairs   []pair
	Copies  []copyField
	Table   *table
	Form    *form
	Notes   []string

	Confirm  *confirmView
	Tracking *trackingView
	Guides   []catalog.Guide
	Deep     *deepView
	QR       *qrView
	Picture  *picture
	Pick     *pickForm
}

// pageSize is how many rows a page of a list has; catalogWhole is how many rows of
// the catalog are read at once, so that a list can be sorted by its numbers.
const (
	pageSize     = 100
	catalogWhole = 500
)

// list reads rows of the catalog of one type.
func list[E catalog.Entity](c *call, q catalog.Query) ([]E, error) {
	q.Workspace = c.ws.ID
	if q.Limit == 0 {
		q.Limit = catalogWhole
	}
	rows, err := c.Catalog.List(c.r.Context(), c.who, q)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", q.Kind, err)
	}
	out := make([]E, 0, len(rows))
	for _, r := range rows {
		if e, ok := r.(E); ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// get reads one row of the catalog of one type.
func get[E catalog.Entity](c *call, kind catalog.Kind, id string) (E, error) {
	var none E
	r, err := c.Catalog.Get(c.r.Context(), c.who, kind, c.ws.ID, id)
	if err != nil {
		return none, err
	}
	e, ok := r.(E)
	if !ok {
		return none, catalog.ErrNotFound
	}
	return e, nil
}

// names resolves ids to names; an id without a name stays itself.
func (c *call) names(kind catalog.Kind, ids ...string) map[string]string {
	var want []string
	seen := map[string]bool{"": true}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			want = append(want, id)
		}
	}
	if len(want) == 0 {
		return map[string]string{}
	}
	names := c.Catalog.Names(c.r.Context(), c.ws.ID, string(kind), want)
	if names == nil {
		names = map[string]string{}
	}
	for _, id := range want {
		if names[id] == "" {
			names[id] = id
		}
	}
	return names
}

// nameOf resolves one id; "" stays "".
func (c *call) nameOf(kind catalog.Kind, id string) string {
	if id == "" {
		return ""
	}
	return c.names(kind, id)[id]
}

// catalogPage is the common part of the lists of the catalog: chips for the status,
// a search, archived rows on demand, numbers beside each row, sorting when the list
// is whole.
type catalogPage[E catalog.Entity] struct {
	kind     catalog.Kind
	path     string // of the page, and of its rows
	title    string
	search   string // the search field's label
	statuses []string
	newLabel string
	newPath  string
	stat     string // the dimension of the numbers, "" = none
	uniques  bool   // a column of uniques among them
	columns  []column
	cells    func(E) []cell
	empty    empty
	href     func(E) string
	more     []field // further filters
	actions  []action
	filter   map[string]string
}

// render answers the list.
func (p catalogPage[E]) render(c *call) error {
	q := catalog.Query{Kind: p.kind, Search: c.param("q"), After: c.param("after"), Limit: catalogWhole + 1, Filter: map[string]string{}}
	for k, v := range p.filter {
		if v != "" {
			q.Filter[k] = v
		}
	}
	status := c.param("status")
	switch {
	case status == "archived":
		q.Archived = "only"
	case status != "":
		q.Filter["status"] = status
	}
	rows, err := list[E](c, q)
	if err != nil {
		return err
	}
	more := len(rows) > catalogWhole
	if more {
		rows = rows[:catalogWhole]
	}
	whole := !more && q.After == ""
	t := &table{Label: p.title, Columns: p.columns}
	var numbers map[string]*stat
	var curs []string
	if p.stat != "" {
		numbers, err = c.stats(p.stat, c.span)
		if err != nil {
			return err
		}
		curs = c.currencies(numbers)
		cols := c.statColumns(curs, whole)
		if p.uniques {
			cols = withUniques(cols, c.uniqueColumn(whole))
			cols[commissionAt].Class = "num wide" // the uniques take its place
		}
		t.Columns = append(append([]column(nil), p.columns...), cols...)
	}
	if whole {
		p.sort(c, rows, numbers)
	}
	for _, e := range rows {
		r := row{Href: p.href(e), Off: e.Base().Archived, Cells: p.cells(e)}
		if p.stat != "" {
			r.Cells = append(r.Cells, p.numbers(numbers[e.Base().ID], curs)...)
		}
		t.Rows = append(t.Rows, r)
	}
	filtered := q.Search != "" || status != "" || len(q.Filter) > 0 || q.After != ""
	p.finish(c, t, rows, numbers, curs, more, filtered)
	page := listPage{Head: head{Title: p.title}, Table: t}
	if len(rows) > 0 || filtered {
		page.Filters = p.filters(c, status) // there is nothing to filter in an empty house
	}
	page.Head.Actions = p.actions
	if c.write() && p.newLabel != "" {
		page.Head.Actions = append(page.Head.Actions, action{Label: p.newLabel, URL: c.plain(p.newPath), Icon: "plus", Kind: "primary"})
	}
	return show(c, "list", p.title, page)
}

// numbers are the cells of one row's numbers.
func (p catalogPage[E]) numbers(s *stat, curs []string) []cell {
	cells := statCells(s, curs)
	if p.uniques {
		cells = withUniques(cells, uniqueCell(s))
		cells[commissionAt].Class = "num wide"
	}
	return cells
}

// finish adds totals, the count, paging and what stands in an empty table.
func (p catalogPage[E]) finish(c *call, t *table, rows []E, numbers map[string]*stat, curs []string, more, filtered bool) {
	if p.stat != "" && len(rows) > 1 {
		sum := &stat{}
		for _, e := range rows {
			if s := numbers[e.Base().ID]; s != nil {
				sum.add(s)
			}
		}
		lead := make([]cell, len(p.columns))
		for i := range lead {
			lead[i].Class = p.columns[i].Class
		}
		lead[0] = cell{Text: "Total", Class: "lead " + p.columns[0].Class}
		t.Totals = []row{{Cells: append(lead, p.numbers(sum, curs)...)}}
	}
	if len(rows) > 0 {
		t.Count = plural(int64(len(rows)), "row", "rows")
	}
	if more {
		t.Next = c.same("after", rows[len(rows)-1].Base().ID, "sort", "")
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	if filtered {
		t.Empty = &empty{Sentence: "Nothing here matches the filter.", Action: &link{Label: "Show all", URL: c.at(p.path)}}
		return
	}
	e := p.empty
	if !c.write() {
		e.Action = nil
	}
	t.Empty = &e
}

func (p catalogPage[E]) filters(c *call, status string) filters {
	f := filters{Action: c.r.URL.Path}
	if len(p.statuses) > 0 {
		f.Chips = append(f.Chips, chip{Label: "All", URL: c.same("status", "", "after", ""), Current: status == ""})
		for _, s := range append(append([]string(nil), p.statuses...), "archived") {
			f.Chips = append(f.Chips, chip{Label: label(s), URL: c.same("status", s, "after", ""), Current: status == s})
		}
	}
	f.Fields = append(append([]field(nil), p.more...), field{Widget: "text", Name: "q", Label: p.search, Value: c.param("q")})
	f.Keep = c.keep("q", "after", "status")
	if status != "" {
		f.Keep = append(f.Keep, hidden{"status", status})
	}
	for _, m := range p.more {
		f.Keep = dropHidden(f.Keep, m.Name)
	}
	return f
}

// sort orders the rows by the URL's sort; by name where there are no such numbers.
func (p catalogPage[E]) sort(c *call, rows []E, numbers map[string]*stat) {
	name, desc := c.sorting()
	if name == "" || numbers == nil {
		return
	}
	cur := c.currencies(numbers)[0]
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := statKey(numbers[rows[i].Base().ID], name, cur), statKey(numbers[rows[j].Base().ID], name, cur)
		if desc {
			return a > b
		}
		return a < b
	})
}

// keep is the present query as hidden inputs, without the named parameters: what a
// GET form carries along.
func (c *call) keep(without ...string) []hidden {
	drop := map[string]bool{}
	for _, w := range without {
		drop[w] = true
	}
	q := c.r.URL.Query()
	var out []hidden
	for _, name := range sortedKeys(q) {
		if drop[name] {
			continue
		}
		for _, v := range q[name] {
			out = append(out, hidden{name, v})
		}
	}
	return out
}

func dropHidden(in []hidden, name string) []hidden {
	out := in[:0]
	for _, h := range in {
		if h.Name != name {
			out = append(out, h)
		}
	}
	return out
}

// toneOf colours a status word.
func toneOf(status string) string {
	switch status {
	case "active", "approved", "sent", "paid", "locked", "accepted", "updated":
		return "good"
	case "paused", "pending", "applied", "waiting", "hold", "held", "pending_click", "received":
		return "warn"
	case "banned", "rejected", "revoked", "reversed", "dead":
		return "bad"
	}
	return "off"
}

// statusCell is a state as a small word.
func statusCell(status string, archived bool) cell {
	if archived {
		return cell{Word: "archived", Tone: "off"}
	}
	return cell{Word: status, Tone: toneOf(status)}
}

func stateOf(status string, archived bool) *state {
	if archived {
		return &state{Word: "archived", Tone: "off", Help: "Archived: kept with its history, and no longer used."}
	}
	if status == "" {
		return nil
	}
	return &state{Word: status, Tone: toneOf(status)}
}
