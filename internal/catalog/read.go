package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/account"
)

// Bounds of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// Get returns an entity, archived or not. What the principal may not see is
// [ErrNotFound], as what does not exist.
func (s *Service) Get(ctx context.Context, p account.Principal, kind Kind, workspace, id string) (Entity, error) {
	workspace = scope(kind, workspace, id)
	if !p.May(workspace, false) {
		return nil, ErrNotFound
	}
	return s.store.Get(ctx, kind, workspace, id)
}

// List returns a page, newest first. Workspaces are listed as far as the principal
// holds them. A filter that is not in [Filters] is [*Invalid].
func (s *Service) List(ctx context.Context, p account.Principal, q Query) ([]Entity, error) {
	bad := &Invalid{}
	for name, value := range q.Filter {
		if !slices.Contains(Filters[q.Kind], name) {
			bad.Add(name, "unknown_filter", value, "There is no filter "+name+" here; there are: "+strings.Join(Filters[q.Kind], ", ")+".")
		}
	}
	if !slices.Contains([]string{"", "only", "all"}, q.Archived) {
		bad.Add("archived", ruleNotOneOf, q.Archived, "Must be only, all or absent.")
	}
	err := bad.Err()
	if err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	if q.Kind == KindWorkspace {
		q.Workspace = ""
		if !p.Owner {
			q.IDs = held(p.Workspaces, q.IDs)
			if len(q.IDs) == 0 {
				return nil, nil // an empty list of ids would mean all
			}
		}
		return s.store.List(ctx, q)
	}
	if !p.May(q.Workspace, false) {
		return nil, ErrNotFound
	}
	return s.store.List(ctx, q)
}

// held is the part of asked (all, when empty) that is in workspaces.
func held(workspaces, asked []string) []string {
	if len(asked) == 0 {
		return workspaces
	}
	var out []string
	for _, id := range asked {
		if slices.Contains(workspaces, id) {
			out = append(out, id)
		}
	}
	return out
}

// Names gives the names of entities for reports: what is found of ids, by id. kind is
// a [Kind]; others give nothing. It asks nobody: the caller has authorized the
// workspace.
func (s *Service) Names(ctx context.Context, workspace, kind string, ids []string) map[string]string {
	names := map[string]string{}
	if !slices.Contains(Kinds, Kind(kind)) || workspace == "" {
		return names
	}
	for part := range slices.Chunk(ids, MaxLimit) {
		q := Query{Kind: Kind(kind), Workspace: workspace, IDs: part, Archived: "all", Limit: MaxLimit}
		if q.Kind == KindWorkspace {
			q.Workspace, q.IDs = "", held([]string{workspace}, part)
			if len(q.IDs) == 0 {
				continue
			}
		}
		es, err := s.store.List(ctx, q)
		if err != nil {
			return names // a report without names is better than none
		}
		for _, e := range es {
			names[e.Base().ID] = NameOf(e)
		}
	}
	return names
}

// PartyNames is [Service.Names] of publishers and advertisers together.
func (s *Service) PartyNames(ctx context.Context, workspace string, ids []string) map[string]string {
	names := s.Names(ctx, workspace, string(KindPublisher), ids)
	maps.Copy(names, s.Names(ctx, workspace, string(KindAdvertiser), ids))
	return names
}

// NameOf is what people call an entity: its name, a link's key when it has none, a
// coupon's code, a domain's host, a postback's name or host, a number of terms, an enrollment's id.
func NameOf(e Entity) string {
	switch e := e.(type) {
	case *Workspace:
		return e.Name
	case *Advertiser:
		return e.Name
	case *Offer:
		return e.Name
	case *Goal:
		return e.Name
	case *Group:
		return e.Name
	case *Publisher:
		return e.Name
	case *Link:
		if e.Name == "" {
			return e.Key
		}
		return e.Name
	case *Coupon:
		return e.Code
	case *Domain:
		return e.Host
	case *Postback:
		return e.Title()
	case *Creative:
		return e.Name
	case *CommissionRule:
		return e.Name
	case *TermsVersion:
		return "Version " + strconv.FormatInt(e.Number, 10)
	}
	return e.Base().ID
}

// Docs gives the documents of entities of one workspace, in their order; amounts of
// goals, enrollments and terms are in the currency of their offers, which are looked up at
// once.
func (s *Service) Docs(ctx context.Context, es []Entity) ([]Doc, error) {
	currency := map[string]string{}
	for _, e := range es {
		if o := offerOf(e); o != "" {
			currency[o] = ""
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(currency)), MaxLimit) {
		offers, err := s.store.List(ctx, Query{Kind: KindOffer, Workspace: es[0].Base().Workspace, IDs: part, Archived: "all", Limit: MaxLimit})
		if err != nil {
			return nil, fmt.Errorf("look up offers: %w", err)
		}
		for _, o := range offers {
			currency[o.Base().ID] = o.(*Offer).Currency
		}
	}
	docs := make([]Doc, len(es))
	for i, e := range es {
		docs[i] = DocOf(e, currency[offerOf(e)])
	}
	return docs, nil
}

// offerOf is the offer in whose currency the entity's amounts are; "" when they are
// in its own, or there are none.
func offerOf(e Entity) string {
	switch e := e.(type) {
	case *Goal:
		return e.Offer
	case *Enrollment:
		return e.Offer
	case *TermsVersion:
		return e.Offer
	}
	return ""
}

// Trail returns what was done to one subject ("" = to anything in the workspace),
// newest first.
func (s *Service) Trail(ctx context.Context, p account.Principal, workspace, subject string, limit int) ([]Audit, error) {
	if !p.May(workspace, false) {
		return nil, ErrNotFound
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	return s.store.Trail(ctx, workspace, subject, min(limit, MaxLimit))
}
