package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

func testOptions(dir string) Options {
	return Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), MinFreeBytes: 1, Deadline: 20 * time.Second}
}

func testOpen(t *testing.T, o Options) *Log {
	t.Helper()
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(context.Background()) })
	return l
}

// The check asks the running server: a server without SyncAlways is refused.
func TestSyncIsChecked(t *testing.T) {
	o := testOptions(t.TempDir())
	o.Relaxed = true
	l := testOpen(t, o)
	st := l.store()
	strict := *st.o
	strict.Relaxed = false
	st.o = &strict
	err := st.checkSync()
	st.o = &l.o
	if err == nil || !strings.Contains(err.Error(), "sync_always") {
		t.Errorf("a server that does not sync: %v", err)
	}
	if err := st.checkSync(); err != nil {
		t.Errorf("relaxed: %v", err)
	}
}

// plainServer runs a server on a directory that is nobody's yet.
func plainServer(t *testing.T, dir string, use func(jetstream.JetStream)) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir, JetStreamMaxStore: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	use(js)
	nc.Close()
	srv.Shutdown()
	srv.WaitForShutdown()
}

// A stream that could lose acknowledged messages, or is not ours, is refused.
func TestContractIsChecked(t *testing.T) {
	for want, change := range map[string]func(*jetstream.StreamConfig){
		"discard":     func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"max_age":     func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"max_msgs":    func(c *jetstream.StreamConfig) { c.MaxMsgs = 1000 },
		"deny_delete": func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"deny_purge":  func(c *jetstream.StreamConfig) { c.DenyPurge = true },
		"compression": func(c *jetstream.StreamConfig) { c.Compression = jetstream.S2Compression },
		"subjects":    func(c *jetstream.StreamConfig) { c.Subjects = []string{"log", "more"} },
		"persist":     func(c *jetstream.StreamConfig) { c.PersistMode = jetstream.AsyncPersistMode },
		"metadata":    func(c *jetstream.StreamConfig) { c.Metadata = nil },
	} {
		dir := t.TempDir()
		plainServer(t, dir, func(js jetstream.JetStream) {
			cfg := contract(10 << 30)
			cfg.Metadata = map[string]string{metadataID: newID()}
			change(&cfg)
			_, err := js.CreateStream(t.Context(), cfg)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
		})
		_, err := Open(t.Context(), testOptions(dir))
		if err == nil || !strings.Contains(err.Error(), "contract") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// fill writes messages over several block files and closes the log.
func fill(t *testing.T, o Options, messages int) (last uint64) {
	t.Helper()
	l := testOpen(t, o)
	for i := range messages {
		_, err := l.Append(t.Context(), Signal, []byte(fmt.Sprintf("%d-%s", i, strings.Repeat("x", 4000))))
		if err != nil {
			t.Fatal(err)
		}
	}
	err := l.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l.Last()
}

// Damage to the store is reported, by Open or by Follow, and never skipped.
func TestDamage(t *testing.T) {
	blocks := func(dir string) []string {
		names, err := filepath.Glob(filepath.Join(streamDir(dir), "msgs", "*.blk"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no block files: %v", err)
		}
		return names
	}
	flip := func(name string) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		err = os.WriteFile(name, data, 0o640)
		if err != nil {
			t.Fatal(err)
		}
	}
	small := func() Options {
		o := testOptions(t.TempDir())
		o.MaxBytes = 120_000 // makes blocks of 32 kB
		return o
	}
	for name, damage := range map[string]func(dir string){
		"a block in the middle is gone": func(dir string) { os.Remove(filepath.Join(streamDir(dir), "msgs", "2.blk")) },
		"a bit of an old block":         func(dir string) { flip(filepath.Join(streamDir(dir), "msgs", "1.blk")) },
		"a bit of the newest block":     func(dir string) { names := blocks(dir); flip(names[len(names)-1]) },
		"a bit, and no index": func(dir string) {
			flip(filepath.Join(streamDir(dir), "msgs", "2.blk"))
			os.Remove(filepath.Join(streamDir(dir), "msgs", "index.db"))
		},
		"the newest block is gone": func(dir string) {
			names := blocks(dir)
			os.Remove(names[len(names)-1])
		},
		"the stream's description is gone": func(dir string) { os.Remove(filepath.Join(streamDir(dir), "meta.inf")) },
	} {
		o := small()
		last := fill(t, o, 25)
		if n := len(blocks(o.Dir)); n < 3 {
			t.Fatalf("only %d blocks", n)
		}
		damage(o.Dir)
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Logf("%s: open: %v", name, err)
			continue
		}
		// A lost end is seen by the consumers that had come further.
		err = l.CheckPosition(Position{Stream: l.StreamID(), Seq: last})
		if err == nil {
			done := errors.New("done")
			err = l.Follow(t.Context(), 0, func(bs []Batch) error {
				if bs[len(bs)-1].Seq == last {
					return done
				}
				return nil
			})
			if errors.Is(err, done) {
				t.Errorf("%s: nobody noticed", name)
			}
		}
		t.Logf("%s: %v", name, err)
		l.Close(t.Context())
	}
}

// A message that is not a frame stops the follower with sequence and offset.
func TestCorruptMessage(t *testing.T) {
	l := testOpen(t, testOptions(t.TempDir()))
	_, err := l.Append(t.Context(), Visit, []byte("good"))
	if err != nil {
		t.Fatal(err)
	}
	bad := encode([]Record{{Visit, []byte("bad")}})
	bad[len(bad)-1] ^= 1
	seq, err := l.store().publish(bad)
	if err != nil || seq != 2 {
		t.Fatalf("%d, %v", seq, err)
	}
	l.last.Store(seq)
	l.tail.reset(seq)
	got := 0
	err = l.Follow(t.Context(), 0, func(bs []Batch) error { got += len(bs); return nil })
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Seq != 2 || corrupt.Offset != frameHeader+2 {
		t.Errorf("follow: %v", err)
	}
}

// What was read from memory is what is read from the store.
func TestTailEqualsStore(t *testing.T) {
	l := testOpen(t, testOptions(t.TempDir()))
	leave := l.tail.follow()
	defer leave()
	for i := range 10 {
		_, err := l.Append(t.Context(), Visit, fmt.Append(nil, "record ", i))
		if err != nil {
			t.Fatal(err)
		}
	}
	// The tail takes a message after its Append has returned.
	last, changed := uint64(0), (<-chan struct{})(nil)
	for _, last, changed = l.tail.after(0, 100, 1<<20); last < 10; _, last, changed = l.tail.after(0, 100, 1<<20) {
		<-changed
	}
	held, _, _ := l.tail.after(0, 100, 1<<20)
	stored, err := l.store().read(t.Context(), 1, 100, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(held) != 10 || len(stored) != 10 {
		t.Fatalf("%d held, %d stored", len(held), len(stored))
	}
	for i := range held {
		if held[i].seq != stored[i].seq || string(held[i].frame) != string(stored[i].frame) {
			t.Errorf("message %d differs", i+1)
		}
	}
	// The size we count is the size the store counts.
	info, err := l.store().stream.Info(t.Context())
	if err != nil || int64(info.State.Bytes) != l.used.Load() {
		t.Errorf("store %d bytes, counted %d; %v", info.State.Bytes, l.used.Load(), err)
	}
}

func TestTailIsBounded(t *testing.T) {
	var tl tail
	leave := tl.follow()
	frame := make([]byte, 1<<20)
	for seq := uint64(1); seq <= 20; seq++ {
		tl.push(seq, frame)
	}
	ready, last, _ := tl.after(19, 10, 1<<30)
	if len(ready) != 1 || last != 20 || tl.bytes > tailBytes {
		t.Errorf("%d ready, last %d, %d bytes", len(ready), last, tl.bytes)
	}
	if ready, _, _ := tl.after(5, 10, 1<<30); len(ready) != 0 {
		t.Error("messages that were dropped are delivered")
	}
	if ready, _, _ := tl.after(14, 10, 1); len(ready) != 1 {
		t.Errorf("%d messages over the limit of bytes", len(ready))
	}
	leave()
	if len(tl.messages) != 0 || tl.bytes != 0 {
		t.Error("kept without a follower")
	}
	tl.push(21, frame)
	if ready, last, _ := tl.after(20, 10, 1); len(ready) != 0 || last != 21 {
		t.Error("kept without a follower")
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	o := testOptions(t.TempDir())
	o.Registerer = reg
	l := testOpen(t, o)
	for range 5 {
		_, err := l.Append(t.Context(), Visit, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
	}
	l.Spool(Class(77), nil) // dropped
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch {
			case m.GetHistogram() != nil:
				got[f.GetName()] += float64(m.GetHistogram().GetSampleCount())
			case m.GetGauge() != nil:
				got[f.GetName()] += m.GetGauge().GetValue()
			default:
				got[f.GetName()] += m.GetCounter().GetValue()
			}
		}
	}
	for name, want := range map[string]float64{
		"clickledger_log_unacked_total": 0, "clickledger_log_spooled_total": 0, "clickledger_log_dropped_total": 1,
		"clickledger_log_batches_total": 5, "clickledger_log_records_total": 5, "clickledger_log_write_seconds": 5,
		"clickledger_log_bytes": float64(l.used.Load()), "clickledger_log_limit_bytes": 10 << 30,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	err = l.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testOpen(t, o) // the names are free again
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no directory":     {},
		"tiny log":         {Dir: "x", MaxBytes: 100},
		"huge batch":       {Dir: "x", MaxBatchBytes: MaxRecordBytes + 1},
		"negative reserve": {Dir: "x", MinFreeBytes: -1},
	} {
		_, err := Open(t.Context(), o)
		if err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	err := os.WriteFile(file, nil, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), testOptions(filepath.Join(file, "below")))
	if err == nil {
		t.Error("opened below a file")
	}
}
