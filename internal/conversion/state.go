package conversion

import "errors"

// ErrTaken says that a conversion with the same dedup key exists.
var ErrTaken = errors.New("conversion: recorded before")

// Statuses are all there are, in the order of a conversion's life.
var Statuses = []Status{Pending, Approved, Rejected, Reversed, Locked, Paid}

// Transitions is the table of states: from each status, where it may go and what
// that does to the money. It is documentation and code at once.
var Transitions = map[Status]map[Status]string{
	Pending: {
		Approved: "The commission moves from the publisher's pending to the available balance.",
		Rejected: "The accrual is undone.",
	},
	Approved: {
		Reversed: "Approval and accrual are undone.",
		Locked:   "A payout run has taken it up: the line of the run moves the commission from available to in payment, and nobody decides about the conversion any more.",
	},
	Rejected: {
		Approved: "The conversion is accrued and made available.",
	},
	Locked: {
		Paid:     "The payment has left the bank: the line of the payout run moves the commission out of in payment. It stays paid for ever; a correction after it is an adjustment.",
		Approved: "The line of the payout run failed or was taken out: its commission is available again.",
	},
}

// Allowed reports whether the table has the transition.
func Allowed(from, to Status) bool {
	_, ok := Transitions[from][to]
	return ok
}

// Decidable reports whether people and postbacks may make the transition: those from and
// to locked and paid are the payout runs' alone.
func Decidable(from, to Status) bool {
	return Allowed(from, to) && !settled(from) && !settled(to)
}

// settled reports whether a payout run has the conversion.
func settled(s Status) bool { return s == Locked || s == Paid }

// OrderKey is the dedup key of a conversion with an order number.
func OrderKey(advertiser, offer, goalKey, order string) string {
	if advertiser == "" {
		advertiser = offer // an offer without an advertiser has its own orders
	}
	return "o\x1f" + advertiser + "\x1f" + goalKey + "\x1f" + order
}

// ClickKey is the dedup key of a conversion without an order number.
func ClickKey(click, goalKey string) string { return "c\x1f" + click + "\x1f" + goalKey }
