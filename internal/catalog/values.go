package catalog

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/govalues/decimal"

	"clickledger/internal/macro"
	"clickledger/internal/money"
)

// postbackTokens is the token table of publishers' postback URLs.
var postbackTokens = macro.PostbackTokens

// url checks a URL template; tokens nil means those known at a click.
func (c *checker) url(field, raw string, tokens *macro.Table) string {
	if raw == "" || c.wrong(field) {
		return raw
	}
	var err error
	if tokens == nil {
		_, err = macro.ParseURL(raw)
	} else {
		_, err = macro.ParseURLWith(tokens, raw)
	}
	c.macroErr(field, raw, err)
	return raw
}

// macroErr takes over the code and the sentence of a macro error.
func (c *checker) macroErr(field, value string, err error) {
	if err == nil {
		return
	}
	var bad *macro.Error
	if !errors.As(err, &bad) {
		c.fail(fmt.Errorf("check %s: %w", field, err))
		return
	}
	c.bad.Add(field, bad.Code, value, bad.Msg)
}

// hosts checks an allow-list and gives it in its normal form.
func (c *checker) hosts(field string, in []string) []string {
	out := make([]string, 0, len(in))
	for _, h := range in {
		entry, err := macro.CheckHost(strings.TrimSpace(h))
		c.macroErr(field, h, err)
		out = append(out, entry)
	}
	return out
}

// code checks an ISO 4217 code.
func (c *checker) code(field, s string) money.Currency {
	if c.wrong(field) {
		return ""
	}
	cur, err := money.ParseCurrency(strings.ToUpper(s))
	if err != nil {
		c.bad.Add(field, "unknown_currency", s, "Must be an ISO 4217 code such as USD.")
	}
	return cur
}

// amount checks decimal text in the entity's currency, of 0 or more. Without a
// currency there is nothing to measure it by, and its absence is reported already.
func (c *checker) amount(field, s string) int64 {
	if s == "" || c.currency == "" || c.wrong(field) {
		return 0
	}
	a, err := money.ParseAmount(s, c.currency, money.ParseOptions{})
	if err == nil {
		return a.Minor
	}
	var bad *money.Error
	if !errors.As(err, &bad) {
		c.fail(fmt.Errorf("check %s: %w", field, err))
		return 0
	}
	c.bad.Add(field, string(bad.Code), s, bad.Msg)
	return 0
}

// maxPercentScale is what money can compute with.
const maxPercentScale = 6

// percent checks a percentage from 0 to 100.
func (c *checker) percent(field, s string) {
	if s == "" || c.wrong(field) {
		return
	}
	d, err := money.ParseDecimal(s)
	if err != nil {
		c.bad.Add(field, "invalid_percent", s, "Must be a plain decimal number such as 8.5.")
		return
	}
	if d.IsNeg() || d.Cmp(decimal.Hundred) > 0 || d.Scale() > maxPercentScale {
		c.bad.Add(field, ruleOutOfRange, s, fmt.Sprintf("Must be between 0 and 100, with at most %d decimals.", maxPercentScale))
	}
}

// payout checks what conversions pay us and returns the fixed amount.
func (c *checker) payout(kind, amount, percent string) int64 {
	minor := c.amount("payout", amount)
	c.percent("payout_percent", percent)
	if kind == PayoutFixed && amount == "" {
		c.bad.Add("payout", ruleRequired, "", "A fixed payout needs its amount; 0 is one.")
	}
	if kind == PayoutPercent && percent == "" {
		c.bad.Add("payout_percent", ruleRequired, "", "A payout in percent needs its percentage.")
	}
	return minor
}

// commission checks what conversions pay the publisher and returns the fixed amount.
func (c *checker) commission(kind, amount, percent string) int64 {
	return c.commissionIn("", kind, amount, percent)
}

// commissionIn is commission for fields whose names begin with prefix.
func (c *checker) commissionIn(prefix, kind, amount, percent string) int64 {
	minor := c.amount(prefix+"commission", amount)
	c.percent(prefix+"commission_percent", percent)
	if kind == CommissionFixed && amount == "" {
		c.bad.Add(prefix+"commission", ruleRequired, "", "A fixed commission needs its amount; 0 is one.")
	}
	if (kind == CommissionPercentSale || kind == CommissionPercentPayout) && percent == "" {
		c.bad.Add(prefix+"commission_percent", ruleRequired, "", "A commission in percent needs its percentage.")
	}
	return minor
}

// timeZone checks an IANA name. Local is refused: it means another zone on each
// machine.
func (c *checker) timeZone(field, s string) string {
	if c.wrong(field) {
		return s
	}
	_, err := time.LoadLocation(s)
	if s == "" || s == "Local" || err != nil {
		c.bad.Add(field, "unknown_time_zone", s, "Must be an IANA time zone such as Europe/Berlin.")
	}
	return s
}

// email checks an address and gives it in lower case; "" is none.
func (c *checker) email(field, s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" || c.wrong(field) {
		return s
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		c.bad.Add(field, "invalid_email", s, "Must be an e-mail address such as ann@example.com.")
	}
	return s
}

// maxSite bounds the address of a site, in characters.
const maxSite = 500

// site checks the address of a page for people to look at, and completes a bare host;
// "" is none. It is never fetched and no visitor is sent there.
func (c *checker) site(field, s string) string {
	s = strings.TrimSpace(s)
	if s == "" || c.wrong(field) {
		return s
	}
	full := s
	if !strings.Contains(s, "://") {
		full = "https://" + s
	}
	u, err := url.Parse(full)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || strings.ContainsAny(full, " \\\"<>") || utf8.RuneCountInString(full) > maxSite {
		c.bad.Add(field, "invalid_url", s, "Must be the address of a site such as https://blog.example.")
		return s
	}
	return full
}

// staff checks that a user is one of the workspace's own people; was is who it is so far,
// and may have left since. "" is nobody.
func (c *checker) staff(field, user, was string) string {
	if user == "" || user == was || c.wrong(field) {
		return user
	}
	ok, err := c.Service.staff(c.ctx, c.workspace, user)
	if err != nil {
		c.fail(fmt.Errorf("look up user %s: %w", user, err))
	}
	if err == nil && !ok {
		c.bad.Add(field, ruleReference, user, "None of this workspace's people has this id.")
	}
	return user
}

// word checks a name that stands in URLs: letters, digits, _ . and -.
func (c *checker) word(field, s string) string {
	bad := strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII || !(unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.-", r))
	})
	if bad && !c.wrong(field) {
		c.bad.Add(field, ruleCharacters, s, "Must consist of letters, digits, _ . and -.")
	}
	return s
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
