package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"clickledger/internal/event"
)

// ErrCredentials says that an e-mail and password, a session or a key is not valid.
// It does not say which part is wrong, or whether the account exists.
var ErrCredentials = errors.New("not signed in: the credentials are not valid")

// ErrNotFirst says that the installation has its owner already.
var ErrNotFirst = errors.New("the installation has users already")

// Default lives of a session.
const (
	DefaultSessionIdle = 24 * time.Hour
	DefaultSessionLife = 30 * 24 * time.Hour
)

// touchEvery is how often the last use of a session or a key is written down.
const touchEvery = time.Minute

// Service signs people and programs in and manages their accounts.
type Service struct {
	store     Store
	now       func() time.Time
	idle      time.Duration
	life      time.Duration
	admin     [sha256.Size]byte
	hasAdmin  bool
	workspace func(ctx context.Context, id string) (bool, error)
	throttle  *throttle

	first sync.Mutex // makes the first owner the only one
}

// ServiceOptions are what a [Service] needs.
type ServiceOptions struct {
	Store Store
	Now   func() time.Time
	// AdminToken is a bearer token given by the operator (--admin-token); it acts as
	// an owner. "" = none.
	AdminToken string
	// SessionIdle and SessionLife end a session that is not used, and any; 0 = the
	// defaults.
	SessionIdle, SessionLife time.Duration
	// Workspace reports whether a workspace exists; nil believes every id.
	Workspace func(ctx context.Context, id string) (bool, error)
}

// NewService makes a service.
func NewService(o ServiceOptions) *Service {
	s := &Service{store: o.Store, now: o.Now, idle: o.SessionIdle, life: o.SessionLife, workspace: o.Workspace}
	if s.now == nil {
		s.now = time.Now
	}
	if s.idle == 0 {
		s.idle = DefaultSessionIdle
	}
	if s.life == 0 {
		s.life = DefaultSessionLife
	}
	if s.workspace == nil {
		s.workspace = func(context.Context, string) (bool, error) { return true, nil }
	}
	if o.AdminToken != "" {
		s.admin, s.hasAdmin = sha256.Sum256([]byte(o.AdminToken)), true
	}
	s.throttle = newThrottle(func() time.Time { return s.now() })
	return s
}

// FirstRun reports whether there are no users yet.
func (s *Service) FirstRun(ctx context.Context) (bool, error) {
	users, err := s.store.ListUsers(ctx)
	if err != nil {
		return false, fmt.Errorf("list users: %w", err)
	}
	return len(users) == 0, nil
}

// CreateOwner makes the first user, and only the first: [ErrNotFirst] afterwards.
func (s *Service) CreateOwner(ctx context.Context, email, name, password string) (*User, error) {
	s.first.Lock()
	defer s.first.Unlock()
	first, err := s.FirstRun(ctx)
	if err != nil {
		return nil, err
	}
	if !first {
		return nil, ErrNotFirst
	}
	return s.insertUser(ctx, UserDoc{Email: email, Name: name, Password: password, Owner: true})
}

// SignIn checks a password and begins a session; secret is the cookie's value. addr is
// the caller's address. It fails with [ErrCredentials], the same and as slowly for an
// unknown user, or with [*ErrThrottled].
func (s *Service) SignIn(ctx context.Context, email, password, addr string) (secret string, u *User, err error) {
	email = cleanEmail(email)
	attempt := buckets(email, addr)
	err = s.throttle.take(attempt)
	if err != nil {
		return "", nil, err
	}
	u, err = s.store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", nil, fmt.Errorf("look up user: %w", err)
	}
	hash := nobodysHash
	if u != nil {
		hash = u.PasswordHash
	}
	if len(password) > 4*MaxPassword {
		password = "" // no password is that long; do not hash it
	}
	ok, err := checkPassword(hash, password)
	if err != nil {
		return "", nil, fmt.Errorf("check password: %w", err)
	}
	if !ok || u == nil || u.Disabled {
		return "", nil, ErrCredentials
	}
	s.throttle.forgive(attempt)
	secret, err = s.begin(ctx, u)
	if err != nil {
		return "", nil, err
	}
	return secret, u, nil
}

// begin stores a new session: signing in never takes over one that is there (S3).
func (s *Service) begin(ctx context.Context, u *User) (string, error) {
	secret := newSecret("cls_")
	now := s.now()
	err := s.store.InsertSession(ctx, &Session{
		Hash: hashSecret(secret), User: u.ID, Created: now.UnixMicro(), Seen: now.UnixMicro(), Expires: now.Add(s.life).UnixMicro(),
	})
	if err != nil {
		return "", fmt.Errorf("store session: %w", err)
	}
	return secret, nil
}

// Session resolves a session cookie; [ErrCredentials] when it has ended.
func (s *Service) Session(ctx context.Context, secret string) (Principal, *User, error) {
	if secret == "" {
		return Principal{}, nil, ErrCredentials
	}
	sess, err := s.store.GetSession(ctx, hashSecret(secret))
	if errors.Is(err, ErrNotFound) {
		return Principal{}, nil, ErrCredentials
	}
	if err != nil {
		return Principal{}, nil, fmt.Errorf("look up session: %w", err)
	}
	now := s.now().UnixMicro()
	if now >= sess.Expires || now >= sess.Seen+s.idle.Microseconds() {
		err := s.store.DeleteSessions(ctx, sess.User, sess.Hash)
		if err != nil {
			return Principal{}, nil, fmt.Errorf("end session: %w", err)
		}
		return Principal{}, nil, ErrCredentials
	}
	u, err := s.store.GetUser(ctx, sess.User)
	if errors.Is(err, ErrNotFound) || (err == nil && u.Disabled) {
		return Principal{}, nil, ErrCredentials
	}
	if err != nil {
		return Principal{}, nil, fmt.Errorf("look up user: %w", err)
	}
	if now-sess.Seen >= touchEvery.Microseconds() {
		err := s.store.TouchSession(ctx, sess.Hash, now)
		if err != nil {
			return Principal{}, nil, fmt.Errorf("touch session: %w", err)
		}
	}
	return u.Principal(), u, nil
}

// SignOut ends a session; one that is not there has ended already.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	hash := hashSecret(secret)
	sess, err := s.store.GetSession(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up session: %w", err)
	}
	return s.store.DeleteSessions(ctx, sess.User, hash)
}

// isAdmin compares in constant time, also for texts of other lengths.
func (s *Service) isAdmin(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], s.admin[:]) == 1 && s.hasAdmin
}

// newID makes the id of a user or a key.
func (s *Service) newID(prefix string) string { return event.NewID(prefix, s.now()) }
