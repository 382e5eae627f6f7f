package app

import (
	"context"
	"fmt"
	"time"
)

// validationEvery is how often conversions are looked for whose validation period is over.
const validationEvery = time.Minute

// validate approves what nobody decided within its validation period.
//
// A clock that jumps ahead approves nothing early: the time is the clock's, but never later
// than what has really passed since the server began. A machine that slept is late by that
// until the next start, and late is harmless here.
func (a *App) validate(ctx context.Context) error {
	tick := time.NewTicker(validationEvery)
	defer tick.Stop()
	began, steady := a.Now(), time.Now()
	for {
		now := passed(began, time.Since(steady), a.Now())
		n, err := a.desk.ApproveDue(ctx, now.UnixMicro())
		if n > 0 {
			a.Logger.Info("validation periods are over", "approved", n)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("approve after the validation period: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// passed is the earlier of what the clock says and what it said at the beginning plus the
// time that has really gone by, as a clock says that nobody can set.
func passed(began time.Time, elapsed time.Duration, clock time.Time) time.Time {
	if really := began.Add(elapsed); really.Before(clock) {
		return really
	}
	return clock
}
