package signup_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
	"clickledger/internal/signup"
)

// addressed are the mails' addressees with what the mails are for, newest first.
func addressed(ms []*mail.Mail) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Purpose+">"+m.To)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// colleague adds one of staff.
func (h *hall) colleague(email string, owner bool) *account.User {
	h.t.Helper()
	u, err := h.acc.CreateUser(h.t.Context(), h.owner, account.UserDoc{Email: email, Name: "Colleague", Password: password, Owner: owner, Workspaces: []string{h.ws}})
	h.must(err)
	return u
}

func TestStaffIsToldOfSignUps(t *testing.T) {
	h := newHall(t)
	ben := h.colleague("ben@house.example", false)
	h.colleague("cat@house.example", false)
	h.colleague("dan@house.example", true)
	set, err := h.Settings(t.Context(), h.owner, h.ws, account.PartyPublisher)
	h.must(err)
	d := set.Doc()
	d.Manager = ben.ID
	h.open(account.PartyPublisher, d)
	row := h.join("pia@blog.example")
	if got := addressed(h.mails(h.ws, row.ID)); got != "confirm>pia@blog.example" {
		t.Errorf("before the address is confirmed: %s", got)
	}
	_, err = h.Confirm(t.Context(), h.token(h.ws, row.ID), "192.0.2.7")
	h.must(err)
	ms := h.mails(h.ws, row.ID)
	if got := addressed(ms); got != "confirm>pia@blog.example signup>ann@house.example signup>ben@house.example signup>dan@house.example" {
		t.Errorf("once confirmed: %s; want the owners and the manager", got)
	}
	for _, m := range ms {
		if m.Purpose != "signup" {
			continue
		}
		if text := m.Subject + m.Text(); !strings.Contains(text, "https://console.example/w/"+h.ws+"/signups/"+row.ID) || strings.Contains(text, "Pia") || m.Link != "" || m.Expires == 0 {
			t.Errorf("%+v: want the page in the console, and no word of the stranger's", m)
		}
	}
}

// A publisher hears of every decision about its access to an offer with the reason and the
// page in its portal, and of nothing it did itself; staff hears of applications.
func TestDecisionsAboutOffersAreTold(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	ben := h.colleague("ben@house.example", false)
	create := func(d catalog.Doc) string {
		t.Helper()
		e, _, err := h.cat.Create(ctx, h.owner, d, catalog.Idempotency{Workspace: h.ws})
		h.must(err)
		return e.Base().ID
	}
	pub := create(&catalog.PublisherDoc{Workspace: h.ws, Name: "Blog", Email: "contact@blog.example", Status: "active", Manager: ben.ID})
	o := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	o.Workspace, o.Name, o.URL, o.Status, o.Currency = h.ws, "Shoes", "https://shop.example/?c={click_id}", catalog.StatusActive, "USD"
	o.Payout = "1"
	o.Visibility, o.GoLiveReason = catalog.VisibilityApproval, "tested elsewhere"
	offer := create(o)
	open := *o
	open.Name, open.Visibility = "Socks", catalog.VisibilityPublic
	public := create(&open)
	who := catalog.Applicant{Workspace: h.ws, Publisher: pub, Actor: "usr_pia"}
	enrollment := func() *catalog.Enrollment {
		t.Helper()
		es, err := h.cat.List(ctx, h.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: h.ws, Filter: map[string]string{"offer": offer}})
		if err != nil || len(es) != 1 {
			t.Fatalf("%v %v", es, err)
		}
		return es[0].(*catalog.Enrollment)
	}
	seen := map[string]bool{}
	// fresh are the mails since the last call.
	fresh := func() []*mail.Mail {
		t.Helper()
		ms := slices.DeleteFunc(h.mails(h.ws, ""), func(m *mail.Mail) bool { return seen[m.ID] })
		for _, m := range ms {
			seen[m.ID] = true
		}
		return ms
	}
	decide := func(action, reason string) func() error {
		return func() error {
			out, err := h.cat.Decide(ctx, h.owner, h.ws, catalog.Decision{IDs: []string{enrollment().ID}, Action: action, Reason: reason})
			if err != nil {
				return err
			}
			return out[0].Err
		}
	}
	apply := func() error {
		_, err := h.cat.Apply(ctx, who, offer, &catalog.ApplicationDoc{})
		return err
	}
	for _, c := range []struct {
		what      string
		do        func() error
		mails     string
		says, not string
	}{
		{"applies", apply, "application>ann@house.example application>ben@house.example", "/w/" + h.ws + "/applications", "Blog"},
		{"rejected", decide("reject", "No blog there."), "agreement_rejected>contact@blog.example", "No blog there.", "Your link"},
		{"applies again", apply, "application>ann@house.example application>ben@house.example", "Shoes", ""},
		{"approved", decide("approve", ""), "agreement_approved>contact@blog.example", "/portal/offers/" + offer, "reason"},
		{"paused", decide("pause", "Odd traffic."), "agreement_paused>contact@blog.example", "Odd traffic.", ""},
		{"resumed", decide("resume", ""), "agreement_approved>contact@blog.example", "resumed", "Odd traffic"},
		{"revoked", decide("revoke", "Bought clicks."), "agreement_revoked>contact@blog.example", "Bought clicks.", ""},
		{"invited", func() error {
			_, err := h.cat.Invite(ctx, h.owner, h.ws, offer, []string{pub})
			return err
		}, "agreement_invited>contact@blog.example", "/portal/offers/" + offer, "Bought"},
		{"accepts", apply, "", "", ""},
		{"takes a public offer", func() error {
			_, err := h.cat.Apply(ctx, who, public, &catalog.ApplicationDoc{})
			return err
		}, "", "", ""},
	} {
		h.now = h.now.Add(60 * 24 * time.Hour)
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		ms := fresh()
		if got := addressed(ms); got != c.mails {
			t.Errorf("%s: %q, want %q", c.what, got, c.mails)
		}
		for _, m := range ms {
			if !strings.Contains(m.Text(), c.says) || c.not != "" && strings.Contains(m.Subject+m.Text(), c.not) || !slices.Contains(mail.Purposes, m.Purpose) {
				t.Errorf("%s: %q %q, want %q and not %q", c.what, m.Subject, m.Text(), c.says, c.not)
			}
		}
	}

	// Without a contact its people are told; who is disabled is not.
	silent := create(&catalog.PublisherDoc{Workspace: h.ws, Name: "Silent", Status: "active"})
	party := account.Party{Kind: account.PartyPublisher, ID: silent, Workspace: h.ws}
	for _, email := range []string{"max@silent.example", "gone@silent.example"} {
		i, err := h.Invite(ctx, h.owner, signup.InviteDoc{Party: party, Email: email})
		h.must(err)
		u, err := h.Accept(ctx, h.token(h.ws, i.ID), "Max", password, "192.0.2.7")
		h.must(err)
		if strings.HasPrefix(email, "gone") {
			_, err = h.acc.DisablePartyUser(ctx, h.owner, party, u.ID, true)
			h.must(err)
		}
	}
	fresh()
	create(&catalog.EnrollmentDoc{Workspace: h.ws, Offer: offer, Publisher: silent, Status: catalog.Approved})
	if got := addressed(fresh()); got != "agreement_approved>max@silent.example" {
		t.Errorf("without a contact: %q", got)
	}
}

// However much happens, one address gets so many notices and no more.
func TestNoticesAreBounded(t *testing.T) {
	h := newHall(t)
	for range 60 {
		h.Agreed(t.Context(), h.applied(), "")
	}
	if n := len(h.mails(h.ws, "")); n != 30 {
		t.Errorf("%d notices at once, want 30", n)
	}
	h.now = h.now.Add(time.Hour)
	h.Agreed(t.Context(), h.applied(), "")
	if n := len(h.mails(h.ws, "")); n != 31 {
		t.Errorf("%d notices an hour later, want 31", n)
	}
}

// applied is an application for a new offer.
func (h *hall) applied() *catalog.Enrollment {
	h.t.Helper()
	var ids []string
	o := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	o.Name, o.URL, o.Currency, o.Payout = "Shoes", "https://shop.example/?c={click_id}", "USD", "1"
	for _, d := range []catalog.Doc{&catalog.PublisherDoc{Name: "Blog", Status: "active"}, o} {
		e, _, err := h.cat.Create(h.t.Context(), h.owner, d, catalog.Idempotency{Workspace: h.ws})
		h.must(err)
		ids = append(ids, e.Base().ID)
	}
	return &catalog.Enrollment{Meta: catalog.Meta{ID: "enr_x", Workspace: h.ws}, Publisher: ids[0], Offer: ids[1], Status: catalog.Applied, Agreement: catalog.Agreement{Applied: h.now.UnixMicro()}}
}
