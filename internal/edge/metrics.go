package edge

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// metrics of the edge. Labels are bounded: route patterns and outcomes of this file,
// never anything a request brought. Counters are looked up once, here.
type metrics struct {
	redirect, fallback, noPage               prometheus.Counter // links that were logged
	unknown, head, prefetch, method, tooLong prometheus.Counter // links that were not
	signalHead, signalMethod                 prometheus.Counter
	pixelHead, pixelMethod                   prometheus.Counter
	scriptMethod, tag, tagMethod             prometheus.Counter
	robots, other, stranger, check           prometheus.Counter
	dialectHead, dialectMethod               prometheus.Counter
	shownCounted, shownUnknown               prometheus.Counter // impressions, by what became of them
	shownHead, shownPrefetch, shownMethod    prometheus.Counter
	signalAhead                              prometheus.Counter // conversion addresses of all dialects
	bannerOK, bannerFresh, bannerGone        prometheus.Counter
	bannerUnknown, bannerFailed              prometheus.Counter
	bannerMethod                             prometheus.Counter
	shownDropped                             prometheus.Counter

	verdicts map[event.Verdict]prometheus.Counter // of postbacks, as answered
	pixels   map[event.Verdict]prometheus.Counter
	scripts  map[event.Verdict]prometheus.Counter

	unacked, dropped prometheus.Counter
	clickTime        prometheus.Observer
	signalTime       prometheus.Observer
	pixelTime        prometheus.Observer
	scriptTime       prometheus.Observer
}

func newMetrics(reg prometheus.Registerer, hub *Hub) *metrics {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "clickledger_edge_requests_total",
		Help: "Requests of the tracking host by route and outcome.",
	}, []string{"route", "outcome"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "clickledger_edge_seconds",
		Help:    "Time to answer, including the wait for the log and, for postbacks, for the verdict.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
	}, []string{"route"})
	m := &metrics{
		unacked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clickledger_clicks_unacked_total",
			Help: "Visitors redirected before their visit was known to be in the log; 0 in every healthy run (R20).",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clickledger_clicks_dropped_total",
			Help: "Unacknowledged visits for which there was no room in the memory spool either.",
		}),
		shownDropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clickledger_impressions_dropped_total",
			Help: "Impressions that could not be counted: memory for them was full, or the log refused them.",
		}),
		verdicts: map[event.Verdict]prometheus.Counter{}, pixels: map[event.Verdict]prometheus.Counter{},
		scripts: map[event.Verdict]prometheus.Counter{},
	}
	const link, postback, pixel, script = linkPrefix + "{key}", postbackPath, pixelPath, scriptPath
	const show, banner = catalog.ImpressionPath + "{key}/{creative}", catalog.BannerPath + "{creative}/{image}"
	for _, c := range []struct {
		to             *prometheus.Counter
		route, outcome string
	}{
		{&m.redirect, link, "redirect"}, {&m.fallback, link, "fallback"}, {&m.noPage, link, "not_found_logged"},
		{&m.unknown, link, "unknown"}, {&m.head, link, "head"}, {&m.prefetch, link, "prefetch"},
		{&m.method, link, "method"}, {&m.tooLong, link, "too_long"},
		{&m.signalHead, postback, "head"}, {&m.signalMethod, postback, "method"},
		{&m.pixelHead, pixel, "head"}, {&m.pixelMethod, pixel, "method"},
		{&m.scriptMethod, script, "method"}, {&m.tag, tagPath, "ok"}, {&m.tagMethod, tagPath, "method"},
		{&m.shownCounted, show, "counted"}, {&m.shownUnknown, show, "unknown"}, {&m.shownHead, show, "head"},
		{&m.shownPrefetch, show, "prefetch"}, {&m.signalAhead, "signals", "prefetch"}, {&m.shownMethod, show, "method"},
		{&m.bannerOK, banner, "ok"}, {&m.bannerFresh, banner, "not_modified"}, {&m.bannerGone, banner, "gone"},
		{&m.bannerUnknown, banner, "unknown"}, {&m.bannerFailed, banner, "failed"}, {&m.bannerMethod, banner, "method"},
		{&m.dialectHead, dialect.Prefix, "head"}, {&m.dialectMethod, dialect.Prefix, "method"},
		{&m.robots, robotsPath, "ok"}, {&m.other, "other", "unknown"}, {&m.stranger, "other", "unknown_host"}, {&m.check, catalog.DomainCheckPath, "ok"},
	} {
		*c.to = requests.WithLabelValues(c.route, c.outcome)
	}
	for v := range event.Verdicts {
		m.verdicts[v] = requests.WithLabelValues(postback, string(v))
		m.pixels[v] = requests.WithLabelValues(pixel, string(v))
		m.scripts[v] = requests.WithLabelValues(script, string(v))
	}
	m.clickTime = seconds.WithLabelValues(link)
	m.signalTime = seconds.WithLabelValues(postback)
	m.pixelTime = seconds.WithLabelValues(pixel)
	m.scriptTime = seconds.WithLabelValues(script)
	if reg != nil {
		reg.MustRegister(requests, seconds, m.unacked, m.dropped, m.shownDropped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "clickledger_edge_waiting_signals",
			Help: "Signals whose sender waits for a verdict.",
		}, func() float64 { return float64(hub.Waiting()) }))
	}
	return m
}

// throttle lets one message of a flood through in a while.
type throttle struct {
	next       atomic.Int64 // ns
	suppressed atomic.Int64
}

// throttleEvery is the least time between two messages.
const throttleEvery = 5 * time.Second

// allow reports whether to speak now, and how many messages were held back.
func (t *throttle) allow(now time.Time) (held int64, ok bool) {
	next := t.next.Load()
	if now.UnixNano() < next || !t.next.CompareAndSwap(next, now.Add(throttleEvery).UnixNano()) {
		t.suppressed.Add(1)
		return 0, false
	}
	return t.suppressed.Swap(0), true
}
