package money

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		s        string
		currency Currency
		want     int64
	}{
		{"12.50", "EUR", 1250}, {"12.5", "EUR", 1250}, {"12", "EUR", 1200}, {"0", "EUR", 0}, {"0.00", "EUR", 0},
		{"0.05", "EUR", 5}, {"12.500000", "EUR", 1250}, {"0012.50", "EUR", 1250}, {"1250", "JPY", 1250},
		{"1250.00", "JPY", 1250}, {"1.234", "KWD", 1234}, {"1.2", "CLF", 12000}, {"12.50", "HRK", 1250},
		{"92233720368547758.07", "EUR", 1<<63 - 1},
		{strings.Repeat("0", 100) + ".01", "EUR", 1}, {"1." + strings.Repeat("0", 64<<10), "EUR", 100},
	} {
		got, err := ParseAmount(c.s, c.currency, ParseOptions{})
		if err != nil || got != (Amount{c.want, c.currency}) {
			t.Errorf("ParseAmount(%.40q) = %v, %v", c.s, got, err)
		}
	}
}

func TestParseAmountRefuses(t *testing.T) {
	for _, c := range []struct{ name, s, code, msg string }{
		{"empty", "", CodeInvalidAmount, "empty"},
		{"comma", "12,50", CodeInvalidAmount, "comma"},
		{"comma and point", "1,250.00", CodeInvalidAmount, "comma"},
		{"exponent", "1e3", CodeInvalidAmount, "exponent"},
		{"exponent with sign", "1.5E-3", CodeInvalidAmount, "exponent"},
		{"space", "1 250", CodeInvalidAmount, "whitespace"},
		{"leading space", " 12.50", CodeInvalidAmount, "whitespace"},
		{"line break", "12.50\r\n", CodeInvalidAmount, "whitespace"},
		{"no-break space", "1\u00a0250", CodeInvalidAmount, "whitespace"},
		{"plus", "+5", CodeInvalidAmount, "plus"},
		{"minus", "-5.00", CodeInvalidAmount, "negative"},
		{"minus zero", "-0", CodeInvalidAmount, "negative"},
		{"two minuses", "--5", CodeInvalidAmount, "minus"},
		{"only minus", "-", CodeInvalidAmount, "minus"},
		{"no digit before", ".5", CodeInvalidAmount, "before its decimal point"},
		{"no digit after", "5.", CodeInvalidAmount, "after its decimal point"},
		{"only a point", ".", CodeInvalidAmount, "not a plain decimal"},
		{"two points", "1.250.00", CodeInvalidAmount, "more than one point"},
		{"as in the seed", "000", CodeInvalidAmount, "no decimal point"},
		{"hex", "0x1F", CodeInvalidAmount, "hexadecimal"},
		{"underscore", "1_250", CodeInvalidAmount, "separator"},
		{"apostrophe", "1'250", CodeInvalidAmount, "separator"},
		{"NaN", "NaN", CodeInvalidAmount, "not a number"},
		{"Inf", "-Infinity", CodeInvalidAmount, "not a number"},
		{"null", "null", CodeInvalidAmount, "no value"},
		{"undefined", "undefined", CodeInvalidAmount, "no value"},
		{"currency sign", "$5.00", CodeInvalidAmount, "currency"},
		{"currency sign after", "5.00€", CodeInvalidAmount, "currency"},
		{"currency code", "5.00EUR", CodeInvalidAmount, "currency"},
		{"percent", "5%", CodeInvalidAmount, "percent"},
		{"Arabic digits", "١٢", CodeInvalidAmount, "0 to 9"},
		{"full-width digits", "１２", CodeInvalidAmount, "0 to 9"},
		{"NUL", "5\x00", CodeInvalidAmount, "control"},
		{"invalid UTF-8", "5\xff", CodeInvalidAmount, "not a plain decimal"},
		{"macro", "{payout}", CodeMacro, "macro"},
		{"encoded macro", "%7Bpayout%7D", CodeMacro, "macro"},
		{"hash macro", "##AMOUNT##", CodeMacro, "macro"},
		{"brackets and quotes", `["12.50"]`, CodeInvalidAmount, "square brackets and double quotes"},
		{"quotes", `"12.50"`, CodeInvalidAmount, "double quotes"},
		{"angle brackets", "<AMOUNT>", CodeInvalidAmount, "angle brackets"},
		{"precision", "12.505", CodeAmountPrecision, "more decimals than EUR, which has 2"},
		{"range", "92233720368547758.08", CodeAmountRange, "larger"},
		{"far out of range", strings.Repeat("9", 64<<10), CodeAmountRange, "larger"},
		{"long nonsense", strings.Repeat("x", 64<<10), CodeInvalidAmount, "letters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAmount(c.s, "EUR", ParseOptions{})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, %v", got, err)
			}
			if e.Code != c.code || !strings.Contains(e.Msg, c.msg) {
				t.Errorf("%s: %s", e.Code, e.Msg)
			}
			bounded(t, e)
		})
	}
	_, err := ParseAmount("1.5", "JPY", ParseOptions{})
	if code(err) != CodeAmountPrecision {
		t.Errorf("JPY: %v", err)
	}
	_, err = ParseAmount("1.5", "ZZZ", ParseOptions{})
	if code(err) != CodeUnknownCurrency {
		t.Errorf("ZZZ: %v", err)
	}
}

// bounded checks what every error promises.
func bounded(t *testing.T, e *Error) {
	t.Helper()
	if len(e.Msg) > 600 || !utf8.ValidString(e.Msg) || strings.ContainsAny(e.Msg+e.Value, "\r\n\x00") {
		t.Errorf("message %q", e.Msg)
	}
	if len(e.Value) > 420 || !strings.HasSuffix(e.Msg, ".") {
		t.Errorf("value %q, message %q", e.Value, e.Msg)
	}
}

func TestParseNegativeAmount(t *testing.T) {
	for _, c := range []struct {
		s    string
		want int64
		code string
	}{
		{"-5.00", -500, ""}, {"5", 500, ""}, {"-0.00", 0, ""}, {"-92233720368547758.08", -1 << 63, ""},
		{"-92233720368547758.09", 0, CodeAmountRange}, {"- 5", 0, CodeInvalidAmount}, {"-", 0, CodeInvalidAmount},
		{"--5", 0, CodeInvalidAmount}, {"-.5", 0, CodeInvalidAmount}, {"-12,50", 0, CodeInvalidAmount}, {"−5", 0, CodeInvalidAmount},
	} {
		got, err := ParseAmount(c.s, "EUR", ParseOptions{AllowNegative: true})
		if got.Minor != c.want || code(err) != c.code {
			t.Errorf("ParseAmount(%q) = %d, %v", c.s, got.Minor, err)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"12.5", "12.5"}, {"12.50", "12.5"}, {"0", "0"}, {"0.000", "0"}, {"100", "100"}, {"00.5", "0.5"},
		{"0.1234567890123456789", "0.1234567890123456789"}, {"1234567890123456789", "1234567890123456789"},
		{"0.0000000000000000001", "0.0000000000000000001"}, {"1." + strings.Repeat("0", 50), "1"},
	} {
		got, err := ParseDecimal(c.s)
		if err != nil || got.String() != c.want {
			t.Errorf("ParseDecimal(%q) = %s, %v", c.s, got, err)
		}
	}
	for _, c := range []struct{ s, code string }{
		{"", CodeInvalidDecimal}, {"12,5", CodeInvalidDecimal}, {"1e3", CodeInvalidDecimal}, {"-1", CodeInvalidDecimal},
		{"+1", CodeInvalidDecimal}, {".5", CodeInvalidDecimal}, {"5.", CodeInvalidDecimal}, {"10%", CodeInvalidDecimal},
		{"{rate}", CodeMacro}, {"12345678901234567890", CodeInvalidDecimal}, {"1.1234567890123456789", CodeInvalidDecimal},
		{"0.00000000000000000001", CodeInvalidDecimal}, {`["5"]`, CodeInvalidDecimal},
	} {
		got, err := ParseDecimal(c.s)
		if code(err) != c.code {
			t.Errorf("ParseDecimal(%q) = %s, %v", c.s, got, err)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{
		"12.50", "-12.50", "12,50", "1e3", "1 250", "+5", "", ".5", "5.", "000", "0x1f", "1_0", "NaN", "$5", "٣",
		"{payout}", "{{payout}}", "%7Bpayout%7D", `["12.50"]`, "<AMOUNT>", "\r\n", "5\x00", "\xff", "\u202e5",
		strings.Repeat("9", 64<<10), "0." + strings.Repeat("0", 64<<10), strings.Repeat("{", 64<<10), "92233720368547758.08",
	} {
		f.Add(s, "EUR", true)
	}
	f.Add("1", "JPY", false)
	f.Add("1.2345", "CLF", false)
	f.Fuzz(func(t *testing.T, s, c string, negative bool) {
		a, err := ParseAmount(s, Currency(c), ParseOptions{AllowNegative: negative})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || a != (Amount{}) {
				t.Fatalf("%q: %v, %v", s, a, err)
			}
			bounded(t, e)
			return
		}
		again, err := ParseAmount(a.String(), a.Currency, ParseOptions{AllowNegative: true})
		if err != nil || again != a || a.Minor < 0 && !negative {
			t.Fatalf("%q is %s, then %s, %v", s, a.Format(), again.Format(), err)
		}
		if strings.Trim(s, "-.0123456789") != "" {
			t.Fatalf("%q was read as %s", s, a.Format())
		}
		d, err := ParseDecimal(strings.TrimPrefix(s, "-"))
		if err != nil && a.Minor != 0 && len(s) < 19 {
			t.Fatalf("%q is an amount and no decimal: %v, %v", s, d, err)
		}
	})
}

func BenchmarkParseAmount(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := ParseAmount("1234.50", "EUR", ParseOptions{})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPercent(b *testing.B) {
	pct, err := ParseDecimal("7.5")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := Percent(Amount{123450, "EUR"}, pct)
		if err != nil {
			b.Fatal(err)
		}
	}
}
