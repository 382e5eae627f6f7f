package duck_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

// version1 lists the columns of a table of version 1, before there were amounts in a
// reporting currency.
const version1 = "seq, click_id, fact_no, event_at, visit_at, impressions, visits, uniques, clicks, conversions, revenue, commission, cost, sale_amount, " +
	"workspace, kind, campaign, link, offer, advertiser, publisher, enrollment, source, external_id, keyword, country, device, os, os_version, browser, " +
	"browser_version, language, referer_domain, bot, suspect, reason, goal, conversion, status, method, currency, " +
	"sub1, sub2, sub3, sub4, sub5, sub6, sub7, sub8, sub9, sub10, sub11, sub12, sub13, sub14, sub15, sub16, sub17, sub18, sub19, sub20"

// oldDims are the dimensions as version 1 knew them.
func oldDims(d event.Dims) event.Dims {
	d.Region, d.City, d.ISP, d.Connection, d.Brand, d.Model, d.Wanted = "", "", "", "", "", "", ""
	return d
}

// oldConversion is a conversion as version 1 put it into the log, of one of two currencies.
func oldConversion(n int, no int64) *event.Fact {
	f := factstest.Conversion(n, no)
	f.Dims = oldDims(f.Dims)
	f.ReportCurrency, f.ReportRevenue, f.ReportCommission, f.ReportSaleAmount = "", 0, 0, 0
	if n%3 == 0 {
		f.Currency = "JPY"
	}
	return f
}

// downgrade makes the folder one of version 1: the file and its segments lose the
// columns that version 1 did not have.
func downgrade(t *testing.T, dir string) {
	t.Helper()
	connector, err := duckdb.NewConnector(filepath.Join(dir, "facts.duckdb"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer connector.Close()
	db := sql.OpenDB(connector)
	defer db.Close()
	exec := func(format string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), fmt.Sprintf(format, args...)); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE old AS SELECT %s FROM facts ORDER BY rowid", version1)
	exec("DROP TABLE facts")
	exec("ALTER TABLE old RENAME TO facts")
	exec("UPDATE progress SET version = 1")
	segments, err := filepath.Glob(filepath.Join(dir, "segments", "*.parquet"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	for _, path := range segments {
		exec("COPY (SELECT %s FROM read_parquet('%s')) TO '%s.old' (FORMAT parquet, COMPRESSION zstd)", version1, path, path)
		data, err := os.ReadFile(path + ".old")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var side map[string]any
		if err := json.Unmarshal(text, &side); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		side["version"], side["bytes"], side["sha256"] = 1, len(data), hex.EncodeToString(sum[:])
		if text, err = json.Marshal(side); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{os.Rename(path+".old", path), os.WriteFile(path+".json", text, 0o600)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	exec("CHECKPOINT")
}

// oldTotals is every sum and text of version 1.
func oldTotals(t *testing.T, s facts.Store) string {
	t.Helper()
	parts := []string{"count(*)"}
	for _, c := range strings.Split(version1, ", ") {
		switch c {
		case "seq", "fact_no", "event_at", "visit_at", "impressions", "visits", "uniques", "clicks", "conversions", "revenue", "commission", "cost", "sale_amount":
			parts = append(parts, "sum("+c+")")
		case "click_id":
			parts = append(parts, "count(DISTINCT "+c+")")
		default:
			parts = append(parts, "count(DISTINCT "+c+")", "max("+c+")")
		}
	}
	res, err := s.Query(t.Context(), "SELECT "+strings.Join(parts, ", ")+" FROM facts")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(res.Rows)
}

// TestUpgrade opens a folder of version 1: file and segments become the table of today,
// with the same totals, and every old amount is reported in its own currency, whether it
// came from a segment or from the log. What is added then is sealed beside the old
// segments, and both restore the table once more.
func TestUpgrade(t *testing.T) {
	dir := t.TempDir()
	log := factstest.NewLog(stream)
	no := int64(0)
	for i := range 60 {
		var visits []eventlog.Record
		for n := i * 10; n < i*10+10; n++ {
			v := factstest.Visit(n)
			v.Dims = oldDims(v.Dims)
			visits = append(visits, eventlog.Record{Class: eventlog.Visit, Data: v.Append(nil)})
		}
		log.Append(epoch(i), visits...)
		no++
		log.Append(epoch(i), factstest.FactRecord(oldConversion(i, no)), factstest.SignalRecord(i))
	}
	s, err := duck.Open(t.Context(), duck.Options{Dir: dir, SealRows: 200})
	if err != nil {
		t.Fatal(err)
	}
	if err := catchUp(t, s, log, small()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, ok, err := s.Seal(t.Context()); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	want, wantAll := oldTotals(t, s), totals(t, s)
	sealed, err := s.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = reopen(t, dir, func() { downgrade(t, dir) })
	rec := s.Recovered()
	if rec.Segments != 2 || len(rec.Damaged) != 0 || !strings.Contains(rec.Reason, "version 1") || strings.Contains(rec.Reason, "inconsistent") {
		t.Errorf("recovery %+v", rec)
	}
	if err := s.VerifySegments(t.Context()); err != nil {
		t.Error(err)
	}
	log.TrimTo(sealed.Sealed) // the rest of the old facts is in the log
	if err := catchUp(t, s, log, small()); err != nil {
		t.Fatal(err)
	}
	if got := oldTotals(t, s); got != want {
		t.Errorf("totals after the upgrade\n%s\nwant\n%s", got, want)
	}
	if got := totals(t, s); got != wantAll {
		t.Errorf("all columns after the upgrade\n%s\nwant\n%s", got, wantAll)
	}
	res, err := s.Query(t.Context(), "SELECT count(*), count(DISTINCT report_currency) FROM facts WHERE (currency, revenue, commission, cost, sale_amount, 0) "+
		"<> (report_currency, report_revenue, report_commission, report_cost, report_sale_amount, unconverted)")
	if err != nil || res.Rows[0][0] != int64(0) {
		t.Errorf("%v rows are not reported as they are, %v", res.Rows, err)
	}
	if res, err = s.Query(t.Context(), "SELECT report_currency, count(*), CAST(sum(report_revenue) AS BIGINT) FROM facts WHERE currency <> '' GROUP BY 1 ORDER BY 1"); err != nil || len(res.Rows) != 2 || res.Rows[0][1] != int64(40) || res.Rows[1][1] != int64(20) {
		t.Errorf("reported: %v, %v", res.Rows, err)
	}

	// New facts: an approval of an old conversion, and a conversion without a rate.
	minus := oldConversion(3, no+1)
	minus.Kind, minus.Conversions, minus.Revenue, minus.Commission, minus.SaleAmount, minus.Unconverted = event.FactAdjustment, -1, -minus.Revenue, -minus.Commission, -minus.SaleAmount, -1
	plus := oldConversion(3, no+2)
	plus.Kind, plus.Unconverted = event.FactAdjustment, 1
	fresh := factstest.Conversion(1000, no+3)
	fresh.Currency, fresh.ReportRevenue, fresh.ReportCommission, fresh.ReportSaleAmount, fresh.Unconverted = "XOF", 0, 0, 0, 1
	log.Append(epoch(100), factstest.FactRecord(minus), factstest.FactRecord(plus), factstest.FactRecord(fresh))
	if err := catchUp(t, s, log, small()); err != nil {
		t.Fatal(err)
	}
	after, err := s.Query(t.Context(), "SELECT report_currency, CAST(sum(report_revenue) AS BIGINT), CAST(sum(unconverted) AS BIGINT) FROM facts WHERE currency <> '' GROUP BY 1 ORDER BY 1")
	if err != nil || after.Rows[0][1] != res.Rows[0][2] || after.Rows[1][1] != res.Rows[1][2] || after.Rows[0][2] != int64(1) || after.Rows[1][2] != int64(0) {
		t.Errorf("reported %v, %v; want the sums of %v and one conversion in EUR without a rate", after.Rows, err, res.Rows)
	}
	for {
		_, ok, err := s.Seal(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
	}
	wantAll = totals(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, func() { os.Remove(filepath.Join(dir, "facts.duckdb")) })
	if got := totals(t, s); got != wantAll || s.Recovered().Segments < 3 {
		t.Errorf("totals of old and new segments\n%s\nwant\n%s; %+v", got, wantAll, s.Recovered())
	}
}
