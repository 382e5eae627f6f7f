package payout_test

import (
	"errors"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/payout"
)

// IBANs that are well-formed, of the registry's examples, and what is wrong with others.
func TestIBAN(t *testing.T) {
	for iban, rule := range map[string]string{
		"DE89 3704 0044 0532 0130 00":       "",
		"de89370400440532013000":            "",
		"GB29NWBK60161331926819":            "",
		"FR1420041010050500013M02606":       "",
		"NO9386011117947":                   "",
		"MT84MALT011000012345MTLCAST001S":   "",
		"BE68539007547034":                  "",
		"CH9300762011623852957":             "",
		"SA0380000000608010167519":          "",
		"BR1800360305000010009795493C1":     "",
		"NL91ABNA0417164300":                "",
		"DE88370400440532013000":            "iban_checksum",
		"DE89370400440532013001":            "iban_checksum",
		"DE98370400440532013000":            "iban_checksum",
		"DE8937040044053201300":             "iban_length",
		"NO93860111179470":                  "iban_length",
		"US64SVBKUS6S3300958879":            "iban_country",
		"XX89370400440532013000":            "iban_country",
		"DE89-3704-0044":                    "invalid_iban",
		"DE":                                "invalid_iban",
		"ДЕ89370400440532013000":            "invalid_iban",
		strings.Repeat("DE89370400", 10000): "iban_length",
	} {
		d := payout.Details{Kind: payout.KindBank, Holder: "Ann", IBAN: iban}
		if got := ruleOf(t, d.Clean(), "iban"); got != rule {
			t.Errorf("%.40s: %q, want %q", iban, got, rule)
		}
		if rule == "" && strings.Contains(d.IBAN, " ") {
			t.Errorf("%s is kept as %s", iban, d.IBAN)
		}
	}
}

// ruleOf is the rule by which one field was refused, "" = nothing was refused.
func ruleOf(t *testing.T, err error, field string) string {
	t.Helper()
	var bad *catalog.Invalid
	if err == nil {
		return ""
	}
	if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != field {
		t.Fatalf("%v, want the field %s refused", err, field)
	}
	if bad.Fields[0].Value != "" && (field == "iban" || field == "email" || field == "holder") {
		t.Errorf("the refusal repeats the secret %q", bad.Fields[0].Value)
	}
	return bad.Fields[0].Rule
}

func TestDetails(t *testing.T) {
	const iban = "DE89370400440532013000"
	for name, c := range map[string]struct {
		d           payout.Details
		field, rule string
		masked      string
	}{
		"bank":                {payout.Details{Kind: "bank", Holder: " Ann ", IBAN: iban, BIC: "cobadeff xxx", Currency: "eur"}, "", "", "DE** … 3000"},
		"bank, short BIC":     {payout.Details{Kind: "bank", Holder: "Ann", IBAN: iban, BIC: "COBADEFF"}, "", "", "DE** … 3000"},
		"bank without BIC":    {payout.Details{Kind: "bank", Holder: "Ann", IBAN: iban}, "", "", "DE** … 3000"},
		"PayPal":              {payout.Details{Kind: "paypal", Email: "ann@blog.example"}, "", "", "a… @blog.example"},
		"Wise":                {payout.Details{Kind: "wise", Email: "ünn@blog.example"}, "", "", "ü… @blog.example"},
		"Wise with holder":    {payout.Details{Kind: "wise", Holder: "Ann", Email: "ann@blog.example"}, "", "", "a… @blog.example"},
		"other":               {payout.Details{Kind: "other", Text: "cheque\nto Ann"}, "", "", "a text of 13 characters"},
		"none":                {payout.Details{Kind: "none"}, "", "", ""},
		"no kind":             {payout.Details{}, "kind", "not_one_of", ""},
		"another kind":        {payout.Details{Kind: "gold"}, "kind", "not_one_of", ""},
		"no holder":           {payout.Details{Kind: "bank", IBAN: iban}, "holder", "required", ""},
		"no IBAN":             {payout.Details{Kind: "bank", Holder: "Ann"}, "iban", "required", ""},
		"long holder":         {payout.Details{Kind: "bank", Holder: strings.Repeat("x", 141), IBAN: iban}, "holder", "too_long", ""},
		"control in holder":   {payout.Details{Kind: "bank", Holder: "Ann\x00", IBAN: iban}, "holder", "characters", ""},
		"holder of two lines": {payout.Details{Kind: "bank", Holder: "Ann\npol_9,Eve", IBAN: iban}, "holder", "characters", ""},
		"BIC of 9":            {payout.Details{Kind: "bank", Holder: "Ann", IBAN: iban, BIC: "COBADEFFX"}, "bic", "invalid_bic", ""},
		"BIC country":         {payout.Details{Kind: "bank", Holder: "Ann", IBAN: iban, BIC: "COBA12FF"}, "bic", "invalid_bic", ""},
		"no e-mail":           {payout.Details{Kind: "paypal"}, "email", "required", ""},
		"two e-mails":         {payout.Details{Kind: "paypal", Email: "a@b.example, c@d.example"}, "email", "invalid_email", ""},
		"a name with it":      {payout.Details{Kind: "paypal", Email: "Ann <a@b.example>"}, "email", "invalid_email", ""},
		"header in e-mail":    {payout.Details{Kind: "paypal", Email: "a@b.example\r\nBcc: x@y.example"}, "email", "invalid_email", ""},
		"formula":             {payout.Details{Kind: "wise", Email: "=1@b.example"}, "email", "invalid_email", ""},
		"e-mail, no domain":   {payout.Details{Kind: "wise", Email: "ann@localhost"}, "email", "invalid_email", ""},
		"no text":             {payout.Details{Kind: "other"}, "text", "required", ""},
		"long text":           {payout.Details{Kind: "other", Text: strings.Repeat("x", 1001)}, "text", "too_long", ""},
		"IBAN at PayPal":      {payout.Details{Kind: "paypal", Email: "ann@blog.example", IBAN: iban}, "iban", "not_allowed", ""},
		"e-mail at none":      {payout.Details{Kind: "none", Email: "ann@blog.example"}, "email", "not_allowed", ""},
		"currency":            {payout.Details{Kind: "other", Text: "x", Currency: "EURO"}, "currency", "unknown_currency", ""},
		"exchange":            {payout.Details{Kind: "other", Text: "x", Exchange: true}, "exchange", "needs_currency", ""},
		"currency of none":    {payout.Details{Kind: "none", Currency: "EUR"}, "currency", "not_allowed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ruleOf(t, c.d.Clean(), c.field); got != c.rule {
				t.Fatalf("%q, want %q", got, c.rule)
			}
			if c.rule == "" && c.d.Masked() != c.masked {
				t.Errorf("masked %q, want %q", c.d.Masked(), c.masked)
			}
		})
	}
}
