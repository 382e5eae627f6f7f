package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of a JSON body (rulebook S7). Documents need 2.
const maxDepth = 32

// SyntaxError says that a body is not one JSON object.
type SyntaxError struct{ Msg string }

// Error is the sentence.
func (e *SyntaxError) Error() string { return e.Msg }

// Merge writes a JSON object onto the document, as a merge patch does: fields that
// are absent stay, null gives a field its default, lists are replaced. It is strict:
// unknown and repeated names, and values of another type, are all reported, in one
// [*Invalid]. What is not an object is [*SyntaxError].
func Merge(d Doc, patch []byte) error {
	return MergeFields(d, NewDoc(d.Kind()), patch)
}

// MergeFields is [Merge] for any pointer to a struct whose fields are texts, truth
// values, integers and lists of texts or of such structs; defaults, of the same type, is
// what null gives.
func MergeFields(into, defaults any, patch []byte) error {
	members, err := object(patch)
	if err != nil {
		return err
	}
	bad := &Invalid{}
	mergeMembers(reflect.ValueOf(into).Elem(), reflect.ValueOf(defaults).Elem(), members, "", bad)
	return bad.Err()
}

// mergeMembers writes the members onto to; prefix begins the names of refused fields.
func mergeMembers(to, def reflect.Value, members []member, prefix string, bad *Invalid) {
	index := map[string]int{}
	for i := range to.NumField() {
		name, _, _ := strings.Cut(to.Type().Field(i).Tag.Get("json"), ",")
		index[name] = i
	}
	seen := map[string]bool{}
	for _, m := range members {
		i, known := index[m.name]
		switch {
		case !known:
			bad.Add(prefix+m.name, ruleUnknown, string(m.value), orElse(moved[[2]string{to.Type().Name(), m.name}], "There is no such field here."))
		case seen[m.name]:
			bad.Add(prefix+m.name, ruleDuplicate, string(m.value), "The field is given twice.")
		case string(m.value) == "null":
			to.Field(i).Set(def.Field(i))
		case isRows(to.Field(i).Type()):
			mergeRows(to.Field(i), m, prefix+m.name, bad)
		default:
			v := reflect.New(to.Field(i).Type())
			if json.Unmarshal(m.value, v.Interface()) != nil || hasNull(m.value) {
				bad.Add(prefix+m.name, ruleType, string(m.value), wants(v.Elem()))
				break
			}
			to.Field(i).Set(v.Elem())
		}
		seen[m.name] = true
	}
}

// moved are fields that were there once, and what has taken their place.
var moved = map[[2]string]string{
	{"PublisherDoc", "postback_url"}: "A publisher has postbacks of their own kind now, any number of them: POST /api/v1/postbacks with its id as publisher. The URL that stood here is one of them.",
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// maxRows is more than any list of rows may have; each field says how many its own may.
const maxRows = 1000

func isRows(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// mergeRows replaces a list of rows. What a row does not give is its default.
func mergeRows(to reflect.Value, m member, name string, bad *Invalid) {
	var raws []json.RawMessage
	if json.Unmarshal(m.value, &raws) != nil {
		bad.Add(name, ruleType, string(m.value), "Must be a list of objects, such as [{…}, {…}].")
		return
	}
	if len(raws) > maxRows {
		bad.Add(name, ruleTooMany, strconv.Itoa(len(raws))+" entries", "There may be at most "+strconv.Itoa(maxRows)+".")
		return
	}
	rows := reflect.MakeSlice(to.Type(), len(raws), len(raws))
	def := rowDefaults(to.Type().Elem())
	for i, raw := range raws {
		rows.Index(i).Set(def)
		members, err := object(raw)
		if err != nil {
			bad.Add(name+"["+strconv.Itoa(i)+"]", ruleType, string(raw), "Must be an object.")
			continue
		}
		mergeMembers(rows.Index(i), def, members, name+"["+strconv.Itoa(i)+"].", bad)
	}
	to.Set(rows)
}

// rowDefaults is a row as it is where nothing is said.
func rowDefaults(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[KeywordDoc]():
		return reflect.ValueOf(KeywordDoc{Weight: 1})
	case reflect.TypeFor[CapDoc]():
		return reflect.ValueOf(CapDoc{Event: CapConversions, Period: CapDaily})
	case reflect.TypeFor[QuestionDoc]():
		return reflect.ValueOf(QuestionDoc{Kind: QuestionText})
	}
	return reflect.Zero(t)
}

// hasNull: encoding/json takes null in a list for an empty text.
func hasNull(list []byte) bool {
	var elems []json.RawMessage
	if json.Unmarshal(list, &elems) != nil {
		return false
	}
	for _, e := range elems {
		if string(e) == "null" {
			return true
		}
	}
	return false
}

// wants says what type a field has.
func wants(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return `Must be a text in quotes, such as "12.50".`
	case reflect.Bool:
		return "Must be true or false."
	case reflect.Int64:
		return "Must be a whole number."
	}
	return `Must be a list of texts, such as ["a", "b"].`
}

type member struct {
	name  string
	value json.RawMessage
}

// object reads one JSON object and nothing behind it, keeping order and repetitions,
// which a map would hide.
func object(b []byte) ([]member, error) {
	err := CheckDepth(b)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	t, err := dec.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	if t != json.Delim('{') {
		return nil, &SyntaxError{"The body must be a JSON object."}
	}
	var out []member
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		m := member{name: t.(string)} // the decoder yields nothing else for a name
		err = dec.Decode(&m.value)
		if err != nil {
			return nil, notJSON(err)
		}
		out = append(out, m)
	}
	_, err = dec.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	if dec.More() || len(bytes.TrimSpace(b[dec.InputOffset():])) > 0 {
		return nil, &SyntaxError{"Something follows the JSON object."}
	}
	return out, nil
}

func notJSON(err error) error {
	return &SyntaxError{fmt.Sprintf("The body is not valid JSON: %v.", err)}
}

// CheckDepth refuses JSON that is nested too deep. It counts brackets outside of
// strings, before anything recurses into them.
func CheckDepth(b []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			if depth > maxDepth {
				return &SyntaxError{fmt.Sprintf("The JSON is nested deeper than %d levels.", maxDepth)}
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
