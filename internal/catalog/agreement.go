package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Values of Offer.Visibility: who may run an offer without being enrolled by hand.
const (
	VisibilityPublic   = "public"   // everybody who applies, at once
	VisibilityApproval = "approval" // who applies and is approved
	VisibilityPrivate  = "private"  // who is invited; nobody else sees it
)

// Agreement is how an enrollment came about: what the publisher said and accepted. Only
// applications and decisions write it.
type Agreement struct {
	Terms        int64    // number of the version of the terms that was accepted, 0 = none was
	Answers      []Answer // of the last application
	Applied      int64    // µs of the last application, 0 = enrolled by hand
	Decided      int64    // µs of the last decision, 0 = none yet
	Accepted     int64    // µs, when the terms were accepted, 0 = they were not
	AcceptedBy   string   // the principal who accepted them
	AcceptedFrom string   // the address they were accepted from
}

// Question is asked of publishers who apply to an offer.
type Question struct {
	Key      string   `json:"key"` // unique in the offer
	Label    string   `json:"label"`
	Required bool     `json:"required"`
	Kind     string   `json:"kind"` // QuestionText, QuestionLong, QuestionChoice
	Options  []string `json:"options"`
}

// Values of Question.Kind.
const (
	QuestionText   = "text"
	QuestionLong   = "long"
	QuestionChoice = "choice"
)

// Answer is what a publisher said, with the question as it was asked.
type Answer struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// QuestionDoc is one question of an application.
type QuestionDoc struct {
	Key      string   `json:"key" required:"true" maxLength:"40" example:"channel" doc:"Names the answer; unique in the offer. Letters, digits, _ . and -."`
	Label    string   `json:"label" required:"true" maxLength:"200" example:"Where will you promote it?" doc:"The question."`
	Required bool     `json:"required" required:"false" doc:"Whether it must be answered."`
	Kind     string   `json:"kind" required:"false" enum:"text,long,choice" doc:"One line, several lines, or one of the options. Default text."`
	Options  []string `json:"options" required:"false" nullable:"false" maxItems:"50" doc:"What there is to choose from, with the kind choice; without |."`
}

// Bounds of an answer, in characters.
const (
	maxAnswer     = 500
	maxLongAnswer = 5000
)

// questions checks the questions of an application.
func (c *checker) questions(in []QuestionDoc) []Question {
	var out []Question
	seen := map[string]bool{}
	for i, q := range in {
		at := func(field string) string { return rowField("questions", i, field) }
		q.Key, q.Label = strings.TrimSpace(q.Key), strings.TrimSpace(q.Label)
		c.word(at("key"), q.Key)
		if seen[q.Key] && !c.wrong(at("key")) {
			c.bad.Add(at("key"), ruleDuplicateRow, q.Key, "There is a question with this key already.")
		}
		seen[q.Key] = true
		var options []string
		for _, o := range q.Options {
			o = strings.TrimSpace(o)
			switch {
			case o == "" || slices.Contains(options, o):
			case !printable(o) || utf8.RuneCountInString(o) > maxAnswer || strings.Contains(o, "|"):
				c.bad.Add(at("options"), ruleCharacters, strings.ToValidUTF8(o, "\uFFFD"), fmt.Sprintf("An option must be one line of at most %d characters, without |.", maxAnswer))
			default:
				options = append(options, o)
			}
		}
		switch {
		case q.Kind != QuestionChoice && len(options) > 0:
			c.bad.Add(at("options"), "options_unused", strings.Join(options, ", "), "Only a question of the kind choice has options.")
		case q.Kind == QuestionChoice && len(options) < 2 && !c.wrong(at("options")):
			c.bad.Add(at("options"), ruleRequired, "", "A choice needs at least two options.")
		}
		out = append(out, Question{q.Key, q.Label, q.Required, q.Kind, options})
	}
	return out
}

func questionDocs(in []Question) []QuestionDoc {
	out := make([]QuestionDoc, len(in))
	for i, q := range in {
		out[i] = QuestionDoc{q.Key, q.Label, q.Required, q.Kind, list(q.Options)}
	}
	return out
}
