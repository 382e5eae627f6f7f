package conversion

import (
	"context"
	"encoding/json"
	"fmt"

	"clickledger/internal/commission"
)

// Retroactive tiers. The order that reaches a tier of a rule lifts the earlier orders of
// the period that this rule priced below it: what they pay more is posted as adjustments,
// with the order that caused it in their history. Nothing else of them changes, whatever
// the catalog says by now; nothing is ever lowered; and what was refunded, refused, or is
// in a payout run stays as it is.

// maxLifted bounds how many orders one order lifts, so that no judgment holds the writer
// for long; the publisher's next orders lift the rest.
const maxLifted = 200

// lift lifts what the order's tiers reach back to.
func (j *judgment) lift(ctx context.Context, c *Conversion, how *reckoning) error {
	if how == nil || c.Test || !counts(c.Status) {
		return nil
	}
	for i := range how.priced.Parts {
		part := &how.priced.Parts[i]
		if part.Rule == nil || !part.Rule.Pay.Retroactive || part.Tier == 0 {
			continue
		}
		q := VolumeQuery{Workspace: c.Workspace, Offer: c.Offer, Publisher: c.Publisher, Except: c.ID}
		q.From, q.To = part.Rule.Pay.Span(how.facts.At, how.facts.Zone)
		ids, err := j.tx.Liftable(ctx, q, part.Rule.ID, int64(part.Tier), maxLifted)
		if err != nil {
			return fmt.Errorf("orders to lift: %w", err)
		}
		for _, id := range ids {
			err := j.liftOne(ctx, c, id, part, part.Rule.Reached(how.volumes.With(part.Rule, how.facts)))
			if err != nil {
				return fmt.Errorf("lift %s: %w", id, err)
			}
		}
	}
	return nil
}

// liftOne computes what one earlier order pays at the tier.
func (j *judgment) liftOne(ctx context.Context, cause *Conversion, id string, part *commission.Part, reached string) error {
	o, err := j.tx.GetConversion(ctx, cause.Workspace, id)
	if err != nil {
		return err
	}
	old := *o
	at, err := j.atTier(ctx, o, part)
	if err != nil {
		return err
	}
	o.Tier = int64(part.Tier)
	if at.minor <= old.Commission {
		return j.tx.UpdateConversion(ctx, o) // it pays no more: only not to be asked again
	}
	o.Commission, o.CommRule, o.RuleVersion, o.CommLines = at.minor, fmt.Sprintf("%s, lifted to tier %d: %s", at.words, part.Tier, reached), at.version, at.lines
	now := j.Now().UnixMicro()
	err = adjust(ctx, j.tx, &old, o, now)
	if err != nil {
		return err
	}
	reason := fmt.Sprintf("%stier %d of the rule %s was reached by conversion %s: %s", LiftedReason, part.Tier, part.Rule.Name, cause.ID, reached)
	return j.tx.InsertChange(ctx, &Change{Conversion: o.ID, At: now, From: o.Status, To: o.Status, Actor: j.actor(), Reason: reason})
}

// LiftedReason begins the reason of a change that a retroactive tier made.
const LiftedReason = "lifted: "

// lifted is what an order pays at a tier.
type lifted struct {
	minor   int64
	words   string
	version int64
	lines   string
}

// atTier prices the part of a recorded order that the rule priced, at the rule's tier; what
// other rules priced of it stays.
func (j *judgment) atTier(ctx context.Context, o *Conversion, part *commission.Part) (lifted, error) {
	own, err := j.dealOf(o)
	if err != nil {
		return lifted{}, err
	}
	sent, err := o.sent()
	if err != nil {
		return lifted{}, err
	}
	w, err := j.exchanged(sent, own.offer, o.At, o.Rate)
	if err != nil {
		return lifted{}, err
	}
	p := price{}
	p.revenue.Minor = o.Revenue // what it pays us is not in question
	r := &reckoning{}
	err = j.facts(ctx, r, &p, own, w)
	if err != nil {
		return lifted{}, err
	}
	rule := *part.Rule
	rule.Pay, _ = part.Rule.Pay.At(part.Rule.Pay.Tiers[part.Tier-1].From)
	rule.Pay.Tiers = nil
	recorded := o.Lines()
	out := lifted{words: o.CommRule, version: o.RuleVersion, lines: o.CommLines}
	var at []int // the rule's lines, of an order with lines
	if len(recorded) > 0 {
		mine := r.facts.Lines[:0:0]
		for i, l := range recorded {
			if l.Rule == rule.ID && i < len(r.facts.Lines) {
				at, mine = append(at, i), append(mine, r.facts.Lines[i])
			} else {
				out.minor += l.Commission
			}
		}
		r.facts.Lines = mine
	}
	choices := make([]commission.Choice, max(1, len(at)))
	for i := range choices {
		choices[i].Rule = &rule
	}
	priced, err := commission.Price(choices, r.facts, nil, commission.Base{})
	if err != nil {
		return lifted{}, err
	}
	out.minor += priced.Minor
	if o.Rule == rule.ID {
		out.words, out.version = priced.Parts[0].Words, rule.Version
	}
	for i, n := range at {
		l := &recorded[n]
		l.Commission, l.Words, l.RuleVersion = priced.Lines[i], priced.Parts[0].Words, rule.Version
	}
	if len(at) > 0 {
		b, err := json.Marshal(recorded)
		if err != nil {
			return lifted{}, err
		}
		out.lines = string(b)
	}
	return out, nil
}
