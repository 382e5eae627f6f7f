package macro

import (
	"encoding/json"
	"strings"
)

// The kinds of a request's body.
const (
	BodyForm = "form" // application/x-www-form-urlencoded
	BodyJSON = "json" // application/json
)

// BodyTypes is the Content-Type of each kind.
var BodyTypes = map[string]string{BodyForm: "application/x-www-form-urlencoded", BodyJSON: "application/json"}

// Body is a parsed template of a request's body. It is immutable and safe for concurrent
// use.
type Body struct {
	ops  []op
	json bool
}

// ParseBody parses the template of a body. Tokens are written as in a URL, with defaults
// and :hash; :raw is refused, so that no value can bring a parameter or a member of its
// own.
//
//   - In a form a value is percent-encoded wherever it stands.
//   - In JSON a value within quotes is escaped as text. Elsewhere it is a number where it is
//     written as one, null where it is empty, and else a text with quotes of its own. So the
//     body is valid JSON whatever the values hold, and a template for which that cannot be
//     promised is refused.
func ParseBody(tbl *Table, kind, raw string) (*Body, error) {
	b := &Body{json: kind == BodyJSON}
	if len(raw) > MaxURL {
		return nil, &Error{CodeTooLong, "", "The body is longer than 8192 bytes."}
	}
	c := compiler{t: &Template{raw: raw}, tbl: tbl}
	var bad *Error
	if b.json {
		bad = b.compileJSON(&c, raw)
	} else {
		bad = b.compileForm(&c, raw)
	}
	if bad != nil {
		return nil, bad
	}
	b.ops = c.t.ops
	if !b.json {
		return b, nil
	}
	for _, v := range []*Values{{}, tbl.Sample()} {
		if !json.Valid(b.Append(nil, v)) {
			return nil, &Error{CodeBodyJSON, "", "The body is not valid JSON once its tokens are replaced. A token stands for a value, within quotes or without, never for the name of a member alone."}
		}
	}
	return b, nil
}

// bodyToken reads the token at the start of s, if there is one.
func bodyToken(c *compiler, s string) (ref, *Error) {
	r, bad := c.token(s, inQuery)
	if bad == nil && r.size > 0 && r.flags&isRaw != 0 {
		head := s[1 : r.size-1]
		bad = &Error{CodeRawPosition, head, "The token {" + head + "} stands in a body, where raw values are not allowed."}
	}
	return r, bad
}

func (b *Body) compileForm(c *compiler, s string) *Error {
	for i := 0; i < len(s); {
		r, bad := ref{}, (*Error)(nil)
		if s[i] == '{' {
			r, bad = bodyToken(c, s[i:])
		}
		switch ch := s[i]; {
		case bad != nil:
			return bad
		case r.size > 0:
			c.flush(op{id: r.id, flags: r.flags | isToken, def: r.def})
			i += r.size
			continue
		case ch == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			return &Error{CodeEscape, cutRunes(s[i:]), "The % in " + Echo(s[i:]) + " is not followed by two hexadecimal digits; a percent sign itself is written %25."}
		case ch <= ' ' || ch == 0x7f:
			return &Error{CodeControl, "", "A form body has no spaces and no lines: it is name=value, joined by &; a space is written %20."}
		case ch >= 0x80:
			c.lit.Write(appendHex(nil, ch))
		default:
			c.lit.WriteByte(ch)
		}
		i++
	}
	c.flush(op{})
	return nil
}

func (b *Body) compileJSON(c *compiler, s string) *Error {
	text, escape := false, 0 // within quotes; bytes that an escape still needs
	for i := 0; i < len(s); {
		ch := s[i]
		if ch == '{' {
			r, bad := bodyToken(c, s[i:])
			if bad != nil {
				return bad
			}
			if r.size > 0 {
				if escape > 0 {
					return &Error{CodeBodyJSON, s[i : i+r.size], "The token " + s[i:i+r.size] + " stands behind an unfinished escape."}
				}
				flags := r.flags | isToken
				if text {
					flags |= inText
				}
				c.flush(op{id: r.id, flags: flags, def: r.def})
				i += r.size
				continue
			}
		}
		switch {
		case escape == 1 && ch == 'u' && text && s[i-1] == '\\':
			escape = 4
		case escape > 0:
			escape--
		case text && ch == '\\':
			escape = 1
		case ch == '"':
			text = !text
		}
		c.lit.WriteByte(ch)
		i++
	}
	c.flush(op{})
	return nil
}

// Append renders the body behind dst.
func (b *Body) Append(dst []byte, v *Values) []byte {
	for i := range b.ops {
		o := &b.ops[i]
		dst = append(dst, o.lit...)
		switch {
		case o.flags&isToken == 0:
		case b.json:
			dst = appendJSON(dst, plain(o, v), o.flags&inText != 0)
		case o.flags&modified != 0:
			dst = appendModified(dst, o, v)
		default:
			dst = appendEncoded(dst, v[o.id])
		}
	}
	return dst
}

// plain is a token's value as it is before any encoding.
func plain(o *op, v *Values) string {
	val := v[o.id]
	if o.flags&isHash != 0 {
		if val != "" && v[Salt] != "" {
			return string(appendHash(nil, v[Salt], val))
		}
		val = ""
	}
	if val == "" {
		return o.def
	}
	return val
}

// appendJSON writes a value into JSON; text says that it stands within quotes already.
func appendJSON(dst []byte, val string, text bool) []byte {
	quoted, err := json.Marshal(val)
	switch {
	case err != nil: // texts always marshal
		return dst
	case text:
		return append(dst, quoted[1:len(quoted)-1]...)
	case val == "":
		return append(dst, "null"...)
	case strings.IndexByte("-0123456789", val[0]) >= 0 && json.Valid([]byte(val)):
		return append(dst, val...)
	}
	return append(dst, quoted...)
}

// Sample are the samples of the table's tokens, with a salt.
func (t *Table) Sample() *Values {
	all := SampleValues()
	v := &Values{Salt: all[Salt]}
	for _, id := range t.ids {
		v[id] = all[id]
	}
	return v
}

// Named gives the values of the table's tokens that are not empty, by the tokens' names.
func (t *Table) Named(v *Values) map[string]string {
	named := map[string]string{}
	for _, id := range t.ids {
		if v[id] != "" {
			named[Tokens[id].Name] = v[id]
		}
	}
	return named
}

// FromNamed is the way back from [Table.Named]; names the table does not have are left out.
func (t *Table) FromNamed(named map[string]string) *Values {
	v := &Values{}
	for name, val := range named {
		id, ok := t.byName[name]
		if ok {
			v[id] = val
		}
	}
	return v
}
