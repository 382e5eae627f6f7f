package catalog

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"clickledger/internal/commission"
)

// View is the whole catalog at one revision, in memory: what judging prices from.
// It is immutable; [View.With] makes the next one.
type View struct {
	Revision int64

	workspaces  map[string]*Workspace
	advertisers map[string]*Advertiser
	tokens      map[string]*Advertiser // by Token and TokenOld
	offers      map[string]*Offer
	keys        map[string]*Offer // by public key
	goals       map[string]map[string]*Goal
	publishers  map[string]*Publisher
	enrollments map[[2]string]*Enrollment // offer, publisher
	links       map[string]*Link
	coupons     map[[2]string][]*Coupon                // workspace, folded code: of each advertiser one
	codes       map[string][2]string                   // coupon → its key in coupons
	domains     map[string]*Domain                     // by id
	hosts       map[string]*Domain                     // the live ones, by host
	postbacks   map[string][]*Postback                 // by publisher, in the order of their ids
	terms       map[string][]*TermsVersion             // by offer, by number
	rules       map[string]map[string]*commission.Rule // the live ones, by workspace and id; made once, for orders only read them
}

// NewView is the empty catalog at revision 0.
func NewView() *View {
	return &View{
		workspaces: map[string]*Workspace{}, advertisers: map[string]*Advertiser{}, tokens: map[string]*Advertiser{},
		offers: map[string]*Offer{}, keys: map[string]*Offer{}, goals: map[string]map[string]*Goal{},
		publishers: map[string]*Publisher{}, enrollments: map[[2]string]*Enrollment{}, links: map[string]*Link{},
		coupons: map[[2]string][]*Coupon{}, codes: map[string][2]string{},
		domains: map[string]*Domain{}, hosts: map[string]*Domain{},
		postbacks: map[string][]*Postback{},
		terms:     map[string][]*TermsVersion{},
		rules:     map[string]map[string]*commission.Rule{},
	}
}

// With gives the view after the changed rows. Only the maps of kinds that changed
// are copied.
func (v *View) With(rows []Entity, revision int64) *View {
	n := *v
	n.Revision = revision
	copied := map[Kind]bool{}
	for _, e := range rows {
		if !copied[e.Kind()] {
			copied[e.Kind()] = true
			n.copy(e.Kind())
		}
		n.put(e)
	}
	return &n
}

func (v *View) copy(k Kind) {
	switch k {
	case KindWorkspace:
		v.workspaces = maps.Clone(v.workspaces)
	case KindAdvertiser:
		v.advertisers, v.tokens = maps.Clone(v.advertisers), maps.Clone(v.tokens)
	case KindOffer:
		v.offers, v.keys = maps.Clone(v.offers), maps.Clone(v.keys)
	case KindGoal:
		v.goals = maps.Clone(v.goals)
	case KindPublisher:
		v.publishers = maps.Clone(v.publishers)
	case KindEnrollment:
		v.enrollments = maps.Clone(v.enrollments)
	case KindLink:
		v.links = maps.Clone(v.links)
	case KindCoupon:
		v.coupons, v.codes = maps.Clone(v.coupons), maps.Clone(v.codes)
	case KindDomain:
		v.domains, v.hosts = maps.Clone(v.domains), maps.Clone(v.hosts)
	case KindPostback:
		v.postbacks = maps.Clone(v.postbacks)
	case KindTerms:
		v.terms = maps.Clone(v.terms)
	case KindCommissionRule:
		v.rules = maps.Clone(v.rules)
	}
}

func (v *View) put(e Entity) {
	switch e := e.(type) {
	case *Workspace:
		v.workspaces[e.ID] = e
	case *Advertiser:
		if old := v.advertisers[e.ID]; old != nil {
			delete(v.tokens, old.Token)
			delete(v.tokens, old.TokenOld)
		}
		v.advertisers[e.ID] = e
		for _, t := range []string{e.Token, e.TokenOld} {
			if t != "" {
				v.tokens[t] = e
			}
		}
	case *Offer:
		if old := v.offers[e.ID]; old != nil {
			delete(v.keys, old.Key)
		}
		v.offers[e.ID] = e
		if e.Key != "" {
			v.keys[e.Key] = e
		}
	case *Goal:
		of := maps.Clone(v.goals[e.Offer])
		if of == nil {
			of = map[string]*Goal{}
		}
		of[e.ID] = e
		v.goals[e.Offer] = of
	case *Publisher:
		v.publishers[e.ID] = e
	case *Enrollment:
		v.enrollments[[2]string{e.Offer, e.Publisher}] = e
	case *Link:
		v.links[e.ID] = e
	case *Coupon:
		v.putCoupon(e)
	case *Domain:
		if now := v.hosts[e.Host]; now != nil && now.ID == e.ID {
			delete(v.hosts, e.Host)
		}
		v.domains[e.ID] = e
		if !e.Archived {
			v.hosts[e.Host] = e
		}
	case *Postback:
		of := slices.DeleteFunc(slices.Clone(v.postbacks[e.Publisher]), func(p *Postback) bool { return p.ID == e.ID })
		of = append(of, e)
		slices.SortFunc(of, func(a, b *Postback) int { return strings.Compare(a.ID, b.ID) })
		v.postbacks[e.Publisher] = of
	case *TermsVersion:
		v.putTerms(e)
	case *CommissionRule:
		of := maps.Clone(v.rules[e.Workspace])
		if of == nil {
			of = map[string]*commission.Rule{}
		}
		delete(of, e.ID)
		if e.Live() {
			of[e.ID] = e.Rule()
		}
		v.rules[e.Workspace] = of
	}
}

// putCoupon files a coupon under its code, which may have changed. Lists are replaced,
// never written: views before share them.
func (v *View) putCoupon(e *Coupon) {
	without := func(key [2]string) []*Coupon {
		var rest []*Coupon
		for _, other := range v.coupons[key] {
			if other.ID != e.ID {
				rest = append(rest, other)
			}
		}
		return rest
	}
	key := [2]string{e.Workspace, FoldCode(e.Code)}
	if was, known := v.codes[e.ID]; known && was != key {
		v.coupons[was] = without(was)
	}
	v.codes[e.ID], v.coupons[key] = key, append(without(key), e)
}

// Postbacks are the publisher's, archived and paused ones included, oldest first.
func (v *View) Postbacks(publisher string) []*Postback { return v.postbacks[publisher] }

// putTerms files a version. Lists are replaced, never written: views before share them.
func (v *View) putTerms(e *TermsVersion) {
	all := slices.DeleteFunc(slices.Clone(v.terms[e.Offer]), func(t *TermsVersion) bool { return t.ID == e.ID })
	all = append(all, e)
	slices.SortFunc(all, func(a, b *TermsVersion) int { return cmp.Compare(a.Number, b.Number) })
	v.terms[e.Offer] = all
}

// Terms gives the versions of the offer's terms by number, withdrawn ones included.
func (v *View) Terms(offer string) []*TermsVersion { return v.terms[offer] }

// CommissionRules gives the live commission rules of the workspace that are about the
// offer or about all of them, in no order. They are shared: nobody changes them.
func (v *View) CommissionRules(workspace, offer string) []*commission.Rule {
	var out []*commission.Rule
	for _, r := range v.rules[workspace] {
		if r.Offer == "" || r.Offer == offer {
			out = append(out, r)
		}
	}
	return out
}

// Workspace returns the workspace, nil when unknown.
func (v *View) Workspace(id string) *Workspace { return v.workspaces[id] }

// Advertiser returns the advertiser, nil when unknown.
func (v *View) Advertiser(id string) *Advertiser { return v.advertisers[id] }

// AdvertiserByToken returns the live advertiser that a postback token authenticates, nil when
// unknown. A map lookup leaks nothing useful: tokens have 160 random bits.
func (v *View) AdvertiserByToken(token string) *Advertiser {
	a := v.tokens[token]
	if a == nil || token == "" || a.Archived {
		return nil
	}
	return a
}

// Offer returns the offer, nil when unknown.
func (v *View) Offer(id string) *Offer { return v.offers[id] }

// Offers gives every offer, archived ones included, in no order.
func (v *View) Offers() iter.Seq[*Offer] { return maps.Values(v.offers) }

// OfferByKey returns the offer of a pixel's public key, nil when unknown.
func (v *View) OfferByKey(key string) *Offer { return v.keys[key] }

// Goal finds a live goal of the offer by key or id; name "" is the default goal.
func (v *View) Goal(offer, name string) *Goal {
	for _, g := range v.goals[offer] {
		if g.Archived {
			continue
		}
		if (name == "" && g.Default) || (name != "" && (g.Key == name || g.ID == name)) {
			return g
		}
	}
	return nil
}

// GoalByID returns the offer's goal, also an archived one; nil when unknown. It is for
// conversions that have it already.
func (v *View) GoalByID(offer, id string) *Goal { return v.goals[offer][id] }

// Publisher returns the publisher, nil when unknown.
func (v *View) Publisher(id string) *Publisher { return v.publishers[id] }

// Enrollment returns the publisher's enrollment to the offer, nil when there is none.
func (v *View) Enrollment(offer, publisher string) *Enrollment {
	return v.enrollments[[2]string{offer, publisher}]
}

// Coupons returns the workspace's coupons of the code, archived ones included: at most
// one of each advertiser.
func (v *View) Coupons(workspace, code string) []*Coupon {
	return v.coupons[[2]string{workspace, FoldCode(code)}]
}

// Domains gives every live tracking domain, in no order.
func (v *View) Domains() iter.Seq[*Domain] { return maps.Values(v.hosts) }

// Domain returns the live tracking domain of a host in its normal form, nil when there is
// none.
func (v *View) Domain(host string) *Domain { return v.hosts[host] }

// DefaultDomain is the domain that URLs of the workspace's advertiser ("" = nobody's in
// particular) are shown with: the advertiser's default, else the workspace's. Only what
// the last checks found well is; nil leaves the public URL.
func (v *View) DefaultDomain(workspace, advertiser string) *Domain {
	var of *Domain
	for _, d := range v.hosts {
		switch {
		case d.Workspace != workspace || !d.Default || d.Status != StatusVerified:
		case d.Advertiser == "" && of == nil:
			of = d
		case d.Advertiser != "" && d.Advertiser == advertiser:
			return d
		}
	}
	return of
}

// LinksOn counts the live links that answer on a domain.
func (v *View) LinksOn(d *Domain) int {
	n := 0
	for _, l := range v.links {
		if l.Workspace != d.Workspace || l.Archived {
			continue
		}
		if o := v.offers[l.Offer]; d.Advertiser == "" || o != nil && o.Advertiser == d.Advertiser {
			n++
		}
	}
	return n
}

// Link returns the link by id, nil when unknown.
func (v *View) Link(id string) *Link { return v.links[id] }
