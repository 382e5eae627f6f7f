package console

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"clickledger/internal/catalog"
)

// TestRowsRoundTrip: what a form shows of a list and gets back unchanged is the list.
func TestRowsRoundTrip(t *testing.T) {
	want := []catalog.CapDoc{{Event: "clicks", Period: "total", Limit: 0}, {Event: "conversions", Period: "daily", Limit: 1_000_000_000, Goal: "sale", Publisher: "each"}}
	o := &catalog.OfferDoc{Caps: want}
	values, _, _ := docFields(o)
	view := rowsOf(fieldSpec{name: "caps"}, values["caps"], nil, nil)
	posted := url.Values{"caps": {""}}
	for _, line := range view.Lines {
		for _, cell := range line.Cells {
			posted.Set(cell.Name, cell.Value)
		}
	}
	var got catalog.OfferDoc
	if errs := readDoc(&got, posted); len(errs) != 0 || !reflect.DeepEqual(got.Caps, want) {
		t.Errorf("%+v %v", got.Caps, errs)
	}
	if view.Max != "20" || len(view.Lines) != len(want)+2 || !view.Lines[2].Spare {
		t.Errorf("the table is %+v", view)
	}
}

// FuzzRows posts anything: rows are bounded, blank ones are dropped, what is typed in a
// cell is what the cell shows, and errors are of rows there are.
func FuzzRows(f *testing.F) {
	f.Add("caps.0.limit=1&caps.2.limit=x&caps.2.goal=g", "a|1\nb\tc\n\nd|e|f")
	f.Add("keywords.1.value=a&keywords.0.weight=-1&keywords.00.param=q&keywords.9e9.value=z", "")
	f.Add("geo_payouts=&geo_payouts.-1.country=US&geo_payouts.3.=x", strings.Repeat("w\n", 2000))
	f.Fuzz(func(t *testing.T, query, paste string) {
		posted, err := url.ParseQuery(query)
		if err != nil || !utf8.ValidString(paste) {
			t.Skip()
		}
		posted.Set("keywords_paste", paste)
		var d catalog.OfferDoc
		errs := readDoc(&d, posted)
		values, _, _ := docFields(&d)
		for _, name := range []string{"caps", "geo_payouts", "keywords"} {
			v := values[name]
			if v.Len() > maxRows {
				t.Fatalf("%s has %d rows", name, v.Len())
			}
			view := rowsOf(fieldSpec{name: name}, v, posted, errs)
			if rowsPosted(name, posted) && len(view.Lines) != v.Len()+2 {
				t.Fatalf("%s shows %d lines for %d rows", name, len(view.Lines), v.Len())
			}
			for key := range errs {
				if !strings.HasPrefix(key, name+"[") {
					continue
				}
				shown := map[string]bool{}
				view.problems("x", shown)
				if !shown[key] {
					t.Fatalf("the error of %s is at no cell", key)
				}
			}
		}
	})
}
