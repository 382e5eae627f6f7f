package duck

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"clickledger/internal/event"
	"clickledger/internal/facts"
)

// writer is the one connection that writes. It uses DuckDB's C interface directly:
// the driver's row appender boxes every value and calls C once per text, which costs
// more than DuckDB itself. It is not safe for concurrent use.
type writer struct {
	db    mapping.Database
	conn  mapping.Connection
	chunk mapping.DataChunk
	types []mapping.LogicalType
	app   mapping.Appender // valid while open
	open  bool

	ints  []facts.IntColumn
	texts []facts.TextColumn
	used  []bool // by column of the chunk being filled: some row has a value
	arena []byte // of one chunk's long texts
	pin   runtime.Pinner

	zero, none mapping.Value // 0 and "", of columns that no row of a chunk uses
}

// stringT is DuckDB's duckdb_string_t: up to 12 bytes inline, longer ones as four
// bytes of prefix and a pointer.
type stringT struct {
	length uint32
	prefix [4]byte
	tail   [8]byte // inline bytes 5…12, or the pointer
}

const inlineText = 12

// hugeT is DuckDB's duckdb_hugeint, which carries a UUID with its first bit flipped
// so that signed order is byte order.
type hugeT struct {
	lower uint64
	upper uint64
}

func openWriter(path string) (*writer, error) {
	var cfg mapping.Config
	if mapping.CreateConfig(&cfg) == mapping.StateError {
		return nil, errors.New("create configuration")
	}
	defer mapping.DestroyConfig(&cfg)
	// The same settings as the driver's, or the instance cache refuses to share.
	if mapping.SetConfig(cfg, "duckdb_api", "go") == mapping.StateError {
		return nil, errors.New("set configuration")
	}
	w := &writer{ints: facts.IntColumns(), texts: facts.TextColumns()}
	var msg string
	if mapping.GetOrCreateFromCache(duckdb.GetInstanceCache(), path, &w.db, cfg, &msg) == mapping.StateError {
		mapping.Close(&w.db)
		return nil, errors.New(msg)
	}
	if mapping.Connect(w.db, &w.conn) == mapping.StateError {
		mapping.Close(&w.db)
		return nil, errors.New("connect")
	}
	return w, nil
}

// prepareChunk readies the column chunk; the table must exist.
func (w *writer) prepareChunk() {
	kinds := make([]mapping.Type, fixedColumns, fixedColumns+len(w.ints)+len(w.texts))
	kinds[colSeq], kinds[colClickID] = mapping.TypeBigInt, mapping.TypeUUID
	for range w.ints {
		kinds = append(kinds, mapping.TypeBigInt)
	}
	for range w.texts {
		kinds = append(kinds, mapping.TypeVarchar)
	}
	for _, k := range kinds {
		w.types = append(w.types, mapping.CreateLogicalType(k))
	}
	w.chunk = mapping.CreateDataChunk(w.types)
	w.used = make([]bool, len(kinds))
	w.zero, w.none = mapping.CreateInt64(0), mapping.CreateVarchar("")
}

func (w *writer) close() {
	w.closeAppender()
	if w.types != nil {
		mapping.DestroyDataChunk(&w.chunk)
		for i := range w.types {
			mapping.DestroyLogicalType(&w.types[i])
		}
		mapping.DestroyValue(&w.zero)
		mapping.DestroyValue(&w.none)
		w.types = nil
	}
	mapping.Disconnect(&w.conn)
	mapping.Close(&w.db)
}

func (w *writer) closeAppender() {
	if w.open {
		// Clear first: destroying an appender would flush what a failed commit left.
		mapping.AppenderClear(w.app)
		mapping.AppenderDestroy(&w.app)
		w.open = false
	}
}

// exec runs one statement and gives the number of rows it changed.
func (w *writer) exec(sql string) (int64, error) {
	var res mapping.Result
	state := mapping.Query(w.conn, sql, &res)
	defer mapping.DestroyResult(&res)
	if state == mapping.StateError {
		return 0, errors.New(mapping.ResultError(&res))
	}
	return int64(mapping.RowsChanged(&res)), nil
}

// transaction runs fn between BEGIN and COMMIT; any error undoes all of it.
func (w *writer) transaction(fn func() error) error {
	if _, err := w.exec("BEGIN TRANSACTION"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := fn()
	if err == nil {
		if _, err = w.exec("COMMIT"); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	w.closeAppender()
	if _, back := w.exec("ROLLBACK"); back != nil {
		// DuckDB has rolled a failed commit back already and then says that no
		// transaction is active; the first error is the one that matters.
		return err
	}
	return err
}

// append hands rows to the table inside the running transaction.
func (w *writer) append(rows []facts.Row) error {
	if !w.open {
		if mapping.AppenderCreateExt(w.conn, "", "", "facts", &w.app) == mapping.StateError {
			err := errors.New(mapping.AppenderError(w.app))
			mapping.AppenderDestroy(&w.app)
			return fmt.Errorf("create appender: %w", err)
		}
		w.open = true
	}
	size := int(mapping.VectorSize())
	for len(rows) > 0 {
		n := min(size, len(rows))
		if err := w.appendChunk(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	if mapping.AppenderFlush(w.app) == mapping.StateError {
		return fmt.Errorf("flush rows: %s", mapping.AppenderError(w.app))
	}
	return nil
}

// survey finds the columns that a chunk's rows use, and how many bytes their long
// texts need.
func (w *writer) survey(rows []facts.Row) (long int) {
	clear(w.used)
	ints, texts := w.used[fixedColumns:][:len(w.ints)], w.used[fixedColumns+len(w.ints):]
	for r := range rows {
		f := &rows[r].Fact
		for i := range w.ints {
			ints[i] = ints[i] || *w.ints[i].Of(f) != 0
		}
		for i := range w.texts {
			s := *w.texts[i].Of(f)
			if s == "" {
				continue
			}
			texts[i] = true
			if s = encodeText(s); len(s) > inlineText {
				long += len(s)
			}
		}
	}
	return long
}

// vectors gives the memory of the columns used, nil of the others: these are handed
// over as one constant each. Most rows are visits, which have no money and few sub
// ids, and a column of 2,048 equal values would cost as much as any other.
func vectors[T any](w *writer, first, columns, rows int, constant mapping.Value) [][]T {
	out := make([][]T, columns)
	for i := range out {
		v := mapping.DataChunkGetVector(w.chunk, mapping.IdxT(first+i))
		if w.used[first+i] {
			out[i] = unsafe.Slice((*T)(mapping.VectorGetData(v)), rows)
		} else {
			mapping.VectorReferenceValue(v, constant)
		}
	}
	return out
}

// appendChunk writes up to one vector of rows straight into DuckDB's column memory.
// Long texts stand in one pinned Go buffer until DuckDB has copied them, which it
// does before AppendDataChunk returns.
func (w *writer) appendChunk(rows []facts.Row) error {
	// The caller's rows stay as they are: it may add them again after a failure.
	need := w.survey(rows)
	if cap(w.arena) < need || cap(w.arena) > 4*need+1<<20 {
		w.arena = make([]byte, need+need/4)
	}
	arena, used := w.arena[:cap(w.arena)], 0
	if len(arena) > 0 {
		w.pin.Pin(&arena[0])
		defer w.pin.Unpin()
	}

	mapping.DataChunkReset(w.chunk) // what was a constant is a column again
	w.used[colSeq], w.used[colClickID] = true, true
	seqs := vectors[int64](w, colSeq, 1, len(rows), w.zero)[0]
	ids := vectors[hugeT](w, colClickID, 1, len(rows), w.zero)[0]
	ints := vectors[int64](w, fixedColumns, len(w.ints), len(rows), w.zero)
	texts := vectors[stringT](w, fixedColumns+len(w.ints), len(w.texts), len(rows), w.none)

	for r := range rows {
		f := &rows[r].Fact
		seqs[r] = int64(rows[r].Seq)
		ids[r] = uuidOf(f.ID)
		for i, column := range ints {
			if column != nil {
				column[r] = *w.ints[i].Of(f)
			}
		}
		for i, column := range texts {
			if column == nil {
				continue
			}
			s := encodeText(*w.texts[i].Of(f))
			t := stringT{length: uint32(len(s))}
			switch {
			case s == "":
			case len(s) <= inlineText:
				copy(t.prefix[:], s)
				if len(s) > 4 {
					copy(t.tail[:], s[4:])
				}
			default:
				copy(t.prefix[:], s)
				copy(arena[used:], s)
				*(*uintptr)(unsafe.Pointer(&t.tail)) = uintptr(unsafe.Pointer(&arena[used]))
				used += len(s)
			}
			column[r] = t
		}
	}
	mapping.DataChunkSetSize(w.chunk, mapping.IdxT(len(rows)))
	state := mapping.AppendDataChunk(w.app, w.chunk)
	runtime.KeepAlive(arena)
	if state == mapping.StateError {
		return fmt.Errorf("append rows: %s", mapping.AppenderError(w.app))
	}
	return nil
}

func uuidOf(id event.ClickID) hugeT {
	var h hugeT
	for _, b := range id[:8] {
		h.upper = h.upper<<8 | uint64(b)
	}
	for _, b := range id[8:] {
		h.lower = h.lower<<8 | uint64(b)
	}
	h.upper ^= 1 << 63
	return h
}
