// Package outbound tells others: postbacks to publishers, with retry and a log of
// request and answer.
//
// Invariants:
//   - A delivery is written in the transaction of the state change it tells (O6), and
//     is tried at least once; its id travels with it so that receivers de-duplicate.
//   - The address that was checked is the address that is dialed, and redirects are
//     not followed (O4).
package outbound

import "context"

// Delivery is one call to make.
type Delivery struct {
	ID         string // stable; sent as the header Clickledger-Delivery
	Workspace  string
	Publisher  string
	Conversion string
	URL        string // rendered
	Method     string // GET
	State      string // StateWaiting, StateSent, StateDead
	Tries      int64
	Created    int64  // µs
	NextAt     int64  // µs, 0 when final
	Status     int64  // last HTTP status, 0 = none
	Answer     string // last answer's first 4 kB
	Error      string // last error, "" = none
	DoneAt     int64  // µs
}

// States of a delivery.
const (
	StateWaiting = "waiting"
	StateSent    = "sent"
	StateDead    = "dead"
)

// Tx is written with the change that is told.
type Tx interface {
	InsertDelivery(ctx context.Context, d *Delivery) error
}

// Store is what the sender works with. Each method is one transaction.
type Store interface {
	// DueDeliveries returns waiting deliveries with NextAt <= now, oldest first.
	DueDeliveries(ctx context.Context, now int64, limit int) ([]*Delivery, error)
	// SaveDelivery writes the outcome of a try.
	SaveDelivery(ctx context.Context, d *Delivery) error
	// ListDeliveries returns a page of a workspace, newest first; conversion "" = all.
	ListDeliveries(ctx context.Context, workspace, conversion, before string, limit int) ([]*Delivery, error)
}
