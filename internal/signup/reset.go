package signup

import (
	"context"
	"fmt"

	"clickledger/internal/account"
	"clickledger/internal/mail"
)

// Forgot sends who owns the address a link to choose another password, if they have an
// account. The answer does not depend on it, and does not wait for it.
func (s *Service) Forgot(ctx context.Context, email, addr string) error {
	email = cleanEmail(email)
	err := account.CheckPerson(email, "", "")
	if account.FieldOf(err, "email") != "" {
		bad := &account.Invalid{}
		bad.Add("email", "invalid_email", email, "Must be an e-mail address such as ann@example.com.")
		return bad
	}
	err = s.limits.Take("f:"+account.Network(addr), perAddress)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	s.behind.Go(func() {
		err := s.sendReset(ctx, email)
		if err != nil {
			s.Logger.Error("a password could not be reset", "error", err)
		}
	})
	return nil
}

func (s *Service) sendReset(ctx context.Context, email string) error {
	u, err := s.Accounts.Find(ctx, email)
	if err != nil || u == nil || u.Disabled {
		return err
	}
	m := &mail.Mail{Workspace: u.Party.Workspace, About: u.ID, To: u.Email, Purpose: ForReset, Subject: "Choose another password", Body: resetText()}
	m.Link, m.Expires, err = s.issue(ctx, ForReset, u.ID, "/reset", ResetLife)
	if err != nil {
		return err
	}
	return s.mailTo(ctx, m)
}

// Resetting reports whether a link would set a password.
func (s *Service) Resetting(ctx context.Context, token, addr string) error {
	err := s.knock(addr)
	if err != nil {
		return err
	}
	_, err = s.open(ctx, ForReset, token)
	return err
}

// Reset sets another password, which ends all sessions and all other links of the kind.
func (s *Service) Reset(ctx context.Context, token, password, addr string) error {
	err := s.Resetting(ctx, token, addr)
	if err != nil {
		return err
	}
	t, err := s.open(ctx, ForReset, token)
	if err != nil {
		return err
	}
	err = account.CheckPerson("somebody@example.com", "", password)
	if err != nil {
		return err
	}
	err = s.use(ctx, t) // first: two who come at once set one password
	if err != nil {
		return err
	}
	u, err := s.Accounts.SetPassword(ctx, t.Subject, password)
	if err != nil {
		return err
	}
	err = s.Store.EndTokens(ctx, u.ID, ForReset, s.Now().UnixMicro())
	if err != nil {
		return fmt.Errorf("end links: %w", err)
	}
	return s.Mail.Drop(ctx, u.Party.Workspace, u.ID)
}
