package api

import (
	"context"
	"net/http"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/domains"
)

// DomainChecker checks tracking domains; [domains.Service] is it.
type DomainChecker interface {
	// Check checks a domain now: catalog.ErrNotFound for one the principal may not write.
	Check(ctx context.Context, p account.Principal, workspace, id string) (*catalog.Domain, *domains.Check, error)
	// Checks has the last checks of a workspace's domains, by domain.
	Checks(ctx context.Context, p account.Principal, workspace string) (map[string]domains.Check, error)
	// Records are the DNS records that lead a host here.
	Records(ctx context.Context, host string) ([]domains.Record, string)
}

// DNSRecord is a record to make at the domain's DNS provider.
type DNSRecord struct {
	Type  string `json:"type" enum:"CNAME,A,AAAA" doc:"Of which kind."`
	Name  string `json:"name" example:"go.example.com" doc:"For which name."`
	Value string `json:"value" example:"clicks.example.net" doc:"Where it leads."`
}

type recordsOutput struct {
	Body struct {
		Data []DNSRecord `json:"data" nullable:"false" doc:"The records: one CNAME, or the addresses."`
		Note string      `json:"note" doc:"What is to be known besides; empty: nothing."`
	}
}

func (s *server) registerDomains() {
	add(s, route{method: http.MethodGet, path: "/domains/{id}/dns", id: "get-domain-dns", tag: "domains", summary: "Read which DNS records a domain needs"}, s.domainRecords)
	add(s, route{method: http.MethodPost, path: "/domains/{id}/check", id: "check-domain", tag: "domains", summary: "Check now whether a domain leads here",
		text: "The name is looked up, and then asked over HTTP for a proof that only this installation can give. What was found is in the answer. It is also checked by itself: a minute after it was made or failed, and every six hours when it is well."}, s.checkDomain)
}

// domainOf reads a domain of the request's workspace.
func (s *server) domainOf(ctx context.Context, in One) (*catalog.Domain, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindDomain, ws, in.ID)
	if err != nil {
		return nil, err
	}
	if s.Domains == nil {
		return nil, errAbsent
	}
	return e.(*catalog.Domain), nil
}

func (s *server) domainRecords(ctx context.Context, in *One) (*recordsOutput, error) {
	d, err := s.domainOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	out := &recordsOutput{}
	out.Body.Data = []DNSRecord{}
	records, note := s.Domains.Records(ctx, d.Host)
	for _, r := range records {
		out.Body.Data = append(out.Body.Data, DNSRecord(r))
	}
	out.Body.Note = note
	return out, nil
}

func (s *server) checkDomain(ctx context.Context, in *One) (*rowOutput[Domain], error) {
	d, err := s.domainOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	d, c, err := s.Domains.Check(ctx, caller(ctx), d.Workspace, d.ID)
	if err != nil {
		return nil, err
	}
	x := &extras{checks: map[string]domains.Check{d.ID: *c}}
	return &rowOutput[Domain]{Status: http.StatusOK, ETag: etag(d.Version), Body: s.domainView(d, x)}, nil
}
