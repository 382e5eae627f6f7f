package dialect

import (
	"encoding/json"
	"html"
	"strconv"
	"strings"

	"clickledger/internal/event"
)

// Answer is how a dialect answers conversions.
type Answer struct {
	When string // only to queries with this; see holds
	Type string // Content-Type
	// OK and Bad are the bodies. {message}, {code}, {verdict}, {click}, {signal} and
	// {conversion} are replaced, written as the type needs them.
	OK, Bad string
	// Failed are verdicts that are no failure to us, and are to this dialect.
	Failed []event.Verdict
	// Messages are the dialect's own words for a verdict, and Codes its numbers.
	Messages map[event.Verdict]string
	Codes    map[event.Verdict]int
	// Fine says that every answer has the status 200, refusals too. What could not be kept
	// is 503 in every dialect, so that it is sent again.
	Fine bool
}

// Outcome is what became of a signal.
type Outcome struct {
	Verdict    event.Verdict
	Detail     string
	Conversion string
	Signal     event.ClickID
}

// Reply is an answer.
type Reply struct {
	Status int
	Type   string
	Body   []byte
}

// maxMessage bounds what an answer says about a failure, in bytes.
const maxMessage = 300

// Reply answers a signal, nil for one that could not be taken in, in the dialect's words.
// It reports false for a dialect that has none of its own.
func (e *Endpoint) Reply(query string, s *event.Signal, o Outcome) (Reply, bool) {
	a := e.table.answer(query)
	if a == nil {
		return Reply{}, false
	}
	info := event.Verdicts[o.Verdict]
	r := Reply{Status: info.Status, Type: a.Type}
	if (a.Fine || event.FromPage(e.Kind)) && r.Status < 500 {
		r.Status = 200
	}
	body := a.OK
	if !a.Good(o.Verdict) {
		body = a.Bad
	}
	write := writers[a.Type]
	if strings.Contains(body, ";") && a.Type == TypeText { // it ends a part of such texts
		write = func(s string) string { return strings.ReplaceAll(oneLine(s), ";", ",") }
	}
	click := ""
	if s != nil && strings.Contains(body+a.Messages[o.Verdict], "{click}") {
		req, _ := e.table.parse(s)
		click = req.ClickID
		if len(click) > maxValue {
			click = click[:maxValue]
		}
	}
	message := a.Messages[o.Verdict]
	switch {
	case message != "":
		message = strings.ReplaceAll(message, "{click}", click)
	case o.Detail != "":
		message = o.Detail
	default:
		message = info.Sentence
	}
	if len(message) > maxMessage {
		message = message[:maxMessage]
	}
	code := a.Codes[o.Verdict]
	r.Body = []byte(strings.NewReplacer("{message}", write(message), "{code}", strconv.Itoa(code), "{verdict}", string(o.Verdict),
		"{click}", write(click), "{signal}", o.Signal.String(), "{conversion}", write(o.Conversion)).Replace(body))
	return r, true
}

func (t *Table) answer(query string) *Answer {
	for i := range t.Answers {
		if asks(query, t.Answers[i].When) {
			return &t.Answers[i]
		}
	}
	return nil
}

// Good reports whether the dialect calls the verdict a success.
func (a *Answer) Good(v event.Verdict) bool {
	for _, bad := range a.Failed {
		if v == bad {
			return false
		}
	}
	return event.Verdicts[v].Status < 300
}

// Content types of answers.
const (
	TypeText = "text/plain; charset=utf-8"
	TypeJSON = "application/json"
	TypeXML  = "text/xml; charset=utf-8"
)

// writers write a value into a body of each type, so that no value ends anything there.
var writers = map[string]func(string) string{
	TypeText: oneLine,
	TypeJSON: func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			return "" // texts always marshal
		}
		return string(b[1 : len(b)-1])
	},
	TypeXML: func(s string) string { return html.EscapeString(oneLine(s)) },
}

// oneLine makes a text one valid line.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0xfffe || c == 0xffff {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "�"))
}
