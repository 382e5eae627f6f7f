package dialect

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/url"
	"strings"

	"clickledger/internal/event"
)

// Rename gives the signal with its parameters under other names: names maps theirs to ours.
// Whatever the dialect, it is done before anything is read. Where both names come the renamed
// one counts, since it then stands first. Values stay as they are, byte for byte.
func Rename(s *event.Signal, names map[string]string) *event.Signal {
	if len(names) == 0 {
		return s
	}
	out := *s
	out.Query = renameQuery(s.Query, names)
	if len(s.Body) == 0 {
		return &out
	}
	body := bytes.TrimSpace(s.Body)
	media, _, err := mime.ParseMediaType(s.BodyType)
	form := err == nil && media == "application/x-www-form-urlencoded"
	switch {
	case !form && len(body) > 0 && body[0] == '{':
		out.Body = renameJSON(s.Body, names)
	case form || err != nil || media == "text/plain":
		out.Body = []byte(renameQuery(string(body), names))
	}
	return &out
}

func renameQuery(query string, names map[string]string) string {
	var first, rest []string
	for piece := range strings.SplitSeq(query, "&") {
		name, value, found := strings.Cut(piece, "=")
		plain, err := url.QueryUnescape(name)
		ours, ok := names[plain]
		switch {
		case err != nil || !ok || !found:
			rest = append(rest, piece)
		default:
			first = append(first, ours+"="+value)
		}
	}
	return strings.Join(append(first, rest...), "&")
}

// renameJSON renames the members of a flat object; what is none stays, to be refused.
func renameJSON(body []byte, names map[string]string) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	open, err := dec.Token()
	if err != nil || open != json.Delim('{') {
		return body
	}
	var first, rest [][]byte
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return body
		}
		var value json.RawMessage
		err = dec.Decode(&value)
		if err != nil {
			return body
		}
		key, to := name.(string), &rest
		if ours, ok := names[key]; ok {
			key, to = ours, &first
		}
		quoted, err := json.Marshal(key)
		if err != nil {
			return body
		}
		*to = append(*to, append(append(quoted, ':'), value...))
	}
	_, err = dec.Token()
	if err != nil {
		return body
	}
	end := body[dec.InputOffset():] // nothing, or what is not to be there
	return append(append(append([]byte{'{'}, bytes.Join(append(first, rest...), []byte{','})...), '}'), end...)
}

// Get gives a parameter by its name, also one that has no meaning here; "" = absent.
func (r *Request) Get(name string) string {
	for i := range fields {
		if f := &fields[i]; f.name == name && f.into != nil {
			return *f.into(r)
		}
	}
	for _, p := range r.Custom {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}
