package books

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// The words of a [Step] besides the states approved, rejected and reversed.
const (
	DoRefund  = "refunded"
	DoHold    = "held"
	DoRelease = "released"
)

// Doings are what a [Step] may ask for.
var Doings = []string{string(conversion.Approved), string(conversion.Rejected), string(conversion.Reversed), DoRefund, DoHold, DoRelease}

// Step is one of several decisions that are made together.
type Step struct {
	Conversion string // id
	Do         string // one of Doings
	Amount     string // of a refund: what is refunded, "" = all that is left; else "" or the sale as it is
	Currency   string // of the amount, "" = the conversion's
	RefundID   string
	Reason     string
}

// StepResult is what became of a [Step], or would.
type StepResult struct {
	Conversion *conversion.Conversion // as it is after the step; nil when it was not found
	Changed    bool
	Code       string // why it cannot be done, "" = it can; as of a signal's verdicts, or not_found
	Field      string
	Detail     string // a sentence
}

// MaxSteps is how many steps are made at once: they are one transaction, which nothing else
// writes beside.
const MaxSteps = 2000

// DecideAll makes all steps in their order in one transaction, or none: then every step
// that cannot be made says why. dry makes none and says the same. It fails with
// catalog.ErrNotFound for a workspace the principal may not write, and with [ErrTooMany].
func (d *Desk) DecideAll(ctx context.Context, p account.Principal, workspace string, steps []Step, dry bool) (results []StepResult, done bool, err error) {
	if !p.May(workspace, true) {
		return nil, false, catalog.ErrNotFound
	}
	if len(steps) > MaxSteps {
		return nil, false, ErrTooMany
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	wrong := 0
	err = d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		results, wrong = make([]StepResult, len(steps)), 0
		for i, s := range steps {
			r := &results[i]
			err := tx.Savepoint(ctx, func(ctx context.Context) error {
				*r = StepResult{}
				return d.step(ctx, tx, p, workspace, s, r)
			})
			if err != nil && !explain(r, err) {
				return fmt.Errorf("step %d: %w", i+1, err)
			}
			if err != nil {
				wrong++
			}
		}
		if dry || wrong > 0 {
			return errDry
		}
		return nil
	})
	if errors.Is(err, errDry) {
		return results, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	d.Changed()
	return results, true, nil
}

// explain writes why a step cannot be made; false for an error that is ours.
func explain(r *StepResult, err error) bool {
	var state *StateError
	var refusal *conversion.Refusal
	switch {
	case errors.As(err, &state):
		r.Code, r.Field, r.Detail = string(event.IllegalTransition), "status", "A conversion that is "+string(state.From)+" cannot become "+string(state.To)+"."
	case errors.As(err, &refusal):
		r.Code, r.Field, r.Detail = string(refusal.Verdict), refusal.Field, refusal.Detail
	case errors.Is(err, ErrHeld):
		r.Code, r.Field, r.Detail = string(event.Held), "status", "The conversion is held, and approved by nobody until it is released."
	case errors.Is(err, catalog.ErrNotFound):
		r.Code, r.Detail = "not_found", "There is no such conversion."
	default:
		return false
	}
	r.Changed = false
	return true
}

// step makes one step.
func (d *Desk) step(ctx context.Context, tx Tx, p account.Principal, workspace string, s Step, r *StepResult) error {
	c, err := tx.GetConversion(ctx, workspace, s.Conversion)
	if err != nil {
		return err
	}
	r.Conversion = c
	version := c.Version
	amount, err := s.amount(c)
	if err != nil {
		return err
	}
	switch s.Do {
	case DoRefund:
		refund := conversion.Refund{Key: s.RefundID, Whole: s.Amount == "", Amount: amount, Actor: p.ID, Reason: s.Reason}
		switch {
		case refund.Key != "":
		case refund.Whole:
			refund.Key = conversion.RefundWhole
		default:
			return &conversion.Refusal{Verdict: event.MissingRefund, Field: "refund_id", Detail: "A refund of a part needs its id, so that the same one sent twice counts once."}
		}
		_, _, err = d.Judge.Refund(ctx, tx, c, refund)
	case DoHold, DoRelease:
		err = d.Judge.SetHold(ctx, tx, c, s.Do == DoHold, p.ID, s.Reason)
	case string(conversion.Approved), string(conversion.Rejected), string(conversion.Reversed):
		err = d.toward(ctx, tx, c, conversion.Status(s.Do), p.ID, s.Reason)
	default:
		err = &conversion.Refusal{Verdict: event.UnknownStatus, Field: "status", Detail: fmt.Sprintf("The status %.40q is not one of %s.", s.Do, strings.Join(Doings, ", "))}
	}
	r.Changed = c.Version != version
	return err
}

// amount reads the step's amount, and compares it with the sale where nothing is refunded:
// what is decided about another amount than ours is decided about something else.
func (s *Step) amount(c *conversion.Conversion) (money.Amount, error) {
	currency := money.Currency(c.Currency)
	if s.Currency != "" {
		known, err := money.ParseCurrency(s.Currency)
		if err != nil {
			return money.Amount{}, &conversion.Refusal{Verdict: event.UnknownCurrency, Field: "currency", Detail: "The currency is not an ISO 4217 code."}
		}
		currency = known
	}
	if s.Amount == "" {
		return money.Amount{}, nil
	}
	a, err := money.ParseAmount(s.Amount, currency, money.ParseOptions{})
	var wrong *money.Error
	if errors.As(err, &wrong) {
		return a, &conversion.Refusal{Verdict: event.InvalidAmount, Field: "amount", Detail: wrong.Msg}
	}
	if err != nil || s.Do == DoRefund || s.Do == DoHold || s.Do == DoRelease {
		return a, err
	}
	if sale := c.Sale(); !slices.Contains(sale, a) {
		return a, &conversion.Refusal{Verdict: event.Conflict, Field: "amount", Detail: "The conversion was recorded with another sale amount: refund the difference first, with the status refunded."}
	}
	return a, nil
}

// toward brings a conversion into a state, or leaves it there.
func (d *Desk) toward(ctx context.Context, tx Tx, c *conversion.Conversion, asked conversion.Status, actor, reason string) error {
	to := conversion.Toward(c.Status, asked)
	switch {
	case to == c.Status, to == conversion.Approved && (c.Status == conversion.Locked || c.Status == conversion.Paid):
		return nil // so it is, or more than that
	case !conversion.Decidable(c.Status, to):
		return &StateError{From: c.Status, To: to}
	case to == conversion.Approved && c.Hold == conversion.HoldStaff:
		return ErrHeld
	}
	c.Hold, c.HoldNote = "", "" // somebody has decided
	return d.Judge.Move(ctx, tx, c, to, actor, reason)
}
