package api

import (
	"context"
	"net/http"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/wizard"
)

// Tester runs the two test conversions of offers; [wizard.Service] does.
type Tester interface {
	Start(ctx context.Context, p account.Principal, workspace, offer, method string) (*wizard.Run, error)
	Status(ctx context.Context, p account.Principal, workspace, offer string) (*wizard.Answer, error)
	List(ctx context.Context, p account.Principal, workspace, offer string) ([]*wizard.Run, error)
	Cancel(ctx context.Context, p account.Principal, workspace, offer string) (*wizard.Run, error)
}

// OfferTest is how an offer stands with its two test conversions.
type OfferTest struct {
	Needed bool     `json:"needed" doc:"The offer must pass a test before it becomes active, or somebody must give a reason."`
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
	Actor   string     `json:"actor" doc:"The user or key that started it."`
	TestURL string     `json:"test_url" doc:"The test link: open it in a browser and order. What comes of it counts nowhere."`
	Click   string     `json:"click" doc:"Id of the click that the server made itself."`
	Landing string     `json:"landing" doc:"Where that click led."`
	Steps   []TestStep `json:"steps" nullable:"false" doc:"What is tried, in order."`
}

// TestStep is one thing that a test tries.
type TestStep struct {
	ID       string      `json:"id" enum:"click,landing,first,second,values,replay,wrong_token" doc:"Stable id."`
	Title    string      `json:"title" doc:"The same in words."`
	State    string      `json:"state" enum:"waiting,passed,failed,not_applicable" doc:"How far it is."`
	Sentence string      `json:"sentence" doc:"What was found, or is waited for."`
	Fault    string      `json:"fault" doc:"Stable code of what is wrong with what came last: a verdict, or same_order_number, no_order_number, click_id_missing, click_id_not_passed, click_id_lost, landing_unreachable, landing_error, values, no_destination. Empty: nothing."`
	Fix      string      `json:"fix" doc:"What to do about it."`
	At       *time.Time  `json:"at" doc:"When it came to its state; null: it has not."`
	Verdict  string      `json:"verdict" doc:"Of the last signal."`
	Signals  []string    `json:"signals" nullable:"false" doc:"The signals that it is about, newest last."`
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

// StartTest is what a test is begun with.
type StartTest struct {
	Method string `json:"method" required:"false" enum:",postback,pixel,script" doc:"How conversions are reported. Default pixel where the offer is tracked by cookies alone, else postback."`
}

type (
	startTestInput struct {
		One
		Body body[StartTest]
	}
	testOutput     struct{ Body OfferTest }
	testRunOutput  struct{ Body TestRun }
	testRunsOutput struct {
		Body struct {
			Data []TestRun `json:"data" nullable:"false" doc:"The last 100, newest first."`
		}
	}
)

func testRunView(r *wizard.Run) TestRun {
	v := TestRun{
		ID: r.ID, Offer: r.Offer, Method: r.Method, State: string(r.State), Result: r.Result, Started: timeOf(r.Started), Ended: maybeTime(r.Ended),
		Actor: r.Actor, TestURL: r.TestURL, Click: r.Click, Landing: r.Landing, Steps: []TestStep{},
	}
	for _, st := range r.Steps {
		out := TestStep{
			ID: st.ID, Title: st.Title, State: string(st.State), Sentence: st.Sentence, Fault: st.Fault, Fix: st.Fix, At: maybeTime(st.At), Verdict: string(st.Verdict),
			Signals: append([]string{}, st.Signals...), Parsed: []TestValue{},
		}
		for _, p := range st.Parsed {
			out.Parsed = append(out.Parsed, TestValue(p))
		}
		v.Steps = append(v.Steps, out)
	}
	return v
}

func (s *server) registerTests() {
	add(s, route{method: http.MethodGet, path: "/offers/{id}/test", id: "get-offer-test", tag: "offers", summary: "How an offer stands with its two test conversions",
		text: "Shows the last test step by step, while it runs too. A merchant's offer that was never active needs a passed test to become active, or a go_live_reason."}, s.offerTest)
	add(s, route{method: http.MethodPost, path: "/offers/{id}/test", id: "start-offer-test", tag: "offers", summary: "Start the two test conversions", status: http.StatusCreated, bodyOptional: true,
		text: "Makes a test link and a test click, opens the landing page, and waits up to 24 hours for two conversions with order numbers of their own; then the second is sent again, and with a wrong token. A test that is running is ended. Tests count in no report, cap, postback, balance or ledger."}, s.startTest)
	add(s, route{method: http.MethodPost, path: "/offers/{id}/test/cancel", id: "cancel-offer-test", tag: "offers", summary: "End the running test",
		text: "A test that is over stays as it is."}, s.cancelTest)
	add(s, route{method: http.MethodGet, path: "/offers/{id}/tests", id: "list-offer-tests", tag: "offers", summary: "List the tests of an offer"}, s.listTests)
}

// testable is the workspace of a request about tests.
func (s *server) testable(ctx context.Context, in One) (string, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err == nil && s.Tests == nil {
		err = errAbsent
	}
	return ws, err
}

func (s *server) offerTest(ctx context.Context, in *One) (*testOutput, error) {
	ws, err := s.testable(ctx, *in)
	if err != nil {
		return nil, err
	}
	a, err := s.Tests.Status(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	out := &testOutput{OfferTest{Needed: a.Needed, Passed: a.Passed, Live: a.Live}}
	if a.Run != nil {
		v := testRunView(a.Run)
		out.Body.Run = &v
	}
	return out, nil
}

func (s *server) startTest(ctx context.Context, in *startTestInput) (*testRunOutput, error) {
	ws, err := s.testable(ctx, in.One)
	if err != nil {
		return nil, err
	}
	var b StartTest
	err = decode(orEmpty(in.Body.raw), &b)
	if err != nil {
		return nil, err
	}
	r, err := s.Tests.Start(ctx, caller(ctx), ws, in.ID, b.Method)
	if err != nil {
		return nil, err
	}
	return &testRunOutput{testRunView(r)}, nil
}

func (s *server) cancelTest(ctx context.Context, in *One) (*testRunOutput, error) {
	ws, err := s.testable(ctx, *in)
	if err != nil {
		return nil, err
	}
	r, err := s.Tests.Cancel(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &testRunOutput{testRunView(r)}, nil
}

func (s *server) listTests(ctx context.Context, in *One) (*testRunsOutput, error) {
	ws, err := s.testable(ctx, *in)
	if err != nil {
		return nil, err
	}
	runs, err := s.Tests.List(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	out := &testRunsOutput{}
	out.Body.Data = []TestRun{}
	for _, r := range runs {
		out.Body.Data = append(out.Body.Data, testRunView(r))
	}
	return out, nil
}
