package eventlog

import "sync"

// tailBytes bounds the memory for the newest messages.
const tailBytes = 8 << 20

// tail holds the newest messages in memory while somebody follows the log, so that
// followers that keep up never read from the store: a read would wait behind the
// fsync of the write in flight, and delay the next one. It also wakes them.
type tail struct {
	mu        sync.Mutex
	messages  []*message // contiguous; the newest last
	bytes     int
	last      uint64 // the sequence of the newest message, held here or not
	followers int
	changed   chan struct{} // made by those who wait, closed by a change
}

// message is a durable message. It is decoded once, by the first follower.
type message struct {
	seq   uint64
	frame []byte
	once  sync.Once
	batch Batch
	err   error
}

func (m *message) decode() (Batch, error) {
	m.once.Do(func() { m.batch, m.err = decodeFrame(m.seq, m.frame) })
	return m.batch, m.err
}

func (t *tail) reset(last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = last
}

// follow counts a follower in; the returned function counts it out.
func (t *tail) follow() (leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.followers++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.followers--
		if t.followers == 0 {
			t.messages, t.bytes = nil, 0
		}
	}
}

// push takes a copy of a message that has just become durable.
func (t *tail) push(seq uint64, frame []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = seq
	if t.followers > 0 {
		copied := make([]byte, len(frame))
		copy(copied, frame)
		t.messages = append(t.messages, &message{seq: seq, frame: copied})
		t.bytes += len(frame)
		for t.bytes > tailBytes && len(t.messages) > 1 {
			t.bytes -= len(t.messages[0].frame)
			t.messages[0] = nil
			t.messages = t.messages[1:]
		}
	}
	t.wakeAll()
}

// broadcast wakes those who wait, to look at the log's condition.
func (t *tail) broadcast() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wakeAll()
}

func (t *tail) wakeAll() {
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// after returns the messages after a sequence as far as they are held and within the
// limits, the last durable sequence, and a channel that is closed when that changes.
func (t *tail) after(seq uint64, maxMessages, maxBytes int) (ready []*message, last uint64, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	if len(t.messages) == 0 || seq+1 < t.messages[0].seq || seq >= t.last {
		return nil, t.last, t.changed
	}
	from := int(seq + 1 - t.messages[0].seq)
	bytes := 0
	for _, m := range t.messages[from:] {
		bytes += len(m.frame)
		if len(ready) == maxMessages || len(ready) > 0 && bytes > maxBytes {
			break
		}
		ready = append(ready, m)
	}
	return ready, t.last, t.changed
}
