package books_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
)

// validate gives the offer and its advertiser a validation period.
func (w *world) validate(offer, advertiser int64) {
	o, a := *w.view.Offer("off_1"), *w.view.Advertiser("adv_1")
	o.ValidationDays, a.ValidationDays = offer, advertiser
	w.view = w.view.With([]catalog.Entity{&o, &a}, 8)
}

func (w *world) due(now time.Time) int {
	w.t.Helper()
	n, err := w.desk.ApproveDue(w.t.Context(), now.UnixMicro())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// After the validation period what is pending is approved by itself, to the microsecond, but
// for what is held; the offer's setting comes before the advertiser's.
func TestApproveDue(t *testing.T) {
	w := newWorld(t)
	w.judged(130) // more than one transaction takes
	all := w.all()
	if _, err := w.desk.SetHold(t.Context(), owner, "ws_1", all[0].ID, true, "looks odd"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Decide(t.Context(), owner, "ws_1", all[1].ID, conversion.Rejected, "returned"); err != nil {
		t.Fatal(err)
	}
	newest := all[2].Recorded
	for _, c := range all {
		newest = max(newest, c.Recorded, c.At)
	}
	end := time.UnixMicro(newest).Add(30 * 24 * time.Hour)
	for name, days := range map[string][2]int64{"none": {0, 0}, "never": {-1, 10}, "longer on the offer": {30, 10}} {
		w.validate(days[0], days[1])
		if n := w.due(time.UnixMicro(newest).Add(29 * 24 * time.Hour)); n != 0 {
			t.Errorf("%s: %d approved too early", name, n)
		}
	}
	w.validate(0, 30)
	if at := conversion.Validated(w.view, all[2]); at != max(all[2].At, all[2].Recorded)+30*24*time.Hour.Microseconds() {
		t.Errorf("approves by itself at %d", at)
	}
	if at := conversion.Validated(w.view, w.get(all[0].ID)); at != 0 {
		t.Errorf("a held one approves by itself at %d", at)
	}
	if n := w.due(end.Add(time.Microsecond)); n != 128 {
		t.Errorf("%d approved of 128", n)
	}
	if n := w.due(end.Add(time.Hour)); n != 0 {
		t.Errorf("%d approved twice", n)
	}
	changes, err := w.db.Books().Changes(t.Context(), all[2].ID)
	if err != nil || changes[1].Actor != books.Timer || changes[1].Reason != "the validation period of 30 days is over" {
		t.Errorf("history %+v, %v", changes, err)
	}
	if got := w.net(ledger.PublisherAvailable); got != 128*600 {
		t.Errorf("available %d", got)
	}
	if got := w.get(all[0].ID).Status; got != conversion.Pending {
		t.Errorf("the held one is %s", got)
	}
}

func (w *world) get(id string) *conversion.Conversion {
	w.t.Helper()
	for _, c := range w.all() {
		if c.ID == id {
			return c
		}
	}
	w.t.Fatalf("no conversion %s", id)
	return nil
}

// What is held is approved by nobody and taken up by no payout until it is released; its
// refusal goes through. Each step is in its history.
func TestSetHold(t *testing.T) {
	w := newWorld(t)
	w.judged(1)
	id := w.one().ID
	set := func(held bool, reason string) error {
		_, err := w.desk.SetHold(t.Context(), owner, "ws_1", id, held, reason)
		return err
	}
	decide := func(to conversion.Status) error {
		_, err := w.desk.Decide(t.Context(), owner, "ws_1", id, to, "x")
		return err
	}
	for who, p := range strangers() {
		if _, err := w.desk.SetHold(t.Context(), p, "ws_1", id, true, ""); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	for range 2 { // the second time changes nothing
		if err := set(true, "looks odd"); err != nil {
			t.Fatal(err)
		}
	}
	if c := w.one(); c.Hold != conversion.HoldStaff || c.HoldNote != "looks odd" || c.Status != conversion.Pending {
		t.Errorf("held: %+v", c)
	}
	if err := decide(conversion.Approved); !errors.Is(err, books.ErrHeld) {
		t.Errorf("approved while held: %v", err)
	}
	approve := w.postback("token=tok_shop&txid=o-0&status=approved&click_id=" + w.one().Click.String())
	p := w.processor()
	stop := w.run(p)
	w.waitFor(p)
	stop()
	if r := w.signal(approve); r.Verdict != event.Held {
		t.Errorf("approved by postback while held: %s", r.Verdict)
	}
	if err := set(false, "asked the shop"); err != nil {
		t.Fatal(err)
	}
	if err := decide(conversion.Approved); err != nil {
		t.Fatal(err)
	}
	if err := set(true, "another look"); err != nil { // possible until a payout run has it
		t.Fatal(err)
	}
	lock := func() error {
		return w.desk.Settle(t.Context(), func(ctx context.Context, tx books.Tx) error {
			_, err := w.desk.Lock(ctx, tx, "ws_1", []string{id}, "usr_fin", "run 1")
			return err
		})
	}
	if err := lock(); !errors.Is(err, books.ErrHeld) {
		t.Errorf("locked while held: %v", err)
	}
	if err := set(false, "fine"); err != nil {
		t.Fatal(err)
	}
	if err := lock(); err != nil {
		t.Fatal(err)
	}
	var state *books.StateError
	if err := set(true, "too late"); !errors.As(err, &state) {
		t.Errorf("held after it was locked: %v", err)
	}
	w.judged(2) // one more order
	for _, c := range w.all() {
		if c.ID == id {
			continue
		}
		if _, err := w.desk.SetHold(t.Context(), owner, "ws_1", c.ID, true, "looks odd"); err != nil {
			t.Fatal(err)
		}
		after, err := w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Rejected, "it was")
		if err != nil || after.Hold != "" || after.HoldNote != "" {
			t.Errorf("rejected while held: %+v, %v", after, err)
		}
	}
	changes, err := w.db.Books().Changes(t.Context(), id)
	var reasons []string
	for _, ch := range changes {
		reasons = append(reasons, ch.Reason)
	}
	if err != nil || len(reasons) != 7 || reasons[1] != "held: looks odd" || reasons[2] != "released: asked the shop" {
		t.Errorf("history %q, %v", reasons, err)
	}
}

// A bonus is booked once per key, for publishers of the workspace only; another amount under
// the key is a conflict.
func TestAdjustBalance(t *testing.T) {
	w := newWorld(t)
	bonus := func(p account.Principal, key, publisher string, amount int64) (bool, error) {
		_, fresh, err := w.desk.AdjustBalance(t.Context(), p, "ws_1", conversion.BalanceAdjustment{Key: key, Publisher: publisher, Currency: "EUR", Amount: amount, Reason: "best of the month"})
		return fresh, err
	}
	for who, p := range strangers() {
		if _, err := bonus(p, "a", "pub_1", 5000); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	if _, err := bonus(owner, "a", "pub_9", 5000); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown publisher: %v", err)
	}
	for i := range 2 {
		if fresh, err := bonus(owner, "a", "pub_1", 5000); err != nil || fresh != (i == 0) {
			t.Errorf("time %d: %v, %v", i+1, fresh, err)
		}
	}
	var r *conversion.Refusal
	if _, err := bonus(owner, "a", "pub_1", 5001); !errors.As(err, &r) || r.Verdict != event.Conflict {
		t.Errorf("another amount: %v", err)
	}
	var bad *catalog.Invalid
	if _, err := bonus(owner, "b", "pub_1", 0); !errors.As(err, &bad) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := bonus(owner, "b", "pub_1", conversion.MaxAdjustment+1); !errors.As(err, &bad) {
		t.Errorf("too much: %v", err)
	}
	if fresh, err := bonus(owner, "c", "pub_1", -2000); err != nil || !fresh {
		t.Errorf("a correction: %v", err)
	}
	if a, e := w.net(ledger.PublisherAvailable), w.net(ledger.Adjustments); a != 3000 || e != 3000 {
		t.Errorf("available %d, adjustments %d", a, e)
	}
	list, err := w.db.Books().BalanceAdjustments(t.Context(), "ws_1", "pub_1", "", 10)
	if err != nil || len(list) != 2 || list[1].Actor != owner.ID {
		t.Errorf("%d adjustments, %v", len(list), err)
	}
	w.sound(0)
}

// Refunds and statements of people are theirs in the history of adjustments.
func TestDeskRefund(t *testing.T) {
	w := newWorld(t)
	w.judged(1)
	id := w.one().ID
	for who, p := range strangers() {
		if _, _, _, err := w.desk.Refund(t.Context(), p, "ws_1", id, conversion.Refund{Key: "r", Whole: true}); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
		if _, _, _, err := w.desk.Restate(t.Context(), p, "ws_1", id, conversion.Worth{Key: "r"}); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	sale := int64(8000)
	if _, a, fresh, err := w.desk.Restate(t.Context(), owner, "ws_1", id, conversion.Worth{Key: "sale", Sale: &sale, Reason: "by mail"}); err != nil || !fresh || a.Sale != 8000 || a.Actor != owner.ID {
		t.Fatalf("%+v, %v", a, err)
	}
	c, a, fresh, err := w.desk.Refund(t.Context(), owner, "ws_1", id, conversion.Refund{Key: "r1", Amount: money.Amount{Minor: 2000, Currency: "USD"}, Reason: "one of four"})
	if err != nil || !fresh || c.Revenue != 750 || c.Commission != 450 || a.Commission != -150 {
		t.Errorf("%+v, %+v, %v", c, a, err)
	}
}
