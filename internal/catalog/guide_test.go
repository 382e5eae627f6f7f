package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGuidesAreTheSamples: what a guide says to paste into a page is what the sample of
// its name has in it, which the browser tests run.
func TestGuidesAreTheSamples(t *testing.T) {
	const folder = "../../samples/shop"
	for id, texts := range guidePage {
		for i, name := range []string{"landing", "thanks"} {
			b, err := os.ReadFile(filepath.Join(folder, id+"-"+name+".html"))
			if texts[i] == "" && os.IsNotExist(err) {
				continue
			}
			if err != nil || string(b) != texts[i] {
				t.Errorf("%s, %s: guide and sample differ: %v", id, name, err)
			}
		}
	}
	files, err := filepath.Glob(folder + "/*.html")
	if err != nil || len(files) != 7 {
		t.Errorf("%d pages of samples, %v; want 7, each in a guide", len(files), err)
	}
	main, err := os.ReadFile(folder + "/shop.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range Guides(&Offer{}, nil, "") {
		if !strings.Contains(string(main), `"`+g.ID+`":`) {
			t.Errorf("the guide %s has no sample", g.ID)
		}
	}
}

// TestGuidesHaveTheOffersValues: nothing is left for somebody to look up but what only the
// shop knows.
func TestGuidesHaveTheOffersValues(t *testing.T) {
	adv := &Advertiser{Name: "Shop", ClickParam: "refid", Token: "tok_1", CookieDays: 28}
	o := &Offer{Key: "pk1", Currency: "EUR", URL: "https://shop.example/", Tracking: TrackPostback}
	all := map[string]string{}
	for _, g := range Guides(o, adv, "https://go.example/") {
		for _, s := range g.Steps {
			all[g.ID] += s.What + "\n" + s.Text + "\n"
		}
		if strings.Contains(all[g.ID], "TRACKER") || strings.Contains(all[g.ID], "PIXEL_KEY") || strings.Contains(all[g.ID], "COOKIE_") || strings.Contains(all[g.ID], "CLICK_PARAM") {
			t.Errorf("%s is not filled in:\n%s", g.ID, all[g.ID])
		}
		if g.Fits == (g.ID == "pixel") {
			t.Errorf("%s fits an offer of postbacks: %v", g.ID, g.Fits)
		}
		page := guidePage[g.ID] != [2]string{}
		if strings.Contains(all[g.ID], "tok_1") == page {
			t.Errorf("%s: the token belongs into what servers call, and into no page:\n%s", g.ID, all[g.ID])
		}
	}
	for id, want := range map[string][]string{
		"server-cookie": {"brings refid", "Max-Age=2419200;", "https://go.example/postback?click_id=CLICK_ID&txid=ORDER_NUMBER&amount=ORDER_AMOUNT&currency=EUR&click_from=cookie&token=tok_1"},
		"hidden-field":  {`name="click_id"`, "click_from=form"},
		"url":           {"/checkout?refid=CLICK_ID", "click_from=url"},
		"session":       {"click_from=session"},
		"page-cookie":   {".get('refid')", "max-age=2419200", "https://go.example/pixel?", "key: 'pk1'"},
		"javascript":    {".get('refid')", "currency: 'EUR'"},
		"script":        {`data-param="refid" data-days="28"></script>`, `https://go.example/tag.js`},
		"pixel":         {"key=pk1&amp;txid=ORDER_NUMBER"},
	} {
		for _, w := range want {
			if !strings.Contains(all[id], w) {
				t.Errorf("%s lacks %s:\n%s", id, w, all[id])
			}
		}
	}
	o.Attribution, o.Tracking = FirstClick, TrackPixel
	for _, g := range Guides(o, adv, "https://go.example") {
		if g.ID == "script" && !strings.Contains(g.Steps[0].Text, `data-days="28" data-first>`) || g.ID == "server-cookie" && !strings.Contains(g.Steps[0].What, "first click earns") {
			t.Errorf("%s does not keep the first click: %+v", g.ID, g.Steps[0])
		}
		if g.Fits != (g.ID == "pixel") {
			t.Errorf("%s fits an offer of pixels whose URL has no click id: %v", g.ID, g.Fits)
		}
	}
}
