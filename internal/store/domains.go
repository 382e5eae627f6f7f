package store

import (
	"context"
	"fmt"

	"clickledger/internal/domains"
	"clickledger/internal/store/q"
)

// domainStore implements domains.Store.
type domainStore struct{ db *DB }

// Domains is the storage of what the checks of tracking domains found.
func (db *DB) Domains() domains.Store { return domainStore{db} }

func domainCheck(r q.DomainCheck) *domains.Check {
	return &domains.Check{Workspace: r.Workspace, Domain: r.Domain, At: r.At, Code: r.Code, Detail: r.Detail, Fails: r.Fails, Next: r.Next,
		CertUntil: r.CertUntil, CertError: r.CertError}
}

// Put keeps a check; see domains.Store.
func (x domainStore) Put(ctx context.Context, c *domains.Check) error {
	return x.db.write(ctx, "domains.put", func(ctx context.Context, s *session) error {
		err := q.New(s).PutDomainCheck(ctx, q.PutDomainCheckParams{Workspace: c.Workspace, Domain: c.Domain, At: c.At, Code: c.Code,
			Detail: cleanText(c.Detail), Fails: c.Fails, Next: c.Next, CertUntil: c.CertUntil, CertError: cleanText(c.CertError)})
		if err != nil {
			return fmt.Errorf("store: put domain check: %w", err)
		}
		return nil
	})
}

// Check returns the last one; see domains.Store.
func (x domainStore) Check(ctx context.Context, workspace, domain string) (*domains.Check, error) {
	r, err := q.New(x.db.engine.reads()).GetDomainCheck(ctx, q.GetDomainCheckParams{Workspace: workspace, Domain: domain})
	return one(r, err, domainCheck, "domain check")
}

// Checks returns them all; see domains.Store.
func (x domainStore) Checks(ctx context.Context) ([]domains.Check, error) {
	rows, err := q.New(x.db.engine.reads()).ListDomainChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: list domain checks: %w", err)
	}
	out := make([]domains.Check, len(rows))
	for i, r := range rows {
		out[i] = *domainCheck(r)
	}
	return out, nil
}

// Claim takes a check that is due; see domains.Store.
func (x domainStore) Claim(ctx context.Context, workspace, domain string, now, until int64) (bool, error) {
	var n int64
	err := x.db.write(ctx, "domains.claim", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		err := qs.BeginDomainCheck(ctx, q.BeginDomainCheckParams{Workspace: workspace, Domain: domain})
		if err != nil {
			return fmt.Errorf("store: begin domain check: %w", err)
		}
		n, err = qs.ClaimDomainCheck(ctx, q.ClaimDomainCheckParams{Workspace: workspace, Domain: domain, Until: until, Now: now})
		if err != nil {
			return fmt.Errorf("store: claim domain check: %w", err)
		}
		return nil
	})
	return n > 0 && err == nil, err
}
