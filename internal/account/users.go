package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// UserDoc is what an owner sets on a user. An empty Password at a change keeps the
// present one.
type UserDoc struct {
	Email      string   `json:"email" required:"true" maxLength:"254" example:"ann@example.com" doc:"What the user signs in with; unique."`
	Name       string   `json:"name" required:"false" maxLength:"200" doc:"What people call them."`
	Password   string   `json:"password" required:"false" writeOnly:"true" maxLength:"200" doc:"At least 10 characters. Needed for a new user; in a change, empty keeps the present one. A new one ends the user's sessions."`
	Owner      bool     `json:"owner" required:"false" doc:"Whether the user holds the installation: every workspace, users and keys."`
	Workspaces []string `json:"workspaces" required:"false" nullable:"false" maxItems:"1000" doc:"The workspaces the user may work in, unless owner."`
	Disabled   bool     `json:"disabled" required:"false" doc:"A disabled user cannot sign in, and is signed out."`
}

// Doc is the user's document, without the password.
func (u *User) Doc() UserDoc {
	return UserDoc{Email: u.Email, Name: u.Name, Owner: u.Owner, Workspaces: append([]string{}, u.Workspaces...), Disabled: u.Disabled}
}

// Principal is the user as one who asks.
func (u *User) Principal() Principal {
	name := u.Name
	if name == "" {
		name = u.Email
	}
	if u.Party != (Party{}) {
		return Principal{ID: u.ID, Name: name, Write: true, Party: u.Party}
	}
	return Principal{ID: u.ID, Name: name, Owner: u.Owner, Write: true, Workspaces: u.Workspaces}
}

func cleanEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// CheckUser says what is wrong with a document, nil when nothing is; create for that
// of a new user. An e-mail that is taken is found out by the write.
func (s *Service) CheckUser(ctx context.Context, d UserDoc, create bool) error {
	bad := &Invalid{}
	checkEmail(bad, d.Email)
	checkName(bad, d.Name)
	if create || d.Password != "" {
		checkNewPassword(bad, d.Password)
	}
	if len(d.Workspaces) > 1000 {
		bad.Add("workspaces", "too_many", fmt.Sprint(len(d.Workspaces)), "There may be at most 1000.")
		return bad.Err()
	}
	for _, id := range d.Workspaces {
		ok, err := s.workspace(ctx, id)
		if err != nil {
			return fmt.Errorf("look up workspace %s: %w", id, err)
		}
		if !ok {
			bad.Add("workspaces", "unknown_reference", id, "There is no such workspace.")
		}
	}
	return bad.Err()
}

// checkName reports a name of a person that is too long or not text.
func checkName(bad *Invalid, name string) {
	switch {
	case utf8.RuneCountInString(name) > 200:
		bad.Add("name", "too_long", name, "Must be at most 200 characters long.")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		bad.Add("name", "characters", strings.ToValidUTF8(name, "\uFFFD"), "Must not contain control characters.")
	}
}

func (s *Service) insertUser(ctx context.Context, d UserDoc) (*User, error) {
	err := s.CheckUser(ctx, d, true)
	if err != nil {
		return nil, err
	}
	u := &User{
		ID: s.newID("usr_"), Email: cleanEmail(d.Email), Name: strings.TrimSpace(d.Name), PasswordHash: HashPassword(d.Password),
		Owner: d.Owner, Workspaces: sorted(d.Workspaces), Created: s.now().UnixMicro(), Disabled: d.Disabled, Version: 1,
	}
	err = s.store.InsertUser(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store user: %w", err)
	}
	return u, nil
}

func sorted(ids []string) []string {
	out := append([]string{}, ids...)
	slices.Sort(out)
	return slices.Compact(out)
}

// IsStaff reports whether a user is one of a workspace's own people, who may sign in.
func (s *Service) IsStaff(ctx context.Context, workspace, id string) (bool, error) {
	u, err := s.store.GetUser(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up user: %w", err)
	}
	return !u.Disabled && u.Principal().May(workspace, false), nil
}

// Staff returns those of the installation's own people who may work in the workspace, by
// name. Everybody on staff there may ask: managers are chosen among them.
func (s *Service) Staff(ctx context.Context, p Principal, workspace string) ([]*User, error) {
	if !p.May(workspace, false) {
		return nil, ErrDenied
	}
	users, err := s.store.ListUsers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	users = slices.DeleteFunc(users, func(u *User) bool { return u.Disabled || !u.Principal().May(workspace, false) })
	slices.SortFunc(users, func(a, b *User) int { return strings.Compare(a.Principal().Name, b.Principal().Name) })
	return users, nil
}

// mayManage: users are the installation's, so only its owners see and change them.
func mayManage(p Principal, write bool) bool { return p.Owner && (p.Write || !write) }

// CreateUser adds a user. Only owners may.
func (s *Service) CreateUser(ctx context.Context, p Principal, d UserDoc) (*User, error) {
	if !mayManage(p, true) {
		return nil, ErrDenied
	}
	return s.insertUser(ctx, d)
}

// GetUser returns a user. Only owners may, and everyone themselves.
func (s *Service) GetUser(ctx context.Context, p Principal, id string) (*User, error) {
	if !mayManage(p, false) && p.ID != id {
		return nil, ErrDenied
	}
	return s.store.GetUser(ctx, id)
}

// ListUsers returns every user of staff, newest first. Only owners may.
func (s *Service) ListUsers(ctx context.Context, p Principal) ([]*User, error) {
	if !mayManage(p, false) {
		return nil, ErrDenied
	}
	users, err := s.store.ListUsers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	users = slices.DeleteFunc(users, func(u *User) bool { return u.Party != Party{} })
	slices.SortFunc(users, func(a, b *User) int { return strings.Compare(b.ID, a.ID) })
	return users, nil
}

// UpdateUser writes the complete document over the user. version is the one that was
// read ([ErrVersion] if it is no longer current); 0 takes the current. The last owner
// who can sign in stays one. Only owners may.
func (s *Service) UpdateUser(ctx context.Context, p Principal, id string, version int64, d UserDoc) (*User, error) {
	if !mayManage(p, true) {
		return nil, ErrDenied
	}
	s.first.Lock() // two owners must not demote each other at once
	defer s.first.Unlock()
	u, err := s.store.GetUser(ctx, id)
	if err != nil {
		return nil, err
	}
	if u.Party != (Party{}) {
		return nil, ErrNotFound // a party's people are managed as such
	}
	if version != 0 && version != u.Version {
		return nil, ErrVersion
	}
	err = s.CheckUser(ctx, d, false)
	if err != nil {
		return nil, err
	}
	if u.Owner && !u.Disabled && (!d.Owner || d.Disabled) {
		err := s.keepsOwner(ctx, u)
		if err != nil {
			return nil, err
		}
	}
	rights := u.Owner != d.Owner || !slices.Equal(u.Workspaces, sorted(d.Workspaces))
	u.Email, u.Name, u.Owner, u.Workspaces, u.Disabled = cleanEmail(d.Email), strings.TrimSpace(d.Name), d.Owner, sorted(d.Workspaces), d.Disabled
	if d.Password != "" {
		u.PasswordHash = HashPassword(d.Password)
	}
	err = s.store.UpdateUser(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store user: %w", err)
	}
	if d.Password != "" || d.Disabled || rights {
		err := s.store.DeleteSessions(ctx, u.ID, "")
		if err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
	}
	return u, nil
}

// keepsOwner refuses to take the last owner away.
func (s *Service) keepsOwner(ctx context.Context, u *User) error {
	users, err := s.store.ListUsers(ctx)
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	for _, o := range users {
		if o.ID != u.ID && o.Owner && !o.Disabled {
			return nil
		}
	}
	bad := &Invalid{}
	bad.Add("owner", "last_owner", u.Email, "The last owner of the installation must stay one.")
	return bad
}

// ChangePassword sets one's own password and ends all one's sessions; the returned
// secret is a new one's. The present password is asked, throttled as at sign-in.
func (s *Service) ChangePassword(ctx context.Context, p Principal, present, password, addr string) (secret string, err error) {
	u, err := s.store.GetUser(ctx, p.ID)
	if errors.Is(err, ErrNotFound) {
		return "", ErrCredentials // a key has no password
	}
	if err != nil {
		return "", fmt.Errorf("look up user: %w", err)
	}
	bad := &Invalid{}
	checkNewPassword(bad, password)
	err = bad.Err()
	if err != nil {
		return "", err
	}
	attempt := buckets(u.Email, addr)
	err = s.throttle.take(attempt)
	if err != nil {
		return "", err
	}
	ok, err := checkPassword(u.PasswordHash, present)
	if err != nil {
		return "", fmt.Errorf("check password: %w", err)
	}
	if !ok {
		return "", ErrCredentials
	}
	s.throttle.forgive(attempt)
	u.PasswordHash = HashPassword(password)
	err = s.store.UpdateUser(ctx, u)
	if err != nil {
		return "", fmt.Errorf("store user: %w", err)
	}
	err = s.store.DeleteSessions(ctx, u.ID, "")
	if err != nil {
		return "", fmt.Errorf("end sessions: %w", err)
	}
	return s.begin(ctx, u)
}
