// Package dialect reads the wire dialects in which other systems report
// conversions, and gives each the same [Request].
//
// Invariants:
//   - Pure: bytes in, a Request or a [Refusal] out. Nothing is guessed: a parameter
//     that is a macro nobody replaced, or is still wrapped as in a pasted example, is
//     refused by name where it says who or which, and absent by name where it is an
//     amount or a number; an empty optional one is absent.
//   - Values are returned as sent; only the judge gives them meaning.
package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
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
	RefundID  string // of a status refunded: the shop's id of the refund
	EventTime string
	Token     string
	Key       string // a pixel's public offer key

	// Notes: what is kept beside the conversion and never refused.
	Coupon       string
	Geo          string
	CommissionID string
	Customer     string // the advertiser's own id of the customer
	// Items are the order's item lines, joined by "|": product:category:amount:quantity.
	Items string
	// ClickFrom is where the click id was kept: url, cookie, storage, form or session.
	ClickFrom string

	// Custom are the parameters that have no meaning here and are kept with the conversion,
	// in the order of their names.
	Custom []macro.Param

	// Ignored names parameters that arrived as unreplaced macros and count as absent.
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

// longValues bounds the parameters that may be longer.
var longValues = map[string]int{"items": 8000}

// param is one row of the native dialect (DESIGN §6).
type param struct {
	name   string
	kind   paramKind
	secret bool
	into   func(*Request) *string
}

// paramKind says what a value that nobody meant to send does.
type paramKind uint8

const (
	strict paramKind = iota // the signal is refused
	value                   // a macro nobody replaced counts as absent, and is named (P9); anything else is refused
	note                    // kept beside the conversion, never refused
)

var native = []param{
	{"click_id", strict, false, func(r *Request) *string { return &r.ClickID }},
	{"offer", strict, false, func(r *Request) *string { return &r.Offer }},
	{"goal", strict, false, func(r *Request) *string { return &r.Goal }},
	{"payout", value, false, func(r *Request) *string { return &r.Payout }},
	{"amount", value, false, func(r *Request) *string { return &r.Amount }},
	{"currency", value, false, func(r *Request) *string { return &r.Currency }},
	{"txid", value, false, func(r *Request) *string { return &r.TxID }},
	{"status", strict, false, func(r *Request) *string { return &r.Status }},
	{"refund_id", strict, false, func(r *Request) *string { return &r.RefundID }},
	{"event_time", value, false, func(r *Request) *string { return &r.EventTime }},
	{"token", strict, true, func(r *Request) *string { return &r.Token }},
	{"key", strict, false, func(r *Request) *string { return &r.Key }},
	{"coupon", note, false, func(r *Request) *string { return &r.Coupon }},
	{"geo", note, false, func(r *Request) *string { return &r.Geo }},
	{"commission_id", note, false, func(r *Request) *string { return &r.CommissionID }},
	{"customer", note, false, func(r *Request) *string { return &r.Customer }},
	{"items", value, false, func(r *Request) *string { return &r.Items }},
	{"click_from", note, false, func(r *Request) *string { return &r.ClickFrom }},
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
		if refusal != nil && (p.kind == note || p.kind == value && refusal.Verdict == event.MacroUnreplaced) {
			r.Ignored = append(r.Ignored, p.name)
			continue
		}
		if refusal != nil && bad == nil {
			bad = refusal // go on: the inbox shows what else was sent
			continue
		}
		*p.into(&r) = v
	}
	r.Custom = custom(params)
	return r, bad
}

// Bounds of custom parameters.
const (
	maxCustom     = 20
	maxCustomName = 40
)

// custom are the parameters this dialect has no meaning for, in the order of their names:
// of a repeated one the first, and what is too long, too many or no plain name is left out.
func custom(params []macro.Param) []macro.Param {
	var out []macro.Param
	for _, p := range params {
		if p.Value == "" || !plainName(p.Name) || len(p.Value) > maxValue || !utf8.ValidString(p.Value) || strings.ContainsAny(p.Value, "\x00\r\n") {
			continue
		}
		at, found := slices.BinarySearchFunc(out, p.Name, func(q macro.Param, name string) int { return strings.Compare(q.Name, name) })
		if !found && !isNative(p.Name) && !macro.Unreplaced(p.Value) {
			out = slices.Insert(out, at, p)
		}
	}
	return out[:min(len(out), maxCustom)]
}

func isNative(name string) bool {
	return slices.ContainsFunc(native, func(p param) bool { return strings.EqualFold(p.name, name) })
}

func plainName(s string) bool {
	if s == "" || len(s) > maxCustomName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
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
	most := maxValue
	if long := longValues[name]; long > 0 {
		most = long
	}
	switch {
	case len(v) > most:
		return &Refusal{event.InvalidValue, name, fmt.Sprintf("The parameter %s is longer than %d bytes.", name, most)}
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
		if key == "items" {
			text, refusal := itemsParam(dec)
			if refusal != nil {
				return nil, refusal
			}
			params = append(params, macro.Param{Name: key, Value: text})
			continue
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
