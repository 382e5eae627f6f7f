package account

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// What the room signup builds on: people who come in by a link in their own mail. Nothing
// here asks a principal; who calls has looked at the link.

// Person is somebody who is let in: staff, or one of a party's people.
type Person struct {
	Email, Name  string
	PasswordHash string
	Party        Party
	Workspaces   []string // of staff
	Owner        bool     // of staff
}

// AddPerson makes a user of a person. A taken address is [*Invalid].
func (s *Service) AddPerson(ctx context.Context, p Person) (*User, error) {
	u := &User{
		ID: s.newID("usr_"), Email: cleanEmail(p.Email), Name: strings.TrimSpace(p.Name), PasswordHash: p.PasswordHash,
		Owner: p.Owner, Workspaces: sorted(p.Workspaces), Party: p.Party, Created: s.now().UnixMicro(), Version: 1,
	}
	if p.Party != (Party{}) {
		u.Owner, u.Workspaces = false, []string{p.Party.Workspace}
	}
	err := s.store.InsertUser(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store user: %w", err)
	}
	return u, nil
}

// Find returns the user of an address, nil when there is none.
func (s *Service) Find(ctx context.Context, email string) (*User, error) {
	u, err := s.store.UserByEmail(ctx, cleanEmail(email))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up user: %w", err)
	}
	return u, nil
}

// SetPassword gives a user another password and ends all their sessions. The throttle of
// their sign-in forgets what was tried.
func (s *Service) SetPassword(ctx context.Context, id, password string) (*User, error) {
	u, err := s.store.GetUser(ctx, id)
	if err != nil {
		return nil, err
	}
	bad := &Invalid{}
	checkNewPassword(bad, password)
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	u.PasswordHash = HashPassword(password)
	err = s.store.UpdateUser(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store user: %w", err)
	}
	err = s.store.DeleteSessions(ctx, u.ID, "")
	if err != nil {
		return nil, fmt.Errorf("end sessions: %w", err)
	}
	return u, nil
}

// CheckPerson says what is wrong with an address, a name and a new password, as
// [*Invalid]; nil when nothing is.
func CheckPerson(email, name, password string) error {
	bad := &Invalid{}
	checkEmail(bad, email)
	checkName(bad, name)
	checkNewPassword(bad, password)
	return bad.Err()
}

// checkEmail reports what is no address.
func checkEmail(bad *Invalid, typed string) {
	email := cleanEmail(typed)
	a, err := mail.ParseAddress(email)
	switch {
	case email == "":
		bad.Add("email", "required", typed, "Must not be empty.")
	case err != nil || a.Address != email || len(email) > 254 || strings.ContainsAny(email, " \r\n<>"):
		bad.Add("email", "invalid_email", typed, "Must be an e-mail address such as ann@example.com.")
	}
}

// FieldOf is the rule by which an error refuses a field, "" when it does not.
func FieldOf(err error, field string) string {
	var bad *Invalid
	if !errors.As(err, &bad) {
		return ""
	}
	for _, f := range bad.Fields {
		if f.Field == field {
			return f.Rule
		}
	}
	return ""
}

// Allowance is how much is free at once, and how fast it comes back.
type Allowance struct {
	Burst int
	Every time.Duration
}

// Limiter limits how often something is done, by keys. It forgets when the process ends.
type Limiter struct{ throttle *throttle }

// NewLimiter makes one.
func NewLimiter(now func() time.Time) *Limiter { return &Limiter{newThrottle(now)} }

// Take counts one under the key, or fails with [*ErrThrottled] and counts none.
func (l *Limiter) Take(key string, a Allowance) error {
	return l.throttle.take([]bucket{{key, allowance{a.Burst, a.Every}}})
}

// Network is what one customer of a provider has of an address: all of an IPv4 one, the /64
// of an IPv6 one.
func Network(addr string) string { return network(addr) }
