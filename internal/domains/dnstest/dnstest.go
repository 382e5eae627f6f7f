// Package dnstest is a name server on the loopback for tests: a real one, which answers what
// it was told.
//
// Invariant: it knows no name that a test did not set.
package dnstest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Server answers questions for addresses.
type Server struct {
	conn net.PacketConn

	mu     sync.Mutex
	names  map[string][]netip.Addr
	silent bool
}

// New starts a server for the time of the test.
func New(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(errors.Join(err, l.Close()))
	}
	s := &Server{conn: conn, names: map[string][]netip.Addr{}}
	var done sync.WaitGroup
	done.Go(s.serve)
	done.Go(func() { s.serveTCP(l) })
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), l.Close()); err != nil {
			t.Error(err)
		}
		done.Wait()
	})
	return s
}

// Set gives a name its addresses; none takes it away.
func (s *Server) Set(host string, addrs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[host] = nil
	for _, a := range addrs {
		s.names[host] = append(s.names[host], netip.MustParseAddr(a))
	}
}

// Silence makes it answer nothing at all.
func (s *Server) Silence(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = on
}

// Addr is where it answers.
func (s *Server) Addr() string { return s.conn.LocalAddr().String() }

// Resolver asks this server and no other.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

func (s *Server) serve() {
	buf := make([]byte, 4096)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		answer := s.answer(buf[:n])
		if answer != nil {
			_, _ = s.conn.WriteTo(answer, from) // who asked asks again
		}
	}
}

// serveTCP answers one question per connection, as few ask more.
func (s *Server) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second)) // who asks nothing is left alone
		var length [2]byte
		_, err = io.ReadFull(c, length[:])
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		if err == nil {
			_, err = io.ReadFull(c, question)
		}
		if answer := s.answer(question); err == nil && answer != nil {
			_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)) // who asked asks again
		}
		_ = c.Close()
	}
}

func (s *Server) answer(question []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var m dnsmessage.Message
	if s.silent || m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
	addrs := s.names[strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")]
	if len(addrs) == 0 {
		out.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range addrs {
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			h.Type = dnsmessage.TypeA
			out.Answers = append(out.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			h.Type = dnsmessage.TypeAAAA
			out.Answers = append(out.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	b, err := out.Pack()
	if err != nil {
		return nil
	}
	return b
}
