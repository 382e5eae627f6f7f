package conversion_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/account"
	"clickledger/internal/attribution"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"
	"clickledger/internal/outbound"
)

// testClick is a click through a test link.
func (w *world) testClick(run string) event.ClickID {
	w.t.Helper()
	id := w.click()
	v := *w.clicks[id]
	v.Test, v.Link, v.Publisher = true, run, ""
	w.clicks[id] = &v
	return id
}

// tests are the test conversions of a run as id-free lines.
func (w *world) tests(run string) []string {
	w.t.Helper()
	cs, err := w.db.Books().TestConversions(w.t.Context(), "ws_1", run, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, c := range cs {
		if !c.Test || !strings.HasPrefix(c.ID, "tst_") {
			w.t.Errorf("%s is not marked as a test", c.ID)
		}
		out = append(out, c.Order+" "+string(c.Status)+" "+amount(c))
	}
	return out
}

// amount is what a test conversion would have earned us, before anything posted it.
func amount(c *conversion.Conversion) string {
	return money.Amount{Minor: c.Revenue, Currency: money.Currency(c.Currency)}.String()
}

// state is everything that money, caps, postbacks and reports are made of.
func (w *world) state() string {
	w.t.Helper()
	deliveries, err := w.db.Deliveries().ListDeliveries(w.t.Context(), outbound.Query{Workspace: "ws_1"})
	if err != nil {
		w.t.Fatal(err)
	}
	counts, err := w.db.Caps().Counts(w.t.Context(), "", "", w.now.UnixMicro())
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"conversions": w.conversions(), "balances": w.balances(), "facts": w.facts(), "deliveries": deliveries, "caps": counts})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// TestATestIsJudgedAndCountsNowhere: the verdicts are those of real signals, and nothing
// that money or reports are made of changes.
func TestATestIsJudgedAndCountsNowhere(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{tells("pub_1", "https://tracker.example/?p={payout}", catalog.OnAccepted)}
	w.offer.Caps = []catalog.Cap{{Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: 1}}
	w.offer.CapStates, w.offer.CapTimeZone, w.offer.OverCap = []string{"pending", "approved"}, "UTC", catalog.OverCapRefuse
	w.reload()
	real1 := w.click()
	w.postback("token=tok_shop&click_id=" + real1.String() + "&txid=T-1&payout=3")
	before := w.state()

	one, two, other := w.testClick("lnk_test"), w.testClick("lnk_test"), w.testClick("lnk_other")
	for i, c := range []struct {
		query string
		want  event.Verdict
	}{
		{"click_id=" + one.String() + "&txid=T-1&payout=3", event.MissingToken},
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-1&payout=1,5", event.InvalidAmount},
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-1&payout=5&currency=XXZ", event.UnknownCurrency},
		{"token=tok_other&click_id=" + one.String() + "&txid=T-1", event.UnknownClick},
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-1&payout=5.00", event.Accepted}, // the real T-1 is another order
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-1&payout=5.00", event.Duplicate},
		{"token=tok_shop&click_id=" + two.String() + "&txid=T-1&payout=6.00", event.Conflict},
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-2&payout=7.00", event.Accepted}, // no cap counts
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-2&status=approved", event.Updated},
		{"token=tok_shop&click_id=" + one.String() + "&txid=T-2&status=reversed", event.Updated},
		{"token=tok_shop&click_id=" + other.String() + "&txid=T-1&payout=5.00", event.Accepted}, // another run
	} {
		row := w.postback(c.query)
		if row.Verdict != c.want {
			t.Errorf("%d %s: %s (%s), want %s", i, c.query, row.Verdict, row.Detail, c.want)
		}
		if matched := c.want != event.UnknownClick; row.Test != matched || (row.Workspace == "ws_1") != matched {
			t.Errorf("%d: test %v of workspace %q", i, row.Test, row.Workspace)
		}
	}
	row := w.pixel("key=pixelkey&amount=10", attribution.Slots{}.With("pixelkey", two, w.now.Unix()+1000))
	if row.Verdict != event.Accepted || !row.Test {
		t.Errorf("a pixel by the cookie of a test click: %s, test %v", row.Verdict, row.Test)
	}
	if d := cmp.Diff([]string{"T-1 pending 5.00", "T-2 reversed 7.00", " pending 10.00"}, w.tests("lnk_test")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"T-1 pending 5.00"}, w.tests("lnk_other")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(before, w.state()); d != "" {
		t.Errorf("a test changed the books:\n%s", d)
	}
}

// TestASignalOfOurOwnNeverMovesMoney: what the wizard sends is a test also where it names a
// real click, and shows in the workspace it was sent for whatever it was refused for.
func TestASignalOfOurOwnNeverMovesMoney(t *testing.T) {
	w := newWorld(t)
	id, run := w.click(), w.testClick("lnk_test")
	before := w.state()
	for _, c := range []struct {
		query string
		want  event.Verdict
	}{
		{"token=tok_shop&click_id=" + id.String() + "&txid=1&payout=3", event.Accepted},
		{"token=tok_wrong&click_id=" + run.String() + "&txid=1&payout=3", event.BadToken},
		{"token=tok_wrong", event.BadToken},
	} {
		row := w.signal(&event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: c.query, Test: true, Workspace: "ws_1"})
		if row.Verdict != c.want || !row.Test || row.Workspace != "ws_1" {
			t.Errorf("%s: %s, test %v, workspace %q", c.query, row.Verdict, row.Test, row.Workspace)
		}
	}
	if d := cmp.Diff(before, w.state()); d != "" {
		t.Error(d)
	}
}

// TestOperatorsAndTests: an upload of a test's order is a test too, a replay judges it as
// one, and nobody can decide about it or price it anew.
func TestOperatorsAndTests(t *testing.T) {
	w := newWorld(t)
	run := w.testClick("lnk_test")
	before := w.state()
	e := conversion.Entry{ClickID: run.String(), TxID: "U-1", Payout: "2.00"}
	row := w.signal(e.Signal(event.ClickID{}, 0, "ws_1", "usr_1"))
	if row.Verdict != event.Accepted || !row.Test {
		t.Fatalf("%s %s, test %v", row.Verdict, row.Detail, row.Test)
	}
	owner := account.Principal{ID: "usr_owner", Owner: true, Write: true}
	desk := &books.Desk{Store: w.db.Books(), Judge: w.judge, Changed: func() {}}
	if _, err := desk.Decide(t.Context(), owner, "ws_1", row.Conversion, conversion.Approved, ""); err != catalog.ErrNotFound {
		t.Errorf("deciding about a test: %v", err)
	}
	refused := w.postback("token=tok_shop&click_id=" + run.String() + "&txid=U-2&payout=x")
	again, err := desk.Replay(t.Context(), owner, "ws_1", refused.ID)
	if err != nil || again.Verdict != event.InvalidAmount || !again.Test {
		t.Errorf("replay: %+v %v", again, err)
	}
	got, err := desk.Reprice(t.Context(), owner, "ws_1", books.RepriceQuery{Offer: "off_1"}, false, "")
	if err != nil || got.Checked != 0 {
		t.Errorf("repricing looked at %+v, %v", got, err)
	}
	if d := cmp.Diff(before, w.state()); d != "" {
		t.Error(d)
	}
}
