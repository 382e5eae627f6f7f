package signup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
)

// Form is what somebody types on a sign-up page.
type Form struct {
	Email     string
	Person    string
	Name      string
	Website   string
	Promotion string
	Password  string
	Answers   []string // in the order of the questions
	Terms     bool     // accepted
	// Trap is a field that people do not see. Whoever fills it in gets the usual answer, and
	// nothing is kept.
	Trap string
}

// Most characters of an answer.
const (
	maxAnswer = 300
	maxArea   = 4000
)

// Page is what a sign-up page shows: the workspace's name and the settings. [ErrClosed]
// when nobody can sign up, also where there is no such workspace.
func (s *Service) Page(ctx context.Context, workspace, kind string) (name string, set *Settings, err error) {
	if kind != account.PartyPublisher && kind != account.PartyAdvertiser {
		return "", nil, account.ErrNotFound
	}
	ws, err := s.workspace(ctx, workspace)
	if errors.Is(err, account.ErrNotFound) {
		return "", nil, ErrClosed
	}
	if err != nil {
		return "", nil, err
	}
	set, err = s.Store.SignupSettings(ctx, workspace, kind)
	if err != nil {
		return "", nil, fmt.Errorf("read sign-up settings: %w", err)
	}
	if !set.Open {
		return ws.Name, nil, ErrClosed
	}
	return ws.Name, set, nil
}

// Join takes a sign-up. It fails with [ErrClosed], with [*account.Invalid] for what was
// typed wrongly, or with [*account.ErrThrottled]; all else, a taken address too, gets the
// same answer: look into your mail.
func (s *Service) Join(ctx context.Context, workspace, kind string, f Form, addr string) error {
	wsName, set, err := s.Page(ctx, workspace, kind)
	if err != nil {
		return err
	}
	f.Email = cleanEmail(f.Email)
	taken, err := s.check(ctx, set, &f)
	if err != nil {
		return err
	}
	err = s.limits.Take("s:"+account.Network(addr), perAddress)
	if err != nil {
		return err
	}
	if f.Trap != "" {
		return nil
	}
	now := s.Now().UnixMicro()
	row := &Signup{
		ID: s.newID("sgn_"), Workspace: workspace, Kind: kind, Created: now, Updated: now, Version: 1, State: Unconfirmed,
		Email: f.Email, Person: strings.TrimSpace(f.Person), Name: strings.TrimSpace(f.Name), Website: strings.TrimSpace(f.Website), Promotion: strings.TrimSpace(f.Promotion),
		Addr: truncated(addr), PasswordHash: account.HashPassword(f.Password), Answers: answers(set.Questions, f.Answers),
	}
	if set.Terms != "" {
		row.TermsVersion = set.TermsVersion
	}
	user, err := s.Accounts.Find(ctx, f.Email)
	if err != nil {
		return err
	}
	if user != nil || taken {
		row.State, row.Code, row.PasswordHash = Refused, CodeTaken, ""
	}
	err = s.Store.InsertSignup(ctx, row)
	if err != nil {
		return fmt.Errorf("store sign-up: %w", err)
	}
	m := &mail.Mail{Workspace: workspace, About: row.ID, To: row.Email}
	if row.State == Refused {
		err = s.blank(ctx, row.ID)
		m.Purpose, m.Expires = "taken", s.Now().Add(noticeLife).UnixMicro()
		m.Subject, m.Body = "Your sign-up with "+wsName, takenText(wsName, s.URL, user != nil)
	} else {
		m.Purpose = ForConfirm
		m.Link, m.Expires, err = s.issue(ctx, ForConfirm, row.ID, "/confirm", ConfirmLife)
		m.Subject, m.Body = "Confirm your address for "+wsName, confirmText(wsName)
	}
	if err != nil {
		return err
	}
	return s.mailTo(ctx, m)
}

// check says what is wrong with what was typed. taken: the catalog has another publisher
// with the address, which is not for the visitor to know.
func (s *Service) check(ctx context.Context, set *Settings, f *Form) (taken bool, err error) {
	bad := &account.Invalid{}
	need := func(field, value string, most int, what string) {
		switch {
		case strings.TrimSpace(value) == "":
			bad.Add(field, "required", "", what)
		case utf8.RuneCountInString(value) > most:
			bad.Add(field, "too_long", value, fmt.Sprintf("Must be at most %d characters long.", most))
		case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
			bad.Add(field, "characters", "", "Must not contain control characters.")
		}
	}
	need("person", f.Person, 200, "Please say who you are.")
	if err := account.CheckPerson(f.Email, f.Person, f.Password); err != nil {
		var inv *account.Invalid
		if !errors.As(err, &inv) {
			return false, err
		}
		for _, fe := range inv.Fields {
			if fe.Field != "name" { // it is the person's, and was looked at above
				bad.Add(fe.Field, fe.Rule, fe.Value, fe.Msg)
			}
		}
	}
	if set.Kind == account.PartyPublisher {
		need("promotion", f.Promotion, 2000, "Please say how you bring visitors.")
	}
	for i, q := range set.Questions {
		value := ""
		if i < len(f.Answers) {
			value = f.Answers[i]
		}
		if value == "" && !q.Required {
			continue
		}
		field, most := fmt.Sprintf("answer%d", i), maxAnswer
		if q.Kind == QuestionArea {
			most = maxArea
		}
		need(field, value, most, "Please answer this.")
		if q.Kind == QuestionChoice && strings.TrimSpace(value) != "" && !slices.Contains(q.Choices, value) {
			bad.Add(field, "not_one_of", value, "Please choose one of them.")
		}
	}
	if set.Terms != "" && !f.Terms {
		bad.Add("terms", "required", "", "Without accepting the terms nobody can take part.")
	}
	f.Promotion = strings.ReplaceAll(strings.ReplaceAll(f.Promotion, "\r\n", "\n"), "\t", " ")
	_, err = s.Catalog.Preview(ctx, door, set.Workspace, "", 0, s.doc(set, &Signup{Email: f.Email, Name: f.Name, Website: f.Website, Promotion: f.Promotion}))
	var inv *account.Invalid
	if err != nil && !errors.As(err, &inv) {
		return false, fmt.Errorf("check sign-up: %w", err)
	}
	if inv != nil {
		for _, fe := range inv.Fields {
			switch {
			case fe.Rule == "taken":
				taken = true
			case fe.Field == "name" || fe.Field == "website" || fe.Field == "promotion" && fe.Rule != "required":
				bad.Add(fe.Field, fe.Rule, fe.Value, fe.Msg)
			}
		}
	}
	if len(bad.Fields) > 0 {
		bad.Fields = firstOfEach(bad.Fields)
		return false, bad
	}
	return taken, nil
}

// firstOfEach keeps one reason a field.
func firstOfEach(in []account.FieldError) []account.FieldError {
	seen := map[string]bool{}
	return slices.DeleteFunc(in, func(f account.FieldError) bool {
		was := seen[f.Field]
		seen[f.Field] = true
		return was
	})
}

func answers(qs []Question, given []string) []Answer {
	out := make([]Answer, len(qs))
	for i, q := range qs {
		out[i].Question = q.Label
		if i < len(given) {
			out[i].Answer = strings.TrimSpace(given[i])
		}
	}
	return out
}

// truncated is an address as it is kept: without its last part.
func truncated(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return ""
	}
	bits := 48
	if a = a.Unmap(); a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}

// doc is the party a sign-up becomes.
func (s *Service) doc(set *Settings, row *Signup) catalog.Doc {
	if set.Kind == account.PartyAdvertiser {
		d := catalog.NewDoc(catalog.KindAdvertiser).(*catalog.AdvertiserDoc)
		d.Workspace, d.Name, d.Status, d.Website, d.ContactEmail, d.Manager = set.Workspace, row.Name, catalog.StatusPending, row.Website, row.Email, set.Manager
		d.Notes = row.Promotion
		return d
	}
	d := catalog.NewDoc(catalog.KindPublisher).(*catalog.PublisherDoc)
	d.Workspace, d.Name, d.Status, d.Email, d.Website, d.Promotion = set.Workspace, row.Name, catalog.StatusPending, row.Email, row.Website, row.Promotion
	d.Group, d.Manager = set.Group, set.Manager
	return d
}

// Confirming is the sign-up that a link would confirm, for the page with the button.
func (s *Service) Confirming(ctx context.Context, token, addr string) (*Signup, error) {
	err := s.knock(addr)
	if err != nil {
		return nil, err
	}
	t, err := s.open(ctx, ForConfirm, token)
	if err != nil {
		return nil, err
	}
	row, err := s.Store.GetSignup(ctx, t.Subject)
	if err != nil {
		return nil, fmt.Errorf("look up sign-up: %w", err)
	}
	return row, nil
}

// Confirm confirms an address: the party comes into being, pending, with the person who
// signed up. It fails with [ErrToken], or with [ErrTaken] where the address got an account
// by another way meanwhile. A confirmation that broke off in the middle goes on where it
// was when the link is used again.
func (s *Service) Confirm(ctx context.Context, token, addr string) (*Signup, error) {
	row, err := s.Confirming(ctx, token, addr)
	if err != nil {
		return nil, err
	}
	t, err := s.open(ctx, ForConfirm, token)
	if err != nil {
		return nil, err
	}
	if row.State != Unconfirmed {
		return nil, ErrToken
	}
	set, err := s.Store.SignupSettings(ctx, row.Workspace, row.Kind)
	if err != nil {
		return nil, fmt.Errorf("read sign-up settings: %w", err)
	}
	user, err := s.Accounts.Find(ctx, row.Email)
	if err != nil {
		return nil, err
	}
	if user != nil && (row.Party == "" || user.Party.ID != row.Party) {
		return nil, s.tooLate(ctx, row, t)
	}
	party, err := s.make(ctx, set, row)
	var inv *account.Invalid
	if errors.As(err, &inv) {
		return nil, s.tooLate(ctx, row, t)
	}
	if err != nil {
		return nil, err
	}
	if row.Party == "" { // first of all: a repetition must know its own
		row.Party, row.Updated = party.Base().ID, s.Now().UnixMicro()
		err = s.Store.UpdateSignup(ctx, row)
		if err != nil {
			return nil, fmt.Errorf("store sign-up: %w", err)
		}
	}
	if user == nil {
		user, err = s.Accounts.AddPerson(ctx, account.Person{Email: row.Email, Name: row.Person, PasswordHash: row.PasswordHash,
			Party: account.Party{Kind: row.Kind, ID: row.Party, Workspace: row.Workspace}})
		if err != nil {
			return nil, err
		}
	}
	now := s.Now().UnixMicro()
	row.State, row.User, row.Confirmed, row.Updated, row.PasswordHash = Pending, user.ID, now, now, ""
	err = s.Store.UpdateSignup(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("store sign-up: %w", err)
	}
	err = s.use(ctx, t)
	if err != nil {
		return nil, err
	}
	err = s.Mail.Drop(ctx, row.Workspace, row.ID)
	if err != nil {
		return nil, err
	}
	s.signedUp(ctx, row, managerOf(party))
	return row, nil
}

// tooLate ends a sign-up whose address was taken between signing up and confirming.
func (s *Service) tooLate(ctx context.Context, row *Signup, t *Token) error {
	row.State, row.Code, row.PasswordHash, row.Updated = Refused, CodeTaken, "", s.Now().UnixMicro()
	err := s.Store.UpdateSignup(ctx, row)
	if err != nil {
		return fmt.Errorf("store sign-up: %w", err)
	}
	return errors.Join(ErrTaken, s.use(ctx, t))
}

// make makes the party, once for each sign-up. A group or a manager that has gone since the
// settings were made is left out.
func (s *Service) make(ctx context.Context, set *Settings, row *Signup) (catalog.Entity, error) {
	for {
		d := s.doc(set, row)
		b, err := json.Marshal(d)
		if err != nil {
			return nil, fmt.Errorf("make party: %w", err)
		}
		if row.Party != "" {
			return s.Catalog.Get(ctx, door, d.Kind(), row.Workspace, row.Party)
		}
		e, _, err := s.Catalog.Create(ctx, door, d, catalog.Idempotency{Workspace: row.Workspace, Key: "signup:" + row.ID, Hash: hashOf(string(b))})
		var inv *account.Invalid
		if errors.As(err, &inv) && (set.Group != "" || set.Manager != "") && slices.ContainsFunc(inv.Fields, func(f account.FieldError) bool { return f.Field == "group" || f.Field == "manager" }) {
			without := *set
			without.Group, without.Manager = "", ""
			set = &without
			continue
		}
		return e, err
	}
}
