package payout_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"clickledger/internal/payout"
)

var update = flag.Bool("update", false, "rewrite the files of testdata")

// TestFiles compares every layout with its file in testdata. Names and details are hostile:
// no spreadsheet runs them, and every line has its columns.
func TestFiles(t *testing.T) {
	all := []struct {
		d        payout.Details
		currency string
		amount   int64
	}{
		{payout.Details{Kind: "bank", Holder: "Ann, \"the\" Blog", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX"}, "EUR", 105000},
		{payout.Details{Kind: "bank", Holder: "=HYPERLINK(\"http://x.example\")", IBAN: "NL91ABNA0417164300"}, "EUR", 1},
		{payout.Details{Kind: "bank", Holder: "Yen Ltd", IBAN: "GB29NWBK60161331926819"}, "JPY", 12345},
		{payout.Details{Kind: "paypal", Email: "a.nn+x@blog.example"}, "USD", 7},
		{payout.Details{Kind: "paypal", Email: "ann@blog.example"}, "USD", 250099},
		{payout.Details{Kind: "wise", Email: "w@blog.example"}, "KWD", 1234567},
		{payout.Details{Kind: "wise", Holder: "Wanda; Blog", Email: "w@blog.example"}, "KWD", 1000},
		{payout.Details{Kind: "other", Text: "-1+1\nby cheque"}, "EUR", 500},
	}
	for _, layout := range payout.Layouts {
		t.Run(layout.Name, func(t *testing.T) {
			var lines []*payout.Line
			var details []*payout.Details
			for i, x := range all {
				l := &payout.Line{ID: "pol_" + string(rune('0'+i)), Run: "por_1", Publisher: "pub_" + string(rune('0'+i)), Currency: "XXX", Amount: 1, PayCurrency: x.currency, PayAmount: x.amount, State: payout.Approved, Method: x.d.Kind}
				if layout.Takes(l) {
					lines, details = append(lines, l), append(details, &x.d)
				}
			}
			var out bytes.Buffer
			err := layout.WriteFile(&out, lines, details, func(id string) string { return "@Blog " + id })
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", layout.Name+".csv")
			if *update {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), want) {
				t.Errorf("the file is\n%s\nwant\n%s", out.Bytes(), want)
			}
		})
	}
}

// TestOffers: files are offered by layout and currency, of lines that are open.
func TestOffers(t *testing.T) {
	line := func(method, currency string, amount int64, s payout.State) *payout.Line {
		return &payout.Line{Method: method, Currency: "XXX", Amount: 1, PayCurrency: currency, PayAmount: amount, State: s}
	}
	got := payout.Offers([]*payout.Line{
		line("bank", "EUR", 100, payout.Approved), line("bank", "EUR", 20, payout.Approved), line("bank", "USD", 3, payout.Approved), line("paypal", "EUR", 4000, payout.Approved),
		line("bank", "EUR", 50000, payout.Paid), line("wise", "EUR", 600000, payout.Failed),
	})
	want := []struct {
		layout, currency string
		lines            int
		amount           int64
	}{{"generic", "EUR", 3, 4120}, {"generic", "USD", 1, 3}, {"sepa", "EUR", 2, 120}, {"paypal", "EUR", 1, 4000}}
	if len(got) != len(want) {
		t.Fatalf("%d files, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if g := got[i]; g.Layout.Name != w.layout || g.Currency != w.currency || g.Lines != w.lines || g.Amount != w.amount {
			t.Errorf("file %d is %s %s of %d lines and %d, want %+v", i, g.Layout.Name, g.Currency, g.Lines, g.Amount, w)
		}
	}
}
