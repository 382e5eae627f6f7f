package conversion_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"

	"pgregory.net/rapid"
)

// version makes the n-th version of the offer's terms, beginning at an instant.
func version(n int64, from time.Time, kind string, minor int64) *catalog.TermsVersion {
	return &catalog.TermsVersion{Meta: meta(fmt.Sprintf("trm_%d", n)), Offer: "off_1", Number: n, From: from.UnixMicro(), CommissionKind: kind, Commission: minor}
}

// TestWhoseCommission goes up the precedence: offer, goal, terms, the goal's row in the
// terms, enrollment.
func TestWhoseCommission(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "fixed", Payout: 1000, CommissionKind: "fixed", Commission: 1}
	began := w.now.Add(-time.Minute)
	silent, loud := version(1, began, "", 0), version(1, began, "fixed", 3)
	row := version(1, began, "fixed", 3)
	row.Goals = []catalog.GoalCommission{{Goal: "lead", Kind: "fixed", Minor: 99}, {Goal: "sale", Kind: "fixed", Minor: 4}}
	enr := &catalog.Enrollment{Meta: meta("enr_1"), Offer: "off_1", Publisher: "pub_1", Status: catalog.Approved, CommissionKind: "fixed", Commission: 5}
	goal := *w.goal
	goal.CommissionKind, goal.Commission = "fixed", 2
	for _, c := range []struct {
		name       string
		more       []catalog.Entity
		commission int64
		terms      int64
		rule       string
	}{
		{"offer", nil, 1, 0, "(offer)"},
		{"terms that say nothing", []catalog.Entity{silent}, 1, 1, "(offer)"},
		{"goal", []catalog.Entity{&goal, silent}, 2, 1, "(goal sale)"},
		{"terms", []catalog.Entity{&goal, loud}, 3, 1, "(terms 1)"},
		{"goal's row in the terms", []catalog.Entity{&goal, row}, 4, 1, "(terms 1, goal sale)"},
		{"enrollment", []catalog.Entity{&goal, row, enr}, 5, 1, "(enrollment enr_1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t, w.more = t, c.more
			w.reload()
			if got := w.postback("token=tok_shop&txid=" + strings.ReplaceAll(c.name, " ", "") + "&click_id=" + w.click().String()); got.Verdict != event.Accepted {
				t.Fatalf("%s: %s", got.Verdict, got.Detail)
			}
			cv := w.conversions()[0]
			if cv.Commission != c.commission || cv.Terms != c.terms || !strings.HasSuffix(cv.CommRule, c.rule) {
				t.Errorf("commission %d by terms %d (%s), want %d by %d (%s)", cv.Commission, cv.Terms, cv.CommRule, c.commission, c.terms, c.rule)
			}
			w.balances()
		})
	}
}

// TestTermsOfItsTime: a conversion is priced by the terms of its event time when it comes
// late, when it is repriced and when a later signal fills it in; and a sender's clock that
// is ahead does not bring it under terms that are announced.
func TestTermsOfItsTime(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "fixed", Payout: 1000, CommissionKind: "fixed", Commission: 1}
	second := w.now.Add(2 * time.Minute)
	w.more = []catalog.Entity{version(1, w.now.Add(-30*time.Minute), "fixed", 100), version(2, second, "fixed", 200)}
	w.reload()
	send := func(order string, at time.Time) *conversion.Conversion {
		t.Helper()
		row := w.postback("token=tok_shop&txid=" + order + "&click_id=" + w.click().String() + "&event_time=" + strconv.FormatInt(at.UnixMilli(), 10))
		if row.Verdict != event.Accepted {
			t.Fatalf("%s: %s", row.Verdict, row.Detail)
		}
		return w.conversions()[0]
	}
	check := func(what string, cv *conversion.Conversion, commission, terms int64) {
		t.Helper()
		if cv.Commission != commission || cv.Terms != terms {
			t.Errorf("%s: commission %d by terms %d, want %d by %d (%s)", what, cv.Commission, cv.Terms, commission, terms, cv.CommRule)
		}
		if r := w.reprice(cv, false); r.After != nil || r.Skipped != "" {
			t.Errorf("%s: repricing changes it: %+v", what, r)
		}
	}
	check("before the first", send("a", w.now.Add(-45*time.Minute)), 1, 0)
	check("under the first", send("b", w.now), 100, 1)
	check("by a clock that is ahead", send("c", w.now.Add(3*time.Minute)), 100, 1)
	w.now = second.Add(10 * time.Minute)
	check("under the second", send("d", w.now), 200, 2)
	check("late", send("e", second.Add(-time.Microsecond*1000)), 100, 1)
	check("on the instant", send("f", second), 200, 2)
	for _, cv := range w.conversions() {
		if cv.Order == "c" {
			check("by a clock that is ahead, later", cv, 100, 1)
		}
		if cv.Order == "b" {
			// The advertiser's word about the amount comes under the second version.
			if row := w.postback("token=tok_shop&txid=b&amount=50&click_id=" + cv.Click.String()); row.Verdict != event.Updated {
				t.Errorf("filling in: %s %s", row.Verdict, row.Detail)
			}
		}
	}
	for _, cv := range w.conversions() {
		if cv.Order == "b" {
			check("filled in", cv, 100, 1)
		}
	}
	w.balances()
}

// TestLaterTermsNeverReprice: conversions at any times keep their money and their version
// whatever versions are added afterwards, each beginning no earlier than it is made.
func TestLaterTermsNeverReprice(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "fixed", Payout: 1000, CommissionKind: "fixed", Commission: 1}
	w.offer.WindowDays = 0
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		w.more = nil
		w.reload()
		last := w.now
		kept := map[string]conversion.Conversion{}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
			if rapid.Bool().Draw(rt, "terms") {
				last = last.Add(time.Second)
				if last.Before(w.now) {
					last = w.now
				}
				last = last.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, "lead")) * time.Minute)
				n++
				w.more = append(w.more, version(int64(n), last, "fixed", int64(n*10)))
				w.reload()
			} else {
				n++
				at := w.now.Add(time.Duration(rapid.IntRange(-50, 4).Draw(rt, "event")) * time.Minute)
				row := w.postback(fmt.Sprintf("token=tok_shop&txid=o%d&click_id=%s&event_time=%d", n, w.click(), at.UnixMilli()))
				if row.Verdict != event.Accepted {
					rt.Fatalf("%s: %s", row.Verdict, row.Detail)
				}
				cv := w.conversions()[0]
				kept[cv.ID] = *cv
			}
			for id, was := range kept {
				cv := was
				if r := w.reprice(&cv, false); r.After != nil || r.Skipped != "" {
					rt.Fatalf("%s recorded at %d with %d by terms %d, now %+v %s", id, was.At, was.Commission, was.Terms, r.After, r.Skipped)
				}
			}
		}
	})
	w.balances()
}
