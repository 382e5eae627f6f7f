package store

import (
	"regexp"
	"strings"
	"testing"
)

// TestRatePlans: what reads the rates reads an index in its order.
func TestRatePlans(t *testing.T) {
	db, _ := openTemp(t)
	e := db.engine.(*liteEngine)
	const columns = "SELECT workspace, from_currency, to_currency, day, source, value, until, previous, actor, changed FROM rates\n"
	for name, q := range map[string]struct {
		text, index string
		args        []any
	}{
		"in order": {"SELECT value FROM rates WHERE (workspace, from_currency, to_currency, day, source) > (?1, ?2, ?3, ?4, ?5) ORDER BY workspace, from_currency, to_currency, day, source LIMIT ?6",
			"sqlite_autoindex_rates_1", []any{"", "EUR", "USD", "2026-01-01", "ecb", 10}},
		"by day": {columns + `WHERE workspace = ?1 AND source = ?2 AND day <= ?3
  AND (day < ?3 OR from_currency > ?4 OR (from_currency = ?4 AND to_currency > ?5))
ORDER BY day DESC, from_currency, to_currency LIMIT ?6`, "rates_day", []any{"", "ecb", "2026-01-01", "EUR", "USD", 10}},
		"of a pair": {columns + `WHERE workspace = ?1 AND from_currency = ?2 AND to_currency = ?3
  AND source = ?4 AND day < ?5
ORDER BY day DESC LIMIT ?6`, "sqlite_autoindex_rates_1", []any{"", "EUR", "USD", "ecb", "2026-01-01", 10}},
		"between": {columns + "WHERE workspace = '' AND source = ?1 AND day >= ?2 AND day <= ?3\nLIMIT ?4", "rates_day", []any{"ecb", "2026-01-01", "2026-02-01", 10}},
	} {
		plan := explain(t, e, q.text, q.args)
		if !strings.Contains(plan, q.index) || strings.Contains(plan, "TEMP B-TREE") || regexp.MustCompile(`\bSCAN\b`).MatchString(plan) {
			t.Errorf("%s: %s is not used:\n%s", name, q.index, plan)
		}
	}
}
