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

// Codes say when each comes.
var Codes = map[string]string{
	CodeState:        "The run's state does not allow it: it is no draft any more, or not approved yet.",
	CodeEmpty:        "A run without lines is approved.",
	CodeSecondPerson: "Who made a run approves it, and a second person must.",
	CodePerson:       "An API key approves where a second person must, or changes a publisher's own method.",
	CodeChanged:      "The books are not as they were at the preview; the sentence names the lines.",
	CodeSettled:      "A line that is paid is to fail, or the other way round.",
	CodeNoLines:      "No open line fits the file, or is left to be marked.",
	CodeOwner:        "Somebody who is no owner changes whether a second person must approve.",
	CodeSealed:       "The details of a method were sealed with a key that the installation does not have, or were tampered with.",
}

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
