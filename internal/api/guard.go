package api

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/event"
)

// contextKey is the type of this package's keys in a request's context.
type contextKey int

const (
	keyRequestID contextKey = iota
	keyPrincipal
	keyAddress
)

// requestID is the id of the request at hand.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(keyRequestID).(string) // absent only outside of a request
	return id
}

// address is the network address the request comes from, without what a proxy adds.
func address(ctx context.Context) string {
	a, _ := ctx.Value(keyAddress).(string) // absent only outside of a request
	return a
}

// caller is who asks.
func caller(ctx context.Context) account.Principal {
	p, _ := ctx.Value(keyPrincipal).(account.Principal) // the zero one may do nothing
	return p
}

// guard is what happens to every request before and after its operation: an id,
// headers, authentication, the body's type, and answers in our form for what the mux
// refuses. specs are answered without a key: they describe every installation.
func (s *server) guard(mux *http.ServeMux, specs map[string]http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := event.NewID("req_", s.Now())
		r = r.WithContext(context.WithValue(r.Context(), keyRequestID, id))
		h := w.Header()
		h.Set("Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		defer s.recovered(w, r)

		if spec := specs[r.URL.Path]; spec != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			spec.ServeHTTP(w, r)
			return
		}
		p, err := s.authenticate(r)
		if err != nil {
			s.write(w, r, err)
			return
		}
		err = checkMedia(r)
		if err != nil {
			s.write(w, r, err)
			return
		}
		from := r.RemoteAddr
		if s.ClientAddr != nil {
			from = s.ClientAddr(r)
		}
		r = r.WithContext(context.WithValue(context.WithValue(r.Context(), keyPrincipal, p), keyAddress, from))
		_, pattern := mux.Handler(r)
		if pattern == "" {
			s.write(w, r, s.unmatched(mux, r))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// authenticate resolves the bearer token.
func (s *server) authenticate(r *http.Request) (account.Principal, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return account.Principal{}, errNoBearer
	}
	p, err := s.Accounts.ByKey(r.Context(), strings.TrimSpace(token))
	if errors.Is(err, account.ErrCredentials) {
		return p, errNoBearer
	}
	return p, err
}

// checkMedia refuses a body that says it is something else than JSON. A file of rates is
// known by its content.
func checkMedia(r *http.Request) error {
	ct := r.Header.Get("Content-Type")
	if r.ContentLength == 0 || ct == "" {
		return nil
	}
	if r.URL.Path == Prefix+importPath && r.Header.Get("Content-Encoding") == "" {
		return nil
	}
	if r.URL.Path == Prefix+imagesPath && r.Header.Get("Content-Encoding") == "" {
		return nil // an image is known by its content, too
	}
	media, _, err := mime.ParseMediaType(ct)
	if err == nil && media == "text/csv" && (r.URL.Path == Prefix+uploadPath || r.URL.Path == Prefix+statusPath) && r.Header.Get("Content-Encoding") == "" {
		return nil
	}
	if err != nil || (media != "application/json" && media != "application/merge-patch+json") || r.Header.Get("Content-Encoding") != "" {
		return errMedia
	}
	return nil
}

// unmatched asks the mux why it has no operation for the request: the path is unknown,
// or the method.
func (s *server) unmatched(mux *http.ServeMux, r *http.Request) error {
	heard := &deaf{header: http.Header{}}
	mux.ServeHTTP(heard, r)
	if heard.status == http.StatusMethodNotAllowed {
		return &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "This resource does not have the method; see the header Allow.", http.Header{"Allow": heard.header["Allow"]}}
	}
	return &refusal{http.StatusNotFound, "not_found", answers[0].detail, nil}
}

// deaf keeps status and headers of an answer, and nobody reads its body.
type deaf struct {
	header http.Header
	status int
}

// Header, WriteHeader and Write make it a [http.ResponseWriter].
func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) WriteHeader(status int)      { d.status = status }
func (d *deaf) Write(b []byte) (int, error) { return len(b), nil }

// write answers an error outside of huma.
func (s *server) write(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), err)
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // the client went away: nobody is left to tell
}

// recovered answers a panic of a handler. If the answer had begun, the connection is
// cut, so that half of one is not taken for a whole.
func (s *server) recovered(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	s.Logger.Error("api request panicked", "request", requestID(r.Context()), "panic", v, "stack", string(debug.Stack()))
	if w.Header().Get("Content-Type") != "" {
		panic(http.ErrAbortHandler)
	}
	s.write(w, r, errors.New("panic"))
}
