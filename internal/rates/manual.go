package rates

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// MostManual is how many manual rates a workspace may have.
const MostManual = 2000

// AuditKind is the kind of the audit lines of manual rates; their subject is
// "USD/EUR 2026-01-31".
const AuditKind = "rate"

// ManualDoc is a manual rate as people set it.
type ManualDoc struct {
	From  string `json:"from" required:"true" maxLength:"3" example:"USD" doc:"One unit of this currency …"`
	To    string `json:"to" required:"true" maxLength:"3" example:"EUR" doc:"… is worth rate units of this one."`
	Date  string `json:"date" required:"true" maxLength:"10" example:"2026-01-01" doc:"The first day it holds, YYYY-MM-DD."`
	Until string `json:"until" required:"false" maxLength:"10" example:"2026-01-31" doc:"The last day it holds. Empty: until it is ended or another one begins."`
	Rate  string `json:"rate" required:"true" maxLength:"24" example:"0.92" doc:"Decimal text, from 0.000000001 to 1000000000 with at most 12 digits."`
}

// farthest bounds the days of manual rates: nobody knows rates of another century.
const farthestYears = 20

// Check turns the document into a row, or says with [*catalog.Invalid] which fields are
// wrong.
func (d ManualDoc) check(workspace string, now time.Time) (*Row, error) {
	bad := &catalog.Invalid{}
	r := &Row{RateRow: money.RateRow{Workspace: workspace, Source: money.SourceManual}}
	r.From, r.To = pairOf(bad, d.From, d.To)
	var err error
	r.Value, err = money.ParseRate(d.Rate)
	wrong(bad, "rate", d.Rate, err)
	r.Date = dayOf(bad, "date", d.Date, now)
	if d.Until != "" {
		r.Until = dayOf(bad, "until", d.Until, now)
		if r.Until != "" && r.Until < r.Date {
			bad.Add("until", "out_of_range", d.Until, "The last day must not be before the first day.")
		}
	}
	return r, bad.Err()
}

// wrong adds a refusal of package money to a field.
func wrong(bad *catalog.Invalid, field, value string, err error) {
	var m *money.Error
	switch {
	case err == nil:
	case errors.As(err, &m):
		bad.Add(field, m.Code, value, m.Msg)
	default:
		bad.Add(field, "invalid", value, err.Error())
	}
}

func pairOf(bad *catalog.Invalid, from, to string) (a, b money.Currency) {
	a, err := money.ParseCurrency(from)
	wrong(bad, "from", from, err)
	b, err2 := money.ParseCurrency(to)
	wrong(bad, "to", to, err2)
	if err == nil && err2 == nil && a == b {
		bad.Add("to", "same_currency", to, "Choose two different currencies; one in itself is always 1.")
	}
	return a, b
}

func dayOf(bad *catalog.Invalid, field, s string, now time.Time) string {
	t, ok := money.ParseDay(s)
	switch {
	case !ok:
		bad.Add(field, "invalid_date", s, "Must be a day such as 2026-01-31.")
	case s < firstDay || t.After(now.AddDate(farthestYears, 0, 0)):
		bad.Add(field, "out_of_range", s, "Must be from "+firstDay+" to 20 years from now.")
	default:
		return s
	}
	return ""
}

// Set writes a manual rate of a workspace over the one of the same pair and first day, if
// there is one. A refused document is [*catalog.Invalid] with every wrong field.
func (s *Service) Set(ctx context.Context, p account.Principal, workspace string, d ManualDoc) (*Row, error) {
	if workspace == "" || !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	r, err := d.check(workspace, s.now())
	if err != nil {
		return nil, err
	}
	r.Actor, r.Changed = p.ID, s.now().UnixMicro()
	_, err = s.store.PutManual(ctx, r, MostManual, func(before *Row) catalog.Audit {
		action := "create"
		if before != nil {
			action = "update"
		}
		return line(p, action, r.Changed, before, r)
	})
	if errors.Is(err, ErrTooMany) {
		bad := &catalog.Invalid{}
		bad.Add("rate", "too_many", d.Rate, "This workspace has 2000 manual rates already. Remove some that are no longer needed.")
		return nil, bad
	}
	if err != nil {
		return nil, err
	}
	s.fresh(ctx)
	return r, nil
}

// ManualKey names a manual rate in its workspace.
type ManualKey struct {
	From string `json:"from" required:"true" maxLength:"3" example:"USD" doc:"Its first currency."`
	To   string `json:"to" required:"true" maxLength:"3" example:"EUR" doc:"Its second currency."`
	Date string `json:"date" required:"true" maxLength:"10" example:"2026-01-01" doc:"The first day it holds."`
}

func (k ManualKey) key(workspace string) (Key, error) {
	bad := &catalog.Invalid{}
	out := Key{Workspace: workspace, Date: k.Date, Source: money.SourceManual}
	out.From, out.To = pairOf(bad, k.From, k.To)
	if _, ok := money.ParseDay(k.Date); !ok {
		bad.Add("date", "invalid_date", k.Date, "Must be a day such as 2026-01-31.")
	}
	return out, bad.Err()
}

// End lets a manual rate hold until a day and no longer; "" opens it again. The day is not
// before its first one: [Service.Remove] takes a rate away altogether. ErrNotFound when
// there is no such rate.
func (s *Service) End(ctx context.Context, p account.Principal, workspace string, k ManualKey, until string) (*Row, error) {
	if workspace == "" || !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	key, err := k.key(workspace)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	if until != "" {
		day := dayOf(bad, "until", until, s.now())
		if day != "" && day < key.Date {
			bad.Add("until", "out_of_range", until, "The last day must not be before the first day; to undo a rate altogether, remove it.")
		}
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	var out *Row
	err = s.store.ChangeManual(ctx, key, func(before Row) (*Row, catalog.Audit, error) {
		after := before
		after.Until, after.Actor, after.Changed = until, p.ID, s.now().UnixMicro()
		out = &after
		return out, line(p, "update", after.Changed, &before, out), nil
	})
	if err != nil {
		return nil, err
	}
	s.fresh(ctx)
	return out, nil
}

// Remove takes a manual rate away, as if it had never held. Conversions that used it keep
// the rate they were decided with.
func (s *Service) Remove(ctx context.Context, p account.Principal, workspace string, k ManualKey) error {
	if workspace == "" || !p.May(workspace, true) {
		return catalog.ErrNotFound
	}
	key, err := k.key(workspace)
	if err != nil {
		return err
	}
	err = s.store.ChangeManual(ctx, key, func(before Row) (*Row, catalog.Audit, error) {
		return nil, line(p, "remove", s.now().UnixMicro(), &before, nil), nil
	})
	if err != nil {
		return err
	}
	s.fresh(ctx)
	return nil
}

// line is the audit line of a change.
func line(p account.Principal, action string, at int64, before, after *Row) catalog.Audit {
	r := after
	if r == nil {
		r = before
	}
	return catalog.Audit{
		Workspace: r.Workspace, At: at, Actor: p.ID, Action: action, Kind: AuditKind,
		Subject: string(r.From) + "/" + string(r.To) + " " + r.Date, Before: docJSON(before), After: docJSON(after),
	}
}

func docJSON(r *Row) string {
	if r == nil {
		return ""
	}
	b, err := json.Marshal(r.Doc())
	if err != nil {
		return "" // cannot be: it is a struct of texts
	}
	return string(b)
}

// Doc is the document of a manual row.
func (r *Row) Doc() ManualDoc {
	return ManualDoc{From: string(r.From), To: string(r.To), Date: r.Date, Until: r.Until, Rate: r.Value.String()}
}
