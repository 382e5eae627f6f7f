package duck

import (
	"strings"
	"unicode/utf8"
)

// DuckDB's VARCHAR is UTF-8, but foreign ids are opaque bytes that go back to their
// owner unchanged (DESIGN §5). A byte that is not UTF-8 is kept as one of the
// private-use characters U+10FF80…U+10FFFF; where a text itself holds one of these,
// its bytes are kept so too, and every text has exactly one stored form.
const (
	byteEscape = 0x10FF00 // + the byte, which is always 0x80 or above
	escapeLead = 0xF4     // first byte of every escape's UTF-8 form
)

// plain reports whether a text is stored as it is.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return utf8.ValidString(s[i:]) && strings.IndexByte(s[i:], escapeLead) < 0
		}
	}
	return true
}

// encodeText gives the stored form of a text.
func encodeText(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && n == 1) || r >= byteEscape+0x80 {
			for _, c := range []byte(s[i : i+n]) {
				b.WriteRune(byteEscape + rune(c))
			}
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// decodeText gives the text of a stored form.
func decodeText(s string) string {
	if strings.IndexByte(s, escapeLead) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r >= byteEscape+0x80 {
			b = append(b, byte(r-byteEscape))
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}
