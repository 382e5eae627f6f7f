package payout

import (
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// Details say where the money goes.
type Details struct {
	Kind     string `json:"kind"`
	Currency string `json:"currency,omitempty"`
	Holder   string `json:"holder,omitempty"`
	IBAN     string `json:"iban,omitempty"`
	BIC      string `json:"bic,omitempty"`
	Email    string `json:"email,omitempty"`
	Text     string `json:"text,omitempty"`
	Exchange bool   `json:"exchange,omitempty"` // what is in other currencies into Currency
}

// The kinds of methods.
const (
	KindNone   = "none"
	KindBank   = "bank"
	KindPayPal = "paypal"
	KindWise   = "wise"
	KindOther  = "other"
)

// KindSpec documents a kind of method.
type KindSpec struct {
	Kind   string
	Name   string
	Fields []string // that it needs or may have
}

// Kinds are the methods there are.
var Kinds = []KindSpec{
	{KindBank, "Bank transfer", []string{"holder", "iban", "bic"}},
	{KindPayPal, "PayPal", []string{"email"}},
	{KindWise, "Wise", []string{"holder", "email"}},
	{KindOther, "Other", []string{"text"}},
	{KindNone, "None", nil},
}

// KindName is a kind in words.
func KindName(kind string) string {
	for _, k := range Kinds {
		if k.Kind == kind {
			return k.Name
		}
	}
	return kind
}

// field is one field of the details, with what it must be.
var fields = []struct {
	name     string
	of       func(d *Details) *string
	optional bool
	clean    func(s string) string
	check    func(bad *catalog.Invalid, s string)
}{
	{"holder", func(d *Details) *string { return &d.Holder }, false, strings.TrimSpace, func(bad *catalog.Invalid, s string) { plain(bad, "holder", s, 140) }},
	{"iban", func(d *Details) *string { return &d.IBAN }, false, compact, checkIBAN},
	{"bic", func(d *Details) *string { return &d.BIC }, true, compact, checkBIC},
	{"email", func(d *Details) *string { return &d.Email }, false, strings.TrimSpace, checkEmail},
	{"text", func(d *Details) *string { return &d.Text }, false, strings.TrimSpace, func(bad *catalog.Invalid, s string) { plain(bad, "text", s, 1000) }},
}

// Clean brings details into their form and says what is wrong with them.
func (d *Details) Clean() error {
	bad := &catalog.Invalid{}
	var spec *KindSpec
	for i, k := range Kinds {
		if k.Kind == d.Kind {
			spec = &Kinds[i]
		}
	}
	if spec == nil {
		bad.Add("kind", "not_one_of", d.Kind, "Must be bank, paypal, wise, other or none.")
		return bad
	}
	for _, f := range fields {
		v := f.of(d)
		*v = f.clean(*v)
		switch {
		case !has(spec.Fields, f.name):
			if *v != "" {
				bad.Add(f.name, "not_allowed", "", "A method of this kind does not have it.")
			}
		case *v == "" && !(f.optional || f.name == "holder" && d.Kind == KindWise):
			bad.Add(f.name, "required", "", "Must not be empty.")
		case *v != "":
			f.check(bad, *v)
		}
	}
	if d.Currency != "" {
		c, err := money.ParseCurrency(strings.TrimSpace(d.Currency))
		switch {
		case err != nil:
			bad.Add("currency", "unknown_currency", d.Currency, "Must be an ISO 4217 code such as EUR, or empty for any.")
		case d.Kind == KindNone:
			bad.Add("currency", "not_allowed", "", "A method of this kind does not have it.")
		}
		d.Currency = string(c)
	}
	if d.Exchange && d.Currency == "" {
		bad.Add("exchange", "needs_currency", "", "Name the currency that others are exchanged into.")
	}
	return bad.Err()
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// plain refuses what is too long or has control characters; only the text of another method
// has several lines. The value is not repeated: refusals are shown and logged.
func plain(bad *catalog.Invalid, field, s string, most int) {
	switch {
	case utf8.RuneCountInString(s) > most:
		bad.Add(field, "too_long", "", fmt.Sprintf("Must be at most %d characters long.", most))
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || field != "text") }):
		bad.Add(field, "characters", "", "Must not contain control characters.")
	}
}

// compact drops the spaces people group letters by.
func compact(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s))
}

// checkEmail also refuses what a spreadsheet would take for a formula: a file would have to
// change it.
func checkEmail(bad *catalog.Invalid, s string) {
	a, err := mail.ParseAddress(s)
	_, host, _ := strings.Cut(s, "@")
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 || !strings.Contains(strings.Trim(host, "."), ".") || strings.ContainsAny(s, "\"<> \t") || strings.ContainsAny(s[:1], "=+-@|") {
		bad.Add("email", "invalid_email", "", "Must be one e-mail address, such as ann@example.com.")
	}
}

// ibanLengths are the lengths by country.
var ibanLengths = func() map[string]int {
	m := map[string]int{}
	for _, s := range strings.Fields("AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 " +
		"GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 " +
		"PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30") {
		m[s[:2]], _ = strconv.Atoi(s[2:]) // a literal
	}
	return m
}()

func checkIBAN(bad *catalog.Invalid, s string) {
	if len(s) < 4 || strings.ContainsFunc(s, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') }) {
		bad.Add("iban", "invalid_iban", "", "Must be an IBAN: letters and digits, such as DE89 3704 0044 0532 0130 00.")
		return
	}
	length, ok := ibanLengths[s[:2]]
	switch {
	case !ok:
		bad.Add("iban", "iban_country", "", "No country with IBANs has the code "+s[:2]+".")
	case len(s) != length:
		bad.Add("iban", "iban_length", "", fmt.Sprintf("An IBAN of %s has %d characters, this one has %d.", s[:2], length, len(s)))
	case mod97(s) != 1:
		bad.Add("iban", "iban_checksum", "", "The check digits do not fit: a character is mistyped.")
	}
}

// mod97 is the remainder that ISO 13616 checks: the first four characters at the end,
// letters as 10 to 35.
func mod97(s string) int {
	n := 0
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			n = (n*100 + int(r-'A') + 10) % 97
		} else {
			n = (n*10 + int(r-'0')) % 97
		}
	}
	return n
}

func checkBIC(bad *catalog.Invalid, s string) {
	ok := len(s) == 8 || len(s) == 11
	for i, r := range s {
		letter, digit := r >= 'A' && r <= 'Z', r >= '0' && r <= '9'
		ok = ok && (letter || digit && (i < 4 || i > 5))
	}
	if !ok {
		bad.Add("bic", "invalid_bic", "", "Must be a BIC of 8 or 11 letters and digits, such as COBADEFFXXX.")
	}
}

// Masked is what may be shown of the details.
func (d *Details) Masked() string {
	switch d.Kind {
	case KindBank:
		return d.IBAN[:2] + "** … " + d.IBAN[len(d.IBAN)-4:]
	case KindPayPal, KindWise:
		name, host, _ := strings.Cut(d.Email, "@")
		_, first := utf8.DecodeRuneInString(name)
		return name[:first] + "… @" + host
	case KindOther:
		return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(d.Text))
	}
	return ""
}
