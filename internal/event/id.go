package event

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// crockford is Crockford's base32 alphabet in lower case: no i, l, o, u, so that an
// id can be read out and typed; its order is the order of its bytes, so that ids
// sort by time as text.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// ids remembers the last number given out, so that ids of one process are strictly
// increasing whatever the clock does.
var ids struct {
	sync.Mutex
	last idNumber // guarded by the mutex
}

// idNumber is what an id encodes: 48 bits of milliseconds, 32 bits below.
type idNumber struct {
	ms  uint64
	low uint32
}

// NewID makes an id for a row of the books: the prefix (such as "off_"), then 16
// characters of lower-case Crockford base32: 48 bits of millisecond Unix time and 32
// random bits. Ids of one process are strictly increasing, also within a millisecond
// and when now goes back. They are names, not secrets: unlike a [ClickID] they can be
// guessed, and whoever answers for one asks who is asking.
//
// The randomness is the one thing here that is not the caller's: an id only has to be
// unique, which no test needs to repeat.
func NewID(prefix string, now time.Time) string {
	var r [4]byte
	rand.Read(r[:]) // never fails: it ends the process instead
	n := idNumber{ms: uint64(max(now.UnixMilli(), 0)) & maxTime, low: binary.BigEndian.Uint32(r[:])}

	ids.Lock()
	if n.ms < ids.last.ms || (n.ms == ids.last.ms && n.low <= ids.last.low) {
		// A small random step keeps the next id unknown to who saw the last one, and
		// leaves room for millions in one millisecond.
		step := n.low&0xff + 1
		n = ids.last
		if n.low > ^uint32(0)-step {
			n.ms, n.low = n.ms+1, 0
		}
		n.low += step
	}
	ids.last = n
	ids.Unlock()
	return prefix + n.String()
}

// String gives the 16 characters.
func (n idNumber) String() string {
	var out [16]byte
	hi, lo := n.ms>>8, uint64(uint8(n.ms))<<32|uint64(n.low) // 40 bits each
	for i := 7; i >= 0; i-- {
		out[i], out[8+i] = crockford[hi&31], crockford[lo&31]
		hi, lo = hi>>5, lo>>5
	}
	return string(out[:])
}
