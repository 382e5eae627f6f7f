package app

import (
	"net/http"
	"net/url"
	"strings"

	"clickledger/internal/certs"
	"clickledger/internal/edge"
	"clickledger/internal/routing"
)

// secureOrigins are the https origins of the installation's own hosts, by host, where the
// server itself speaks HTTPS. A host whose URL is set with http has none.
func (a *App) secureOrigins() map[string]string {
	out := map[string]string{}
	if a.certs == nil {
		return out
	}
	for _, host := range a.Config.hosts() {
		out[host] = "https://" + host
	}
	for _, origin := range []string{a.Config.PublicURL, a.Config.ConsoleURL} {
		u, err := url.Parse(origin)
		switch {
		case err != nil || u.Host == "":
		case u.Scheme == "https":
			out[routing.HostName(u.Host)] = origin
		default:
			delete(out, routing.HostName(u.Host))
		}
	}
	return out
}

// upgrade sends who came to one of our own hosts by plain http to https, and reports
// whether it answered. Tracking is left as it is: a link, a pixel or a postback that was
// given out with http must work. So are the authority's questions and the operator's probes.
// What is no reading is refused in place of being sent again: what it carried was readable
// on its way already, and it must be noticed.
func upgrade(w http.ResponseWriter, r *http.Request, e *edge.Edge, origins map[string]string, consoleHost string) bool {
	if r.TLS != nil || len(origins) == 0 {
		return false
	}
	name := routing.HostName(r.Host)
	origin, ours := origins[name]
	path := r.URL.EscapedPath()
	tracking := e.Serves(path) && (consoleHost == "" || name != routing.HostName(consoleHost))
	if !ours || tracking || isOperator(r) || strings.HasPrefix(path, certs.ChallengePath) || !strings.HasPrefix(path, "/") {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Connection", "close")
		http.Error(w, "This is served by https only: "+origin, http.StatusForbidden)
		return true
	}
	http.Redirect(w, r, origin+r.URL.RequestURI(), http.StatusPermanentRedirect)
	return true
}
