package rates

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"clickledger/internal/macro"
	"clickledger/internal/money"
)

// Bounds of a file's content.
const (
	maxDays    = 15_000 // the bank publishes about 255 a year, since 1999
	maxColumns = 100    // it has had 42 currencies
	maxZip     = 16     // entries of an archive that are looked at
	maxSkipped = 60     // kinds of skipped values that are told apart
)

// firstDay is the day of the bank's first reference rates.
const firstDay = "1999-01-04"

// FileError says why a file of rates was refused.
type FileError struct {
	Line int    // 1-based, 0 when it is about the whole file
	Msg  string // a sentence for people, with the line
}

// Error gives the sentence.
func (e *FileError) Error() string { return e.Msg }

func refuse(line int, format string, args ...any) error {
	msg := fmt.Sprintf(format, args...)
	if line > 0 {
		msg = fmt.Sprintf("Line %d: %s", line, msg)
	}
	return &FileError{line, msg}
}

// Skipped is a currency that was left out of an import, wholly or on some days.
type Skipped struct {
	Currency string // as the file names it
	Values   int    // how many were left out
	Reason   string // SkippedEmpty or SkippedUnknown
}

// Why values are left out.
const (
	SkippedEmpty   = "no_rate"          // the bank publishes no rate for it that day (N/A)
	SkippedUnknown = "unknown_currency" // not an ISO 4217 code that is known here
)

// File is what a file of rates says.
type File struct {
	Format  string // csv or xml, with " in zip" when it came packed
	Rows    []money.RateRow
	Days    int
	First   string // its oldest day
	Last    string // its newest day
	Skipped []Skipped
}

// sheet collects the rates of a file and checks them as they come.
type sheet struct {
	today   string // nothing may be later than the day after
	file    File
	seen    map[string]int // day → line
	skipped map[string]*Skipped
}

func newSheet(now time.Time) *sheet {
	return &sheet{today: now.UTC().AddDate(0, 0, 1).Format(time.DateOnly), seen: map[string]int{}, skipped: map[string]*Skipped{}}
}

// day begins a day.
func (s *sheet) day(line int, day string) error {
	_, ok := money.ParseDay(day)
	switch {
	case !ok:
		return refuse(line, "%s is not a date such as 2026-01-31.", macro.Echo(day))
	case day < firstDay:
		return refuse(line, "%s is before %s, the first day with rates of the European Central Bank.", day, firstDay)
	case day > s.today:
		return refuse(line, "%s is in the future.", day)
	case s.seen[day] != 0:
		return refuse(line, "%s was on line %d already.", day, s.seen[day])
	case len(s.seen) == maxDays:
		return refuse(line, "there are more than %d days.", maxDays)
	}
	s.seen[day] = line
	f := &s.file
	if f.Days == 0 || day < f.First {
		f.First = day
	}
	f.Last = max(f.Last, day)
	f.Days++
	return nil
}

// rate adds one value of the day.
func (s *sheet) rate(line int, day, code, value string) error {
	value = strings.Trim(value, " ")
	if value == "" || value == "N/A" {
		s.skip(code, SkippedEmpty)
		return nil
	}
	d, err := money.ParseRate(value)
	if err != nil {
		var bad *money.Error
		if errors.As(err, &bad) {
			return refuse(line, "%s: %s", code, bad.Msg)
		}
		return err
	}
	c, err := money.ParseCurrency(code)
	if err != nil {
		s.skip(code, SkippedUnknown)
		return nil
	}
	if c == money.RateBase {
		return refuse(line, "the rates are prices of one %s, so it cannot be among them.", c)
	}
	s.file.Rows = append(s.file.Rows, money.RateRow{Date: day, From: money.RateBase, To: c, Value: d, Source: money.SourceECB})
	return nil
}

func (s *sheet) skip(code, reason string) {
	k := code + reason
	if s.skipped[k] == nil {
		if len(s.skipped) == maxSkipped {
			return
		}
		s.skipped[k] = &Skipped{Currency: code, Reason: reason}
	}
	s.skipped[k].Values++
}

func (s *sheet) done(format string) (*File, error) {
	if len(s.file.Rows) == 0 {
		return nil, refuse(0, "The file has no rates.")
	}
	s.file.Format = format
	for _, k := range s.skipped {
		s.file.Skipped = append(s.file.Skipped, *k)
	}
	slices.SortFunc(s.file.Skipped, func(a, b Skipped) int { return strings.Compare(a.Currency+a.Reason, b.Currency+b.Reason) })
	return &s.file, nil
}

// checkCode says whether a currency's name has the form of one.
func checkCode(line int, code string) error {
	if len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return nil
	}
	return refuse(line, "%s is not the code of a currency, such as USD.", macro.Echo(code))
}

// Parse reads a file as the European Central Bank publishes them, told apart by its
// content: eurofxref.csv, eurofxref-hist.csv, either of them zipped, and the XML files of
// the day, of 90 days and of the whole history. It is strict: whatever is not plainly such
// a file is a [*FileError], and nothing of it is taken. Only currencies that are not known
// here and values the bank does not publish (N/A) are left out, and counted.
func Parse(data []byte, now time.Time) (*File, error) {
	if len(data) > MaxFile {
		return nil, tooLarge()
	}
	packed := ""
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		var err error
		data, err = unpack(data)
		if err != nil {
			return nil, err
		}
		packed = " in zip"
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	var f *File
	var err error
	switch s := newSheet(now); {
	case bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("<")):
		f, err = s.xml(data)
	case bytes.HasPrefix(data, []byte("Date")):
		f, err = s.csv(data)
	default:
		return nil, refuse(0, "This is not a file of reference rates of the European Central Bank: take eurofxref.csv, eurofxref-hist.csv, one of their zip files, or eurofxref-daily.xml.")
	}
	if err != nil {
		return nil, err
	}
	f.Format += packed
	return f, nil
}

func tooLarge() error { return refuse(0, "The file is larger than %d MB.", MaxFile>>20) }

// unpack reads the one CSV or XML file of an archive.
func unpack(data []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, refuse(0, "The zip file cannot be read; it may not be whole.")
	}
	var found *zip.File
	for i, f := range z.File {
		if i == maxZip {
			return nil, refuse(0, "The zip file has more than %d entries.", maxZip)
		}
		name := strings.ToLower(f.Name)
		if !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".xml") {
			continue
		}
		if found != nil {
			return nil, refuse(0, "The zip file has several files of rates; send them one by one.")
		}
		found = f
	}
	if found == nil {
		return nil, refuse(0, "The zip file has no CSV or XML file.")
	}
	r, err := found.Open()
	if err != nil {
		return nil, refuse(0, "The zip file cannot be read; it may not be whole.")
	}
	// What the archive says of its sizes is not believed.
	out, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if len(out) > MaxFile {
		return nil, tooLarge()
	}
	if err != nil {
		return nil, refuse(0, "The zip file cannot be read; it may not be whole.")
	}
	return out, nil
}
