package attribution

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/event"
)

const now = 1_800_000_000

func TestSlotsRoundTripAndBound(t *testing.T) {
	var s Slots
	for i := range 40 {
		key := fmt.Sprintf("%040d", i) // the longest key
		s = s.With(key, event.ClickID{byte(i + 1), 15: 9}, now+int64(i+1)*86400)
	}
	if len(s) != MaxSlots {
		t.Fatalf("%d slots, want %d", len(s), MaxSlots)
	}
	if _, ok := s.Find(fmt.Sprintf("%040d", 0)); ok {
		t.Error("the slot that ends first was kept")
	}
	if _, ok := s.Find(fmt.Sprintf("%040d", 39)); !ok {
		t.Error("the newest slot is missing")
	}
	v := s.String()
	if len(v) > 3800 {
		t.Errorf("cookie of %d bytes leaves no room below 4096", len(v))
	}
	if d := cmp.Diff(s, ParseCookie(v, now)); d != "" {
		t.Error(d)
	}
	if got, want := s.MaxAge(now), int64(40*86400); got != want {
		t.Errorf("MaxAge %d, want %d", got, want)
	}
}

func TestSlotOfOneOfferHoldsTheLastClick(t *testing.T) {
	s := Slots{}.With("a", event.ClickID{1}, now+10).With("b", event.ClickID{2}, now+10).With("a", event.ClickID{3}, now+20)
	if id, _ := s.Find("a"); id != (event.ClickID{3}) || len(s) != 2 {
		t.Errorf("slots %v", s)
	}
}

func TestParseCookieLeavesOutWhatIsBad(t *testing.T) {
	good := Slots{}.With("a", event.ClickID{1}, now+10).String()
	for name, in := range map[string]string{
		"expired":         Slots{}.With("a", event.ClickID{1}, now).String(),
		"far future":      Slots{}.With("a", event.ClickID{1}, now+401*86400).String(),
		"no parts":        "abc",
		"bad id":          "a_XYZ_abc",
		"bad characters":  "a\r\n_" + event.ClickID{1}.String() + "_zzzzzz",
		"empty offer":     "_" + event.ClickID{1}.String() + "_zzzzzz",
		"a very long one": strings.Repeat("x", 1<<16),
	} {
		if got := ParseCookie(in, now); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
		if got := ParseCookie(in+"."+good, now); len(got) != 1 {
			t.Errorf("%s hides the good slot behind it: %v", name, got)
		}
	}
}

func FuzzParseCookie(f *testing.F) {
	f.Add(Slots{}.With("a", event.ClickID{1}, now+10).String())
	f.Add("a_b_c.d_e_f\r\n\x00{click_id}")
	f.Fuzz(func(t *testing.T, v string) {
		s := ParseCookie(v, now)
		if len(s) > MaxSlots || len(s.String()) > 4000 {
			t.Fatalf("%d slots, %d bytes", len(s), len(s.String()))
		}
		if d := cmp.Diff(s, ParseCookie(s.String(), now), cmp.Comparer(func(a, b Slots) bool { return a.String() == b.String() })); d != "" {
			t.Fatal(d)
		}
	})
}
