package edge

import (
	"net/http"
	"strconv"

	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/routing"
)

// Bodies for pages that take no image.
var (
	frame       = []byte("<!doctype html><title></title>\n")
	script      = []byte("/* ok */\n")
	framePolicy = []string{"default-src 'none'"}
)

// forms are what a page gets, by what it asked for.
var forms = map[dialect.Form]unseenBody{
	dialect.GIF:    {typeGIF, gifLength, gif},
	dialect.Frame:  {typeHTML, []string{strconv.Itoa(len(frame))}, frame},
	dialect.Script: {typeScript, []string{strconv.Itoa(len(script))}, script},
	dialect.Words:  {typeText, []string{"0"}, nil},
}

// speak answers an endpoint of a wire dialect. What was sent is logged raw, with the
// name of the endpoint; it is read when it is judged.
func (e *Edge) speak(w http.ResponseWriter, r *http.Request, on *routing.Domain, ep *dialect.Endpoint) {
	page := event.FromPage(ep.Kind)
	if ep.Table().Own() {
		if page {
			e.pixel(w, r, on)
		} else {
			e.postback(w, r, on)
		}
		return
	}
	if e.ahead(w, r) {
		return
	}
	began := e.now()
	switch {
	case r.Method == http.MethodGet, r.Method == http.MethodPost:
	case r.Method == http.MethodHead:
		e.metrics.dialectHead.Inc()
		if page {
			e.blank(w, r, ep, event.ClickID{}, "")
			return
		}
		w.Header()["Cache-Control"] = noStore
		w.WriteHeader(http.StatusOK)
		return
	case r.Method == http.MethodOptions && page:
		e.metrics.dialectMethod.Inc()
		if ep.Form == dialect.Words {
			allowSender(w.Header(), r.Header)
			w.Header()["Access-Control-Allow-Methods"] = allowSignal
			w.Header()["Cache-Control"] = noStore
			w.WriteHeader(http.StatusNoContent)
			return
		}
		preflight(w)
		return
	default:
		e.metrics.dialectMethod.Inc()
		w.Header()["Allow"] = allowSignal
		e.page(w, r, methodPage)
		return
	}
	s, tooLarge, err := e.signal(r, on, ep.Kind)
	if err != nil {
		e.tell(w, r, ep, nil, unreadable(err))
		return
	}
	s.Dialect = ep.Key()
	waiter := e.hub.Expect(s.ID)
	err = e.logSignal(r, s)
	var a Answer
	switch {
	case err != nil:
		waiter.Latest()
		a = Answer{Verdict: event.LogUnavailable}
	case tooLarge:
		waiter.Latest()
		a = Answer{Verdict: event.TooLarge}
	case page:
		a = waiter.Latest()
	default:
		a = waiter.Wait(r.Context(), e.wait)
	}
	e.tell(w, r, ep, s, a)
	if page {
		e.metrics.pixelTime.Observe(e.now().Sub(began).Seconds())
	} else {
		e.metrics.signalTime.Observe(e.now().Sub(began).Seconds())
	}
}

// tell answers in the dialect's words. s is nil for what could not be taken in.
func (e *Edge) tell(w http.ResponseWriter, r *http.Request, ep *dialect.Endpoint, s *event.Signal, a Answer) {
	var id event.ClickID
	if s != nil {
		id = s.ID
	}
	if ep.Form != dialect.Words {
		e.blank(w, r, ep, id, a.Verdict)
		return
	}
	if _, known := event.Verdicts[a.Verdict]; !known {
		a = Answer{Verdict: event.Received}
	}
	reply, ok := ep.Reply(r.URL.RawQuery, s, dialect.Outcome{Verdict: a.Verdict, Detail: a.Detail, Conversion: a.Conversion, Signal: id})
	if !ok {
		e.answer(w, r, id, a)
		return
	}
	h := w.Header()
	if event.FromPage(ep.Kind) {
		e.metrics.pixels[a.Verdict].Inc()
		allowSender(h, r.Header)
	} else {
		e.metrics.verdicts[a.Verdict].Inc()
	}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h[headerVerdict] = []string{string(a.Verdict)}
	if !id.IsZero() {
		h[headerSignal] = []string{id.String()}
	}
	if reply.Status == http.StatusServiceUnavailable {
		h["Retry-After"] = retryAfter
	}
	h["Content-Type"] = []string{reply.Type}
	h["Content-Length"] = []string{strconv.Itoa(len(reply.Body))}
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body) // the sender hung up: it will send again
}

// blank answers a page in the form it asked for: with nothing that can be seen, and never
// with an error.
func (e *Edge) blank(w http.ResponseWriter, r *http.Request, ep *dialect.Endpoint, id event.ClickID, verdict event.Verdict) {
	if ep.Form == dialect.Frame {
		w.Header()["Content-Security-Policy"] = framePolicy
	}
	e.unseen(w, r, forms[ep.Form], id, verdict)
}
