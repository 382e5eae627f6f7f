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
		return &WorkspaceDoc{Name: e.Name, Currency: e.Currency, TimeZone: e.TimeZone, FallbackURL: e.FallbackURL}
	case *Advertiser:
		return &AdvertiserDoc{Workspace: e.Workspace, Name: e.Name, Type: e.Type, TokenRequired: e.TokenRequired, ClickParam: e.ClickParam, Notes: e.Notes}
	case *Offer:
		c := e.Currency
		return &OfferDoc{
			Workspace: e.Workspace, Name: e.Name, Advertiser: e.Advertiser, URL: e.URL, Status: e.Status, Currency: c,
			PayoutKind: e.PayoutKind, Payout: payoutText(e.Terms, c), PayoutPercent: e.PayoutPercent, Precedence: e.Precedence,
			CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, c), CommissionPercent: e.CommissionPercent,
			AppendClickID: e.AppendClickID, CookieDays: e.CookieDays, WindowDays: e.WindowDays, InitialStatus: e.InitialStatus,
			RequireOrder: e.RequireOrder, DeepLinks: list(e.DeepLinks), FallbackURL: e.FallbackURL, Tags: list(e.Tags), Notes: e.Notes,
		}
	case *Goal:
		return &GoalDoc{
			Workspace: e.Workspace, Offer: e.Offer, Key: e.Key, Name: e.Name,
			PayoutKind: e.PayoutKind, Payout: payoutText(e.Terms, currency), PayoutPercent: e.PayoutPercent, Precedence: e.Precedence,
			CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, currency), CommissionPercent: e.CommissionPercent,
		}
	case *Publisher:
		return &PublisherDoc{Workspace: e.Workspace, Name: e.Name, Email: e.Email, Status: e.Status, PostbackURL: e.PostbackURL, Notes: e.Notes}
	case *Enrollment:
		return &EnrollmentDoc{
			Workspace: e.Workspace, Offer: e.Offer, Publisher: e.Publisher, Status: e.Status, Reason: e.Reason,
			CommissionKind: e.CommissionKind, Commission: commissionText(e.CommissionKind, e.Commission, currency), CommissionPercent: e.CommissionPercent,
		}
	case *Link:
		return &LinkDoc{Workspace: e.Workspace, Offer: e.Offer, Publisher: e.Publisher, Name: e.Name, Status: e.Status, Source: e.Source}
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
