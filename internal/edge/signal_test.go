package edge

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// judged makes the log's records be judged at once, as the processor would.
func (w *world) judged(a Answer) {
	w.log.onAppend = func(r eventlog.Record) {
		s, err := event.DecodeSignal(r.Data)
		if err == nil {
			w.hub.Release(s.ID, a)
		}
	}
}

func waitLong(o *Options) { o.VerdictWait = time.Minute }

func TestPostbackIsLoggedRaw(t *testing.T) {
	w := newWorld(t, https)
	body := "payout=1;2&x=\x00\xff"
	res := w.do(t, http.MethodPost, "/postback?click_id=%7Bx%7D&a;b=%zz&token=t", strings.NewReader(body),
		"Content-Type", "application/x-www-form-urlencoded; charset=utf-8", "Cookie", "__Host-cltid=never", "Referer", "https://shop.example/ty")
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("status %d", res.StatusCode)
	}
	s := w.log.signals(t)
	want := []*event.Signal{{
		ID: s[0].ID, At: w.at.UnixMicro(), Kind: event.SignalPostback, HTTPMethod: "POST", Host: "trk.example", Path: "/postback",
		Query: "click_id=%7Bx%7D&a;b=%zz&token=t", BodyType: "application/x-www-form-urlencoded; charset=utf-8", Body: []byte(body),
		Addr: "127.0.0.0", UserAgent: chrome, Referer: "https://shop.example/ty",
	}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	wantHeaders(t, res.Header, map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store, private, max-age=0", "X-Content-Type-Options": "nosniff",
		"Clickledger-Verdict": "received", "Clickledger-Signal": s[0].ID.String()})
}

func TestPostbackAnswersTheVerdict(t *testing.T) {
	for v, info := range event.Verdicts {
		w := newWorld(t, waitLong)
		if !info.Final {
			w = newWorld(t) // does not wait: the latest known is the answer
		}
		w.judged(Answer{Verdict: v, Detail: "About \"this\" <one>.\r\nX: y", Field: "payout", Conversion: "cnv_1"})
		res := w.get(t, "/postback?click_id=x")
		var got map[string]string
		if err := json.Unmarshal([]byte(readAll(t, res.Body)), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"verdict": string(v), "message": info.Sentence, "detail": "About \"this\" <one>.\r\nX: y", "field": "payout",
			"signal": w.log.signals(t)[0].ID.String(), "conversion": "cnv_1"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", v, d)
		}
		if res.StatusCode != info.Status || res.Header.Get("Clickledger-Verdict") != string(v) || res.Header.Get("X") != "" {
			t.Errorf("%s: status %d, headers %v", v, res.StatusCode, res.Header)
		}
		if n := w.hub.Waiting(); n != 0 {
			t.Errorf("%s: %d still wait", v, n)
		}
	}
}

func TestAnswerAsText(t *testing.T) {
	for accept, text := range map[string]bool{
		"text/plain": true, "text/plain;q=0.9, text/html": true, "": false, "*/*": false, "application/json, text/plain, */*": false,
		"text/html,application/xhtml+xml,*/*;q=0.8": false,
	} {
		w := newWorld(t, waitLong)
		w.judged(Answer{Verdict: event.Duplicate, Detail: "Order A-1\r\nwas here."})
		res := w.get(t, "/postback?click_id=x", "Accept", accept)
		body := readAll(t, res.Body)
		if !text {
			if res.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(body, `{"verdict":"duplicate","message":`) {
				t.Errorf("%q: %s", accept, body)
			}
			continue
		}
		want := "verdict=duplicate; The conversion was recorded before; nothing was added. Order A-1  was here.\n"
		if body != want || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%q: %q", accept, body)
		}
	}
}

func TestSignalLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		query string
		body  int
		large bool
	}{
		"full query":     {strings.Repeat("q", event.MaxURL), 0, false},
		"query too long": {strings.Repeat("q", event.MaxURL+1), 0, true},
		"longer":         {strings.Repeat("q", 60_000), 10, true},
		"full body":      {"a=1", event.MaxBody - 1, false},
		"body too long":  {"a=1", event.MaxBody, true},
		"much longer":    {"a=1", 1 << 20, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, path := range []string{"/postback", "/pixel"} {
				res := w.do(t, http.MethodPost, path+"?"+tc.query, strings.NewReader(strings.Repeat("b", tc.body)))
				verdict, status := "received", http.StatusAccepted
				if tc.large {
					verdict, status = "too_large", http.StatusRequestEntityTooLarge
				}
				if path == "/pixel" {
					status = http.StatusOK
				}
				if res.StatusCode != status || res.Header.Get("Clickledger-Verdict") != verdict {
					t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Clickledger-Verdict"))
				}
				s := w.log.signals(t)
				if len(s) != 1 || len(s[0].Query) != min(len(tc.query), event.MaxURL+1) || len(s[0].Body) != min(tc.body, event.MaxBody) {
					t.Errorf("%s: the log must keep what was sent, cut right behind the limit", path)
				}
			}
		})
	}
}

func TestSignalThatCannotBeLogged(t *testing.T) {
	for _, fail := range []error{eventlog.ErrFull, eventlog.ErrFailed, eventlog.ErrDeadline, errors.New("odd")} {
		w := newWorld(t, waitLong)
		w.log.fail = fail
		res := w.get(t, "/postback?click_id=x")
		if res.StatusCode != 503 || res.Header.Get("Clickledger-Verdict") != "log_unavailable" || res.Header.Get("Retry-After") == "" {
			t.Errorf("%v: %d %v", fail, res.StatusCode, res.Header)
		}
		pixel := w.get(t, "/pixel.gif?key=x")
		if pixel.StatusCode != 200 || pixel.Header.Get("Clickledger-Verdict") != "log_unavailable" || readAll(t, pixel.Body) != string(gif) {
			t.Errorf("%v: pixel %d %v", fail, pixel.StatusCode, pixel.Header)
		}
		if len(w.log.spooled) != 0 || w.hub.Waiting() != 0 {
			t.Errorf("%v: %d spooled, %d wait: a signal is never kept without acknowledgment", fail, len(w.log.spooled), w.hub.Waiting())
		}
	}
}

func TestSignalWithoutID(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Minter = func() (event.ClickID, error) { return event.ClickID{}, errors.New("disk full") }
	})
	if res := w.get(t, "/postback?click_id=x"); res.StatusCode != 503 || res.Header.Get("Clickledger-Signal") != "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if res := w.get(t, "/pixel?key=x"); res.StatusCode != 200 || res.Header.Get("Clickledger-Verdict") != "log_unavailable" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBodyThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	for path, status := range map[string]int{"/postback": 400, "/pixel": 200} {
		r, err := http.NewRequest(http.MethodPost, "http://trk.example"+path, brokenBody{})
		if err != nil {
			t.Fatal(err)
		}
		s := sink{h: http.Header{}}
		w.edge.Handler().ServeHTTP(&s, r)
		if s.status != status || s.h.Get("Clickledger-Verdict") != "malformed_body" || len(w.log.signals(t)) != 0 {
			t.Errorf("%s: %d %v", path, s.status, s.h)
		}
	}
}

func TestPixel(t *testing.T) {
	for _, path := range []string{"/pixel.gif", "/pixel"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			w := newWorld(t, https, waitLong) // a minute: were it to wait, the test would hang
			res := w.do(t, method, path+"?key=puboff1", nil, "Cookie", "a=1; __Host-cltid=puboff1_x_y; cltid=no", "Origin", "https://shop.example")
			s := w.log.signals(t)[0]
			if body := readAll(t, res.Body); res.StatusCode != 200 || body != string(gif) || len(body) != 43 {
				t.Errorf("%s %s: %d, %d bytes", method, path, res.StatusCode, len(body))
			}
			wantHeaders(t, res.Header, map[string]string{
				"Content-Type": "image/gif", "Content-Length": "43", "Cache-Control": "no-store, private, max-age=0",
				"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Clickledger-Verdict, Clickledger-Signal",
				"Cross-Origin-Resource-Policy": "cross-origin", "Clickledger-Verdict": "received", "Clickledger-Signal": s.ID.String()})
			if res.Header.Get("Access-Control-Allow-Credentials") != "" || res.Header.Get("Set-Cookie") != "" {
				t.Errorf("headers %v", res.Header)
			}
			if s.Kind != event.SignalPixel || s.Cookie != "puboff1_x_y" || s.Path != path || s.HTTPMethod != method {
				t.Errorf("signal %+v", s)
			}
		}
	}
}

func TestPixelNamesAVerdictThatIsThere(t *testing.T) {
	w := newWorld(t)
	w.judged(Answer{Verdict: event.UnknownKey})
	if res := w.get(t, "/pixel?key=x"); res.StatusCode != 200 || res.Header.Get("Clickledger-Verdict") != "unknown_key" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestSignalMethods(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{http.MethodHead, "/postback?click_id=x", 200}, {http.MethodHead, "/pixel.gif?key=x", 200}, {http.MethodHead, "/pixel?key=x", 200},
		{http.MethodOptions, "/pixel?key=x", 204}, {http.MethodOptions, "/postback", 405},
		{http.MethodPut, "/postback?click_id=x", 405}, {http.MethodDelete, "/pixel", 405}, {http.MethodPatch, "/pixel.gif", 405},
	} {
		res := w.do(t, tc.method, tc.path, nil, "Origin", "https://shop.example")
		if res.StatusCode != tc.status {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, res.StatusCode, tc.status)
		}
		if tc.status == 405 && !strings.HasPrefix(res.Header.Get("Allow"), "GET, HEAD") {
			t.Errorf("%s %s: Allow %q", tc.method, tc.path, res.Header.Get("Allow"))
		}
	}
	if n := len(w.log.signals(t)); n != 0 {
		t.Errorf("%d signals recorded", n)
	}
}

// What only fetches ahead never converts.
func TestPrefetchIsNoSignal(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/postback?click_id=x", "/pixel.gif?key=x", "/pixel?key=x", "/d/flexoffers/da.ashx?refid=x", "/d/native/pixel?key=x"} {
		for _, header := range [][2]string{{"Sec-Purpose", "prefetch"}, {"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "prefetch"}, {"X-Moz", "prefetch"}} {
			if res := w.get(t, path, header[0], header[1]); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Cache-Control") == "" {
				t.Errorf("%s with %v: %d", path, header, res.StatusCode)
			}
		}
	}
	if n := len(w.log.signals(t)); n != 0 {
		t.Errorf("%d signals recorded", n)
	}
	w.get(t, "/pixel.gif?key=x")
	if n := len(w.log.signals(t)); n != 1 {
		t.Errorf("%d signals of a person", n)
	}
}

// A server's whole address is kept as long as some advertiser has a list, and it is the
// client's behind proxies that are trusted.
func TestAddressOfAServer(t *testing.T) {
	w := newWorld(t)
	adv := &catalog.Advertiser{Meta: meta("adv2"), Guards: catalog.Guards{AllowIPs: []string{"192.0.2.7"}}}
	last := func() string {
		s := w.log.signals(t)
		return s[len(s)-1].Addr
	}
	w.get(t, "/postback?click_id=x")
	if got := last(); got != "127.0.0.0" {
		t.Errorf("without a list: %s", got)
	}
	w.apply(adv)
	w.get(t, "/postback?click_id=x", "X-Forwarded-For", "192.0.2.7")
	if got := last(); got != "127.0.0.1" {
		t.Errorf("with a list, and no proxy that is trusted: %s", got)
	}
	w.get(t, "/pixel?key=x")
	if got := last(); got != "127.0.0.0" {
		t.Errorf("a page: %s", got)
	}
	again := *adv
	again.Archived = true
	w.apply(&again)
	w.get(t, "/postback?click_id=x")
	if got := last(); got != "127.0.0.0" {
		t.Errorf("without a list again: %s", got)
	}
}
