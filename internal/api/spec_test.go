package api_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"clickledger/internal/report"
)

var update = flag.Bool("update", false, "rewrite openapi.yaml from the code")

func TestSpecIsCommitted(t *testing.T) {
	w := newWorld(t)
	got := w.call("", "GET", "/openapi.yaml", "").want(200).body
	if *update {
		if err := os.WriteFile("openapi.yaml", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.yaml is not what the code says; run go test ./internal/api -run TestSpecIsCommitted -update and look at the difference")
	}
}

func TestSpecIsComplete(t *testing.T) {
	w := newWorld(t)
	spec := w.call("", "GET", "/openapi.json", "").want(200)
	if v := spec.text("openapi"); !strings.HasPrefix(v, "3.1") {
		t.Errorf("OpenAPI %s, want 3.1", v)
	}
	for _, unwanted := range []string{"ErrorModel", "unpkg.com", "track.example"} {
		if strings.Contains(string(spec.body), unwanted) {
			t.Errorf("the description has %s", unwanted)
		}
	}
	for _, m := range report.Metrics() {
		if !strings.Contains(string(spec.body), m.Name) {
			t.Errorf("the description lacks the metric %s", m.Name)
		}
	}
	ops := map[string]bool{}
	for path, item := range spec.get("paths").(map[string]any) {
		for method, op := range item.(map[string]any) {
			o := op.(map[string]any)
			id, _ := o["operationId"].(string)
			if id == "" || ops[id] || o["summary"] == "" {
				t.Errorf("%s %s has operation id %q and summary %q; want them set, and the id unique", method, path, id, o["summary"])
			}
			ops[id] = true
			params, _ := o["parameters"].([]any)
			for _, p := range params {
				if p := p.(map[string]any); p["description"] == nil {
					t.Errorf("%s %s: parameter %s has no description", method, path, p["name"])
				}
			}
		}
	}
	schemas := spec.get("components.schemas").(map[string]any)
	for name, s := range schemas {
		props, _ := s.(map[string]any)["properties"].(map[string]any)
		for prop, v := range props {
			v := v.(map[string]any)
			if v["description"] == nil && v["$ref"] == nil {
				t.Errorf("%s.%s has no description", name, prop)
			}
		}
	}
}

func TestNoDocumentationPage(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/docs", "/schemas/Offer.json", "/openapi-3.0.json"} {
		w.call(adminToken, "GET", path, "").want(404)
	}
}
