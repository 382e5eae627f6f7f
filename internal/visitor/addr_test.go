package visitor

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddr(t *testing.T) {
	tests := []struct {
		name, remote string
		xff          []string
		want         string
	}{
		{"no proxy", "203.0.113.9:4711", nil, "203.0.113.9"},
		{"IPv6", "[2001:db8::1]:4711", nil, "2001:db8::1"},
		{"mapped is IPv4", "[::ffff:203.0.113.9]:4711", nil, "203.0.113.9"},
		{"zone goes", "[fe80::1%eth0]:4711", nil, "fe80::1"},
		{"spoofed, peer not trusted", "203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		{"one proxy", "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"spoofed through the proxy", "10.0.0.1:1", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{"spoofed as a proxy of ours", "10.0.0.1:1", []string{"10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		{"spoofed in its own header line", "10.0.0.1:1", []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.0.0.1:1", []string{"198.51.100.1, 203.0.113.9, 10.2.3.4"}, "203.0.113.9"},
		{"two proxies, two lines", "10.0.0.1:1", []string{"203.0.113.9", "10.2.3.4"}, "203.0.113.9"},
		{"mapped proxy", "[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"mapped prefix", "192.168.7.3:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"beside the mapped prefix", "192.168.8.3:1", []string{"203.0.113.9"}, "192.168.8.3"},
		{"IPv6 proxy", "[fd00::5]:1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"all trusted", "10.0.0.1:1", []string{"10.0.0.9, 10.0.0.2"}, "10.0.0.9"},
		{"with a port", "10.0.0.1:1", []string{"203.0.113.9:555"}, "203.0.113.9"},
		{"IPv6 with a port", "10.0.0.1:1", []string{"[2001:db8::1]:555"}, "2001:db8::1"},
		{"IPv6 in brackets", "10.0.0.1:1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"empty elements", "10.0.0.1:1", []string{"203.0.113.9, ,, "}, "203.0.113.9"},
		{"nothing but commas", "10.0.0.1:1", []string{",,,"}, "10.0.0.1"},
		{"malformed", "10.0.0.1:1", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"malformed left of the client", "10.0.0.1:1", []string{"unknown, 203.0.113.9"}, "203.0.113.9"},
		{"malformed behind a proxy", "10.0.0.1:1", []string{"unknown, 10.0.0.2"}, "10.0.0.1"},
		{"bad port", "10.0.0.1:1", []string{"203.0.113.9:x"}, "10.0.0.1"},
		{"bad brackets", "10.0.0.1:1", []string{"[2001:db8::1"}, "10.0.0.1"},
		{"too many hops", "10.0.0.1:1", []string{"203.0.113.9" + strings.Repeat(",10.0.0.2", maxHops)}, "10.0.0.1"},
		{"many empty elements", "10.0.0.1:1", []string{"203.0.113.9" + strings.Repeat(",", 64<<10)}, "10.0.0.1"},
		{"CR LF", "10.0.0.1:1", []string{"203.0.113.9\r\nX: 1"}, "10.0.0.1"},
		{"unix socket", "@", []string{"203.0.113.9"}, "invalid IP"},
		{"no peer", "", nil, "invalid IP"},
		{"no port", "203.0.113.9", nil, "203.0.113.9"},
	}
	for _, tt := range tests {
		h := http.Header{}
		if tt.xff != nil {
			h["X-Forwarded-For"] = tt.xff
		}
		if got := shared().ClientAddr(tt.remote, h).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestTruncateAddr(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.9":             "203.0.113.0",
		"::ffff:203.0.113.9":      "203.0.113.0",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1::",
		"fe80::1%eth0":            "fe80::",
		"255.255.255.255":         "255.255.255.0",
		"ffff:ffff:ffff:ffff::":   "ffff:ffff:ffff::",
		"::1":                     "::",
		"2001:db8:1:ffff:ffff::1": "2001:db8:1::",
	} {
		if got := TruncateAddr(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := TruncateAddr(netip.Addr{}); got != "" {
		t.Errorf("zero Addr: %q", got)
	}
}

func TestNewRefusesABadProxy(t *testing.T) {
	_, err := New(Options{TrustedProxies: []netip.Prefix{{}}})
	if err == nil {
		t.Error("the zero Prefix was accepted")
	}
}
