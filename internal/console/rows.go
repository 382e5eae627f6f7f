package console

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
)

// A list of structs in a catalog.Doc is edited as a table. Row n of the field caps is
// posted as caps.n.limit and so on, and refused cells come back as caps[n].limit. The
// numbers only say the order: rows left blank are dropped before anything counts them,
// so that the blank ones a page offers to browsers without scripts do no harm.

// maxRows bounds how many rows of one list are read, whatever is posted. The catalog
// allows fewer.
const maxRows = 1000

// rowsSpec says how a list of rows is shown.
type rowsSpec struct {
	columns []colSpec
	add     string     // label of the button
	lead    []leadCell // a row that is always there, to be read only
	paste   string     // help of the box to paste many rows into, "" = none
}

// colSpec is one column: a field of the row by its JSON name.
type colSpec struct {
	name, label string
	example     string
	unit        string
	mode        string
	list        string
	class       string // grow, num, code
	choices     []choice
}

// rowsView is the table as the template places it.
type rowsView struct {
	Name    string
	Max     string
	Add     string
	Columns []column
	Lead    []leadCell
	Lines   []rowLine
	Paste   *field
	Set     *field // the parameter of the pasted ones
}

// leadCell is a cell of the fixed row; Mirror is the field whose value it repeats.
type leadCell struct{ Text, Mirror string }

// rowLine is one row; Spare ones are blank, for browsers without scripts.
type rowLine struct {
	Spare bool
	Cells []field
}

// problems lists the refused cells, and marks them as shown.
func (v *rowsView) problems(of string, shown map[string]bool) []problem {
	if v == nil {
		return nil
	}
	var out []problem
	for i, line := range v.Lines {
		for _, cell := range line.Cells {
			if cell.Error == "" {
				continue
			}
			out = append(out, problem{cell.ID, of + ", row " + itoa(i+1) + ", " + strings.ToLower(cell.Label), cell.Error, cell.ErrorCode})
			if shown != nil {
				shown[cellError(v.Name, i, cell.Name[strings.LastIndexByte(cell.Name, '.')+1:])] = true
			}
		}
	}
	return out
}

// isRows reports whether a field is a list of structs.
func isRows(v reflect.Value) bool {
	return v.IsValid() && v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct
}

// rowText is a row as it was typed: its cells by JSON name.
type rowText map[string]string

func cellError(list string, i int, field string) string {
	return list + "[" + itoa(i) + "]." + field
}

// rowFields are the JSON names of a row's fields with their tags, in order.
func rowFields(t reflect.Type) []reflect.StructField {
	out := make([]reflect.StructField, 0, t.NumField())
	for i := range t.NumField() {
		out = append(out, t.Field(i))
	}
	return out
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// rowsPosted reports whether a form had the list in it at all. Tables post their name
// on its own, so that a list without rows is known from one that was not asked for.
func rowsPosted(name string, posted url.Values) bool {
	if posted.Has(name) {
		return true
	}
	for key := range posted {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// postedRows are the rows typed under the name, in order, then those pasted; fit is
// false when there are too many of the latter, of which none is taken then. Rows in
// which nothing was typed are left out; selects always say something and do not count.
func postedRows(name string, t reflect.Type, posted url.Values) (rows []rowText, fit bool) {
	byNo := map[int]rowText{}
	var order []int
	for key := range posted {
		rest, ok := strings.CutPrefix(key, name+".")
		if !ok {
			continue
		}
		no, field, ok := strings.Cut(rest, ".")
		n, err := strconv.Atoi(no)
		if !ok || err != nil || n < 0 {
			continue
		}
		if byNo[n] == nil {
			byNo[n] = rowText{}
			order = append(order, n)
		}
		byNo[n][field] = strings.TrimSpace(posted.Get(key))
	}
	slices.Sort(order)
	var out []rowText
	for _, n := range order {
		if len(out) == maxRows {
			break
		}
		if !blank(byNo[n], t) {
			out = append(out, byNo[n])
		}
	}
	pasted := pastedRows(name, t, posted)
	if len(out)+len(pasted) > maxRows {
		return out, false
	}
	return append(out, pasted...), true
}

func blank(row rowText, t reflect.Type) bool {
	for _, f := range rowFields(t) {
		if _, listed := f.Tag.Lookup("enum"); !listed && f.Type.Kind() != reflect.Bool && row[jsonName(f)] != "" {
			return false
		}
	}
	return true
}

// pasteField is the box for many rows of a list at once.
func pasteField(name string) string { return name + "_paste" }

// pastedRows reads keywords, one a line: the value, then behind | or a tab its weight.
func pastedRows(name string, t reflect.Type, posted url.Values) []rowText {
	if t != reflect.TypeFor[catalog.KeywordDoc]() {
		return nil
	}
	param := strings.TrimSpace(posted.Get(pasteField(name) + "_param"))
	var out []rowText
	for line := range strings.Lines(posted.Get(pasteField(name))) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		row := rowText{"param": param, "value": line}
		if i := strings.LastIndexAny(line, "|\t"); i > 0 {
			row["value"], row["weight"] = strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:])
		}
		out = append(out, row)
	}
	return out
}

// readRows writes typed rows into the list.
func readRows(list reflect.Value, name string, posted url.Values, errs map[string]string) {
	t := list.Type().Elem()
	rows, fit := postedRows(name, t, posted)
	if !fit {
		errs[name] = withCode("There is no room for as many rows as were pasted.", "too_many")
	}
	out := reflect.MakeSlice(list.Type(), len(rows), len(rows))
	for i, row := range rows {
		out.Index(i).Set(rowDefault(t))
		for j, f := range rowFields(t) {
			cell := jsonName(f)
			text, typed := row[cell]
			if !typed {
				continue
			}
			switch to := out.Index(i).Field(j); to.Kind() {
			case reflect.String:
				to.SetString(text)
			case reflect.Bool:
				to.SetBool(text == "true")
			case reflect.Slice:
				to.Set(reflect.ValueOf(cellItems(text)))
			case reflect.Int64:
				n, err := strconv.ParseInt(text, 10, 64)
				switch {
				case err == nil:
					to.SetInt(n)
				case text != "":
					to.SetInt(noNumber)
					errs[cellError(name, i, cell)] = withCode("This must be a whole number.", "type")
				case f.Tag.Get("required") == "true": // not 0: a cap of 0 pauses the offer
					to.SetInt(noNumber)
					errs[cellError(name, i, cell)] = withCode("This must not be empty.", "required")
				}
			}
		}
	}
	list.Set(out)
}

// cellItems splits a list in a cell, as cellText joins it.
func cellItems(text string) []string {
	out := []string{}
	for item := range strings.SplitSeq(text, "|") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// cellText is a row's field as its input shows it.
func cellText(v reflect.Value) string {
	if v.Kind() == reflect.Slice {
		return strings.ReplaceAll(docText(v), "\n", " | ")
	}
	return docText(v)
}

// rowDefault is a row in which nothing was said; see catalog.NewDoc.
func rowDefault(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[catalog.KeywordDoc]():
		return reflect.ValueOf(catalog.KeywordDoc{Weight: 1})
	case reflect.TypeFor[catalog.CapDoc]():
		return reflect.ValueOf(catalog.CapDoc{Event: catalog.CapConversions, Period: catalog.CapDaily})
	case reflect.TypeFor[catalog.QuestionDoc]():
		return reflect.ValueOf(catalog.QuestionDoc{Kind: catalog.QuestionText})
	}
	return reflect.Zero(t)
}

// storedRows are the rows of a document as text.
func storedRows(list reflect.Value) []rowText {
	out := make([]rowText, list.Len())
	for i := range out {
		out[i] = rowText{}
		for j, f := range rowFields(list.Type().Elem()) {
			out[i][jsonName(f)] = cellText(list.Index(i).Field(j))
		}
	}
	return out
}

// rowsOf is the table of a list: what was typed, or else what is stored, and then a few
// blank rows.
func rowsOf(spec fieldSpec, list reflect.Value, posted url.Values, errs map[string]string) *rowsView {
	t := list.Type().Elem()
	s := spec.table
	if s == nil {
		s = plainRows(t)
	}
	v := &rowsView{Name: spec.name, Max: docMax(t), Add: s.add, Lead: s.lead}
	for _, c := range s.columns {
		v.Columns = append(v.Columns, column{Label: c.label, Class: c.class})
	}
	rows, fit := storedRows(list), true
	if rowsPosted(spec.name, posted) {
		rows, fit = postedRows(spec.name, t, posted)
	}
	for i := range len(rows) + 2 {
		line := rowLine{Spare: i >= len(rows)}
		for _, c := range s.columns {
			cell := field{
				ID: "f-" + strings.ReplaceAll(spec.name, "_", "-") + "-" + itoa(i) + "-" + c.name, Name: spec.name + "." + itoa(i) + "." + c.name,
				Label: c.label, Widget: "text", Example: c.example, Unit: c.unit, Mode: c.mode, List: c.list, Width: c.class,
			}
			value := cellText(cellOf(rowDefault(t), c.name))
			if !line.Spare {
				value = rows[i][c.name]
				cell.Error, cell.ErrorCode = cutCode(errs[cellError(spec.name, i, c.name)])
			}
			cell.Value = value
			if c.choices != nil {
				cell.Widget, cell.Choices = "select", selected(c.choices, value)
			} else if line.Spare {
				cell.Value = "" // the default is the placeholder: a row is blank as long as nothing was typed
			}
			line.Cells = append(line.Cells, cell)
		}
		v.Lines = append(v.Lines, line)
	}
	if s.paste != "" {
		left := "" // what was taken stands in the rows
		if !fit {
			left = posted.Get(pasteField(spec.name))
		}
		v.Paste = &field{ID: "f-" + spec.name + "-paste", Name: pasteField(spec.name), Value: left, Help: s.paste}
		v.Set = &field{ID: "f-" + spec.name + "-paste-param", Name: pasteField(spec.name) + "_param"}
	}
	return v
}

func cellOf(row reflect.Value, name string) reflect.Value {
	for i, f := range rowFields(row.Type()) {
		if jsonName(f) == name {
			return row.Field(i)
		}
	}
	return reflect.Value{}
}

// plainRows is the table of a list nobody described: a column for each field.
func plainRows(t reflect.Type) *rowsSpec {
	s := &rowsSpec{add: "Add"}
	for _, f := range rowFields(t) {
		s.columns = append(s.columns, colSpec{name: jsonName(f), label: label(jsonName(f)), example: f.Tag.Get("example")})
	}
	return s
}

// docMax is how many rows of a type the catalog takes, from the tag of its list.
func docMax(row reflect.Type) string {
	for _, d := range []any{catalog.OfferDoc{}, catalog.GoalDoc{}} {
		t := reflect.TypeOf(d)
		for i := range t.NumField() {
			if f := t.Field(i); f.Type.Kind() == reflect.Slice && f.Type.Elem() == row {
				return f.Tag.Get("maxItems")
			}
		}
	}
	return itoa(maxRows)
}
