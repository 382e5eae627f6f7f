package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client calls the tracker's API as an integration would.
type client struct {
	base, token string
	http        *http.Client
}

func newClient(base, token string) *client {
	return &client{base: base + "/api/v1", token: token, http: &http.Client{Timeout: 30 * time.Second}}
}

// do calls and decodes; body and out may be nil.
func (c *client) do(ctx context.Context, method, path string, body, out any) error {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s answered %s: %s", method, path, res.Status, b)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// market is what the demo set up.
type market struct {
	workspace  string
	offers     map[string]*offer // by id
	publishers map[string]string // id → name
	links      []link
	paid       []string // ids of publishers who have said how they are paid
}

type offer struct {
	id, slug, name string
	on             Integration
	buys           float64 // share of visitors who convert
}

type link struct {
	url       string
	offer     *offer
	publisher string // id, "" = the house's own
	weight    int
	told      bool // the publisher has a postback URL
}

// made is the part of the API's answers that the demo reads.
type made struct {
	ID     string `json:"id"`
	Token  string `json:"token"`
	Key    string `json:"key"`
	URL    string `json:"tracking_url"`
	Secret string `json:"secret"`
}

func setUp(ctx context.Context, c *client, shop *Shop, receiver *Receiver) (*market, error) {
	m := &market{offers: map[string]*offer{}, publishers: map[string]string{}}
	create := func(path string, body map[string]any) (made, error) {
		var out made
		if m.workspace != "" {
			body["workspace"] = m.workspace
		}
		return out, c.do(ctx, http.MethodPost, path, body, &out)
	}
	ws, err := create("/workspaces", map[string]any{"name": "Demo network", "currency": "USD", "time_zone": "Europe/Berlin"})
	if err != nil {
		return nil, err
	}
	m.workspace = ws.ID
	// Reports are in dollars; the coffee is paid in euros.
	rate := map[string]any{"from": "EUR", "to": "USD", "rate": "1.08", "date": time.Now().Add(-span).AddDate(0, 0, -2).Format(time.DateOnly)}
	err = c.do(ctx, http.MethodPost, "/rates?workspace="+m.workspace, rate, nil)
	if err != nil {
		return nil, err
	}

	advertisers := map[string]made{}
	for name, body := range map[string]map[string]any{
		"Alpine Shoes": {"type": "merchant"}, "Nordic Coffee": {"type": "merchant"}, "LeadHub": {"type": "network", "prepaid": true, "prepay_warn": 200},
	} {
		body["name"] = name
		advertisers[name], err = create("/advertisers", body)
		if err != nil {
			return nil, err
		}
	}
	err = c.do(ctx, http.MethodPost, "/advertisers/"+advertisers["LeadHub"].ID+"/payments?workspace="+m.workspace, map[string]any{"amount": ahead, "currency": "USD", "reference": "SEPA 1"}, nil)
	if err != nil {
		return nil, err
	}
	plans := []struct {
		advertiser, slug, name, price, currency string
		buys                                    float64
		postback, pixel                         bool
		terms                                   map[string]any
	}{
		{"Alpine Shoes", "trail-shoes", "Trail shoes", "89.90", "USD", 0.06, true, true, map[string]any{
			"payout_kind": "percent", "payout_percent": "12", "commission_kind": "percent_sale", "commission_percent": "8", "deep_links": []string{"shop.example"}}},
		{"Nordic Coffee", "coffee-box", "Coffee box", "34.50", "EUR", 0.08, true, false, map[string]any{
			"payout_kind": "fixed", "payout": "9.00", "commission_kind": "fixed", "commission": "6.00", "require_order": true}},
		{"LeadHub", "newsletter", "Newsletter sign-up", "0.00", "USD", 0.14, false, true, map[string]any{
			"payout_kind": "fixed", "payout": "2.50", "commission_kind": "percent_payout", "commission_percent": "70", "visibility": "approval",
			"questions": []map[string]any{{"key": "where", "label": "Where will you show it?", "kind": "text", "required": true}}}},
		{"Alpine Shoes", "ski-pass", "Ski pass", "249.00", "USD", 0.03, true, false, map[string]any{
			"payout_kind": "fixed", "payout": "30.00", "commission_kind": "percent_payout", "commission_percent": "65", "initial_status": "approved"}},
	}
	var offers []*offer
	for _, p := range plans {
		body := map[string]any{"name": p.name, "advertiser": advertisers[p.advertiser].ID, "currency": p.currency, "go_live_reason": "The demo's shop comes with it",
			"url": shop.URL + "/p/" + p.slug + "?cid={click_id}&src={source}"}
		for k, v := range p.terms {
			body[k] = v
		}
		o, err := create("/offers", body)
		if err != nil {
			return nil, err
		}
		of := &offer{id: o.ID, slug: p.slug, name: p.name, buys: p.buys, on: Integration{
			Name: p.name, Price: p.price, Currency: p.currency, Token: advertisers[p.advertiser].Token, Key: o.Key, Postback: p.postback, Pixel: p.pixel}}
		shop.Sell(p.slug, of.on)
		m.offers[o.ID] = of
		offers = append(offers, of)
	}
	people := []person{{"advertiser", advertisers["Alpine Shoes"].ID, demoAdvertiser}}
	_, err = create("/commission-rules", map[string]any{"name": "Coffee to Germany", "offer": offers[1].id, "countries": []string{"DE"}, "commission_kind": "fixed", "commission": "6.50"})
	if err != nil {
		return nil, err
	}
	for i, name := range []string{"Running Blog", "Deal Hunter", "Coffee Notes", "Video Anna", "Weekly Letter"} {
		body := map[string]any{"name": name, "email": fmt.Sprintf("publisher%d@example.com", i+1)}
		p, err := create("/publishers", body)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			people = append(people, person{"publisher", p.ID, demoPublisher})
			_, err = create("/postbacks", map[string]any{"publisher": p.ID, "name": "Its tracker", "url": receiver.URL + "/pb?cid={sub1}&payout={payout}&txid={txid}"})
			if err != nil {
				return nil, err
			}
		}
		m.publishers[p.ID] = name
		if i < 3 {
			m.paid = append(m.paid, p.ID)
		}
		for j, of := range offers {
			if (i+j)%3 == 2 {
				continue // nobody runs everything
			}
			enrollment := map[string]any{"offer": of.id, "publisher": p.ID}
			if i == 1 && j == 0 {
				enrollment["commission_kind"], enrollment["commission_percent"] = "percent_sale", "9.5" // a better deal
			}
			_, err := create("/enrollments", enrollment)
			if err != nil {
				return nil, err
			}
			l, err := create("/links", map[string]any{"offer": of.id, "publisher": p.ID, "name": placements[(i+j)%len(placements)], "source": placements[(i+j)%len(placements)]})
			if err != nil {
				return nil, err
			}
			m.links = append(m.links, link{l.URL, of, p.ID, 2 + (i*7+j*3)%9, i == 0})
		}
	}
	l, err := create("/links", map[string]any{"offer": offers[0].id, "name": "our own newsletter"})
	if err != nil {
		return nil, err
	}
	m.links = append(m.links, link{l.URL, offers[0], "", 3, false})
	return m, open(ctx, c, m.workspace, people, offers[0].id, offers[2].id)
}

// decide does what an advertiser does at the end of a week: approves most of what
// is pending, and rejects some.
func decide(ctx context.Context, c *client) error {
	var page struct {
		Data []struct {
			ID        string `json:"id"`
			Workspace string `json:"workspace"`
		} `json:"data"`
	}
	spaces := page
	err := c.do(ctx, http.MethodGet, "/workspaces", nil, &spaces)
	if err != nil {
		return err
	}
	for _, w := range spaces.Data {
		err := c.do(ctx, http.MethodGet, "/conversions?status=pending&limit=200&workspace="+w.ID, nil, &page)
		if err != nil {
			return err
		}
		for i, conv := range page.Data {
			to, reason := "approve", "order shipped"
			switch i % 10 {
			case 3:
				to, reason = "reject", "order cancelled by the customer"
			case 4, 5, 6:
				continue // still to be decided
			}
			err := c.do(ctx, http.MethodPost, "/conversions/"+conv.ID+"/"+to+"?workspace="+w.ID, map[string]any{"reason": reason}, nil)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
