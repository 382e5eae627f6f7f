package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/store"

	"github.com/google/go-cmp/cmp"
)

var (
	owner   = account.Principal{ID: "usr_owner", Owner: true, Write: true}
	nowhere = account.Principal{ID: "usr_nowhere", Write: true, Workspaces: []string{"ws_elsewhere"}}
)

// shelf is a service on a real SQLite file with one workspace. fault, when set, is
// asked around each commit.
type shelf struct {
	*catalog.Service
	t     *testing.T
	store catalog.Store
	ws    string
	fault func(op string) (before, after error)
	told  int64         // the revision Changed heard last
	skip  time.Duration // how far its clock is ahead
	// people are the addresses of everybody who signs in for a party.
	people []string
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{t: t}
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{Fault: func(op string) (error, error) {
		if s.fault == nil {
			return nil, nil
		}
		return s.fault(op)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.store = db.Catalog()
	var mu sync.Mutex
	s.Service = catalog.NewService(catalog.ServiceOptions{Store: s.store, Now: func() time.Time { return time.Now().Add(s.skip) }, Changed: func(_ context.Context, revision int64) error {
		mu.Lock()
		defer mu.Unlock()
		s.told = max(s.told, revision)
		return nil
	}, People: func(context.Context, string, catalog.Kind, string) ([]string, error) { return s.people, nil }})
	s.ws = s.create(&catalog.WorkspaceDoc{Name: "Home", Currency: "JPY", TimeZone: "UTC", IPMode: catalog.IPTruncated}).Base().ID
	return s
}

func (s *shelf) create(d catalog.Doc) catalog.Entity {
	s.t.Helper()
	e, _, err := s.Create(s.t.Context(), owner, d, catalog.Idempotency{Workspace: s.ws})
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func offerDoc() *catalog.OfferDoc {
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Name, d.URL, d.Payout = "Shoes", "https://shop.example/?c={click_id}", "1200"
	return d
}

func TestDocumentsSurviveAReading(t *testing.T) {
	s := newShelf(t)
	network := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Net", Type: "network", Status: "active"}).Base().ID
	other := s.create(offerDoc()).Base().ID
	group := s.create(&catalog.GroupDoc{Name: "Gold"}).Base().ID
	for i, d := range []catalog.Doc{
		&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Shop", Type: "network", AllowIPs: []string{"192.0.2.7", "2001:db8::/32"}, RequiredParams: []string{"txid"}, Renames: []catalog.RenameDoc{{"txid", "order_ref"}}, StatusMap: []catalog.StatusWordDoc{{"1", "approved", "sale"}},
			FreezeAmounts: true, FreezeStatus: true, MinClickSeconds: 5, MaxClickHours: 6, ClickParam: "c.id", CookieDays: 28, ValidationDays: 45, Notes: "a\nb", ClickMacro: "{aff_sub}", PayoutMacro: "{p}",
			AmountMacro: "{a}", CurrencyMacro: "{c}", TxIDMacro: "#id#", StatusMacro: "{s}", GoalMacro: "{g}",
			Status: "rejected", Reason: "Not our trade.", Manager: "usr_1", Website: "https://shop.example/", ContactEmail: "ann@shop.example", Prepaid: true, PrepayWarn: 250},
		&catalog.OfferDoc{Workspace: s.ws, Name: "Shoes", URL: "https://shop.example/", Status: "draft", Currency: "KWD", PayoutKind: "fixed", Payout: "1.005",
			Precedence: "manual_wins", CommissionKind: "fixed", Commission: "0.000", AppendClickID: true, CookieDays: 400, ValidationDays: -1, WindowDays: 90, MinSeconds: 5, Attribution: "first_click", Tracking: "postback", InitialStatus: "approved",
			RequireOrder: true, DeepLinks: []string{".shop.example"}, FallbackURL: "https://f.example/", Tags: []string{"a", "ß"},
			Advertiser: network, Direct: true, StaticURL: "https://shop.example/s", FallbackOffer: other, Countries: []string{"DE", "US"}, Devices: []string{"phone"},
			GeoPayouts: []catalog.GeoPayoutDoc{{"US", "5.000"}, {"DE", "0.000"}}, GeoSource: "postback",
			Keywords: []catalog.KeywordDoc{{"q", "shoes", 3}, {"", "boots", 0}, {"", "socks", 1}},
			Caps:     []catalog.CapDoc{{"clicks", "weekly", 10, "", "each"}, {"conversions", "daily", 0, "sale", ""}}, CapTimeZone: "America/New_York",
			CapStates: []string{"approved"}, CapWarn: 90, OverCap: "hold", Description: "a\nb", Category: "Fashion", PreviewURL: "https://shop.example/p", Traffic: []string{"email"}, CouponPrecedence: "coupon_wins",
			Visibility: "private", Questions: []catalog.QuestionDoc{{"channel", "Where?", true, "choice", []string{"Mail", "Web"}}, {"why", "Why?", false, "long", []string{}}}, ReapplyDays: 7},
		&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Email: "a@example.com", Status: "banned", Notes: "a\nb",
			Reason: "Spam.", Group: group, Manager: "usr_1", Website: "https://b.example/", Promotion: "Reviews,\nand a newsletter."},
		&catalog.GroupDoc{Workspace: s.ws, Name: "Silver", Notes: "a\nb"},
	} {
		e := s.create(d)
		got, err := s.Get(t.Context(), owner, d.Kind(), s.ws, e.Base().ID)
		if err != nil {
			t.Fatal(err)
		}
		docs, err := s.Docs(t.Context(), []catalog.Entity{got})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, docs[0]); diff != "" {
			t.Errorf("document %d (-sent +read):\n%s", i, diff)
		}
	}
}

func TestAmountsOfGoalsAreInTheOffersCurrency(t *testing.T) {
	s := newShelf(t)
	o := s.create(offerDoc()).(*catalog.Offer)
	if o.Currency != "JPY" || o.Payout != 1200 {
		t.Fatalf("offer of %d %s, want 1200 in the workspace's JPY", o.Payout, o.Currency)
	}
	g := &catalog.GoalDoc{Workspace: s.ws, Offer: o.ID, Key: "lead", Name: "Lead", Type: "lead", RequireOrder: true, PayoutKind: "fixed", Payout: "1.5", Precedence: "postback_wins"}
	_, _, err := s.Create(t.Context(), owner, g, catalog.Idempotency{})
	var bad *catalog.Invalid
	if !errors.As(err, &bad) || bad.Fields[0].Rule != "amount_precision" {
		t.Errorf("1.5 yen: %v, want amount_precision", err)
	}
	g.Payout = "2"
	e := s.create(g)
	docs, err := s.Docs(t.Context(), []catalog.Entity{e, s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "B", Status: "active"})})
	if err != nil || docs[0].(*catalog.GoalDoc).Payout != "2" || docs[0].(*catalog.GoalDoc).Type != "lead" || !docs[0].(*catalog.GoalDoc).RequireOrder {
		t.Errorf("documents %v, %v, want a payout of 2", docs, err)
	}
}

func TestDeniedIsNotFound(t *testing.T) {
	s := newShelf(t)
	o := s.create(offerDoc())
	id, ctx := o.Base().ID, t.Context()
	reader := account.Principal{ID: "key_r", Workspaces: []string{s.ws}}
	if _, err := s.Get(ctx, reader, catalog.KindOffer, s.ws, id); err != nil {
		t.Errorf("a reader reads: %v", err)
	}
	tries := map[string]error{}
	for name, p := range map[string]account.Principal{"stranger": nowhere, "nobody": {}} {
		_, tries[name+" gets"] = s.Get(ctx, p, catalog.KindOffer, s.ws, id)
		_, tries[name+" gets the workspace"] = s.Get(ctx, p, catalog.KindWorkspace, s.ws, s.ws)
		_, tries[name+" lists"] = s.List(ctx, p, catalog.Query{Kind: catalog.KindOffer, Workspace: s.ws})
		_, tries[name+" follows the trail"] = s.Trail(ctx, p, s.ws, "", 10)
	}
	for name, p := range map[string]account.Principal{"stranger": nowhere, "nobody": {}, "reader": reader} {
		d := offerDoc()
		d.Workspace = s.ws
		_, _, tries[name+" creates"] = s.Create(ctx, p, d, catalog.Idempotency{})
		_, _, tries[name+" creates a workspace"] = s.Create(ctx, p, catalog.NewDoc(catalog.KindWorkspace), catalog.Idempotency{})
		_, tries[name+" previews"] = s.Preview(ctx, p, s.ws, "", 0, d)
		_, tries[name+" updates"] = s.Update(ctx, p, s.ws, id, 0, d)
		_, tries[name+" archives"] = s.Archive(ctx, p, catalog.KindOffer, s.ws, id, 0, true)
		_, tries[name+" rotates"] = s.RotateToken(ctx, p, s.ws, id, 0, true)
	}
	_, tries["an owner, the wrong workspace"] = s.Get(ctx, owner, catalog.KindOffer, "ws_none", id)
	_, _, tries["an owner, in no workspace"] = s.Create(ctx, owner, offerDoc(), catalog.Idempotency{Workspace: "ws_none"})
	for what, err := range tries {
		if !errors.Is(err, catalog.ErrNotFound) || !errors.Is(err, account.ErrDenied) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
	if es, err := s.List(ctx, nowhere, catalog.Query{Kind: catalog.KindWorkspace}); err != nil || len(es) != 0 {
		t.Errorf("a stranger sees the workspaces %v, %v", es, err)
	}
	if es, err := s.List(ctx, account.Principal{}, catalog.Query{Kind: catalog.KindWorkspace}); err != nil || len(es) != 0 {
		t.Errorf("nobody sees the workspaces %v, %v", es, err)
	}
}

func TestUpdatesMeet(t *testing.T) {
	s := newShelf(t)
	id := s.create(offerDoc()).Base().ID
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			d := offerDoc()
			d.Name = fmt.Sprint("Shoes ", i)
			if _, err := s.Update(t.Context(), owner, s.ws, id, 0, d); err != nil {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	e, err := s.Get(t.Context(), owner, catalog.KindOffer, s.ws, id)
	if err != nil || e.Base().Version != 5 {
		t.Fatalf("version %d, %v, want 5", e.Base().Version, err)
	}
	if _, err := s.Update(t.Context(), owner, s.ws, id, 4, offerDoc()); !errors.Is(err, catalog.ErrVersion) {
		t.Errorf("an old version: %v, want ErrVersion", err)
	}
	trail, err := s.Trail(t.Context(), owner, s.ws, id, 0)
	if err != nil || len(trail) != 5 || !strings.Contains(trail[0].Before, "Shoes") || trail[4].Action != "create" {
		t.Errorf("trail %v, %v, want the creation and four updates with what was before", trail, err)
	}
}

// TestRetriedOffer is the failure pair of the one creation that takes two
// transactions: under an idempotency key, whatever fails, a repetition ends with one
// offer and one default goal.
func TestRetriedOffer(t *testing.T) {
	lost := errors.New("the disk went away")
	for _, failing := range []int{1, 2} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("insert %d, applied %v", failing, applied), func(t *testing.T) {
				s := newShelf(t)
				n := 0
				s.fault = func(op string) (error, error) {
					if op != "catalog.insert" {
						return nil, nil
					}
					n++
					switch {
					case n != failing:
						return nil, nil
					case applied:
						return nil, lost
					}
					return lost, nil
				}
				idem := catalog.Idempotency{Workspace: s.ws, Key: "k", Hash: "h"}
				if _, _, err := s.Create(t.Context(), owner, offerDoc(), idem); !errors.Is(err, lost) {
					t.Fatalf("Create = %v, want the failure", err)
				}
				e, _, err := s.Create(t.Context(), owner, offerDoc(), idem)
				if err != nil {
					t.Fatal(err)
				}
				offers, err := s.List(t.Context(), owner, catalog.Query{Kind: catalog.KindOffer, Workspace: s.ws})
				if err != nil || len(offers) != 1 || offers[0].Base().ID != e.Base().ID {
					t.Errorf("offers %v, %v, want the one", offers, err)
				}
				goals, err := s.List(t.Context(), owner, catalog.Query{Kind: catalog.KindGoal, Workspace: s.ws})
				if err != nil || len(goals) != 1 || !goals[0].(*catalog.Goal).Default {
					t.Errorf("goals %v, %v, want the default one", goals, err)
				}
				if at, err := s.store.Revision(t.Context()); err != nil || s.told != at {
					t.Errorf("Changed heard of revision %d, want %d (%v)", s.told, at, err)
				}
			})
		}
	}
}

func TestNames(t *testing.T) {
	s := newShelf(t)
	o := s.create(offerDoc()).Base().ID
	l := s.create(&catalog.LinkDoc{Workspace: s.ws, Offer: o, Status: "active"}).(*catalog.Link)
	ctx := t.Context()
	if diff := cmp.Diff(map[string]string{o: "Shoes"}, s.Names(ctx, s.ws, "offer", []string{o, "off_none"})); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
	if got := s.Names(ctx, s.ws, "link", []string{l.ID})[l.ID]; got != l.Key {
		t.Errorf("a link without a name is called %q, want its key", got)
	}
	for _, kind := range []string{"country", "", "offer"} {
		if got := s.Names(ctx, "ws_none", kind, []string{o}); len(got) != 0 {
			t.Errorf("names of kind %q in another workspace: %v", kind, got)
		}
	}
	if got := s.Names(ctx, s.ws, "offer", nil); len(got) != 0 {
		t.Errorf("names of no ids: %v", got)
	}
}

func TestGeneratedKeys(t *testing.T) {
	s := newShelf(t)
	a := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "A", Type: "merchant"}).(*catalog.Advertiser)
	o := s.create(offerDoc()).(*catalog.Offer)
	l := s.create(&catalog.LinkDoc{Workspace: s.ws, Offer: o.ID, Status: "active"}).(*catalog.Link)
	for _, k := range []struct {
		key, prefix string
		n           int
	}{{a.Token, "tok_", 32}, {o.Key, "", 16}, {l.Key, "", 10}} {
		rest, ok := strings.CutPrefix(k.key, k.prefix)
		if !ok || len(rest) != k.n || strings.Trim(rest, "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("key %q, want %s and %d characters", k.key, k.prefix, k.n)
		}
	}
	if strings.ContainsAny(l.Key, "0o1li") {
		t.Errorf("link key %q has look-alikes", l.Key)
	}
	for prefix, id := range map[string]string{"ws_": s.ws, "adv_": a.ID, "off_": o.ID, "lnk_": l.ID} {
		if !strings.HasPrefix(id, prefix) || len(id) != len(prefix)+16 {
			t.Errorf("id %q, want %s and 16 characters", id, prefix)
		}
	}
}
