package macro

import (
	"net/url"
	"strings"
)

// DeepLink decides whether a visitor may be sent to a URL that came with the click, and
// gives it in the form to be sent: scheme and host lower-case ASCII, default port and the
// host's trailing dot removed, non-ASCII percent-encoded, the rest byte for byte (R13, R15).
//
// Each entry of allow is as [CheckHost] returns it: "shop.example" allows that host by
// https, ".shop.example" that host and all below it, "http://shop.example" plain http too,
// and "shop.example:8443" that port instead of the default one. An empty list denies.
//
// It fails with an [*Error]: [CodeLinkInvalid] for what is not a URL that net/url and
// browsers read alike, [CodeLinkDenied] for what the list does not have.
func DeepLink(raw string, allow []string) (string, error) {
	u, bad := split(raw)
	if bad != nil {
		return "", &Error{CodeLinkInvalid, bad.Field, bad.Msg}
	}
	if at := badEscape(u.rest); at >= 0 {
		return "", &Error{CodeLinkInvalid, cutRunes(u.rest[at:]), "The % in " + Echo(u.rest[at:]) + " is not followed by two hexadecimal digits."}
	}
	std, err := url.Parse(raw)
	if err != nil || !sameHost(std, u) {
		return "", &Error{CodeLinkInvalid, "", "The URL " + Echo(raw) + " is read differently by different parsers."}
	}
	port := u.port
	if u.secure && port == "443" || !u.secure && port == "80" {
		port = ""
	}
	if !allowed(u, port, allow) {
		return "", &Error{CodeLinkDenied, u.host, "The host " + Echo(u.prefix) + " is not in the offer's list of hosts a link may lead to."}
	}
	return assemble(raw, u, port), nil
}

// badEscape is the place of the first % without two hexadecimal digits; -1 without one.
// In a query it is literal to every parser; elsewhere parsers differ.
func badEscape(s string) int {
	query, fragment := false, false
	for i := range len(s) {
		switch {
		case s[i] == '?' && !fragment:
			query = true
		case s[i] == '#':
			query, fragment = false, true
		case s[i] == '%' && !query && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			return i
		}
	}
	return -1
}

// sameHost reports whether the standard library found the same host and port.
func sameHost(std *url.URL, u parts) bool {
	if std.User != nil || std.Opaque != "" || std.Port() != u.port {
		return false
	}
	name := std.Hostname()
	if strings.HasPrefix(u.host, "[") {
		name = "[" + name + "]"
	}
	host, why := normalHost(name)
	return why == "" && host == u.host
}

// allowed looks the host up in the list.
func allowed(u parts, port string, allow []string) bool {
	for _, s := range allow {
		e, bad := parseEntry(s)
		if bad != nil || port != e.port || !u.secure && !e.plain {
			continue
		}
		if u.host == e.host || e.below && len(u.host) > len(e.host) &&
			strings.HasSuffix(u.host, e.host) && u.host[len(u.host)-len(e.host)-1] == '.' {
			return true
		}
	}
	return false
}

func assemble(raw string, u parts, port string) string {
	scheme := "http://"
	if u.secure {
		scheme = "https://"
	}
	n := len(scheme) + len(u.host)
	if port == "" && isASCII(u.rest) && len(raw) == n+len(u.rest) && raw[:len(scheme)] == scheme && raw[len(scheme):n] == u.host {
		return raw
	}
	dst := append(make([]byte, 0, len(raw)+16), scheme...)
	dst = append(dst, u.host...)
	if port != "" {
		dst = append(dst, ':')
		dst = append(dst, port...)
	}
	for i := range len(u.rest) {
		if b := u.rest[i]; b < 0x80 {
			dst = append(dst, b)
		} else {
			dst = appendHex(dst, b)
		}
	}
	return string(dst)
}

// entry is one parsed entry of an allow-list.
type entry struct {
	plain bool // http is allowed too
	below bool // hosts below it are allowed too
	host  string
	port  string // "" = the default one
}

// CheckHost checks and normalises an entry of an allow-list, [http://][.]host[:port]:
// lower case, IDNA ASCII, no trailing dot, no https:// (it is always meant). It fails with
// an [*Error] of [CodeAllowHost].
func CheckHost(raw string) (string, error) {
	e, bad := parseEntry(raw)
	if bad != nil {
		return "", bad
	}
	s := e.host
	if e.below {
		s = "." + s
	}
	if e.plain {
		s = "http://" + s
	}
	if e.port != "" {
		s += ":" + e.port
	}
	return s, nil
}

func parseEntry(raw string) (entry, *Error) {
	var e entry
	refuse := func(why string) (entry, *Error) {
		return entry{}, &Error{CodeAllowHost, cutRunes(raw), "The host " + Echo(raw) + " cannot be allowed: " + why + "."}
	}
	s := raw
	switch {
	case hasPrefixFold(s, "http://"):
		e.plain, s = true, s[len("http://"):]
	case hasPrefixFold(s, "https://"):
		s = s[len("https://"):]
	}
	if strings.HasPrefix(s, "*.") {
		return refuse("write .example.com for example.com and all hosts below it")
	}
	if strings.HasPrefix(s, ".") {
		e.below, s = true, s[1:]
	}
	if s == "" {
		return refuse("it is empty")
	}
	if strings.ContainsAny(s, "/?#") {
		return refuse("write the host alone, without a path")
	}
	host, port, given := cutPort(s)
	if given && !isPort(port) {
		return refuse("its port is not a number from 1 to 65535")
	}
	if !(e.plain && port == "80" || !e.plain && port == "443") {
		e.port = port
	}
	why := ""
	e.host, why = normalHost(host)
	if why != "" {
		return refuse(why)
	}
	if e.below && (!strings.Contains(e.host, ".") || numeric(e.host[strings.LastIndexByte(e.host, '.')+1:])) {
		return refuse("a leading dot needs a name of two parts at least")
	}
	return e, nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
