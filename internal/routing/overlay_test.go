package routing

import (
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/catalog"
)

// days has windows of 100 µs.
func days(at int64) (start, end int64) { start = at - at%100; return start, start + 100 }

func clock(at int64) func() int64 { return func() int64 { return at } }

func clickCap(publisher string, limit int64) ClickCap {
	return ClickCap{Counter: NewClickCounter(days, publisher == Each), Publisher: publisher, Limit: limit, Why: "full" + publisher}
}

func gated(at int64, g *Gate) *Overlay {
	o := new(Overlay)
	o.SetGates(map[string]*Gate{"off": g}, clock(at))
	return o
}

// admitted counts how many of n parallel visitors of each time and publisher get in.
func admitted(n int, visit func(i int) bool) int {
	var in atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			if visit(i) {
				in.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(in.Load())
}

// Of 200 at once exactly as many get in as there are places, in each period, for any
// number of caps.
func TestClickCapsAreExact(t *testing.T) {
	for limit := range int64(5) {
		limit *= 49
		o := gated(1000, NewGate(nil, []ClickCap{clickCap("", limit), clickCap("", limit+7), clickCap("", 1000)}))
		for _, at := range []int64{1000, 1099, 1100, 1250} {
			want := int(limit)
			if at == 1099 {
				want = 0 // the same period as before
			}
			got := admitted(200, func(int) bool { _, ok := o.Admit("off", "", at, true); return ok })
			if got != want {
				t.Errorf("limit %d at %d: %d admitted", limit, at, got)
			}
		}
	}
}

// The same through the routing of links, where the rest goes to the fallback offer and
// uses that offer's cap.
func TestRouteTakesClickCapsExactly(t *testing.T) {
	b := NewBuilder()
	row := func(id, fallback string) *catalog.Offer {
		return &catalog.Offer{Meta: catalog.Meta{ID: id, Workspace: "ws"}, URL: "https://" + id + ".example/", Status: catalog.StatusActive, FallbackOffer: fallback}
	}
	b.Apply([]catalog.Entity{
		&catalog.Workspace{Meta: catalog.Meta{ID: "ws", Workspace: "ws"}}, row("off", "next"), row("next", ""),
		&catalog.Link{Meta: catalog.Meta{ID: "lnk", Workspace: "ws"}, Key: "k", Offer: "off", Status: catalog.StatusActive},
	}, 1)
	s, o := b.Snapshot(), new(Overlay)
	o.SetGates(map[string]*Gate{"off": NewGate(nil, []ClickCap{clickCap("", 50)}), "next": NewGate(nil, []ClickCap{clickCap("", 120)})}, clock(1000))
	var mu sync.Mutex
	went := map[string]int{}
	admitted(200, func(i int) bool {
		d := s.Route("k", "", Visitor{At: 1000, Count: true}, o)
		mu.Lock()
		defer mu.Unlock()
		if d.Template == nil {
			went["nowhere"]++
			return false
		}
		went[d.Template.String()]++
		return true
	})
	want := map[string]int{"https://off.example/": 50, "https://next.example/": 120, "nowhere": 30}
	if !maps.Equal(went, want) {
		t.Errorf("%v, want %v", went, want)
	}
}

// A publisher's cap refuses its visitors without taking places of the others'.
func TestCapsPerPublisher(t *testing.T) {
	o := gated(1000, NewGate(nil, []ClickCap{clickCap("", 100), clickCap(Each, 30), clickCap("a", 10)}))
	got := map[string]int{}
	var mu sync.Mutex
	admitted(260, func(i int) bool {
		who := "" // 60 of the house, 100 of each publisher
		if i >= 60 {
			who = []string{"a", "b"}[i%2]
		}
		_, ok := o.Admit("off", who, 1000, true)
		mu.Lock()
		defer mu.Unlock()
		if ok {
			got[who]++
		}
		return ok
	})
	// a: its own 10; b: 30 as each; the house, which is no publisher, the rest. Had the
	// refused ones of a and b taken places of all, the house would have fewer.
	if want := map[string]int{"a": 10, "b": 30, "": 60}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for who, want := range map[string]string{"a": "fulla", "b": "fulleach", "c": "full", "": "full"} {
		if why, ok := o.Admit("off", who, 1000, true); ok || why != want {
			t.Errorf("%q: %q", who, why)
		}
	}
	if why, ok := o.Admit("other", "a", 1000, true); !ok {
		t.Errorf("an offer without caps: %q", why)
	}
}

// A visitor whom one cap refuses has taken no place of another.
func TestPlacesAreGivenBack(t *testing.T) {
	ever := NewClickCounter(func(int64) (int64, int64) { return 0, math.MaxInt64 }, false)
	o := gated(1000, NewGate(nil, []ClickCap{clickCap("", 5), {Counter: ever, Publisher: "a", Limit: 10, Why: "ever"}}))
	for period, want := range []int{5, 5, 0} {
		got := admitted(50, func(int) bool { _, ok := o.Admit("off", "a", 1000+int64(period)*100, true); return ok })
		if got != want {
			t.Errorf("period %d: %d admitted, want %d", period, got, want)
		}
	}
}

// Who only looks takes no place.
func TestLookingTakesNothing(t *testing.T) {
	o := gated(1000, NewGate(nil, []ClickCap{clickCap("", 1)}))
	for range 10 {
		if _, ok := o.Admit("off", "", 1000, false); !ok {
			t.Fatal("refused")
		}
	}
	o.Admit("off", "", 1000, true)
	if _, ok := o.Admit("off", "", 1000, false); ok {
		t.Error("looking sees a place that is taken")
	}
}

func TestClosings(t *testing.T) {
	for _, c := range []struct {
		closing   Closing
		publisher string
		at        int64
		open      bool
	}{
		{Closing{From: 100, Until: 200}, "", 99, true},
		{Closing{From: 100, Until: 200}, "", 100, false},
		{Closing{From: 100, Until: 200}, "p", 199, false},
		{Closing{From: 100, Until: 200}, "p", 200, true}, // the next period opens it by itself
		{Closing{Until: math.MaxInt64, Publisher: "p"}, "p", 5, false},
		{Closing{Until: math.MaxInt64, Publisher: "p"}, "q", 5, true},
		{Closing{Until: math.MaxInt64, Publisher: Each}, "q", 5, false},
		{Closing{Until: math.MaxInt64, Publisher: Each}, "", 5, true},
	} {
		c.closing.Why = "because"
		o := gated(1, NewGate([]Closing{c.closing}, []ClickCap{clickCap("", 9)}))
		why, ok := o.Admit("off", c.publisher, c.at, true)
		if ok != c.open || !ok && why != "because" {
			t.Errorf("%+v, %q at %d: %q %v", c.closing, c.publisher, c.at, why, ok)
		}
	}
}

// What was clicked before the counter began counts once it is told, and no place is given
// twice while it is told anew.
func TestBase(t *testing.T) {
	g := NewGate(nil, []ClickCap{clickCap("", 10), clickCap(Each, 4)})
	all, each := g.clicks[1].Counter, g.clicks[0].Counter
	o := gated(1050, g)
	for range 3 {
		o.Admit("off", "a", 1060, true)
	}
	if _, _, ok := all.Missing(1060); !ok {
		t.Fatal("the window began before the counter, and nothing is missing")
	}
	if start, end, _ := each.Missing(1060); start != 1000 || end != 1050 {
		t.Errorf("missing %d…%d", start, end)
	}
	all.SetBase(1060, map[string]int64{"": 5}, false)
	each.SetBase(1060, map[string]int64{"a": 2, "b": 3}, false)
	all.SetBase(1060, map[string]int64{"": 6}, true)
	each.SetBase(1060, map[string]int64{"b": 3, "c": 4}, true)
	n, settled := all.Count(1060)
	m, _ := each.Count(1060)
	if n[""] != 9 || !settled || !maps.Equal(m, map[string]int64{"a": 3, "b": 3, "c": 4}) {
		t.Errorf("counts %v %v, %v", n, settled, m)
	}
	if _, ok := o.Admit("off", "c", 1060, true); ok {
		t.Error("c had its 4 before")
	}
	if got := admitted(50, func(int) bool { _, ok := o.Admit("off", "b", 1060, true); return ok }); got != 1 {
		t.Errorf("%d of b admitted, want one", got)
	}
	if _, _, ok := all.Missing(1160); ok {
		t.Error("a window that began later needs no base")
	}
	// The same counter behind another limit.
	o.SetGates(map[string]*Gate{"off": NewGate(nil, []ClickCap{{Counter: all, Limit: 12, Why: "x"}})}, clock(1070))
	if got := admitted(50, func(int) bool { _, ok := o.Admit("off", "b", 1070, true); return ok }); got != 2 || all.Begin() != 1050 {
		t.Errorf("%d admitted below the raised limit, begun at %d", got, all.Begin())
	}
}

// While a cap is put on a running offer, every visitor is counted on exactly one side: by
// the counter, or by whoever counts those who came before its beginning.
func TestNothingIsLostWhenCountingBegins(t *testing.T) {
	for range 50 {
		var now atomic.Int64
		now.Store(1000)
		o := new(Overlay)
		counter := NewClickCounter(func(int64) (int64, int64) { return 0, math.MaxInt64 }, false)
		var wg sync.WaitGroup
		start := make(chan struct{})
		var times sync.Map
		for i := range 100 {
			wg.Go(func() {
				<-start
				at := now.Add(1)
				times.Store(i, at)
				o.Admit("off", "", at, true)
			})
		}
		close(start)
		o.SetGates(map[string]*Gate{"off": NewGate(nil, []ClickCap{{Counter: counter, Limit: 1000}})}, func() int64 { return now.Add(1) })
		wg.Wait()
		want := int64(0)
		times.Range(func(_, at any) bool {
			if at.(int64) >= counter.Begin() {
				want++
			}
			return true
		})
		if got, _ := counter.Count(1000); got[""] != want {
			t.Fatalf("%d counted, %d came after the beginning", got[""], want)
		}
	}
}

// A clock that steps back, also by many periods, finds its own counts.
func TestClockStepsBack(t *testing.T) {
	o := gated(1, NewGate(nil, []ClickCap{clickCap("", 1)}))
	for _, at := range []int64{1000, 1100, 1200, 1100, 1300, 100, 100} {
		o.Admit("off", "", at, true)
	}
	for _, at := range []int64{100, 1200, 1300} {
		if _, ok := o.Admit("off", "", at, true); ok {
			t.Errorf("a second one at %d", at)
		}
	}
}

func TestHandAndCapsAreApart(t *testing.T) {
	o := gated(1, NewGate([]Closing{{Until: 10, Why: "cap"}}, nil))
	o.Close("off", "hand")
	if why, ok := o.Admit("off", "", 5, true); ok || why != "hand" {
		t.Errorf("%q %v", why, ok)
	}
	o.Open("off")
	if why, ok := o.Admit("off", "", 5, true); ok || why != "cap" {
		t.Errorf("%q %v", why, ok)
	}
	o.SetGates(map[string]*Gate{"off": nil}, clock(1))
	if why, ok := o.Admit("off", "", 5, true); !ok || o.Gate("off") != nil {
		t.Errorf("%q %v", why, ok)
	}
	if _, ok := (*Overlay)(nil).Admit("off", "", 5, true); !ok {
		t.Error("no overlay closes")
	}
}

func BenchmarkAdmit(b *testing.B) {
	o := gated(1, NewGate(nil, []ClickCap{{Counter: NewClickCounter(days, false), Limit: math.MaxInt64}}))
	for name, offer := range map[string]string{"without caps": "other", "clicks": "off"} {
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					o.Admit(offer, "", 50, true)
				}
			})
		})
	}
}
