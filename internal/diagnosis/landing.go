package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
)

// Bounds of a visit to a landing page (rulebook O4).
const (
	visitTimeout = 10 * time.Second
	maxHops      = 5        // redirects
	maxBody      = 64 << 10 // bytes that are read; a page is not looked into
	visitsAtOnce = 4
	visitAgain   = 10 * time.Second // an offer's page is not visited more often
)

// UserAgent is what the landing check calls itself.
const UserAgent = "clickledger-landing-check/1"

// ports are those a landing page may be on: a check must not become a port scan.
var ports = []string{"", "80", "443", "8080", "8443"}

// ErrBusy says that too many landing pages are being visited at the moment.
var ErrBusy = errors.New("diagnosis: too many landing pages are being visited")

// prober visits landing pages.
type prober struct {
	client  *http.Client
	private bool
	timeout time.Duration
	slots   chan struct{}
}

func newProber(private bool) *prober {
	p := &prober{private: private, timeout: visitTimeout, slots: make(chan struct{}, visitsAtOnce)}
	p.client = &http.Client{
		// Each hop is made by hand, so that each is checked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second, Control: p.control}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  visitTimeout,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
			Proxy:                  nil, // a proxy would dial for us, unchecked
		},
	}
	return p
}

// control checks the very address that is about to be dialed: a name that resolves to
// something else by then changes nothing.
func (p *prober) control(_, address string, _ syscall.RawConn) error {
	if p.private {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !outbound.Public(ap.Addr()) {
		return &outbound.PrivateAddrError{Addr: ap.Addr().String()}
	}
	return nil
}

// CheckLanding visits the offer's landing page, as one visitor without a click id that the
// destination can count, and keeps what it answered. An offer's page is visited at most
// every ten seconds; in between the last answer stands. It fails with catalog.ErrNotFound
// for an offer the principal may not write, and with [ErrBusy].
func (s *Service) CheckLanding(ctx context.Context, p account.Principal, workspace, offer string) (*Landing, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	o, err := s.offer(s.View(), workspace, offer)
	if err != nil {
		return nil, err
	}
	// Who asks at the same time gets the same answer.
	l, err, _ := s.visits.Do(workspace+" "+offer, func() (any, error) { return s.checkLanding(ctx, p, workspace, offer, o) })
	if err != nil {
		return nil, err
	}
	return l.(*Landing), nil
}

func (s *Service) checkLanding(ctx context.Context, p account.Principal, workspace, offer string, o *catalog.Offer) (*Landing, error) {
	last, err := found(s.Store.Landing(ctx, workspace, offer))
	if err != nil {
		return nil, fmt.Errorf("read the last landing check: %w", err)
	}
	if last != nil && last.URL == o.URL {
		age := s.Now().Sub(time.UnixMicro(last.At)) // below 0 when the clock was put back
		if 0 <= age && age < visitAgain {
			return last, nil
		}
	}
	select {
	case s.prober.slots <- struct{}{}:
		defer func() { <-s.prober.slots }()
	default:
		return nil, ErrBusy
	}
	began := time.Now()
	l := s.prober.visit(ctx, o.URL)
	if ctx.Err() != nil {
		return nil, ctx.Err() // who asked went away: that the page was slow is not known
	}
	l.Workspace, l.Offer, l.At, l.Actor, l.URL = workspace, offer, s.Now().UnixMicro(), p.ID, o.URL
	l.Millis = time.Since(began).Milliseconds()
	err = s.Store.PutLanding(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("keep the landing check: %w", err)
	}
	s.Forget(workspace, offer)
	return l, nil
}

// sampleURL is the offer URL for the sample visitor, who has no click id: the check must
// not be taken for a click.
func sampleURL(raw string) (string, error) {
	t, err := macro.ParseURLSchemes(macro.ClickTokens, raw, catalog.AppSchemes)
	if err != nil {
		return "", err
	}
	all := macro.SampleValues()
	v := macro.Values{macro.Salt: all[macro.Salt]}
	for _, id := range macro.ClickTokens.IDs() {
		if id != macro.ClickID && id != macro.ClickNumber && id != macro.VisitID {
			v[id] = all[id]
		}
	}
	return string(t.Append(nil, &v)), nil
}

// visit follows the URL to its end.
func (p *prober) visit(ctx context.Context, raw string) *Landing {
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, fmt.Errorf("no answer within %s", p.timeout))
	defer cancel()
	l := &Landing{}
	at, err := sampleURL(raw)
	if err != nil {
		l.Failure = err.Error()
		return l
	}
	p.follow(ctx, at, l)
	return l
}

// follow asks a URL, and where it redirects to, to the end.
func (p *prober) follow(ctx context.Context, at string, l *Landing) {
	u, err := url.Parse(at)
	for err == nil {
		var next *url.URL
		next, err = p.hop(ctx, u, l)
		if next == nil {
			break
		}
		l.Hops++
		if l.Hops > maxHops {
			err = fmt.Errorf("it redirects more than %d times", maxHops)
		}
		u = next
	}
	if err != nil {
		l.Status, l.Failure = 0, clip(plain(outward(ctx, err)), 300)
	}
}

// Hop is one page on the way to a landing page.
type Hop struct {
	URL     string
	Status  int
	Cookies []string // as they were set
	Body    []byte   // the beginning of it
}

// Follow opens a URL with the safety of the landing check: public addresses only, checked
// as they are dialed, few redirects, little time. It gives the pages on the way, also those
// before a failure, which is a sentence for people without the URL in it. It fails with
// [ErrBusy] when too many pages are being visited.
func (s *Service) Follow(ctx context.Context, raw string) ([]Hop, error) {
	select {
	case s.prober.slots <- struct{}{}:
		defer func() { <-s.prober.slots }()
	default:
		return nil, ErrBusy
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.prober.timeout, fmt.Errorf("no answer within %s", s.prober.timeout))
	defer cancel()
	hops := []Hop{}
	l := &Landing{hops: &hops}
	s.prober.follow(ctx, raw, l)
	if l.Failure != "" {
		return hops, errors.New(l.Failure)
	}
	return hops, nil
}

// hop makes one request; next is where it redirects to, nil when it does not.
func (p *prober) hop(ctx context.Context, u *url.URL, l *Landing) (next *url.URL, err error) {
	err = p.allowed(u)
	if err != nil {
		return nil, err
	}
	l.Host = clip(plain(u.Host), 253)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("the URL cannot be asked")
	}
	req.Header.Set("User-Agent", UserAgent)
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // all that is wanted was read by then
	l.Status = int64(res.StatusCode)
	if l.hops != nil {
		body, _ := io.ReadAll(io.LimitReader(res.Body, maxBody)) // what came of it
		*l.hops = append(*l.hops, Hop{URL: u.String(), Status: res.StatusCode, Cookies: res.Header.Values("Set-Cookie"), Body: body})
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		to := res.Header.Get("Location")
		if to == "" || res.StatusCode == http.StatusNotModified {
			return nil, nil
		}
		next, err := u.Parse(to)
		if err != nil {
			return nil, errors.New("it redirects to something that is no URL")
		}
		return next, nil
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	return nil, nil
}

// notVisited begins the failure of a check that we refused to make: it says nothing about
// the page.
const notVisited = "it was not visited: "

// allowed checks a URL before it is asked: the first one and each it redirects to.
func (p *prober) allowed(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%sURLs of the scheme %s are not for browsers alone", notVisited, clip(plain(u.Scheme), 20))
	case u.User != nil:
		return errors.New("the URL has a user name in it")
	case u.Hostname() == "":
		return errors.New("the URL has no host")
	case !p.private && !slices.Contains(ports, u.Port()):
		return fmt.Errorf("%sport %s is not one of pages for everybody", notVisited, u.Port())
	}
	return nil
}

// outward says why there was no answer, without the URL.
func outward(ctx context.Context, err error) string {
	var private *outbound.PrivateAddrError
	var op *net.OpError
	var dns *net.DNSError
	var u *url.Error
	switch {
	case errors.As(err, &private):
		return private.Error()
	case ctx.Err() != nil:
		return context.Cause(ctx).Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the host " + dns.Name + " does not exist"
	case errors.As(err, &op):
		return strings.TrimPrefix(op.Error(), "dial ")
	case errors.As(err, &u):
		return u.Err.Error()
	}
	return err.Error()
}
