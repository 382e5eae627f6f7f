package catalog

import (
	"slices"

	"clickledger/internal/money"
)

// DocOf gives the entity's document. currency is the offer's and is needed for goals
// and enrollments, whose amounts are in it; other kinds ignore it. An entity of
// another package gives nil.
func DocOf(e Entity, currency string) Doc {
	switch e := e.(type) {
	case *Workspace:
		return &WorkspaceDoc{Name: e.Name, Currency: e.Currency, TimeZone: e.TimeZone, FallbackURL: e.FallbackURL, IPMode: e.IPMode, RequireTests: e.RequireTests}
	case *Advertiser:
		d := &AdvertiserDoc{Workspace: e.Workspace, Name: e.Name, Type: e.Type, TokenRequired: e.TokenRequired, ClickParam: e.ClickParam, CookieDays: e.CookieDays, ValidationDays: e.ValidationDays, Template: e.Template,
			ClickMacro: e.Macros.ClickID, PayoutMacro: e.Macros.Payout, AmountMacro: e.Macros.Amount, CurrencyMacro: e.Macros.Currency,
			TxIDMacro: e.Macros.TxID, StatusMacro: e.Macros.Status, GoalMacro: e.Macros.Goal, Notes: e.Notes,
			Status: e.Status, Reason: e.Reason, Manager: e.Manager, Website: e.Website, ContactEmail: e.ContactEmail, Prepaid: e.Prepaid, PrepayWarn: e.PrepayWarn}
		e.Guards.fill(d)
		return d
	case *Offer:
		c := e.Currency
		return &OfferDoc{
			Workspace: e.Workspace, Name: e.Name, Advertiser: e.Advertiser, URL: e.URL, Status: e.Status, GoLiveReason: e.LiveReason, Currency: c,
			PayoutKind: e.PayoutKind, Payout: payoutText(e.Terms, c), PayoutPercent: e.PayoutPercent, Precedence: e.Precedence,
			CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, c), CommissionPercent: e.CommissionPercent,
			AppendClickID: e.AppendClickID, CookieDays: e.CookieDays, ValidationDays: e.ValidationDays, WindowDays: e.WindowDays, MinSeconds: e.MinSeconds, Attribution: e.Attribution, Tracking: e.Tracking, InitialStatus: e.InitialStatus,
			RequireOrder: e.RequireOrder, DeepLinks: list(e.DeepLinks), FallbackURL: e.FallbackURL, Tags: list(e.Tags), Notes: e.Notes,
			GeoPayouts: geoDocs(e.GeoPayouts, c), GeoSource: e.GeoSource, Direct: e.Direct, StaticURL: e.StaticURL, FallbackOffer: e.FallbackOffer,
			Countries: list(e.Countries), Devices: list(e.Devices), Keywords: keywordDocs(e.Keywords), Caps: capDocs(e.Caps), CapTimeZone: e.CapTimeZone,
			CapStates: list(e.CapStates), CapWarn: e.CapWarn, OverCap: e.OverCap, Description: e.Description, Category: e.Category,
			PreviewURL: e.PreviewURL, Traffic: list(e.Traffic), CouponPrecedence: e.CouponPrecedence,
			Visibility: e.Visibility, Questions: questionDocs(e.Questions), ReapplyDays: e.ReapplyDays,
		}
	case *Goal:
		return &GoalDoc{
			Workspace: e.Workspace, Offer: e.Offer, Key: e.Key, Name: e.Name, Type: e.Type, RequireOrder: e.RequireOrder, EveryFire: e.EveryFire, Duplicates: e.Duplicates, GeoPayouts: geoDocs(e.GeoPayouts, currency),
			PayoutKind: e.PayoutKind, Payout: payoutText(e.Terms, currency), PayoutPercent: e.PayoutPercent, Precedence: e.Precedence,
			CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, currency), CommissionPercent: e.CommissionPercent,
		}
	case *Group:
		return &GroupDoc{Workspace: e.Workspace, Name: e.Name, Notes: e.Notes}
	case *Publisher:
		return &PublisherDoc{Workspace: e.Workspace, Name: e.Name, Email: e.Email, Status: e.Status, Notes: e.Notes,
			Reason: e.Reason, Group: e.Group, Manager: e.Manager, Website: e.Website, Promotion: e.Promotion}
	case *Enrollment:
		return &EnrollmentDoc{
			Workspace: e.Workspace, Offer: e.Offer, Publisher: e.Publisher, Status: e.Status, Reason: e.Reason,
			CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, currency), CommissionPercent: e.CommissionPercent,
		}
	case *Link:
		return &LinkDoc{Workspace: e.Workspace, Offer: e.Offer, Publisher: e.Publisher, Name: e.Name, Status: e.Status, Source: e.Source, Subs: list(e.Subs)}
	case *Coupon:
		return &CouponDoc{Workspace: e.Workspace, Offer: e.Offer, Publisher: e.Publisher, Code: e.Code, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil, Status: e.Status, Notes: e.Notes}
	case *Domain:
		return &DomainDoc{Workspace: e.Workspace, Host: e.Host, Advertiser: e.Advertiser, RootURL: e.RootURL, UnknownURL: e.UnknownURL, Dialects: list(e.Dialects), Default: e.Default}
	case *Postback:
		return &PostbackDoc{Workspace: e.Workspace, Publisher: e.Publisher, Name: e.Name, Offer: e.Offer, Goal: e.Goal, States: list(e.States), Preset: e.Preset,
			Method: e.Method, URL: e.URL, BodyKind: e.BodyKind, Body: e.Body, Replaces: e.Replaces, Status: e.Status, Notes: e.Notes}
	case *Creative:
		return &CreativeDoc{Workspace: e.Workspace, Offer: e.Offer, Name: e.Name, Type: e.Type, Image: e.Image, Alt: e.Alt, Headline: e.Headline, Body: e.Body,
			CallToAction: e.CallToAction, URL: e.URL, Status: e.Status, Notes: e.Notes}
	case *TermsVersion:
		return termsDoc(e, currency)
	case *CommissionRule:
		return commissionRuleDoc(e)
	}
	return nil
}

// payoutText is empty where no payout was ever set, so that a form shows no 0.00 that
// nobody typed. An explicit 0 is only meaningful when fixed (P9).
func payoutText(t Terms, currency string) string {
	if t.Payout == 0 && t.PayoutKind != PayoutFixed {
		return ""
	}
	return money.Amount{Minor: t.Payout, Currency: money.Currency(currency)}.String()
}

func commissionText(kind string, minor int64, currency string) string {
	if minor == 0 && kind != CommissionFixed {
		return ""
	}
	return money.Amount{Minor: minor, Currency: money.Currency(currency)}.String()
}

// list is never nil: JSON shows [], and a copy keeps the entity immutable.
func list(s []string) []string {
	return append([]string{}, slices.Clip(s)...)
}

func geoDocs(in []GeoPayout, currency string) []GeoPayoutDoc {
	out := make([]GeoPayoutDoc, len(in))
	for i, g := range in {
		out[i] = GeoPayoutDoc{g.Country, money.Amount{Minor: g.Payout, Currency: money.Currency(currency)}.String()}
	}
	return out
}

func keywordDocs(in []Keyword) []KeywordDoc {
	out := make([]KeywordDoc, len(in))
	for i, k := range in {
		out[i] = KeywordDoc(k)
	}
	return out
}

func capDocs(in []Cap) []CapDoc {
	out := make([]CapDoc, len(in))
	for i, c := range in {
		out[i] = CapDoc(c)
	}
	return out
}
