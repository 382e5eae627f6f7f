package signup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
)

// InviteDoc says whom to invite as whose.
type InviteDoc struct {
	Email string
	Name  string
	// Party is whose people they join; the zero one is staff, with the rights below.
	Party      account.Party
	Workspaces []string
	Owner      bool
}

// mayInvite: people of a party are let in by staff who may write and by its own people, not
// by its keys; staff by owners.
func mayInvite(p account.Principal, party account.Party) bool {
	if party == (account.Party{}) {
		return p.Owner && p.Write && p.Staff()
	}
	if !p.Staff() {
		return p.Party == party && p.Write && strings.HasPrefix(p.ID, "usr_")
	}
	return p.May(party.Workspace, true)
}

// Invite invites a person. Staff learn that an address has an account; a party's people do
// not: their invitation looks the same, and its mail tells the owner of the address.
func (s *Service) Invite(ctx context.Context, p account.Principal, d InviteDoc) (*Invitation, error) {
	if !mayInvite(p, d.Party) {
		return nil, account.ErrDenied
	}
	d.Email, d.Name = cleanEmail(d.Email), strings.TrimSpace(d.Name)
	err := s.Accounts.CheckUser(ctx, account.UserDoc{Email: d.Email, Name: d.Name, Workspaces: d.Workspaces}, false)
	if err != nil {
		return nil, err
	}
	bad := &account.Invalid{}
	if d.Party != (account.Party{}) {
		if d.Party.Kind != account.PartyPublisher && d.Party.Kind != account.PartyAdvertiser {
			return nil, account.ErrNotFound
		}
		_, err := s.Catalog.Get(ctx, door, catalog.Kind(d.Party.Kind), d.Party.Workspace, d.Party.ID)
		if err != nil {
			return nil, err
		}
		d.Workspaces, d.Owner = nil, false
	} else if !d.Owner && len(d.Workspaces) == 0 {
		bad.Add("workspaces", "required", "", "A colleague who is not an owner needs a workspace.")
		return nil, bad
	}
	user, err := s.Accounts.Find(ctx, d.Email)
	if err != nil {
		return nil, err
	}
	if user != nil && p.Staff() {
		bad.Add("email", "taken", d.Email, "This address has an account already.")
		return nil, bad
	}
	now := s.Now()
	i := &Invitation{ID: s.newID("inv_"), Party: d.Party, Created: now.UnixMicro(), Updated: now.UnixMicro(), Version: 1, Email: d.Email, Name: d.Name,
		Workspaces: d.Workspaces, Owner: d.Owner, State: Open, Expires: now.Add(InviteLife).UnixMicro(), MadeBy: p.ID}
	err = s.Store.InsertInvitation(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("store invitation: %w", err)
	}
	return i, s.sendInvitation(ctx, p, i, user != nil)
}

// to is what an invitation is to, in words.
func (s *Service) to(ctx context.Context, i *Invitation) (string, error) {
	if i.Party == (account.Party{}) {
		return "clickledger", nil
	}
	ws, err := s.workspace(ctx, i.Party.Workspace)
	if err != nil {
		return "", err
	}
	return ws.Name, nil
}

// sendInvitation mails it; a party's people do not mail one address without end.
func (s *Service) sendInvitation(ctx context.Context, p account.Principal, i *Invitation, taken bool) error {
	to, err := s.to(ctx, i)
	if err != nil {
		return err
	}
	m := &mail.Mail{Workspace: i.Party.Workspace, About: i.ID, To: i.Email, Purpose: ForInvite, Subject: "Your invitation to " + to, Body: inviteText(to), Expires: i.Expires}
	if taken {
		err = s.blank(ctx, i.ID)
		m.Body = invitedTakenText(to, s.URL)
	} else {
		m.Link, m.Expires, err = s.issue(ctx, ForInvite, i.ID, "/invitation", InviteLife)
	}
	if err != nil {
		return err
	}
	if p.Staff() {
		return s.Mail.Queue(ctx, m)
	}
	return s.mailTo(ctx, m)
}

// Invitations returns those to a party, newest first; to the zero party's workspace "",
// those of colleagues. With a party that has a workspace and no id it is all of the
// workspace's, for staff.
func (s *Service) Invitations(ctx context.Context, p account.Principal, party account.Party, before string, limit int) ([]*Invitation, error) {
	switch {
	case party == (account.Party{}):
		if !p.Owner || !p.Staff() {
			return nil, account.ErrDenied
		}
	case p.Staff():
		if !p.May(party.Workspace, false) {
			return nil, account.ErrDenied
		}
	case p.Party != party:
		return nil, account.ErrDenied
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	rows, err := s.Store.ListInvitations(ctx, party.Workspace, party.ID, before, min(limit, MaxLimit))
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return rows, nil
}

// Invitation returns one that the principal may see.
func (s *Service) Invitation(ctx context.Context, p account.Principal, id string) (*Invitation, error) {
	i, err := s.Store.GetInvitation(ctx, id)
	if err != nil {
		return nil, err
	}
	read := p
	read.Write = true // to see one needs no more than to read
	if !mayInvite(read, i.Party) {
		return nil, account.ErrDenied
	}
	return i, nil
}

// RevokeInvitation ends one; its link opens nothing any more. One that was accepted has
// become a user, who can be disabled.
func (s *Service) RevokeInvitation(ctx context.Context, p account.Principal, id string) (*Invitation, error) {
	i, err := s.toChange(ctx, p, id)
	if err != nil || i.State == Revoked {
		return i, err
	}
	now := s.Now().UnixMicro()
	i.State, i.Updated = Revoked, now
	err = s.Store.UpdateInvitation(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("store invitation: %w", err)
	}
	return i, errors.Join(s.Store.EndTokens(ctx, i.ID, ForInvite, now), s.Mail.Drop(ctx, i.Party.Workspace, i.ID))
}

// toChange is an invitation that can still be changed.
func (s *Service) toChange(ctx context.Context, p account.Principal, id string) (*Invitation, error) {
	i, err := s.Store.GetInvitation(ctx, id)
	if err != nil {
		return nil, err
	}
	if !mayInvite(p, i.Party) {
		return nil, account.ErrDenied
	}
	if i.State == Accepted {
		bad := &account.Invalid{}
		bad.Add("state", "accepted", i.State, "It was accepted: there is a user now.")
		return nil, bad
	}
	return i, nil
}

// ResendInvitation sends a new link, good for another while; the one before opens nothing
// any more. It takes a revoked one back.
func (s *Service) ResendInvitation(ctx context.Context, p account.Principal, id string) (*Invitation, error) {
	i, err := s.toChange(ctx, p, id)
	if err != nil {
		return nil, err
	}
	user, err := s.Accounts.Find(ctx, i.Email)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	i.State, i.Updated, i.Expires = Open, now.UnixMicro(), now.Add(InviteLife).UnixMicro()
	err = s.Store.UpdateInvitation(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("store invitation: %w", err)
	}
	err = errors.Join(s.Store.EndTokens(ctx, i.ID, ForInvite, now.UnixMicro()), s.Mail.Drop(ctx, i.Party.Workspace, i.ID))
	if err != nil {
		return nil, err
	}
	return i, s.sendInvitation(ctx, p, i, user != nil)
}

// Invited is the invitation that a link would accept, and what it is to.
func (s *Service) Invited(ctx context.Context, token, addr string) (i *Invitation, to string, err error) {
	err = s.knock(addr)
	if err != nil {
		return nil, "", err
	}
	t, err := s.open(ctx, ForInvite, token)
	if err != nil {
		return nil, "", err
	}
	i, err = s.Store.GetInvitation(ctx, t.Subject)
	if err != nil {
		return nil, "", fmt.Errorf("look up invitation: %w", err)
	}
	if i.State != Open {
		return nil, "", ErrToken
	}
	to, err = s.to(ctx, i)
	if errors.Is(err, account.ErrNotFound) {
		return nil, "", ErrToken
	}
	return i, to, err
}

// Accept makes the user that was invited, with the password they chose.
func (s *Service) Accept(ctx context.Context, token, name, password, addr string) (*account.User, error) {
	i, _, err := s.Invited(ctx, token, addr)
	if err != nil {
		return nil, err
	}
	err = account.CheckPerson(i.Email, name, password)
	if err != nil {
		return nil, err
	}
	t, err := s.open(ctx, ForInvite, token)
	if err != nil {
		return nil, err
	}
	u, err := s.Accounts.AddPerson(ctx, account.Person{Email: i.Email, Name: name, PasswordHash: account.HashPassword(password), Party: i.Party, Workspaces: i.Workspaces, Owner: i.Owner})
	var inv *account.Invalid
	if errors.As(err, &inv) {
		return nil, ErrTaken // the address is the only thing that could be wrong by now
	}
	if err != nil {
		return nil, err
	}
	i.State, i.User, i.Updated = Accepted, u.ID, s.Now().UnixMicro()
	err = s.Store.UpdateInvitation(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("store invitation: %w", err)
	}
	err = s.use(ctx, t)
	if err != nil {
		return nil, err
	}
	return u, s.Mail.Drop(ctx, i.Party.Workspace, i.ID)
}
