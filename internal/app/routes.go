package app

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"clickledger/internal/api"
	"clickledger/internal/console"
	"clickledger/internal/edge"
	"clickledger/internal/portal"
)

// compressed are the types of answers that are sent with gzip to who takes it: tables
// and JSON shrink to a tenth. Live streams are not among them, and no answer to a
// tracking request.
var compressed = []string{"text/html", "text/csv", "text/plain", "application/json", "application/problem+json", "application/openapi+json"}

// routes puts the two planes behind one listener. Tracking is dispatched first, on
// the raw path, by the edge; console, API and the operator's endpoints are behind a
// mux that no tracking request ever meets.
func (a *App) routes(e *edge.Edge) (http.Handler, error) {
	doors := portal.New(portal.Options{
		Catalog: a.Catalog, Accounts: a.Accounts, Outbound: a.outbound, Books: a.db.Books(), Decide: a.desk, Report: a.Report, Tests: a.tests, Signups: a.Signups, Payouts: a.Payouts, Documents: a.Documents,
		PublicURL: a.Config.PublicURL, View: a.loader.View, TagVersion: edge.TagVersion(), Now: a.Now,
	})
	rest := api.New(api.Options{
		Catalog: a.Catalog, Accounts: a.Accounts, Books: a.db.Books(), Decide: a.desk, Report: a.Report,
		Outbound: a.outbound, Rates: a.Rates, Signups: a.Signups, Mails: a.Mail, Caps: a.caps, Diagnosis: a.diagnoses, Tests: a.tests, Funds: a.funds, Payouts: a.Payouts, Documents: a.Documents, Domains: a.Domains, Portal: doors, View: a.loader.View, PublicURL: a.Config.PublicURL, TagVersion: edge.TagVersion(), Version: Version, Now: a.Now, Logger: a.Logger,
		ClientAddr: func(r *http.Request) string { return a.classifier.ClientAddr(r.RemoteAddr, r.Header).String() },
		Verify:     func(ctx context.Context) (any, error) { return a.Verify(ctx) }, Backup: a.Backup,
	})
	pages, err := console.New(console.Options{
		Catalog: a.Catalog, Accounts: a.Accounts, Books: a.db.Books(), Clicks: a.index, Decide: a.desk, Report: a.Report,
		Outbound: a.outbound, Rates: a.Rates, Signups: a.Signups, Mails: a.Mail, Marks: a.diagnoses, Diagnosis: a.diagnoses, Tests: a.tests, Funds: a.funds, Payouts: a.Payouts, Documents: a.Documents, Caps: a.caps, Domains: a.Domains, Portal: doors, View: a.loader.View, PublicURL: a.Config.PublicURL, TagVersion: edge.TagVersion(), SetupToken: a.SetupToken, Version: Version,
		Now: a.Now, Logger: a.Logger, Secure: strings.HasPrefix(a.consoleOrigin(), "https://"),
		ClientAddr: func(r *http.Request) string { return a.classifier.ClientAddr(r.RemoteAddr, r.Header).String() },
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte("ok\n")) // the client went away: nobody is left to tell
	})
	mux.HandleFunc("GET /tls-ask", a.mayHaveCertificate)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("POST /operator/verify", a.operator(a.serveVerify))
	mux.HandleFunc("POST /operator/backup", a.operator(a.serveBackup))
	mux.HandleFunc("POST /operator/profile", a.operator(serveProfile))
	smaller, err := gzhttp.NewWrapper(gzhttp.ContentTypes(compressed))
	if err != nil {
		return nil, err
	}
	mux.Handle("/api/v1/", smaller(rest))
	mux.Handle("/", smaller(pages))

	tracking := e.Handler()
	consoleHost := ""
	if a.Config.ConsoleURL != "" {
		u, err := url.Parse(a.Config.ConsoleURL)
		if err != nil {
			return nil, err
		}
		consoleHost = u.Host
	}
	origins := a.secureOrigins()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.certs != nil && a.certs.Challenge(w, r): // the authority asks
		case upgrade(w, r, e, origins, consoleHost):
		case e.Elsewhere(w, r): // a tracking domain, or nobody's host
		case consoleHost == "":
			if e.Serves(r.URL.EscapedPath()) || odd(r.URL.EscapedPath()) {
				tracking.ServeHTTP(w, r)
				return
			}
			mux.ServeHTTP(w, r)
		case strings.EqualFold(strings.TrimSuffix(r.Host, "."), consoleHost), isOperator(r):
			mux.ServeHTTP(w, r)
		default:
			// Also unknown hosts: they get a tracking host's clean 404, never a panel page.
			tracking.ServeHTTP(w, r)
		}
	}), nil
}

// odd reports a path the mux would answer with a redirect to a cleaned one. Nothing of
// ours has such a path, so it gets the tracking host's 404.
func odd(path string) bool {
	return strings.Contains(path, "//") || strings.Contains(path, "/./") || strings.Contains(path, "/../")
}

func (a *App) consoleOrigin() string {
	if a.Config.ConsoleURL != "" {
		return a.Config.ConsoleURL
	}
	return a.Config.PublicURL
}

// isOperator lets probes and the local commands through on any host name: they come
// by address.
func isOperator(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/tls-ask", "/operator/verify", "/operator/backup", "/operator/profile":
		return true
	}
	return false
}

// mayHaveCertificate answers a proxy that gets certificates by itself, such as Caddy with
// on-demand TLS, whether it may for a name: 200 for what is ours and for verified tracking
// domains, else 403. It tells nothing that visiting the name would not.
func (a *App) mayHaveCertificate(w http.ResponseWriter, r *http.Request) {
	host := r.URL.Query().Get("domain")
	why := a.refuseCertificate(host)
	w.Header().Set("Cache-Control", "no-store")
	if why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	_, _ = w.Write([]byte("ok\n")) // the client went away: nobody is left to tell
}

// refuseCertificate says why no certificate may be asked for under a name, "" = one may.
func (a *App) refuseCertificate(host string) string {
	if slices.Contains(a.Config.hosts(), strings.ToLower(host)) {
		return ""
	}
	return a.Domains.MayHaveCertificate(host)
}

// operator admits the holder of this run's token (from the run file) or the admin
// token.
func (a *App) operator(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		ok := subtle.ConstantTimeCompare([]byte(got), []byte(a.localToken)) == 1
		if a.Config.AdminToken != "" && subtle.ConstantTimeCompare([]byte(got), []byte(a.Config.AdminToken)) == 1 {
			ok = true
		}
		if !ok {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		err := h(w, r)
		if err != nil && !errors.Is(err, r.Context().Err()) {
			a.Logger.Error("operator's request failed", "path", r.URL.Path, "error", err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// serveProfile answers ten seconds of CPU profile in pprof's format: where the time
// goes under the load of the moment.
func serveProfile(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/octet-stream")
	err := pprof.StartCPUProfile(w)
	if err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(10 * time.Second):
	case <-r.Context().Done():
	}
	return nil
}
