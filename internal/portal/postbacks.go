package portal

import (
	"context"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
)

// Outbound is what the portals need of *outbound.Service: the log of what publishers were told.
type Outbound interface {
	List(ctx context.Context, q outbound.Query) ([]*outbound.Delivery, error)
	Get(ctx context.Context, workspace, publisher, id string) (*outbound.Delivery, []*outbound.Try, error)
	Resend(ctx context.Context, workspace, publisher, id, actor string) (*outbound.Delivery, error)
	Test(ctx context.Context, p *catalog.Postback, actor string) (*outbound.Delivery, *outbound.Try, error)
}

// PostbackDoc is what a publisher sets on a postback of its own.
type PostbackDoc struct {
	Name     string   `json:"name" required:"false" maxLength:"200" example:"Voluum" doc:"What you call it."`
	Offer    string   `json:"offer" required:"false" maxLength:"64" doc:"Tell of this offer's conversions only. Empty: of all."`
	Goal     string   `json:"goal" required:"false" maxLength:"64" example:"sale" doc:"Tell of conversions of the goal with this key only. Empty: of all."`
	States   []string `json:"states" required:"false" nullable:"false" maxItems:"7" doc:"When it is called: accepted (once, when a conversion is recorded and not refused), or when a conversion comes to be pending, approved, rejected, reversed, locked or paid. Default accepted."`
	Method   string   `json:"method" required:"false" enum:"GET,POST" doc:"Default GET."`
	URL      string   `json:"url" required:"true" maxLength:"8192" example:"https://tracker.example/pb?cid={sub1}&payout={payout}" doc:"What is called, with tokens replaced; {payout} is what the conversion pays you."`
	BodyKind string   `json:"body_kind" required:"false" enum:",form,json" doc:"What a POST carries: form fields, JSON or nothing."`
	Body     string   `json:"body" required:"false" maxLength:"8192" example:"cid={sub1}&payout={payout}" doc:"Its template."`
	Replaces bool     `json:"replaces" required:"false" doc:"Where it is called, your more general postbacks are not."`
	Status   string   `json:"status" required:"false" enum:"active,paused" doc:"A paused one is not called. One that was paused for failing is active again by saying so. Default active."`
}

// NewPostbackDoc has the defaults.
func NewPostbackDoc() PostbackDoc {
	return PostbackDoc{States: []string{catalog.OnAccepted}, Method: "GET", Status: catalog.StatusActive}
}

// Postback is a call to the publisher's own tracker about its conversions.
type Postback struct {
	ID string `json:"id" doc:"Its id."`
	PostbackDoc
	PausedFor string `json:"paused_for" doc:"Why it was paused by itself; empty: it was not. What it has to tell is held, and sent once its status is active again."`
}

func postbackView(p *catalog.Postback) Postback {
	return Postback{p.ID, PostbackDoc{p.Name, p.Offer, p.Goal, copied(p.States), p.Method, p.URL, p.BodyKind, p.Body, p.Replaces, p.Status}, p.PausedFor}
}

// full is the catalog's document; staff's fields are left to the catalog.
func (d PostbackDoc) full() catalog.PostbackDoc {
	return catalog.PostbackDoc{Name: d.Name, Offer: d.Offer, Goal: d.Goal, States: copied(d.States), Method: d.Method, URL: d.URL, BodyKind: d.BodyKind, Body: d.Body, Replaces: d.Replaces, Status: d.Status}
}

var postbackFields = []string{"name", "offer", "goal", "states", "method", "url", "body_kind", "body", "replaces", "status"}

// Postbacks lists the publisher's postbacks, oldest first.
func (p *Publisher) Postbacks(ctx context.Context) ([]Postback, error) {
	rows, err := p.s.o.Catalog.PublisherPostbacks(ctx, p.account.Workspace, p.row.ID)
	if err != nil {
		return nil, err
	}
	out := make([]Postback, len(rows))
	for i, r := range rows {
		out[i] = postbackView(r)
	}
	return out, nil
}

func (p *Publisher) postback(ctx context.Context, id string) (*catalog.Postback, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	r, err := p.s.o.Catalog.PublisherPostback(ctx, p.account.Workspace, p.row.ID, id)
	if err == nil && r.Archived {
		return nil, catalog.ErrNotFound
	}
	return r, err
}

// Postback reads one of them.
func (p *Publisher) Postback(ctx context.Context, id string) (*Postback, error) {
	r, err := p.postback(ctx, id)
	if err != nil {
		return nil, err
	}
	v := postbackView(r)
	return &v, nil
}

// SavePostback makes a postback (id "") or changes one. An offer that is not the
// publisher's is refused as one that does not exist.
func (p *Publisher) SavePostback(ctx context.Context, id string, d PostbackDoc) (*Postback, error) {
	if id != "" {
		_, err := p.postback(ctx, id)
		if err != nil {
			return nil, err
		}
	}
	r, err := p.s.o.Catalog.SavePublisherPostback(ctx, p.asks.ID, p.account.Workspace, p.row.ID, id, 0, d.full(), false)
	if err != nil {
		return nil, refused(err, postbackFields...)
	}
	v := postbackView(r)
	return &v, nil
}

// DropPostback takes a postback out of use for good.
func (p *Publisher) DropPostback(ctx context.Context, id string) error {
	_, err := p.postback(ctx, id)
	if err != nil {
		return err
	}
	return p.s.o.Catalog.ArchivePublisherPostback(ctx, p.asks.ID, p.account.Workspace, p.row.ID, id)
}

// Delivery is a call of a postback, and how it went.
type Delivery struct {
	ID         string     `json:"id" doc:"Its id, sent along as the header Clickledger-Delivery."`
	Postback   string     `json:"postback" doc:"The postback that was called."`
	Conversion string     `json:"conversion" doc:"What it tells of; empty: it is a test."`
	Tells      string     `json:"tells" doc:"The conversion's state that it tells."`
	State      string     `json:"state" enum:"waiting,sent,dead,held,resent,test" doc:"Whether it is still tried, was taken, was given up, is held because its postback is paused for failing, was given up and sent again, or is a test."`
	Method     string     `json:"method" doc:"HTTP method."`
	URL        string     `json:"url" doc:"What is called, secrets masked."`
	Body       string     `json:"body" doc:"What a POST carries."`
	Tries      int64      `json:"tries" doc:"How often it was tried."`
	Created    time.Time  `json:"created" doc:"When it was made."`
	NextAt     *time.Time `json:"next_at" doc:"When it is tried again; null: it is not."`
	Status     int64      `json:"answer_status" doc:"HTTP status of the last answer; 0: there was none."`
	Answer     string     `json:"answer" doc:"The last answer's beginning."`
	Error      string     `json:"error" doc:"What went wrong at last; empty: nothing."`
}

func deliveryView(d *outbound.Delivery) Delivery {
	return Delivery{d.ID, d.Postback, d.Conversion, d.Tells, d.State, d.Method, d.URL, d.Body, d.Tries, timeOf(d.Created), maybeTime(d.NextAt), d.Status, d.Answer, d.Error}
}

// Deliveries lists the calls of the publisher's postbacks, newest first; postback "" = of all.
func (p *Publisher) Deliveries(ctx context.Context, postback, state string, at Paging) (Page[Delivery], error) {
	rows, err := p.s.o.Outbound.List(ctx, outbound.Query{Workspace: p.account.Workspace, Publisher: p.row.ID, Postback: postback, State: state, Before: at.Cursor, Limit: at.limit() + 1})
	if err != nil {
		return Page[Delivery]{}, err
	}
	return page(rows, at.limit(), func(d *outbound.Delivery) string { return d.ID }, deliveryView), nil
}

// Delivery reads one of them.
func (p *Publisher) Delivery(ctx context.Context, id string) (*Delivery, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	d, _, err := p.s.o.Outbound.Get(ctx, p.account.Workspace, p.row.ID, id)
	if err != nil {
		return nil, err
	}
	v := deliveryView(d)
	return &v, nil
}

// Resend makes one that was given up again: [outbound.ErrFinal] where there is nothing to repeat.
func (p *Publisher) Resend(ctx context.Context, id string) (*Delivery, error) {
	_, err := p.Delivery(ctx, id)
	if err != nil {
		return nil, err
	}
	d, err := p.s.o.Outbound.Resend(ctx, p.account.Workspace, p.row.ID, id, p.asks.ID)
	if err != nil {
		return nil, err
	}
	v := deliveryView(d)
	return &v, nil
}

// TestPostback calls a postback once, about a conversion that never was.
func (p *Publisher) TestPostback(ctx context.Context, id string) (*Delivery, error) {
	r, err := p.postback(ctx, id)
	if err != nil {
		return nil, err
	}
	d, _, err := p.s.o.Outbound.Test(ctx, r, p.asks.ID)
	if err != nil {
		return nil, err
	}
	v := deliveryView(d)
	return &v, nil
}
