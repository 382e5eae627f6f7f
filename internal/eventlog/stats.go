package eventlog

import (
	"errors"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// The states of a log.
const (
	// StateOK: everything is taken.
	StateOK = "ok"
	// StateSignalsOnly: visits are refused, the log is 90 % full or the disk is low.
	StateSignalsOnly = "signals_only"
	// StateFull: everything is refused until the log is trimmed or the disk has room.
	StateFull = "full"
	// StateReopening: a store error; nothing is taken while the store restarts.
	StateReopening = "reopening"
	// StateFailed: nothing will be taken any more, the process must end.
	StateFailed = "failed"
)

// Stats describe a log at a moment. The counters count from Open.
type Stats struct {
	State         string
	Relaxed       bool // acknowledges before fsync
	Bytes, Limit  int64
	DiskFree      uint64 // 0 if unknown
	First, Last   uint64
	Batches       uint64 // messages acknowledged
	Records       uint64 // records acknowledged
	Unacked       uint64 // Appends that failed, for whatever reason; 0 in a healthy run
	UnackedVisits uint64 // of these, visits
	Spooled       uint64 // records that Spool took
	SpoolRecords  int    // records in the spool now
	SpoolBytes    int
	Dropped       uint64 // records the spool had no room for, or that were given up
	Reopened      uint64 // store errors that reopening the store healed
	LastError     string // the last store error, "" if there was none
}

// Stats describes the log now.
func (l *Log) Stats() Stats {
	s := Stats{
		Relaxed: l.o.Relaxed, Bytes: l.used.Load(), Limit: l.o.MaxBytes, DiskFree: l.disk.free.Load(),
		First: l.first.Load(), Last: l.last.Load(),
		Batches: l.m.batches.Load(), Records: l.m.records.Load(),
		Spooled: l.m.spooled.Load(), Dropped: l.m.dropped.Load(), Reopened: l.m.reopened.Load(),
	}
	for c := range l.m.unackedBy {
		for r := range l.m.unackedBy[c] {
			n := l.m.unackedBy[c][r].Load()
			s.Unacked += n
			if Class(c) == Visit {
				s.UnackedVisits += n
			}
		}
	}
	l.spool.mu.Lock()
	s.SpoolRecords, s.SpoolBytes = len(l.spool.records), l.spool.bytes
	l.spool.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	s.LastError = l.lastError
	s.State = l.state()
	return s
}

// state names the log's state. The caller has mu.
func (l *Log) state() string {
	select {
	case <-l.failed:
		return StateFailed
	default:
	}
	switch {
	case errors.Is(l.refusal, ErrFailed):
		return StateReopening
	case l.room(Signal, usualRecord) != nil:
		return StateFull
	case l.room(Visit, usualRecord) != nil:
		return StateSignalsOnly
	}
	return StateOK
}

// Why an Append was not acknowledged.
const (
	unackedFull = iota
	unackedDeadline
	unackedFailed
	unackedOther
	unackedReasons
)

var unackedNames = [unackedReasons]string{"full", "deadline", "failed", "other"}

// metrics counts; the counters are read by Prometheus and by Stats.
type metrics struct {
	unackedBy                  [classes][unackedReasons]atomic.Uint64
	spooled, dropped, reopened atomic.Uint64
	batches, records           atomic.Uint64
	latency                    prometheus.Histogram
	all                        []prometheus.Collector
}

func newMetrics(l *Log) *metrics {
	m := &metrics{latency: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "clickledger_log_write_seconds",
		Help:    "Time to write one message of the event log, with its fsync.",
		Buckets: prometheus.ExponentialBuckets(50e-6, 2, 16),
	})}
	m.all = append(m.all, m.latency)
	counter := func(name, help string, labels prometheus.Labels, v *atomic.Uint64) {
		m.all = append(m.all, prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "clickledger_log_" + name, Help: help, ConstLabels: labels},
			func() float64 { return float64(v.Load()) }))
	}
	for c := Visit; c < classes; c++ {
		for r := range m.unackedBy[c] {
			counter("unacked_total", "Records the event log did not acknowledge; 0 in a healthy run.",
				prometheus.Labels{"class": c.String(), "reason": unackedNames[r]}, &m.unackedBy[c][r])
		}
	}
	counter("spooled_total", "Records taken into the memory spool.", nil, &m.spooled)
	counter("dropped_total", "Records lost: no room in the spool, or given up.", nil, &m.dropped)
	counter("reopened_total", "Times the event log's store was reopened after an error.", nil, &m.reopened)
	counter("batches_total", "Messages written to the event log.", nil, &m.batches)
	counter("records_total", "Records written to the event log.", nil, &m.records)
	gauge := func(name, help string, value func() float64) {
		m.all = append(m.all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "clickledger_log_" + name, Help: help}, value))
	}
	gauge("bytes", "Bytes in the event log.", func() float64 { return float64(l.used.Load()) })
	gauge("limit_bytes", "Bytes the event log may hold.", func() float64 { return float64(l.o.MaxBytes) })
	gauge("spool_bytes", "Bytes in the memory spool.", func() float64 {
		l.spool.mu.Lock()
		defer l.spool.mu.Unlock()
		return float64(l.spool.bytes)
	})
	return m
}

// unacked counts an Append that failed.
func (m *metrics) unacked(class Class, err error) {
	if !class.valid() {
		return
	}
	reason := unackedOther
	switch {
	case errors.Is(err, ErrFull):
		reason = unackedFull
	case errors.Is(err, ErrDeadline):
		reason = unackedDeadline
	case errors.Is(err, ErrFailed):
		reason = unackedFailed
	}
	m.unackedBy[class][reason].Add(1)
}

func (m *metrics) register(r prometheus.Registerer) error {
	if r == nil {
		return nil
	}
	for i, c := range m.all {
		err := r.Register(c)
		if err != nil {
			for _, c := range m.all[:i] {
				r.Unregister(c)
			}
			return err
		}
	}
	return nil
}

func (m *metrics) unregister(r prometheus.Registerer) {
	if r == nil {
		return
	}
	for _, c := range m.all {
		r.Unregister(c)
	}
}
