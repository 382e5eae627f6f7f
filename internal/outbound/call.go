package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"clickledger/internal/macro"
)

// Bounds of one try.
const (
	tryTimeout = 20 * time.Second
	maxAnswer  = 4 << 10 // of the answer's body that is read and kept, bytes
)

// newClient makes the client of all calls.
func (s *Sender) newClient() *http.Client {
	return &http.Client{
		// A redirect is an answer, and a failure: it is not followed (O1, O4).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				d := net.Dialer{Timeout: 10 * time.Second, Control: s.control, Resolver: s.resolver}
				return d.DialContext(ctx, network, address)
			},
			TLSHandshakeTimeout:    10 * time.Second,
			MaxIdleConnsPerHost:    perHost,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			Proxy:                  nil, // a proxy would dial for us, unchecked
		},
	}
}

// call makes the request and reports what came back; wait is the receiver's Retry-After.
func (s *Sender) call(ctx context.Context, d *Delivery) (t *Try, wait time.Duration) {
	began := time.Now() // how long it took is measured, not told by the delivery's clock
	t = &Try{Delivery: d.ID, N: d.Tries + 1, At: s.Now().UnixMicro()}
	wait, err := s.request(ctx, d, t)
	if err != nil {
		t.Error = err.Error()
	}
	t.Took = time.Since(began).Microseconds()
	return t, wait
}

// request makes the request and fills the try in.
func (s *Sender) request(ctx context.Context, d *Delivery, t *Try) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer within %s", s.timeout))
	defer cancel()
	var body io.Reader
	if d.BodyKind != "" {
		body = strings.NewReader(d.Body)
	}
	req, err := http.NewRequestWithContext(ctx, d.Method, d.URL, body)
	if err != nil {
		return 0, fmt.Errorf("the URL cannot be called: %w", plainError(err))
	}
	headers(d, req.Header)
	t.Headers = lines(req.Header)
	res, err := s.client.Do(req)
	if err != nil {
		return 0, plainError(err)
	}
	defer res.Body.Close()
	t.Status = int64(res.StatusCode)
	answer, readErr := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	t.Answer = strings.ToValidUTF8(strings.ReplaceAll(string(answer), "\x00", "\uFFFD"), "\uFFFD")
	if readErr != nil {
		return 0, fmt.Errorf("reading the answer: %w", plainError(readErr))
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return 0, nil
	}
	seconds, convErr := strconv.Atoi(res.Header.Get("Retry-After"))
	if convErr == nil && seconds > 0 {
		wait = time.Duration(min(seconds, 24*60*60)) * time.Second
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return wait, errors.New("the receiver answered with a redirect, which is not followed")
	}
	return wait, fmt.Errorf("the receiver answered %d", res.StatusCode)
}

// Headers that a delivery is sent with.
const (
	HeaderDelivery = "Clickledger-Delivery" // its id, the same in every try
	HeaderTest     = "Clickledger-Test"     // 1: a sample about nothing that happened
)

func headers(d *Delivery, h http.Header) {
	h.Set("User-Agent", "clickledger")
	h.Set(HeaderDelivery, d.ID)
	if d.State == StateTest {
		h.Set(HeaderTest, "1")
	}
	if d.BodyKind != "" {
		h.Set("Content-Type", macro.BodyTypes[d.BodyKind])
	}
}

// lines are the headers, a line each, by name.
func lines(h http.Header) string {
	var out []string
	for name, vs := range h {
		for _, v := range vs {
			out = append(out, name+": "+v)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// plainError drops the URL from a client's error: it may hold secrets (O5).
func plainError(err error) error {
	var op *net.OpError
	var private *PrivateAddrError
	switch {
	case errors.As(err, &private):
		return private
	case errors.As(err, &op):
		return op
	}
	if u := errors.Unwrap(err); u != nil {
		return u
	}
	return err
}

// PrivateAddrError says that a postback's host is an address we do not call.
type PrivateAddrError struct{ Addr string }

// Error names the address.
func (e *PrivateAddrError) Error() string {
	return "the host's address " + e.Addr + " is not a public one, and is not called"
}

// control checks the very address that is about to be dialed (O4): a name that
// resolves to something else by then changes nothing.
func (s *Sender) control(_, address string, _ syscall.RawConn) error {
	if s.AllowPrivate {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !s.public(ap.Addr()) {
		return &PrivateAddrError{ap.Addr().String()}
	}
	return nil
}

// special lists the ranges that are not public but that netip's predicates do not
// know: shared, benchmark, documentation and reserved space, and the ways to embed
// an IPv4 address in an IPv6 one.
var special = func() []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10",
	} {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}()

// unicast6 is all of IPv6 that is routed as global unicast so far: what is outside,
// such as ::7f00:1, may mean an IPv4 address.
var unicast6 = netip.MustParsePrefix("2000::/3")

// Public reports whether an address is one of the public Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && !unicast6.Contains(a) {
		return false
	}
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
