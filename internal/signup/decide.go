package signup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
)

// Bounds of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// List returns sign-ups of a workspace, newest first. state and kind "" are all.
func (s *Service) List(ctx context.Context, p account.Principal, workspace, state, kind, before string, limit int) ([]*Signup, error) {
	if !p.May(workspace, false) {
		return nil, account.ErrDenied
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	rows, err := s.Store.ListSignups(ctx, workspace, state, kind, before, min(limit, MaxLimit))
	if err != nil {
		return nil, fmt.Errorf("list sign-ups: %w", err)
	}
	return rows, nil
}

// Waiting is how many sign-ups wait for a decision.
func (s *Service) Waiting(ctx context.Context, p account.Principal, workspace string) (int64, error) {
	if !p.May(workspace, false) {
		return 0, account.ErrDenied
	}
	return s.Store.CountSignups(ctx, workspace, Pending)
}

// Get returns a sign-up.
func (s *Service) Get(ctx context.Context, p account.Principal, workspace, id string) (*Signup, error) {
	return s.get(ctx, p, workspace, id, false)
}

func (s *Service) get(ctx context.Context, p account.Principal, workspace, id string, write bool) (*Signup, error) {
	if !p.May(workspace, write) {
		return nil, account.ErrDenied
	}
	row, err := s.Store.GetSignup(ctx, id)
	if err != nil {
		return nil, err
	}
	if row.Workspace != workspace {
		return nil, account.ErrNotFound
	}
	return row, nil
}

// statusOf is what a decision makes of the party.
var statusOf = map[string]string{Approved: catalog.StatusActive, Rejected: catalog.StatusRejected, Banned: catalog.StatusBanned}

// Decide approves, rejects or bans a sign-up whose address is confirmed: to is Approved,
// Rejected or Banned. The party gets the state and the reason, and the person a mail,
// except who is banned. What was decided can be decided again, otherwise.
func (s *Service) Decide(ctx context.Context, p account.Principal, workspace, id, to, reason string) (*Signup, error) {
	row, err := s.get(ctx, p, workspace, id, true)
	if err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	bad := &account.Invalid{}
	status, known := statusOf[to]
	switch {
	case !known:
		bad.Add("to", "not_one_of", to, "Must be approved, rejected or banned.")
	case row.State == Unconfirmed:
		bad.Add("state", "unconfirmed", row.State, "The address is not confirmed yet: nobody knows whose it is.")
	case row.State == Refused:
		bad.Add("state", "refused", row.State, "It came to nothing by itself, and there is nobody to decide about.")
	}
	if to != Approved && reason == "" {
		bad.Add("reason", "required", "", "Say why: whom it concerns can read it.")
	}
	if utf8.RuneCountInString(reason) > 500 {
		bad.Add("reason", "too_long", reason, "Must be at most 500 characters long.")
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if row.State == to && row.Reason == reason {
		return row, nil
	}
	err = s.setStatus(ctx, p, row, status, reason)
	if err != nil {
		return nil, err
	}
	now := s.Now().UnixMicro()
	row.State, row.Reason, row.Decided, row.DecidedBy, row.Updated = to, reason, now, p.ID, now
	err = s.Store.UpdateSignup(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("store sign-up: %w", err)
	}
	return row, s.tell(ctx, row)
}

// setStatus writes the party's state, with the decider in the audit trail.
func (s *Service) setStatus(ctx context.Context, p account.Principal, row *Signup, status, reason string) error {
	e, err := s.Catalog.Get(ctx, p, catalog.Kind(row.Kind), row.Workspace, row.Party)
	if err != nil {
		return fmt.Errorf("look up what was made of the sign-up: %w", err)
	}
	d := catalog.DocOf(e, "")
	switch d := d.(type) {
	case *catalog.PublisherDoc:
		d.Status, d.Reason = status, reason
	case *catalog.AdvertiserDoc:
		d.Status, d.Reason = status, reason
	}
	_, err = s.Catalog.Update(ctx, p, row.Workspace, row.Party, e.Base().Version, d)
	return err
}

// tell writes to the person what was decided.
func (s *Service) tell(ctx context.Context, row *Signup) error {
	ws, err := s.workspace(ctx, row.Workspace)
	if errors.Is(err, account.ErrNotFound) {
		return nil // archived: nobody speaks for it
	}
	if err != nil {
		return err
	}
	m := &mail.Mail{Workspace: row.Workspace, About: row.ID, To: row.Email, Expires: s.Now().Add(noticeLife).UnixMicro()}
	switch row.State {
	case Approved:
		m.Purpose, m.Subject, m.Body = "approved", "Welcome to "+ws.Name, approvedText(ws.Name, s.URL)
	case Rejected:
		m.Purpose, m.Subject, m.Body = "rejected", "Your sign-up with "+ws.Name, rejectedText(ws.Name, row.Reason)
	default:
		return nil
	}
	return s.Mail.Queue(ctx, m)
}

// Resend sends the link of a sign-up that is not confirmed again; the one before opens
// nothing any more.
func (s *Service) Resend(ctx context.Context, p account.Principal, workspace, id string) (*Signup, error) {
	row, err := s.get(ctx, p, workspace, id, true)
	if err != nil {
		return nil, err
	}
	if row.State != Unconfirmed {
		bad := &account.Invalid{}
		bad.Add("state", "confirmed", row.State, "There is no address to confirm.")
		return nil, bad
	}
	ws, err := s.workspace(ctx, workspace)
	if err != nil {
		return nil, err
	}
	err = errors.Join(s.Store.EndTokens(ctx, row.ID, ForConfirm, s.Now().UnixMicro()), s.Mail.Drop(ctx, workspace, row.ID))
	if err != nil {
		return nil, err
	}
	m := &mail.Mail{Workspace: workspace, About: row.ID, To: row.Email, Purpose: ForConfirm, Subject: "Confirm your address for " + ws.Name, Body: confirmText(ws.Name)}
	m.Link, m.Expires, err = s.issue(ctx, ForConfirm, row.ID, "/confirm", ConfirmLife)
	if err != nil {
		return nil, err
	}
	return row, s.Mail.Queue(ctx, m)
}
