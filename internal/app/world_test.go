package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

const (
	patience   = 30 * time.Second
	adminToken = "test-admin-token-0001"
)

var quiet = slog.New(slog.DiscardHandler)

// settings is a configuration for a data folder.
func settings(t *testing.T, data string) *Config {
	t.Helper()
	c, err := Defaults()
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Listen, c.PublicURL, c.AdminToken, c.OutboundPrivate = data, "127.0.0.1:0", "http://track.example", adminToken, true
	c.FactsMemoryMB = 96
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// server is a running installation.
type server struct {
	t    *testing.T
	app  *App
	url  string
	data string
	stop func()
}

// start opens and serves a data folder until stop is called or the test ends.
func start(t *testing.T, data string) *server {
	t.Helper()
	a, err := Open(t.Context(), settings(t, data), Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Listen()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, l) }()
	s := &server{t: t, app: a, url: "http://" + l.Addr().String(), data: data}
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
	return s
}

// api calls the REST API and decodes the answer.
func (s *server) api(method, path string, body map[string]any) map[string]any {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/api/v1"+path, bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s %v %v", method, path, res.Status, err, out)
	}
	return out
}

// market is a workspace with one offer and one publisher's link.
type market struct{ workspace, offer, publisher, token, link string }

func (s *server) market() market {
	s.t.Helper()
	m := market{workspace: fmt.Sprint(s.api("POST", "/workspaces", map[string]any{"name": "Test", "require_tests": false})["id"])}
	adv := s.api("POST", "/advertisers", map[string]any{"workspace": m.workspace, "name": "Shop"})
	of := s.api("POST", "/offers", map[string]any{"workspace": m.workspace, "name": "Shoes", "advertiser": adv["id"],
		"url": "https://shop.example/?cid={click_id}", "payout": "10.00", "commission_kind": "percent_payout", "commission_percent": "60"})
	pub := s.api("POST", "/publishers", map[string]any{"workspace": m.workspace, "name": "Blog"})
	m.token, m.offer, m.publisher = fmt.Sprint(adv["token"]), fmt.Sprint(of["id"]), fmt.Sprint(pub["id"])
	s.api("POST", "/enrollments", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": m.publisher})
	m.link = s.link(m)
	return m
}

// link makes one more link and returns its path.
func (s *server) link(m market) string {
	s.t.Helper()
	l := s.api("POST", "/links", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": m.publisher, "name": "review"})
	return strings.TrimPrefix(fmt.Sprint(l["tracking_url"]), "http://track.example")
}

var browser = &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// click visits a link and returns the click id, "" when the visitor was not redirected.
func (s *server) click(path string) (string, error) {
	res, err := browser.Get(s.url + path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusFound {
		return "", fmt.Errorf("%s answered %s: %w", path, res.Status, err)
	}
	return to.Query().Get("cid"), nil
}

func (s *server) mustClick(m market) string {
	s.t.Helper()
	id, err := s.click(m.link)
	if err != nil || id == "" {
		s.t.Fatalf("click %q: %v", id, err)
	}
	return id
}

// buy sends a postback and returns its verdict and its signal's id.
func (s *server) buy(m market, click, order string) (verdict, signal string, err error) {
	res, err := browser.Get(s.url + "/postback?token=" + m.token + "&click_id=" + click + "&txid=" + order)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	var out struct{ Verdict, Signal string }
	err = json.NewDecoder(res.Body).Decode(&out)
	return out.Verdict, out.Signal, err
}

func (s *server) mustBuy(m market, click, order string) {
	s.t.Helper()
	verdict, _, err := s.buy(m, click, order)
	if err != nil || (verdict != string(event.Accepted) && verdict != string(event.Received)) {
		s.t.Fatalf("order %s: %s, %v", order, verdict, err)
	}
}

// traffic sends visits, each third of which buys.
func (s *server) traffic(m market, name string, n int) (clicks []string) {
	s.t.Helper()
	for i := range n {
		id := s.mustClick(m)
		clicks = append(clicks, id)
		if i%3 == 0 {
			s.mustBuy(m, id, fmt.Sprintf("%s-%d", name, i))
		}
	}
	s.caughtUp()
	return clicks
}

func (s *server) caughtUp() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.app.CatchUp(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// state is what the books and the facts say, in words.
func state(t *testing.T, a *App, m market) []string {
	t.Helper()
	var out []string
	cs, err := a.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: m.workspace, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		out = append(out, fmt.Sprintf("conversion %s of %s: %s, %d and %d %s", c.Order, c.Click, c.Status, c.Revenue, c.Commission, c.Currency))
	}
	bs, err := a.db.Books().Balances(t.Context(), m.workspace, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		out = append(out, fmt.Sprintf("balance %s %d", b.Account.Code(), b.Net()))
	}
	res, err := a.facts.Query(t.Context(), `SELECT kind, publisher, count(*), CAST(sum(visits) AS BIGINT), CAST(sum(conversions) AS BIGINT), CAST(sum(revenue) AS BIGINT),
		CAST(sum(commission) AS BIGINT) FROM facts GROUP BY kind, publisher`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range res.Rows {
		out = append(out, fmt.Sprint("facts ", r))
	}
	sort.Strings(out)
	return out
}

// wantVerified verifies an open installation.
func wantVerified(t *testing.T, a *App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	v, err := a.Verify(ctx)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if !v.OK {
		var b strings.Builder
		v.Print(&b)
		t.Errorf("verify:\n%s", b.String())
	}
}

// inspect opens a stopped folder, verifies it, and gives its state.
func inspect(t *testing.T, data string, m market) []string {
	t.Helper()
	a, err := openOffline(t.Context(), settings(t, data), quiet)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var out []string
	err = a.offline(t.Context(), func(ctx context.Context) error {
		wantVerified(t, a)
		out = state(t, a, m)
		return nil
	})
	if err != nil {
		t.Errorf("run: %v", err)
	}
	if err := a.Close(context.Background()); err != nil {
		t.Errorf("close: %v", err)
	}
	return out
}

// same reports where a state differs from the one wanted.
func same(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the state differs (-want +got):\n%s", d)
	}
}

// wantRefused checks that a folder is not opened, and that the message says so in
// these words.
func wantRefused(t *testing.T, data string, words ...string) {
	t.Helper()
	a, err := Open(t.Context(), settings(t, data), Options{Logger: quiet})
	if err == nil {
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
		t.Fatal("it was opened")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the message does not say %q: %v", w, err)
		}
	}
}

// copyFolder copies what a process that was killed now would leave.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(filepath.Join(to, rel))
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if cerr := out.Close(); err == nil {
			err = cerr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
