package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/govalues/decimal"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
	"clickledger/internal/payout"
)

// testPayoutTwice: one run approved by many at once, two drafts of the same conversions, and
// a line marked by many at once.
func testPayoutTwice(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	w.earned("pub_a", "EUR", 1000)
	r, twin := w.run(payout.Order{}), w.run(payout.Order{})
	version := r.Version
	together := func(fn func(p account.Principal, x *payout.Service) error) (n int) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				// Another desk: nothing but the database is between them.
				desk := &books.Desk{Store: s.Books, Judge: w.desk.Judge, Changed: func() {}}
				x := &payout.Service{Store: s.Payouts, Desk: desk, Now: w.Now, Publisher: w.Publisher}
				err := fn(account.Principal{ID: fmt.Sprint("usr_", i), Write: true, Workspaces: []string{home}}, x)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					n++
				}
			}()
		}
		wg.Wait()
		return n
	}
	if n := together(func(p account.Principal, x *payout.Service) error {
		_, err := x.Approve(ctx, p, home, r.ID, version)
		return err
	}); n != 1 {
		t.Fatalf("%d approved the run, want 1", n)
	}
	equal(t, w.nets(ledger.PublisherInPayment), map[string]int64{"pub_a EUR": 1000})
	r = get[*payout.Run](t)(w.Run(ctx, finance, home, r.ID))
	again := get[*payout.Run](t)(w.Approve(ctx, account.Principal{ID: r.ApprovedBy, Write: true, Workspaces: []string{home}}, home, r.ID, version))
	equal(t, again.Version, r.Version) // their repetition changes nothing
	_, err := w.Approve(ctx, finance, home, twin.ID, -1)
	wantCode(t, err, payout.CodeChanged)
	if n := together(func(p account.Principal, x *payout.Service) error {
		_, err := x.Settle(ctx, p, home, r.ID, payout.Mark{Lines: []string{w.lines(r)[0].ID}, To: payout.Paid})
		return err
	}); n != 8 {
		t.Fatalf("%d of 8 marked the line, want all: the same again does nothing", n)
	}
	equal(t, w.nets(ledger.Bank), map[string]int64{" EUR": -1000})
	equal(t, w.nets(ledger.PublisherInPayment), nil)
	w.sound()
}

// testPayoutRace: a reversal and an approval at once: one of them is refused, whole.
func testPayoutRace(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	for range 10 {
		c := w.earned("pub_a", "EUR", 1000)
		r := w.run(payout.Order{})
		other := &books.Desk{Store: s.Books, Judge: w.desk.Judge, Changed: func() {}}
		var wg sync.WaitGroup
		var reversed, approved error
		wg.Add(2)
		go func() {
			defer wg.Done()
			_, reversed = other.Decide(ctx, finance, home, c, conversion.Reversed, "fraud")
		}()
		go func() {
			defer wg.Done()
			_, approved = w.Approve(ctx, second, home, r.ID, -1)
		}()
		wg.Wait()
		var state *books.StateError
		switch {
		case reversed == nil:
			wantCode(t, approved, payout.CodeChanged)
			equal(t, w.nets(ledger.PublisherAvailable), nil)
			get[*payout.Run](t)(w.Discard(ctx, finance, home, r.ID))
		case errors.As(reversed, &state):
			must(t, approved)
			equal(t, w.status(c), conversion.Locked)
			get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{To: payout.Paid}))
		default:
			t.Fatal(reversed)
		}
		w.sound()
	}
}

func testPayoutChanged(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a", "pub_b")
	a, b := w.earned("pub_a", "EUR", 1000), w.earned("pub_b", "EUR", 500)
	r := w.run(payout.Order{})
	refused := func(want ...payout.Change) {
		t.Helper()
		_, err := w.Approve(ctx, second, home, r.ID, -1)
		equal(t, wantCode(t, err, payout.CodeChanged).Changed, want)
		equal(t, w.nets(ledger.PublisherInPayment), nil)
		w.sound()
		old := r.Version
		r = get[*payout.Run](t)(w.Refresh(ctx, finance, home, r.ID))
		w.whole(r)
		_, err = w.Approve(ctx, second, home, r.ID, old) // not what they have looked at
		wantErr(t, err, catalog.ErrVersion)
	}
	w.decide(a, conversion.Reversed)
	refused(payout.Change{Publisher: "Blog pub_a", Currency: "EUR", Was: 1000, Why: "nothing of it is left"})
	w.adjust("", "pub_b", "EUR", -20)
	refused(payout.Change{Publisher: "Blog pub_b", Currency: "EUR", Was: 500, Now: 480, Why: "another amount"})
	w.hold(b, true)
	refused(payout.Change{Publisher: "Blog pub_b", Currency: "EUR", Was: 480, Why: "corrections after earlier payments are more than what is due; the balance is carried over"})
	w.hold(b, false)
	r = get[*payout.Run](t)(w.Refresh(ctx, finance, home, r.ID))
	get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_b", -1, payout.Details{Kind: payout.KindPayPal, Email: "ann@blog.example"}))
	refused(payout.Change{Publisher: "Blog pub_b", Currency: "EUR", Was: 480, Now: 480, Why: "another payout method"})
	// What is approved after the preview waits, and does not stand in its way.
	w.now = w.now.Add(time.Second)
	w.earned("pub_a", "EUR", 70)
	w.earned("pub_b", "EUR", 90)
	r = w.approve(r)
	equal(t, w.amounts(r), []string{"pub_b 480 EUR approved"})
	equal(t, left(r), []string{"pub_a 70 EUR not_due 1", "pub_b 90 EUR not_due 1"})
	equal(t, w.lines(r)[0].Masked, "a… @blog.example")
}

func testPayoutSecondPerson(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	w.earned("pub_a", "EUR", 1000)
	want := &payout.Settings{Workspace: home, SecondPerson: true}
	_, err := w.SaveSettings(ctx, finance, want, 0)
	wantCode(t, err, payout.CodeOwner)
	get[*payout.Settings](t)(w.SaveSettings(ctx, boss, want, 0))
	r := w.run(payout.Order{})
	_, err = w.Approve(ctx, finance, home, r.ID, -1)
	wantCode(t, err, payout.CodeSecondPerson)
	_, err = w.Approve(ctx, program, home, r.ID, -1)
	wantCode(t, err, payout.CodePerson)
	equal(t, w.approve(r).ApprovedBy, second.ID)
	trail := get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, r.ID, 10))
	if len(trail) != 2 || trail[0].Action != "approve" || trail[0].Actor != second.ID || trail[1].Actor != finance.ID {
		t.Fatalf("the trail is %+v", trail)
	}
}

// testPayoutSealed: details are nowhere in the clear but in an export; a row that is
// changed or moved does not open.
func testPayoutSealed(t *testing.T, s *Stores) {
	w := newTill(t, s)
	m := get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_a", 0, german))
	equal(t, m.Masked, "DE** … 3000")
	same := get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_a", m.Version, german))
	equal(t, same.Version, m.Version) // no change, no line in the trail
	_, err := w.SetMethod(ctx, finance, home, "pub_a", 0, german)
	wantErr(t, err, catalog.ErrVersion)
	if !bytes.Equal(same.Sealed, m.Sealed) || bytes.Contains(m.Sealed, []byte("3704")) || bytes.Contains(m.Sealed, []byte("Ann")) {
		t.Fatal("the details are not sealed")
	}
	w.earned("pub_a", "EUR", 1000)
	r := w.approve(w.run(payout.Order{}))
	// The line keeps the details it was approved with.
	get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_a", -1, payout.Details{Kind: payout.KindOther, Text: "by carrier pigeon"}))
	var csv bytes.Buffer
	must(t, w.Export(ctx, finance, home, r.ID, "generic", "EUR", &csv))
	if !strings.Contains(csv.String(), "DE89370400440532013000") {
		t.Fatalf("the file is %q", csv.String())
	}
	for _, subject := range []string{"pub_a", r.ID} {
		trail, err := json.Marshal(get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, subject, 100)))
		must(t, err)
		for _, secret := range []string{"DE89370400440532013000", "3704", "Ann Blog", "pigeon"} {
			if strings.Contains(string(trail), secret) {
				t.Errorf("the trail of %s has %q: %s", subject, secret, trail)
			}
		}
		if subject == "pub_a" && !strings.Contains(string(trail), "DE** … 3000") {
			t.Errorf("the trail does not say what was changed: %s", trail)
		}
	}
	must(t, s.Raw(ctx, "UPDATE payout_lines SET publisher = 'pub_b'"))
	wantCode(t, w.Export(ctx, finance, home, r.ID, "generic", "", &csv), payout.CodeSealed)
	w.s = s.Reopen(t)
	equal(t, len(get[[]payout.Key](t)(w.s.Payouts.Keys(ctx))), 1)
	must(t, w.s.Payouts.FirstKey(ctx, payout.Key{ID: 1})) // another process that thought it was first
	if k := get[[]payout.Key](t)(w.s.Payouts.Keys(ctx)); len(k) != 1 || k[0].Secret == [32]byte{} {
		t.Fatal("the key was overwritten")
	}
}

// testPayoutExchange: a line may be paid in the currency its publisher takes; the
// difference is on an account of its own, and what failed comes back as it was.
func testPayoutExchange(t *testing.T, s *Stores) {
	w := newTill(t, s)
	rates := money.NewRates([]money.RateRow{{From: money.RateBase, To: "USD", Date: "2026-10-30", Value: decimal.MustParse("1.25"), Source: money.SourceECB}})
	w.Rates = func() *money.Rates { return rates }
	dollars := german
	dollars.Currency, dollars.Exchange = "USD", true
	for _, p := range []string{"pub_a", "pub_b"} {
		get[*payout.Method](t)(w.SetMethod(ctx, finance, home, p, -1, dollars))
	}
	c := w.earned("pub_a", "EUR", 1001)
	w.earned("pub_a", "USD", 50)
	w.earned("pub_b", "EUR", 400)
	w.earned("pub_b", "JPY", 77) // no rate
	r := w.run(payout.Order{})
	equal(t, left(r), []string{"pub_b 77 JPY no_rate 1"})
	paying := func() (out []string) {
		for _, l := range w.lines(r) {
			out = append(out, fmt.Sprint(l.Publisher, " ", l.Amount, " ", l.Currency, " as ", l.PayAmount, " ", l.PayCurrency, " ", l.Rate, l.RateDate))
		}
		return out
	}
	equal(t, paying(), []string{"pub_a 1001 EUR as 1251 USD 1.252026-10-30", "pub_a 50 USD as 50 USD ", "pub_b 400 EUR as 500 USD 1.252026-10-30"})
	rates = money.NewRates([]money.RateRow{{From: money.RateBase, To: "USD", Date: "2026-10-30", Value: decimal.MustParse("1.5"), Source: money.SourceECB}})
	_, err := w.Approve(ctx, second, home, r.ID, -1)
	if found := wantCode(t, err, payout.CodeChanged); len(found.Changed) != 2 || found.Changed[0].Why != "another exchange rate" {
		t.Fatalf("after a new rate: %v", found.Changed)
	}
	r = w.approve(get[*payout.Run](t)(w.Refresh(ctx, finance, home, r.ID)))
	equal(t, w.nets(ledger.PublisherAvailable), map[string]int64{"pub_b JPY": 77})
	equal(t, w.nets(ledger.PublisherInPayment), map[string]int64{"pub_a USD": 1552, "pub_b USD": 600})
	equal(t, w.nets(ledger.ExchangeDifference), map[string]int64{" EUR": -1401, " USD": 2102})
	var csv bytes.Buffer
	must(t, w.Export(ctx, finance, home, r.ID, "generic", "", &csv)) // one currency in the file
	if text := csv.String(); strings.Count(text, ",USD,") != 3 || !strings.Contains(text, ",15.02,USD,") || strings.Contains(text, "EUR") {
		t.Fatalf("the file is %q", text)
	}
	get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{Lines: []string{w.lines(r)[0].ID}, To: payout.Failed, Reason: "closed"}))
	equal(t, w.nets(ledger.PublisherAvailable), map[string]int64{"pub_a EUR": 1001, "pub_b JPY": 77})
	equal(t, w.nets(ledger.ExchangeDifference), map[string]int64{" EUR": -400, " USD": 600})
	equal(t, w.status(c), conversion.Approved)
	get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{To: payout.Paid}))
	equal(t, w.nets(ledger.Bank), map[string]int64{" USD": -650})
	equal(t, w.nets(ledger.PublisherInPayment), nil)
	w.sound()
}

func testPayoutSettings(t *testing.T, s *Stores) {
	w := newTill(t, s)
	equal(t, get[*payout.Settings](t)(w.Settings(ctx, finance, home)), &payout.Settings{Workspace: home})
	first := get[*payout.Settings](t)(w.SaveSettings(ctx, finance, &payout.Settings{Workspace: home, HoldingDays: 30, MethodDays: 3, Minimums: map[string]int64{"EUR": 5000, "JPY": 500}}, 0))
	equal(t, first.Version, int64(1))
	equal(t, get[*payout.Settings](t)(w.Settings(ctx, finance, home)), first)
	_, err := w.SaveSettings(ctx, finance, &payout.Settings{Workspace: home}, 0)
	wantErr(t, err, catalog.ErrVersion)
	for field, bad := range map[string]payout.Settings{
		"holding_days":     {HoldingDays: 367},
		"method_hold_days": {MethodDays: -1},
		"minimums":         {Minimums: map[string]int64{"EURO": 1}},
	} {
		bad.Workspace = home
		_, err := w.SaveSettings(ctx, finance, &bad, 1)
		var invalid *catalog.Invalid
		if !errors.As(err, &invalid) || invalid.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func testPayoutRefused(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	_, err := w.Make(ctx, finance, home, payout.Order{Publishers: []string{"pub_none"}})
	wantInvalid(t, err, "publishers", "unknown_reference")
	_, err = w.Make(ctx, finance, home, payout.Order{Currencies: []string{"EURO"}})
	wantInvalid(t, err, "currencies", "unknown_currency")
	_, err = w.Make(ctx, finance, home, payout.Order{Note: strings.Repeat("x", 501)})
	wantInvalid(t, err, "note", "too_long")
	w.earned("pub_a", "EUR", 1000)
	w.earned("pub_a", "USD", 1000)
	r := w.run(payout.Order{})
	mark := func(m payout.Mark) error {
		_, err := w.Settle(ctx, finance, home, r.ID, m)
		return err
	}
	var out bytes.Buffer
	wantCode(t, mark(payout.Mark{To: payout.Paid}), payout.CodeState)
	wantCode(t, w.Export(ctx, finance, home, r.ID, "generic", "", &out), payout.CodeState)
	r = w.approve(r)
	_, err = w.Discard(ctx, finance, home, r.ID)
	wantCode(t, err, payout.CodeState)
	_, err = w.Refresh(ctx, finance, home, r.ID)
	wantCode(t, err, payout.CodeState)
	_, err = w.Approve(ctx, finance, home, r.ID, -1)
	wantCode(t, err, payout.CodeState)
	wantInvalid(t, mark(payout.Mark{To: "late"}), "state", "not_one_of")
	wantInvalid(t, mark(payout.Mark{To: payout.Failed, Lines: []string{w.lines(r)[0].ID}}), "reason", "required")
	wantInvalid(t, mark(payout.Mark{To: payout.Failed, Reason: "x"}), "lines", "required")
	wantInvalid(t, mark(payout.Mark{To: payout.Paid, Reason: "x"}), "reason", "not_allowed")
	wantInvalid(t, mark(payout.Mark{To: payout.Paid, Lines: []string{"pol_none"}}), "lines", "unknown_reference")
	wantInvalid(t, w.Export(ctx, finance, home, r.ID, "excel", "", &out), "layout", "not_one_of")
	wantInvalid(t, w.Export(ctx, finance, home, r.ID, "generic", "", &out), "currency", "required")
	wantCode(t, w.Export(ctx, finance, home, r.ID, "paypal", "", &out), payout.CodeNoLines)
	equal(t, out.Len(), 0)
	must(t, mark(payout.Mark{To: payout.Paid}))
	wantCode(t, mark(payout.Mark{To: payout.Paid}), payout.CodeNoLines)
	empty := w.run(payout.Order{})
	gone := get[*payout.Run](t)(w.Discard(ctx, finance, home, empty.ID))
	equal(t, gone.State, payout.Discarded)
	equal(t, get[*payout.Run](t)(w.Discard(ctx, finance, home, empty.ID)).Version, gone.Version)
	w.sound()
}

// testPayoutTaken: the database itself keeps a conversion out of a second line.
func testPayoutTaken(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	w.earned("pub_a", "EUR", 1000)
	one, two := w.run(payout.Order{}), w.run(payout.Order{})
	w.approve(one)
	err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
		p := s.Payouts.Within(tx)
		l := get[[]*payout.Line](t)(p.Lines(ctx, home, two.ID))[0]
		return p.PutLine(ctx, l, true)
	})
	wantErr(t, err, payout.ErrTaken)
	w.sound()
}

func testPayoutTenancy(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	w.earned("pub_a", "EUR", 1000)
	r := w.run(payout.Order{})
	line := w.lines(r)[0].ID
	var out bytes.Buffer
	for _, p := range []account.Principal{outside, {ID: "usr_p", Write: true, Party: account.Party{Kind: account.PartyPublisher, ID: "pub_a", Workspace: home}}, {ID: "usr_r", Workspaces: []string{home}}} {
		reads := p.ID == "usr_r" // may read, and write nothing
		for _, ws := range []string{home, foreign} {
			for name, fn := range map[string]func() error{
				"settings":      func() error { _, err := w.Settings(ctx, p, ws); return err },
				"method":        func() error { _, err := w.Method(ctx, p, ws, "pub_a"); return err },
				"run":           func() error { _, err := w.Run(ctx, p, ws, r.ID); return err },
				"lines":         func() error { _, err := w.Lines(ctx, p, ws, r.ID); return err },
				"line":          func() error { _, err := w.Line(ctx, p, ws, line); return err },
				"save settings": func() error { _, err := w.SaveSettings(ctx, p, &payout.Settings{Workspace: home}, 0); return err },
				"set method":    func() error { _, err := w.SetMethod(ctx, p, ws, "pub_a", -1, german); return err },
				"make":          func() error { _, err := w.Make(ctx, p, home, payout.Order{}); return err },
				"refresh":       func() error { _, err := w.Refresh(ctx, p, ws, r.ID); return err },
				"discard":       func() error { _, err := w.Discard(ctx, p, ws, r.ID); return err },
				"approve":       func() error { _, err := w.Approve(ctx, p, ws, r.ID, -1); return err },
				"export":        func() error { return w.Export(ctx, p, ws, r.ID, "generic", "", &out) },
				"mark":          func() error { _, err := w.Settle(ctx, p, ws, r.ID, payout.Mark{To: payout.Paid}); return err },
			} {
				read := name == "settings" || name == "method" || name == "run" || name == "lines" || name == "line"
				if reads && read && ws == home || p.ID == outside.ID && name == "settings" && ws == foreign {
					must(t, fn())
					continue
				}
				if err := fn(); !errors.Is(err, catalog.ErrNotFound) {
					t.Errorf("%s: %s of %s: %v", p.ID, name, ws, err)
				}
			}
		}
	}
	equal(t, w.amounts(r), []string{"pub_a 1000 EUR draft"})
	key := account.Principal{ID: "key_p", Write: true, Party: account.Party{Kind: account.PartyPublisher, ID: "pub_a", Workspace: home}}
	_, err := w.SetOwn(ctx, key, -1, german)
	wantCode(t, err, payout.CodePerson)
	key.ID = "usr_p"
	get[*payout.Method](t)(w.SetOwn(ctx, key, -1, payout.Details{Kind: payout.KindPayPal, Email: "ann@blog.example"}))
	equal(t, get[*payout.Method](t)(w.Own(ctx, key)).Masked, "a… @blog.example")
	equal(t, len(get[[]*payout.Line](t)(w.OwnLines(ctx, key, "", 0))), 0) // a draft is nobody's payout
}

// testPayoutFaults: each step fails before its commit and leaves nothing, or after it and
// is there; its repetition comes to the same.
func testPayoutFaults(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	w.earned("pub_a", "EUR", 1000)
	r := w.run(payout.Order{})
	line := w.lines(r)[0].ID
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"approve", func() error { _, err := w.Approve(ctx, second, home, r.ID, r.Version); return err }, "pub_a 1000 EUR approved"},
		{"mark", func() error {
			_, err := w.Settle(ctx, second, home, r.ID, payout.Mark{Lines: []string{line}, To: payout.Paid})
			return err
		}, "pub_a 1000 EUR paid"},
	} {
		before := w.amounts(r)
		s.Faults.NotApplied()
		wantErr(t, step.do(), ErrFault)
		equal(t, w.amounts(r), before)
		w.sound()
		s.Faults.Applied()
		wantErr(t, step.do(), ErrFault)
		equal(t, w.amounts(r), []string{step.want})
		must(t, step.do())
		equal(t, w.amounts(r), []string{step.want})
		w.sound()
	}
	equal(t, w.nets(ledger.Bank), map[string]int64{" EUR": -1000})
}

func testPayoutAudit(t *testing.T, s *Stores) {
	for want, statement := range map[string]string{
		"its items sum to 999":                  "UPDATE payout_items SET amount = amount - 1",
		"took 1000 from available":              "UPDATE payout_lines SET state = 'failed'",
		"names payout line":                     "UPDATE payout_lines SET workspace = 'ws_x'",
		"does not fit the line":                 "UPDATE payout_items SET publisher = 'pub_x'",
		"is locked, and no payout line has it":  "UPDATE payout_items SET taken = FALSE",
		"has conversion cnv_0000000000000001, ": "UPDATE conversions SET status = 'approved'",
	} {
		fresh := s.Fresh(t)
		w := newTill(t, fresh)
		w.pay("pub_a")
		w.earned("pub_a", "EUR", 1000)
		w.approve(w.run(payout.Order{}))
		must(t, fresh.Raw(ctx, statement))
		found := get[[]string](t)(fresh.Payouts.AuditPayouts(ctx))
		if !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("after %q the audit finds %q, want %q", statement, found, want)
		}
	}
}
