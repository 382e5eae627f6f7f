package store

import (
	"encoding/base32"
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"
)

// order32 is an alphabet in byte order, so that ids sort like the bytes they encode.
var order32 = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// idSource issues ids of ledger transactions: 48 bits of millisecond time and 32 of
// a counter that starts at random, so that ids of one process are strictly
// increasing and those of two processes do not meet.
type idSource struct {
	now func() time.Time

	mu   sync.Mutex
	last int64  // ms of the last id; guarded by mu
	tail uint32 // guarded by mu
}

func (s *idSource) next(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := s.now().UnixMilli()
	switch {
	case ms > s.last:
		s.last = ms
		s.tail = rand.Uint32() >> 1 // leaves room to count
	case s.tail == 1<<32-1:
		s.last++
		s.tail = rand.Uint32() >> 1
	default:
		s.tail++
	}
	var b [10]byte
	binary.BigEndian.PutUint64(b[:8], uint64(s.last)<<16|uint64(s.tail>>16))
	binary.BigEndian.PutUint16(b[8:], uint16(s.tail))
	return prefix + order32.EncodeToString(b[:])
}
