package macro_test

import (
	"strings"
	"testing"

	"clickledger/internal/macro"
)

// Where a visitor is sent must be fixed (R9, R13). In an Android intent the fragment says
// that: scheme, package, component, and the page for who lacks the app. Android decodes
// what stands there (Intent.parseUri), so percent-encoding is no fence.
func TestIntentFragmentIsFixed(t *testing.T) {
	for _, raw := range []string{
		"intent://scan/#Intent;scheme=zxing;package=com.example;S.browser_fallback_url={sub1};end",
		"intent://scan/#Intent;scheme=zxing;package=com.example;S.browser_fallback_url={sub1|https%3A%2F%2Fshop.example};end",
		"intent://scan/#Intent;scheme={sub1};package=com.example;end",
		"intent://scan/#Intent;scheme=https;package={sub1};end",
		"intent://scan/#Intent;component={sub1};end",
		"intent://scan/#{sub1}",
	} {
		tpl, err := macro.ParseURLSchemes(macro.ClickTokens, raw, []string{"intent"})
		if err != nil {
			continue
		}
		sub1, ok := macro.ClickTokens.Lookup("sub1")
		if !ok {
			t.Fatal("no sub1")
		}
		var v macro.Values
		v[sub1] = "https://evil.example/phish"
		t.Errorf("%s is accepted, and a visitor's sub1 makes it %s", raw, strings.TrimSpace(string(tpl.Append(nil, &v))))
	}
}
