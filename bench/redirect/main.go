// Command redirect measures redirects with wrk: clickledger with every visit fsynced
// before its 302, against a trivial net/http 302 and, where installed, nginx with an access
// log, in one run on one machine. What counts are the ratios.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	seconds := flag.Int("seconds", 8, "length of one measurement")
	rounds := flag.Int("rounds", 3, "measurements of each, in turn; the median counts")
	serve := flag.String("serve", "", "internal: run the trivial server on this address")
	flag.Parse()
	if *serve != "" {
		panic(http.ListenAndServe(*serve, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h["Location"] = []string{"https://shop.example/landing?ref=0123456789abcdef0123456789abcdef"}
			w.WriteHeader(http.StatusFound)
		})))
	}
	err := run(*seconds, *rounds)
	if err != nil {
		fmt.Fprintln(os.Stderr, "redirect:", err)
		os.Exit(1)
	}
}

// peer is one server under load.
type peer struct {
	name, url string
	cmd       *exec.Cmd
	rates     map[int][]float64 // by connections
}

const (
	ourAddr   = "127.0.0.1:18081"
	plainAddr = "127.0.0.1:18082"
	nginxAddr = "127.0.0.1:18083"
	token     = "bench-token-0123456789"
)

func run(seconds, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "clickledger-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bin := filepath.Join(dir, "clickledger")
	out, err := exec.Command("go", "build", "-o", bin, "./cmd/clickledger").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var peers []*peer
	defer func() {
		for _, p := range peers {
			_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
			_ = p.cmd.Wait()                          // by the signal
		}
	}()
	start := func(name, url string, cmd *exec.Cmd) error {
		cmd.Stderr = os.Stderr
		err := cmd.Start()
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		peers = append(peers, &peer{name, url, cmd, map[int][]float64{}})
		return nil
	}
	ours := exec.Command(bin, "serve", "--data", filepath.Join(dir, "data"), "--listen", ourAddr, "--admin-token", token, "--log-level", "warn")
	err = start("clickledger", "", ours)
	if err != nil {
		return err
	}
	err = ready("http://" + ourAddr + "/readyz")
	if err != nil {
		return err
	}
	peers[0].url, err = link()
	if err != nil {
		return err
	}
	err = start("net/http 302", "http://"+plainAddr+"/c/x", exec.Command(self, "-serve", plainAddr))
	if err != nil {
		return err
	}
	nginx, err := exec.LookPath("nginx")
	if err == nil {
		conf := filepath.Join(dir, "nginx.conf")
		err := os.WriteFile(conf, fmt.Appendf(nil, `daemon off; worker_processes 2; pid %s/nginx.pid; error_log %s/error.log;
events { worker_connections 4096; }
http { access_log %s/access.log combined; keepalive_requests 1000000;
 server { listen %s; location / { return 302 https://shop.example/landing?ref=$request_id; } } }
`, dir, dir, dir, nginxAddr), 0o600)
		if err != nil {
			return err
		}
		err = start("nginx 302 + access log", "http://"+nginxAddr+"/c/x", exec.Command(nginx, "-c", conf, "-p", dir))
		if err != nil {
			return err
		}
	}
	for _, p := range peers[1:] {
		err := ready(p.url)
		if err != nil {
			return err
		}
	}
	for round := range rounds {
		for _, c := range []int{64, 256} {
			for _, p := range peers {
				rate, p99, err := wrk(p.url, c, seconds)
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				p.rates[c] = append(p.rates[c], rate)
				fmt.Printf("round %d, %d connections, %s: %.0f/s, p99 %s\n", round+1, c, p.name, rate, p99)
				if p == peers[0] {
					err := drained()
					if err != nil {
						return err
					}
				}
			}
		}
	}
	for _, c := range []int{64, 256} {
		our := median(peers[0].rates[c])
		fmt.Printf("\n%d connections, median of %d × %d s\n", c, rounds, seconds)
		for _, p := range peers {
			m := median(p.rates[c])
			fmt.Printf("  %-24s %8.0f/s   clickledger is %.2f ×\n", p.name, m, our/m)
		}
	}
	return counters()
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func ready(url string) error {
	client := &http.Client{Timeout: time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	end := time.Now().Add(20 * time.Second)
	for {
		res, err := client.Get(url)
		if err == nil {
			res.Body.Close()
			if res.StatusCode < 500 {
				return nil
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s does not answer: %w", url, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// link makes an offer with a publisher and returns the tracking URL.
func link() (string, error) {
	post := func(path string, body map[string]any) (map[string]any, error) {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+ourAddr+"/api/v1"+path, bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		out := map[string]any{}
		err = json.NewDecoder(res.Body).Decode(&out)
		if err == nil && res.StatusCode >= 300 {
			err = fmt.Errorf("POST %s: %s %v", path, res.Status, out)
		}
		return out, err
	}
	ws, err := post("/workspaces", map[string]any{"name": "bench"})
	if err != nil {
		return "", err
	}
	of, err := post("/offers", map[string]any{"workspace": ws["id"], "name": "bench", "url": "https://shop.example/landing?ref={click_id}&s={sub1}", "payout": "1.00"})
	if err != nil {
		return "", err
	}
	l, err := post("/links", map[string]any{"workspace": ws["id"], "offer": of["id"], "name": "bench"})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(l["tracking_url"]) + "?sub1=bench", nil
}

var (
	rate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	tail = regexp.MustCompile(`99%\s+(\S+)`)
)

// wrk returns requests a second and the 99th percentile of their latency, under full load.
func wrk(url string, connections, seconds int) (float64, string, error) {
	out, err := exec.Command("wrk", "-t2", "-c", strconv.Itoa(connections), "-d", strconv.Itoa(seconds)+"s", "--latency",
		"-H", "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", url).CombinedOutput()
	if err != nil {
		return 0, "", fmt.Errorf("wrk: %w\n%s", err, out)
	}
	if bytes.Contains(out, []byte("Socket errors")) || bytes.Contains(out, []byte("Non-2xx or 3xx")) {
		return 0, "", fmt.Errorf("wrk saw errors:\n%s", out)
	}
	m, p99 := rate.FindSubmatch(out), tail.FindSubmatch(out)
	if m == nil || p99 == nil {
		return 0, "", fmt.Errorf("wrk printed no rate or latency:\n%s", out)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	return n, string(p99[1]), err
}

// drained waits until the consumers have caught up, so that their backlog of one
// measurement does not burden the next peer's.
func drained() error {
	end := time.Now().Add(2 * time.Minute)
	for time.Now().Before(end) {
		res, err := http.Get("http://" + ourAddr + "/readyz")
		if err != nil {
			return err
		}
		var s struct{ Last, Index, Books, Facts uint64 }
		err = json.NewDecoder(res.Body).Decode(&s)
		res.Body.Close()
		if err != nil {
			return err
		}
		if s.Index >= s.Last && s.Facts >= s.Last {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the consumers did not catch up within two minutes")
}

// counters shows that no redirect went out unacknowledged.
func counters() error {
	res, err := http.Get("http://" + ourAddr + "/metrics")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	if err != nil {
		return err
	}
	fmt.Println()
	for line := range strings.SplitSeq(b.String(), "\n") {
		for _, want := range []string{"clickledger_clicks_unacked_total", "clickledger_log_unacked_total", "clickledger_log_batches_total", "clickledger_log_records_total", "process_resident_memory_bytes"} {
			if strings.HasPrefix(line, want) {
				fmt.Println(line)
			}
		}
	}
	return nil
}
