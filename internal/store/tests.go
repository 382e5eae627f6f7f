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
	"clickledger/internal/wizard"
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

// testStore implements wizard.Store.
type testStore struct{ db *DB }

// Tests is the storage of runs of tests.
func (db *DB) Tests() wizard.Store { return testStore{db} }

// runOf reads a run. Its version is the row's.
func runOf(r q.TestRun) (*wizard.Run, error) {
	out := new(wizard.Run)
	err := json.Unmarshal(r.Doc, out)
	if err != nil {
		return nil, fmt.Errorf("store: test run %s: %w", r.ID, err)
	}
	out.Version = r.Version
	return out, nil
}

func runsOf(rows []q.TestRun) ([]*wizard.Run, error) {
	out := make([]*wizard.Run, len(rows))
	for i, r := range rows {
		run, err := runOf(r)
		if err != nil {
			return nil, err
		}
		out[i] = run
	}
	return out, nil
}

// InsertRun adds a run; see wizard.Store.
func (x testStore) InsertRun(ctx context.Context, r *wizard.Run) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("store: test run %s: %w", r.ID, err)
	}
	err = x.db.write(ctx, "tests.insert", func(ctx context.Context, s *session) error {
		return q.New(s).InsertTestRun(ctx, q.InsertTestRunParams{
			ID: r.ID, Workspace: r.Workspace, Offer: r.Offer, Link: r.Link, State: string(r.State), Fingerprint: r.Fingerprint, Version: 1, Doc: doc,
		})
	})
	if err != nil {
		return fmt.Errorf("store: insert test run: %w", err)
	}
	r.Version = 1
	return nil
}

// UpdateRun writes a run by its version; see wizard.Store.
func (x testStore) UpdateRun(ctx context.Context, r *wizard.Run) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("store: test run %s: %w", r.ID, err)
	}
	var n int64
	err = x.db.write(ctx, "tests.update", func(ctx context.Context, s *session) error {
		var err error
		n, err = q.New(s).UpdateTestRun(ctx, q.UpdateTestRunParams{State: string(r.State), Doc: doc, Workspace: r.Workspace, ID: r.ID, Version: r.Version})
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("store: update test run: %w", err)
	case n == 0:
		return catalog.ErrVersion
	}
	r.Version++
	return nil
}

// Runs are the runs of an offer, newest first; see wizard.Store.
func (x testStore) Runs(ctx context.Context, workspace, offer string, limit int) ([]*wizard.Run, error) {
	rows, err := q.New(x.db.engine.reads()).TestRunsOf(ctx, q.TestRunsOfParams{Workspace: workspace, Offer: offer, Most: batchSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: test runs: %w", err)
	}
	return runsOf(rows)
}

// Running are the runs that are running; see wizard.Store.
func (x testStore) Running(ctx context.Context, limit int) ([]*wizard.Run, error) {
	rows, err := q.New(x.db.engine.reads()).RunningTests(ctx, batchSize(limit))
	if err != nil {
		return nil, fmt.Errorf("store: running tests: %w", err)
	}
	return runsOf(rows)
}

// PassedRun finds a passed run by what it tested; see wizard.Store.
func (x testStore) PassedRun(ctx context.Context, workspace, offer, fingerprint string) (string, error) {
	r, err := q.New(x.db.engine.reads()).PassedTest(ctx, q.PassedTestParams{Workspace: workspace, Offer: offer, Fingerprint: fingerprint})
	if err != nil {
		err = found(err)
		if errors.Is(err, catalog.ErrNotFound) {
			return "", err
		}
		return "", fmt.Errorf("store: passed test: %w", err)
	}
	return r.ID, nil
}
