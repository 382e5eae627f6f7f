package signup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
)

// Notices tell people what happened elsewhere: a publisher what was decided about its access
// to an offer, staff that somebody waits for a decision. They hold no secret, so their
// address stands in the text. One that cannot be queued is logged and lost: what it tells
// stands in the portal and in the console.

// perNotice bounds the notices to one address: who has more than that to decide looks at
// the list anyway.
var perNotice = account.Allowance{Burst: 30, Every: 2 * time.Minute}

// word is what a publisher is told of an enrollment's new status: what happened, and
// whether the reason follows.
type word struct {
	purpose, subject, text string
	reason                 bool
}

var words = map[string]word{
	catalog.Approved: {"agreement_approved", "You can run %s", "%s has approved you for the offer %s. Your link is here:", false},
	catalog.Invited:  {"agreement_invited", "You are invited to run %s", "%s invites you to run the offer %s. See what it pays, and accept:", false},
	catalog.Rejected: {"agreement_rejected", "Your application for %s", "%s has not approved your application for the offer %s.", true},
	catalog.Paused:   {"agreement_paused", "%s is paused for you", "%s has paused your access to the offer %s. Your links earn nothing until it is resumed.", true},
	catalog.Revoked:  {"agreement_revoked", "%s has ended for you", "%s has ended your access to the offer %s. Your links earn nothing any more.", true},
}

// Agreed tells that an enrollment has another status than from: see
// catalog.ServiceOptions.Agreed. What a publisher did itself it is not told; staff is told
// of applications, which wait for it.
func (s *Service) Agreed(ctx context.Context, e *catalog.Enrollment, from string) {
	ctx = context.WithoutCancel(ctx) // it has happened, whether or not anybody still waits for the page
	err := s.agreed(ctx, e, from)
	if err != nil {
		s.Logger.Error("nobody is told by mail what became of an enrollment", "enrollment", e.ID, "status", e.Status, "error", err)
	}
}

func (s *Service) agreed(ctx context.Context, e *catalog.Enrollment, from string) error {
	w, tell := words[e.Status]
	applied := e.Status == catalog.Applied && e.Applied > 0
	byItself := e.Status == catalog.Approved && e.Applied > 0 && e.Applied == e.Decided // granted at once
	if !applied && (!tell || byItself) {
		return nil
	}
	ws, err := s.workspace(ctx, e.Workspace)
	if errors.Is(err, account.ErrNotFound) {
		return nil // archived: nobody speaks for it
	}
	if err != nil {
		return err
	}
	pub, err := s.Catalog.Get(ctx, door, catalog.KindPublisher, e.Workspace, e.Publisher)
	if err != nil {
		return fmt.Errorf("look up the publisher: %w", err)
	}
	offer, err := s.Catalog.Get(ctx, door, catalog.KindOffer, e.Workspace, e.Offer)
	if err != nil {
		return fmt.Errorf("look up the offer: %w", err)
	}
	name := offer.(*catalog.Offer).Name
	if applied {
		return s.tellStaff(ctx, e.Workspace, pub.(*catalog.Publisher).Manager, &mail.Mail{About: e.ID, Purpose: "application", Subject: "An application for " + name,
			Body: fmt.Sprintf("A publisher of %s has applied for the offer %s and waits for your decision:\n\n%s/w/%s/applications\n", ws.Name, name, s.URL, e.Workspace)})
	}
	body := fmt.Sprintf(w.text, ws.Name, name)
	if e.Status == catalog.Approved && from == catalog.Paused {
		body = fmt.Sprintf("%s has resumed your access to the offer %s:", ws.Name, name)
	}
	if w.reason && e.Reason != "" {
		body += fmt.Sprintf(" The reason:\n\n%s", e.Reason)
	}
	body += fmt.Sprintf("\n\n%s/portal/offers/%s\n", s.URL, e.Offer)
	to, err := s.contacts(ctx, pub.(*catalog.Publisher))
	if err != nil {
		return err
	}
	return s.notify(ctx, to, &mail.Mail{Workspace: e.Workspace, About: e.ID, Purpose: w.purpose, Subject: fmt.Sprintf(w.subject, name), Body: body})
}

// signedUp tells staff that a sign-up is confirmed and waits.
func (s *Service) signedUp(ctx context.Context, row *Signup, manager string) {
	ctx = context.WithoutCancel(ctx)
	ws, err := s.workspace(ctx, row.Workspace)
	if err == nil {
		err = s.tellStaff(ctx, row.Workspace, manager, &mail.Mail{About: row.ID, Purpose: "signup", Subject: "A sign-up with " + ws.Name,
			Body: fmt.Sprintf("Somebody has signed up with %s as a %s, has confirmed the address, and waits for\nyour decision:\n\n%s/w/%s/signups/%s\n", ws.Name, row.Kind, s.URL, row.Workspace, row.ID)})
	}
	if err != nil {
		s.Logger.Error("nobody is told by mail of a sign-up", "signup", row.ID, "error", err)
	}
}

// PostbackPaused tells a publisher, its manager and the owners that one of its postbacks was
// paused for failing.
func (s *Service) PostbackPaused(ctx context.Context, p *catalog.Postback) {
	err := s.postbackPaused(context.WithoutCancel(ctx), p)
	if err != nil {
		s.Logger.Error("nobody is told by mail that a postback is paused", "postback", p.ID, "error", err)
	}
}

func (s *Service) postbackPaused(ctx context.Context, p *catalog.Postback) error {
	ws, err := s.workspace(ctx, p.Workspace)
	if errors.Is(err, account.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	e, err := s.Catalog.Get(ctx, door, catalog.KindPublisher, p.Workspace, p.Publisher)
	if err != nil {
		return fmt.Errorf("look up the publisher: %w", err)
	}
	pub := e.(*catalog.Publisher)
	text := "%s has paused one of %s postbacks, because the calls fail. %s\n\nWhat it has to tell is kept, and sent once it is active again:\n\n%s%s\n"
	m := mail.Mail{About: p.ID, Purpose: "postback_paused", Subject: "A postback is paused"}
	m.Body = fmt.Sprintf(text, ws.Name, "a publisher's", p.PausedFor, s.URL, "/w/"+p.Workspace+"/postbacks/"+p.ID)
	staff := s.tellStaff(ctx, p.Workspace, pub.Manager, &m)
	own := m
	own.Workspace = p.Workspace
	own.Body = fmt.Sprintf(text, ws.Name, "your", p.PausedFor, s.URL, "/portal/postbacks/"+p.ID)
	to, err := s.contacts(ctx, pub)
	if err != nil {
		return errors.Join(staff, err)
	}
	return errors.Join(staff, s.notify(ctx, to, &own))
}

// contacts are where to write to a publisher: its contact, or its people where it has none.
func (s *Service) contacts(ctx context.Context, p *catalog.Publisher) ([]string, error) {
	if p.Email != "" {
		return []string{p.Email}, nil
	}
	return s.Accounts.Addresses(ctx, account.Party{Kind: account.PartyPublisher, ID: p.ID, Workspace: p.Workspace})
}

// tellStaff sends a notice to the installation's owners and to a party's manager. Nothing
// in it was typed by a stranger.
func (s *Service) tellStaff(ctx context.Context, workspace, manager string, m *mail.Mail) error {
	users, err := s.Accounts.Staff(ctx, door, workspace)
	if err != nil {
		return err
	}
	var to []string
	for _, u := range users {
		if u.Owner || manager != "" && u.ID == manager {
			to = append(to, u.Email)
		}
	}
	m.Workspace = workspace
	return s.notify(ctx, to, m)
}

// notify queues a notice to each address; what is wrong with one keeps it from no other.
func (s *Service) notify(ctx context.Context, to []string, m *mail.Mail) error {
	var errs []error
	for i, address := range to {
		if address == "" || slices.Contains(to[:i], address) || s.limits.Take("n:"+address, perNotice) != nil {
			continue
		}
		one := *m
		one.To, one.Expires = address, s.Now().Add(noticeLife).UnixMicro()
		errs = append(errs, s.Mail.Queue(ctx, &one))
	}
	return errors.Join(errs...)
}
