package edge

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// TestEveryClickToken: an offer URL with every token there is, and what each becomes for
// one visitor. A token that is added and not filled in here fails.
func TestEveryClickToken(t *testing.T) {
	w := newWorld(t)
	var query []string
	for _, id := range macro.ClickTokens.IDs() {
		name := macro.Tokens[id].Name
		query = append(query, name+"={"+name+"}")
	}
	w.apply(
		&catalog.Workspace{Meta: meta("ws"), IPMode: catalog.IPTruncated, Salt: "salt"},
		&catalog.Advertiser{Meta: meta("adv"), Name: "Shop & Co", ClickParam: "cid"},
		&catalog.Publisher{Meta: meta("pub"), Name: "Anna", Status: catalog.StatusActive},
		&catalog.Offer{Meta: meta("off1"), Name: "Shoes, spring", Advertiser: "adv", URL: "https://shop.example/p?" + strings.Join(query, "&") + "&h={sub1:hash}&d={sub9|or ganic}",
			Status: catalog.StatusActive, Key: "puboff1", CookieDays: 30, StaticURL: "https://shop.example/static?a=b", Currency: "USD",
			Keywords: []catalog.Keyword{{Param: "q", Value: "red shoes", Weight: 1}},
			Terms:    catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 1250}},
	)
	const agent = "Mozilla/5.0 (Linux; Android 14; SM-G991B Build/UP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
	res := w.get(t, "/c/k1?sub1=a%26b&sub2={clickid}&sub20=z&external_id=E1&source=news&keyword=theirs&cost=0.045",
		"User-Agent", agent, "Accept-Language", "de-DE,de;q=0.9", "Referer", "https://blog.example/shoes?p=2")
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	v := w.log.visits(t)[0]
	got := u.Query()
	want := map[string]string{
		"click_id": v.ID.String(), "click_number": dialect.ClickNumber(v.ID), "visit_id": v.ID.String(), "offer_id": "off1", "publisher_id": "pub", "advertiser_id": "adv", "link_id": "lnkk1",
		"offer_name": "Shoes, spring", "advertiser_name": "Shop & Co", "publisher_name": "Anna", "offer_static_url": "https://shop.example/static?a=b",
		"source": "news", "source_id": "", "source_name": "", "sub1": "a&b", "sub2": "", "sub20": "z", "external_id": "E1", "keyword": "red shoes", "cost": "0.045", "payout": "12.50",
		"device": "phone", "brand": "Samsung", "model": "SM-G991B", "os": "Android", "os_version": "14", "browser": "Chrome", "browser_version": "140",
		"language": "de-DE", "referrer": "https://blog.example/shoes?p=2", "referrer_domain": "blog.example", "user_agent": agent,
		"ip": "127.0.0.0", "country_code": "", "country": "", "region": "", "city": "", "isp": "", "connection": "",
		"timestamp": "1800000000", "timestamp_ms": "1800000000000", "date": "2027-01-15", "time": "08:00:00", "datetime": "2027-01-15T08:00:00Z",
		"year": "2027", "month": "01", "day": "15", "hour": "08", "weekday": "Friday",
		"campaign_id": "", "campaign_name": "", "path_id": "", "path_name": "", "lander_id": "", "lander_name": "", // come with campaigns
		"q": "red shoes", "d": "or ganic",
	}
	for i := 3; i < 20; i++ {
		want["sub"+string("0123456789"[i/10])+string("0123456789"[i%10])] = ""
	}
	patterns := map[string]string{"random": `^\d{10}$`, "random_hex": `^[0-9a-f]{32}$`, "h": `^[0-9a-f]{32}$`}
	for name, values := range got {
		value := values[0]
		if p, ok := patterns[name]; ok {
			if !regexp.MustCompile(p).MatchString(value) {
				t.Errorf("%s = %q", name, value)
			}
			continue
		}
		expect, known := want[name]
		if !known {
			expect = want["sub0"+strings.TrimPrefix(name, "sub")]
			_, known = want["sub0"+strings.TrimPrefix(name, "sub")]
		}
		if !known || value != expect {
			t.Errorf("%s = %q, want %q", name, value, expect)
		}
	}
	for _, id := range macro.ClickTokens.IDs() {
		if !got.Has(macro.Tokens[id].Name) {
			t.Errorf("%s is not in the URL", macro.Tokens[id].Name)
		}
	}
	if v.Keyword != "red shoes" || v.Unreplaced != 1<<1 || v.Subs[1] != "{clickid}" || v.Brand != "Samsung" {
		t.Errorf("visit %+v", v)
	}
}

// {ip} shows what the workspace allows, and nothing more is ever stored (G4).
func TestAddressByPrivacySetting(t *testing.T) {
	for mode, want := range map[string]string{catalog.IPFull: "127.0.0.1", catalog.IPTruncated: "127.0.0.0", "": "127.0.0.0", catalog.IPNone: ""} {
		w := newWorld(t)
		w.apply(&catalog.Workspace{Meta: meta("ws"), IPMode: mode},
			&catalog.Offer{Meta: meta("off1"), URL: "https://shop.example/?ip={ip}", Status: catalog.StatusActive, Key: "puboff1"})
		res := w.get(t, "/c/k1")
		if got := res.Header.Get("Location"); got != "https://shop.example/?ip="+want {
			t.Errorf("%s: %s", mode, got)
		}
		if v := w.log.visits(t)[0]; v.Addr != "127.0.0.0" {
			t.Errorf("%s: %s is stored", mode, v.Addr)
		}
	}
}

// A visitor of another country goes to the fallback offer, whose click it then is.
func TestFallbackOfferTakesTheClick(t *testing.T) {
	w := newWorld(t)
	w.apply(
		&catalog.Offer{Meta: meta("off1"), Advertiser: "adv", URL: "https://shop.example/", Status: catalog.StatusActive, Key: "puboff1", Devices: []string{"tv"}, FallbackOffer: "off2"},
		&catalog.Offer{Meta: meta("off2"), Advertiser: "adv2", URL: "https://two.example/?c={click_id}", Status: catalog.StatusActive, Key: "puboff2", CookieDays: 30},
	)
	res := w.get(t, "/c/k1", "User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	v := w.log.visits(t)[0]
	if got := res.Header.Get("Location"); got != "https://two.example/?c="+v.ID.String() {
		t.Errorf("went to %s", got)
	}
	if !v.Click || v.Offer != "off2" || v.Wanted != "off1" || v.Advertiser != "adv2" || v.Reason != "device_blocked" || v.Publisher != "pub" {
		t.Errorf("visit %+v", v.Dims)
	}
}

// The click id's number in an offer's URL leads back to the click.
func TestClickNumberLeadsBack(t *testing.T) {
	w := newWorld(t)
	row := smallCatalog()
	for _, e := range row {
		if o, ok := e.(*catalog.Offer); ok && o.ID == "off1" {
			o.URL = "https://shop.example/p?ckm_request_id={click_number}"
		}
	}
	w.apply(row...)
	res := w.get(t, "/c/k1")
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	number := to.Query().Get("ckm_request_id")
	r, refusal := dialect.Parse(&event.Signal{Kind: event.SignalPostback, Dialect: "cake/pb", Query: "f=pb&r=" + number})
	if v := w.log.visits(t); refusal != nil || len(v) != 1 || r.ClickID != v[0].ID.String() || strings.Trim(number, "0123456789") != "" {
		t.Errorf("%s is read as %q, %v", number, r.ClickID, refusal)
	}
}
