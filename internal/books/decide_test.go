package books_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
)

// principals who may not touch what is in ws_1.
func strangers() map[string]account.Principal {
	return map[string]account.Principal{
		"of another workspace": {ID: "key_2", Write: true, Workspaces: []string{"ws_2"}},
		"who only reads":       {ID: "key_1", Workspaces: []string{"ws_1"}},
		"owner who only reads": {ID: "key_3", Owner: true},
		"nobody":               {},
	}
}

func (w *world) one() *conversion.Conversion {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: "ws_1", Limit: 10})
	if err != nil || len(cs) != 1 {
		w.t.Fatalf("%d conversions, %v", len(cs), err)
	}
	return cs[0]
}

func (w *world) pending(publisher string) int64 {
	w.t.Helper()
	bs, err := w.db.Books().Balances(w.t.Context(), "ws_1", publisher)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range bs {
		if b.Account.Kind == ledger.PublisherPending {
			return b.Net()
		}
	}
	return 0
}

// A decision moves the money once; a foreign conversion looks unknown.
func TestDecide(t *testing.T) {
	w := newWorld(t)
	w.judged(1)
	c := w.one()
	for who, p := range strangers() {
		if _, err := w.desk.Decide(t.Context(), p, "ws_1", c.ID, conversion.Approved, ""); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	// Somebody of another workspace, naming his own.
	p := account.Principal{ID: "key_2", Write: true, Workspaces: []string{"ws_2"}}
	if _, err := w.desk.Decide(t.Context(), p, "ws_2", c.ID, conversion.Approved, ""); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a foreign id: %v", err)
	}
	if _, err := w.desk.Decide(t.Context(), owner, "ws_1", "cnv_0000000000000000", conversion.Approved, ""); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
	if got := w.pending("pub_1"); got != 600 {
		t.Fatalf("pending %d", got)
	}
	// Many who press the button at once.
	var wg sync.WaitGroup
	var mu sync.Mutex
	moved := 0
	for range 8 {
		wg.Go(func() {
			_, err := w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Approved, "shipped")
			var state *books.StateError
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				moved++
			case !errors.As(err, &state):
				t.Errorf("a late decision: %v", err)
			}
		})
	}
	wg.Wait()
	if moved != 1 || w.pending("pub_1") != 0 {
		t.Errorf("%d decisions moved it, pending %d", moved, w.pending("pub_1"))
	}
	changes, err := w.db.Books().Changes(t.Context(), c.ID)
	if err != nil || len(changes) != 2 || changes[1].Actor != "usr_owner" || changes[1].Reason != "shipped" {
		t.Errorf("history %+v, %v", changes, err)
	}
	_, err = w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Pending, "")
	var state *books.StateError
	if !errors.As(err, &state) {
		t.Errorf("back to pending: %v", err)
	}
	w.sound(1)
}

// A decision whose commit failed, or was reported as failed, leaves books that
// balance, and can be made again.
func TestDecideFailurePairs(t *testing.T) {
	for _, applied := range []bool{false, true} {
		w := newWorld(t)
		w.judged(1)
		c := w.one()
		w.faults.arm("books.update", 1, applied)
		if _, err := w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Rejected, ""); !errors.Is(err, errFault) {
			t.Fatal(err)
		}
		_, err := w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Rejected, "")
		var state *books.StateError
		if applied != errors.As(err, &state) {
			t.Errorf("applied %v: the second time: %v", applied, err)
		}
		if got := w.one().Status; got != conversion.Rejected {
			t.Errorf("status %s", got)
		}
		if got := w.pending("pub_1"); got != 0 {
			t.Errorf("pending %d", got)
		}
		broken, err := w.db.Books().Audit(t.Context())
		if err != nil || len(broken) > 0 {
			t.Errorf("audit: %v, %v", broken, err)
		}
	}
}

// Replay judges again what was refused, for whom it concerns, and changes nothing
// that was accepted.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	good := w.order(1)
	id := w.mint()
	unknown := w.postback("token=tok_shop&txid=2&click_id=" + id.String())
	nobodys := w.postback("click_id=0123456789abcdef0123456789abcdef")
	p := w.processor()
	stop := w.run(p)
	w.waitFor(p)
	w.pass(25 * time.Hour)
	eventually(t, "the pending one is given up", func() bool { return w.signal(unknown).Verdict == event.UnknownClick })
	stop()

	for who, p := range strangers() {
		if _, err := w.desk.Replay(t.Context(), p, "ws_1", unknown); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	foreign := account.Principal{ID: "key_2", Write: true, Workspaces: []string{"ws_2"}}
	for _, sig := range []string{good, unknown, nobodys, "ffffffffffffffffffffffffffffffff"} {
		if _, err := w.desk.Replay(t.Context(), foreign, "ws_2", sig); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("a foreign signal: %v", err)
		}
	}
	if r, err := w.desk.Replay(t.Context(), owner, "ws_1", nobodys); err != nil || r.Verdict != event.UnknownClick {
		t.Errorf("an unassigned signal, by the owner: %+v, %v", r, err)
	}
	if r, err := w.desk.Replay(t.Context(), owner, "ws_1", good); err != nil || r.Verdict != event.Accepted {
		t.Errorf("an accepted signal: %+v, %v", r, err)
	}
	w.sound(1)

	v := w.visit()
	v.ID, v.At = id, w.signal(unknown).At
	w.clicks.put(v)
	mine := account.Principal{ID: "key_1", Write: true, Workspaces: []string{"ws_1"}}
	for range 2 {
		r, err := w.desk.Replay(t.Context(), mine, "ws_1", unknown)
		if err != nil || r.Verdict != event.Accepted || r.RetryAt != 0 {
			t.Errorf("after the click came: %+v, %v", r, err)
		}
	}
	w.sound(2)
}

// Nothing is decided while the desk is held.
func TestDeskHold(t *testing.T) {
	w := newWorld(t)
	w.judged(1)
	c := w.one()
	began, done := make(chan struct{}), make(chan error, 1)
	err := w.desk.Hold(func() error {
		go func() {
			close(began)
			_, err := w.desk.Decide(context.Background(), owner, "ws_1", c.ID, conversion.Approved, "")
			done <- err
		}()
		<-began
		if got := w.one().Status; got != conversion.Pending {
			t.Errorf("status %s while held", got)
		}
		return errFault
	})
	if !errors.Is(err, errFault) {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
