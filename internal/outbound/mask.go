package outbound

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"clickledger/internal/macro"
)

// hidden stands in for a secret.
const hidden = "•••"

// secretName is how parameters are named that hold a publisher's secret (O5).
var secretName = regexp.MustCompile(`(?i)token|secret|passw|pwd|api[-_]?key|auth|signature|^(key|sig|sign|hash|pass)$`)

// secretMember is a member of a JSON object with its value.
var secretMember = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,{}\[\]]+)`)

// minEcho is how long a secret must be to be looked for in answers: a shorter one would
// hide words that have nothing to do with it.
const minEcho = 6

// mask finds the secrets of one request.
type mask struct{ found []string }

// hide notes a secret and returns what to show; nothing is no secret.
func (m *mask) hide(s string) string {
	if s == "" {
		return ""
	}
	plain, err := url.QueryUnescape(s)
	for _, s := range []string{s, plain} {
		if err == nil && len(s) >= minEcho && !slices.Contains(m.found, s) {
			m.found = append(m.found, s)
		}
	}
	return hidden
}

// url masks user and password, the parameters with a secret's name, and the key in paths
// like Keitaro's /KEY/postback.
func (m *mask) url(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	path, query, asked := strings.Cut(rest, "?")
	host, path, slash := strings.Cut(path, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = m.hide(host[:i]) + host[i:]
	}
	segments := strings.Split(path, "/")
	for i, seg := range segments {
		if i+1 < len(segments) && segments[i+1] == "postback" && len(seg) >= minEcho && strings.ContainsAny(seg, "0123456789") {
			segments[i] = m.hide(seg)
		}
	}
	out := scheme + "://" + host
	if slash {
		out += "/" + strings.Join(segments, "/")
	}
	if asked {
		out += "?" + m.form(query)
	}
	return out
}

// form masks the parameters with a secret's name.
func (m *mask) form(s string) string {
	pairs := strings.Split(s, "&")
	for i, p := range pairs {
		name, val, _ := strings.Cut(p, "=")
		if plain, err := url.QueryUnescape(name); err == nil && secretName.MatchString(plain) && val != "" {
			pairs[i] = name + "=" + m.hide(val)
		}
	}
	return strings.Join(pairs, "&")
}

// body masks a request's body.
func (m *mask) body(kind, s string) string {
	if kind == macro.BodyForm {
		return m.form(s)
	}
	return secretMember.ReplaceAllStringFunc(s, func(member string) string {
		parts := secretMember.FindStringSubmatch(member)
		val := strings.Trim(parts[3], `"`)
		if !secretName.MatchString(parts[1]) || val == "" {
			return member
		}
		return `"` + parts[1] + `"` + parts[2] + `"` + m.hide(val) + `"`
	})
}

// echo masks the secrets where a receiver repeats them.
func (m *mask) echo(s string) string {
	for _, secret := range m.found {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	return s
}

// request masks URL and body and finds what else is to be masked.
func (d *Delivery) request() (m *mask, url, body string) {
	m = &mask{}
	url = m.url(d.URL)
	return m, url, m.body(d.BodyKind, d.Body)
}

// masked is the delivery as it is shown.
func (d *Delivery) masked() *Delivery {
	out := *d
	m, url, body := d.request()
	out.URL, out.Body, out.Answer, out.Error = url, body, m.echo(d.Answer), m.echo(d.Error)
	return &out
}

// maskedTries are the delivery's tries as they are shown.
func (d *Delivery) maskedTries(ts []*Try) []*Try {
	m, _, _ := d.request()
	out := make([]*Try, len(ts))
	for i, t := range ts {
		c := *t
		c.Headers, c.Answer, c.Error = m.echo(t.Headers), m.echo(t.Answer), m.echo(t.Error)
		out[i] = &c
	}
	return out
}

// MaskURL is a postback's URL as it is shown where its secrets are nobody's business.
func MaskURL(s string) string { return (&mask{}).url(s) }

// MaskBody is the same of a postback's body.
func MaskBody(kind, s string) string { return (&mask{}).body(kind, s) }
