// Package storetest is the conformance suite of the SQL stores: one exported
// [Exercise] that every engine runs, and [ExerciseClickIndex] for click indexes.
//
// Invariants:
//   - The suite speaks through the domain's interfaces; what must be impossible even
//     past them is tried through [Stores.Raw].
//   - Every write method is run in both failure pairs: not applied, and applied but
//     reported as failed.
//   - No test depends on time passing.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
	"clickledger/internal/document"
	"clickledger/internal/domains"
	"clickledger/internal/event"
	"clickledger/internal/funds"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/purge"
	"clickledger/internal/rates"
	"clickledger/internal/signup"
	"clickledger/internal/wizard"
)

// Stores is one open database, as the suite uses it.
type Stores struct {
	Catalog    catalog.Store
	Books      books.Store
	Accounts   account.Store
	Deliveries outbound.Store
	Rates      rates.Store
	Caps       caps.Store
	Landings   diagnosis.Store
	Domains    domains.Store
	Tests      wizard.Store
	Signups    signup.Store
	Payouts    payout.Store
	Mails      mail.Store
	Purges     purge.Store
	Funds      funds.Store
	Documents  document.Store
	// Faults is the seam the database was opened with.
	Faults *Faults
	// Raw runs statements in one transaction on a connection of its own, past the
	// store: an operator with a database shell. It returns the first error, also
	// that of the commit.
	Raw func(ctx context.Context, statements ...string) error
	// Reopen closes the database and opens it again.
	Reopen func(t *testing.T) *Stores
	// Fresh opens another empty database.
	Fresh func(t *testing.T) *Stores
	// Restored opens a backup; nil when the engine makes none.
	Restored func(t *testing.T, file string) *Stores
}

// Exercise runs the suite. open gives a fresh, empty database, and closes it when
// the test ends.
func Exercise(t *testing.T, open func(t *testing.T) *Stores) {
	for _, group := range []struct {
		name  string
		tests map[string]func(t *testing.T, s *Stores)
	}{
		{"catalog", catalogTests}, {"inbox", inboxTests}, {"conversions", conversionTests}, {"adjustments", adjustmentTests}, {"ledger", ledgerTests},
		{"books", booksTests}, {"accounts", accountTests}, {"deliveries", deliveryTests}, {"text", textTests},
		{"rates", rateTests}, {"caps", capTests}, {"tests", testTests},
		{"landings", landingTests}, {"domains", domainTests}, {"signups", signupTests}, {"payouts", payoutTests}, {"purging", purgeTests}, {"funds", fundTests}, {"documents", documentTests}, {"failures", failureTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					s := open(t)
					s.Fresh = open
					test(t, s)
				})
			}
		})
	}
}

// Faults makes the next commit fail. It is given to the store as its fault seam.
type Faults struct {
	mu            sync.Mutex
	op            string // of the last commit; guarded by mu
	before, after error  // of the next one; guarded by mu
}

// ErrFault is the failure that [Faults] injects.
var ErrFault = errors.New("storetest: injected failure")

// Commit is the seam.
func (f *Faults) Commit(op string) (before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, after = f.before, f.after
	f.op, f.before, f.after = op, nil, nil
	return before, after
}

// NotApplied makes the next commit fail and leave nothing.
func (f *Faults) NotApplied() { f.arm(ErrFault, nil) }

// Applied makes the next commit succeed and report a failure.
func (f *Faults) Applied() { f.arm(nil, ErrFault) }

func (f *Faults) arm(before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.op, f.before, f.after = "", before, after
}

// Op is the operation of the last commit since the seam was armed.
func (f *Faults) Op() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.op
}

// ctx is the context of calls that nobody cancels.
var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error = %v, want %v", err, want)
	}
}

// wantInvalid asserts one refused field.
func wantInvalid(t *testing.T, err error, field, rule string) {
	t.Helper()
	var invalid *catalog.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("error = %v, want an Invalid", err)
	}
	if len(invalid.Fields) != 1 || invalid.Fields[0].Field != field || invalid.Fields[0].Rule != rule {
		t.Fatalf("fields = %+v, want one: %s %s", invalid.Fields, field, rule)
	}
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(diagnosis.Landing{})); d != "" {
		t.Fatalf("differs (-want +got):\n%s", d)
	}
}

// update runs fn in one transaction of the books and fails the test on an error.
func (s *Stores) update(t *testing.T, fn func(tx books.Tx) error) {
	t.Helper()
	must(t, s.Books.Update(ctx, func(_ context.Context, tx books.Tx) error { return fn(tx) }))
}

// sound asserts that the ledger's own audit finds nothing.
func (s *Stores) sound(t *testing.T) {
	t.Helper()
	found := get[[]string](t)(s.Books.Audit(ctx))
	if len(found) > 0 {
		t.Fatalf("the ledger is broken:\n%s", strings.Join(found, "\n"))
	}
}

// id makes ids in the order of n.
func id(prefix string, n int) string { return fmt.Sprintf("%s_%016d", prefix, n) }

// clickID makes different click ids in the order of n.
func clickID(n int) event.ClickID {
	var c event.ClickID
	for i := range 8 {
		c[7-i] = byte(uint64(n+1) >> (8 * i))
	}
	c[15] = 7
	return c
}
