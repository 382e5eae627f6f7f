// Package portaltest sets a stage on which the portals are tested: two sides in one
// workspace, each an advertiser with an offer and a publisher who runs it, with unusual
// values in every field that can be set.
//
// Invariants:
//   - A field without a rule in [rules] is planted by itself and is to be seen in neither
//     portal: who shows it has to say so here.
package portaltest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// Password signs in every person of a stage.
const Password = "a password for the stage"

// World is what a test brings.
type World struct {
	Catalog   *catalog.Service
	Accounts  *account.Service
	Users     account.Store
	Owner     account.Principal
	Workspace string
	// Click makes the visit known, under a new id, and counts it.
	Click func(v *event.Visit)
	// Postback judges a server's signal.
	Postback func(query string) *inbox.Row
	// Delivery finds the call that told a conversion.
	Delivery func(conversion string) string
}

// Side is an advertiser with an offer, and a publisher who runs it.
type Side struct {
	Mark      string
	IDs       map[string]string            // advertiser, offer, goal, publisher, enrollment, link, coupon, conversion, signal, and by party: publisher_user, publisher_key …
	People    map[string]account.Principal // by party
	Emails    map[string]string            // by party
	Keys      map[string]map[string]string // by party and scope: secrets
	Values    []Value                      // what was planted
	Rows      map[catalog.Kind]catalog.Entity
	Visit     *event.Visit
	Unlike    []string // values that are allowed although they look planted
	parties   map[string]account.Party
	workspace string
}

// Value is something unusual, and who may see it: "p" the side's publisher, "a" its advertiser.
type Value struct{ Where, Text, Shown string }

// Party is the side's publisher or advertiser.
func (s *Side) Party(kind string) account.Party { return s.parties[kind] }

// rule says what is put into a field, and who may see it.
type rule struct {
	value any // text with %s for the side's mark; a text that begins with = is by side: "=9317.43|6829.57"; nil leaves the default
	shown string
}

// rules are the fields with a form of their own, or that somebody may see.
var rules = map[string]rule{
	"advertiser.name": {"Advertiser planted %s", "a"}, "advertiser.contact_email": {"planted-%s@advertiser.example", "a"}, "advertiser.website": {"https://brand-%s.example/planted", "a"}, "advertiser.status": {nil, ""}, "advertiser.manager": {nil, ""}, "advertiser.template": {nil, ""}, "advertiser.click_param": {"clk%s", "a"},
	"advertiser.allow_ips": {nil, ""}, "advertiser.required_params": {nil, ""}, "advertiser.renames": {nil, ""}, "advertiser.status_map": {nil, ""}, "advertiser.signature_required": {nil, ""},
	"advertiser.min_click_seconds": {nil, ""}, "advertiser.max_click_hours": {nil, ""}, "advertiser.freeze_amounts": {nil, ""}, "advertiser.freeze_status": {nil, ""}, "goal.duplicates": {nil, ""},
	"advertiser.click_macro": {"{click-%s}", "a"}, "advertiser.payout_macro": {"{payout-%s}", "a"}, "advertiser.amount_macro": {"{amount-%s}", "a"}, "advertiser.currency_macro": {"{currency-%s}", "a"},
	"advertiser.txid_macro": {"{txid-%s}", "a"}, "advertiser.status_macro": {"{status-%s}", "a"}, "advertiser.goal_macro": {"{goal-%s}", "a"},

	"offer.name": {"Offer planted %s", "pa"}, "offer.url": {"https://shop-%s.example/landing?planted=offer-url-%s&c={click_id}", "a"}, "offer.static_url": {"https://static-%s.example/planted", ""},
	"offer.currency": {nil, ""}, "offer.payout": {"=9317.43|6829.57", "a"}, "offer.payout_percent": {nil, ""}, "offer.commission": {"=1731.17|1383.29", "p"}, "offer.commission_percent": {nil, ""},
	"offer.commission_kind": {"fixed", "pa"}, "offer.visibility": {"private", ""}, "offer.fallback_offer": {nil, ""}, "offer.fallback_url": {"https://fallback-%s.example/planted", ""},
	"offer.countries": {nil, ""}, "offer.devices": {nil, ""}, "offer.traffic": {nil, ""}, "offer.cap_time_zone": {"=Pacific/Chatham|Asia/Kathmandu", ""}, "offer.cap_states": {nil, ""},
	"offer.deep_links": {"deep-%s.example", "pa"}, "offer.description": {"Described %s", "pa"}, "offer.category": {"Category %s", "pa"}, "offer.preview_url": {"https://preview-%s.example/page", "pa"},

	"goal.key": {"lead-%s", "pa"}, "goal.name": {"Lead planted %s", "pa"}, "goal.payout_kind": {"fixed", "pa"}, "goal.payout": {"=9513.27|6671.83", "a"}, "goal.payout_percent": {nil, ""},
	"goal.commission_kind": {"fixed", "pa"}, "goal.commission": {"=1877.53|1239.47", "p"}, "goal.commission_percent": {nil, ""},

	"publisher.name": {"Publisher planted %s", "p"}, "publisher.email": {"planted-%s@publisher.example", "p"}, "publisher.status": {nil, ""}, "publisher.manager": {nil, ""}, "publisher.group": {nil, ""}, "publisher.website": {"https://site-%s.example/planted", "p"},
	"enrollment.reason": {"Reason planted %s", "p"}, "enrollment.commission": {nil, ""}, "enrollment.commission_percent": {nil, ""}, "enrollment.commission_kind": {nil, ""},
	"link.name": {"Placement %s", "p"}, "link.source": {"source-%s", "p"}, "link.subs": {"preset-%s", "p"},
	"postback.name": {"Tracker %s", "p"}, "postback.url": {"http://127.0.0.1:9/planted-%s?c={payout}", "p"}, "postback.goal": {nil, ""}, "postback.states": {nil, ""}, "postback.preset": {nil, ""}, "postback.body": {nil, ""}, "postback.body_kind": {nil, ""},
	"creative.type": {"text", ""}, "creative.name": {"Creative %s", "p"}, "creative.image": {nil, ""}, "creative.alt": {nil, ""}, "creative.url": {nil, ""}, "creative.headline": {"Headline %s", "p"}, "creative.body": {"Body planted %s", "p"}, "creative.call_to_action": {"Call %s", "p"},
	"terms.text": {"Terms planted %s", "p"}, "terms.from": {nil, ""}, "terms.commission": {nil, ""}, "terms.commission_percent": {nil, ""},
	"commission-rule.publishers": {nil, ""}, "commission-rule.groups": {nil, ""}, "commission-rule.products": {nil, ""}, "commission-rule.categories": {"Kind of goods %s", "p"}, "commission-rule.commission_ids": {nil, ""}, "commission-rule.goals": {nil, ""}, "commission-rule.countries": {nil, ""},
	"commission-rule.order_min": {nil, ""}, "commission-rule.order_max": {nil, ""}, "commission-rule.from": {nil, ""}, "commission-rule.until": {nil, ""}, "commission-rule.currency": {nil, ""}, "commission-rule.commission_kind": {"percent_sale", ""}, "commission-rule.commission": {nil, ""}, "commission-rule.commission_percent": {"=7.3117|8.4719", "p"},
	"coupon.code": {"CODE-%s", "p"}, "coupon.valid_from": {nil, ""}, "coupon.valid_until": {nil, ""},
}

// references are set from the side's own rows.
var references = map[string]bool{"workspace": true, "advertiser": true, "offer": true, "publisher": true}

// Set sets the stage: our side and theirs.
func Set(t testing.TB, w World) (ours, theirs *Side) {
	t.Helper()
	return w.side(t, "ours", 0), w.side(t, "theirs", 1)
}

func (w World) side(t testing.TB, mark string, n int) *Side {
	t.Helper()
	s := &Side{Mark: mark, IDs: map[string]string{}, People: map[string]account.Principal{}, Emails: map[string]string{}, Keys: map[string]map[string]string{}, Rows: map[catalog.Kind]catalog.Entity{}, parties: map[string]account.Party{}, workspace: w.Workspace}
	for _, kind := range []catalog.Kind{catalog.KindAdvertiser, catalog.KindOffer, catalog.KindGoal, catalog.KindPublisher, catalog.KindTerms, catalog.KindCommissionRule, catalog.KindEnrollment, catalog.KindLink, catalog.KindCoupon, catalog.KindPostback, catalog.KindCreative} {
		d := catalog.NewDoc(kind)
		s.plant(t, kind, d, n)
		e, _, err := w.Catalog.Create(t.Context(), w.Owner, d, catalog.Idempotency{Workspace: w.Workspace})
		if err != nil {
			t.Fatalf("a planted %s is refused: %v; give its new fields rules in portaltest", kind, err)
		}
		s.IDs[string(kind)], s.Rows[kind] = e.Base().ID, e
	}
	s.Values = append(s.Values, Value{"advertiser.token", s.Rows[catalog.KindAdvertiser].(*catalog.Advertiser).Token, "a"}, Value{"link.key", s.Rows[catalog.KindLink].(*catalog.Link).Key, "p"})
	w.banner(t, s)
	w.invite(t, s)
	s.IDs["user"] = ""
	for _, kind := range []string{account.PartyPublisher, account.PartyAdvertiser} {
		w.people(t, s, kind)
	}
	w.earn(t, s, n)
	return s
}

// plant fills a document.
func (s *Side) plant(t testing.TB, kind catalog.Kind, d catalog.Doc, n int) {
	v := reflect.ValueOf(d).Elem()
	for i := range v.NumField() {
		f, at := v.Type().Field(i), v.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		where := string(kind) + "." + name
		if references[name] && at.Kind() == reflect.String {
			at.SetString(s.IDs[name])
			if name == "workspace" {
				at.SetString(s.workspace)
			}
			continue
		}
		r, ruled := rules[where]
		if !ruled {
			r = rule{"planted-" + strings.ReplaceAll(where, ".", "-") + "-%s", ""}
			if f.Tag.Get("enum") != "" {
				continue
			}
		}
		text, ok := r.value.(string)
		if !ok {
			continue
		}
		if by, is := strings.CutPrefix(text, "="); is {
			text = strings.Split(by, "|")[n]
		} else {
			text = strings.ReplaceAll(text, "%s", s.Mark)
		}
		switch {
		case at.Kind() == reflect.String:
			at.SetString(text)
		case at.Kind() == reflect.Slice && at.Type().Elem().Kind() == reflect.String:
			at.Set(reflect.ValueOf([]string{text}).Convert(at.Type()))
		default:
			continue
		}
		if f.Tag.Get("enum") == "" {
			s.Values = append(s.Values, Value{where, text, r.shown})
		}
	}
	if o, ok := d.(*catalog.OfferDoc); ok {
		o.GeoPayouts = []catalog.GeoPayoutDoc{{Country: "NZ", Payout: []string{"9471.61", "6793.59"}[n]}}
		o.Keywords = []catalog.KeywordDoc{{Value: "planted keyword " + s.Mark, Weight: 1}}
		o.Caps = []catalog.CapDoc{{Event: catalog.CapConversions, Period: catalog.CapMonthly, Limit: []int64{987_123, 976_321}[n]}}
		s.Values = append(s.Values, Value{"offer.geo_payouts", o.GeoPayouts[0].Payout, "a"}, Value{"offer.keywords", o.Keywords[0].Value, ""}, Value{"offer.caps", fmt.Sprint(o.Caps[0].Limit), ""})
	}
}

// invite makes a private offer of the side's advertiser, with terms and a question, to which
// its publisher is invited.
func (w World) invite(t testing.TB, s *Side) {
	t.Helper()
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Workspace, d.Advertiser, d.Name, d.URL, d.Visibility, d.GoLiveReason = w.Workspace, s.IDs["advertiser"], "Invited planted "+s.Mark, "https://invited-"+s.Mark+".example/?c={click_id}", catalog.VisibilityPrivate, "the stage"
	d.Questions = []catalog.QuestionDoc{{Key: "where", Label: "Where, planted " + s.Mark + "?", Required: true, Kind: catalog.QuestionText, Options: []string{}}}
	d.Payout, d.CommissionKind, d.Commission = "0", catalog.CommissionFixed, "3.00"
	o, _, err := w.Catalog.Create(t.Context(), w.Owner, d, catalog.Idempotency{Workspace: w.Workspace})
	if err != nil {
		t.Fatal(err)
	}
	s.IDs["invited"] = o.Base().ID
	terms := catalog.NewDoc(catalog.KindTerms).(*catalog.TermsDoc)
	terms.Workspace, terms.Offer, terms.Text = w.Workspace, o.Base().ID, "Invited terms planted "+s.Mark
	_, _, err = w.Catalog.Create(t.Context(), w.Owner, terms, catalog.Idempotency{Workspace: w.Workspace})
	if err != nil {
		t.Fatal(err)
	}
	done, err := w.Catalog.Invite(t.Context(), w.Owner, w.Workspace, o.Base().ID, []string{s.IDs["publisher"]})
	if err != nil || done[0].Err != nil {
		t.Fatal(err, done)
	}
	s.Values = append(s.Values, Value{"invited.name", d.Name, "pa"}, Value{"invited.url", d.URL, "a"}, Value{"invited.question", d.Questions[0].Label, "p"}, Value{"invited.terms", terms.Text, "p"})
}

// Pixel is the image of the stage's banners.
const Pixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx\xdac\xf8\x0f\x00\x01\x01\x01\x00\x1c\xb0\x8c\x99\x00\x00\x00\x00IEND\xaeB`\x82"

// banner makes a banner of the side's offer.
func (w World) banner(t testing.TB, s *Side) {
	t.Helper()
	img, err := w.Catalog.Upload(t.Context(), w.Owner, w.Workspace, []byte(Pixel))
	if err != nil {
		t.Fatal(err)
	}
	d := catalog.NewDoc(catalog.KindCreative).(*catalog.CreativeDoc)
	d.Workspace, d.Offer, d.Name, d.Image = w.Workspace, s.IDs["offer"], "Banner planted "+s.Mark, img.Hash
	e, _, err := w.Catalog.Create(t.Context(), w.Owner, d, catalog.Idempotency{Workspace: w.Workspace})
	if err != nil {
		t.Fatal(err)
	}
	s.IDs["banner"] = e.Base().ID
	s.Values = append(s.Values, Value{"banner.name", d.Name, "p"})
}

// people makes a person and keys of a party.
func (w World) people(t testing.TB, s *Side, kind string) {
	t.Helper()
	party := account.Party{Kind: kind, ID: s.IDs[kind], Workspace: w.Workspace}
	s.parties[kind] = party
	email := kind + "-person@" + s.Mark + ".example"
	u := &account.User{ID: "usr_" + kind[:3] + s.Mark, Email: email, Name: "Person of " + kind + " " + s.Mark, PasswordHash: account.HashPassword(Password), Workspaces: []string{w.Workspace}, Party: party, Created: 1, Version: 1}
	err := w.Users.InsertUser(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	s.IDs[kind+"_user"], s.People[kind], s.Emails[kind], s.Keys[kind] = u.ID, u.Principal(), email, map[string]string{}
	s.Values = append(s.Values, Value{kind + "'s person", email, kind[:1]}, Value{kind + "'s person", u.Name, kind[:1]})
	for _, scope := range []string{account.ScopeRead, account.ScopeWrite} {
		secret, k, err := w.Accounts.CreatePartyKey(t.Context(), w.Owner, party, "key of "+kind+" "+s.Mark+" to "+scope, scope, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.Keys[kind][scope], s.IDs[kind+"_key"] = secret, k.ID
		s.Values = append(s.Values, Value{kind + "'s key", k.Name, kind[:1]})
	}
	_, spare, err := w.Accounts.CreatePartyKey(t.Context(), w.Owner, party, "spare key of "+kind+" "+s.Mark, account.ScopeRead, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.IDs[kind+"_spare"] = spare.ID
}

// earn makes a click and its conversion.
func (w World) earn(t testing.TB, s *Side, n int) {
	t.Helper()
	o, adv := s.Rows[catalog.KindOffer].(*catalog.Offer), s.Rows[catalog.KindAdvertiser].(*catalog.Advertiser)
	v := &event.Visit{Click: true, Unique: true, Destination: "https://destination-" + s.Mark + ".example/planted", Referer: "https://referer-" + s.Mark + ".example/planted", UserAgent: "planted agent " + s.Mark, Addr: []string{"203.0.113.77", "203.0.113.88"}[n]}
	v.Dims = event.Dims{Workspace: w.Workspace, Offer: o.ID, Advertiser: adv.ID, Publisher: s.IDs["publisher"], Link: s.IDs["link"], Enrollment: s.IDs["enrollment"],
		Country: "NZ", Device: "phone", Source: "visit-source-" + s.Mark, ExternalID: "external-" + s.Mark}
	v.Subs[0] = "sub-" + s.Mark
	w.Click(v)
	s.Visit = v
	row := w.Postback("click_id=" + v.ID.String() + "&txid=ORDER-" + s.Mark + "&amount=" + []string{"41255.37", "38845.79"}[n] + "&token=" + adv.Token)
	if row.Verdict != event.Accepted {
		t.Fatalf("verdict %s: %s", row.Verdict, row.Detail)
	}
	s.IDs["conversion"], s.IDs["signal"], s.IDs["delivery"] = row.Conversion, row.ID, w.Delivery(row.Conversion)
	s.Values = append(s.Values, Value{"visit.destination", v.Destination, ""}, Value{"visit.referer", "referer-" + s.Mark, ""}, Value{"visit.agent", v.UserAgent, ""}, Value{"visit.addr", v.Addr, ""},
		Value{"visit.source", v.Source, "p"}, Value{"visit.external_id", v.ExternalID, "p"}, Value{"visit.sub1", v.Subs[0], "p"},
		Value{"conversion.order", "ORDER-" + s.Mark, "pa"}, Value{"conversion.sale", []string{"41255.37", "38845.79"}[n], "pa"})
}

// Hidden are the values that a party of ours must never see: all of theirs, and those of
// our own side that are not for it.
func Hidden(ours, theirs *Side, party string) []Value {
	out := append([]Value(nil), theirs.Values...)
	for _, v := range ours.Values {
		if !strings.Contains(v.Shown, party[:1]) {
			out = append(out, v)
		}
	}
	return out
}

// Foreign are ids of theirs and of nobody: each of the first must be answered as the one
// beside it.
func Foreign(theirs *Side, object string) (foreign, unknown string) {
	foreign = theirs.IDs[object]
	return foreign, Unknown(foreign)
}

// Unknown is an id of the same form that nobody has.
func Unknown(id string) string { return id[:len(id)-3] + "000" }
