package routing

import (
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// fixture is a catalog in which everything is in order: link k1 of publisher pub to
// offer off, and house link house to the same offer. Tests change one thing in it.
type fixture struct {
	workspace  *catalog.Workspace
	advertiser *catalog.Advertiser
	offer      *catalog.Offer
	publisher  *catalog.Publisher
	enrollment *catalog.Enrollment
	link       *catalog.Link
	house      *catalog.Link
}

func meta(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: "ws"} }

func newFixture() *fixture {
	return &fixture{
		workspace:  &catalog.Workspace{Meta: meta("ws"), FallbackURL: "https://ws.example/gone?s={sub1}"},
		advertiser: &catalog.Advertiser{Meta: meta("adv"), ClickParam: "cid"},
		offer: &catalog.Offer{Meta: meta("off"), Advertiser: "adv", URL: "https://shop.example/p?ref={click_id}&page=1&s={sub1}#top",
			Status: catalog.StatusActive, Key: "pubkey", CookieDays: 30, DeepLinks: []string{"shop.example"}},
		publisher:  &catalog.Publisher{Meta: meta("pub"), Status: catalog.StatusActive},
		enrollment: &catalog.Enrollment{Meta: meta("enr"), Offer: "off", Publisher: "pub", Status: catalog.Approved},
		link:       &catalog.Link{Meta: meta("lnk"), Key: "k1", Offer: "off", Publisher: "pub", Status: catalog.StatusActive},
		house:      &catalog.Link{Meta: meta("lnk2"), Key: "house", Offer: "off", Status: catalog.StatusActive},
	}
}

func (f *fixture) snapshot() *Snapshot {
	b := NewBuilder()
	var rows []catalog.Entity
	if f.workspace != nil {
		rows = append(rows, f.workspace)
	}
	if f.advertiser != nil {
		rows = append(rows, f.advertiser)
	}
	if f.offer != nil {
		rows = append(rows, f.offer)
	}
	if f.publisher != nil {
		rows = append(rows, f.publisher)
	}
	if f.enrollment != nil {
		rows = append(rows, f.enrollment)
	}
	b.Apply(append(rows, f.link, f.house), 7)
	return b.Snapshot()
}

const (
	clickID = "019a2f4c81d00010007d0c5e3f9ab214"
	toShop  = "https://shop.example/p?ref=" + clickID + "&page=1&s=v%26%7Bclick_id%7D#top"
	toWS    = "https://ws.example/gone?s=v%26%7Bclick_id%7D"
)

func testValues() *macro.Values {
	return &macro.Values{macro.ClickID: clickID, macro.Sub1: "v&{click_id}"}
}

func TestRoute(t *testing.T) {
	closed := new(Overlay)
	closed.Close("off", "cap_daily")
	for name, tc := range map[string]struct {
		change   func(*fixture)
		key      string // default k1
		deepLink string
		overlay  *Overlay
		reason   string
		url      string
	}{
		"all in order":         {url: toShop},
		"house link":           {key: "house", url: toShop},
		"house link, no terms": {change: func(f *fixture) { f.publisher, f.enrollment = nil, nil }, key: "house", url: toShop},

		"link paused":            {change: func(f *fixture) { f.link.Status = catalog.StatusPaused }, reason: LinkPaused, url: toWS},
		"link archived":          {change: func(f *fixture) { f.link.Archived = true }, reason: LinkArchived, url: toWS},
		"offer paused":           {change: func(f *fixture) { f.offer.Status = catalog.StatusPaused }, reason: OfferPaused, url: toWS},
		"offer of no status":     {change: func(f *fixture) { f.offer.Status = "" }, reason: OfferPaused, url: toWS},
		"offer draft":            {change: func(f *fixture) { f.offer.Status = catalog.StatusDraft }, reason: OfferDraft, url: toWS},
		"offer archived":         {change: func(f *fixture) { f.offer.Archived = true }, reason: OfferArchived, url: toWS},
		"offer gone":             {change: func(f *fixture) { f.offer = nil }, reason: NoDestination, url: toWS},
		"offer elsewhere":        {change: func(f *fixture) { f.offer.Workspace = "other" }, reason: NoDestination, url: toWS},
		"offer closed":           {overlay: closed, reason: "cap_daily", url: toWS},
		"publisher pending":      {change: func(f *fixture) { f.publisher.Status = catalog.StatusPending }, reason: PublisherInactive, url: toWS},
		"publisher banned":       {change: func(f *fixture) { f.publisher.Status = catalog.StatusBanned }, reason: PublisherInactive, url: toWS},
		"publisher archived":     {change: func(f *fixture) { f.publisher.Archived = true }, reason: PublisherInactive, url: toWS},
		"publisher gone":         {change: func(f *fixture) { f.publisher = nil }, reason: PublisherInactive, url: toWS},
		"enrollment paused":      {change: func(f *fixture) { f.enrollment.Status = catalog.Paused }, reason: EnrollmentPaused, url: toWS},
		"invited":                {change: func(f *fixture) { f.enrollment.Status = catalog.Invited }, reason: EnrollmentMissing, url: toWS},
		"application withdrawn":  {change: func(f *fixture) { f.enrollment.Status = catalog.Withdrawn }, reason: EnrollmentMissing, url: toWS},
		"enrollment revoked":     {change: func(f *fixture) { f.enrollment.Status = catalog.Revoked }, reason: EnrollmentRevoked, url: toWS},
		"enrollment applied":     {change: func(f *fixture) { f.enrollment.Status = catalog.Applied }, reason: EnrollmentMissing, url: toWS},
		"enrollment rejected":    {change: func(f *fixture) { f.enrollment.Status = catalog.Rejected }, reason: EnrollmentMissing, url: toWS},
		"enrollment archived":    {change: func(f *fixture) { f.enrollment.Archived = true }, reason: EnrollmentMissing, url: toWS},
		"enrollment gone":        {change: func(f *fixture) { f.enrollment = nil }, reason: EnrollmentMissing, url: toWS},
		"offer's URL is bad":     {change: func(f *fixture) { f.offer.URL = "javascript:alert(1)" }, reason: NoDestination, url: toWS},
		"offer's URL is missing": {change: func(f *fixture) { f.offer.URL = "" }, reason: NoDestination, url: toWS},
		"unknown token":          {change: func(f *fixture) { f.offer.URL = "https://shop.example/{clck_id}" }, reason: NoDestination, url: toWS},
		"paused beats closed":    {change: func(f *fixture) { f.offer.Status = catalog.StatusPaused }, overlay: closed, reason: OfferPaused, url: toWS},

		"the offer's fallback first": {change: func(f *fixture) {
			f.link.Status, f.offer.FallbackURL = catalog.StatusPaused, "https://off.example/"
		}, reason: LinkPaused, url: "https://off.example/"},
		"a bad fallback is passed over": {change: func(f *fixture) {
			f.link.Status, f.offer.FallbackURL = catalog.StatusPaused, "https://user@off.example/"
		}, reason: LinkPaused, url: toWS},
		"no fallback at all": {change: func(f *fixture) {
			f.link.Status, f.workspace.FallbackURL = catalog.StatusPaused, ""
		}, reason: LinkPaused},
		"no workspace": {change: func(f *fixture) { f.link.Status, f.workspace = catalog.StatusPaused, nil }, reason: LinkPaused},

		"append to a URL without the id": {change: func(f *fixture) {
			f.offer.URL, f.offer.AppendClickID = "https://shop.example/p?a=1#top", true
		}, url: "https://shop.example/p?a=1&cid=" + clickID + "#top"},
		"append over an empty one": {change: func(f *fixture) {
			f.offer.URL, f.offer.AppendClickID = "https://shop.example/p?cid=&a=1", true
		}, url: "https://shop.example/p?a=1&cid=" + clickID},
		"append without an advertiser": {change: func(f *fixture) {
			f.offer.URL, f.offer.AppendClickID, f.advertiser = "https://shop.example/p", true, nil
		}, url: "https://shop.example/p?click_id=" + clickID},
		"nothing to append": {change: func(f *fixture) { f.offer.AppendClickID = true }, url: toShop},

		"deep link": {deepLink: "https://shop.example/deep?x={sub1}&ref=forged#f",
			url: "https://shop.example/deep?x={sub1}&ref=" + clickID + "&s=v%26%7Bclick_id%7D#f"},
		"deep link, id in the path": {change: func(f *fixture) { f.offer.URL = "https://shop.example/r/{click_id}" },
			deepLink: "https://shop.example/deep", url: "https://shop.example/deep?cid=" + clickID},
		"deep link, no id wanted": {change: func(f *fixture) { f.offer.URL = "https://shop.example/" },
			deepLink: "https://shop.example/deep", url: "https://shop.example/deep"},
		"deep link, id appended": {change: func(f *fixture) { f.offer.URL, f.offer.AppendClickID = "https://shop.example/", true },
			deepLink: "https://shop.example/deep", url: "https://shop.example/deep?cid=" + clickID},
		"deep link to another host": {deepLink: "https://evil.example/", reason: DeepLinkDenied, url: toShop},
		"deep link by plain http":   {deepLink: "http://shop.example/", reason: DeepLinkDenied, url: toShop},
		"deep link with user name":  {deepLink: "https://shop.example@evil.example/", reason: DeepLinkInvalid, url: toShop},
		"deep link to a scheme":     {deepLink: "javascript:alert(1)", reason: DeepLinkInvalid, url: toShop},
		"deep link, CR LF":          {deepLink: "https://shop.example/\r\nSet-Cookie: a=b", reason: DeepLinkInvalid, url: toShop},
		"deep link, empty list": {change: func(f *fixture) { f.offer.DeepLinks = nil },
			deepLink: "https://shop.example/", reason: DeepLinkDenied, url: toShop},
		"deep link of a paused link": {change: func(f *fixture) { f.link.Status = catalog.StatusPaused },
			deepLink: "https://shop.example/", reason: LinkPaused, url: toWS},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture()
			if tc.change != nil {
				tc.change(f)
			}
			key := tc.key
			if key == "" {
				key = "k1"
			}
			d := f.snapshot().Route(key, tc.deepLink, Visitor{}, tc.overlay)
			if d.Reason != tc.reason {
				t.Errorf("reason %q, want %q", d.Reason, tc.reason)
			}
			if got := string(d.AppendURL(nil, testValues())); got != tc.url {
				t.Errorf("URL\n got %s\nwant %s", got, tc.url)
			}
			if (d.Template != nil) != (tc.reason == "" || tc.reason == DeepLinkDenied || tc.reason == DeepLinkInvalid) {
				t.Errorf("a click: %v, for reason %q", d.Template != nil, d.Reason)
			}
		})
	}
}

func TestRouteUnknownKey(t *testing.T) {
	for _, key := range []string{"", "nope", "K1", "k1\x00"} {
		if d := newFixture().snapshot().Route(key, "https://shop.example/", Visitor{}, nil); d.Link != nil || d.Reason != "" {
			t.Errorf("key %q: %+v", key, d)
		}
	}
}

func TestOverlayOpensAgain(t *testing.T) {
	s, o := newFixture().snapshot(), new(Overlay)
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, ""},
		{func() { o.Open("off") }, ""},
		{func() { o.Close("other", "x") }, ""},
		{func() { o.Close("off", "cap_daily") }, "cap_daily"},
		{func() { o.Open("off") }, ""},
	} {
		step.do()
		if d := s.Route("k1", "", Visitor{}, o); d.Reason != step.want {
			t.Errorf("reason %q, want %q", d.Reason, step.want)
		}
	}
	if why, closed := o.Closed("other"); !closed || why != "x" {
		t.Errorf("other: %q %v", why, closed)
	}
}

func TestUsesNamesWhatTheURLShows(t *testing.T) {
	f := newFixture()
	s := f.snapshot()
	d := s.Route("k1", "", Visitor{}, nil)
	if !d.Uses(macro.ClickID) || !d.Uses(macro.Sub1) || d.Uses(macro.Country) {
		t.Error("destination")
	}
	d = s.Route("k1", "https://shop.example/x", Visitor{}, nil)
	if !d.Uses(macro.ClickID) || d.Uses(macro.Country) {
		t.Error("deep link")
	}
	f.link.Status = catalog.StatusPaused
	d = f.snapshot().Route("k1", "", Visitor{}, nil)
	if d.Uses(macro.ClickID) || !d.Uses(macro.Sub1) {
		t.Error("fallback")
	}
	f.workspace = nil
	d = f.snapshot().Route("k1", "", Visitor{}, nil)
	if d.Uses(macro.Sub1) {
		t.Error("404 page")
	}
}
