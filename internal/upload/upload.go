// Package upload reads conversions from a CSV file, as networks and spreadsheets write
// them, and has them judged like postbacks (issue 3 point 4, trackers §3.4).
//
// Invariants:
//   - Reading is pure and bounded: bytes in, rows out. A row keeps the number of its line
//     in the file, whatever came before it.
//   - Nothing is guessed that is money: a decimal comma is refused with the reason, never
//     read as a point.
//   - A row that is wrong costs no other row; only a file that cannot be told into rows at
//     all is refused as a whole.
package upload

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// Bounds of a file.
const (
	MaxRows    = 10_000
	MaxBytes   = 5 << 20
	MaxCell    = 512 // bytes, as of a postback's parameter
	MaxColumns = 100

	maxLine = 64 << 10 // bytes; more than any row that can be taken
)

// FileError says that the whole file cannot be read.
type FileError struct {
	Code string // stable: one of the Code constants
	Line int    // in the file, 0 = all of it
	Msg  string // a sentence
}

// The codes of [FileError].
const (
	CodeEmpty     = "empty"
	CodeTooLarge  = "too_large"
	CodeTooMany   = "too_many_rows"
	CodeEncoding  = "not_utf8"
	CodeQuotes    = "quotes"
	CodeNoClickID = "no_click_id"
	CodeTwice     = "column_twice"
	CodeColumns   = "too_many_columns"
)

// Error gives the sentence, with the line.
func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("Line %d: %s", e.Line, e.Msg)
	}
	return e.Msg
}

// Problem is what is wrong with a row, found before it is judged.
type Problem struct {
	Field   string // the field, in the words of a postback; "" = the row as a whole
	Verdict event.Verdict
	Msg     string // a sentence
}

// Row is one conversion of a file.
type Row struct {
	Line    int // in the file; the first is 1
	Entry   conversion.Entry
	Problem *Problem // nil = it can be judged
	Same    int      // the line of an earlier row that says exactly the same, 0 = none
}

// Sheet is a file that was read.
type Sheet struct {
	Delimiter rune
	Header    bool     // the first line named the columns
	Columns   []string // the field of each column, "" = not read
	Ignored   []string // names of columns that are not read
	Rows      []Row
}

// field is what a column can be: its name is that of a postback's parameter.
type field struct {
	name    string
	aliases []string // besides the name; lower case, letters and digits only
	of      func(*conversion.Entry) *string
}

// fields are the columns, the first five in the order they have in a file without a
// header.
var fields = []field{
	{"click_id", []string{"clickid", "cid", "subid", "click"}, func(e *conversion.Entry) *string { return &e.ClickID }},
	{"payout", []string{"revenue"}, func(e *conversion.Entry) *string { return &e.Payout }},
	{"txid", []string{"transactionid", "transaction", "order", "orderid", "ordernumber", "orderno"}, func(e *conversion.Entry) *string { return &e.TxID }},
	{"goal", []string{"conversiontype", "eventtype", "et"}, func(e *conversion.Entry) *string { return &e.Goal }},
	{"event_time", []string{"eventtime", "timestamp", "time", "date", "datetime", "conversiontime"}, func(e *conversion.Entry) *string { return &e.EventTime }},
	{"amount", []string{"sale", "saleamount", "orderamount", "ordervalue"}, func(e *conversion.Entry) *string { return &e.Amount }},
	{"currency", []string{"currencycode"}, func(e *conversion.Entry) *string { return &e.Currency }},
	{"status", []string{"state"}, func(e *conversion.Entry) *string { return &e.Status }},
	{"coupon", []string{"couponcode", "voucher"}, func(e *conversion.Entry) *string { return &e.Coupon }},
	{"geo", []string{"country", "countrycode"}, func(e *conversion.Entry) *string { return &e.Geo }},
	{"refund_id", []string{"refundid", "refund"}, func(e *conversion.Entry) *string { return &e.RefundID }},
	{"offer", []string{"offerid"}, func(e *conversion.Entry) *string { return &e.Offer }},
	{"commission_id", []string{"commissionid", "commissiongroup"}, func(e *conversion.Entry) *string { return &e.CommissionID }},
	{"customer", []string{"customerid"}, func(e *conversion.Entry) *string { return &e.Customer }},
	{"items", []string{"itemlines"}, func(e *conversion.Entry) *string { return &e.Items }},
}

// positional is how many columns a file without a header may have.
const positional = 5

// Columns are the names of the columns, for help texts: name and other spellings.
func Columns() [][]string {
	out := make([][]string, len(fields))
	for i, f := range fields {
		out[i] = append([]string{f.name}, f.aliases...)
	}
	return out
}

// fieldOf finds the field a column's name means; nil for none.
func fieldOf(name string) *field {
	key := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
	for i, f := range fields {
		if key == strings.ReplaceAll(f.name, "_", "") {
			return &fields[i]
		}
		for _, a := range f.aliases {
			if key == a {
				return &fields[i]
			}
		}
	}
	return nil
}

// Example is a file to begin from.
func Example() []byte {
	return []byte("click_id,payout,transaction id,goal,timestamp\r\n" +
		"0199b0a3c4d5e6f708192a3b4c5d6e7f,12.50,A-1001,,2026-11-03T14:05:00Z\r\n" +
		"0199b0a3c4d5e6f708192a3b4c5d6e80,4.00,A-1002,lead,2026-11-03T15:20:00Z\r\n")
}

// Read reads a file. Times without a zone are the zone's; nil is UTC. The error is a
// [*FileError].
func Read(data []byte, zone *time.Location) (*Sheet, error) {
	if zone == nil {
		zone = time.UTC
	}
	s := &Sheet{}
	seen := map[conversion.Entry]int{}
	var columns []*field
	var err error
	s.Delimiter, err = split(data, func(line int, cells []string) error {
		if columns == nil {
			named, err := s.header(line, cells)
			if err != nil {
				return err
			}
			columns = s.fields()
			if named {
				return nil
			}
		}
		if len(s.Rows) == MaxRows {
			return &FileError{CodeTooMany, line, fmt.Sprintf("The file has more than %d rows; split it.", MaxRows)}
		}
		s.add(line, cells, columns, zone, seen)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(s.Rows) == 0 {
		return nil, &FileError{CodeEmpty, 0, "The file has no rows."}
	}
	return s, nil
}

// split tells a file into rows that are not blank, with the numbers of their lines. The
// error is a [*FileError], or the row's.
func split(data []byte, each func(line int, cells []string) error) (rune, error) {
	text, err := decoded(data)
	if err != nil {
		return 0, err
	}
	// A line of nothing but delimiters would be millions of cells before it can be refused.
	for n, rest := 1, text; len(rest) > 0; n++ {
		line, more, _ := bytes.Cut(rest, []byte("\n"))
		if len(line) > maxLine {
			return 0, &FileError{CodeColumns, n, fmt.Sprintf("The line is longer than %d kB.", maxLine>>10)}
		}
		rest = more
	}
	r := csv.NewReader(bytes.NewReader(text))
	// Between tabs nothing is trimmed: a tab is space, too, and empty cells would be lost.
	r.Comma, r.FieldsPerRecord = sniff(text), -1
	r.TrimLeadingSpace = r.Comma != '\t'
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return r.Comma, nil
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			return 0, &FileError{CodeQuotes, broken.StartLine, `A quotation mark is not closed or stands inside a cell that does not begin with one; write it twice there: "".`}
		}
		if err != nil {
			return 0, &FileError{CodeQuotes, 0, "The file cannot be split into rows."}
		}
		line, _ := r.FieldPos(0)
		if blank(cells) {
			continue
		}
		if len(cells) > MaxColumns {
			return 0, &FileError{CodeColumns, line, fmt.Sprintf("The row has more than %d cells.", MaxColumns)}
		}
		err = each(line, cells)
		if err != nil {
			return 0, err
		}
	}
}

// Entries makes a sheet of conversions that came one by one and not as a file; the first
// is line 1. Times without a zone are the zone's; nil leaves them to the judge, who refuses
// them. It fails with [*FileError] for none and for more than [MaxRows].
func Entries(entries []conversion.Entry, zone *time.Location) (*Sheet, error) {
	switch {
	case len(entries) == 0:
		return nil, &FileError{CodeEmpty, 0, "There are no conversions in it."}
	case len(entries) > MaxRows:
		return nil, &FileError{CodeTooMany, 0, fmt.Sprintf("There are more than %d conversions in it; split it.", MaxRows)}
	}
	s := &Sheet{Delimiter: ','}
	var columns []*field
	for i := range fields {
		s.Columns = append(s.Columns, fields[i].name)
		columns = append(columns, &fields[i])
	}
	seen := map[conversion.Entry]int{}
	for i := range entries {
		cells := make([]string, len(fields))
		for j, f := range fields {
			cells[j] = *f.of(&entries[i])
		}
		s.add(i+1, cells, columns, zone, seen)
	}
	return s, nil
}

// add reads the cells of one row.
func (s *Sheet) add(line int, cells []string, columns []*field, zone *time.Location, seen map[conversion.Entry]int) {
	row := Row{Line: line}
	row.Entry, row.Problem = entry(cells, columns, zone)
	if row.Problem == nil {
		row.Same = seen[row.Entry]
		if row.Same == 0 {
			seen[row.Entry] = line
		}
	}
	s.Rows = append(s.Rows, row)
}

// decoded checks size and encoding, and takes a byte order mark off.
func decoded(data []byte) ([]byte, error) {
	switch {
	case len(data) > MaxBytes:
		return nil, &FileError{CodeTooLarge, 0, fmt.Sprintf("The file is larger than %d MB; split it.", MaxBytes>>20)}
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return nil, &FileError{CodeEncoding, 0, "The file is in UTF-16. Save it as CSV UTF-8."}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		good, line := data, 1
		for len(good) > 0 {
			r, n := utf8.DecodeRune(good)
			if r == utf8.RuneError && n == 1 {
				break
			}
			if r == '\n' {
				line++
			}
			good = good[n:]
		}
		return nil, &FileError{CodeEncoding, line, "The file is not in UTF-8. Save it as CSV UTF-8."}
	}
	return data, nil
}

// sniff finds the delimiter: the commonest of the three in the first line that has
// something in it.
func sniff(text []byte) rune {
	var n [3]int
	quoted := false
	for _, b := range text {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == ',':
			n[0]++
		case b == ';':
			n[1]++
		case b == '\t':
			n[2]++
		case b == '\n' && n != [3]int{}:
			return best(n)
		}
	}
	return best(n)
}

func best(n [3]int) rune {
	switch {
	case n[2] > n[0] && n[2] > n[1]:
		return '\t'
	case n[1] > n[0]:
		return ';'
	}
	return ','
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// clickIDForm is what a click id of an installation looks like.
var clickIDForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// header decides what the first row is, and which column is which.
func (s *Sheet) header(line int, cells []string) (named bool, err error) {
	known := 0
	s.Columns = make([]string, len(cells))
	for i, c := range cells {
		if f := fieldOf(c); f != nil {
			s.Columns[i] = f.name
			known++
		}
	}
	hasClick, hasCoupon := false, false
	at := map[string]int{}
	for i, name := range s.Columns {
		if name == "click_id" {
			hasClick = true
		}
		hasCoupon = hasCoupon || name == "coupon"
		if name == "" {
			continue
		}
		if first, twice := at[name]; twice && (hasClick || known > 1) && !clickIDForm.MatchString(strings.TrimSpace(cells[0])) {
			return true, &FileError{CodeTwice, line, fmt.Sprintf("The columns %d and %d, %q and %q, mean the same; keep one of them.", first+1, i+1, bounded(cells[first]), bounded(cells[i]))}
		}
		at[name] = i
	}
	switch {
	case clickIDForm.MatchString(strings.TrimSpace(cells[0])), !hasClick && known < 2:
		s.Columns = make([]string, positional)
		for i := range positional {
			s.Columns[i] = fields[i].name
		}
		return false, nil
	case !hasClick && !hasCoupon:
		return true, &FileError{CodeNoClickID, line, "The header names no column of click ids; call it click_id. Without one, a column of coupons is needed."}
	}
	s.Header = true
	for i, name := range s.Columns {
		if name == "" && strings.TrimSpace(cells[i]) != "" {
			s.Ignored = append(s.Ignored, bounded(cells[i]))
		}
	}
	return true, nil
}

// fields are the columns' fields, nil for those that are not read.
func (s *Sheet) fields() []*field {
	out := make([]*field, len(s.Columns))
	for i, name := range s.Columns {
		if name != "" {
			out[i] = fieldOf(name)
		}
	}
	return out
}

func bounded(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
