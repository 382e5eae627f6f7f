package account_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/store"
)

const password = "correct horse battery"

// desk is the service on a real SQLite file, with a clock of its own.
type desk struct {
	*account.Service
	t     *testing.T
	store account.Store
	now   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{t: t, store: db.Accounts(), now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	d.Service = account.NewService(account.ServiceOptions{
		Store: d.store, Now: func() time.Time { return d.now }, AdminToken: "operator's",
		Workspace: func(_ context.Context, id string) (bool, error) { return id != "ws_none", nil },
	})
	return d
}

func (d *desk) owner() *account.User {
	d.t.Helper()
	u, err := d.CreateOwner(d.t.Context(), "Ann@Example.com ", "Ann", password)
	if err != nil {
		d.t.Fatal(err)
	}
	return u
}

func (d *desk) signIn(email, password string) string {
	d.t.Helper()
	secret, _, err := d.SignIn(d.t.Context(), email, password, "192.0.2.1")
	if err != nil {
		d.t.Fatal(err)
	}
	return secret
}

func (d *desk) signedIn(secret string) bool {
	d.t.Helper()
	_, _, err := d.Session(d.t.Context(), secret)
	if err != nil && !errors.Is(err, account.ErrCredentials) {
		d.t.Fatal(err)
	}
	return err == nil
}

func rule(err error, field string) string {
	var bad *account.Invalid
	if errors.As(err, &bad) {
		for _, f := range bad.Fields {
			if f.Field == field {
				return f.Rule
			}
		}
	}
	return ""
}

func TestFirstOwnerIsTheOnlyFirst(t *testing.T) {
	d := newDesk(t)
	if first, err := d.FirstRun(t.Context()); err != nil || !first {
		t.Fatalf("FirstRun = %v, %v, want true", first, err)
	}
	if _, err := d.CreateOwner(t.Context(), "ann@example.com", "", "short"); rule(err, "password") != "too_short" {
		t.Errorf("a short password: %v, want too_short", err)
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = d.CreateOwner(t.Context(), string(rune('a'+i))+"@example.com", "", password)
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !errors.Is(err, account.ErrNotFirst) {
			t.Errorf("another owner: %v, want ErrNotFirst", err)
		}
	}
	if made != 1 {
		t.Errorf("%d first owners, want 1", made)
	}
}

func TestSignIn(t *testing.T) {
	d := newDesk(t)
	u := d.owner()
	if u.Email != "ann@example.com" || !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("owner %+v, want the e-mail in lower case and argon2id with OWASP's cost", u)
	}
	secret := d.signIn("ANN@example.com", password)
	p, got, err := d.Session(t.Context(), secret)
	if err != nil || got.ID != u.ID || !p.Owner || !p.Write || p.ID != u.ID {
		t.Fatalf("Session = %+v, %v, %v", p, got, err)
	}
	for _, tt := range []struct{ email, password string }{{"ann@example.com", "wrong"}, {"nobody@example.com", password}, {"ann@example.com", ""}, {"ann@example.com", strings.Repeat("x", 1<<20)}} {
		_, _, err := d.SignIn(t.Context(), tt.email, tt.password, "192.0.2.9")
		if !errors.Is(err, account.ErrCredentials) || err.Error() != account.ErrCredentials.Error() {
			t.Errorf("SignIn(%s) = %v, want exactly ErrCredentials", tt.email, err)
		}
	}
	for _, s := range []string{"", "x", secret + "x"} {
		if d.signedIn(s) {
			t.Errorf("the session %q is taken for one", s)
		}
	}
	if err := d.SignOut(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if d.signedIn(secret) {
		t.Error("signed in after signing out")
	}
	if err := d.SignOut(t.Context(), secret); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
}

func TestSessionsEnd(t *testing.T) {
	d := newDesk(t)
	d.owner()
	idle, used := d.signIn("ann@example.com", password), d.signIn("ann@example.com", password)
	began := d.now
	for d.now.Sub(began) < account.DefaultSessionLife {
		if !d.signedIn(used) {
			t.Fatalf("the session ended after %s of use", d.now.Sub(began))
		}
		d.now = d.now.Add(account.DefaultSessionIdle - time.Minute)
	}
	if d.signedIn(used) {
		t.Error("the session outlives its absolute end")
	}
	if d.signedIn(idle) {
		t.Error("the session outlives its idle time")
	}
}

func TestThrottle(t *testing.T) {
	d := newDesk(t)
	d.owner()
	fail := func(addr string) error {
		_, _, err := d.SignIn(t.Context(), "ann@example.com", "wrong", addr)
		return err
	}
	var wait *account.ErrThrottled
	n := 0
	for ; n < 100; n++ {
		if err := fail("198.51.100.7"); errors.As(err, &wait) {
			break
		}
	}
	if n != 5 {
		t.Fatalf("throttled after %d failures, want 5", n)
	}
	if _, _, err := d.SignIn(t.Context(), "ann@example.com", password, "198.51.100.7"); !errors.As(err, &wait) {
		t.Errorf("the right password while throttled: %v, want ErrThrottled", err)
	}
	d.signIn("ann@example.com", password) // from where she always is
	d.now = d.now.Add(wait.RetryAfter)
	if err := fail("198.51.100.7"); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("after the wait: %v, want another try", err)
	}

	// Neither many addresses against one account nor many accounts from one address.
	d.now = d.now.Add(time.Hour)
	for n = 0; n < 100; n++ {
		if err := fail("203.0.113." + string(rune('0'+n%10)) + string(rune('0'+n/10%10))); errors.As(err, &wait) {
			break
		}
	}
	if n != 30 {
		t.Errorf("one account was guessed at %d times from many addresses, want 30", n)
	}
	d.now = d.now.Add(time.Hour)
	for n = 0; n < 100; n++ {
		// One customer has a whole /64.
		_, _, err := d.SignIn(t.Context(), string(rune('a'+n))+"@example.com", "wrong", "2001:db8:1:2::"+string(rune('0'+n%10)))
		if errors.As(err, &wait) {
			break
		}
	}
	if n != 30 {
		t.Errorf("one network guessed %d times at many accounts, want 30", n)
	}
}

func TestUsersAreTheOwners(t *testing.T) {
	d := newDesk(t)
	u := d.owner()
	boss, ctx := u.Principal(), t.Context()
	member, err := d.CreateUser(ctx, boss, account.UserDoc{Email: "ben@example.com", Password: password, Workspaces: []string{"ws_b", "ws_a", "ws_b"}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(member.Workspaces, " ") != "ws_a ws_b" {
		t.Errorf("workspaces %v, want each once", member.Workspaces)
	}
	p := member.Principal()
	for what, err := range map[string]error{
		"create": second(d.CreateUser(ctx, p, account.UserDoc{Email: "x@example.com", Password: password})),
		"list":   second(d.ListUsers(ctx, p)),
		"read":   second(d.GetUser(ctx, p, u.ID)),
		"change": second(d.UpdateUser(ctx, p, member.ID, 0, account.UserDoc{Email: "ben@example.com", Owner: true})),
	} {
		if !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("%s by a member: %v, want ErrNotFound", what, err)
		}
	}
	if _, err := d.GetUser(ctx, p, member.ID); err != nil {
		t.Errorf("a member reads itself: %v", err)
	}
	if _, err := d.CreateUser(ctx, boss, account.UserDoc{Email: "BEN@example.com", Password: password}); rule(err, "email") != "taken" {
		t.Errorf("the same e-mail: %v, want taken", err)
	}
	if _, err := d.CreateUser(ctx, boss, account.UserDoc{Email: "c@example.com", Password: password, Workspaces: []string{"ws_none"}}); rule(err, "workspaces") != "unknown_reference" {
		t.Errorf("a workspace that is not there: %v, want unknown_reference", err)
	}

	doc := u.Doc()
	doc.Owner = false
	if _, err := d.UpdateUser(ctx, boss, u.ID, 0, doc); rule(err, "owner") != "last_owner" {
		t.Errorf("the last owner gives up: %v, want last_owner", err)
	}
	secret := d.signIn("ben@example.com", password)
	doc = member.Doc()
	doc.Name = "Ben"
	renamed, err := d.UpdateUser(ctx, boss, member.ID, member.Version, doc)
	if err != nil || !d.signedIn(secret) {
		t.Fatalf("a new name: %v, and the session must stay", err)
	}
	if _, err := d.UpdateUser(ctx, boss, member.ID, member.Version, doc); !errors.Is(err, catalog.ErrVersion) {
		t.Errorf("an old version: %v, want ErrVersion", err)
	}
	doc.Workspaces = []string{"ws_a"}
	if _, err := d.UpdateUser(ctx, boss, member.ID, renamed.Version, doc); err != nil || d.signedIn(secret) {
		t.Errorf("other rights: %v, and the session must end", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestChangePassword(t *testing.T) {
	d := newDesk(t)
	u := d.owner()
	old := d.signIn("ann@example.com", password)
	if _, err := d.ChangePassword(t.Context(), u.Principal(), "wrong", "another password", "192.0.2.1"); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("with a wrong password: %v, want ErrCredentials", err)
	}
	fresh, err := d.ChangePassword(t.Context(), u.Principal(), password, "another password", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if d.signedIn(old) || !d.signedIn(fresh) {
		t.Error("a new password must end the old sessions and begin a new one")
	}
	d.signIn("ann@example.com", "another password")
}

func TestKeys(t *testing.T) {
	d := newDesk(t)
	boss, ctx := d.owner().Principal(), t.Context()
	secret, k, err := d.CreateKey(ctx, boss, "ws_a", "ci", account.ScopeRead, d.now.Add(time.Hour).UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) != len("clk_")+32 || !strings.HasPrefix(secret, k.Prefix) || strings.Contains(k.Hash, secret) {
		t.Errorf("secret %q of key %+v", secret, k)
	}
	p, err := d.ByKey(ctx, secret)
	if err != nil || p.ID != k.ID || p.Owner || p.Write || !p.May("ws_a", false) || p.May("ws_a", true) || p.May("ws_b", false) {
		t.Errorf("ByKey = %+v, %v, want to read in ws_a and nothing else", p, err)
	}
	used, err := d.GetKey(ctx, boss, "ws_a", k.ID)
	if err != nil || used.Used != d.now.UnixMicro() {
		t.Errorf("last use %d, %v, want now", used.Used, err)
	}
	writer := account.Principal{ID: "key_x", Write: true, Workspaces: []string{"ws_a"}}
	if _, _, err := d.CreateKey(ctx, writer, "ws_a", "more", account.ScopeWrite, 0); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a key makes a key: %v, want ErrDenied", err)
	}
	member := account.Principal{ID: "usr_x", Write: true, Workspaces: []string{"ws_a"}}
	mine, _, err := d.CreateKey(ctx, member, "ws_a", "more", account.ScopeWrite, 0)
	if err != nil {
		t.Errorf("a member makes a key: %v", err)
	}
	if _, _, err := d.CreateKey(ctx, member, "", "all", account.ScopeRead, 0); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a member makes a key for everything: %v, want ErrDenied", err)
	}
	if _, err := d.RevokeKey(ctx, member, "ws_b", k.ID); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a foreign workspace: %v, want ErrDenied", err)
	}
	if _, err := d.GetKey(ctx, boss, "ws_b", k.ID); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("a key looked up in another workspace: %v, want ErrNotFound", err)
	}

	d.now = d.now.Add(time.Hour)
	if _, err := d.ByKey(ctx, secret); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("an ended key: %v, want ErrCredentials", err)
	}
	keys, err := d.ListKeys(ctx, member, "ws_a")
	if err != nil || len(keys) != 2 || keys[1].ID != k.ID {
		t.Errorf("ListKeys = %v, %v, want two, newest first", keys, err)
	}
	if _, err := d.RevokeKey(ctx, member, "ws_a", keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ByKey(ctx, mine); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("a revoked key: %v, want ErrCredentials", err)
	}
}

func TestAdminToken(t *testing.T) {
	d := newDesk(t)
	p, err := d.ByKey(t.Context(), "operator's")
	if err != nil || !p.Owner || !p.Write {
		t.Errorf("ByKey = %+v, %v, want an owner", p, err)
	}
	none := account.NewService(account.ServiceOptions{Store: d.store})
	for _, token := range []string{"", "operator's", "\x00"} {
		if _, err := none.ByKey(t.Context(), token); !errors.Is(err, account.ErrCredentials) {
			t.Errorf("ByKey(%q) without an operator's token: %v, want ErrCredentials", token, err)
		}
	}
}

func TestAPartyIsNotStaff(t *testing.T) {
	party := account.Party{Kind: account.PartyPublisher, ID: "pub_1", Workspace: "ws_a"}
	for _, p := range []account.Principal{
		(&account.User{ID: "usr_1", Owner: true, Workspaces: []string{"ws_a"}, Party: party}).Principal(),
		{ID: "key_1", Owner: true, Write: true, Workspaces: []string{"ws_a"}, Party: party},
	} {
		if p.Staff() || p.May("ws_a", false) || p.May("ws_a", true) || p.Party != party {
			t.Errorf("%+v may do what staff does", p)
		}
	}
	d := newDesk(t)
	boss := d.owner().Principal()
	u := &account.User{ID: "usr_x", Email: "pub@example.com", PasswordHash: account.HashPassword(password), Workspaces: []string{"ws_a"}, Party: party}
	if err := d.store.InsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	p, _, err := d.Session(t.Context(), d.signIn("pub@example.com", password))
	if err != nil || p.Party != party || p.Owner || len(p.Workspaces) > 0 {
		t.Errorf("Session = %+v, %v, want the party and nothing else", p, err)
	}
	users, err := d.ListUsers(t.Context(), boss)
	if err != nil || len(users) != 1 {
		t.Errorf("ListUsers = %d, %v, want staff alone", len(users), err)
	}
	if _, err := d.UpdateUser(t.Context(), boss, u.ID, 0, account.UserDoc{Email: u.Email, Owner: true}); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("a party's user is made an owner: %v, want ErrNotFound", err)
	}
	if _, _, err := d.CreateKey(t.Context(), p, "ws_a", "x", account.ScopeWrite, 0); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a party makes a key of staff's: %v, want ErrDenied", err)
	}
}
