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

// TestConsoleOnAHostOfItsOwn: the tracking host serves no panel, the console's host no
// tracking, and a host nobody configured neither (S6, S12).
func TestConsoleOnAHostOfItsOwn(t *testing.T) {
	cfg, err := Defaults()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.PublicURL, cfg.ConsoleURL = "https://go.example.com", "https://console.example.com"
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
	for _, c := range []struct {
		host, path string
		want       int
		holds      string
	}{
		{"go.example.com", "/c/unknown", 404, "not available"},
		{"go.example.com", "/signin", 404, "not available"},
		{"go.example.com", "/api/v1/offers", 404, "not available"},
		{"go.example.com", "/metrics", 404, "not available"},
		{"go.example.com", "/healthz", 200, "ok"},
		{"console.example.com", "/signin", 303, ""}, // a new installation leads to the set-up
		{"console.example.com", "/api/v1/offers", 401, "unauthorized"},
		{"console.example.com", "/c/unknown", 303, ""},
		{"evil.example", "/signin", 421, "unknown_host"},
		{"evil.example", "/api/v1/offers", 421, "unknown_host"},
		{"evil.example", "/c/unknown", 421, "unknown_host"},
		{"evil.example", "/healthz", 421, "unknown_host"},
		{"10.1.2.3:8080", "/healthz", 200, "ok"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+c.host+c.path, nil)
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		if w.Code != c.want || !strings.Contains(strings.ToLower(w.Body.String()), c.holds) {
			t.Errorf("%s%s: %d, want %d\n%.200s", c.host, c.path, w.Code, c.want, w.Body)
		}
		if strings.Contains(w.Header().Get("Location"), "evil") {
			t.Errorf("%s%s: Location %s was built from the Host header", c.host, c.path, w.Header().Get("Location"))
		}
	}
}
