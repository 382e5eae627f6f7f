package console

import (
	"net/url"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
)

// offerSorts are the columns the list can be sorted by.
var offerSorts = []string{"visits", "clicks", "conversions", "cr", "revenue", "commission", "profit", "epc"}

// table shows the rows with their numbers; its totals are of all that match, not only of
// this page.
func (l *offerList) table() (*table, error) {
	curs := l.currencies(l.numbers)
	marks, standing, spaces := l.marks(), map[string]cell{}, map[string]string{}
	for _, ws := range l.in {
		spaces[ws.ID] = ws.Name
	}
	for _, o := range l.rows {
		if len(o.Caps) > 0 {
			standing[o.ID] = l.capState(o)
		}
	}
	t := &table{Label: "Offers"}
	col := func(show bool, c column) bool {
		if show {
			t.Columns = append(t.Columns, c)
		}
		return show
	}
	pick := col(l.write() && len(l.rows) > 0, column{Class: "act", All: true})
	col(true, column{Label: "Offer", Class: "fill"})
	space := col(l.all, column{Label: "Workspace", Class: "cut opt"})
	col(true, column{Label: "Advertiser", Class: "wide roomy"})
	col(true, column{Label: "State", Class: "opt"})
	check := col(len(marks) > 0, column{Label: "Check", Class: "opt", Help: "What the diagnosis found; the offer's page says what to do."})
	capped := col(len(standing) > 0, column{Label: "Cap", Class: "opt", Help: "The fullest of its caps."})
	col(true, column{Label: "Payout", Class: "num wide"})
	lead := len(t.Columns)
	t.Columns = append(t.Columns, l.statColumns(curs, true)...)
	epc := column{Label: "EPC", Class: "num wide", Help: formulas["epc"]}
	t.Columns = append(t.Columns, l.sortColumn(epc, "epc", true))
	for i := range t.Columns {
		if t.Columns[i].SortURL != "" {
			t.Columns[i].SortURL = withoutPage(t.Columns[i].SortURL)
		}
	}
	for _, o := range l.rows {
		at := "/w/" + url.PathEscape(o.Workspace) + "/offers/" + url.PathEscape(o.ID)
		if q := l.span.query(); len(q) > 0 {
			at += "?" + q.Encode()
		}
		r := row{Href: at, Off: o.Archived}
		if pick {
			r.Cells = append(r.Cells, cell{Pick: o.Workspace + "/" + o.ID, Title: o.Name, Class: "act"})
		}
		title := o.Name
		if adv := l.advertiserOf(o); adv != "" {
			title += " · " + adv
		}
		if len(o.Tags) > 0 {
			title += " · " + strings.Join(o.Tags, ", ")
		}
		r.Cells = append(r.Cells, cell{Text: o.Name, Href: at, Class: "fill lead", Title: title})
		if space {
			r.Cells = append(r.Cells, cell{Text: spaces[o.Workspace], Class: "cut opt", Title: spaces[o.Workspace]})
		}
		r.Cells = append(r.Cells, textCell(l.advertiserOf(o)).with("wide roomy cut"), statusCell(o.Status, o.Archived).with("opt"))
		if check {
			r.Cells = append(r.Cells, markCell(marks[o.ID]))
		}
		if capped {
			r.Cells = append(r.Cells, standing[o.ID].with("opt"))
		}
		r.Cells = append(r.Cells, cell{Text: shortPayout(o), Class: "num wide", Title: payoutText(o.Terms, o.Currency)})
		r.Cells = append(r.Cells, l.numberCells(l.numbers[o.ID], curs)...)
		t.Rows = append(t.Rows, r)
	}
	if len(l.rows) > 1 || len(l.counted) > 1 {
		sum := &stat{}
		for _, o := range l.counted {
			sum.add(l.numbers[o.ID])
		}
		cells := make([]cell, lead)
		for i := range cells {
			cells[i].Class = t.Columns[i].Class
		}
		at := 0
		if pick {
			at = 1
		}
		cells[at] = cell{Text: "Total", Class: "lead " + t.Columns[at].Class}
		t.Totals = []row{{Cells: append(cells, l.numberCells(sum, curs)...)}}
	}
	if len(l.rows) > 0 {
		t.Count = plural(int64(len(l.rows)), "offer", "offers")
	}
	t.Next = l.next
	if l.param("after") != "" || l.param("from") != "" {
		t.First = l.same("after", "", "from", "")
	}
	return t, nil
}

func withoutPage(to string) string {
	u, err := url.Parse(to)
	if err != nil {
		return to
	}
	q := u.Query()
	q.Del("from")
	q.Del("after")
	u.RawQuery = q.Encode()
	return u.String()
}

// numberCells are the numbers of one offer under the columns of the list.
func (l *offerList) numberCells(s *stat, curs []string) []cell {
	return append(statCells(s, curs), epcCell(s, curs).with("wide"))
}

// epcCell is revenue per click with four decimals, as in the report.
func epcCell(s *stat, curs []string) cell {
	text := func(cur string) string {
		return perClick(s.in(cur).revenue, s.clicks, cur)
	}
	switch {
	case s == nil || s.clicks == 0:
		return cell{Text: undefined, Class: "num", Tone: "zero"}
	case len(curs) == 1:
		out := cell{Text: text(curs[0]), Class: "num"}
		if s.in(curs[0]).revenue == 0 {
			out.Tone = "zero"
		}
		return out
	}
	out := cell{Class: "num"}
	for _, cur := range curs {
		if _, ok := s.money[cur]; ok {
			out.Lines = append(out.Lines, amountLine{Text: text(cur), Unit: cur})
		}
	}
	if out.Lines == nil {
		out.Lines = []amountLine{{Text: "0", Tone: "zero"}}
	}
	return out
}

// advertiserOf names the offer's advertiser, which is looked up once for all rows of a
// workspace.
func (l *offerList) advertiserOf(o *catalog.Offer) string {
	if o.Advertiser == "" {
		return ""
	}
	if l.advertisers == nil {
		l.advertisers = map[string]string{}
		of := map[string][]string{}
		for _, r := range l.rows {
			if r.Advertiser != "" {
				of[r.Workspace] = append(of[r.Workspace], r.Advertiser)
			}
		}
		for ws, ids := range of {
			for id, name := range l.Catalog.Names(l.r.Context(), ws, string(catalog.KindAdvertiser), ids) {
				l.advertisers[id] = name
			}
		}
	}
	return orElse(l.advertisers[o.Advertiser], o.Advertiser)
}

// capState is the fullest cap of an offer in a word; its limits, where nobody knows more.
func (l *offerList) capState(o *catalog.Offer) cell {
	standing := l.capsOf(o)
	if len(standing) == 0 {
		return cell{Text: plural(int64(len(o.Caps)), "cap", "caps"), Tone: "muted"}
	}
	worst := standing[0]
	for _, s := range standing[1:] {
		if s.Percent > worst.Percent {
			worst = s
		}
	}
	out := capCell(worst)
	out.Title = l.capText(worst.Cap) + ": " + count(worst.Used) + " of " + count(worst.Cap.Limit)
	if out.Word == "open" || out.Word == "warning" {
		out.Word = count(worst.Percent) + thin + "%"
	}
	return out
}

// marks asks which of the page's offers something is wrong with. That nobody can say so
// does not keep the list away.
func (l *offerList) marks() map[string]diagnosis.Mark {
	if l.Marks == nil {
		return nil
	}
	of := map[string][]string{}
	for _, o := range l.rows {
		of[o.Workspace] = append(of[o.Workspace], o.ID)
	}
	out := map[string]diagnosis.Mark{}
	for _, ws := range sortedKeys(of) {
		found, err := l.Marks.Summary(l.r.Context(), l.who, ws, of[ws])
		if err != nil {
			l.Logger.Warn("marks of offers", "request", l.id, "error", err)
		}
		for id, m := range found {
			if m.Findings > 0 {
				out[id] = m
			}
		}
	}
	return out
}

// markTones colour what the diagnosis found.
var markTones = map[diagnosis.Severity]string{diagnosis.Bad: "bad", diagnosis.Warn: "warn"}

func markCell(m diagnosis.Mark) cell {
	if m.Findings == 0 {
		return cell{Text: undefined, Tone: "zero", Class: "opt"}
	}
	return cell{Word: plural(int64(m.Findings), "finding", "findings"), Tone: orElse(markTones[m.Severity], "off"), Title: m.Title, Class: "opt"}
}

// shortPayout is [payoutText] for a column.
func shortPayout(o *catalog.Offer) string {
	if o.PayoutKind == catalog.PayoutPostback {
		return "auto " + o.Currency
	}
	if o.PayoutKind == catalog.PayoutFixed && len(o.GeoPayouts) > 0 {
		return "from " + withCurrency(lowest(o), o.Currency)
	}
	return payoutText(o.Terms, o.Currency)
}

func lowest(o *catalog.Offer) int64 {
	least := o.Payout
	for _, g := range o.GeoPayouts {
		least = min(least, g.Payout)
	}
	return least
}
