package routing

import (
	"maps"
	"strings"

	"clickledger/internal/catalog"
)

// Domain is a live tracking domain as the edge needs it.
type Domain struct {
	*catalog.Domain
	workspace  slot
	advertiser slot // none: all of the workspace
}

// Served reports whether it was ever found to lead here. Until then it answers nothing but
// the check.
func (d *Domain) Served() bool { return d.Verified != 0 }

// maxHost bounds a Host header that is looked at: the longest name, a dot and a port.
const maxHost = 253 + 1 + 6

// Domain finds the tracking domain of a name as [HostName] gives it; nil when there is none.
func (s *Snapshot) Domain(name string) *Domain { return s.domains[name] }

// HostName is the name in a Host header: in lower case, without port and trailing dot. Of
// what is longer than any name it is a name that nothing has.
func HostName(host string) string {
	if len(host) > maxHost {
		return "."
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.Trim(host[i+1:], "0123456789") == "" {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// Domains reports whether any tracking domain is served: from then on hosts that nobody
// configured are not taken for the public one.
func (s *Snapshot) Domains() bool { return s.served > 0 }

// LinkOn is Link as a tracking domain shows it: a link of another workspace, or of another
// advertiser than the domain's, is unknown there. nil is the public host, which shows all.
func (s *Snapshot) LinkOn(d *Domain, key string) *Link {
	r := s.links[shardOf(key)][key]
	if d == nil || r.row == nil {
		return r.row
	}
	if r.workspace != d.workspace {
		return nil
	}
	if d.advertiser != none {
		of := s.offer(r.offer, r.workspace)
		if of == nil || of.advertiser != d.advertiser {
			return nil
		}
	}
	return r.row
}

func (b *Builder) putDomain(e *catalog.Domain) {
	n := &b.next
	if b.shared[catalog.KindDomain] || n.domains == nil {
		n.domains = maps.Clone(n.domains)
		b.shared[catalog.KindDomain] = false
	}
	if n.domains == nil {
		n.domains = map[string]*Domain{}
	}
	if old := n.domains[e.Host]; old != nil && old.ID == e.ID {
		delete(n.domains, e.Host)
	}
	if !e.Archived {
		d := &Domain{Domain: e, workspace: slotOf(b.workspaces, e.Workspace), advertiser: none}
		if e.Advertiser != "" {
			d.advertiser = slotOf(b.advertisers, e.Advertiser)
		}
		n.domains[e.Host] = d
	}
	n.served = 0
	for _, d := range n.domains {
		if d.Served() {
			n.served++
		}
	}
}
