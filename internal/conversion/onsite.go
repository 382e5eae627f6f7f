package conversion

import (
	"context"
	"fmt"

	"clickledger/internal/event"
)

// Onsite is an on-site event that was counted: a goal that pays nothing, such as viewed
// or added to cart. It is no conversion: it has no state, no money and no place in a cap,
// and is told to nobody.
type Onsite struct {
	Workspace string
	DedupKey  string // unique in the workspace: [OrderKey], [ClickKey], or the signal's own
	Signal    string
	At        int64 // µs
	Offer     string
	Goal      string // key
	Publisher string
	Click     event.ClickID
}

// OnsiteCount is how many events of a goal were counted.
type OnsiteCount struct {
	Publisher, Goal string
	Events          int64
}

// onsite counts an event for the funnel: once a click, or once an order number; where the
// goal says so every fire without one.
func (j *judgment) onsite(ctx context.Context, v values) error {
	if v.status != "" && refused(v.status) {
		return refuse(event.InvalidValue, "status", "The goal %s is an on-site event, which has no state.", j.goal.Key)
	}
	err := j.checkNew(v)
	if err != nil {
		return err
	}
	o := &Onsite{
		Workspace: j.offer.Workspace, Signal: j.row.ID, At: v.at, Offer: j.offer.ID, Goal: j.goal.Key, Publisher: j.visit.Publisher, Click: j.visit.ID,
		DedupKey: ClickKey(j.visit.ID.String(), j.goal.Key),
	}
	once := "It counts once a click"
	switch {
	case v.order != "":
		o.DedupKey, once = OrderKey(j.offer.Advertiser, j.offer.ID, j.goal.Key, v.order), "Each order number counts once"
	case j.goal.EveryFire:
		o.DedupKey = "s\x1f" + j.row.ID
	}
	fresh, err := j.tx.InsertOnsite(ctx, o)
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	if !fresh {
		j.row.Verdict, j.row.Detail = event.Duplicate, fmt.Sprintf("The event %s was counted before. %s.", j.goal.Key, once)
		return nil
	}
	j.row.Verdict, j.row.Detail = event.EventRecorded, fmt.Sprintf("The event %s was counted for the funnel. It pays nothing and is no conversion.", j.goal.Key)
	if j.row.Test {
		j.row.Detail = fmt.Sprintf("The event %s was understood. It is a test, so it is not counted.", j.goal.Key)
	}
	err = j.tx.PutFact(ctx, &event.Fact{
		Kind: event.FactEvent, At: v.at, Visit: j.visit.At, ID: j.visit.ID, Dims: j.visit.Dims, Reason: j.visit.Reason,
		Goal: j.goal.Key, Method: j.method, Events: 1,
	})
	if err != nil {
		return fmt.Errorf("queue fact: %w", err)
	}
	return nil
}
