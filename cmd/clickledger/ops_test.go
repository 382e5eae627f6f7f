package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	_ "modernc.org/sqlite"
)

// runs runs the command to its end and returns its exit status and all it said.
func runs(t *testing.T, args ...string) (status int, out string) {
	t.Helper()
	b, err := product(t, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode(), string(b)
	}
	return 0, string(b)
}

// wantRun checks the exit status and what is said.
func wantRun(t *testing.T, status int, words []string, args ...string) {
	t.Helper()
	got, out := runs(t, args...)
	if got != status {
		t.Errorf("clickledger %s: exit status %d, want %d:\n%s", strings.Join(args, " "), got, status, out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("clickledger %s does not say %q:\n%s", strings.Join(args, " "), w, out)
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	wantRun(t, 2, []string{"usage: clickledger COMMAND", "serve", "backup", "restore"})
	wantRun(t, 2, []string{"usage: clickledger COMMAND"}, "dance")
	wantRun(t, 0, []string{"usage: clickledger COMMAND", "exit status 1 on any gap"}, "help")
	wantRun(t, 0, []string{"clickledger 0."}, "version")
	wantRun(t, 0, []string{"-data", "CLICKLEDGER_DATA", "-durability"}, "serve", "-h")
	wantRun(t, 1, []string{"clickledger: ", `"maybe"`, "full nor relaxed"}, "serve", "--durability", "maybe")
	wantRun(t, 1, []string{"clickledger: ", "verify takes no arguments"}, "verify", "x")
	wantRun(t, 1, []string{"clickledger: ", "backup takes one file"}, "backup")
	wantRun(t, 1, []string{"clickledger: ", "restore takes one file"}, "restore", "a", "b")
	wantRun(t, 1, []string{"not a data folder"}, "verify", "--data", t.TempDir())
	wantRun(t, 1, []string{"not a data folder"}, "backup", "--data", t.TempDir(), "x")
	wantRun(t, 1, []string{"outside 100"}, "demo", "--visits", "3")
	wantRun(t, 1, []string{"newer clickledger"}, "serve", "--data", folderOf(t, "FORMAT", "99\n"))
	wantRun(t, 1, []string{"not a data folder of clickledger", "thesis"}, "serve", "--data", folderOf(t, "thesis", "…"))

	status, out := runs(t, "config", "--data", "/somewhere", "--admin-token", "sixteen-letters-at-least", "--listen", ":9999")
	for _, w := range []string{"data = /somewhere\n", "listen = :9999\n", "public-url = http://127.0.0.1:9999\n", "CLICKLEDGER_LOG_KEEP", "durability = full\n", "admin-token = (set, not shown)\n"} {
		if status != 0 || !strings.Contains(out, w) {
			t.Errorf("config (%d) does not say %q:\n%s", status, w, out)
		}
	}
	if strings.Contains(out, "sixteen") {
		t.Error("config shows a secret")
	}
	cmd := product(t, "config", "--log-keep", "1h")
	cmd.Env = append(cmd.Env, "CLICKLEDGER_LOG_KEEP=2h", "CLICKLEDGER_CLICK_DAYS=7")
	b, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(b), "log-keep = 1h0m0s\n") || !strings.Contains(string(b), "click-days = 7\n") {
		t.Errorf("config over variables: %v\n%s", err, b)
	}
}

func folderOf(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ready reads /readyz.
func (p *proc) ready() (int, map[string]any) {
	p.t.Helper()
	res, err := http.Get(p.url + "/readyz")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, out
}

// A served folder: refused to a second server, verified and backed up through the
// first, which stops with status 0 under load.
func TestOneServerPerFolder(t *testing.T) {
	t.Parallel()
	data, addr := dataDir(t), freePort(t)
	p := start(t, data, addr, 0, "--durability=relaxed")
	if status, r := p.ready(); status != http.StatusOK || r["durability"] != "relaxed" || r["log"] != "ok" {
		t.Errorf("readyz of a relaxed server: %d %v", status, r)
	}
	m := p.market(nil)
	wantRun(t, 1, []string{"clickledger: the data folder " + data + " is in use by another clickledger", "--data"}, "serve", "--data", data)
	wantRun(t, 1, []string{"listen on " + addr, "address already in use"}, "serve", "--data", dataDir(t), "--listen", addr)

	a := &acked{signals: map[string]string{}, orders: map[string]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.load(ctx, p.url, m, 7); close(done) }()
	wantRun(t, 0, []string{"verified in"}, "verify", "--data", data)
	file := filepath.Join(t.TempDir(), "a.backup")
	wantRun(t, 0, []string{file, "bytes"}, "backup", "--data", data, file)
	wantRun(t, 1, []string{"exists already"}, "backup", "--data", data, file)
	p.stop()
	cancel()
	<-done
	if !strings.Contains(p.log.String(), "durability is relaxed") {
		t.Errorf("the start does not say that durability is relaxed:\n%s", p.log)
	}
	verified(t, data)
	p = start(t, data, freePort(t), 0)
	if _, r := p.ready(); r["durability"] != "full" {
		t.Errorf("readyz: %v", r)
	}
	a.check(t, p, m)
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := <-p.done
	p.done <- err
	if err != nil {
		t.Errorf("SIGINT: %v\n%s", err, p.log)
	}

	to := filepath.Join(t.TempDir(), "new")
	wantRun(t, 0, []string{"restored into " + to, "clickledger verify --data " + to}, "restore", "--data", to, file)
	wantRun(t, 0, []string{"verified in"}, "verify", "--data", to)
	wantRun(t, 1, []string{"is not empty"}, "restore", "--data", to, file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/3] ^= 4
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRun(t, 1, []string{"the backup is damaged"}, "restore", "--data", filepath.Join(t.TempDir(), "other"), file)
}

// verify finds what is wrong, names it, and ends with status 1.
func TestVerifyFindsGaps(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	p := start(t, data, freePort(t), 0)
	m := p.market(nil)
	client := noFollow()
	var clicks []string
	for i := range 9 {
		c, err := visit(t.Context(), client, p.url+m.link)
		if err != nil {
			t.Fatal(err)
		}
		clicks = append(clicks, c)
		if i%3 == 0 {
			postback(t, client, p.url, m, c, fmt.Sprint("o-", i))
		}
	}
	p.stop()
	verified(t, data)
	sqlite := func(file string, statements ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { execute(t, "sqlite", filepath.Join(dir, file), statements) }
	}
	duck := func(statements ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			execute(t, "duckdb", filepath.Join(dir, "facts", "facts.duckdb"), statements)
		}
	}
	for name, c := range map[string]struct {
		do   func(t *testing.T, dir string)
		want []string // empty: it is mended by itself
	}{
		"a visit gone from the facts, noticed at the start": {duck("DELETE FROM facts WHERE kind = 'visit' AND seq = (SELECT min(seq) FROM facts)"), nil},
		"a visit gone from the facts": {duck("DELETE FROM facts WHERE kind = 'visit' AND click_id = '"+clicks[4]+"'", "UPDATE progress SET fact_rows = fact_rows - 1"),
			[]string{"GAP", clicks[4], "is in the facts 0 times"}},
		"a visit twice in the facts": {duck("INSERT INTO facts SELECT * FROM facts WHERE kind = 'visit' AND click_id = '"+clicks[4]+"'", "UPDATE progress SET fact_rows = fact_rows + 1"),
			[]string{"GAP", clicks[4], "is in the facts 2 times"}},
		"a conversion gone from the facts": {duck("DELETE FROM facts WHERE kind = 'conversion' AND click_id = '"+clicks[0]+"'", "UPDATE progress SET fact_rows = fact_rows - 1"),
			[]string{"GAP", "the facts have 2 conversions", "the books 3"}},
		"a click gone from the index": {sqlite("clicks.db", "DELETE FROM clicks WHERE hex(id) = upper('"+clicks[2]+"')"),
			[]string{"GAP", clicks[2], "not in the click index"}},
		"a signal gone from the inbox": {sqlite("books.db", "DELETE FROM signals WHERE click = '"+clicks[3]+"'"),
			[]string{"GAP", "is not in the inbox"}},
		"a changed conversion": {sqlite("books.db", "UPDATE conversions SET commission = commission + 1 WHERE click = '"+clicks[3]+"' OR hex(click) = upper('"+clicks[3]+"')"),
			[]string{"GAP", "publisher", "the conversions say"}},
		"a changed ledger entry": {func(t *testing.T, dir string) {
			file := filepath.Join(dir, "books.db")
			dropTriggers(t, file)
			execute(t, "sqlite", file, []string{"UPDATE ledger_entries SET amount = amount + 5 WHERE (transaction_id, no) = (SELECT transaction_id, no FROM ledger_entries LIMIT 1)"})
		}, []string{"GAP", "every ledger transaction balances"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(data)); err != nil {
				t.Fatal(err)
			}
			c.do(t, dir)
			if c.want == nil {
				wantRun(t, 0, []string{"verified in"}, "verify", "--data", dir)
				return
			}
			wantRun(t, 1, append(c.want, "clickledger: verify found gaps"), "verify", "--data", dir)
		})
	}
}

// execute changes a database behind the product's back; each statement must change
// something.
func execute(t *testing.T, driver, file string, statements []string) {
	t.Helper()
	db, err := sql.Open(driver, file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		res, err := db.Exec(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			t.Fatalf("%s changed %d rows, %v", s, n, err)
		}
	}
}

func dropTriggers(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, n := range names {
		if _, err := db.Exec("DROP TRIGGER " + n); err != nil {
			t.Fatal(err)
		}
	}
}

// answer is what a postback is told.
type answer struct{ Verdict, Signal, Conversion string }

func postback(t *testing.T, client *http.Client, base string, m market, click, order string) (int, answer) {
	t.Helper()
	res, err := client.Get(base + "/postback?amount=20.00&token=" + m.token + "&click_id=" + click + "&txid=" + order)
	if err != nil {
		t.Error(err)
		return 0, answer{}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	var a answer
	if err != nil || json.Unmarshal(b, &a) != nil {
		t.Errorf("answer %s %q, %v", res.Status, b, err)
	}
	return res.StatusCode, a
}

// A hundred identical postbacks at once are one conversion.
func TestParallelPostbacks(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	p := start(t, data, freePort(t), 0)
	m := p.market(map[string]any{"initial_status": "approved"})
	client := noFollow()
	for round := range 3 {
		click, err := visit(t.Context(), client, p.url+m.link)
		if err != nil {
			t.Fatal(err)
		}
		order := fmt.Sprint("order-", round)
		if round == 2 {
			order = "" // unique by click and goal
		}
		var mu sync.Mutex
		told, made := map[string]int{}, map[string]bool{}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				status, a := postback(t, client, p.url, m, click, order)
				mu.Lock()
				defer mu.Unlock()
				told[a.Verdict]++
				if a.Conversion != "" {
					made[a.Conversion] = true
				}
				if status/100 != 2 {
					t.Errorf("status %d for %+v", status, a)
				}
			})
		}
		wg.Wait()
		if told["accepted"] > 1 || told["accepted"]+told["duplicate"]+told["received"]+told["pending_click"] != 100 || len(made) != 1 {
			t.Errorf("round %d: told %v of %v", round, told, made)
		}
	}
	verified(t, data)
	page := p.api("GET", "/conversions?limit=50&workspace="+m.workspace, nil)
	if n := len(page["data"].([]any)); n != 3 {
		t.Errorf("%d conversions, want 3", n)
	}
	p.stop()
}

func TestDemo(t *testing.T) {
	t.Parallel()
	status, out := runs(t, "demo", "--exit", "--visits", "200", "--listen", freePort(t))
	if status != 0 {
		t.Fatalf("status %d\n%s", status, out)
	}
	for _, w := range []string{"200 visits", "Running Blog", "Trail shoes", "postbacks reached the publisher's tracker", "every visit of the log is in the facts exactly once", "verified in"} {
		if !strings.Contains(out, w) {
			t.Errorf("the demo does not say %q:\n%s", w, out)
		}
	}
	if strings.Contains(out, "GAP") {
		t.Errorf("the demo has gaps:\n%s", out)
	}
	// Whoever converted earned something, in whichever currency: no rate or report may lose it.
	totals := regexp.MustCompile(`total\s+\d+\s+\d+\s+\d+\s+(\d+)\s+([\d.]+)\s+([\d.]+)\s+[\d.]+\s+(EUR|USD)`).FindAllStringSubmatch(out, -1)
	if len(totals) != 2 {
		t.Errorf("%d totals, want one in each currency:\n%s", len(totals), out)
	}
	for _, m := range totals {
		if m[1] != "0" && (m[2] == "0.00" || m[3] == "0.00") {
			t.Errorf("%s conversions earned %s and %s %s", m[1], m[2], m[3], m[4])
		}
	}
}
