// Package visitor tells who is asking: country, device, maker and model,
// operating system, browser, language, whether it is a known robot, and whether
// the request is only a prefetch; with an operator's files also region, city,
// provider and kind of connection.
//
// It runs on the redirect path, once per click, so it keeps to these rules:
//
//   - It never fails and never blocks. Whatever the headers contain, the answer
//     is an Info; what is not known is empty, never guessed (rulebook V1, V3).
//   - Its work is bounded: at most maxUA bytes of a user agent are looked at,
//     hints longer than their limits are ignored, and matching time is linear
//     in the input (V3).
//   - It judges nothing. A robot is named, a suspicion is named, and the caller
//     decides what counts (V1, V7). It never hides a page from anyone.
//   - The client's address is believed only as far as the configured proxies
//     are trusted (P19).
//   - Strings it returns never keep a whole hostile header alive: they are
//     constants, short copies, or (Language) a short piece of the header. Model,
//     which visitors can make up, is at most 64 letters, digits and harmless signs.
//
// Nothing in it depends on the clock, the network or a database; the lists are
// embedded, versioned and dated (V9), see data/README.md. Files of the operator
// are read once, at the start.
package visitor
