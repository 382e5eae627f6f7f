package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"clickledger/internal/catalog"
	"clickledger/internal/store/q"
)

// reference is a field that names another row.
type reference struct {
	field string // JSON name
	kind  catalog.Kind
	id    string
	need  bool // "" is not allowed
}

func references(e catalog.Entity) []reference {
	switch e := e.(type) {
	case *catalog.Offer:
		return []reference{{"advertiser", catalog.KindAdvertiser, e.Advertiser, false}, {"fallback_offer", catalog.KindOffer, e.FallbackOffer, false}}
	case *catalog.Goal:
		return []reference{{"offer", catalog.KindOffer, e.Offer, true}}
	case *catalog.Publisher:
		return []reference{{"group", catalog.KindGroup, e.Group, false}}
	case *catalog.Enrollment:
		return []reference{{"offer", catalog.KindOffer, e.Offer, true}, {"publisher", catalog.KindPublisher, e.Publisher, true}}
	case *catalog.Link:
		return []reference{{"offer", catalog.KindOffer, e.Offer, true}, {"publisher", catalog.KindPublisher, e.Publisher, false}}
	case *catalog.Coupon:
		return []reference{{"offer", catalog.KindOffer, e.Offer, true}, {"publisher", catalog.KindPublisher, e.Publisher, true}, {"advertiser", catalog.KindAdvertiser, e.Advertiser, false}}
	case *catalog.Domain:
		return []reference{{"advertiser", catalog.KindAdvertiser, e.Advertiser, false}}
	case *catalog.Postback:
		return []reference{{"publisher", catalog.KindPublisher, e.Publisher, true}, {"offer", catalog.KindOffer, e.Offer, false}}
	case *catalog.Creative:
		return []reference{{"offer", catalog.KindOffer, e.Offer, true}}
	case *catalog.TermsVersion:
		return []reference{{"offer", catalog.KindOffer, e.Offer, true}}
	case *catalog.CommissionRule:
		out := []reference{{"offer", catalog.KindOffer, e.Offer, false}}
		for _, id := range e.If.Publishers {
			out = append(out, reference{"publishers", catalog.KindPublisher, id, true})
		}
		for _, id := range e.If.Groups {
			out = append(out, reference{"groups", catalog.KindGroup, id, true})
		}
		return out
	}
	return nil
}

// checkReferences refuses references to rows that are not in the entity's workspace.
// Nothing is ever deleted, so what holds now holds for ever.
func checkReferences(ctx context.Context, qs *q.Queries, e catalog.Entity) error {
	var wrong []catalog.FieldError
	for _, r := range references(e) {
		if r.id == "" && !r.need {
			continue
		}
		_, err := kinds[r.kind].get(ctx, qs, e.Base().Workspace, r.id)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return fmt.Errorf("store: %s of a %s: %w", r.field, e.Kind(), err)
		}
		if err != nil {
			wrong = append(wrong, catalog.FieldError{
				Field: r.field, Rule: "unknown_reference", Value: shown(r.id),
				Msg: fmt.Sprintf("no %s with this id in the workspace", r.kind),
			})
		}
	}
	if len(wrong) > 0 {
		return &catalog.Invalid{Fields: wrong}
	}
	return nil
}

// taken names, for every unique index of the catalog and the accounts, the field a
// caller must change. Indexes are named as each engine's errors name them.
var taken = map[uniqueKey]string{
	{"workspaces_name", "workspaces.name"}:                                                  "name",
	{"advertisers_token", "advertisers.token"}:                                              "token",
	{"offers_key", "offers.key"}:                                                            "key",
	{"goals_key", "goals.workspace, goals.offer, goals.key"}:                                "key",
	{"publisher_groups_name", "publisher_groups.workspace, publisher_groups.name"}:          "name",
	{"publishers_email", "publishers.workspace, publishers.email"}:                          "email",
	{"enrollments_pair", "enrollments.workspace, enrollments.offer, enrollments.publisher"}: "publisher",
	{"links_key", "links.key"}:                                                              "key",
	{"coupons_code", "coupons.workspace, coupons.advertiser, coupons.code_key"}:             "code",
	{"domains_host", "domains.host"}:                                                        "host",
	{"domains_default", "domains.workspace, domains.advertiser"}:                            "default",
	{"terms_number", "terms.workspace, terms.offer, terms.number"}:                          "number",
	{"users_email", "users.email"}:                                                          "email",
	{"api_keys_hash", "api_keys.hash"}:                                                      "hash",
}

// takenField finds the field behind a violated unique key; "id" for primary keys.
func takenField(v uniqueKey) string {
	for k, field := range taken {
		if (v.index != "" && k.index == v.index) || (v.columns != "" && k.columns == v.columns) {
			return field
		}
	}
	return "id"
}

// refused turns a violated unique key into the domain's error.
func (c catalogStore) refused(e catalog.Entity, err error) error {
	v, ok := c.db.engine.violated(err)
	if !ok {
		return fmt.Errorf("store: write %s: %w", e.Kind(), err)
	}
	field := takenField(v)
	return takenError(field, uniqueValue(e, field))
}

func takenError(field, value string) error {
	return &catalog.Invalid{Fields: []catalog.FieldError{{
		Field: field, Rule: "taken", Value: shown(value), Msg: "is used by another one",
	}}}
}

// uniqueValue is what a unique field holds; tokens are secrets and are not repeated.
func uniqueValue(e catalog.Entity, field string) string {
	if field == "id" {
		return e.Base().ID
	}
	switch e := e.(type) {
	case *catalog.Workspace:
		return e.Name
	case *catalog.Offer:
		return e.Key
	case *catalog.Goal:
		return e.Key
	case *catalog.Group:
		return e.Name
	case *catalog.Publisher:
		return e.Email
	case *catalog.Enrollment:
		return e.Publisher
	case *catalog.Link:
		return e.Key
	case *catalog.Coupon:
		return e.Code
	case *catalog.Domain:
		return e.Host
	case *catalog.TermsVersion:
		return strconv.FormatInt(e.Number, 10)
	}
	return ""
}

// shown bounds a value that is repeated in an error to 80 characters.
func shown(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= 80 {
		return s
	}
	return string([]rune(s)[:80])
}
