package store

import (
	"strings"
	"testing"

	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/outbound"
	"clickledger/internal/store/q"
)

// TestPlans: the lists that grow with traffic read an index in its order, and none
// reads a table through or sorts what it has found.
func TestPlans(t *testing.T) {
	db, _ := openTemp(t)
	e := db.engine.(*liteEngine)
	touched := func(query ledger.Query) *list {
		l := newList[q.LedgerTransaction]("ledger_transactions").equal("workspace", "ws")
		touching(l, query)
		return l
	}
	signals := func() *list { return newList[q.Signal]("signals").equal("workspace", "ws") }
	conversions := func() *list { return newList[q.Conversion]("conversions").equal("workspace", "ws") }
	for index, l := range map[string]*list{
		"signals_workspace":             signals().before("x"),
		"signals_verdict":               signals().given("verdict", "v").before("x"),
		"signals_click":                 signals().given("click", "c"),
		"signals_conversion":            signals().given("conversion", "c"),
		"signals_offer (":               signals().given("offer", "o").before("x"),
		"signals_advertiser":            signals().given("advertiser", "a").before("x"),
		"signals_open":                  openOnly(signals()).before("x"),
		"signals_offer":                 signals().equal("offer", "").before("x"),
		"conversions_workspace":         conversions().before("x"),
		"conversions_click":             conversions().given("click", "c"),
		"conversions_offer":             conversions().given("offer", "o"),
		"conversions_publisher":         conversions().given("publisher", "p"),
		"conversions_advertiser":        conversions().given("advertiser", "a").before("x"),
		"conversions_order":             conversions().given("order_no", "o"),
		"deliveries_workspace":          deliveryList(outbound.Query{Workspace: "ws", Before: "x"}),
		"deliveries_conversion":         deliveryList(outbound.Query{Workspace: "ws", Conversion: "c"}),
		"deliveries_publisher":          deliveryList(outbound.Query{Workspace: "ws", Publisher: "p", Before: "x"}),
		"deliveries_state":              deliveryList(outbound.Query{Workspace: "ws", State: "dead", Before: "x"}),
		"audit_workspace":               newList[q.Audit]("audit").equal("workspace", "ws"),
		"audit_subject":                 newList[q.Audit]("audit").equal("workspace", "ws").given("subject", "s"),
		"ledger_transactions_workspace": touched(ledger.Query{Workspace: "ws", Kind: ledger.Receivable}),
		"ledger_transactions_cause":     newList[q.LedgerTransaction]("ledger_transactions").equal("workspace", "ws").given("cause", "c"),
	} {
		text := l.query(100)
		plan := explain(t, e, text, l.args)
		if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s is not used:\n%s\n%s", index, text, plan)
		}
	}
}

func openOnly(l *list) *list {
	sent(l, inbox.Query{Open: true, From: 1, To: 2})
	return l
}

func explain(t *testing.T, e *liteEngine, query string, args []any) string {
	t.Helper()
	rows, err := e.readDB.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		err = rows.Scan(&id, &parent, &unused, &detail)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(detail + "\n")
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return out.String()
}
