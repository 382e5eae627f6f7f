package edge

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/routing"
)

// nonceLength is how many hex characters follow catalog.DomainCheckPath.
const nonceLength = 32

// Elsewhere answers a request that was not sent to the installation's own hosts, and
// reports whether it was one: on a tracking domain only tracking answers, and until the
// domain is verified only its check; a host that is nobody's is refused (S12). It is asked
// before anything else of the host's.
func (e *Edge) Elsewhere(w http.ResponseWriter, r *http.Request) bool {
	if r.Host == e.host { // most requests
		return false
	}
	s := e.holder.Load()
	name := routing.HostName(r.Host)
	d := s.Domain(name)
	path := r.URL.EscapedPath()
	var ep *dialect.Endpoint
	if d != nil && d.Served() {
		ep = dialect.AtRoot(path, r.URL.RawQuery, d.Dialects)
	}
	switch {
	case e.own[name]:
		return false
	case d == nil && (isAddress(name) || !e.named && !s.Domains()):
		return false
	case d == nil || !d.Served() && !strings.HasPrefix(path, catalog.DomainCheckPath):
		e.metrics.stranger.Inc()
		e.page(w, r, strangerPage)
	case strings.HasPrefix(path, catalog.DomainCheckPath):
		e.prove(w, r, d, path[len(catalog.DomainCheckPath):])
	case ep != nil:
		e.speak(w, r, d, ep)
	case path == "/" || path == "":
		e.metrics.other.Inc()
		e.sendTo(w, r, d.RootURL)
	default:
		e.track(w, r, d)
	}
	return true
}

// isAddress reports whether the name in a Host header is none of the domain name system:
// an address, localhost, or a single label such as a container's, by which probes, proxies
// and people with a tunnel come. A tracking domain has no such name.
func isAddress(name string) bool {
	if name == "" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	return len(name) <= 63 && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
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
	_, answer := catalog.DomainProof(d.Token, nonce)
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
