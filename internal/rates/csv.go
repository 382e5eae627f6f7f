package rates

import (
	"bytes"
	"strings"
	"time"

	"clickledger/internal/macro"
)

// longestLine bounds a line of a CSV file in bytes.
const longestLine = 4 << 10

// csv reads eurofxref.csv (one day, written "16 January 2024") and eurofxref-hist.csv
// (one day a line, written 2024-01-16). Both have a header of codes, and may have spaces
// around cells and a comma behind the last one. There are no quotes in them.
func (s *sheet) csv(data []byte) (*File, error) {
	var header []string
	line := 0
	for len(data) > 0 {
		raw, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		line++
		raw = bytes.TrimSuffix(raw, []byte("\r"))
		if len(raw) > longestLine {
			return nil, refuse(line, "it is longer than %d characters.", longestLine)
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		cells := cellsOf(string(raw))
		if header == nil {
			if n := len(cells); cells[n-1] == "" {
				cells = cells[:n-1]
			}
			err := checkHeader(line, cells)
			if err != nil {
				return nil, err
			}
			header = cells
			continue
		}
		if n := len(cells); n == len(header)+1 && cells[n-1] == "" {
			cells = cells[:n-1]
		}
		if len(cells) != len(header) {
			return nil, refuse(line, "it has %d cells, and the header has %d.", len(cells), len(header))
		}
		day, ok := csvDay(cells[0])
		if !ok {
			return nil, refuse(line, "%s is not a date such as 2026-01-31 or 31 January 2026.", macro.Echo(cells[0]))
		}
		err := s.day(line, day)
		if err != nil {
			return nil, err
		}
		for i, code := range header[1:] {
			err := s.rate(line, day, code, cells[i+1])
			if err != nil {
				return nil, err
			}
		}
	}
	return s.done("csv")
}

// cellsOf splits a line, as far as any line may have cells.
func cellsOf(line string) []string {
	cells := strings.SplitN(line, ",", maxColumns+3)
	for i, c := range cells {
		cells[i] = strings.Trim(c, " \t")
	}
	return cells
}

func checkHeader(line int, cells []string) error {
	if len(cells) < 2 || cells[0] != "Date" {
		return refuse(line, `the header must be "Date" and the codes of currencies.`)
	}
	if len(cells) > maxColumns+1 {
		return refuse(line, "there are more than %d currencies.", maxColumns)
	}
	seen := map[string]bool{}
	for _, code := range cells[1:] {
		err := checkCode(line, code)
		if err != nil {
			return err
		}
		if seen[code] {
			return refuse(line, "%s is there twice.", code)
		}
		seen[code] = true
	}
	return nil
}

// csvDay reads both ways of writing a date.
func csvDay(s string) (string, bool) {
	for _, form := range []string{time.DateOnly, "2 January 2006"} {
		t, err := time.Parse(form, s)
		if err == nil {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}
