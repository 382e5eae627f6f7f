package portal

import (
	"context"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/wizard"
)

// OfferTest is how an offer stands with its two test conversions.
type OfferTest struct {
	Needed bool     `json:"needed" doc:"The offer must pass a test before it becomes active, unless the program gives a reason."`
	Passed bool     `json:"passed" doc:"A test passed, and what it tested has not changed since."`
	Live   bool     `json:"live" doc:"It was active before: nothing is asked any more."`
	Run    *TestRun `json:"run" doc:"The last test; null: none was made."`
}

// TestRun is one test of an offer.
type TestRun struct {
	ID      string     `json:"id" doc:"Its id."`
	Offer   string     `json:"offer" doc:"The offer."`
	Method  string     `json:"method" enum:"postback,pixel,script" doc:"By which the conversions are expected."`
	State   string     `json:"state" enum:"running,passed,failed,ended" doc:"ended: cancelled, replaced by another, or out of time."`
	Result  string     `json:"result" doc:"How it ended, in a sentence."`
	Started time.Time  `json:"started" doc:"When."`
	Ended   *time.Time `json:"ended" doc:"When it ended; null: it is running."`
	TestURL string     `json:"test_url" doc:"The test link: open it in a browser and order. What comes of it counts nowhere."`
	Click   string     `json:"click" doc:"Id of the click that was made first."`
	Landing string     `json:"landing" doc:"Where that click led."`
	Steps   []TestStep `json:"steps" nullable:"false" doc:"What is tried, in order."`
}

// TestStep is one thing that a test tries.
type TestStep struct {
	ID       string      `json:"id" enum:"click,landing,first,second,values,replay,wrong_token" doc:"Stable id."`
	Title    string      `json:"title" doc:"The same in words."`
	State    string      `json:"state" enum:"waiting,passed,failed,not_applicable" doc:"How far it is."`
	Sentence string      `json:"sentence" doc:"What was found, or is waited for."`
	Fault    string      `json:"fault" doc:"Stable code of what is wrong with what came last; empty: nothing."`
	Fix      string      `json:"fix" doc:"What to do about it."`
	At       *time.Time  `json:"at" doc:"When it came to its state; null: it has not."`
	Verdict  string      `json:"verdict" doc:"Of the last report."`
	Parsed   []TestValue `json:"parsed" nullable:"false" doc:"What arrived, against what was understood."`
}

// TestValue is one value of a conversion.
type TestValue struct {
	Name    string `json:"name" doc:"What it is."`
	Param   string `json:"param" doc:"Its parameter."`
	Raw     string `json:"raw" doc:"As it arrived; empty: it did not."`
	Value   string `json:"value" doc:"What was understood."`
	Problem string `json:"problem" doc:"What is wrong with it; empty: nothing."`
}

func testRun(r *wizard.Run) *TestRun {
	if r == nil {
		return nil
	}
	v := &TestRun{r.ID, r.Offer, r.Method, string(r.State), r.Result, timeOf(r.Started), maybeTime(r.Ended), r.TestURL, r.Click, r.Landing, []TestStep{}}
	for _, st := range r.Steps {
		s := TestStep{st.ID, st.Title, string(st.State), st.Sentence, st.Fault, st.Fix, maybeTime(st.At), string(st.Verdict), []TestValue{}}
		for _, p := range st.Parsed {
			s.Parsed = append(s.Parsed, TestValue(p))
		}
		v.Steps = append(v.Steps, s)
	}
	return v
}

// testable is an offer of the advertiser's that can be tested here.
func (a *Advertiser) testable(ctx context.Context, offer string) error {
	if a.s.o.Tests == nil {
		return catalog.ErrNotFound
	}
	_, err := a.offer(ctx, offer)
	return err
}

// Test tells how one of the advertiser's offers stands with its test conversions.
func (a *Advertiser) Test(ctx context.Context, offer string) (*OfferTest, error) {
	err := a.testable(ctx, offer)
	if err != nil {
		return nil, err
	}
	t, err := a.s.o.Tests.StatusFor(ctx, a.account.Workspace, a.row.ID, offer)
	if err != nil {
		return nil, err
	}
	return &OfferTest{t.Needed, t.Passed, t.Live, testRun(t.Run)}, nil
}

// StartTest begins a test, in place of one that is running. method is one of
// wizard.Methods, "" for the offer's own.
func (a *Advertiser) StartTest(ctx context.Context, offer, method string) (*TestRun, error) {
	err := a.testable(ctx, offer)
	if err != nil {
		return nil, err
	}
	if !a.Writes() {
		return nil, catalog.ErrNotFound
	}
	r, err := a.s.o.Tests.StartFor(ctx, a.account.Workspace, a.row.ID, offer, a.asks.ID, method)
	return testRun(r), err
}

// CancelTest ends the running test; one that is over stays as it is.
func (a *Advertiser) CancelTest(ctx context.Context, offer string) (*TestRun, error) {
	err := a.testable(ctx, offer)
	if err != nil {
		return nil, err
	}
	if !a.Writes() {
		return nil, catalog.ErrNotFound
	}
	r, err := a.s.o.Tests.CancelFor(ctx, a.account.Workspace, a.row.ID, offer, a.asks.ID)
	return testRun(r), err
}
