package storetest

import (
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

var accountTests = map[string]func(t *testing.T, s *Stores){
	"users":    testUsers,
	"sessions": testSessions,
	"keys":     testAPIKeys,
}

func user(n int) *account.User {
	return &account.User{
		ID: id("usr", n), Email: id("mail", n), Name: "name", PasswordHash: "hash", Owner: true, Workspaces: []string{home, foreign},
		Created: 5, Disabled: true,
	}
}

func testUsers(t *testing.T, s *Stores) {
	a, b := user(1), user(2)
	b.Owner, b.Disabled, b.Workspaces = false, false, nil
	must(t, s.Accounts.InsertUser(ctx, a))
	must(t, s.Accounts.InsertUser(ctx, b))
	equal(t, a.Version, int64(1))
	equal(t, get[*account.User](t)(s.Accounts.GetUser(ctx, a.ID)), a)
	equal(t, get[*account.User](t)(s.Accounts.UserByEmail(ctx, b.Email)), b)
	equal(t, get[[]*account.User](t)(s.Accounts.ListUsers(ctx)), []*account.User{a, b})

	theirs := user(4)
	theirs.Owner, theirs.Workspaces = false, []string{home}
	theirs.Party = account.Party{Kind: account.PartyAdvertiser, ID: "adv_1", Workspace: home}
	must(t, s.Accounts.InsertUser(ctx, theirs))
	equal(t, get[*account.User](t)(s.Accounts.GetUser(ctx, theirs.ID)), theirs)
	equal(t, get[[]*account.User](t)(s.Accounts.PartyUsers(ctx, theirs.Party)), []*account.User{theirs})
	other := theirs.Party
	other.Workspace = foreign
	equal(t, len(get[[]*account.User](t)(s.Accounts.PartyUsers(ctx, other))), 0)

	twin := user(3)
	twin.Email = a.Email
	wantInvalid(t, s.Accounts.InsertUser(ctx, twin), "email", "taken")
	_, err := s.Accounts.GetUser(ctx, twin.ID)
	wantErr(t, err, catalog.ErrNotFound)
	_, err = s.Accounts.UserByEmail(ctx, "nobody")
	wantErr(t, err, catalog.ErrNotFound)

	stale := *a
	a.Name, a.Email, a.PasswordHash, a.Owner, a.Workspaces, a.Disabled = "new", "new@example", "new hash", false, []string{home}, false
	must(t, s.Accounts.UpdateUser(ctx, a))
	equal(t, a.Version, int64(2))
	equal(t, get[*account.User](t)(s.Accounts.GetUser(ctx, a.ID)), a)
	wantErr(t, s.Accounts.UpdateUser(ctx, &stale), catalog.ErrVersion)
	wantErr(t, s.Accounts.UpdateUser(ctx, user(9)), catalog.ErrNotFound)
	a.Email = b.Email
	wantInvalid(t, s.Accounts.UpdateUser(ctx, a), "email", "taken")
	equal(t, a.Version, int64(2))
}

func testSessions(t *testing.T, s *Stores) {
	for _, x := range []account.Session{{Hash: "a", User: "u", Created: 1, Seen: 2, Expires: 3}, {Hash: "b", User: "u"}, {Hash: "c", User: "u"}, {Hash: "d", User: "v"}} {
		must(t, s.Accounts.InsertSession(ctx, &x))
	}
	must(t, s.Accounts.TouchSession(ctx, "a", 99))
	equal(t, get[*account.Session](t)(s.Accounts.GetSession(ctx, "a")), &account.Session{Hash: "a", User: "u", Created: 1, Seen: 99, Expires: 3})
	wantErr(t, s.Accounts.TouchSession(ctx, "nothing", 99), catalog.ErrNotFound)
	there := func() (hashes string) {
		for _, h := range []string{"a", "b", "c", "d"} {
			_, err := s.Accounts.GetSession(ctx, h)
			if err == nil {
				hashes += h
				continue
			}
			wantErr(t, err, catalog.ErrNotFound)
		}
		return hashes
	}
	must(t, s.Accounts.DeleteSessions(ctx, "v", "a")) // not v's
	equal(t, there(), "abcd")
	must(t, s.Accounts.DeleteSessions(ctx, "u", "a"))
	equal(t, there(), "bcd")
	must(t, s.Accounts.DeleteSessions(ctx, "u", ""))
	equal(t, there(), "d")
}

func apiKey(n int) *account.Key {
	return &account.Key{
		ID: id("key", n), Workspace: home, Name: "name", Prefix: "clk_", Hash: id("hash", n), Scope: account.ScopeWrite, Created: 1, Used: 2, Expires: 3,
	}
}

func testAPIKeys(t *testing.T, s *Stores) {
	a, b, root := apiKey(1), apiKey(2), apiKey(3)
	b.Workspace, root.Workspace = foreign, ""
	for _, k := range []*account.Key{a, b, root} {
		must(t, s.Accounts.InsertKey(ctx, k))
	}
	equal(t, a.Version, int64(1))
	equal(t, get[*account.Key](t)(s.Accounts.GetKey(ctx, a.ID)), a)
	equal(t, get[*account.Key](t)(s.Accounts.KeyByHash(ctx, b.Hash)), b)
	equal(t, get[[]*account.Key](t)(s.Accounts.ListKeys(ctx, home, account.Party{})), []*account.Key{a})
	equal(t, get[[]*account.Key](t)(s.Accounts.ListKeys(ctx, "", account.Party{})), []*account.Key{root})
	theirs := apiKey(4)
	theirs.Party = account.Party{Kind: account.PartyPublisher, ID: "pub_1", Workspace: home}
	must(t, s.Accounts.InsertKey(ctx, theirs))
	equal(t, get[*account.Key](t)(s.Accounts.KeyByHash(ctx, theirs.Hash)), theirs)
	equal(t, get[[]*account.Key](t)(s.Accounts.ListKeys(ctx, home, theirs.Party)), []*account.Key{theirs})
	equal(t, get[[]*account.Key](t)(s.Accounts.ListKeys(ctx, home, account.Party{})), []*account.Key{a})
	_, err := s.Accounts.KeyByHash(ctx, "nothing")
	wantErr(t, err, catalog.ErrNotFound)
	_, err = s.Accounts.GetKey(ctx, "nothing")
	wantErr(t, err, catalog.ErrNotFound)

	must(t, s.Accounts.TouchKey(ctx, a.ID, 60))
	wantErr(t, s.Accounts.TouchKey(ctx, "nothing", 60), catalog.ErrNotFound)
	a.Used = 60
	stale := *a
	a.Name, a.Scope, a.Expires, a.Revoked = "new", account.ScopeRead, 9, true
	must(t, s.Accounts.UpdateKey(ctx, a))
	equal(t, get[*account.Key](t)(s.Accounts.GetKey(ctx, a.ID)), a)
	equal(t, a.Version, int64(2))
	wantErr(t, s.Accounts.UpdateKey(ctx, &stale), catalog.ErrVersion)
	wantErr(t, s.Accounts.UpdateKey(ctx, apiKey(9)), catalog.ErrNotFound)
}
