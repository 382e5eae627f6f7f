package visitor

import (
	"net/http"
	"strings"
)

// Prefetch tells whether the request only fetches ahead of, or draws a preview
// of, a visit that may never happen (R6): no click is counted for it. The
// reason is the header that said so: "sec_purpose", "purpose", "x_moz",
// "x_purpose"; "" is an ordinary request.
func Prefetch(h http.Header) string {
	switch {
	case says(h["Sec-Purpose"], "prefetch"):
		return "sec_purpose"
	case says(h["Purpose"], "prefetch"), says(h["Purpose"], "preview"):
		return "purpose"
	case says(h["X-Moz"], "prefetch"):
		return "x_moz"
	case says(h["X-Purpose"], "preview"), says(h["X-Purpose"], "prefetch"):
		return "x_purpose"
	}
	return ""
}

// says tells whether one of the values is the token, with or without
// parameters behind it ("prefetch;prerender").
func says(values []string, token string) bool {
	for _, v := range values {
		v = strings.TrimLeft(v, " \t")
		if len(v) < len(token) || !equalFold(v[:len(token)], token) {
			continue
		}
		rest := strings.TrimLeft(v[len(token):], " \t")
		if rest == "" || rest[0] == ';' || rest[0] == ',' {
			return true
		}
	}
	return false
}

// anonymizedAddr tells whether the request comes through a prefetch proxy
// that hides the visitor's address (R6).
func anonymizedAddr(h http.Header) bool {
	for _, v := range h["Sec-Purpose"] {
		if len(v) <= 256 && strings.Contains(v, "anonymous-client-ip") {
			return true
		}
	}
	return false
}

// suspect names a request that is no navigation although a click is one: the
// sign of a click URL loaded as an image, frame or script to plant a cookie
// (V7). It is a remark, not a verdict: pixels and the direct script are
// fetched like this rightly. Absent headers, as of old browsers, say nothing;
// the values are a closed set, so a visitor cannot invent reasons.
func suspect(h http.Header) string {
	dest := first(h, "Sec-Fetch-Dest")
	switch dest {
	case "", "document", "empty": // empty is fetch(): the mode tells
	case "image":
		return "fetch_dest:image"
	case "iframe":
		return "fetch_dest:iframe"
	case "script":
		return "fetch_dest:script"
	case "frame":
		return "fetch_dest:frame"
	case "embed":
		return "fetch_dest:embed"
	case "object":
		return "fetch_dest:object"
	case "style":
		return "fetch_dest:style"
	default:
		return "fetch_dest:other"
	}
	switch first(h, "Sec-Fetch-Mode") {
	case "", "navigate":
		return ""
	case "no-cors":
		return "fetch_mode:no-cors"
	case "cors":
		return "fetch_mode:cors"
	case "same-origin":
		return "fetch_mode:same-origin"
	case "websocket":
		return "fetch_mode:websocket"
	default:
		return "fetch_mode:other"
	}
}
