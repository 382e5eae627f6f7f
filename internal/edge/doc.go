// Package edge is the public HTTP of tracking: links, pixels and postbacks.
//
// Invariants:
//   - A visit is in the log, fsynced, before its redirect leaves; a signal is in the
//     log before it is judged or answered. When the log cannot take a visit in time
//     the visitor is still redirected and clickledger_clicks_unacked_total counts it
//     (R20); a signal that cannot be logged answers 503 and nothing else does.
//   - Whatever a request holds, the answer is never a 5xx for it, never a second
//     header (R14), never an open redirect (R13).
//   - HEAD, prefetches and other methods record nothing and set no cookie (R5, R6).
//   - Nothing is built from the Host header (S12): only the configured public URL counts.
//   - The package is on the redirect path: it touches no SQL, no facts engine and no
//     templates, which a test on its imports keeps so.
package edge
