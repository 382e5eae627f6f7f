package domains

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/net/publicsuffix"

	"clickledger/internal/catalog"
)

// Record is a DNS record to make.
type Record struct {
	Type  string // CNAME, A, AAAA
	Name  string // the whole host name, without a dot at its end
	Value string
}

// lookupTime bounds one question to the name servers.
const lookupTime = 5 * time.Second

// Records are the DNS records that lead a host here: one CNAME to the public URL's host; or
// A and AAAA where the public URL has an address for a host, and for the domain that was
// registered itself, which can have no CNAME. note says what is to be known besides.
func (s *Service) Records(ctx context.Context, host string) (records []Record, note string) {
	public := catalog.HostOf(s.Public)
	own, err := netip.ParseAddr(public)
	if err == nil {
		return addresses(host, []netip.Addr{own}), privateNote(own)
	}
	if !isApex(host) {
		return []Record{{"CNAME", host, public}}, ""
	}
	addrs, err := s.lookup(ctx, public)
	if err != nil {
		return nil, fmt.Sprintf("A registered domain itself can have no CNAME. Point it to the addresses of %s, which could not be looked up just now, or use a name below it, such as go.%s.", public, host)
	}
	return addresses(host, addrs), fmt.Sprintf("A registered domain itself can have no CNAME, so these are the addresses of %s as of now: change them when it moves. Where your DNS provider offers ALIAS or ANAME, point that to %s instead.", public, public)
}

func addresses(host string, addrs []netip.Addr) []Record {
	var out []Record
	for _, a := range addrs {
		kind := "AAAA"
		if a.Unmap().Is4() {
			kind = "A"
		}
		out = append(out, Record{kind, host, a.Unmap().String()})
	}
	return out
}

func privateNote(a netip.Addr) string {
	if a.IsLoopback() || a.IsPrivate() {
		return "The public URL of this installation is an address that visitors cannot reach: set --public-url to a public name or address first."
	}
	return ""
}

// isApex says whether a host is a domain as it is registered.
func isApex(host string) bool {
	apex, err := publicsuffix.EffectiveTLDPlusOne(host)
	return err == nil && apex == host
}

// lookup asks for the addresses of a host.
func (s *Service) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	addrs, err := s.Resolver.LookupNetIP(ctx, "ip", host+".") // the dot: no search list
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, err
}
