package dialect

import (
	"encoding/base64"
	"strings"

	"clickledger/internal/event"
)

var nats = Table{
	Name: "nats", Title: "NATS",
	Notes: []string{
		"NATS sends its postbacks as forms; the token goes into the URL. Hand over the click id as the first pass-through, `nats_at[subscription_passthrough1]`: it comes back as `passthrough1`.",
		"Its events become goals of the same name: make goals with the keys `trial`, `initial`, `rebill`, `upgrade` and, as an on-site event, `expire`. What takes money back goes to the goal of the sale it belongs to.",
		"A rebill's order number is that of the membership with the number of the rebill behind it.",
		"`amount` is our revenue.",
	},
	Endpoints: []Endpoint{
		{ID: "postback", Path: "postback", Kind: event.SignalPostback, Body: true, Use: "A call from server to server; the query `token=TOKEN` belongs to the URL",
			Example: "post_type=approval&statid={statid}&trial={trial}&rebills={rebills}&passthrough1={click_id}"},
	},
	Params: []Param{
		{Name: "passthrough1", Aliases: []string{"subscription_passthrough1"}, Field: ClickID},
		{Name: "statid", Aliases: []string{"identid"}, Field: TxID, Note: "The membership."},
		{Name: "amount", Field: Payout},
		{Name: "currency", Field: Currency},
		{Name: "post_type", Field: EventWord, Required: true},
		{Name: "post_time", Field: EventTime},
		{Name: "token", Field: Token},
		{Name: "login_username", Aliases: []string{"username", "email"}, Field: Nothing, Note: "Taken and not kept: it is a person's."},
	},
	Events: []Event{
		{Is: "approval", When: "trial=1", Goal: "trial", Words: "a membership on trial"},
		{Is: "approval", Goal: "initial", Words: "a new membership"},
		{Is: "trial", Goal: "trial", Words: "a membership on trial"},
		{Is: "initial", Goal: "initial", Words: "a new membership"},
		{Is: "rebill", Goal: "rebill", Order: "rebills", Words: "a payment of a membership"},
		{Is: "upgrade", Goal: "upgrade", Words: "a better membership"},
		{Is: "expire", Goal: "expire", Words: "the end of a membership"},
		{Is: "credit", When: "trial=1", Goal: "trial", Status: "refunded", Words: "the money of a trial"},
		{Is: "credit", When: "!rebills", Goal: "initial", Status: "refunded", Words: "the customer has the money back"},
		{Is: "credit", When: "rebills=0", Goal: "initial", Status: "refunded", Words: "the same"},
		{Is: "credit", Goal: "rebill", Order: "rebills", Status: "refunded", Words: "the money of a rebill"},
		{Is: "chargeback", When: "trial=1", Goal: "trial", Status: "reversed", Words: "the money of a trial"},
		{Is: "chargeback", When: "!rebills", Goal: "initial", Status: "reversed", Words: "the bank took the money back"},
		{Is: "chargeback", When: "rebills=0", Goal: "initial", Status: "reversed", Words: "the same"},
		{Is: "chargeback", Goal: "rebill", Order: "rebills", Status: "reversed", Words: "the money of a rebill"},
		{Is: "void", When: "trial=1", Goal: "trial", Status: "rejected", Words: "a trial that was none"},
		{Is: "void", When: "!rebills", Goal: "initial", Status: "rejected", Words: "it never became a sale"},
		{Is: "void", When: "rebills=0", Goal: "initial", Status: "rejected", Words: "the same"},
		{Is: "void", Goal: "rebill", Order: "rebills", Status: "rejected", Words: "a rebill that was none"},
	},
	Answers: []Answer{{Type: TypeText, OK: "OK", Bad: "ERROR {verdict}: {message}"}},
}

// NATSCode is what a code of NATS says: affiliate, program, site, tour, campaign, adtool
// and two sub ids.
type NATSCode struct {
	Affiliate, Program, Site, Tour, Campaign, Adtool, Sub1, Sub2 string
}

// ParseNATSCode reads a code, dotted or in base64, with trailing fields left out or not.
// It reports false for anything else.
func ParseNATSCode(s string) (NATSCode, bool) {
	var c NATSCode
	if len(s) > maxValue {
		return c, false
	}
	if !strings.Contains(s, ".") {
		plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "="))
		if err != nil {
			return c, false
		}
		s = string(plain)
	}
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 8 {
		return c, false
	}
	for i, to := range []*string{&c.Affiliate, &c.Program, &c.Site, &c.Tour, &c.Campaign, &c.Adtool, &c.Sub1, &c.Sub2} {
		if i == len(parts) {
			break
		}
		if strings.Trim(parts[i], "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != "" {
			return c, false
		}
		*to = parts[i]
	}
	return c, c.Affiliate != ""
}

// Dotted is the code's plain form.
func (c NATSCode) Dotted() string {
	parts := []string{c.Affiliate, c.Program, c.Site, c.Tour, c.Campaign, c.Adtool, c.Sub1, c.Sub2}
	for i, p := range parts {
		if p == "" {
			parts[i] = "0"
		}
	}
	return strings.Join(parts, ".")
}

// String is the code as links have it.
func (c NATSCode) String() string { return base64.RawStdEncoding.EncodeToString([]byte(c.Dotted())) }
