package conversion

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clickledger/internal/catalog"
)

// ErrHeld says that somebody holds the conversion: it is neither approved nor paid until it
// is released.
var ErrHeld = errors.New("conversion: it is held")

// SetHold holds a pending or approved conversion back, or releases it, also from the hold
// of a cap; its state stays. It fails with [*StateError] for one that no hold concerns.
// What is so already stays as it is.
func (j *Judge) SetHold(ctx context.Context, tx Writer, c *Conversion, held bool, actor, reason string) error {
	if c.Status != Pending && c.Status != Approved {
		return &StateError{c.Status, "held"}
	}
	if held == (c.Hold == HoldStaff) && (held || c.Hold == "") {
		return nil
	}
	word := "held: "
	c.Hold, c.HoldNote = HoldStaff, reason
	if !held {
		c.Hold, c.HoldNote, word = "", "", "released: "
	}
	err := tx.UpdateConversion(ctx, c)
	if err != nil {
		return fmt.Errorf("update conversion: %w", err)
	}
	err = tx.InsertChange(ctx, &Change{Conversion: c.ID, At: j.Now().UnixMicro(), From: c.Status, To: c.Status, Actor: actor, Reason: word + reason})
	if err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

// validationDay is what the days of a validation period are made of.
const validationDay = 24 * time.Hour

// Validated is when the conversion is approved by itself, in µs: when the validation period
// of its offer is over, counted from when it happened or was recorded, whichever is later,
// so that no sender's clock shortens it. 0 = never: it has none, is not pending or is held.
func Validated(view *catalog.View, c *Conversion) int64 {
	o := view.Offer(c.Offer)
	if o == nil || c.Status != Pending || c.Hold != "" {
		return 0
	}
	days := catalog.Validation(o, view.Advertiser(o.Advertiser))
	if days == 0 {
		return 0
	}
	return max(c.At, c.Recorded) + days*validationDay.Microseconds()
}

// Overdue is the moment before which a conversion of the offer must have happened and been
// recorded to be approved by itself at now (µs); 0 = the offer has no validation period.
func Overdue(view *catalog.View, o *catalog.Offer, now int64) (before, days int64) {
	days = catalog.Validation(o, view.Advertiser(o.Advertiser))
	if days == 0 {
		return 0, 0
	}
	return now - days*validationDay.Microseconds(), days
}
