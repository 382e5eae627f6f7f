package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestPaymentForm: a payment is recorded on the advertiser's page; what is wrong stands
// beside its field, and what was typed stays.
func TestPaymentForm(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	at := w.at("advertisers/" + w.advs[0].ID)
	code, body := w.post(at+"/payments", url.Values{"amount": {"5,00"}, "currency": {"USD"}, "reference": {"SEPA <7>"}})
	if code != http.StatusUnprocessableEntity || !strings.Contains(body, `href="#pay-amount"`) || !strings.Contains(body, "SEPA &lt;7&gt;") || !strings.Contains(body, "invalid_amount") {
		t.Errorf("a comma: %d %s", code, text(body))
	}
	if res := w.request("POST", at+"/payments", url.Values{"amount": {"500.00"}, "currency": {"USD"}, "kind": {"ahead"}, "reference": {"SEPA <7>"}}); res.StatusCode != http.StatusSeeOther || !strings.HasSuffix(res.Header.Get("Location"), "#funds") {
		t.Fatalf("recording: %d", res.StatusCode)
	}
	if page := w.page(at); !strings.Contains(page, "SEPA &lt;7&gt;") || !strings.Contains(page, "conversions to come") || strings.Contains(page, "What is left") {
		t.Errorf("the page lacks the payment, or says what is left of an advertiser who is billed: %s", text(page))
	}
	form := url.Values{"_version": {"1"}, "name": {w.advs[0].Name}, "type": {"merchant"}, "click_param": {"click_id"}, "prepaid": {"true"}, "prepay_warn": {"100"}, "status": {"active"}}
	if res := w.request("POST", at+"/edit", form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("paying ahead: %d", res.StatusCode)
	}
	if page := w.page(at); !strings.Contains(page, "What is left") || !strings.Contains(page, "used up") && !strings.Contains(page, "enough") && !strings.Contains(page, "low") {
		t.Errorf("the page does not say what is left: %s", text(page))
	}
}
