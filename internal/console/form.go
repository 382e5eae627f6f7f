package console

import (
	"errors"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
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
	when     string // "other=value,value": shown only then (with a script)
	optional bool
	code     bool
	rows     int
	choices  []choice
}

// sectionSpec is a group of fields; More is folded until asked for.
type sectionSpec struct {
	title  string
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

// readDoc writes posted values into the document. What cannot be read is returned by
// field; everything else is validated by the catalog.
func readDoc(d any, posted url.Values) map[string]string {
	errs := map[string]string{}
	values, _, order := docFields(d)
	for _, name := range order {
		if !posted.Has(name) {
			continue
		}
		v := values[name]
		if !v.CanSet() {
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
				errs[name] = "This must be a whole number."
				break
			}
			v.SetInt(n)
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.String {
				v.Set(reflect.ValueOf(lines(text)).Convert(v.Type()))
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
			errs[name] = "This must be a whole number."
			return
		}
		v.Set(reflect.ValueOf(&n).Convert(v.Type()))
	}
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
		out := section{Title: sec.title, Hint: sec.hint, More: sec.more}
		for _, spec := range sec.fields {
			v, ok := values[spec.name]
			if !ok || seen[spec.name] {
				continue
			}
			seen[spec.name] = true
			fl := docField(spec, v, docs[spec.name], posted, errs)
			out.Open = out.Open || fl.Error != ""
			out.Fields = append(out.Fields, fl)
		}
		if len(out.Fields) > 0 {
			f.Sections = append(f.Sections, out)
		}
	}
	rest := section{More: true}
	for _, name := range order {
		if !seen[name] {
			fl := docField(fieldSpec{name: name, optional: true}, values[name], docs[name], posted, errs)
			rest.Open = rest.Open || fl.Error != ""
			rest.Fields = append(rest.Fields, fl)
		}
	}
	if len(rest.Fields) > 0 {
		f.Sections = append(f.Sections, rest)
	}
	f.Errors = summary(f.Sections, errs)
	if len(f.Errors) > 0 {
		f.Problem = "Nothing was saved yet: " + plural(int64(len(f.Errors)), "field needs", "fields need") + " attention."
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
				out = append(out, problem{fl.ID, fl.Label, fl.Error})
				shown[fl.Name] = true
			}
		}
	}
	for _, name := range sortedKeys(errs) {
		if !shown[name] {
			out = append(out, problem{"", "", strings.TrimSpace(label(name) + ": " + errs[name])})
		}
	}
	return out
}

func docField(spec fieldSpec, v reflect.Value, doc string, posted url.Values, errs map[string]string) field {
	f := field{
		ID: "f-" + strings.ReplaceAll(spec.name, "_", "-"), Name: spec.name, Label: spec.label, Widget: spec.widget, Type: spec.typ,
		Optional: spec.optional, Help: spec.help, Example: spec.example, Unit: spec.unit, Mode: spec.mode, Auto: "off",
		Rows: spec.rows, Width: spec.width, When: spec.when, Code: spec.code, Error: errs[spec.name],
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
	if posted.Has(spec.name) {
		f.Value = posted.Get(spec.name)
	}
	f.Checked = f.Value == "true"
	f.Choices = selected(spec.choices, f.Value)
	return f
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
			errs[fe.Field] = sentence(fe.Msg)
		}
	}
	return errs, true
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
