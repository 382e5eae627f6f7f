package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/signup"
	"clickledger/internal/store/q"
)

// signupStore implements signup.Store.
type signupStore struct{ accountStore }

// Signups is the storage of sign-ups, invitations and tokens.
func (db *DB) Signups() signup.Store { return signupStore{accountStore{db}} }

// SignupSettings returns those of a kind; see signup.Store.
func (x signupStore) SignupSettings(ctx context.Context, workspace, kind string) (*signup.Settings, error) {
	r, err := q.New(x.db.engine.reads()).GetSignupSettings(ctx, q.GetSignupSettingsParams{Workspace: workspace, Kind: kind})
	set, err := one(r, err, func(r q.SignupSetting) *signup.Settings {
		return &signup.Settings{
			Workspace: r.Workspace, Kind: r.Kind, Open: r.Open, Intro: r.Intro, Questions: rowsOf[signup.Question](r.Questions), Terms: r.Terms,
			TermsVersion: r.TermsVersion, Group: r.GroupID, Manager: r.Manager, Updated: r.Updated, Version: r.Version,
		}
	}, "sign-up settings")
	if errors.Is(err, catalog.ErrNotFound) {
		return &signup.Settings{Workspace: workspace, Kind: kind}, nil
	}
	return set, err
}

// SaveSignupSettings writes by version; see signup.Store.
func (x signupStore) SaveSignupSettings(ctx context.Context, s *signup.Settings) error {
	row := q.SignupSetting{
		Workspace: s.Workspace, Kind: s.Kind, Open: s.Open, Intro: cleanText(s.Intro), Questions: rowsJSON(s.Questions), Terms: cleanText(s.Terms),
		TermsVersion: s.TermsVersion, GroupID: s.Group, Manager: s.Manager, Updated: s.Updated, Version: s.Version,
	}
	err := x.write(ctx, "signups.save_settings", nil, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetSignupSettings(ctx, q.GetSignupSettingsParams{Workspace: s.Workspace, Kind: s.Kind})
		if absent != nil && s.Version == 0 {
			first := row
			first.Version = 1
			return qs.InsertSignupSettings(ctx, q.InsertSignupSettingsParams(first))
		}
		n, err := qs.UpdateSignupSettings(ctx, as[q.UpdateSignupSettingsParams](row))
		return byVersion(n, err, absent)
	})
	if err == nil {
		s.Version++
	}
	return err
}

func signupRow(s *signup.Signup) q.Signup {
	return q.Signup{
		ID: s.ID, Workspace: s.Workspace, Kind: s.Kind, Created: s.Created, Updated: s.Updated, Version: s.Version, State: s.State, Code: s.Code,
		Email: s.Email, Person: cleanText(s.Person), Name: cleanText(s.Name), Website: cleanText(s.Website), Promotion: cleanText(s.Promotion),
		Answers: rowsJSON(s.Answers), TermsVersion: s.TermsVersion, Addr: s.Addr, PasswordHash: s.PasswordHash, Party: s.Party, UserID: s.User,
		Confirmed: s.Confirmed, Decided: s.Decided, DecidedBy: s.DecidedBy, Reason: cleanText(s.Reason),
	}
}

func signupOf(r q.Signup) *signup.Signup {
	return &signup.Signup{
		ID: r.ID, Workspace: r.Workspace, Kind: r.Kind, Created: r.Created, Updated: r.Updated, Version: r.Version, State: r.State, Code: r.Code,
		Email: r.Email, Person: r.Person, Name: r.Name, Website: r.Website, Promotion: r.Promotion,
		Answers: rowsOf[signup.Answer](r.Answers), TermsVersion: r.TermsVersion, Addr: r.Addr, PasswordHash: r.PasswordHash, Party: r.Party, User: r.UserID,
		Confirmed: r.Confirmed, Decided: r.Decided, DecidedBy: r.DecidedBy, Reason: r.Reason,
	}
}

// InsertSignup adds a sign-up, as version 1.
func (x signupStore) InsertSignup(ctx context.Context, s *signup.Signup) error {
	row := signupRow(s)
	row.Version = 1
	err := x.write(ctx, "signups.insert", map[string]string{"id": s.ID}, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertSignup(ctx, q.InsertSignupParams(row))
	})
	if err == nil {
		s.Version = 1
	}
	return err
}

// UpdateSignup writes what may change of a sign-up, by version.
func (x signupStore) UpdateSignup(ctx context.Context, s *signup.Signup) error {
	err := x.write(ctx, "signups.update", nil, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetSignup(ctx, s.ID)
		n, err := qs.UpdateSignup(ctx, as[q.UpdateSignupParams](signupRow(s)))
		return byVersion(n, err, absent)
	})
	if err == nil {
		s.Version++
	}
	return err
}

// GetSignup returns a sign-up.
func (x signupStore) GetSignup(ctx context.Context, id string) (*signup.Signup, error) {
	r, err := q.New(x.db.engine.reads()).GetSignup(ctx, id)
	return one(r, err, signupOf, "sign-up")
}

// ListSignups returns a page; see signup.Store.
func (x signupStore) ListSignups(ctx context.Context, workspace, state, kind, before string, limit int) ([]*signup.Signup, error) {
	l := newList[q.Signup]("signups").equal("workspace", workspace).given("state", state).given("kind", kind).before(before)
	rows, err := collect[q.Signup](x.db.engine.reads().dynamic(ctx, l.query(pageSize(limit)), l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list sign-ups: %w", err)
	}
	return each(rows, signupOf), nil
}

// CountSignups counts those of a state.
func (x signupStore) CountSignups(ctx context.Context, workspace, state string) (int64, error) {
	n, err := q.New(x.db.engine.reads()).CountSignups(ctx, q.CountSignupsParams{Workspace: workspace, State: state})
	if err != nil {
		return 0, fmt.Errorf("store: count sign-ups: %w", err)
	}
	return n, nil
}

func invitationRow(i *signup.Invitation) q.Invitation {
	return q.Invitation{
		ID: i.ID, Workspace: i.Party.Workspace, PartyKind: i.Party.Kind, Party: i.Party.ID, Created: i.Created, Updated: i.Updated, Version: i.Version,
		Email: i.Email, Name: cleanText(i.Name), Workspaces: texts(i.Workspaces), Owner: i.Owner, State: i.State, Expires: i.Expires, MadeBy: i.MadeBy, UserID: i.User,
	}
}

func invitationOf(r q.Invitation) *signup.Invitation {
	return &signup.Invitation{
		ID: r.ID, Party: account.Party{Kind: r.PartyKind, ID: r.Party, Workspace: r.Workspace}, Created: r.Created, Updated: r.Updated, Version: r.Version,
		Email: r.Email, Name: r.Name, Workspaces: textsOf(r.Workspaces), Owner: r.Owner, State: r.State, Expires: r.Expires, MadeBy: r.MadeBy, User: r.UserID,
	}
}

// InsertInvitation adds an invitation, as version 1.
func (x signupStore) InsertInvitation(ctx context.Context, i *signup.Invitation) error {
	row := invitationRow(i)
	row.Version = 1
	err := x.write(ctx, "invitations.insert", map[string]string{"id": i.ID}, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertInvitation(ctx, q.InsertInvitationParams(row))
	})
	if err == nil {
		i.Version = 1
	}
	return err
}

// UpdateInvitation writes what may change of an invitation, by version.
func (x signupStore) UpdateInvitation(ctx context.Context, i *signup.Invitation) error {
	err := x.write(ctx, "invitations.update", nil, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetInvitation(ctx, i.ID)
		n, err := qs.UpdateInvitation(ctx, as[q.UpdateInvitationParams](invitationRow(i)))
		return byVersion(n, err, absent)
	})
	if err == nil {
		i.Version++
	}
	return err
}

// GetInvitation returns an invitation.
func (x signupStore) GetInvitation(ctx context.Context, id string) (*signup.Invitation, error) {
	r, err := q.New(x.db.engine.reads()).GetInvitation(ctx, id)
	return one(r, err, invitationOf, "invitation")
}

// ListInvitations returns a page; see signup.Store.
func (x signupStore) ListInvitations(ctx context.Context, workspace, party, before string, limit int) ([]*signup.Invitation, error) {
	l := newList[q.Invitation]("invitations").equal("workspace", workspace).given("party", party).before(before)
	rows, err := collect[q.Invitation](x.db.engine.reads().dynamic(ctx, l.query(pageSize(limit)), l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list invitations: %w", err)
	}
	return each(rows, invitationOf), nil
}

// InsertToken adds a token.
func (x signupStore) InsertToken(ctx context.Context, t *signup.Token) error {
	return x.write(ctx, "tokens.insert", map[string]string{"id": t.Subject}, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertToken(ctx, q.InsertTokenParams{Hash: t.Hash, Purpose: t.Purpose, Subject: t.Subject, Created: t.Created, Expires: t.Expires, Used: t.Used})
	})
}

// GetToken returns a token by its hash.
func (x signupStore) GetToken(ctx context.Context, hash string) (*signup.Token, error) {
	r, err := q.New(x.db.engine.reads()).GetToken(ctx, hash)
	return one(r, err, func(r q.Token) *signup.Token {
		return &signup.Token{Hash: r.Hash, Purpose: r.Purpose, Subject: r.Subject, Created: r.Created, Expires: r.Expires, Used: r.Used}
	}, "token")
}

// UseToken marks a token used, once.
func (x signupStore) UseToken(ctx context.Context, hash string, now int64) (ok bool, err error) {
	err = x.write(ctx, "tokens.use", nil, func(ctx context.Context, qs *q.Queries) error {
		n, err := qs.UseToken(ctx, q.UseTokenParams{Hash: hash, Used: now})
		ok = n > 0
		return err
	})
	return ok && err == nil, err
}

// EndTokens marks a subject's tokens used.
func (x signupStore) EndTokens(ctx context.Context, subject, purpose string, now int64) error {
	return x.write(ctx, "tokens.end", nil, func(ctx context.Context, qs *q.Queries) error {
		return qs.EndTokens(ctx, q.EndTokensParams{Subject: subject, Purpose: purpose, Used: now})
	})
}
