package edge

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/routing"
)

// tag is the conversion script, served as it is at /tag.js (DESIGN §6). It has no
// room to explain itself, so its promises stand here:
//
//   - Loaded on a landing page it keeps the click id of the URL on the shop's own
//     domain: a cookie NAME_click on the widest domain the browser takes, and the same
//     in localStorage; with data-key also in NAME_click_KEY, so that a shop with
//     several offers keeps a click for each (C3, C6). Only 32 lowercase hex characters
//     are taken; everything else, unreplaced macros included, is ignored.
//   - The click id of a conversion is the one given, else that of the URL, the cookie,
//     localStorage, else none: the tracker's own cookie may still match. click_from says
//     which of the three it was.
//   - With data-first the first click is kept for as long as it lives, and goes before
//     that of the URL: for offers whose first click earns.
//   - Every conversion is in a queue (at most 20 entries, 24 hours, in localStorage)
//     before it is sent, and leaves it when the tracker's JSON acknowledged it or a 4xx
//     refused it. Else it is sent again after 0.5–1 s, 1–2 s … 30–60 s, eight times a
//     page load, and on later ones. On pagehide what still waits goes out as a beacon,
//     whose fate is unknown, so it stays in the queue: the judge knows orders, and
//     clicks with their goals (P7).
//   - A key, goal and order number (else click id) is sent once: the last 50 are
//     remembered in localStorage. With neither it is sent once a page load.
//   - A prerendered page does nothing until it is shown (R7). Nothing is ever thrown
//     into the page; without cookies and storage everything works from memory.
//
//go:embed tag.js
var tag []byte

// tagHash is the whole SHA-256 of the script in hex.
var tagHash = func() string {
	sum := sha256.Sum256(tag)
	return hex.EncodeToString(sum[:])
}()

// minVersion and shownVersion are how many characters of the hash a versioned URL
// must have, and ours have.
const (
	minVersion   = 8
	shownVersion = 12
)

// TagVersion is the version of the conversion script: the first 12 hex characters of
// its SHA-256. As /tag.js?v=VERSION it may be cached for ever.
func TagVersion() string { return tagHash[:shownVersion] }

var (
	typeScript   = []string{"text/javascript; charset=utf-8"}
	tagETag      = []string{`"` + tagHash[:32] + `"`}
	tagForEver   = []string{"public, max-age=31536000, immutable"}
	tagForAWhile = []string{"public, max-age=300"}
	allowScript  = []string{"OPTIONS, POST"}
	justPost     = []string{"POST"}
	varyOrigin   = []string{"Origin"}
	yes          = []string{"true"}
)

// tagScript answers /tag.js. With this build's version in the URL the answer never
// changes; any other URL is fresh for five minutes, so that a shop whose page names an
// older version gets mended ones soon.
func (e *Edge) tagScript(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h["Allow"] = allowLink
		e.metrics.tagMethod.Inc()
		e.page(w, r, methodPage)
		return
	}
	e.metrics.tag.Inc()
	h["Content-Type"] = typeScript
	h["X-Content-Type-Options"] = noSniff
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	h["Access-Control-Allow-Origin"] = anyOrigin // for <script crossorigin>
	h["Etag"] = tagETag
	h["Cache-Control"] = tagForAWhile
	if v, ok := strings.CutPrefix(r.URL.RawQuery, "v="); ok && len(v) >= minVersion && strings.HasPrefix(tagHash, v) {
		h["Cache-Control"] = tagForEver
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(tag))
}

// scriptReply is the body of an answer to the conversion script. id is the signal's,
// and its presence says that the signal is safely logged.
type scriptReply struct {
	Status event.Verdict `json:"status"`
	ID     string        `json:"id,omitempty"`
}

// script answers /event, where the conversion script sends its signals: as soon as the
// signal is in the log, with the verdict only if it is there already. It is 200 for
// whatever was logged and 503 when the log could not take it, so that the script knows
// without reading on whether to send again.
func (e *Edge) script(w http.ResponseWriter, r *http.Request, on *routing.Domain) {
	began := e.now()
	h := w.Header()
	allowSender(h, r.Header)
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		e.metrics.scriptMethod.Inc()
		h["Access-Control-Allow-Methods"] = justPost
		h["Access-Control-Allow-Headers"] = contentType
		h["Access-Control-Max-Age"] = preflightLife
		h["Cache-Control"] = noStore
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		e.metrics.scriptMethod.Inc()
		h["Allow"] = allowScript
		e.page(w, r, methodPage)
		return
	}
	s, tooLarge, err := e.signal(r, on, event.SignalScript)
	if err != nil {
		e.acknowledge(w, event.ClickID{}, unreadable(err).Verdict)
		return
	}
	waiter := e.hub.Expect(s.ID)
	err = e.logSignal(r, s)
	verdict := waiter.Latest().Verdict
	switch {
	case err != nil:
		e.acknowledge(w, event.ClickID{}, event.LogUnavailable) // no id: nothing was kept
		return
	case tooLarge:
		verdict = event.TooLarge
	}
	e.acknowledge(w, s.ID, verdict)
	e.metrics.scriptTime.Observe(e.now().Sub(began).Seconds())
}

// acknowledge writes the script's answer; a signal with an id was logged.
func (e *Edge) acknowledge(w http.ResponseWriter, id event.ClickID, verdict event.Verdict) {
	if c := e.metrics.scripts[verdict]; c != nil {
		c.Inc()
	}
	status := http.StatusOK
	h := w.Header()
	reply := scriptReply{Status: verdict}
	if id.IsZero() {
		status = event.Verdicts[verdict].Status
	} else {
		reply.ID = id.String()
		h[headerSignal] = []string{reply.ID}
	}
	if status == http.StatusServiceUnavailable {
		h["Retry-After"] = retryAfter
	}
	body, err := json.Marshal(reply)
	if err != nil {
		body = nil // not reachable: a struct of texts always encodes
	}
	h["Cache-Control"] = noStore
	h["Content-Type"] = typeJSON
	h["X-Content-Type-Options"] = noSniff
	h[headerVerdict] = []string{string(verdict)}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the page was left
}

// allowSender lets the page that sent the request read the answer, which holds nothing
// secret, although it was sent with the tracker's cookie. Only /event does this.
func allowSender(h, request http.Header) {
	h["Vary"] = varyOrigin
	origin := first(request, "Origin")
	if !plainOrigin(origin) {
		return
	}
	h["Access-Control-Allow-Origin"] = []string{origin}
	h["Access-Control-Allow-Credentials"] = yes
	h["Access-Control-Expose-Headers"] = verdictNames
}

// plainOrigin reports whether an Origin header can be repeated in an answer: "null"
// (a sandboxed page) or what an origin is made of, never a list or anything hostile (R14).
func plainOrigin(s string) bool {
	if s == "" || len(s) > 300 { // a host has at most 253 characters
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune(":/.-_+[]", rune(c)) {
			return false
		}
	}
	return true
}
