package report_test

import (
	"fmt"
	"testing"
	"time"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
	"clickledger/internal/report"
)

func TestSmoke(t *testing.T) {
	s, err := duck.Open(t.Context(), duck.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows := factstest.Rows(0, 999)
	for i := range 100 {
		f := factstest.Conversion(i*10, int64(i+1))
		if i%10 == 9 {
			f.Currency = "JPY"
		}
		rows = append(rows, facts.Row{Seq: 1001, Fact: *f})
	}
	if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1001}, rows); err != nil {
		t.Fatal(err)
	}
	e := report.New(s, nil)
	for _, dims := range [][]string{nil, {"date"}, {"country", "hour"}, {"currency"}, {"click_id", "month", "day_of_week", "hour_of_day"}} {
		for _, zone := range []string{"UTC", "Australia/Lord_Howe"} {
			var ms []string
			for _, m := range report.Metrics() {
				ms = append(ms, m.Name)
			}
			for _, ms := range [][]string{ms, {"visits", "clicks", "ctr"}} {
				tb, err := e.Run(t.Context(), report.Question{Workspace: "ws_1", From: time.Unix(factstest.Epoch/1e6, 0).AddDate(0, -6, 0), To: time.Unix(factstest.Epoch/1e6, 0).AddDate(0, 6, 0),
					TimeZone: zone, Dimensions: dims, Metrics: ms, Totals: true, Limit: 3})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range append(tb.Totals, tb.Rows...) {
					fmt.Println(r...)
				}
				fmt.Println(tb.Took, tb.More)
			}
		}
	}
}
