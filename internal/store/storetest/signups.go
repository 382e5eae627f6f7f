package storetest

import (
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/mail"
	"clickledger/internal/signup"
)

var signupTests = map[string]func(t *testing.T, s *Stores){
	"settings": testSignupSettings, "rows": testSignups, "invitations": testInvitations, "tokens": testTokens, "mails": testMails,
}

func testSignupSettings(t *testing.T, s *Stores) {
	none := get[*signup.Settings](t)(s.Signups.SignupSettings(ctx, home, "publisher"))
	equal(t, none, &signup.Settings{Workspace: home, Kind: "publisher"})
	set := &signup.Settings{Workspace: home, Kind: "publisher", Open: true, Intro: "Hi", Questions: []signup.Question{{Label: "a", Kind: "choice", Choices: []string{"x", "y"}, Required: true}},
		Terms: "t", TermsVersion: 3, Group: "g", Manager: "m", Updated: 7}
	must(t, s.Signups.SaveSignupSettings(ctx, set))
	equal(t, get[*signup.Settings](t)(s.Signups.SignupSettings(ctx, home, "publisher")), set)
	stale := *set
	set.Open, set.Terms = false, "u"
	must(t, s.Signups.SaveSignupSettings(ctx, set))
	wantErr(t, s.Signups.SaveSignupSettings(ctx, &stale), account.ErrVersion)
	equal(t, get[*signup.Settings](t)(s.Signups.SignupSettings(ctx, home, "publisher")), set)
	equal(t, get[*signup.Settings](t)(s.Signups.SignupSettings(ctx, foreign, "publisher")).Version, int64(0))
	equal(t, get[*signup.Settings](t)(s.Signups.SignupSettings(ctx, home, "advertiser")).Version, int64(0))
}

func signupOf(n int, workspace, state string) *signup.Signup {
	return &signup.Signup{ID: id("sgn", n), Workspace: workspace, Kind: "publisher", Created: 1, Updated: 2, Version: 1, State: state, Code: "c", Email: "a@b.example", Person: "p", Name: "n",
		Website: "w", Promotion: "pr", Answers: []signup.Answer{{Question: "q", Answer: "a"}}, TermsVersion: 4, Addr: "192.0.2.0", PasswordHash: "h", Party: "pub", User: "usr", Confirmed: 5, Decided: 6, DecidedBy: "d", Reason: "r"}
}

func testSignups(t *testing.T, s *Stores) {
	a, b, theirs := signupOf(1, home, signup.Pending), signupOf(2, home, signup.Refused), signupOf(3, foreign, signup.Pending)
	for _, x := range []*signup.Signup{a, b, theirs} {
		must(t, s.Signups.InsertSignup(ctx, x))
		equal(t, get[*signup.Signup](t)(s.Signups.GetSignup(ctx, x.ID)), x)
	}
	equal(t, get[[]*signup.Signup](t)(s.Signups.ListSignups(ctx, home, "", "", "", 10)), []*signup.Signup{b, a})
	equal(t, get[[]*signup.Signup](t)(s.Signups.ListSignups(ctx, home, signup.Pending, "publisher", "", 10)), []*signup.Signup{a})
	equal(t, get[[]*signup.Signup](t)(s.Signups.ListSignups(ctx, home, "", "", b.ID, 10)), []*signup.Signup{a})
	equal(t, len(get[[]*signup.Signup](t)(s.Signups.ListSignups(ctx, home, "", "advertiser", "", 10))), 0)
	equal(t, get[int64](t)(s.Signups.CountSignups(ctx, home, signup.Pending)), int64(1))
	stale := *a
	a.State, a.PasswordHash, a.Reason = signup.Rejected, "", "no"
	must(t, s.Signups.UpdateSignup(ctx, a))
	wantErr(t, s.Signups.UpdateSignup(ctx, &stale), account.ErrVersion)
	equal(t, get[*signup.Signup](t)(s.Signups.GetSignup(ctx, a.ID)), a)
	wantErr(t, s.Signups.UpdateSignup(ctx, signupOf(9, home, "")), account.ErrNotFound)
	_, err := s.Signups.GetSignup(ctx, "nothing")
	wantErr(t, err, account.ErrNotFound)
}

func testInvitations(t *testing.T, s *Stores) {
	party := account.Party{Kind: account.PartyPublisher, ID: "pub_1", Workspace: home}
	a := &signup.Invitation{ID: id("inv", 1), Party: party, Created: 1, Updated: 2, Version: 1, Email: "a@b.example", Name: "n", State: signup.Open, Expires: 9, MadeBy: "m"}
	b := &signup.Invitation{ID: id("inv", 2), Created: 1, Updated: 2, Version: 1, Email: "a@b.example", Workspaces: []string{home}, Owner: true, State: signup.Open, Expires: 9, MadeBy: "m"}
	for _, x := range []*signup.Invitation{a, b} {
		must(t, s.Signups.InsertInvitation(ctx, x))
		equal(t, get[*signup.Invitation](t)(s.Signups.GetInvitation(ctx, x.ID)), x)
	}
	equal(t, get[[]*signup.Invitation](t)(s.Signups.ListInvitations(ctx, home, "", "", 10)), []*signup.Invitation{a})
	equal(t, get[[]*signup.Invitation](t)(s.Signups.ListInvitations(ctx, "", "", "", 10)), []*signup.Invitation{b})
	equal(t, len(get[[]*signup.Invitation](t)(s.Signups.ListInvitations(ctx, home, "pub_2", "", 10))), 0)
	stale := *a
	a.State, a.User = signup.Accepted, "usr"
	must(t, s.Signups.UpdateInvitation(ctx, a))
	wantErr(t, s.Signups.UpdateInvitation(ctx, &stale), account.ErrVersion)
	equal(t, get[*signup.Invitation](t)(s.Signups.GetInvitation(ctx, a.ID)), a)
}

func testTokens(t *testing.T, s *Stores) {
	for _, h := range []string{"h1", "h2", "h3"} {
		must(t, s.Signups.InsertToken(ctx, &signup.Token{Hash: h, Purpose: signup.ForReset, Subject: "usr", Created: 1, Expires: 9}))
	}
	equal(t, get[*signup.Token](t)(s.Signups.GetToken(ctx, "h1")), &signup.Token{Hash: "h1", Purpose: signup.ForReset, Subject: "usr", Created: 1, Expires: 9})
	equal(t, get[bool](t)(s.Signups.UseToken(ctx, "h1", 5)), true)
	equal(t, get[bool](t)(s.Signups.UseToken(ctx, "h1", 6)), false)
	equal(t, get[bool](t)(s.Signups.UseToken(ctx, "nothing", 6)), false)
	must(t, s.Signups.EndTokens(ctx, "usr", signup.ForInvite, 7))
	equal(t, get[*signup.Token](t)(s.Signups.GetToken(ctx, "h2")).Used, int64(0))
	must(t, s.Signups.EndTokens(ctx, "usr", signup.ForReset, 7))
	equal(t, get[*signup.Token](t)(s.Signups.GetToken(ctx, "h1")).Used, int64(5))
	equal(t, get[*signup.Token](t)(s.Signups.GetToken(ctx, "h2")).Used, int64(7))
	_, err := s.Signups.GetToken(ctx, "nothing")
	wantErr(t, err, account.ErrNotFound)
}

func testMails(t *testing.T, s *Stores) {
	a := &mail.Mail{ID: id("mail", 1), Workspace: home, Created: 1, Version: 1, Purpose: "confirm", About: "sgn_1", To: "a@b.example", Subject: "s", Body: "b", Link: "l", State: mail.StateQueued, Attempts: 2, NextAt: 50, Expires: 99, Sent: 3, Problem: "p"}
	b := &mail.Mail{ID: id("mail", 2), Created: 1, Version: 1, State: mail.StateQueued, NextAt: 40}
	for _, m := range []*mail.Mail{a, b} {
		must(t, s.Mails.InsertMail(ctx, m))
		equal(t, get[*mail.Mail](t)(s.Mails.GetMail(ctx, m.ID)), m)
	}
	equal(t, get[[]*mail.Mail](t)(s.Mails.DueMails(ctx, 50, 10)), []*mail.Mail{b, a})
	equal(t, get[[]*mail.Mail](t)(s.Mails.DueMails(ctx, 49, 10)), []*mail.Mail{b})
	equal(t, get[[]*mail.Mail](t)(s.Mails.ListMails(ctx, home, "", "", 10)), []*mail.Mail{a})
	equal(t, get[[]*mail.Mail](t)(s.Mails.ListMails(ctx, "", "", "", 10)), []*mail.Mail{b})
	equal(t, len(get[[]*mail.Mail](t)(s.Mails.ListMails(ctx, home, "sgn_2", "", 10))), 0)
	stale := *a
	a.State, a.Link, a.NextAt = mail.StateSent, "", 0
	must(t, s.Mails.UpdateMail(ctx, a))
	wantErr(t, s.Mails.UpdateMail(ctx, &stale), account.ErrVersion)
	equal(t, get[*mail.Mail](t)(s.Mails.GetMail(ctx, a.ID)), a)
	equal(t, get[[]*mail.Mail](t)(s.Mails.DueMails(ctx, 1000, 10)), []*mail.Mail{b})

	none := get[*mail.Settings](t)(s.Mails.MailSettings(ctx))
	equal(t, none, &mail.Settings{})
	none.Host, none.Port, none.User, none.Password, none.Security, none.From, none.Updated = "h", 25, "u", "p", "tls", "f", 8
	must(t, s.Mails.SaveMailSettings(ctx, none))
	equal(t, get[*mail.Settings](t)(s.Mails.MailSettings(ctx)), none)
	old := *none
	none.Host = "i"
	must(t, s.Mails.SaveMailSettings(ctx, none))
	wantErr(t, s.Mails.SaveMailSettings(ctx, &old), account.ErrVersion)
	equal(t, get[*mail.Settings](t)(s.Mails.MailSettings(ctx)).Host, "i")
}
