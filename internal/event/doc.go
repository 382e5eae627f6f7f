// Package event holds what travels through the event log: visits, signals and
// fact rows, their encoding, the click ids that join them, and the verdict codes
// that say what became of a signal.
//
// Invariants:
//   - The package is pure: no input or output, no clock of its own, no randomness of its own.
//   - An encoded record can always be read by later versions: fields are numbered
//     protobuf wire fields, numbers are never reused, unknown ones are skipped.
//   - Money is in minor units of an ISO 4217 currency; times are microseconds
//     since the Unix epoch, UTC.
package event
