package edge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"clickledger/internal/routing"
)

// checkPath is where a tracking domain answers whether it leads to this installation.
const checkPath = "/.well-known/clickledger/"

// nonceLength is how many hex characters follow checkPath.
const nonceLength = 32

// CheckURL is the path that asks a domain who it leads to, and the answer that only this
// installation can give: a MAC of the nonce under the domain's token.
func CheckURL(token, nonce string) (path, answer string) {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(nonce))
	return checkPath + nonce, hex.EncodeToString(mac.Sum(nil))
}

// ServeDomain answers a request to a tracking domain, and reports whether it came to one.
// Only tracking answers there, and until the domain is verified only its check (S12). It
// is asked before anything else of the host's.
func (e *Edge) ServeDomain(w http.ResponseWriter, r *http.Request) bool {
	if r.Host == e.host { // most requests
		return false
	}
	d := e.holder.Load().Domain(r.Host)
	if d == nil || e.own[d.Host] {
		return false
	}
	path := r.URL.EscapedPath()
	switch {
	case strings.HasPrefix(path, checkPath):
		e.prove(w, r, d, path[len(checkPath):])
	case !d.Served():
		e.Stranger(w, r)
	case path == "/" || path == "":
		e.metrics.other.Inc()
		e.sendTo(w, r, d.RootURL)
	default:
		e.track(w, r, d)
	}
	return true
}

// Stranger answers on a host that is nobody's: the 404 page, without a name of ours.
func (e *Edge) Stranger(w http.ResponseWriter, r *http.Request) {
	e.metrics.stranger.Inc()
	e.page(w, r, notFoundPage)
}

// Strict reports whether hosts that nobody configured are refused: as soon as a tracking
// domain is served. Until then whatever leads here is the public host.
func (e *Edge) Strict() bool { return e.holder.Load().Domains() }

// Own reports whether a Host header names the installation itself: one of its own
// origins, or no domain name at all, such as an address or localhost, by which probes,
// proxies and people with a tunnel come. A tracking domain has no such name.
func (e *Edge) Own(host string) bool {
	name := routing.HostName(host)
	return e.own[name] || !strings.Contains(name, ".") || strings.HasPrefix(name, "[") ||
		strings.HasSuffix(name, ".localhost") || strings.Trim(name[strings.LastIndexByte(name, '.')+1:], "0123456789") == ""
}

func (e *Edge) hostOf(d *routing.Domain) string {
	if d == nil {
		return e.host
	}
	return d.Host
}

// lost answers for what is not known on a domain, nil = the public host.
func (e *Edge) lost(w http.ResponseWriter, r *http.Request, on *routing.Domain) {
	if on == nil {
		e.page(w, r, notFoundPage)
		return
	}
	e.sendTo(w, r, on.UnknownURL)
}

// sendTo sends a visitor to a domain's own URL; "" is the 404 page. Only visitors are: a
// form or a signal would be lost there.
func (e *Edge) sendTo(w http.ResponseWriter, r *http.Request, location string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		location = ""
	}
	e.redirect(w, r, location)
}

// prove answers the check.
func (e *Edge) prove(w http.ResponseWriter, r *http.Request, d *routing.Domain, nonce string) {
	if len(nonce) != nonceLength || strings.Trim(nonce, "0123456789abcdef") != "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		e.metrics.other.Inc()
		e.page(w, r, notFoundPage)
		return
	}
	e.metrics.check.Inc()
	_, answer := CheckURL(d.Token, nonce)
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Robots-Tag"] = noIndex
	h["X-Content-Type-Options"] = noSniff
	h["Content-Type"] = typeText
	h["Content-Length"] = []string{strconv.Itoa(len(answer))}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(answer)) // who asked went away
	}
}
