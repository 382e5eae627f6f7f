package api

import (
	"context"
	"net/http"

	"clickledger/internal/catalog"
)

// DecisionDoc decides enrollments.
type DecisionDoc struct {
	IDs    []string `json:"ids" required:"true" nullable:"false" minItems:"1" maxItems:"500" doc:"The enrollments."`
	Action string   `json:"action" required:"true" enum:"approve,reject,pause,resume,revoke" doc:"approve is for those applied, invited, rejected, revoked or withdrawn; reject for those applied; pause for those approved; resume for those paused; revoke for those approved, paused or invited."`
	Reason string   `json:"reason" required:"false" maxLength:"500" doc:"Why; the publisher reads it. Needed to reject, pause and revoke."`
}

// OfferInviteDoc invites publishers to an offer.
type OfferInviteDoc struct {
	Publishers []string `json:"publishers" required:"true" nullable:"false" minItems:"1" maxItems:"500" doc:"Whom to invite."`
}

// Decided is what became of one of several.
type Decided struct {
	ID         string         `json:"id" doc:"What was named: the enrollment, or the publisher."`
	Enrollment *Enrollment    `json:"enrollment,omitempty" doc:"As it is now; absent where it could not be done."`
	Code       string         `json:"code,omitempty" doc:"Stable code of why it could not be done; absent when it was."`
	Errors     []FieldProblem `json:"errors,omitempty" nullable:"false" doc:"What refuses it."`
}

type decideEnrollmentsInput struct {
	Scope
	Body body[DecisionDoc]
}

type offerInviteInput struct {
	One
	Body body[OfferInviteDoc]
}

type decidedOutput struct {
	Body struct {
		Data    []Decided `json:"data" nullable:"false" doc:"What became of each, in their order."`
		Done    int       `json:"done" doc:"For how many it was done."`
		Refused int       `json:"refused" doc:"For how many it could not be."`
	}
}

// registerAgreements adds how staff decides who may run an offer. Applications are the
// enrollments with the status applied.
func (s *server) registerAgreements() {
	add(s, route{method: http.MethodPost, path: "/enrollments/decide", id: "decide-enrollments", tag: "enrollments", summary: "Approve, reject, pause, resume or revoke enrollments",
		text: "Applications are the enrollments with the status applied. Each is decided by itself, and what one refuses does not hold up the others. An approval makes a link for the publisher unless it has one."}, s.decideEnrollments)
	add(s, route{method: http.MethodPost, path: "/offers/{id}/invite", id: "invite-publishers", tag: "offers", summary: "Invite publishers to an offer",
		text: "An invited publisher sees the offer, also a private one, and gets a link as soon as it accepts."}, s.invite)
}

func (s *server) decideEnrollments(ctx context.Context, in *decideEnrollmentsInput) (*decidedOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d DecisionDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	done, err := s.Catalog.Decide(ctx, caller(ctx), ws, catalog.Decision{IDs: d.IDs, Action: d.Action, Reason: d.Reason})
	if err != nil {
		return nil, err
	}
	return s.decided(ctx, ws, done)
}

func (s *server) invite(ctx context.Context, in *offerInviteInput) (*decidedOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	// Whose offer it is comes first: a foreign one answers as an unknown one to any body.
	_, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, in.ID)
	if err != nil {
		return nil, err
	}
	var d OfferInviteDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	done, err := s.Catalog.Invite(ctx, caller(ctx), ws, in.ID, d.Publishers)
	if err != nil {
		return nil, err
	}
	return s.decided(ctx, ws, done)
}

// decided is the answer with what became of each.
func (s *server) decided(ctx context.Context, ws string, done []catalog.Decided) (*decidedOutput, error) {
	var es []catalog.Entity
	for _, d := range done {
		if d.Enrollment != nil {
			es = append(es, d.Enrollment)
		}
	}
	x, err := s.extras(ctx, ws, es)
	if err != nil {
		return nil, err
	}
	out := &decidedOutput{}
	out.Body.Data = make([]Decided, 0, len(done))
	for _, d := range done {
		row := Decided{ID: d.ID}
		if d.Err != nil {
			p := s.problem(ctx, d.Err)
			row.Code, row.Errors = p.Code, p.Errors
			out.Body.Refused++
		} else {
			v := s.enrollmentView(d.Enrollment, x)
			row.Enrollment = &v
			out.Body.Done++
		}
		out.Body.Data = append(out.Body.Data, row)
	}
	return out, nil
}
