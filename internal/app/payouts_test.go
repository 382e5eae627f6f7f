package app

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestPayoutsOfAnInstallation: from sales to the bank over HTTP, with a bonus, a refund after
// the payment and a failed line; the books, facts and payouts fit together at every step, and
// a restored backup can still read the details of methods.
func TestPayoutsOfAnInstallation(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market() // 6.00 a sale
	in := "?workspace=" + m.workspace
	for i := range 3 {
		s.mustBuy(m, s.mustClick(m), fmt.Sprint("A-", i))
	}
	s.caughtUp()
	conversions, _ := s.api("GET", "/conversions"+in, nil)["data"].([]any)
	var ids []string
	for _, c := range conversions {
		id := fmt.Sprint(c.(map[string]any)["id"])
		ids = append(ids, id)
		s.api("POST", "/conversions/"+id+"/approve"+in, map[string]any{})
	}
	s.api("POST", "/publishers/"+m.publisher+"/adjustments"+in, map[string]any{"amount": "1.50", "currency": "USD", "reason": "welcome", "key": "b1"})
	s.api("POST", "/publishers/"+m.publisher+"/payout-method"+in, map[string]any{"kind": "bank", "holder": "Ann", "iban": "DE89370400440532013000"})
	verified := func() {
		t.Helper()
		s.caughtUp()
		wantVerified(t, s.app)
	}
	verified()
	run := func(want string) string {
		t.Helper()
		r := s.api("POST", "/payout-runs"+in, map[string]any{})
		totals, _ := r["totals"].([]any)
		if len(totals) != 1 || totals[0].(map[string]any)["amount"] != want {
			t.Fatalf("the preview is %v, want %s", r, want)
		}
		at := "/payout-runs/" + fmt.Sprint(r["id"])
		s.api("POST", at+"/approve"+in, map[string]any{})
		verified()
		return at
	}
	first := run("19.50")
	lines, _ := s.api("GET", first+"/lines"+in, nil)["data"].([]any)
	s.api("POST", first+"/mark"+in, map[string]any{"state": "failed", "reason": "closed", "lines": []any{lines[0].(map[string]any)["id"]}})
	verified()
	s.api("POST", run("19.50")+"/mark"+in, map[string]any{"state": "paid"})
	verified()
	s.api("POST", "/conversions/"+ids[0]+"/refund"+in, map[string]any{"refund_id": "r1", "reason": "returned"})
	s.mustBuy(m, s.mustClick(m), "A-9")
	s.mustBuy(m, s.mustClick(m), "A-10")
	s.caughtUp()
	pending, _ := s.api("GET", "/conversions"+in+"&status=pending", nil)["data"].([]any)
	for _, c := range pending {
		s.api("POST", "/conversions/"+fmt.Sprint(c.(map[string]any)["id"])+"/approve"+in, map[string]any{})
	}
	last := run("6.00") // 12.00 less what was refunded after it was paid

	r := start(t, restored(t, s.backup("payouts.tar")))
	wantVerified(t, r.app)
	req, err := http.NewRequestWithContext(t.Context(), "POST", r.url+"/api/v1"+last+"/export"+in, bytes.NewReader([]byte(`{"layout":"generic"}`)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	file, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(file), "DE89370400440532013000") || !strings.Contains(string(file), ",6.00,USD,") {
		t.Errorf("the file of the restored installation: %s %v %s", res.Status, err, file)
	}
}
