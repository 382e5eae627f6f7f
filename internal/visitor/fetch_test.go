package visitor

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestPrefetch(t *testing.T) {
	tests := []struct{ header, value, want string }{
		{"Sec-Purpose", "prefetch", "sec_purpose"},
		{"Sec-Purpose", "prefetch;prerender", "sec_purpose"},
		{"Sec-Purpose", "prefetch;anonymous-client-ip", "sec_purpose"},
		{"Sec-Purpose", " Prefetch ; prerender", "sec_purpose"},
		{"Sec-Purpose", "prefetching", ""},
		{"Sec-Purpose", "prerender", ""},
		{"Purpose", "prefetch", "purpose"},
		{"Purpose", "preview", "purpose"},
		{"X-Moz", "prefetch", "x_moz"},
		{"X-Moz", "no", ""},
		{"X-Purpose", "preview", "x_purpose"},
		{"X-Purpose", "", ""},
		{"Accept", "prefetch", ""},
	}
	for _, tt := range tests {
		h := http.Header{}
		h.Set(tt.header, tt.value)
		if got := Prefetch(h); got != tt.want {
			t.Errorf("%s: %q: %q, want %q", tt.header, tt.value, got, tt.want)
		}
	}
	if got := Prefetch(http.Header{"Sec-Purpose": {"x", "prefetch"}}); got != "sec_purpose" {
		t.Errorf("second line: %q", got)
	}
	if got := Prefetch(nil); got != "" {
		t.Errorf("no headers: %q", got)
	}
}

func TestSuspect(t *testing.T) {
	tests := []struct{ dest, mode, want string }{
		{"", "", ""},
		{"document", "navigate", ""},
		{"document", "", ""},
		{"", "navigate", ""},
		{"image", "no-cors", "fetch_dest:image"},
		{"iframe", "navigate", "fetch_dest:iframe"},
		{"script", "no-cors", "fetch_dest:script"},
		{"embed", "navigate", "fetch_dest:embed"},
		{"object", "navigate", "fetch_dest:object"},
		{"frame", "navigate", "fetch_dest:frame"},
		{"style", "", "fetch_dest:style"},
		{"<b>", "navigate", "fetch_dest:other"},
		{"empty", "cors", "fetch_mode:cors"},
		{"", "no-cors", "fetch_mode:no-cors"},
		{"", "same-origin", "fetch_mode:same-origin"},
		{"empty", "websocket", "fetch_mode:websocket"},
		{"empty", "\r\n", "fetch_mode:other"},
	}
	for _, tt := range tests {
		h := http.Header{"User-Agent": {humanUA}}
		if tt.dest != "" {
			h.Set("Sec-Fetch-Dest", tt.dest)
		}
		if tt.mode != "" {
			h.Set("Sec-Fetch-Mode", tt.mode)
		}
		got := shared().Classify(h, netip.Addr{})
		if got.Suspect != tt.want || got.Bot != "" {
			t.Errorf("%q, %q: suspect %q, bot %q, want suspect %q", tt.dest, tt.mode, got.Suspect, got.Bot, tt.want)
		}
	}
}

const humanUA = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"

// TestAnonymizedPrefetch: a proxy's address says nothing about the visitor (R6).
func TestAnonymizedPrefetch(t *testing.T) {
	h := http.Header{"User-Agent": {humanUA}}
	addr := netip.MustParseAddr("8.8.8.8")
	if got := shared().Classify(h, addr); got.Country != "US" || got.Addr != addr {
		t.Fatalf("plain request: %+v", got)
	}
	h.Set("Sec-Purpose", "prefetch;anonymous-client-ip")
	if got := shared().Classify(h, addr); got.Country != "" {
		t.Errorf("country %q from the address of a proxy", got.Country)
	}
}
