package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// errBody says that a request's body did not arrive whole.
var errBody = errors.New("the body did not arrive whole")

// postback answers /postback (P17, P21): the signal is in the log first, then the
// answer waits a moment for its verdict.
func (e *Edge) postback(w http.ResponseWriter, r *http.Request, on *routing.Domain) {
	if e.ahead(w, r) {
		return
	}
	began := e.now()
	switch r.Method {
	case http.MethodGet, http.MethodPost:
	case http.MethodHead:
		e.metrics.signalHead.Inc()
		h := w.Header()
		h["Cache-Control"] = noStore
		h["Content-Type"] = typeJSON
		w.WriteHeader(http.StatusOK)
		return
	default:
		e.metrics.signalMethod.Inc()
		w.Header()["Allow"] = allowSignal
		e.page(w, r, methodPage)
		return
	}
	s, tooLarge, err := e.signal(r, on, event.SignalPostback)
	if err != nil {
		e.answer(w, r, event.ClickID{}, unreadable(err))
		return
	}
	waiter := e.hub.Expect(s.ID) // before it is logged: no verdict may come too early
	err = e.logSignal(r, s)
	var a Answer
	switch {
	case err != nil:
		waiter.Latest()
		a = Answer{Verdict: event.LogUnavailable}
	case tooLarge:
		waiter.Latest() // the judge will say the same, for the inbox
		a = Answer{Verdict: event.TooLarge}
	default:
		a = waiter.Wait(r.Context(), e.wait)
	}
	e.answer(w, r, s.ID, a)
	e.metrics.signalTime.Observe(e.now().Sub(began).Seconds())
}

// pixel answers /pixel.gif and /pixel (P20): always the image, as soon as the signal
// is in the log. A shopper's page never waits for a verdict and never sees an error.
func (e *Edge) pixel(w http.ResponseWriter, r *http.Request, on *routing.Domain) {
	if e.ahead(w, r) {
		return
	}
	began := e.now()
	switch r.Method {
	case http.MethodGet, http.MethodPost:
	case http.MethodHead:
		e.metrics.pixelHead.Inc()
		e.image(w, r, event.ClickID{}, "")
		return
	case http.MethodOptions:
		e.metrics.pixelMethod.Inc()
		preflight(w)
		return
	default:
		e.metrics.pixelMethod.Inc()
		w.Header()["Allow"] = allowPixel
		e.page(w, r, methodPage)
		return
	}
	s, tooLarge, err := e.signal(r, on, event.SignalPixel)
	if err != nil {
		e.image(w, r, event.ClickID{}, unreadable(err).Verdict)
		return
	}
	waiter := e.hub.Expect(s.ID)
	err = e.logSignal(r, s)
	verdict := waiter.Latest().Verdict
	switch {
	case err != nil:
		verdict = event.LogUnavailable
	case tooLarge:
		verdict = event.TooLarge
	}
	e.image(w, r, s.ID, verdict)
	e.metrics.pixelTime.Observe(e.now().Sub(began).Seconds())
}

// ahead answers a request that only fetches ahead of a person: it never converts. The browser
// drops what failed, and comes back when the person does (R6).
func (e *Edge) ahead(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || visitor.Prefetch(r.Header) == "" {
		return false
	}
	e.metrics.signalAhead.Inc()
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusServiceUnavailable)
	return true
}

// signal takes everything that arrived, raw: it is parsed once, when it is judged.
// What is over a limit is cut right behind it, which is how the judge sees that it
// was (S7).
func (e *Edge) signal(r *http.Request, on *routing.Domain, kind string) (s *event.Signal, tooLarge bool, err error) {
	id, err := e.mint()
	if err != nil {
		e.complain(e.now(), "no signal id could be issued", err)
		return nil, false, fmt.Errorf("issue a signal's id: %w", err)
	}
	addr := e.classifier.ClientAddr(r.RemoteAddr, r.Header)
	s = &event.Signal{
		ID: id, At: e.now().UnixMicro(), Kind: kind, HTTPMethod: r.Method, Host: e.hostOf(on), Path: r.URL.EscapedPath(),
		Query:    r.URL.RawQuery,
		BodyType: cut(first(r.Header, "Content-Type"), event.MaxText),
		Addr:     visitor.TruncateAddr(addr), Country: e.classifier.Country(addr),
		UserAgent: cut(first(r.Header, "User-Agent"), event.MaxUserAgent),
		Referer:   cut(first(r.Header, "Referer"), event.MaxURL),
	}
	if kind == event.SignalPostback && addr.IsValid() && e.holder.Load().KeepsAddr() {
		s.Addr = addr.Unmap().WithZone("").String() // a server's: some advertiser has a list of its own
	}
	for _, name := range event.SignalHeaders {
		if v := first(r.Header, name); v != "" {
			s.Headers = append(s.Headers, event.Header{Name: name, Value: cut(v, event.MaxText)})
		}
	}
	if len(s.Query) > event.MaxURL {
		s.Query, tooLarge = s.Query[:event.MaxURL+1], true
	}
	if event.FromPage(kind) {
		s.Cookie = e.cookie.value(r.Header)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return s, tooLarge, nil
	}
	s.Body, err = io.ReadAll(io.LimitReader(r.Body, event.MaxBody))
	if err != nil {
		return nil, false, errors.Join(errBody, err)
	}
	return s, tooLarge || len(s.Body) >= event.MaxBody, nil
}

// unreadable is the answer to a signal that could not be taken in.
func unreadable(err error) Answer {
	if errors.Is(err, errBody) {
		return Answer{Verdict: event.MalformedBody, Detail: "The body broke off or is not framed as HTTP says; the signal was not logged."}
	}
	return Answer{Verdict: event.LogUnavailable}
}

// logSignal puts the signal in the log, durably. A sender that hung up has sent it all
// the same.
func (e *Edge) logSignal(r *http.Request, s *event.Signal) error {
	_, err := e.log.Append(context.WithoutCancel(r.Context()), eventlog.Signal, s.Append(nil))
	if err != nil {
		e.complain(e.now(), "a signal could not be logged and was answered log_unavailable", err)
	}
	return err
}

// wantsText reports whether the sender takes text and not JSON.
func wantsText(accept string) bool {
	return strings.Contains(accept, "text/plain") && !strings.Contains(accept, "application/json")
}
