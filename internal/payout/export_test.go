package payout

import "io"

// WriteFile writes a layout's file, for tests.
func (l Layout) WriteFile(w io.Writer, lines []*Line, details []*Details, name func(string) string) error {
	return l.write(w, lines, details, name)
}
