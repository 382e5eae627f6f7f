// Package paper shows documents as they are printed: A4, with a style sheet of their own, and
// without scripts. What a document says is taken from the document alone, so the same one
// looks the same for everybody and for ever.
package paper

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"clickledger/internal/document"
	"clickledger/internal/money"
)

// CSS is the style sheet; whoever shows a document serves it.
//
//go:embed paper.css
var CSS []byte

//go:embed paper.tmpl
var source string

var page = template.Must(template.New("paper").Parse(source))

// Frame is what stands around a document, and is not printed.
type Frame struct {
	CSS  string                  // address of the style sheet
	Back string                  // address to go back to
	Line func(line int64) string // address of what is behind a line; nil: lines lead nowhere
}

type view struct {
	Frame
	Doc                *document.Document
	Kind, Number       string
	Statement          bool
	Lines              []line
	Total, TotalText   string
	Opening            string
	Pending, InPayment string
	Owed               bool // something is to be paid
}

type line struct {
	What, Where, Link string
	Count             int64
	Amount            string
}

// Render writes the document as a page.
func Render(d *document.Document, f Frame) ([]byte, error) {
	v := view{Frame: f, Doc: d, Kind: document.Kinds[d.Kind].Name, Number: d.Kind.Name(d.Number), Statement: d.Kind == document.Statement, Total: Amount(d, d.Total), Owed: d.Kind == document.Invoice}
	v.TotalText = map[document.Kind]string{document.Invoice: "Total", document.CreditNote: "Total credit", document.Statement: "Closing balance"}[d.Kind]
	if v.Statement {
		v.Opening = Amount(d, d.Body.Opening)
		if d.Body.Pending != 0 {
			v.Pending = Amount(d, d.Body.Pending)
		}
		if d.Body.InPayment != 0 {
			v.InPayment = Amount(d, d.Body.InPayment)
		}
	}
	for i := range d.Body.Lines {
		l := &d.Body.Lines[i]
		x := line{What: l.Text(), Where: Where(l), Count: l.Count, Amount: Amount(d, l.Amount)}
		if l.InvoiceNo != 0 {
			x.What += " of " + document.Invoice.Name(l.InvoiceNo)
		}
		if f.Line != nil {
			x.Link = f.Line(l.No)
		}
		v.Lines = append(v.Lines, x)
	}
	var buf bytes.Buffer
	err := page.Execute(&buf, v)
	if err != nil {
		return nil, fmt.Errorf("paper: %s: %w", d.ID, err)
	}
	return buf.Bytes(), nil
}

// Where says which offer and goal a line is about; "" = none.
func Where(l *document.Line) string {
	offer, goal := cmp.Or(l.OfferName, l.Offer), cmp.Or(l.GoalName, l.Goal)
	if goal == "" {
		return offer
	}
	return offer + ", " + goal
}

// Amount shows minor units of the document's currency, in groups of three digits.
func Amount(d *document.Document, minor int64) string {
	s := money.Amount{Minor: minor, Currency: money.Currency(d.Currency)}.String()
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "\u2212", s[1:]
	}
	whole, rest, _ := strings.Cut(s, ".")
	if rest != "" {
		rest = "." + rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + rest
}
