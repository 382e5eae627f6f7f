package account_test

import (
	"errors"
	"testing"

	"clickledger/internal/account"
)

var (
	ours   = account.Party{Kind: account.PartyPublisher, ID: "pub_1", Workspace: "ws_a"}
	others = account.Party{Kind: account.PartyPublisher, ID: "pub_2", Workspace: "ws_a"}
	theirs = account.Party{Kind: account.PartyAdvertiser, ID: "pub_1", Workspace: "ws_a"}
)

// person adds one of a party's people.
func (d *desk) person(email string, party account.Party) account.Principal {
	d.t.Helper()
	u := &account.User{ID: "usr_" + email, Email: email, PasswordHash: account.HashPassword(password), Workspaces: []string{party.Workspace}, Party: party}
	if err := d.store.InsertUser(d.t.Context(), u); err != nil {
		d.t.Fatal(err)
	}
	return u.Principal()
}

// Who may do what with a party's keys and people: the party itself, and staff of its
// workspace; a key never makes another and lets nobody in.
func TestAPartysKeysAndPeople(t *testing.T) {
	d := newDesk(t)
	boss := d.owner().Principal()
	me, colleague, stranger, advertiser := d.person("me@example.com", ours), d.person("you@example.com", ours), d.person("x@example.com", others), d.person("adv@example.com", theirs)
	secret, key, err := d.CreatePartyKey(t.Context(), me, ours, "statistics", account.ScopeWrite, 0)
	if err != nil {
		t.Fatal(err)
	}
	byKey, err := d.ByKey(t.Context(), secret)
	if err != nil || byKey.Party != ours || byKey.Owner || len(byKey.Workspaces) != 0 || byKey.May("ws_a", false) {
		t.Fatalf("ByKey = %+v, %v, want the party and nothing else", byKey, err)
	}
	staff := account.Principal{ID: "usr_s", Write: true, Workspaces: []string{"ws_a"}}
	staffKey := account.Principal{ID: "key_s", Write: true, Workspaces: []string{"ws_a"}}
	for name, tc := range map[string]struct {
		p                          account.Principal
		list, make, people, others bool
	}{
		"its own person":            {me, true, true, true, false},
		"its own key":               {byKey, true, false, false, false},
		"another publisher":         {stranger, false, false, false, true},
		"an advertiser":             {advertiser, false, false, false, false},
		"staff":                     {staff, true, true, true, true},
		"a key of staff":            {staffKey, true, false, true, true},
		"staff of another":          {account.Principal{ID: "usr_t", Write: true, Workspaces: []string{"ws_b"}}, false, false, false, false},
		"an owner":                  {boss, true, true, true, true},
		"nobody":                    {account.Principal{}, false, false, false, false},
		"its own, but reading only": {account.Principal{ID: "usr_r", Party: ours}, true, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			want := func(what string, may bool, err error) {
				t.Helper()
				if may && err != nil || !may && !errors.Is(err, account.ErrNotFound) {
					t.Errorf("%s: %v, want allowed %v", what, err, may)
				}
			}
			_, err := d.ListPartyKeys(t.Context(), tc.p, ours)
			want("list keys", tc.list, err)
			_, err = d.GetPartyKey(t.Context(), tc.p, ours, key.ID)
			want("read a key", tc.list, err)
			_, err = d.PartyUsers(t.Context(), tc.p, ours)
			want("list people", tc.list, err)
			_, err = d.PartyUsers(t.Context(), tc.p, others)
			want("list another's people", tc.others, err)
			_, made, err := d.CreatePartyKey(t.Context(), tc.p, ours, "another", account.ScopeRead, 0)
			want("make a key", tc.make, err)
			if made != nil {
				_, err = d.RevokePartyKey(t.Context(), tc.p, ours, made.ID)
				want("end the key", true, err)
				_, err = d.RevokePartyKey(t.Context(), boss, others, made.ID)
				want("end it as another's", false, err)
			}
			for _, off := range []bool{true, false} {
				_, err = d.DisablePartyUser(t.Context(), tc.p, ours, colleague.ID, off)
				want("disable a colleague", tc.people, err)
			}
		})
	}
	keys, err := d.ListPartyKeys(t.Context(), me, ours)
	if err != nil || len(keys) != 4 || keys[3].ID != key.ID {
		t.Errorf("ListPartyKeys = %d, %v, want the four that were made, newest first", len(keys), err)
	}
	if ks, err := d.ListKeys(t.Context(), boss, "ws_a"); err != nil || len(ks) != 0 {
		t.Errorf("ListKeys = %d, %v, want none of a party's", len(ks), err)
	}
	if _, err := d.RevokePartyKey(t.Context(), me, ours, key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ByKey(t.Context(), secret); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("ended key: %v, want ErrCredentials", err)
	}
	if _, err := d.DisablePartyUser(t.Context(), me, ours, me.ID, true); rule(err, "disabled") != "own_account" {
		t.Errorf("disabled oneself: %v", err)
	}
	if _, err := d.DisablePartyUser(t.Context(), boss, ours, stranger.ID, true); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("disabled another's: %v", err)
	}
	in := d.signIn("you@example.com", password)
	if _, err := d.DisablePartyUser(t.Context(), me, ours, colleague.ID, true); err != nil || d.signedIn(in) {
		t.Errorf("a colleague who was disabled is signed in still, %v", err)
	}
	u, err := d.ChangeName(t.Context(), me, " Mia ")
	if err != nil || u.Name != "Mia" {
		t.Errorf("ChangeName = %+v, %v", u, err)
	}
	if _, err := d.ChangeName(t.Context(), me, "a\nb"); rule(err, "name") != "characters" {
		t.Errorf("name with a line break: %v", err)
	}
	if _, err := d.ChangeName(t.Context(), byKey, "x"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("a key has a name of a person: %v", err)
	}
}

// A manager is one of the workspace's own people, who may sign in.
func TestStaffOfAWorkspace(t *testing.T) {
	d := newDesk(t)
	boss, ctx := d.owner(), t.Context()
	in, err := d.CreateUser(ctx, boss.Principal(), account.UserDoc{Email: "in@example.com", Name: "In", Password: password, Workspaces: []string{"ws_a"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.CreateUser(ctx, boss.Principal(), account.UserDoc{Email: "out@example.com", Name: "Out", Password: password, Workspaces: []string{"ws_b"}})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := d.CreateUser(ctx, boss.Principal(), account.UserDoc{Email: "gone@example.com", Name: "Gone", Password: password, Workspaces: []string{"ws_a"}, Disabled: true})
	if err != nil {
		t.Fatal(err)
	}
	party := &account.User{ID: "usr_party", Email: "p@example.com", Workspaces: []string{"ws_a"}, Party: account.Party{Kind: account.PartyPublisher, ID: "pub_1", Workspace: "ws_a"}}
	if err := d.store.InsertUser(ctx, party); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{boss.ID: true, in.ID: true, out.ID: false, gone.ID: false, party.ID: false, "usr_none": false} {
		if got, err := d.IsStaff(ctx, "ws_a", id); err != nil || got != want {
			t.Errorf("IsStaff(%s) = %v, %v, want %v", id, got, err, want)
		}
	}
	people, err := d.Staff(ctx, in.Principal(), "ws_a")
	if err != nil || len(people) != 2 || people[0].ID != boss.ID || people[1].ID != in.ID {
		t.Errorf("Staff = %v, %v; want the owner and the member, by name", people, err)
	}
	for _, p := range []account.Principal{out.Principal(), party.Principal(), {}} {
		if _, err := d.Staff(ctx, p, "ws_a"); !errors.Is(err, account.ErrDenied) {
			t.Errorf("Staff asked by %s: %v, want ErrDenied", p.ID, err)
		}
	}
}
