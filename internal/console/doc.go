// Package console is the web console: server-rendered pages over the domain's
// services, for people who watch money all day.
//
// Invariants:
//   - Pages never decide who may do what: every read and write goes through a service
//     with the principal, and somebody else's id answers exactly as an unknown one.
//   - Every page works as plain GET and POST; scripts only make it quicker. A GET
//     changes nothing.
//   - Nothing comes from a third party and nothing is inline: the content security
//     policy allows scripts and styles from this host alone.
//   - What visitors and advertisers sent is text, escaped by html/template; no page
//     makes HTML out of data.
package console
