package edge

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/event"
)

// raw makes a request as hostile as the fuzzer likes: what a real server would refuse
// before us is let through, since another one in front may not.
func raw(method, path, query, name, value string, body []byte) *http.Request {
	u := &url.URL{Path: path, RawQuery: query}
	if plain, err := url.PathUnescape(path); err == nil {
		u.Path, u.RawPath = plain, path
	}
	return &http.Request{
		Method: method, URL: u, RequestURI: path + "?" + query, Host: value, RemoteAddr: value, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{http.CanonicalHeaderKey(name): {value}, "User-Agent": {value}, "Cookie": {value}, "Referer": {value}, "Accept": {value}},
		Body:   readCloser{bytes.NewReader(body)},
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// harmless holds for every answer: no error of ours, one Location, no split header.
func harmless(t *testing.T, s *sink, allowed ...int) {
	t.Helper()
	if s.status >= 500 {
		ok := false
		for _, a := range allowed {
			ok = ok || s.status == a
		}
		if !ok {
			t.Fatalf("status %d", s.status)
		}
	}
	if s.status == 0 {
		t.Fatal("no answer")
	}
	for name, values := range s.h {
		if len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") || strings.ContainsAny(name, "\r\n\x00 :") {
			t.Fatalf("header %q: %q", name, values)
		}
		for i := range len(values[0]) {
			if c := values[0][i]; c < ' ' || c > '~' {
				t.Fatalf("header %q: byte %#x in %q", name, c, values[0])
			}
		}
	}
}

func seeds(f *testing.F, add func(value string)) {
	for _, v := range hostile {
		add(v)
	}
	for _, v := range []string{strings.Repeat("A", 64<<10), strings.Repeat("{sub1}", 100), "{{{{}}}}", "%7B%7Bsub1%7D%7D", "https://shop.example/\r\n", "https://shop.example/?a=b#c"} {
		add(v)
	}
}

func FuzzLink(f *testing.F) {
	w := newWorld(f)
	w.log.discard = true
	handler := w.edge.Handler()
	seeds(f, func(v string) {
		f.Add("GET", "/c/house", "sub1="+v+"&sub2="+v+"&url="+v, "Sec-Purpose", v)
		f.Add("GET", "/c/"+v, v, "X-Forwarded-For", v)
		f.Add("HEAD", "/c/k1", "url=https://shop.example/"+v, v, v)
	})
	f.Add("GET", "//c/k1", "a;b=%zz", "Purpose", "prefetch")
	f.Fuzz(func(t *testing.T, method, path, query, name, value string) {
		s := &sink{h: http.Header{}}
		r := raw(method, path, query, name, value, nil)
		handler.ServeHTTP(s, r)
		harmless(t, s, http.StatusServiceUnavailable)
		if s.status == http.StatusServiceUnavailable && (!strings.HasPrefix(r.URL.EscapedPath(), linkPrefix) || len(s.h["Retry-After"]) != 0) {
			t.Fatal("only a prefetch is told to come back")
		}
		if to := s.h.Get("Location"); to != "" && !strings.HasPrefix(to, "https://shop.example/") && !strings.HasPrefix(to, "https://other.example/") {
			t.Fatalf("open redirect to %q", to)
		}
	})
}

func FuzzPostback(f *testing.F) {
	w := newWorld(f)
	handler := w.edge.Handler()
	seeds(f, func(v string) {
		f.Add("POST", "/postback", "click_id="+v, "Content-Type", v, []byte(v))
		f.Add("GET", "/pixel.gif", v, "Accept", v, []byte(nil))
	})
	f.Add("POST", "/pixel", "key=puboff1", "Content-Type", "application/json", []byte(`{"amount":1e999,"x":{"y":[]}}`))
	f.Fuzz(func(t *testing.T, method, path, query, name, value string, body []byte) {
		s := &sink{h: http.Header{}}
		r := raw(method, path, query, name, value, body)
		handler.ServeHTTP(s, r)
		harmless(t, s)
		signals := w.log.signals(t)
		if len(signals) > 1 {
			t.Fatalf("%d signals of one request", len(signals))
		}
		for _, got := range signals {
			if got.Query != query[:min(len(query), event.MaxURL+1)] || !bytes.Equal(got.Body, body[:min(len(body), event.MaxBody)]) {
				t.Fatal("the log does not hold what was sent")
			}
		}
	})
}
