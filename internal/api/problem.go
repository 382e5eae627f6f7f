package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/domains"
	"clickledger/internal/funds"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/portal"
	"clickledger/internal/report"

	"github.com/danielgtaylor/huma/v2"
)

// Problem is the body of every refusal (RFC 9457).
type Problem struct {
	Type      string         `json:"type" example:"about:blank" doc:"Always about:blank: the code says what it is."`
	Title     string         `json:"title" example:"Unprocessable Entity" doc:"The HTTP status in words."`
	Status    int            `json:"status" example:"422" doc:"The HTTP status."`
	Code      string         `json:"code" example:"invalid" doc:"Stable code: handle errors by this."`
	Detail    string         `json:"detail" doc:"A sentence for people."`
	RequestID string         `json:"request_id" doc:"Name it when you ask for help."`
	Errors    []FieldProblem `json:"errors,omitempty" nullable:"false" doc:"Every wrong field, where fields are what is wrong."`

	header http.Header
}

// FieldProblem is one wrong field.
type FieldProblem struct {
	Field   string `json:"field" example:"payout" doc:"Name of the field or parameter."`
	Rule    string `json:"rule" example:"amount_precision" doc:"Stable code of the rule it breaks."`
	Value   string `json:"value" doc:"What was sent, at most 80 characters of it."`
	Message string `json:"message" doc:"A sentence for people."`
}

// Error, GetStatus, GetHeaders and ContentType let huma write it.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that go with it.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// refusal is an error of this package, complete but for the request id.
type refusal struct {
	status int
	code   string
	detail string
	header http.Header
}

func (r *refusal) Error() string { return r.detail }

// Refusals of this package.
var (
	errNoBearer = &refusal{http.StatusUnauthorized, "unauthorized", "Send a valid API key as Authorization: Bearer.", http.Header{"Www-Authenticate": {`Bearer realm="clickledger"`}}}
	errReadOnly = &refusal{http.StatusForbidden, "read_only", "This API key may only read.", nil}
	errOwner    = &refusal{http.StatusForbidden, "owner_only", "Only owners of the installation may do this.", nil}
	errNotYours = &refusal{http.StatusForbidden, "other_portal", "This key is not one of those this resource is for: staff, publishers and advertisers have resources of their own.", nil}
	errWhich    = &refusal{http.StatusBadRequest, "workspace_required", "This key holds several workspaces: name one in the parameter or header workspace.", nil}
	errTwo      = &refusal{http.StatusBadRequest, "workspace_conflict", "The request names two different workspaces.", nil}
	errMedia    = &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as application/json, or in the media types this operation names.", nil}
	errAbsent   = &refusal{http.StatusServiceUnavailable, "not_available", "This server is not set up for it.", nil}
)

// answers is the one table of errors of the domain and how they are answered. An
// error that is in no row is ours: it is logged and answers 500.
var answers = []struct {
	err    error
	status int
	code   string
	detail string
}{
	{catalog.ErrNotFound, http.StatusNotFound, "not_found", "There is nothing here under this id."},
	{catalog.ErrVersion, http.StatusPreconditionFailed, "version_mismatch", "It was changed since it was read; read it again."},
	{catalog.ErrIdempotency, http.StatusConflict, "idempotency_conflict", "The Idempotency-Key was used before for another request."},
	{funds.ErrConflict, http.StatusConflict, "idempotency_conflict", "The Idempotency-Key was used before for another payment."},
	{books.ErrHeld, http.StatusConflict, "held", "The conversion is held, and approved by nobody until it is released."},
	{portal.ErrClosed, http.StatusForbidden, "account_not_open", "The account is not open; GET /portal/publisher or /portal/advertiser says in which state it is."},
	{domains.ErrBusy, http.StatusTooManyRequests, "busy", "Too many domains are being checked at the moment; try again in a few seconds."},
	{outbound.ErrFinal, http.StatusConflict, "delivery_final", "It is still tried, was sent again already, or was a test."},
	{diagnosis.ErrBusy, http.StatusTooManyRequests, "busy", "Too many landing pages are being visited at the moment; try again in a few seconds."},
	{account.ErrCredentials, http.StatusUnauthorized, "unauthorized", errNoBearer.detail},
	{context.Canceled, 499, "canceled", "The caller went away."},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout", "It took too long; try again."},
}

// problem turns an error into its answer. Errors that carry details come before the
// table.
func (s *server) problem(ctx context.Context, err error) *Problem {
	p := s.translate(err)
	p.Type, p.Title, p.RequestID = "about:blank", http.StatusText(p.Status), requestID(ctx)
	if p.Status == http.StatusInternalServerError {
		s.Logger.Error("api request failed", "request", p.RequestID, "error", err)
	}
	return p
}

func (s *server) translate(err error) *Problem {
	var (
		ready   *Problem
		own     *refusal
		invalid *catalog.Invalid
		syntax  *catalog.SyntaxError
		state   *books.StateError
		refused *conversion.Refusal
		asked   *report.Error
		wait    *account.ErrThrottled
		paying  *payout.Refusal
	)
	switch {
	case errors.As(err, &ready):
		return ready
	case errors.As(err, &own):
		return &Problem{Status: own.status, Code: own.code, Detail: own.detail, header: own.header}
	case errors.As(err, &invalid):
		p := &Problem{Status: http.StatusUnprocessableEntity, Code: "invalid", Detail: "Some of what was sent is wrong; see errors."}
		for _, f := range invalid.Fields {
			p.Errors = append(p.Errors, FieldProblem{f.Field, f.Rule, f.Value, f.Msg})
		}
		return p
	case errors.As(err, &syntax):
		return &Problem{Status: http.StatusBadRequest, Code: "malformed_json", Detail: syntax.Msg}
	case errors.As(err, &state):
		return &Problem{Status: http.StatusConflict, Code: "illegal_transition", Detail: fmt.Sprintf("A conversion that is %s cannot become %s.", state.From, state.To)}
	case errors.As(err, &refused):
		return refusedProblem(refused)
	case errors.As(err, &asked):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: "invalid", Detail: "The question cannot be answered; see errors.", Errors: []FieldProblem{{asked.Field, asked.Rule, asked.Value, asked.Msg}}}
	case errors.As(err, &paying):
		return &Problem{Status: payoutStatus(paying.Code), Code: paying.Code, Detail: paying.Msg}
	case errors.As(err, &wait):
		return &Problem{Status: http.StatusTooManyRequests, Code: "throttled", Detail: wait.Error(), header: http.Header{"Retry-After": {strconv.Itoa(int(wait.RetryAfter.Seconds()) + 1)}}}
	}
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return &Problem{Status: a.status, Code: a.code, Detail: a.detail}
		}
	}
	return &Problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "Something failed on our side; it is logged under the request id."}
}

// payoutStatus is how a refusal about payouts is answered.
func payoutStatus(code string) int {
	switch code {
	case payout.CodePerson, payout.CodeSecondPerson, payout.CodeOwner:
		return http.StatusForbidden
	}
	return http.StatusConflict
}

// codes are those of what huma refuses before a handler runs.
var codes = map[int]string{
	http.StatusBadRequest: "bad_request", http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method_not_allowed", http.StatusNotAcceptable: "not_acceptable",
	http.StatusRequestTimeout: "timeout", http.StatusRequestEntityTooLarge: "too_large", http.StatusUnprocessableEntity: "invalid",
}

// adopt is a huma transformer: it gives huma's own refusals our form.
func (s *server) adopt(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &Problem{Type: "about:blank", Status: m.Status, Title: http.StatusText(m.Status), Code: codes[m.Status], Detail: sentence(m.Detail), RequestID: requestID(ctx.Context())}
	if p.Code == "" {
		p.Code = "internal"
	}
	for _, e := range m.Errors {
		if e == nil {
			continue
		}
		_, field, found := strings.Cut(e.Location, ".")
		if !found {
			field = e.Location
		}
		value := ""
		if e.Value != nil {
			value = fmt.Sprint(e.Value)
		}
		bad := &catalog.Invalid{}
		bad.Add(field, "parameter", value, sentence(e.Message))
		f := bad.Fields[0]
		p.Errors = append(p.Errors, FieldProblem{f.Field, f.Rule, f.Value, f.Msg})
	}
	return p, nil
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}
