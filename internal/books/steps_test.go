package books_test

import (
	"errors"
	"strings"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/upload"
)

func (w *world) statuses(dry bool, rows ...string) *upload.StatusOutcome {
	w.t.Helper()
	s, err := upload.ReadStatuses([]byte("txid,goal,status,reason,amount,refund_id\n" + strings.Join(rows, "\n")))
	if err != nil {
		w.t.Fatal(err)
	}
	o, err := upload.Decide(w.t.Context(), w.db.Books(), w.desk, owner, "ws_1", s, dry)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// A file of decisions is carried out as a whole or not at all; each row that cannot be done
// says why, a preview keeps nothing, and the same file again changes nothing.
func TestStatusFile(t *testing.T) {
	w := newWorld(t)
	w.judged(6)
	by := func(order string) *conversion.Conversion {
		t.Helper()
		for _, c := range w.all() {
			if c.Order == order {
				return c
			}
		}
		t.Fatalf("no order %s", order)
		return nil
	}
	good := []string{"o-0,sale,approved,,,", "o-1,,rejected,returned,,", "o-2,sale,held,looks odd,,", "o-3,sale,refunded,all of it,,", "o-4,sale,approved,,,", "o-4,sale,rejected,after all,,"}
	if o := w.statuses(true, good...); o.Done || o.Changed != 6 || o.Wrong != 0 {
		t.Errorf("the preview: %+v", o)
	}
	for _, c := range w.all() {
		if c.Status != conversion.Pending || c.Version != 1 {
			t.Fatalf("the preview left %s as %s", c.Order, c.Status)
		}
	}
	bad := w.statuses(false, append(good, "o-9,sale,approved,,,", "o-5,lead,approved,,,", "o-5,sale,sold,,,", "o-2,sale,approved,,,", "o-5,sale,refunded,,5.00,", "o-5,sale,refunded,,5.00,R1", "o-5,sale,approved,,99.00,")...)
	codes := []string{}
	for _, l := range bad.Lines[6:] {
		codes = append(codes, l.Code)
	}
	if want := "unknown_conversion unknown_conversion unknown_status held missing_refund_id missing_amount conflict"; bad.Done || bad.Wrong != 7 || strings.Join(codes, " ") != want {
		t.Errorf("%d wrong: %q, want %q", bad.Wrong, codes, want)
	}
	for _, c := range w.all() {
		if c.Status != conversion.Pending || c.Version != 1 {
			t.Fatalf("a file with wrong rows left %s as %s", c.Order, c.Status)
		}
	}
	if o := w.statuses(false, good...); !o.Done || o.Changed != 6 {
		t.Errorf("for good: %+v", o)
	}
	for order, want := range map[string]conversion.Status{"o-0": conversion.Approved, "o-1": conversion.Rejected, "o-2": conversion.Pending, "o-3": conversion.Rejected, "o-4": conversion.Reversed, "o-5": conversion.Pending} {
		if got := by(order).Status; got != want {
			t.Errorf("%s is %s, want %s", order, got, want)
		}
	}
	if c := by("o-2"); c.Hold != conversion.HoldStaff || c.HoldNote != "looks odd" {
		t.Errorf("o-2 is held as %q (%s)", c.Hold, c.HoldNote)
	}
	if got := w.net(ledger.PublisherAvailable); got != 600 {
		t.Errorf("available %d", got)
	}
	if o := w.statuses(false, good[:4]...); !o.Done || o.Changed != 0 || o.Same != 4 {
		t.Errorf("once more: %+v", o)
	}
	s, _ := upload.ReadStatuses([]byte("txid,status\no-5,approved\n"))
	for who, p := range strangers() {
		if _, err := upload.Decide(t.Context(), w.db.Books(), w.desk, p, "ws_1", s, false); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
		if _, _, err := w.desk.DecideAll(t.Context(), p, "ws_1", nil, false); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	if _, _, err := w.desk.DecideAll(t.Context(), owner, "ws_1", make([]books.Step, books.MaxSteps+1), false); !errors.Is(err, books.ErrTooMany) {
		t.Errorf("too many: %v", err)
	}
	broken, err := w.db.Books().Audit(t.Context())
	if err != nil || len(broken) > 0 {
		t.Error(broken, err)
	}
}

// A file whose commit fails, or is reported as failed, is carried out once when it is sent
// again.
func TestStatusFileFailurePairs(t *testing.T) {
	for _, applied := range []bool{false, true} {
		w := newWorld(t)
		w.judged(3)
		var steps []books.Step
		for _, c := range w.all() {
			steps = append(steps, books.Step{Conversion: c.ID, Do: "approved"})
		}
		w.faults.arm("books.update", 1, applied)
		if _, done, err := w.desk.DecideAll(t.Context(), owner, "ws_1", steps, false); !errors.Is(err, errFault) || done {
			t.Fatal(done, err)
		}
		want := map[bool]int64{false: 0, true: 1800}[applied]
		if got := w.net(ledger.PublisherAvailable); got != want {
			t.Errorf("applied %v: available %d", applied, got)
		}
		if _, done, err := w.desk.DecideAll(t.Context(), owner, "ws_1", steps, false); err != nil || !done {
			t.Error(done, err)
		}
		if got := w.net(ledger.PublisherAvailable); got != 1800 {
			t.Errorf("applied %v: then available %d", applied, got)
		}
		w.sound(3)
	}
}
