package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
)

// maxLines is how many lines of a repricing are answered; the totals are over all.
const maxLines = 1000

// RepriceDoc selects the conversions of an offer to price anew.
type RepriceDoc struct {
	From   *time.Time `json:"from" required:"false" doc:"Only conversions that happened then or later."`
	To     *time.Time `json:"to" required:"false" doc:"Only conversions that happened before."`
	Warned bool       `json:"warned" required:"false" doc:"Only those recorded with a warning."`
	IDs    []string   `json:"ids" required:"false" nullable:"false" maxItems:"1000" doc:"Only these."`
	Before string     `json:"before" required:"false" maxLength:"64" doc:"Go on behind this conversion: the next of the call before."`
	Reason string     `json:"reason" required:"false" maxLength:"500" doc:"Why; it stays in the history of each conversion. Needed unless dry_run."`
	Expect string     `json:"expect" required:"false" maxLength:"64" doc:"fingerprint of the preview that is confirmed: if it would do something else by now, it is refused with 412 and nothing is posted."`
}

// Repricing is what the present terms make of conversions.
type Repricing struct {
	DryRun      bool             `json:"dry_run" doc:"true: a preview, nothing was posted."`
	Checked     int              `json:"checked" doc:"How many conversions were priced anew."`
	Changed     int              `json:"changed" doc:"How many of them are worth something else."`
	Skipped     int              `json:"skipped" doc:"How many stay as they are for a reason."`
	Next        string           `json:"next" doc:"Empty: all that were selected are here. Else there are more than one call reprices; call again with this as before."`
	Totals      []RepricingTotal `json:"totals" nullable:"false" doc:"What changes, by currency."`
	Lines       []RepricedLine   `json:"lines" nullable:"false" doc:"The conversions that change or were skipped, oldest first, at most 1000 of them."`
	Fingerprint string           `json:"fingerprint" doc:"Stands for exactly these changes; send it as expect to confirm them."`
}

// RepricingTotal is what changes in one currency.
type RepricingTotal struct {
	Currency    string `json:"currency" doc:"Of the amounts."`
	Conversions int    `json:"conversions" doc:"How many change."`
	RevenueOld  string `json:"revenue_before" doc:"What they were worth."`
	RevenueNew  string `json:"revenue_after" doc:"What they are worth by the present terms."`
	Revenue     string `json:"revenue_difference" doc:"What is posted."`
	CommOld     string `json:"commission_before" doc:"What they paid publishers."`
	CommNew     string `json:"commission_after" doc:"What they pay by the present terms."`
	Commission  string `json:"commission_difference" doc:"What is posted."`
}

// RepricedLine is one conversion of a repricing.
type RepricedLine struct {
	Conversion string    `json:"conversion" doc:"Its id."`
	EventTime  time.Time `json:"event_time" doc:"When it happened."`
	TxID       string    `json:"txid" doc:"Its order number."`
	Status     string    `json:"status" doc:"Where it stands."`
	Currency   string    `json:"currency" doc:"Of the amounts."`
	RevenueOld string    `json:"revenue_before" doc:"What it was worth."`
	RevenueNew string    `json:"revenue_after" doc:"What it is worth by the present terms."`
	CommOld    string    `json:"commission_before" doc:"What it paid the publisher."`
	CommNew    string    `json:"commission_after" doc:"What it pays by the present terms."`
	RuleOld    string    `json:"payout_rule_before" doc:"Which rule set the revenue."`
	RuleNew    string    `json:"payout_rule_after" doc:"Which rule sets it now."`
	Skipped    string    `json:"skipped" doc:"Why it stays as it is; empty: it changes."`
}

type repriceInput struct {
	One
	DryRun string `query:"dry_run" enum:"true,false" doc:"Only preview, which is the default: it must be false for anything to be posted."`
	Body   body[RepriceDoc]
}

type repriceOutput struct{ Body Repricing }

var errPreviewOld = &refusal{http.StatusPreconditionFailed, "preview_outdated", "The repricing would do something else than the preview that was confirmed; preview it again. Nothing was posted.", nil}

func (s *server) registerReprice() {
	add(s, route{method: http.MethodPost, path: "/offers/{id}/reprice", id: "reprice-offer", tag: "offers", summary: "Reprice conversions", bodyOptional: true,
		text: "Prices conversions of the offer anew by its present terms, each at the exchange rate of its own day, and posts the differences as adjustments. Without dry_run=false it only previews. Locked, paid and refused conversions stay as they are."}, s.reprice)
}

func (s *server) reprice(ctx context.Context, in *repriceInput) (*repriceOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	_, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, in.ID)
	if err != nil {
		return nil, err
	}
	var d RepriceDoc
	err = decode(orEmpty(in.Body.raw), &d)
	if err != nil {
		return nil, err
	}
	dry := in.DryRun != "false"
	q, err := d.query(in.ID, dry)
	if err != nil {
		return nil, err
	}
	q.Expect = d.Expect
	res, err := s.Decide.Reprice(ctx, caller(ctx), ws, q, !dry, d.Reason)
	if errors.Is(err, books.ErrPreview) {
		return nil, errPreviewOld
	}
	if err != nil {
		return nil, err
	}
	if !dry && s.Diagnosis != nil {
		s.Diagnosis.Forget(ws, in.ID)
	}
	return &repriceOutput{repricingView(res, dry)}, nil
}

func (d *RepriceDoc) query(offer string, dry bool) (books.RepriceQuery, error) {
	bad := &catalog.Invalid{}
	q := books.RepriceQuery{Offer: offer, Warned: d.Warned, IDs: d.IDs, Before: d.Before}
	if d.IDs != nil && len(d.IDs) == 0 {
		bad.Add("ids", "required", "", "Must name at least one conversion, or be left out.")
	}
	if d.From != nil {
		q.From = d.From.UnixMicro()
	}
	if d.To != nil {
		q.To = d.To.UnixMicro()
		if q.To <= q.From || q.To <= 0 {
			bad.Add("to", "out_of_range", d.To.Format(time.RFC3339), "Must be later than from.")
		}
	}
	if q.From < 0 {
		bad.Add("from", "out_of_range", d.From.Format(time.RFC3339), "Must be after 1970.")
	}
	if len(d.IDs) > maxLines {
		bad.Add("ids", "too_many", "", "Name at most 1000 conversions, or select them by time.")
	}
	switch {
	case len([]rune(d.Reason)) > 500:
		bad.Add("reason", "too_long", d.Reason, "Must be at most 500 characters long.")
	case d.Reason == "" && !dry:
		bad.Add("reason", "required", "", "Say why: it moves money, and stays in the history of each conversion.")
	}
	return q, bad.Err()
}

func repricingView(res *books.RepriceResult, dry bool) Repricing {
	out := Repricing{DryRun: dry, Checked: res.Checked, Changed: res.Changed, Skipped: res.Skipped(), Next: res.Next, Totals: []RepricingTotal{}, Lines: []RepricedLine{}, Fingerprint: res.Fingerprint()}
	for _, t := range res.Totals() {
		out.Totals = append(out.Totals, RepricingTotal{t.Currency, t.Conversions, text(t.RevenueBefore, t.Currency), text(t.RevenueAfter, t.Currency), text(t.RevenueDifference, t.Currency),
			text(t.CommissionBefore, t.Currency), text(t.CommissionAfter, t.Currency), text(t.CommissionDifference, t.Currency)})
	}
	for _, l := range res.Lines[:min(len(res.Lines), maxLines)] {
		c := l.Conversion
		out.Lines = append(out.Lines, RepricedLine{c.ID, timeOf(c.At), c.Order, string(c.Status), c.Currency, text(c.Revenue, c.Currency), text(l.Revenue, c.Currency),
			text(c.Commission, c.Currency), text(l.Commission, c.Currency), c.PayoutRule, l.PayoutRule, l.Skipped})
	}
	return out
}
