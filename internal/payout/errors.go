package payout

import (
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/money"
)

// ErrTaken says that another line has a conversion.
var ErrTaken = errors.New("payout: another line has the conversion")

// The codes of [Refusal]: a contract, added to and never renamed.
const (
	CodeState        = "payout_run_state"    // the run's state does not allow it
	CodeEmpty        = "payout_run_empty"    // nobody gets anything
	CodeSecondPerson = "second_person"       // who made it may not approve it
	CodePerson       = "person_required"     // a key may not approve
	CodeChanged      = "payout_changed"      // the books are not as they were at the preview
	CodeSettled      = "payout_line_settled" // the line ended otherwise
	CodeNoLines      = "no_lines"            // nothing to export or to mark
	CodeOwner        = "owner_only"          // only owners may
	CodeSealed       = "details_unreadable"  // the key of the details is lost
)

// Refusal is a request that the state of things does not allow.
type Refusal struct {
	Code string
	Msg  string
	// Changed are the lines of [CodeChanged].
	Changed []Change
}

// Error gives the sentence.
func (r *Refusal) Error() string { return r.Msg }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Change is a line that is not as it was at the preview.
type Change struct {
	Publisher string
	Currency  string
	Was       int64 // minor units
	Now       int64 // 0: it would be left out
	Why       string
}

// mostNamed bounds how many changed lines the sentence of a refusal names.
const mostNamed = 5

func changed(cs []Change) *Refusal {
	var b strings.Builder
	b.WriteString("The books have changed since the preview:")
	for i, c := range cs {
		if i == mostNamed {
			fmt.Fprintf(&b, " and %d more;", len(cs)-i)
			break
		}
		f := func(n int64) string { return money.Amount{Minor: n, Currency: money.Currency(c.Currency)}.Format() }
		fmt.Fprintf(&b, " %s was %s and is %s (%s);", c.Publisher, f(c.Was), f(c.Now), c.Why)
	}
	return &Refusal{Code: CodeChanged, Msg: strings.TrimSuffix(b.String(), ";") + ". Nothing was approved: refresh the preview and look at it again.", Changed: cs}
}
