package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpand(t *testing.T) {
	tests := []struct {
		pattern string
		fold    bool
		want    []rule
	}{
		{`Googlebot\/`, false, []rule{{literal: "Googlebot/"}}},
		{`crawl`, true, []rule{{flags: "i", literal: "crawl"}}},
		{`^curl`, false, []rule{{flags: "^", literal: "curl"}}},
		{`SSL Labs$`, false, []rule{{flags: "$", literal: "SSL Labs"}}},
		{`\bbw/`, true, []rule{{flags: "<i", literal: "bw/"}}},
		{`check\b`, true, []rule{{flags: ">i", literal: "check"}}},
		{`[wW]get`, false, []rule{{literal: "wget"}, {literal: "Wget"}}},
		{`^clamav[ /]`, true, []rule{{flags: "^i", literal: "clamav "}, {flags: "^i", literal: "clamav/"}}},
		{`Ahrefs(Bot|SiteAudit)`, false, []rule{{literal: "AhrefsBot"}, {literal: "AhrefsSiteAudit"}}},
		{`(^| )PTST\/`, false, []rule{{flags: "^", literal: "PTST/"}, {literal: " PTST/"}}},
		{`colou?r`, false, []rule{{literal: "color"}, {literal: "colour"}}},
	}
	for _, tt := range tests {
		got, err := expand(tt.pattern, tt.fold)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		less := func(r []rule) map[string]string {
			m := map[string]string{}
			for _, x := range r {
				m[x.literal] = x.flags
			}
			return m
		}
		if diff := cmp.Diff(less(tt.want), less(got)); diff != "" {
			t.Errorf("%s:\n%s", tt.pattern, diff)
		}
	}
}

// TestExpandRefuses: what cannot be written exactly must stop the update.
func TestExpandRefuses(t *testing.T) {
	for _, p := range []string{`a.b`, `a[\s\S]*b`, `\d+`, `(?!a)b`, `a|`, `^$`, `a^b`, `a$b`, `\d\d\d`, `[^-]a`, `a\bb`} {
		got, err := expand(p, false)
		if err == nil {
			t.Errorf("%s became %+v", p, got)
		}
	}
}

// TestOverridesAreReadable reads the real file.
func TestOverridesAreReadable(t *testing.T) {
	o, err := readOverrides(filepath.Join("..", "data", "overrides.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	if len(o.drop) == 0 || len(o.rewrite) == 0 || len(o.class) == 0 || len(o.added) == 0 {
		t.Errorf("%d drops, %d rewrites, %d classes, %d additions", len(o.drop), len(o.rewrite), len(o.class), len(o.added))
	}
	path := filepath.Join(t.TempDir(), "bad.tsv")
	err = os.WriteFile(path, []byte("rewrite\tx\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = readOverrides(path)
	if err == nil {
		t.Error("a line that is no override was accepted")
	}
}

func TestIsbotPatterns(t *testing.T) {
	got, err := isbotPatterns([]byte("x\nvar patterns_default = [\n  \"a\\\\b\",\n  \"];c\"\n];\nvar y"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`a\b`, "];c"}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "var patterns_default = [", "var patterns_default = [\nx\n];"} {
		_, err := isbotPatterns([]byte(bad))
		if err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{"Googlebot/": "googlebot", "2ip.ru": "2ip-ru", "()": "", "Y!J": "y-j", "Ünder": "nder"} {
		if got := slug(in); got != want {
			t.Errorf("slug(%q) = %q, want %q", in, got, want)
		}
	}
}
