package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// Signal is any hit on a conversion endpoint, in answers.
type Signal struct {
	ID         string     `json:"id" doc:"Its id."`
	At         time.Time  `json:"at" doc:"When it arrived."`
	Kind       string     `json:"kind" doc:"postback or pixel."`
	Verdict    string     `json:"verdict" doc:"Stable code of what became of it."`
	Meaning    string     `json:"meaning" doc:"What the code means."`
	Detail     string     `json:"detail" doc:"What it means here."`
	Fix        string     `json:"fix" doc:"What to do about it."`
	FixPlace   string     `json:"fix_place" enum:",sender,offer,goals,tracking,advertiser,rates,coupons,conversions" doc:"Where that is done; empty: nothing is to be done."`
	Replayable bool       `json:"replayable" doc:"Whether it waits for that and can then be judged again."`
	Field      string     `json:"field" doc:"The parameter it is about."`
	Final      bool       `json:"final" doc:"Whether it will not be judged again by itself."`
	Workspace  string     `json:"workspace" doc:"The workspace; empty while unknown, which only owners see."`
	ClickID    string     `json:"click_id" doc:"The click it was matched to, or what was sent for it."`
	Advertiser string     `json:"advertiser" doc:"Whom it speaks for."`
	Offer      string     `json:"offer" doc:"The offer."`
	Goal       string     `json:"goal" doc:"Key of the goal, or what was sent for it."`
	TxID       string     `json:"txid" doc:"The order number."`
	Conversion string     `json:"conversion" doc:"The conversion it made or changed."`
	Tries      int64      `json:"tries" doc:"How often it was judged."`
	JudgedAt   *time.Time `json:"judged_at,omitempty" doc:"When it was last judged."`
	RetryAt    *time.Time `json:"retry_at,omitempty" doc:"When it will be judged again."`
}

// SignalDetail is a signal with the request as it came, secrets redacted.
type SignalDetail struct {
	Signal
	Dialect string            `json:"dialect" example:"tune/aff_lsr" doc:"The wire dialect it came in, and the endpoint of it; empty: the product's own."`
	Parsed  map[string]string `json:"parsed" doc:"What is read of it now, by the product's own names; secrets are left out."`
	Request Request           `json:"request" doc:"The request as it came; secrets are left out."`
}

// Request is the request of a signal.
type Request struct {
	Method    string `json:"method" doc:"HTTP method."`
	Host      string `json:"host" doc:"The tracking host."`
	Path      string `json:"path" doc:"The path."`
	Query     string `json:"query" doc:"The query."`
	BodyType  string `json:"body_type" doc:"Content type of the body."`
	Body      string `json:"body" doc:"The body."`
	Addr      string `json:"address" doc:"Where it came from: whole where the advertiser has an address list, else truncated."`
	UserAgent string `json:"user_agent" doc:"Who sent it."`
	Referer   string `json:"referer" doc:"The page it came from."`
	MessageID string `json:"webhook_id" doc:"Of a signed signal: its header webhook-id."`
	Country   string `json:"country" doc:"ISO 3166-1 alpha-2."`
}

func signalView(r *inbox.Row) Signal {
	info, fix := event.Verdicts[r.Verdict], inbox.Remedies[r.Verdict]
	return Signal{
		ID: r.ID, At: timeOf(r.At), Kind: r.Kind, Verdict: string(r.Verdict), Meaning: info.Sentence, Detail: r.Detail, Field: r.Field, Fix: fix.Fix, FixPlace: string(fix.Place), Replayable: r.Replayable(), Final: r.RetryAt == 0,
		Workspace: r.Workspace, ClickID: r.Click, Advertiser: r.Advertiser, Offer: r.Offer, Goal: r.Goal, TxID: r.Order, Conversion: r.Conversion, Tries: r.Tries, JudgedAt: maybeTime(r.JudgedAt), RetryAt: maybeTime(r.RetryAt),
	}
}

type signalListInput struct {
	Scope
	Paging
	Verdict    string `query:"verdict" maxLength:"64" doc:"Only with this verdict."`
	Open       bool   `query:"open" doc:"Only those that were not taken: refused, or waiting."`
	Advertiser string `query:"advertiser" maxLength:"64" doc:"Only those that speak for this advertiser."`
	Offer      string `query:"offer" maxLength:"64" doc:"Only about this offer."`
	Goal       string `query:"goal" maxLength:"64" doc:"Only with this goal, by its key."`
	Text       string `query:"text" maxLength:"100" doc:"Only with this text in the order number, the click id or what was sent."`
	Conversion string `query:"conversion" maxLength:"64" doc:"Only about this conversion."`
	ClickID    string `query:"click_id" maxLength:"64" doc:"Only about this click."`
	Unassigned bool   `query:"unassigned" doc:"Also those whose workspace is unknown. Only for owners."`
}

type signalOutput struct{ Body Signal }

type signalDetailOutput struct{ Body SignalDetail }

func (s *server) registerSignals() {
	add(s, route{method: http.MethodGet, path: "/signals", id: "list-signals", tag: "signals", summary: "List signals", text: verdictText()}, s.listSignals)
	add(s, route{method: http.MethodGet, path: "/signals/{id}", id: "get-signal", tag: "signals", summary: "Read a signal with its request"}, s.getSignal)
	add(s, route{method: http.MethodPost, path: "/signals/replay", id: "replay-signals", tag: "signals", summary: "Judge signals of a filter again", bodyOptional: true,
		text: "Judges again, oldest first, what the filter selects and waits for something to be mended; what made or changed a conversion stays as it is, so that a second call changes nothing. Without dry_run=false it only previews: the same is done and undone."}, s.replaySignals)
	add(s, route{method: http.MethodPost, path: "/signals/{id}/replay", id: "replay-signal", tag: "signals", summary: "Judge a signal again",
		text: "After what it was refused for was mended. A signal that made or changed a conversion stays as it is."}, s.replaySignal)
}

func signalID(r *inbox.Row) string { return r.ID }

func (s *server) listSignals(ctx context.Context, in *signalListInput) (*pageOutput[Signal], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	if in.Unassigned && !caller(ctx).Owner {
		return nil, errOwner
	}
	rows, err := s.Books.ListSignals(ctx, inbox.Query{
		Workspace: ws, Unassigned: in.Unassigned, Verdict: event.Verdict(in.Verdict), Conversion: in.Conversion, Click: in.ClickID,
		Open: in.Open, Advertiser: in.Advertiser, Offer: in.Offer, Goal: in.Goal, Text: in.Text, Before: in.Cursor, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, signalID, signalView), nil
}

func (s *server) signal(ctx context.Context, ws, id string) (*inbox.Row, error) {
	return only(id, func(before string) ([]*inbox.Row, error) {
		return s.Books.ListSignals(ctx, inbox.Query{Workspace: ws, Unassigned: caller(ctx).Owner, Before: before, Limit: 1})
	}, signalID)
}

func (s *server) getSignal(ctx context.Context, in *One) (*signalDetailOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	row, err := s.signal(ctx, ws, in.ID)
	if err != nil {
		return nil, err
	}
	raw, err := event.DecodeSignal(row.Raw)
	if err != nil {
		return nil, fmt.Errorf("stored signal %s: %w", row.ID, err)
	}
	req, _ := dialect.Parse(raw)
	parsed := map[string]string{}
	for _, p := range req.Fields() {
		parsed[p.Name] = inbox.MaskText(p.Value)
	}
	return &signalDetailOutput{SignalDetail{signalView(row), raw.Dialect, parsed, Request{
		Method: raw.HTTPMethod, Host: raw.Host, Path: raw.Path, Query: inbox.MaskQuery(raw.Query), BodyType: raw.BodyType, Body: inbox.MaskBody(string(raw.Body)),
		Addr: raw.Addr, UserAgent: raw.UserAgent, Referer: inbox.MaskText(raw.Referer), Country: raw.Country, MessageID: raw.Header("Webhook-Id"),
	}}}, nil
}

func (s *server) replaySignal(ctx context.Context, in *One) (*signalOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	row, err := s.Decide.Replay(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &signalOutput{signalView(row)}, nil
}

// ReplayDoc selects signals to judge again.
type ReplayDoc struct {
	Verdict    string     `json:"verdict" required:"false" maxLength:"64" doc:"Only with this verdict. Empty: whatever can be judged again."`
	Advertiser string     `json:"advertiser" required:"false" maxLength:"64" doc:"Only those that speak for this advertiser."`
	Offer      string     `json:"offer" required:"false" maxLength:"64" doc:"Only about this offer."`
	Goal       string     `json:"goal" required:"false" maxLength:"64" doc:"Only with this goal, by its key."`
	Text       string     `json:"text" required:"false" maxLength:"100" doc:"Only with this text in the order number, the click id or what was sent."`
	From       *time.Time `json:"from" required:"false" doc:"Only what arrived then or later."`
	To         *time.Time `json:"to" required:"false" doc:"Only what arrived before."`
	Unassigned bool       `json:"unassigned" required:"false" doc:"Also those whose workspace is unknown. Only for owners."`
	Cursor     string     `json:"cursor" required:"false" maxLength:"64" doc:"Go on behind this signal: the next of the call before."`
}

// Replay is what judging again came to.
type Replay struct {
	DryRun  bool           `json:"dry_run" doc:"true: a preview, nothing was changed."`
	Checked int            `json:"checked" doc:"How many were judged again, 200 in one call at most."`
	Changed int            `json:"changed" doc:"How many came to another verdict."`
	Failed  int            `json:"failed" doc:"How many could not be judged and stay as they are."`
	Next    string         `json:"next" doc:"Empty: the filter is through. Else call again with this as cursor."`
	Counts  []ReplayCount  `json:"counts" nullable:"false" doc:"How many went from which verdict to which."`
	Lines   []ReplayedLine `json:"lines" nullable:"false" doc:"The first 100, oldest first."`
}

// ReplayCount is how many went from one verdict to another.
type ReplayCount struct {
	Before  string `json:"before" doc:"The verdict before."`
	After   string `json:"after" doc:"The verdict now."`
	Signals int    `json:"signals" doc:"How many."`
}

// ReplayedLine is one signal that was judged again.
type ReplayedLine struct {
	Before string `json:"verdict_before" doc:"The verdict before."`
	Signal Signal `json:"signal" doc:"As it is then."`
}

type replayInput struct {
	Scope
	DryRun string `query:"dry_run" enum:"true,false" doc:"Only preview, which is the default: it must be false for anything to be changed."`
	Body   body[ReplayDoc]
}

type replayOutput struct{ Body Replay }

func (s *server) replaySignals(ctx context.Context, in *replayInput) (*replayOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d ReplayDoc
	err = decode(orEmpty(in.Body.raw), &d)
	if err != nil {
		return nil, err
	}
	if d.Unassigned && !caller(ctx).Owner {
		return nil, errOwner
	}
	q, err := d.query()
	if err != nil {
		return nil, err
	}
	dry := in.DryRun != "false"
	res, err := s.Decide.ReplayAll(ctx, caller(ctx), ws, q, !dry)
	if err != nil {
		return nil, err
	}
	out := Replay{DryRun: dry, Checked: res.Checked, Changed: res.Changed, Failed: res.Failed, Next: res.Next, Counts: []ReplayCount{}, Lines: []ReplayedLine{}}
	for _, c := range res.Counts {
		out.Counts = append(out.Counts, ReplayCount{string(c.Before), string(c.After), c.Signals})
	}
	for _, l := range res.Lines {
		out.Lines = append(out.Lines, ReplayedLine{string(l.Before), signalView(l.Row)})
	}
	return &replayOutput{out}, nil
}

func (d *ReplayDoc) query() (books.ReplayQuery, error) {
	bad := &catalog.Invalid{}
	f := inbox.Query{Verdict: event.Verdict(d.Verdict), Advertiser: d.Advertiser, Offer: d.Offer, Goal: d.Goal, Text: d.Text, Unassigned: d.Unassigned}
	if _, ok := event.Verdicts[f.Verdict]; f.Verdict != "" && !ok {
		bad.Add("verdict", "unknown", d.Verdict, "Must be one of the verdicts.")
	}
	for _, t := range []struct {
		name string
		at   *time.Time
		into *int64
	}{{"from", d.From, &f.From}, {"to", d.To, &f.To}} {
		if t.at == nil {
			continue
		}
		*t.into = t.at.UnixMicro()
		if *t.into <= 0 {
			bad.Add(t.name, "out_of_range", t.at.Format(time.RFC3339), "Must be after 1970.")
		}
	}
	if f.To != 0 && f.To <= f.From {
		bad.Add("to", "out_of_range", "", "Must be later than from.")
	}
	return books.ReplayQuery{Filter: f, After: d.Cursor}, bad.Err()
}
