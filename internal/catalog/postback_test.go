package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

func TestPostbackChecks(t *testing.T) {
	s := newShelf(t)
	pub := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Status: catalog.StatusActive}).Base().ID
	other := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Other", Status: catalog.StatusActive}).Base().ID
	offer := s.create(offerDoc()).Base().ID
	doc := func(change func(d *catalog.PostbackDoc)) *catalog.PostbackDoc {
		d := catalog.NewDoc(catalog.KindPostback).(*catalog.PostbackDoc)
		d.Workspace, d.Publisher, d.URL = s.ws, pub, "https://t.example/?c={sub1}&p={payout}"
		change(d)
		return d
	}
	e := s.create(doc(func(d *catalog.PostbackDoc) { d.States = []string{"reversed", "accepted", "reversed"} })).(*catalog.Postback)
	if !slices.Equal(e.States, []string{"accepted", "reversed"}) || e.Title() != "t.example" || !strings.HasPrefix(e.ID, "pbk_") {
		t.Errorf("postback %+v", e)
	}
	s.create(doc(func(d *catalog.PostbackDoc) { d.Offer, d.Goal = offer, "sale" }))
	s.create(doc(func(d *catalog.PostbackDoc) {
		d.Method, d.BodyKind, d.Body = "POST", macro.BodyJSON, "{\n\"p\": {payout}}"
	}))
	for name, test := range map[string]struct {
		field, rule, says string
		change            func(d *catalog.PostbackDoc)
	}{
		"our revenue":            {"url", "url_token_unknown", "what the advertiser pays us is not told", func(d *catalog.PostbackDoc) { d.URL = "https://t.example/?p={revenue}" }},
		"by another name":        {"url", "url_token_unknown", "{payout} is the publisher's own commission", func(d *catalog.PostbackDoc) { d.URL = "https://t.example/?p={offer_payout}" }},
		"our revenue in a body":  {"body", "url_token_unknown", "is not told", func(d *catalog.PostbackDoc) { d.Method, d.BodyKind, d.Body = "POST", "form", "p={revenue}" }},
		"no URL":                 {"url", "required", "", func(d *catalog.PostbackDoc) { d.URL = "" }},
		"no http":                {"url", "url_scheme", "", func(d *catalog.PostbackDoc) { d.URL = "ftp://t.example/" }},
		"a preset left as it is": {"url", "placeholder", "your-tracker.example", func(d *catalog.PostbackDoc) { d.URL = catalog.PostbackPresets()[0].URL }},
		"no such preset":         {"preset", "unknown_preset", "", func(d *catalog.PostbackDoc) { d.Preset = "nothing" }},
		"no state":               {"states", "required", "", func(d *catalog.PostbackDoc) { d.States = []string{} }},
		"no such state":          {"states", "not_one_of", "pending", func(d *catalog.PostbackDoc) { d.States = []string{"sold"} }},
		"no such method":         {"method", "not_one_of", "", func(d *catalog.PostbackDoc) { d.Method = "PUT" }},
		"a body by GET":          {"body_kind", "method", "", func(d *catalog.PostbackDoc) { d.BodyKind, d.Body = "form", "a=b" }},
		"a body of no kind":      {"body_kind", "required", "", func(d *catalog.PostbackDoc) { d.Method, d.Body = "POST", "a=b" }},
		"no JSON":                {"body", "body_json", "", func(d *catalog.PostbackDoc) { d.Method, d.BodyKind, d.Body = "POST", "json", "{" }},
		"no such goal":           {"goal", "unknown_reference", "", func(d *catalog.PostbackDoc) { d.Offer, d.Goal = offer, "nothing" }},
		"no such offer":          {"offer", "unknown_reference", "", func(d *catalog.PostbackDoc) { d.Offer = "off_x" }},
		"no publisher":           {"publisher", "required", "", func(d *catalog.PostbackDoc) { d.Publisher = "" }},
		"no such publisher":      {"publisher", "unknown_reference", "", func(d *catalog.PostbackDoc) { d.Publisher = "pub_x" }},
	} {
		_, _, err := s.Create(t.Context(), owner, doc(test.change), catalog.Idempotency{Workspace: s.ws})
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != test.field || bad.Fields[0].Rule != test.rule || !strings.Contains(bad.Fields[0].Msg, test.says) {
			t.Errorf("%s: %v, want %s %s", name, err, test.field, test.rule)
		}
	}
	_, err := s.Update(t.Context(), owner, s.ws, e.ID, 0, doc(func(d *catalog.PostbackDoc) { d.Publisher = other }))
	if bad := new(catalog.Invalid); !errors.As(err, &bad) || bad.Fields[0].Field != "publisher" {
		t.Errorf("another publisher: %v", err)
	}
}

// A postback that replaces others silences the more general ones where it is called, and
// nowhere else.
func TestToTell(t *testing.T) {
	p := func(id, offer, goal string, replaces bool) *catalog.Postback {
		return &catalog.Postback{Meta: catalog.Meta{ID: id}, Publisher: "pub", Offer: offer, Goal: goal, Replaces: replaces, Status: catalog.StatusActive, States: []string{"accepted", "reversed"}}
	}
	v := catalog.NewView().With([]catalog.Entity{p("d", "", "", true), p("c", "", "sale", false), p("b", "off", "", true), p("a", "off", "sale", false)}, 1)
	for _, c := range []struct {
		offer, goal, state string
		first              bool
		want               string
	}{
		{"off", "sale", "pending", true, "a b"}, {"off", "lead", "pending", true, "b"}, {"off_2", "sale", "pending", true, "c d"}, {"off_2", "lead", "approved", true, "d"},
		{"off_2", "lead", "approved", false, ""}, {"off_2", "lead", "reversed", false, "d"}, {"off_2", "lead", "rejected", true, ""}, {"off_2", "lead", "reversed", true, "d"},
	} {
		var got []string
		for _, p := range v.ToTell("pub", c.offer, c.goal, c.state, c.first) {
			got = append(got, p.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	changed := p("d", "", "", false)
	changed.Status = catalog.StatusPaused
	if got := v.With([]catalog.Entity{changed}, 2).ToTell("pub", "off_2", "lead", "pending", true); got != nil {
		t.Errorf("a paused one is called: %v", got)
	}
	if len(v.Postbacks("pub")) != 4 || v.Postbacks("pub")[3].Status != catalog.StatusActive {
		t.Error("an older view changed")
	}
}

// What a publisher does with its own postbacks touches no other's and knows no other's
// offers.
func TestPublishersOwnPostbacks(t *testing.T) {
	s := newShelf(t)
	pub := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Status: catalog.StatusActive}).Base().ID
	other := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Other", Status: catalog.StatusActive}).Base().ID
	mine, theirs := s.program("", pub), s.program("", other)
	ctx := t.Context()
	d := *catalog.NewDoc(catalog.KindPostback).(*catalog.PostbackDoc)
	d.URL, d.Publisher, d.Workspace, d.Notes, d.Offer = "https://t.example/", other, "ws_x", "mine", mine
	p, err := s.SavePublisherPostback(ctx, "usr_p", s.ws, pub, "", 0, d, false)
	if err != nil || p.Publisher != pub || p.Workspace != s.ws || p.Notes != "" || p.Offer != mine {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := s.SavePublisherPostback(ctx, "usr_p", s.ws, pub, "", 0, d, true); err != nil {
		t.Error(err)
	}
	for _, offer := range []string{theirs, "off_nothing"} {
		d.Offer = offer
		_, err := s.SavePublisherPostback(ctx, "usr_p", s.ws, pub, "", 0, d, false)
		if err == nil || err.Error() != "invalid offer: There is no such offer." {
			t.Errorf("%s: %v", offer, err)
		}
	}
	d.Offer = ""
	for _, err := range []error{
		second(s.SavePublisherPostback(ctx, "usr_o", s.ws, other, p.ID, 0, d, false)), second(s.PublisherPostback(ctx, s.ws, other, p.ID)), s.ArchivePublisherPostback(ctx, "usr_o", s.ws, other, p.ID),
		second(s.PublisherPostback(ctx, "ws_x", pub, p.ID)), second(s.PublisherPostback(ctx, s.ws, pub, "pbk_nothing")),
	} {
		if !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("%v, want not found", err)
		}
	}
	if ps, err := s.PublisherPostbacks(ctx, s.ws, pub); err != nil || len(ps) != 1 || ps[0].ID != p.ID {
		t.Errorf("%v, %v", ps, err)
	}
	if err := s.ArchivePublisherPostback(ctx, "usr_p", s.ws, pub, p.ID); err != nil {
		t.Error(err)
	}
	if ps, err := s.PublisherPostbacks(ctx, s.ws, pub); err != nil || len(ps) != 0 {
		t.Errorf("%v, %v", ps, err)
	}
}

func second[T any](_ T, err error) error { return err }

// Each preset is a postback once its holes are filled, names where its facts are from, and
// tells nothing that a publisher is not told.
func TestPostbackPresets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range catalog.PostbackPresets() {
		_, err := macro.ParseURLWith(macro.PostbackTokens, strings.ReplaceAll(p.URL, "YOUR-KEY", "a1b2c3d"))
		if err != nil || seen[p.ID] || p.Name == "" || p.Notes == "" || p.ID != "plain" && !strings.HasPrefix(p.Source, "https://") || !strings.Contains(p.URL, "{sub1}") || !strings.Contains(p.URL, "{payout}") {
			t.Errorf("%+v: %v", p, err)
		}
		seen[p.ID] = true
	}
	for _, id := range []string{"voluum", "clickflare", "keitaro", "binom", "redtrack", "plain"} {
		if !seen[id] {
			t.Errorf("no preset %s", id)
		}
	}
}

// TestSuspendPostback: one that fails is paused with its reason in the audit trail; it still
// is who to tell, stays so through edits, and begins anew when it is active again. One that
// people paused is left as it is.
func TestSuspendPostback(t *testing.T) {
	s := newShelf(t)
	ctx := t.Context()
	pub := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Status: catalog.StatusActive}).Base().ID
	d := catalog.NewDoc(catalog.KindPostback).(*catalog.PostbackDoc)
	d.Publisher, d.URL = pub, "https://t.example/"
	id := s.create(d).Base().ID
	suspend := func(why string) (*catalog.Postback, bool) {
		t.Helper()
		p, done, err := s.SuspendPostback(ctx, s.ws, id, why)
		if err != nil {
			t.Fatal(err)
		}
		return p, done
	}
	update := func(status string) *catalog.Postback {
		t.Helper()
		d.Status = status
		e, err := s.Update(ctx, owner, s.ws, id, 0, d)
		if err != nil {
			t.Fatal(err)
		}
		return e.(*catalog.Postback)
	}
	p, done := suspend("It fails.")
	if !done || !p.Suspended() || p.PausedFor != "It fails." || !p.Fits("off", "sale", "pending", true) || s.told != p.Revision {
		t.Errorf("%v %+v", done, p)
	}
	if p, done := suspend("Again."); done || p.PausedFor != "It fails." {
		t.Errorf("twice: %v %+v", done, p)
	}
	trail, err := s.Trail(ctx, owner, s.ws, id, 1)
	if err != nil || len(trail) != 1 || trail[0].Reason != "It fails." || trail[0].Actor != "outbound" || trail[0].Action != "suspend" {
		t.Errorf("%+v, %v", trail, err)
	}
	d.Name = "renamed"
	if p := update(catalog.StatusPaused); !p.Suspended() {
		t.Errorf("an edit lost the reason: %+v", p)
	}
	if p := update(catalog.StatusActive); p.PausedFor != "" || p.Suspended() {
		t.Errorf("resumed as %+v", p)
	}
	if p := update(catalog.StatusPaused); p.Suspended() || p.Fits("off", "sale", "pending", true) {
		t.Errorf("paused by hand: %+v", p)
	}
	if p, done := suspend("It fails."); done || p.PausedFor != "" {
		t.Errorf("paused by hand, then suspended: %v %+v", done, p)
	}
	if _, _, err := s.SuspendPostback(ctx, "ws_x", id, "x"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("another workspace's: %v", err)
	}
}
