package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"clickledger/internal/catalog"
)

// patchTries bounds how often a PATCH without a precondition meets another writer
// before it gives up.
const patchTries = 5

// resource is one kind of the catalog as a REST resource: D is its document, V its
// view.
type resource[D, V any] struct {
	s      *server
	kind   catalog.Kind
	plural string
	view   func(e catalog.Entity, x *extras) V
	text   string // what it is, for the description
}

func (s *server) registerCatalog() {
	resource[catalog.WorkspaceDoc, Workspace]{s, catalog.KindWorkspace, "workspaces", s.workspaceView, "A workspace is the tenant boundary. Only owners of the installation make and archive them."}.register()
	resource[catalog.AdvertiserDoc, Advertiser]{s, catalog.KindAdvertiser, "advertisers", s.advertiserView, "An advertiser is who pays per conversion: a merchant, or an affiliate network."}.register()
	resource[catalog.OfferDoc, Offer]{s, catalog.KindOffer, "offers", s.offerView, "An offer is a destination that pays. A new one gets the default goal sale."}.register()
	resource[catalog.GoalDoc, Goal]{s, catalog.KindGoal, "goals", s.goalView, "A goal is a conversion event of an offer, with terms of its own where the offer's do not fit."}.register()
	resource[catalog.GroupDoc, Group]{s, catalog.KindGroup, "groups", s.groupView, "A group is some of the publishers: those of one tier, one country, one manager."}.register()
	resource[catalog.PublisherDoc, Publisher]{s, catalog.KindPublisher, "publishers", s.publisherView, "A publisher brings visitors and earns commission."}.register()
	resource[catalog.EnrollmentDoc, Enrollment]{s, catalog.KindEnrollment, "enrollments", s.enrollmentView, "An enrollment is a publisher's right to run an offer, with terms of its own where the goal's and the offer's do not fit."}.register()
	resource[catalog.LinkDoc, Link]{s, catalog.KindLink, "links", s.linkView, "A link is a tracking URL: an offer and, unless it is the house's own, a publisher."}.register()
	resource[catalog.CouponDoc, Coupon]{s, catalog.KindCoupon, "coupons", s.couponView, "A coupon is a code that customers type in, and that speaks for the publisher who gave it to them: where the advertiser's postback names it, the order is that publisher's, even without a click."}.register()
	resource[catalog.DomainDoc, Domain]{s, catalog.KindDomain, "domains", s.domainView, "A tracking domain is a host of your own under which links, postbacks and pixels are reached besides the public URL. It serves nothing before it was verified once."}.register()
	resource[catalog.PostbackDoc, Postback]{s, catalog.KindPostback, "postbacks", s.postbackView, "A postback is a call to a publisher's server about its conversions. {payout} is the publisher's own commission; no macro says what the advertiser pays."}.register()
	s.registerCreatives()
	resource[catalog.TermsDoc, Terms]{s, catalog.KindTerms, "terms", s.termsView, "Terms are a version of what an offer promises its publishers: the text they accept, the commission, and what they are told of cookie and window. A version never changes and never begins in the past; conversions are priced by the one in force at their event time. One that has not begun can be withdrawn by archiving it, for ever."}.register()
	resource[catalog.CommissionRuleDoc, CommissionRule]{s, catalog.KindCommissionRule, "commission-rules", s.commissionRuleView, "A commission rule says what orders that fulfil its conditions pay their publisher. Of several that apply the most specific one wins, then the higher priority; two that nothing would tell apart are refused with ambiguous_rule. A changed rule holds for what is recorded from then on; docs/commission-rules.md has the order of precedence."}.register()
	s.registerSimulator()
	s.registerTokens()
}

// listInput selects a page of a kind.
type listInput struct {
	Scope
	Paging
	Filters
	Q        string `query:"q" maxLength:"200" doc:"Part of the name or id, in any case."`
	Archived string `query:"archived" enum:"only,all" doc:"Archived rows only, or all; without, those in use."`
}

type createInput[D any] struct {
	Scope
	Key    string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of yours. The same request under it again gives the same answer, with the header Idempotent-Replay; another one is refused with 409."`
	DryRun bool   `query:"dry_run" doc:"Only check: answer what would be made, and make nothing."`
	Body   body[D]
}

type patchInput[D any] struct {
	One
	Match
	DryRun bool `query:"dry_run" doc:"Only check: answer what it would be, and change nothing."`
	Body   patch[D]
}

type actInput struct {
	One
	Match
}

// rowOutput is one row with its version.
type rowOutput[V any] struct {
	Status   int
	ETag     string `header:"ETag" doc:"Its version, for If-Match."`
	Location string `header:"Location" doc:"Where what was made is found."`
	Replay   string `header:"Idempotent-Replay" doc:"true when it had been made before under the same Idempotency-Key."`
	Body     V
}

// register adds the operations that every kind has.
func (r resource[D, V]) register() {
	name, base := string(r.kind), "/"+r.plural
	ws := r.kind == catalog.KindWorkspace
	on := func(method, path, id, summary, text string) route {
		return route{method: method, path: base + path, id: id, tag: r.plural, summary: summary, text: text, unscoped: ws}
	}
	list := on(http.MethodGet, "", "list-"+r.plural, "List "+r.plural, r.text)
	list.kind = r.kind
	create := on(http.MethodPost, "", "create-"+name, "Create "+article(name), r.text)
	create.status, create.owner = http.StatusCreated, ws
	archive := on(http.MethodPost, "/{id}/archive", "archive-"+name, "Take "+article(name)+" out of use", "Nothing is ever deleted: what is archived can be restored, and its history stays.")
	restore := on(http.MethodPost, "/{id}/restore", "restore-"+name, "Take "+article(name)+" back into use", "")
	archive.owner, restore.owner = ws, ws
	add(r.s, list, r.list)
	add(r.s, create, r.create)
	add(r.s, on(http.MethodGet, "/{id}", "get-"+name, "Read "+article(name), ""), r.get)
	add(r.s, on(http.MethodPatch, "/{id}", "change-"+name, "Change "+article(name), "Send the fields to change (JSON merge patch)."), r.patch)
	add(r.s, archive, r.archive(true))
	add(r.s, restore, r.archive(false))
}

func article(name string) string {
	if name == string(catalog.KindTerms) {
		return "a version of the terms"
	}
	switch name[0] {
	case 'a', 'e', 'o':
		return "an " + name
	}
	return "a " + name
}

// scope is the workspace of the request. A workspace is its own: its id says which.
func (r resource[D, V]) scope(ctx context.Context, in Scope, id string) (string, error) {
	if r.kind == catalog.KindWorkspace {
		return id, nil
	}
	return r.s.workspace(ctx, in)
}

func (r resource[D, V]) list(ctx context.Context, in *listInput) (*pageOutput[V], error) {
	ws, err := r.scope(ctx, in.Scope, "")
	if err != nil {
		return nil, err
	}
	q := catalog.Query{Kind: r.kind, Workspace: ws, Filter: in.Filters.values, Search: in.Q, Archived: in.Archived, After: in.Cursor, Limit: in.Limit + 1}
	es, err := r.s.Catalog.List(ctx, caller(ctx), q)
	if err != nil {
		return nil, err
	}
	x, err := r.s.extras(ctx, ws, es)
	if err != nil {
		return nil, err
	}
	return cut(es, in.Limit, func(e catalog.Entity) string { return e.Base().ID }, func(e catalog.Entity) V { return r.view(e, x) }), nil
}

// output is the answer with one row.
func (r resource[D, V]) output(ctx context.Context, e catalog.Entity) (*rowOutput[V], error) {
	x, err := r.s.extras(ctx, e.Base().Workspace, []catalog.Entity{e})
	if err != nil {
		return nil, err
	}
	return &rowOutput[V]{Status: http.StatusOK, ETag: etag(e.Base().Version), Body: r.view(e, x)}, nil
}

func (r resource[D, V]) get(ctx context.Context, in *One) (*rowOutput[V], error) {
	ws, err := r.scope(ctx, in.Scope, in.ID)
	if err != nil {
		return nil, err
	}
	e, err := r.s.Catalog.Get(ctx, caller(ctx), r.kind, ws, in.ID)
	if err != nil {
		return nil, err
	}
	return r.output(ctx, e)
}

func (r resource[D, V]) create(ctx context.Context, in *createInput[D]) (*rowOutput[V], error) {
	d := catalog.NewDoc(r.kind)
	err := catalog.Merge(d, in.Body.raw)
	var wrong *catalog.Invalid
	if err != nil && !errors.As(err, &wrong) {
		return nil, err
	}
	ws := catalog.WorkspaceOf(d, "")
	if r.kind != catalog.KindWorkspace && (ws == "" || in.Scope.named() != "") {
		asked, err := r.s.workspace(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		if ws != "" && ws != asked {
			return nil, errTwo
		}
		ws = asked
	}
	if wrong != nil || in.DryRun {
		e, perr := r.s.Catalog.Preview(ctx, caller(ctx), ws, "", 0, d)
		if wrong != nil || perr != nil {
			return nil, both(wrong, perr)
		}
		return r.output(ctx, unborn(e))
	}
	idem := catalog.Idempotency{Workspace: ws}
	if in.Key != "" {
		idem.Key = in.Key
		idem.Hash, err = hash(r.kind, ws, d)
		if err != nil {
			return nil, err
		}
	}
	e, replayed, err := r.s.Catalog.Create(ctx, caller(ctx), d, idem)
	if err != nil {
		return nil, err
	}
	out, err := r.output(ctx, e)
	if err != nil {
		return nil, err
	}
	out.Status, out.Location = http.StatusCreated, Prefix+"/"+r.plural+"/"+e.Base().ID
	if replayed {
		out.Replay = "true"
	}
	return out, nil
}

// both joins what decoding and what checking found wrong, so that all is reported at
// once; a field that could not be decoded is not reported as missing too.
func both(decoded *catalog.Invalid, checked error) error {
	if decoded == nil || len(decoded.Fields) == 0 {
		return checked
	}
	var more *catalog.Invalid
	if checked != nil && !errors.As(checked, &more) {
		return checked
	}
	all := &catalog.Invalid{Fields: decoded.Fields}
	if more == nil {
		return all
	}
	known := map[string]bool{}
	for _, f := range decoded.Fields {
		known[f.Field] = true
	}
	for _, f := range more.Fields {
		if !known[f.Field] {
			all.Fields = append(all.Fields, f)
		}
	}
	return all
}

// unborn takes from what a dry run would have made what only making it settles.
func unborn(e catalog.Entity) catalog.Entity {
	m := e.Base()
	m.ID, m.Version = "", 0
	switch e := e.(type) {
	case *catalog.Advertiser:
		e.Token = ""
	case *catalog.Offer:
		e.Key = ""
	case *catalog.Link:
		e.Key = ""
	}
	return e
}

// hash is of what a request means, not of how it was written.
func hash(kind catalog.Kind, workspace string, d catalog.Doc) (string, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("hash request: %w", err)
	}
	sum := sha256.Sum256(append([]byte(string(kind)+"\n"+workspace+"\n"), b...))
	return hex.EncodeToString(sum[:]), nil
}

// patch reads, merges and writes. Without a precondition it starts over when another
// writer comes between.
func (r resource[D, V]) patch(ctx context.Context, in *patchInput[D]) (*rowOutput[V], error) {
	ws, err := r.scope(ctx, in.Scope, in.ID)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		e, err := r.s.Catalog.Get(ctx, caller(ctx), r.kind, ws, in.ID)
		if err != nil {
			return nil, err
		}
		version := e.Base().Version
		conditional, err := in.check(version)
		if err != nil {
			return nil, err
		}
		docs, err := r.s.Catalog.Docs(ctx, []catalog.Entity{e})
		if err != nil {
			return nil, err
		}
		err = catalog.Merge(docs[0], in.Body.raw)
		var wrong *catalog.Invalid
		if err != nil && !errors.As(err, &wrong) {
			return nil, err
		}
		if wrong != nil || in.DryRun {
			e, perr := r.s.Catalog.Preview(ctx, caller(ctx), ws, in.ID, version, docs[0])
			if wrong != nil || perr != nil {
				return nil, both(wrong, perr)
			}
			return r.output(ctx, e)
		}
		e, err = r.s.Catalog.Update(ctx, caller(ctx), ws, in.ID, version, docs[0])
		if errors.Is(err, catalog.ErrVersion) && !conditional && try < patchTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		return r.output(ctx, e)
	}
}

func (r resource[D, V]) archive(archived bool) func(context.Context, *actInput) (*rowOutput[V], error) {
	return func(ctx context.Context, in *actInput) (*rowOutput[V], error) {
		ws, err := r.scope(ctx, in.Scope, in.ID)
		if err != nil {
			return nil, err
		}
		e, err := r.s.Catalog.Get(ctx, caller(ctx), r.kind, ws, in.ID)
		if err != nil {
			return nil, err
		}
		version := int64(0)
		conditional, err := in.check(e.Base().Version)
		if err != nil {
			return nil, err
		}
		if conditional {
			version = e.Base().Version
		}
		e, err = r.s.Catalog.Archive(ctx, caller(ctx), r.kind, ws, in.ID, version, archived)
		if err != nil {
			return nil, err
		}
		return r.output(ctx, e)
	}
}

type rotateInput struct {
	One
	Match
	Overlap bool `query:"overlap" doc:"Accept the present token as well until it is dropped. Leave it out for a token that leaked."`
}

// registerTokens adds what only advertisers have.
func (s *server) registerTokens() {
	r := resource[catalog.AdvertiserDoc, Advertiser]{s: s, kind: catalog.KindAdvertiser, view: s.advertiserView}
	change := func(fn func(ctx context.Context, ws string, version int64, in *rotateInput) (*catalog.Advertiser, error)) func(context.Context, *rotateInput) (*rowOutput[Advertiser], error) {
		return func(ctx context.Context, in *rotateInput) (*rowOutput[Advertiser], error) {
			ws, err := s.workspace(ctx, in.Scope)
			if err != nil {
				return nil, err
			}
			e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindAdvertiser, ws, in.ID)
			if err != nil {
				return nil, err
			}
			_, err = in.check(e.Base().Version)
			if err != nil {
				return nil, err
			}
			a, err := fn(ctx, ws, e.Base().Version, in)
			if err != nil {
				return nil, err
			}
			return r.output(ctx, a)
		}
	}
	add(s, route{method: http.MethodPost, path: "/advertisers/{id}/rotate_token", id: "rotate-advertiser-token", tag: "advertisers", summary: "Give an advertiser a new postback token"},
		change(func(ctx context.Context, ws string, version int64, in *rotateInput) (*catalog.Advertiser, error) {
			return s.Catalog.RotateToken(ctx, caller(ctx), ws, in.ID, version, in.Overlap)
		}))
	secret := change(func(ctx context.Context, ws string, version int64, in *rotateInput) (*catalog.Advertiser, error) {
		return s.Catalog.NewSecret(ctx, caller(ctx), ws, in.ID, version)
	})
	add(s, route{method: http.MethodPost, path: "/advertisers/{id}/signing_secret", id: "new-advertiser-signing-secret", tag: "advertisers", summary: "Give an advertiser a new signing secret",
		text: "The answer shows it, this once. The secret before ends at once."}, func(ctx context.Context, in *rotateInput) (*rowOutput[Advertiser], error) {
		out, err := secret(ctx, in)
		if err != nil {
			return nil, err
		}
		ws, err := s.workspace(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindAdvertiser, ws, in.ID)
		if a, ok := e.(*catalog.Advertiser); err == nil && ok {
			out.Body.Secret = a.Guards.Secret
		}
		return out, err
	})
	add(s, route{method: http.MethodPost, path: "/advertisers/{id}/drop_old_token", id: "drop-advertiser-token", tag: "advertisers", summary: "Accept only the present postback token"},
		change(func(ctx context.Context, ws string, version int64, in *rotateInput) (*catalog.Advertiser, error) {
			return s.Catalog.DropOldToken(ctx, caller(ctx), ws, in.ID, version)
		}))
}
