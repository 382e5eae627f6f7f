package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"

	"github.com/danielgtaylor/huma/v2"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func compare(a, b string) int { return strings.Compare(a, b) }

// body is a JSON body that is described as T and decoded by the handler: huma's own
// decoding would ignore unknown names.
type body[T any] struct{ raw []byte }

// Schema describes the body as T.
func (body[T]) Schema(r huma.Registry) *huma.Schema { return r.Schema(typeOf[T](), true, "") }

func (b *body[T]) setRaw(raw []byte) { b.raw = bytes.Clone(raw) }

// patch is a body with some of the fields of T.
type patch[T any] struct{ raw []byte }

// Schema describes the body as T with every field optional.
func (patch[T]) Schema(r huma.Registry) *huma.Schema {
	some := *r.Schema(typeOf[T](), false, "")
	some.Required = nil
	some.Description = "Fields that are absent stay as they are; null gives a field its default."
	name := strings.TrimSuffix(typeOf[T]().Name(), "Doc") + "Patch"
	r.Map()[name] = &some
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

func (b *patch[T]) setRaw(raw []byte) { b.raw = bytes.Clone(raw) }

// format is JSON, with bodies kept as they came.
var format = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		b, ok := v.(interface{ setRaw([]byte) })
		if !ok {
			return errors.New("the operation takes no body")
		}
		b.setRaw(data)
		return nil
	},
}

// decode reads a body strictly into a struct whose nested parts have more types than
// [catalog.Merge] knows.
func decode(raw []byte, into any) error {
	err := catalog.CheckDepth(raw)
	if err != nil {
		return err
	}
	err = exact(raw, reflect.TypeOf(into).Elem())
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err = dec.Decode(into)
	bad := &catalog.Invalid{}
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		_, err := dec.Token()
		if !errors.Is(err, io.EOF) {
			return &catalog.SyntaxError{Msg: "Something follows the JSON object."}
		}
		return nil
	case errors.As(err, &kind) && kind.Field != "":
		bad.Add(kind.Field, "type", kind.Value, "Must be "+jsonKind(kind.Type)+".")
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		bad.Add(strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`), "unknown_field", "", "There is no such field here.")
	case strings.Contains(err.Error(), "parsing time"):
		bad.Add("from, to", "type", "", `Must be times such as "2026-01-31T00:00:00Z".`)
	default:
		return &catalog.SyntaxError{Msg: "The body is not valid JSON of this kind: " + strings.TrimPrefix(err.Error(), "json: ") + "."}
	}
	return bad
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// Scope is the workspace a request is about.
type Scope struct {
	Query  string `query:"workspace" maxLength:"64" doc:"The workspace. Needed only by keys that hold several."`
	Header string `header:"Workspace" maxLength:"64" doc:"The same, as a header."`
}

// named is what the request names, "" when nothing.
func (in Scope) named() string {
	if in.Query != "" {
		return in.Query
	}
	return in.Header
}

// workspace resolves it: what was named, if the caller may know of it, or else the
// only one the caller holds.
func (s *server) workspace(ctx context.Context, in Scope) (string, error) {
	p, asked := caller(ctx), in.named()
	if in.Header != "" && in.Header != asked {
		return "", errTwo
	}
	if asked != "" {
		_, err := s.Catalog.Get(ctx, p, catalog.KindWorkspace, asked, asked)
		return asked, err
	}
	if !p.Owner && len(p.Workspaces) == 1 {
		return p.Workspaces[0], nil
	}
	all, err := s.Catalog.List(ctx, p, catalog.Query{Kind: catalog.KindWorkspace, Limit: 2})
	if err != nil {
		return "", err
	}
	if len(all) != 1 {
		return "", errWhich
	}
	return all[0].Base().ID, nil
}

// Paging is which page of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Rows on a page."`
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before."`
}

// page is the answer of a list.
type page[T any] struct {
	Data       []T    `json:"data" nullable:"false" doc:"The rows, newest first."`
	NextCursor string `json:"next_cursor,omitempty" doc:"Pass it as cursor to get the next page; absent on the last one."`
}

type pageOutput[T any] struct{ Body page[T] }

// cut makes a page of up to limit rows out of limit+1.
func cut[R, T any](rows []R, limit int, id func(R) string, view func(R) T) *pageOutput[T] {
	out := &pageOutput[T]{}
	out.Body.Data = make([]T, 0, len(rows))
	if len(rows) > limit {
		rows = rows[:limit]
		out.Body.NextCursor = id(rows[limit-1])
	}
	for _, r := range rows {
		out.Body.Data = append(out.Body.Data, view(r))
	}
	return out
}

// only finds the row with the id in the page that begins right behind it: lists are in
// id order, newest first, and nothing lies between an id and that id with a character
// more.
func only[R any](id string, list func(before string) ([]R, error), idOf func(R) string) (R, error) {
	var none R
	if id == "" || len(id) > 64 {
		return none, catalog.ErrNotFound
	}
	rows, err := list(id + "0")
	if err != nil {
		return none, err
	}
	if len(rows) == 0 || idOf(rows[0]) != id {
		return none, catalog.ErrNotFound
	}
	return rows[0], nil
}

// One is a request for one row. These parts of requests are exported because huma
// reads the parameters of exported parts only.
type One struct {
	Scope
	ID string `path:"id" maxLength:"64" doc:"Its id."`
}

// Match is the precondition of a write.
type Match struct {
	IfMatch string `header:"If-Match" maxLength:"200" doc:"The ETag that was read, such as \"v3\": the write is refused with 412 if it is no longer current."`
}

var etagForm = regexp.MustCompile(`^(?:W/)?"v([0-9]{1,18})"$`)

// check refuses a version that is not among the ETags of If-Match, and says whether
// there were any.
func (m Match) check(version int64) (conditional bool, err error) {
	s := strings.TrimSpace(m.IfMatch)
	if s == "" || s == "*" {
		return false, nil
	}
	var versions []int64
	for part := range strings.SplitSeq(s, ",") {
		if g := etagForm.FindStringSubmatch(strings.TrimSpace(part)); g != nil {
			n, err := strconv.ParseInt(g[1], 10, 64)
			if err == nil {
				versions = append(versions, n)
			}
		}
	}
	if !slices.Contains(versions, version) {
		return true, catalog.ErrVersion
	}
	return true, nil
}

func etag(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }
