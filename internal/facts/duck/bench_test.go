package duck_test

import (
	"context"
	"database/sql/driver"
	"testing"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

const stream = "log-A"

func open(t testing.TB, opts duck.Options) *duck.Store {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	s, err := duck.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const benchRows = 20_000

// BenchmarkAdd is the store's way in: 20,000 rows and the position a transaction,
// with checkpoints as the sink makes them.
func BenchmarkAdd(b *testing.B) {
	s := open(b, duck.Options{})
	rows := factstest.Rows(0, benchRows-1)
	var from eventlog.Position
	n := 0
	for b.Loop() {
		for i := range rows {
			rows[i].Seq = from.Seq + 1 + uint64(i)
		}
		to := eventlog.Position{Stream: stream, Seq: from.Seq + benchRows}
		if err := s.Add(b.Context(), from, to, rows); err != nil {
			b.Fatal(err)
		}
		from = to
		n += benchRows
		if s.LogBytes() > 32<<20 {
			if err := s.Checkpoint(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBareAppender is the yardstick: the driver's row appender, the same
// columns and transaction size, no position.
func BenchmarkBareAppender(b *testing.B) {
	connector, err := duckdb.NewConnector(b.TempDir()+"/bare.duckdb", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer connector.Close()
	conn, err := connector.Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	exec := func(sql string) {
		if _, err := conn.(driver.ExecerContext).ExecContext(b.Context(), sql, nil); err != nil {
			b.Fatal(err)
		}
	}
	ints, texts := facts.IntColumns(), facts.TextColumns()
	ddl := "CREATE TABLE facts (seq BIGINT, click_id UUID"
	for _, c := range ints {
		ddl += ", " + c.Name + " BIGINT"
	}
	for _, c := range texts {
		ddl += ", " + c.Name + " VARCHAR"
	}
	exec(ddl + ")")
	exec("SET memory_limit = '192MiB'")
	exec("SET threads = 2")
	exec("SET checkpoint_threshold = '32MB'")
	app, err := duckdb.NewAppenderFromConn(conn, "", "facts")
	if err != nil {
		b.Fatal(err)
	}
	defer app.Close()
	rows := factstest.Rows(0, benchRows-1)
	vals := make([]driver.Value, 2+len(ints)+len(texts))
	n := 0
	for b.Loop() {
		exec("BEGIN")
		for i := range rows {
			f := &rows[i].Fact
			vals[0], vals[1] = int64(n+i), duckdb.UUID(f.ID)
			for j, c := range ints {
				vals[2+j] = *c.Of(f)
			}
			for j, c := range texts {
				vals[2+len(ints)+j] = *c.Of(f)
			}
			if err := app.AppendRow(vals...); err != nil {
				b.Fatal(err)
			}
		}
		if err := app.Flush(); err != nil {
			b.Fatal(err)
		}
		exec("COMMIT")
		n += benchRows
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkSink is the whole way: the log's records decoded, gathered and added.
func BenchmarkSink(b *testing.B) {
	log := factstest.NewLog(stream)
	const perMessage = 100
	records := make([]eventlog.Record, perMessage)
	for i := range records {
		records[i] = factstest.VisitRecord(i)
	}
	s := open(b, duck.Options{})
	sink := facts.NewSink(s, log, facts.SinkOptions{})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- sink.Run(ctx) }()
	n := 0
	for b.Loop() {
		var seq uint64
		for range benchRows / perMessage {
			seq = log.Append(time.Now(), records...)
		}
		n += benchRows
		if err := sink.WaitFor(ctx, seq-min(seq, 2*benchRows/perMessage)); err != nil { // keep some ahead
			b.Fatal(err)
		}
	}
	if err := sink.WaitFor(ctx, log.Last()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
