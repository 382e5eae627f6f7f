package app

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/outbound"
)

// whole is [state] with caps and postbacks to publishers.
func (s *server) whole(m market) []string {
	s.t.Helper()
	s.caughtUp()
	out := state(s.t, s.app, m)
	ds, err := s.app.db.Deliveries().ListDeliveries(s.t.Context(), outbound.Query{Workspace: m.workspace, Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	out = append(out, fmt.Sprintf("%d postbacks", len(ds)))
	kept, err := s.app.caps.Status(s.t.Context(), m.workspace, m.offer)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, k := range kept {
		k.Provisional = false // of the time just after a start
		out = append(out, fmt.Sprintf("cap %+v", k))
	}
	now := time.Now()
	r := s.api("POST", "/reports?workspace="+m.workspace, map[string]any{"dimensions": []string{"link"}, "from": now.Add(-24 * time.Hour), "to": now.Add(24 * time.Hour),
		"metrics": []string{"visits", "unique_visits", "clicks", "conversions", "revenue"}})
	b, err := json.Marshal(r["rows"])
	if err != nil {
		s.t.Fatal(err)
	}
	return append(out, "report "+string(b))
}

// TestTestsCountNowhere: visits by a test link and what converts them go through the real
// doors, and money, facts, caps, uniques, postbacks and reports are as they were; also when
// facts and click index are made anew, from the log and from a segment.
func TestTestsCountNowhere(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.patchOffer(m, map[string]any{"caps": []map[string]any{{"event": "clicks", "period": "daily", "limit": 1000}, {"event": "conversions", "period": "daily", "limit": 100}}})
	s.api("POST", "/postbacks", map[string]any{"workspace": m.workspace, "publisher": m.publisher, "url": "https://tracker.example/?p={payout}"})
	s.traffic(m, "real", 6)
	before := s.whole(m)

	l, err := s.app.Catalog.MakeTestLink(t.Context(), m.workspace, m.offer, "usr_1", "Test")
	if err != nil {
		t.Fatal(err)
	}
	try := market{link: "/c/" + l.Key, token: m.token}
	one, two := s.mustClick(try), s.mustClick(try)
	for _, c := range []struct {
		click, order string
		want         event.Verdict
	}{{one, "real-0", event.Accepted}, {one, "T-2", event.Accepted}, {two, "T-2", event.Duplicate}, {two, "", event.Accepted}} {
		verdict, _, err := s.buy(try, c.click, c.order)
		if err != nil || verdict != string(c.want) && verdict != string(event.Received) {
			t.Errorf("order %q: %s, %v; want %s", c.order, verdict, err, c.want)
		}
	}
	same(t, before, s.whole(m))
	wantVerified(t, s.app)
	cs, err := s.app.db.Books().TestConversions(t.Context(), m.workspace, l.ID, 10)
	if err != nil || len(cs) != 3 {
		t.Fatalf("%d test conversions, %v", len(cs), err)
	}
	s.seal()
	s.traffic(m, "more", 3)
	after := s.whole(m)
	s.stop()
	files, err := filepath.Glob(filepath.Join(s.data, "*", "facts.duckdb*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range append(files, filepath.Join(s.data, "clicks.db")) {
		remove(t, f)
	}
	again := start(t, s.data)
	same(t, after, again.whole(m))
	wantVerified(t, again.app)
	// The rebuilt index knows the test click as one.
	verdict, _, err := again.buy(try, one, "T-3")
	if err != nil || verdict != string(event.Accepted) && verdict != string(event.Received) {
		t.Errorf("%s, %v", verdict, err)
	}
	same(t, after, again.whole(m))
	real1, err := again.app.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: m.workspace, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range real1 {
		if c.Test || strings.HasPrefix(c.ID, "tst_") || c.Link == l.ID {
			t.Errorf("a test among conversions: %+v", c)
		}
	}
	if err := again.app.Catalog.EndTestLink(t.Context(), m.workspace, l.ID, "usr_1"); err != nil {
		t.Fatal(err)
	}
	if id, err := again.click(try.link); err == nil {
		t.Errorf("an ended test link made the click %q", id)
	}
}
