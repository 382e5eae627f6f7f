package report

import (
	"fmt"
	"slices"
	"strings"
)

// notes says what the rows of a result (see query) leave to be known about converted
// amounts.
func (p *plan) notes(rows [][]any) []Note {
	if len(rows) == 0 {
		return nil
	}
	var out []Note
	codes := p.codes(rows)
	if n := number(rows[0][len(rows[0])-1]); n != 0 { // un is the same in all rows
		only := ""
		if len(codes) == 1 {
			only = codes[0]
		}
		out = append(out, Note{Code: NoteUnconverted, Count: n, Text: unconvertedText(n, zeroText(only))})
	}
	if n := len(codes); n > 1 {
		out = append(out, Note{Code: NoteCurrencies, Count: int64(n), Text: "The amounts were reported in several currencies, which are not added: " + strings.Join(codes, ", ") + "."})
	}
	return out
}

func unconvertedText(n int64, zero string) string {
	if n == 1 {
		return "1 conversion has no exchange rate and counts as " + zero + " here."
	}
	return fmt.Sprintf("%d conversions have no exchange rate and count as %s here.", n, zero)
}

// zeroText is an amount of nothing in a currency.
func zeroText(code string) string {
	if d := decimalsOf(code); d > 0 {
		return "0." + strings.Repeat("0", d)
	}
	return "0"
}

// codes lists the currencies of the rows, sorted.
func (p *plan) codes(rows [][]any) []string {
	at := 1 + len(p.groups()) // behind part and the dimensions
	var codes []string
	for _, row := range rows {
		code := text(row[at])
		if i, found := slices.BinarySearch(codes, code); code != "" && !found {
			codes = slices.Insert(codes, i, code)
		}
	}
	return codes
}
