package edge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// memLog is a log that acknowledges at once and keeps everything, or fails as told.
type memLog struct {
	mu      sync.Mutex
	discard bool // keep nothing: for benchmarks
	fail    error
	full    bool // refuse the spool too
	records []eventlog.Record
	spooled []eventlog.Record
	// onAppend is called with each record once it is "durable".
	onAppend func(eventlog.Record)
}

func (l *memLog) Append(ctx context.Context, class eventlog.Class, data []byte) (uint64, error) {
	if l.discard {
		return 1, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return 0, l.fail
	}
	r := eventlog.Record{Class: class, Data: append([]byte(nil), data...)}
	l.records = append(l.records, r)
	if l.onAppend != nil {
		l.onAppend(r)
	}
	return uint64(len(l.records)), ctx.Err()
}

func (l *memLog) Spool(class eventlog.Class, data []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full {
		return false
	}
	l.spooled = append(l.spooled, eventlog.Record{Class: class, Data: append([]byte(nil), data...)})
	return true
}

func (l *memLog) take(class eventlog.Class) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out [][]byte
	for _, r := range l.records {
		if r.Class == class {
			out = append(out, r.Data)
		}
	}
	l.records = nil
	return out
}

// visits decodes the visits logged since the last call.
func (l *memLog) visits(t testing.TB) []*event.Visit {
	t.Helper()
	var out []*event.Visit
	for _, data := range l.take(eventlog.Visit) {
		v, err := event.DecodeVisit(data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// signals decodes the signals logged since the last call.
func (l *memLog) signals(t testing.TB) []*event.Signal {
	t.Helper()
	var out []*event.Signal
	for _, data := range l.take(eventlog.Signal) {
		s, err := event.DecodeSignal(data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

// sharedClassifier is costly to build, so the tests share one; it keeps no state that
// shows.
var sharedClassifier = sync.OnceValues(func() (*visitor.Classifier, error) { return visitor.New(visitor.Options{}) })

// world is an edge with a small catalog, its log and a server in front of it.
type world struct {
	edge     *Edge
	log      *memLog
	hub      *Hub
	holder   *routing.Holder
	builder  *routing.Builder
	overlay  *routing.Overlay
	registry *prometheus.Registry
	server   *httptest.Server
	at       time.Time
}

type option func(*Options)

func https(o *Options) { o.PublicURL = "https://trk.example" }

func newWorld(t testing.TB, opts ...option) *world {
	t.Helper()
	classifier, err := sharedClassifier()
	if err != nil {
		t.Fatal(err)
	}
	var key event.Key
	copy(key.Secret[:], "test")
	keys, err := event.NewKeyring([]event.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	minter, err := event.NewMinter(1, keys, noMark{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		log: &memLog{}, hub: NewHub(), holder: new(routing.Holder), builder: routing.NewBuilder(), overlay: new(routing.Overlay),
		registry: prometheus.NewRegistry(), at: time.Unix(1_800_000_000, 0),
	}
	o := Options{
		Holder: w.holder, Overlay: w.overlay, Log: w.log, Minter: minter.New, Classifier: classifier, PublicURL: "http://trk.example",
		Now: func() time.Time { return w.at }, Hub: w.hub, VerdictWait: -1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Registerer: w.registry,
	}
	for _, set := range opts {
		set(&o)
	}
	w.apply(smallCatalog()...)
	w.edge = New(o)
	w.server = httptest.NewServer(w.edge.Handler())
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) apply(rows ...catalog.Entity) {
	w.builder.Apply(rows, w.holder.Load().Revision+1)
	w.holder.Store(w.builder.Snapshot())
}

func meta(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: "ws"} }

// smallCatalog has a link of a publisher (k1), a link of the house (house) with
// everything in the URL, and links that lead elsewhere.
func smallCatalog() []catalog.Entity {
	offer := func(id, url string) *catalog.Offer {
		return &catalog.Offer{Meta: meta(id), Advertiser: "adv", URL: url, Status: catalog.StatusActive, Key: "pub" + id,
			CookieDays: 30, DeepLinks: []string{"shop.example"}}
	}
	link := func(key, offer string) *catalog.Link {
		return &catalog.Link{Meta: meta("lnk" + key), Key: key, Offer: offer, Status: catalog.StatusActive, Source: "house-source"}
	}
	paused := link("paused", "off1")
	paused.Status = catalog.StatusPaused
	own := link("k1", "off1")
	own.Publisher = "pub"
	gone := offer("off3", "https://shop.example/")
	gone.Status, gone.FallbackURL = catalog.StatusPaused, "https://other.example/?v={click_id}"
	return []catalog.Entity{
		&catalog.Workspace{Meta: meta("ws")}, &catalog.Advertiser{Meta: meta("adv"), ClickParam: "cid"},
		&catalog.Publisher{Meta: meta("pub"), Status: catalog.StatusActive},
		&catalog.Enrollment{Meta: meta("enr"), Offer: "off1", Publisher: "pub", Status: catalog.Approved},
		offer("off1", "https://shop.example/p?ref={click_id}&s={sub1}&x={external_id}"),
		offer("off2", "https://shop.example/{sub2}/p?"+allTokens+"#f={sub1}"), gone,
		own, paused, link("house", "off2"), link("gone", "off3"),
	}
}

const allTokens = "click_id={click_id}&offer={offer_id}&pub={publisher_id}&adv={advertiser_id}&link={link_id}&source={source}" +
	"&sub1={sub1}&sub2={sub2}&sub20={sub20}&ext={external_id}&kw={keyword}&device={device}&os={os}&osv={os_version}&br={browser}" +
	"&brv={browser_version}&cc={country_code}&country={country}&lang={language}&ref={referrer}&refd={referrer_domain}" +
	"&ua={user_agent}&ts={timestamp}&tsm={timestamp_ms}&date={date}&rnd={random}&camp={campaign_id}"

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// do sends a request to the server and does not follow its redirect. target is the
// path and query as they are, hostile or not. It is safe in many goroutines.
func (w *world) do(t testing.TB, method, target string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, w.server.URL, body)
	r.RequestURI = ""     // a client's request has none
	r.URL.Opaque = target // sent as it is
	r.Header.Set("User-Agent", chrome)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.server.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Errorf("%s %.100q: %v", method, target, err) // not Fatal: some tests ask from many goroutines
		return &http.Response{Header: http.Header{}, Body: http.NoBody}
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func (w *world) get(t testing.TB, target string, headers ...string) *http.Response {
	t.Helper()
	return w.do(t, http.MethodGet, target, nil, headers...)
}

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// counter reads a metric: the sum of its series whose labels have all the given values.
func (w *world) counter(t testing.TB, name string, values ...string) float64 {
	t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			have := map[string]bool{}
			for _, l := range m.GetLabel() {
				have[l.GetValue()] = true
			}
			all := true
			for _, v := range values {
				all = all && have[v]
			}
			if all {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func wantHeaders(t *testing.T, h http.Header, want map[string]string) {
	t.Helper()
	for name, v := range want {
		if got := fmt.Sprint(h.Values(name)); got != "["+v+"]" {
			t.Errorf("%s: %s, want [%s]", name, got, v)
		}
	}
}
