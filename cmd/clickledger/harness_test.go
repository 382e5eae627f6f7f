package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"clickledger/internal/store/pgtest"
)

// The tests run the whole binary as processes of their own: the test binary, asked
// by these variables, is the product.
const (
	beVar    = "CLICKLEDGER_TEST_BE"    // "main": run the arguments as the command line
	clockVar = "CLICKLEDGER_TEST_CLOCK" // with serve: seconds the clock is off
)

func TestMain(m *testing.M) {
	if os.Getenv(beVar) == "" {
		os.Exit(pgtest.Main(m))
	}
	if off, err := strconv.Atoi(os.Getenv(clockVar)); err == nil && len(os.Args) > 1 && os.Args[1] == "serve" {
		commands[0].run = func(ctx context.Context, args []string) error {
			return serveAt(ctx, args, func() time.Time { return time.Now().Add(time.Duration(off) * time.Second) })
		}
	}
	main()
}

const adminToken = "test-admin-token-0001"

// proc is a running server.
type proc struct {
	t    *testing.T
	cmd  *exec.Cmd
	data string
	url  string
	log  *bytes.Buffer
	done chan error
}

// product is the product as a process.
func product(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), beVar+"=main")
	return cmd
}

// freePort is a loopback address nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}

// start runs a server on the data folder and waits until it is ready.
func start(t *testing.T, data, addr string, clock int, flags ...string) *proc {
	t.Helper()
	args := append([]string{"serve", "--data", data, "--listen", addr, "--admin-token", adminToken, "--log-level", "warn"}, flags...)
	p := &proc{t: t, cmd: product(t, args...), data: data, url: "http://" + addr, log: new(bytes.Buffer), done: make(chan error, 1)}
	p.cmd.Env = append(p.cmd.Env, clockVar+"="+strconv.Itoa(clock))
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.kill)
	end := time.Now().Add(60 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := http.Get(p.url + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p
			}
		}
		select {
		case err := <-p.done:
			p.done <- err
			t.Fatalf("the server ended: %v\n%s", err, p.log)
		case <-tick.C:
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not become ready: %v\n%s", err, p.log)
		}
	}
}

// kill is SIGKILL: no goodbye.
func (p *proc) kill() {
	if p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	err := <-p.done
	p.done <- err
}

// stop is SIGTERM, and must end with status 0.
func (p *proc) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	err := <-p.done
	p.done <- err
	if err != nil {
		p.t.Fatalf("graceful stop: %v\n%s", err, p.log)
	}
}

// api calls the REST API and decodes the answer.
func (p *proc) api(method, path string, body map[string]any) map[string]any {
	p.t.Helper()
	out, err := call(p.url, method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func call(base, method, path string, body map[string]any) (map[string]any, error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, base+"/api/v1"+path, r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out := map[string]any{}
	dec := json.NewDecoder(res.Body)
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return nil, fmt.Errorf("%s %s: %s: %w", method, path, res.Status, err)
	}
	if res.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s %v", method, path, res.Status, out)
	}
	return out, nil
}

// market is a workspace with one offer and one publisher's link.
type market struct {
	workspace, offer, key, token, publisher, link string
}

func (p *proc) market(offer map[string]any) market {
	p.t.Helper()
	id := func(m map[string]any, name string) string { return fmt.Sprint(m[name]) }
	ws := p.api("POST", "/workspaces", map[string]any{"name": "Test " + rand.Text()[:8], "require_tests": false})
	m := market{workspace: id(ws, "id")}
	adv := p.api("POST", "/advertisers", map[string]any{"workspace": m.workspace, "name": "Shop"})
	m.token = id(adv, "token")
	body := map[string]any{"workspace": m.workspace, "name": "Shoes", "advertiser": adv["id"], "url": "https://shop.example/?cid={click_id}&s={sub1}",
		"payout": "10.00", "commission_kind": "percent_payout", "commission_percent": "60"}
	for k, v := range offer {
		body[k] = v
	}
	of := p.api("POST", "/offers", body)
	m.offer, m.key = id(of, "id"), id(of, "key")
	pub := p.api("POST", "/publishers", map[string]any{"workspace": m.workspace, "name": "Blog"})
	m.publisher = id(pub, "id")
	p.api("POST", "/enrollments", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": m.publisher})
	l := p.api("POST", "/links", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": m.publisher, "name": "review"})
	u := id(l, "tracking_url")
	m.link = u[strings.Index(u, "/c/"):] // the port may be another after a restart
	return m
}

// verified runs `clickledger verify` on the folder, as an operator would.
func verified(t *testing.T, data string) {
	t.Helper()
	out, err := product(t, "verify", "--data", data).CombinedOutput()
	if err != nil {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// noFollow shows redirects instead of following them.
func noFollow() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
}

func dataDir(t *testing.T) string { return filepath.Join(t.TempDir(), "data") }
