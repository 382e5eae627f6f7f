package upload

import (
	"errors"
	"strings"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/event"

	"github.com/google/go-cmp/cmp"
)

func TestReadStatuses(t *testing.T) {
	s, err := ReadStatuses([]byte("\ufeffOrder Number;State;Comment;Amount;Refund ID;shop\r\n\r\nA-1;APPROVED;;;;x\r\nA-2;refunded;\"one; of two\";20.00;R-1;y\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []StatusRow{{Line: 3, TxID: "A-1", Step: books.Step{Do: "approved"}}, {Line: 4, TxID: "A-2", Step: books.Step{Do: "refunded", Reason: "one; of two", Amount: "20.00", RefundID: "R-1"}}}
	if d := cmp.Diff(want, s.Rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"shop"}, s.Ignored); d != "" {
		t.Errorf("ignored (-want +got):\n%s", d)
	}
	if _, err := ReadStatuses(StatusExample()); err != nil {
		t.Errorf("the example: %v", err)
	}
}

// What is wrong with a row is said of that row, what is wrong with the file of all of it.
func TestReadStatusesRefuses(t *testing.T) {
	for row, want := range map[string]Problem{
		"A-1,approved,=HYPERLINK(1),":              {"reason", event.InvalidValue, "formula"},
		"=1+1,approved,,":                          {"txid", event.InvalidValue, "formula"},
		`A-1,refunded,,"1,50"`:                     {"amount", event.InvalidAmount, "comma"},
		"A-1,,x,":                                  {"status", event.UnknownStatus, "no status"},
		",approved,,":                              {"click_id", event.MissingClick, "no click id"},
		"A-1,rejected,,":                           {"reason", event.InvalidValue, "why"},
		"A-1,reversed,,":                           {"reason", event.InvalidValue, "why"},
		"A-1,approved,,,more":                      {"", event.MalformedBody, "5 cells"},
		"A-1,approved," + strings.Repeat("x", 600): {"reason", event.InvalidValue, "longer than 512"},
		"A-1,approved,\"two\nlines\",":             {"reason", event.InvalidValue, "line break"},
		"A-1,rejected," + strings.Repeat("é", 250): {},
	} {
		s, err := ReadStatuses([]byte("txid,status,reason,amount\n" + row + "\n"))
		if err != nil {
			t.Errorf("%q: %v", row, err)
			continue
		}
		p := s.Rows[0].Problem
		if want == (Problem{}) {
			if p != nil {
				t.Errorf("%q: %+v", row, *p)
			}
			continue
		}
		if p == nil || p.Field != want.Field || p.Verdict != want.Verdict || !strings.Contains(p.Msg, want.Msg) {
			t.Errorf("%q: %+v, want %+v", row, p, want)
		}
	}
	for file, code := range map[string]string{
		"":                                    CodeEmpty,
		"txid,status\n":                       CodeEmpty,
		"txid,reason\nA-1,x\n":                CodeNoStatus,
		"A-1,approved\n":                      CodeNoStatus,
		"status,reason\napproved,x\n":         CodeNoClickID,
		"txid,order,status\nA,A,approved":     CodeTwice,
		"txid,status\nA-1,\"approved\n":       CodeQuotes,
		"txid,status,reason\nA,a,Gr\xfc\xdfe": CodeEncoding,
		"\xff\xfet\x00x\x00":                  CodeEncoding,
		"txid,status\n" + strings.Repeat("A,approved\n", books.MaxSteps+1): CodeTooMany,
	} {
		_, err := ReadStatuses([]byte(file))
		var bad *FileError
		if !errors.As(err, &bad) || bad.Code != code {
			t.Errorf("%.40q: %v, want %s", file, err, code)
		}
	}
}
