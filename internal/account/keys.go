package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shownPrefix is how much of a key's secret is shown to tell keys apart: "clk_" and 6
// characters, which leaves 130 random bits.
const shownPrefix = 10

// CheckKey says what is wrong with a new key, nil when nothing is.
func (s *Service) CheckKey(name, scope string, expires int64) error {
	now := s.now().UnixMicro()
	bad := &Invalid{}
	switch {
	case strings.TrimSpace(name) == "":
		bad.Add("name", "required", name, "Must not be empty.")
	case utf8.RuneCountInString(name) > 200:
		bad.Add("name", "too_long", name, "Must be at most 200 characters long.")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		bad.Add("name", "characters", strings.ToValidUTF8(name, "\uFFFD"), "Must not contain control characters.")
	}
	if scope != ScopeRead && scope != ScopeWrite {
		bad.Add("scope", "not_one_of", scope, "Must be one of read, write.")
	}
	if expires != 0 && expires <= now {
		bad.Add("expires", "out_of_range", time.UnixMicro(expires).UTC().Format(time.RFC3339), "Must be in the future.")
	}
	return bad.Err()
}

// mayKeys: keys of a workspace are managed by its people and by owners, but not by
// its keys: a key that ends must not be able to make one that does not. Keys of every
// workspace (workspace "") are the owners'.
func mayKeys(p Principal, workspace string, write bool) bool {
	if workspace == "" {
		return mayManage(p, write)
	}
	return p.May(workspace, write) && (p.Owner || person(p) || !write)
}

// CreateKey makes an API key; its secret is returned this once. workspace "" makes one
// for every workspace. expires is in µs, 0 = never.
func (s *Service) CreateKey(ctx context.Context, p Principal, workspace, name, scope string, expires int64) (secret string, k *Key, err error) {
	if !mayKeys(p, workspace, true) {
		return "", nil, ErrDenied
	}
	err = s.CheckKey(name, scope, expires)
	if err != nil {
		return "", nil, err
	}
	if workspace != "" {
		ok, err := s.workspace(ctx, workspace)
		if err != nil {
			return "", nil, fmt.Errorf("look up workspace: %w", err)
		}
		if !ok {
			return "", nil, ErrNotFound
		}
	}
	return s.insertKey(ctx, &Key{Workspace: workspace, Name: strings.TrimSpace(name), Scope: scope, Expires: expires})
}

// insertKey gives a key its id and its secret, and stores it.
func (s *Service) insertKey(ctx context.Context, k *Key) (string, *Key, error) {
	secret := newSecret("clk_")
	k.ID, k.Prefix, k.Hash, k.Created, k.Version = s.newID("key_"), secret[:shownPrefix], hashSecret(secret), s.now().UnixMicro(), 1
	err := s.store.InsertKey(ctx, k)
	if err != nil {
		return "", nil, fmt.Errorf("store key: %w", err)
	}
	return secret, k, nil
}

// GetKey returns a key of the workspace.
func (s *Service) GetKey(ctx context.Context, p Principal, workspace, id string) (*Key, error) {
	if !mayKeys(p, workspace, false) {
		return nil, ErrDenied
	}
	k, err := s.store.GetKey(ctx, id)
	if err != nil {
		return nil, err
	}
	if k.Workspace != workspace || k.Party != (Party{}) {
		return nil, ErrNotFound
	}
	return k, nil
}

// RevokeKey ends a key for good; one that is revoked stays so.
func (s *Service) RevokeKey(ctx context.Context, p Principal, workspace, id string) (*Key, error) {
	if !mayKeys(p, workspace, true) {
		return nil, ErrDenied
	}
	k, err := s.GetKey(ctx, p, workspace, id)
	if err != nil || k.Revoked {
		return k, err
	}
	return s.revoke(ctx, k)
}

func (s *Service) revoke(ctx context.Context, k *Key) (*Key, error) {
	k.Revoked = true
	err := s.store.UpdateKey(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("store key: %w", err)
	}
	return k, nil
}

// ListKeys returns the keys of a workspace, newest first; "" those of every one.
func (s *Service) ListKeys(ctx context.Context, p Principal, workspace string) ([]*Key, error) {
	if !mayKeys(p, workspace, false) {
		return nil, ErrDenied
	}
	keys, err := s.store.ListKeys(ctx, workspace, Party{})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	slices.SortFunc(keys, func(a, b *Key) int { return strings.Compare(b.ID, a.ID) })
	return keys, nil
}

// ByKey resolves a bearer token: the operator's, or an API key's secret. It is looked
// up by its hash, so that comparing takes no time that depends on the secret.
func (s *Service) ByKey(ctx context.Context, secret string) (Principal, error) {
	if s.isAdmin(secret) {
		return Principal{ID: "operator", Name: "operator", Owner: true, Write: true}, nil
	}
	if secret == "" {
		return Principal{}, ErrCredentials
	}
	k, err := s.store.KeyByHash(ctx, hashSecret(secret))
	if errors.Is(err, ErrNotFound) {
		return Principal{}, ErrCredentials
	}
	if err != nil {
		return Principal{}, fmt.Errorf("look up key: %w", err)
	}
	now := s.now().UnixMicro()
	if k.Revoked || (k.Expires != 0 && now >= k.Expires) {
		return Principal{}, ErrCredentials
	}
	if now-k.Used >= touchEvery.Microseconds() {
		err := s.store.TouchKey(ctx, k.ID, now)
		if err != nil {
			return Principal{}, fmt.Errorf("touch key: %w", err)
		}
	}
	p := Principal{ID: k.ID, Name: k.Name, Write: k.Scope == ScopeWrite}
	switch {
	case k.Party != (Party{}):
		p.Party = k.Party
	case k.Workspace == "":
		p.Owner = true
	default:
		p.Workspaces = []string{k.Workspace}
	}
	return p, nil
}
