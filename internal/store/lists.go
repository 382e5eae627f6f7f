package store

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a page.
const (
	defaultPage = 100
	longestPage = 1000
)

// pageSize bounds what a caller asked for.
func pageSize(n int) int64 {
	if n <= 0 {
		return defaultPage
	}
	return int64(min(n, longestPage))
}

// batchSize bounds internal batches, which may be longer than pages.
func batchSize(n int) int64 {
	if n <= 0 {
		return longestPage
	}
	return int64(n)
}

// list builds the query of one page: rows of one table, newest first but for oldest, by optional
// filters. Columns come from the table's row struct and a name that is none of them
// panics; values are always parameters. Both engines run the same text.
type list struct {
	table   string
	columns []string
	where   []string
	args    []any
	oldest  bool // the oldest first
}

func newList[R any](table string) *list {
	return &list{table: table, columns: columnsOf[R]()}
}

func (l *list) column(name string) string {
	if !slices.Contains(l.columns, name) {
		panic("store: table " + l.table + " has no column " + strconv.Quote(name))
	}
	return name
}

// param adds a parameter and gives its placeholder.
func (l *list) param(v any) string {
	l.args = append(l.args, v)
	return "?" + strconv.Itoa(len(l.args))
}

// equal keeps rows whose column has the value.
func (l *list) equal(column string, v any) *list {
	l.where = append(l.where, l.column(column)+" = "+l.param(v))
	return l
}

// given is equal, but for "", which means any. It says once more that the column is
// not empty, which opens the partial indexes that leave empty values out.
func (l *list) given(column, v string) *list {
	if v == "" {
		return l
	}
	l.where = append(l.where, l.column(column)+" <> ''")
	return l.equal(column, v)
}

// oneOf keeps rows whose column has one of the values.
func (l *list) oneOf(column string, values []string) *list {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = l.param(v)
	}
	l.where = append(l.where, l.column(column)+" IN ("+strings.Join(marks, ", ")+")")
	return l
}

// contains keeps rows whose column, which holds lower case, has the text as a part.
func (l *list) contains(column, text string) *list {
	if text == "" {
		return l
	}
	pattern := "%" + likeEscaper.Replace(strings.ToLower(text)) + "%"
	l.where = append(l.where, l.column(column)+" LIKE "+l.param(pattern)+` ESCAPE '\'`)
	return l
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// element keeps rows whose column, a JSON array of texts, has the text as an element.
// Engines look into JSON differently, so the condition comes from the engine; it has one
// %s for the column and one for the parameter, in this order.
func (l *list) element(column, text, condition string) *list {
	l.where = append(l.where, fmt.Sprintf(condition, l.column(column), l.param(text)))
	return l
}

// before keeps rows behind the last one of the page before.
func (l *list) before(id string) *list {
	if id == "" {
		return l
	}
	l.where = append(l.where, l.column("id")+" < "+l.param(id))
	return l
}

// query gives the text; it adds the limit's parameter, so it is called once.
func (l *list) query(limit int64) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	b.WriteString(strings.Join(l.columns, ", "))
	b.WriteString(" FROM ")
	b.WriteString(l.table)
	if len(l.where) > 0 {
		b.WriteString(" WHERE ")
		b.WriteString(strings.Join(l.where, " AND "))
	}
	order := " DESC"
	if l.oldest {
		order = ""
	}
	b.WriteString(" ORDER BY id" + order + " LIMIT ")
	b.WriteString(l.param(limit))
	return b.String()
}
