package macro

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ref is one {name:modifier|default} as it was written.
type ref struct {
	id    ID
	flags uint8
	def   string
	size  int // bytes from brace to brace; 0 = these braces are literal
}

// modifiers are the words after a colon.
var modifiers = map[string]uint8{"raw": isRaw, "hash": isHash}

// token reads the token at the start of s, which is at pos.
func (c *compiler) token(s string, pos int) (ref, *Error) {
	end := 1
	for end < len(s) && isTokenByte(s[end]) {
		end++
	}
	head := s[1:end]
	if head == "" || len(head) > maxTokenName {
		return ref{}, nil
	}
	name, word, colon := head, "", false
	if i := strings.LastIndexByte(head, ':'); i >= 0 {
		name, word, colon = head[:i], head[i+1:], true
	}
	id, known := c.tbl.byName[name]
	r := ref{id: id}
	if end < len(s) && s[end] == '|' {
		r.flags |= hasDefault
		n := strings.IndexAny(s[end+1:], "{}")
		if n < 0 {
			n = len(s) - end - 1
		}
		r.def = s[end+1 : end+1+n]
		end += 1 + n
	}
	if end == len(s) || s[end] != '}' {
		if known {
			return ref{}, &Error{CodeTokenOpen, name, "The token {" + name + "} lacks its closing brace."}
		}
		return ref{}, nil
	}
	r.size = end + 1
	if !known {
		return ref{}, c.unknown(name, head)
	}
	if colon {
		flag, ok := modifiers[word]
		if !ok {
			return ref{}, badModifier(head)
		}
		r.flags |= flag
	}
	switch {
	case len(r.def) > MaxDefault:
		return ref{}, &Error{CodeTokenDefault, name, "The default of {" + name + "} is longer than 256 bytes."}
	case r.flags&isRaw != 0 && pos == inPath:
		return ref{}, &Error{CodeRawPosition, head, "The token {" + head + "} stands in the path; raw values are allowed only in the query and the fragment."}
	case c.app && !c.free(pos):
		return ref{}, &Error{CodeAppPosition, head, "The token {" + head + "} stands where a link to an app says which app or page is opened; there values are fixed. In the fragment of an intent a token may be the value of an extra, such as S.click_id={click_id}."}
	case r.flags&isRaw != 0 && pos == inFragment && c.app:
		return ref{}, &Error{CodeRawPosition, head, "The token {" + head + "} stands in the fragment of a link to an app, where raw values are not allowed."}
	}
	return r, nil
}

func (c *compiler) unknown(name, head string) *Error {
	first, _, more := strings.Cut(name, ":")
	if _, known := c.tbl.byName[first]; more && known {
		return badModifier(head)
	}
	if why := c.tbl.refused[name]; why != "" {
		return &Error{CodeTokenUnknown, name, "The token {" + name + "} is refused here: " + why}
	}
	msg := "The token {" + name + "} is not known here."
	if near := c.tbl.Nearest(name); near != "" {
		msg += " Did you mean {" + near + "}?"
	}
	return &Error{CodeTokenUnknown, name, msg}
}

func badModifier(head string) *Error {
	name, word, _ := strings.Cut(head, ":")
	return &Error{CodeTokenModifier, head, "The token {" + name + "} has the modifier " + Echo(word) + ", which does not exist. There are {" +
		name + ":raw}, {" + name + ":hash} and {" + name + "|default}."}
}

func isTokenByte(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '.' || b == '-' || b == ':'
}

// appendModified renders a token that has a default or a modifier.
func appendModified(dst []byte, o *op, v *Values) []byte {
	val := v[o.id]
	if o.flags&isHash != 0 {
		if val != "" && v[Salt] != "" {
			return appendHash(dst, v[Salt], val)
		}
		val = ""
	}
	if val == "" {
		val = o.def
	}
	if o.flags&isRaw != 0 {
		return appendRaw(dst, val)
	}
	return appendEncoded(dst, val)
}

// hashSize is how much of the HMAC is shown: 128 bits cannot be made to collide by
// anybody without the salt.
const hashSize = 16

func appendHash(dst []byte, salt, val string) []byte {
	h := hmac.New(sha256.New, []byte(salt))
	h.Write([]byte(val)) // a hash.Hash never returns an error
	var sum [sha256.Size]byte
	return hex.AppendEncode(dst, h.Sum(sum[:0])[:hashSize])
}

// rawBytes are the bytes :raw leaves alone: what RFC 3986 §3.4 and §3.5 allow in a query
// and a fragment, but for the single quote, which could end an HTML attribute. The percent
// sign is looked at separately.
var rawBytes = func() (t [256]bool) {
	t = unreserved
	for _, b := range []byte("!$&()*+,;=:@/?") {
		t[b] = true
	}
	return t
}()

func appendRaw(dst []byte, v string) []byte {
	run := 0
	for i := range len(v) {
		if rawBytes[v[i]] || v[i] == '%' && i+2 < len(v) && isHex(v[i+1]) && isHex(v[i+2]) {
			continue
		}
		dst = append(dst, v[run:i]...)
		dst = appendHex(dst, v[i])
		run = i + 1
	}
	return append(dst, v[run:]...)
}

// free reports whether a token may stand at the place reached in a link to an app. In its
// fragment an Android intent names app, scheme and fallback page, and Android decodes what
// stands there, so that encoding is no fence: only extras (S.name=) are free, but for the
// one that is such a page. The path of android-app: names the scheme and host to open.
func (c *compiler) free(pos int) bool {
	switch {
	case pos == inPath:
		return c.t.scheme != "android-app"
	case pos != inFragment:
		return true
	}
	last := c.text[max(strings.LastIndexByte(c.text, ';'), strings.LastIndexByte(c.text, '#'))+1:]
	name, extra := strings.CutPrefix(last, "S.")
	name, _, valued := strings.Cut(name, "=")
	return extra && valued && name != "browser_fallback_url" && !strings.ContainsAny(name, "%{")
}
