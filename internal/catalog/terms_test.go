package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// refusals are the fields and rules of a refused write, as field:rule, in their order.
func refusals(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var bad *catalog.Invalid
	if !errors.As(err, &bad) {
		t.Fatalf("%v is not *Invalid", err)
	}
	var out []string
	for _, f := range bad.Fields {
		if !strings.HasSuffix(f.Msg, ".") {
			t.Errorf("%q is no sentence", f.Msg)
		}
		out = append(out, f.Field+":"+f.Rule)
	}
	return strings.Join(out, " ")
}

func (s *shelf) termsDoc(offer string, after time.Duration) *catalog.TermsDoc {
	d := catalog.NewDoc(catalog.KindTerms).(*catalog.TermsDoc)
	d.Offer, d.Text = offer, "Be kind."
	if after != 0 {
		d.From = time.Now().Add(s.skip + after).UTC().Format(time.RFC3339Nano)
	}
	return d
}

// TestTermsAreVersioned follows one offer's terms from the first version on: numbers,
// what may begin when, what can be changed (nothing) and what can be withdrawn.
func TestTermsAreVersioned(t *testing.T) {
	s := newShelf(t)
	o := s.create(offerDoc()).(*catalog.Offer)
	try := func(d *catalog.TermsDoc) (*catalog.TermsVersion, string) {
		t.Helper()
		e, _, err := s.Create(t.Context(), owner, d, catalog.Idempotency{Workspace: s.ws})
		if err != nil {
			return nil, refusals(t, err)
		}
		return e.(*catalog.TermsVersion), ""
	}
	_, why := try(s.termsDoc(o.ID, -2*time.Minute))
	if why != "from:terms_past" {
		t.Errorf("terms that begin in the past: %q", why)
	}
	d := s.termsDoc(o.ID, -30*time.Second) // a clock that is a little behind
	d.CommissionKind, d.Commission = "fixed", "300"
	d.Goals = []catalog.GoalCommissionDoc{{Goal: "sale", CommissionKind: "percent_sale", CommissionPercent: "7"}}
	first, why := try(d)
	if why != "" || first.Number != 1 || first.From < first.Created || first.CookieDays != catalog.DefaultCookieDays || first.WindowDays != o.WindowDays {
		t.Fatalf("first version %+v %q, want number 1, from its making on, with the offer's cookie and window", first, why)
	}
	announced, why := try(s.termsDoc(o.ID, 48*time.Hour))
	if why != "" || announced.Number != 2 {
		t.Fatalf("second version %+v %q", announced, why)
	}
	if _, why := try(s.termsDoc(o.ID, 24*time.Hour)); why != "from:terms_order" {
		t.Errorf("a version before one that is announced: %q", why)
	}
	if _, err := s.Archive(t.Context(), owner, catalog.KindTerms, s.ws, first.ID, 0, true); refusals(t, err) != "archived:terms_in_force" {
		t.Errorf("withdrawing terms in force: %v", err)
	}
	if _, err := s.Archive(t.Context(), owner, catalog.KindTerms, s.ws, announced.ID, 0, true); err != nil {
		t.Errorf("withdrawing announced terms: %v", err)
	}
	if _, err := s.Archive(t.Context(), owner, catalog.KindTerms, s.ws, announced.ID, 0, false); refusals(t, err) != "archived:terms_withdrawn" {
		t.Errorf("restoring withdrawn terms: %v", err)
	}
	third, why := try(s.termsDoc(o.ID, 24*time.Hour))
	if why != "" || third.Number != 3 {
		t.Errorf("after the withdrawal: %+v %q, want number 3: numbers are not used twice", third, why)
	}
	s.skip = 25 * time.Hour
	if _, err := s.Archive(t.Context(), owner, catalog.KindTerms, s.ws, third.ID, 0, true); refusals(t, err) != "archived:terms_in_force" {
		t.Errorf("withdrawing terms that have come into force: %v", err)
	}

	// What is read is what was sent, and can be written back, but not changed.
	e, err := s.Get(t.Context(), owner, catalog.KindTerms, s.ws, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := s.Docs(t.Context(), []catalog.Entity{e})
	if err != nil {
		t.Fatal(err)
	}
	read := docs[0].(*catalog.TermsDoc)
	want := *d
	want.Workspace, want.From, want.CookieDays, want.WindowDays = s.ws, read.From, 30, 0
	if diff := cmp.Diff(&want, read); diff != "" {
		t.Errorf("document (-sent +read):\n%s", diff)
	}
	if _, err := s.Update(t.Context(), owner, s.ws, first.ID, 0, read); err != nil {
		t.Errorf("writing what was read: %v", err)
	}
	read.Text, read.Commission, read.From = "Be cruel.", "0", ""
	if _, err := s.Update(t.Context(), owner, s.ws, first.ID, 0, read); refusals(t, err) != "from:immutable text:immutable commission:immutable" {
		t.Errorf("changing terms: %v", err)
	}
}

func TestTermsThatAreWrong(t *testing.T) {
	s := newShelf(t)
	o := s.create(offerDoc()).Base().ID
	for name, c := range map[string]struct {
		change func(d *catalog.TermsDoc)
		want   string
	}{
		"no text":       {func(d *catalog.TermsDoc) { d.Text = " " }, "text:required"},
		"no such offer": {func(d *catalog.TermsDoc) { d.Offer = "off_0000000000000000" }, "offer:unknown_reference"},
		"no instant":    {func(d *catalog.TermsDoc) { d.From = "tomorrow" }, "from:invalid_time"},
		"unknown goal":  {func(d *catalog.TermsDoc) { d.Goals = []catalog.GoalCommissionDoc{{Goal: "x", CommissionKind: "none"}} }, "goals[0].goal:unknown_reference"},
		"a goal twice": {func(d *catalog.TermsDoc) {
			d.Goals = []catalog.GoalCommissionDoc{{Goal: "sale", CommissionKind: "none"}, {Goal: "sale", CommissionKind: "none"}}
		}, "goals[1].goal:duplicate_row"},
		"no amount": {func(d *catalog.TermsDoc) { d.CommissionKind = "fixed" }, "commission:required"},
		"no percentage": {func(d *catalog.TermsDoc) {
			d.Goals = []catalog.GoalCommissionDoc{{Goal: "sale", CommissionKind: "percent_sale"}}
		}, "goals[0].commission_percent:required"},
		"half a yen":       {func(d *catalog.TermsDoc) { d.CommissionKind, d.Commission = "fixed", "0.5" }, "commission:amount_precision"},
		"window too small": {func(d *catalog.TermsDoc) { d.WindowDays = -2 }, "window_days:out_of_range"},
	} {
		t.Run(name, func(t *testing.T) {
			d := s.termsDoc(o, 0)
			c.change(d)
			_, _, err := s.Create(t.Context(), owner, d, catalog.Idempotency{Workspace: s.ws})
			if got := refusals(t, err); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestLaterTermsLeaveThePast: whatever versions there are, in whatever order they are
// listed, adding one that begins later changes nothing before its beginning, and exactly
// the newest begun version is in force.
func TestLaterTermsLeaveThePast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []*catalog.TermsVersion
		from := int64(0)
		for n := range rapid.IntRange(0, 6).Draw(t, "versions") {
			from += rapid.Int64Range(1, 5).Draw(t, "gap")
			all = append(all, &catalog.TermsVersion{Number: int64(n + 1), From: from, Meta: catalog.Meta{Archived: rapid.IntRange(0, 4).Draw(t, "withdrawn") == 0}})
		}
		at := rapid.Int64Range(-1, from+3).Draw(t, "at")
		var want *catalog.TermsVersion
		for _, v := range all {
			if !v.Archived && v.From <= at {
				want = v
			}
		}
		mixed := rapid.Permutation(all).Draw(t, "order")
		if got := catalog.TermsAt(mixed, at); got != want {
			t.Fatalf("in force at %d: %+v, want %+v", at, got, want)
		}
		later := &catalog.TermsVersion{Number: 99, From: max(from, at) + rapid.Int64Range(1, 3).Draw(t, "lead")}
		if got := catalog.TermsAt(slices.Insert(mixed, len(mixed)/2, later), at); got != want {
			t.Fatalf("with a later version: %+v, want %+v", got, want)
		}
		if next := catalog.NextTerms(append(mixed, later), max(from, at)); next != later {
			t.Fatalf("announced: %+v, want %+v", next, later)
		}
	})
}
