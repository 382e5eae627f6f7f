package catalog

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"clickledger/internal/macro"
)

func trackedOffer(change func(*Offer)) *Offer {
	o := &Offer{URL: "https://shop.example/?c={click_id}", Key: "pk1", Currency: "EUR", InitialStatus: "pending", GeoSource: GeoClick,
		Terms: Terms{PayoutKind: PayoutPostback, Precedence: PostbackWins, CommissionKind: CommissionNone}}
	if change != nil {
		change(o)
	}
	return o
}

// network is an advertiser made from a template.
func network(t *testing.T, id string) *Advertiser {
	t.Helper()
	n, ok := FindNetworkTemplate(id)
	if !ok {
		t.Fatalf("no template %s", id)
	}
	a := &Advertiser{Name: n.Name, Type: TypeNetwork, Token: "tok/1", TokenRequired: true}
	n.fill(a)
	return a
}

func method(t *testing.T, ms []Method, id string) Method {
	t.Helper()
	i := slices.IndexFunc(ms, func(m Method) bool { return m.ID == id })
	if i < 0 {
		t.Fatalf("no method %s", id)
	}
	return ms[i]
}

func TestTrackingTexts(t *testing.T) {
	flex, affise, merchant := network(t, "flexoffers"), network(t, "affise"), &Advertiser{Name: "Shoe shop", Type: TypeMerchant, Token: "tok", TokenRequired: true, ClickParam: "click_id"}
	own := network(t, "generic")
	own.Macros = Macros{ClickID: "[cid]", Status: "[st]", Goal: "[g&h]"}
	fixed := func(o *Offer) { o.PayoutKind, o.Payout = PayoutFixed, 500 }
	percent := func(o *Offer) { o.PayoutKind, o.PayoutPercent = PayoutPercent, "8" }
	for name, c := range map[string]struct {
		adv      *Advertiser
		change   func(*Offer)
		optional bool
		id, want string
	}{
		"network, auto":            {flex, nil, false, MethodPostback, "https://go.example/postback?click_id=#fobs#&payout=#ca#&txid=#on#&token=tok%2F1"},
		"network, all":             {flex, nil, true, MethodPostback, "https://go.example/postback?click_id=#fobs#&payout=#ca#&amount=#sa#&currency=EUR&txid=#on#&token=tok%2F1"},
		"network, manual":          {affise, fixed, false, MethodPostback, "https://go.example/postback?click_id={sub1}&txid={transactionid}&token=tok%2F1"},
		"network, percentage":      {affise, percent, false, MethodPostback, "https://go.example/postback?click_id={sub1}&amount={order_sum}&txid={transactionid}&token=tok%2F1"},
		"status and goal":          {own, fixed, true, MethodPostback, "https://go.example/postback?click_id=[cid]&currency=EUR&status=[st]&goal=[g%26h]&token=tok%2F1"},
		"a needed macro unknown":   {own, nil, false, MethodPostback, "https://go.example/postback?click_id=[cid]&payout={FILL_IN_PAYOUT}&token=tok%2F1"},
		"merchant, manual":         {merchant, fixed, false, MethodPostback, "https://go.example/postback?click_id={FILL_IN_CLICK_ID}&token=tok"},
		"merchant, all":            {merchant, nil, true, MethodPostback, "https://go.example/postback?click_id={FILL_IN_CLICK_ID}&payout={FILL_IN_PAYOUT}&amount={FILL_IN_AMOUNT}&currency=EUR&txid={FILL_IN_TXID}&status={FILL_IN_STATUS}&goal={FILL_IN_GOAL}&token=tok"},
		"nobody":                   {nil, fixed, false, MethodPostback, "https://go.example/postback?click_id={FILL_IN_CLICK_ID}"},
		"order number required":    {merchant, func(o *Offer) { fixed(o); o.RequireOrder = true }, false, MethodPostback, "https://go.example/postback?click_id={FILL_IN_CLICK_ID}&txid={FILL_IN_TXID}&token=tok"},
		"the postback's country":   {merchant, func(o *Offer) { fixed(o); o.GeoSource = GeoPostback; o.GeoPayouts = []GeoPayout{{"US", 1}} }, false, MethodPostback, "https://go.example/postback?click_id={FILL_IN_CLICK_ID}&geo={FILL_IN_GEO}&token=tok"},
		"pixel":                    {merchant, fixed, false, MethodPixel, `<img src="https://go.example/pixel.gif?key=pk1" width="1" height="1" alt="">`},
		"pixel, all":               {merchant, fixed, true, MethodPixel, `<img src="https://go.example/pixel.gif?key=pk1&amp;amount={FILL_IN_AMOUNT}&amp;currency=EUR&amp;txid={FILL_IN_TXID}&amp;goal={FILL_IN_GOAL}" width="1" height="1" alt="">`},
		"pixel URL, network, auto": {flex, nil, true, MethodPixelURL, "https://go.example/pixel.gif?key=pk1&payout=#ca#&amount=#sa#&currency=EUR&txid=#on#"},
		"script":                   {merchant, fixed, false, MethodScript, "<script>window.clickledger=window.clickledger||function(){(clickledger.q=clickledger.q||[]).push(arguments)};clickledger('conversion',{key:'pk1'});</script>\n<script async src=\"https://go.example/tag.js?v=v1\" data-param=\"c\"></script>"},
		"script, all":              {merchant, percent, true, MethodScript, "<script>window.clickledger=window.clickledger||function(){(clickledger.q=clickledger.q||[]).push(arguments)};clickledger('conversion',{key:'pk1', amount:'', currency:'EUR', order:'', goal:''});</script>\n<script async src=\"https://go.example/tag.js?v=v1\" data-param=\"c\"></script>"},
	} {
		m := method(t, Tracking(trackedOffer(c.change), c.adv, "https://go.example/", "v1", c.optional), c.id)
		if m.Text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, m.Text, c.want)
		}
		if m.Label == "" || m.Help == "" || m.Recommended != (m.ID == MethodPostback) {
			t.Errorf("%s: %+v", name, m)
		}
	}
	// The script is told where the click id arrives when it would not look there by itself.
	for param, want := range map[string]string{
		"https://shop.example/?ref={click_id}":        ` data-param="ref"`,
		"https://shop.example/?r%65f={cf_click_id}":   ` data-param="ref"`,
		"https://shop.example/?cid={click_id}&a=b":    "",
		"https://shop.example/?x=1":                   ` data-param="sub1"`, // appended under Affise's parameter
		"https://shop.example/?a={sub1}&s={click_id}": ` data-param="s"`,
	} {
		o := trackedOffer(nil)
		o.URL, o.AppendClickID = param, true
		m := method(t, Tracking(o, &Advertiser{Name: "N", ClickParam: "sub1"}, "https://go.example", "v1", false), MethodScript)
		if !strings.HasSuffix(m.Text, `tag.js?v=v1"`+want+`></script>`) {
			t.Errorf("%s: %s", param, m.Text)
		}
	}
	if text := method(t, Tracking(trackedOffer(nil), nil, "https://go.example", "", false), MethodScript).Text; strings.Contains(text, "?v") {
		t.Errorf("without a version: %s", text)
	}
}

func TestTrackingWarns(t *testing.T) {
	fixed := func(o *Offer) { o.PayoutKind, o.Payout = PayoutFixed, 500 }
	none := network(t, "zeydoo")
	none.Macros.Payout = ""
	archived := network(t, "affise")
	archived.Archived = true
	open := network(t, "affise")
	open.TokenRequired = false
	words := network(t, "affise")
	words.Macros.Status = "{status}"
	for name, c := range map[string]struct {
		adv      *Advertiser
		change   func(*Offer)
		optional bool
		id, says string
		not      bool
	}{
		"auto without a macro":     {none, nil, false, MethodPostback, "no payout macro is known for Zeydoo", false},
		"auto with one":            {network(t, "zeydoo"), nil, false, MethodPostback, "no payout macro", true},
		"gaps are named":           {nil, nil, false, MethodPostback, "{FILL_IN_PAYOUT} (what the conversion pays us)", false},
		"left out":                 {network(t, "flexoffers"), nil, true, MethodPostback, "no macro for status, goal", false},
		"#":                        {network(t, "cake"), nil, false, MethodPostback, "#s2# is replaced by the network", false},
		"no #":                     {network(t, "affise"), nil, false, MethodPostback, "#", true},
		"manual and sent":          {network(t, "affise"), fixed, true, MethodPostback, "instead of the fixed one", false},
		"manual wins":              {network(t, "affise"), func(o *Offer) { fixed(o); o.Precedence = ManualWins }, true, MethodPostback, "instead of the fixed one", true},
		"words":                    {words, nil, true, MethodPostback, "approved, pending, rejected or reversed", false},
		"nobody":                   {nil, nil, false, MethodPostback, "no token", false},
		"archived":                 {archived, nil, false, MethodPostback, "archived", false},
		"no token needed":          {open, nil, false, MethodPostback, "without the token", false},
		"URL without the click id": {network(t, "affise"), func(o *Offer) { o.URL = "https://shop.example/" }, false, MethodPostback, "does not pass the click id", false},
		"appended":                 {network(t, "affise"), func(o *Offer) { o.URL, o.AppendClickID = "https://shop.example/", true }, false, MethodPostback, "does not pass", true},
		"manual pixel":             {nil, fixed, false, MethodPixel, "is not believed", false},
		"auto pixel":               {nil, nil, false, MethodPixelURL, "anybody can change it", false},
		"pending all the same":     {nil, func(o *Offer) { o.InitialStatus = "approved" }, false, MethodScript, "begin as pending", false},
	} {
		m := method(t, Tracking(trackedOffer(c.change), c.adv, "https://go.example", "", c.optional), c.id)
		if all := strings.Join(m.Warnings, "\n"); strings.Contains(all, c.says) == c.not {
			t.Errorf("%s: %s", name, all)
		}
	}
}

// Whatever the macros hold, the parameters that arrive are those that were meant, a
// placeholder is recognised as one, and nothing breaks out of the markup.
func TestTrackingSurvivesHostileMacros(t *testing.T) {
	for _, m := range []string{`{a}&token=x`, `"><script>alert(1)</script>`, `'});alert(1);//`, `</script><b>`, "a b+c", `\u0027`, "ü✓", "{{a.b}}"} {
		a := &Advertiser{Name: "N", Type: TypeNetwork, Token: "tok", Macros: Macros{m, m, m, m, m, m, m}}
		for _, method := range Tracking(trackedOffer(nil), a, "https://go.example", "v1", true) {
			switch method.ID {
			case MethodPostback, MethodPixelURL:
				u, err := url.Parse(method.Text)
				if err != nil {
					t.Fatal(err)
				}
				for name, v := range u.Query() {
					if want := map[string]string{"token": "tok", "key": "pk1"}[name]; want == "" && v[0] != m || want != "" && v[0] != want || len(v) != 1 {
						t.Errorf("%s with %q: %s = %q", method.ID, m, name, v)
					}
				}
			default:
				doc, err := html.ParseFragment(strings.NewReader(method.Text), nil)
				if err != nil {
					t.Fatal(err)
				}
				n := strings.Count(method.Text, "<img") + strings.Count(method.Text, "</script>")
				if (method.ID == MethodPixel && n != 1) || (method.ID == MethodScript && n != 2) || len(doc) == 0 || strings.Contains(method.Text, "<b>") {
					t.Errorf("%s with %q: %s", method.ID, m, method.Text)
				}
			}
		}
	}
	for _, p := range trackingParams {
		if !macro.Unreplaced(gap(p).text) {
			t.Errorf("%s would be taken for a value", gap(p).text)
		}
	}
}
