package macro

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// parts is a URL cut by a grammar narrower than any parser's, so that all parsers that
// accept it agree on the host.
type parts struct {
	scheme    string // lower case
	secure    bool   // https
	app       bool   // neither http nor https
	authority string // host and port, ASCII, as written otherwise
	host      string // lower-case ASCII, without trailing dot
	port      string // "" = the default one
	prefix    string // scheme and authority, ASCII, as written otherwise
	rest      string // path, query and fragment, as written
}

// split checks and cuts a URL without tokens.
func split(raw string) (parts, *Error) {
	bad := checkText(raw, false)
	if bad != nil {
		return parts{}, bad
	}
	return cut(raw, nil)
}

// cut cuts a URL whose characters are checked. Tokens may stand in rest only. schemes are
// the app schemes allowed besides http and https.
func cut(raw string, schemes []string) (parts, *Error) {
	var u parts
	scheme, after, ok := strings.Cut(raw, "://")
	if ok {
		u.scheme = strings.ToLower(scheme)
	}
	switch {
	case u.scheme == "https":
		u.secure = true
	case u.scheme == "http":
	case ok && schemeAllowed(u.scheme, schemes):
		u.app = true
	default:
		return u, refuseScheme(raw, schemes)
	}
	u.authority = after
	if i := strings.IndexAny(after, "/?#"); i >= 0 {
		u.authority, u.rest = after[:i], after[i:]
	}
	switch {
	case u.authority == "":
		return u, &Error{CodeHost, "", "The URL " + Echo(raw) + " has no host."}
	case strings.ContainsAny(u.authority, "{}"):
		return u, &Error{CodeTokenInHost, cutRunes(u.authority), "The host " + Echo(u.authority) + " holds a token; where a visitor is sent must be fixed."}
	case strings.Contains(u.authority, "@"):
		return u, &Error{CodeUserinfo, cutRunes(u.authority), "The URL has a user name before its host, in " + Echo(u.authority) + "."}
	case strings.Contains(u.authority, " "):
		return u, refuseSpace(raw)
	}
	host, port, portGiven := cutPort(u.authority)
	why := ""
	if u.app {
		u.host, why = normalAppHost(host)
	} else {
		u.host, why = normalHost(host)
	}
	if why == "" && portGiven && !isPort(port) {
		why = "its port is not a number from 1 to 65535"
	}
	if why != "" {
		return u, &Error{CodeHost, cutRunes(u.authority), "The host " + Echo(u.authority) + " is refused: " + why + "."}
	}
	u.port = port
	if !isASCII(host) {
		u.authority = u.host
		if port != "" {
			u.authority += ":" + port
		}
		u.prefix = scheme + "://" + u.authority
		return u, nil
	}
	u.prefix = raw[:len(raw)-len(u.rest)]
	return u, nil
}

// checkText refuses what is too long, and what parsers strip, rewrite or show as nothing.
// With spaces it lets U+0020 through, which may stand in the default of a token; who asks
// for that refuses it elsewhere.
func checkText(s string, spaces bool) *Error {
	if len(s) > MaxURL {
		return &Error{CodeTooLong, "", "The URL is longer than 8 kB."}
	}
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		what := ""
		switch {
		case r == '\\':
			what = "a backslash"
		case r < 0x80 && r > ' ' && r != 0x7f, r == ' ' && spaces:
		case r == utf8.RuneError && size == 1:
			what = "bytes that are not UTF-8"
		case unicode.IsSpace(r):
			what = "whitespace"
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			what = "a control character"
		}
		if what != "" {
			return &Error{CodeControl, "", "The URL " + Echo(s) + " holds " + what + ", which must be percent-encoded."}
		}
		i += size
	}
	return nil
}

func refuseSpace(raw string) *Error {
	return &Error{CodeControl, "", "The URL " + Echo(raw) + " holds whitespace, which must be percent-encoded."}
}

// cutPort cuts the authority at its port, if it has one.
func cutPort(authority string) (host, port string, given bool) {
	i := strings.IndexByte(authority, ':')
	if authority[0] == '[' {
		i = strings.IndexByte(authority, ']') + 1
		if i == 0 || i == len(authority) {
			return authority, "", false
		}
		if authority[i] != ':' {
			return authority, "", false // text after the bracket: normalHost refuses it
		}
	}
	if i < 0 {
		return authority, "", false
	}
	return authority[:i], authority[i+1:], true
}

func isPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// whatwg is the IDNA processing of browsers (WHATWG URL §3.3, beStrict = false). What
// else a host needs, normalHost checks itself.
var whatwg = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(),
	idna.CheckJoiners(true), idna.CheckHyphens(false), idna.StrictDomainName(false))

// normalHost gives the host in lower-case ASCII without trailing dot (R15), or why it is
// refused. It does not allocate for a host that is normal already.
func normalHost(h string) (host, why string) {
	if h == "" {
		return "", "it is empty"
	}
	if h[0] == '[' {
		return normalIPv6(h)
	}
	host = strings.TrimSuffix(h, ".")
	puny := false
	if isASCII(host) {
		host = strings.ToLower(host)
		puny = strings.HasPrefix(host, "xn--") || strings.Contains(host, ".xn--")
	}
	if puny || !isASCII(host) {
		ascii, err := whatwg.ToASCII(host)
		if err != nil || puny && ascii != host || !spelledOut(host, ascii) {
			return "", "it is not an internationalised name in its normal form"
		}
		host = ascii
	}
	why = checkLabels(host)
	if why == "" && numeric(host[strings.LastIndexByte(host, '.')+1:]) {
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Is4() || host != h {
			why = "it looks like an IP address but is not one in plain dotted form"
		}
	}
	return host, why
}

// spelledOut reports whether each part that is not ASCII is, but for capitals, what its
// IDNA form stands for, made of letters and digits. This refuses full-width letters and
// dots, invisible characters, symbols and Punycode within Punycode: names that show one
// host and mean another, or on which IDNA implementations differ. Who has one can write
// its xn-- form.
func spelledOut(before, after string) bool {
	if strings.Count(before, ".") != strings.Count(after, ".") {
		return false
	}
	for before != "" {
		var b, a string
		b, before, _ = strings.Cut(before, ".")
		a, after, _ = strings.Cut(after, ".")
		if isASCII(b) {
			continue
		}
		text, err := whatwg.ToUnicode(a)
		if err != nil || text != strings.ToLower(b) || strings.ContainsFunc(b, isSymbol) {
			return false
		}
	}
	return true
}

// isSymbol reports whether IDNA 2008 has no place for r, but for two dots of Catalan and
// Japanese.
func isSymbol(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && !strings.ContainsRune("-_·・", r)
}

// checkLabels checks lengths and characters. The underscore is no host name by RFC 952,
// but is in use and read alike by all.
func checkLabels(host string) string {
	if len(host) > 253 {
		return "it is longer than 253 characters"
	}
	label := 0
	for i := 0; i <= len(host); i++ {
		if i == len(host) || host[i] == '.' {
			if label == 0 {
				return "a part between its dots is empty"
			}
			if label > 63 {
				return "a part between its dots is longer than 63 characters"
			}
			label = 0
			continue
		}
		b := host[i]
		if !('a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '-' || b == '_') {
			return "it has characters other than letters, digits, dots and hyphens"
		}
		label++
	}
	return ""
}

// numeric reports whether browsers take a host with this last label for an IPv4 address
// (WHATWG URL, "ends in a number").
func numeric(label string) bool {
	if strings.HasPrefix(label, "0x") {
		label = label[2:]
		for i := range len(label) {
			if !isHex(label[i]) {
				return false
			}
		}
		return true
	}
	for i := range len(label) {
		if label[i] < '0' || label[i] > '9' {
			return false
		}
	}
	return true
}

func normalIPv6(h string) (host, why string) {
	inner, ok := strings.CutSuffix(h[1:], "]")
	ip, err := netip.ParseAddr(inner)
	if !ok || err != nil || !ip.Is6() || ip.Is4In6() || ip.Zone() != "" {
		return "", "it is not a plain IPv6 address in brackets"
	}
	return "[" + ip.String() + "]", ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
