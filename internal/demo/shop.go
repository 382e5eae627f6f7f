package demo

import (
	"context"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Shop is a small advertiser with a server of its own. It does what an integrating
// shop does: its landing page keeps the click id in a cookie on its own host and in a
// hidden field, its checkout reports the order from server to server, and its thank-you page
// carries the pixel.
type Shop struct {
	URL string

	// Tracker is the tracker's public URL; the offers' credentials come from its catalog.
	tracker string
	now     func() time.Time
	client  *http.Client
	orders  atomic.Int64

	mu     sync.Mutex
	offers map[string]Integration // by product slug; guarded by mu
	server *http.Server
}

// Integration is what the tracker gave the shop for one of its products.
type Integration struct {
	Name     string
	Price    string // decimal, in Currency
	Currency string
	Token    string // of server-to-server postbacks
	Key      string // of pixels
	Postback bool   // reports from its server
	Pixel    bool   // carries the pixel
}

// OpenShop starts the shop on a free loopback port.
func OpenShop(tracker string, now func() time.Time) (*Shop, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the shop: %w", err)
	}
	s := &Shop{URL: "http://" + l.Addr().String(), tracker: tracker, now: now, offers: map[string]Integration{},
		client: &http.Client{Timeout: 10 * time.Second}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /p/{product}", s.landing)
	mux.HandleFunc("POST /p/{product}/buy", s.buy)
	mux.HandleFunc("GET /p/{product}/thanks", s.thanks)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go s.server.Serve(l) // ends with Close
	return s, nil
}

// Close stops the shop.
func (s *Shop) Close() error { return s.server.Close() }

// Sell adds a product with its integration.
func (s *Shop) Sell(slug string, i Integration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offers[slug] = i
}

func (s *Shop) product(r *http.Request) (string, Integration, bool) {
	slug := r.PathValue("product")
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.offers[slug]
	return slug, i, ok
}

// clickCookie is the shop's own first-party cookie: the most reliable place after
// the order itself (rulebook C5).
const clickCookie = "shop_click"

const pageHead = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>%s</title><style>body{font:16px/1.5 system-ui;max-width:36rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}</style>`

func (s *Shop) landing(w http.ResponseWriter, r *http.Request) {
	slug, i, ok := s.product(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	click := r.URL.Query().Get("cid")
	if click != "" {
		http.SetCookie(w, &http.Cookie{Name: clickCookie, Value: url.QueryEscape(click), Path: "/", MaxAge: 30 * 86400, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, pageHead+`<h1>%s</h1><p>%s %s, in stock.</p>
<form method="post" action="/p/%s/buy"><input type="hidden" name="cid" value="%s"><button id="buy">Buy now</button></form>`,
		html.EscapeString(i.Name), html.EscapeString(i.Name), i.Price, i.Currency, slug, html.EscapeString(click))
}

// buy takes the order: the click id comes from the hidden field, else from the
// shop's own cookie.
func (s *Shop) buy(w http.ResponseWriter, r *http.Request) {
	slug, i, ok := s.product(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	click := r.FormValue("cid")
	if c, err := r.Cookie(clickCookie); click == "" && err == nil {
		click, err = url.QueryUnescape(c.Value)
		if err != nil {
			click = ""
		}
	}
	order := fmt.Sprintf("SO-%06d", s.orders.Add(1))
	if i.Postback && click != "" {
		q := url.Values{"click_id": {click}, "amount": {i.Price}, "currency": {i.Currency}, "txid": {order}, "token": {i.Token},
			"event_time": {fmt.Sprint(s.now().Unix())}}
		err := s.call(r.Context(), s.tracker+"/postback?"+q.Encode())
		if err != nil {
			// A real shop would queue and send again; the demo's tracker is in the same process.
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	http.Redirect(w, r, "/p/"+slug+"/thanks?order="+order, http.StatusSeeOther)
}

func (s *Shop) call(ctx context.Context, u string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("postback: %w", err)
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	if err != nil {
		return fmt.Errorf("postback: %w", err)
	}
	if res.StatusCode >= 500 {
		return fmt.Errorf("postback: the tracker answered %d", res.StatusCode)
	}
	return nil
}

// PixelURL is the pixel of a product's thank-you page. Without a click id the
// tracker's own cookie must name the click.
func (s *Shop) PixelURL(i Integration, order, click string) string {
	q := url.Values{"key": {i.Key}, "amount": {i.Price}, "currency": {i.Currency}, "txid": {order}}
	if click != "" {
		q.Set("click_id", click)
	}
	return s.tracker + "/pixel.gif?" + q.Encode()
}

func (s *Shop) thanks(w http.ResponseWriter, r *http.Request) {
	_, i, ok := s.product(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	order := r.URL.Query().Get("order")
	var img strings.Builder
	if i.Pixel {
		click := ""
		if c, err := r.Cookie(clickCookie); err == nil {
			click, err = url.QueryUnescape(c.Value)
			if err != nil {
				click = ""
			}
		}
		fmt.Fprintf(&img, `<img id="pixel" src="%s" width="1" height="1" alt="">`, html.EscapeString(s.PixelURL(i, order, click)))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, pageHead+`<h1>Thank you</h1><p id="order">Your order is %s.</p>%s`, "Thank you", html.EscapeString(order), img.String())
}

// Receiver is a publisher's own tracker: it counts the postbacks it gets.
type Receiver struct {
	URL    string
	Got    atomic.Int64
	server *http.Server
}

// OpenReceiver starts the receiver on a free loopback port.
func OpenReceiver() (*Receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the publisher's tracker: %w", err)
	}
	rc := &Receiver{URL: "http://" + l.Addr().String()}
	rc.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc.Got.Add(1)
		fmt.Fprintln(w, "ok")
	})}
	go rc.server.Serve(l) // ends with Close
	return rc, nil
}

// Close stops the receiver.
func (rc *Receiver) Close() error { return rc.server.Close() }

// Wait waits until done, or gives up silently after the time: a slow receiver is
// the publisher's matter, and the log of postbacks shows it.
func (rc *Receiver) Wait(ctx context.Context, most time.Duration, done func() bool) error {
	ctx2, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx2.Done():
			return ctx.Err()
		}
	}
	return nil
}
