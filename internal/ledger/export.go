package ledger

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"

	"clickledger/internal/csvout"
	"clickledger/internal/money"
)

// exportPage is how many lines are read at a time.
const exportPage = 1000

// ExportColumns are the columns of a general-ledger export.
var ExportColumns = []string{"transaction", "line", "posted", "happened", "kind", "account", "party", "party_name", "currency", "debit", "credit", "cause_kind", "cause", "memo"}

// Export writes the lines of a query, without its Limit, as CSV in the order of posting.
// names resolves parties; a party without a name keeps its id alone.
func Export(ctx context.Context, r Reader, q LineQuery, names func(ctx context.Context, parties []string) map[string]string, w io.Writer) error {
	out := bufio.NewWriter(w)
	csvout.Line(out, ExportColumns)
	q.Limit, q.Newest, q.After = exportPage, false, ""
	known := map[string]string{"": ""}
	for {
		lines, err := r.Lines(ctx, q)
		if err != nil {
			return fmt.Errorf("export the ledger: %w", err)
		}
		learn(ctx, lines, known, names)
		for _, l := range lines {
			csvout.Line(out, exportLine(l, known))
		}
		if len(lines) < exportPage {
			return out.Flush()
		}
		q.After = lines[len(lines)-1].Cursor()
	}
}

// learn adds the names of parties that are new on this page.
func learn(ctx context.Context, lines []*Line, known map[string]string, names func(ctx context.Context, parties []string) map[string]string) {
	var ids []string
	for _, l := range lines {
		id := l.Entry.Account.Party
		if _, ok := known[id]; !ok {
			known[id] = ""
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		maps.Copy(known, names(ctx, ids))
	}
}

func exportLine(l *Line, names map[string]string) []string {
	t, a := l.Transaction, l.Entry.Account
	debit, credit := "", ""
	if l.Entry.Amount > 0 {
		debit = money.Amount{Minor: l.Entry.Amount, Currency: money.Currency(a.Currency)}.String()
	} else {
		credit = money.Amount{Minor: -l.Entry.Amount, Currency: money.Currency(a.Currency)}.String()
	}
	stamp := func(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }
	return []string{
		t.ID, strconv.FormatInt(l.No, 10), stamp(t.Recorded), stamp(t.Effective), csvout.Text(t.Kind), string(a.Kind), csvout.Text(a.Party), csvout.Text(names[a.Party]),
		a.Currency, debit, credit, csvout.Text(t.CauseKind), csvout.Text(t.Cause), csvout.Text(t.Memo),
	}
}
