package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"clickledger/internal/catalog"

	"github.com/danielgtaylor/huma/v2"
)

// route is one operation.
type route struct {
	method, path string
	id           string // operation id
	tag          string
	summary      string
	text         string
	status       int    // of success, default 200
	owner        bool   // only for owners of the installation
	party        string // whose portal it belongs to, account.PartyPublisher or PartyAdvertiser; "" = staff's
	read         bool   // a POST that changes nothing
	bodyOptional bool
	unscoped     bool         // the id alone says which workspace
	kind         catalog.Kind // whose filters the query may have
	maxBody      int64        // of a body that is a file, in bytes; default 1 MB of JSON
	media        string       // type of an answer that is a file
}

// writes reports whether the operation changes something, which keys that may only
// read cannot.
func (r route) writes() bool { return r.method != http.MethodGet && !r.read }

// add registers an operation: h behind the checks that concern the key alone, its
// errors translated.
func add[I, O any](s *server, r route, h func(ctx context.Context, in *I) (*O, error)) {
	problem := s.huma.OpenAPI().Components.Schemas.Schema(typeOf[Problem](), true, "")
	if r.status == 0 {
		r.status = http.StatusOK
	}
	body := &huma.RequestBody{}
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.text, Tags: []string{r.tag},
		DefaultStatus: r.status, SkipValidateBody: true,
		Responses: map[string]*huma.Response{
			"default": {Description: "Refused", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}},
		},
		Security: []map[string][]string{{"bearer": {}}},
	}
	if r.media != "" {
		op.Responses["200"] = &huma.Response{Description: "The file.", Content: map[string]*huma.MediaType{r.media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	}
	if r.maxBody > 0 {
		op.MaxBodyBytes, op.BodyReadTimeout = r.maxBody, time.Minute
	}
	if r.method != http.MethodGet {
		op.RequestBody = body
	}
	if r.kind != "" {
		op.Parameters = filterParams(r.kind)
		op.Metadata = map[string]any{"filters": catalog.Filters[r.kind]}
	}
	known := &[]string{} // filled once the parameters are known, before the first request
	op.Middlewares = huma.Middlewares{s.strictQuery(known)}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		p := caller(ctx)
		var err error
		var out *O
		switch {
		case p.Party.Kind != r.party:
			err = errNotYours
		case r.owner && !p.Owner:
			err = errOwner
		case r.writes() && !p.Write:
			err = errReadOnly
		default:
			out, err = h(ctx, in)
		}
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
	done := s.operation(r)
	if len(body.Content) == 0 {
		done.RequestBody = nil
	}
	body.Required = body.Required && !r.bodyOptional
	if r.unscoped {
		done.Parameters = slices.DeleteFunc(done.Parameters, func(p *huma.Param) bool { return strings.EqualFold(p.Name, "workspace") })
	}
	for _, param := range done.Parameters {
		if param.In == "query" {
			*known = append(*known, param.Name)
		}
	}
}

// operation is the registered description of a route.
func (s *server) operation(r route) *huma.Operation {
	item := s.huma.OpenAPI().Paths[r.path]
	switch r.method {
	case http.MethodGet:
		return item.Get
	case http.MethodPatch:
		return item.Patch
	}
	return item.Post
}

// strictQuery refuses parameters that the operation does not have, so that a misspelt
// filter does not silently select everything.
func (s *server) strictQuery(known *[]string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		u := ctx.URL()
		bad := &catalog.Invalid{}
		for name, values := range u.Query() {
			if !slices.Contains(*known, name) {
				bad.Add(name, "unknown_parameter", values[0], "There is no such parameter here.")
			}
		}
		err := bad.Err()
		if err == nil {
			next(ctx)
			return
		}
		slices.SortFunc(bad.Fields, func(a, b catalog.FieldError) int { return compare(a.Field, b.Field) })
		p := s.problem(ctx.Context(), err)
		ctx.SetHeader("Content-Type", p.ContentType(""))
		ctx.SetStatus(p.Status)
		err = s.huma.Marshal(ctx.BodyWriter(), "application/json", p)
		if err != nil {
			s.Logger.Warn("write answer", "request", p.RequestID, "error", err)
		}
	}
}

// filterParams describes the filters of a kind's list.
func filterParams(kind catalog.Kind) []*huma.Param {
	var out []*huma.Param
	for _, name := range catalog.Filters[kind] {
		out = append(out, &huma.Param{Name: name, In: "query", Description: "Only rows with exactly this " + name + ".", Schema: &huma.Schema{Type: "string"}})
	}
	return out
}

// Filters are the values of a kind's filters in a request.
type Filters struct{ values map[string]string }

// Resolve reads them; huma calls it.
func (f *Filters) Resolve(ctx huma.Context) []error {
	names, _ := ctx.Operation().Metadata["filters"].([]string) // a kind without any
	f.values = map[string]string{}
	for _, name := range names {
		if v := ctx.Query(name); v != "" {
			f.values[name] = v
		}
	}
	return nil
}
