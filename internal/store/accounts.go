package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/store/q"
)

// accountStore implements account.Store.
type accountStore struct{ db *DB }

func userRow(u *account.User) q.User {
	return q.User{
		ID: u.ID, Email: u.Email, Name: u.Name, PasswordHash: u.PasswordHash, Owner: u.Owner, Workspaces: texts(u.Workspaces),
		PartyKind: u.Party.Kind, Party: u.Party.ID, Created: u.Created, Disabled: u.Disabled, Version: u.Version,
	}
}

func userOf(r q.User) *account.User {
	u := &account.User{
		ID: r.ID, Email: r.Email, Name: r.Name, PasswordHash: r.PasswordHash, Owner: r.Owner, Workspaces: textsOf(r.Workspaces),
		Created: r.Created, Disabled: r.Disabled, Version: r.Version,
	}
	if r.PartyKind != "" { // without its one workspace it is no party's that opens, but never staff
		u.Party = account.Party{Kind: r.PartyKind, ID: r.Party}
	}
	if r.PartyKind != "" && len(u.Workspaces) == 1 {
		u.Party.Workspace = u.Workspaces[0]
	}
	return u
}

func keyRow(k *account.Key) q.APIKey {
	return q.APIKey{
		ID: k.ID, Workspace: k.Workspace, Name: k.Name, Prefix: k.Prefix, Hash: k.Hash, Scope: k.Scope,
		PartyKind: k.Party.Kind, Party: k.Party.ID, Created: k.Created, Used: k.Used, Expires: k.Expires, Revoked: k.Revoked, Version: k.Version,
	}
}

func keyOf(r q.APIKey) *account.Key {
	k := &account.Key{
		ID: r.ID, Workspace: r.Workspace, Name: r.Name, Prefix: r.Prefix, Hash: r.Hash, Scope: r.Scope, Created: r.Created,
		Used: r.Used, Expires: r.Expires, Revoked: r.Revoked, Version: r.Version,
	}
	if r.PartyKind != "" {
		k.Party = account.Party{Kind: r.PartyKind, ID: r.Party, Workspace: r.Workspace}
	}
	return k
}

// write runs fn in a transaction; a violated unique key becomes the domain's error,
// with the value of its field.
func (a accountStore) write(ctx context.Context, op string, values map[string]string, fn func(ctx context.Context, qs *q.Queries) error) error {
	return a.db.write(ctx, op, func(ctx context.Context, s *session) error {
		err := fn(ctx, q.New(s))
		if err == nil || errors.Is(err, catalog.ErrNotFound) || errors.Is(err, catalog.ErrVersion) {
			return err
		}
		if v, ok := a.db.engine.violated(err); ok {
			field := takenField(v)
			return takenError(field, values[field])
		}
		return fmt.Errorf("store: %s: %w", op, err)
	})
}

// byVersion tells what an update that changed n rows means, given what is stored.
func byVersion(n int64, err, absent error) error {
	switch {
	case err != nil:
		return err
	case n > 0:
		return nil
	case absent != nil:
		return found(absent)
	}
	return catalog.ErrVersion
}

// touched tells what an update without a version means.
func touched(n int64, err error) error {
	if err == nil && n == 0 {
		return catalog.ErrNotFound
	}
	return err
}

// InsertUser adds a user, as version 1.
func (a accountStore) InsertUser(ctx context.Context, u *account.User) error {
	row := userRow(u)
	row.Version = 1
	err := a.write(ctx, "accounts.insert_user", map[string]string{"id": u.ID, "email": u.Email}, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertUser(ctx, q.InsertUserParams(row))
	})
	if err == nil {
		u.Version = 1
	}
	return err
}

// UpdateUser writes a user by version.
func (a accountStore) UpdateUser(ctx context.Context, u *account.User) error {
	err := a.write(ctx, "accounts.update_user", map[string]string{"email": u.Email}, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetUser(ctx, u.ID)
		n, err := qs.UpdateUser(ctx, as[q.UpdateUserParams](userRow(u)))
		return byVersion(n, err, absent)
	})
	if err == nil {
		u.Version++
	}
	return err
}

// GetUser returns a user.
func (a accountStore) GetUser(ctx context.Context, id string) (*account.User, error) {
	r, err := q.New(a.db.engine.reads()).GetUser(ctx, id)
	return one(r, err, userOf, "user")
}

// UserByEmail returns a user.
func (a accountStore) UserByEmail(ctx context.Context, email string) (*account.User, error) {
	r, err := q.New(a.db.engine.reads()).UserByEmail(ctx, email)
	return one(r, err, userOf, "user by e-mail")
}

// one turns the answer of a single-row read into the domain's.
func one[R, D any](r R, err error, of func(R) *D, what string) (*D, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return nil, catalog.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", what, err)
	}
	return of(r), nil
}

// ListUsers returns every user.
func (a accountStore) ListUsers(ctx context.Context) ([]*account.User, error) {
	rows, err := q.New(a.db.engine.reads()).ListUsers(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: list users: %w", err)
	}
	return each(rows, userOf), nil
}

// InsertSession adds a session.
func (a accountStore) InsertSession(ctx context.Context, s *account.Session) error {
	return a.write(ctx, "accounts.insert_session", nil, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertSession(ctx, q.InsertSessionParams{Hash: s.Hash, UserID: s.User, Created: s.Created, Seen: s.Seen, Expires: s.Expires})
	})
}

// GetSession returns a session, also one that has expired.
func (a accountStore) GetSession(ctx context.Context, hash string) (*account.Session, error) {
	r, err := q.New(a.db.engine.reads()).GetSession(ctx, hash)
	return one(r, err, func(r q.Session) *account.Session {
		return &account.Session{Hash: r.Hash, User: r.UserID, Created: r.Created, Seen: r.Seen, Expires: r.Expires}
	}, "session")
}

// TouchSession notes when a session was seen.
func (a accountStore) TouchSession(ctx context.Context, hash string, seen int64) error {
	return a.write(ctx, "accounts.touch_session", nil, func(ctx context.Context, qs *q.Queries) error {
		return touched(qs.TouchSession(ctx, q.TouchSessionParams{Hash: hash, Seen: seen}))
	})
}

// DeleteSessions ends one session of a user, or all of them.
func (a accountStore) DeleteSessions(ctx context.Context, user, hash string) error {
	return a.write(ctx, "accounts.delete_sessions", nil, func(ctx context.Context, qs *q.Queries) error {
		return qs.DeleteSessions(ctx, q.DeleteSessionsParams{UserID: user, Hash: hash})
	})
}

// InsertKey adds an API key, as version 1.
func (a accountStore) InsertKey(ctx context.Context, k *account.Key) error {
	row := keyRow(k)
	row.Version = 1
	err := a.write(ctx, "accounts.insert_key", map[string]string{"id": k.ID}, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertKey(ctx, q.InsertKeyParams(row))
	})
	if err == nil {
		k.Version = 1
	}
	return err
}

// UpdateKey writes what may change of a key, by version: its secret never does.
func (a accountStore) UpdateKey(ctx context.Context, k *account.Key) error {
	err := a.write(ctx, "accounts.update_key", nil, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetKey(ctx, k.ID)
		n, err := qs.UpdateKey(ctx, as[q.UpdateKeyParams](keyRow(k)))
		return byVersion(n, err, absent)
	})
	if err == nil {
		k.Version++
	}
	return err
}

// GetKey returns a key.
func (a accountStore) GetKey(ctx context.Context, id string) (*account.Key, error) {
	r, err := q.New(a.db.engine.reads()).GetKey(ctx, id)
	return one(r, err, keyOf, "API key")
}

// KeyByHash returns the key of a secret.
func (a accountStore) KeyByHash(ctx context.Context, hash string) (*account.Key, error) {
	r, err := q.New(a.db.engine.reads()).KeyByHash(ctx, hash)
	return one(r, err, keyOf, "API key")
}

// PartyUsers returns the people of a publisher or an advertiser.
func (a accountStore) PartyUsers(ctx context.Context, party account.Party) ([]*account.User, error) {
	rows, err := q.New(a.db.engine.reads()).PartyUsers(ctx, q.PartyUsersParams{PartyKind: party.Kind, Party: party.ID})
	if err != nil {
		return nil, fmt.Errorf("store: list users of %s: %w", party.ID, err)
	}
	return slices.DeleteFunc(each(rows, userOf), func(u *account.User) bool { return u.Party != party }), nil
}

// ListKeys returns the keys of exactly this workspace and party.
func (a accountStore) ListKeys(ctx context.Context, workspace string, party account.Party) ([]*account.Key, error) {
	rows, err := q.New(a.db.engine.reads()).ListKeys(ctx, q.ListKeysParams{Workspace: workspace, PartyKind: party.Kind, Party: party.ID})
	if err != nil {
		return nil, fmt.Errorf("store: list API keys: %w", err)
	}
	return each(rows, keyOf), nil
}

// TouchKey notes when a key was used.
func (a accountStore) TouchKey(ctx context.Context, id string, used int64) error {
	return a.write(ctx, "accounts.touch_key", nil, func(ctx context.Context, qs *q.Queries) error {
		return touched(qs.TouchKey(ctx, q.TouchKeyParams{ID: id, Used: used}))
	})
}
