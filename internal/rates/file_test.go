package rates

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/money"
)

var now = time.Date(2026, 1, 16, 15, 30, 0, 0, time.UTC)

// The forms of the bank's files, with few currencies.
const (
	dailyCSV = "Date, USD, JPY, BGN, HUF, \n16 January 2026, 1.0882, 160.34, 1.9558, 380.13, \n"
	histCSV  = "Date,USD,JPY,HRK,CYP,XTS,\n" +
		"2026-01-16,1.0882,160.34,N/A,N/A,5,\n" +
		"2026-01-15,1.0945,159.67,N/A,N/A,5,\n" +
		"2022-12-30,1.0666,140.66,7.5365,N/A,N/A,\n" +
		"1999-01-04,1.1789,133.73,N/A,0.58231,N/A,\n"
	dailyXML = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<gesmes:Sender>
		<gesmes:name>European Central Bank</gesmes:name>
	</gesmes:Sender>
	<Cube>
		<Cube time='2026-01-16'>
			<Cube currency='USD' rate='1.0882'/>
			<Cube currency='JPY' rate='160.34'/>
		</Cube>
	</Cube>
</gesmes:Envelope>
`
	histXML = `<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender><Cube><Cube time="2026-01-16"><Cube currency="USD" rate="1.0882"/></Cube><Cube time="2026-01-15"><Cube currency="USD" rate="1.0945"/><Cube currency="XTS" rate="2"/></Cube></Cube></gesmes:Envelope>`
)

func zipped(t testing.TB, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write([]byte(entries[i+1]))
		if err != nil {
			t.Fatal(err)
		}
	}
	err := z.Close()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func said(rows []money.RateRow) string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s%s %s %s=%s", r.Workspace, r.Date, r.From, r.To, r.Value))
	}
	return strings.Join(out, "; ")
}

func TestParse(t *testing.T) {
	const day = "2026-01-16 EUR USD=1.0882; 2026-01-16 EUR JPY=160.34"
	const all = day + "; 2026-01-15 EUR USD=1.0945; 2026-01-15 EUR JPY=159.67; 2022-12-30 EUR USD=1.0666; 2022-12-30 EUR JPY=140.66; 2022-12-30 EUR HRK=7.5365; 1999-01-04 EUR USD=1.1789; 1999-01-04 EUR JPY=133.73; 1999-01-04 EUR CYP=0.58231"
	for _, c := range []struct {
		name, data, format, rows string
		days                     int
		first, last              string
		skipped                  string
	}{
		{"daily csv", dailyCSV, "csv", day + "; 2026-01-16 EUR BGN=1.9558; 2026-01-16 EUR HUF=380.13", 1, "2026-01-16", "2026-01-16", "[]"},
		{"history csv", histCSV, "csv", all, 4, "1999-01-04", "2026-01-16", "[{CYP 3 no_rate} {HRK 3 no_rate} {XTS 2 no_rate} {XTS 2 unknown_currency}]"},
		{"windows lines", strings.ReplaceAll(histCSV, "\n", "\r\n"), "csv", all, 4, "1999-01-04", "2026-01-16", "[{CYP 3 no_rate} {HRK 3 no_rate} {XTS 2 no_rate} {XTS 2 unknown_currency}]"},
		{"byte order mark, blank lines", "\xEF\xBB\xBFDate,USD\n\n2026-01-16,1.0882\n\n", "csv", "2026-01-16 EUR USD=1.0882", 1, "2026-01-16", "2026-01-16", "[]"},
		{"no comma at the end, empty cell", "Date,USD,JPY\n2026-01-16,1.0882,\n2026-01-15,,2,", "csv", "2026-01-16 EUR USD=1.0882; 2026-01-15 EUR JPY=2", 2, "2026-01-15", "2026-01-16", "[{JPY 1 no_rate} {USD 1 no_rate}]"},
		{"daily xml", dailyXML, "xml", day, 1, "2026-01-16", "2026-01-16", "[]"},
		{"history xml", histXML, "xml", "2026-01-16 EUR USD=1.0882; 2026-01-15 EUR USD=1.0945", 2, "2026-01-15", "2026-01-16", "[{XTS 1 unknown_currency}]"},
		{"zip", string(zipped(t, "readme.txt", "x", "eurofxref-hist.csv", histCSV)), "csv in zip", all, 4, "1999-01-04", "2026-01-16", "[{CYP 3 no_rate} {HRK 3 no_rate} {XTS 2 no_rate} {XTS 2 unknown_currency}]"},
	} {
		f, err := Parse([]byte(c.data), now)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := said(f.Rows); got != c.rows || f.Format != c.format || f.Days != c.days || f.First != c.first || f.Last != c.last || fmt.Sprint(f.Skipped) != c.skipped {
			t.Errorf("%s: %s, %d days %s to %s, skipped %v\n got %s\nwant %s", c.name, f.Format, f.Days, f.First, f.Last, f.Skipped, got, c.rows)
		}
		for _, r := range f.Rows {
			if r.Source != money.SourceECB || r.Workspace != "" || r.Until != "" {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	head := "Date,USD,JPY\n"
	deep := dailyXML[:strings.Index(dailyXML, "<Cube time")]
	bomb := zipped(t, "a.csv", head+strings.Repeat("\n", MaxFile+1))
	if len(bomb) > MaxFile/100 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	for _, c := range []struct {
		name, data string
		line       int
		says       string
	}{
		{"empty", "", 0, "not a file of reference rates"},
		{"html", "<!DOCTYPE html><html></html>", 1, "document type"},
		{"html without", "<html><body/></html>", 1, `"html" is not expected`},
		{"other xml", `<Envelope xmlns="http://other"/>`, 1, `"Envelope" is not expected`},
		{"json", `{"USD":1}`, 0, "not a file of reference rates"},
		{"header only", head, 0, "no rates"},
		{"no values", head + "2026-01-16,N/A,N/A\n", 0, "no rates"},
		{"only unknown currencies", "Date,XTS\n2026-01-16,1\n", 0, "no rates"},
		{"no currencies", "Date\n2026-01-16\n", 1, "header"},
		{"other header", "Dates,USD\n2026-01-16,1\n", 1, "header"},
		{"lower case", "Date,usd\n2026-01-16,1\n", 1, `"usd" is not the code`},
		{"code twice", "Date,USD,USD\n", 1, "USD is there twice"},
		{"the euro", "Date,EUR\n2026-01-16,1\n", 2, "EUR"},
		{"many columns", "Date" + strings.Repeat(",USD", 101) + "\n", 1, "more than 100"},
		{"short row", head + "2026-01-16,1.1\n", 2, "2 cells, and the header has 3"},
		{"long row", head + "2026-01-16,1.1,160,5\n", 2, "4 cells"},
		{"long line", head + strings.Repeat("x", 5000), 2, "longer than"},
		{"date", head + "16/01/2026,1.1,160\n", 2, "not a date"},
		{"no such day", head + "2026-02-30,1.1,160\n", 2, "not a date"},
		{"too early", head + "1998-12-31,1.1,160\n", 2, "before 1999-01-04"},
		{"future", head + "2026-01-18,1.1,160\n", 2, "future"},
		{"day twice", head + "2026-01-15,1.1,160\n2026-01-16,1.1,160\n2026-01-15,1.1,160\n", 4, "on line 2 already"},
		{"zero", head + "2026-01-15,1.1,160\n2026-01-14,0,160\n", 3, "USD: The exchange rate 0"},
		{"negative", head + "2026-01-15,-1.1,160\n", 2, "negative"},
		{"exponent", head + "2026-01-15,1e1,160\n", 2, "exponent"},
		{"not ascii", head + "2026-01-15,１.1,160\n", 2, "USD"},
		{"quoted", head + `2026-01-15,"1.1",160` + "\n", 2, "USD"},
		{"na in small", head + "2026-01-15,n/a,160\n", 2, "USD"},
		{"huge", head + "2026-01-15,99999999999,160\n", 2, "USD"},
		{"xml cut off", dailyXML[:len(dailyXML)-30], 11, "well-formed"},
		{"xml code", strings.Replace(dailyXML, "'USD'", "'usd'", 1), 9, "usd"},
		{"xml rate", strings.Replace(dailyXML, "'1.0882'", "''", 1), 9, "USD has no rate"},
		{"xml bad rate", strings.Replace(dailyXML, "'1.0882'", "'x'", 1), 9, "USD"},
		{"xml twice", strings.Replace(dailyXML, "JPY", "USD", 1), 10, "USD is there twice"},
		{"xml no time", strings.Replace(dailyXML, "time='2026-01-16'", "", 1), 8, "not a date"},
		{"xml deeper", deep + "<Cube time='2026-01-16'><Cube currency='USD' rate='1'><Cube/></Cube></Cube></Cube></gesmes:Envelope>", 8, "not expected"},
		{"xml charset", strings.Replace(dailyXML, "UTF-8", "ISO-8859-1", 1), 1, "UTF-8"},
		{"xml entity", strings.Replace(dailyXML, "1.0882", "&x;", 1), 9, "well-formed"},
		{"two roots", dailyXML + dailyXML[strings.Index(dailyXML, "<gesmes"):], 14, "follows the end"},
		{"zip of nothing", string(zipped(t, "a.txt", "x")), 0, "no CSV or XML"},
		{"zip of two", string(zipped(t, "a.csv", dailyCSV, "b.xml", dailyXML)), 0, "several files"},
		{"zip cut off", string(zipped(t, "a.csv", dailyCSV)[:60]), 0, "may not be whole"},
		{"zip bomb", string(bomb), 0, "larger than 10 MB"},
		{"large", strings.Repeat("x", MaxFile+1), 0, "larger than 10 MB"},
	} {
		_, err := Parse([]byte(c.data), now)
		var bad *FileError
		if !errors.As(err, &bad) {
			t.Errorf("%s: error = %v", c.name, err)
			continue
		}
		if bad.Line != c.line || !strings.Contains(bad.Msg, c.says) || c.line > 0 != strings.HasPrefix(bad.Msg, fmt.Sprintf("Line %d: ", c.line)) {
			t.Errorf("%s: line %d, %q, want line %d with %q", c.name, bad.Line, bad.Msg, c.line, c.says)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{dailyCSV, histCSV, dailyXML, histXML, string(zipped(f, "a.csv", dailyCSV))} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data, now)
		if err != nil {
			var bad *FileError
			if !errors.As(err, &bad) || bad.Msg == "" {
				t.Fatalf("error = %v", err)
			}
			return
		}
		table := money.NewRates(file.Rows)
		if len(file.Rows) == 0 || file.Days == 0 || file.First > file.Last {
			t.Fatalf("= %+v", file)
		}
		for _, r := range file.Rows { // each is a rate that the table takes
			got, ok := table.On("", r.From, r.To, r.Date)
			if !ok || got.Rate.Cmp(r.Value) != 0 || got.Date != r.Date {
				t.Fatalf("%+v in the table is %+v", r, got)
			}
		}
	})
}
