// Package macro turns stored URLs with {tokens} into the URLs a visitor or a
// publisher's server is sent to, recognises the macros other systems forgot to
// replace, reads queries, and decides which deep links may be followed.
//
// Invariants:
//   - The package is pure: no input or output, no clock, no randomness. It is on the
//     redirect path and imports neither SQL nor templates.
//   - A value is encoded so that decoding its position gives exactly its bytes, and
//     no other part of the URL changes (rulebook R9). {name:raw} is the exception that
//     has to be asked for: its value may bring parameters of its own. Values are never
//     scanned for tokens (R10). Whatever a value holds, the rendered URL is printable
//     ASCII, so no header can be split (R14).
//   - The destination's own bytes are never re-ordered or re-encoded (R11). The one
//     exception: what is not ASCII is percent-encoded, as every browser does, and a
//     host that is not ASCII is written in its IDNA form.
//   - A URL whose host net/url and a browser could read differently is refused, not
//     repaired (R13).
package macro

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxURL is the longest destination or deep link accepted, in bytes.
const MaxURL = 8 << 10

// MaxDefault is the longest default of a token, {name|default}, in bytes.
const MaxDefault = 256

// The codes of [Error]: a contract with the API's users, added to and never renamed.
const (
	CodeScheme        = "url_scheme"           // neither http:// nor https:// nor an allowed app scheme
	CodeUserinfo      = "url_userinfo"         // a user name or password before the host
	CodeControl       = "url_control"          // control, whitespace, invisible, backslash or not UTF-8
	CodeHost          = "url_host"             // host or port missing, malformed or ambiguous
	CodeEscape        = "url_escape"           // a % without two hexadecimal digits
	CodeTokenUnknown  = "url_token_unknown"    // {name} is not in the table
	CodeTokenOpen     = "url_token_unclosed"   // {name without its closing brace
	CodeTokenModifier = "url_token_modifier"   // {name:x} where x is not raw or hash
	CodeTokenDefault  = "url_token_default"    // the default in {name|default} is longer than MaxDefault
	CodeAppPosition   = "url_app_position"     // a token where a link to an app says what is opened
	CodeRawPosition   = "url_raw_position"     // {name:raw} elsewhere than in the query or the fragment
	CodeTokenInHost   = "url_token_in_host"    // a token in the host or port
	CodeDotSegment    = "url_dot_segment"      // a path segment of dots and tokens
	CodeTooLong       = "url_too_long"         // more than MaxURL bytes
	CodeBodyJSON      = "body_json"            // a body that is not valid JSON for all values
	CodeLinkDenied    = "deep_link_denied"     // well formed, but the allow-list does not have it
	CodeLinkInvalid   = "deep_link_invalid"    // not a URL that every parser reads alike
	CodeAllowHost     = "allow_host_invalid"   // not a host for an allow-list
	CodeAllowScheme   = "allow_scheme_invalid" // not an app scheme for an allow-list
)

// Error says why a URL, a deep link or a host was refused. It is the only error type
// of this package.
type Error struct {
	Code  string // stable, one of the Code constants
	Field string // the offending part, bounded; "" when it is the whole
	Msg   string // a sentence for people
}

// Error gives the sentence.
func (e *Error) Error() string { return e.Msg }

// echoRunes bounds how much of a refused value is repeated to its sender.
const echoRunes = 40

// Echo quotes a value for an error message: at most 40 characters, with control
// characters, invisible ones and invalid UTF-8 escaped.
func Echo(v string) string {
	cut := cutRunes(v)
	if len(cut) < len(v) {
		return strings.TrimSuffix(strconv.Quote(cut), `"`) + `…"`
	}
	return strconv.Quote(v)
}

func cutRunes(v string) string {
	end := 0
	for n := 0; end < len(v) && n < echoRunes; n++ {
		_, size := utf8.DecodeRuneInString(v[end:])
		end += size
	}
	return v[:end]
}
