package catalog

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"clickledger/internal/dialect"
	"clickledger/internal/macro"
)

// Domain is a tracking domain: a host of the workspace's own under which its links,
// postbacks and pixels are reached, besides the public URL.
type Domain struct {
	Meta
	// Host is in lower-case ASCII, without port and trailing dot; unique among the live
	// domains of the installation. An archived domain gives it free.
	Host       string
	Advertiser string // "" = all of the workspace
	RootURL    string // where / leads, "" = the 404 page
	UnknownURL string // where paths and links lead that are not known, "" = the 404 page
	// Default says that links, postbacks and pixels of its workspace, or advertiser, are
	// shown with it once it is verified. Of the live domains of each at most one is.
	Default bool
	// Dialects are the wire dialects whose own paths answer at its root, from
	// [dialect.Rooted]; those under /d/ answer on every host.
	Dialects []string
	// Token proves to the check that it is this installation that answers: random, never
	// shown.
	Token  string
	Status string // StatusUnverified, StatusVerified, StatusFailing: of the last checks
	// Verified is when it was first found to lead here, µs, 0 = not yet. From then on it is
	// served until it is archived: a check that fails takes no visitor anything away.
	Verified int64
}

// Statuses of a domain.
const (
	StatusUnverified = "unverified" // never found to lead here
	StatusVerified   = "verified"
	StatusFailing    = "failing"
)

// maxDomain is the longest host name.
const maxDomain = 253

// ruleDomain is the code of what cannot be a tracking domain.
const ruleDomain = "invalid_domain"

func (c *checker) buildDomain(d *DomainDoc, m Meta) Entity {
	e := &Domain{Meta: m, Advertiser: d.Advertiser, Default: d.Default, Status: StatusUnverified}
	if old, ok := c.old.(*Domain); ok {
		e.Host, e.Token, e.Status, e.Verified = old.Host, old.Token, old.Status, old.Verified
		host := d.Host
		if !strings.EqualFold(host, old.Host) {
			host = c.domainName("host", host)
		} else {
			host = old.Host
		}
		c.immutable("host", old.Host, host)
		c.immutable("advertiser", old.Advertiser, d.Advertiser)
	} else {
		e.Token = random(plainAlphabet, 32)
		e.Host = c.domainName("host", d.Host)
		c.ref("advertiser", KindAdvertiser, d.Advertiser, "")
		c.takenLive("host", e.Host, map[string]string{"host": e.Host})
	}
	if d.Default {
		c.takenLive("default", e.Host, map[string]string{"advertiser": e.Advertiser, "default": "true"})
	}
	e.Dialects = c.oneOf("dialects", d.Dialects, dialect.Rooted())
	e.RootURL = c.leadsTo("root_url", d.RootURL, e.Host)
	e.UnknownURL = c.leadsTo("unknown_url", d.UnknownURL, e.Host)
	return e
}

// takenLive refuses what another live domain of the workspace has. Those of other
// workspaces are the store's to find.
func (c *checker) takenLive(field, value string, filter map[string]string) {
	if !c.unique || value == "" || c.wrong(field) || c.wrong("host") || c.wrong("advertiser") {
		return
	}
	es, err := c.store.List(c.ctx, Query{Kind: KindDomain, Workspace: c.workspace, Filter: filter, Limit: 2})
	if err != nil {
		c.fail(err)
		return
	}
	for _, e := range es {
		if c.old != nil && e.Base().ID == c.old.Base().ID {
			continue
		}
		msg := "Is used by the domain " + e.Base().ID + " already."
		if field == "default" {
			msg = "The default is " + NameOf(e) + "; take it away there first."
		}
		c.bad.Add(field, ruleTaken, value, msg)
		return
	}
}

// domainName checks the name of a tracking domain and gives it in its normal form.
func (c *checker) domainName(field, raw string) string {
	if c.wrong(field) {
		return raw
	}
	host, why := DomainName(raw)
	if why == "" && slices.Contains(c.ownHosts, host) {
		why = "It is the host of this installation's own URL, which every workspace has already."
	}
	if why != "" {
		c.bad.Add(field, ruleDomain, raw, why)
		return raw
	}
	return host
}

// DomainName gives a host name in its normal form, or says in a sentence why it cannot be
// a tracking domain.
func DomainName(raw string) (host, why string) {
	raw = strings.TrimSpace(raw)
	switch {
	case raw == "":
		return "", "Name the domain, such as go.example.com."
	case strings.Contains(raw, "://"), strings.ContainsAny(raw, "/?#@"):
		return "", "Write the host name alone, such as go.example.com, without http:// and without a path."
	case strings.HasPrefix(raw, "["), isAddr(raw):
		return "", "An IP address cannot be a tracking domain; write a host name such as go.example.com."
	case strings.Contains(raw, ":"):
		return "", "Write the host name without a port."
	case strings.HasPrefix(raw, "."), strings.Contains(raw, "*"):
		return "", "Write one whole host name; a tracking domain does not stand for the hosts below it."
	}
	host, err := macro.CheckHost(raw)
	switch {
	case err != nil, strings.Contains(host, "_"), len(host) > maxDomain:
		return "", "This is no host name: parts of letters, digits and hyphens, of at most 63 characters each, with dots between them."
	case !strings.Contains(host, "."), host == "localhost", strings.HasSuffix(host, ".localhost"):
		return "", "A tracking domain is a full name with a dot in it, such as go.example.com."
	case slices.ContainsFunc(strings.Split(host, "."), func(l string) bool { return strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") }):
		return "", "No part of a host name begins or ends with a hyphen."
	}
	return host, ""
}

func isAddr(s string) bool {
	_, err := netip.ParseAddr(s)
	_, perr := netip.ParseAddrPort(s)
	return err == nil || perr == nil
}

// HostOf is the host of an origin such as https://go.example.com:8443, in lower case and
// without its port; "" when it has none.
func HostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// leadsTo checks where a domain's visitors are sent: a plain URL, on another host, since
// there the same question would be asked again.
func (c *checker) leadsTo(field, raw, host string) string {
	raw = strings.TrimSpace(raw)
	if raw == "" || c.wrong(field) {
		return raw
	}
	t, err := macro.ParseURL(raw)
	c.macroErr(field, raw, err)
	if err != nil {
		return raw
	}
	to := strings.ToLower(t.Host())
	if h, _, err := net.SplitHostPort(to); err == nil {
		to = h
	}
	switch {
	case strings.ContainsAny(raw, "{}"):
		c.bad.Add(field, "unexpected_token", raw, "Tokens cannot be replaced here: there is no click. Write a plain URL.")
	case t.Scheme() != "http" && t.Scheme() != "https":
		c.bad.Add(field, ruleNotOneOf, raw, "Must begin with http:// or https://.")
	case to == host:
		c.bad.Add(field, "leads_back", raw, "It leads back to this domain, and visitors would go in a circle.")
	}
	return raw
}

// MarkDomain notes what a check found: StatusVerified or StatusFailing, and with proven that
// the domain leads to this installation. Who asked for the check was asked for the right
// to; by itself it is the system's. A domain that was never proven stays unverified.
func (s *Service) MarkDomain(ctx context.Context, actor, workspace, id, status string, proven bool) (*Domain, error) {
	e, err := s.change(ctx, KindDomain, workspace, id, 0, func(old Entity) (Entity, Audit, error) {
		e := *old.(*Domain)
		if e.Archived {
			return old, Audit{}, nil // taken out of use meanwhile
		}
		now := s.now().UnixMicro()
		if proven && e.Verified == 0 {
			e.Verified = now
		}
		e.Status = status
		if e.Verified == 0 {
			e.Status = StatusUnverified
		}
		if was := old.(*Domain); e.Status == was.Status && e.Verified == was.Verified {
			return old, Audit{}, nil
		}
		e.Updated = now
		return &e, Audit{Workspace: workspace, At: now, Actor: actor, Action: e.Status, Kind: string(KindDomain), Subject: id}, nil
	})
	if err != nil {
		return nil, err
	}
	return e.(*Domain), nil
}

// DomainCheckPath is where a tracking domain answers whether it leads to this installation.
const DomainCheckPath = "/.well-known/clickledger/"

// DomainProof is the path that asks a domain who it leads to, and the answer that only this
// installation can give: a MAC of the nonce under the domain's token.
func DomainProof(token, nonce string) (path, answer string) {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(nonce))
	return DomainCheckPath + nonce, hex.EncodeToString(mac.Sum(nil))
}

// Origins says with which origin tracking URLs begin: links, postbacks, pixels, the script
// and whatever else is shown to be called. It is the one place that knows.
type Origins struct {
	Public string       // the public URL, without a slash at its end
	View   func() *View // nil: there are no domains
}

// Of is the origin for the URLs of a workspace's advertiser, "" = nobody's in particular:
// that of the default domain, as far as it is verified, with the scheme and the port of the
// public URL; else the public URL. What was handed out before stays good on either.
func (o Origins) Of(workspace, advertiser string) string {
	if o.View == nil {
		return o.Public
	}
	d := o.View().DefaultDomain(workspace, advertiser)
	if d == nil {
		return o.Public
	}
	return o.On(d.Host)
}

// On is the origin of a host of ours.
func (o Origins) On(host string) string {
	u, err := url.Parse(o.Public)
	if err != nil {
		return o.Public // the configuration checked it
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}

// OfOffer is the origin for the URLs of an offer.
func (o Origins) OfOffer(e *Offer) string { return o.Of(e.Workspace, e.Advertiser) }

// Link is the tracking URL of a link, whose offer says whose it is.
func (o Origins) Link(l *Link) string { return o.OfLink(l) + "/c/" + url.PathEscape(l.Key) }

// OfLink is the origin for the URLs of a link.
func (o Origins) OfLink(l *Link) string {
	advertiser := ""
	if o.View != nil {
		if of := o.View().Offer(l.Offer); of != nil {
			advertiser = of.Advertiser
		}
	}
	return o.Of(l.Workspace, advertiser)
}
