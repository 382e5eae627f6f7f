package wizard

import (
	"context"
	"encoding/json"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// advance takes what steps of a run can be taken now.
func (s *Service) advance(ctx context.Context, r *Run) (changed bool, err error) {
	before, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	err = s.steps(ctx, r)
	if err != nil {
		return false, err
	}
	after, err := json.Marshal(r)
	return string(after) != string(before), err
}

func (s *Service) steps(ctx context.Context, r *Run) error {
	o, err := s.offer(r.Workspace, "", r.Offer)
	if err != nil {
		s.finish(r, Ended, "The offer is gone.")
		return nil
	}
	if s.Now().UnixMicro() > r.Started+Lasts.Microseconds() {
		s.finish(r, Ended, "It was not finished within 24 hours.")
		return nil
	}
	if r.step(StepLanding).State == StepWaiting {
		s.landing(ctx, r)
	}
	adv := s.View().Advertiser(o.Advertiser)
	if r.step(StepSecond).State != StepPassed {
		xs, err := s.samples(ctx, r, o, adv)
		if err != nil {
			return err
		}
		s.conversions(r, o, xs)
		return nil
	}
	err = s.replay(ctx, r)
	if err != nil || r.step(StepReplay).State == StepWaiting {
		return err
	}
	err = s.wrongToken(ctx, r, adv)
	if err != nil || r.step(StepToken).State == StepWaiting {
		return err
	}
	s.conclude(r)
	return nil
}

// waits say what a step waits for.
const (
	waitFirst  = "Open the test link, and order or convert as a customer would."
	waitSecond = "Order once more, which must bring another order number."
	waitClick  = "Open the test link again and order once more: without an order number each click counts once."
)

// expect fills in what the steps wait for.
func (s *Service) expect(r *Run, o *catalog.Offer) {
	for i := range r.Steps {
		st := &r.Steps[i]
		if st.State != StepWaiting {
			continue
		}
		switch st.ID {
		case StepLanding:
			st.Sentence = "The server opens the landing URL."
		case StepFirst:
			st.Sentence = waitFirst
		case StepSecond:
			st.Sentence = "It is waited for once the first is there."
		case StepValues:
			st.Sentence = "What arrives is shown against what was understood."
		case StepReplay:
			st.Sentence = "The server sends the second one again by itself."
		case StepToken:
			st.Sentence = "The server sends it with a wrong token by itself."
			if r.Method != catalog.MethodPostback {
				s.set(st, StepNone, "A page carries no token: its key is public and authorises nothing else. What it reports begins as pending.", "", "")
			}
		}
	}
}

// conversions looks for the first and the second conversion, and names what is wrong with
// what came instead.
func (s *Service) conversions(r *Run, o *catalog.Offer, xs []*sample) {
	var first, second *sample
	for _, x := range xs {
		if !x.mine || x.conv == nil || x.row.Verdict != event.Accepted || problem(x.values(o)) != "" {
			continue
		}
		switch {
		case first == nil:
			first = x
		case second == nil && x.conv.ID != first.conv.ID && (x.req.TxID != "" && x.req.TxID != first.req.TxID || x.req.TxID == "" && first.req.TxID == "" && !o.RequireOrder):
			second = x
		}
	}
	one, two, values := r.step(StepFirst), r.step(StepSecond), r.step(StepValues)
	waiting := one
	switch {
	case second != nil:
		waiting = nil
	case first != nil:
		waiting = two
	}
	if first != nil && one.State != StepPassed {
		s.arrived(one, first)
		s.proven(r, first)
		two.Sentence = waitSecond
		if first.req.TxID == "" {
			two.Sentence = waitClick
		}
	}
	if second != nil {
		s.arrived(two, second)
	}
	if first != nil {
		one.Parsed = first.values(o)
	}
	s.showValues(values, o, xs, first, second)
	if waiting == nil {
		return
	}
	s.attempt(r, o, waiting, xs, first)
}

// arrived passes a step by a conversion.
func (s *Service) arrived(st *Step, x *sample) {
	s.set(st, StepPassed, "The "+x.row.Kind+" was accepted"+order(x)+".", "", "")
	st.Signals, st.Verdict = []string{x.row.ID}, x.row.Verdict
	st.Parsed = []Parsed{}
}

// attempt shows the last signal that was not what the step waits for, if it is the last
// thing that happened.
func (s *Service) attempt(r *Run, o *catalog.Offer, st *Step, xs []*sample, first *sample) {
	if len(xs) == 0 {
		return
	}
	x := xs[len(xs)-1]
	if x == first {
		return
	}
	code, sentence, fix := fault(r, x, first)
	parsed := x.refused()
	if code == "" && x.conv != nil && x.row.Verdict == event.Accepted {
		parsed = x.values(o)
		if p := problem(parsed); p != "" {
			code, sentence, fix = FaultValues, "A conversion"+order(x)+" arrived, but not all of it was understood. "+p, "Mend the parameter, and order again with another order number."
		}
	}
	if code == "" {
		return
	}
	if len(st.Signals) == 0 || st.Signals[len(st.Signals)-1] != x.row.ID {
		st.Signals = append(st.Signals, x.row.ID)
		if n := len(st.Signals); n > maxAttempts {
			st.Signals = st.Signals[n-maxAttempts:]
		}
		st.At = s.Now().UnixMicro()
	}
	st.Sentence, st.Fault, st.Fix, st.Verdict, st.Parsed = sentence, code, fix, x.row.Verdict, parsed
}

// maxAttempts is how many signals a waiting step remembers.
const maxAttempts = 20

// showValues fills in what was understood of the last conversion.
func (s *Service) showValues(st *Step, o *catalog.Offer, xs []*sample, first, second *sample) {
	x := second
	if x == nil {
		x = first
	}
	for _, later := range xs { // one that was not understood is what has to be mended
		if second == nil && later.mine && later.conv != nil && later.row.Verdict == event.Accepted && problem(later.values(o)) != "" {
			x = later
		}
	}
	if x == nil {
		return
	}
	st.Parsed, st.Signals, st.Verdict = x.values(o), []string{x.row.ID}, x.row.Verdict
	p := problem(st.Parsed)
	switch {
	case p != "":
		s.set(st, StepFailed, p, FaultValues, "Mend the parameter, and order again with another order number.")
	case second == nil:
		st.State, st.Sentence, st.Fault, st.Fix = StepWaiting, "The first conversion was understood; the second is waited for.", "", ""
	default:
		sentence := "Both conversions were understood."
		switch {
		case second.req.TxID == "":
			sentence += " No order number was sent, so each click counts once, however often it orders."
		case second.req.Amount != "" && second.req.Amount == first.req.Amount:
			sentence += " Both brought the same amount: make sure that it is the order's and no fixed text."
		case second.req.Amount == "" && second.req.Payout == "":
			sentence += " No amount was sent: the offer's own payout counts."
		}
		s.set(st, StepPassed, sentence, "", "")
	}
}

// replay sends the second conversion again and expects it to be known.
func (s *Service) replay(ctx context.Context, r *Run) error {
	st := r.step(StepReplay)
	if st.State != StepWaiting {
		return nil
	}
	sig, err := s.second(ctx, r)
	if err != nil {
		return err
	}
	v, err := s.sent(ctx, r, st, *sig)
	switch {
	case err != nil || v == "":
		return err
	case v == event.Duplicate:
		s.set(st, StepPassed, "The same signal came again and was a duplicate: nothing was counted twice.", "", "")
	default:
		s.set(st, StepFailed, "The same signal came again and was "+string(v)+" in place of duplicate.", string(v), "Look at the signal in the inbox; the offer may have been changed meanwhile.")
	}
	return nil
}

// wrongToken sends the second conversion with a token that nobody has.
func (s *Service) wrongToken(ctx context.Context, r *Run, adv *catalog.Advertiser) error {
	st := r.step(StepToken)
	if st.State != StepWaiting {
		return nil
	}
	sig, err := s.second(ctx, r)
	if err != nil {
		return err
	}
	req, _ := dialect.Parse(sig)
	sig.Query, sig.Body, sig.BodyType, sig.HTTPMethod, sig.Dialect = wrongQuery(req), nil, "", "GET", ""
	v, err := s.sent(ctx, r, st, *sig)
	switch {
	case err != nil || v == "":
		return err
	case v != event.BadToken:
		s.set(st, StepFailed, "The signal with a wrong token was "+string(v)+" in place of bad_token.", string(v), "Look at the signal in the inbox.")
	case adv == nil:
		s.set(st, StepPassed, "It was refused. The offer has no advertiser, though: without any token whoever knows a click id can report.", "", "")
	case !adv.TokenRequired:
		s.set(st, StepPassed, "It was refused. Signals without any token are taken, though: require the token at the advertiser.", "", "")
	default:
		s.set(st, StepPassed, "It was refused.", "", "")
	}
	return nil
}

// second is the signal that made the second conversion.
func (s *Service) second(ctx context.Context, r *Run) (*event.Signal, error) {
	ids := r.step(StepSecond).Signals
	row, err := s.Books.Signal(ctx, ids[len(ids)-1])
	if err != nil {
		return nil, err
	}
	return event.DecodeSignal(row.Raw)
}

// verdictWait is how long a run waits for what it sent itself, before the next look.
const verdictWait = 2 * time.Second

// sent sends a signal for a step, unless it did before, and gives its verdict; "" while
// there is none.
func (s *Service) sent(ctx context.Context, r *Run, st *Step, sig event.Signal) (event.Verdict, error) {
	if len(st.Signals) == 0 {
		id, verdict := s.Door.Try(ctx, sig, r.Workspace)
		if verdict == event.LogUnavailable || id.IsZero() {
			return "", nil // the next look tries again
		}
		st.Signals = []string{id.String()}
		if event.Verdicts[verdict].Final {
			st.Verdict = verdict
			return verdict, nil
		}
	}
	deadline := time.Now().Add(verdictWait)
	for {
		row, err := s.Books.Signal(ctx, st.Signals[0])
		if err == nil && row.RetryAt == 0 {
			st.Verdict = row.Verdict
			return row.Verdict, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return "", ctx.Err()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// conclude ends a run whose steps were all taken.
func (s *Service) conclude(r *Run) {
	for _, st := range r.Steps {
		if st.State != StepPassed && st.State != StepNone {
			s.finish(r, Failed, st.Title+": "+st.Sentence)
			return
		}
	}
	s.finish(r, Passed, "Both conversions arrived and were understood.")
}
