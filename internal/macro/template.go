package macro

import (
	"net/url"
	"strings"
)

// maxTokenName is the longest text between braces that is taken for a token, in bytes.
const maxTokenName = 64

// Template is a parsed destination URL. It is immutable and safe for concurrent use.
type Template struct {
	raw  string
	host string
	ops  []op
	frag int    // index of the first op of the fragment; len(ops) without one
	uses uint64 // bit n: token n
}

// op is literal text and, with isToken, a value after it.
type op struct {
	lit   string
	id    ID
	flags uint8
}

const (
	isToken  = 1 << iota
	segStart // the first token of a path segment that has nothing but tokens
	segEnd   // the last one
)

// ParseURL parses a destination with the tokens of [ClickTokens] (R9, R10, R13, R15).
// It refuses, with an [*Error] that has a stable code, what is not http or https, has
// a user name, control characters, whitespace, backslashes, bad %-escapes, a token in
// the host or an unknown one, or a host that parsers read differently. Braces that
// do not hold a name are literal.
func ParseURL(raw string) (*Template, error) { return ParseURLWith(ClickTokens, raw) }

// ParseURLWith is [ParseURL] with another table.
func ParseURLWith(tbl *Table, raw string) (*Template, error) {
	u, bad := split(raw)
	if bad != nil {
		return nil, bad
	}
	t := &Template{raw: raw, host: u.host}
	c := compiler{t: t, tbl: tbl}
	c.lit.WriteString(u.prefix)
	bad = c.compile(u.rest)
	if bad != nil {
		return nil, bad
	}
	// A second opinion: the standard library must see the same host.
	var none Values
	std, err := url.Parse(string(t.Append(nil, &none)))
	if err != nil || std.Host != u.authority || std.User != nil {
		return nil, &Error{CodeHost, "", "The URL " + Echo(raw) + " is read differently by different parsers; write it in its plain form."}
	}
	return t, nil
}

// Uses reports whether the URL has the token.
func (t *Template) Uses(id ID) bool { return id < NumTokens && t.uses&(1<<id) != 0 }

// String is the URL as it was written.
func (t *Template) String() string { return t.raw }

// Host is the host in lower-case ASCII (IDNA), without port and trailing dot.
func (t *Template) Host() string { return t.host }

// compiler cuts what follows the authority into ops.
type compiler struct {
	t   *Template
	tbl *Table
	lit strings.Builder
	// Of the path segment at hand:
	first, last int // its first and last token ops, -1 = none
	static      int // literal bytes in it
	dots        bool
}

func (c *compiler) compile(s string) *Error {
	const path, query, fragment = 0, 1, 2
	pos := path
	c.newSegment()
	c.t.frag = -1
	for i := 0; i < len(s); {
		b := s[i]
		if b == '{' {
			name, bad := c.token(s[i:])
			if bad != nil {
				return bad
			}
			if name != "" {
				id := c.tbl.byName[name]
				c.flush(op{id: id, flags: isToken})
				c.t.uses |= 1 << id
				c.last = len(c.t.ops) - 1
				if c.first < 0 {
					c.first = c.last
				}
				i += len(name) + 2
				continue
			}
		}
		if pos == path && (b == '/' || b == '?' || b == '#') {
			if bad := c.endSegment(); bad != nil {
				return bad
			}
		}
		switch {
		case b == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return &Error{CodeEscape, cutRunes(s[i:]), "The % in " + Echo(s[i:]) + " is not followed by two hexadecimal digits; a percent sign itself is written %25."}
			}
			c.static++
			c.dots = c.dots && s[i+1] == '2' && lower(s[i+2]) == 'e'
			c.lit.WriteString(s[i : i+3])
			i += 3
			continue
		case b == '#' && pos != fragment:
			pos = fragment
			if c.lit.Len() > 0 {
				c.flush(op{})
			}
			c.t.frag = len(c.t.ops)
			c.lit.WriteByte(b)
		case b == '?' && pos == path:
			pos = query
			c.lit.WriteByte(b)
		case b == '/' && pos == path:
			c.lit.WriteByte(b)
		case b >= 0x80:
			c.static++
			c.dots = false
			c.lit.Write(appendHex(nil, b))
		default:
			c.static++
			c.dots = c.dots && b == '.'
			c.lit.WriteByte(b)
		}
		i++
	}
	if pos == path {
		if bad := c.endSegment(); bad != nil {
			return bad
		}
	}
	if c.lit.Len() > 0 {
		c.flush(op{})
	}
	if c.t.frag < 0 {
		c.t.frag = len(c.t.ops)
	}
	return nil
}

// token reads {name} at the start of s; "" when these braces are literal.
func (c *compiler) token(s string) (string, *Error) {
	end := 1
	for end < len(s) && isTokenByte(s[end]) {
		end++
	}
	name := s[1:end]
	if name == "" || len(name) > maxTokenName {
		return "", nil
	}
	_, known := c.tbl.byName[name]
	if end == len(s) || s[end] != '}' {
		if known {
			return "", &Error{CodeTokenOpen, name, "The token {" + name + " lacks its closing brace."}
		}
		return "", nil
	}
	if known {
		return name, nil
	}
	msg := "The token {" + name + "} is not known here."
	if near := c.tbl.Nearest(name); near != "" {
		msg += " Did you mean {" + near + "}?"
	}
	return "", &Error{CodeTokenUnknown, name, msg}
}

// flush ends the literal text at hand with an op.
func (c *compiler) flush(o op) {
	o.lit = c.lit.String()
	c.lit.Reset()
	c.t.ops = append(c.t.ops, o)
}

func (c *compiler) newSegment() { c.first, c.last, c.static, c.dots = -1, -1, 0, true }

// endSegment sees to it that values cannot make the segment "." or "..", which
// browsers resolve, encoded or not.
func (c *compiler) endSegment() *Error {
	if c.first >= 0 && c.static == 0 {
		c.t.ops[c.first].flags |= segStart
		c.t.ops[c.last].flags |= segEnd
	}
	if c.first >= 0 && c.static > 0 && c.dots {
		name := Tokens[c.t.ops[c.first].id].Name
		return &Error{CodeDotSegment, name, "The token {" + name + "} stands in a path segment with nothing but dots, which browsers would resolve."}
	}
	c.newSegment()
	return nil
}

func isTokenByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '.' || b == '-' || b == ':'
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}
