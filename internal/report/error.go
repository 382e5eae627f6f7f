package report

import "fmt"

// Error says what is wrong with a question, for the one who asked it.
type Error struct {
	Field string // "dimensions[2]", "filters[0].values", …
	Rule  string // stable code: required, unknown, duplicate, range, too_many, op, value, too_large
	Value string // what was given, cut to a reasonable length
	Msg   string
}

// Error gives field, value and message.
func (e *Error) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("report: %s: %s", e.Field, e.Msg)
	}
	return fmt.Sprintf("report: %s: %q: %s", e.Field, e.Value, e.Msg)
}

const maxErrorValue = 100

func wrong(field, rule, value, format string, args ...any) *Error {
	if len(value) > maxErrorValue {
		value = value[:maxErrorValue]
	}
	return &Error{Field: field, Rule: rule, Value: value, Msg: fmt.Sprintf(format, args...)}
}
