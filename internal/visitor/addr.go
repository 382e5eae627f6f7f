package visitor

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds how far X-Forwarded-For is followed: no real installation has
// as many proxies of its own.
const maxHops = 32

// ClientAddr is the address of the client (P19): the peer, or, when the peer
// is a trusted proxy, the right-most address in X-Forwarded-For that is not
// one. What stands left of that was written by the client and is never read,
// so it cannot be spoofed. If all hops are trusted the left-most is meant. A
// value that cannot be read on the way makes the peer the answer.
//
// remoteAddr is http.Request.RemoteAddr. The zero Addr means unknown (a unix
// socket).
func (c *Classifier) ClientAddr(remoteAddr string, h http.Header) netip.Addr {
	peer, ok := parseHop(remoteAddr)
	if !ok {
		return netip.Addr{}
	}
	lines := h["X-Forwarded-For"]
	if len(lines) == 0 || !c.trusted(peer) {
		return peer
	}
	client := peer
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for more := true; more; {
			var hop string
			hop, rest, more = cutLast(rest)
			hops++
			if hops > maxHops {
				return peer
			}
			if hop == "" {
				continue // empty list elements are allowed (RFC 9110, 5.6.1)
			}
			addr, ok := parseHop(hop)
			if !ok {
				return peer
			}
			client = addr
			if !c.trusted(addr) {
				return client
			}
		}
	}
	return client
}

// cutLast cuts the last element off a comma-separated list.
func cutLast(list string) (last, rest string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return strings.Trim(list, " \t"), "", false
	}
	return strings.Trim(list[i+1:], " \t"), list[:i], true
}

// parseHop reads an address with or without a port: "1.2.3.4", "1.2.3.4:80",
// "::1", "[::1]", "[::1]:80". IPv4-mapped addresses become IPv4, zones go.
func parseHop(s string) (netip.Addr, bool) {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535") + 17 // and a zone
	if s == "" || len(s) > longest {
		return netip.Addr{}, false
	}
	if addr, err := netip.ParseAddr(hostOf(s)); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// hostOf takes the port and the brackets off; what is malformed in itself is
// left for the address parser to refuse.
func hostOf(s string) string {
	if s[0] == '[' {
		host, port, ok := strings.Cut(s[1:], "]")
		if !ok || port != "" && !isPort(port) {
			return ""
		}
		return host
	}
	// One colon is a port, more are an IPv6 address.
	i := strings.IndexByte(s, ':')
	if i >= 0 && i == strings.LastIndexByte(s, ':') {
		if !isPort(s[i:]) {
			return ""
		}
		return s[:i]
	}
	return s
}

// isPort is ":" and one to five digits.
func isPort(s string) bool {
	if len(s) < 2 || len(s) > 6 || s[0] != ':' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (c *Classifier) trusted(a netip.Addr) bool {
	for _, p := range c.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// normalizePrefixes writes IPv4-mapped prefixes as IPv4, as addresses are.
func normalizePrefixes(in []netip.Prefix) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(in))
	for _, p := range in {
		if !p.IsValid() {
			return nil, fmt.Errorf("%v is not a network", p)
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// TruncateAddr is the form of an address that may be stored (G4): an IPv4
// address with its last 8 bits zeroed (/24), an IPv6 one with its last 80
// (/48), written without the prefix length. "" for the zero Addr.
func TruncateAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "" // not reachable: the length fits the family
	}
	return p.Addr().String()
}
