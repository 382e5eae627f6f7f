package payout

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/csvout"
	"clickledger/internal/money"
)

// Layout is the form of a file for a bank or a payment service: data, not code. A file has
// lines of one currency.
type Layout struct {
	Name    string
	Title   string
	Methods []string // kinds of methods whose lines it can have
	Only    string   // currency, "" = any
	Header  bool     // whether the first line names the columns
	Columns []Column
}

// Column has a field of the payment, or the same text in every line.
type Column struct {
	Header string
	Field  string // one of the fields of [payment]; "" = Text
	Text   string
}

// Layouts are all there are.
var Layouts = []Layout{
	{"generic", "Generic CSV", []string{KindBank, KindPayPal, KindWise, KindOther}, "", true, []Column{
		{"reference", "reference", ""}, {"publisher", "publisher", ""}, {"name", "name", ""}, {"method", "method", ""}, {"holder", "holder", ""}, {"iban", "iban", ""},
		{"bic", "bic", ""}, {"email", "email", ""}, {"other", "text", ""}, {"amount", "amount", ""}, {"currency", "currency", ""}, {"run", "run", ""},
	}},
	{"sepa", "SEPA credit transfer CSV", []string{KindBank}, "EUR", true, []Column{
		{"Beneficiary name", "holder", ""}, {"Beneficiary IBAN", "iban", ""}, {"Beneficiary BIC", "bic", ""}, {"Amount", "amount", ""}, {"Currency", "currency", ""},
		{"End-to-end reference", "reference", ""}, {"Remittance information", "note", ""},
	}},
	{"paypal", "PayPal payouts CSV", []string{KindPayPal}, "", false, []Column{
		{"Recipient", "email", ""}, {"Amount", "amount", ""}, {"Currency", "currency", ""}, {"Customer ID", "reference", ""}, {"Note", "note", ""}, {"Wallet", "", "PAYPAL"},
	}},
	{"wise", "Wise batch CSV (by e-mail)", []string{KindWise}, "", true, []Column{
		{"name", "holder_or_name", ""}, {"recipientEmail", "email", ""}, {"paymentReference", "note", ""}, {"receiverType", "", "PERSON"}, {"amountCurrency", "", "target"},
		{"amount", "amount", ""}, {"sourceCurrency", "currency", ""}, {"targetCurrency", "currency", ""},
	}},
}

// LayoutNamed finds a layout.
func LayoutNamed(name string) (Layout, bool) {
	i := slices.IndexFunc(Layouts, func(l Layout) bool { return l.Name == name })
	if i < 0 {
		return Layout{}, false
	}
	return Layouts[i], true
}

// Takes reports whether a line fits the layout.
func (l Layout) Takes(line *Line) bool {
	return slices.Contains(l.Methods, line.Method) && (l.Only == "" || l.Only == line.PayCurrency)
}

// payment gives the fields of a column for one line.
var payment = map[string]func(l *Line, d *Details, name string) string{
	"reference": func(l *Line, _ *Details, _ string) string { return l.ID },
	"publisher": func(l *Line, _ *Details, _ string) string { return l.Publisher },
	"name":      func(_ *Line, _ *Details, name string) string { return name },
	"method":    func(l *Line, _ *Details, _ string) string { return l.Method },
	"holder":    func(_ *Line, d *Details, _ string) string { return d.Holder },
	"holder_or_name": func(_ *Line, d *Details, name string) string {
		if d.Holder == "" {
			return name
		}
		return d.Holder
	},
	"iban":     func(_ *Line, d *Details, _ string) string { return d.IBAN },
	"bic":      func(_ *Line, d *Details, _ string) string { return d.BIC },
	"email":    func(_ *Line, d *Details, _ string) string { return d.Email },
	"text":     func(_ *Line, d *Details, _ string) string { return d.Text },
	"currency": func(l *Line, _ *Details, _ string) string { return l.PayCurrency },
	"run":      func(l *Line, _ *Details, _ string) string { return l.Run },
	"note":     func(l *Line, _ *Details, _ string) string { return "Commission " + l.ID },
	"amount": func(l *Line, _ *Details, _ string) string {
		return money.Amount{Minor: l.PayAmount, Currency: money.Currency(l.PayCurrency)}.String()
	},
}

// oneLine keeps a payment on a line of its own: what reads line by line would take the rest
// of a text for another payment.
var oneLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

// write writes the file.
func (l Layout) write(w io.Writer, lines []*Line, details []*Details, name func(publisher string) string) error {
	out := bufio.NewWriter(w)
	cells := make([]string, len(l.Columns))
	if l.Header {
		for i, c := range l.Columns {
			cells[i] = c.Header
		}
		csvout.Line(out, cells)
	}
	for n, line := range lines {
		for i, c := range l.Columns {
			cells[i] = c.Text
			if c.Field != "" {
				cells[i] = oneLine.Replace(payment[c.Field](line, details[n], name(line.Publisher)))
			}
			if !csvout.IsNumber(cells[i]) {
				cells[i] = csvout.Text(cells[i])
			}
		}
		csvout.Line(out, cells)
	}
	return out.Flush()
}

// Offer is what a layout would have of a run.
type Offer struct {
	Layout   Layout
	Currency string
	Lines    int
	Amount   int64
}

// Offers are the files that can be made of lines: those that are approved and neither paid
// nor failed.
func Offers(lines []*Line) []Offer {
	var out []Offer
	for _, layout := range Layouts {
		at := map[string]int{}
		for _, l := range lines {
			if l.State != Approved || !layout.Takes(l) {
				continue
			}
			i, ok := at[l.PayCurrency]
			if !ok {
				i = len(out)
				at[l.PayCurrency] = i
				out = append(out, Offer{Layout: layout, Currency: l.PayCurrency})
			}
			out[i].Lines++
			out[i].Amount += l.PayAmount
		}
	}
	return out
}

// Export writes the open lines of an approved run as a file; the audit trail says who took
// one. Lines that are paid or failed are in no file, so that a second one pays nobody twice.
// currency "" is the only one there is.
func (s *Service) Export(ctx context.Context, p account.Principal, workspace, id, layout, currency string, w io.Writer) error {
	if !p.May(workspace, true) {
		return catalog.ErrNotFound
	}
	run, err := s.Store.Run(ctx, workspace, id)
	if err != nil {
		return err
	}
	if run.State != Approved && run.State != Done {
		return refuse(CodeState, "The run is %s: only an approved one is exported.", run.State)
	}
	form, ok := LayoutNamed(layout)
	bad := &catalog.Invalid{}
	if !ok {
		bad.Add("layout", "not_one_of", layout, "Must be generic, sepa, paypal or wise.")
		return bad
	}
	lines, err := s.Store.Lines(ctx, workspace, id)
	if err != nil {
		return err
	}
	lines = slices.DeleteFunc(lines, func(l *Line) bool {
		return l.State != Approved || !form.Takes(l) || currency != "" && l.PayCurrency != currency
	})
	if len(lines) == 0 {
		return refuse(CodeNoLines, "No open line of the run fits this file.")
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return err
	}
	details := make([]*Details, len(lines))
	for i, l := range lines {
		if l.PayCurrency != lines[0].PayCurrency {
			bad.Add("currency", "required", "", "The run has several currencies, and a file has one: name it.")
			return bad
		}
		details[i], err = open(keys, workspace, l.Publisher, l.Sealed)
		if err != nil {
			return err
		}
	}
	err = s.settle(ctx, func(ctx context.Context, _ books.Tx, t Tx) error {
		run, err := t.Run(ctx, workspace, id)
		if err != nil {
			return err
		}
		run.Exported, run.ExportedBy = s.Now().UnixMicro(), p.ID
		err = t.PutRun(ctx, run)
		if err != nil {
			return err
		}
		return t.Audit(ctx, s.audit(p.ID, workspace, "export", "payout_run", id, layout, nil, totals(lines)))
	})
	if err != nil {
		return fmt.Errorf("note the export: %w", err)
	}
	return form.write(w, lines, details, func(publisher string) string {
		if x := s.Publisher(publisher); x != nil {
			return x.Name
		}
		return publisher
	})
}

// FileName is what a file is called.
func FileName(run, layout string) string { return run + "-" + layout + ".csv" }
