// Package dialect reads the wire dialects in which other systems report conversions, gives
// each the same [Request], and answers each in its own words.
//
// Invariants:
//   - Pure: bytes in, a Request or a [Refusal] out. Nothing is guessed: a parameter
//     that is a macro nobody replaced, or is still wrapped as in a pasted example, is
//     refused by name where it says who or which, and absent by name where it is an
//     amount or a number; an empty optional one is absent.
//   - Values are returned as sent, but for what a table translates: words of a status,
//     events, numeric click ids. Only the judge gives them meaning.
//   - One parser reads every dialect, so what holds for hostile input holds for all.
//   - A signal keeps the name of its dialect and never what was parsed: judged again, it is
//     read by the table as it is then.
//
// # To add a dialect
//
// Write a [Table] in a file of its own, add it to [Tables], and put its cases into
// testdata/NAME.txt (at least twelve, failures included; the format is described in
// package dialecttest). That is all: the edge serves it under /d/NAME/, the tests run its
// cases against the parser and a real server, the fuzzer has it, and its guide in
// docs/dialects.md (DOCS_UPDATE=1 go test ./docs) and in the console is made of the table.
package dialect

import (
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// Request is a conversion signal's parameters. "" means absent.
type Request struct {
	ClickID   string
	Offer     string
	Goal      string
	Payout    string
	Amount    string
	Currency  string
	TxID      string
	Status    string
	RefundID  string // of a status refunded: the shop's id of the refund
	EventTime string
	Token     string
	Key       string // a pixel's public offer key

	// ClickIDs are several clicks that were named at once, of which the judge takes one;
	// ClickID is then all of them as they were sent.
	ClickIDs []string
	// Publisher is named in place of a click.
	Publisher string
	// WhilePending says that the status changes a conversion only as long as it is pending.
	WhilePending bool

	// Notes: what is kept beside the conversion and never refused.
	Coupon       string
	Geo          string
	CommissionID string
	Customer     string // the advertiser's own id of the customer
	// Items are the order's item lines, joined by "|": product:category:amount:quantity.
	Items string
	// ClickFrom is where the click id was kept: url, cookie, storage, form or session.
	ClickFrom string

	// Custom are the parameters that have no meaning here and are kept with the conversion,
	// in the order of their names.
	Custom []macro.Param

	// Ignored names parameters that arrived as unreplaced macros and count as absent.
	Ignored []string
	// Unheard names parameters that were understood and are not for the sender to say.
	Unheard []string
}

// Refusal says which parameter could not be taken, and why.
type Refusal struct {
	Verdict event.Verdict
	Field   string
	Detail  string
}

// Error is the detail.
func (r *Refusal) Error() string { return r.Detail }

// Parse reads a signal in the dialect it came in: query, then form or JSON body; of a
// repeated parameter the first value that is not empty counts. What it could read is given
// beside a refusal too: the inbox shows it.
func Parse(s *event.Signal) (Request, *Refusal) {
	t, _ := Of(s)
	if t == nil {
		return Request{}, &Refusal{event.InvalidValue, "", "The signal came in a dialect that this version does not speak."}
	}
	return t.parse(s)
}
