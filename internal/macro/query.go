package macro

import "strings"

// Limits of one query or form.
const (
	MaxQuery  = 8 << 10 // bytes
	MaxParams = 200
)

// Param is one parameter, decoded.
type Param struct{ Name, Value string }

// ParseQuery appends the parameters of a raw query or form, without its "?", to dst. It
// never fails: order and duplicates are kept, "+" is a space, a "%" that is no escape and
// ";" are data, "|", "[" and "]" may come encoded or not (dialects §0.9), a name without
// "=" has the value "". Decoded text may be any bytes.
//
// Beyond [MaxQuery] bytes or [MaxParams] parameters it stops and reports truncated;
// only whole parameters are returned. It allocates at most once besides growing dst.
func ParseQuery(dst []Param, raw string) (ps []Param, truncated bool) {
	if len(raw) > MaxQuery {
		truncated = true
		end := MaxQuery // a whole parameter may end exactly at the limit
		if raw[end] != '&' {
			end = strings.LastIndexByte(raw[:end], '&')
		}
		raw = raw[:max(end, 0)]
	}
	var d decoder
	n := 0
	for raw != "" {
		piece := raw
		if i := strings.IndexByte(raw, '&'); i >= 0 {
			piece, raw = raw[:i], raw[i+1:]
		} else {
			raw = ""
		}
		if piece == "" {
			continue
		}
		if n == MaxParams {
			return dst, true
		}
		name, value := piece, ""
		if i := strings.IndexByte(piece, '='); i >= 0 {
			name, value = piece[:i], piece[i+1:]
		}
		room := len(piece) + len(raw)
		dst = append(dst, Param{d.decode(name, room), d.decode(value, room)})
		n++
	}
	return dst, truncated
}

// Get is the value of the first parameter of this name; case matters.
func Get(ps []Param, name string) (string, bool) {
	for i := range ps {
		if ps[i].Name == name {
			return ps[i].Value, true
		}
	}
	return "", false
}

// decoder decodes many texts into one buffer.
type decoder struct{ buf strings.Builder }

// decode gives s itself if there is nothing to decode. room bounds how much all texts
// still to come can need, so that the buffer is allocated once.
func (d *decoder) decode(s string, room int) string {
	i := strings.IndexAny(s, "%+")
	if i < 0 {
		return s
	}
	if d.buf.Cap() == 0 {
		d.buf.Grow(room)
	}
	start := d.buf.Len()
	for run := 0; ; {
		d.buf.WriteString(s[run:i])
		switch {
		case s[i] == '+':
			d.buf.WriteByte(' ')
			run = i + 1
		case i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			d.buf.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			run = i + 3
		default:
			d.buf.WriteByte('%')
			run = i + 1
		}
		next := strings.IndexAny(s[run:], "%+")
		if next < 0 {
			d.buf.WriteString(s[run:])
			return d.buf.String()[start:]
		}
		i = run + next
	}
}
