// Package caps limits what an offer takes in a period: conversions or clicks, by day,
// week, month or in all, in the offer's own time zone (seed 2, rulebook P15, P16).
//
// Invariants:
//   - A period begins at the first instant of its first local day. Every instant is in
//     exactly one period of a kind, and each begins where the one before it ends.
//   - Which conversions count is said by a [Counter] alone. A count that is kept equals
//     at every commit what counting the conversions anew would give.
//   - The gates of the edge follow the counts; they never decide about money. What was
//     clicked before a gate closed may still convert, and is then over the cap.
package caps
