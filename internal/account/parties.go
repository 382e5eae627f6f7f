package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// mayParty: what belongs to a party is its own people's, and that of staff who may work
// in its workspace.
func mayParty(p Principal, party Party, write bool) bool {
	if party.ID == "" || party.Workspace == "" {
		return false
	}
	if !p.Staff() {
		return p.Party == party && (p.Write || !write)
	}
	return p.May(party.Workspace, write)
}

// mayPartyKeys: like [mayKeys], a key makes no other key unless it is an owner's.
func mayPartyKeys(p Principal, party Party, write bool) bool {
	return mayParty(p, party, write) && (!write || p.Owner || person(p))
}

// mayPeople: who lets people in is staff that may write, or one of the party's own people,
// not one of its keys.
func mayPeople(p Principal, party Party) bool {
	return mayParty(p, party, true) && (p.Staff() || person(p))
}

// IsPerson reports whether the principal is a user, not a key.
func IsPerson(p Principal) bool { return person(p) }

func person(p Principal) bool { return strings.HasPrefix(p.ID, "usr_") }

// CreatePartyKey makes an API key of a publisher or an advertiser; its secret is returned
// this once. expires is in µs, 0 = never. Its people may, and staff of the workspace.
func (s *Service) CreatePartyKey(ctx context.Context, p Principal, party Party, name, scope string, expires int64) (secret string, k *Key, err error) {
	if !mayPartyKeys(p, party, true) {
		return "", nil, ErrDenied
	}
	err = s.CheckKey(name, scope, expires)
	if err != nil {
		return "", nil, err
	}
	return s.insertKey(ctx, &Key{Workspace: party.Workspace, Party: party, Name: strings.TrimSpace(name), Scope: scope, Expires: expires})
}

// ListPartyKeys returns the keys of a party, newest first.
func (s *Service) ListPartyKeys(ctx context.Context, p Principal, party Party) ([]*Key, error) {
	if !mayPartyKeys(p, party, false) {
		return nil, ErrDenied
	}
	keys, err := s.store.ListKeys(ctx, party.Workspace, party)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	slices.SortFunc(keys, func(a, b *Key) int { return strings.Compare(b.ID, a.ID) })
	return keys, nil
}

// GetPartyKey returns a key of a party.
func (s *Service) GetPartyKey(ctx context.Context, p Principal, party Party, id string) (*Key, error) {
	if !mayPartyKeys(p, party, false) {
		return nil, ErrDenied
	}
	k, err := s.store.GetKey(ctx, id)
	if err != nil {
		return nil, err
	}
	if k.Party != party {
		return nil, ErrNotFound
	}
	return k, nil
}

// RevokePartyKey ends a key of a party for good; one that is revoked stays so. Keys that may
// write can end keys, themselves too, though they make none.
func (s *Service) RevokePartyKey(ctx context.Context, p Principal, party Party, id string) (*Key, error) {
	if !mayParty(p, party, true) {
		return nil, ErrDenied
	}
	k, err := s.GetPartyKey(ctx, p, party, id)
	if err != nil || k.Revoked {
		return k, err
	}
	return s.revoke(ctx, k)
}

// PartyUsers returns the people of a party, oldest first.
func (s *Service) PartyUsers(ctx context.Context, p Principal, party Party) ([]*User, error) {
	if !mayParty(p, party, false) {
		return nil, ErrDenied
	}
	users, err := s.store.PartyUsers(ctx, party)
	if err != nil {
		return nil, fmt.Errorf("list users of a party: %w", err)
	}
	slices.SortFunc(users, func(a, b *User) int { return strings.Compare(a.ID, b.ID) })
	return users, nil
}

// Addresses are the e-mail addresses of a party's people who may sign in, in the order they
// came. It asks nobody: whoever shows them, or writes to them, has authorized it.
func (s *Service) Addresses(ctx context.Context, party Party) ([]string, error) {
	users, err := s.store.PartyUsers(ctx, party)
	if err != nil {
		return nil, fmt.Errorf("list users of a party: %w", err)
	}
	slices.SortFunc(users, func(a, b *User) int { return strings.Compare(a.ID, b.ID) })
	var out []string
	for _, u := range users {
		if !u.Disabled {
			out = append(out, u.Email)
		}
	}
	return out, nil
}

// DisablePartyUser keeps one of a party's people out, or lets them in again. Nobody
// disables themselves: a party would be left without anybody who can sign in.
func (s *Service) DisablePartyUser(ctx context.Context, p Principal, party Party, id string, disabled bool) (*User, error) {
	if !mayPeople(p, party) {
		return nil, ErrDenied
	}
	u, err := s.partyUser(ctx, party, id)
	if err != nil {
		return nil, err
	}
	if disabled && id == p.ID {
		bad := &Invalid{}
		bad.Add("disabled", "own_account", u.Email, "You cannot disable yourself.")
		return nil, bad
	}
	if u.Disabled == disabled {
		return u, nil
	}
	u.Disabled = disabled
	err = s.store.UpdateUser(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store user: %w", err)
	}
	if disabled {
		err := s.store.DeleteSessions(ctx, u.ID, "")
		if err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
	}
	return u, nil
}

// partyUser is one of a party's people.
func (s *Service) partyUser(ctx context.Context, party Party, id string) (*User, error) {
	u, err := s.store.GetUser(ctx, id)
	if err != nil {
		return nil, err
	}
	if u.Party != party {
		return nil, ErrNotFound
	}
	return u, nil
}

// ChangeName sets one's own name. Everyone may, people of a party too.
func (s *Service) ChangeName(ctx context.Context, p Principal, name string) (*User, error) {
	if !person(p) {
		return nil, ErrDenied
	}
	bad := &Invalid{}
	checkName(bad, name)
	err := bad.Err()
	if err != nil {
		return nil, err
	}
	u, err := s.store.GetUser(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	u.Name = strings.TrimSpace(name)
	err = s.store.UpdateUser(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("store user: %w", err)
	}
	return u, nil
}
