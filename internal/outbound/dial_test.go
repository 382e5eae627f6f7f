package outbound

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"clickledger/internal/store/pgtest"
)

// nameServer answers questions for A records, the n-th with the n-th list of addresses, the
// last for ever; there is nothing else in it.
type nameServer struct {
	net.PacketConn
	mu      sync.Mutex
	answers [][]netip.Addr
	asked   int
}

func newNameServer(t *testing.T, answers ...[]netip.Addr) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{PacketConn: conn, answers: answers}
	done := make(chan struct{})
	go func() { defer close(done); s.serve() }()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return s
}

func (s *nameServer) serve() {
	buf := make([]byte, 512)
	for {
		n, from, err := s.ReadFrom(buf)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		end := 12
		for end < n && buf[end] != 0 {
			end += int(buf[end]) + 1
		}
		end += 5
		if end > n {
			continue
		}
		var as []netip.Addr
		if kind := binary.BigEndian.Uint16(buf[end-4:]); kind == 1 {
			s.mu.Lock()
			as = s.answers[min(s.asked, len(s.answers)-1)]
			s.asked++
			s.mu.Unlock()
		}
		reply := append([]byte{buf[0], buf[1], 0x81, 0x80, 0, 1, 0, byte(len(as)), 0, 0, 0, 0}, buf[12:end]...)
		for _, a := range as {
			ip := a.As4()
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
			reply = append(reply, ip[:]...)
		}
		if _, err := s.WriteTo(reply, from); err != nil {
			return
		}
	}
}

func (s *nameServer) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", s.LocalAddr().String())
	}}
}

// A name whose second answer is another address than its first (DNS rebinding) reaches
// nothing: what is checked is the address of the very connection. 127.0.0.2 stands for a
// public host here, on 127.0.0.1 is what must not be called.
func TestRebinding(t *testing.T) {
	public, private := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	for name, c := range map[string]struct {
		answers [][]netip.Addr
		states  []string
	}{
		"changes its mind":      {[][]netip.Addr{{public}, {private}}, []string{StateSent, StateWaiting}},
		"answers both":          {[][]netip.Addr{{private, public}}, []string{StateSent, StateSent}},
		"is private at first":   {[][]netip.Addr{{private}, {public}}, []string{StateWaiting, StateSent}},
		"is private both times": {[][]netip.Addr{{private}}, []string{StateWaiting, StateWaiting}},
	} {
		t.Run(name, func(t *testing.T) {
			inside := newReceiver(t, ok)
			_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", net.JoinHostPort(public.String(), port))
			if err != nil {
				pgtest.Absent(t, "all of 127.0.0.0/8: "+err.Error())
			}
			outside := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Connection", "close") // so that the next call is dialed anew
			})}}
			outside.Start()
			defer outside.Close()
			dns := newNameServer(t, c.answers...)
			w := newWorld(t)
			w.AllowPrivate = false
			w.resolver, w.public = dns.resolver(), func(a netip.Addr) bool { return a == public }
			for _, want := range c.states {
				asked := dns.questions()
				d := &Delivery{ID: "dlv_" + want, Method: "GET", URL: "http://rebind.example:" + port + "/", State: StateWaiting, Created: start.UnixMicro()}
				try, _ := w.call(t.Context(), d)
				if got := try.Error == ""; got != (want == StateSent) {
					t.Errorf("want %s: %+v", want, try)
				}
				if want != StateSent && !strings.Contains(try.Error, "127.0.0.1 is not a public one") {
					t.Errorf("the error is %q", try.Error)
				}
				if dns.questions() == asked {
					t.Error("the name server was not asked")
				}
			}
			if n := len(inside.calls()); n != 0 {
				t.Errorf("%d calls to the private address", n)
			}
		})
	}
}
