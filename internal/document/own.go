package document

import (
	"context"
	"io"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// Own is a document of the party that asks: another one's is as one that does not exist,
// catalog.ErrNotFound. Who of staff issued it is not told.
func (s *Service) Own(ctx context.Context, p account.Principal, id string) (*Document, error) {
	if p.Party.ID == "" || p.Party.Workspace == "" {
		return nil, catalog.ErrNotFound
	}
	d, err := s.Store.Document(ctx, p.Party.Workspace, id)
	if err != nil {
		return nil, err
	}
	if d.Party != p.Party.ID {
		return nil, catalog.ErrNotFound
	}
	d.Actor = ""
	return d, nil
}

// OwnList is a page of the documents of the party that asks, newest first.
func (s *Service) OwnList(ctx context.Context, p account.Principal, before string, limit int) ([]*Document, error) {
	if p.Party.ID == "" || p.Party.Workspace == "" {
		return nil, catalog.ErrNotFound
	}
	ds, err := s.Store.Documents(ctx, Query{Workspace: p.Party.Workspace, Party: p.Party.ID, Before: before, Limit: limit})
	for _, d := range ds {
		d.Actor = ""
	}
	return ds, err
}

// OwnDetails is [Service.Details] for the party that asks.
func (s *Service) OwnDetails(ctx context.Context, p account.Principal, id string, line int64, after string, limit int) (*Document, []Detail, error) {
	d, err := s.Own(ctx, p, id)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.details(ctx, d, line, after, limit)
	return d, rows, err
}

// OwnExporter is [Service.Exporter] for the party that asks.
func (s *Service) OwnExporter(ctx context.Context, p account.Principal, id string, line int64) (d *Document, write func(ctx context.Context, w io.Writer) error, err error) {
	d, first, err := s.OwnDetails(ctx, p, id, line, "", exportPage)
	if err != nil {
		return nil, nil, err
	}
	return d, s.exporter(d, line, first), nil
}
