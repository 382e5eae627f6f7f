package dialect

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// parse reads a signal by the table.
func (t *Table) parse(s *event.Signal) (Request, *Refusal) {
	var r Request
	params, cut := macro.ParseQuery(nil, s.Query)
	// A body that cannot be read does not hide who sent it: the query is read all the same.
	body, bad := bodyParams(s)
	if cut {
		bad = &Refusal{event.TooLarge, "", "The query has more than 8 kB or too many parameters."}
	}
	params = append(params, body...)
	for i := range t.Params {
		p := &t.Params[i]
		if !p.on(s.Kind) {
			continue
		}
		refusal := t.take(&r, p, params)
		if bad == nil {
			bad = refusal // go on: the inbox shows what else was sent
		}
	}
	if _, e := Of(s); e != nil && bad == nil {
		bad = t.needs(e, &r)
	}
	r.WhilePending = t.WhilePending && r.Status != ""
	r.Custom = t.custom(params)
	return r, bad
}

// take reads one parameter.
func (t *Table) take(r *Request, p *Param, params []macro.Param) *Refusal {
	f := &fields[p.Field]
	name, v := p.Name, p.value(params, p.Name)
	for i := 0; v == "" && i < len(p.Aliases); i++ {
		name, v = p.Aliases[i], p.value(params, p.Aliases[i])
	}
	if v == "" {
		if p.Required {
			return &Refusal{f.missing, p.Name, fmt.Sprintf("The parameter %s is missing or empty; it is required by %s.", p.Name, t.Title)}
		}
		return nil
	}
	refusal := check(p, name, v)
	switch {
	case refusal != nil && !p.Required && (f.kind == note || f.kind == figure && refusal.Verdict == event.MacroUnreplaced):
		r.Ignored = append(r.Ignored, name)
		return nil
	case refusal != nil:
		return refusal
	}
	switch p.Field {
	case Nothing:
	case Commission:
		r.Unheard = append(r.Unheard, name)
	case EventWord:
		return t.event(r, name, v, params)
	case Status:
		return t.status(r, name, v)
	default:
		return p.format(r, name, v)
	}
	return nil
}

// value is what the parameters have under one of the parameter's names.
func (p *Param) value(params []macro.Param, name string) string {
	v := value(params, name)
	if v == "0" && p.Format == NotZero {
		return ""
	}
	return v
}

// status translates a status.
func (t *Table) status(r *Request, name, v string) *Refusal {
	if t.Status == nil {
		r.Status = v
		return nil
	}
	ours, known := t.Status[v]
	if !known {
		var all []string
		for word := range t.Status {
			all = append(all, word)
		}
		slices.Sort(all)
		return &Refusal{event.UnknownStatus, name, fmt.Sprintf("The parameter %s is %s, which is none of %s.", name, quote(v), strings.Join(all, ", "))}
	}
	r.Status = ours
	return nil
}

// event translates an event.
func (t *Table) event(r *Request, name, v string, params []macro.Param) *Refusal {
	for _, e := range t.Events {
		if e.Is != v || !holds(params, e.When) {
			continue
		}
		r.Goal, r.Status = e.Goal, e.Status
		if more := value(params, e.Order); e.Order != "" && r.TxID != "" && more != "" && len(more) <= maxCustomName {
			r.TxID += "-" + more
		}
		return nil
	}
	return &Refusal{event.UnknownGoal, name, fmt.Sprintf("The parameter %s is %s, which is no event of %s that is known here.", name, quote(v), t.Title)}
}

// format keeps a value as its format says.
func (p *Param) format(r *Request, name, v string) *Refusal {
	switch p.Format {
	case Cents:
		if !cents(v) {
			return &Refusal{event.InvalidAmount, name, fmt.Sprintf("The parameter %s is %s; it has to be written as 0.00: digits, a point, two digits.", name, quote(v))}
		}
	case Number:
		v = idOf(v)
	case List:
		r.ClickIDs = nil
		if strings.Contains(v, "|") {
			for id := range strings.SplitSeq(v, "|") {
				if id = strings.TrimSpace(id); id != "" && !slices.Contains(r.ClickIDs, id) {
					r.ClickIDs = append(r.ClickIDs, id)
				}
			}
		}
	}
	*fields[p.Field].into(r) = v
	return nil
}

// cents reports whether an amount is written as 0.00.
func cents(s string) bool {
	whole, part, ok := strings.Cut(s, ".")
	return ok && whole != "" && len(part) == 2 && strings.Trim(whole+part, "0123456789") == ""
}

// ClickNumber is the decimal form of a click id, for systems whose ids are numbers; "" for
// the zero id.
func ClickNumber(id event.ClickID) string {
	if id.IsZero() {
		return ""
	}
	return new(big.Int).SetBytes(id[:]).String()
}

// idOf gives the click id that a decimal number stands for; anything else as it is.
func idOf(s string) string {
	if len(s) == 32 || len(s) > 39 || strings.Trim(s, "0123456789") != "" {
		return s // 32 digits are an id as it is: the number of one has more
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.BitLen() > 128 || n.Sign() == 0 {
		return s
	}
	var b [16]byte
	n.FillBytes(b[:])
	if b[0] == 0 && b[1] == 0 {
		return s // too small for an id that was ever issued
	}
	return hex.EncodeToString(b[:])
}

// needs checks what the endpoint itself asks for.
func (t *Table) needs(e *Endpoint, r *Request) *Refusal {
	for _, f := range e.Need {
		if *fields[f].into(r) == "" {
			name := t.Wire(fields[f].name, e.Kind)
			return &Refusal{fields[f].missing, name, fmt.Sprintf("The parameter %s is missing or empty; it is required by %s at /%s.", name, t.Title, e.Path)}
		}
	}
	return nil
}

// Bounds of custom parameters.
const (
	maxCustom     = 20
	maxCustomName = 40
)

// custom are the parameters this dialect has no meaning for, in the order of their names:
// of a repeated one the first, and what is too long, too many or no plain name is left out.
func (t *Table) custom(params []macro.Param) []macro.Param {
	var out []macro.Param
	for _, p := range params {
		if p.Value == "" || !plainName(p.Name) || len(p.Value) > maxValue || !utf8.ValidString(p.Value) || strings.ContainsAny(p.Value, "\x00\r\n") {
			continue
		}
		at, found := slices.BinarySearchFunc(out, p.Name, func(q macro.Param, name string) int { return strings.Compare(q.Name, name) })
		if !found && !t.knows(p.Name) && !macro.Unreplaced(p.Value) {
			out = slices.Insert(out, at, p)
		}
	}
	return out[:min(len(out), maxCustom)]
}

func (t *Table) knows(name string) bool {
	for i := range t.Params {
		if t.Params[i].is(name) {
			return true
		}
	}
	return false
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
func check(p *Param, name, v string) *Refusal {
	show := func(v string) string {
		if p.Field == Token {
			return "(not shown)"
		}
		return quote(v)
	}
	most := maxValue
	if long := longValues[p.Field]; long > 0 {
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
