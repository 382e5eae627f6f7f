// Package eventlog is the durable log: what the world sent is in it, fsynced,
// before the world is answered. It wraps one JetStream stream of a NATS server
// that runs inside the process, and puts a group commit in front of it, because
// JetStream fsyncs once per message: everything that arrives while one write is
// in flight travels in the next message.
//
// Records are opaque bytes. The package is on the redirect's path and touches
// no SQL, no DuckDB and no templates.
//
// # Invariants
//
//   - [Log.Append] returns a sequence only after the server acknowledged the
//     record's message, which it does after fsync (SyncAlways; checked at start
//     against the running server). With Options.Relaxed it does so after write.
//   - One message is in flight at a time, and every sequence must be the one after
//     the last: sequences have no gaps, and nobody else writes the stream.
//   - Nothing is acknowledged after a store error. The log then stops taking
//     records, restarts the server once, rewrites the newest block file so that it
//     holds no page whose fsync failed, and reads back whether the message in
//     flight was stored. If that does not lead to an acknowledged write, the log
//     is failed for good ([Log.Failed]) and the process must end.
//   - What was acknowledged before a restart of the server must be there after it,
//     or the log fails.
//   - A frame that does not decode is an error that names its sequence and offset.
//     Nothing is skipped.
//   - [Log.Trim] always leaves the newest message, so a sequence is never used twice.
//
// # Duplicates
//
// The log itself writes no message twice: after an error it reads back whether the
// message in flight was stored before it writes it again. Messages therefore carry no
// Nats-Msg-Id: with one writer the de-duplication window would add nothing. A record
// may still be in the log twice, because a caller or sender that was told of an error
// tries again, so consumers are idempotent by the id inside the record.
//
// # Fault model
//
// The tests kill the process and inject store errors. For power loss the package
// does what is known to be needed (fsync before acknowledging, also of the
// directory after a new block file) and claims no more.
package eventlog
