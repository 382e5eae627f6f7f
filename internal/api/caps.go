package api

import (
	"context"
	"net/http"
	"time"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
)

// CapReader is how the caps of offers stand; [caps.Watcher] is it.
type CapReader interface {
	// Status has the caps of an offer in their order; catalog.ErrNotFound for an offer of
	// another workspace.
	Status(ctx context.Context, workspace, offer string) ([]caps.Status, error)
}

// CapUse is how one cap of an offer stands.
type CapUse struct {
	Event       string     `json:"event" enum:"conversions,clicks" doc:"What is counted."`
	Period      string     `json:"period" enum:"daily,weekly,monthly,total" doc:"In which time."`
	Limit       int64      `json:"limit" doc:"How many are taken; 0: the offer is paused."`
	Goal        string     `json:"goal" doc:"Key of the goal whose conversions count; empty: of all."`
	Publisher   string     `json:"publisher" doc:"Whose are counted: an id, or each for each publisher's by itself; empty: everybody's together."`
	State       string     `json:"state" enum:"open,warning,reached,zero" doc:"open; warning: at or above the threshold; reached: visitors go to the fallback; zero: paused by the limit 0."`
	Used        int64      `json:"used" doc:"How many there are; with each, of the publisher that has the most."`
	Percent     int64      `json:"percent" doc:"Of the limit, rounded down."`
	WarnPercent int64      `json:"warn_percent" doc:"From which percent it warns."`
	Start       *time.Time `json:"start" doc:"When the period of now began, in the time zone of the caps; null: it has no beginning."`
	End         *time.Time `json:"end" doc:"When it ends, and the count begins anew; null: never."`
	TimeZone    string     `json:"time_zone" doc:"IANA time zone of the periods."`
	Since       *time.Time `json:"since" doc:"Since when it is in this state, as far as the server saw it; null when open."`
	Reason      string     `json:"reason" example:"cap_conversions_daily" doc:"Code that visits are recorded with which it turned away."`
	Provisional bool       `json:"provisional" doc:"Clicks of the last moments before the server started, or the cap was set, are still being counted."`
	Publishers  []CapShare `json:"publishers" nullable:"false" doc:"With each: the publishers that used most, at most 100."`
}

// CapShare is what one publisher used of a cap of each publisher.
type CapShare struct {
	Publisher string `json:"publisher" doc:"Its id."`
	State     string `json:"state" enum:"open,warning,reached,zero" doc:"As above, for this publisher."`
	Used      int64  `json:"used" doc:"How many there are."`
	Percent   int64  `json:"percent" doc:"Of the limit, rounded down."`
}

type capsOutput struct {
	Body struct {
		Data []CapUse `json:"data" nullable:"false" doc:"The caps, in the order of the offer's."`
	}
}

func (s *server) registerCaps() {
	add(s, route{method: http.MethodGet, path: "/offers/{id}/caps", id: "get-offer-caps", tag: "offers", summary: "Read how the caps of an offer stand",
		text: "What is used of each cap in the period of now. Conversions count at the time they happened, in the states of cap_states, unless they were beyond a cap themselves; clicks count when the visitor is sent to the offer, bots excepted."}, s.offerCaps)
}

func (s *server) offerCaps(ctx context.Context, in *One) (*capsOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	_, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, in.ID)
	if err != nil {
		return nil, err
	}
	if s.Caps == nil {
		return nil, errAbsent
	}
	all, err := s.Caps.Status(ctx, ws, in.ID)
	if err != nil {
		return nil, err
	}
	out := &capsOutput{}
	out.Body.Data = []CapUse{}
	for _, c := range all {
		u := CapUse{
			Event: c.Cap.Event, Period: c.Cap.Period, Limit: c.Cap.Limit, Goal: c.Cap.Goal, Publisher: c.Cap.Publisher,
			State: c.State, Used: c.Used, Percent: c.Percent, WarnPercent: c.Warn, TimeZone: c.Zone, Reason: c.Why,
			Start: given(c.Start), End: given(c.End), Since: given(c.Since), Provisional: c.Provisional, Publishers: []CapShare{},
		}
		for _, p := range c.Publishers {
			u.Publishers = append(u.Publishers, CapShare{Publisher: p.Publisher, State: p.State, Used: p.Used, Percent: p.Percent})
		}
		out.Body.Data = append(out.Body.Data, u)
	}
	return out, nil
}

// given is a time, nil for the zero one.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
