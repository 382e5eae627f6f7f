package store

import (
	"regexp"
	"strings"
	"testing"

	"clickledger/internal/store/q"
)

// What was added for caps and fallback offers reads an index, too: it runs while the
// writer is held, or every half second.
func TestPlansOfCapsAndFallbacks(t *testing.T) {
	db, _ := openTemp(t)
	e := db.engine.(*liteEngine)
	fallbacks := newList[q.Offer]("offers").equal("workspace", "ws").given("fallback_offer", "off_1").equal("archived", false)
	for name, x := range map[string]struct {
		text string
		args []any
	}{
		"offers whose fallback is another": {fallbacks.query(100), fallbacks.args},
		"count for caps": {`SELECT publisher, goal_key, status, COUNT(*) AS n FROM conversions
WHERE workspace = ?1 AND offer = ?2 AND at >= ?3 AND at < ?4 AND over_cap = '' GROUP BY publisher, goal_key, status`, []any{"ws", "o", 1, 2}},
		"counts for a conversion": {`SELECT n FROM cap_counts WHERE workspace = ?1 AND offer = ?2 AND publisher IN ('', 'each', ?3) AND ends > ?4 AND starts <= ?4`, []any{"w", "o", "p", 1}},
		"counts of an offer":      {`SELECT n FROM cap_counts WHERE workspace = ?1 AND offer = ?2 AND ends > ?3 AND starts <= ?3`, []any{"w", "o", 1}},
		"counts of now":           {`SELECT n FROM cap_counts WHERE ends > ?1 AND starts <= ?1`, []any{1}},
		"prune":                   {`DELETE FROM cap_counts WHERE ends < ?1`, []any{1}},
	} {
		args := x.args
		plan := explain(t, e, x.text, args)
		t.Logf("%s:\n%s", name, plan)
		through := regexp.MustCompile(`\bSCAN\b`).MatchString(plan)
		// the order index of a workspace's offers reads every offer of it
		wide := name == "offers whose fallback is another" && !strings.Contains(plan, "fallback_offer=?")
		if through || wide {
			t.Errorf("%s reads a table through:\n%s", name, plan)
		}
	}
}
