package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/store/q"
)

// testConversionOf reads a test conversion. Its version is the row's.
func testConversionOf(r q.TestConversion) (*conversion.Conversion, error) {
	c := new(conversion.Conversion)
	err := json.Unmarshal(r.Doc, c)
	if err != nil {
		return nil, fmt.Errorf("test conversion %s: %w", r.ID, err)
	}
	c.Version = r.Version
	return c, nil
}

func testConversionsOf(rows []q.TestConversion) ([]*conversion.Conversion, error) {
	out := make([]*conversion.Conversion, len(rows))
	for i, r := range rows {
		c, err := testConversionOf(r)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// TestByDedup finds a test conversion of a run by its key.
func (t *booksTx) TestByDedup(ctx context.Context, workspace, run, key string) (*conversion.Conversion, error) {
	r, err := t.q.TestConversionByDedup(ctx, q.TestConversionByDedupParams{Workspace: workspace, Run: run, DedupKey: key})
	if err != nil {
		return nil, t.wrap("test conversion by key", found(err))
	}
	return testConversionOf(r)
}

// TestsByClick returns the test conversions of one click.
func (t *booksTx) TestsByClick(ctx context.Context, workspace string, click event.ClickID) ([]*conversion.Conversion, error) {
	rows, err := t.q.TestConversionsByClick(ctx, q.TestConversionsByClickParams{Workspace: workspace, Click: click.String()})
	if err != nil {
		return nil, t.wrap("test conversions of a click", err)
	}
	return testConversionsOf(rows)
}

// GetTest returns a test conversion of the workspace.
func (t *booksTx) GetTest(ctx context.Context, workspace, id string) (*conversion.Conversion, error) {
	r, err := t.q.TestConversion(ctx, q.TestConversionParams{Workspace: workspace, ID: id})
	if err != nil {
		return nil, t.wrap("get test conversion", found(err))
	}
	return testConversionOf(r)
}

// InsertTest adds a test conversion, as version 1.
func (t *booksTx) InsertTest(ctx context.Context, run string, c *conversion.Conversion) error {
	c.Version = 1
	doc, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("store: test conversion %s: %w", c.ID, err)
	}
	n, err := t.q.InsertTestConversion(ctx, q.InsertTestConversionParams{
		ID: c.ID, Workspace: c.Workspace, Run: run, DedupKey: c.DedupKey, Click: c.Click.String(), Version: 1, Doc: doc,
	})
	if err != nil {
		return t.wrap("insert test conversion", err)
	}
	if n == 0 {
		return conversion.ErrTaken
	}
	return nil
}

// UpdateTest writes a test conversion by its version.
func (t *booksTx) UpdateTest(ctx context.Context, run string, c *conversion.Conversion) error {
	// Asked beforehand: on PostgreSQL a violated key would end the transaction.
	other, err := t.TestByDedup(ctx, c.Workspace, run, c.DedupKey)
	if err == nil && other.ID != c.ID {
		return conversion.ErrTaken
	}
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	doc, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("store: test conversion %s: %w", c.ID, err)
	}
	n, err := t.q.UpdateTestConversion(ctx, q.UpdateTestConversionParams{DedupKey: c.DedupKey, Doc: doc, Workspace: c.Workspace, ID: c.ID, Version: c.Version})
	if err != nil {
		return t.wrap("update test conversion", err)
	}
	if n == 0 {
		return catalog.ErrVersion
	}
	c.Version++
	return nil
}

// TestConversions returns those of a run, oldest first; see conversion.TestReader.
func (b booksStore) TestConversions(ctx context.Context, workspace, run string, limit int) ([]*conversion.Conversion, error) {
	rows, err := q.New(b.db.engine.reads()).TestConversionsOf(ctx, q.TestConversionsOfParams{Workspace: workspace, Run: run, Most: batchSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: test conversions: %w", err)
	}
	return testConversionsOf(rows)
}
