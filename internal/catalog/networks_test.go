package catalog

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"clickledger/internal/macro"
)

func TestNetworkTemplates(t *testing.T) {
	ids, names := map[string]bool{}, map[string]bool{}
	all := NetworkTemplates()
	if len(all) < 20 {
		t.Errorf("%d templates", len(all))
	}
	for _, n := range all {
		if !regexp.MustCompile(`^[a-z0-9]{2,20}$`).MatchString(n.ID) || ids[n.ID] || names[n.Name] || n.Name == "" {
			t.Errorf("template %q %q", n.ID, n.Name)
		}
		ids[n.ID], names[n.Name] = true, true
		if !regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`).MatchString(n.ClickParam) {
			t.Errorf("%s: click parameter %q", n.ID, n.ClickParam)
		}
		if n.Source == "" && n.ID != "generic" {
			t.Errorf("%s: without a source", n.ID)
		}
		if n.Macros.Status != "" || n.Macros.Goal != "" {
			t.Errorf("%s: has a macro of which not every value is ours", n.ID)
		}
		seen := map[string]bool{}
		for _, m := range []string{n.Macros.ClickID, n.Macros.Payout, n.Macros.Amount, n.Macros.Currency, n.Macros.TxID} {
			if m == "" {
				continue
			}
			if seen[m] || len(m) > 200 || strings.ContainsFunc(m, func(r rune) bool {
				return r > unicode.MaxASCII || unicode.IsControl(r) || unicode.IsSpace(r) || r == '&' || r == '='
			}) {
				t.Errorf("%s: macro %q", n.ID, m)
			}
			seen[m] = true
			if !macro.Unreplaced(m) {
				t.Errorf("%s: %q would be taken for a value if it arrived", n.ID, m)
			}
		}
		if (n.Macros != Macros{}) && n.Macros.ClickID == "" {
			t.Errorf("%s: macros, but none for the click id", n.ID)
		}
		found, ok := FindNetworkTemplate(n.ID)
		if !ok || found != n {
			t.Errorf("%s is not found", n.ID)
		}
	}
	if _, ok := FindNetworkTemplate(""); ok {
		t.Error("no id finds a template")
	}
	all[0].Name = "changed"
	if NetworkTemplates()[0].Name == "changed" {
		t.Error("callers share the list")
	}
}
