package domains

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// When domains are checked.
const (
	checkEvery   = 6 * time.Hour   // what is well
	firstRetry   = time.Minute     // what is not; doubled with each failure
	lastRetry    = time.Hour       // at most
	claimTime    = 5 * time.Minute // longer than any check takes
	lookEvery    = 10 * time.Second
	checkAgain   = 3 * time.Second // a person's check within that gets the last answer
	failsAllowed = 3               // so many failures in a row make a verified domain failing
	obtainTime   = 90 * time.Second
)

// system is who made the checks of the timer, in the audit trail.
const system = "system"

// Check checks a domain now and gives it with what was found. It fails with
// catalog.ErrNotFound for one the principal may not write, and with [ErrBusy].
func (s *Service) Check(ctx context.Context, p account.Principal, workspace, id string) (*catalog.Domain, *Check, error) {
	if !p.May(workspace, true) {
		return nil, nil, catalog.ErrNotFound
	}
	e, err := s.Catalog.Get(ctx, p, catalog.KindDomain, workspace, id)
	if err != nil {
		return nil, nil, err
	}
	d := e.(*catalog.Domain)
	if d.Archived {
		bad := &catalog.Invalid{}
		bad.Add("archived", "archived", d.Host, "The domain is out of use: restore it first.")
		return nil, nil, bad
	}
	last, err := s.last(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	if age := s.Now().Sub(time.UnixMicro(last.At)); 0 <= age && age < checkAgain {
		return d, last, nil
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return nil, nil, ErrBusy
	}
	return s.check(ctx, p.ID, d, last)
}

// last is the last check of a domain, an empty one when there was none.
func (s *Service) last(ctx context.Context, d *catalog.Domain) (*Check, error) {
	c, err := s.Store.Check(ctx, d.Workspace, d.ID)
	if errors.Is(err, catalog.ErrNotFound) {
		return &Check{Workspace: d.Workspace, Domain: d.ID}, nil
	}
	return c, err
}

// found is one check's result.
type found struct {
	domain *catalog.Domain
	check  *Check
}

// check makes one check and keeps what it found. Who asks at the same time gets the same
// answer.
func (s *Service) check(ctx context.Context, actor string, d *catalog.Domain, last *Check) (*catalog.Domain, *Check, error) {
	v, err, _ := s.flights.Do(d.ID, func() (any, error) {
		c := *last
		proven, err := s.look(ctx, d, &c)
		if ctx.Err() != nil {
			return nil, ctx.Err() // who asked went away: that the domain was slow is not known
		}
		now := s.Now()
		c.At = now.UnixMicro()
		c.Code, c.Detail = "", ""
		wait := checkEvery
		status := catalog.StatusVerified
		if err == nil {
			c.Fails = 0
		} else {
			var f *failure
			if !errors.As(err, &f) {
				f = fail(Unreachable, "%s", clip(err.Error()))
			}
			c.Code, c.Detail = f.code, f.detail
			wait = min(firstRetry<<min(c.Fails, 10), lastRetry)
			c.Fails++
			if d.Status != catalog.StatusVerified || c.Fails >= failsAllowed {
				status = catalog.StatusFailing
			}
		}
		c.Next = now.Add(wait).UnixMicro()
		// The token cannot have changed; the rest of the row is its editors'.
		marked, err := s.Catalog.MarkDomain(ctx, actor, d.Workspace, d.ID, status, proven)
		if err != nil {
			return nil, err
		}
		err = s.Store.Put(ctx, &c)
		if err != nil {
			return nil, err
		}
		return found{marked, &c}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	f := v.(found)
	return f.domain, f.check, nil
}

// look finds out whether a domain leads here. proven says that it does, even where https
// does not work yet.
func (s *Service) look(ctx context.Context, d *catalog.Domain, c *Check) (proven bool, err error) {
	defer func() {
		s.mu.Lock()
		s.proven[d.Host] = proven
		s.mu.Unlock()
	}()
	addrs, err := s.lookup(ctx, d.Host)
	if err != nil || len(addrs) == 0 {
		return false, notResolvable(d.Host, err)
	}
	public, err := url.Parse(s.Public)
	if err != nil {
		return false, err
	}
	c.CertUntil, err = s.probe(ctx, d, addrs, public.Scheme, public.Port())
	if err == nil {
		c.CertError = ""
		return true, nil
	}
	first := err
	if public.Scheme == "https" {
		// Before the first certificate only http can tell whose name it is.
		_, err = s.probe(ctx, d, addrs, "http", s.PlainPort)
		var f *failure
		switch {
		case err == nil && s.Certificates != nil:
			return true, s.obtain(ctx, d, c, addrs, public.Port())
		case err == nil:
			if errors.As(first, &f) && f.code == NoCertificate {
				return true, first
			}
			return true, fail(NoCertificate, "%s leads here by http, but not by https, which the public URL has: %s", d.Host, first)
		case errors.As(first, &f) && f.code == NoCertificate:
			first = err // whose the name is comes before its certificate
		}
	}
	return false, s.elsewhere(ctx, d, addrs, first)
}

// obtain gets a certificate for a domain that leads here, and asks by https again.
func (s *Service) obtain(ctx context.Context, d *catalog.Domain, c *Check, addrs []netip.Addr, port string) error {
	s.mu.Lock()
	s.proven[d.Host] = true
	s.mu.Unlock()
	if d.Verified == 0 { // a certificate is asked for only then
		_, err := s.Catalog.MarkDomain(ctx, system, d.Workspace, d.ID, catalog.StatusFailing, true)
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, obtainTime)
	defer cancel()
	err := s.Certificates.Obtain(ctx, d.Host)
	if err != nil {
		c.CertError = clip(err.Error())
		return fail(NoCertificate, "%s leads here, but no certificate could be had: %s", d.Host, c.CertError)
	}
	c.CertUntil, err = s.probe(ctx, d, addrs, "https", port)
	if err == nil {
		c.CertError = ""
	}
	return err
}

// elsewhere explains a failure by the addresses, where they are not ours.
func (s *Service) elsewhere(ctx context.Context, d *catalog.Domain, addrs []netip.Addr, err error) error {
	var f *failure
	host := catalog.HostOf(s.Public)
	var ours []netip.Addr
	if a, perr := netip.ParseAddr(host); perr == nil {
		ours = []netip.Addr{a}
	} else {
		ours, _ = s.lookup(ctx, host) // not knowing them, the failure stands by itself
	}
	if !errors.As(err, &f) || f.code == PrivateAddr || len(ours) == 0 || slices.ContainsFunc(addrs, func(a netip.Addr) bool { return slices.Contains(ours, a) }) {
		return err
	}
	return fail(WrongTarget, "%s leads to %s, but %s to %s: the DNS record is another one, or not known everywhere yet. (%s)", d.Host, list(addrs), host, list(ours), f.detail)
}

func list(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs[:min(len(addrs), 4)] {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

func notResolvable(host string, err error) error {
	var dns *net.DNSError
	if err == nil || errors.As(err, &dns) && dns.IsNotFound {
		return fail(NotResolvable, "%s has no address yet: make the DNS record, or wait until it is known; that can take an hour.", host)
	}
	return fail(NotResolvable, "The name servers did not answer for %s: %s.", host, clip(strings.TrimPrefix(err.Error(), "lookup ")))
}

// Run checks every live domain when it is due, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		err := s.CheckDue(ctx)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("check tracking domains: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// CheckDue checks the domains that are due, one after the other: each has its time limit.
func (s *Service) CheckDue(ctx context.Context) error {
	var live []*catalog.Domain
	for d := range s.View().Domains() {
		live = append(live, d)
	}
	if len(live) == 0 {
		return nil
	}
	checks, err := s.Store.Checks(ctx)
	if err != nil {
		return err
	}
	last := map[string]*Check{}
	for i := range checks {
		last[checks[i].Domain] = &checks[i]
	}
	for _, d := range live {
		now := s.Now()
		c := last[d.ID]
		if c == nil {
			c = &Check{Workspace: d.Workspace, Domain: d.ID}
		}
		if c.Next > now.UnixMicro() {
			continue
		}
		mine, err := s.Store.Claim(ctx, d.Workspace, d.ID, now.UnixMicro(), now.Add(claimTime).UnixMicro())
		if err != nil {
			return err
		}
		if !mine {
			continue
		}
		_, _, err = s.check(ctx, system, d, c)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.Logger.Error("check a tracking domain", "domain", d.Host, "error", err)
		}
	}
	return nil
}
