package catalog

import (
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
)

// Guards are what an advertiser's signals must keep to, and how they are read. The zero
// value asks for nothing.
type Guards struct {
	AllowIPs []string     `json:"allow_ips,omitempty"` // addresses and networks of its servers; none = any
	Required []string     `json:"required,omitempty"`  // parameters that must come, by our names
	Renames  []Rename     `json:"renames,omitempty"`
	Words    []StatusWord `json:"words,omitempty"`
	// Signed asks for a signature of standard-webhooks with Secret, which is kept as it is
	// shown once: whsec_ and base64.
	Signed        bool   `json:"signed,omitempty"`
	Secret        string `json:"secret,omitempty"`
	FreezeAmounts bool   `json:"freeze_amounts,omitempty"` // later signals change no amounts
	FreezeStatus  bool   `json:"freeze_status,omitempty"`  // nor the state
	MinSeconds    int64  `json:"min_seconds,omitempty"`    // age of the click of a new conversion
	MaxHours      int64  `json:"max_hours,omitempty"`      // 0 = any
}

// Rename says under which name a sender sends a parameter of ours.
type Rename struct {
	Param  string `json:"param"`
	Theirs string `json:"theirs"`
}

// StatusWord says what a sender's word for a state means: one of our statuses, a goal, or both.
type StatusWord struct {
	Theirs string `json:"theirs"`
	Status string `json:"status"`
	Goal   string `json:"goal"`
}

// RenameDoc is a [Rename], to be set.
type RenameDoc struct {
	Param  string `json:"param" required:"true" maxLength:"64" example:"txid" doc:"Our name of the parameter."`
	Theirs string `json:"theirs" required:"true" maxLength:"64" example:"order_ref" doc:"Its name for it. Both may come; then this one counts."`
}

// StatusWordDoc is a [StatusWord], to be set.
type StatusWordDoc struct {
	Theirs string `json:"theirs" required:"true" maxLength:"64" example:"1" doc:"The word it sends in status, or in goal; in any case of letters."`
	Status string `json:"status" required:"false" enum:",approved,pending,rejected,reversed,refunded" doc:"What it means. Empty: nothing about the state."`
	Goal   string `json:"goal" required:"false" maxLength:"64" example:"lead" doc:"Key of the goal it means. Empty: nothing about the goal."`
}

// WordFor finds what a sender's word means.
func (g *Guards) WordFor(word string) (StatusWord, bool) {
	at := slices.IndexFunc(g.Words, func(w StatusWord) bool { return strings.EqualFold(w.Theirs, strings.TrimSpace(word)) })
	if at < 0 || strings.TrimSpace(word) == "" {
		return StatusWord{}, false
	}
	return g.Words[at], true
}

// Allows reports whether a sender's address is one of the list; without a list any is.
func (g *Guards) Allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return len(g.AllowIPs) == 0 || slices.ContainsFunc(g.AllowIPs, func(s string) bool {
		p, ok := parsePrefix(s)
		return ok && p.Contains(addr)
	})
}

// SecretPrefix begins a signing secret as it is shown.
const SecretPrefix = "whsec_"

// Key is the secret's bytes; nil when there is none.
func (g *Guards) Key() []byte {
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(g.Secret, SecretPrefix))
	if err != nil || g.Secret == "" {
		return nil
	}
	return b
}

// newSecret makes a signing secret of 32 random bytes.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return SecretPrefix + base64.StdEncoding.EncodeToString(b)
}

// guards checks what an advertiser's signals must keep to.
func (c *checker) guards(d *AdvertiserDoc) Guards {
	g := Guards{FreezeAmounts: d.FreezeAmounts, FreezeStatus: d.FreezeStatus, Signed: d.SignatureRequired, MinSeconds: d.MinClickSeconds, MaxHours: d.MaxClickHours}
	if old, ok := c.old.(*Advertiser); ok {
		g.Secret = old.Guards.Secret
	}
	if g.Signed && g.Secret == "" && !c.wrong("signature_required") {
		c.bad.Add("signature_required", "no_secret", "true", "Make a signing secret first, and give it to the advertiser.")
	}
	if g.MaxHours > 0 && g.MinSeconds > g.MaxHours*3600 && !c.wrong("max_click_hours") {
		c.bad.Add("max_click_hours", "out_of_range", "", "Must not be less than the smallest age.")
	}
	for _, s := range d.AllowIPs {
		s = strings.TrimSpace(s)
		p, ok := parsePrefix(s)
		switch {
		case s == "" || c.wrong("allow_ips"):
		case !ok:
			c.bad.Add("allow_ips", "not_an_address", s, "Must be an address such as 192.0.2.7, or a network such as 192.0.2.0/24 or 2001:db8::/32.")
		case !slices.Contains(g.AllowIPs, prefixText(p)):
			g.AllowIPs = append(g.AllowIPs, prefixText(p))
		}
	}
	for _, s := range d.RequiredParams {
		s = c.word("required_params", strings.TrimSpace(s))
		if s != "" && !slices.Contains(g.Required, s) {
			g.Required = append(g.Required, s)
		}
	}
	for i, r := range d.Renames {
		r.Param, r.Theirs = c.word(rowField("renames", i, "param"), strings.TrimSpace(r.Param)), strings.TrimSpace(r.Theirs)
		at := rowField("renames", i, "theirs")
		switch {
		case r.Theirs == "" || strings.ContainsAny(r.Theirs, "&=#+% ") || !printable(r.Theirs):
			c.bad.Add(at, ruleCharacters, r.Theirs, "Must be a parameter's name, without spaces and & = # + %.")
		case slices.ContainsFunc(g.Renames, func(x Rename) bool { return x.Theirs == r.Theirs || x.Param == r.Param }):
			c.bad.Add(at, ruleDuplicateRow, r.Theirs, "Each name stands for one parameter, and each parameter has one other name.")
		case r.Param == "token":
			c.bad.Add(rowField("renames", i, "param"), "token_is_fixed", r.Param, "The token says who speaks, so it must have its own name.")
		}
		g.Renames = append(g.Renames, Rename(r))
	}
	for i, w := range d.StatusMap {
		w.Theirs, w.Goal = strings.TrimSpace(w.Theirs), c.word(rowField("status_map", i, "goal"), strings.TrimSpace(w.Goal))
		at := rowField("status_map", i, "theirs")
		_, twice := g.WordFor(w.Theirs)
		switch {
		case w.Theirs == "" || !printable(w.Theirs):
			c.bad.Add(at, ruleCharacters, w.Theirs, "Must be the word that is sent.")
		case twice:
			c.bad.Add(at, ruleDuplicateRow, w.Theirs, "This word is in the map already.")
		case w.Status == "" && w.Goal == "":
			c.bad.Add(rowField("status_map", i, "status"), "required", "", "Say what the word means: a status, a goal, or both.")
		}
		g.Words = append(g.Words, StatusWord(w))
	}
	return g
}

// parsePrefix reads an address or a network; a mapped IPv4 address is the IPv4 one.
func parsePrefix(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), err == nil
}

// prefixText writes a network as it is kept: an address alone as such.
func prefixText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// fill writes the guards into what can be set, never the secret.
func (g *Guards) fill(d *AdvertiserDoc) {
	d.SignatureRequired, d.FreezeAmounts, d.FreezeStatus, d.MinClickSeconds, d.MaxClickHours = g.Signed, g.FreezeAmounts, g.FreezeStatus, g.MinSeconds, g.MaxHours
	d.AllowIPs, d.RequiredParams, d.Renames, d.StatusMap = list(g.AllowIPs), list(g.Required), []RenameDoc{}, []StatusWordDoc{}
	for _, r := range g.Renames {
		d.Renames = append(d.Renames, RenameDoc(r))
	}
	for _, w := range g.Words {
		d.StatusMap = append(d.StatusMap, StatusWordDoc(w))
	}
}
