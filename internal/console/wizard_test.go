package console

import (
	"net/http"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/wizard"
)

// TestTestPage: a running test shows its link, what is wrong with what arrived against what
// was understood, and the fix; it asks for itself again, and ends by a button.
func TestTestPage(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	o := w.offs[0]
	r := &wizard.Run{ID: "tsr_1", Workspace: w.ws.ID, Offer: o.ID, Link: "lnk_1", TestURL: "https://go.acme-affiliates.com/c/testkey", Method: catalog.MethodPostback,
		State: wizard.Running, Started: w.now.UnixMicro(), Steps: []wizard.Step{
			{ID: wizard.StepClick, Title: "A test click is made", State: wizard.StepPassed, Sentence: "It was made.", At: w.now.UnixMicro()},
			{ID: wizard.StepFirst, Title: "A first conversion arrives", State: wizard.StepWaiting, Sentence: "The amount is no number.", Fault: "invalid_amount", Fix: "Send a point.",
				At: w.now.UnixMicro(), Signals: []string{strings.Repeat("a", 32)}, Verdict: event.InvalidAmount,
				Parsed: []wizard.Parsed{{Name: "Sale amount", Param: "amount", Raw: "12,50<script>", Problem: "A comma."}}},
			{ID: wizard.StepToken, Title: "A wrong token is refused", State: wizard.StepNone, Sentence: "A page carries none."},
		}}
	w.must(w.db.Tests().InsertRun(t.Context(), r))
	page := w.page(w.at("offers/" + o.ID + "/test"))
	for _, want := range []string{r.TestURL, "The amount is no number.", "Send a point.", "amount=12,50&lt;script&gt;", "A comma.", "invalid_amount", "not applicable", `hx-trigger="every 1s"`, "/test/cancel", "Reload the page"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if panel := w.page(w.at("offers/" + o.ID)); !strings.Contains(panel, "A test is running.") {
		t.Error("the offer's page does not say that a test is running")
	}
	if res := w.request("POST", w.at("offers/"+o.ID+"/test/cancel"), nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("ending the test answers %d", res.StatusCode)
	}
	page = w.page(w.at("offers/" + o.ID + "/test"))
	if strings.Contains(page, "hx-trigger=\"every 1s\"") || !strings.Contains(page, "It was cancelled.") || !strings.Contains(page, "Test by pixel") {
		t.Error("an ended test still runs on its page")
	}
	if res := w.request("GET", w.at("offers/off_0000000000000000/test"), nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("the test of an unknown offer answers %d", res.StatusCode)
	}
}
