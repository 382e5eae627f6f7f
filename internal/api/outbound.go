package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
)

// Delivery is a call to a publisher's server.
type Delivery struct {
	ID         string     `json:"id" doc:"Its id, sent along as the header Clickledger-Delivery: the same in every try."`
	Publisher  string     `json:"publisher" doc:"Who is told."`
	Postback   string     `json:"postback" doc:"The postback it was made by; empty: made before there were any."`
	Conversion string     `json:"conversion" doc:"What is told; empty: a test."`
	Offer      string     `json:"offer" doc:"Whose conversion it is."`
	Tells      string     `json:"tells" doc:"The conversion's state that is told."`
	URL        string     `json:"url" doc:"What is called, its secrets masked."`
	Method     string     `json:"method" doc:"HTTP method."`
	BodyKind   string     `json:"body_kind" enum:",form,json" doc:"What the body is; empty: there is none."`
	Body       string     `json:"body" doc:"What is sent, its secrets masked."`
	State      string     `json:"state" enum:"waiting,sent,dead,held,resent,test" doc:"Whether it is still tried, was taken, was given up, is held because its postback is paused for failing, was given up and sent again as another one, or was a test."`
	Tries      int64      `json:"tries" doc:"How often it was tried."`
	Created    time.Time  `json:"created" doc:"When it was made."`
	NextAt     *time.Time `json:"next_at,omitempty" doc:"When it is tried again."`
	DoneAt     *time.Time `json:"done_at,omitempty" doc:"When it was taken, given up or held."`
	Status     int64      `json:"answer_status" doc:"HTTP status of the last answer; 0: there was none."`
	Answer     string     `json:"answer" doc:"The last answer's beginning."`
	Error      string     `json:"error" doc:"What went wrong at last; empty: nothing."`
	Resends    string     `json:"resends" doc:"The delivery that it repeats; empty: none."`
	ResentAs   string     `json:"resent_as" doc:"The delivery that repeats it; empty: none."`
	Actor      string     `json:"actor" doc:"Who asked for it; empty: it follows from the conversion."`
}

// DeliveryTry is one of its calls.
type DeliveryTry struct {
	N       int64     `json:"n" doc:"Which try it is, from 1."`
	At      time.Time `json:"at" doc:"When it began."`
	TookMS  int64     `json:"took_ms" doc:"How long it took, in milliseconds."`
	Status  int64     `json:"answer_status" doc:"HTTP status of the answer; 0: there was none."`
	Headers string    `json:"headers" doc:"The headers that were sent, a line each."`
	Answer  string    `json:"answer" doc:"The answer's first 4 kB."`
	Error   string    `json:"error" doc:"What went wrong; empty: it was taken."`
}

// DeliveryStory is a delivery with all of its tries.
type DeliveryStory struct {
	Delivery
	Macros map[string]string `json:"macros" doc:"The values it was made with, by the names of their macros."`
	Log    []DeliveryTry     `json:"log" nullable:"false" doc:"Its tries, the first first."`
}

// PostbackPreset is what is known of a tracker.
type PostbackPreset = catalog.PostbackPreset

type (
	// DeliveryFilters select deliveries.
	DeliveryFilters struct {
		Publisher  string `query:"publisher" maxLength:"64" doc:"Only to this publisher."`
		Offer      string `query:"offer" maxLength:"64" doc:"Only about this offer's conversions."`
		Postback   string `query:"postback" maxLength:"64" doc:"Only by this postback."`
		Conversion string `query:"conversion" maxLength:"64" doc:"Only about this conversion."`
		Q          string `query:"q" maxLength:"200" doc:"Part of the URL, the conversion or the id, in any case."`
	}
	deliveryListInput struct {
		Scope
		Paging
		DeliveryFilters
		State string `query:"state" enum:"waiting,sent,dead,held,resent,test" doc:"Only these."`
	}
	resendDeadInput struct {
		Scope
		DeliveryFilters
	}
	deliveryOutput struct{ Body Delivery }
	storyOutput    struct{ Body DeliveryStory }
	resentOutput   struct {
		Status int
		Body   Delivery
	}
	resentAllOutput struct {
		Body struct {
			Resent int `json:"resent" doc:"How many are sent again; at most 2,000 in one request."`
		}
	}
	presetsOutput struct {
		Body struct {
			Data []PostbackPreset `json:"data" nullable:"false" doc:"The presets: trackers, then the plain one."`
		}
	}
)

func deliveryView(d *outbound.Delivery) Delivery {
	return Delivery{ID: d.ID, Publisher: d.Publisher, Postback: d.Postback, Conversion: d.Conversion, Offer: d.Offer, Tells: d.Tells, URL: d.URL, Method: d.Method,
		BodyKind: d.BodyKind, Body: d.Body, State: d.State, Tries: d.Tries, Created: timeOf(d.Created), NextAt: maybeTime(d.NextAt), DoneAt: maybeTime(d.DoneAt),
		Status: d.Status, Answer: d.Answer, Error: d.Error, Resends: d.Resends, ResentAs: d.ResentAs, Actor: d.Actor}
}

func storyView(d *outbound.Delivery, tries []*outbound.Try) *storyOutput {
	out := &storyOutput{DeliveryStory{Delivery: deliveryView(d), Macros: d.Values(), Log: []DeliveryTry{}}}
	if out.Body.Macros == nil {
		out.Body.Macros = map[string]string{}
	}
	for _, t := range tries {
		out.Body.Log = append(out.Body.Log, DeliveryTry{t.N, timeOf(t.At), t.Took / 1000, t.Status, t.Headers, t.Answer, t.Error})
	}
	return out
}

func (s *server) registerDeliveries() {
	add(s, route{method: http.MethodGet, path: "/postback-presets", id: "list-postback-presets", tag: "postbacks", summary: "List presets of postbacks", unscoped: true,
		text: "How trackers that publishers use write their postback URLs. What is in capitals, and the host, is the publisher's own."}, s.postbackPresets)
	add(s, route{method: http.MethodPost, path: "/postbacks/{id}/test", id: "test-postback", tag: "postbacks", summary: "Call a postback once about nothing",
		text: "The call has the header `Clickledger-Test: 1` and made-up ids that say so. It is tried once, for at most 20 seconds; the answer is in `log`."}, s.testPostback)
	add(s, route{method: http.MethodGet, path: "/deliveries", id: "list-deliveries", tag: "deliveries", summary: "List calls to publishers"}, s.listDeliveries)
	add(s, route{method: http.MethodGet, path: "/deliveries/{id}", id: "get-delivery", tag: "deliveries", summary: "Read a call to a publisher with its tries"}, s.getDelivery)
	add(s, route{method: http.MethodPost, path: "/deliveries/{id}/resend", id: "resend-delivery", tag: "deliveries", summary: "Call a publisher again", status: http.StatusCreated,
		text: "Makes a new delivery with the same values, by the postback as it is now. One that is still tried, was sent again already or was a test is refused as `delivery_final`."}, s.resendDelivery)
	add(s, route{method: http.MethodPost, path: "/deliveries/resend-dead", id: "resend-dead-deliveries", tag: "deliveries", summary: "Call publishers again about all that was given up",
		text: "Those that the filters select, the newest first."}, s.resendDead)
}

func (s *server) postbackPresets(context.Context, *nothing) (*presetsOutput, error) {
	out := &presetsOutput{}
	out.Body.Data = catalog.PostbackPresets()
	return out, nil
}

func (s *server) testPostback(ctx context.Context, in *One) (*storyOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindPostback, ws, in.ID)
	if err != nil {
		return nil, err
	}
	d, try, err := s.Outbound.Test(ctx, e.(*catalog.Postback), caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	return storyView(d, []*outbound.Try{try}), nil
}

func (f DeliveryFilters) query(ws string) outbound.Query {
	return outbound.Query{Workspace: ws, Publisher: f.Publisher, Offer: f.Offer, Postback: f.Postback, Conversion: f.Conversion, Text: strings.TrimSpace(f.Q)}
}

func deliveryID(d *outbound.Delivery) string { return d.ID }

func (s *server) listDeliveries(ctx context.Context, in *deliveryListInput) (*pageOutput[Delivery], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	q := in.query(ws)
	q.State, q.Before, q.Limit = in.State, in.Cursor, in.Limit+1
	ds, err := s.Outbound.List(ctx, q)
	if err != nil {
		return nil, err
	}
	return cut(ds, in.Limit, deliveryID, deliveryView), nil
}

func (s *server) getDelivery(ctx context.Context, in *One) (*storyOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	d, tries, err := s.Outbound.Get(ctx, ws, "", in.ID)
	if err != nil {
		return nil, err
	}
	return storyView(d, tries), nil
}

func (s *server) resendDelivery(ctx context.Context, in *One) (*resentOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	d, err := s.Outbound.Resend(ctx, ws, "", in.ID, caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	return &resentOutput{http.StatusCreated, deliveryView(d)}, nil
}

func (s *server) resendDead(ctx context.Context, in *resendDeadInput) (*resentAllOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	out := &resentAllOutput{}
	out.Body.Resent, err = s.Outbound.ResendDead(ctx, in.query(ws), caller(ctx).ID)
	if err != nil {
		return nil, err
	}
	return out, nil
}
