package routing

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"clickledger/internal/catalog"
)

func TestBuilderIsIncrementalAndSnapshotsDoNotChange(t *testing.T) {
	f := newFixture()
	b := NewBuilder()
	b.Apply([]catalog.Entity{f.workspace, f.advertiser, f.offer, f.publisher, f.enrollment, f.link, f.house}, 7)
	first := b.Snapshot()

	paused := *f.offer
	paused.Status = catalog.StatusPaused
	b.Apply([]catalog.Entity{&paused}, 8)
	second := b.Snapshot()

	if first.Revision != 7 || second.Revision != 8 {
		t.Errorf("revisions %d and %d", first.Revision, second.Revision)
	}
	if r := first.Route("k1", "", Visitor{}, nil).Reason; r != "" {
		t.Errorf("the first snapshot changed: %q", r)
	}
	if r := second.Route("k1", "", Visitor{}, nil).Reason; r != OfferPaused {
		t.Errorf("the second snapshot has reason %q: links must see their offer's change", r)
	}
	if first.Offer("off") == second.Offer("off") || second.OfferByKey("pubkey") != second.Offer("off") {
		t.Error("an offer and its public key must change together")
	}
}

func TestBuilderChangedKeys(t *testing.T) {
	f := newFixture()
	b := NewBuilder()
	b.Apply([]catalog.Entity{f.offer, f.link}, 1)
	first := b.Snapshot()
	offer, link := *f.offer, *f.link
	offer.Key, link.Key = "newkey", "k2"
	b.Apply([]catalog.Entity{&offer, &link}, 2)
	s := b.Snapshot()
	if s.Link("k1") != nil || s.Link("k2") == nil || s.OfferByKey("pubkey") != nil || s.OfferByKey("newkey") == nil {
		t.Error("old keys must go and new ones work")
	}
	if first.Link("k1") == nil || first.OfferByKey("pubkey") == nil {
		t.Error("the earlier snapshot changed")
	}
}

func TestBadURLExplainsItself(t *testing.T) {
	f := newFixture()
	f.offer.URL = "https://shop.example/{clck_id}"
	o := f.snapshot().Offer("off")
	if o.Template != nil || o.Err == nil || !strings.Contains(o.Err.Error(), "click_id") {
		t.Errorf("template %v, error %v", o.Template, o.Err)
	}
}

func TestHolder(t *testing.T) {
	h := new(Holder)
	if s := h.Load(); s == nil || s.Link("k1") != nil || s.Route("k1", "", Visitor{}, nil).Link != nil {
		t.Fatal("an empty holder gives an empty catalog")
	}
	var wg sync.WaitGroup
	s := newFixture().snapshot()
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				h.Store(s)
				h.Load().Route("k1", "", Visitor{}, nil)
			}
		})
	}
	wg.Wait()
	if h.Load() != s {
		t.Error("the holder lost its snapshot")
	}
}

// large is a catalog of n links to n/100 offers (at least one) by as many publishers.
func large(n int) []catalog.Entity {
	rows := []catalog.Entity{newFixture().workspace, newFixture().advertiser}
	groups := max(n/100, 1)
	for i := range groups {
		o, p, e := *newFixture().offer, *newFixture().publisher, *newFixture().enrollment
		o.ID, p.ID, e.ID = fmt.Sprintf("off_%016d", i), fmt.Sprintf("pub_%016d", i), fmt.Sprintf("enr_%016d", i)
		o.Key, e.Offer, e.Publisher = fmt.Sprintf("pubkey%08d", i), o.ID, p.ID
		rows = append(rows, &o, &p, &e)
	}
	for i := range n {
		l := *newFixture().link
		g := i % groups
		l.ID, l.Key = fmt.Sprintf("lnk_%016d", i), fmt.Sprintf("key%08d", i)
		l.Offer, l.Publisher = fmt.Sprintf("off_%016d", g), fmt.Sprintf("pub_%016d", g)
		rows = append(rows, &l)
	}
	return rows
}

// BenchmarkSnapshotApply is the cost of one catalog write among 100,000 links.
func BenchmarkSnapshotApply(b *testing.B) {
	for _, kind := range []string{"link", "offer"} {
		b.Run(kind, func(b *testing.B) {
			rows := large(100_000)
			builder := NewBuilder()
			builder.Apply(rows, 1)
			builder.Snapshot()
			row := rows[len(rows)-1]
			if kind == "offer" {
				row = rows[2]
			}
			b.ReportAllocs()
			for b.Loop() {
				builder.Apply([]catalog.Entity{row}, 2)
				builder.Snapshot()
			}
		})
	}
}

// BenchmarkSnapshotLoad is the cost of loading the whole catalog.
func BenchmarkSnapshotLoad(b *testing.B) {
	rows := large(100_000)
	b.ReportAllocs()
	for b.Loop() {
		builder := NewBuilder()
		builder.Apply(rows, 1)
		builder.Snapshot()
	}
}

// BenchmarkRoute is the decision alone.
func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("links=%d", n), func(b *testing.B) {
			builder := NewBuilder()
			builder.Apply(large(n), 1)
			s, o, v := builder.Snapshot(), new(Overlay), testValues()
			keys := make([]string, min(n, 4096))
			for i := range keys {
				keys[i] = fmt.Sprintf("key%08d", i*(n/len(keys)))
			}
			var dst []byte
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				d := s.Route(keys[i%len(keys)], "", Visitor{}, o)
				if d.Reason != "" {
					b.Fatal(d.Reason)
				}
				dst = d.AppendURL(dst[:0], v)
				i++
			}
		})
	}
}
