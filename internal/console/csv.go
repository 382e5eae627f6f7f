package console

import (
	"bufio"
	"errors"
	"io"
	"strconv"

	"clickledger/internal/csvout"
	"clickledger/internal/report"
)

// reportCSV exports all rows of the explorer's question.
func (c *call) reportCSV() error {
	q := c.question()
	q.Limit, q.Totals = exportLimit, false
	t, err := c.Report.Run(c.r.Context(), q)
	var wrong *report.Error
	if errors.As(err, &wrong) {
		return c.redirect(c.plain("reports") + "?" + c.r.URL.Query().Encode()) // it says what is wrong
	}
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="report-`+q.From.Format("20060102")+"-"+q.To.AddDate(0, 0, -1).Format("20060102")+`.csv"`)
	h.Set("Cache-Control", "private, no-store")
	return writeCSV(c.w, t, c.ws.Currency)
}

// writeCSV writes a table as RFC 4180, amounts as decimal text in their currency.
func writeCSV(w io.Writer, t *report.Table, fallback string) error {
	out := bufio.NewWriter(w)
	line := make([]string, 0, len(t.Columns))
	currencyAt := -1
	for i, cl := range t.Columns {
		line = append(line, cl.Name)
		if cl.Name == t.CurrencyColumn {
			currencyAt = i
		}
	}
	csvout.Line(out, line)
	for _, r := range t.Rows {
		currency := fallback
		if currencyAt >= 0 {
			if cur, ok := r[currencyAt].(string); ok && cur != "" {
				currency = cur
			}
		}
		line = line[:0]
		for i, cl := range t.Columns {
			line = append(line, csvValue(cl, r[i], currency))
		}
		csvout.Line(out, line)
	}
	return out.Flush()
}

// csvValue writes one value. Text never begins as a formula would: spreadsheets run
// what they open.
func csvValue(cl report.Column, v any, currency string) string {
	s := ""
	switch v := v.(type) {
	case int64:
		s = strconv.FormatInt(v, 10)
		if cl.Type == "money" {
			s = plainAmount(v, currency)
		}
	case string:
		s = v
	}
	if cl.Type != "text" && cl.Type != "time" && csvout.IsNumber(s) {
		return s
	}
	return csvout.Text(s)
}
