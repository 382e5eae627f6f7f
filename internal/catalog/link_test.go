package catalog

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"clickledger/internal/event"
	"clickledger/internal/macro"

	"pgregory.net/rapid"
)

// rules are what a refused write breaks, as field:rule.
func rulesOf(t *testing.T, err error) []string {
	t.Helper()
	var bad *Invalid
	if !errors.As(err, &bad) {
		t.Fatalf("%v is not *Invalid", err)
	}
	var out []string
	for _, f := range bad.Fields {
		if !strings.HasSuffix(f.Msg, ".") {
			t.Errorf("%q is no sentence", f.Msg)
		}
		out = append(out, f.Field+":"+f.Rule)
	}
	return out
}

func TestPresetSubs(t *testing.T) {
	many := slices.Repeat([]string{"x"}, event.Subs+1)
	for name, c := range map[string]struct{ in, want, rules []string }{
		"none":                          {nil, nil, nil},
		"all empty":                     {[]string{"", " ", ""}, nil, nil},
		"trimmed":                       {[]string{"", " summer sale ", "", ""}, []string{"", "summer sale"}, nil},
		"of 200 characters":             {[]string{strings.Repeat("ä", 200)}, []string{strings.Repeat("ä", 200)}, nil},
		"longer":                        {[]string{"", strings.Repeat("a", 201)}, nil, []string{"subs:too_long"}},
		"more bytes than a visit keeps": {[]string{strings.Repeat("漢", 171)}, nil, []string{"subs:too_long"}},
		"control characters":            {[]string{"a\nb"}, nil, []string{"subs:characters"}},
		"not UTF-8":                     {[]string{"a\xffb"}, nil, []string{"subs:characters"}},
		"a macro":                       {[]string{"{publisher_id}", "%%SITE%%"}, nil, []string{"subs:unreplaced_macro", "subs:unreplaced_macro"}},
		"twenty-one":                    {many, nil, nil}, // checkTags counts
	} {
		t.Run(name, func(t *testing.T) {
			bad := &Invalid{}
			got := checkSubs("subs", c.in, bad)
			if len(c.rules) > 0 {
				if rules := rulesOf(t, bad.Err()); !slices.Equal(rules, c.rules) {
					t.Errorf("%v, want %v", rules, c.rules)
				}
				return
			}
			if err := bad.Err(); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
	bad := &Invalid{}
	checkTags(&LinkDoc{Offer: "off", Status: StatusActive, Subs: many}, bad)
	if rules := rulesOf(t, bad.Err()); !slices.Equal(rules, []string{"subs:too_many"}) {
		t.Errorf("twenty-one: %v", rules)
	}
}

func TestDeepLinkURL(t *testing.T) {
	allow := []string{"shop.example", ".shop2.example", "http://old.example"}
	const base = "https://go.example/c/k1"
	for name, c := range map[string]struct {
		doc            DeepLinkDoc
		tracking, page string
	}{
		"a page":       {DeepLinkDoc{URL: "https://shop.example/sale?page=2&a=b#top"}, base + "?url=https%3A%2F%2Fshop.example%2Fsale%3Fpage%3D2%26a%3Db%23top", "https://shop.example/sale?page=2&a=b#top"},
		"normal form":  {DeepLinkDoc{URL: "  HTTPS://Shop.Example:443/ä "}, base + "?url=https%3A%2F%2Fshop.example%2F%25C3%25A4", "https://shop.example/%C3%A4"},
		"with sub ids": {DeepLinkDoc{URL: "https://www.shop2.example/", Subs: []string{"a b&c", "", "x"}}, base + "?sub1=a+b%26c&sub3=x&url=https%3A%2F%2Fwww.shop2.example%2F", "https://www.shop2.example/"},
	} {
		tracking, page, err := DeepLinkURL(base, allow, &c.doc)
		if err != nil || tracking != c.tracking || page != c.page {
			t.Errorf("%s: %q lands on %q, %v", name, tracking, page, err)
		}
	}
	for name, c := range map[string]struct {
		allow []string
		doc   DeepLinkDoc
		rules []string
		says  string
	}{
		"another host":     {allow, DeepLinkDoc{URL: "https://evil.example/"}, []string{"url:deep_link_denied"}, "Allowed: shop.example, shop2.example and all hosts below it, old.example, also by http."},
		"no list":          {nil, DeepLinkDoc{URL: "https://shop.example/"}, []string{"url:deep_link_denied"}, "The offer allows no hosts"},
		"plain http":       {allow, DeepLinkDoc{URL: "http://shop.example/"}, []string{"url:deep_link_denied"}, "Allowed: "},
		"no URL":           {allow, DeepLinkDoc{URL: "shop.example/sale"}, []string{"url:deep_link_invalid"}, ""},
		"two readings":     {allow, DeepLinkDoc{URL: `https://shop.example\@evil.example/`}, []string{"url:deep_link_invalid"}, ""},
		"script":           {allow, DeepLinkDoc{URL: "javascript:alert(1)"}, []string{"url:deep_link_invalid"}, ""},
		"nothing":          {allow, DeepLinkDoc{URL: " "}, []string{"url:required"}, ""},
		"too long":         {allow, DeepLinkDoc{URL: "https://shop.example/?" + strings.Repeat("&", 4000)}, []string{"url:deep_link_invalid"}, "longer than 8192 bytes"},
		"a bad sub, too":   {allow, DeepLinkDoc{URL: "https://evil.example/", Subs: []string{"{sub}"}}, []string{"subs:unreplaced_macro", "url:deep_link_denied"}, ""},
		"too many sub ids": {allow, DeepLinkDoc{URL: "https://shop.example/", Subs: make([]string, 21)}, []string{"subs:too_many"}, ""},
	} {
		_, _, err := DeepLinkURL(base, c.allow, &c.doc)
		if got := rulesOf(t, err); !slices.Equal(got, c.rules) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: %v", name, got, err)
		}
	}
}

// TestDeepLinkURLComesBack: whatever is linked to, the edge's own parser reads from the
// generated URL the page and the sub ids that were put into it.
func TestDeepLinkURLComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		page := "https://shop.example/" + rapid.StringMatching(`[ -~äß漢]{0,40}`).Draw(t, "page")
		sub := rapid.StringMatching(`[!-~äß漢 ]{1,30}`).Draw(t, "sub")
		tracking, lands, err := DeepLinkURL("https://go.example/c/k", []string{"shop.example"}, &DeepLinkDoc{URL: page, Subs: []string{"", sub}})
		if err != nil {
			t.Skip(err)
		}
		u, err := url.Parse(tracking)
		if err != nil {
			t.Fatal(err)
		}
		params, cut := macro.ParseQuery(nil, u.RawQuery)
		gotPage, _ := macro.Get(params, "url")
		gotSub, _ := macro.Get(params, "sub2")
		again, err := macro.DeepLink(gotPage, []string{"shop.example"})
		if cut || gotPage != lands || again != lands || err != nil || gotSub != strings.TrimSpace(sub) {
			t.Errorf("%q: page %q, want %q; sub %q, want %q; %v", tracking, gotPage, lands, gotSub, sub, err)
		}
	})
}
