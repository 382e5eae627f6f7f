package histories_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"

	"github.com/govalues/decimal"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
)

// history is one: what happened, and what follows of it that the books are held against.
type history struct {
	*env
	seed    uint64
	rnd     *rand.Rand
	ws      string
	step    int
	checked bool // after every step, not only at the end
	told    []string

	advs, pubs []string
	offers     []*catalog.Offer
	rule       *catalog.CommissionRule
	revision   int64

	signals []*event.Signal
	orders  []order

	bonuses map[account2]int64 // booked, by publisher and currency
	receipt map[account2]int64 // paid by advertisers against what they owe
	ahead   map[account2]int64 // paid by advertisers ahead
	facts   map[string]worth   // by currency
	methods bool               // publishers can be paid
	keys    int
}

// account2 is a party and a currency.
type account2 struct{ party, currency string }

// worth is what conversions come to, in minor units.
type worth struct{ n, revenue, commission, sale int64 }

// order is what a shop knows of a sale.
type order struct {
	click    event.ClickID
	offer    int
	number   string
	amount   string
	currency string
}

func begin(e *env, seed uint64, checked bool) *history {
	h := &history{env: e, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), ws: fmt.Sprintf("ws_%d", seed), checked: checked,
		bonuses: map[account2]int64{}, receipt: map[account2]int64{}, ahead: map[account2]int64{}, facts: map[string]worth{}}
	e.now, e.clicks = begun, clicks{}
	e.rates = rates("1.10", "160.5")
	h.world()
	return h
}

func rates(eur, jpy string) *money.Rates {
	row := func(to money.Currency, v string) money.RateRow {
		return money.RateRow{Date: "2026-01-01", From: "USD", To: to, Value: decimal.MustParse(v), Source: money.SourceManual}
	}
	return money.NewRates(nil).WithManual([]money.RateRow{row("EUR", eur), row("JPY", jpy), row("KWD", "0.307")})
}

// world makes the catalog of the history: its terms are drawn, too.
func (h *history) world() {
	meta := func(id string) catalog.Meta { return catalog.Meta{ID: h.ws + id, Workspace: h.ws, Version: 1} }
	rows := []catalog.Entity{&catalog.Workspace{Meta: catalog.Meta{ID: h.ws, Workspace: h.ws}, Currency: "USD", TimeZone: "Europe/Berlin"}}
	for i := range 2 {
		a := &catalog.Advertiser{Meta: meta(fmt.Sprintf("_adv%d", i)), Name: "Shop", Token: fmt.Sprintf("tok_%s_%d", h.ws, i), TokenRequired: true, ValidationDays: int64(h.rnd.IntN(3)) * 7}
		rows, h.advs = append(rows, a), append(h.advs, a.ID)
	}
	for i := range 3 {
		p := &catalog.Publisher{Meta: meta(fmt.Sprintf("_pub%d", i)), Name: "Blog", Status: catalog.StatusActive}
		rows, h.pubs = append(rows, p), append(h.pubs, p.ID)
	}
	percent := func() string { return []string{"7.5", "33.333333", "60", "100", "0.1"}[h.rnd.IntN(5)] }
	for i, cur := range []string{"USD", "JPY", "KWD"} {
		o := &catalog.Offer{Meta: meta(fmt.Sprintf("_off%d", i)), Currency: cur, InitialStatus: []string{"pending", "approved"}[h.rnd.IntN(2)], Key: fmt.Sprintf("key_%s_%d", h.ws, i)}
		if i < 2 {
			o.Advertiser = h.advs[i]
		} else {
			o.Advertiser = h.advs[h.rnd.IntN(2)]
		}
		switch h.rnd.IntN(3) {
		case 0:
			o.Terms = catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 1 + h.rnd.Int64N(5000)}
		case 1:
			o.Terms = catalog.Terms{PayoutKind: catalog.PayoutPercent, PayoutPercent: percent()}
		default:
			o.Terms = catalog.Terms{PayoutKind: catalog.PayoutPostback, Payout: 700}
		}
		o.CommissionKind, o.CommissionPercent = catalog.CommissionPercentPayout, percent()
		if h.rnd.IntN(3) == 0 {
			o.CommissionKind, o.Commission = catalog.CommissionFixed, 1+h.rnd.Int64N(900)
		}
		h.offers = append(h.offers, o)
		rows = append(rows, o, &catalog.Goal{Meta: meta(fmt.Sprintf("_goal%d", i)), Offer: o.ID, Key: "sale", Default: true})
	}
	h.rule = &catalog.CommissionRule{Meta: meta("_rule"), Name: "Rule", Status: catalog.StatusActive, If: commission.Conditions{Publishers: h.pubs[:1]}, Pay: commission.Pay{Kind: commission.PayPercentPayout, Percent: percent()}}
	h.view, h.revision = catalog.NewView().With(append(rows, h.rule), 1), 1
}

// put changes the catalog.
func (h *history) put(e catalog.Entity) {
	h.revision++
	h.view = h.view.With([]catalog.Entity{e}, h.revision)
}

// key is an idempotency key that was never used.
func (h *history) key() string {
	h.keys++
	return fmt.Sprintf("key-%d", h.keys)
}

// say notes what happens, for the report of a failure.
func (h *history) say(format string, args ...any) {
	h.told = append(h.told, fmt.Sprintf("%3d %s  %s", h.step, h.now.Format("02 15:04"), fmt.Sprintf(format, args...)))
}

// run goes through the history; its error says what was found and how it came to it.
func (h *history) run(steps int) error {
	for h.step = 1; h.step <= steps; h.step++ {
		err := h.next()
		if err == nil && h.checked {
			err = h.check()
		}
		if err != nil {
			return h.failed(err)
		}
	}
	err := h.check()
	if err == nil {
		err = h.again()
	}
	if err == nil {
		err = h.note()
	}
	if err != nil {
		return h.failed(err)
	}
	return nil
}

// note counts what the history came to.
func (h *history) note() error {
	cs, err := h.conversions()
	for _, c := range cs {
		h.met[string(c.Status)]++
		if c.Hold != "" {
			h.met["held"]++
		}
		if c.Adjusted {
			h.met["adjusted"]++
		}
	}
	return err
}

func (h *history) failed(err error) error {
	return fmt.Errorf("seed %d, step %d: %w\n%s", h.seed, h.step, err, strings.Join(h.told, "\n"))
}

// next does one thing, now and then with a crash at its commit, after which it is done
// again, as a caller would.
func (h *history) next() error {
	h.now = h.now.Add(drawn(h.rnd))
	do := h.draw()
	if h.rnd.IntN(8) > 0 {
		return refusal(do())
	}
	applied := h.rnd.IntN(2) == 0
	before, err := h.state()
	if err != nil {
		return err
	}
	h.arm(applied)
	err = do()
	if !h.disarm() {
		return refusal(err) // it came to no commit
	}
	h.say("  crash, applied: %v", applied)
	h.met[fmt.Sprintf("crash, applied: %v", applied)]++
	if !errors.Is(err, errCrash) {
		return fmt.Errorf("the crash was swallowed: %w", err)
	}
	after, err := h.state()
	if err != nil {
		return err
	}
	if !applied && after != before {
		return fmt.Errorf("what was not committed is there:\n%s\nbefore:\n%s", after, before)
	}
	err = do()
	if err != nil && errors.Is(err, errCrash) {
		return err
	}
	return refusal(err)
}

// refusal passes errors on that are no refusals.
func refusal(err error) error {
	if expected(err) {
		return nil
	}
	return err
}

// state is everything of the workspace that must not change unseen.
func (h *history) state() (string, error) {
	cs, err := h.conversions()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range cs {
		fmt.Fprintf(&b, "%s %s %d %d %d %s v%d\n", c.ID, c.Status, c.Revenue, c.Commission, c.SaleAmount, c.Hold, c.Version)
	}
	bs, err := h.db.Books().Balances(h.t.Context(), h.ws, "")
	if err != nil {
		return "", err
	}
	for _, x := range bs {
		fmt.Fprintf(&b, "%s %d\n", x.Account.Code(), x.Debits-x.Credits)
	}
	return b.String(), nil
}

func (h *history) conversions() ([]*conversion.Conversion, error) {
	return h.db.Books().ListConversions(h.t.Context(), conversion.Query{Workspace: h.ws, Limit: 500})
}

// again judges every signal once more, in another order: nothing may change.
func (h *history) again() error {
	before, err := h.state()
	if err != nil {
		return err
	}
	for _, i := range h.rnd.Perm(len(h.signals)) {
		err := h.judged(h.signals[i])
		if err != nil {
			return err
		}
	}
	after, err := h.state()
	if err == nil && after != before {
		err = fmt.Errorf("judging the inbox again changed the books:\n%s\nbefore:\n%s", after, before)
	}
	return err
}

// judged judges a signal in one transaction, as the processor does.
func (h *history) judged(s *event.Signal) error {
	return h.db.Books().Update(h.t.Context(), func(ctx context.Context, tx books.Tx) error {
		return tx.Savepoint(ctx, func(ctx context.Context) error {
			_, err := h.judge.Judge(ctx, tx, s, 1)
			return err
		})
	})
}

// counting reports whether a conversion of this state has its money in the books.
func counting(s conversion.Status) bool { return s != conversion.Rejected && s != conversion.Reversed }

// check holds the books against what happened.
func (h *history) check() error {
	cs, err := h.conversions()
	if err != nil {
		return err
	}
	want := map[string]int64{} // by account, debits less credits
	total := map[string]worth{}
	add := func(kind ledger.AccountKind, party, currency string, debit int64) {
		want[ledger.Account{Workspace: h.ws, Kind: kind, Party: party, Currency: currency}.Code()] += debit
	}
	for _, c := range cs {
		if c.Revenue < 0 || c.SaleAmount < 0 || c.Commission < 0 {
			return fmt.Errorf("conversion %s has a negative amount: %+v", c.ID, c)
		}
		if !counting(c.Status) {
			continue
		}
		add(ledger.Receivable, c.Advertiser, c.Currency, c.Revenue)
		add(ledger.Revenue, "", c.Currency, -c.Revenue)
		add(ledger.CommissionExpense, "", c.Currency, c.Commission)
		earned := ledger.PublisherAvailable
		if c.Status == conversion.Pending {
			earned = ledger.PublisherPending
		}
		add(earned, c.Publisher, c.Currency, -c.Commission)
		w := total[c.Currency]
		total[c.Currency] = worth{w.n + 1, w.revenue + c.Revenue, w.commission + c.Commission, w.sale + c.SaleAmount}
	}
	for a, n := range h.bonuses {
		add(ledger.Adjustments, "", a.currency, n)
		add(ledger.PublisherAvailable, a.party, a.currency, -n)
	}
	for a, n := range h.receipt {
		add(ledger.Bank, "", a.currency, n)
		add(ledger.Receivable, a.party, a.currency, -n)
	}
	for a, n := range h.ahead {
		add(ledger.Bank, "", a.currency, n)
		add(ledger.Prepayment, a.party, a.currency, -n)
	}
	err = h.taken(cs, add)
	if err != nil {
		return err
	}
	err = h.balances(want)
	if err != nil {
		return err
	}
	return h.totals(total)
}

// balances compares accounts; those that nobody used are 0.
func (h *history) balances(want map[string]int64) error {
	bs, err := h.db.Books().Balances(h.t.Context(), h.ws, "")
	if err != nil {
		return err
	}
	sum := map[string]int64{}
	for _, b := range bs {
		code := b.Account.Code()
		if got := b.Debits - b.Credits; got != want[code] {
			return fmt.Errorf("%s is %d, want %d", code, got, want[code])
		}
		sum[b.Account.Currency] += b.Debits - b.Credits
		delete(want, code)
	}
	for code, n := range want {
		if n != 0 {
			return fmt.Errorf("%s is not there, want %d", code, n)
		}
	}
	for currency, n := range sum {
		if n != 0 {
			return fmt.Errorf("%s is off by %d", currency, n)
		}
	}
	return nil
}

// totals compares the facts, which say what reports say, with the conversions.
func (h *history) totals(want map[string]worth) error {
	ctx, st := h.t.Context(), h.db.Books()
	_, err := st.NumberFacts(ctx, 100_000)
	if err != nil {
		return err
	}
	rows, err := st.FactsAfter(ctx, h.no, 100_000)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.No != h.no+1 {
			return fmt.Errorf("fact %d comes after %d", r.No, h.no)
		}
		h.no = r.No
		f, err := event.DecodeFact(r.Fact)
		if err != nil {
			return err
		}
		if f.Workspace != h.ws {
			return fmt.Errorf("fact %d is of workspace %s", r.No, f.Workspace)
		}
		w := h.facts[f.Currency]
		h.facts[f.Currency] = worth{w.n + f.Conversions, w.revenue + f.Revenue, w.commission + f.Commission, w.sale + f.SaleAmount}
	}
	var off []string
	for _, cur := range []string{"USD", "JPY", "KWD"} {
		if h.facts[cur] != want[cur] {
			off = append(off, fmt.Sprintf("the facts in %s are %+v, the conversions %+v", cur, h.facts[cur], want[cur]))
		}
	}
	sort.Strings(off)
	if len(off) > 0 {
		return errors.New(strings.Join(off, "; "))
	}
	return nil
}
