package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/store/q"
)

// kindStore reads and writes the rows of one kind.
type kindStore interface {
	insert(ctx context.Context, qs *q.Queries, e catalog.Entity) error
	// update reports whether a row of the version was there.
	update(ctx context.Context, qs *q.Queries, e catalog.Entity) (bool, error)
	get(ctx context.Context, qs *q.Queries, workspace, id string) (catalog.Entity, error)
	changed(ctx context.Context, qs *q.Queries, since, most int64) ([]catalog.Entity, error)
	newList() *list
	page(ctx context.Context, s *session, l *list, limit int64) ([]catalog.Entity, error)
	// load copies the entity from into into, which is of the same kind.
	load(into, from catalog.Entity) error
}

// kind is a kindStore of entity *T in rows R, with the parameter structs that sqlc
// gave its queries: insert I, update U, get G, changed C.
type kind[T, R, I, U, G, C any, E interface {
	*T
	catalog.Entity
}] struct {
	table    string
	row      func(E) R
	entity   func(R) E
	inserts  func(*q.Queries, context.Context, I) error
	updates  func(*q.Queries, context.Context, U) (int64, error)
	gets     func(*q.Queries, context.Context, G) (R, error)
	changedQ func(*q.Queries, context.Context, C) ([]R, error)
}

var kinds = map[catalog.Kind]kindStore{
	catalog.KindWorkspace: &kind[catalog.Workspace, q.Workspace, q.InsertWorkspaceParams, q.UpdateWorkspaceParams, q.GetWorkspaceParams, q.ChangedWorkspacesParams, *catalog.Workspace]{
		"workspaces", workspaceRow, workspaceEntity,
		(*q.Queries).InsertWorkspace, (*q.Queries).UpdateWorkspace, (*q.Queries).GetWorkspace, (*q.Queries).ChangedWorkspaces,
	},
	catalog.KindAdvertiser: &kind[catalog.Advertiser, q.Advertiser, q.InsertAdvertiserParams, q.UpdateAdvertiserParams, q.GetAdvertiserParams, q.ChangedAdvertisersParams, *catalog.Advertiser]{
		"advertisers", advertiserRow, advertiserEntity,
		(*q.Queries).InsertAdvertiser, (*q.Queries).UpdateAdvertiser, (*q.Queries).GetAdvertiser, (*q.Queries).ChangedAdvertisers,
	},
	catalog.KindOffer: &kind[catalog.Offer, q.Offer, q.InsertOfferParams, q.UpdateOfferParams, q.GetOfferParams, q.ChangedOffersParams, *catalog.Offer]{
		"offers", offerRow, offerEntity,
		(*q.Queries).InsertOffer, (*q.Queries).UpdateOffer, (*q.Queries).GetOffer, (*q.Queries).ChangedOffers,
	},
	catalog.KindGoal: &kind[catalog.Goal, q.Goal, q.InsertGoalParams, q.UpdateGoalParams, q.GetGoalParams, q.ChangedGoalsParams, *catalog.Goal]{
		"goals", goalRow, goalEntity,
		(*q.Queries).InsertGoal, (*q.Queries).UpdateGoal, (*q.Queries).GetGoal, (*q.Queries).ChangedGoals,
	},
	catalog.KindGroup: &kind[catalog.Group, q.PublisherGroup, q.InsertGroupParams, q.UpdateGroupParams, q.GetGroupParams, q.ChangedGroupsParams, *catalog.Group]{
		"publisher_groups", groupRow, groupEntity,
		(*q.Queries).InsertGroup, (*q.Queries).UpdateGroup, (*q.Queries).GetGroup, (*q.Queries).ChangedGroups,
	},
	catalog.KindPublisher: &kind[catalog.Publisher, q.Publisher, q.InsertPublisherParams, q.UpdatePublisherParams, q.GetPublisherParams, q.ChangedPublishersParams, *catalog.Publisher]{
		"publishers", publisherRow, publisherEntity,
		(*q.Queries).InsertPublisher, (*q.Queries).UpdatePublisher, (*q.Queries).GetPublisher, (*q.Queries).ChangedPublishers,
	},
	catalog.KindEnrollment: &kind[catalog.Enrollment, q.Enrollment, q.InsertEnrollmentParams, q.UpdateEnrollmentParams, q.GetEnrollmentParams, q.ChangedEnrollmentsParams, *catalog.Enrollment]{
		"enrollments", enrollmentRow, enrollmentEntity,
		(*q.Queries).InsertEnrollment, (*q.Queries).UpdateEnrollment, (*q.Queries).GetEnrollment, (*q.Queries).ChangedEnrollments,
	},
	catalog.KindLink: &kind[catalog.Link, q.Link, q.InsertLinkParams, q.UpdateLinkParams, q.GetLinkParams, q.ChangedLinksParams, *catalog.Link]{
		"links", linkRow, linkEntity,
		(*q.Queries).InsertLink, (*q.Queries).UpdateLink, (*q.Queries).GetLink, (*q.Queries).ChangedLinks,
	},
	catalog.KindCoupon: &kind[catalog.Coupon, q.Coupon, q.InsertCouponParams, q.UpdateCouponParams, q.GetCouponParams, q.ChangedCouponsParams, *catalog.Coupon]{
		"coupons", couponRow, couponEntity,
		(*q.Queries).InsertCoupon, (*q.Queries).UpdateCoupon, (*q.Queries).GetCoupon, (*q.Queries).ChangedCoupons,
	},
	catalog.KindDomain: &kind[catalog.Domain, q.Domain, q.InsertDomainParams, q.UpdateDomainParams, q.GetDomainParams, q.ChangedDomainsParams, *catalog.Domain]{
		"domains", domainRow, domainEntity,
		(*q.Queries).InsertDomain, (*q.Queries).UpdateDomain, (*q.Queries).GetDomain, (*q.Queries).ChangedDomains,
	},
	catalog.KindPostback: &kind[catalog.Postback, q.Postback, q.InsertPostbackParams, q.UpdatePostbackParams, q.GetPostbackParams, q.ChangedPostbacksParams, *catalog.Postback]{
		"postbacks", postbackRow, postbackEntity,
		(*q.Queries).InsertPostback, (*q.Queries).UpdatePostback, (*q.Queries).GetPostback, (*q.Queries).ChangedPostbacks,
	},
	catalog.KindCreative: &kind[catalog.Creative, q.Creative, q.InsertCreativeParams, q.UpdateCreativeParams, q.GetCreativeParams, q.ChangedCreativesParams, *catalog.Creative]{
		"creatives", creativeRow, creativeEntity,
		(*q.Queries).InsertCreative, (*q.Queries).UpdateCreative, (*q.Queries).GetCreative, (*q.Queries).ChangedCreatives,
	},
	catalog.KindTerms: &kind[catalog.TermsVersion, q.Term, q.InsertTermsParams, q.UpdateTermsParams, q.GetTermsParams, q.ChangedTermsParams, *catalog.TermsVersion]{
		"terms", termsRow, termsEntity,
		(*q.Queries).InsertTerms, (*q.Queries).UpdateTerms, (*q.Queries).GetTerms, (*q.Queries).ChangedTerms,
	},
	catalog.KindCommissionRule: &kind[catalog.CommissionRule, q.CommissionRule, q.InsertCommissionRuleParams, q.UpdateCommissionRuleParams, q.GetCommissionRuleParams, q.ChangedCommissionRulesParams, *catalog.CommissionRule]{
		"commission_rules", commissionRuleRow, commissionRuleEntity,
		(*q.Queries).InsertCommissionRule, (*q.Queries).UpdateCommissionRule, (*q.Queries).GetCommissionRule, (*q.Queries).ChangedCommissionRules,
	},
}

// kindOf finds the store of a kind.
func kindOf(k catalog.Kind) (kindStore, error) {
	ks, ok := kinds[k]
	if !ok {
		return nil, fmt.Errorf("store: unknown kind %q", k)
	}
	return ks, nil
}

func (k *kind[T, R, I, U, G, C, E]) insert(ctx context.Context, qs *q.Queries, e catalog.Entity) error {
	return k.inserts(qs, ctx, as[I](k.row(e.(E))))
}

func (k *kind[T, R, I, U, G, C, E]) update(ctx context.Context, qs *q.Queries, e catalog.Entity) (bool, error) {
	n, err := k.updates(qs, ctx, as[U](k.row(e.(E))))
	return n > 0, err
}

func (k *kind[T, R, I, U, G, C, E]) get(ctx context.Context, qs *q.Queries, workspace, id string) (catalog.Entity, error) {
	row, err := k.gets(qs, ctx, as[G](struct{ Workspace, ID string }{workspace, id}))
	err = found(err)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("store: get from %s: %w", k.table, err)
	}
	return k.entity(row), nil
}

func (k *kind[T, R, I, U, G, C, E]) changed(ctx context.Context, qs *q.Queries, since, most int64) ([]catalog.Entity, error) {
	rows, err := k.changedQ(qs, ctx, as[C](struct{ Since, Most int64 }{since, most}))
	return k.entities(rows), err
}

func (k *kind[T, R, I, U, G, C, E]) newList() *list { return newList[R](k.table) }

func (k *kind[T, R, I, U, G, C, E]) page(ctx context.Context, s *session, l *list, limit int64) ([]catalog.Entity, error) {
	query := l.query(limit)
	rows, err := collect[R](s.dynamic(ctx, query, l.args))
	return k.entities(rows), err
}

func (k *kind[T, R, I, U, G, C, E]) entities(rows []R) []catalog.Entity {
	out := make([]catalog.Entity, len(rows))
	for i, r := range rows {
		out[i] = k.entity(r)
	}
	return out
}

func (k *kind[T, R, I, U, G, C, E]) load(into, from catalog.Entity) error {
	a, ok := into.(E)
	if !ok {
		return fmt.Errorf("store: a %s cannot be read into a %T", from.Kind(), into)
	}
	*a = *from.(E)
	return nil
}
