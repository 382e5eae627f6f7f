package edge

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"clickledger/internal/event"
)

// Headers of every answer to a signal.
const (
	headerVerdict = "Clickledger-Verdict"
	headerSignal  = "Clickledger-Signal"
)

// reply is the body of an answer to a postback: a contract with integrators (P21).
type reply struct {
	Verdict    event.Verdict `json:"verdict"`
	Message    string        `json:"message"`
	Detail     string        `json:"detail,omitempty"`
	Field      string        `json:"field,omitempty"`
	Signal     string        `json:"signal,omitempty"`
	Conversion string        `json:"conversion,omitempty"`
	Test       bool          `json:"test,omitempty"`
}

// answer tells the sender of a postback what became of it, as JSON, or as one line of
// text when that is all it accepts. The status is the verdict's.
func (e *Edge) answer(w http.ResponseWriter, r *http.Request, id event.ClickID, a Answer) {
	info, known := event.Verdicts[a.Verdict]
	if !known {
		a = Answer{Verdict: event.Received}
		info = event.Verdicts[event.Received]
	}
	e.metrics.verdicts[a.Verdict].Inc()
	out := reply{a.Verdict, info.Sentence, a.Detail, a.Field, id.String(), a.Conversion, a.Test}
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h[headerVerdict] = []string{string(a.Verdict)}
	if out.Signal != "" {
		h[headerSignal] = []string{out.Signal}
	}
	if info.Status == http.StatusServiceUnavailable {
		h["Retry-After"] = retryAfter
	}
	var body []byte
	if wantsText(first(r.Header, "Accept")) {
		h["Content-Type"] = typeText
		body = out.text()
	} else {
		h["Content-Type"] = typeJSON
		body = out.json()
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(info.Status)
	_, _ = w.Write(body) // the sender hung up: it will send again
}

func (o *reply) json() []byte {
	b, err := json.Marshal(o)
	if err != nil {
		return nil // not reachable: a struct of texts always encodes
	}
	return append(b, '\n')
}

// text is one line, so that a script can read it.
func (o *reply) text() []byte {
	line := "verdict=" + string(o.Verdict) + "; " + o.Message
	if o.Detail != "" && o.Detail != o.Message {
		line += " " + o.Detail
	}
	line = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, line)
	return []byte(line + "\n")
}

// gif is a transparent image of one pixel, 43 bytes (P20).
var gif = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b")

var gifLength = []string{strconv.Itoa(len(gif))}

// image answers a pixel. verdict is "" where nothing was signalled.
func (e *Edge) image(w http.ResponseWriter, r *http.Request, id event.ClickID, verdict event.Verdict) {
	e.unseen(w, r, unseenBody{typeGIF, gifLength, gif}, id, verdict)
}

// unseenBody is an answer to a page that nobody sees.
type unseenBody struct {
	kind, length []string
	body         []byte
}

// unseen answers a page, whatever the verdict: it never breaks because of us.
func (e *Edge) unseen(w http.ResponseWriter, r *http.Request, b unseenBody, id event.ClickID, verdict event.Verdict) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["Content-Type"] = b.kind
	h["Content-Length"] = b.length
	h["X-Content-Type-Options"] = noSniff
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	allowOrigins(h)
	if verdict != "" {
		h[headerVerdict] = []string{string(verdict)}
		if c := e.metrics.pixels[verdict]; c != nil {
			c.Inc()
		}
	}
	if !id.IsZero() {
		h[headerSignal] = []string{id.String()}
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.body) // the page was left
	}
}

// allowOrigins lets any page read the answer, and never with its cookies.
func allowOrigins(h http.Header) {
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Expose-Headers"] = verdictNames
}

func preflight(w http.ResponseWriter) {
	h := w.Header()
	allowOrigins(h)
	h["Access-Control-Allow-Methods"] = allowPixel
	h["Access-Control-Allow-Headers"] = contentType
	h["Access-Control-Max-Age"] = preflightLife
	h["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNoContent)
}
