package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// MaxSub is the longest preset sub id, in characters.
const MaxSub = 200

// subs checks a list of sub ids, sub1 first, and gives it without the empty texts at its
// end; nil when nothing is left.
func (c *checker) subs(field string, in []string) []string {
	return checkSubs(field, in, c.bad)
}

func checkSubs(field string, in []string, bad *Invalid) []string {
	if len(in) > event.Subs {
		in = nil // checkTags, or the caller, has refused it
	}
	out := make([]string, len(in))
	last := 0
	for i, s := range in {
		s = strings.TrimSpace(s)
		name := fmt.Sprintf("sub%d", i+1)
		switch {
		case !printable(s):
			bad.Add(field, ruleCharacters, strings.ToValidUTF8(s, "\uFFFD"), "The preset of "+name+" must be valid UTF-8 without control characters.")
		case utf8.RuneCountInString(s) > MaxSub:
			bad.Add(field, ruleTooLong, s, fmt.Sprintf("The preset of %s must be at most %d characters long.", name, MaxSub))
		case len(s) > event.MaxForeignID: // what a visit keeps of it
			bad.Add(field, ruleTooLong, s, fmt.Sprintf("The preset of %s must be at most %d bytes long.", name, event.MaxForeignID))
		case macro.Unreplaced(s):
			bad.Add(field, "unreplaced_macro", s, "The preset of "+name+" is a macro, which nobody would replace: a preset is a fixed text.")
		}
		out[i] = s
		if s != "" {
			last = i + 1
		}
	}
	if last == 0 {
		return nil
	}
	return out[:last]
}

// DeepLinkDoc asks for a tracking URL that leads to one page of the offer's site.
type DeepLinkDoc struct {
	URL  string   `json:"url" required:"true" maxLength:"8192" example:"https://shop.example/sale?page=2" doc:"The page to link to, on a host that the offer allows."`
	Subs []string `json:"subs" required:"false" nullable:"false" maxItems:"20" doc:"Sub ids to put into the URL, the first is sub1; they win over the link's presets. An empty text is none."`
}

// DeepLinkURL makes a tracking URL that leads to the page d names. base is the link's own
// tracking URL, without a query; allow is the offer's list. It gives the page, too, in the
// form in which visitors are sent there (R15); the redirect adds the parameters of the
// offer's URL that hold tokens, such as the click id.
//
// It fails with [*Invalid] alone: macro.CodeLinkDenied where the list does not have the
// host, macro.CodeLinkInvalid for what is no URL, or would make one longer than the edge
// takes (event.MaxURL), and the codes of preset sub ids.
func DeepLinkURL(base string, allow []string, d *DeepLinkDoc) (tracking, page string, err error) {
	bad := &Invalid{}
	if len(d.Subs) > event.Subs {
		bad.Add("subs", ruleTooMany, fmt.Sprintf("%d entries", len(d.Subs)), fmt.Sprintf("There may be at most %d.", event.Subs))
	}
	subs := checkSubs("subs", d.Subs, bad)
	raw := strings.TrimSpace(d.URL)
	if raw == "" {
		bad.Add("url", ruleRequired, "", "Name the page to link to, such as https://shop.example/sale.")
		return "", "", bad
	}
	page, err = macro.DeepLink(raw, allow)
	var refused *macro.Error
	switch {
	case errors.As(err, &refused) && refused.Code == macro.CodeLinkDenied:
		bad.Add("url", refused.Code, raw, refused.Msg+" "+AllowedHosts(allow))
	case errors.As(err, &refused):
		bad.Add("url", refused.Code, raw, refused.Msg)
	case err != nil:
		return "", "", fmt.Errorf("check the page: %w", err)
	}
	var b strings.Builder
	b.WriteString(base + "?")
	for i, s := range subs {
		if s != "" {
			fmt.Fprintf(&b, "sub%d=%s&", i+1, url.QueryEscape(s))
		}
	}
	b.WriteString("url=" + url.QueryEscape(page))
	if b.Len() > event.MaxURL && page != "" {
		bad.Add("url", macro.CodeLinkInvalid, raw, fmt.Sprintf("The tracking URL would be longer than %d bytes.", event.MaxURL))
	}
	err = bad.Err()
	if err != nil {
		return "", "", err
	}
	return b.String(), page, nil
}

// AllowedHosts says in a sentence where an allow-list lets links lead.
func AllowedHosts(allow []string) string {
	if len(allow) == 0 {
		return "The offer allows no hosts: add the shop's to its deep-link hosts."
	}
	said := make([]string, len(allow))
	for i, entry := range allow {
		said[i] = hostInWords(entry)
	}
	return "Allowed: " + strings.Join(said, ", ") + "."
}

// hostInWords reads an entry as macro.CheckHost writes it.
func hostInWords(entry string) string {
	host, plain := strings.CutPrefix(entry, "http://")
	name, below := strings.CutPrefix(host, ".")
	if below {
		name += " and all hosts below it"
	}
	if plain {
		return name + ", also by http"
	}
	return name
}
