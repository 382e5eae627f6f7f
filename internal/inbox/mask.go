package inbox

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// Hidden stands for a value that is not shown.
const Hidden = "[hidden]"

// secretNames are the parameters whose values authenticate a sender, lower case without
// "-" and "_"; those of the wire dialects are added.
var secretNames = map[string]bool{
	"token": true, "securitytoken": true, "accesstoken": true, "authtoken": true, "apikey": true, "secret": true, "clientsecret": true,
	"password": true, "passwd": true, "pwd": true, "signature": true, "sig": true, "sign": true, "hash": true, "hmac": true, "auth": true, "authorization": true,
}

func init() {
	for _, name := range dialect.Secrets() {
		secretNames[plainName(name)] = true
	}
}

func plainName(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(s)))
}

// Secret reports whether a parameter's value is never shown.
func Secret(name string) bool {
	return secretNames[plainName(name)]
}

// tokens are recognised by their form, wherever they stand.
var tokens = regexp.MustCompile(`(?i)(tok|whsec)(_|%5f)[0-9a-z+/=%]{24,}`)

// MaskText hides secrets of ours that stand in a text, whatever it is.
func MaskText(s string) string { return tokens.ReplaceAllString(s, Hidden) }

// MaskQuery hides the values of secret parameters of a query or a form.
func MaskQuery(query string) string {
	parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' })
	for i, p := range parts {
		name, _, ok := strings.Cut(p, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if ok && Secret(plain) {
			parts[i] = name + "=" + Hidden
		}
	}
	return MaskText(strings.Join(parts, "&"))
}

// member finds the members of a flat JSON object, whether or not the rest can be read.
var member = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"\s*:\s*("(?:[^"\\]|\\.)*"?|[^,}\s]+)`)

// MaskBody hides secrets in a form or a JSON body, also in one that is broken.
func MaskBody(body string) string {
	if !strings.HasPrefix(strings.TrimSpace(body), "{") {
		return MaskQuery(body)
	}
	return MaskText(member.ReplaceAllStringFunc(body, func(m string) string {
		at := member.FindStringSubmatchIndex(m)
		var name string
		if json.Unmarshal([]byte(m[at[2]-1:at[3]+1]), &name) != nil {
			name = m[at[2]:at[3]]
		}
		if !Secret(name) {
			return m
		}
		return m[:at[4]] + `"` + Hidden + `"`
	}))
}

// maxSearch bounds what a row is searched by, in bytes.
const maxSearch = 1500

// SearchText is what a text is looked for in: the order number, the click id, and what was
// sent, as it came and decoded, without secrets.
func SearchText(r *Row, s *event.Signal) string {
	sent := MaskQuery(s.Query)
	if len(s.Body) > 0 {
		sent += " " + MaskBody(string(s.Body[:min(len(s.Body), maxSearch)]))
	}
	plain, err := url.QueryUnescape(sent)
	if err != nil {
		plain = sent
	}
	text := strings.ToLower(strings.ToValidUTF8(r.Order+" "+r.Click+" "+MaskText(plain), ""))
	text = strings.ReplaceAll(text, "\x00", "")
	return strings.ToValidUTF8(text[:min(len(text), maxSearch)], "")
}
