package app

import (
	"context"
	"fmt"
	"sort"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/facts"
	"clickledger/internal/money"
)

// reported is the money of one workspace, publisher and reporting currency.
type reported struct {
	Conversions, Unconverted, Revenue, Commission, SaleAmount int64
}

// report adds what a conversion that counts is in its reporting currency, computed from
// the rate kept with it (P11): each amount as a whole, once. One recorded before there
// were reporting currencies is of its own, as [facts.OwnCurrency] has it.
func (r *reported) report(c *conversion.Conversion) error {
	r.Conversions++
	if c.ReportCurrency == "" {
		r.Revenue += c.Revenue
		r.Commission += c.Commission
		r.SaleAmount += c.SaleAmount
		return nil
	}
	if c.Report.Rate == "" {
		if c.Revenue != 0 || c.Commission != 0 || c.SaleAmount != 0 {
			r.Unconverted++
		}
		return nil
	}
	rate, err := money.ParseDecimal(c.Report.Rate)
	if err != nil {
		return fmt.Errorf("rate of %s: %w", c.ID, err)
	}
	sum := reported{}
	for _, a := range []struct {
		of int64
		to *int64
	}{{c.Revenue, &sum.Revenue}, {c.Commission, &sum.Commission}, {c.SaleAmount, &sum.SaleAmount}} {
		got, err := money.Convert(money.Amount{Minor: a.of, Currency: money.Currency(c.Currency)}, money.Currency(c.ReportCurrency), rate)
		if err != nil {
			r.Unconverted++ // too large for the reporting currency: the facts count none of it
			return nil
		}
		*a.to = got.Minor
	}
	r.Revenue += sum.Revenue
	r.Commission += sum.Commission
	r.SaleAmount += sum.SaleAmount
	return nil
}

// reportedIn is the currency in which a conversion is reported.
func reportedIn(c *conversion.Conversion) string {
	if c.ReportCurrency == "" {
		return c.Currency
	}
	return c.ReportCurrency
}

// compareReported compares the facts' reporting amounts with the conversions'.
func (a *App) compareReported(ctx context.Context, w string, want map[totalKey]reported, f *Finding) error {
	res, err := a.facts.Query(ctx, `SELECT publisher, report_currency, CAST(sum(conversions) AS BIGINT), CAST(sum(unconverted) AS BIGINT),
		CAST(sum(report_revenue) AS BIGINT), CAST(sum(report_commission) AS BIGINT), CAST(sum(report_sale_amount) AS BIGINT)
		FROM facts WHERE workspace = ? AND kind <> ? GROUP BY publisher, report_currency`, w, event.FactVisit)
	if err != nil {
		return fmt.Errorf("add up what the facts report: %w", err)
	}
	have, err := reportedOf(w, res)
	if err != nil {
		return err
	}
	for k := range want {
		if _, ok := have[k]; !ok {
			have[k] = reported{}
		}
	}
	for k, h := range have {
		if t := want[k]; h != t {
			f.wrong("publisher %q reported in %s: the facts have %d conversions, %d of them without a rate, revenue %d, commission %d, sales %d; the books %d, %d, %d, %d, %d", k.publisher, k.currency,
				h.Conversions, h.Unconverted, h.Revenue, h.Commission, h.SaleAmount, t.Conversions, t.Unconverted, t.Revenue, t.Commission, t.SaleAmount)
		}
	}
	sort.Strings(f.Wrong)
	return nil
}

func reportedOf(w string, res facts.Result) (map[totalKey]reported, error) {
	out := map[totalKey]reported{}
	for _, row := range res.Rows {
		publisher, ok := row[0].(string)
		if !ok {
			return nil, fmt.Errorf("the facts' publisher is a %T", row[0])
		}
		currency, ok := row[1].(string)
		if !ok {
			return nil, fmt.Errorf("the facts' reporting currency is a %T", row[1])
		}
		var r reported
		for i, to := range []*int64{&r.Conversions, &r.Unconverted, &r.Revenue, &r.Commission, &r.SaleAmount} {
			n, err := integer(row[i+2])
			if err != nil {
				return nil, err
			}
			*to = n
		}
		out[totalKey{w, publisher, currency}] = r
	}
	return out, nil
}
