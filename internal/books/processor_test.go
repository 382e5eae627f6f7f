package books_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
)

// A commit that failed, and one that was applied and reported as failed, whichever it
// is: every signal is judged once.
func TestProcessorFailurePairs(t *testing.T) {
	for nth := 1; nth <= 5; nth++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("commit %d applied %v", nth, applied), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				var ids []string
				for i := range 6 {
					ids = append(ids, w.order(i))
				}
				w.faults.arm("books.update", nth, applied)
				p := w.processor()
				stop := w.run(p)
				w.waitFor(p)
				for i := 6; i < 130; i++ { // more than one transaction takes
					ids = append(ids, w.order(i))
				}
				w.waitFor(p)
				errs := stop()
				if !w.faults.was() || len(errs) != 1 || !errors.Is(errs[0], errFault) {
					t.Fatalf("the fault was met: %v; errors %v", w.faults.was(), errs)
				}
				for _, id := range ids {
					if r := w.signal(id); r.Verdict != event.Accepted || r.Tries != 1 {
						t.Errorf("signal %s is %q after %d tries: %s", id, r.Verdict, r.Tries, r.Detail)
					}
				}
				w.sound(len(ids))

				// A new process goes on from the stored position.
				again := w.processor()
				w.run(again)
				w.waitFor(again)
				w.sound(len(ids))
			})
		}
	}
}

// The whole log judged again changes no book.
func TestJudgedAgain(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.order(i)
	}
	w.postback("click_id=" + w.click().String() + "&token=wrong")
	p := w.processor()
	stop := w.run(p)
	w.waitFor(p)
	stop()
	pos := p.Position()
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		return tx.Advance(ctx, books.Consumer, pos, eventlog.Position{Stream: pos.Stream})
	})
	if err != nil {
		t.Fatal(err)
	}
	again := w.processor()
	stop = w.run(again)
	w.waitFor(again)
	if errs := stop(); errs != nil {
		t.Error(errs)
	}
	w.sound(20)
}

// A judgment that panics costs its own row, which is tried again later.
func TestPanicCostsOneRow(t *testing.T) {
	w := newWorld(t)
	bad := w.click()
	w.clicks.spoil(bad, true)
	var good []string
	for i := range 10 {
		good = append(good, w.order(i))
	}
	poison := w.postback("token=tok_shop&txid=poison&click_id=" + bad.String())
	for i := 10; i < 20; i++ {
		good = append(good, w.order(i))
	}
	p := w.processor()
	stop := w.run(p)
	w.waitFor(p)
	for _, id := range good {
		if r := w.signal(id); r.Verdict != event.Accepted {
			t.Errorf("signal %s is %q", id, r.Verdict)
		}
	}
	r := w.signal(poison)
	if r.Verdict != event.ProcessingError || r.RetryAt != w.clock().Add(time.Minute).UnixMicro() {
		t.Fatalf("the poison row: %+v", r)
	}
	w.sound(20)
	w.clicks.spoil(bad, false)
	w.pass(61 * time.Second)
	eventually(t, "the row is judged again", func() bool { return w.signal(poison).Verdict == event.Accepted })
	w.sound(21)
	if errs := stop(); errs != nil {
		t.Errorf("the processor ended: %v", errs)
	}
}

// A postback that comes before its click is indexed waits, holds nobody up, and then
// succeeds.
func TestPendingClick(t *testing.T) {
	w := newWorld(t)
	late := w.visit()
	p := w.processor()
	stop := w.run(p)
	early := w.postback("token=tok_shop&txid=early&click_id=" + late.ID.String())
	for i := range 5 {
		w.order(i)
	}
	w.waitFor(p)
	r := w.signal(early)
	if r.Verdict != event.PendingClick || r.RetryAt == 0 {
		t.Fatalf("the early postback: %+v", r)
	}
	w.sound(5)
	w.pass(time.Second)
	eventually(t, "it is tried again", func() bool { return w.signal(early).Tries == 2 })
	w.clicks.put(late)
	w.pass(time.Minute)
	eventually(t, "it is accepted", func() bool { return w.signal(early).Verdict == event.Accepted })
	w.sound(6)
	w.mu.Lock()
	if w.released[early] != event.Accepted {
		t.Errorf("who waited was told %q", w.released[early])
	}
	w.mu.Unlock()

	never := w.postback("token=tok_shop&txid=never&click_id=" + w.visit().ID.String())
	w.waitFor(p)
	w.pass(25 * time.Hour)
	eventually(t, "it is given up", func() bool { r := w.signal(never); return r.Verdict == event.UnknownClick && r.RetryAt == 0 })
	if errs := stop(); errs != nil {
		t.Errorf("the processor ended: %v", errs)
	}
}

// A failure while waiting signals are judged does not end the waiting for good.
func TestRetriesOutliveFailure(t *testing.T) {
	for _, applied := range []bool{false, true} {
		w := newWorld(t)
		late := w.visit()
		p := w.processor()
		stop := w.run(p)
		early := w.postback("token=tok_shop&txid=early&click_id=" + late.ID.String())
		w.waitFor(p)
		w.clicks.put(late)
		w.faults.arm("books.update", 1, applied)
		w.pass(time.Minute)
		eventually(t, "the retry fails", w.faults.was)
		eventually(t, "the signal is judged", func() bool { return w.signal(early).Verdict == event.Accepted })
		next := w.order(1)
		w.waitFor(p)
		if v := w.signal(next).Verdict; v != event.Accepted {
			t.Errorf("the next signal is %q", v)
		}
		if errs := stop(); len(errs) != 1 || !errors.Is(errs[0], errFault) {
			t.Errorf("errors %v", errs)
		}
		w.sound(2)
	}
}

// A stored signal that cannot be read does not keep the others from their turn.
func TestUnreadableStoredSignal(t *testing.T) {
	w := newWorld(t)
	late := w.visit()
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		return tx.PutSignal(ctx, &inbox.Row{ID: w.mint().String(), Raw: []byte("?"), Verdict: event.ProcessingError, RetryAt: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	p := w.processor()
	stop := w.run(p)
	early := w.postback("token=tok_shop&txid=early&click_id=" + late.ID.String())
	w.waitFor(p)
	w.clicks.put(late)
	w.pass(time.Minute)
	eventually(t, "the other one is judged", func() bool { return w.signal(early).Verdict == event.Accepted })
	if errs := stop(); errs != nil {
		t.Error(errs)
	}
}

// A second processor on the same books is told to stop.
func TestSecondProcessor(t *testing.T) {
	w := newWorld(t)
	w.order(1)
	p := w.processor()
	w.run(p)
	w.waitFor(p)
	at := p.Position()
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		return tx.Advance(ctx, books.Consumer, at, eventlog.Position{Stream: at.Stream, Seq: at.Seq + 100})
	})
	if err != nil {
		t.Fatal(err)
	}
	// The log ends before the moved position, which is what a new run says.
	w.order(2)
	fresh := w.processor()
	err = fresh.Run(t.Context())
	if !errors.Is(err, eventlog.ErrBehind) || !strings.Contains(err.Error(), "belong together") {
		t.Errorf("a run behind a moved position: %v", err)
	}
}

// While the books are held nothing is judged.
func TestHold(t *testing.T) {
	w := newWorld(t)
	p := w.processor()
	w.run(p)
	w.order(1)
	w.waitFor(p)
	err := p.Hold(func() error {
		id := w.order(2)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if p.WaitFor(ctx, w.log.Last()) == nil || w.signal(id).ID != "" {
			t.Error("judged while held")
		}
		return errFault
	})
	if !errors.Is(err, errFault) {
		t.Error(err)
	}
	w.waitFor(p)
	w.sound(2)
}
