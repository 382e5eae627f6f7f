package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// Signal is what an advertiser's system, or its page, reported, and what became of it.
type Signal struct {
	ID         string     `json:"id" doc:"Its id."`
	At         time.Time  `json:"at" doc:"When it arrived."`
	Kind       string     `json:"kind" enum:"postback,pixel,script,upload" doc:"How it came."`
	Verdict    string     `json:"verdict" doc:"What became of it: a stable code."`
	Sentence   string     `json:"sentence" doc:"What the code means, and what to do."`
	Detail     string     `json:"detail" doc:"What is wrong with this very signal; empty: the sentence says all."`
	Field      string     `json:"field" doc:"The parameter it is about."`
	Offer      Named      `json:"offer" doc:"The offer."`
	TxID       string     `json:"txid" doc:"Your order number."`
	Conversion string     `json:"conversion" doc:"The conversion it made or is about; empty: none."`
	NextTry    *time.Time `json:"next_try" doc:"When it is judged again; null: it is final."`
}

// SignalStory is a signal with the request as it came.
type SignalStory struct {
	Signal
	Method     string      `json:"method" doc:"HTTP method; empty: it came otherwise."`
	Path       string      `json:"path" doc:"The path that was called."`
	Parameters []Parameter `json:"parameters" nullable:"false" doc:"What was sent, the token hidden."`
}

// Parameter is one parameter of a request.
type Parameter struct {
	Name  string `json:"name" doc:"Its name."`
	Value string `json:"value" doc:"Its value as it came, decoded."`
}

// aboutTheRequest are the verdicts whose detail speaks of what the sender sent, and of
// nothing else. Others name what was known before, rules of payment, and other publishers.
var aboutTheRequest = []event.Verdict{event.InvalidAmount, event.AmountPrecision, event.AmountRange, event.MissingAmount, event.MacroUnreplaced, event.WrappedValue, event.UnknownCurrency,
	event.NoRate, event.MissingOrder, event.InvalidValue, event.UnknownStatus, event.UnknownGoal, event.MalformedBody, event.TooLarge, event.MissingClick, event.MissingToken, event.OutsideWindow}

func signalView(r *inbox.Row, names map[string]string) Signal {
	v := Signal{ID: r.ID, At: timeOf(r.At), Kind: r.Kind, Verdict: string(r.Verdict), Sentence: event.Verdicts[r.Verdict].Sentence, Field: r.Field, Offer: named(names, r.Offer),
		TxID: r.Order, Conversion: r.Conversion, NextTry: maybeTime(r.RetryAt)}
	if slices.Contains(aboutTheRequest, r.Verdict) {
		v.Detail = r.Detail
	}
	return v
}

// maxOffers bounds the offers whose signals are looked through at once, the newest first.
const maxOffers = 100

// Signals lists what was reported for the advertiser's offers, newest first: of one offer,
// or of all of them. verdict "" = whatever became of it.
func (a *Advertiser) Signals(ctx context.Context, offer, verdict string, at Paging) (Page[Signal], error) {
	names, err := a.offerNames(ctx)
	if err != nil {
		return Page[Signal]{}, err
	}
	offers := make([]string, 0, len(names))
	for id := range names {
		if offer == "" || id == offer {
			offers = append(offers, id)
		}
	}
	slices.Sort(offers)
	slices.Reverse(offers)
	var rows []*inbox.Row
	for _, id := range offers[:min(len(offers), maxOffers)] {
		some, err := a.s.o.Books.ListSignals(ctx, inbox.Query{Workspace: a.account.Workspace, Offer: id, Verdict: event.Verdict(verdict), Before: at.Cursor, Limit: at.limit() + 1})
		if err != nil {
			return Page[Signal]{}, fmt.Errorf("list signals: %w", err)
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(x, y *inbox.Row) int { return strings.Compare(y.ID, x.ID) })
	return page(rows, at.limit(), func(r *inbox.Row) string { return r.ID }, func(r *inbox.Row) Signal { return signalView(r, names) }), nil
}

// Signal reads one of them.
func (a *Advertiser) Signal(ctx context.Context, id string) (*SignalStory, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	r, err := a.s.o.Books.Signal(ctx, id)
	if err != nil {
		return nil, err
	}
	names, err := a.offerNames(ctx)
	if err != nil {
		return nil, err
	}
	if _, own := names[r.Offer]; !own || r.Workspace != a.account.Workspace {
		return nil, catalog.ErrNotFound
	}
	v := &SignalStory{Signal: signalView(r, names), Parameters: []Parameter{}}
	sig, err := event.DecodeSignal(r.Raw)
	if err != nil || sig.Kind == event.SignalUpload {
		return v, nil
	}
	v.Method, v.Path = sig.HTTPMethod, sig.Path
	v.Parameters = append(parametersOf(sig.Query), bodyOf(sig)...)
	return v, nil
}

func parameter(name, value string) Parameter {
	if inbox.Secret(name) {
		value = inbox.Hidden
	}
	return Parameter{strings.ToValidUTF8(name, "\uFFFD"), strings.ToValidUTF8(value, "\uFFFD")}
}

// parametersOf reads a query in its order; what cannot be decoded is told as it came.
func parametersOf(query string) []Parameter {
	out := []Parameter{}
	plain := func(s string) string {
		p, err := url.QueryUnescape(s)
		if err != nil {
			return s
		}
		return p
	}
	for _, piece := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' }) {
		name, value, _ := strings.Cut(piece, "=")
		out = append(out, parameter(plain(name), plain(value)))
	}
	return out
}

// bodyOf reads a form or a flat JSON object; another body is not told, since a token in it
// could not be found.
func bodyOf(s *event.Signal) []Parameter {
	switch {
	case len(s.Body) == 0:
		return nil
	case strings.HasPrefix(s.BodyType, "application/x-www-form-urlencoded"):
		return parametersOf(string(s.Body))
	}
	var flat map[string]any
	dec := json.NewDecoder(bytes.NewReader(s.Body))
	dec.UseNumber()
	err := dec.Decode(&flat)
	if err != nil {
		return nil
	}
	out := []Parameter{}
	for name, value := range flat {
		switch value.(type) {
		case string, json.Number, bool:
			out = append(out, parameter(name, fmt.Sprint(value)))
		}
	}
	slices.SortFunc(out, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return out
}
