package app

import (
	"fmt"
	"path/filepath"
	"testing"

	"clickledger/internal/conversion"
)

// TestOnsiteDiffers: on-site events of books and facts agree after real traffic, each
// difference is named, and a fact more is found by verify itself.
func TestOnsiteDiffers(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.api("POST", "/goals", map[string]any{"workspace": m.workspace, "offer": m.offer, "key": "viewed", "name": "Viewed", "type": "event"})
	s.api("POST", "/goals", map[string]any{"workspace": m.workspace, "offer": m.offer, "key": "cart", "name": "In the cart", "type": "event", "every_fire": true})
	for range 3 {
		click := s.mustClick(m)
		for _, goal := range []string{"viewed", "viewed", "cart", "cart"} {
			res, err := browser.Get(s.url + "/postback?token=" + m.token + "&click_id=" + click + "&goal=" + goal)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
	}
	wantVerified(t, s.app)
	counts, err := s.app.db.Books().OnsiteEvents(t.Context(), m.workspace)
	want := fmt.Sprint([]conversion.OnsiteCount{{Publisher: m.publisher, Goal: "cart", Events: 6}, {Publisher: m.publisher, Goal: "viewed", Events: 3}})
	if err != nil || fmt.Sprint(counts) != want {
		t.Fatalf("%v %v, want %s", counts, err, want)
	}
	for name, c := range map[string]struct {
		counts []conversion.OnsiteCount
		wrong  int
	}{
		"the same":         {counts, 0},
		"one goal missing": {counts[:1], 1},
		"none":             {nil, 2},
		"one too many":     {[]conversion.OnsiteCount{{Publisher: m.publisher, Goal: "cart", Events: 7}, counts[1]}, 1},
		"another's":        {[]conversion.OnsiteCount{counts[0], counts[1], {Publisher: "pub_x", Goal: "cart", Events: 1}}, 1},
	} {
		var f Finding
		if err := s.app.compareOnsite(t.Context(), m.workspace, c.counts, &f); err != nil || len(f.Wrong) != c.wrong {
			t.Errorf("%s: found %v, %v; want %d", name, f.Wrong, err, c.wrong)
		}
	}
}
