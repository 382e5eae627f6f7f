package signup_test

import (
	"errors"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/signup"
)

func TestInvitations(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	e, _, err := h.cat.Create(ctx, h.owner, &catalog.PublisherDoc{Workspace: h.ws, Name: "Blog", Status: "active"}, catalog.Idempotency{})
	h.must(err)
	party := account.Party{Kind: account.PartyPublisher, ID: e.Base().ID, Workspace: h.ws}
	i, err := h.Invite(ctx, h.owner, signup.InviteDoc{Party: party, Email: "Pia@Blog.example", Name: "Pia"})
	h.must(err)
	token := h.token(h.ws, i.ID)
	if seen, to, err := h.Invited(ctx, token, "192.0.2.7"); err != nil || seen.ID != i.ID || to != "Acme" {
		t.Fatalf("the page of the link: %+v %q %v", seen, to, err)
	}
	if _, err := h.Accept(ctx, token, "Pia", "short", "192.0.2.7"); account.FieldOf(err, "password") != "too_short" {
		t.Errorf("a short password: %v", err)
	}
	u, err := h.Accept(ctx, token, "Pia B.", password, "192.0.2.7")
	h.must(err)
	if u.Party != party || u.Owner || u.Email != "pia@blog.example" || u.Name != "Pia B." {
		t.Errorf("made %+v", u)
	}
	if _, err := h.Accept(ctx, token, "Pia", password, "192.0.2.7"); !errors.Is(err, signup.ErrToken) {
		t.Errorf("accepted twice: %v, want ErrToken", err)
	}
	pia, err := h.in("pia@blog.example", password)
	h.must(err)

	// Her colleague, by her own invitation; not another party's, and no staff.
	mate, err := h.Invite(ctx, pia, signup.InviteDoc{Party: party, Email: "max@blog.example"})
	h.must(err)
	other := party
	other.ID = "pub_other"
	for _, d := range []signup.InviteDoc{{Email: "x@blog.example", Owner: true}, {Email: "x@blog.example", Workspaces: []string{h.ws}}, {Email: "x@blog.example", Party: other},
		{Email: "x@blog.example", Party: account.Party{Kind: account.PartyAdvertiser, ID: party.ID, Workspace: h.ws}}} {
		if _, err := h.Invite(ctx, pia, d); !errors.Is(err, account.ErrDenied) {
			t.Errorf("she invites %+v: %v, want ErrDenied", d, err)
		}
	}
	if _, err := h.Invite(ctx, account.Principal{ID: "key_1", Write: true, Party: party}, signup.InviteDoc{Party: party, Email: "x@blog.example"}); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a key of hers invites: %v, want ErrDenied", err)
	}
	mine, err := h.Invitations(ctx, pia, party, "", 10)
	if err != nil || len(mine) != 2 || mine[0].ID != mate.ID {
		t.Errorf("her invitations: %v, %v", mine, err)
	}
	if _, err := h.Invitations(ctx, pia, account.Party{}, "", 10); !errors.Is(err, account.ErrDenied) {
		t.Errorf("she lists the colleagues': %v", err)
	}

	// To staff a taken address is said; to a party's people it is not.
	if _, err := h.Invite(ctx, h.owner, signup.InviteDoc{Party: party, Email: "ann@house.example"}); account.FieldOf(err, "email") != "taken" {
		t.Errorf("staff invites a taken address: %v, want taken", err)
	}
	hidden, err := h.Invite(ctx, pia, signup.InviteDoc{Party: party, Email: "ann@house.example"})
	h.must(err)
	if ms := h.mails(h.ws, hidden.ID); len(ms) != 1 || ms[0].Link != "" || !strings.Contains(ms[0].Text(), "an account here already") {
		t.Errorf("mails about it %+v", ms)
	}

	old := h.token(h.ws, mate.ID)
	if _, err := h.RevokeInvitation(ctx, pia, mate.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accept(ctx, old, "Max", password, "192.0.2.7"); !errors.Is(err, signup.ErrToken) {
		t.Errorf("accepted after it was revoked: %v, want ErrToken", err)
	}
	if _, err := h.ResendInvitation(ctx, h.owner, mate.ID); err != nil {
		t.Fatal(err)
	}
	fresh := h.token(h.ws, mate.ID)
	h.now = h.now.Add(signup.InviteLife)
	if _, err := h.Accept(ctx, fresh, "Max", password, "192.0.2.7"); !errors.Is(err, signup.ErrToken) {
		t.Errorf("accepted too late: %v, want ErrToken", err)
	}
	if _, err := h.RevokeInvitation(ctx, h.owner, i.ID); account.FieldOf(err, "state") != "accepted" {
		t.Errorf("revoked after it was accepted: %v", err)
	}
}

func TestColleaguesAreInvitedByOwners(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	i, err := h.Invite(ctx, h.owner, signup.InviteDoc{Email: "ben@house.example", Workspaces: []string{h.ws}})
	h.must(err)
	u, err := h.Accept(ctx, h.token("", i.ID), "Ben", password, "192.0.2.7")
	h.must(err)
	ben := u.Principal()
	if ben.Owner || !ben.May(h.ws, true) || !ben.Staff() {
		t.Errorf("Ben is %+v, want a member of the workspace", ben)
	}
	if _, err := h.Invite(ctx, ben, signup.InviteDoc{Email: "x@house.example", Workspaces: []string{h.ws}}); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a member invites a colleague: %v, want ErrDenied", err)
	}
	if _, err := h.Invite(ctx, h.owner, signup.InviteDoc{Email: "x@house.example"}); account.FieldOf(err, "workspaces") != "required" {
		t.Errorf("to no workspace: %v", err)
	}
	if _, err := h.Invitation(ctx, ben, i.ID); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a member reads a colleague's invitation: %v, want ErrDenied", err)
	}
	if _, err := h.mail.List(ctx, ben, "", "", "", 10); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a member reads the installation's mails: %v, want ErrDenied", err)
	}
}
