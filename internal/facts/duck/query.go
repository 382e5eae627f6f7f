package duck

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"clickledger/internal/event"
	"clickledger/internal/facts"
)

// Query runs one SELECT in a report slot. Texts that were not UTF-8 come back in
// their stored form, so that a value shown can be filtered by; arguments are the
// same. A click id is 32 hex characters, "" when absent.
func (s *Store) Query(ctx context.Context, sql string, args ...any) (facts.Result, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-s.done:
		return facts.Result{}, errClosed
	case <-ctx.Done():
		return facts.Result{}, fmt.Errorf("duck: wait for a report slot: %w", ctx.Err())
	}
	if s.closed.Load() {
		return facts.Result{}, errClosed
	}
	res, err := s.query(ctx, sql, args)
	if err != nil {
		return facts.Result{}, s.fail("query", err)
	}
	return res, nil
}

// query reads through the driver's own rows: database/sql's Scan costs more per
// value than DuckDB does.
func (s *Store) query(ctx context.Context, sql string, args []any) (res facts.Result, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return res, err
	}
	defer conn.Close()
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case string:
			a = encodeText(v)
		case int:
			a = int64(v)
		case int64, nil:
		default:
			return res, fmt.Errorf("argument %d is a %T", i+1, a)
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	err = conn.Raw(func(c any) error {
		prepared, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
		if err != nil {
			return err
		}
		defer prepared.Close()
		stmt := prepared.(*duckdb.Stmt)
		kind, err := stmt.StatementType()
		if err != nil {
			return err
		}
		if kind != duckdb.STATEMENT_TYPE_SELECT {
			return errors.New("only a SELECT may be asked")
		}
		rows, err := stmt.QueryContext(ctx, named)
		if err != nil {
			return err
		}
		defer rows.Close()
		res, err = readAll(rows)
		return err
	})
	return res, err
}

func readAll(rows driver.Rows) (facts.Result, error) {
	res := facts.Result{Columns: rows.Columns()}
	width := len(res.Columns)
	uuid := make([]bool, width)
	if types, ok := rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		for i := range uuid {
			uuid[i] = types.ColumnTypeDatabaseTypeName(i) == "UUID"
		}
	}
	vals := make([]driver.Value, width)
	var cells []any
	for {
		err := rows.Next(vals)
		if errors.Is(err, io.EOF) {
			return res, nil
		}
		if err != nil {
			return res, err
		}
		if len(cells) < width {
			cells = make([]any, width*256) // rows share blocks: fewer allocations
		}
		row := cells[:width:width]
		cells = cells[width:]
		for i, v := range vals {
			if row[i], err = cell(v, uuid[i]); err != nil {
				return res, fmt.Errorf("column %s: %w", res.Columns[i], err)
			}
		}
		res.Rows = append(res.Rows, row)
	}
}

// cell brings a value to one of the kinds a Result holds.
func cell(v driver.Value, uuid bool) (any, error) {
	switch v := v.(type) {
	case nil, string, int64, float64:
		return v, nil
	case []byte:
		if !uuid {
			return string(v), nil
		}
		var id event.ClickID
		copy(id[:], v)
		return id.String(), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int8:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		if v > 1<<63-1 {
			return nil, fmt.Errorf("%d is out of range", v)
		}
		return int64(v), nil
	case float32:
		return float64(v), nil
	case *big.Int:
		if !v.IsInt64() {
			return nil, fmt.Errorf("%s is out of range", v)
		}
		return v.Int64(), nil
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	}
	return nil, fmt.Errorf("a %T cannot be shown", v)
}

// Window sizes of Visits, in log sequences: one message holds up to some thousand
// visits, and DuckDB hands over a whole result at once.
const (
	visitWindowFirst = 32
	visitWindowMax   = 1 << 16
	visitRowsWanted  = 10_000
)

// Visits calls fn for every visit row in sequence order, window by window. A visit
// from the facts has its dimensions, not its destination, user agent or address.
func (s *Store) Visits(ctx context.Context, fn func(seq uint64, v *event.Visit) error) error {
	texts := facts.TextColumns()
	names := make([]string, len(texts))
	for i, c := range texts {
		names[i] = c.Name
	}
	q := "SELECT seq, click_id, event_at, clicks, uniques, " + strings.Join(names, ", ") +
		" FROM facts WHERE seq > ? AND seq <= ? AND kind = '" + event.FactVisit + "' ORDER BY seq, rowid"
	st, err := s.State(ctx)
	if err != nil {
		return err
	}
	end, window := int64(st.Position.Seq), int64(visitWindowFirst)
	for low := int64(0); low < end; {
		high := min(low+window, end)
		res, err := s.Query(ctx, q, low, high)
		if err != nil {
			return err
		}
		for _, row := range res.Rows {
			seq, v, err := visitOf(texts, row)
			if err != nil {
				return err
			}
			if err := fn(seq, v); err != nil {
				return err
			}
		}
		low = high
		switch {
		case len(res.Rows) > 2*visitRowsWanted && window > 1:
			window /= 2
		case len(res.Rows) < visitRowsWanted && window < visitWindowMax:
			window *= 2
		}
	}
	return nil
}

func visitOf(texts []facts.TextColumn, row []any) (uint64, *event.Visit, error) {
	id, err := hex.DecodeString(row[1].(string))
	if err != nil {
		return 0, nil, fmt.Errorf("duck: visit id: %w", err)
	}
	var f event.Fact
	copy(f.ID[:], id)
	for i, c := range texts {
		*c.Of(&f) = decodeText(row[5+i].(string))
	}
	v := &event.Visit{ID: f.ID, At: row[2].(int64), Click: row[3].(int64) > 0, Unique: row[4].(int64) > 0, Dims: f.Dims, Reason: f.Reason}
	return uint64(row[0].(int64)), v, nil
}
