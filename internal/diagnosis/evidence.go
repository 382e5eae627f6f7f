package diagnosis

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"clickledger/internal/conversion"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/macro"
)

// Bounds of what a finding repeats of a signal, in bytes.
const (
	maxQuery = 400
	maxParam = 120
)

// sampleOf decodes a signal. One whose bytes cannot be read has no parameters: the
// verdict still counts.
func sampleOf(r *inbox.Row, ours bool) *sample {
	s := &sample{row: r, ours: ours, sig: &event.Signal{}}
	sig, err := event.DecodeSignal(r.Raw)
	if err != nil {
		return s
	}
	s.sig = sig
	if sig.Dialect != "" {
		// In another dialect things have other names: ours come first, since checks ask for them.
		req, _ := dialect.Parse(sig)
		s.params = append(s.params, req.Fields()...)
		if req.Token != "" {
			s.params = append(s.params, macro.Param{Name: "token", Value: req.Token})
		}
	}
	s.params, _ = macro.ParseQuery(s.params, sig.Query)
	s.params = append(s.params, bodyParams(sig.Body)...)
	return s
}

// bodyParams reads a body leniently: it was judged already, here it is only shown.
func bodyParams(body []byte) []macro.Param {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil
	}
	if body[0] != '{' {
		ps, _ := macro.ParseQuery(nil, string(body))
		return ps
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(body, &members)
	if err != nil {
		return nil
	}
	var ps []macro.Param
	for name, raw := range members {
		var text string
		err := json.Unmarshal(raw, &text)
		if err != nil {
			text = string(raw) // a number, as it was written
		}
		if text != "null" {
			ps = append(ps, macro.Param{Name: name, Value: text})
		}
	}
	slices.SortFunc(ps, func(a, b macro.Param) int { return strings.Compare(a.Name, b.Name) })
	return ps
}

// secrets are the parameters that authenticate a sender; the form of a token is masked
// wherever it stands.
var tokenForm = regexp.MustCompile(`(?i)tok(?:_|%5f)[0-9a-hjkmnp-tv-z]{16,}`)

func secret(name string) bool { return inbox.Secret(name) }

// masked writes one parameter as it came, without secrets.
func masked(name, value string) string {
	if secret(name) {
		return clip(name, 40) + "=[hidden]"
	}
	return clip(plain(name), 40) + "=" + clip(plain(tokenForm.ReplaceAllString(value, "tok_…")), maxParam)
}

// maskedQuery writes a query as it came, without secrets.
func maskedQuery(query string) string {
	parts := strings.Split(clip(query, 4<<10), "&")
	for i, p := range parts {
		name, value, ok := strings.Cut(p, "=")
		decoded, err := url.QueryUnescape(name)
		plainValue, verr := url.QueryUnescape(value)
		if ok && (err != nil || secret(decoded) || verr == nil && tokenForm.MatchString(plainValue) && !tokenForm.MatchString(value)) {
			parts[i] = name + "=[hidden]"
		}
	}
	return clip(plain(tokenForm.ReplaceAllString(strings.Join(parts, "&"), "tok_…")), maxQuery)
}

// plain takes out what a page or a terminal would not show as it is.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// evidence shows a signal by one of its parameters; "" names none.
func (s *sample) evidence(param string) Evidence {
	e := Evidence{
		Signal: s.row.ID, At: s.row.At, Kind: s.row.Kind, Verdict: s.row.Verdict, Detail: tokenForm.ReplaceAllString(s.row.Detail, "tok_…"),
		Query: maskedQuery(s.sig.Query), Conversion: s.row.Conversion,
	}
	if value, there := s.param(param); there && param != "" {
		e.Param = masked(param, value)
	}
	if e.Query == "" && len(s.sig.Body) > 0 {
		var parts []string
		for _, p := range s.params {
			parts = append(parts, masked(p.Name, p.Value))
		}
		e.Query = clip(strings.Join(parts, "&"), maxQuery)
	}
	return e
}

// shown is the evidence of the first few samples.
func shown(samples []*sample, param func(*sample) string) []Evidence {
	var out []Evidence
	for _, s := range samples[:min(len(samples), MaxEvidence)] {
		out = append(out, s.evidence(param(s)))
	}
	return out
}

// always names one parameter for every sample.
func always(name string) func(*sample) string { return func(*sample) string { return name } }

// first is the first few conversions.
func first(cs []*conversion.Conversion) []*conversion.Conversion {
	return cs[:min(len(cs), MaxEvidence)]
}

// ids are the conversions' ids.
func ids(cs []*conversion.Conversion) []string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = c.ID
	}
	return out
}

// counts reports whether a conversion in this state carries money.
func counts(s conversion.Status) bool {
	return s != conversion.Rejected && s != conversion.Reversed
}
