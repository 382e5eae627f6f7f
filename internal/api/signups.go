package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
	"clickledger/internal/signup"
)

// Signup is a sign-up in answers.
type Signup struct {
	ID           string          `json:"id" doc:"Its id."`
	Kind         string          `json:"kind" enum:"publisher,advertiser" doc:"As what somebody signed up."`
	State        string          `json:"state" enum:"unconfirmed,pending,approved,rejected,banned,refused" doc:"unconfirmed: the address is not confirmed; pending: waits for your decision; refused: came to nothing by itself, see code."`
	Code         string          `json:"code" doc:"Why it was refused: email_taken. Empty: it was not."`
	Detail       string          `json:"detail" doc:"The code as a sentence."`
	Email        string          `json:"email" doc:"The address."`
	Person       string          `json:"person" doc:"Who signed up."`
	Name         string          `json:"name" doc:"Of the publisher or the advertiser."`
	Website      string          `json:"website" doc:"As it was typed."`
	Promotion    string          `json:"promotion" doc:"How the publisher brings visitors."`
	Answers      []signup.Answer `json:"answers" nullable:"false" doc:"Your questions as they were asked, and what was answered."`
	TermsVersion int64           `json:"terms_version" doc:"Version of the terms that was accepted; 0: there were none."`
	Address      string          `json:"address" doc:"Network address it came from, without its last part."`
	Party        string          `json:"party" doc:"Id of the publisher or advertiser it became; empty: the address is not confirmed."`
	User         string          `json:"user" doc:"Id of the user it became."`
	Reason       string          `json:"reason" doc:"Why it was rejected or banned."`
	DecidedBy    string          `json:"decided_by" doc:"Id of who decided."`
	Created      time.Time       `json:"created" doc:"When it was sent."`
	Confirmed    *time.Time      `json:"confirmed,omitempty" doc:"When the address was confirmed."`
	Decided      *time.Time      `json:"decided,omitempty" doc:"When it was decided."`
	Version      int64           `json:"version" doc:"Counts its changes."`
}

func signupView(r *signup.Signup) Signup {
	v := Signup{ID: r.ID, Kind: r.Kind, State: r.State, Code: r.Code, Detail: signup.Sentences[r.Code], Email: r.Email, Person: r.Person, Name: r.Name, Website: r.Website,
		Promotion: r.Promotion, Answers: r.Answers, TermsVersion: r.TermsVersion, Address: r.Addr, Party: r.Party, User: r.User, Reason: r.Reason, DecidedBy: r.DecidedBy,
		Created: timeOf(r.Created), Confirmed: maybeTime(r.Confirmed), Decided: maybeTime(r.Decided), Version: r.Version}
	if v.Answers == nil {
		v.Answers = []signup.Answer{}
	}
	return v
}

// Invitation is an invitation in answers.
type Invitation struct {
	ID         string    `json:"id" doc:"Its id."`
	Email      string    `json:"email" doc:"Who is invited."`
	Name       string    `json:"name" doc:"What you call them."`
	Publisher  string    `json:"publisher" doc:"The publisher whose people they join; empty: another's."`
	Advertiser string    `json:"advertiser" doc:"The advertiser whose people they join; empty: another's."`
	Owner      bool      `json:"owner" doc:"Of a colleague: whether they will hold the installation."`
	Workspaces []string  `json:"workspaces" nullable:"false" doc:"Of a colleague: where they may work."`
	State      string    `json:"state" enum:"open,accepted,revoked,expired" doc:"What became of it."`
	Expires    time.Time `json:"expires" doc:"Until when its link works."`
	User       string    `json:"user" doc:"Id of the user who came of it."`
	MadeBy     string    `json:"made_by" doc:"Id of who invited."`
	Created    time.Time `json:"created" doc:"When it was made."`
	Version    int64     `json:"version" doc:"Counts its changes."`
}

func (s *server) invitationView(i *signup.Invitation) Invitation {
	v := Invitation{ID: i.ID, Email: i.Email, Name: i.Name, Owner: i.Owner, Workspaces: i.Workspaces, State: i.State, Expires: timeOf(i.Expires), User: i.User, MadeBy: i.MadeBy, Created: timeOf(i.Created), Version: i.Version}
	switch i.Party.Kind {
	case account.PartyPublisher:
		v.Publisher = i.Party.ID
	case account.PartyAdvertiser:
		v.Advertiser = i.Party.ID
	}
	if v.Workspaces == nil {
		v.Workspaces = []string{}
	}
	if i.State == signup.Open && i.Expires <= s.Now().UnixMicro() {
		v.State = "expired"
	}
	return v
}

// InvitationDoc is an invitation to be made.
type InvitationDoc struct {
	Email      string   `json:"email" required:"true" maxLength:"254" example:"pia@blog.example" doc:"Who is invited."`
	Name       string   `json:"name" required:"false" maxLength:"200" doc:"What you call them; they can choose another."`
	Publisher  string   `json:"publisher" required:"false" maxLength:"64" doc:"The publisher whose people they join."`
	Advertiser string   `json:"advertiser" required:"false" maxLength:"64" doc:"The advertiser whose people they join. With neither, a colleague of yours, whom only owners invite."`
	Owner      bool     `json:"owner" required:"false" doc:"Of a colleague: whether they will hold the installation."`
	Workspaces []string `json:"workspaces" required:"false" nullable:"false" maxItems:"1000" doc:"Of a colleague: where they may work."`
}

// Mail is a mail in answers.
type Mail struct {
	ID       string     `json:"id" doc:"Its id."`
	Purpose  string     `json:"purpose" enum:"confirm,taken,invite,reset,approved,rejected,signup,application,agreement_approved,agreement_invited,agreement_rejected,agreement_paused,agreement_revoked,postback_paused" doc:"What it is for."`
	About    string     `json:"about" doc:"Id of the sign-up, the invitation or the user it is about."`
	To       string     `json:"to" doc:"Whom it goes to."`
	Subject  string     `json:"subject" doc:"Its subject."`
	Link     string     `json:"link" doc:"Its link as long as it was not sent and still works, for those who may write: pass it on by hand. Empty otherwise."`
	State    string     `json:"state" enum:"queued,sent,failed,dropped" doc:"queued: waits for the server; failed: refused for good; dropped: expired, or settled otherwise."`
	Attempts int64      `json:"attempts" doc:"How often it was tried."`
	Problem  string     `json:"problem" doc:"What the server said last."`
	Created  time.Time  `json:"created" doc:"When it was queued."`
	Sent     *time.Time `json:"sent,omitempty" doc:"When the server took it."`
	Expires  *time.Time `json:"expires,omitempty" doc:"Until when it is worth sending."`
}

func mailView(m *mail.Mail) Mail {
	return Mail{m.ID, m.Purpose, m.About, m.To, m.Subject, m.Link, m.State, m.Attempts, m.Problem, timeOf(m.Created), maybeTime(m.Sent), maybeTime(m.Expires)}
}

// SignupSettings are the settings of a sign-up page in answers.
type SignupSettings struct {
	signup.PageDoc
	URL          string `json:"url" doc:"Where the page is."`
	TermsVersion int64  `json:"terms_version" doc:"Counts the versions of the terms."`
	Version      int64  `json:"version" doc:"Counts the changes."`
}

// MailSettings are the settings of mail in answers.
type MailSettings struct {
	mail.ServerDoc
	PasswordSet bool  `json:"password_set" doc:"Whether there is a password; it is never shown."`
	Version     int64 `json:"version" doc:"Counts the changes."`
}

// SignupReasonDoc is a decision's reason.
type SignupReasonDoc struct {
	Reason string `json:"reason" required:"false" maxLength:"500" doc:"Needed to reject and to ban; whom it concerns can read it."`
}

// MailTestDoc is a test of mail.
type MailTestDoc struct {
	To string `json:"to" required:"true" maxLength:"254" doc:"Whom to send the test mail to."`
}

type signupListInput struct {
	Scope
	Paging
	State string `query:"state" enum:"unconfirmed,pending,approved,rejected,banned,refused" doc:"Only those in this state."`
	Kind  string `query:"kind" enum:"publisher,advertiser" doc:"Only those of this kind."`
}

type invitationListInput struct {
	Scope
	Paging
	Publisher  string `query:"publisher" maxLength:"64" doc:"Those to one publisher's people."`
	Advertiser string `query:"advertiser" maxLength:"64" doc:"Those to one advertiser's people."`
	Staff      bool   `query:"staff" doc:"Those of colleagues instead, of the whole installation. Only owners may."`
}

type mailListInput struct {
	Scope
	Paging
	About string `query:"about" maxLength:"64" doc:"Those about one sign-up, invitation or user, by its id."`
	Staff bool   `query:"staff" doc:"Those of the installation instead: to colleagues. Only owners may."`
}

type reasonInput struct {
	One
	Body body[SignupReasonDoc]
}

type inviteInput struct {
	Scope
	Body body[InvitationDoc]
}

type signupSettingsInput struct {
	Scope
	Match
	Body patch[signup.PageDoc]
}

type mailSettingsInput struct {
	Match
	Body patch[mail.ServerDoc]
}

type mailTestInput struct{ Body body[MailTestDoc] }

type mailTestOutput struct {
	Body struct {
		Sent   bool   `json:"sent" doc:"Whether the server took the mail."`
		Detail string `json:"detail" doc:"What went wrong, as a sentence; empty: nothing."`
	}
}

var errNoMail = &refusal{http.StatusServiceUnavailable, "not_available", "Sign-ups and mails are not available here.", nil}

func (s *server) registerSignups() {
	const tag = "sign-ups"
	get := func(path, id, summary, text string) route {
		return route{method: http.MethodGet, path: path, id: id, tag: tag, summary: summary, text: text}
	}
	post := func(path, id, summary, text string) route {
		return route{method: http.MethodPost, path: path, id: id, tag: tag, summary: summary, text: text, bodyOptional: true}
	}
	add(s, get("/signups", "list-signups", "List sign-ups", "Those of publishers and advertisers who came by the public pages, newest first."), s.listSignups)
	add(s, get("/signups/{id}", "get-signup", "Read a sign-up", ""), s.getSignup)
	for _, d := range []struct{ verb, to, text string }{
		{"approve", signup.Approved, "The publisher or advertiser becomes active, and gets a mail."},
		{"reject", signup.Rejected, "It is told the reason by mail, and in its portal."},
		{"ban", signup.Banned, "It is told nothing; the reason is in its portal."},
	} {
		add(s, post("/signups/{id}/"+d.verb, d.verb+"-signup", sentenceOf(d.verb)+" a sign-up", d.text+" What was decided can be decided again, otherwise."), s.decideSignup(d.to))
	}
	add(s, post("/signups/{id}/resend", "resend-signup", "Send the link that confirms an address again", "The one before stops working."), s.resendSignup)

	add(s, get("/invitations", "list-invitations", "List invitations", ""), s.listInvitations)
	invite := post("/invitations", "create-invitation", "Invite a person", "They choose their own password behind the link in the mail, which works once. Colleagues are invited by owners.")
	invite.status, invite.bodyOptional = http.StatusCreated, false
	add(s, invite, s.createInvitation)
	add(s, get("/invitations/{id}", "get-invitation", "Read an invitation", ""), s.oneInvitation(func(ctx context.Context, id string) (*signup.Invitation, error) {
		return s.Signups.Invitation(ctx, caller(ctx), id)
	}))
	add(s, post("/invitations/{id}/revoke", "revoke-invitation", "Take an invitation back", "Its link stops working."), s.oneInvitation(func(ctx context.Context, id string) (*signup.Invitation, error) {
		return s.Signups.RevokeInvitation(ctx, caller(ctx), id)
	}))
	add(s, post("/invitations/{id}/resend", "resend-invitation", "Send an invitation again", "With a new link, good for another fourteen days; the one before stops working."), s.oneInvitation(func(ctx context.Context, id string) (*signup.Invitation, error) {
		return s.Signups.ResendInvitation(ctx, caller(ctx), id)
	}))

	for _, kind := range []string{account.PartyPublisher, account.PartyAdvertiser} {
		add(s, get("/signup-settings/"+kind, "get-"+kind+"-signup-settings", "Read the sign-up page of "+kind+"s", ""), s.getSignupSettings(kind))
		add(s, route{method: http.MethodPatch, path: "/signup-settings/" + kind, id: "change-" + kind + "-signup-settings", tag: tag, summary: "Change the sign-up page of " + kind + "s",
			text: "Send the fields to change (JSON merge patch); a list of questions replaces the one before."}, s.patchSignupSettings(kind))
	}

	add(s, get("/mails", "list-mails", "List mails", "Those that wait and those that were sent, newest first."), s.listMails)
	add(s, route{method: http.MethodGet, path: "/mail-settings", id: "get-mail-settings", tag: tag, summary: "Read how mails are sent", owner: true}, s.getMailSettings)
	add(s, route{method: http.MethodPatch, path: "/mail-settings", id: "change-mail-settings", tag: tag, summary: "Change how mails are sent", owner: true}, s.patchMailSettings)
	add(s, route{method: http.MethodPost, path: "/mail-settings/test", id: "test-mail-settings", tag: tag, summary: "Send a test mail", owner: true}, s.testMail)
}

func sentenceOf(verb string) string { return string(verb[0]-'a'+'A') + verb[1:] }

func (s *server) listSignups(ctx context.Context, in *signupListInput) (*pageOutput[Signup], error) {
	ws, err := s.signups(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	rows, err := s.Signups.List(ctx, caller(ctx), ws, in.State, in.Kind, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(r *signup.Signup) string { return r.ID }, signupView), nil
}

// signups is the workspace of a request about sign-ups.
func (s *server) signups(ctx context.Context, in Scope) (string, error) {
	if s.Signups == nil || s.Mails == nil {
		return "", errNoMail
	}
	return s.workspace(ctx, in)
}

type signupOutput struct{ Body Signup }

func (s *server) getSignup(ctx context.Context, in *One) (*signupOutput, error) {
	ws, err := s.signups(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	r, err := s.Signups.Get(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &signupOutput{signupView(r)}, nil
}

func (s *server) decideSignup(to string) func(context.Context, *reasonInput) (*signupOutput, error) {
	return func(ctx context.Context, in *reasonInput) (*signupOutput, error) {
		ws, err := s.signups(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		var d SignupReasonDoc
		if len(in.Body.raw) > 0 {
			err := catalog.MergeFields(&d, &SignupReasonDoc{}, in.Body.raw)
			if err != nil {
				return nil, err
			}
		}
		r, err := s.Signups.Decide(ctx, caller(ctx), ws, in.ID, to, d.Reason)
		if err != nil {
			return nil, err
		}
		return &signupOutput{signupView(r)}, nil
	}
}

func (s *server) resendSignup(ctx context.Context, in *One) (*signupOutput, error) {
	ws, err := s.signups(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	r, err := s.Signups.Resend(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &signupOutput{signupView(r)}, nil
}

// partyOf is the party that a request names, with the workspace; the zero one is staff.
func partyOf(ws, publisher, advertiser string) (account.Party, error) {
	switch {
	case publisher != "" && advertiser != "":
		bad := &catalog.Invalid{}
		bad.Add("advertiser", "conflict", advertiser, "Cannot be given together with publisher.")
		return account.Party{}, bad
	case publisher != "":
		return account.Party{Kind: account.PartyPublisher, ID: publisher, Workspace: ws}, nil
	case advertiser != "":
		return account.Party{Kind: account.PartyAdvertiser, ID: advertiser, Workspace: ws}, nil
	}
	return account.Party{}, nil
}

func (s *server) listInvitations(ctx context.Context, in *invitationListInput) (*pageOutput[Invitation], error) {
	var party account.Party
	if !in.Staff {
		ws, err := s.signups(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		party, err = partyOf(ws, in.Publisher, in.Advertiser)
		if err != nil {
			return nil, err
		}
		party.Workspace = ws
	} else if s.Signups == nil {
		return nil, errNoMail
	}
	rows, err := s.Signups.Invitations(ctx, caller(ctx), party, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(i *signup.Invitation) string { return i.ID }, s.invitationView), nil
}

type invitationOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the invitation is found."`
	Body     Invitation
}

func (s *server) createInvitation(ctx context.Context, in *inviteInput) (*invitationOutput, error) {
	if s.Signups == nil {
		return nil, errNoMail
	}
	var d InvitationDoc
	err := catalog.MergeFields(&d, &InvitationDoc{}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	doc := signup.InviteDoc{Email: d.Email, Name: d.Name, Owner: d.Owner, Workspaces: d.Workspaces}
	if d.Publisher != "" || d.Advertiser != "" {
		ws, err := s.workspace(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		doc.Party, err = partyOf(ws, d.Publisher, d.Advertiser)
		if err != nil {
			return nil, err
		}
	}
	i, err := s.Signups.Invite(ctx, caller(ctx), doc)
	if err != nil {
		return nil, err
	}
	return &invitationOutput{http.StatusCreated, Prefix + "/invitations/" + i.ID, s.invitationView(i)}, nil
}

func (s *server) oneInvitation(do func(context.Context, string) (*signup.Invitation, error)) func(context.Context, *OneUser) (*invitationOutput, error) {
	return func(ctx context.Context, in *OneUser) (*invitationOutput, error) {
		if s.Signups == nil {
			return nil, errNoMail
		}
		i, err := do(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &invitationOutput{Status: http.StatusOK, Body: s.invitationView(i)}, nil
	}
}

type signupSettingsOutput struct {
	ETag string `header:"ETag" doc:"Their version, for If-Match."`
	Body SignupSettings
}

func (s *server) signupSettingsOutput(set *signup.Settings) *signupSettingsOutput {
	return &signupSettingsOutput{etag(set.Version), SignupSettings{set.Doc(), s.Signups.PageURL(set.Workspace, set.Kind), set.TermsVersion, set.Version}}
}

func (s *server) getSignupSettings(kind string) func(context.Context, *Scope) (*signupSettingsOutput, error) {
	return func(ctx context.Context, in *Scope) (*signupSettingsOutput, error) {
		ws, err := s.signups(ctx, *in)
		if err != nil {
			return nil, err
		}
		set, err := s.Signups.Settings(ctx, caller(ctx), ws, kind)
		if err != nil {
			return nil, err
		}
		return s.signupSettingsOutput(set), nil
	}
}

func (s *server) patchSignupSettings(kind string) func(context.Context, *signupSettingsInput) (*signupSettingsOutput, error) {
	return func(ctx context.Context, in *signupSettingsInput) (*signupSettingsOutput, error) {
		ws, err := s.signups(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		for try := 1; ; try++ {
			set, err := s.Signups.Settings(ctx, caller(ctx), ws, kind)
			if err != nil {
				return nil, err
			}
			conditional, err := in.check(set.Version)
			if err != nil {
				return nil, err
			}
			d := set.Doc()
			err = catalog.MergeFields(&d, &signup.PageDoc{Questions: []signup.AskDoc{}}, in.Body.raw)
			if err != nil {
				return nil, err
			}
			next, err := s.Signups.Set(ctx, caller(ctx), ws, kind, set.Version, d)
			if errors.Is(err, account.ErrVersion) && !conditional && try < patchTries {
				continue
			}
			if err != nil {
				return nil, err
			}
			return s.signupSettingsOutput(next), nil
		}
	}
}

func (s *server) listMails(ctx context.Context, in *mailListInput) (*pageOutput[Mail], error) {
	ws := ""
	if !in.Staff {
		var err error
		ws, err = s.signups(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
	} else if s.Mails == nil {
		return nil, errNoMail
	}
	rows, err := s.Mails.List(ctx, caller(ctx), ws, in.About, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(m *mail.Mail) string { return m.ID }, mailView), nil
}

type mailSettingsOutput struct {
	ETag string `header:"ETag" doc:"Their version, for If-Match."`
	Body MailSettings
}

func mailSettingsView(set *mail.Settings) *mailSettingsOutput {
	return &mailSettingsOutput{etag(set.Version), MailSettings{set.Doc(), set.Password != "", set.Version}}
}

func (s *server) getMailSettings(ctx context.Context, _ *struct{}) (*mailSettingsOutput, error) {
	if s.Mails == nil {
		return nil, errNoMail
	}
	set, err := s.Mails.Settings(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	return mailSettingsView(set), nil
}

func (s *server) patchMailSettings(ctx context.Context, in *mailSettingsInput) (*mailSettingsOutput, error) {
	if s.Mails == nil {
		return nil, errNoMail
	}
	set, err := s.Mails.Settings(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	_, err = in.check(set.Version)
	if err != nil {
		return nil, err
	}
	d := set.Doc()
	err = catalog.MergeFields(&d, &mail.ServerDoc{Security: mail.SecuritySTARTTLS}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	set, err = s.Mails.Set(ctx, caller(ctx), set.Version, d)
	if err != nil {
		return nil, err
	}
	return mailSettingsView(set), nil
}

// testMail answers 200 also when the server did not take it: the question was answered.
func (s *server) testMail(ctx context.Context, in *mailTestInput) (*mailTestOutput, error) {
	if s.Mails == nil {
		return nil, errNoMail
	}
	var d MailTestDoc
	err := catalog.MergeFields(&d, &MailTestDoc{}, in.Body.raw)
	if err != nil {
		return nil, err
	}
	set, err := s.Mails.Settings(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	err = s.Mails.Test(ctx, caller(ctx), set.Doc(), d.To)
	out := &mailTestOutput{}
	var said *mail.Refused
	switch {
	case errors.As(err, &said):
		out.Body.Detail = said.Error()
	case err != nil:
		return nil, err
	default:
		out.Body.Sent = true
	}
	return out, nil
}
