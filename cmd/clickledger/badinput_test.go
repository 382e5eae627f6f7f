package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// click follows the market's link and returns the click's id.
func (p *proc) click(m market) string {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.url+m.link, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	res, err := noFollow().Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil {
		p.t.Fatal(err)
	}
	return to.Query().Get("cid")
}

// judged sends a postback and returns its signal once it is judged.
func (p *proc) judged(m market, query string) map[string]any {
	p.t.Helper()
	res, err := http.Post(p.url+"/postback", "application/x-www-form-urlencoded", strings.NewReader(query))
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		p.t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		s, err := call(p.url, "GET", "/signals/"+fmt.Sprint(answer["signal"])+"?workspace="+m.workspace, nil)
		if v := fmt.Sprint(s["verdict"]); err == nil && v != "pending_click" && v != "received" {
			return s
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s: not judged: %v, %v", query, answer, err)
		}
	}
}

// entries is the whole ledger of a workspace as text.
func (p *proc) entries(m market) string {
	p.t.Helper()
	b, err := json.Marshal([]any{p.api("GET", "/ledger/transactions?limit=200&workspace="+m.workspace, nil)["data"], p.api("GET", "/ledger/balances?workspace="+m.workspace, nil)["data"]})
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// TestBadInputMovesNoMoney: what an advertiser may send wrongly gets a stable code and a
// sentence, is kept in the inbox as it came, and leaves the ledger as it was.
func TestBadInputMovesNoMoney(t *testing.T) {
	data, addr := dataDir(t), freePort(t)
	p := start(t, data, addr, -3*86400)
	shop := p.market(map[string]any{"window_days": 1, "payout_kind": "percent", "payout_percent": "10", "payout": "", "require_order": true, "commission_kind": "percent_sale", "commission_percent": "5"})
	old := p.click(shop)
	p.stop()
	p = start(t, data, addr, 0)
	other := p.market(nil)
	slow := p.market(map[string]any{"min_seconds": 3600})
	id, fresh, foreign, quick := p.click(shop), p.click(shop), p.click(other), p.click(slow)
	if s := p.judged(shop, "click_id="+id+"&token="+shop.token+"&txid=A-1&amount=50.00"); s["verdict"] != "accepted" {
		t.Fatalf("the good one: %v", s)
	}
	before := []string{p.entries(shop), p.entries(other), p.entries(slow)}
	if strings.Count(before[0], `"account"`) < 4 {
		t.Fatalf("the good one moved no money: %s", before[0])
	}

	for _, c := range []struct{ name, query, want, says string }{
		{"no amount", "txid=B-1", "missing_amount", "amount"},
		{"a comma", "txid=B-2&amount=12,50", "invalid_amount", "12,50"},
		{"thousands", "txid=B-3&amount=1,250.00", "invalid_amount", "amount"},
		{"a currency sign", "txid=B-4&amount=$12.50", "invalid_amount", "amount"},
		{"cents", "txid=B-5&amount=000", "invalid_amount", "amount"},
		{"three decimals", "txid=B-6&amount=1.005", "amount_precision", "amount"},
		{"too much", "txid=B-7&amount=99999999999999999999", "amount_range", "amount"},
		{"a macro for an amount", "txid=B-8&amount={amount}", "missing_amount", "amount"},
		{"no order number", "amount=50.00&click_id=" + fresh, "missing_order_number", "order number"},
		{"an order number with a line break", "amount=50.00&txid=a%0d%0ab", "invalid_value", "txid"},
		{"an order number of 300 bytes", "amount=50.00&txid=" + strings.Repeat("x", 300), "invalid_value", "order number"},
		{"the order number again", "amount=50.00&txid=A-1", "duplicate", "recorded before"},
		{"the page again, without it", "amount=50.00&note=1", "duplicate", "recorded before"},
		{"the order number with another amount", "amount=70.00&txid=A-1", "conflict", "70.00"},
		{"a currency nobody has", "txid=B-9&amount=50.00&currency=XXQ", "unknown_currency", "XXQ"},
		{"a currency without a rate", "txid=B-10&amount=50.00&currency=EUR", "no_rate", "EUR"},
		{"an unknown coupon", "click_id=&txid=B-11&amount=50.00&coupon=NOBODY", "unknown_coupon", "NOBODY"},
		{"another advertiser's click", "txid=B-12&amount=50.00&click_id=" + foreign, "unknown_click", foreign},
		{"an invented click", "txid=B-13&amount=50.00&click_id=0123456789abcdef0123456789abcdef", "unknown_click", "0123456789abcdef"},
		{"after the window", "txid=B-14&amount=50.00&click_id=" + old, "outside_window", "window is 1 days"},
		{"an unknown goal", "txid=B-15&amount=50.00&goal=nope", "unknown_goal", "nope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			q := c.query + "&token=" + shop.token
			if !strings.Contains(q, "click_id=") {
				q += "&click_id=" + id
			}
			s := p.judged(shop, q)
			if s["verdict"] != c.want || !strings.Contains(fmt.Sprint(s["detail"]), c.says) {
				t.Errorf("%v: %v, want %s with a sentence about %s", s["verdict"], s["detail"], c.want, c.says)
			}
			if kept := fmt.Sprint(s["request"]); !strings.Contains(kept, strings.SplitN(c.query, "&", 2)[0]) {
				t.Errorf("kept as %s", kept)
			}
		})
	}
	t.Run("too soon", func(t *testing.T) {
		p.t = t
		s := p.judged(slow, url.Values{"click_id": {quick}, "txid": {"B-16"}, "amount": {"50.00"}, "token": {slow.token}}.Encode())
		if s["verdict"] != "too_soon" || !strings.Contains(fmt.Sprint(s["detail"]), "3600 seconds") {
			t.Errorf("%v: %v", s["verdict"], s["detail"])
		}
	})
	p.t = t
	for i, m := range []market{shop, other, slow} {
		if after := p.entries(m); after != before[i] {
			t.Errorf("the ledger changed from\n%s\nto\n%s", before[i], after)
		}
	}
	p.stop()
	verified(t, data)
}
