package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"

	"clickledger/internal/certs"
	"clickledger/internal/domains/dnstest"
)

// authority is Pebble, Let's Encrypt's small ACME server, which asks for the challenge at
// the port. asked counts the orders that were made.
func authority(t *testing.T, dns *dnstest.Server, port int) (directory string, trusted, issued *x509.CertPool, orders func() int) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "default"}})
	front := wfe.New(quiet, store, va.New(quiet, port, 0, false, dns.Addr(), store), issuer, []string{"pebble.test"}, false, false, 1, 1)
	handler := front.Handler()
	var mu sync.Mutex
	n := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/order-plz" {
			mu.Lock()
			n++
			mu.Unlock()
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	trusted, issued = x509.NewCertPool(), x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	block, _ := pem.Decode(issuer.GetRootCert(0).PEM())
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	issued.AddCert(root)
	return server.URL + wfe.DirectoryPath, trusted, issued, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// TestCertificates: against a real ACME server, a name that may have one gets a certificate,
// at once or with the first handshake, and keeps it; any other is not asked for.
func TestCertificates(t *testing.T) {
	dns := dnstest.New(t)
	var keeper *certs.Keeper
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !keeper.Challenge(w, r) {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(plain.Close)
	_, text, err := net.SplitHostPort(plain.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"go.brand.test", "second.brand.test", "stranger.test"} {
		dns.Set(host, "127.0.0.1")
	}
	directory, trusted, issued, orders := authority(t, dns, port)
	folder := filepath.Join(t.TempDir(), "certificates")
	allowed := map[string]bool{"go.brand.test": true, "second.brand.test": true}
	options := certs.Options{Folder: folder, Directory: directory, Email: "ops@brand.test", HTTPPort: port, Roots: trusted, Logger: slog.New(slog.DiscardHandler),
		Refuse: func(host string) string {
			if allowed[host] {
				return ""
			}
			return "the domain is not verified"
		}}
	keeper = certs.New(options)
	shake := func(k *certs.Keeper, host string) error {
		l, err := tls.Listen("tcp", "127.0.0.1:0", k.TLS())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err == nil {
				_ = c.(*tls.Conn).Handshake() // the client says how it went
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}
		}()
		dialer := &net.Dialer{Timeout: time.Minute}
		c, err := tls.DialWithDialer(dialer, "tcp", l.Addr().String(), &tls.Config{ServerName: host, RootCAs: issued})
		if err == nil {
			_ = c.Close()
		}
		return err
	}

	if err := keeper.Obtain(t.Context(), "stranger.test"); err == nil || orders() != 0 {
		t.Errorf("a certificate for a stranger: %v, %d orders", err, orders())
	}
	if err := shake(keeper, "stranger.test"); err == nil || orders() != 0 {
		t.Errorf("a handshake as a stranger: %v, %d orders", err, orders())
	}
	if err := keeper.Obtain(t.Context(), "go.brand.test"); err != nil || orders() != 1 {
		t.Fatalf("obtain: %v, %d orders", err, orders())
	}
	if err := shake(keeper, "go.brand.test"); err != nil || orders() != 1 {
		t.Errorf("a handshake with the certificate: %v, %d orders", err, orders())
	}
	if err := shake(keeper, "second.brand.test"); err != nil || orders() != 2 {
		t.Errorf("a handshake that gets one: %v, %d orders", err, orders())
	}
	keeper.Close()

	// After a restart it is there, unless the name may have none any more.
	again := certs.New(options)
	t.Cleanup(again.Close)
	if err := again.Obtain(t.Context(), "go.brand.test"); err != nil || orders() != 2 {
		t.Errorf("after a restart: %v, %d orders", err, orders())
	}
	if err := shake(again, "go.brand.test"); err != nil || orders() != 2 {
		t.Errorf("a handshake after a restart: %v, %d orders", err, orders())
	}
	allowed["second.brand.test"] = false
	if err := shake(again, "second.brand.test"); err == nil {
		t.Error("a certificate of a domain that was taken out of use is served after a restart")
	}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
