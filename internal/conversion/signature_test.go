package conversion_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// The example of the standard-webhooks documents.
func TestSignAsStandardWebhooks(t *testing.T) {
	g := catalog.Guards{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	if got := conversion.Sign(g.Key(), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

func TestSignatures(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	w := newWorld(t)
	w.guarded(catalog.Guards{Signed: true, Secret: secret})
	key := w.adv.Guards.Key()
	n := 0
	// sent makes a signed signal, changed on the way.
	sent := func(post bool, change func(s *event.Signal)) *event.Signal {
		n++
		values := fmt.Sprintf("txid=%d&click_id=%s", n, w.click())
		s := &event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Query: values + "&token=tok_shop"}
		if post {
			s.HTTPMethod, s.Query, s.BodyType, s.Body = "POST", "token=tok_shop", "application/x-www-form-urlencoded", []byte(values)
		}
		id, at := fmt.Sprintf("msg_%d", n), strconv.FormatInt(w.now.Unix(), 10)
		s.Headers = []event.Header{{Name: "Webhook-Id", Value: id}, {Name: "Webhook-Timestamp", Value: at}, {Name: "Webhook-Signature", Value: "v1,other " + conversion.Sign(key, id, at, conversion.SignedContent(s))}}
		if change != nil {
			change(s)
		}
		return s
	}
	for name, c := range map[string]struct {
		post   bool
		change func(s *event.Signal)
		want   event.Verdict
	}{
		"a query":           {false, nil, event.Accepted},
		"a body":            {true, nil, event.Accepted},
		"in another order":  {false, func(s *event.Signal) { a, b, _ := strings.Cut(s.Query, "&"); s.Query = b + "&" + a }, event.Accepted},
		"another value":     {false, func(s *event.Signal) { s.Query += "&amount=1" }, event.BadSignature},
		"another body":      {true, func(s *event.Signal) { s.Body = append(s.Body, "&amount=1"...) }, event.BadSignature},
		"beside the body":   {true, func(s *event.Signal) { s.Query += "&amount=1" }, event.BadSignature},
		"another id":        {false, func(s *event.Signal) { s.Headers[0].Value = "msg_x" }, event.BadSignature},
		"another time":      {false, func(s *event.Signal) { s.Headers[1].Value = strconv.FormatInt(w.now.Unix()+1, 10) }, event.BadSignature},
		"no time":           {false, func(s *event.Signal) { s.Headers[1].Value = "now" }, event.BadSignature},
		"no signature":      {false, func(s *event.Signal) { s.Headers = s.Headers[:2] }, event.MissingSignature},
		"no headers":        {true, func(s *event.Signal) { s.Headers = nil }, event.MissingSignature},
		"five minutes late": {false, func(*event.Signal) { w.now = w.now.Add(5 * time.Minute) }, event.Accepted},
		"later":             {false, func(*event.Signal) { w.now = w.now.Add(5*time.Minute + time.Second) }, event.StaleSignature},
		"from the future":   {false, func(*event.Signal) { w.now = w.now.Add(-5*time.Minute - time.Second) }, event.StaleSignature},
		"of who has no secret": {false, func(s *event.Signal) {
			s.Headers[2].Value = conversion.Sign(nil, s.Headers[0].Value, s.Headers[1].Value, conversion.SignedContent(s))
		}, event.BadSignature},
	} {
		now, before := w.now, len(w.conversions())
		row := w.signal(sent(c.post, c.change))
		w.now = now
		if row.Verdict != c.want {
			t.Errorf("%s: %s: %s", name, row.Verdict, row.Detail)
		}
		if made := len(w.conversions()) - before; made > 0 != (c.want == event.Accepted) {
			t.Errorf("%s: %d conversions", name, made)
		}
	}
	// The same message again, as it was recorded on the way.
	first := sent(false, nil)
	again := *first
	if row := w.signal(first); row.Verdict != event.Accepted {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	w.goal.Duplicates = catalog.DuplicatesAdd
	w.reload()
	before := len(w.conversions())
	if row := w.signal(&again); row.Verdict != event.RepeatedMessage || len(w.conversions()) != before {
		t.Errorf("a message that was taken before: %s: %s", row.Verdict, row.Detail)
	}
	// One that was refused is sent again.
	unknown := sent(false, func(s *event.Signal) {
		s.Query += "&goal=late"
		s.Headers[2].Value = conversion.Sign(key, s.Headers[0].Value, s.Headers[1].Value, conversion.SignedContent(s))
	})
	again = *unknown
	if row := w.signal(unknown); row.Verdict != event.UnknownGoal {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	w.more = append(w.more, &catalog.Goal{Meta: meta("goal_9"), Offer: "off_1", Key: "late", Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 50, CommissionKind: catalog.CommissionNone}})
	w.reload()
	if row := w.signal(&again); row.Verdict != event.Accepted {
		t.Errorf("a message whose first try was refused: %s: %s", row.Verdict, row.Detail)
	}
	w.balances()
}
