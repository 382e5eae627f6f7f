package event

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"
)

type memMark struct {
	mu     sync.Mutex
	ms     int64
	stores int
	fail   error
}

func (m *memMark) Load() (int64, error) { m.mu.Lock(); defer m.mu.Unlock(); return m.ms, nil }
func (m *memMark) Store(ms int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.ms, m.stores = ms, m.stores+1
	return nil
}

func testKeys(t testing.TB, secrets ...string) *Keyring {
	t.Helper()
	var keys []Key
	for i, s := range secrets {
		k := Key{ID: int64(i + 1)}
		copy(k.Secret[:], s)
		keys = append(keys, k)
	}
	r, err := NewKeyring(keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMinterUniqueOrderedVerifiable(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	mark := &memMark{}
	m, err := NewMinter(0xABC, testKeys(t, "one"), mark, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	var prev ClickID
	for i := range 3 * (maxCounter + 1) { // the clock stands still: milliseconds are borrowed
		id, err := m.New()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(id[:], prev[:]) <= 0 {
			t.Fatalf("id %d: %s not above %s", i, id, prev)
		}
		if !m.Keys().Verify(id) || id.Node() != 0xABC {
			t.Fatalf("id %s: verify or node %x", id, id.Node())
		}
		got, err := ParseClickID(id.String())
		if err != nil || got != id {
			t.Fatalf("round trip of %s: %s, %v", id, got, err)
		}
		prev = id
	}
	if d := prev.Time().Sub(at); d != 2*time.Millisecond {
		t.Errorf("three full counters reach %v past the clock, want 2ms", d)
	}
	if mark.stores != 1 {
		t.Errorf("mark stored %d times, want 1 ahead of use", mark.stores)
	}
}

func TestMinterClockSetBackAcrossRestart(t *testing.T) {
	at := time.UnixMilli(1_800_000_000_000)
	mark := &memMark{}
	keys := testKeys(t, "one")
	first, err := NewMinter(1, keys, mark, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	a, err := first.New()
	if err != nil {
		t.Fatal(err)
	}
	back := at.Add(-time.Hour)
	second, err := NewMinter(1, keys, mark, func() time.Time { return back })
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.New()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Compare(b[:], a[:]) <= 0 {
		t.Fatalf("after the clock went back an hour: %s not above %s", b, a)
	}
}

func TestMinterRefusesWhenMarkCannotBeStored(t *testing.T) {
	mark := &memMark{fail: errors.New("disk full")}
	m, err := NewMinter(1, testKeys(t, "one"), mark, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.New(); err == nil {
		t.Fatal("an id was issued above the persisted mark")
	}
}

func TestKeyringRotation(t *testing.T) {
	mark := &memMark{}
	old := testKeys(t, "one")
	m, err := NewMinter(1, old, mark, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.New()
	if err != nil {
		t.Fatal(err)
	}
	both := testKeys(t, "one", "two")
	m.SetKeys(both)
	b, err := m.New()
	if err != nil {
		t.Fatal(err)
	}
	if !both.Verify(a) || !both.Verify(b) {
		t.Error("a rotated keyring must verify ids of the old and of the new key")
	}
	if old.Verify(b) {
		t.Error("the old key verified an id of the new one")
	}
	forged := a
	forged[15] ^= 1
	if both.Verify(forged) {
		t.Error("a forged id verified")
	}
}

func FuzzParseClickID(f *testing.F) {
	for _, s := range []string{"", "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF", "{click_id}", "\r\n\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseClickID(s)
		if err == nil && !id.IsZero() && id.String() != s {
			t.Fatalf("%q parsed as %s", s, id)
		}
	})
}

func BenchmarkMint(b *testing.B) {
	m, err := NewMinter(1, testKeys(b, "one"), &memMark{}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.New(); err != nil {
			b.Fatal(err)
		}
	}
}
