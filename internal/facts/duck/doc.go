// Package duck keeps the facts in an embedded DuckDB file. It is the only package
// that imports DuckDB.
//
// Invariants:
//   - The file is a projection, never the record: a missing or damaged one is moved
//     aside and restored from the sealed segments; the log supplies the rest.
//   - Rows and the position they reach are one transaction on the one connection
//     that writes. No keys, no indexes, no updates of facts.
//   - DuckDB touches no file outside its own folder, and its settings are locked.
//   - Every connection is closed before the file is opened again: DuckDB shares one
//     instance per file and process.
package duck
