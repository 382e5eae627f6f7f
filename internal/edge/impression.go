package edge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/macro"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// Impressions are counted in memory and written to the log together, a moment later: a
// banner is shown a hundred times for each click, and nothing waits for it. What a killed
// process had counted in that moment is lost; a stop writes it (Flush).
const (
	shownEvery = time.Second
	// maxShown bounds the different counts of one moment, and maxShownBytes what they hold.
	maxShown      = 4096
	maxShownBytes = 8 << 20
	// shownRecord is about how large a record of the log may become.
	shownRecord = 256 << 10
)

// impression answers /i/{key}/{creative}.gif with a pixel, and .png with the way to the
// banner's image. Whatever is wrong with the request, a page gets no broken image.
func (e *Edge) impression(w http.ResponseWriter, r *http.Request, on *routing.Domain, rest string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		e.metrics.shownMethod.Inc()
		w.Header()["Allow"] = allowLink
		e.page(w, r, methodPage)
		return
	}
	if len(rest)+len(r.URL.RawQuery) > event.MaxURL { // S7
		e.metrics.shownUnknown.Inc()
		e.image(w, r, event.ClickID{}, "")
		return
	}
	key, id, full := showing(rest)
	snapshot := e.holder.Load()
	show, known := snapshot.Show(key, id)
	known = known && snapshot.LinkOn(on, key) != nil
	switch {
	case !known:
		e.metrics.shownUnknown.Inc()
		e.image(w, r, event.ClickID{}, "")
		return
	case r.Method == http.MethodHead:
		e.metrics.shownHead.Inc()
	case visitor.Prefetch(r.Header) != "": // the page may never be looked at (R6)
		e.metrics.shownPrefetch.Inc()
	default:
		e.count(r, &show)
	}
	path := show.Creative.ImagePath()
	if !full || path == "" || show.Creative.Archived {
		e.image(w, r, event.ClickID{}, "")
		return
	}
	h := w.Header()
	h["Location"] = []string{path}
	h["Cache-Control"] = noStore
	h["X-Robots-Tag"] = noIndex
	h["Content-Length"] = empty
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	w.WriteHeader(http.StatusFound)
}

// showing takes the link's key and the creative's id out of what follows /i/; full says
// that the image itself is wanted. Anything else finds nothing.
func showing(rest string) (key, id string, full bool) {
	key, id, _ = strings.Cut(rest, "/")
	id, pixel := strings.CutSuffix(id, ".gif")
	if !pixel {
		id, full = strings.CutSuffix(id, ".png")
		if !full {
			return "", "", false
		}
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	return linkKey(key), id, full
}

// count counts one impression. It is the visitor's as far as reports group by it: what is
// different for every visitor would make a row of each.
func (e *Edge) count(r *http.Request, show *routing.Show) {
	h := e.hits.Get().(*hit)
	defer e.release(h)
	h.params, _ = macro.ParseQuery(h.params[:0], r.URL.RawQuery)
	who := e.classifier.Classify(r.Header, e.classifier.ClientAddr(r.RemoteAddr, r.Header))
	foreign(h, show.Link)
	key := shownKey{reason: show.Reason, Dims: event.Dims{
		Workspace: show.Link.Workspace, Link: show.Link.ID, Offer: show.Offer.ID, Advertiser: show.Offer.Advertiser, Publisher: show.Link.Publisher,
		Creative: show.Creative.ID, Source: h.visit.Source, Subs: h.visit.Subs,
		Country: who.Country, Device: who.Device, OS: who.OS, Browser: who.Browser, Language: who.Language, Bot: who.Bot,
		RefererDomain: domainOf(cut(first(r.Header, "Referer"), event.MaxURL)),
	}}
	if show.Enrollment != nil {
		key.Enrollment = show.Enrollment.ID
	}
	if e.shown.add(key, e.now().UnixMicro(), len(r.URL.RawQuery)) {
		e.metrics.shownCounted.Inc()
	} else {
		e.metrics.shownDropped.Inc()
	}
}

// shownKey is what impressions have in common that are counted together.
type shownKey struct {
	event.Dims
	reason string
}

// tally is one count.
type tally struct {
	at int64 // of the first, µs
	n  int64
}

// shown counts impressions until they are written. It is safe for concurrent use.
type shown struct {
	e       *Edge
	writing sync.Mutex // one flush at a time

	mu      sync.Mutex
	counts  map[shownKey]tally // guarded by mu, as is the rest
	bytes   int
	timer   *time.Timer // nil: nothing is counted
	flushes bool        // one was begun early, since memory is nearly full
}

func newShown(e *Edge) *shown { return &shown{e: e, counts: map[shownKey]tally{}} }

// usualShown is about what a count holds besides what its query brought.
const usualShown = 2 << 10

// add counts one impression; false when there is no room for another kind of them.
func (s *shown) add(key shownKey, at int64, query int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.counts[key]
	if !known {
		if !s.flushes && (len(s.counts) >= maxShown/4*3 || s.bytes >= maxShownBytes/4*3) {
			s.flushes = true
			go s.flush(context.Background())
		}
		if len(s.counts) >= maxShown || s.bytes >= maxShownBytes {
			return false
		}
		t.at = at
		s.bytes += usualShown + query
	}
	t.n++
	s.counts[key] = t
	if s.timer == nil {
		s.timer = time.AfterFunc(shownEvery, func() { s.flush(context.Background()) })
	}
	return true
}

// take gives what was counted, and begins anew.
func (s *shown) take() map[shownKey]tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.counts
	s.counts, s.bytes, s.flushes = map[shownKey]tally{}, 0, false
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	return got
}

// flush writes what was counted to the log.
func (s *shown) flush(ctx context.Context) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var record []byte
	var in int64
	for key, t := range s.take() {
		id, err := s.e.mint()
		if err != nil {
			s.e.complain(s.e.now(), "impressions were not counted, since no id could be issued", err)
			s.e.metrics.shownDropped.Add(float64(t.n))
			continue
		}
		i := event.Impression{ID: id, At: t.at, Count: t.n, Dims: key.Dims, Reason: key.reason}
		record = i.Append(record)
		in += t.n
		if len(record) >= shownRecord {
			s.write(ctx, record, in)
			record, in = record[:0], 0
		}
	}
	if in > 0 {
		s.write(ctx, record, in)
	}
}

func (s *shown) write(ctx context.Context, record []byte, n int64) {
	_, err := s.e.log.Append(context.WithoutCancel(ctx), eventlog.Impression, record)
	// On the deadline the record is still in flight.
	if err == nil || errors.Is(err, eventlog.ErrDeadline) || s.e.log.Spool(eventlog.Impression, record) {
		return
	}
	s.e.metrics.shownDropped.Add(float64(n))
	s.e.complain(s.e.now(), "the log did not take impressions", err)
}

// Flush writes the impressions counted so far to the log, for a stop and for tests.
func (e *Edge) Flush(ctx context.Context) { e.shown.flush(ctx) }
