package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/event"
)

// ApplicationDoc is what a publisher sends to run an offer.
type ApplicationDoc struct {
	Terms   int64       `json:"terms" required:"false" doc:"Number of the version of the terms that is accepted: the one in force. 0 where the offer has none."`
	Answers []AnswerDoc `json:"answers" required:"false" nullable:"false" maxItems:"20" doc:"Answers to the offer's questions."`
}

// AnswerDoc answers one question.
type AnswerDoc struct {
	Key   string `json:"key" required:"true" maxLength:"40" doc:"The question's key."`
	Value string `json:"value" required:"false" maxLength:"5000" doc:"The answer; of a choice, one of its options."`
}

// answerField names an answer in refusals.
func answerField(key string) string { return "answers." + key }

// Apply asks for an offer, or accepts an invitation. A public offer and an invitation are
// granted at once, with a link. What is wrong is [*Invalid]: the field offer with why
// nobody may apply now (see the Rule constants), terms with [RuleTermsRequired] or
// [RuleTermsChanged], and answers.KEY with what is wrong with an answer.
func (s *Service) Apply(ctx context.Context, a Applicant, offer string, doc *ApplicationDoc) (*Offered, error) {
	return s.agree(ctx, a, offer, "apply", func(d *dossier, e *Enrollment, bad *Invalid) {
		now := s.now().UnixMicro()
		code, sentence, _ := d.refusal(now)
		if code != "" {
			bad.Add("offer", code, offer, sentence)
			return
		}
		number := d.accept(doc.Terms, now, bad)
		answers := d.answers(doc.Answers, bad)
		e.Status, e.Reason, e.Applied, e.Answers = Applied, "", now, answers
		if d.status() == Invited || d.offer.Visibility == VisibilityPublic {
			e.Status, e.Decided = Approved, now
		}
		e.accepted(number, now, a)
	})
}

// AcceptTerms accepts the version in force, or the announced one, for a publisher who has
// something to do with the offer already. It changes no money: terms apply from their date.
func (s *Service) AcceptTerms(ctx context.Context, a Applicant, offer string, number int64) (*Offered, error) {
	return s.agree(ctx, a, offer, "accept_terms", func(d *dossier, e *Enrollment, bad *Invalid) {
		now := s.now().UnixMicro()
		if !slices.Contains([]string{Applied, Approved, Paused}, d.status()) {
			bad.Add("offer", "enrollment_missing", offer, "You do not run this offer.")
			return
		}
		if next := NextTerms(d.terms, now); next == nil || next.Number != number {
			number = d.accept(number, now, bad)
		}
		e.accepted(number, now, a)
	})
}

// Withdraw takes back an application, or declines an invitation.
func (s *Service) Withdraw(ctx context.Context, a Applicant, offer string) (*Offered, error) {
	return s.agree(ctx, a, offer, "withdraw", func(d *dossier, e *Enrollment, bad *Invalid) {
		if st := d.status(); st != Applied && st != Invited {
			bad.Add("offer", "transition", offer, "There is no application or invitation to withdraw.")
			return
		}
		e.Status = Withdrawn
	})
}

// accepted notes who accepted which version, when, and from where.
func (e *Enrollment) accepted(number, now int64, a Applicant) {
	if number == 0 {
		return
	}
	e.Terms, e.Accepted, e.AcceptedBy, e.AcceptedFrom = number, now, a.Actor, a.Address
}

// agree changes the publisher's enrollment to an offer, making it where there is none,
// and with it the first link where that is due. It meets other writers by starting over,
// so an application sent twice is refused the second time.
func (s *Service) agree(ctx context.Context, a Applicant, offer, action string, change func(d *dossier, e *Enrollment, bad *Invalid)) (*Offered, error) {
	for try := 1; ; try++ {
		d, err := s.dossier(ctx, a, offer)
		if err != nil {
			return nil, err
		}
		now := s.now()
		e, from := &Enrollment{Meta: Meta{ID: event.NewID(idPrefix[KindEnrollment], now), Workspace: a.Workspace, Created: now.UnixMicro()}, Offer: offer, Publisher: a.Publisher}, ""
		if d.enrollment != nil {
			was := *d.enrollment
			e, from = &was, was.Status
		}
		bad := &Invalid{}
		change(d, e, bad)
		err = bad.Err()
		if err != nil {
			if failed := s.keepRefused(ctx, a, d, e, action, bad); failed != nil {
				err = failed
			}
			return nil, err
		}
		e.Archived, e.Updated = false, now.UnixMicro()
		err = s.putEnrollment(ctx, account.Principal{ID: a.Actor}, d.enrollment, e, action, d.offer.Currency)
		if (errors.Is(err, ErrVersion) || isTaken(err)) && try < updateTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.agreed(ctx, e, from)
		d.enrollment = e
		if !d.visible() {
			return d.offered(now.UnixMicro()), nil // a private offer that was declined
		}
		return s.OfferedOne(ctx, a, offer)
	}
}

// keepRefused keeps the first try of a publisher to run its own offer, for staff to see. It
// was decided by nobody: who mends its addresses may apply again at once.
func (s *Service) keepRefused(ctx context.Context, a Applicant, d *dossier, e *Enrollment, action string, bad *Invalid) error {
	if d.enrollment != nil || len(bad.Fields) != 1 || bad.Fields[0].Rule != RuleSelfReferral {
		return nil
	}
	e.Status, e.Reason, e.Applied, e.Updated = Rejected, bad.Fields[0].Msg, e.Created, e.Created
	err := s.putEnrollment(ctx, account.Principal{ID: a.Actor}, nil, e, action, d.offer.Currency)
	if isTaken(err) {
		return nil // by the same try, sent twice
	}
	return err
}

// isTaken: somebody else made the same enrollment, or a link with the same key, meanwhile.
func isTaken(err error) bool {
	var bad *Invalid
	return errors.As(err, &bad) && len(bad.Fields) == 1 && bad.Fields[0].Rule == ruleTaken
}

// putEnrollment writes an enrollment, old being what it was (nil: it is new). One that
// becomes approved gets a link in the same transaction unless the publisher has one.
func (s *Service) putEnrollment(ctx context.Context, p account.Principal, old, e *Enrollment, action, currency string) error {
	var before Entity
	if old != nil {
		before = old
	}
	a := s.audit(p, action, before, e, currency)
	a.Reason = e.Reason
	es, as := []Entity{e}, []Audit{a}
	if e.Status == Approved && (old == nil || old.Status != Approved) {
		l, err := s.firstLink(ctx, e)
		if err != nil {
			return err
		}
		if l != nil {
			// The link last, so that its revision, which is waited for, has both.
			es, as = append(es, l), append(as, s.audit(p, "create", nil, l, currency))
		}
	}
	err := s.store.Put(ctx, es, as)
	if err != nil {
		return err
	}
	s.changed(ctx, es[len(es)-1].Base().Revision)
	return nil
}

// firstLink is the link to make at approval, nil when the publisher has one.
func (s *Service) firstLink(ctx context.Context, e *Enrollment) (*Link, error) {
	es, err := s.store.List(ctx, Query{Kind: KindLink, Workspace: e.Workspace, Filter: map[string]string{"offer": e.Offer, "publisher": e.Publisher}, Limit: 1})
	if err != nil || len(es) > 0 {
		return nil, err
	}
	now := s.now()
	return &Link{
		Meta: Meta{ID: event.NewID(idPrefix[KindLink], now), Workspace: e.Workspace, Created: now.UnixMicro(), Updated: now.UnixMicro()},
		Key:  newLinkKey(), Offer: e.Offer, Publisher: e.Publisher, Status: StatusActive,
	}, nil
}

// accept checks the number of the terms that are accepted: the version in force.
func (d *dossier) accept(number, now int64, bad *Invalid) int64 {
	t := TermsAt(d.terms, now)
	said := strconv.FormatInt(number, 10)
	switch {
	case t == nil && number == 0, t != nil && number == t.Number:
	case number == 0:
		bad.Add("terms", RuleTermsRequired, said, fmt.Sprintf("Accept version %d of the terms to apply.", t.Number))
	case t == nil:
		bad.Add("terms", RuleTermsChanged, said, "This offer has no terms in force; leave them out.")
	default:
		bad.Add("terms", RuleTermsChanged, said, fmt.Sprintf("Version %d of the terms is in force now; read and accept that one.", t.Number))
	}
	return number
}

// answers checks the answers against the questions, and keeps each with its question.
func (d *dossier) answers(in []AnswerDoc, bad *Invalid) []Answer {
	said := map[string]string{}
	for _, a := range in {
		switch _, twice := said[a.Key]; {
		case twice:
			bad.Add(answerField(a.Key), ruleDuplicate, a.Value, "This question is answered twice.")
		case !slices.ContainsFunc(d.offer.Questions, func(q Question) bool { return q.Key == a.Key }):
			bad.Add(answerField(a.Key), "unknown_question", a.Value, "The offer does not ask this.")
		}
		said[a.Key] = strings.TrimSpace(strings.ReplaceAll(a.Value, "\r\n", "\n"))
	}
	var out []Answer
	for _, q := range d.offer.Questions {
		v := said[q.Key]
		q.check(v, bad)
		out = append(out, Answer{q.Key, q.Label, v})
	}
	return out
}

// check refuses an answer that the question does not take.
func (q Question) check(v string, bad *Invalid) {
	most := maxAnswer
	if q.Kind == QuestionLong {
		most = maxLongAnswer
	}
	field := answerField(q.Key)
	switch {
	case v == "" && q.Required:
		bad.Add(field, ruleRequired, v, "This question needs an answer.")
	case v == "":
	case !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || q.Kind != QuestionLong) }):
		bad.Add(field, ruleCharacters, strings.ToValidUTF8(v, "\uFFFD"), "Must not contain control characters.")
	case utf8.RuneCountInString(v) > most:
		bad.Add(field, ruleTooLong, v, fmt.Sprintf("Must be at most %d characters long.", most))
	case q.Kind == QuestionChoice && !slices.Contains(q.Options, v):
		bad.Add(field, ruleNotOneOf, v, "Must be one of "+strings.Join(q.Options, ", ")+".")
	}
}

// OwnLinks are the publisher's links to an offer ("" = to all), newest first.
func (s *Service) OwnLinks(ctx context.Context, a Applicant, offer string) ([]*Link, error) {
	q := Query{Kind: KindLink, Workspace: a.Workspace, Filter: map[string]string{"publisher": a.Publisher}}
	if offer != "" {
		q.Filter["offer"] = offer
	}
	if a.Publisher == "" {
		return nil, ErrNotFound // an empty filter value would mean links of the house
	}
	es, err := s.all(ctx, q)
	return entitiesOf[*Link](es), err
}

// MakeLink makes another link of the publisher to an offer it runs. Only an approved
// enrollment and an active offer hand out links. The same under a repeated idem.Key ("" =
// none) gives what was made first.
func (s *Service) MakeLink(ctx context.Context, a Applicant, doc *LinkDoc, idem Idempotency) (*Link, error) {
	d, err := s.dossier(ctx, a, doc.Offer)
	if err != nil {
		return nil, err
	}
	bad := &Invalid{}
	switch {
	case d.status() != Approved:
		bad.Add("offer", "enrollment_missing", doc.Offer, "You may not run this offer: apply first.")
	case d.publisher.Archived || d.publisher.Status != StatusActive:
		bad.Add("offer", RulePublisherInactive, doc.Offer, "Your account is not active.")
	case d.offer.Status != StatusActive:
		bad.Add("offer", RuleOfferInactive, doc.Offer, "This offer is not running at the moment.")
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	own := *doc
	own.Workspace, own.Publisher = a.Workspace, a.Publisher
	idem.Workspace = a.Workspace
	for try := 1; ; try++ {
		e, err := s.checker(ctx, a.Workspace, nil).build(&own, idem.Key == "")
		if err != nil {
			return nil, err
		}
		_, err = s.store.Insert(ctx, e, idem, s.audit(account.Principal{ID: a.Actor}, "create", nil, e, ""))
		if drawnTwice(e, err) && try < insertTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.changed(ctx, e.Base().Revision)
		return e.(*Link), nil
	}
}

// ChangeLink writes name, state, source and sub ids of one of the publisher's links.
// version is the one that was read, 0 takes the current.
func (s *Service) ChangeLink(ctx context.Context, a Applicant, id string, version int64, doc *LinkDoc) (*Link, error) {
	e, err := s.change(ctx, KindLink, a.Workspace, id, version, func(old Entity) (Entity, Audit, error) {
		l := old.(*Link)
		if a.Publisher == "" || l.Publisher != a.Publisher || l.Archived {
			return nil, Audit{}, ErrNotFound
		}
		own := *doc
		own.Workspace, own.Offer, own.Publisher = a.Workspace, l.Offer, l.Publisher
		e, err := s.checker(ctx, a.Workspace, old).build(&own, true)
		if err != nil {
			return nil, Audit{}, err
		}
		return e, s.audit(account.Principal{ID: a.Actor}, "update", old, e, ""), nil
	})
	if err != nil {
		return nil, err
	}
	return e.(*Link), nil
}
