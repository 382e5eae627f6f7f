package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/store/pgtest"
)

// TestBooksOnPostgres runs the main job with the books on PostgreSQL, through a kill.
func TestBooksOnPostgres(t *testing.T) {
	dsn := "postgres:///?"
	for f := range strings.FieldsSeq(pgtest.DSN(t)) { // key=value pairs, as a URL
		dsn += f + "&"
	}
	data, addr := dataDir(t), freePort(t)
	p := start(t, data, addr, 0, "--books", dsn)
	m := p.market(map[string]any{"initial_status": "approved"})
	client := noFollow()
	buy := func(n int) {
		t.Helper()
		for i := range n {
			click, err := visit(t.Context(), client, p.url+m.link)
			if err != nil {
				t.Fatal(err)
			}
			q := url.Values{"click_id": {click}, "token": {m.token}, "txid": {fmt.Sprintf("%s-%d", click, i)}}
			res, err := client.Get(p.url + "/postback?" + q.Encode())
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusAccepted {
				t.Errorf("postback: %s %s", res.Status, res.Header.Get("Clickledger-Verdict"))
			}
		}
	}
	buy(20)
	p.kill()
	p = start(t, data, addr, 0, "--books", dsn)
	buy(5)
	p.stop()
	cmd := product(t, "verify", "--data", data, "--books", dsn)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	p = start(t, data, addr, 0, "--books", dsn)
	got := p.api("GET", "/conversions?limit=100&workspace="+m.workspace, nil)
	if n := len(got["data"].([]any)); n != 25 {
		t.Errorf("%d conversions, want 25", n)
	}
}
