package console

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/rates"
	"clickledger/internal/upload"
)

// policy allows scripts, styles and requests of this host and nothing else; nothing
// inline, nothing evaluated (S6).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm bounds a posted form, in bytes (S7).
const maxForm = 1 << 20

// handler is the route table behind the middleware. The order matters: headers are on
// every answer, refusals included; a cross-origin POST is refused before a body is read.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range allRoutes() {
		mux.Handle(r.pattern, s.adapt(r))
	}
	mux.Handle("GET /assets/", s.ui.assets)
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{server: s, w: w, r: r, id: requestID()}
		c.fail(errCrossOrigin)
	}))
	return s.headers(csrf.Handler(mux))
}

func (s *server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		if s.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		}
		next.ServeHTTP(w, r)
	})
}

// bodyLimit bounds a request's body; files of rates and of conversions may be larger than
// forms.
func bodyLimit(r *http.Request) int64 {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/w/") && strings.HasSuffix(r.URL.Path, "/rates/import") {
		return rates.MaxFile + maxForm
	}
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/w/") && (strings.HasSuffix(r.URL.Path, "/conversions/upload") || strings.HasSuffix(r.URL.Path, "/conversions/statuses")) {
		return upload.MaxBytes + maxForm // with the line ends that browsers make longer
	}
	return maxForm
}

// adapt is the one place where handlers' errors become answers, and where it is
// checked who asks.
func (s *server) adapt(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{server: s, w: w, r: r, id: requestID()}
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p) // a file broke off: so does the connection
				}
				s.Logger.Error("console: panic", "request", c.id, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				s.last(w)
			}
		}()
		err := c.admit(rt.need)
		switch {
		case err == nil:
			err = rt.do(c)
		case errors.Is(err, errNotOpen):
			err = c.notOpen()
		}
		if err != nil {
			c.fail(err)
		}
	})
}

// Errors of the console itself.
var (
	errSignIn      = errors.New("console: not signed in")
	errCrossOrigin = errors.New("console: the request came from another site")
	errForm        = errors.New("console: the form could not be read")
	errSetup       = errors.New("console: not set up yet")
)

// errorPage is what the error template shows.
type errorPage struct {
	Title    string
	Sentence string
	Code     string
	Request  string
	Home     string
	Back     string
}

// failures maps errors to answers; the first match counts.
var failures = []struct {
	is       func(error) bool
	status   int
	code     string
	title    string
	sentence string
}{
	{is(catalog.ErrNotFound), 404, "not_found", "There is nothing here", "The page does not exist, was moved, or is not yours to see."},
	{is(account.ErrDenied), 404, "not_found", "There is nothing here", "The page does not exist, was moved, or is not yours to see."},
	{is(catalog.ErrVersion), 409, "changed_meanwhile", "Somebody changed this meanwhile", "What you saw is no longer what is stored, so nothing was written. Go back, look at the present state, and do it again if it is still right."},
	{is(catalog.ErrIdempotency), 409, "sent_before", "This form was sent before", "It was saved the first time, and what came now differs from it. Open the list to see what is there, and start a new form for another one."},
	{is(errCrossOrigin), 403, "cross_origin", "This came from another site", "The request was refused because it did not come from this console. Open the console itself and try again."},
	{is(errForm), 400, "bad_form", "The form could not be read", "What the browser sent is larger than 1 MB or not a form. Nothing was changed."},
	{func(err error) bool { var e *conversion.StateError; return errors.As(err, &e) }, 409, "illegal_transition", "The state does not allow this", "The conversion was decided otherwise meanwhile. Nothing was changed."},
	{is(conversion.ErrHeld), 409, "held", "The conversion is held", "It is approved by nobody until it is released. Nothing was changed."},
	{func(err error) bool { var e *conversion.Refusal; return errors.As(err, &e) }, 409, "refused", "This was refused", ""},
	{func(err error) bool { var e *catalog.Invalid; return errors.As(err, &e) }, 400, "invalid", "This was refused", ""},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// fail answers an error: a redirect to sign in, or a page that says what happened,
// what to do, and under which id the log has it.
func (c *call) fail(err error) {
	switch {
	case errors.Is(err, errSignIn):
		to := "/signin"
		if c.r.Method == http.MethodGet && c.r.URL.Path != "/" {
			to += "?next=" + queryEscape(c.r.URL.RequestURI())
		}
		if c.r.Header.Get("HX-Request") != "" {
			c.w.Header().Set("HX-Redirect", to)
			c.w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(c.w, c.r, to, http.StatusSeeOther)
		return
	case errors.Is(err, errSetup):
		http.Redirect(c.w, c.r, "/setup", http.StatusSeeOther)
		return
	}
	page := errorPage{Title: "Something went wrong here", Code: "internal", Request: c.id, Home: "/",
		Sentence: "The page could not be made. Please try again; if it stays, the log has the cause under the request id."}
	status := http.StatusInternalServerError
	for _, f := range failures {
		if f.is(err) {
			status, page.Code, page.Title, page.Sentence = f.status, f.code, f.title, f.sentence
			break
		}
	}
	if status == 400 && page.Sentence == "" {
		page.Sentence = err.Error()
	}
	if status >= 500 {
		if c.r.Context().Err() != nil {
			return // the visitor left; there is nobody to tell
		}
		c.Logger.Error("console: request failed", "request", c.id, "method", c.r.Method, "path", c.r.URL.Path, "error", err)
	}
	var rerr error
	if c.ws != nil && c.user != nil {
		page.Home = c.at("")
		rerr = showStatus(c, status, "error", page.Title, page)
	} else {
		rerr = showBare(c, status, "error", page.Title, false, page)
	}
	if rerr != nil {
		c.Logger.Error("console: error page failed", "request", c.id, "error", rerr)
		c.last(c.w)
	}
}

// last sends the page that cannot fail.
func (s *server) last(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(s.lastWord)
}

// requestID is random: it finds a line of the log and nothing else.
func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
