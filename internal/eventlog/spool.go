package eventlog

import (
	"sync"
	"time"
)

// spoolRetry is how long the spool waits between two attempts that failed.
const spoolRetry = 250 * time.Millisecond

// recordOverhead is what a record in the spool costs beside its data.
const recordOverhead = 40

// spool keeps in memory what Append could not take, first in, first out.
type spool struct {
	limit int
	kick  chan struct{} // capacity 1
	turn  sync.Mutex    // held while records are being appended

	mu      sync.Mutex // guards what follows
	records []Record
	bytes   int
	closed  bool
}

func (s *spool) init(limit int) {
	s.limit, s.kick = limit, make(chan struct{}, 1)
}

// Spool keeps a copy of a record in memory and tries to append it in the background,
// for visits that Append did not take (not after [ErrDeadline], see there). It is
// outside the durability promise: false means that there is no room and the record is
// dropped; both are counted.
func (l *Log) Spool(class Class, data []byte) bool {
	s := &l.spool
	ok := class.valid() && len(data) <= MaxRecordBytes
	s.mu.Lock()
	ok = ok && !s.closed && s.bytes+len(data)+recordOverhead <= s.limit
	if ok {
		s.records = append(s.records, Record{Class: class, Data: append([]byte(nil), data...)})
		s.bytes += len(data) + recordOverhead
	}
	s.mu.Unlock()
	if !ok {
		l.m.dropped.Add(1)
		return false
	}
	l.m.spooled.Add(1)
	select {
	case s.kick <- struct{}{}:
	default:
	}
	return true
}

// retrySpool appends what is in the spool whenever the log takes it.
func (l *Log) retrySpool() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.closing:
			return
		case <-l.spool.kick:
		}
		for !l.drainSpool() {
			timer.Reset(spoolRetry)
			select {
			case <-l.closing:
				return
			case <-timer.C:
			}
		}
	}
}

// drainSpool appends records from the spool until it is empty, or returns false when
// the log does not take the next.
func (l *Log) drainSpool() bool {
	s := &l.spool
	s.turn.Lock()
	defer s.turn.Unlock()
	for {
		s.mu.Lock()
		records := s.records[:min(len(s.records), 1024):min(len(s.records), 1024)]
		s.mu.Unlock()
		if len(records) == 0 {
			return true
		}
		var batches []*batch
		for _, r := range records {
			b, err := l.enqueue(r.Class, r.Data)
			if err != nil {
				break
			}
			batches = append(batches, b)
		}
		// Records of a batch that fails stay for the next attempt, in their order.
		var keep []Record
		gone := 0
		for i, b := range batches {
			l.await(b)
			if b.err != nil {
				keep = append(keep, records[i])
			} else {
				gone += len(records[i].Data) + recordOverhead
			}
		}
		s.mu.Lock()
		s.records = append(keep, s.records[len(batches):]...)
		s.bytes -= gone
		s.mu.Unlock()
		if len(keep) > 0 || len(batches) < len(records) {
			return false
		}
	}
}

// await waits until a batch is settled, however long that takes.
func (l *Log) await(b *batch) {
	<-b.wake
	if b.settled.Load() {
		return
	}
	<-l.settlement(b)
}

// flushSpool makes a last attempt before the log closes, and takes no more records.
func (l *Log) flushSpool() {
	l.spool.mu.Lock()
	l.spool.closed = true
	l.spool.mu.Unlock()
	l.drainSpool()
}

// dropAll counts what is left when the log is closed.
func (s *spool) dropAll(m *metrics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.dropped.Add(uint64(len(s.records)))
	s.records, s.bytes = nil, 0
}
