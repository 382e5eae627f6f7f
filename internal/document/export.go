package document

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/csvout"
)

// exportPage is how many rows are read at a time.
const exportPage = 1000

// ExportColumns are the columns of a CSV of what is behind a document.
var ExportColumns = []string{"document", "line", "kind", "offer", "goal", "conversion", "order", "time", "currency", "amount", "booking"}

// Exporter finds a document and gives what writes the rows behind a line, or behind all of
// them with line 0, as CSV.
func (s *Service) Exporter(ctx context.Context, p account.Principal, workspace, id string, line int64) (d *Document, write func(ctx context.Context, w io.Writer) error, err error) {
	d, first, err := s.Details(ctx, p, workspace, id, line, "", exportPage)
	if err != nil {
		return nil, nil, err
	}
	return d, s.exporter(d, line, first), nil
}

func (s *Service) exporter(d *Document, line int64, rows []Detail) func(ctx context.Context, w io.Writer) error {
	lines := map[int64]*Line{}
	for i := range d.Body.Lines {
		lines[d.Body.Lines[i].No] = &d.Body.Lines[i]
	}
	return func(ctx context.Context, w io.Writer) error {
		out := bufio.NewWriter(w)
		csvout.Line(out, ExportColumns)
		for {
			for _, r := range rows {
				l := lines[r.Line]
				if l == nil {
					l = &Line{Kind: LineLate}
				}
				csvout.Line(out, []string{
					d.Kind.Name(d.Number), strconv.FormatInt(r.Line, 10), l.Text(), csvout.Text(l.OfferName), csvout.Text(l.GoalName), csvout.Text(r.Conversion), csvout.Text(r.Order),
					time.UnixMicro(r.At).UTC().Format(time.RFC3339Nano), d.Currency, d.Amount(r.Amount), r.Booking,
				})
			}
			if len(rows) < exportPage {
				return out.Flush()
			}
			var err error
			rows, err = s.details(ctx, d, line, rows[len(rows)-1].Cursor, exportPage)
			if err != nil {
				return fmt.Errorf("read what is behind %s: %w", d.ID, err)
			}
		}
	}
}
