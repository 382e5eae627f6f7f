package edge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/macro"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// hit is the memory of one link request, kept in a pool.
type hit struct {
	visit  event.Visit
	values macro.Values
	params []macro.Param
	url    []byte
	record []byte
	// The decision and who asks are here to be passed on without an allocation.
	decision routing.Decision
	who      visitor.Info
	// cut says that a value was longer than its limit.
	cut bool
}

// maxKept bounds the buffers a pooled hit keeps, in bytes.
const maxKept = 64 << 10

func (e *Edge) release(h *hit) {
	h.visit, h.values, h.cut = event.Visit{}, macro.Values{}, false // keep no request alive
	h.decision, h.who = routing.Decision{}, visitor.Info{}
	clear(h.params)
	if cap(h.url) > maxKept || cap(h.record) > maxKept {
		h.url, h.record = nil, nil
	}
	e.hits.Put(h)
}

// link answers /c/{key}: where the snapshot says, once the visit is in the log.
func (e *Edge) link(w http.ResponseWriter, r *http.Request, on *routing.Domain, key string) {
	now := e.now()
	head := r.Method == http.MethodHead
	switch {
	case !head && r.Method != http.MethodGet:
		e.metrics.method.Inc()
		w.Header()["Allow"] = allowLink
		e.page(w, r, methodPage)
		return
	case len(linkPrefix)+len(key)+1+len(r.URL.RawQuery) > event.MaxURL: // S7
		e.metrics.tooLong.Inc()
		e.page(w, r, tooLongPage)
		return
	case visitor.Prefetch(r.Header) != "":
		// The browser drops the failed prefetch and comes back when the person does (R6).
		e.metrics.prefetch.Inc()
		h := w.Header()
		h["Cache-Control"] = noStore
		h["Content-Length"] = empty
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h := e.hits.Get().(*hit)
	defer e.release(h)
	h.params, h.cut = macro.ParseQuery(h.params[:0], r.URL.RawQuery)
	deepLink, _ := macro.Get(h.params, "url")

	snapshot := e.holder.Load()
	key = linkKey(key)
	row := snapshot.LinkOn(on, key)
	if row == nil { // asked first: who asks for nothing need not be classified
		e.metrics.unknown.Inc()
		e.lost(w, r, on)
		return
	}
	if id, named := macro.Get(h.params, catalog.CreativeParam); named {
		if c := snapshot.Creative(row, id); c != nil {
			h.visit.Creative = c.ID
			if deepLink == "" {
				deepLink = c.URL
			}
		}
	}
	h.who = e.classifier.Classify(r.Header, e.classifier.ClientAddr(r.RemoteAddr, r.Header))
	// Bots are recorded and sent on, and use up no cap (R8).
	who := routing.Visitor{At: now.UnixMicro(), Country: h.who.Country, Device: h.who.Device, Count: !head && h.who.Bot == ""}
	h.decision = snapshot.Route(key, deepLink, who, e.overlay)
	d := &h.decision
	d.Fallback = e.leave(snapshot, d, who)

	h.visit.At = now.UnixMicro()
	h.visit.Revision = snapshot.Revision
	if !head {
		id, err := e.mint()
		if err != nil {
			// No visit can be logged without an id; the visitor goes on all the same (R20).
			e.complain(now, "no click id could be issued", err)
		}
		h.visit.ID = id
		if o, ok := w.(watcher); ok {
			o.visited(id)
		}
	}
	e.fill(h, r, d, &h.who)
	h.url = d.AppendURL(h.url[:0], &h.values)
	location := string(h.url)
	if head {
		e.metrics.head.Inc()
		e.redirect(w, r, location)
		return
	}

	if h.visit.Click {
		slots := attribution.ParseCookie(e.cookie.value(r.Header), now.Unix())
		h.visit.Unique = !slots.Seen(d.Offer.Key)
		if c := e.setCookie(slots, d, h.visit.ID, now.Unix()); c != "" {
			w.Header()["Set-Cookie"] = []string{c}
		}
	}
	h.visit.Destination = cut(location, event.MaxURL)
	e.store(r, h, now)
	switch {
	case h.visit.Click:
		e.metrics.redirect.Inc()
	case location != "":
		e.metrics.fallback.Inc()
	default:
		e.metrics.noPage.Inc()
	}
	e.redirect(w, r, location)
	e.metrics.clickTime.Observe(e.now().Sub(now).Seconds())
}

// linkKey takes a key out of what follows /c/: a slash that a page's software added
// is dropped, and escapes, which mean the same key, are undone.
func linkKey(escaped string) string {
	key := strings.TrimSuffix(escaped, "/")
	if strings.IndexByte(key, '%') >= 0 {
		plain, err := url.PathUnescape(key)
		if err == nil {
			return plain
		}
	}
	return key
}

func (e *Edge) setCookie(slots attribution.Slots, d *routing.Decision, id event.ClickID, now int64) string {
	if id.IsZero() {
		return ""
	}
	return e.cookie.set(slots, d, id, now)
}

// redirect sends the visitor on (R1–R3, R21), or shows the 404 page when there is
// nowhere to go.
func (e *Edge) redirect(w http.ResponseWriter, r *http.Request, location string) {
	if location == "" {
		e.page(w, r, notFoundPage)
		return
	}
	h := w.Header()
	h["Location"] = []string{location}
	h["Cache-Control"] = noStore
	h["X-Robots-Tag"] = noIndex
	h["Referrer-Policy"] = referrer
	h["Content-Length"] = empty
	w.WriteHeader(http.StatusFound)
}

// maxHops bounds a chain of fallbacks that lead to links of ours (R19).
const maxHops = 5

// leave is the fallback of a decision, unless it leads in a circle: a fallback that is
// another link of ours is looked at here, so that two paused links that point at each
// other end at the 404 page and not in a browser's error.
func (e *Edge) leave(s *routing.Snapshot, d *routing.Decision, who routing.Visitor) *macro.Template {
	if d.Template != nil {
		return nil
	}
	who.Count = false // the visitor comes back and is counted then
	t := d.Fallback
	for range maxHops {
		if t == nil {
			return nil
		}
		key, own := e.ownKey(s, t)
		if !own {
			return t
		}
		if i := strings.IndexAny(key, "?#"); i >= 0 {
			key = key[:i]
		}
		next := s.Route(linkKey(key), "", who, e.overlay)
		if next.Template != nil {
			return t
		}
		t = next.Fallback
	}
	return nil
}

// ownKey is the key in a URL that is a link of ours, on the public host or on a domain.
func (e *Edge) ownKey(s *routing.Snapshot, t *macro.Template) (key string, own bool) {
	key, own = strings.CutPrefix(t.String(), e.linkBase)
	if own {
		return key, true
	}
	d := s.Domain(routing.HostName(t.Host()))
	if d == nil || !d.Served() {
		return "", false
	}
	_, rest, _ := strings.Cut(t.String(), "://")
	_, path, _ := strings.Cut(rest, "/")
	key, own = strings.CutPrefix("/"+path, linkPrefix)
	end := len(key)
	if i := strings.IndexAny(key, "?#"); i >= 0 {
		end = i
	}
	return key, own && s.LinkOn(d, linkKey(key[:end])) != nil
}

// store puts the visit in the log, durably, before the visitor leaves. When the log
// cannot take it the visit goes to the memory spool, is counted, and the visitor
// leaves all the same (R20).
func (e *Edge) store(r *http.Request, h *hit, now time.Time) {
	if h.visit.ID.IsZero() {
		e.metrics.unacked.Inc()
		e.metrics.dropped.Inc()
		return
	}
	h.record = h.visit.Append(h.record[:0])
	// Who closes the page has clicked all the same: only the log's own deadline counts.
	_, err := e.log.Append(context.WithoutCancel(r.Context()), eventlog.Visit, h.record)
	if err == nil {
		return
	}
	e.metrics.unacked.Inc()
	if !errors.Is(err, eventlog.ErrDeadline) && !e.log.Spool(eventlog.Visit, h.record) {
		e.metrics.dropped.Inc()
	}
	e.complain(now, "a visit was redirected without being acknowledged by the log", err)
}

// complain logs an error of a kind that comes in floods, at most once in a while.
func (e *Edge) complain(now time.Time, msg string, err error) {
	held, ok := e.quiet.allow(now)
	if ok {
		e.logger.Error(msg, "error", err, "more_held_back", held)
	}
}
