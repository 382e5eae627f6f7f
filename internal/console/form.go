package console

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// noHelp leaves out the help of a field that needs none here.
const noHelp = "-"

// fieldSpec says how a field of a catalog.Doc is shown; what it says nothing about
// follows from the field's Go type and its doc tag.
type fieldSpec struct {
	name     string // JSON name
	label    string
	widget   string // "" follows from the type
	typ      string // input type
	help     string // "" is the doc tag
	example  string
	unit     string
	mode     string // inputmode
	width    string // w2, w3: a third, a half
	when     string // "other=value,value": shown only then (with a script); * is any value, # any row
	list     string // a datalist
	text     string // of a fixed field: what is shown for its value
	optional bool
	code     bool
	live     bool // it is remarked upon while typing; see call.notes
	rows     int
	choices  []choice
	tokens   *macro.Table // tokens to choose from
	table    *rowsSpec    // for lists of rows
}

// sectionSpec is a group of fields; More is folded until asked for.
type sectionSpec struct {
	id     string // anchor
	short  string // its name in the list of anchors; "" = the title
	title  string
	intro  string
	hint   string // what is folded away
	more   bool
	fields []fieldSpec
}

// docFields indexes a document's fields by JSON name, embedded structs included.
func docFields(d any) (map[string]reflect.Value, map[string]string, []string) {
	values, docs := map[string]reflect.Value{}, map[string]string{}
	var order []string
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		t := v.Type()
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				walk(v.Field(i))
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" || !f.IsExported() {
				continue
			}
			values[name], docs[name] = v.Field(i), f.Tag.Get("doc")
			order = append(order, name)
		}
	}
	v := reflect.ValueOf(d)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		walk(v)
	}
	return values, docs, order
}

// noNumber stands in a document for what was typed and is none. The catalog refuses it
// wherever it is, so that everything else that is wrong can be found with it.
const noNumber = -1

// onlyNumbers reports whether nothing worse was found in reading a form than numbers that
// are none: the document is then sure to be refused.
func onlyNumbers(errs map[string]string) bool {
	for _, e := range errs {
		if _, code := cutCode(e); code != "type" && code != "required" {
			return false
		}
	}
	return true
}

// readDoc writes posted values into the document. What cannot be read is returned by
// field; everything else is validated by the catalog.
func readDoc(d any, posted url.Values) map[string]string {
	errs := map[string]string{}
	values, _, order := docFields(d)
	for _, name := range order {
		v := values[name]
		if !v.CanSet() || !posted.Has(name) && !(isRows(v) && rowsPosted(name, posted)) {
			continue
		}
		text := strings.TrimSpace(posted.Get(name))
		switch v.Kind() {
		case reflect.String:
			v.SetString(strings.ReplaceAll(text, "\r\n", "\n"))
		case reflect.Bool:
			v.SetBool(text == "true")
		case reflect.Int64, reflect.Int:
			if text == "" {
				v.SetInt(0)
				break
			}
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				n, errs[name] = noNumber, withCode("This must be a whole number.", "type")
			}
			v.SetInt(n)
		case reflect.Slice:
			switch v.Type().Elem().Kind() {
			case reflect.String:
				if name == presetField.name { // an item's place is its name: empty ones stay
					v.Set(reflect.ValueOf(slices.Clone(posted[name])))
					break
				}
				v.Set(reflect.ValueOf(items(name, strings.Join(posted[name], "\n"))).Convert(v.Type()))
			case reflect.Struct:
				readRows(v, name, posted, errs)
			}
		case reflect.Pointer:
			setPointer(v, text, name, errs)
		}
	}
	return errs
}

func setPointer(v reflect.Value, text, name string, errs map[string]string) {
	switch v.Type().Elem().Kind() {
	case reflect.String:
		v.Set(reflect.ValueOf(&text).Convert(v.Type()))
	case reflect.Bool:
		b := text == "true"
		v.Set(reflect.ValueOf(&b).Convert(v.Type()))
	case reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil && text != "" {
			errs[name] = withCode("This must be a whole number.", "type")
			return
		}
		v.Set(reflect.ValueOf(&n).Convert(v.Type()))
	}
}

// items splits a typed list. Tags and what shops call things may have spaces in them.
func items(name, s string) []string {
	if !slices.Contains([]string{"tags", "products", "categories", "commission_ids"}, name) {
		return lines(s)
	}
	out := []string{}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == ',' }) {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// lines splits a list typed with one item a line, or with commas or spaces.
func lines(s string) []string {
	out := []string{}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == ',' || r == ' ' || r == '\t' || r == '\r' }) {
		out = append(out, f)
	}
	return out
}

// docText is a field's present value as an input shows it.
func docText(v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int64, reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Slice:
		items := make([]string, 0, v.Len())
		for i := range v.Len() {
			items = append(items, docText(v.Index(i)))
		}
		return strings.Join(items, "\n")
	}
	return ""
}

// docForm renders the form of a document. posted, when not nil, is what was typed and
// wins over the document; errs are by JSON name. A field of the document that the
// sections do not name comes at the end under More, so that none is ever lost.
func docForm(d any, sections []sectionSpec, skip []string, posted url.Values, errs map[string]string) form {
	values, docs, order := docFields(d)
	seen := map[string]bool{}
	for _, s := range skip {
		seen[s] = true
	}
	var f form
	for _, sec := range sections {
		out := section{ID: sec.id, Title: sec.title, Intro: sec.intro, Hint: sec.hint, More: sec.more}
		for _, spec := range sec.fields {
			v, ok := values[spec.name]
			if !ok || seen[spec.name] && spec.widget != "fixed" {
				continue
			}
			seen[spec.name] = true
			fl := docField(spec, v, docs[spec.name], posted, errs)
			fl.Quiet = fl.Label == sec.title && fl.Width == "" && !fl.Optional
			out.Open = out.Open || fl.wrong()
			out.Fields = append(out.Fields, fl)
		}
		if len(out.Fields) > 0 {
			f.Sections = append(f.Sections, out)
			if out.ID != "" {
				f.Anchors = append(f.Anchors, link{Label: orElse(sec.short, out.Title), URL: "#" + out.ID})
			}
		}
	}
	rest := section{More: true}
	for _, name := range order {
		if !seen[name] {
			fl := docField(fieldSpec{name: name, optional: true}, values[name], docs[name], posted, errs)
			rest.Open = rest.Open || fl.wrong()
			rest.Fields = append(rest.Fields, fl)
		}
	}
	if len(rest.Fields) > 0 {
		f.Sections = append(f.Sections, rest)
	}
	f.Errors = summary(f.Sections, errs)
	if len(f.Errors) > 0 {
		f.Problem = "Nothing was saved yet: " + plural(int64(len(f.Errors)), "field needs", "fields need") + " attention."
		if errs[""] != "" {
			f.Problem = "Nothing was saved yet."
		}
	}
	return f
}

// summary lists the errors in the order of the fields; those of fields that are not
// on the page come last, so that none is silent.
func summary(sections []section, errs map[string]string) []problem {
	var out []problem
	shown := map[string]bool{}
	for _, s := range sections {
		for _, fl := range s.Fields {
			if fl.Error != "" {
				out = append(out, problem{fl.ID, fl.Label, fl.Error, fl.ErrorCode})
				shown[fl.Name] = true
			}
			out = append(out, fl.Table.problems(fl.Label, shown)...)
		}
	}
	for _, name := range sortedKeys(errs) {
		if !shown[name] {
			msg, code := cutCode(errs[name])
			if name != "" { // else it is about the whole form
				msg = label(name) + ": " + msg
			}
			out = append(out, problem{"", "", msg, code})
		}
	}
	return out
}

func docField(spec fieldSpec, v reflect.Value, doc string, posted url.Values, errs map[string]string) field {
	f := field{
		ID: "f-" + strings.ReplaceAll(spec.name, "_", "-"), Name: spec.name, Label: spec.label, Widget: spec.widget, Type: spec.typ,
		Optional: spec.optional, Help: spec.help, Example: spec.example, Unit: spec.unit, Mode: spec.mode, Auto: "off",
		Rows: spec.rows, Width: spec.width, When: spec.when, Code: spec.code, List: spec.list, Text: spec.text,
	}
	if spec.typ == "password" {
		f.Auto = "new-password" // a form of this kind always sets one
	}
	f.Error, f.ErrorCode = cutCode(errs[spec.name])
	if spec.live {
		f.Live = &note{For: spec.name}
	}
	if spec.tokens != nil {
		f.Tokens = tokensOf(spec.tokens, spec.name)
	}
	if f.Label == "" {
		f.Label = label(spec.name)
	}
	switch f.Help {
	case "":
		f.Help = sentence(doc)
	case noHelp:
		f.Help = ""
	}
	if f.Type == "" {
		f.Type = "text"
	}
	kind := v.Kind()
	if kind == reflect.Pointer {
		kind = v.Type().Elem().Kind()
	}
	if isRows(v) {
		f.Widget, f.Table = "rows", rowsOf(spec, v, posted, errs)
		return f
	}
	if f.Widget == "" {
		switch {
		case spec.choices != nil:
			f.Widget = "select"
		case kind == reflect.Bool:
			f.Widget = "check"
		case kind == reflect.Slice:
			f.Widget = "area"
		default:
			f.Widget = "text"
		}
	}
	if f.Rows == 0 {
		f.Rows = 3
	}
	if f.Mode == "" && (kind == reflect.Int64 || kind == reflect.Int) {
		f.Mode = "numeric"
	}
	f.Value = docText(v)
	if posted.Has(spec.name) && f.Widget != "fixed" {
		f.Value = posted.Get(spec.name)
		if kind == reflect.Slice {
			f.Value = strings.Join(posted[spec.name], "\n")
		}
	}
	f.Checked = f.Value == "true"
	switch {
	case f.Widget == "slots":
		f.Slots = slotsOf(f)
	case f.Widget == "set":
		f.Choices = ticked(spec.choices, lines(f.Value))
	case f.Widget == "text" && kind == reflect.Slice:
		f.Value = strings.ReplaceAll(strings.TrimSpace(f.Value), "\n", ", ")
		fallthrough
	default:
		f.Choices = selected(spec.choices, f.Value)
	}
	return f
}

// presetField are a link's preset sub ids.
var presetField = fieldSpec{name: "subs", label: "Preset sub ids", widget: "slots", optional: true, help: "What a sub id is where the URL does not bring it. What the URL brings wins."}

// minSlots is how many inputs a list has at least; it has as many as it has items, so that
// saving a form loses none.
const minSlots = 5

// slotsOf makes the inputs of a list of sub ids.
func slotsOf(f field) []slot {
	values := strings.Split(f.Value, "\n")
	out := make([]slot, max(minSlots, len(values)))
	for i := range out {
		out[i].Label = "sub" + itoa(i+1)
		out[i].ID = f.ID + "-" + itoa(i+1)
		if i < len(values) {
			out[i].Value = values[i]
		}
	}
	return out
}

// wrong reports whether the field, or a cell of it, was refused.
func (f field) wrong() bool { return f.Error != "" || len(f.Table.problems("", nil)) > 0 }

// ticked marks the chosen ones of a set; values that are not among them are added, as
// in [selected].
func ticked(choices []choice, values []string) []choice {
	out := slices.Clone(choices)
	for _, v := range values {
		i := slices.IndexFunc(out, func(c choice) bool { return c.Value == v })
		if i < 0 {
			i = len(out)
			out = append(out, choice{Value: v, Label: v})
		}
		out[i].Selected = true
	}
	return out
}

// selected marks the chosen option; a value that is not among them is added, so that
// saving a form never changes what it does not show.
func selected(choices []choice, value string) []choice {
	if choices == nil {
		return nil
	}
	out := make([]choice, 0, len(choices)+1)
	found := false
	for _, c := range choices {
		c.Selected = c.Value == value
		found = found || c.Selected
		out = append(out, c)
	}
	if !found && value != "" {
		out = append(out, choice{Value: value, Label: value, Selected: true})
	}
	return out
}

// fieldErrors gives a refused write's errors by field; ok=false for another error.
func fieldErrors(err error) (map[string]string, bool) {
	var inv *catalog.Invalid
	if !errors.As(err, &inv) {
		return nil, false
	}
	errs := map[string]string{}
	for _, fe := range inv.Fields {
		if errs[fe.Field] == "" {
			errs[fe.Field] = withCode(sentence(fe.Msg), fe.Rule)
		}
	}
	return errs, true
}

// withCode puts the stable code of an error behind its sentence, in the maps of errors
// by field; [cutCode] parts them. A sentence has no line breaks: what it repeats of a
// value is quoted.
func withCode(msg, code string) string { return msg + "\n" + code }

func cutCode(s string) (msg, code string) {
	i := strings.LastIndexByte(s, '\n')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// label makes a label of a JSON name: click_param → Click param.
func label(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	if c := s[0]; c >= 'a' && c <= 'z' {
		s = string(c-'a'+'A') + s[1:]
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") {
		s += "."
	}
	return s
}
