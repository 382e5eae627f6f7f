package macro

import (
	"net/url"
	"strings"
)

// maxTokenName is the longest text between braces that is taken for a token and its
// modifier, in bytes.
const maxTokenName = 64

// Template is a parsed destination URL. It is immutable and safe for concurrent use.
type Template struct {
	raw    string
	scheme string
	host   string
	ops    []op
	frag   int      // index of the first op of the fragment; len(ops) without one
	uses   idSet    // with Salt when something is hashed
	params []string // the query parameters that have tokens, as written
}

// op is literal text and, with isToken, a value after it.
type op struct {
	lit   string
	def   string // what stands for an empty value
	id    ID
	flags uint8
}

const (
	isToken  = 1 << iota
	segStart // the first token of a path segment that has nothing but tokens
	segEnd   // the last one
	hasDefault
	isRaw
	isHash
	inText   // in a JSON body: within quotes
	modified = hasDefault | isRaw | isHash
)

// ParseURL parses a destination with the tokens of [ClickTokens] (R9, R10, R13, R15).
// It refuses, with an [*Error] that has a stable code, what is not http or https, has
// a user name, control characters, whitespace, backslashes, bad %-escapes, a token in
// the host or an unknown one, or a host that parsers read differently. Braces that
// do not hold a name are literal.
//
// A token is {name}, {name|default}, {name:raw} or {name:hash}, the last two with a default
// too: {name:hash|default}.
//
//   - The default stands for an empty value. It is literal text up to the closing brace,
//     at most [MaxDefault] bytes without braces, and is encoded as a value would be: it is
//     written as it is meant, with spaces and without percent-escapes.
//   - :raw leaves what may stand in a query or fragment as it is, so that a value can bring
//     several parameters or an address; only there is it allowed.
//   - :hash gives 32 hexadecimal digits that are the same for the same value and tell
//     nothing about it: the first half of HMAC-SHA256 under the [Salt]. A default is not
//     hashed.
func ParseURL(raw string) (*Template, error) { return ParseURLWith(ClickTokens, raw) }

// ParseURLWith is [ParseURL] with another table.
func ParseURLWith(tbl *Table, raw string) (*Template, error) { return ParseURLSchemes(tbl, raw, nil) }

// ParseURLSchemes is [ParseURLWith] that also takes links to apps: schemes are those
// allowed besides http and https, as [CheckScheme] returns them; others in the list are
// not heeded. Such a link is scheme://name, the name having the characters of a host, with
// any path, query and fragment; in its fragment nothing may be raw, since there an Android
// intent says which app is meant.
func ParseURLSchemes(tbl *Table, raw string, schemes []string) (*Template, error) {
	bad := checkText(raw, true)
	if bad != nil {
		return nil, bad
	}
	u, bad := cut(raw, schemes)
	if bad != nil {
		return nil, bad
	}
	t := &Template{raw: raw, scheme: u.scheme, host: u.host}
	c := compiler{t: t, tbl: tbl, app: u.app}
	c.lit.WriteString(u.prefix)
	bad = c.compile(u.rest)
	if bad != nil {
		return nil, bad
	}
	// A second opinion: the standard library must see the same host.
	var none Values
	std, err := url.Parse(string(t.Append(nil, &none)))
	if err != nil || std.Scheme != u.scheme || std.Host != u.authority || std.User != nil {
		return nil, &Error{CodeHost, "", "The URL " + Echo(raw) + " is read differently by different parsers; write it in its plain form."}
	}
	return t, nil
}

// Uses reports whether the URL has the token, with a modifier or without; for [Salt],
// whether it hashes a value.
func (t *Template) Uses(id ID) bool { return t.uses.has(id) }

// UsesClick reports whether the click id is in the URL, in either of its forms.
func (t *Template) UsesClick() bool { return t.Uses(ClickID) || t.Uses(ClickNumber) }

// String is the URL as it was written.
func (t *Template) String() string { return t.raw }

// Scheme is the scheme in lower case, such as "https".
func (t *Template) Scheme() string { return t.scheme }

// Host is the host in lower-case ASCII (IDNA), without port and trailing dot; in a link to
// an app, what stands in its place.
func (t *Template) Host() string { return t.host }

// TokenParams are the query parameters that have a token, each as it was written
// (name=value, without & and ?), in their order. They are cut where no token is: the
// default of one may hold any of & ? #.
func (t *Template) TokenParams() []string { return append([]string(nil), t.params...) }

// What stands where in a URL behind the host.
const (
	inPath = iota
	inQuery
	inFragment
)

// compiler cuts what follows the authority into ops.
type compiler struct {
	t    *Template
	tbl  *Table
	app  bool   // a link to an app
	text string // what was compiled so far
	lit  strings.Builder
	// Of the path segment at hand:
	first, last int // its first and last token ops, -1 = none
	static      int // literal bytes in it
	dots        bool
	// Of the query parameter at hand:
	param  int  // where it begins
	tokens bool // it has one
}

func (c *compiler) compile(s string) *Error {
	pos := inPath
	c.newSegment()
	c.t.frag = -1
	for i := 0; i < len(s); {
		b := s[i]
		if b == '{' {
			c.text = s[:i]
			r, bad := c.token(s[i:], pos)
			if bad != nil {
				return bad
			}
			if r.size > 0 {
				c.add(r)
				i += r.size
				continue
			}
		}
		if pos == inPath && (b == '/' || b == '?' || b == '#') {
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
		case b == ' ':
			return refuseSpace(c.t.raw)
		case b == '#' && pos != inFragment:
			c.endParam(s[:i])
			pos = inFragment
			if c.lit.Len() > 0 {
				c.flush(op{})
			}
			c.t.frag = len(c.t.ops)
			c.lit.WriteByte(b)
		case b == '?' && pos == inPath:
			pos = inQuery
			c.param, c.tokens = i+1, false
			c.lit.WriteByte(b)
		case b == '&' && pos == inQuery:
			c.endParam(s[:i])
			c.param = i + 1
			c.lit.WriteByte(b)
		case b == '/' && pos == inPath:
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
	switch pos {
	case inPath:
		if bad := c.endSegment(); bad != nil {
			return bad
		}
	case inQuery:
		c.endParam(s)
	}
	if c.lit.Len() > 0 {
		c.flush(op{})
	}
	if c.t.frag < 0 {
		c.t.frag = len(c.t.ops)
	}
	return nil
}

// add takes a token up.
func (c *compiler) add(r ref) {
	c.flush(op{id: r.id, flags: r.flags | isToken, def: r.def})
	c.t.uses.add(r.id)
	if r.flags&isHash != 0 {
		c.t.uses.add(Salt)
	}
	c.tokens = true
	c.last = len(c.t.ops) - 1
	if c.first < 0 {
		c.first = c.last
	}
}

// endParam takes up the query parameter that ends where s does. In the path there is
// none: its tokens are forgotten when the query begins.
func (c *compiler) endParam(s string) {
	if c.tokens && c.param > 0 {
		c.t.params = append(c.t.params, s[c.param:])
	}
	c.tokens = false
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

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}
