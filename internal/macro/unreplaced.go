package macro

import "strings"

// maxMacro is the longest value looked at as a macro, in bytes; longer ones are values.
const maxMacro = 256

// syntaxes are the macro syntaxes of traffic sources, networks and trackers (rulebook
// §0.2, trackers §2): what stands before and after the name.
var syntaxes = []struct {
	open, end string
	args      bool // the name may carry arguments: {name:x}, {name|x}, ##name(x)##
	words     bool // the name may be of several words: {{Click URL}}
}{
	{open: "{", end: "}", args: true},
	{open: "{{", end: "}}", args: true, words: true},
	{open: "{{{", end: "}}}", args: true, words: true},
	{open: "${", end: "}", args: true},
	{open: "#{", end: "}", args: true},
	{open: "{$", end: "}", args: true},
	{open: "{%", end: "%}"},
	{open: "%{", end: "}"},
	{open: "[", end: "]"},
	{open: "[[", end: "]]"},
	{open: "[:", end: ":]"},
	{open: "[+", end: "+]"},
	{open: "%", end: "%"},
	{open: "%%", end: "%%", args: true},
	{open: "#", end: "#"},
	{open: "##", end: "##", args: true},
	{open: "###", end: "###"},
	{open: "*|", end: "|*", args: true},
	{open: "!!", end: "!!"},
	{open: "!!!", end: "!!!"},
	{open: "(", end: ")"},
}

// Unreplaced reports whether an incoming value is a macro that the sending system should
// have replaced, such as {payout}, ##SUB##, __AID__ or %7Bclickid%7D (rulebook R10). Only a
// whole value counts, and only with a name in it that begins with a letter or underscore:
// {"a":1}, [12], (not set) and a GUID in braces are values. It does not allocate unless v
// has a percent sign.
func Unreplaced(v string) bool {
	if len(v) < 3 || len(v) > maxMacro {
		return false
	}
	// Decoded twice: a link often passes two systems.
	for range 2 {
		if literalMacro(v) {
			return true
		}
		next := unescape(v)
		if next == v {
			return false
		}
		v = next
	}
	return literalMacro(v)
}

func literalMacro(v string) bool {
	if len(v) < 3 {
		return false
	}
	switch v[0] {
	case '_':
		return underscored(v)
	case '{', '[', '%', '$', '#', '*', '!', '(':
	default:
		return false
	}
	for i := range syntaxes {
		s := &syntaxes[i]
		if len(v) <= len(s.open)+len(s.end) || !strings.HasPrefix(v, s.open) || !strings.HasSuffix(v, s.end) {
			continue
		}
		inner := v[len(s.open) : len(v)-len(s.end)]
		if s.open == "(" && ordinary(inner) {
			continue
		}
		if isMacroName(inner, s.args, s.words) {
			return true
		}
	}
	return false
}

// underscored recognises __AID__: capitals only, since __init__ could be a name.
func underscored(v string) bool {
	if len(v) < 5 || v[:2] != "__" || v[len(v)-2:] != "__" {
		return false
	}
	letters := 0
	for _, b := range []byte(v[2 : len(v)-2]) {
		switch {
		case 'A' <= b && b <= 'Z':
			letters++
		case '0' <= b && b <= '9', b == '_':
		default:
			return false
		}
	}
	return letters > 0
}

// ordinary are words that analytics tools really send in parentheses.
func ordinary(word string) bool {
	switch word {
	case "direct", "none", "other", "others", "entrance", "organic", "referral", "null", "blank", "empty", "unknown",
		"self", "unset", "undefined", "default", "any", "all", "na", "n-a", "new", "beta", "test":
		return true
	}
	return false
}

// isMacroName reports whether s is a name such as click_id, ad.id or campaign-name, with
// args also name:format, name|default, name(x). Spaces around it are allowed: {{ ad.id }},
// with words also within.
func isMacroName(s string, args, words bool) bool {
	s = strings.Trim(s, " ")
	if s == "" || !('a' <= lower(s[0]) && lower(s[0]) <= 'z' || s[0] == '_') {
		return false
	}
	for i := 1; i < len(s); i++ {
		b := s[i]
		switch {
		case 'a' <= lower(b) && lower(b) <= 'z', '0' <= b && b <= '9', b == '_', b == '.', b == '-', words && b == ' ':
		case args && b == '|':
			return isArgs(s[i+1:])
		case args && b == ':' && i+1 < len(s):
			return isArgs(s[i+1:])
		case args && b == '(' && s[len(s)-1] == ')':
			return isArgs(s[i+1 : len(s)-1])
		default:
			return false
		}
	}
	return !isHexID(s)
}

// isArgs accepts what macros carry, such as a date format, but no braces and quotes.
func isArgs(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || strings.IndexByte(`{}[]"'<>`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

// isHexID reports whether s is rather an identifier, such as a GUID, than a name: 16
// hexadecimal digits or more, with a digit among them.
func isHexID(s string) bool {
	digits, hex := 0, 0
	for i := range len(s) {
		switch {
		case s[i] == '-':
		case !isHex(s[i]):
			return false
		default:
			hex++
			if s[i] <= '9' {
				digits++
			}
		}
	}
	return hex >= 16 && digits > 0
}

// unescape decodes the percent-escapes of v; "+" and bad escapes stay.
func unescape(v string) string {
	i := strings.IndexByte(v, '%')
	if i < 0 {
		return v
	}
	dst := append(make([]byte, 0, len(v)), v[:i]...)
	for ; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) && isHex(v[i+1]) && isHex(v[i+2]) {
			dst = append(dst, unhex(v[i+1])<<4|unhex(v[i+2]))
			i += 2
			continue
		}
		dst = append(dst, v[i])
	}
	return string(dst)
}

// wrappers are the brackets and quotes of pasted examples.
var wrappers = []struct {
	open, end string
	marks     string // if one of these is inside too, the whole is a list or a text
	name      string
}{
	{`["`, `"]`, `"`, "square brackets and double quotes"},
	{`['`, `']`, `'`, "square brackets and single quotes"},
	{`"`, `"`, `"`, "double quotes"},
	{"“", "”", "“”", "typographic quotes"},
	{"<", ">", "<>", "angle brackets"},
}

// Unwrap recognises a value still in the brackets or quotes of a pasted example, such as
// ["12.50"] or <12.50>, and gives the value inside and the wrapper's name for a message. A
// list such as ["a","b"] is not a wrapped value.
func Unwrap(v string) (inner, wrapper string, ok bool) {
	for i := range wrappers {
		w := &wrappers[i]
		if len(v) < len(w.open)+len(w.end) || !strings.HasPrefix(v, w.open) || !strings.HasSuffix(v, w.end) {
			continue
		}
		inner = v[len(w.open) : len(v)-len(w.end)]
		if strings.ContainsAny(inner, w.marks) {
			return "", "", false
		}
		return inner, w.name, true
	}
	return "", "", false
}
