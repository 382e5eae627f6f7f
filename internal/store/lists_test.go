package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/store/q"
)

func TestListQuery(t *testing.T) {
	for name, x := range map[string]struct {
		list *list
		want string
		args []any
	}{
		"all": {
			newList[q.ConversionChange]("conversion_changes"),
			"SELECT id, conversion, at, from_status, to_status, actor, reason FROM conversion_changes ORDER BY id DESC LIMIT ?1", []any{int64(7)},
		},
		"every filter": {
			newList[q.Setting]("t").equal("name", "a").given("value", "").given("value", "b").oneOf("name", []string{"x", "y"}).contains("value", `50%_\A`),
			`SELECT name, value FROM t WHERE name = ?1 AND value <> '' AND value = ?2 AND name IN (?3, ?4) AND value LIKE ?5 ESCAPE '\' ORDER BY id DESC LIMIT ?6`,
			[]any{"a", "b", "x", "y", `%50\%\_\\a%`, int64(7)},
		},
		"next page": {
			newList[q.ClickKey]("click_keys").contains("secret", "").before("9"),
			"SELECT id, secret FROM click_keys WHERE id < ?1 ORDER BY id DESC LIMIT ?2", []any{"9", int64(7)},
		},
	} {
		if d := cmp.Diff(x.want, x.list.query(7)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
		if d := cmp.Diff(x.args, x.list.args); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestListRefusesUnknownColumns(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a column from outside came through")
		}
	}()
	newList[q.Setting]("settings").equal("name = '' OR 1=1 --", "x")
}

func TestPageSize(t *testing.T) {
	for n, want := range map[int]int64{-1: 100, 0: 100, 1: 1, 1000: 1000, 1001: 1000} {
		if got := pageSize(n); got != want {
			t.Errorf("pageSize(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestDollars(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"SELECT ?1, ?23 ":              "SELECT $1, $23 ",
		"a ? b ?0 ?x":                  "a ? b ?0 ?x",
		"x = '?1' AND \"?2\" = ?3":     "x = '?1' AND \"?2\" = $3",
		"'it''s ?1' ?2":                "'it''s ?1' $2",
		"-- name: ?1\nSELECT ?1 -- ?2": "-- name: ?1\nSELECT $1 -- ?2",
		"'open ?1":                     "'open ?1",
		"a - ?1":                       "a - $1",
	} {
		if got := dollars(in); got != want {
			t.Errorf("dollars(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestVersionAtLeast(t *testing.T) {
	for have, want := range map[string]bool{"3.51.3": true, "3.51.2": false, "3.51": false, "3.52.0": true, "3.100.0": true, "4.0.0": true, "3.9.9": false, "": false} {
		if got := versionAtLeast(have, minSQLite); got != want {
			t.Errorf("versionAtLeast(%q) = %v", have, got)
		}
	}
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{"": "", "äö\u2028": "äö\u2028", "a\x00b": "a\uFFFDb", "\xff": "\uFFFD", "\xed\xa0\x80": "\uFFFD", "\x00": "\uFFFD", "\x1f": "\x1f"} {
		if got := cleanText(in); got != want {
			t.Errorf("cleanText(%q) = %q, want %q", in, got, want)
		}
	}
}
