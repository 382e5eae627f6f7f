package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestAnAnswerTellsNoCommission: who sends a postback does not learn what the publisher
// earns by it.
func TestAnAnswerTellsNoCommission(t *testing.T) {
	p := start(t, dataDir(t), freePort(t), 0)
	m := p.market(nil)
	client := noFollow()
	click, err := visit(t.Context(), client, p.url+m.link)
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{"click_id": {click}, "token": {m.token}, "txid": {"1"}}
	res, err := client.Get(p.url + "/postback?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || strings.Contains(string(body), "commission") {
		t.Errorf("%s: %s", res.Status, body)
	}
}
