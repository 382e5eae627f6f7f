package app

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
)

// TestPagesAreSentCompressed: pages and JSON for who takes gzip, whole, and with the
// headers they have without it; a tracking answer never.
func TestPagesAreSentCompressed(t *testing.T) {
	cfg, err := Defaults()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = filepath.Join(t.TempDir(), "data")
	a, err := Open(t.Context(), cfg, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	get := func(path, accept string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		return w.Result()
	}
	for path, want := range map[string]string{"/setup?token=" + a.SetupToken: "gzip", "/api/v1/openapi.json": "gzip", "/c/unknown": "", "/healthz": ""} {
		plain, packed := get(path, ""), get(path, "gzip")
		if got := packed.Header.Get("Content-Encoding"); got != want || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: encoding %q, want %q", path, got, want)
			continue
		}
		var body io.Reader = packed.Body
		if want == "gzip" {
			if body, err = gzip.NewReader(packed.Body); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if packed.Header.Get("Vary") == "" {
				t.Errorf("%s: caches are not told that the answer varies", path)
			}
		}
		got, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		all, err := io.ReadAll(plain.Body)
		if err != nil {
			t.Error(err)
		}
		if len(got) != len(all) || packed.StatusCode != plain.StatusCode || packed.Header.Get("Content-Security-Policy") != plain.Header.Get("Content-Security-Policy") {
			t.Errorf("%s: %d bytes of status %d, want %d of %d", path, len(got), packed.StatusCode, len(all), plain.StatusCode)
		}
	}
}
