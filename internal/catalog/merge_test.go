package catalog

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	base := func() *OfferDoc {
		d := NewDoc(KindOffer).(*OfferDoc)
		d.Name, d.CookieDays, d.Tags = "Shoes", 7, []string{"a", "b"}
		return d
	}
	changed := func(fn func(*OfferDoc)) *OfferDoc {
		d := base()
		fn(d)
		return d
	}
	tests := []struct {
		name, patch string
		want        *OfferDoc
		rules       map[string]string
		syntax      bool
	}{
		{"nothing", `{}`, base(), nil, false},
		{"some", ` {"name" : "Boots","append_click_id":true,"cookie_days":9} `, changed(func(d *OfferDoc) { d.Name, d.AppendClickID, d.CookieDays = "Boots", true, 9 }), nil, false},
		{"a list is replaced", `{"tags":["c"]}`, changed(func(d *OfferDoc) { d.Tags = []string{"c"} }), nil, false},
		{"null is the default", `{"name":null,"cookie_days":null,"tags":null}`, changed(func(d *OfferDoc) { d.Name, d.CookieDays, d.Tags = "", 0, []string{} }), nil, false},
		{"all wrong types", `{"name":1,"cookie_days":"7","append_click_id":"true","tags":"a","deep_links":[null],"notes":{}}`, nil,
			map[string]string{"name": "type", "cookie_days": "type", "append_click_id": "type", "tags": "type", "deep_links": "type", "notes": "type"}, false},
		{"a fraction", `{"cookie_days":7.5}`, nil, map[string]string{"cookie_days": "type"}, false},
		{"beyond int64", `{"cookie_days":92233720368547758080}`, nil, map[string]string{"cookie_days": "type"}, false},
		{"unknown and case", `{"Name":"x","workspace_id":"y"}`, nil, map[string]string{"Name": "unknown_field", "workspace_id": "unknown_field"}, false},
		{"twice", `{"name":"x","name":"y"}`, nil, map[string]string{"name": "duplicate_field"}, false},
		{"empty", ``, nil, nil, true},
		{"null", `null`, nil, nil, true},
		{"array", `[]`, nil, nil, true},
		{"cut off", `{"name":"x"`, nil, nil, true},
		{"trailing", `{} x`, nil, nil, true},
		{"deep", `{"name":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, nil, nil, true},
		{"brackets in a text are not deep", `{"name":"` + strings.Repeat("[", 40) + `\""}`, changed(func(d *OfferDoc) { d.Name = strings.Repeat("[", 40) + `"` }), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := base()
			err := Merge(d, []byte(tt.patch))
			var bad *Invalid
			var syntax *SyntaxError
			switch {
			case tt.syntax:
				if !errors.As(err, &syntax) {
					t.Errorf("Merge = %v, want a SyntaxError", err)
				}
			case tt.rules != nil:
				got := map[string]string{}
				if errors.As(err, &bad) {
					for _, f := range bad.Fields {
						got[f.Field] = f.Rule
					}
				}
				if diff := cmp.Diff(tt.rules, got); diff != "" {
					t.Errorf("rules (-want +got):\n%s", diff)
				}
			default:
				if diff := cmp.Diff(tt.want, d); diff != "" || err != nil {
					t.Errorf("Merge = %v (-want +got):\n%s", err, diff)
				}
			}
		})
	}
}

func FuzzMerge(f *testing.F) {
	for _, seed := range []string{`{}`, `{"name":"x","tags":["a"]}`, `{"name":null}`, `{"a":{"b":[1,"\"]"]}}`, "{\"name\":\"\r\n\x00\xff\"}", `[`, `{"name":"` + strings.Repeat("x", 300) + `"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		d := NewDoc(KindOffer).(*OfferDoc)
		err := Merge(d, patch)
		var bad *Invalid
		var syntax *SyntaxError
		switch {
		case errors.As(err, &syntax):
		case errors.As(err, &bad):
			for _, fe := range bad.Fields {
				if utf8.RuneCountInString(fe.Value) > 81 || fe.Rule == "" || fe.Msg == "" {
					t.Errorf("refusal %+v, want it bounded and complete", fe)
				}
			}
		case err != nil:
			t.Fatalf("Merge = %v, want a refusal", err)
		default:
			// What was taken is what plain JSON says, null aside.
			again := NewDoc(KindOffer).(*OfferDoc)
			if uerr := json.Unmarshal(patch, again); uerr != nil {
				t.Fatalf("Merge took what is not JSON: %v", uerr)
			}
			if !strings.Contains(string(patch), "null") && !reflect.DeepEqual(d, again) {
				t.Errorf("Merge gives %+v, JSON says %+v", d, again)
			}
		}
	})
}

// TestDocuments holds the struct tags to what the rest of the package takes for
// granted of them.
func TestDocuments(t *testing.T) {
	for _, kind := range Kinds {
		d := NewDoc(kind)
		if d == nil || d.Kind() != kind {
			t.Fatalf("NewDoc(%s) = %v", kind, d)
		}
		bad := &Invalid{}
		checkTags(d, bad)
		for _, f := range bad.Fields {
			if f.Rule != ruleRequired {
				t.Errorf("%s: the default of %s is refused: %s", kind, f.Field, f.Msg)
			}
		}
		for _, f := range fields(d) {
			if f.name == "" || f.tag.Get("doc") == "" {
				t.Errorf("%s: the field %q has no name or help", kind, f.name)
			}
			if f.value.Kind() == reflect.Int64 && (f.tag.Get("minimum") == "" || f.limit("maximum") == 0) {
				t.Errorf("%s: the number %s has no bounds", kind, f.name)
			}
		}
	}
	if NewDoc("nothing") != nil {
		t.Error("NewDoc of an unknown kind is not nil")
	}
}

func TestEnrollmentStepsKnowEveryStatus(t *testing.T) {
	f := fields(NewDoc(KindEnrollment))
	i := slices.IndexFunc(f, func(f docField) bool { return f.name == "status" })
	for status := range strings.SplitSeq(f[i].tag.Get("enum"), ",") {
		if len(enrollmentSteps[status]) == 0 {
			t.Errorf("an enrollment that is %s can never change", status)
		}
	}
}
