package upload_test

import (
	"strings"
	"testing"

	"clickledger/internal/upload"
)

// An empty cell of a file with tabs is a cell: what follows it stays in its column.
func TestEmptyCellBetweenTabs(t *testing.T) {
	const id = "0199b0a3c4d5e6f708192a3b4c5d6e7f"
	for _, sep := range []string{",", ";", "\t"} {
		file := strings.ReplaceAll("click_id,txid,payout,amount\n"+id+",A-1,12.50,\n"+id+",,3.00,125.00\n"+id+",,,99.00\n", ",", sep)
		s, err := upload.Read([]byte(file), nil)
		if err != nil {
			t.Fatalf("%q: %v", sep, err)
		}
		if len(s.Rows) != 3 {
			t.Fatalf("%q: %d rows", sep, len(s.Rows))
		}
		if e := s.Rows[1].Entry; e.TxID != "" || e.Payout != "3.00" || e.Amount != "125.00" {
			t.Errorf("%q: row 2 has txid %q, payout %q, amount %q; want none, 3.00, 125.00", sep, e.TxID, e.Payout, e.Amount)
		}
		if e := s.Rows[2].Entry; e.TxID != "" || e.Payout != "" || e.Amount != "99.00" {
			t.Errorf("%q: row 3 has txid %q, payout %q, amount %q; want none, none, 99.00", sep, e.TxID, e.Payout, e.Amount)
		}
	}
}
