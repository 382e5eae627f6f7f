package event

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ClickID identifies a click (and a visit, a signal): 48 bits of millisecond
// Unix time, 12 of node, 12 of counter and 56 of a MAC over these under the
// installation's key (DESIGN §5, rulebook R16, R17). Ids of one node are
// strictly increasing, so an index over them appends.
type ClickID [16]byte

// Limits of the id's fields.
const (
	MaxNode    = 1<<12 - 1
	maxCounter = 1<<12 - 1
	maxTime    = 1<<48 - 1
)

// ErrNotClickID says that a text does not have the form of a click id of ours:
// 32 lowercase hex characters.
var ErrNotClickID = errors.New("not a click id: want 32 lowercase hex characters")

// ParseClickID reads the 32 lowercase hex characters of an id. It does not check
// the MAC; see [Keyring.Verify].
func ParseClickID(s string) (ClickID, error) {
	var id ClickID
	if len(s) != 32 {
		return id, ErrNotClickID
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return id, ErrNotClickID
		}
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, ErrNotClickID
	}
	return id, nil
}

// String gives the 32 lowercase hex characters; "" for the zero id.
func (id ClickID) String() string {
	if id.IsZero() {
		return ""
	}
	return hex.EncodeToString(id[:])
}

// IsZero reports whether the id is absent.
func (id ClickID) IsZero() bool { return id == ClickID{} }

// Time is when the id was issued, to the millisecond. It may run ahead of the
// wall clock by as much as the clock was set back.
func (id ClickID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// Node is the node number that issued the id.
func (id ClickID) Node() int { return int(id[6])<<4 | int(id[7])>>4 }

// Key is one MAC key of the installation.
type Key struct {
	// ID orders the keys; the highest one signs.
	ID int64
	// Secret is 16 random bytes.
	Secret [16]byte
}

// Keyring signs ids with its newest key and verifies with every key it holds:
// keys rotate and verify for ever. It is immutable and safe for concurrent use.
type Keyring struct {
	blocks []cipher.Block // newest first
}

// NewKeyring takes at least one key; the one with the highest ID signs.
func NewKeyring(keys []Key) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("event: a keyring needs a key")
	}
	k := &Keyring{}
	newest := 0
	for i := range keys {
		if keys[i].ID > keys[newest].ID {
			newest = i
		}
	}
	order := []int{newest}
	for i := range keys {
		if i != newest {
			order = append(order, i)
		}
	}
	for _, i := range order {
		b, err := aes.NewCipher(keys[i].Secret[:])
		if err != nil {
			return nil, fmt.Errorf("event: key %d: %w", keys[i].ID, err)
		}
		k.blocks = append(k.blocks, b)
	}
	return k, nil
}

// mac writes the 56-bit MAC of id's first nine bytes into its last seven. AES on
// one fixed-length block is a pseudo-random function of it, which is all a MAC of
// fixed-length input needs.
func mac(b cipher.Block, id *ClickID) {
	var in, out [16]byte
	copy(in[:], id[:9])
	in[15] = 1 // domain: click ids
	b.Encrypt(out[:], in[:])
	copy(id[9:], out[:7])
}

// Verify reports whether one of the installation's keys issued the id.
func (k *Keyring) Verify(id ClickID) bool {
	for _, b := range k.blocks {
		want := id
		mac(b, &want)
		if subtle.ConstantTimeCompare(want[9:], id[9:]) == 1 {
			return true
		}
	}
	return false
}

// HighWater keeps the highest time any id of this node may carry, ahead of use,
// so that a restart with a clock set back never repeats an id.
type HighWater interface {
	// Load returns the persisted mark in Unix milliseconds, 0 if there is none.
	Load() (int64, error)
	// Store persists the mark durably before it returns.
	Store(ms int64) error
}

// highWaterAhead is how far the mark is persisted ahead of use, in milliseconds.
// A restart may issue ids that far ahead of the clock, no more.
const highWaterAhead = 10_000

// Minter issues the ids of one node. It is safe for concurrent use.
type Minter struct {
	node uint64
	now  func() time.Time
	mark HighWater

	mu      sync.Mutex
	keys    *Keyring
	last    int64 // ms of the last id issued; guarded by mu
	counter int   // of the last id within last; guarded by mu
	limit   int64 // persisted high-water mark; guarded by mu
}

// NewMinter starts above the persisted mark. node is the leased node number,
// 0 to [MaxNode]; now is the clock.
func NewMinter(node int, keys *Keyring, mark HighWater, now func() time.Time) (*Minter, error) {
	if node < 0 || node > MaxNode {
		return nil, fmt.Errorf("event: node number %d outside 0…%d", node, MaxNode)
	}
	high, err := mark.Load()
	if err != nil {
		return nil, fmt.Errorf("event: load high-water mark: %w", err)
	}
	m := &Minter{node: uint64(node), keys: keys, mark: mark, now: now, last: high, counter: maxCounter, limit: high}
	return m, nil
}

// SetKeys replaces the keyring after a rotation.
func (m *Minter) SetKeys(k *Keyring) {
	m.mu.Lock()
	m.keys = k
	m.mu.Unlock()
}

// Keys returns the keyring in use.
func (m *Minter) Keys() *Keyring {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys
}

// New issues an id. It fails only when the high-water mark cannot be persisted or
// the 48-bit time is exhausted.
func (m *Minter) New() (ClickID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ms := m.now().UnixMilli()
	if ms <= m.last {
		ms = m.last // the clock stood or went back
		if m.counter >= maxCounter {
			ms++ // a full counter borrows the next millisecond
		}
	}
	if ms > maxTime {
		return ClickID{}, errors.New("event: click id time exhausted")
	}
	if ms > m.limit {
		limit := ms + highWaterAhead
		err := m.mark.Store(limit)
		if err != nil {
			return ClickID{}, fmt.Errorf("event: persist high-water mark: %w", err)
		}
		m.limit = limit
	}
	if ms > m.last {
		m.counter = 0
	} else {
		m.counter++
	}
	m.last = ms

	var id ClickID
	binary.BigEndian.PutUint64(id[:8], uint64(ms)<<16|m.node<<4|uint64(m.counter)>>8)
	id[8] = byte(m.counter)
	mac(m.keys.blocks[0], &id)
	return id, nil
}
