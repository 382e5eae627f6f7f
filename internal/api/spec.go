package api

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"clickledger/internal/event"
	"clickledger/internal/report"

	"github.com/danielgtaylor/huma/v2"
)

// description is the beginning of the OpenAPI text: what holds for every operation.
const description = `Everything the console can do, for programs.

**Authentication.** Send an API key as ` + "`Authorization: Bearer clk_…`" + `. A key is for one workspace and may read, or read and write. Keys that hold several workspaces name one in the query or header ` + "`workspace`" + `; in a body that has the field, there.

**Lists** come in pages, newest first: pass ` + "`next_cursor`" + ` as ` + "`cursor`" + ` until it is absent.

**Money** is decimal text in the currency named beside it, such as ` + "`\"12.50\"`" + `; a JSON number is refused. Reports give it in minor units.

**Writing.** ` + "`POST`" + ` takes an ` + "`Idempotency-Key`" + ` for what it makes in the catalog, ` + "`PATCH`" + ` a JSON merge patch and ` + "`If-Match`" + ` with an ETag; ` + "`dry_run=true`" + ` only checks. When a write is answered, the edge of this server already works by it. Unknown fields and parameters are refused.

**Errors** are ` + "`application/problem+json`" + ` with a stable ` + "`code`" + `, and in ` + "`errors`" + ` every wrong field with the rule it breaks. What belongs to somebody else answers as what does not exist.`

// config describes the API. There is no page of documentation: those that come with
// huma load scripts from third parties.
func (s *server) config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			// The version of the interface, not of the server: the description must not
			// change with each build.
			Info:    &huma.Info{Title: "clickledger", Version: "1", Description: description, License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
			Servers: []*huma.Server{{URL: Prefix}},
			Components: &huma.Components{
				Schemas:         registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer", Description: "An API key."}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format}, // by type and by suffix
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{s.adopt},
	}
}

// schemaName names the views of the portals by their room: staff's have the same names.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), portalRoom) || strings.Contains(t.Name(), portalRoom+".") {
		return "Portal" + name
	}
	return name
}

const portalRoom = "internal/portal"

// finishSpec takes out what huma describes by itself and this API answers otherwise.
func (s *server) finishSpec() {
	schemas := s.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
}

// specs are the description in both notations, made once.
func (s *server) specs() map[string]http.Handler {
	out := map[string]http.Handler{}
	asJSON, err := s.huma.OpenAPI().MarshalJSON()
	if err != nil {
		panic(fmt.Sprintf("api: describe: %v", err)) // the types of this package are wrong; every test meets it
	}
	asYAML, err := s.huma.OpenAPI().YAML()
	if err != nil {
		panic(fmt.Sprintf("api: describe: %v", err))
	}
	serve := func(media string, b []byte) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.Header().Set("Cache-Control", "max-age=300")
			_, _ = w.Write(b) // the client went away: nobody is left to tell
		})
	}
	out[Prefix+"/openapi.json"] = serve("application/openapi+json", asJSON)
	out[Prefix+"/openapi.yaml"] = serve("application/openapi+yaml", asYAML)
	return out
}

// reportText documents dimensions and metrics from the tables that are also the code.
func reportText() string {
	var b strings.Builder
	b.WriteString("Facts, grouped by dimensions and measured by metrics. Amounts are in the workspace's reporting currency, at the rate of the day of each conversion; a conversion without a rate counts as 0 and is noted. With `money` `original` they are in each conversion's own currency. Money of several currencies is never added: then a group of several currencies has a row per currency, and one with currency \"\" for its visits and clicks. The currency of the amounts stands in the column `currency`, or `report_currency` where `currency` is a dimension of converted amounts; so says `currency_column`.\n\nDimensions:\n\n")
	for _, d := range report.Dimensions() {
		fmt.Fprintf(&b, "- `%s`: %s\n", d.Name, d.Label)
	}
	b.WriteString("\nMetrics:\n\n")
	for _, m := range report.Metrics() {
		fmt.Fprintf(&b, "- `%s` (%s): %s = %s\n", m.Name, m.Type, m.Label, m.Formula)
	}
	return b.String()
}

// verdictText documents the verdicts.
func verdictText() string {
	var b strings.Builder
	b.WriteString("A signal is any hit on a conversion endpoint, with its verdict:\n\n")
	for _, v := range slices.Sorted(maps.Keys(event.Verdicts)) {
		fmt.Fprintf(&b, "- `%s`: %s\n", v, event.Verdicts[v].Sentence)
	}
	return b.String()
}
