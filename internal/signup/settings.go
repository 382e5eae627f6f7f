package signup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// Bounds of the settings.
const (
	maxQuestions = 20
	maxChoices   = 50
	maxLabel     = 300
	maxIntro     = 2000
	maxTerms     = 50_000
)

// PageDoc is what can be set on a sign-up page.
type PageDoc struct {
	Open      bool     `json:"open" required:"false" doc:"Whether anybody can sign up. Default false."`
	Intro     string   `json:"intro" required:"false" maxLength:"2000" doc:"What stands above the form."`
	Questions []AskDoc `json:"questions" required:"false" nullable:"false" maxItems:"20" doc:"Questions of your own, in their order."`
	Terms     string   `json:"terms" required:"false" maxLength:"50000" doc:"Must be accepted when it is not empty. Each sign-up keeps which version it accepted."`
	Group     string   `json:"group" required:"false" maxLength:"64" doc:"The group of publishers who sign up."`
	Manager   string   `json:"manager" required:"false" maxLength:"64" doc:"Who looks after those who sign up, by user id."`
}

// AskDoc is one question.
type AskDoc struct {
	Label    string   `json:"label" required:"true" maxLength:"300" example:"How many visitors do you have a month?" doc:"The question."`
	Kind     string   `json:"kind" required:"false" enum:"text,area,choice" doc:"A line, several lines, or one of the choices. Default text."`
	Choices  []string `json:"choices" required:"false" nullable:"false" maxItems:"50" doc:"Of the kind choice."`
	Required bool     `json:"required" required:"false" doc:"Whether it must be answered."`
}

// Doc is the settings' document.
func (set *Settings) Doc() PageDoc {
	d := PageDoc{Open: set.Open, Intro: set.Intro, Terms: set.Terms, Group: set.Group, Manager: set.Manager, Questions: []AskDoc{}}
	for _, q := range set.Questions {
		d.Questions = append(d.Questions, AskDoc{q.Label, q.Kind, append([]string{}, q.Choices...), q.Required})
	}
	return d
}

// URL is where the page of the settings is.
func (s *Service) PageURL(workspace, kind string) string {
	return s.Options.URL + "/signup/" + workspace + "/" + kind
}

// Settings returns those of one kind of party. Staff of the workspace may.
func (s *Service) Settings(ctx context.Context, p account.Principal, workspace, kind string) (*Settings, error) {
	if !p.May(workspace, false) || (kind != account.PartyPublisher && kind != account.PartyAdvertiser) {
		return nil, account.ErrDenied
	}
	return s.Store.SignupSettings(ctx, workspace, kind)
}

// Set writes them. version is the one that was read; 0 takes the current one.
func (s *Service) Set(ctx context.Context, p account.Principal, workspace, kind string, version int64, d PageDoc) (*Settings, error) {
	if !p.May(workspace, true) {
		return nil, account.ErrDenied
	}
	set, err := s.Settings(ctx, p, workspace, kind)
	if err != nil {
		return nil, err
	}
	if version != 0 && version != set.Version {
		return nil, account.ErrVersion
	}
	bad := &account.Invalid{}
	text := func(field, value string, most int) string {
		value = strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n"))
		switch {
		case utf8.RuneCountInString(value) > most:
			bad.Add(field, "too_long", value, fmt.Sprintf("Must be at most %d characters long.", most))
		case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
			bad.Add(field, "characters", "", "Must not contain control characters.")
		}
		return value
	}
	next := *set
	next.Open, next.Group, next.Manager = d.Open, strings.TrimSpace(d.Group), strings.TrimSpace(d.Manager)
	next.Intro, next.Terms = text("intro", d.Intro, maxIntro), text("terms", d.Terms, maxTerms)
	next.Questions = questions(d.Questions, bad, text)
	if next.Group != "" {
		e, err := s.Catalog.Get(ctx, p, catalog.KindGroup, workspace, next.Group)
		if err != nil || e.Base().Archived || kind != account.PartyPublisher {
			bad.Add("group", "unknown_reference", next.Group, "There is no such group of publishers in this workspace.")
		}
	}
	if next.Manager != "" && next.Manager != set.Manager {
		is, err := s.Accounts.IsStaff(ctx, workspace, next.Manager)
		if err != nil {
			return nil, err
		}
		if !is {
			bad.Add("manager", "unknown_reference", next.Manager, "None of this workspace's people has this id.")
		}
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if next.Terms != set.Terms {
		next.TermsVersion++
	}
	next.Updated = s.Now().UnixMicro()
	err = s.Store.SaveSignupSettings(ctx, &next)
	if err != nil {
		return nil, fmt.Errorf("store sign-up settings: %w", err)
	}
	return &next, nil
}

// questions checks the questions.
func questions(in []AskDoc, bad *account.Invalid, text func(field, value string, most int) string) []Question {
	if len(in) > maxQuestions {
		bad.Add("questions", "too_many", fmt.Sprint(len(in)), fmt.Sprintf("There may be at most %d.", maxQuestions))
		return nil
	}
	var out []Question
	for i, d := range in {
		name := func(f string) string { return fmt.Sprintf("questions[%d].%s", i, f) }
		q := Question{Label: text(name("label"), d.Label, maxLabel), Kind: d.Kind, Required: d.Required}
		if q.Kind == "" {
			q.Kind = QuestionText
		}
		if q.Label == "" {
			bad.Add(name("label"), "required", "", "Must not be empty.")
		}
		if !slices.Contains([]string{QuestionText, QuestionArea, QuestionChoice}, q.Kind) {
			bad.Add(name("kind"), "not_one_of", q.Kind, "Must be one of text, area, choice.")
		}
		if q.Kind == QuestionChoice {
			for _, c := range d.Choices {
				c = text(name("choices"), c, maxLabel)
				if c != "" && !slices.Contains(q.Choices, c) {
					q.Choices = append(q.Choices, c)
				}
			}
			if len(q.Choices) < 2 || len(q.Choices) > maxChoices {
				bad.Add(name("choices"), "out_of_range", fmt.Sprint(len(q.Choices)), fmt.Sprintf("There must be from 2 to %d to choose from.", maxChoices))
			}
		}
		out = append(out, q)
	}
	return out
}
