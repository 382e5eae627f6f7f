package signup_test

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
	"clickledger/internal/signup"
	"clickledger/internal/store"
)

const password = "correct horse battery"

// hall is the service on a real SQLite file, with a clock of its own and no mail server:
// its links are read from the queue, as an operator does.
type hall struct {
	*signup.Service
	t     *testing.T
	db    *store.DB
	cat   *catalog.Service
	acc   *account.Service
	mail  *mail.Service
	now   time.Time
	ws    string
	owner account.Principal
}

func newHall(t *testing.T) *hall {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{t: t, db: db, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return h.now }
	h.acc = account.NewService(account.ServiceOptions{Store: db.Accounts(), Now: clock})
	h.cat = catalog.NewService(catalog.ServiceOptions{Store: db.Catalog(), Now: clock, Staff: h.acc.IsStaff,
		Agreed: func(ctx context.Context, e *catalog.Enrollment, from string) { h.Agreed(ctx, e, from) }})
	h.mail = mail.New(mail.Options{Store: db.Mails(), Now: clock})
	h.Service = signup.New(signup.Options{Store: db.Signups(), Mail: h.mail, Accounts: h.acc, Catalog: h.cat, URL: "https://console.example/", Now: clock})
	t.Cleanup(func() {
		h.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := h.acc.CreateOwner(t.Context(), "ann@house.example", "Ann", password)
	h.must(err)
	h.owner = u.Principal()
	ws, _, err := h.cat.Create(t.Context(), h.owner, &catalog.WorkspaceDoc{Name: "Acme", Currency: "USD", TimeZone: "UTC", IPMode: catalog.IPTruncated}, catalog.Idempotency{})
	h.must(err)
	h.ws = ws.Base().ID
	h.open(account.PartyPublisher, signup.PageDoc{Open: true, Terms: "Be nice.", Questions: []signup.AskDoc{
		{Label: "How many visitors?", Required: true}, {Label: "Where?", Kind: "choice", Choices: []string{"EU", "US"}}, {Label: "More?", Kind: "area"}}})
	h.open(account.PartyAdvertiser, signup.PageDoc{Open: true})
	return h
}

func (h *hall) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) open(kind string, d signup.PageDoc) *signup.Settings {
	h.t.Helper()
	set, err := h.Set(h.t.Context(), h.owner, h.ws, kind, 0, d)
	h.must(err)
	return set
}

// form is one that is right.
func form(email string) signup.Form {
	return signup.Form{Email: email, Person: "Pia", Name: "Pia's blog", Website: "blog.example", Promotion: "Reviews.", Password: password, Answers: []string{"1000", "EU", ""}, Terms: true}
}

// join signs a publisher up and gives the row.
func (h *hall) join(email string) *signup.Signup {
	h.t.Helper()
	h.must(h.Join(h.t.Context(), h.ws, account.PartyPublisher, form(email), "192.0.2.7"))
	return h.newest()
}

func (h *hall) newest() *signup.Signup {
	h.t.Helper()
	rows, err := h.List(h.t.Context(), h.owner, h.ws, "", "", "", 1)
	h.must(err)
	if len(rows) == 0 {
		h.t.Fatal("there is no sign-up")
	}
	return rows[0]
}

// mails are those about something, newest first.
func (h *hall) mails(workspace, about string) []*mail.Mail {
	h.t.Helper()
	h.Wait()
	ms, err := h.mail.List(h.t.Context(), h.owner, workspace, about, "", 100)
	h.must(err)
	return ms
}

// token is what the newest mail's link carries.
func (h *hall) token(workspace, about string) string {
	h.t.Helper()
	ms := h.mails(workspace, about)
	if len(ms) == 0 || ms[0].Link == "" {
		h.t.Fatalf("there is no link about %s in %+v", about, ms)
	}
	u, err := url.Parse(ms[0].Link)
	h.must(err)
	return u.Query().Get("token")
}

// in signs in, as far as that goes.
func (h *hall) in(email, password string) (account.Principal, error) {
	h.t.Helper()
	h.now = h.now.Add(time.Hour) // the throttle is not what is looked at here
	secret, _, err := h.acc.SignIn(h.t.Context(), email, password, "192.0.2.7")
	if err != nil {
		return account.Principal{}, err
	}
	p, _, err := h.acc.Session(h.t.Context(), secret)
	return p, err
}

func (h *hall) publisher(id string) *catalog.Publisher {
	h.t.Helper()
	e, err := h.cat.Get(h.t.Context(), h.owner, catalog.KindPublisher, h.ws, id)
	h.must(err)
	return e.(*catalog.Publisher)
}

func TestAPublisherSignsUpAndIsApproved(t *testing.T) {
	h := newHall(t)
	gold, _, err := h.cat.Create(t.Context(), h.owner, &catalog.GroupDoc{Workspace: h.ws, Name: "New"}, catalog.Idempotency{})
	h.must(err)
	set, err := h.Settings(t.Context(), h.owner, h.ws, account.PartyPublisher)
	h.must(err)
	d := set.Doc()
	d.Group, d.Manager = gold.Base().ID, h.owner.ID
	h.open(account.PartyPublisher, d)

	row := h.join(" Pia@Blog.example ")
	if row.State != signup.Unconfirmed || row.Email != "pia@blog.example" || row.TermsVersion != 1 || row.Addr != "192.0.2.0" || len(row.Answers) != 3 || row.Answers[0] != (signup.Answer{"How many visitors?", "1000"}) {
		t.Fatalf("kept as %+v", row)
	}
	if _, err := h.in("pia@blog.example", password); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("signed in before confirming: %v", err)
	}
	token := h.token(h.ws, row.ID)
	for range 2 { // looking opens nothing
		if seen, err := h.Confirming(t.Context(), token, "192.0.2.7"); err != nil || seen.ID != row.ID {
			t.Fatalf("the page of the link: %+v, %v", seen, err)
		}
	}
	row, err = h.Confirm(t.Context(), token, "192.0.2.7")
	h.must(err)
	pub := h.publisher(row.Party)
	if row.State != signup.Pending || row.PasswordHash != "" || pub.Status != catalog.StatusPending || pub.Email != "pia@blog.example" || pub.Website != "https://blog.example" ||
		pub.Promotion != "Reviews." || pub.Group != gold.Base().ID || pub.Manager != h.owner.ID {
		t.Errorf("confirmed: %+v, publisher %+v", row, pub)
	}
	p, err := h.in("pia@blog.example", password)
	h.must(err)
	if p.Party != (account.Party{Kind: account.PartyPublisher, ID: pub.ID, Workspace: h.ws}) || p.Owner || p.May(h.ws, false) {
		t.Errorf("signed in as %+v, want one of the publisher's people", p)
	}
	if name, email, err := h.Contact(t.Context(), p.Party); name != "Ann" || email != "ann@house.example" || err != nil {
		t.Errorf("contact %q %q %v", name, email, err)
	}
	if n, err := h.Waiting(t.Context(), h.owner, h.ws); n != 1 || err != nil {
		t.Errorf("%d wait for a decision, %v, want 1", n, err)
	}
	row, err = h.Decide(t.Context(), h.owner, h.ws, row.ID, signup.Approved, "")
	h.must(err)
	if pub := h.publisher(row.Party); row.State != signup.Approved || pub.Status != catalog.StatusActive || row.DecidedBy != h.owner.ID {
		t.Errorf("approved: %+v, publisher %s", row, pub.Status)
	}
	if ms := h.mails(h.ws, row.ID); ms[0].Purpose != "approved" || !strings.Contains(ms[0].Text(), "https://console.example/signin") || ms[0].To != "pia@blog.example" {
		t.Errorf("mail %+v", ms[0])
	}
	trail, err := h.cat.Trail(t.Context(), h.owner, h.ws, row.Party, 10)
	if err != nil || len(trail) != 2 || trail[0].Actor != h.owner.ID || trail[1].Actor != "signup" {
		t.Errorf("audit trail %+v, %v; want who made it and who approved it", trail, err)
	}
}

func TestDecisions(t *testing.T) {
	h := newHall(t)
	row := h.join("pia@blog.example")
	decide := func(p account.Principal, to, reason string) error {
		_, err := h.Decide(t.Context(), p, h.ws, row.ID, to, reason)
		return err
	}
	if err := decide(h.owner, signup.Approved, ""); account.FieldOf(err, "state") != "unconfirmed" {
		t.Errorf("approved before confirming: %v", err)
	}
	row, err := h.Confirm(t.Context(), h.token(h.ws, row.ID), "192.0.2.7")
	h.must(err)
	party, err := h.in("pia@blog.example", password)
	h.must(err)
	for _, p := range []account.Principal{party, {}, {ID: "key", Workspaces: []string{h.ws}}, {ID: "usr_other", Write: true, Workspaces: []string{"ws_other"}}} {
		if err := decide(p, signup.Approved, ""); !errors.Is(err, account.ErrDenied) {
			t.Errorf("decided by %+v: %v, want ErrDenied", p, err)
		}
	}
	for _, c := range []struct{ to, reason, field, rule string }{
		{"loved", "", "to", "not_one_of"}, {signup.Pending, "x", "to", "not_one_of"}, {signup.Rejected, " ", "reason", "required"}, {signup.Banned, "", "reason", "required"},
		{signup.Rejected, strings.Repeat("x", 501), "reason", "too_long"},
	} {
		if err := decide(h.owner, c.to, c.reason); account.FieldOf(err, c.field) != c.rule {
			t.Errorf("%s for %q: %v, want %s of %s", c.to, c.reason, err, c.rule, c.field)
		}
	}
	for _, c := range []struct{ to, reason, status, mail string }{
		{signup.Rejected, "No site yet.", catalog.StatusRejected, "rejected"},
		{signup.Approved, "", catalog.StatusActive, "approved"},
		{signup.Banned, "Bought clicks.", catalog.StatusBanned, "approved"}, // no mail: the one before is the last
	} {
		h.must(decide(h.owner, c.to, c.reason))
		pub, ms := h.publisher(row.Party), h.mails(h.ws, row.ID)
		if pub.Status != c.status || pub.Reason != c.reason || ms[0].Purpose != c.mail {
			t.Errorf("%s: publisher %s %q, last mail %s", c.to, pub.Status, pub.Reason, ms[0].Purpose)
		}
		if c.to == signup.Rejected && !strings.Contains(ms[0].Text(), c.reason) {
			t.Errorf("the mail %q lacks the reason", ms[0].Text())
		}
	}
}

// A taken address gets exactly the answer that a free one does; what was sent is kept with
// a stable code, the owner of the address is told, and nothing comes of it.
func TestATakenAddressIsNotRevealed(t *testing.T) {
	h := newHall(t)
	_, _, err := h.cat.Create(t.Context(), h.owner, &catalog.PublisherDoc{Workspace: h.ws, Name: "Old", Status: "active", Email: "old@blog.example"}, catalog.Idempotency{})
	h.must(err)
	for email, says := range map[string]string{"ann@house.example": "/forgot", "old@blog.example": "invitation"} {
		if err := h.Join(t.Context(), h.ws, account.PartyPublisher, form(email), "192.0.2.7"); err != nil {
			t.Fatalf("%s: %v, want the answer that anybody gets", email, err)
		}
		row := h.newest()
		ms := h.mails(h.ws, row.ID)
		if row.State != signup.Refused || row.Code != signup.CodeTaken || signup.Sentences[row.Code] == "" || row.PasswordHash != "" || row.Party != "" || len(ms) != 1 || ms[0].Link != "" || ms[0].To != email || !strings.Contains(ms[0].Text(), says) {
			t.Errorf("%s is kept as %+v, mails %+v", email, row, ms)
		}
	}
	// What is typed wrongly is said, without a word about the address.
	bad := form("ann@house.example")
	bad.Answers = nil
	err = h.Join(t.Context(), h.ws, account.PartyPublisher, bad, "192.0.2.7")
	if account.FieldOf(err, "answer0") != "required" || account.FieldOf(err, "email") != "" {
		t.Errorf("wrong in another field: %v, want only that", err)
	}
	pubs, err := h.cat.List(t.Context(), h.owner, catalog.Query{Kind: catalog.KindPublisher, Workspace: h.ws})
	if err != nil || len(pubs) != 1 {
		t.Errorf("%d publishers, %v, want the old one alone", len(pubs), err)
	}
}

func TestTheSameAddressTwice(t *testing.T) {
	h := newHall(t)
	first, second := h.join("pia@blog.example"), h.join("pia@blog.example")
	a, b := h.token(h.ws, first.ID), h.token(h.ws, second.ID)
	if _, err := h.Confirm(t.Context(), b, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Confirm(t.Context(), a, "192.0.2.7"); !errors.Is(err, signup.ErrTaken) {
		t.Errorf("the other link: %v, want ErrTaken", err)
	}
	row, err := h.Get(t.Context(), h.owner, h.ws, first.ID)
	if err != nil || row.State != signup.Refused || row.Code != signup.CodeTaken {
		t.Errorf("the other sign-up is %+v, %v", row, err)
	}
	for range 4 {
		h.join("pia@blog.example")
	}
	all, n := h.mails(h.ws, ""), 0
	for _, m := range all {
		if m.To == "pia@blog.example" {
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d mails to one address within the hour, want 3", n)
	}
}

func TestTokens(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	row := h.join("pia@blog.example")
	token := h.token(h.ws, row.ID)
	bad := func(what, token string) {
		t.Helper()
		if _, err := h.Confirm(ctx, token, "192.0.2.7"); !errors.Is(err, signup.ErrToken) {
			t.Errorf("%s: %v, want ErrToken", what, err)
		}
	}
	bad("none", "")
	bad("forged", "clt_00000000000000000000000000000000")
	bad("nearly", token[:len(token)-1]+"0")
	bad("endless", strings.Repeat("x", 1<<20))
	if err := h.Reset(ctx, token, password, "192.0.2.7"); !errors.Is(err, signup.ErrToken) {
		t.Errorf("at another door: %v, want ErrToken", err)
	}
	h.now = h.now.Add(signup.ConfirmLife)
	bad("expired", token)
	if _, err := h.Resend(ctx, h.owner, h.ws, row.ID); err != nil {
		t.Fatal(err)
	}
	old := h.token(h.ws, row.ID)
	if _, err := h.Resend(ctx, h.owner, h.ws, row.ID); err != nil {
		t.Fatal(err)
	}
	bad("replaced", old)
	token = h.token(h.ws, row.ID)
	if _, err := h.Confirm(ctx, token, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	bad("used", token)
	for _, m := range h.mails(h.ws, row.ID) {
		if m.Link != "" || m.State == mail.StateQueued && m.Purpose != "signup" {
			t.Errorf("after the confirmation a mail still has %q and is %s", m.Link, m.State)
		}
	}
	if _, err := h.Resend(ctx, h.owner, h.ws, row.ID); account.FieldOf(err, "state") == "" {
		t.Errorf("sent again after confirming: %v", err)
	}
	var wait *account.ErrThrottled
	n := 0
	for ; n < 100 && !errors.As(second(h.Confirm(ctx, "clt_guess", "198.51.100.1")), &wait); n++ {
	}
	if n > 30 {
		t.Errorf("%d guesses at tokens from one address, want at most 30", n)
	}
}

func second[T any](_ T, err error) error { return err }

func TestForgottenPasswords(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	secret, _, err := h.acc.SignIn(ctx, "ann@house.example", password, "192.0.2.1")
	h.must(err)
	h.must(h.Forgot(ctx, "nobody@house.example", "192.0.2.7"))
	if ms := h.mails("", ""); len(ms) != 0 {
		t.Errorf("mails to somebody without an account: %+v", ms)
	}
	h.must(h.Forgot(ctx, " Ann@house.example", "192.0.2.7"))
	token := h.token("", h.owner.ID)
	h.must(h.Resetting(ctx, token, "192.0.2.7"))
	if err := h.Reset(ctx, token, "short", "192.0.2.7"); account.FieldOf(err, "password") != "too_short" {
		t.Errorf("a short one: %v", err)
	}
	h.must(h.Forgot(ctx, "ann@house.example", "192.0.2.7"))
	other := h.token("", h.owner.ID)
	h.must(h.Reset(ctx, token, "another password", "192.0.2.7"))
	for what, tok := range map[string]string{"the same": token, "another one": other} {
		if err := h.Reset(ctx, tok, "a third password", "192.0.2.7"); !errors.Is(err, signup.ErrToken) {
			t.Errorf("%s link afterwards: %v, want ErrToken", what, err)
		}
	}
	if _, _, err := h.acc.Session(ctx, secret); !errors.Is(err, account.ErrCredentials) {
		t.Errorf("the session before lives on: %v", err)
	}
	if _, err := h.in("ann@house.example", "another password"); err != nil {
		t.Errorf("signing in with it: %v", err)
	}
	if err := h.Forgot(ctx, "ann", "192.0.2.7"); account.FieldOf(err, "email") == "" {
		t.Errorf("no address: %v", err)
	}
	var wait *account.ErrThrottled
	n := 0
	for ; n < 100 && !errors.As(h.Forgot(ctx, "nobody@house.example", "203.0.113.5"), &wait); n++ {
	}
	if n != 10 {
		t.Errorf("%d requests from one address, want 10", n)
	}
}

func TestSettings(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	set, err := h.Settings(ctx, h.owner, h.ws, account.PartyPublisher)
	h.must(err)
	d := set.Doc()
	d.Intro = "Welcome."
	same, err := h.Set(ctx, h.owner, h.ws, account.PartyPublisher, set.Version, d)
	if err != nil || same.TermsVersion != 1 || same.Version != set.Version+1 {
		t.Fatalf("%+v, %v; the terms are the same and keep their version", same, err)
	}
	if _, err := h.Set(ctx, h.owner, h.ws, account.PartyPublisher, set.Version, d); !errors.Is(err, account.ErrVersion) {
		t.Errorf("over a change: %v, want ErrVersion", err)
	}
	d.Terms = "Be nicer."
	if again := h.open(account.PartyPublisher, d); again.TermsVersion != 2 {
		t.Errorf("other terms have version %d, want 2", again.TermsVersion)
	}
	for field, d := range map[string]signup.PageDoc{
		"group":                {Group: "grp_none"},
		"manager":              {Manager: "usr_none"},
		"terms":                {Terms: strings.Repeat("x", 50_001)},
		"intro":                {Intro: "a\x00"},
		"questions":            {Questions: make([]signup.AskDoc, 21)},
		"questions[0].label":   {Questions: []signup.AskDoc{{Label: " "}}},
		"questions[0].kind":    {Questions: []signup.AskDoc{{Label: "x", Kind: "file"}}},
		"questions[0].choices": {Questions: []signup.AskDoc{{Label: "x", Kind: "choice", Choices: []string{"a", "a"}}}},
	} {
		if _, err := h.Set(ctx, h.owner, h.ws, account.PartyPublisher, 0, d); account.FieldOf(err, field) == "" {
			t.Errorf("%s: %v, want it refused", field, err)
		}
	}
	for _, p := range []account.Principal{{}, {ID: "key_r", Workspaces: []string{h.ws}}, {ID: "usr_o", Write: true, Workspaces: []string{"ws_other"}}} {
		if _, err := h.Set(ctx, p, h.ws, account.PartyPublisher, 0, d); !errors.Is(err, account.ErrDenied) {
			t.Errorf("set by %+v: %v, want ErrDenied", p, err)
		}
	}
	if _, err := h.Settings(ctx, h.owner, h.ws, "staff"); !errors.Is(err, account.ErrDenied) {
		t.Errorf("of another kind: %v", err)
	}
}

// A confirmation that breaks off in the middle is finished by the same link.
func TestConfirmationGoesOnWhereItWas(t *testing.T) {
	h := newHall(t)
	row := h.join("pia@blog.example")
	token := h.token(h.ws, row.ID)
	broken := signup.New(signup.Options{Store: breaking{h.db.Signups()}, Mail: h.mail, Accounts: h.acc, Catalog: h.cat, Now: func() time.Time { return h.now }})
	if _, err := broken.Confirm(t.Context(), token, "192.0.2.7"); !errors.Is(err, errBroken) {
		t.Fatalf("with a store that breaks: %v", err)
	}
	row, err := h.Confirm(t.Context(), token, "192.0.2.7")
	h.must(err)
	pubs, err := h.cat.List(t.Context(), h.owner, catalog.Query{Kind: catalog.KindPublisher, Workspace: h.ws})
	if err != nil || len(pubs) != 1 || row.State != signup.Pending || row.Party != pubs[0].Base().ID {
		t.Errorf("%d publishers, %v, sign-up %+v; want one, and pending", len(pubs), err, row)
	}
}

var errBroken = errors.New("broken")

// breaking fails to mark a sign-up pending.
type breaking struct{ signup.Store }

func (b breaking) UpdateSignup(ctx context.Context, s *signup.Signup) error {
	if s.State == signup.Pending {
		return errBroken
	}
	return b.Store.UpdateSignup(ctx, s)
}
