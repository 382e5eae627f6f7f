package macro

import "bytes"

// Clash says what happens when the destination already has a parameter of the name of
// one that is merged into it (R11).
type Clash uint8

// The rules of R11; an offer's setting.
const (
	Keep        Clash = iota // the destination's own stays, ours is dropped
	Override                 // the destination's own are dropped, ours is appended
	AppendExtra              // both stay
)

// Append renders the URL behind dst: one pass, values encoded by position and never
// scanned for tokens (R9, R10). The result is printable ASCII (R14). A value that would
// make a path segment "." or ".." leaves the segment empty, since browsers resolve those
// even when they are encoded. It allocates only to grow dst, and for {…:hash}.
func (t *Template) Append(dst []byte, v *Values) []byte { return render(dst, t.ops, v) }

// AppendWith is [Template.Append] with more query parameters, put before the fragment in
// their order (R11, R12). Names are compared decoded; the destination's own bytes stay as
// they are.
func (t *Template) AppendWith(dst []byte, v *Values, extra []Param, clash Clash) []byte {
	start := len(dst)
	dst = render(dst, t.ops[:t.frag], v)
	dst = merge(dst, start, extra, clash)
	return render(dst, t.ops[t.frag:], v)
}

// Merge appends raw, a URL accepted by [DeepLink], with more query parameters to dst, as
// [Template.AppendWith] does. Braces in raw are literal.
func Merge(dst []byte, raw string, extra []Param, clash Clash) []byte {
	start, frag := len(dst), len(raw)
	for i := range len(raw) {
		if raw[i] == '#' {
			frag = i
			break
		}
	}
	dst = append(dst, raw[:frag]...)
	dst = merge(dst, start, extra, clash)
	return append(dst, raw[frag:]...)
}

func render(dst []byte, ops []op, v *Values) []byte {
	seg := 0
	for i := range ops {
		o := &ops[i]
		dst = append(dst, o.lit...)
		if o.flags&isToken == 0 {
			continue
		}
		if o.flags&segStart != 0 {
			seg = len(dst)
		}
		if o.flags&modified != 0 {
			dst = appendModified(dst, o, v)
		} else {
			dst = appendEncoded(dst, v[o.id])
		}
		if o.flags&segEnd != 0 {
			if s := dst[seg:]; len(s) <= 2 && len(s) == bytes.Count(s, []byte{'.'}) {
				dst = dst[:seg]
			}
		}
	}
	return dst
}

// merge adds the parameters to the URL dst[start:], which has no fragment.
func merge(dst []byte, start int, extra []Param, clash Clash) []byte {
	if len(extra) == 0 {
		return dst
	}
	query := len(dst) // where the query begins, after its ?
	sep := byte('?')
	if i := bytes.IndexByte(dst[start:], '?'); i >= 0 {
		query = start + i + 1
		if clash == Override {
			dst = drop(dst, query, extra)
		}
		sep = '&'
	}
	own := len(dst)
	for _, p := range extra {
		if clash == Keep && query < own && has(dst[query:own], p.Name) {
			continue
		}
		if last := dst[len(dst)-1]; sep == '?' || len(dst) != query && last != '&' {
			dst = append(dst, sep)
		}
		sep = '&'
		dst = appendEncoded(dst, p.Name)
		dst = append(dst, '=')
		dst = appendEncoded(dst, p.Value)
	}
	return dst
}

// drop removes from the query dst[query:] the parameters that have a name in extra.
func drop(dst []byte, query int, extra []Param) []byte {
	w := query
	kept := 0
	for r := query; r <= len(dst); {
		end := r
		for end < len(dst) && dst[end] != '&' {
			end++
		}
		if !clashes(dst[r:end], extra) {
			if kept > 0 {
				dst[w] = '&'
				w++
			}
			w += copy(dst[w:], dst[r:end])
			kept++
		}
		r = end + 1
	}
	return dst[:w]
}

func clashes(param []byte, extra []Param) bool {
	for i := range extra {
		if nameIs(param, extra[i].Name) {
			return true
		}
	}
	return false
}

func has(query []byte, name string) bool {
	for len(query) > 0 {
		param := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			param, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		if nameIs(param, name) {
			return true
		}
	}
	return false
}

// nameIs reports whether a raw name=value has this name once decoded. An empty piece, as
// in "a=1&&b=2", is no parameter.
func nameIs(param []byte, name string) bool {
	if len(param) == 0 {
		return false
	}
	n := 0
	for i := 0; i < len(param) && param[i] != '='; i++ {
		b := param[i]
		switch {
		case b == '+':
			b = ' '
		case b == '%' && i+2 < len(param) && isHex(param[i+1]) && isHex(param[i+2]):
			b = unhex(param[i+1])<<4 | unhex(param[i+2])
			i += 2
		}
		if n >= len(name) || name[n] != b {
			return false
		}
		n++
	}
	return n == len(name)
}

const hexDigits = "0123456789ABCDEF"

// unreserved are the bytes that mean themselves in every position (RFC 3986 §2.3). All
// others are encoded in every position: that is right in a path segment, a query name or
// value and a fragment alike.
var unreserved = func() (t [256]bool) {
	for b := range t {
		c := byte(b)
		t[b] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
	}
	return t
}()

func appendEncoded(dst []byte, v string) []byte {
	run := 0
	for i := range len(v) {
		if unreserved[v[i]] {
			continue
		}
		dst = append(dst, v[run:i]...)
		dst = appendHex(dst, v[i])
		run = i + 1
	}
	return append(dst, v[run:]...)
}

func appendHex(dst []byte, b byte) []byte {
	return append(dst, '%', hexDigits[b>>4], hexDigits[b&15])
}

func unhex(b byte) byte {
	switch {
	case b <= '9':
		return b - '0'
	case b <= 'F':
		return b - 'A' + 10
	}
	return b - 'a' + 10
}
