package app

import (
	"fmt"
	"testing"
	"time"
)

// An advertiser who pays ahead: its offers take visitors only while something is left, are
// closed within a second of the conversion that uses it up, and open with the next payment;
// also after a restart. What was clicked before still converts.
func TestPrepaymentClosesTheOffers(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	m := s.market() // 10.00 a conversion
	adv := fmt.Sprint(s.api("GET", "/offers/"+m.offer+"?workspace="+m.workspace, nil)["advertiser"])
	s.patchOffer(m, map[string]any{"fallback_url": "https://elsewhere.example/"})
	pay := func(amount, key string) map[string]any {
		t.Helper()
		return s.api("POST", "/advertisers/"+adv+"/payments?workspace="+m.workspace, map[string]any{"amount": amount, "currency": "USD", "reference": "bank " + key, "reason": "test"})
	}
	left := func() (string, string) {
		t.Helper()
		rows, _ := s.api("GET", "/advertisers/"+adv+"/funds?workspace="+m.workspace, nil)["data"].([]any)
		row, _ := rows[0].(map[string]any)
		return fmt.Sprint(row["left"]), fmt.Sprint(row["state"])
	}
	goes := func(host string) bool { return s.crowd(m.link, 1)[host] == 1 }
	soon := func(host, after string) {
		t.Helper()
		began := time.Now()
		for !goes(host) {
			if time.Since(began) > time.Second {
				t.Fatalf("a second after %s visitors do not go to %s", after, host)
			}
		}
	}
	clicks := []string{s.mustClick(m), s.mustClick(m), s.mustClick(m)}

	s.api("PATCH", "/advertisers/"+adv+"?workspace="+m.workspace, map[string]any{"prepaid": true, "prepay_warn": 15})
	soon("elsewhere.example", "it is to pay ahead and has not")
	pay("20.00", "1")
	soon("shop.example", "a payment")
	s.mustBuy(m, clicks[0], "1")
	if amount, state := left(); amount != "10.00" || state != "low" {
		t.Errorf("%s left, %s; want 10.00, low", amount, state)
	}
	if !goes("shop.example") {
		t.Error("closed while something is left")
	}
	s.mustBuy(m, clicks[1], "2")
	soon("elsewhere.example", "the last of it was used up")
	s.mustBuy(m, clicks[2], "3") // it was on its way
	if amount, state := left(); amount != "-10.00" || state != "used_up" {
		t.Errorf("%s left, %s; want -10.00, used_up", amount, state)
	}
	s.caughtUp()
	s.stop()

	s = start(t, data)
	if !goes("elsewhere.example") {
		t.Error("open after a restart, with nothing left")
	}
	pay("10.00", "2")
	if amount, state := left(); amount != "0.00" || state != "used_up" {
		t.Errorf("%s left, %s; want 0.00, used_up", amount, state)
	}
	pay("0.01", "3")
	soon("shop.example", "one cent more than is owed")
	pay("-0.01", "4")
	soon("elsewhere.example", "it was paid back")
	s.api("PATCH", "/advertisers/"+adv+"?workspace="+m.workspace, map[string]any{"prepaid": false})
	soon("shop.example", "it no longer pays ahead")
	s.caughtUp()
	wantVerified(t, s.app)
}
