package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// stand is an offer with questions and terms, and a publisher who wants to run it.
type stand struct {
	*shelf
	offer *catalog.OfferDoc
	id    string
	pub   *catalog.PublisherDoc
	who   catalog.Applicant
}

func newStand(t *testing.T, visibility string) *stand {
	s := &stand{shelf: newShelf(t)}
	shop := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Shop", Type: "merchant"}).Base().ID
	s.offer = offerDoc()
	s.offer.Workspace, s.offer.Advertiser, s.offer.Visibility, s.offer.ReapplyDays = s.ws, shop, visibility, 7
	s.offer.URL = "https://www.shop.example/?c={click_id}"
	s.offer.Questions = []catalog.QuestionDoc{{Key: "where", Label: "Where?", Required: true, Kind: "choice", Options: []string{"Blog", "Mail"}}, {Key: "why", Label: "Why?", Kind: "long"}}
	s.id = s.create(s.offer).Base().ID
	s.pub = &catalog.PublisherDoc{Workspace: s.ws, Name: "Ann", Email: "ann@blog.example", Status: catalog.StatusActive}
	s.who = catalog.Applicant{Workspace: s.ws, Publisher: s.create(s.pub).Base().ID, Actor: "usr_ann", Address: "203.0.113.7"}
	return s
}

// good is an application nothing is wrong with, while there are no terms.
func good() *catalog.ApplicationDoc {
	return &catalog.ApplicationDoc{Answers: []catalog.AnswerDoc{{Key: "where", Value: "Blog"}}}
}

func (s *stand) apply(d *catalog.ApplicationDoc) (*catalog.Offered, string) {
	s.t.Helper()
	o, err := s.Apply(s.t.Context(), s.who, s.id, d)
	return o, refusals(s.t, err)
}

func (s *stand) enrollment() *catalog.Enrollment {
	s.t.Helper()
	es, err := s.List(s.t.Context(), owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: s.ws, Filter: map[string]string{"offer": s.id, "publisher": s.who.Publisher}, Archived: "all"})
	if err != nil || len(es) != 1 {
		s.t.Fatalf("enrollments %v %v", es, err)
	}
	return es[0].(*catalog.Enrollment)
}

func (s *stand) links() []*catalog.Link {
	s.t.Helper()
	ls, err := s.OwnLinks(s.t.Context(), s.who, s.id)
	if err != nil {
		s.t.Fatal(err)
	}
	return ls
}

// decide decides the stand's enrollment and gives what refuses it.
func (s *stand) decide(action, reason string) string {
	s.t.Helper()
	out, err := s.Decide(s.t.Context(), owner, s.ws, catalog.Decision{IDs: []string{s.enrollment().ID}, Action: action, Reason: reason})
	if err != nil {
		return refusals(s.t, err)
	}
	return refusals(s.t, out[0].Err)
}

// TestAnApplicationsLife: applied, rejected, too early, again, approved with a link,
// paused, resumed, revoked.
func TestAnApplicationsLife(t *testing.T) {
	s := newStand(t, catalog.VisibilityApproval)
	s.create(s.termsDoc(s.id, 0))
	o, why := s.apply(&catalog.ApplicationDoc{Terms: 1, Answers: []catalog.AnswerDoc{{Key: "where", Value: " Blog "}, {Key: "why", Value: "Because\r\nof it."}}})
	if why != "" || o.Status != catalog.Applied || o.MayApply || o.Why != catalog.RuleAlreadyApplied || o.Link != nil || o.AcceptedTerms != 1 {
		t.Fatalf("%s %+v", why, o)
	}
	e := s.enrollment()
	if fmt.Sprint(e.Answers) != "[{where Where? Blog} {why Why? Because\nof it.}]" || e.Terms != 1 || e.AcceptedBy != "usr_ann" || e.AcceptedFrom != "203.0.113.7" || e.Accepted == 0 || e.Applied == 0 {
		t.Errorf("application %+v", e)
	}
	if _, why := s.apply(good()); why != "offer:already_applied" {
		t.Errorf("applying twice: %s", why)
	}
	if why := s.decide("reject", ""); why != "reason:required" {
		t.Errorf("rejecting without a reason: %s", why)
	}
	if why := s.decide("pause", "x"); why != "status:transition" {
		t.Errorf("pausing an application: %s", why)
	}
	if why := s.decide("reject", "No blog there."); why != "" {
		t.Fatal(why)
	}
	again := &catalog.ApplicationDoc{Terms: 1, Answers: good().Answers}
	o, why = s.apply(again)
	if why != "offer:reapply_later" {
		t.Errorf("applying again at once: %s", why)
	}
	o, err := s.OfferedOne(t.Context(), s.who, s.id)
	if err != nil || o.Reason != "No blog there." || o.ReapplyAt != s.enrollment().Decided+7*24*time.Hour.Microseconds() {
		t.Errorf("%+v %v", o, err)
	}
	s.skip = 7*24*time.Hour + time.Minute
	o, why = s.apply(again)
	if why != "" || o.Status != catalog.Applied || o.Reason != "" || len(s.links()) != 0 {
		t.Fatalf("applying again in time: %s %+v", why, o)
	}
	for _, step := range []struct {
		action, reason, status string
		link                   bool
	}{{"approve", "", catalog.Approved, true}, {"pause", "Odd traffic.", catalog.Paused, false}, {"resume", "", catalog.Approved, true}, {"revoke", "Odd traffic.", catalog.Revoked, false}, {"approve", "", catalog.Approved, true}} {
		if why := s.decide(step.action, step.reason); why != "" {
			t.Fatalf("%s: %s", step.action, why)
		}
		o, err := s.OfferedOne(t.Context(), s.who, s.id)
		if err != nil || o.Status != step.status || o.Reason != step.reason || (o.Link != nil) != step.link || o.MayApply {
			t.Errorf("after %s: %+v %v", step.action, o, err)
		}
		if n := len(s.links()); n != 1 {
			t.Errorf("after %s there are %d links, want the one", step.action, n)
		}
	}
	// What staff changes by hand leaves the agreement as it is.
	docs, err := s.Docs(t.Context(), []catalog.Entity{s.enrollment()})
	if err != nil {
		t.Fatal(err)
	}
	d := docs[0].(*catalog.EnrollmentDoc)
	d.CommissionKind, d.Commission = "fixed", "3"
	before := s.enrollment().Agreement
	if _, err := s.Update(t.Context(), owner, s.ws, s.enrollment().ID, 0, d); err != nil {
		t.Fatal(err)
	}
	if after := s.enrollment(); fmt.Sprint(after.Agreement) != fmt.Sprint(before) || after.Commission == 0 {
		t.Errorf("agreement %+v, was %+v", after.Agreement, before)
	}
	// The reason of one state is not told of the next.
	for _, step := range []struct{ status, reason, want string }{
		{catalog.Paused, "Odd traffic.", "Odd traffic."}, {catalog.Approved, "Odd traffic.", ""}, {catalog.Revoked, "Gone.", "Gone."}, {catalog.Approved, "Back again.", "Back again."},
	} {
		d.Status, d.Reason = step.status, step.reason
		if _, err := s.Update(t.Context(), owner, s.ws, s.enrollment().ID, 0, d); err != nil {
			t.Fatal(err)
		}
		if e := s.enrollment(); e.Status != step.status || e.Reason != step.want {
			t.Errorf("%s with the reason %q, want %q", e.Status, e.Reason, step.want)
		}
	}
}

func TestPublicOffersAreGrantedAtOnce(t *testing.T) {
	s := newStand(t, catalog.VisibilityPublic)
	o, why := s.apply(good())
	if why != "" || o.Status != catalog.Approved || o.Link == nil || o.Link.Publisher != s.who.Publisher || len(o.Link.Key) != 10 || s.told < o.Link.Revision {
		t.Fatalf("%s %+v", why, o)
	}
	if _, why := s.apply(good()); why != "offer:already_enrolled" {
		t.Errorf("again: %s", why)
	}
	d := &catalog.LinkDoc{Offer: s.id, Name: "Footer", Status: catalog.StatusActive, Publisher: "pub_of_another"}
	l, err := s.MakeLink(t.Context(), s.who, d, catalog.Idempotency{})
	if err != nil || l.Publisher != s.who.Publisher || len(s.links()) != 2 {
		t.Fatalf("%+v %v", l, err)
	}
	once := catalog.Idempotency{Key: "k", Hash: "h"}
	a, err := s.MakeLink(t.Context(), s.who, d, once)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := s.MakeLink(t.Context(), s.who, d, once); err != nil || b.ID != a.ID || len(s.links()) != 3 {
		t.Errorf("the same again: %+v %v, %d links", b, err, len(s.links()))
	}
	if _, err := s.MakeLink(t.Context(), s.who, d, catalog.Idempotency{Key: "k", Hash: "another"}); !errors.Is(err, catalog.ErrIdempotency) {
		t.Errorf("another under the same key: %v", err)
	}
	d.Name = "Header"
	if l, err = s.ChangeLink(t.Context(), s.who, l.ID, 0, d); err != nil || l.Name != "Header" || l.Publisher != s.who.Publisher {
		t.Errorf("%+v %v", l, err)
	}
	other := s.who
	other.Publisher = s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Bob", Status: catalog.StatusActive}).Base().ID
	if _, err := s.ChangeLink(t.Context(), other, l.ID, 0, d); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("another's link: %v", err)
	}
	if _, err := s.MakeLink(t.Context(), other, d, catalog.Idempotency{}); refusals(t, err) != "offer:enrollment_missing" {
		t.Errorf("a link without an enrollment: %v", err)
	}
	s.offer.Status = catalog.StatusPaused
	if _, err := s.Update(t.Context(), owner, s.ws, s.id, 0, s.offer); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MakeLink(t.Context(), s.who, d, catalog.Idempotency{}); refusals(t, err) != "offer:offer_inactive" {
		t.Errorf("a link to a paused offer: %v", err)
	}
	if o, err := s.OfferedOne(t.Context(), s.who, s.id); err != nil || o.Link != nil || o.Active {
		t.Errorf("a paused offer hands out %+v %v", o, err)
	}
}

func TestPrivateOffersAreUnknown(t *testing.T) {
	s := newStand(t, catalog.VisibilityPrivate)
	unknown := func(when string) {
		t.Helper()
		_, err := s.OfferedOne(t.Context(), s.who, s.id)
		_, err2 := s.Apply(t.Context(), s.who, s.id, good())
		all, err3 := s.OfferedTo(t.Context(), s.who, catalog.Browse{})
		if !errors.Is(err, catalog.ErrNotFound) || !errors.Is(err2, catalog.ErrNotFound) || err3 != nil || len(all) != 0 {
			t.Errorf("%s: %v, %v, %v %v", when, err, err2, all, err3)
		}
	}
	unknown("not invited")
	out, err := s.Invite(t.Context(), owner, s.ws, s.id, []string{s.who.Publisher, "pub_0000000000000000"})
	if err != nil || out[0].Err != nil || !errors.Is(out[1].Err, catalog.ErrNotFound) {
		t.Fatalf("%+v %v", out, err)
	}
	if o, err := s.OfferedOne(t.Context(), s.who, s.id); err != nil || o.Status != catalog.Invited || !o.MayApply || o.Link != nil {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := s.Withdraw(t.Context(), s.who, s.id); err != nil || o.Status != catalog.Withdrawn {
		t.Errorf("declining: %+v %v", o, err)
	}
	unknown("declined")
	if out, err = s.Invite(t.Context(), owner, s.ws, s.id, []string{s.who.Publisher}); err != nil || out[0].Err != nil {
		t.Fatalf("%+v %v", out, err)
	}
	if o, why := s.apply(good()); why != "" || o.Status != catalog.Approved || o.Link == nil {
		t.Errorf("%s %+v", why, o)
	}
	if out, err = s.Invite(t.Context(), owner, s.ws, s.id, []string{s.who.Publisher}); err != nil || refusals(t, out[0].Err) != "publishers:transition" {
		t.Errorf("inviting who is there: %+v %v", out, err)
	}
	if _, err := s.Archive(t.Context(), owner, catalog.KindEnrollment, s.ws, s.enrollment().ID, 0, true); err != nil {
		t.Fatal(err)
	}
	if o, err := s.OfferedOne(t.Context(), s.who, s.id); err != nil || o.Status != catalog.Revoked || o.Link != nil || o.MayApply {
		t.Errorf("an archived enrollment: %+v %v", o, err)
	}
}

func TestApplicationsThatAreWrong(t *testing.T) {
	for name, c := range map[string]struct {
		before func(s *stand)
		change func(d *catalog.ApplicationDoc)
		want   string
	}{
		"no answer":           {nil, func(d *catalog.ApplicationDoc) { d.Answers = nil }, "answers.where:required"},
		"only blanks":         {nil, func(d *catalog.ApplicationDoc) { d.Answers[0].Value = " \n" }, "answers.where:required"},
		"no option":           {nil, func(d *catalog.ApplicationDoc) { d.Answers[0].Value = "blog" }, "answers.where:not_one_of"},
		"a control character": {nil, func(d *catalog.ApplicationDoc) { d.Answers[0].Value = "Bl\x00og" }, "answers.where:characters"},
		"too long": {nil, func(d *catalog.ApplicationDoc) {
			d.Answers = append(d.Answers, catalog.AnswerDoc{Key: "why", Value: strings.Repeat("x", 5001)})
		}, "answers.why:too_long"},
		"answered twice": {nil, func(d *catalog.ApplicationDoc) { d.Answers = append(d.Answers, d.Answers[0]) }, "answers.where:duplicate_field"},
		"not asked": {nil, func(d *catalog.ApplicationDoc) {
			d.Answers = append(d.Answers, catalog.AnswerDoc{Key: "x", Value: "y"})
		}, "answers.x:unknown_question"},
		"no such terms":      {nil, func(d *catalog.ApplicationDoc) { d.Terms = 1 }, "terms:terms_changed"},
		"terms not accepted": {func(s *stand) { s.create(s.termsDoc(s.id, 0)) }, nil, "terms:terms_required"},
		"stale terms": {func(s *stand) {
			s.create(s.termsDoc(s.id, 0))
			s.create(s.termsDoc(s.id, time.Minute))
			s.skip = 2 * time.Minute
		}, func(d *catalog.ApplicationDoc) { d.Terms = 1 }, "terms:terms_changed"},
		"terms to come": {func(s *stand) {
			s.create(s.termsDoc(s.id, 0))
			s.create(s.termsDoc(s.id, time.Hour))
		}, func(d *catalog.ApplicationDoc) { d.Terms = 2 }, "terms:terms_changed"},
		"all at once": {func(s *stand) { s.create(s.termsDoc(s.id, 0)) }, func(d *catalog.ApplicationDoc) { d.Answers = nil }, "terms:terms_required answers.where:required"},
		"a pending publisher": {func(s *stand) {
			s.pub.Status = catalog.StatusPending
			s.mustUpdate(s.who.Publisher, s.pub)
		}, nil, "offer:publisher_inactive"},
		"a paused offer": {func(s *stand) {
			if _, why := s.apply(good()); why != "" {
				s.t.Fatal(why)
			}
			if why := s.decide("reject", "x"); why != "" {
				s.t.Fatal(why)
			}
			s.offer.Status = catalog.StatusPaused
			s.mustUpdate(s.id, s.offer)
		}, nil, "offer:offer_inactive"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, catalog.VisibilityApproval)
			d := good()
			if c.before != nil {
				c.before(s)
			}
			if c.change != nil {
				c.change(d)
			}
			if _, why := s.apply(d); why != c.want {
				t.Errorf("%q, want %q", why, c.want)
			}
			if len(s.links()) != 0 {
				t.Error("a refused application made a link")
			}
		})
	}
}

func (s *stand) mustUpdate(id string, d catalog.Doc) {
	s.t.Helper()
	if _, err := s.Update(s.t.Context(), owner, s.ws, id, 0, d); err != nil {
		s.t.Fatal(err)
	}
}

// TestManyApplyAtOnce: one application is taken, once, with one link.
func TestManyApplyAtOnce(t *testing.T) {
	s := newStand(t, catalog.VisibilityPublic)
	var wg sync.WaitGroup
	var mu sync.Mutex
	granted := 0
	for range 8 {
		wg.Go(func() {
			_, err := s.Apply(context.Background(), s.who, s.id, good())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				granted++
			} else if refusals(t, err) != "offer:already_enrolled" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if granted != 1 || len(s.links()) != 1 {
		t.Errorf("granted %d times, with %d links", granted, len(s.links()))
	}
	s.enrollment()
}

// TestWhatPublishersSee: lists have only what concerns them, with pages, and nothing of
// what an offer pays us.
func TestWhatPublishersSee(t *testing.T) {
	s := newStand(t, catalog.VisibilityApproval)
	s.offer.CommissionKind, s.offer.CommissionPercent, s.offer.PayoutKind = catalog.CommissionPercentPayout, "50", catalog.PayoutPostback
	s.mustUpdate(s.id, s.offer)
	for i := range 5 {
		d := offerDoc()
		d.Workspace, d.Name, d.Visibility, d.Category = s.ws, fmt.Sprint("Offer ", i), []string{catalog.VisibilityPublic, catalog.VisibilityPrivate}[i%2], "Shoes"
		d.CommissionKind, d.Commission = catalog.CommissionFixed, "2"
		s.create(d)
	}
	paused := offerDoc()
	paused.Workspace, paused.Status = s.ws, catalog.StatusPaused
	s.create(paused)
	names := func(q catalog.Browse) string {
		t.Helper()
		os, err := s.OfferedTo(t.Context(), s.who, q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, o := range os {
			out = append(out, o.Name)
		}
		return strings.Join(out, ",")
	}
	own := s.offer.Name
	for _, c := range []struct {
		q    catalog.Browse
		want string
	}{
		{catalog.Browse{}, "Offer 4,Offer 2,Offer 0," + own},
		{catalog.Browse{Limit: 2}, "Offer 4,Offer 2"},
		{catalog.Browse{Category: "shoes", Search: "offer 2"}, "Offer 2"},
		{catalog.Browse{Mine: true}, ""},
	} {
		if got := names(c.q); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	if _, why := s.apply(good()); why != "" {
		t.Fatal(why)
	}
	if got := names(catalog.Browse{Mine: true}); got != own {
		t.Errorf("own offers: %s", got)
	}
	first, err := s.OfferedTo(t.Context(), s.who, catalog.Browse{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(catalog.Browse{After: first[1].Offer}); got != "Offer 0,"+own {
		t.Errorf("second page: %s", got)
	}
	if p := first[0].Commissions[0]; p.Kind != catalog.CommissionFixed || !strings.HasPrefix(p.Amount, "2") || p.Goal != "sale" {
		t.Errorf("a fixed commission is told as %+v", p)
	}
	o, err := s.OfferedOne(t.Context(), s.who, s.id)
	if err != nil || o.Commissions[0] != (catalog.Pays{Goal: "sale", Name: "Sale", Kind: catalog.PaysShare}) {
		t.Errorf("a share is told as %+v %v", o.Commissions, err)
	}
}

// TestAgreementsAreTold: the hook hears every change of an enrollment's status, after it
// was committed, and none that was refused.
func TestAgreementsAreTold(t *testing.T) {
	s := newStand(t, catalog.VisibilityApproval)
	var heard []string
	s.Service = catalog.NewService(catalog.ServiceOptions{Store: s.store, Agreed: func(_ context.Context, e *catalog.Enrollment, from string) {
		if s.enrollment().Status != e.Status {
			t.Error("it was told before it was so")
		}
		heard = append(heard, from+">"+e.Status)
	}})
	s.apply(good())
	s.apply(good())
	s.decide("approve", "")
	s.decide("approve", "")
	s.mustUpdate(s.enrollment().ID, &catalog.EnrollmentDoc{Workspace: s.ws, Offer: s.id, Publisher: s.who.Publisher, Status: catalog.Revoked, Reason: "x"})
	s.mustUpdate(s.enrollment().ID, &catalog.EnrollmentDoc{Workspace: s.ws, Offer: s.id, Publisher: s.who.Publisher, Status: catalog.Revoked, Reason: "y"})
	if got := strings.Join(heard, " "); got != ">applied applied>approved approved>revoked" {
		t.Errorf("heard %q", got)
	}
	if _, err := s.Decide(t.Context(), account.Principal{ID: "p", Write: true, Party: account.Party{Kind: account.PartyPublisher, ID: s.who.Publisher}}, s.ws, catalog.Decision{IDs: []string{s.enrollment().ID}, Action: "approve"}); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a publisher decides: %v", err)
	}
}
