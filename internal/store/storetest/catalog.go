package storetest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
)

// Workspaces of the suite.
const (
	home    = "ws_0000000000000001"
	foreign = "ws_0000000000000002"
)

var catalogTests = map[string]func(t *testing.T, s *Stores){
	"every field survives":           testEveryField,
	"images":                         testImages,
	"versions":                       testVersions,
	"workspaces are apart":           testCatalogTenancy,
	"taken":                          testTaken,
	"unknown references":             testReferences,
	"idempotency":                    testCatalogIdempotency,
	"insert all or none":             testInsertAll,
	"put all or none":                testPut,
	"pages":                          testCatalogPages,
	"filters":                        testCatalogFilters,
	"tag filter":                     testTagFilter,
	"search":                         testSearch,
	"workspaces are listed by ids":   testListWorkspaces,
	"changed":                        testChanged,
	"revisions under parallel write": testParallelRevisions,
	"audit trail":                    testTrail,
}

// fill gives every settable field of e a value of its own, so that a column that is
// forgotten or swapped shows.
func fill(e catalog.Entity, salt string) {
	n := int64(len(salt) + 100)
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			f, name := v.Field(i), path+v.Type().Field(i).Name
			n++
			switch {
			case name == "Meta":
			case f.Kind() == reflect.Struct:
				walk(f, name+".")
			case f.Kind() == reflect.String:
				f.SetString(name + "-" + salt + "-ÄÖ'\"\\%_\x1f")
			case f.Kind() == reflect.Int64:
				f.SetInt(n * 1_000_000_007)
			case f.Kind() == reflect.Bool:
				f.SetBool(true)
			case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
				f.Set(reflect.MakeSlice(f.Type(), 2, 2))
				walk(f.Index(0), name+"[0].")
				walk(f.Index(1), name+"[1].")
			case f.Kind() == reflect.Slice:
				f.Set(reflect.ValueOf([]string{name, "b-" + salt}))
			default:
				panic("storetest: unknown field " + name)
			}
		}
	}
	walk(reflect.ValueOf(e).Elem(), "")
}

// sample makes one entity of each kind, references backwards.
func sample(ws, salt string, n int) []catalog.Entity {
	w := &catalog.Workspace{}
	a, o, g := &catalog.Advertiser{}, &catalog.Offer{}, &catalog.Goal{}
	gr, p, e, l, c, d, b := &catalog.Group{}, &catalog.Publisher{}, &catalog.Enrollment{}, &catalog.Link{}, &catalog.Coupon{}, &catalog.Domain{}, &catalog.Postback{}
	cr, v, r := &catalog.Creative{}, &catalog.TermsVersion{}, &catalog.CommissionRule{}
	all := []catalog.Entity{w, a, o, g, gr, p, e, l, c, d, b, cr, v, r}
	for i, x := range all {
		fill(x, salt)
		*x.Base() = catalog.Meta{ID: id(string(x.Kind())[:3], n), Workspace: ws, Created: int64(1000 + i), Updated: int64(2000 + i)}
	}
	w.ID = ws
	o.FallbackOffer = ""
	o.Advertiser, g.Offer, e.Offer, e.Publisher, l.Offer, l.Publisher = a.ID, o.ID, o.ID, p.ID, o.ID, p.ID
	p.Group = gr.ID
	c.Offer, c.Publisher, c.Advertiser = o.ID, p.ID, a.ID
	d.Advertiser, v.Offer = a.ID, o.ID
	b.Offer, b.Publisher = o.ID, p.ID
	cr.Offer = o.ID
	r.Offer, r.If.Publishers, r.If.Groups = o.ID, []string{p.ID}, []string{gr.ID}
	return all
}

func put(t *testing.T, s *Stores, es ...catalog.Entity) {
	t.Helper()
	for _, e := range es {
		replayed, err := s.Catalog.Insert(ctx, e, catalog.Idempotency{}, catalog.Audit{})
		must(t, err)
		if replayed {
			t.Fatal("replayed without a key")
		}
	}
}

func insert(s *Stores, e catalog.Entity) error {
	_, err := s.Catalog.Insert(ctx, e, catalog.Idempotency{}, catalog.Audit{})
	return err
}

func testEveryField(t *testing.T, s *Stores) {
	for _, e := range sample(home, "a", 1) {
		put(t, s, e)
		got := get[catalog.Entity](t)(s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID))
		equal(t, got, e)
		if e.Base().Version != 1 {
			t.Errorf("%s: version = %d, want 1", e.Kind(), e.Base().Version)
		}
	}
	for i, e := range sample(home, "changed", 1) {
		stored := get[catalog.Entity](t)(s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID))
		*e.Base() = *stored.Base()
		e.Base().Updated, e.Base().Archived = int64(9000+i), true
		must(t, s.Catalog.Update(ctx, e, catalog.Audit{}))
		got := get[catalog.Entity](t)(s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID))
		equal(t, got, e)
		if got.Base().Version != 2 || got.Base().Revision <= stored.Base().Revision || got.Base().Created != stored.Base().Created {
			t.Errorf("%s: base = %+v after %+v", e.Kind(), got.Base(), stored.Base())
		}
	}
}

func testVersions(t *testing.T, s *Stores) {
	a := &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", 1), Workspace: home}, Name: "first"}
	put(t, s, a)
	stale := *a
	a.Name = "second"
	must(t, s.Catalog.Update(ctx, a, catalog.Audit{}))
	stale.Name = "lost"
	before := stale
	wantErr(t, s.Catalog.Update(ctx, &stale, catalog.Audit{}), catalog.ErrVersion)
	equal(t, stale, before) // a refused write leaves the caller's row alone
	absent := &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", 2), Workspace: home, Version: 1}}
	wantErr(t, s.Catalog.Update(ctx, absent, catalog.Audit{}), catalog.ErrNotFound)
	got := get[catalog.Entity](t)(s.Catalog.Get(ctx, catalog.KindAdvertiser, home, a.ID))
	equal(t, got, catalog.Entity(a))
}

func testCatalogTenancy(t *testing.T, s *Stores) {
	mine, theirs := sample(home, "mine", 1), sample(foreign, "theirs", 2)
	put(t, s, mine...)
	put(t, s, theirs...)
	for i, e := range theirs {
		_, err := s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID)
		wantErr(t, err, catalog.ErrNotFound)
		_, unknown := s.Catalog.Get(ctx, e.Kind(), home, "nothing")
		if err.Error() != unknown.Error() {
			t.Errorf("somebody else's %s answers %q, an unknown one %q", e.Kind(), err, unknown)
		}
		if e.Kind() == catalog.KindWorkspace {
			continue
		}
		moved := reflect.New(reflect.TypeOf(e).Elem())
		moved.Elem().Set(reflect.ValueOf(e).Elem())
		thief := moved.Interface().(catalog.Entity)
		thief.Base().Workspace = home
		wantErr(t, s.Catalog.Update(ctx, thief, catalog.Audit{}), catalog.ErrNotFound)
		rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: e.Kind(), Workspace: home, Archived: "all", Tests: true, Limit: 10}))
		equal(t, rows, []catalog.Entity{mine[i]})
		rows = get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: e.Kind(), Workspace: home, IDs: []string{e.Base().ID}, Limit: 10}))
		equal(t, len(rows), 0)
		_, err = s.Catalog.List(ctx, catalog.Query{Kind: e.Kind(), Limit: 10})
		if err == nil {
			t.Errorf("a list of %ss without a workspace must be refused", e.Kind())
		}
	}
}

func testTaken(t *testing.T, s *Stores) {
	put(t, s, sample(home, "a", 1)...)
	put(t, s, sample(foreign, "b", 2)...)
	off, pub := id("off", 1), id("pub", 1)
	meta := func(n int, ws string) catalog.Meta { return catalog.Meta{ID: id("new", n), Workspace: ws} }
	of := func(kind catalog.Kind) catalog.Entity {
		return sample(home, "a", 1)[slices.Index(catalog.Kinds, kind)]
	}
	f := func(e catalog.Entity, field string) {
		t.Helper()
		wantInvalid(t, insert(s, e), field, "taken")
		_, err := s.Catalog.Get(ctx, e.Kind(), e.Base().Workspace, e.Base().ID)
		wantErr(t, err, catalog.ErrNotFound)
	}
	w := *of(catalog.KindWorkspace).(*catalog.Workspace)
	w.Meta = catalog.Meta{ID: "ws_new", Workspace: "ws_new"}
	f(&w, "name")
	f(&catalog.Advertiser{Meta: meta(2, foreign), Token: of(catalog.KindAdvertiser).(*catalog.Advertiser).Token}, "token")
	f(&catalog.Offer{Meta: meta(3, foreign), Key: of(catalog.KindOffer).(*catalog.Offer).Key}, "key")
	f(&catalog.Goal{Meta: meta(4, home), Offer: off, Key: of(catalog.KindGoal).(*catalog.Goal).Key}, "key")
	f(&catalog.Publisher{Meta: meta(5, home), Email: of(catalog.KindPublisher).(*catalog.Publisher).Email}, "email")
	f(&catalog.Group{Meta: meta(9, home), Name: of(catalog.KindGroup).(*catalog.Group).Name}, "name")
	f(&catalog.Enrollment{Meta: meta(6, home), Offer: off, Publisher: pub}, "publisher")
	link := &catalog.Link{Meta: meta(7, foreign), Offer: id("off", 2), Key: of(catalog.KindLink).(*catalog.Link).Key}
	f(link, "key")
	link.Key = "another"
	put(t, s, link)
	link.Key = of(catalog.KindLink).(*catalog.Link).Key
	wantInvalid(t, s.Catalog.Update(ctx, link, catalog.Audit{}), "key", "taken")
	code := of(catalog.KindCoupon).(*catalog.Coupon).Code
	coupon := &catalog.Coupon{Meta: meta(8, home), Offer: off, Publisher: pub, Advertiser: id("adv", 1), Code: " " + strings.ToUpper(code)}
	f(coupon, "code")
	coupon.Code = "another"
	put(t, s, coupon)
	coupon.Code = code
	wantInvalid(t, s.Catalog.Update(ctx, coupon, catalog.Audit{}), "code", "taken")
	domain := &catalog.Domain{Meta: meta(9, foreign), Host: of(catalog.KindDomain).(*catalog.Domain).Host}
	f(domain, "host")
	f(&catalog.Domain{Meta: meta(9, home), Host: "second.example", Advertiser: id("adv", 1), Default: true}, "default")
	// An archived domain gives its host and its place as the default free, until it comes back.
	domain.Archived, domain.Default = true, true
	put(t, s, domain, &catalog.Domain{Meta: meta(20, foreign), Host: "third.example", Default: true})
	domain.Archived, domain.Default = false, false
	wantInvalid(t, s.Catalog.Update(ctx, domain, catalog.Audit{}), "host", "taken")
	domain.Host, domain.Default = "fourth.example", true
	wantInvalid(t, s.Catalog.Update(ctx, domain, catalog.Audit{}), "default", "taken")
	domain.Default = false
	must(t, s.Catalog.Update(ctx, domain, catalog.Audit{}))
	terms := &catalog.TermsVersion{Meta: meta(9, home), Offer: off, Number: of(catalog.KindTerms).(*catalog.TermsVersion).Number}
	f(terms, "number")

	// Empty values are not unique, and neither are these elsewhere.
	put(t, s,
		&catalog.Publisher{Meta: meta(11, home)}, &catalog.Publisher{Meta: meta(12, home)},
		&catalog.Publisher{Meta: meta(13, foreign), Email: of(catalog.KindPublisher).(*catalog.Publisher).Email},
		&catalog.Group{Meta: meta(20, foreign), Name: of(catalog.KindGroup).(*catalog.Group).Name},
		&catalog.Advertiser{Meta: meta(14, home)}, &catalog.Advertiser{Meta: meta(15, home)},
		&catalog.Offer{Meta: meta(16, home)}, &catalog.Offer{Meta: meta(17, home)},
		&catalog.Goal{Meta: meta(18, home), Offer: id("new", 16), Key: of(catalog.KindGoal).(*catalog.Goal).Key},
		&catalog.Coupon{Meta: meta(19, home), Offer: off, Publisher: pub, Code: code},
		&catalog.TermsVersion{Meta: meta(20, home), Offer: id("new", 16), Number: terms.Number},
	)
	wantInvalid(t, insert(s, &catalog.Publisher{Meta: meta(11, home)}), "id", "taken")
}

func testReferences(t *testing.T, s *Stores) {
	put(t, s, sample(home, "a", 1)...)
	put(t, s, sample(foreign, "b", 2)...)
	off, pub := id("off", 1), id("pub", 1)
	n := 0
	meta := func() catalog.Meta { n++; return catalog.Meta{ID: id("new", n), Workspace: home} }
	for _, bad := range []string{"nothing", id("adv", 2), id("off", 2), id("pub", 2), id("gro", 2)} {
		wantInvalid(t, insert(s, &catalog.Publisher{Meta: meta(), Group: bad}), "group", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Offer{Meta: meta(), Advertiser: bad}), "advertiser", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Goal{Meta: meta(), Offer: bad}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.CommissionRule{Meta: meta(), Offer: bad}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.CommissionRule{Meta: meta(), If: commission.Conditions{Publishers: []string{pub, bad}}}), "publishers", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.CommissionRule{Meta: meta(), If: commission.Conditions{Groups: []string{bad}}}), "groups", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Enrollment{Meta: meta(), Offer: bad, Publisher: pub}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Enrollment{Meta: meta(), Offer: off, Publisher: bad}), "publisher", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Link{Meta: meta(), Key: "k", Offer: bad}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Link{Meta: meta(), Key: "k", Offer: off, Publisher: bad}), "publisher", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Coupon{Meta: meta(), Code: "c", Offer: bad, Publisher: pub}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Creative{Meta: meta(), Name: "c", Offer: bad}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Coupon{Meta: meta(), Code: "c", Offer: off, Publisher: bad}), "publisher", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Coupon{Meta: meta(), Code: "c", Offer: off, Publisher: pub, Advertiser: bad}), "advertiser", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Domain{Meta: meta(), Host: "h.example", Advertiser: bad}), "advertiser", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Postback{Meta: meta(), Publisher: bad}), "publisher", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.Postback{Meta: meta(), Publisher: pub, Offer: bad}), "offer", "unknown_reference")
		wantInvalid(t, insert(s, &catalog.TermsVersion{Meta: meta(), Offer: bad}), "offer", "unknown_reference")
	}
	house := &catalog.Link{Meta: meta(), Key: "k", Offer: off}
	put(t, s, &catalog.Offer{Meta: meta()}, house)
	house.Publisher = id("pub", 2)
	wantInvalid(t, s.Catalog.Update(ctx, house, catalog.Audit{}), "publisher", "unknown_reference")
}

func testCatalogIdempotency(t *testing.T, s *Stores) {
	idem := catalog.Idempotency{Workspace: home, Key: "k1", Hash: "h1"}
	first := &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", 1), Workspace: home}, Name: "first"}
	replayed, err := s.Catalog.Insert(ctx, first, idem, catalog.Audit{Workspace: home, Subject: first.ID})
	must(t, err)
	equal(t, replayed, false)
	revision := get[int64](t)(s.Catalog.Revision(ctx))

	again := &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", 2), Workspace: home}, Name: "again"}
	replayed, err = s.Catalog.Insert(ctx, again, idem, catalog.Audit{Workspace: home, Subject: first.ID})
	must(t, err)
	equal(t, replayed, true)
	equal(t, again, first)
	equal(t, get[int64](t)(s.Catalog.Revision(ctx)), revision) // nothing was written
	equal(t, len(get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, first.ID, 10))), 1)

	other := &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", 3), Workspace: home}}
	_, err = s.Catalog.Insert(ctx, other, catalog.Idempotency{Workspace: home, Key: "k1", Hash: "h2"}, catalog.Audit{})
	wantErr(t, err, catalog.ErrIdempotency)
	_, err = s.Catalog.Insert(ctx, &catalog.Publisher{Meta: other.Meta}, idem, catalog.Audit{})
	wantErr(t, err, catalog.ErrIdempotency)
	_, err = s.Catalog.Insert(ctx, &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", 4), Workspace: foreign}},
		catalog.Idempotency{Workspace: foreign, Key: "k1", Hash: "h2"}, catalog.Audit{})
	must(t, err) // another workspace's keys are its own

	// A replay gives the row as it is now, and a refused write does not use up its key.
	first.Name = "renamed"
	must(t, s.Catalog.Update(ctx, first, catalog.Audit{}))
	replayed, err = s.Catalog.Insert(ctx, again, idem, catalog.Audit{})
	must(t, err)
	equal(t, replayed, true)
	equal(t, again, first)
	free := catalog.Idempotency{Workspace: home, Key: "k2", Hash: "h"}
	_, err = s.Catalog.Insert(ctx, &catalog.Goal{Meta: catalog.Meta{ID: "g", Workspace: home}, Offer: "nothing"}, free, catalog.Audit{})
	wantInvalid(t, err, "offer", "unknown_reference")
	replayed, err = s.Catalog.Insert(ctx, other, free, catalog.Audit{})
	must(t, err)
	equal(t, replayed, false)
}

func testInsertAll(t *testing.T, s *Stores) {
	all := sample(home, "a", 1)
	must(t, s.Catalog.InsertAll(ctx, all, catalog.Audit{Workspace: home, Subject: "all"}))
	for _, e := range all {
		equal(t, get[catalog.Entity](t)(s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID)), e)
	}
	equal(t, len(get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "", 10))), 1)
	revision := get[int64](t)(s.Catalog.Revision(ctx))

	more := sample(foreign, "b", 2)
	link := slices.Index(catalog.Kinds, catalog.KindLink)
	more[link].(*catalog.Link).Key = all[link].(*catalog.Link).Key // a late one is refused
	wantInvalid(t, s.Catalog.InsertAll(ctx, more, catalog.Audit{Workspace: home}), "key", "taken")
	for _, e := range more {
		_, err := s.Catalog.Get(ctx, e.Kind(), foreign, e.Base().ID)
		wantErr(t, err, catalog.ErrNotFound)
		if e.Base().Version != 0 || e.Base().Revision != 0 {
			t.Errorf("a refused %s was given version %d and revision %d", e.Kind(), e.Base().Version, e.Base().Revision)
		}
	}
	equal(t, get[int64](t)(s.Catalog.Revision(ctx)), revision)
	equal(t, len(get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "", 10))), 1)
	must(t, s.Catalog.InsertAll(ctx, nil, catalog.Audit{}))
}

// testPut: rows that are new and rows that change go in one transaction, each under a
// revision of its own, or not at all.
func testPut(t *testing.T, s *Stores) {
	all := sample(home, "a", 1)
	must(t, s.Catalog.InsertAll(ctx, all, catalog.Audit{}))
	enr, made := all[slices.Index(catalog.Kinds, catalog.KindEnrollment)].(*catalog.Enrollment), all[slices.Index(catalog.Kinds, catalog.KindLink)].(*catalog.Link)
	link := &catalog.Link{Meta: catalog.Meta{ID: id("new", 1), Workspace: home}, Key: "another", Offer: made.Offer, Publisher: made.Publisher}
	enr.Reason = "changed"
	was := enr.Version
	must(t, s.Catalog.Put(ctx, []catalog.Entity{enr, link}, []catalog.Audit{{Workspace: home, Subject: "put 1"}, {Workspace: home, Subject: "put 2"}}))
	if enr.Version != was+1 || link.Version != 1 || link.Revision != enr.Revision+1 {
		t.Errorf("versions %d and %d, revisions %d and %d", enr.Version, link.Version, enr.Revision, link.Revision)
	}
	equal(t, get[int64](t)(s.Catalog.Revision(ctx)), link.Revision)
	for _, e := range []catalog.Entity{enr, link} {
		equal(t, get[catalog.Entity](t)(s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID)), e)
	}
	trail := get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "", 10))
	equal(t, len(trail), 2)

	// Somebody else wrote meanwhile, or a key is taken: nothing is written.
	stale, other := *enr, *enr
	other.Reason = "by another"
	must(t, s.Catalog.Update(ctx, &other, catalog.Audit{}))
	third := &catalog.Link{Meta: catalog.Meta{ID: id("new", 2), Workspace: home}, Key: "third", Offer: made.Offer, Publisher: made.Publisher}
	stale.Reason = "lost"
	wantErr(t, s.Catalog.Put(ctx, []catalog.Entity{third, &stale}, nil), catalog.ErrVersion)
	third.Key = link.Key
	other.Reason = "lost, too"
	before := other.Meta
	wantInvalid(t, s.Catalog.Put(ctx, []catalog.Entity{&other, third}, nil), "key", "taken")
	if other.Meta != before || third.Version != 0 || third.Revision != 0 {
		t.Errorf("a refused write changed %+v and %+v", other.Meta, third.Meta)
	}
	equal(t, get[catalog.Entity](t)(s.Catalog.Get(ctx, catalog.KindEnrollment, home, enr.ID)).(*catalog.Enrollment).Reason, "by another")
	_, err := s.Catalog.Get(ctx, catalog.KindLink, home, third.ID)
	wantErr(t, err, catalog.ErrNotFound)
	must(t, s.Catalog.Put(ctx, nil, nil))
}

func testChanged(t *testing.T, s *Stores) {
	rows, revision, err := s.Catalog.Changed(ctx, 0, 100)
	must(t, err)
	equal(t, len(rows), 0)
	equal(t, revision, int64(0))

	a, b := sample(home, "a", 1), sample(foreign, "b", 2)
	must(t, s.Catalog.InsertAll(ctx, a, catalog.Audit{}))
	put(t, s, b...)
	rows, revision, err = s.Catalog.Changed(ctx, 0, 100)
	must(t, err)
	equal(t, rows, append(slices.Clone(a), b...))
	equal(t, revision, b[len(b)-1].Base().Revision)
	equal(t, get[int64](t)(s.Catalog.Revision(ctx)), revision)

	// However short the pages, nothing is passed over.
	var paged []catalog.Entity
	for since := int64(0); since < revision; {
		rows, now, err := s.Catalog.Changed(ctx, since, 3)
		must(t, err)
		if len(rows) == 0 || len(rows) > 3 || now != revision {
			t.Fatalf("since %d: %d rows at revision %d", since, len(rows), now)
		}
		paged = append(paged, rows...)
		since = rows[len(rows)-1].Base().Revision
	}
	equal(t, paged, append(slices.Clone(a), b...))

	// A changed row comes again, alone, and archived rows come too.
	a[2].Base().Archived = true
	must(t, s.Catalog.Update(ctx, a[2], catalog.Audit{}))
	rows, _, err = s.Catalog.Changed(ctx, revision, 100)
	must(t, err)
	equal(t, rows, []catalog.Entity{a[2]})
}

func testParallelRevisions(t *testing.T, s *Stores) {
	const writers, each = 8, 5
	done := make(chan struct{})
	var seen []catalog.Entity
	var wg, reader sync.WaitGroup
	reader.Add(1)
	go func() { // a snapshot that follows the catalog must meet every row
		defer reader.Done()
		since := int64(0)
		for last := false; ; {
			rows, _, err := s.Catalog.Changed(ctx, since, 4)
			if err != nil {
				t.Error(err)
				return
			}
			if len(rows) > 0 {
				seen = append(seen, rows...)
				since = rows[len(rows)-1].Base().Revision
				continue
			}
			if last {
				return
			}
			select {
			case <-done:
				last = true
			default:
			}
		}
	}()
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				e := &catalog.Publisher{Meta: catalog.Meta{ID: id("pub", w*each+i), Workspace: home}}
				if err := insert(s, e); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	close(done)
	reader.Wait()
	if len(seen) != writers*each {
		t.Fatalf("the follower met %d rows, want %d", len(seen), writers*each)
	}
	for i, e := range seen {
		if e.Base().Revision != int64(i+1) {
			t.Fatalf("row %d has revision %d", i, e.Base().Revision)
		}
	}
}

func testTrail(t *testing.T, s *Stores) {
	line := func(n int64, ws, subject string) catalog.Audit {
		return catalog.Audit{Workspace: ws, At: n, Actor: "usr_1", Action: "create", Kind: "publisher", Subject: subject, Reason: "because", Before: `{"a":1}`, After: `{"a":2}`}
	}
	var want []catalog.Audit
	for i := range 6 {
		ws := home
		if i == 3 {
			ws = foreign
		}
		e := &catalog.Publisher{Meta: catalog.Meta{ID: id("pub", i), Workspace: ws}}
		a := line(int64(i), ws, e.ID)
		_, err := s.Catalog.Insert(context.Background(), e, catalog.Idempotency{}, a)
		must(t, err)
		if ws == home {
			want = append([]catalog.Audit{a}, want...)
		}
	}
	equal(t, get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "", 100)), want)
	equal(t, get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "", 2)), want[:2])
	equal(t, get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, id("pub", 1), 100)), []catalog.Audit{line(1, home, id("pub", 1))})
	equal(t, get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, id("pub", 3), 100)), nil)
}
