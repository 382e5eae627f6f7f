package payout

import (
	"cmp"
	"fmt"
	"slices"

	"clickledger/internal/conversion"
	"clickledger/internal/money"
)

const day = int64(24 * 60 * 60 * 1_000_000) // µs

// planning is everything a run is made of.
type planning struct {
	run      *Run
	settings *Settings
	methods  map[string]*Method // by publisher
	banned   map[string]bool    // publishers
	open     []Open             // of the workspace, by publisher and currency
	now      int64              // µs
	rate     func(from, to string) (money.Rate, bool)
}

// plan divides what is open into lines and what is left out. Their amounts sum to those of
// what is open, by publisher and currency. Lines come by publisher and currency, without
// ids.
func (p *planning) plan() ([]*Line, []Left, error) {
	var lines []*Line
	var left []Left
	for len(p.open) > 0 {
		first := p.open[0]
		n := 1
		for n < len(p.open) && p.open[n].Publisher == first.Publisher && p.open[n].Currency == first.Currency {
			n++
		}
		line, out, err := p.party(p.open[:n])
		if err != nil {
			return nil, nil, err
		}
		if line != nil {
			lines = append(lines, line)
		}
		left = append(left, out...)
		p.open = p.open[n:]
	}
	return lines, left, nil
}

// party plans for one publisher and currency.
func (p *planning) party(open []Open) (*Line, []Left, error) {
	who, currency := open[0].Publisher, open[0].Currency
	var left []Left
	out := func(reason string, amount int64) error {
		for i := range left {
			if left[i].Reason == reason {
				var err error
				left[i].Amount, err = add(left[i].Amount, amount, currency)
				left[i].Causes++
				return err
			}
		}
		left = append(left, Left{Publisher: who, Currency: currency, Reason: reason, Amount: amount, Causes: 1})
		return nil
	}
	line := &Line{Publisher: who, Currency: currency}
	selected := among(p.run.Publishers, who) && among(p.run.Currencies, currency)
	for _, o := range open {
		item, reason := p.item(o)
		if !selected {
			reason = NotSelected
		}
		var err error
		if reason != "" {
			err = out(reason, o.Amount)
		} else {
			line.Items = append(line.Items, item)
			line.Amount, err = add(line.Amount, o.Amount, currency)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if len(line.Items) == 0 {
		return nil, left, nil
	}
	m := p.methods[who]
	reason := p.refusal(line, m)
	if reason == "" {
		var err error
		reason, err = p.exchange(line, m)
		if err != nil {
			return nil, nil, err
		}
	}
	if reason == "" {
		line.Method, line.Masked, line.MethodNo, line.Sealed = m.Kind, m.Masked, m.Version, m.Sealed
		SortItems(line.Items)
		return line, left, nil
	}
	return nil, append(left, Left{Publisher: who, Currency: currency, Reason: reason, Amount: line.Amount, Causes: int64(len(line.Items))}), nil
}

// item is what a cause is in a line, or why it is in none.
func (p *planning) item(o Open) (Item, string) {
	i := Item{Kind: ItemAdjustment, CauseKind: o.CauseKind, Cause: o.Cause, Amount: o.Amount}
	switch {
	case o.CauseKind != "conversion":
	case o.Status != conversion.Approved:
		i.Kind = ItemCorrection
	case o.Held:
		return i, Held
	case o.Approved+p.settings.HoldingDays*day > p.run.Cutoff:
		return i, NotDue
	default:
		i.Kind = ItemConversion
	}
	return i, ""
}

// refusal is why a line cannot be paid.
func (p *planning) refusal(l *Line, m *Method) string {
	switch {
	case l.Amount < 0:
		return Negative
	case l.Amount == 0:
		return NothingDue
	case l.Amount < p.settings.Minimums[l.Currency]:
		return BelowMinimum
	case p.banned[l.Publisher]:
		return Banned
	case m == nil || m.Kind == KindNone:
		return NoMethod
	case m.Currency != "" && m.Currency != l.Currency && !m.Exchanges:
		return MethodCurrency
	case p.settings.MethodDays > 0 && m.Changed+p.settings.MethodDays*day > p.now:
		return MethodChanged
	}
	return ""
}

// exchange says in what a line is paid.
func (p *planning) exchange(l *Line, m *Method) (reason string, err error) {
	l.PayCurrency, l.PayAmount = l.Currency, l.Amount
	if m.Currency == "" || m.Currency == l.Currency {
		return "", nil
	}
	rate, ok := p.rate(l.Currency, m.Currency)
	if !ok {
		return NoRate, nil
	}
	to, err := money.Convert(money.Amount{Minor: l.Amount, Currency: money.Currency(l.Currency)}, rate.To, rate.Rate)
	if err != nil {
		return "", fmt.Errorf("payout of %s: %w", l.Publisher, err)
	}
	if to.Minor <= 0 {
		return BelowMinimum, nil
	}
	l.PayCurrency, l.PayAmount, l.Rate, l.RateDate, l.RateSource = string(to.Currency), to.Minor, rate.Rate.String(), rate.Date, rate.Source
	return "", nil
}

func among(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }

func add(a, b int64, currency string) (int64, error) {
	sum, err := money.Amount{Minor: a, Currency: money.Currency(currency)}.Add(money.Amount{Minor: b, Currency: money.Currency(currency)})
	if err != nil {
		return 0, fmt.Errorf("payout: %w", err)
	}
	return sum.Minor, nil
}

// itemRank is the order of kinds within a line.
var itemRank = map[string]int{ItemConversion: 0, ItemCorrection: 1, ItemAdjustment: 2}

// SortItems brings items into the order of their kinds, then of their causes.
func SortItems(items []Item) {
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(itemRank[a.Kind], itemRank[b.Kind]), cmp.Compare(a.CauseKind, b.CauseKind), cmp.Compare(a.Cause, b.Cause))
	})
}

// compare finds the lines of a preview that a new plan has otherwise, and the lines of the
// plan that the preview does not have.
func compare(preview, planned []*Line, left []Left) (changes []Change, later []*Line) {
	type key struct{ publisher, currency string }
	by := map[key]*Line{}
	for _, l := range planned {
		by[key{l.Publisher, l.Currency}] = l
	}
	why := map[key]string{}
	for _, x := range left {
		why[key{x.Publisher, x.Currency}] = x.Reason
	}
	for _, was := range preview {
		k := key{was.Publisher, was.Currency}
		now := by[k]
		delete(by, k)
		c := Change{Publisher: was.Publisher, Currency: was.Currency, Was: was.Amount}
		switch {
		case now == nil:
			c.Why = cmp.Or(why[k], "nothing of it is left")
		case now.Amount != was.Amount:
			c.Now, c.Why = now.Amount, "another amount"
		case !slices.Equal(now.Items, was.Items):
			c.Now, c.Why = now.Amount, "other conversions or adjustments"
		case now.MethodNo != was.MethodNo:
			c.Now, c.Why = now.Amount, "another payout method"
		case now.PayCurrency != was.PayCurrency || now.PayAmount != was.PayAmount:
			c.Now, c.Why = now.Amount, "another exchange rate"
		default:
			continue
		}
		changes = append(changes, c)
	}
	for _, l := range planned {
		if by[key{l.Publisher, l.Currency}] != nil {
			later = append(later, l)
		}
	}
	return changes, later
}
