package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"time"

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
	Field      string     `json:"field" doc:"The parameter it is about."`
	Final      bool       `json:"final" doc:"Whether it will not be judged again by itself."`
	Workspace  string     `json:"workspace" doc:"The workspace; empty while unknown, which only owners see."`
	ClickID    string     `json:"click_id" doc:"The click it was matched to, or what was sent for it."`
	Offer      string     `json:"offer" doc:"The offer."`
	TxID       string     `json:"txid" doc:"The order number."`
	Conversion string     `json:"conversion" doc:"The conversion it made or changed."`
	Tries      int64      `json:"tries" doc:"How often it was judged."`
	JudgedAt   *time.Time `json:"judged_at,omitempty" doc:"When it was last judged."`
	RetryAt    *time.Time `json:"retry_at,omitempty" doc:"When it will be judged again."`
}

// SignalDetail is a signal with the request as it came, secrets redacted.
type SignalDetail struct {
	Signal
	Request Request `json:"request" doc:"The request as it came; postback tokens are left out."`
}

// Request is the request of a signal.
type Request struct {
	Method    string `json:"method" doc:"HTTP method."`
	Host      string `json:"host" doc:"The tracking host."`
	Path      string `json:"path" doc:"The path."`
	Query     string `json:"query" doc:"The query."`
	BodyType  string `json:"body_type" doc:"Content type of the body."`
	Body      string `json:"body" doc:"The body."`
	Addr      string `json:"address" doc:"Where it came from, truncated."`
	UserAgent string `json:"user_agent" doc:"Who sent it."`
	Referer   string `json:"referer" doc:"The page it came from."`
	Country   string `json:"country" doc:"ISO 3166-1 alpha-2."`
}

func signalView(r *inbox.Row) Signal {
	info := event.Verdicts[r.Verdict]
	return Signal{
		ID: r.ID, At: timeOf(r.At), Kind: r.Kind, Verdict: string(r.Verdict), Meaning: info.Sentence, Detail: r.Detail, Field: r.Field, Final: r.RetryAt == 0,
		Workspace: r.Workspace, ClickID: r.Click, Offer: r.Offer, TxID: r.Order, Conversion: r.Conversion, Tries: r.Tries, JudgedAt: maybeTime(r.JudgedAt), RetryAt: maybeTime(r.RetryAt),
	}
}

// tokens are recognised by their form, wherever in a request they stand.
var tokens = regexp.MustCompile(`(?i)tok(_|%5f)[0-9a-hjkmnp-tv-z]{32}`)

func redact(s string) string { return tokens.ReplaceAllString(s, "tok_…") }

type signalListInput struct {
	Scope
	Paging
	Verdict    string `query:"verdict" maxLength:"64" doc:"Only with this verdict."`
	Conversion string `query:"conversion" maxLength:"64" doc:"Only about this conversion."`
	ClickID    string `query:"click_id" maxLength:"64" doc:"Only about this click."`
	Unassigned bool   `query:"unassigned" doc:"Also those whose workspace is unknown. Only for owners."`
}

type signalOutput struct{ Body Signal }

type signalDetailOutput struct{ Body SignalDetail }

func (s *server) registerSignals() {
	add(s, route{method: http.MethodGet, path: "/signals", id: "list-signals", tag: "signals", summary: "List signals", text: verdictText()}, s.listSignals)
	add(s, route{method: http.MethodGet, path: "/signals/{id}", id: "get-signal", tag: "signals", summary: "Read a signal with its request"}, s.getSignal)
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
		Workspace: ws, Unassigned: in.Unassigned, Verdict: event.Verdict(in.Verdict), Conversion: in.Conversion, Click: in.ClickID, Before: in.Cursor, Limit: in.Limit + 1,
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
	return &signalDetailOutput{SignalDetail{signalView(row), Request{
		Method: raw.HTTPMethod, Host: raw.Host, Path: raw.Path, Query: redact(raw.Query), BodyType: raw.BodyType, Body: redact(string(raw.Body)),
		Addr: raw.Addr, UserAgent: raw.UserAgent, Referer: redact(raw.Referer), Country: raw.Country,
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
