package books_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

func (w *world) replay(q books.ReplayQuery, apply bool) *books.ReplayResult {
	w.t.Helper()
	res, err := w.desk.ReplayAll(w.t.Context(), owner, "ws_1", q, apply)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// rows are the inbox, without when and how often it was judged.
func (w *world) rows() string {
	w.t.Helper()
	rows, err := w.db.Books().ListSignals(w.t.Context(), inbox.Query{Workspace: "ws_1", Unassigned: true, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	out := ""
	for _, r := range rows {
		out += fmt.Sprintln(r.ID, r.Verdict, r.Conversion, r.Advertiser, r.Goal, r.Detail)
	}
	return out
}

// state is everything that money and history hang on.
func (w *world) state() string {
	w.t.Helper()
	ctx := w.t.Context()
	cs, err := w.db.Books().ListConversions(ctx, conversion.Query{Workspace: "ws_1", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	out := w.rows()
	for _, c := range cs {
		out += w.json(c)
		changes, err := w.db.Books().Changes(ctx, c.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		out += w.json(changes)
	}
	bs, err := w.db.Books().Balances(ctx, "ws_1", "")
	if err != nil {
		w.t.Fatal(err)
	}
	return out + w.json(bs)
}

func (w *world) json(v any) string {
	w.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b) + "\n"
}

// A preview changes nothing and tells what the replay then does; a second replay changes
// no book.
func TestReplayOfAFilter(t *testing.T) {
	w := newWorld(t)
	p := w.processor()
	stop := w.run(p)
	w.order(0)
	w.postback("click_id=nobody&token=tok_shop&txid=lost")
	w.postback("click_id=nobody&token=tok_guess&txid=stranger") // of no workspace
	double := w.click()
	for _, click := range []event.ClickID{w.click(), double, double, w.click()} {
		w.postback(fmt.Sprintf("click_id=%s&token=tok_shop&txid=n-%s&goal=late", click, click))
	}
	w.waitFor(p)
	if errs := stop(); len(errs) > 0 {
		t.Fatal(errs)
	}
	w.sound(1)
	late := books.ReplayQuery{Filter: inbox.Query{Verdict: event.UnknownGoal}}
	before := w.state()
	if res := w.replay(late, false); res.Checked != 4 || res.Changed != 0 || w.state() != before {
		t.Fatalf("a preview of what is not mended: %+v", res)
	}
	w.view = w.view.With([]catalog.Entity{&catalog.Goal{Meta: meta("goal_2"), Offer: "off_1", Key: "late"}}, 8)
	want := []books.ReplayCount{{Before: event.UnknownGoal, After: event.Accepted, Signals: 3}, {Before: event.UnknownGoal, After: event.Duplicate, Signals: 1}}
	res := w.replay(late, false)
	if !slices.Equal(res.Counts, want) || len(res.Lines) != 4 || res.Next != "" {
		t.Errorf("preview %+v, want %v", res, want)
	}
	if !slices.IsSortedFunc(res.Lines, func(a, b books.ReplayLine) int { return int(a.Row.At - b.Row.At) }) {
		t.Error("what came first is not judged first")
	}
	if w.state() != before {
		t.Error("a preview changed the books")
	}
	for name, q := range map[string]books.ReplayQuery{
		"another offer": {Filter: inbox.Query{Offer: "off_2"}}, "another advertiser": {Filter: inbox.Query{Advertiser: "adv_2"}}, "another text": {Filter: inbox.Query{Text: "n-x"}},
		"another goal": {Filter: inbox.Query{Goal: "sale"}}, "another time": {Filter: inbox.Query{To: 1}}, "what was taken": {Filter: inbox.Query{Verdict: event.Accepted}},
	} {
		if res := w.replay(q, true); res.Checked != 0 || w.state() != before {
			t.Errorf("%s: %+v", name, res)
		}
	}
	if res := w.replay(books.ReplayQuery{Filter: inbox.Query{Advertiser: "adv_1", Text: "N-" + double.String()}}, false); res.Checked != 2 {
		t.Errorf("of two signals with this text %d were found", res.Checked)
	}
	if res := w.replay(late, true); !slices.Equal(res.Counts, want) {
		t.Errorf("replay %+v, want %v", res.Counts, want)
	}
	w.sound(4)
	after := w.state()
	everything := books.ReplayQuery{Filter: inbox.Query{Unassigned: true}}
	if res := w.replay(everything, true); res.Changed != 0 || res.Checked != 2 || w.state() != after {
		t.Errorf("a second replay changed the books: %+v\n%s\nbefore:\n%s", res, w.state(), after)
	}
	w.sound(4)
}

// A filter of more than a call judges is gone through call by call, each signal once.
func TestReplayInParts(t *testing.T) {
	w := newWorld(t)
	p := w.processor()
	w.run(p)
	const n = books.MaxReplay + 50
	for i := range n {
		w.postback(fmt.Sprintf("click_id=%s&token=tok_shop&txid=n-%d&goal=late", w.click(), i))
	}
	w.waitFor(p)
	w.view = w.view.With([]catalog.Entity{&catalog.Goal{Meta: meta("goal_2"), Offer: "off_1", Key: "late"}}, 8)
	first := w.replay(books.ReplayQuery{}, true)
	if first.Checked != books.MaxReplay || first.Next == "" || len(first.Lines) != books.ReplayLines {
		t.Fatalf("the first call judged %d, next %q, %d lines", first.Checked, first.Next, len(first.Lines))
	}
	rest := w.replay(books.ReplayQuery{After: first.Next}, true)
	first.Merge(rest)
	if rest.Checked != 50 || first.Checked != n || first.Changed != n || first.Next != "" || len(first.Lines) != books.ReplayLines {
		t.Errorf("both calls: %d judged, %d changed, next %q", first.Checked, first.Changed, first.Next)
	}
	w.sound(n)
}

func TestReplayIsNotForStrangers(t *testing.T) {
	w := newWorld(t)
	for who, p := range strangers() {
		if _, err := w.desk.ReplayAll(t.Context(), p, "ws_1", books.ReplayQuery{}, false); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	p := w.processor()
	stop := w.run(p)
	w.postback("click_id=nobody&token=tok_guess&txid=stranger")
	w.waitFor(p)
	if errs := stop(); len(errs) > 0 {
		t.Fatal(errs)
	}
	member := account.Principal{ID: "usr_2", Write: true, Workspaces: []string{"ws_1"}}
	res, err := w.desk.ReplayAll(t.Context(), member, "ws_1", books.ReplayQuery{Filter: inbox.Query{Unassigned: true}}, false)
	if err != nil || res.Checked != 0 {
		t.Errorf("a member judges what is of no workspace: %+v, %v", res, err)
	}
	if res := w.replay(books.ReplayQuery{Filter: inbox.Query{Unassigned: true}}, false); res.Checked != 1 {
		t.Errorf("an owner judges %d", res.Checked)
	}
}
