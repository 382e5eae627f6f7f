package outbound

import (
	"encoding/json"
	"fmt"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// Render fills a postback's templates in.
func Render(p *catalog.Postback, v *macro.Values) (url, body string, err error) {
	t, err := macro.ParseURLWith(macro.PostbackTokens, p.URL)
	if err != nil {
		return "", "", fmt.Errorf("the postback's URL: %w", err)
	}
	if p.BodyKind != "" {
		b, err := macro.ParseBody(macro.PostbackTokens, p.BodyKind, p.Body)
		if err != nil {
			return "", "", fmt.Errorf("the postback's body: %w", err)
		}
		body = string(b.Append(nil, v))
	}
	return string(t.Append(nil, v)), body, nil
}

// Make makes the delivery of a postback with these values, to be tried at once, or held
// while the postback is paused for failing. Templates
// are checked when they are saved; one that does not render all the same makes a dead
// delivery that says so, since it must not cost the change that is told.
func Make(p *catalog.Postback, v *macro.Values, now time.Time) *Delivery {
	d := &Delivery{
		ID: event.NewID("dlv_", now), Workspace: p.Workspace, Publisher: p.Publisher, Postback: p.ID, Conversion: v[macro.ConversionID], Offer: v[macro.OfferID],
		Tells: v[macro.Status], Macros: pack(v), State: StateWaiting, Created: now.UnixMicro(), NextAt: now.UnixMicro(),
	}
	d.fill(p, v, now)
	if p.Suspended() && d.State == StateWaiting {
		d.State, d.NextAt, d.DoneAt = StateHeld, 0, now.UnixMicro()
	}
	return d
}

// fill renders the postback into the delivery.
func (d *Delivery) fill(p *catalog.Postback, v *macro.Values, now time.Time) {
	var err error
	d.Method, d.BodyKind = p.Method, p.BodyKind
	d.URL, d.Body, err = Render(p, v)
	if err != nil {
		d.URL, d.Body, d.Error = p.URL, p.Body, err.Error()
		d.State, d.NextAt, d.DoneAt = StateDead, 0, now.UnixMicro()
	}
}

// pack keeps the values, so that a delivery can be rendered again and explained.
func pack(v *macro.Values) string {
	b, err := json.Marshal(macro.PostbackTokens.Named(v))
	if err != nil {
		return "" // texts always marshal
	}
	return string(b)
}

// Values are what the delivery was rendered with, by the tokens' names; nil where that was
// not kept yet.
func (d *Delivery) Values() map[string]string {
	var named map[string]string
	if json.Unmarshal([]byte(d.Macros), &named) != nil {
		return nil
	}
	return named
}
