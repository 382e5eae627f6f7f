package edge

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// Log is what the edge needs of the durable log; [eventlog.Log] is it.
//
// Append returns once the record is durable, within the log's own deadline. On
// [eventlog.ErrDeadline] the record is still in flight and must not be spooled; on any
// other error it is not kept. Spool takes a record into memory, outside of every
// promise, and reports whether there was room. Neither keeps data after it returns.
type Log interface {
	Append(ctx context.Context, class eventlog.Class, data []byte) (seq uint64, err error)
	Spool(class eventlog.Class, data []byte) bool
}

// Options are what an [Edge] is made of.
type Options struct {
	Holder  *routing.Holder
	Overlay *routing.Overlay // nil closes nothing
	Log     Log
	// Minter issues the ids of visits and signals.
	Minter     func() (event.ClickID, error)
	Classifier *visitor.Classifier
	// Banners reads the image of a banner that is not in memory, by workspace and hash; nil
	// is for an edge that serves none. It is never called for a link.
	Banners func(ctx context.Context, workspace, hash string) ([]byte, error)
	// PublicURL is what tracking URLs begin with. With https the cookie is Secure.
	PublicURL string
	// OwnHosts are other hosts of the installation, such as the console's, in lower case and
	// without port: they are never taken for tracking domains, nor refused as unknown.
	OwnHosts []string
	Now      func() time.Time // default time.Now
	Hub      *Hub             // default: a new one
	// VerdictWait bounds how long a postback waits for its verdict; default 250 ms,
	// negative: not at all.
	VerdictWait time.Duration
	Logger      *slog.Logger          // default slog.Default()
	Registerer  prometheus.Registerer // nil: metrics are kept and not exported
}

// verdictWait is the default of [Options.VerdictWait] (DESIGN §3).
const verdictWait = 250 * time.Millisecond

// Edge serves the tracking host. It is safe for concurrent use.
type Edge struct {
	holder     *routing.Holder
	overlay    *routing.Overlay
	log        Log
	mint       func() (event.ClickID, error)
	classifier *visitor.Classifier
	now        func() time.Time
	hub        *Hub
	wait       time.Duration
	logger     *slog.Logger
	metrics    *metrics
	cookie     jar

	host     string          // of the public URL: what signals are stored under
	own      map[string]bool // hosts of the installation itself, which are no domains
	named    bool            // the public URL has a name: hosts that are nobody's are refused
	linkBase string          // what our own links begin with

	shown   *shown
	banners *banners

	hits  sync.Pool // of *hit
	quiet throttle
}

// New makes an edge. It panics when its metrics cannot be registered, which is a
// mistake in wiring.
func New(o Options) *Edge {
	e := &Edge{
		holder: o.Holder, overlay: o.Overlay, log: o.Log, mint: o.Minter, classifier: o.Classifier,
		now: o.Now, hub: o.Hub, wait: o.VerdictWait, logger: o.Logger,
		cookie:   newJar(o.PublicURL),
		linkBase: strings.TrimSuffix(o.PublicURL, "/") + linkPrefix,
	}
	if u, err := url.Parse(o.PublicURL); err == nil { // the configuration checked it
		e.host = u.Host
	}
	public := catalog.HostOf(o.PublicURL)
	e.named = !isAddress(public)
	e.own = map[string]bool{public: true}
	for _, host := range o.OwnHosts {
		e.own[host] = true
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.hub == nil {
		e.hub = NewHub()
	}
	if e.wait == 0 {
		e.wait = verdictWait
	}
	if e.logger == nil {
		e.logger = slog.Default()
	}
	e.metrics = newMetrics(o.Registerer, e.hub)
	e.shown = newShown(e)
	e.banners = newBanners(o.Banners)
	e.hits.New = func() any { return new(hit) }
	return e
}

// The paths of the tracking host (DESIGN §6).
const (
	linkPrefix   = "/c/"
	postbackPath = "/postback"
	pixelPath    = "/pixel"
	pixelGIFPath = "/pixel.gif"
	scriptPath   = "/event"
	tagPath      = "/tag.js"
	robotsPath   = "/robots.txt"
)

// Serves reports whether a path, as [url.URL.EscapedPath] gives it, is the edge's: for
// an installation where the console shares its host.
func (e *Edge) Serves(path string) bool {
	switch path {
	case postbackPath, pixelPath, pixelGIFPath, scriptPath, tagPath, robotsPath:
		return true
	}
	return strings.HasPrefix(path, linkPrefix) || strings.HasPrefix(path, catalog.ImpressionPath) || strings.HasPrefix(path, catalog.BannerPath) || strings.HasPrefix(path, dialect.Prefix)
}

// Handler serves the tracking host. It dispatches on the escaped path by itself: the
// standard mux would redirect "//" and clean "..", and a tracking host answers every
// path that is not its own with the 404 page.
// Tracking domains, and hosts that are nobody's, are told apart first.
func (e *Edge) Handler() http.Handler { return http.HandlerFunc(e.serve) }

func (e *Edge) serve(w http.ResponseWriter, r *http.Request) {
	if !e.Elsewhere(w, r) {
		e.track(w, r, nil)
	}
}

// track answers the paths of tracking on a domain, nil = the public host.
func (e *Edge) track(w http.ResponseWriter, r *http.Request, on *routing.Domain) {
	path := r.URL.EscapedPath()
	if key, ok := strings.CutPrefix(path, linkPrefix); ok {
		e.link(w, r, on, key)
		return
	}
	if rest, ok := strings.CutPrefix(path, catalog.ImpressionPath); ok {
		e.impression(w, r, on, rest)
		return
	}
	if rest, ok := strings.CutPrefix(path, catalog.BannerPath); ok {
		e.banner(w, r, on, rest)
		return
	}
	if rest, ok := strings.CutPrefix(path, dialect.Prefix); ok {
		if ep := dialect.Find(rest, r.URL.RawQuery); ep != nil {
			e.speak(w, r, on, ep)
			return
		}
	}
	switch path {
	case postbackPath:
		e.postback(w, r, on)
	case pixelPath, pixelGIFPath:
		e.pixel(w, r, on)
	case scriptPath:
		e.script(w, r, on)
	case tagPath:
		e.tagScript(w, r)
	case robotsPath:
		e.robots(w, r)
	default:
		e.metrics.other.Inc()
		e.lost(w, r, on)
	}
}

// first is h.Get for a name that is canonical already.
func first(h http.Header, canonical string) string {
	v := h[canonical]
	if len(v) == 0 {
		return ""
	}
	return v[0]
}
