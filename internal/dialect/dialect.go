// Package dialect reads the wire dialects in which other systems report
// conversions, and gives each the same [Request].
//
// Invariants:
//   - Pure: bytes in, a Request or a [Refusal] out. Nothing is guessed: a parameter
//     that is a macro nobody replaced, or is still wrapped as in a pasted example, is
//     refused by name; an empty optional one is absent.
//   - Values are returned as sent; only the judge gives them meaning.
package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// Request is a conversion signal's parameters. "" means absent.
type Request struct {
	ClickID   string
	Offer     string
	Goal      string
	Payout    string
	Amount    string
	Currency  string
	TxID      string
	Status    string
	EventTime string
	Token     string
	Key       string // a pixel's public offer key

	// Notes: what is kept beside the conversion and never refused.
	Coupon       string
	Geo          string
	CommissionID string

	// Ignored names notes that arrived as unreplaced macros and count as absent.
	Ignored []string
}

// Refusal says which parameter could not be taken, and why.
type Refusal struct {
	Verdict event.Verdict
	Field   string
	Detail  string
}

// Error is the detail.
func (r *Refusal) Error() string { return r.Detail }

// maxValue bounds one parameter, in bytes.
const maxValue = 512

// param is one row of the native dialect (DESIGN §6).
type param struct {
	name   string
	note   bool // kept, never refused
	secret bool
	into   func(*Request) *string
}

var native = []param{
	{"click_id", false, false, func(r *Request) *string { return &r.ClickID }},
	{"offer", false, false, func(r *Request) *string { return &r.Offer }},
	{"goal", false, false, func(r *Request) *string { return &r.Goal }},
	{"payout", false, false, func(r *Request) *string { return &r.Payout }},
	{"amount", false, false, func(r *Request) *string { return &r.Amount }},
	{"currency", false, false, func(r *Request) *string { return &r.Currency }},
	{"txid", false, false, func(r *Request) *string { return &r.TxID }},
	{"status", false, false, func(r *Request) *string { return &r.Status }},
	{"event_time", false, false, func(r *Request) *string { return &r.EventTime }},
	{"token", false, true, func(r *Request) *string { return &r.Token }},
	{"key", false, false, func(r *Request) *string { return &r.Key }},
	{"coupon", true, false, func(r *Request) *string { return &r.Coupon }},
	{"geo", true, false, func(r *Request) *string { return &r.Geo }},
	{"commission_id", true, false, func(r *Request) *string { return &r.CommissionID }},
}

// Native reads a signal in the product's own dialect: query, then form or JSON
// body; of a repeated parameter the first value that is not empty counts.
func Native(s *event.Signal) (Request, *Refusal) {
	var r Request
	params, cut := macro.ParseQuery(nil, s.Query)
	// A body that cannot be read does not hide who sent it: the query is read all the same.
	body, bad := bodyParams(s)
	if cut {
		bad = &Refusal{event.TooLarge, "", "The query has more than 8 kB or too many parameters."}
	}
	params = append(params, body...)
	for _, p := range native {
		v := ""
		for _, q := range params {
			if q.Name == p.name && q.Value != "" {
				v = q.Value
				break
			}
		}
		if v == "" {
			continue
		}
		refusal := check(p, v)
		if refusal != nil && p.note {
			r.Ignored = append(r.Ignored, p.name)
			continue
		}
		if refusal != nil && bad == nil {
			bad = refusal // go on: the inbox shows what else was sent
			continue
		}
		*p.into(&r) = v
	}
	return r, bad
}

// check refuses a value that no system meant to send. A secret is not repeated: the
// refusal is kept and sent back.
func check(p param, v string) *Refusal {
	name := p.name
	show := func(v string) string {
		if p.secret {
			return "(not shown)"
		}
		return quote(v)
	}
	switch {
	case len(v) > maxValue:
		return &Refusal{event.InvalidValue, name, fmt.Sprintf("The parameter %s is longer than %d bytes.", name, maxValue)}
	case !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r\n"):
		return &Refusal{event.InvalidValue, name, "The parameter " + name + " holds control characters or is not UTF-8."}
	case macro.Unreplaced(v):
		return &Refusal{event.MacroUnreplaced, name, fmt.Sprintf("The parameter %s holds the macro %s, which the sending system should have replaced by a value.", name, show(v))}
	}
	inner, wrapper, ok := macro.Unwrap(v)
	if ok {
		return &Refusal{event.WrappedValue, name, fmt.Sprintf("The parameter %s is wrapped in %s, as in a pasted example; send %s without them.", name, wrapper, show(inner))}
	}
	return nil
}

func quote(v string) string {
	if len(v) > 40 {
		v = v[:40] + "…"
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(v, "�"))
}

func bodyParams(s *event.Signal) ([]macro.Param, *Refusal) {
	if len(s.Body) == 0 {
		return nil, nil
	}
	if len(s.Body) >= event.MaxBody {
		return nil, &Refusal{event.TooLarge, "", "The body is larger than 64 kB."}
	}
	media, _, err := mime.ParseMediaType(s.BodyType)
	if err != nil {
		media = ""
	}
	switch media {
	case "application/json", "text/json":
		return jsonParams(s.Body)
	case "application/x-www-form-urlencoded", "", "text/plain":
		// Beacons send forms as text/plain, or with no type at all.
		if trimmed := bytes.TrimSpace(s.Body); media != "application/x-www-form-urlencoded" && len(trimmed) > 0 && trimmed[0] == '{' {
			return jsonParams(trimmed)
		}
		params, cut := macro.ParseQuery(nil, string(bytes.TrimSpace(s.Body)))
		if cut {
			return nil, &Refusal{event.TooLarge, "", "The form has more than 8 kB or too many parameters."}
		}
		return params, nil
	}
	return nil, &Refusal{event.MalformedBody, "", "The body's content type is neither a form nor JSON."}
}

// jsonParams reads one flat JSON object. Numbers keep the digits that were sent, so
// that an amount is never a float.
func jsonParams(body []byte) ([]macro.Param, *Refusal) {
	malformed := &Refusal{event.MalformedBody, "", "The body is not one flat JSON object."}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	open, err := dec.Token()
	if err != nil || open != json.Delim('{') {
		return nil, malformed
	}
	var params []macro.Param
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, malformed
		}
		key, ok := name.(string)
		if !ok {
			return nil, malformed
		}
		value, err := dec.Token()
		if err != nil {
			return nil, malformed
		}
		switch v := value.(type) {
		case string:
			params = append(params, macro.Param{Name: key, Value: v})
		case json.Number:
			params = append(params, macro.Param{Name: key, Value: v.String()})
		case bool:
			params = append(params, macro.Param{Name: key, Value: fmt.Sprint(v)})
		case nil:
		default:
			return nil, &Refusal{event.MalformedBody, bounded(key), "The value of a JSON member is an object or a list; send text or a number."}
		}
	}
	_, err = dec.Token() // the closing brace
	if err != nil {
		return nil, malformed
	}
	_, err = dec.Token()
	if !errors.Is(err, io.EOF) {
		return nil, malformed
	}
	return params, nil
}

func bounded(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return strings.ToValidUTF8(s, "�")
}
