// Package store keeps the catalog, the books and the accounts in SQLite or
// PostgreSQL. It implements the storage interfaces that the domain packages own, and
// proves it with the conformance suite in storetest.
//
// Invariants:
//   - One set of queries (sql/*.sql, generated into q) and one schema, in two
//     dialects, serve both engines; no caller can tell them apart.
//   - Every write is one transaction, durable on return, made by one writer a process
//     in first-come order; reads never wait for it.
//   - A transaction that cannot go on (serialization failure, full disk) is rolled
//     back as a whole, whatever its closure makes of the error.
//   - Text is compared byte by byte on both engines, and is valid UTF-8 without NUL:
//     what is not becomes U+FFFD on its way in.
//   - The ledger's rules are triggers and keys of the database: unbalanced or open
//     transactions never commit, posted ones never change, balances follow entries.
package store
