package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
)

// Diagnoser says what is wrong with offers.
type Diagnoser interface {
	// Diagnose runs every check on an offer: catalog.ErrNotFound.
	Diagnose(ctx context.Context, p account.Principal, workspace, offer string) (*diagnosis.Report, error)
	// Summary gives the worst of several offers, by id; unknown ones are left out.
	Summary(ctx context.Context, p account.Principal, workspace string, offers []string) (map[string]diagnosis.Mark, error)
	// CheckLanding visits an offer's landing page: catalog.ErrNotFound, diagnosis.ErrBusy.
	CheckLanding(ctx context.Context, p account.Principal, workspace, offer string) (*diagnosis.Landing, error)
	// Forget drops what Summary remembers of an offer.
	Forget(workspace, offer string)
}

// Diagnosis is what is wrong with an offer.
type Diagnosis struct {
	Offer       string            `json:"offer" doc:"The offer."`
	At          time.Time         `json:"at" doc:"When it was looked at."`
	Worst       string            `json:"worst" enum:"bad,warn,info," doc:"The worst severity; empty: nothing was found."`
	Findings    []Finding         `json:"findings" nullable:"false" doc:"What was found, worst first."`
	Passed      []DiagnosisPassed `json:"passed" nullable:"false" doc:"The checks that found nothing."`
	Signals     int               `json:"signals_looked_at" doc:"The last ones of 30 days, at most 200 of the offer and as many that named no offer."`
	Conversions int               `json:"conversions_looked_at" doc:"The last ones of 30 days, at most 200."`
	Landing     *Landing          `json:"landing" doc:"The last visit to the landing page; null: none was asked for."`
	Unknown     string            `json:"unknown" doc:"What could not be looked at; empty: everything was."`
}

// DiagnosisPassed is a check that found nothing.
type DiagnosisPassed struct {
	Code  string `json:"code" doc:"Stable code of the check."`
	Means string `json:"means" doc:"What it looks for."`
}

// Finding is a check that found something.
type Finding struct {
	Code        string       `json:"code" example:"payout_missing" doc:"Stable code of the check."`
	Title       string       `json:"title" doc:"The same in few words."`
	Severity    string       `json:"severity" enum:"bad,warn,info" doc:"How bad it is."`
	Sentence    string       `json:"sentence" doc:"What was found."`
	Count       int          `json:"count" doc:"How many signals, conversions or clicks it is about, of those looked at."`
	Signals     []Evidence   `json:"signals" nullable:"false" doc:"Evidence: the last such signals, at most 5."`
	Conversions []Conversion `json:"conversions" nullable:"false" doc:"Evidence: the last such conversions, at most 5."`
	Fix         Fix          `json:"fix" doc:"What to do about it."`
}

// Evidence is one signal of a finding.
type Evidence struct {
	Signal     string    `json:"signal" doc:"Its id."`
	At         time.Time `json:"at" doc:"When it arrived."`
	Kind       string    `json:"kind" doc:"postback, pixel, script or upload."`
	Verdict    string    `json:"verdict" doc:"Stable code of what became of it."`
	Detail     string    `json:"detail" doc:"What that means here."`
	Param      string    `json:"param" example:"payout={payout}" doc:"The parameter that matters as it came, secrets masked; empty: it did not come."`
	Query      string    `json:"query" doc:"The whole query as it came, secrets masked, cut after 400 bytes."`
	Conversion string    `json:"conversion" doc:"The conversion it made or changed."`
}

// Fix is what to do about a finding.
type Fix struct {
	Sentence string       `json:"sentence" doc:"What to do."`
	Place    string       `json:"place" enum:"offer,tracking,advertiser,rates,signals,conversions,landing," doc:"Where to do it."`
	Reprice  *RepriceHint `json:"reprice" doc:"What to send to the offer's reprice operation once it is done; null: nothing needs repricing."`
	Replay   bool         `json:"replay" doc:"Whether the signals can be judged again once it is done."`
}

// RepriceHint is a selection of conversions to reprice.
type RepriceHint struct {
	Warned bool     `json:"warned" doc:"Only those recorded with a warning."`
	IDs    []string `json:"ids,omitempty" nullable:"false" doc:"Only these."`
}

// Landing is a visit of the server to an offer's landing page.
type Landing struct {
	At      time.Time `json:"at" doc:"When."`
	Current bool      `json:"current" doc:"Whether the offer's URL is still the one that was visited."`
	Host    string    `json:"host" doc:"The host that answered last."`
	Status  int64     `json:"status" doc:"HTTP status; 0: no answer."`
	Hops    int64     `json:"redirects" doc:"Redirects that were followed, at most 5."`
	Millis  int64     `json:"milliseconds" doc:"How long it took."`
	Failure string    `json:"failure" doc:"Why there was no answer; empty: there was."`
}

// OfferMark is the worst of one offer.
type OfferMark struct {
	Offer    string    `json:"offer" doc:"The offer."`
	Severity string    `json:"severity" enum:"bad,warn,info," doc:"The worst severity; empty: nothing was found."`
	Findings int       `json:"findings" doc:"How many checks found something."`
	Code     string    `json:"code" doc:"Stable code of the worst finding."`
	Title    string    `json:"title" doc:"The same in few words."`
	At       time.Time `json:"at" doc:"When it was looked at: at most a minute ago."`
}

func landingView(l *diagnosis.Landing, o *catalog.Offer) *Landing {
	if l == nil {
		return nil
	}
	return &Landing{timeOf(l.At), o != nil && l.URL == o.URL, l.Host, l.Status, l.Hops, l.Millis, l.Failure}
}

func diagnosisView(r *diagnosis.Report, o *catalog.Offer) Diagnosis {
	out := Diagnosis{Offer: r.Offer, At: timeOf(r.At), Worst: string(r.Worst()), Findings: []Finding{}, Passed: []DiagnosisPassed{},
		Signals: r.Signals, Conversions: r.Conversions, Landing: landingView(r.Landing, o), Unknown: r.Unknown}
	for _, f := range r.Findings {
		v := Finding{Code: f.Code, Title: f.Title, Severity: string(f.Severity), Sentence: f.Sentence, Count: f.Count, Signals: []Evidence{}, Conversions: []Conversion{},
			Fix: Fix{Sentence: f.Fix.Sentence, Place: string(f.Fix.Place), Replay: f.Fix.Replay}}
		for _, e := range f.Signals {
			v.Signals = append(v.Signals, Evidence{e.Signal, timeOf(e.At), e.Kind, string(e.Verdict), e.Detail, e.Param, e.Query, e.Conversion})
		}
		for _, c := range f.Conversions {
			v.Conversions = append(v.Conversions, conversionView(c))
		}
		if q := f.Fix.Reprice; q != nil {
			v.Fix.Reprice = &RepriceHint{q.Warned, q.IDs}
		}
		out.Findings = append(out.Findings, v)
	}
	for _, c := range r.Passed {
		out.Passed = append(out.Passed, DiagnosisPassed{c.Code, c.Means})
	}
	return out
}

type marksInput struct {
	Scope
	Paging
	IDs string `query:"ids" maxLength:"6500" doc:"Only these offers, at most 100, with commas between them. Without: all in use, page by page."`
}

type (
	diagnosisOutput struct{ Body Diagnosis }
	landingOutput   struct{ Body Landing }
)

func (s *server) registerDiagnosis() {
	var codes strings.Builder
	for _, c := range diagnosis.Checks() {
		fmt.Fprintf(&codes, "- `%s` (%s at worst): %s\n", c.Code, c.Severity, c.Means)
	}
	add(s, route{method: http.MethodGet, path: "/offers/diagnosis", id: "diagnose-offers", tag: "offers", summary: "Which offers have something wrong",
		text: "The worst finding of each offer. It looks less deep than the diagnosis of one offer, and may be a minute old."}, s.offerMarks)
	add(s, route{method: http.MethodGet, path: "/offers/{id}/diagnosis", id: "diagnose-offer", tag: "offers", summary: "What is wrong with an offer",
		text: "Answers why revenue is 0.00 and what else goes wrong, with the evidence and the fix. The checks:\n\n" + codes.String()}, s.diagnose)
	add(s, route{method: http.MethodPost, path: "/offers/{id}/landing-check", id: "check-landing", tag: "offers", summary: "Visit the landing page",
		text: "Fetches the offer URL with sample values and without a click id. The destination can count it as a visit. It follows at most 5 redirects for 10 seconds, goes to no private address, and visits an offer's page at most every 10 seconds."}, s.checkLanding)
}

func (s *server) diagnose(ctx context.Context, in *One) (*diagnosisOutput, error) {
	ws, o, err := s.diagnosable(ctx, in)
	if err != nil {
		return nil, err
	}
	r, err := s.Diagnosis.Diagnose(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &diagnosisOutput{diagnosisView(r, o)}, nil
}

// diagnosable finds the offer of a request about its diagnosis.
func (s *server) diagnosable(ctx context.Context, in *One) (ws string, o *catalog.Offer, err error) {
	ws, err = s.workspace(ctx, in.Scope)
	if err != nil {
		return "", nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, in.ID)
	if err != nil {
		return "", nil, err
	}
	if s.Diagnosis == nil {
		return "", nil, errAbsent
	}
	return ws, e.(*catalog.Offer), nil
}

func (s *server) checkLanding(ctx context.Context, in *One) (*landingOutput, error) {
	ws, o, err := s.diagnosable(ctx, in)
	if err != nil {
		return nil, err
	}
	l, err := s.Diagnosis.CheckLanding(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &landingOutput{*landingView(l, o)}, nil
}

// offerMarks lists the offers in use with their marks, or those that are named.
func (s *server) offerMarks(ctx context.Context, in *marksInput) (*pageOutput[OfferMark], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	if s.Diagnosis == nil {
		return nil, errAbsent
	}
	var ids []string
	for id := range strings.SplitSeq(in.IDs, ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	limit := min(in.Limit, diagnosis.MaxSummary)
	if len(ids) > diagnosis.MaxSummary {
		bad := &catalog.Invalid{}
		bad.Add("ids", "too_many", "", fmt.Sprintf("Name at most %d offers.", diagnosis.MaxSummary))
		return nil, bad
	}
	q := catalog.Query{Kind: catalog.KindOffer, Workspace: ws, IDs: ids, After: in.Cursor, Limit: limit + 1}
	if len(ids) > 0 {
		q.Archived = "all"
	}
	es, err := s.Catalog.List(ctx, caller(ctx), q)
	if err != nil {
		return nil, err
	}
	named := make([]string, 0, len(es))
	for _, e := range es[:min(len(es), limit)] {
		named = append(named, e.Base().ID)
	}
	marks, err := s.Diagnosis.Summary(ctx, caller(ctx), ws, named)
	if err != nil {
		return nil, err
	}
	return cut(es, limit, func(e catalog.Entity) string { return e.Base().ID }, func(e catalog.Entity) OfferMark {
		m := marks[e.Base().ID]
		return OfferMark{e.Base().ID, string(m.Severity), m.Findings, m.Code, m.Title, timeOf(m.At)}
	}), nil
}
