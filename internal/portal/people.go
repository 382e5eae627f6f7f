package portal

import (
	"context"
	"time"

	"clickledger/internal/account"
)

// Key is an API key of the party.
type Key struct {
	ID      string     `json:"id" doc:"Its id."`
	Name    string     `json:"name" doc:"Its name."`
	Prefix  string     `json:"prefix" doc:"How its secret begins."`
	Scope   string     `json:"scope" enum:"read,write" doc:"What it may."`
	Created time.Time  `json:"created" doc:"When it was made."`
	Used    *time.Time `json:"used" doc:"When it was last used; null: never."`
	Expires *time.Time `json:"expires" doc:"When it ends; null: never."`
	Revoked bool       `json:"revoked" doc:"Whether it was ended for good."`
}

// Person is one of the party's people.
type Person struct {
	ID       string    `json:"id" doc:"Its id."`
	Name     string    `json:"name" doc:"The name; empty: it has none."`
	Email    string    `json:"email" doc:"The address to sign in with."`
	Created  time.Time `json:"created" doc:"Since when."`
	Disabled bool      `json:"disabled" doc:"Whether the person is kept out."`
	Self     bool      `json:"-"` // who asks
}

func maybeTime(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := timeOf(us)
	return &t
}

func keyView(k *account.Key) Key {
	return Key{k.ID, k.Name, k.Prefix, k.Scope, timeOf(k.Created), maybeTime(k.Used), maybeTime(k.Expires), k.Revoked}
}

// Keys lists the party's API keys, newest first.
func (d *door) Keys(ctx context.Context) ([]Key, error) {
	rows, err := d.s.o.Accounts.ListPartyKeys(ctx, d.asks, d.asks.Party)
	if err != nil {
		return nil, err
	}
	out := make([]Key, len(rows))
	for i, k := range rows {
		out[i] = keyView(k)
	}
	return out, nil
}

// CreateKey makes an API key; its secret is returned this once. People may, keys may not.
func (d *door) CreateKey(ctx context.Context, name, scope string, expires int64) (secret string, k Key, err error) {
	secret, row, err := d.s.o.Accounts.CreatePartyKey(ctx, d.asks, d.asks.Party, name, scope, expires)
	if err != nil {
		return "", Key{}, err
	}
	return secret, keyView(row), nil
}

// RevokeKey ends a key for good.
func (d *door) RevokeKey(ctx context.Context, id string) (*Key, error) {
	row, err := d.s.o.Accounts.RevokePartyKey(ctx, d.asks, d.asks.Party, id)
	if err != nil {
		return nil, err
	}
	v := keyView(row)
	return &v, nil
}

// People lists the party's people, oldest first.
func (d *door) People(ctx context.Context) ([]Person, error) {
	rows, err := d.s.o.Accounts.PartyUsers(ctx, d.asks, d.asks.Party)
	if err != nil {
		return nil, err
	}
	out := make([]Person, len(rows))
	for i, u := range rows {
		out[i] = Person{u.ID, u.Name, u.Email, timeOf(u.Created), u.Disabled, u.ID == d.asks.ID}
	}
	return out, nil
}

// DisablePerson keeps a colleague out, or lets them in again.
func (d *door) DisablePerson(ctx context.Context, id string, disabled bool) error {
	_, err := d.s.o.Accounts.DisablePartyUser(ctx, d.asks, d.asks.Party, id, disabled)
	return err
}

// Rename sets the name of who asks.
func (d *door) Rename(ctx context.Context, name string) error {
	_, err := d.s.o.Accounts.ChangeName(ctx, d.asks, name)
	return err
}

// Writes reports whether who asks may change anything.
func (d *door) Writes() bool { return d.asks.Write }
