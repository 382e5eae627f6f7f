// Package shop has a small shop for each way in which an advertiser can keep the click id
// until the sale and report it. Each way is one file that stands for itself: a landing
// page at /, a checkout at /buy, and a confirmation page. They are samples to copy from,
// and the tests of the tracker run every one of them in a browser.
package shop

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Config is what a shop knows of its tracker.
type Config struct {
	Tracker  string // public URL, such as https://track.example.com
	Token    string // the advertiser's: for the shop's server, never for a page
	Key      string // the offer's public key: for pages
	Param    string // in which parameter the click id arrives
	Currency string
	Days     int // cookie life of the offer
	// Reported is told what the tracker answered to the shop's server; nil = nobody.
	Reported func(answer string)
}

// ways are the shops by name.
var ways = map[string]func(*store) http.Handler{
	"server-cookie": serverCookie,
	"hidden-field":  hiddenField,
	"url":           carriedURL,
	"session":       session,
	"javascript":    javascript,
	"page-cookie":   pageCookie,
	"script":        script,
	"pixel":         pixel,
}

// Ways lists the ways, by name.
func Ways() []string {
	var out []string
	for w := range ways {
		out = append(out, w)
	}
	slices.Sort(out)
	return out
}

// New makes the shop of a way.
func New(way string, c Config) (http.Handler, error) {
	make := ways[way]
	if make == nil {
		return nil, fmt.Errorf("shop: there is no way %q; there are %s", way, strings.Join(Ways(), ", "))
	}
	c.Tracker = strings.TrimRight(c.Tracker, "/")
	return make(&store{Config: c}), nil
}

// store is what all shops have: orders, and somebody to tell of them.
type store struct {
	Config
	orders atomic.Int64
}

// price is what everything costs here.
const price = "49.90"

// order makes the next order number.
func (s *store) order() string {
	return "A-" + strconv.FormatInt(time.Now().UnixMilli(), 36) + "-" + strconv.FormatInt(s.orders.Add(1), 10)
}

// report calls the tracker from the shop's server. Where the tracker cannot be reached or
// answers 503, a real shop tries again later: sending twice does no harm.
func (s *store) report(click, order, from string) {
	q := url.Values{"click_id": {click}, "txid": {order}, "amount": {price}, "currency": {s.Currency}, "click_from": {from}, "token": {s.Token}}
	res, err := http.PostForm(s.Tracker+"/postback", q)
	answer := "no answer"
	if err == nil {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		_ = res.Body.Close()
		answer = string(body)
	}
	if s.Reported != nil {
		s.Reported(answer)
	}
}

// clickID is what a click id looks like; everything else is not kept.
var clickID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// arrived is the click id in the landing page's URL, "" = none.
func (s *store) arrived(r *http.Request) string {
	id := r.URL.Query().Get(s.Param)
	if !clickID.MatchString(id) {
		return ""
	}
	return id
}

// page answers a page with the body.
func page(w http.ResponseWriter, title, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "<!doctype html><meta charset=utf-8><title>"+title+"</title><h1>"+title+"</h1>\n"+body)
}

// fill puts a shop's own values into a text of the pages.
func (s *store) fill(text, order string) string {
	return strings.NewReplacer("TRACKER", s.Tracker, "PIXEL_KEY", url.QueryEscape(s.Key), "CLICK_PARAM", s.Param, "COOKIE_SECONDS", strconv.Itoa(s.Days*86400), "COOKIE_DAYS", strconv.Itoa(s.Days),
		"ORDER_NUMBER", order, "ORDER_AMOUNT", price, "CURRENCY", s.Currency).Replace(text)
}

// inPage is a shop whose pages keep and report the click id themselves: landing and
// thanks are HTML with the words of [store.fill] to be replaced.
func (s *store) inPage(landing, thanks string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		page(w, "Shoes", s.fill(landing, "")+`<form action="/buy" method="post"><button>Buy</button></form>`)
	})
	mux.HandleFunc("POST /buy", func(w http.ResponseWriter, r *http.Request) { // so that a reload does not buy again
		http.Redirect(w, r, "/thanks?order="+url.QueryEscape(s.order()), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /thanks", func(w http.ResponseWriter, r *http.Request) {
		order := r.URL.Query().Get("order")
		if !orderNumber.MatchString(order) {
			http.NotFound(w, r)
			return
		}
		page(w, "Thank you", s.fill(thanks, order))
	})
	return mux
}

// orderNumber is what an order number of ours looks like: it is written into a page.
var orderNumber = regexp.MustCompile(`^A-[0-9a-z]+-[0-9]+$`)

// hidden is a hidden field.
func hidden(name, value string) string {
	return `<input type="hidden" name="` + html.EscapeString(name) + `" value="` + html.EscapeString(value) + `">`
}
