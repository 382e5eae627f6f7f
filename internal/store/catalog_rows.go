package store

import (
	"encoding/json"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/store/q"
)

// Between entities and rows. Every field is named in both directions; the
// conformance suite fills each with a value of its own and reads it back.

// texts stores a list of texts as JSON.
func texts(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = cleanText(s) // JSON would hide a NUL as an escape
	}
	b, err := json.Marshal(clean)
	if err != nil {
		panic(err) // texts always marshal
	}
	return string(b)
}

// textsOf reads what texts wrote. What somebody broke by hand reads as empty.
func textsOf(s string) []string {
	var list []string
	_ = json.Unmarshal([]byte(s), &list)
	if len(list) == 0 {
		return nil
	}
	return list
}

// rowsJSON stores a list of small structs as JSON.
func rowsJSON[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // plain structs of texts and numbers always marshal
	}
	return string(b)
}

// rowsOf reads what rowsJSON wrote. What somebody broke by hand reads as empty.
func rowsOf[T any](s string) []T {
	var list []T
	_ = json.Unmarshal([]byte(s), &list)
	if len(list) == 0 {
		return nil
	}
	return list
}

// objectJSON stores a small struct as JSON.
func objectJSON[T any](v T) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // as in rowsJSON
	}
	return string(b)
}

// objectOf reads what objectJSON wrote. What somebody broke by hand reads as empty.
func objectOf[T any](s string) T {
	var v T
	_ = json.Unmarshal([]byte(s), &v)
	return v
}

// searchable is what the search of a list looks into.
func searchable(name, id string) string { return strings.ToLower(name + "\n" + id) }

func workspaceRow(e *catalog.Workspace) q.Workspace {
	return q.Workspace{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Name: e.Name, Currency: e.Currency, TimeZone: e.TimeZone, FallbackURL: e.FallbackURL,
		IpMode: e.IPMode, Salt: e.Salt, RequireTests: e.RequireTests,
	}
}

func workspaceEntity(r q.Workspace) *catalog.Workspace {
	return &catalog.Workspace{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Name: r.Name, Currency: r.Currency, TimeZone: r.TimeZone, FallbackURL: r.FallbackURL,
		IPMode: r.IpMode, Salt: r.Salt, RequireTests: r.RequireTests,
	}
}

func advertiserRow(e *catalog.Advertiser) q.Advertiser {
	return q.Advertiser{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Name: e.Name, Type: e.Type, Token: e.Token, TokenOld: e.TokenOld, TokenRequired: e.TokenRequired,
		ClickParam: e.ClickParam, CookieDays: e.CookieDays, ValidationDays: e.ValidationDays, Template: e.Template, Notes: e.Notes,
		ClickMacro: e.Macros.ClickID, PayoutMacro: e.Macros.Payout, AmountMacro: e.Macros.Amount, CurrencyMacro: e.Macros.Currency,
		TxidMacro: e.Macros.TxID, StatusMacro: e.Macros.Status, GoalMacro: e.Macros.Goal,
		Status: e.Status, Reason: e.Reason, Manager: e.Manager, Website: e.Website, ContactEmail: e.ContactEmail, Prepaid: e.Prepaid, PrepayWarn: e.PrepayWarn, Guards: objectJSON(e.Guards),
	}
}

func advertiserEntity(r q.Advertiser) *catalog.Advertiser {
	return &catalog.Advertiser{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Name: r.Name, Type: r.Type, Token: r.Token, TokenOld: r.TokenOld, TokenRequired: r.TokenRequired,
		ClickParam: r.ClickParam, CookieDays: r.CookieDays, ValidationDays: r.ValidationDays, Template: r.Template, Notes: r.Notes,
		Macros: catalog.Macros{
			ClickID: r.ClickMacro, Payout: r.PayoutMacro, Amount: r.AmountMacro, Currency: r.CurrencyMacro,
			TxID: r.TxidMacro, Status: r.StatusMacro, Goal: r.GoalMacro,
		},
		Status: r.Status, Reason: r.Reason, Manager: r.Manager, Website: r.Website, ContactEmail: r.ContactEmail, Prepaid: r.Prepaid, PrepayWarn: r.PrepayWarn, Guards: objectOf[catalog.Guards](r.Guards),
	}
}

func offerRow(e *catalog.Offer) q.Offer {
	return q.Offer{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Name: e.Name, Advertiser: e.Advertiser, URL: e.URL, Status: e.Status, Key: e.Key, Currency: e.Currency,
		PayoutKind: e.PayoutKind, Payout: e.Payout, PayoutPercent: e.PayoutPercent, Precedence: e.Precedence,
		CommissionKind: e.CommissionKind, Commission: e.Commission, CommissionPercent: e.CommissionPercent,
		AppendClickID: e.AppendClickID, CookieDays: e.CookieDays, ValidationDays: e.ValidationDays, WindowDays: e.WindowDays, MinSeconds: e.MinSeconds, Attribution: e.Attribution, Tracking: e.Tracking,
		InitialStatus: e.InitialStatus, RequireOrder: e.RequireOrder, DeepLinks: texts(e.DeepLinks),
		FallbackURL: e.FallbackURL, Tags: texts(e.Tags), Notes: e.Notes,
		GeoPayouts: rowsJSON(e.GeoPayouts), GeoSource: e.GeoSource, Direct: e.Direct, StaticURL: e.StaticURL, FallbackOffer: e.FallbackOffer,
		Countries: texts(e.Countries), Devices: texts(e.Devices), Keywords: rowsJSON(e.Keywords), Caps: rowsJSON(e.Caps), CapTimeZone: e.CapTimeZone,
		CapStates: texts(e.CapStates), CapWarn: e.CapWarn, OverCap: e.OverCap, CapsSince: e.CapsSince,
		Description: e.Description, Category: e.Category, PreviewURL: e.PreviewURL, Traffic: texts(e.Traffic), CouponPrecedence: e.CouponPrecedence,
		LiveSince: e.LiveSince, LiveReason: e.LiveReason,
		Visibility: e.Visibility, Questions: rowsJSON(e.Questions), ReapplyDays: e.ReapplyDays,
	}
}

func offerEntity(r q.Offer) *catalog.Offer {
	return &catalog.Offer{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Name: r.Name, Advertiser: r.Advertiser, URL: r.URL, Status: r.Status, Key: r.Key, Currency: r.Currency,
		Terms: catalog.Terms{
			PayoutKind: r.PayoutKind, Payout: r.Payout, PayoutPercent: r.PayoutPercent, Precedence: r.Precedence,
			CommissionKind: r.CommissionKind, Commission: r.Commission, CommissionPercent: r.CommissionPercent,
			GeoPayouts: rowsOf[catalog.GeoPayout](r.GeoPayouts),
		},
		AppendClickID: r.AppendClickID, CookieDays: r.CookieDays, ValidationDays: r.ValidationDays, WindowDays: r.WindowDays, MinSeconds: r.MinSeconds, Attribution: r.Attribution, Tracking: r.Tracking,
		InitialStatus: r.InitialStatus, RequireOrder: r.RequireOrder, DeepLinks: textsOf(r.DeepLinks),
		FallbackURL: r.FallbackURL, Tags: textsOf(r.Tags), Notes: r.Notes,
		GeoSource: r.GeoSource, Direct: r.Direct, StaticURL: r.StaticURL, FallbackOffer: r.FallbackOffer,
		Countries: textsOf(r.Countries), Devices: textsOf(r.Devices), Keywords: rowsOf[catalog.Keyword](r.Keywords), Caps: rowsOf[catalog.Cap](r.Caps),
		CapTimeZone: r.CapTimeZone, CapStates: textsOf(r.CapStates), CapWarn: r.CapWarn, OverCap: r.OverCap, CapsSince: r.CapsSince,
		Description: r.Description, Category: r.Category, PreviewURL: r.PreviewURL, Traffic: textsOf(r.Traffic), CouponPrecedence: r.CouponPrecedence,
		LiveSince: r.LiveSince, LiveReason: r.LiveReason,
		Visibility: r.Visibility, Questions: rowsOf[catalog.Question](r.Questions), ReapplyDays: r.ReapplyDays,
	}
}

func goalRow(e *catalog.Goal) q.Goal {
	return q.Goal{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Offer: e.Offer, Key: e.Key, Name: e.Name, IsDefault: e.Default, Type: e.Type, RequireOrder: e.RequireOrder, EveryFire: e.EveryFire, Duplicates: e.Duplicates,
		PayoutKind: e.PayoutKind, Payout: e.Payout, PayoutPercent: e.PayoutPercent, Precedence: e.Precedence,
		CommissionKind: e.CommissionKind, Commission: e.Commission, CommissionPercent: e.CommissionPercent, GeoPayouts: rowsJSON(e.GeoPayouts),
	}
}

func goalEntity(r q.Goal) *catalog.Goal {
	return &catalog.Goal{
		Meta:  catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Offer: r.Offer, Key: r.Key, Name: r.Name, Default: r.IsDefault, Type: r.Type, RequireOrder: r.RequireOrder, EveryFire: r.EveryFire, Duplicates: r.Duplicates,
		Terms: catalog.Terms{
			PayoutKind: r.PayoutKind, Payout: r.Payout, PayoutPercent: r.PayoutPercent, Precedence: r.Precedence,
			CommissionKind: r.CommissionKind, Commission: r.Commission, CommissionPercent: r.CommissionPercent,
			GeoPayouts: rowsOf[catalog.GeoPayout](r.GeoPayouts),
		},
	}
}

func groupRow(e *catalog.Group) q.PublisherGroup {
	return q.PublisherGroup{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID), Name: e.Name, Notes: e.Notes,
	}
}

func groupEntity(r q.PublisherGroup) *catalog.Group {
	return &catalog.Group{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Name: r.Name, Notes: r.Notes,
	}
}

func publisherRow(e *catalog.Publisher) q.Publisher {
	return q.Publisher{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Name: e.Name, Email: e.Email, Status: e.Status, Notes: e.Notes,
		Reason: e.Reason, GroupID: e.Group, Manager: e.Manager, Website: e.Website, Promotion: e.Promotion,
	}
}

func publisherEntity(r q.Publisher) *catalog.Publisher {
	return &catalog.Publisher{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Name: r.Name, Email: r.Email, Status: r.Status, Notes: r.Notes,
		Reason: r.Reason, Group: r.GroupID, Manager: r.Manager, Website: r.Website, Promotion: r.Promotion,
	}
}

func enrollmentRow(e *catalog.Enrollment) q.Enrollment {
	return q.Enrollment{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable("", e.ID),
		Offer: e.Offer, Publisher: e.Publisher, Status: e.Status, Reason: e.Reason,
		CommissionKind: e.CommissionKind, Commission: e.Commission, CommissionPercent: e.CommissionPercent,
		Terms: e.Terms, Answers: rowsJSON(e.Answers), Applied: e.Applied, Decided: e.Decided,
		Accepted: e.Accepted, AcceptedBy: e.AcceptedBy, AcceptedFrom: e.AcceptedFrom,
	}
}

func enrollmentEntity(r q.Enrollment) *catalog.Enrollment {
	return &catalog.Enrollment{
		Meta:  catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Offer: r.Offer, Publisher: r.Publisher, Status: r.Status, Reason: r.Reason,
		CommissionKind: r.CommissionKind, Commission: r.Commission, CommissionPercent: r.CommissionPercent,
		Agreement: catalog.Agreement{
			Terms: r.Terms, Answers: rowsOf[catalog.Answer](r.Answers), Applied: r.Applied, Decided: r.Decided,
			Accepted: r.Accepted, AcceptedBy: r.AcceptedBy, AcceptedFrom: r.AcceptedFrom,
		},
	}
}

func linkRow(e *catalog.Link) q.Link {
	return q.Link{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Key: e.Key, Offer: e.Offer, Publisher: e.Publisher, Name: e.Name, Status: e.Status, Source: e.Source, Subs: texts(e.Subs), Test: e.Test,
	}
}

func linkEntity(r q.Link) *catalog.Link {
	return &catalog.Link{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Key:  r.Key, Offer: r.Offer, Publisher: r.Publisher, Name: r.Name, Status: r.Status, Source: r.Source, Subs: textsOf(r.Subs), Test: r.Test,
	}
}

func couponRow(e *catalog.Coupon) q.Coupon {
	return q.Coupon{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Code, e.ID),
		Offer: e.Offer, Publisher: e.Publisher, Advertiser: e.Advertiser, Code: e.Code, CodeKey: catalog.FoldCode(e.Code),
		ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil, Status: e.Status, Notes: e.Notes,
	}
}

func couponEntity(r q.Coupon) *catalog.Coupon {
	return &catalog.Coupon{
		Meta:  catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Offer: r.Offer, Publisher: r.Publisher, Advertiser: r.Advertiser, Code: r.Code,
		ValidFrom: r.ValidFrom, ValidUntil: r.ValidUntil, Status: r.Status, Notes: r.Notes,
	}
}

func domainRow(e *catalog.Domain) q.Domain {
	return q.Domain{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Host, e.ID),
		Host: e.Host, Advertiser: e.Advertiser, RootURL: e.RootURL, UnknownURL: e.UnknownURL, ByDefault: e.Default,
		Token: e.Token, Status: e.Status, Verified: e.Verified, Dialects: texts(e.Dialects),
	}
}

func domainEntity(r q.Domain) *catalog.Domain {
	return &catalog.Domain{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Host: r.Host, Advertiser: r.Advertiser, RootURL: r.RootURL, UnknownURL: r.UnknownURL, Default: r.ByDefault,
		Token: r.Token, Status: r.Status, Verified: r.Verified, Dialects: textsOf(r.Dialects),
	}
}

func postbackRow(e *catalog.Postback) q.Postback {
	return q.Postback{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name+" "+e.URL, e.ID),
		Publisher: e.Publisher, Name: e.Name, Offer: e.Offer, Goal: e.Goal, States: texts(e.States), Preset: e.Preset, Method: e.Method, URL: e.URL,
		BodyKind: e.BodyKind, Body: e.Body, Replaces: e.Replaces, Status: e.Status, PausedFor: e.PausedFor, Notes: e.Notes,
	}
}

func postbackEntity(r q.Postback) *catalog.Postback {
	return &catalog.Postback{
		Meta:      catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Publisher: r.Publisher, Name: r.Name, Offer: r.Offer, Goal: r.Goal, States: textsOf(r.States), Preset: r.Preset, Method: r.Method, URL: r.URL,
		BodyKind: r.BodyKind, Body: r.Body, Replaces: r.Replaces, Status: r.Status, PausedFor: r.PausedFor, Notes: r.Notes,
	}
}

func creativeRow(e *catalog.Creative) q.Creative {
	return q.Creative{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Offer: e.Offer, Name: e.Name, Type: e.Type, Image: e.Image, ImageType: e.ImageType, ImageWidth: e.ImageWidth, ImageHeight: e.ImageHeight,
		ImageSize: e.ImageSize, Alt: e.Alt, Headline: e.Headline, Body: e.Body, CallToAction: e.CallToAction, URL: e.URL, Status: e.Status, Notes: e.Notes,
	}
}

func creativeEntity(r q.Creative) *catalog.Creative {
	return &catalog.Creative{
		Meta:  catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Offer: r.Offer, Name: r.Name, Type: r.Type, Image: r.Image, ImageType: r.ImageType, ImageWidth: r.ImageWidth, ImageHeight: r.ImageHeight,
		ImageSize: r.ImageSize, Alt: r.Alt, Headline: r.Headline, Body: r.Body, CallToAction: r.CallToAction, URL: r.URL, Status: r.Status, Notes: r.Notes,
	}
}

func termsRow(e *catalog.TermsVersion) q.Term {
	return q.Term{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(catalog.NameOf(e), e.ID),
		Offer: e.Offer, Number: e.Number, FromAt: e.From, Body: e.Text,
		CommissionKind: e.CommissionKind, Commission: e.Commission, CommissionPercent: e.CommissionPercent, Goals: rowsJSON(e.Goals),
		CookieDays: e.CookieDays, WindowDays: e.WindowDays,
	}
}

func termsEntity(r q.Term) *catalog.TermsVersion {
	return &catalog.TermsVersion{
		Meta:  catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Offer: r.Offer, Number: r.Number, From: r.FromAt, Text: r.Body,
		CommissionKind: r.CommissionKind, Commission: r.Commission, CommissionPercent: r.CommissionPercent, Goals: rowsOf[catalog.GoalCommission](r.Goals),
		CookieDays: r.CookieDays, WindowDays: r.WindowDays,
	}
}

func commissionRuleRow(e *catalog.CommissionRule) q.CommissionRule {
	return q.CommissionRule{
		ID: e.ID, Workspace: e.Workspace, Created: e.Created, Updated: e.Updated, Version: e.Version, Revision: e.Revision,
		Archived: e.Archived, Search: searchable(e.Name, e.ID),
		Name: e.Name, Offer: e.Offer, Status: e.Status, Priority: e.Priority, Currency: e.Currency,
		Conditions: rowsJSON([]commission.Conditions{e.If}), Pay: rowsJSON([]commission.Pay{e.Pay}), Over100: e.Over100, Notes: e.Notes,
	}
}

func commissionRuleEntity(r q.CommissionRule) *catalog.CommissionRule {
	e := &catalog.CommissionRule{
		Meta: catalog.Meta{ID: r.ID, Workspace: r.Workspace, Created: r.Created, Updated: r.Updated, Version: r.Version, Revision: r.Revision, Archived: r.Archived},
		Name: r.Name, Offer: r.Offer, Status: r.Status, Priority: r.Priority, Currency: r.Currency, Over100: r.Over100, Notes: r.Notes,
	}
	ifs, pays := rowsOf[commission.Conditions](r.Conditions), rowsOf[commission.Pay](r.Pay)
	if len(ifs) != 1 || len(pays) != 1 {
		e.Status = catalog.StatusPaused // broken by hand: without its conditions it would apply to everything
		return e
	}
	e.If, e.Pay = ifs[0], pays[0]
	return e
}
