package edge

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
)

// page is one of the clean pages a person may meet on a tracking host: complete in
// itself, without a name of ours, a link or a script (R19).
type page struct {
	status int
	body   []byte
	length []string // Content-Length
}

const pageStyle = "body{font:16px/1.5 system-ui,sans-serif;color:#333;background:#fff;margin:20vh auto 0;max-width:32em;padding:0 1em;text-align:center}h1{font-size:1.4em}"

// The pages.
var (
	notFoundPage = newPage(http.StatusNotFound, "This page is not available", "The link is not in use, or no longer. Please go back to where you found it.")
	tooLongPage  = newPage(http.StatusRequestURITooLong, "This address is too long", "Tracking links may have up to 8 kB.")
	strangerPage = newPage(http.StatusMisdirectedRequest, "This address is not in use", "This server answers under other names. (unknown_host)")
	methodPage   = newPage(http.StatusMethodNotAllowed, "This request is not supported", "The address does not take this HTTP method.")
)

func newPage(status int, title, text string) *page {
	body := `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
		`<meta name="robots" content="noindex"><title>` + title + `</title><style>` + pageStyle + `</style></head>` +
		`<body><h1>` + title + `</h1><p>` + text + `</p></body></html>` + "\n"
	return &page{status, []byte(body), []string{strconv.Itoa(len(body))}}
}

// Header values that never change. They are shared by all answers: the server only
// reads them, and appending to one copies it, since none has room.
var (
	noStore       = []string{"no-store, private, max-age=0"} // R2
	noIndex       = []string{"noindex"}                      // R21
	noSniff       = []string{"nosniff"}
	referrer      = []string{"strict-origin-when-cross-origin"} // R3
	empty         = []string{"0"}
	typeHTML      = []string{"text/html; charset=utf-8"}
	typeText      = []string{"text/plain; charset=utf-8"}
	typeJSON      = []string{"application/json"}
	typeGIF       = []string{"image/gif"}
	allowLink     = []string{"GET, HEAD"}
	allowSignal   = []string{"GET, HEAD, POST"}
	allowPixel    = []string{"GET, HEAD, OPTIONS, POST"}
	anyOrigin     = []string{"*"}
	crossOrigin   = []string{"cross-origin"}
	verdictNames  = []string{headerVerdict + ", " + headerSignal}
	contentType   = []string{"Content-Type"}
	preflightLife = []string{"86400"}
	retryAfter    = []string{"1"}
	pagePolicy    = []string{"default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func (e *Edge) page(w http.ResponseWriter, r *http.Request, p *page) {
	h := w.Header()
	h["Cache-Control"] = noStore
	h["X-Robots-Tag"] = noIndex
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = pagePolicy
	h["Content-Type"] = typeHTML
	h["Content-Length"] = p.length
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.body) // the visitor went away: nobody is left to tell
	}
}

const robotsText = "User-agent: *\nDisallow: /\n"

// robots keeps crawlers from links that would count as visits.
func (e *Edge) robots(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h["Allow"] = allowLink
		e.metrics.other.Inc()
		e.page(w, r, methodPage)
		return
	}
	e.metrics.robots.Inc()
	h["Content-Type"] = typeText
	h["X-Content-Type-Options"] = noSniff
	h["Content-Length"] = []string{strconv.Itoa(len(robotsText))}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(robotsText)) // the crawler went away
	}
}
