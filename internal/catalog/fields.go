package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Stable codes of refused fields; URLs and amounts add those of macro and money.
const (
	ruleRequired   = "required"
	ruleTooLong    = "too_long"
	ruleTooMany    = "too_many"
	ruleNotOneOf   = "not_one_of"
	ruleOutOfRange = "out_of_range"
	ruleCharacters = "characters"
	ruleType       = "type"
	ruleUnknown    = "unknown_field"
	ruleDuplicate  = "duplicate_field"
	ruleReference  = "unknown_reference"
	ruleArchived   = "archived_reference"
	ruleTaken      = "taken"
	ruleImmutable  = "immutable"
	ruleNotAllowed = "not_allowed"

	ruleDuplicateRow = "duplicate_row"
)

// docField is one field of a document as its struct tags describe it.
type docField struct {
	name  string
	value reflect.Value
	tag   reflect.StructTag
}

// fields are the document's fields in order.
func fields(d Doc) []docField { return fieldsOf(reflect.ValueOf(d).Elem()) }

func fieldsOf(v reflect.Value) []docField {
	out := make([]docField, v.NumField())
	for i := range out {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[i] = docField{name, v.Field(i), f.Tag}
	}
	return out
}

// checkTags reports what breaks the limits that the struct tags state.
func checkTags(d Doc, bad *Invalid) { checkFields(fields(d), bad) }

func checkFields(fs []docField, bad *Invalid) {
	for _, f := range fs {
		switch f.value.Kind() {
		case reflect.String:
			f.checkText(bad)
		case reflect.Int64:
			f.checkNumber(bad)
		case reflect.Slice:
			if n := f.limit("maxItems"); n > 0 && f.value.Len() > n {
				bad.Add(f.name, ruleTooMany, strconv.Itoa(f.value.Len())+" entries", fmt.Sprintf("There may be at most %d.", n))
				break
			}
			if f.value.Type().Elem().Kind() == reflect.Struct {
				f.checkRows(bad)
			}
		}
	}
}

// checkRows checks a list of rows; the fields of row n are called name[n].field.
func (f docField) checkRows(bad *Invalid) {
	for i := range f.value.Len() {
		rows := fieldsOf(f.value.Index(i))
		for j := range rows {
			rows[j].name = rowField(f.name, i, rows[j].name)
		}
		checkFields(rows, bad)
	}
}

// rowField is the name of a field in row i of a list.
func rowField(list string, i int, field string) string {
	return list + "[" + strconv.Itoa(i) + "]." + field
}

// multiline are the texts that may have several lines.
var multiline = []string{"notes", "description", "body", "text", "promotion"}

// checkText reports the first thing that is wrong with a text.
func (f docField) checkText(bad *Invalid) {
	s := f.value.String()
	max := f.limit("maxLength")
	enum, listed := f.tag.Lookup("enum")
	switch {
	case !utf8.ValidString(s):
		bad.Add(f.name, ruleCharacters, strings.ToValidUTF8(s, "\uFFFD"), "Must be valid UTF-8.")
	case strings.TrimSpace(s) == "" && f.tag.Get("required") == "true":
		bad.Add(f.name, ruleRequired, s, "Must not be empty.")
	case max > 0 && utf8.RuneCountInString(s) > max:
		bad.Add(f.name, ruleTooLong, s, fmt.Sprintf("Must be at most %d characters long.", max))
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && (r != '\n' || !slices.Contains(multiline, f.name))
	}):
		bad.Add(f.name, ruleCharacters, strconv.QuoteToASCII(s), "Must not contain control characters.")
	case listed && !slices.Contains(strings.Split(enum, ","), s):
		bad.Add(f.name, ruleNotOneOf, s, "Must be one of "+strings.TrimPrefix(strings.ReplaceAll(enum, ",", ", "), ", ")+".")
	}
}

func (f docField) checkNumber(bad *Invalid) {
	n := f.value.Int()
	low, high := int64(f.limit("minimum")), int64(f.limit("maximum"))
	if n < low || n > high {
		bad.Add(f.name, ruleOutOfRange, strconv.FormatInt(n, 10), fmt.Sprintf("Must be between %d and %d.", low, high))
	}
}

// limit is a number in a tag; 0 when it is not there.
func (f docField) limit(tag string) int {
	n, err := strconv.Atoi(f.tag.Get(tag))
	if err != nil {
		return 0
	}
	return n
}
