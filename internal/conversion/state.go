package conversion

import "errors"

// ErrTaken says that a conversion with the same dedup key exists.
var ErrTaken = errors.New("conversion: recorded before")

// Transitions is the table of states: from each status, where it may go and what
// that does to the money. It is documentation and code at once.
var Transitions = map[Status]map[Status]string{
	Pending: {
		Approved: "The commission moves from the publisher's pending to the available balance.",
		Rejected: "The accrual is undone.",
	},
	Approved: {
		Reversed: "Approval and accrual are undone.",
		Locked:   "Nothing moves; the conversion can no longer be changed but paid.",
	},
	Rejected: {
		Approved: "The conversion is accrued and made available.",
	},
	Locked: {
		Paid: "A payout run pays the commission.",
	},
}

// Allowed reports whether the table has the transition.
func Allowed(from, to Status) bool {
	_, ok := Transitions[from][to]
	return ok
}

// OrderKey is the dedup key of a conversion with an order number.
func OrderKey(advertiser, offer, goalKey, order string) string {
	if advertiser == "" {
		advertiser = offer // an offer without an advertiser has its own orders
	}
	return "o\x1f" + advertiser + "\x1f" + goalKey + "\x1f" + order
}

// ClickKey is the dedup key of a conversion without an order number.
func ClickKey(click, goalKey string) string { return "c\x1f" + click + "\x1f" + goalKey }
