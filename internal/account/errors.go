package account

import "errors"

// What a service refuses. These live here and not in catalog, which gives them its
// own names, because the catalog asks accounts for authorization and not the other
// way round: an object that is denied and one that is absent must be the same error.
var (
	// ErrNotFound: no such object, or none the principal may see.
	ErrNotFound = errors.New("not found")
	// ErrDenied answers exactly like an unknown id.
	ErrDenied = ErrNotFound
	// ErrVersion: the object was changed since the caller read it (If-Match).
	ErrVersion = errors.New("changed since it was read")
)

// FieldError is one refused field.
type FieldError struct {
	Field string // JSON name
	Rule  string // stable code: required, too_long, not_one_of, unknown_reference, taken, url_scheme …
	Value string // what was sent, bounded to 80 characters
	Msg   string // a sentence
}

// Invalid is a refused write with every field that is wrong.
type Invalid struct{ Fields []FieldError }

// Error lists the fields.
func (e *Invalid) Error() string {
	s := "invalid"
	for i, f := range e.Fields {
		if i > 0 {
			s += ";"
		}
		s += " " + f.Field + ": " + f.Msg
	}
	return s
}

// Add appends a refused field, with what was sent cut to 80 characters.
//
// After [maxFields] of them no more are kept: who sends forty thousand wrong rows is told
// of the first ones.
func (e *Invalid) Add(field, rule, value, msg string) {
	if len(e.Fields) >= maxFields {
		return
	}
	e.Fields = append(e.Fields, FieldError{Field: field, Rule: rule, Value: clip(value), Msg: msg})
}

// maxFields bounds how many wrong fields one refusal names.
const maxFields = 100

// Err is the refusal, nil when no field is wrong.
func (e *Invalid) Err() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// maxValue bounds how much of a refused value is given back, in characters.
const maxValue = 80

func clip(s string) string {
	n := 0
	for i := range s {
		if n == maxValue {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
