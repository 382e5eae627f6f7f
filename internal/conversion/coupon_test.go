package conversion_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/outbound"
)

// couponWorld has a second publisher with a coupon, who earns 70 % of the payout of 10.00
// where the first one earns 60 %.
type couponWorld struct {
	*world
	coupon, summer, else_ *catalog.Coupon
	pub2                  *catalog.Publisher
	enr2                  *catalog.Enrollment
}

func newCouponWorld(t *testing.T, precedence string) *couponWorld {
	t.Helper()
	c := &couponWorld{world: newWorld(t)}
	c.offer.Status, c.offer.CouponPrecedence, c.zone, c.currency = catalog.StatusActive, precedence, "America/New_York", "USD"
	c.pub2 = &catalog.Publisher{Meta: meta("pub_2"), Name: "Anna", Status: catalog.StatusActive}
	c.enr2 = &catalog.Enrollment{Meta: meta("enr_2"), Offer: "off_1", Publisher: "pub_2", Status: catalog.Approved, CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "70"}
	c.coupon = &catalog.Coupon{Meta: meta("cpn_1"), Offer: "off_1", Publisher: "pub_2", Advertiser: "adv_1", Code: "Spring 10%", Status: catalog.StatusActive}
	c.summer = &catalog.Coupon{Meta: meta("cpn_2"), Offer: "off_1", Publisher: "pub_1", Advertiser: "adv_1", Code: "SUMMER", Status: catalog.StatusActive}
	c.else_ = &catalog.Coupon{Meta: meta("cpn_3"), Offer: "off_2", Publisher: "pub_2", Advertiser: "adv_1", Code: "ELSE", Status: catalog.StatusActive}
	told := tells("pub_2", "https://anna.example/pb?c={click_id}&s={sub1}&x={external_id}&l={link_id}&pay={payout}", catalog.OnAccepted)
	c.more = []catalog.Entity{told, c.pub2, c.enr2, c.coupon, c.summer, c.else_,
		&catalog.Enrollment{Meta: meta("enr_1"), Offer: "off_1", Publisher: "pub_1", Status: catalog.Approved},
		&catalog.Advertiser{Meta: meta("adv_3"), Name: "Second shop", Token: "tok_second", TokenRequired: true},
		&catalog.Offer{Meta: meta("off_3"), Advertiser: "adv_3", Status: catalog.StatusActive, Currency: "USD", Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed}},
		&catalog.Enrollment{Meta: meta("enr_3"), Offer: "off_3", Publisher: "pub_1", Status: catalog.Approved},
		&catalog.Coupon{Meta: meta("cpn_4"), Offer: "off_3", Publisher: "pub_1", Advertiser: "adv_3", Code: "summer", Status: catalog.StatusActive},
		&catalog.Coupon{Meta: meta("cpn_5"), Offer: "off_3", Publisher: "pub_1", Advertiser: "adv_3", Code: "SECOND", Status: catalog.StatusActive},
		&catalog.Goal{Meta: meta("goal_3"), Offer: "off_3", Key: "sale", Default: true},
		&catalog.Coupon{Meta: catalog.Meta{ID: "cpn_6", Workspace: "ws_2"}, Offer: "off_9", Publisher: "pub_9", Advertiser: "adv_2", Code: "FOREIGN", Status: catalog.StatusActive},
	}
	c.reload()
	return c
}

func q(kv ...string) string {
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return v.Encode()
}

// upload judges an operator's entry.
func (c *couponWorld) upload(e conversion.Entry) *inbox.Row {
	c.t.Helper()
	s := e.Signal(event.ClickID{}, 0, "ws_1", "usr_1")
	return c.signal(s)
}

// one is the only conversion that is not a replaced claim.
func (c *couponWorld) one() *conversion.Conversion {
	c.t.Helper()
	var live []*conversion.Conversion
	for _, cv := range c.conversions() {
		if !strings.HasPrefix(cv.DedupKey, "replaced") {
			live = append(live, cv)
		}
	}
	if len(live) != 1 {
		c.t.Fatalf("%d conversions, want 1", len(live))
	}
	return live[0]
}

// settled fails unless ledger and facts say what the one conversion says.
func (c *couponWorld) settled(publisher string, commission int64) {
	c.t.Helper()
	cv := c.one()
	if cv.Publisher != publisher || cv.Commission != commission || cv.Revenue != 1000 {
		c.t.Errorf("%s earns %d of %d, want %s with %d", cv.Publisher, cv.Commission, cv.Revenue, publisher, commission)
	}
	b := c.balances()
	if b["publisher_pending:"+publisher+":USD"] != commission || b["receivable:"+cv.Advertiser+":USD"] != 1000 || len(b) != 4 {
		c.t.Errorf("balances %v", b)
	}
	f := c.facts()
	if f.Conversions != 1 || f.Commission != commission || f.Revenue != 1000 || f.ReportCommission != commission {
		c.t.Errorf("facts %+v", f)
	}
	byPublisher := map[string]int64{}
	rows, err := c.db.Books().FactsAfter(c.t.Context(), 0, 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range rows {
		fact, err := event.DecodeFact(r.Fact)
		if err != nil {
			c.t.Fatal(err)
		}
		byPublisher[fact.Publisher] += fact.Conversions
		if fact.ID == (event.ClickID{}) {
			c.t.Error("a fact without an id")
		}
	}
	if byPublisher[publisher] != 1 {
		c.t.Errorf("facts by publisher %v", byPublisher)
	}
	visit, err := event.DecodeVisit(cv.Dims)
	if err != nil || visit.Publisher != publisher || visit.ID != cv.Click {
		c.t.Errorf("dims %+v, %v", visit, err)
	}
}

func TestCouponWithoutClick(t *testing.T) {
	c := newCouponWorld(t, catalog.ClickWins)
	row := c.postback(q("token", "tok_shop", "coupon", " sPRING 10% ", "txid", "A-1", "amount", "50", "geo", "de", "offer", "off_1", "event_time", "2026-10-30T10:00:00Z"))
	if row.Verdict != event.Accepted || !strings.Contains(row.Detail, `No click came with it. It is the order of Anna (pub_2), whose coupon "Spring 10%" it brought.`) {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	cv := c.one()
	at := time.Date(2026, 10, 30, 10, 0, 0, 0, time.UTC).UnixMicro()
	if cv.Method != conversion.MatchCoupon || cv.Click.String() != row.ID || cv.Link != "" || cv.Country != "DE" || cv.At != at || cv.ClickAt != at ||
		cv.Advertiser != "adv_1" || cv.Offer != "off_1" || cv.Coupon != " sPRING 10% " || !strings.Contains(cv.CouponNote, "Anna") || !strings.Contains(cv.CommRule, "enr_2") {
		t.Errorf("conversion %+v", cv)
	}
	visit, err := event.DecodeVisit(cv.Dims)
	if err != nil || visit.Enrollment != "enr_2" || visit.Advertiser != "adv_1" || visit.Workspace != "ws_1" || visit.Country != "DE" {
		t.Errorf("dims %+v, %v", visit, err)
	}
	c.settled("pub_2", 700)

	// The signal's id is no click that anybody can report for.
	if row := c.postback(q("token", "tok_shop", "click_id", cv.Click.String(), "txid", "A-2")); row.Verdict != event.PendingClick {
		t.Errorf("its id as a click: %s", row.Verdict)
	}
	if row := c.postback(q("token", "tok_shop", "coupon", "SPRING 10%", "txid", "A-1", "amount", "50")); row.Verdict != event.Duplicate {
		t.Errorf("again: %s %s", row.Verdict, row.Detail)
	}
	// A status comes after the coupon has ended: the order is known.
	c.coupon.ValidUntil = "2026-10-31"
	if row := c.postback(q("token", "tok_shop", "coupon", "SPRING 10%", "txid", "A-1", "status", "approved")); row.Verdict != event.Updated {
		t.Errorf("approved: %s %s", row.Verdict, row.Detail)
	}
	if row := c.postback(q("token", "tok_shop", "coupon", "SPRING 10%", "txid", "A-1", "status", "reversed")); row.Verdict != event.Updated {
		t.Errorf("reversed: %s %s", row.Verdict, row.Detail)
	}
	if b := c.balances(); len(b) != 0 {
		t.Errorf("after the reversal: %v", b)
	}
	if f := c.facts(); f.Conversions != 0 || f.Commission != 0 {
		t.Errorf("after the reversal: %+v", f)
	}
}

// TestCouponRefused: what a coupon without a click needs, one by one.
func TestCouponRefused(t *testing.T) {
	base := []string{"token", "tok_shop", "coupon", "SPRING 10%", "txid", "A-1"}
	for name, test := range map[string]struct {
		change func(c *couponWorld)
		query  []string
		want   event.Verdict
		says   string
	}{
		"unknown":               {nil, []string{"coupon", "NOBODY"}, event.UnknownCoupon, `no publisher has the coupon "NOBODY"`},
		"of another workspace":  {nil, []string{"coupon", "FOREIGN"}, event.UnknownCoupon, "no publisher has"},
		"of another advertiser": {nil, []string{"coupon", "SECOND"}, event.UnknownCoupon, "no publisher has"},
		"no order number":       {nil, []string{"txid", ""}, event.MissingOrder, "order number"},
		"another offer":         {nil, []string{"offer", "off_2"}, event.OfferMismatch, "another offer"},
		"unknown goal":          {nil, []string{"goal", "x"}, event.UnknownGoal, ""},
		"no token":              {nil, []string{"token", ""}, event.MissingClick, "only with the parameter token"},
		"wrong token":           {nil, []string{"token", "x"}, event.BadToken, ""},
		"a click of nobody's":   {nil, []string{"click_id", strings.Repeat("0", 32)}, event.UnknownClick, ""},
		"in the future":         {nil, []string{"event_time", "2026-11-02T00:00:00Z"}, event.InvalidValue, "future"},
		"nonsense time":         {nil, []string{"event_time", "yesterday"}, event.InvalidValue, "event_time"},
		"paused":                {func(c *couponWorld) { c.coupon.Status = catalog.StatusPaused }, nil, event.UnknownCoupon, "is paused"},
		"archived":              {func(c *couponWorld) { c.coupon.Archived = true }, nil, event.UnknownCoupon, "taken out of use"},
		"ended":                 {func(c *couponWorld) { c.coupon.ValidUntil = "2026-10-31" }, nil, event.UnknownCoupon, "ended on 2026-10-31"},
		"not begun":             {func(c *couponWorld) { c.coupon.ValidFrom = "2026-11-02" }, nil, event.UnknownCoupon, "begins on 2026-11-02"},
		"offer paused":          {func(c *couponWorld) { c.offer.Status = catalog.StatusPaused }, nil, event.UnknownCoupon, "an offer that is not active"},
		"publisher banned":      {func(c *couponWorld) { c.pub2.Status = catalog.StatusBanned }, nil, event.UnknownCoupon, "a publisher who is not active"},
		"enrollment revoked":    {func(c *couponWorld) { c.enr2.Status = catalog.Revoked }, nil, event.UnknownCoupon, "without an approved enrollment"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCouponWorld(t, catalog.CouponWins)
			if test.change != nil {
				test.change(c)
			}
			row := c.postback(q(append(append([]string{}, base...), test.query...)...))
			if row.Verdict != test.want || !strings.Contains(row.Detail, test.says) {
				t.Errorf("%s: %s; want %s with %q", row.Verdict, row.Detail, test.want, test.says)
			}
			if row.Verdict != event.BadToken && row.Verdict != event.MissingClick && row.Workspace != "ws_1" {
				t.Errorf("workspace %q: its people must see it", row.Workspace)
			}
			if len(c.conversions()) != 0 || len(c.balances()) != 0 {
				t.Error("something was recorded")
			}
			if test.want == event.UnknownCoupon && test.change != nil && row.Offer != "off_1" {
				t.Errorf("offer %q of a known coupon", row.Offer)
			}
			if test.change == nil || test.want != event.UnknownCoupon {
				return
			}
			// With a click it goes by its click, and says why.
			row = c.postback(q(append(append([]string{}, base...), "click_id", c.click().String())...))
			if row.Verdict != event.Accepted || !strings.Contains(row.Detail, test.says) || !strings.Contains(row.Detail, "the click decides") {
				t.Errorf("with a click: %s: %s", row.Verdict, row.Detail)
			}
			c.settled("pub_1", 600)
		})
	}
}

// TestCouponDays: the dates are inclusive, and days of the workspace's time zone.
func TestCouponDays(t *testing.T) {
	c := newCouponWorld(t, catalog.ClickWins)
	c.coupon.ValidFrom, c.coupon.ValidUntil = "2026-10-30", "2026-10-30" // 04:00 UTC to 04:00 UTC
	for at, want := range map[string]event.Verdict{
		"2026-10-30T03:59:59Z": event.UnknownCoupon, "2026-10-30T04:00:00Z": event.Accepted,
		"2026-10-31T03:59:59Z": event.Accepted, "2026-10-31T04:00:00Z": event.UnknownCoupon,
	} {
		if row := c.postback(q("token", "tok_shop", "coupon", "spring 10%", "txid", at, "event_time", at)); row.Verdict != want {
			t.Errorf("at %s: %s, want %s: %s", at, row.Verdict, want, row.Detail)
		}
	}
}

func TestCouponAndClick(t *testing.T) {
	for name, test := range map[string]struct {
		precedence string
		query      []string
		publisher  string
		commission int64
		method     string
		says       string
	}{
		"click wins":           {catalog.ClickWins, []string{"coupon", "spring 10%"}, "pub_1", 600, conversion.MatchClickID, `The coupon "Spring 10%" is of Anna (pub_2), the click of Blog (pub_1): on this offer the click wins, and the coupon earns nothing.`},
		"as before there was":  {"", []string{"coupon", "spring 10%"}, "pub_1", 600, conversion.MatchClickID, "the click wins"},
		"coupon wins":          {catalog.CouponWins, []string{"coupon", "spring 10%"}, "pub_2", 700, conversion.MatchCoupon, "on this offer the coupon wins, and the click earns nothing."},
		"no order number":      {catalog.CouponWins, []string{"coupon", "spring 10%", "txid", ""}, "pub_2", 700, conversion.MatchCoupon, "the coupon wins"},
		"the same publisher":   {catalog.CouponWins, []string{"coupon", "summer"}, "pub_1", 600, conversion.MatchClickID, "the click's own publisher"},
		"nobody's coupon":      {catalog.CouponWins, []string{"coupon", "WELCOME"}, "pub_1", 600, conversion.MatchClickID, "No publisher has the coupon"},
		"another offer's":      {catalog.CouponWins, []string{"coupon", "ELSE"}, "pub_1", 600, conversion.MatchClickID, "belongs to another offer"},
		"another advertiser's": {catalog.CouponWins, []string{"coupon", "SECOND"}, "pub_1", 600, conversion.MatchClickID, "No publisher has the coupon"},
		"no coupon":            {catalog.CouponWins, nil, "pub_1", 600, conversion.MatchClickID, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCouponWorld(t, test.precedence)
			click := c.click()
			c.clicks[click].Subs[0], c.clicks[click].ExternalID, c.clicks[click].Referer = "private", "private", "https://blog.example/"
			row := c.postback(q(append([]string{"token", "tok_shop", "txid", "A-1", "click_id", click.String()}, test.query...)...))
			if row.Verdict != event.Accepted || !strings.Contains(row.Detail, test.says) {
				t.Fatalf("%s: %s", row.Verdict, row.Detail)
			}
			cv := c.one()
			if cv.Method != test.method || cv.Click != click || !strings.Contains(cv.CouponNote, test.says) || (test.says == "") != (cv.CouponNote == "") || cv.Country != "DE" {
				t.Errorf("conversion %+v", cv)
			}
			c.settled(test.publisher, test.commission)
			if test.publisher != "pub_2" {
				return
			}
			// The winner is told nothing of what the other one's link carried.
			sent, err := c.db.Deliveries().ListDeliveries(t.Context(), outbound.Query{Workspace: "ws_1"})
			if err != nil || len(sent) != 1 || sent[0].URL != "https://anna.example/pb?c=&s=&x=&l=&pay=7.00" {
				t.Errorf("told %+v, %v", sent, err)
			}
		})
	}
}

// TestCouponWindow: the window begins at a click, and does not end a coupon's claim.
func TestCouponWindow(t *testing.T) {
	for precedence, want := range map[string]event.Verdict{catalog.ClickWins: event.OutsideWindow, catalog.CouponWins: event.Accepted} {
		c := newCouponWorld(t, precedence)
		click := c.click()
		c.clicks[click].At = c.now.AddDate(0, 0, -31).UnixMicro()
		if row := c.postback(q("token", "tok_shop", "txid", "A-1", "click_id", click.String(), "coupon", "spring 10%")); row.Verdict != want {
			t.Errorf("%s: %s, want %s", precedence, row.Verdict, want)
		}
	}
}

// TestCouponOfAPage: anybody can load a pixel, so its coupon decides nothing.
func TestCouponOfAPage(t *testing.T) {
	c := newCouponWorld(t, catalog.CouponWins)
	click := c.click()
	if row := c.pixel(q("key", "pixelkey", "coupon", "spring 10%", "txid", "A-1"), nil); row.Verdict != event.MissingClick {
		t.Errorf("without a click: %s", row.Verdict)
	}
	row := c.pixel(q("key", "pixelkey", "click_id", click.String(), "coupon", "spring 10%", "txid", "A-1"), nil)
	if row.Verdict != event.Accepted || strings.Contains(row.Detail, "Anna") {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	c.settled("pub_1", 600)
	// A sender without a token is believed no more.
	c.adv.TokenRequired = false
	if row := c.postback(q("click_id", c.click().String(), "coupon", "spring 10%", "txid", "A-2")); row.Verdict != event.Accepted || strings.Contains(row.Detail, "Anna") {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	if row := c.postback(q("coupon", "spring 10%", "txid", "A-3")); row.Verdict != event.MissingClick {
		t.Errorf("without a click: %s", row.Verdict)
	}
}

// TestCouponSameOrder: an order that comes with a click and with a coupon is one
// conversion, and stays with whom it was recorded for.
func TestCouponSameOrder(t *testing.T) {
	byClick := func(c *couponWorld, kv ...string) *inbox.Row {
		return c.postback(q(append([]string{"token", "tok_shop", "txid", "A-1", "click_id", c.click().String()}, kv...)...))
	}
	byCoupon := func(c *couponWorld, kv ...string) *inbox.Row {
		return c.postback(q(append([]string{"token", "tok_shop", "txid", "A-1", "coupon", "spring 10%"}, kv...)...))
	}
	byPixel := func(c *couponWorld, kv ...string) *inbox.Row {
		slots := attribution.Slots{}
		return c.pixel(q(append([]string{"key", "pixelkey", "txid", "A-1", "click_id", c.click().String()}, kv...)...), slots)
	}
	type say func(c *couponWorld, kv ...string) *inbox.Row
	for name, test := range map[string]struct {
		precedence    string
		first, second say
		more          []string // of the second
		want          event.Verdict
		publisher     string
		commission    int64
		says          string
	}{
		"click, then coupon":                     {catalog.ClickWins, byClick, byCoupon, nil, event.Duplicate, "pub_1", 600, "It stays with the publisher"},
		"coupon, then click":                     {catalog.ClickWins, byCoupon, byClick, nil, event.Conflict, "pub_2", 700, "recorded before for Anna (pub_2) (matched by coupon), and now comes for Blog (pub_1)"},
		"click, then coupon, coupon wins":        {catalog.CouponWins, byClick, byCoupon, nil, event.Conflict, "pub_1", 600, "and now comes for Anna"},
		"coupon, then click, coupon wins":        {catalog.CouponWins, byCoupon, byClick, nil, event.Duplicate, "pub_2", 700, "It stays"},
		"coupon, then refused with a click":      {catalog.ClickWins, byCoupon, byClick, []string{"amount", "5"}, event.Conflict, "pub_2", 700, ""},
		"another coupon":                         {catalog.ClickWins, byCoupon, byCoupon, []string{"coupon", "SUMMER"}, event.Conflict, "pub_2", 700, "now comes for Blog"},
		"coupon, then both":                      {catalog.CouponWins, byCoupon, byClick, []string{"coupon", "spring 10%"}, event.Duplicate, "pub_2", 700, ""},
		"pixel, then coupon":                     {catalog.ClickWins, byPixel, byCoupon, nil, event.Conflict, "pub_1", 600, "now comes for Anna"},
		"pixel, then coupon, coupon wins":        {catalog.CouponWins, byPixel, byCoupon, nil, event.Accepted, "pub_2", 700, ""},
		"pixel, then its own publisher's coupon": {catalog.CouponWins, byPixel, byCoupon, []string{"coupon", "SUMMER"}, event.Duplicate, "pub_1", 600, ""},
		"pixel, then both, coupon wins":          {catalog.CouponWins, byPixel, byClick, []string{"coupon", "spring 10%"}, event.Accepted, "pub_2", 700, "the coupon wins"},
		"coupon, then pixel":                     {catalog.ClickWins, byCoupon, byPixel, nil, event.Duplicate, "pub_2", 700, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCouponWorld(t, test.precedence)
			if row := test.first(c); row.Verdict != event.Accepted {
				t.Fatalf("first: %s %s", row.Verdict, row.Detail)
			}
			row := test.second(c, test.more...)
			if row.Verdict != test.want || !strings.Contains(row.Detail, test.says) {
				t.Errorf("second: %s: %s", row.Verdict, row.Detail)
			}
			if test.want == event.Duplicate && event.FromPage(row.Kind) && strings.Contains(row.Detail, "pub_") {
				t.Errorf("a page is told %s", row.Detail)
			}
			c.settled(test.publisher, test.commission)
		})
	}
	// What is refused is the order, whoever earned it.
	c := newCouponWorld(t, catalog.ClickWins)
	byCoupon(c)
	if row := byClick(c, "status", "rejected"); row.Verdict != event.Updated || len(c.balances()) != 0 {
		t.Errorf("refused: %s %s, %v", row.Verdict, row.Detail, c.balances())
	}
	// A setting that changed since does not stand in the way of the conversion's own news.
	c = newCouponWorld(t, catalog.CouponWins)
	click := c.click().String()
	both := []string{"token", "tok_shop", "txid", "A-1", "click_id", click, "coupon", "spring 10%"}
	c.postback(q(both...))
	c.offer.CouponPrecedence = catalog.ClickWins
	if row := c.postback(q(append(both, "status", "approved")...)); row.Verdict != event.Updated || c.one().Publisher != "pub_2" {
		t.Errorf("approved: %s %s", row.Verdict, row.Detail)
	}
}

// TestCouponEntered: an operator names no advertiser, so a code that several have needs
// its offer.
func TestCouponEntered(t *testing.T) {
	for name, test := range map[string]struct {
		entry     conversion.Entry
		want      event.Verdict
		offer     string
		publisher string
	}{
		"of one":          {conversion.Entry{Coupon: "spring 10%", TxID: "A-1"}, event.Accepted, "off_1", "pub_2"},
		"of two":          {conversion.Entry{Coupon: "Summer", TxID: "A-1"}, event.UnknownCoupon, "", ""},
		"of two, named":   {conversion.Entry{Coupon: "Summer", TxID: "A-1", Offer: "off_3"}, event.Accepted, "off_3", "pub_1"},
		"another offer":   {conversion.Entry{Coupon: "Summer", TxID: "A-1", Offer: "off_2"}, event.OfferMismatch, "", ""},
		"no such offer":   {conversion.Entry{Coupon: "Summer", TxID: "A-1", Offer: "off_x"}, event.OfferMismatch, "", ""},
		"unknown":         {conversion.Entry{Coupon: "x", TxID: "A-1"}, event.UnknownCoupon, "", ""},
		"foreign":         {conversion.Entry{Coupon: "FOREIGN", TxID: "A-1"}, event.UnknownCoupon, "", ""},
		"no order number": {conversion.Entry{Coupon: "spring 10%"}, event.MissingOrder, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCouponWorld(t, catalog.ClickWins)
			row := c.upload(test.entry)
			if row.Verdict != test.want {
				t.Fatalf("%s: %s", row.Verdict, row.Detail)
			}
			if test.want != event.Accepted {
				return
			}
			if cv := c.one(); cv.Offer != test.offer || cv.Publisher != test.publisher || cv.Method != conversion.MatchCoupon {
				t.Errorf("%+v", cv)
			}
		})
	}
}

// TestCouponCapsAndRepricing: both go by the coupon's publisher and need no click.
func TestCouponCapsAndRepricing(t *testing.T) {
	c := newCouponWorld(t, catalog.ClickWins)
	c.offer.Caps = []catalog.Cap{{Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: 1, Publisher: "pub_2"}}
	c.offer.CapStates, c.offer.CapTimeZone, c.offer.OverCap = []string{"pending", "approved"}, "UTC", catalog.OverCapHold
	for i, held := range []bool{false, true} {
		row := c.postback(q("token", "tok_shop", "coupon", "spring 10%", "txid", string(rune('a'+i))))
		if row.Verdict != event.Accepted || strings.Contains(row.Detail, "held until") != held {
			t.Errorf("%d: %s %s", i, row.Verdict, row.Detail)
		}
	}
	c.enr2.CommissionPercent = "50"
	r := c.reprice(c.conversions()[1], true)
	if r.After == nil || r.After.Commission != 500 || r.After.CouponNote == "" {
		t.Errorf("repriced %+v", r)
	}
	if f := c.facts(); f.Commission != 1200 || f.Conversions != 2 {
		t.Errorf("facts %+v", f)
	}
}
