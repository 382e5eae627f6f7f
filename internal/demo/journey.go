package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// workers is how many visitors are under way at once.
const workers = 16

// traffic sends the visitors.
type traffic struct {
	market  *market
	shop    *Shop
	tracker string
	clock   *clock
	visits  int
	seed    uint64
	bar     *bar

	requests atomic.Int64 // to the tracker
	signals  atomic.Int64 // conversion signals sent
	told     atomic.Int64 // conversions whose publisher has a postback URL
	orders   atomic.Int64
}

func (t *traffic) run(ctx context.Context) error {
	transport := &http.Transport{MaxIdleConnsPerHost: workers}
	defer transport.CloseIdleConnections()
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for w := range workers {
		rng := rand.New(rand.NewPCG(t.seed, uint64(w)))
		g.Go(func() error {
			for ctx.Err() == nil {
				n := int(next.Add(1))
				if n > t.visits {
					return nil
				}
				t.clock.visit(n)
				err := t.visitor(ctx, transport, rng, n)
				if err != nil {
					return err
				}
				t.bar.step()
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// with sets a visitor's headers on every request that goes to the tracker.
type with struct {
	next    http.RoundTripper
	header  http.Header
	tracker string
	count   *atomic.Int64
}

// RoundTrip adds the headers.
func (w with) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), w.tracker+"/") {
		w.count.Add(1)
		r = r.Clone(r.Context())
		for k, v := range w.header {
			r.Header[k] = v
		}
	}
	return w.next.RoundTrip(r)
}

var pixelTag = regexp.MustCompile(`<img id="pixel" src="([^"]+)"`)

// visitor is one person: a click on a publisher's link, the shop's page, and
// perhaps an order.
func (t *traffic) visitor(ctx context.Context, transport http.RoundTripper, rng *rand.Rand, n int) error {
	l := pick(rng, t.market.links, func(l link) int { return l.weight })
	header := http.Header{}
	visitor(rng, header)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar, Transport: with{transport, header, t.tracker, &t.requests}}

	q := url.Values{"sub1": {fmt.Sprintf("pc-%d", n)}, "sub2": {placements[rng.IntN(len(placements))]}}
	page, at, err := get(ctx, browser, l.url+"?"+q.Encode())
	if err != nil {
		return err
	}
	click := at.Query().Get("cid")
	if click == "" || !strings.Contains(page, "Buy now") {
		return fmt.Errorf("the link %s led to %s, without a click id", l.url, at)
	}
	if rng.Float64() >= l.offer.buys {
		return nil
	}
	return t.buy(ctx, browser, rng, l, at, click)
}

// buy places the order as the page's form does; then, in some cases, what goes
// wrong in real life goes wrong.
func (t *traffic) buy(ctx context.Context, browser *http.Client, rng *rand.Rand, l link, at *url.URL, click string) error {
	form := url.Values{"cid": {click}}
	if rng.IntN(3) == 0 {
		form.Del("cid") // the shop's own cookie must do
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.Scheme+"://"+at.Host+at.Path+"/buy", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	page, at, err := read(browser.Do(req))
	if err != nil {
		return err
	}
	order := at.Query().Get("order")
	if l.offer.on.Postback {
		t.signals.Add(1)
	}
	if l.told {
		t.told.Add(1)
	}
	if m := pixelTag.FindStringSubmatch(page); m != nil {
		src := strings.ReplaceAll(m[1], "&amp;", "&")
		if rng.IntN(2) == 0 {
			u, err := url.Parse(src)
			if err != nil {
				return err
			}
			q := u.Query()
			q.Del("click_id") // the page does not know the click: the tracker's cookie must do
			u.RawQuery = q.Encode()
			src = u.String()
		}
		t.signals.Add(1)
		_, _, err := get(ctx, browser, src)
		if err != nil {
			return err
		}
	}
	return t.trouble(ctx, browser, rng, l, click, order)
}

// trouble sends what a tracker gets besides: the same order again, by another
// method, and postbacks that are wrong.
func (t *traffic) trouble(ctx context.Context, browser *http.Client, rng *rand.Rand, l link, click, order string) error {
	on := l.offer.on
	good := url.Values{"click_id": {click}, "amount": {on.Price}, "currency": {on.Currency}, "txid": {order}, "token": {on.Token}}
	send := func(change func(url.Values)) error {
		q := url.Values{}
		for k, v := range good {
			q[k] = append([]string(nil), v...)
		}
		change(q)
		t.signals.Add(1)
		_, _, err := get(ctx, browser, t.tracker+"/postback?"+q.Encode())
		return err
	}
	n := t.orders.Add(1)
	var errs []error
	if on.Postback && n%5 == 0 { // sent twice
		errs = append(errs, send(func(url.Values) {}))
	}
	if on.Postback && n%7 == 0 { // once more, as a form
		t.signals.Add(1)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.tracker+"/postback", strings.NewReader(good.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, _, err = read(browser.Do(req))
		errs = append(errs, err)
	}
	wrong := []func(url.Values){
		func(q url.Values) { q.Set("amount", "12,50") },
		func(q url.Values) { q.Set("amount", "{amount}") },
		func(q url.Values) { q.Set("click_id", `["`+click+`"]`) },
		func(q url.Values) { q.Set("click_id", "0123456789abcdef0123456789abcdef") },
		func(q url.Values) { q.Set("token", "tok_not_ours") },
		func(q url.Values) { q.Set("currency", "XYZ") },
		func(q url.Values) { q.Set("amount", "1.00") }, // the same order with another amount
	}
	if n%6 == 0 {
		errs = append(errs, send(wrong[rng.IntN(len(wrong))]))
	}
	return errors.Join(errs...)
}

func get(ctx context.Context, c *http.Client, u string) (string, *url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", nil, err
	}
	return read(c.Do(req))
}

// read returns the page and where it was found at last. A 5xx is an error: nothing
// the demo sends, right or wrong, may cause one.
func read(res *http.Response, err error) (string, *url.URL, error) {
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", nil, err
	}
	if res.StatusCode >= 500 {
		return "", nil, fmt.Errorf("%s answered %s: %s", res.Request.URL, res.Status, b)
	}
	return string(b), res.Request.URL, nil
}
