package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"unicode/utf8"
)

// handle is what database/sql's DB, Conn and Tx have in common; it is also q.DBTX.
type handle interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// session runs the shared queries on one handle. It is the one place where text is
// cleaned, placeholders are translated and the end of a transaction is noticed.
type session struct {
	on      handle
	rewrite func(query string) string // nil when the engine takes ?1
	stmts   *statements               // nil when the driver caches statements itself
	// detached statements run without the caller's deadline: modernc starts a
	// goroutine for each statement whose context can end, which costs more than the
	// statement. Transactions are short, and check their context before they commit.
	detached bool
	broken   func(error) bool
	failed   error // the error that broke the transaction; owned by its goroutine
}

func (s *session) prepare(ctx context.Context, query string, args []any) (context.Context, string) {
	if s.detached {
		ctx = context.Background()
	}
	for i, a := range args {
		if text, ok := a.(string); ok {
			if c := cleanText(text); c != text {
				args[i] = c
			}
		}
	}
	if s.rewrite != nil {
		query = s.rewrite(query)
	}
	return ctx, query
}

// note remembers the first error that ends the transaction.
func (s *session) note(err error) error {
	if err != nil && s.failed == nil && s.broken != nil && s.broken(err) {
		s.failed = err
	}
	return err
}

// fail ends the transaction for a reason the engine did not give.
func (s *session) fail(err error) {
	if s.failed == nil {
		s.failed = err
	}
}

// ExecContext runs a statement.
func (s *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	ctx, query = s.prepare(ctx, query, args)
	if s.stmts == nil {
		r, err := s.on.ExecContext(ctx, query, args...)
		return r, s.note(err)
	}
	stmt, err := s.stmts.get(ctx, s.on, query)
	if err != nil {
		return nil, s.note(err)
	}
	r, err := stmt.ExecContext(ctx, args...)
	return r, s.note(err)
}

// PrepareContext is here for q.DBTX; generated code does not call it.
func (s *session) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	ctx, query = s.prepare(ctx, query, nil)
	return s.on.PrepareContext(ctx, query)
}

// QueryContext runs a query.
func (s *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	ctx, query = s.prepare(ctx, query, args)
	if s.stmts == nil {
		rows, err := s.on.QueryContext(ctx, query, args...)
		return rows, s.note(err)
	}
	stmt, err := s.stmts.get(ctx, s.on, query)
	if err != nil {
		return nil, s.note(err)
	}
	rows, err := stmt.QueryContext(ctx, args...)
	return rows, s.note(err)
}

// QueryRowContext runs a query for one row.
func (s *session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, query = s.prepare(ctx, query, args)
	if s.failed != nil { // a row can only carry the error of a query that was asked
		ended, cancel := context.WithCancel(ctx)
		cancel()
		return s.on.QueryRowContext(ended, query, args...)
	}
	var row *sql.Row
	if s.stmts == nil {
		row = s.on.QueryRowContext(ctx, query, args...)
	} else if stmt, err := s.stmts.get(ctx, s.on, query); err == nil {
		row = stmt.QueryRowContext(ctx, args...)
	} else {
		row = s.on.QueryRowContext(ctx, query, args...) // fails alike, in a row
	}
	_ = s.note(row.Err())
	return row
}

// dynamic runs a query that was built for this call: it is not kept prepared.
func (s *session) dynamic(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	ctx, query = s.prepare(ctx, query, args)
	rows, err := s.on.QueryContext(ctx, query, args...)
	return rows, s.note(err)
}

// statements keeps prepared statements by their text. Only the fixed queries of q
// and the savepoint commands come here, so it stays small.
type statements struct {
	mu sync.RWMutex
	m  map[string]*sql.Stmt // guarded by mu
}

func (c *statements) get(ctx context.Context, on handle, query string) (*sql.Stmt, error) {
	c.mu.RLock()
	stmt := c.m[query]
	c.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if stmt = c.m[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if c.m == nil {
		c.m = map[string]*sql.Stmt{}
	}
	c.m[query] = stmt
	return stmt, nil
}

// close finalizes the statements: a connection with open ones does not fold its
// write-ahead log into the database when it is closed.
func (c *statements) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for query, stmt := range c.m {
		_ = stmt.Close() // it repeats the error of its last run
		delete(c.m, query)
	}
}

// cleanText makes text storable on both engines: PostgreSQL takes neither NUL nor
// invalid UTF-8, so SQLite must not either. Raw bytes are stored as bytes.
func cleanText(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// dollars translates ?1 to $1, the placeholders of PostgreSQL. Quoted text and
// comments are left alone.
func dollars(query string) string {
	var b strings.Builder
	b.Grow(len(query))
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				b.WriteString(query[i:])
				return b.String()
			}
			b.WriteString(query[i : i+end+2])
			i += end + 1
		case c == '-' && strings.HasPrefix(query[i:], "--"):
			end := strings.IndexByte(query[i:], '\n')
			if end < 0 {
				b.WriteString(query[i:])
				return b.String()
			}
			b.WriteString(query[i : i+end])
			i += end - 1
		case c == '?' && i+1 < len(query) && query[i+1] >= '1' && query[i+1] <= '9':
			b.WriteByte('$')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// rewriter caches translations: the fixed queries are few, built ones pass through.
func rewriter() func(string) string {
	var known sync.Map
	var n int
	var mu sync.Mutex
	return func(query string) string {
		if v, ok := known.Load(query); ok {
			return v.(string)
		}
		out := dollars(query)
		mu.Lock()
		defer mu.Unlock()
		if n < 2000 { // lists have many forms; do not keep them all
			n++
			known.Store(query, out)
		}
		return out
	}
}
