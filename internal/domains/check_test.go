package domains_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/domains"
	"clickledger/internal/domains/dnstest"
	"clickledger/internal/store"
	"clickledger/internal/store/pgtest"
)

var owner = account.Principal{ID: "usr_1", Owner: true, Write: true}

// world is a catalog with a workspace, a name server, and whoever answers on the loopback.
type world struct {
	t       *testing.T
	now     time.Time
	view    *catalog.View
	catalog *catalog.Service
	options domains.Options
	service *domains.Service
	dns     *dnstest.Server
	server  *httptest.Server
	answer  http.HandlerFunc
	ws      string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), view: catalog.NewView(), dns: dnstest.New(t)}
	w.answer = w.prove
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.answer(rw, r) }))
	t.Cleanup(w.server.Close)
	w.catalog = catalog.NewService(catalog.ServiceOptions{Store: db.Catalog(), Now: func() time.Time { return w.now }, OwnHosts: []string{"track.example"},
		Changed: func(ctx context.Context, _ int64) error {
			rows, at, err := db.Catalog().Changed(ctx, w.view.Revision, 1000)
			w.view = w.view.With(rows, at)
			return err
		}})
	doc := catalog.NewDoc(catalog.KindWorkspace).(*catalog.WorkspaceDoc)
	doc.Name, doc.Currency, doc.TimeZone = "Ours", "EUR", "UTC"
	e, _, err := w.catalog.Create(t.Context(), owner, doc, catalog.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	w.ws = e.Base().ID
	w.options = domains.Options{Catalog: w.catalog, View: func() *catalog.View { return w.view }, Store: db.Domains(), Public: "http://track.example:" + port(t, w.server),
		AllowPrivate: true, Resolver: w.dns.Resolver(), Now: func() time.Time { return w.now }}
	w.dns.Set("track.example", "127.0.0.1")
	w.service = domains.New(w.options)
	return w
}

func port(t *testing.T, s *httptest.Server) string {
	t.Helper()
	_, p, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// prove answers as the edge does for the domain of the Host header.
func (w *world) prove(rw http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	d := w.view.Domain(host)
	nonce, ok := strings.CutPrefix(r.URL.Path, catalog.DomainCheckPath)
	if d == nil || !ok {
		http.NotFound(rw, r)
		return
	}
	_, answer := catalog.DomainProof(d.Token, nonce)
	_, _ = rw.Write([]byte(answer))
}

func (w *world) add(host string) *catalog.Domain {
	w.t.Helper()
	e, _, err := w.catalog.Create(w.t.Context(), owner, &catalog.DomainDoc{Workspace: w.ws, Host: host, Default: w.view.DefaultDomain(w.ws, "") == nil && host == "go.brand.example"}, catalog.Idempotency{})
	if err != nil {
		w.t.Fatal(err)
	}
	return e.(*catalog.Domain)
}

// check checks a domain, later than the last time.
func (w *world) check(d *catalog.Domain) (*catalog.Domain, *domains.Check) {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	now, c, err := w.service.Check(w.t.Context(), owner, w.ws, d.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return now, c
}

func TestWhatChecksFind(t *testing.T) {
	w := newWorld(t)
	elsewhere := func(to string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, to, http.StatusFound) }
	}
	d := w.add("go.brand.example")
	other := w.add("other.brand.example")
	for _, c := range []struct {
		name   string
		addrs  []string
		answer http.HandlerFunc
		code   string
		says   string
	}{
		{"no record", nil, w.prove, domains.NotResolvable, "make the DNS record"},
		{"it is well", []string{"127.0.0.1"}, w.prove, "", ""},
		{"the second address answers", []string{"127.0.0.9", "127.0.0.1"}, w.prove, "", ""},
		{"another server", []string{"127.0.0.1"}, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("hello")) }, domains.SomebodyElse, "200"},
		{"another installation", []string{"127.0.0.1"}, func(rw http.ResponseWriter, r *http.Request) {
			_, answer := catalog.DomainProof(other.Token, strings.TrimPrefix(r.URL.Path, catalog.DomainCheckPath))
			_, _ = rw.Write([]byte(answer))
		}, domains.SomebodyElse, "Host header"},
		{"endless", []string{"127.0.0.1"}, func(rw http.ResponseWriter, _ *http.Request) {
			for range 100 {
				_, _ = rw.Write([]byte(strings.Repeat("x", 4096)))
			}
		}, domains.SomebodyElse, ""},
		{"redirect to another host", []string{"127.0.0.1"}, elsewhere("http://evil.example/"), domains.SomebodyElse, "evil.example"},
		{"redirect in a circle", []string{"127.0.0.1"}, func(rw http.ResponseWriter, r *http.Request) { elsewhere(r.URL.Path)(rw, r) }, domains.SomebodyElse, "circle"},
		{"redirect to a file", []string{"127.0.0.1"}, elsewhere("file:///etc/passwd"), domains.SomebodyElse, ""},
		{"hung up", []string{"127.0.0.1"}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, domains.Unreachable, "Nobody answers"},
		{"elsewhere", []string{"127.0.0.77"}, w.prove, domains.WrongTarget, "127.0.0.77"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.dns.Set("go.brand.example", c.addrs...)
			w.answer = c.answer
			if c.name == "elsewhere" && !refuses("127.0.0.77:"+port(t, w.server)) {
				pgtest.Absent(t, "a loopback address that refuses: the listener answers on all of it")
			}
			_, k := w.check(d)
			if k.Code != c.code || !strings.Contains(k.Detail, c.says) {
				t.Errorf("%s: %s, want %s with %q", k.Code, k.Detail, c.code, c.says)
			}
		})
	}
	w.t = t
	w.options.AllowPrivate = false
	w.service = domains.New(w.options)
	w.dns.Set("go.brand.example", "127.0.0.1")
	w.answer = w.prove
	if _, k := w.check(d); k.Code != domains.PrivateAddr {
		t.Errorf("a private address is called: %+v", k)
	}
}

func refuses(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil {
		return true
	}
	_ = c.Close()
	return false
}

// TestStates: a domain is unverified until it leads here once; failures after that change
// what URLs are shown with only when there are several in a row, and it stays served.
func TestStates(t *testing.T) {
	w := newWorld(t)
	d := w.add("go.brand.example")
	now, k := w.check(d)
	if now.Status != catalog.StatusUnverified || now.Verified != 0 || k.Fails != 1 || w.service.MayHaveCertificate(d.Host) == "" {
		t.Fatalf("%+v %+v", now, k)
	}
	w.dns.Set(d.Host, "127.0.0.1")
	now, _ = w.check(d)
	first := now.Verified
	if now.Status != catalog.StatusVerified || first == 0 || w.view.DefaultDomain(w.ws, "") == nil || w.service.MayHaveCertificate("GO.brand.example.") != "" {
		t.Fatalf("%+v", now)
	}
	w.answer = http.NotFound
	for range 2 {
		if now, k = w.check(d); now.Status != catalog.StatusVerified || k.Code == "" {
			t.Fatalf("one failure changed the state: %+v %+v", now, k)
		}
	}
	now, k = w.check(d)
	if now.Status != catalog.StatusFailing || now.Verified != first || k.Fails != 3 || w.view.DefaultDomain(w.ws, "") != nil || w.service.MayHaveCertificate(d.Host) == "" {
		t.Fatalf("%+v %+v", now, k)
	}
	w.answer = w.prove
	if now, k = w.check(d); now.Status != catalog.StatusVerified || now.Verified != first || k.Fails != 0 || k.Detail != "" {
		t.Fatalf("%+v %+v", now, k)
	}
	_, err := w.catalog.Archive(t.Context(), owner, catalog.KindDomain, w.ws, d.ID, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
	_, _, err = w.service.Check(t.Context(), owner, w.ws, d.ID)
	var bad *catalog.Invalid
	if !errors.As(err, &bad) || w.service.MayHaveCertificate(d.Host) == "" {
		t.Errorf("an archived domain is checked: %v", err)
	}
}

// TestTimer: what is due is checked, what is not is left alone, and the wait grows with the
// failures.
func TestTimer(t *testing.T) {
	w := newWorld(t)
	d := w.add("go.brand.example")
	look := func() domains.Check {
		t.Helper()
		if err := w.service.CheckDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := w.service.Checks(t.Context(), owner, w.ws)
		if err != nil {
			t.Fatal(err)
		}
		return all[d.ID]
	}
	for i, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute} {
		k := look()
		if k.Fails != int64(i+1) || k.Next-k.At != wait.Microseconds() {
			t.Fatalf("check %d: %+v, want to wait %s", i, k, wait)
		}
		w.now = w.now.Add(wait - time.Second)
		if k = look(); k.Fails != int64(i+1) {
			t.Fatalf("checked before its time: %+v", k)
		}
		w.now = w.now.Add(time.Second)
	}
	w.dns.Set(d.Host, "127.0.0.1")
	if k := look(); k.Code != "" || k.Next-k.At != (6*time.Hour).Microseconds() {
		t.Errorf("%+v", k)
	}
}

func TestRecords(t *testing.T) {
	w := newWorld(t)
	w.dns.Set("track.example", "192.0.2.7", "2001:db8::7")
	for _, c := range []struct {
		public, host string
		want         []domains.Record
		note         string
	}{
		{"https://track.example", "go.brand.com", []domains.Record{{"CNAME", "go.brand.com", "track.example"}}, ""},
		{"https://track.example", "go.brand.co.uk", []domains.Record{{"CNAME", "go.brand.co.uk", "track.example"}}, ""},
		{"https://track.example", "brand.com", []domains.Record{{"A", "brand.com", "192.0.2.7"}, {"AAAA", "brand.com", "2001:db8::7"}}, "can have no CNAME"},
		{"https://track.example", "brand.co.uk", []domains.Record{{"A", "brand.co.uk", "192.0.2.7"}, {"AAAA", "brand.co.uk", "2001:db8::7"}}, "can have no CNAME"},
		{"https://unknown.example", "brand.com", nil, "could not be looked up"},
		{"http://192.0.2.9:8080", "go.brand.com", []domains.Record{{"A", "go.brand.com", "192.0.2.9"}}, ""},
		{"http://[2001:db8::9]", "go.brand.com", []domains.Record{{"AAAA", "go.brand.com", "2001:db8::9"}}, ""},
		{"http://127.0.0.1:8080", "go.brand.com", []domains.Record{{"A", "go.brand.com", "127.0.0.1"}}, "visitors cannot reach"},
	} {
		w.options.Public = c.public
		got, note := domains.New(w.options).Records(t.Context(), c.host)
		seen := map[domains.Record]bool{}
		for _, r := range got {
			seen[r] = true
		}
		for _, r := range c.want {
			if !seen[r] {
				t.Errorf("%s at %s: %v, want %v", c.host, c.public, got, r)
			}
		}
		if len(got) != len(c.want) || !strings.Contains(note, c.note) || (c.note == "") != (note == "") {
			t.Errorf("%s at %s: %v, %q", c.host, c.public, got, note)
		}
	}
}

// authority makes certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

func (a *authority) of(t *testing.T, host string) *tls.Certificate {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

// obtainer stands for who gets certificates: it makes one, or says why not.
type obtainer struct {
	asked []string
	fn    func(host string) error
}

func (o *obtainer) Obtain(_ context.Context, host string) error {
	o.asked = append(o.asked, host)
	return o.fn(host)
}

// TestCertificates: by https a domain is well only with a certificate; where we get them
// ourselves one is asked for once http has proven whose the name is, and not before.
func TestCertificates(t *testing.T) {
	w := newWorld(t)
	ca := newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	var have *tls.Certificate
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.answer(rw, r) }))
	secure.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if have == nil {
			return nil, errors.New("none")
		}
		return have, nil
	}}
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes
	secure.StartTLS()
	t.Cleanup(secure.Close)
	w.options.Public, w.options.Roots, w.options.PlainPort = "https://track.example:"+port(t, secure), roots, port(t, w.server)
	w.service = domains.New(w.options)
	d := w.add("go.brand.example")
	w.dns.Set(d.Host, "127.0.0.1")

	now, k := w.check(d)
	if now.Status != catalog.StatusFailing || now.Verified == 0 || k.Code != domains.NoCertificate {
		t.Errorf("without a certificate: %+v %+v", now, k)
	}
	have = newAuthority(t).of(t, d.Host) // of somebody whom nobody trusts
	if _, k = w.check(d); k.Code != domains.NoCertificate || !strings.Contains(k.Detail, "not valid") {
		t.Errorf("with a bad certificate: %+v", k)
	}
	have = ca.of(t, d.Host)
	if now, k = w.check(d); now.Status != catalog.StatusVerified || k.CertUntil == 0 {
		t.Errorf("with a good certificate: %+v %+v", now, k)
	}

	have = nil
	o := &obtainer{fn: func(host string) error {
		if why := w.service.MayHaveCertificate(host); why != "" {
			return errors.New(why)
		}
		have = ca.of(t, host)
		return nil
	}}
	w.options.Certificates = o
	w.service = domains.New(w.options)
	second := w.add("second.brand.example")
	if _, k = w.check(second); k.Code != domains.NotResolvable || len(o.asked) != 0 {
		t.Errorf("asked for %v before it leads here: %+v", o.asked, k)
	}
	w.dns.Set(second.Host, "127.0.0.1")
	w.answer = http.NotFound
	if _, k = w.check(second); k.Code != domains.SomebodyElse || len(o.asked) != 0 {
		t.Errorf("asked for %v though another answers: %+v", o.asked, k)
	}
	w.answer = w.prove
	if now, k = w.check(second); now.Status != catalog.StatusVerified || len(o.asked) != 1 || k.CertUntil == 0 {
		t.Errorf("%+v %+v after asking for %v", now, k, o.asked)
	}
	have = nil
	o.fn = func(string) error { return errors.New("the authority is closed") }
	if _, k = w.check(second); k.Code != domains.NoCertificate || !strings.Contains(k.CertError, "closed") {
		t.Errorf("%+v", k)
	}
}

func TestChecksAreForThoseWhoMay(t *testing.T) {
	w := newWorld(t)
	d := w.add("go.brand.example")
	reader := account.Principal{ID: "usr_2", Workspaces: []string{w.ws}}
	_, _, err := w.service.Check(t.Context(), reader, w.ws, d.ID)
	if !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a reader's check: %v", err)
	}
	_, _, err = w.service.Check(t.Context(), owner, "ws_other", d.ID)
	if !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("in another workspace: %v", err)
	}
}
