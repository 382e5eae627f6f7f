package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/catalog"
)

// offersPage is the list of offers.
type offersPage struct {
	Head    head
	Filters filters
	Bulk    *bulkBar // nil for those who may not write
	Result  *bulkReport
	Decide  *bulkDecide // the same bar for conversions in a portal
	Notes   []string    // what to know about the numbers
	Table   *table
}

// offerList is one request for the list: which workspaces, what is asked, and what came
// of it.
type offerList struct {
	*call
	in      []*catalog.Workspace
	all     bool // of several workspaces: rows say which
	q       catalog.Query
	numbers map[string]*stat // by offer, of all workspaces
	counted []*catalog.Offer // those with numbers that match the filter
	rows    []*catalog.Offer // of this page
	next    string           // URL of the next page

	advertisers map[string]string // names by id
}

// offers lists the offers with their numbers over all links.
func (c *call) offers() error { return c.showOffers(nil) }

// showOffers is the list, with what came of a change of several.
func (c *call) showOffers(done *bulkReport) error {
	l, spaces, err := c.askOffers()
	if err != nil {
		return err
	}
	err = l.find()
	if err != nil {
		return err
	}
	p := offersPage{Head: head{Title: "Offers"}, Result: done}
	p.Table, err = l.table()
	if err != nil {
		return err
	}
	p.Notes = sortedKeys(c.remarks)
	filtered := l.q.Search != "" || l.q.Archived != "" || len(l.q.Filter) > 0 || l.all
	if len(l.rows) > 0 || filtered || c.param("after") != "" {
		p.Filters, err = l.filters(spaces)
		if err != nil {
			return err
		}
	}
	if c.write() {
		p.Head.Actions = []action{{Label: "New offer", URL: c.plain("offers/new"), Icon: "plus", Kind: "primary"}}
		if len(l.rows) > 0 {
			p.Bulk, err = l.bulkBar()
			if err != nil {
				return err
			}
		}
	}
	p.Table.Empty = &empty{
		Sentence: "An offer is a destination that pays: a URL, how its conversions are tracked, and what they pay.",
		Action:   &link{Label: "New offer", URL: c.plain("offers/new")},
		API:      c.curl("offers", `{"name": "Spring shoes", "url": "https://shop.example/?ref={click_id}", "payout": "12.50"}`),
	}
	if filtered {
		p.Table.Empty = &empty{Sentence: "Nothing here matches the filter.", Action: &link{Label: "Show all", URL: c.at("offers")}}
	}
	return show(c, "offers", "Offers", p)
}

// offerStatuses are the statuses of the filter's chips.
var offerStatuses = []string{"active", "paused", "approved", "submitted", "draft"}

// allWorkspaces is the filter's value for every workspace the user holds.
const allWorkspaces = "all"

// askOffers reads the filter from the URL. spaces are all workspaces of the user.
func (c *call) askOffers() (l *offerList, spaces []*catalog.Workspace, err error) {
	l = &offerList{call: c, in: []*catalog.Workspace{c.ws}, numbers: map[string]*stat{}}
	spaces, err = c.workspaces()
	if err != nil {
		return nil, nil, err
	}
	switch asked := c.param("workspace"); asked {
	case "":
	case allWorkspaces:
		l.in, l.all = spaces, true
	default:
		i := slices.IndexFunc(spaces, func(w *catalog.Workspace) bool { return w.ID == asked })
		if i < 0 {
			return nil, nil, catalog.ErrNotFound
		}
		l.in, l.all = spaces[i:i+1], asked != c.ws.ID
	}
	l.q = catalog.Query{Kind: catalog.KindOffer, Search: c.param("q"), Filter: map[string]string{}}
	for _, name := range []string{"advertiser", "tag"} {
		if v := c.param(name); v != "" {
			l.q.Filter[name] = v
		}
	}
	switch status := c.param("status"); status {
	case "":
	case "archived":
		l.q.Archived = "only"
	default:
		l.q.Filter["status"] = status
	}
	return l, spaces, nil
}

// find fills numbers, counted, rows and next. Sorted by a number, the offers that have
// any come first, all of them in order; those without follow, newest first.
func (l *offerList) find() error {
	for _, ws := range l.in {
		ns, err := l.statsIn(ws.ID, "offer", l.span)
		if err != nil {
			return err
		}
		for id, n := range ns {
			if id != "" {
				l.numbers[id] = n
			}
		}
		for ids := range slices.Chunk(sortedKeys(ns), catalog.MaxLimit) {
			q := l.q
			q.IDs, q.Limit = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" }), catalog.MaxLimit
			if len(q.IDs) == 0 {
				continue // an empty list would mean all
			}
			rows, err := l.offersOf(ws.ID, q)
			if err != nil {
				return err
			}
			l.counted = append(l.counted, rows...)
		}
	}
	name, desc := l.sorting()
	after := l.param("after")
	if name == "" || !slices.Contains(offerSorts, name) {
		return l.tail(after, nil, pageSize)
	}
	first := l.currencies(l.numbers)[0]
	slices.SortFunc(l.counted, func(a, b *catalog.Offer) int {
		x := cmp.Compare(statKey(l.numbers[a.ID], name, first), statKey(l.numbers[b.ID], name, first))
		if desc {
			x = -x
		}
		return cmp.Or(x, -strings.Compare(a.ID, b.ID))
	})
	known := map[string]bool{}
	for _, o := range l.counted {
		known[o.ID] = true
	}
	if after != "" {
		return l.tail(after, known, pageSize)
	}
	from := min(atoi(l.param("from")), len(l.counted))
	l.rows = slices.Clone(l.counted[from:min(from+pageSize, len(l.counted))])
	if from+pageSize < len(l.counted) {
		l.next = l.same("from", itoa(from+pageSize))
		return nil
	}
	if room := pageSize - len(l.rows); room > 0 {
		return l.tail("", known, room)
	}
	rest, err := l.newest("", known, 1)
	if len(rest) > 0 {
		l.next = l.same("from", itoa(len(l.counted)))
	}
	return err
}

// tail adds up to n offers behind after, newest first, without those known.
func (l *offerList) tail(after string, known map[string]bool, n int) error {
	rows, err := l.newest(after, known, n+1)
	if err != nil {
		return err
	}
	if len(rows) > n {
		rows = rows[:n]
		l.next = l.same("after", rows[n-1].ID, "from", "")
	}
	l.rows = append(l.rows, rows...)
	return nil
}

// newest reads up to n matching offers behind after from all asked workspaces; ids are in
// order of creation everywhere.
func (l *offerList) newest(after string, known map[string]bool, n int) ([]*catalog.Offer, error) {
	var out []*catalog.Offer
	for _, ws := range l.in {
		q, found := l.q, 0
		q.After, q.Limit = after, max(n, pageSize)
		for found < n {
			rows, err := l.offersOf(ws.ID, q)
			if err != nil {
				return nil, err
			}
			for _, o := range rows {
				if !known[o.ID] {
					out = append(out, o)
					found++
				}
			}
			if len(rows) < q.Limit {
				break
			}
			q.After = rows[len(rows)-1].ID
		}
	}
	slices.SortFunc(out, func(a, b *catalog.Offer) int { return -strings.Compare(a.ID, b.ID) })
	return out[:min(n, len(out))], nil
}

func (l *offerList) offersOf(workspace string, q catalog.Query) ([]*catalog.Offer, error) {
	q.Workspace = workspace
	rows, err := l.Catalog.List(l.r.Context(), l.who, q)
	if err != nil {
		return nil, fmt.Errorf("list offers: %w", err)
	}
	out := make([]*catalog.Offer, 0, len(rows))
	for _, e := range rows {
		if o, ok := e.(*catalog.Offer); ok {
			out = append(out, o)
		}
	}
	return out, nil
}

// filters are the chips and selects above the list.
func (l *offerList) filters(spaces []*catalog.Workspace) (filters, error) {
	status := l.param("status")
	f := filters{Action: l.r.URL.Path, Keep: l.keep("q", "after", "from", "status", "advertiser", "tag", "workspace")}
	f.Chips = []chip{{Label: "All", URL: l.same("status", "", "after", "", "from", ""), Current: status == ""}}
	for _, s := range append(slices.Clone(offerStatuses), "archived") {
		f.Chips = append(f.Chips, chip{Label: label(s), URL: l.same("status", s, "after", "", "from", ""), Current: status == s})
	}
	if status != "" {
		f.Keep = append(f.Keep, hidden{"status", status})
	}
	if len(spaces) > 1 {
		choices := []choice{{Label: "This workspace"}, {Value: allWorkspaces, Label: "All workspaces"}}
		for _, ws := range spaces {
			if ws.ID != l.ws.ID {
				choices = append(choices, choice{Value: ws.ID, Label: ws.Name})
			}
		}
		f.Fields = append(f.Fields, field{Widget: "select", Name: "workspace", Label: "Workspace", Choices: selected(choices, l.param("workspace"))})
	}
	if !l.all {
		choices, err := l.choicesOf(catalog.KindAdvertiser, "All advertisers")
		if err != nil {
			return f, err
		}
		f.Fields = append(f.Fields, field{Widget: "select", Name: "advertiser", Label: "Advertiser", Choices: selected(choices, l.param("advertiser"))})
	}
	if tags := l.tags(); len(tags) > 0 {
		choices := []choice{{Label: "All tags"}}
		for _, t := range tags {
			choices = append(choices, choice{Value: t, Label: t})
		}
		f.Fields = append(f.Fields, field{Widget: "select", Name: "tag", Label: "Tag", Choices: selected(choices, l.param("tag"))})
	}
	f.Fields = append(f.Fields, field{Widget: "text", Name: "q", Label: "Name or id", Value: l.param("q")})
	return f, nil
}

// tags are those of the offers at hand: with numbers, or on this page; and the one that
// is chosen.
func (l *offerList) tags() []string {
	set := map[string]bool{}
	for _, o := range slices.Concat(l.counted, l.rows) {
		for _, t := range o.Tags {
			set[t] = true
		}
	}
	if t := l.param("tag"); t != "" {
		set[t] = true
	}
	return sortedKeys(set)
}
