package upload

import (
	"context"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// refusing judges every entry the same.
type refusing struct{ verdict event.Verdict }

func (r refusing) Enter(_ context.Context, _ account.Principal, _ string, entries []conversion.Entry, _ bool) ([]*inbox.Row, error) {
	rows := make([]*inbox.Row, len(entries))
	for i := range rows {
		rows[i] = &inbox.Row{Verdict: r.verdict, Detail: "because"}
	}
	return rows, nil
}

// A row that repeats a refused one is not in the books "from now on or since before".
func TestARepeatedRowIsWhatItRepeats(t *testing.T) {
	for _, v := range []event.Verdict{event.UnknownClick, event.Conflict, event.NoRate, event.PendingClick} {
		s, ferr := Read([]byte("click_id,txid\n"+c1+",A\n"+c1+",A\n"), nil)
		if ferr != nil {
			t.Fatal(ferr)
		}
		out, err := Judge(t.Context(), refusing{v}, account.Principal{}, "ws_1", s, false)
		if err != nil {
			t.Fatal(err)
		}
		if l := out.Lines[1]; l.Took() {
			t.Errorf("line 2 repeats one that is %s, and is %s (%s): counted as recorded", v, l.Verdict, l.Detail)
		}
	}
}
