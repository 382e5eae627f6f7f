package funds

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
)

// Options are what a [Service] is made of.
type Options struct {
	Store   Store
	View    func() *catalog.View
	Now     func() time.Time
	Changed func() // after a payment was booked; may be nil
}

// Service records payments and says how advertisers stand.
type Service struct{ Options }

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	return &Service{o}
}

// PaymentDoc is a payment as people enter it.
type PaymentDoc struct {
	Kind      string `json:"kind" required:"false" enum:",ahead,owed" doc:"ahead: for conversions to come. owed: for what was billed. Empty: ahead."`
	Amount    string `json:"amount" required:"true" maxLength:"32" example:"500.00" doc:"Decimal text. Negative: paid back to the advertiser."`
	Currency  string `json:"currency" required:"true" maxLength:"3" example:"USD" doc:"Of the amount."`
	Date      string `json:"date" required:"false" maxLength:"10" example:"2026-01-31" doc:"When it happened, a day in the workspace's time zone; not in the future. Empty: now."`
	Reference string `json:"reference" required:"true" maxLength:"140" example:"SEPA 2026-0131-77" doc:"What the bank calls it, or the number of the invoice."`
	Reason    string `json:"reason" required:"false" maxLength:"500" doc:"Why, for yourselves. Needed where it is paid back."`
}

// maxKey bounds idempotency keys, in bytes.
const maxKey = 200

// earliest is before any payment of a tracker: a year that was mistyped.
const earliest = "2000-01-01"

func (s *Service) read(d PaymentDoc, zone string) (*Payment, error) {
	bad := &catalog.Invalid{}
	p := &Payment{Kind: Kind(d.Kind), Reference: strings.TrimSpace(d.Reference), Reason: strings.TrimSpace(d.Reason), At: s.Now().UnixMicro()}
	if p.Kind == "" {
		p.Kind = Ahead
	}
	if _, ok := Kinds[p.Kind]; !ok {
		bad.Add("kind", "not_one_of", d.Kind, "Must be ahead or owed.")
	}
	cur, err := money.ParseCurrency(d.Currency)
	refused(bad, "currency", d.Currency, err)
	if err == nil {
		amount, err := money.ParseAmount(d.Amount, cur, money.ParseOptions{AllowNegative: true})
		refused(bad, "amount", d.Amount, err)
		p.Currency, p.Amount = string(cur), amount.Minor
		if err == nil && p.Amount == 0 {
			bad.Add("amount", "out_of_range", d.Amount, "A payment is not 0.")
		}
		if p.Amount < 0 && p.Reason == "" {
			bad.Add("reason", "required", "", "Say why it is paid back.")
		}
	}
	if p.Reference == "" {
		bad.Add("reference", "required", "", "Say what the bank calls it, or the number of the invoice.")
	}
	if d.Date != "" {
		p.At = s.day(bad, d.Date, zone)
	}
	return p, bad.Err()
}

func (s *Service) day(bad *catalog.Invalid, day, zone string) int64 {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	t, err := time.ParseInLocation(time.DateOnly, day, loc)
	switch {
	case err != nil:
		bad.Add("date", "invalid_date", day, "Must be a day such as 2026-01-31.")
	case day < earliest || t.After(s.Now()):
		bad.Add("date", "out_of_range", day, "Must be a day from "+earliest+" to today.")
	}
	return t.UnixMicro()
}

func refused(bad *catalog.Invalid, field, value string, err error) {
	var m *money.Error
	switch {
	case errors.As(err, &m):
		bad.Add(field, m.Code, value, m.Msg)
	case err != nil:
		bad.Add(field, "invalid", value, err.Error())
	}
}

// advertiser is one the principal may see, or change with write; else catalog.ErrNotFound.
func (s *Service) advertiser(p account.Principal, workspace, id string, write bool) (*catalog.Advertiser, error) {
	if workspace == "" || !p.May(workspace, write) {
		return nil, catalog.ErrNotFound
	}
	a := s.View().Advertiser(id)
	if a == nil || a.Workspace != workspace {
		return nil, catalog.ErrNotFound
	}
	return a, nil
}

// Record books a payment. key makes it happen once: the same again gives what was recorded,
// another payment with the key is [ErrConflict]. A refused document is [*catalog.Invalid].
func (s *Service) Record(ctx context.Context, p account.Principal, workspace, advertiser, key string, d PaymentDoc) (*Payment, error) {
	a, err := s.advertiser(p, workspace, advertiser, true)
	if err != nil {
		return nil, err
	}
	zone := ""
	if w := s.View().Workspace(workspace); w != nil {
		zone = w.TimeZone
	}
	row, err := s.read(d, zone)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	row.ID, row.Workspace, row.Advertiser, row.Actor, row.Recorded = event.NewID("pay_", now), workspace, a.ID, p.ID, now.UnixMicro()
	row.Key = key
	if key == "" {
		row.Key = row.ID
	}
	if len(row.Key) > maxKey {
		bad := &catalog.Invalid{}
		bad.Add("idempotency_key", "too_long", "", fmt.Sprintf("At most %d bytes.", maxKey))
		return nil, bad
	}
	out := row
	err = s.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		out = row
		fresh, err := tx.InsertPayment(ctx, row)
		if err != nil {
			return err
		}
		if !fresh {
			out, err = tx.PaymentByKey(ctx, workspace, row.Key)
			if err == nil && !out.Same(row) {
				err = ErrConflict
			}
			return err
		}
		_, err = tx.Post(ctx, row.Posting())
		return err
	})
	if err != nil {
		return nil, err
	}
	s.Changed()
	return out, nil
}

// List is a page of an advertiser's payments, newest first.
func (s *Service) List(ctx context.Context, p account.Principal, workspace, advertiser, before string, limit int) ([]*Payment, error) {
	_, err := s.advertiser(p, workspace, advertiser, false)
	if err != nil {
		return nil, err
	}
	return s.Store.Payments(ctx, workspace, advertiser, before, limit)
}

// Of is how an advertiser stands, by currency.
func (s *Service) Of(ctx context.Context, p account.Principal, workspace, advertiser string) ([]Funds, error) {
	a, err := s.advertiser(p, workspace, advertiser, false)
	if err != nil {
		return nil, err
	}
	return of(ctx, s.Store, a)
}

// reader reads the accounts of a party.
type reader interface {
	Balances(ctx context.Context, workspace, party string) ([]ledger.Balance, error)
}

func of(ctx context.Context, r reader, a *catalog.Advertiser) ([]Funds, error) {
	bs, err := r.Balances(ctx, a.Workspace, a.ID)
	if err != nil {
		return nil, fmt.Errorf("read the balances of advertiser %s: %w", a.ID, err)
	}
	return Sum(bs, a), nil
}

// Sum is how an advertiser stands by its accounts, by currency.
func Sum(bs []ledger.Balance, a *catalog.Advertiser) []Funds {
	by := map[string]*Funds{}
	for _, b := range bs {
		f := by[b.Account.Currency]
		if f == nil {
			f = &Funds{Currency: b.Account.Currency}
			by[b.Account.Currency] = f
		}
		switch b.Account.Kind {
		case ledger.Prepayment:
			f.Paid = b.Net()
		case ledger.Receivable:
			f.Owed = b.Net()
		}
	}
	out := make([]Funds, 0, len(by))
	for _, f := range by {
		f.State = stateOf(*f, a)
		out = append(out, *f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Currency < out[j].Currency })
	return out
}

// stateOf is how funds stand against the advertiser's warning, which is in whole units of
// each currency.
func stateOf(f Funds, a *catalog.Advertiser) State {
	switch left := f.Left(); {
	case left <= 0:
		return UsedUp
	case left <= money.Whole(a.PrepayWarn, money.Currency(f.Currency)):
		return Low
	}
	return Enough
}
