package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	_ "time/tzdata" // a workspace's time zone must be known wherever the binary runs

	"clickledger/internal/event"
	"clickledger/internal/money"
)

// idPrefix says at a glance what an id is of.
var idPrefix = map[Kind]string{
	KindWorkspace: "ws_", KindAdvertiser: "adv_", KindOffer: "off_", KindGoal: "goal_",
	KindGroup: "grp_", KindPublisher: "pub_", KindEnrollment: "enr_", KindLink: "lnk_", KindCoupon: "cpn_", KindDomain: "dom_", KindPostback: "pbk_",
	KindCreative: "cre_", KindTerms: "trm_", KindCommissionRule: "crl_",
}

// checker turns one document into the entity it describes, and collects everything
// that is wrong with it. What is not the document's fault goes to err.
type checker struct {
	*Service
	ctx       context.Context
	workspace string
	old       Entity // nil at creation
	currency  money.Currency
	unique    bool // ask what is taken, too
	bad       *Invalid
	err       error
}

func (s *Service) checker(ctx context.Context, workspace string, old Entity) *checker {
	return &checker{Service: s, ctx: ctx, workspace: workspace, old: old, bad: &Invalid{}}
}

// currencyCode is the currency of the built entity's amounts.
func (c *checker) currencyCode() string { return string(c.currency) }

// WorkspaceOf is the workspace the document names, or else fallback.
func WorkspaceOf(d Doc, fallback string) string {
	if w := workspaceField(d); w != nil && *w != "" {
		return *w
	}
	return fallback
}

func workspaceField(d Doc) *string {
	switch d := d.(type) {
	case *AdvertiserDoc:
		return &d.Workspace
	case *OfferDoc:
		return &d.Workspace
	case *GoalDoc:
		return &d.Workspace
	case *GroupDoc:
		return &d.Workspace
	case *PublisherDoc:
		return &d.Workspace
	case *EnrollmentDoc:
		return &d.Workspace
	case *LinkDoc:
		return &d.Workspace
	case *CouponDoc:
		return &d.Workspace
	case *DomainDoc:
		return &d.Workspace
	case *PostbackDoc:
		return &d.Workspace
	case *CreativeDoc:
		return &d.Workspace
	case *TermsDoc:
		return &d.Workspace
	case *CommissionRuleDoc:
		return &d.Workspace
	}
	return nil
}

// build makes the entity, or [*Invalid]. unique asks for what is taken by others.
func (c *checker) build(d Doc, unique bool) (Entity, error) {
	c.unique = unique
	now := c.now()
	meta := Meta{Workspace: c.workspace, Created: now.UnixMicro(), Version: 1}
	if c.old != nil {
		meta = *c.old.Base()
		if w := workspaceField(d); w != nil && *w != "" {
			c.immutable("workspace", meta.Workspace, *w)
		}
	} else {
		meta.ID = event.NewID(idPrefix[d.Kind()], now)
		if d.Kind() == KindWorkspace {
			meta.Workspace = meta.ID
		} else if c.home() == nil && c.err == nil {
			// Owners may name any workspace, so one that does not exist comes this far.
			return nil, ErrNotFound
		}
	}
	meta.Updated = now.UnixMicro()
	checkTags(d, c.bad)
	e := c.entity(d, meta)
	if c.err != nil {
		return nil, c.err
	}
	err := c.bad.Err()
	if err != nil {
		return nil, err
	}
	return e, nil
}

// home is the workspace of what is being made, nil when there is none.
func (c *checker) home() *Workspace {
	e := c.get(KindWorkspace, c.workspace, c.workspace)
	if e == nil {
		return nil
	}
	return e.(*Workspace)
}

// get looks an entity up; nil when there is none, or on an error kept in c.err.
func (c *checker) get(kind Kind, workspace, id string) Entity {
	e, err := c.store.Get(c.ctx, kind, workspace, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		c.fail(fmt.Errorf("look up %s %s: %w", kind, id, err))
		return nil
	}
	return e
}

func (c *checker) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// wrong says whether the field has been refused already: one reason is enough.
func (c *checker) wrong(field string) bool {
	for _, f := range c.bad.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// immutable refuses another value than the one the entity was made with.
func (c *checker) immutable(field, was, is string) {
	if c.old != nil && was != is && !c.wrong(field) {
		c.bad.Add(field, ruleImmutable, is, "Cannot be changed after creation; it is "+was+".")
	}
}

// ref resolves a reference within the workspace. "" is nothing; was is what the entity
// refers to so far, which may have been archived since.
func (c *checker) ref(field string, kind Kind, id, was string) Entity {
	if id == "" || c.wrong(field) {
		return nil
	}
	e := c.get(kind, c.workspace, id)
	switch {
	case c.err != nil:
		return nil
	case e == nil:
		c.bad.Add(field, ruleReference, id, "There is no such "+string(kind)+" in this workspace.")
		return nil
	case e.Base().Archived && id != was:
		c.bad.Add(field, ruleArchived, id, "This "+string(kind)+" is archived.")
		return nil
	}
	return e
}

// taken refuses a value that another row of the kind has, found by the filter.
func (c *checker) taken(field, value string, kind Kind, filter map[string]string) {
	if !c.unique || value == "" || c.wrong(field) {
		return
	}
	for name := range filter {
		if c.wrong(name) {
			return // the question makes no sense yet
		}
	}
	es, err := c.store.List(c.ctx, Query{Kind: kind, Workspace: c.workspace, Filter: filter, Archived: "all", Limit: 2})
	if err != nil {
		c.fail(fmt.Errorf("look up %s by %s: %w", kind, field, err))
		return
	}
	for _, e := range es {
		if c.old == nil || e.Base().ID != c.old.Base().ID {
			c.bad.Add(field, ruleTaken, value, "Is used by "+strings.TrimSpace(NameOf(e)+" ("+e.Base().ID+")")+" already.")
			return
		}
	}
}
