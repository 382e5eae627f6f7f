// Package csvout writes CSV that is safe to open: RFC 4180, with nothing a spreadsheet
// would run (rulebook S8).
package csvout

import (
	"bufio"
	"regexp"
	"strings"
)

// Line writes cells by RFC 4180. Also one with a semicolon or a tab is quoted, which
// encoding/csv does not: spreadsheets of half of the world take these for separators, and
// what follows one may be a formula (S8). A failed write shows at the flush.
func Line(out *bufio.Writer, cells []string) {
	for i, c := range cells {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if strings.ContainsAny(c, ",;\t\"\r\n") || strings.TrimSpace(c) != c {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		_, _ = out.WriteString(c)
	}
	_, _ = out.WriteString("\r\n")
}

var number = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// IsNumber reports whether a cell is plainly a number and may stand as it is, also when
// it begins with a minus.
func IsNumber(s string) bool { return number.MatchString(s) }

// Text puts an apostrophe before text a spreadsheet would take for a formula, also
// behind leading spaces and line ends, and drops NUL (S8).
func Text(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if s == "" {
		return s
	}
	rest := strings.TrimLeft(s, " \r\n\u00a0\ufeff")
	if s[0] == '\t' || s[0] == '\r' || s[0] == '\n' || (rest != "" && strings.ContainsRune("=+-@\t|＝＋－＠", []rune(rest)[0])) {
		return "'" + s
	}
	return s
}
