// Package outbound tells others: postbacks to publishers, with retry and a log of
// request and answer.
//
// Invariants:
//   - A delivery is written in the transaction of the state change it tells (O6), and
//     is tried at least once; its id travels with it so that receivers de-duplicate.
//   - A postback that only fails is paused by itself (O2), and what it has to tell from then
//     on is held, not lost: once it is active again, all of it is sent.
//   - The address that was checked is the address that is dialed, and redirects are
//     not followed (O4).
//   - A delivery holds nothing that its publisher may not see: no macro says what an
//     advertiser pays.
package outbound

import (
	"context"
	"errors"
)

// Delivery is one call to make.
type Delivery struct {
	ID         string // stable; sent as the header Clickledger-Delivery
	Workspace  string
	Publisher  string
	Postback   string // id of the postback it renders, "" = made before there were any
	Conversion string // "" = a test
	Offer      string
	Tells      string // the conversion's state that is told
	URL        string // rendered
	Method     string // GET or POST
	BodyKind   string // "", macro.BodyForm, macro.BodyJSON
	Body       string // rendered
	Macros     string // the values it was rendered with, by token name: a JSON object
	State      string // one of the States
	Tries      int64
	Created    int64  // µs
	NextAt     int64  // µs, 0 when final
	Status     int64  // last HTTP status, 0 = none
	Answer     string // last answer's first 4 kB
	Error      string // last error, "" = none
	DoneAt     int64  // µs
	Resends    string // the delivery that it repeats, "" = none
	ResentAs   string // the delivery that repeats it, "" = none
	Actor      string // who asked for it, "" = it was the books
}

// States of a delivery.
const (
	StateWaiting = "waiting"
	StateSent    = "sent"
	StateDead    = "dead"   // given up, and nobody has sent it again
	StateResent  = "resent" // given up, and sent again as another one
	StateHeld    = "held"   // not sent: its postback is paused for failing
	StateTest    = "test"   // tried once to see what happens: its error says how it went
)

// States lists them in the order to show them in.
var States = []string{StateWaiting, StateSent, StateDead, StateHeld, StateResent, StateTest}

// Try is one call that was made.
type Try struct {
	Delivery string
	N        int64  // 1, 2, …
	At       int64  // µs, when it began
	Took     int64  // µs
	Status   int64  // HTTP status, 0 = none
	Headers  string // as sent, a line each
	Answer   string // the answer's first 4 kB
	Error    string // "" = taken
}

// Query selects deliveries of one workspace, newest first.
type Query struct {
	Workspace  string
	Publisher  string
	Offer      string
	Postback   string
	Conversion string
	State      string
	Text       string // part of URL, conversion or id, in any case
	Before     string // last id of the page before
	Limit      int
}

// Counts are deliveries that somebody may want to know of.
type Counts struct {
	Waiting int64
	Dead    int64 // given up and not sent again
	Held    int64
}

// Failures are what a postback's calls came to since one was taken; the zero Failures are
// none.
type Failures struct {
	Since int64 // µs, the first of them
	Tries int64 // calls that failed
	Dead  int64 // deliveries that were given up
}

// Held is a postback with held deliveries.
type Held struct{ Workspace, Publisher, Postback string }

// ErrFinal says that a delivery cannot be sent again: it is still tried, or was sent again
// already.
var ErrFinal = errors.New("outbound: the delivery is still tried, or was sent again already")

// Tx is written with the change that is told.
type Tx interface {
	InsertDelivery(ctx context.Context, d *Delivery) error
}

// Store is what the sender and the service work with. Each method is one transaction.
// What another workspace has is catalog.ErrNotFound.
type Store interface {
	// DueDeliveries returns waiting deliveries with NextAt <= now, oldest first.
	DueDeliveries(ctx context.Context, now int64, limit int) ([]*Delivery, error)
	// SaveDelivery writes the outcome of a try, and the try, and returns what the postback's
	// calls have come to.
	SaveDelivery(ctx context.Context, d *Delivery, t *Try) (Failures, error)
	// AddDelivery adds one that nothing in the books has caused, with its try, nil = none yet.
	AddDelivery(ctx context.Context, d *Delivery, t *Try) error
	// Resend adds d, which repeats the one that d.Resends names; [ErrFinal] where that one
	// is still tried or was repeated already.
	Resend(ctx context.Context, d *Delivery) error
	// GetDelivery returns it with its tries, the first first.
	GetDelivery(ctx context.Context, workspace, id string) (*Delivery, []*Try, error)
	// ListDeliveries returns a page.
	ListDeliveries(ctx context.Context, q Query) ([]*Delivery, error)
	// CountDeliveries counts a workspace's, or one publisher's of it.
	CountDeliveries(ctx context.Context, workspace, publisher string) (Counts, error)
	// HoldDeliveries holds what waits to be sent by a postback, and forgets its failures.
	HoldDeliveries(ctx context.Context, workspace, postback string, now int64) error
	// HeldPostbacks lists the postbacks with held deliveries.
	HeldPostbacks(ctx context.Context) ([]Held, error)
	// ReleaseDeliveries makes at most limit of them wait again, the oldest first, to be sent
	// from now on, and returns how many.
	ReleaseDeliveries(ctx context.Context, h Held, now int64, limit int) (int, error)
}
