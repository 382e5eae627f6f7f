package facts

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of one sink; without a registerer they count for nobody.
type metrics struct {
	rows, retries, failures          prometheus.Counter
	commitSeconds, checkpointSeconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, s *Sink) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "clickledger_facts_" + name, Help: help})
	}
	seconds := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "clickledger_facts_" + name, Help: help,
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}})
	}
	m := &metrics{
		rows:              counter("rows_total", "Rows the sink has committed."),
		retries:           counter("retries_total", "Additions that were repeated after a failure."),
		failures:          counter("failures_total", "Commits, checkpoints and seals that failed."),
		commitSeconds:     seconds("commit_seconds", "Duration of a commit."),
		checkpointSeconds: seconds("checkpoint_seconds", "Duration of a checkpoint."),
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(m.rows, m.retries, m.failures, m.commitSeconds, m.checkpointSeconds,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "clickledger_facts_lag_seconds",
			Help: "Age of the oldest message that is not in the facts; 0 when all are."}, func() float64 { return s.Lag().Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "clickledger_facts_lag_messages",
			Help: "Messages of the log that are not in the facts."}, func() float64 { return float64(s.behind()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "clickledger_facts_position",
			Help: "Last log sequence in the facts."}, func() float64 { return float64(s.Position().Seq) }),
	)
	return m
}

func (s *Sink) behind() uint64 {
	last, pos := s.log.Last(), s.Position().Seq
	if last <= pos {
		return 0
	}
	return last - pos
}

// Lag is the age of the oldest message that is not in the facts, 0 when all are.
// While that message has not been handed over, it is taken to be as old as the
// newest one that is in the facts.
func (s *Sink) Lag() time.Duration {
	if s.behind() == 0 {
		return 0
	}
	waiting, ok := s.gather.oldestWaiting()
	s.mu.Lock()
	at, adding := s.at, s.adding
	s.mu.Unlock()
	switch {
	case !adding.IsZero():
		at = adding
	case ok:
		at = waiting
	case at.IsZero():
		return 0
	}
	return max(time.Since(at), 0)
}
