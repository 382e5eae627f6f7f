package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"clickledger/internal/domains/dnstest"
)

// startOn is [start] with a public URL whose port is the listener's, and name servers of
// its own.
func startOn(t *testing.T, public string) (*server, *dnstest.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dns := dnstest.New(t)
	dns.Set(public, "127.0.0.1")
	cfg := settings(t, filepath.Join(t.TempDir(), "data"))
	cfg.PublicURL = "http://" + public + ":" + port
	a, err := Open(t.Context(), cfg, Options{Logger: quiet, Resolver: dns.Resolver()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, l) }()
	s := &server{t: t, app: a, url: "http://" + l.Addr().String(), data: cfg.Data}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := a.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s, dns, port
}

// ask makes a request to the listener under another name.
func (s *server) ask(host, method, path string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Host = host
	res, err := browser.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(b)
}

// TestTrackingDomain: a domain is added, leads nowhere, then here; from then on it is
// served, and URLs are shown with it, until it is taken out of use.
func TestTrackingDomain(t *testing.T) {
	t.Parallel()
	s, dns, port := startOn(t, "track.example")
	m := s.market()
	in := "?workspace=" + m.workspace
	link := s.api("POST", "/links", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": m.publisher})
	path := "/c/" + fmt.Sprint(link["key"])
	shown := func() string {
		return fmt.Sprint(s.api("GET", "/links/"+fmt.Sprint(link["id"])+in, nil)["tracking_url"])
	}
	postback := func() string { return fmt.Sprint(s.api("GET", "/offers/"+m.offer+in, nil)["postback_url"]) }
	status := func(host, path string) int {
		res, _ := s.ask(host, "GET", path)
		return res.StatusCode
	}
	d := s.api("POST", "/domains", map[string]any{"workspace": m.workspace, "host": "Go.Brand.Example", "default": true, "unknown_url": "https://brand.example/"})
	one := "/domains/" + fmt.Sprint(d["id"])
	if d["host"] != "go.brand.example" || d["status"] != "unverified" {
		t.Fatalf("made %v", d)
	}
	records := s.api("GET", one+"/dns"+in, nil)
	if got := fmt.Sprint(records["data"]); got != "[map[name:go.brand.example type:CNAME value:track.example]]" {
		t.Errorf("records %s", got)
	}
	public := "http://track.example:" + port
	if status("go.brand.example", path) != 421 || status("track.example:"+port, path) != 302 || shown() != public+path {
		t.Errorf("before it was verified it is served, or shown as %s", shown())
	}
	dns.Set("go.brand.example", "127.0.0.1")
	checked := s.api("POST", one+"/check"+in, nil)
	if checked["status"] != "verified" || checked["problem"] != "" {
		t.Fatalf("checked %v", checked)
	}
	origin := "http://go.brand.example:" + port
	if shown() != origin+path || !strings.HasPrefix(postback(), origin+"/postback?") {
		t.Errorf("shown as %s and %s", shown(), postback())
	}
	for host, want := range map[string]int{"go.brand.example:" + port: 302, "track.example:" + port: 302, "nobody.example": 421, "127.0.0.1": 302} {
		if got := status(host, path); got != want {
			t.Errorf("%s: %d, want %d", host, got, want)
		}
	}
	// Neither the console nor the API answers there.
	for _, path := range []string{"/", "/signin", "/setup", "/api/v1/offers", "/metrics", "/readyz", "/healthz", "/operator/verify", "/tls-ask?domain=go.brand.example", "/static/app.css"} {
		res, body := s.ask("go.brand.example", "GET", path)
		if path == "/" && res.StatusCode == 404 {
			continue
		}
		if res.StatusCode != 302 || res.Header.Get("Location") != "https://brand.example/" || body != "" {
			t.Errorf("%s: %d %v %.80s", path, res.StatusCode, res.Header, body)
		}
	}
	// A purchase of a visitor who came by the domain.
	res, _ := s.ask("go.brand.example", "GET", path)
	click := res.Header.Get("Location")[strings.Index(res.Header.Get("Location"), "cid=")+4:]
	if _, body := s.ask("go.brand.example", "GET", "/postback?token="+m.token+"&txid=1&click_id="+click); !strings.Contains(body, `"accepted"`) && !strings.Contains(body, `"received"`) {
		t.Errorf("the postback by the domain: %s", body)
	}
	for host, want := range map[string]int{"go.brand.example": 200, "GO.brand.example": 200, "track.example": 200, "nobody.example": 403, "": 403} {
		if got := status("127.0.0.1", "/tls-ask?domain="+host); got != want {
			t.Errorf("a certificate for %q: %d, want %d", host, got, want)
		}
	}
	// Another workspace cannot take it, and its links are unknown there.
	other := fmt.Sprint(s.api("POST", "/workspaces", map[string]any{"name": "Other"})["id"])
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/v1/domains", strings.NewReader(`{"workspace":"`+other+`","host":"go.brand.example"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	taken, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Body.Close()
	if taken.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("taken by another workspace: %s", taken.Status)
	}
	s.api("POST", one+"/archive"+in, nil)
	if status("go.brand.example", path) != 421 || shown() != public+path {
		t.Errorf("archived it is served, or shown as %s", shown())
	}
	if back := s.api("POST", one+"/restore"+in, nil); back["status"] != "unverified" || status("go.brand.example", path) != 421 {
		t.Errorf("restored it is served unproven: %v", back)
	}
}
