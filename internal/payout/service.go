package payout

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// Service is what people and programs do about payouts. All of it is staff's but
// [Service.Own] and [Service.SetOwn].
type Service struct {
	Store     Store
	Desk      Desk
	Publisher func(id string) *catalog.Publisher // of the catalog in memory, nil = unknown
	Rates     func() *money.Rates                // nil: nothing is exchanged
	Now       func() time.Time
}

// Bounds.
const (
	DefaultLimit = 50
	MaxLimit     = 500
	maxDays      = 366
	maxMinimums  = 50
	maxNote      = 500
)

func (s *Service) settle(ctx context.Context, fn func(ctx context.Context, tx books.Tx, t Tx) error) error {
	return s.Desk.Settle(ctx, func(ctx context.Context, tx books.Tx) error { return fn(ctx, tx, s.Store.Within(tx)) })
}

// Settings are those of a workspace.
func (s *Service) Settings(ctx context.Context, p account.Principal, workspace string) (*Settings, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	return s.Store.Settings(ctx, workspace)
}

// SaveSettings writes them if version is the stored one. Whether a second person must
// approve is said by owners alone: it would bind nobody whom it is to bind.
func (s *Service) SaveSettings(ctx context.Context, p account.Principal, in *Settings, version int64) (*Settings, error) {
	if !p.May(in.Workspace, true) {
		return nil, catalog.ErrNotFound
	}
	bad := &catalog.Invalid{}
	for _, f := range []struct {
		name string
		days int64
	}{{"holding_days", in.HoldingDays}, {"method_hold_days", in.MethodDays}} {
		if f.days < 0 || f.days > maxDays {
			bad.Add(f.name, "out_of_range", fmt.Sprint(f.days), fmt.Sprintf("Must be from 0 to %d days.", maxDays))
		}
	}
	if len(in.Minimums) > maxMinimums {
		bad.Add("minimums", "too_many", "", fmt.Sprintf("There may be at most %d.", maxMinimums))
	}
	for c, n := range in.Minimums {
		if _, err := money.ParseCurrency(c); err != nil {
			bad.Add("minimums", "unknown_currency", c, "Must be by ISO 4217 codes such as EUR.")
		} else if n < 0 {
			bad.Add("minimums", "out_of_range", c, "Must not be below 0.")
		}
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	out := *in
	err := s.settle(ctx, func(ctx context.Context, _ books.Tx, t Tx) error {
		old, err := t.Settings(ctx, in.Workspace)
		if err != nil {
			return err
		}
		if old.Version != version {
			return catalog.ErrVersion
		}
		if old.SecondPerson != in.SecondPerson && !p.Owner {
			return refuse(CodeOwner, "Whether a second person must approve payout runs is set by owners.")
		}
		out = *in
		out.Updated, out.Version = s.Now().UnixMicro(), old.Version
		err = t.PutSettings(ctx, &out)
		if err != nil {
			return err
		}
		return t.Audit(ctx, s.audit(p.ID, in.Workspace, "change", "payout_settings", in.Workspace, "", settingsLine(old), settingsLine(&out)))
	})
	return &out, err
}

func settingsLine(v *Settings) any {
	minimums := map[string]string{}
	for c, n := range v.Minimums {
		minimums[c] = money.Amount{Minor: n, Currency: money.Currency(c)}.String()
	}
	return map[string]any{"holding_days": v.HoldingDays, "method_hold_days": v.MethodDays, "second_person": v.SecondPerson, "minimums": minimums}
}

// audit is a line of the audit trail; before and after are written as JSON, nil = nothing.
func (s *Service) audit(actor, workspace, action, kind, subject, reason string, before, after any) catalog.Audit {
	text := func(v any) string {
		if v == nil {
			return ""
		}
		b, err := json.Marshal(v)
		if err != nil {
			return "" // texts and numbers always marshal
		}
		return string(b)
	}
	return catalog.Audit{Workspace: workspace, At: s.Now().UnixMicro(), Actor: actor, Action: action, Kind: kind, Subject: subject, Reason: reason, Before: text(before), After: text(after)}
}

// Method is a publisher's, KindNone when it has none.
func (s *Service) Method(ctx context.Context, p account.Principal, workspace, publisher string) (*Method, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	return s.method(ctx, s.Store, workspace, publisher)
}

func (s *Service) method(ctx context.Context, r Reader, workspace, publisher string) (*Method, error) {
	if x := s.Publisher(publisher); x == nil || x.Workspace != workspace {
		return nil, catalog.ErrNotFound
	}
	m, err := r.Method(ctx, workspace, publisher)
	if errors.Is(err, catalog.ErrNotFound) {
		return &Method{Workspace: workspace, Publisher: publisher, Kind: KindNone}, nil
	}
	return m, err
}

// SetMethod changes how a publisher is paid, for staff. version is the one that was read,
// -1 = any. Lines that are approved keep the details they were approved with.
func (s *Service) SetMethod(ctx context.Context, p account.Principal, workspace, publisher string, version int64, d Details) (*Method, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	return s.setMethod(ctx, p.ID, workspace, publisher, version, d)
}

// Own is the method of the publisher that asks, and SetOwn changes it: by its people, not by
// its keys, which programs have.
func (s *Service) Own(ctx context.Context, p account.Principal) (*Method, error) {
	if !p.Party.Is(account.PartyPublisher) {
		return nil, catalog.ErrNotFound
	}
	return s.method(ctx, s.Store, p.Party.Workspace, p.Party.ID)
}

// SetOwn changes the method of the publisher that asks; see [Service.Own].
func (s *Service) SetOwn(ctx context.Context, p account.Principal, version int64, d Details) (*Method, error) {
	if !p.Party.Is(account.PartyPublisher) || !p.Write {
		return nil, catalog.ErrNotFound
	}
	if !person(p) {
		return nil, refuse(CodePerson, "The payout method is changed by people, not by API keys.")
	}
	return s.setMethod(ctx, p.ID, p.Party.Workspace, p.Party.ID, version, d)
}

// OwnLines are the payouts of the publisher that asks: lines of runs that were approved.
func (s *Service) OwnLines(ctx context.Context, p account.Principal, before string, limit int) ([]*Line, error) {
	if !p.Party.Is(account.PartyPublisher) {
		return nil, catalog.ErrNotFound
	}
	return s.Store.ListLines(ctx, LineQuery{Workspace: p.Party.Workspace, Publisher: p.Party.ID, Given: true, Before: before, Limit: page(limit)})
}

// person reports whether a human asks: keys and the operator's token are none.
func person(p account.Principal) bool { return strings.HasPrefix(p.ID, "usr_") }

func (s *Service) setMethod(ctx context.Context, actor, workspace, publisher string, version int64, d Details) (*Method, error) {
	err := d.Clean()
	if err != nil {
		return nil, err
	}
	m := &Method{Workspace: workspace, Publisher: publisher, Kind: d.Kind, Currency: d.Currency, Exchanges: d.Exchange, Masked: d.Masked(), ChangedBy: actor}
	if d.Kind != KindNone {
		m.Sealed, err = s.seal(ctx, workspace, publisher, &d)
		if err != nil {
			return nil, err
		}
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return nil, err
	}
	var out *Method
	err = s.settle(ctx, func(ctx context.Context, _ books.Tx, t Tx) error {
		old, err := s.method(ctx, t, workspace, publisher)
		if err != nil {
			return err
		}
		if version >= 0 && old.Version != version {
			return catalog.ErrVersion
		}
		if same(keys, old, &d) {
			out = old
			return nil
		}
		next := *m
		next.Changed, next.Version = s.Now().UnixMicro(), old.Version
		err = t.PutMethod(ctx, &next)
		if err != nil {
			return err
		}
		out = &next
		return t.Audit(ctx, s.audit(actor, workspace, "change", "payout_method", publisher, "", methodLine(old), methodLine(&next)))
	})
	return out, err
}

// same reports whether the details are those that are stored.
func same(keys []Key, old *Method, d *Details) bool {
	if old.Kind == KindNone || d.Kind == KindNone {
		return old.Kind == d.Kind
	}
	was, err := open(keys, old.Workspace, old.Publisher, old.Sealed)
	return err == nil && *was == *d
}

func methodLine(m *Method) any {
	if m.Kind == KindNone {
		return nil
	}
	return map[string]any{"kind": m.Kind, "currency": m.Currency, "exchange": m.Exchanges, "details": m.Masked}
}

func page(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit+1) // one more tells whether there is another page
}

// Runs are the runs of a workspace, newest first.
func (s *Service) Runs(ctx context.Context, p account.Principal, q RunQuery) ([]*Run, error) {
	if !p.May(q.Workspace, false) {
		return nil, catalog.ErrNotFound
	}
	q.Limit = page(q.Limit)
	return s.Store.Runs(ctx, q)
}

// Run is one of them.
func (s *Service) Run(ctx context.Context, p account.Principal, workspace, id string) (*Run, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	return s.Store.Run(ctx, workspace, id)
}

// Lines are all lines of a run, by publisher and currency.
func (s *Service) Lines(ctx context.Context, p account.Principal, workspace, run string) ([]*Line, error) {
	_, err := s.Run(ctx, p, workspace, run)
	if err != nil {
		return nil, err
	}
	return s.Store.Lines(ctx, workspace, run)
}

// Payouts are the lines of a workspace's publishers, newest first.
func (s *Service) Payouts(ctx context.Context, p account.Principal, q LineQuery) ([]*Line, error) {
	if !p.May(q.Workspace, false) {
		return nil, catalog.ErrNotFound
	}
	q.Limit = page(q.Limit)
	return s.Store.ListLines(ctx, q)
}

// Line is one line, with its items.
func (s *Service) Line(ctx context.Context, p account.Principal, workspace, id string) (*Line, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	l, err := s.Store.Line(ctx, workspace, id)
	if err != nil {
		return nil, err
	}
	l.Items, err = s.Store.Items(ctx, workspace, id)
	return l, err
}

// OpenItems is what is open in a workspace now.
func (s *Service) OpenItems(ctx context.Context, p account.Principal, workspace string) ([]Open, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	return s.Store.Open(ctx, workspace)
}

func checkText(bad *catalog.Invalid, field, text string) {
	if utf8.RuneCountInString(text) > maxNote {
		bad.Add(field, "too_long", text, fmt.Sprintf("Must be at most %d characters long.", maxNote))
	}
}

func (s *Service) newID(prefix string) string { return event.NewID(prefix, s.Now()) }

// ParseMinimum reads a minimum payment.
func ParseMinimum(currency, amount string) (money.Currency, int64, error) {
	c, err := money.ParseCurrency(strings.TrimSpace(currency))
	if err != nil {
		return "", 0, err
	}
	a, err := money.ParseAmount(strings.TrimSpace(amount), c, money.ParseOptions{})
	return c, a.Minor, err
}

// Total is the sum of lines of one currency and state.
type Total struct {
	Currency string
	State    State
	Lines    int64
	Amount   int64
}

// Totals sums lines, by currency and state.
func Totals(lines []*Line) []Total {
	var out []Total
	for _, l := range lines {
		i := slices.IndexFunc(out, func(t Total) bool { return t.Currency == l.Currency && t.State == l.State })
		if i < 0 {
			i = len(out)
			out = append(out, Total{Currency: l.Currency, State: l.State})
		}
		out[i].Lines++
		out[i].Amount += l.Amount
	}
	slices.SortFunc(out, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.State, b.State))
	})
	return out
}
