package outbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const patience = 20 * time.Second

// memory is the store, as far as the sender needs one.
type memory struct {
	Store // what the sender does not use
	mu    sync.Mutex
	rows  map[string]*Delivery
	tries map[string][]*Try
	fail  int // so many writes of outcomes fail
	saves int
}

func (m *memory) DueDeliveries(_ context.Context, now int64, limit int) ([]*Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*Delivery
	for _, d := range m.rows {
		if d.State == StateWaiting && d.NextAt <= now {
			c := *d
			out = append(out, &c)
		}
	}
	slices.SortFunc(out, func(a, b *Delivery) int {
		if a.NextAt != b.NextAt {
			return int(a.NextAt - b.NextAt)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out[:min(len(out), limit)], nil
}

func (m *memory) SaveDelivery(_ context.Context, d *Delivery, t *Try) (Failures, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves++
	if m.fail > 0 {
		m.fail--
		return Failures{}, errors.New("the disk is full")
	}
	c := *d
	m.rows[d.ID] = &c
	m.tries[d.ID] = append(m.tries[d.ID], t)
	return Failures{}, nil
}

func (m *memory) add(id, url string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[id] = &Delivery{ID: id, URL: url, Method: http.MethodGet, State: StateWaiting, Created: start.UnixMicro(), NextAt: 1}
}

func (m *memory) triesOf(id string) []*Try {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.tries[id])
}

func (m *memory) get(id string) Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.rows[id]
}

// start is when the tests begin.
var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// world is a sender with its store and clock.
type world struct {
	t     *testing.T
	store *memory
	*Sender

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: &memory{rows: map[string]*Delivery{}, tries: map[string][]*Try{}}, now: start}
	w.Sender = NewSender(w.store, w.clock, true, slog.New(slog.DiscardHandler))
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// passTo sets the clock and wakes the sender.
func (w *world) passTo(µs int64) {
	w.mu.Lock()
	w.now = time.UnixMicro(µs)
	w.mu.Unlock()
	w.Wake()
}

// start runs the sender until the test ends or stop is called.
func (w *world) start() (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// receiver is a publisher's tracker.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []string // paths
}

func newReceiver(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.got = append(r.got, req.URL.Path)
		r.mu.Unlock()
		answer(res, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) calls() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func ok(http.ResponseWriter, *http.Request) {}

// Each way a receiver can answer.
func TestAnswers(t *testing.T) {
	elsewhere := newReceiver(t, ok)
	stall := func(r *http.Request) { <-r.Context().Done() }
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		state  string
		status int64
		text   string // of the answer
		err    string // in the error
	}{
		"accepts": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Clickledger-Delivery") != "dlv_1" || r.Header.Get("User-Agent") != "clickledger" || r.URL.RawQuery != "a=1&b=%20" {
				http.Error(w, "not as it should be", 500)
				return
			}
			fmt.Fprint(w, "thanks")
		}, StateSent, 200, "thanks", ""},
		"has nothing to say": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, StateSent, 204, "", ""},
		"fails":              {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oh", 500) }, StateWaiting, 500, "oh\n", "answered 500"},
		"is gone":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, StateDead, 410, "", "answered 410"},
		"refuses":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, StateWaiting, 404, "", "answered 404"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, 302) }, StateWaiting, 302,
			"<a href=\"" + elsewhere.URL + "\">Found</a>.\n\n", "not followed"},
		"stalls":             {func(_ http.ResponseWriter, r *http.Request) { stall(r) }, StateWaiting, 0, "", "no answer within 300ms"},
		"stalls in the body": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "we"); w.(http.Flusher).Flush(); stall(r) }, StateWaiting, 200, "we", "reading the answer"},
		"hangs up":           {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, StateWaiting, 0, "", "EOF"},
		"never ends": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, StateSent, 200, strings.Repeat("\uFFFD", maxAnswer), ""},
		"answers in no encoding": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a\xffb\x00") }, StateSent, 200, "a\uFFFDb\uFFFD", ""},
		"sends huge headers": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) },
			StateWaiting, 0, "", "headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, c.answer)
			w := newWorld(t)
			w.timeout = 300 * time.Millisecond
			w.store.add("dlv_1", r.URL+"/pb?a=1&b=%20")
			w.start()
			eventually(t, "an outcome", func() bool { return w.store.get("dlv_1").Tries == 1 })
			d := w.store.get("dlv_1")
			if d.State != c.state || d.Status != c.status || d.Answer != c.text || (c.err == "") != (d.Error == "") || !strings.Contains(d.Error, c.err) {
				t.Errorf("%+v", d)
			}
			if strings.Contains(d.Error, "/pb") {
				t.Errorf("the error holds the URL: %s", d.Error)
			}
			if final := d.State != StateWaiting; final != (d.DoneAt > 0) || final != (d.NextAt == 0) {
				t.Errorf("done at %d, next at %d", d.DoneAt, d.NextAt)
			}
		})
	}
	t.Cleanup(func() {
		if n := len(elsewhere.calls()); n > 0 {
			t.Errorf("a redirect was followed %d times", n)
		}
	})
}

// What fails first is tried again, and done when it is accepted.
func TestTriedAgain(t *testing.T) {
	fails := make(chan struct{}, 2)
	fails <- struct{}{}
	fails <- struct{}{}
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-fails:
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(500)
		default:
		}
	})
	w := newWorld(t)
	w.store.add("dlv_1", r.URL)
	w.start()
	for try := int64(1); try <= 2; try++ {
		eventually(t, "a failure", func() bool { return w.store.get("dlv_1").Tries == try })
		d := w.store.get("dlv_1")
		if wait := d.NextAt - w.clock().UnixMicro(); wait < (600 * time.Second).Microseconds() {
			t.Errorf("Retry-After was not kept: %d µs", wait)
		}
		w.passTo(d.NextAt)
	}
	eventually(t, "success", func() bool { return w.store.get("dlv_1").State == StateSent })
	if d := w.store.get("dlv_1"); d.Tries != 3 || d.Error != "" || d.Status != 200 || len(r.calls()) != 3 {
		t.Errorf("%+v after %d calls", d, len(r.calls()))
	}
}

// The schedule, with its jitter, until a delivery is too old: then it is a dead letter.
func TestSchedule(t *testing.T) {
	for _, age := range []time.Duration{time.Minute, 3 * time.Hour, MaxAge, 10 * 24 * time.Hour} {
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
		w := newWorld(t)
		w.MaxAge = age
		w.store.add("dlv_1", r.URL)
		w.start()
		var d Delivery
		for i := 0; ; i++ {
			eventually(t, "a failure", func() bool { return w.store.get("dlv_1").Tries == int64(i+1) })
			d = w.store.get("dlv_1")
			pause := Schedule[min(i, len(Schedule)-1)]
			if d.State == StateDead {
				if now := w.clock(); now.Add(pause+pause/5).Sub(start) <= age {
					t.Errorf("of at most %v it is given up after %v already", age, now.Sub(start))
				}
				break
			}
			got := time.Duration(d.NextAt-w.clock().UnixMicro()) * time.Microsecond
			if d.State != StateWaiting || got < pause || got > pause+pause/5+time.Microsecond || time.UnixMicro(d.NextAt).Sub(start) > age {
				t.Errorf("after failure %d it waits %v, want %v and up to a fifth more: %+v", i+1, got, pause, d)
			}
			w.passTo(d.NextAt - 1) // not yet
			w.passTo(d.NextAt)
		}
		tries := w.store.triesOf("dlv_1")
		if d.NextAt != 0 || d.DoneAt == 0 || int64(len(r.calls())) != d.Tries || int64(len(tries)) != d.Tries || d.Error == "" {
			t.Errorf("%+v after %d calls", d, len(r.calls()))
		}
		for i, try := range tries {
			if try.N != int64(i+1) || try.Status != 503 || try.Error == "" || !strings.Contains(try.Headers, "Clickledger-Delivery: dlv_1") || i > 0 && try.At <= tries[i-1].At {
				t.Errorf("try %+v", try)
			}
		}
	}
}

// What waited longer than it may, as after a long stop, is tried once all the same.
func TestOldIsTriedOnce(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	w := newWorld(t)
	w.store.add("dlv_1", r.URL)
	w.passTo(start.Add(30 * 24 * time.Hour).UnixMicro())
	w.start()
	eventually(t, "a dead letter", func() bool { return w.store.get("dlv_1").State == StateDead })
	if n := len(r.calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// Nobody asks for a pause beyond a delivery's age.
func TestRetryAfterHasAnEnd(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(429)
	})
	w := newWorld(t)
	w.MaxAge = time.Hour
	w.store.add("dlv_1", r.URL)
	w.start()
	eventually(t, "a failure", func() bool { return w.store.get("dlv_1").Tries == 1 })
	if d := w.store.get("dlv_1"); d.State != StateWaiting || d.NextAt != start.Add(time.Hour).UnixMicro() {
		t.Errorf("%+v", d)
	}
}

// A host that does not answer delays no other, also when it has far more to get than
// a page holds.
func TestSlowHost(t *testing.T) {
	slow := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	fast := newReceiver(t, ok)
	w := newWorld(t)
	for i := range 20 * page {
		w.store.add(fmt.Sprintf("dlv_%05d", i), slow.URL)
	}
	w.store.add("dlv_99999", fast.URL)
	stop := w.start()
	eventually(t, "the fast host has its postback", func() bool { return w.store.get("dlv_99999").State == StateSent })
	if n := len(slow.calls()); n > perHost {
		t.Errorf("%d calls to one host at a time", n)
	}
	stop()
}

// What was under way when the sender stopped is sent again: at least once.
func TestAtLeastOnce(t *testing.T) {
	hang := make(chan struct{})
	r := newReceiver(t, func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-hang:
		case <-req.Context().Done():
		}
	})
	w := newWorld(t)
	w.store.add("dlv_1", r.URL)
	stop := w.start()
	eventually(t, "the call", func() bool { return len(r.calls()) == 1 })
	stop()
	if d := w.store.get("dlv_1"); d.Tries != 0 || d.State != StateWaiting {
		t.Fatalf("after the stop: %+v", d)
	}
	close(hang)
	again := newWorld(t)
	again.store = w.store
	again.Store = w.store
	again.start()
	eventually(t, "it is sent", func() bool { return w.store.get("dlv_1").State == StateSent })
	if n := len(r.calls()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// An outcome that cannot be stored is stored later; the receiver is not called again
// and again meanwhile.
func TestOutcomeNotStored(t *testing.T) {
	r := newReceiver(t, ok)
	w := newWorld(t)
	w.store.fail = 1
	w.store.add("dlv_1", r.URL)
	w.start()
	eventually(t, "the outcome is stored", func() bool { return w.store.get("dlv_1").State == StateSent })
	if n := len(r.calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// A panic-free life with URLs that are none.
func TestBadURL(t *testing.T) {
	w := newWorld(t)
	for i, u := range []string{"", "://", "http://", "http://[::1", "ftp://example.com/", "http://a b/", "http://\x00/"} {
		w.store.add(fmt.Sprint("dlv_", i), u)
	}
	w.start()
	for i := range 7 {
		id := fmt.Sprint("dlv_", i)
		eventually(t, "an outcome", func() bool { return w.store.get(id).Tries == 1 })
		if d := w.store.get(id); d.State != StateWaiting || d.Error == "" {
			t.Errorf("%+v", d)
		}
	}
}

func TestPublic(t *testing.T) {
	for _, s := range []string{"8.8.8.8", "1.1.1.1", "192.0.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2a00:1450:4001::5"} {
		if !Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is public", s)
		}
	}
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1", "2001::1",
		"2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1", "2606:4700::1111%eth0",
	} {
		if Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is not public", s)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// The address that is dialed is what is checked, whatever name led to it.
func TestPrivateIsNotDialed(t *testing.T) {
	r := newReceiver(t, ok)
	_, port, err := net.SplitHostPort(r.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.AllowPrivate = false
	hosts := []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1"}
	for i, h := range hosts {
		w.store.add(fmt.Sprint("dlv_", i), "http://"+h+":"+port+"/")
	}
	w.start()
	for i, h := range hosts {
		id := fmt.Sprint("dlv_", i)
		eventually(t, "an outcome", func() bool { return w.store.get(id).Tries == 1 })
		d := w.store.get(id)
		if d.State == StateSent || d.Error == "" {
			t.Errorf("%s was called: %+v", h, d)
		}
		if i < 4 && !strings.Contains(d.Error, "not a public one") {
			t.Errorf("%s: %s", h, d.Error)
		}
	}
	if n := len(r.calls()); n != 0 {
		t.Errorf("%d calls arrived", n)
	}
}

// Stopping does not wait for a receiver that stalls.
func TestStopsAtOnce(t *testing.T) {
	r := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w := newWorld(t)
	for i := range 5 {
		w.store.add(fmt.Sprint("dlv_", i), r.URL)
	}
	stop := w.start()
	eventually(t, "a call", func() bool { return len(r.calls()) > 0 })
	done := make(chan struct{})
	go func() { stop(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience / 2):
		t.Error("it waits")
	}
}

// slowReader gives what is due only after what was under way has ended.
type slowReader struct {
	*memory
	ended func() bool
	reads int
}

func (r *slowReader) DueDeliveries(ctx context.Context, now int64, limit int) ([]*Delivery, error) {
	ds, err := r.memory.DueDeliveries(ctx, now, limit)
	r.reads++
	if r.reads == 2 {
		for end := time.Now().Add(patience); !r.ended() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
	}
	return ds, err
}

// A delivery that ends while the store is asked what is due is not called again by what was
// read before.
func TestAStaleReadingCallsNobodyTwice(t *testing.T) {
	answer := make(chan struct{})
	r := newReceiver(t, func(http.ResponseWriter, *http.Request) { <-answer })
	w := newWorld(t)
	w.store.add("dlv_1", r.URL+"/1")
	w.Store = &slowReader{memory: w.store, ended: func() bool {
		select {
		case <-answer:
		default:
			close(answer)
		}
		w.Sender.mu.Lock()
		defer w.Sender.mu.Unlock()
		return len(w.Sender.ids) == 0
	}}
	stop := w.start()
	eventually(t, "it is taken", func() bool { return w.store.get("dlv_1").State == StateSent })
	w.store.add("dlv_2", r.URL+"/2")
	w.Wake()
	eventually(t, "a later one is taken", func() bool { return w.store.get("dlv_2").State == StateSent })
	stop()
	if got := r.calls(); !slices.Equal(got, []string{"/1", "/2"}) {
		t.Errorf("called %v, want each once", got)
	}
}
