package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlainHTTPIsUpgraded: where the server speaks HTTPS itself its own hosts send people
// there; tracking, challenges, probes and addresses answer as they do.
func TestPlainHTTPIsUpgraded(t *testing.T) {
	open := func(change func(c *Config)) *App {
		t.Helper()
		cfg, err := Defaults()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Data, cfg.Listen, cfg.TLSListen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:8080", "127.0.0.1:8443"
		cfg.PublicURL, cfg.OwnHosts, cfg.ACMEDirectory = "https://go.example.com", "old.example.com", "https://127.0.0.1:1/"
		change(cfg)
		if err := cfg.Check(); err != nil {
			t.Fatal(err)
		}
		a, err := Open(t.Context(), cfg, Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	one := open(func(*Config) {})
	two := open(func(c *Config) { c.ConsoleURL = "https://console.example.com:8443" })
	split := open(func(c *Config) { c.ConsoleURL = "http://console.example.com" })
	off := open(func(c *Config) { c.TLSListen = "" })
	for _, c := range []struct {
		app         *App
		method, url string
		code        int
		location    string
	}{
		{one, "GET", "http://go.example.com/signin?next=%2Fw", 308, "https://go.example.com/signin?next=%2Fw"},
		{one, "HEAD", "http://GO.example.com:80/", 308, "https://go.example.com/"},
		{one, "GET", "http://old.example.com/api/v1/offers", 308, "https://old.example.com/api/v1/offers"},
		{one, "GET", "http://go.example.com//evil.example/x", 308, "https://go.example.com//evil.example/x"},
		{one, "POST", "http://go.example.com/signin", 403, ""},
		{one, "DELETE", "http://go.example.com/api/v1/offers/off_1", 403, ""},
		{one, "GET", "https://go.example.com/api/v1/offers", 401, ""},
		{one, "GET", "http://go.example.com/c/unknown", 404, ""},
		{one, "GET", "http://go.example.com/postback?click_id=x", 0, ""},
		{one, "POST", "http://go.example.com/event", 0, ""},
		{one, "GET", "http://go.example.com/tag.js", 200, ""},
		{one, "GET", "http://go.example.com/.well-known/acme-challenge/abc", 0, ""},
		{one, "GET", "http://go.example.com/healthz", 200, ""},
		{one, "GET", "http://127.0.0.1:8080/api/v1/offers", 401, ""},
		{one, "GET", "http://evil.example/signin", 421, ""},
		{two, "GET", "http://console.example.com/c/x", 308, "https://console.example.com:8443/c/x"},
		{two, "GET", "http://go.example.com/c/unknown", 404, ""},
		{two, "GET", "http://go.example.com/signin", 308, "https://go.example.com/signin"},
		{off, "GET", "http://go.example.com/api/v1/offers", 401, ""},
		{split, "GET", "http://console.example.com/api/v1/offers", 401, ""},
		{split, "GET", "http://go.example.com/signin", 308, "https://go.example.com/signin"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.url, nil)
		w := httptest.NewRecorder()
		c.app.handler.ServeHTTP(w, r)
		upgraded := w.Code == http.StatusPermanentRedirect || w.Code == http.StatusForbidden && strings.Contains(w.Body.String(), "https only")
		if c.code != 0 && w.Code != c.code || w.Header().Get("Location") != c.location && c.code == 308 || c.code == 0 && upgraded {
			t.Errorf("%s %s: %d to %q, want %d to %q", c.method, c.url, w.Code, w.Header().Get("Location"), c.code, c.location)
		}
	}
}
