package app

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// page reports an order from the confirmation page in a customer's browser.
type page func(x *integration, c *http.Client, order, amount string)

// byPixel loads the pixel: the tracker's own cookie says which click it was.
func byPixel(x *integration, c *http.Client, order, amount string) {
	x.t.Helper()
	q := url.Values{"key": {x.key()}, "txid": {order}, "amount": {amount}, "currency": {"USD"}}
	res, err := c.Get(x.url + "/pixel.gif?" + q.Encode())
	if err != nil {
		x.t.Fatal(err)
	}
	res.Body.Close()
}

// byScript sends what /tag.js sends, with the click id that the shop's own page kept.
func byScript(x *integration, c *http.Client, order, amount string) {
	x.t.Helper()
	shop, err := url.Parse(x.shop.URL)
	if err != nil {
		x.t.Fatal(err)
	}
	q := url.Values{"key": {x.key()}, "txid": {order}, "amount": {amount}, "currency": {"USD"}}
	for _, k := range c.Jar.Cookies(shop) {
		if k.Name == "ref" {
			q.Set("click_id", k.Value)
		}
	}
	res, err := c.Post(x.url+"/event", "application/x-www-form-urlencoded;charset=UTF-8", strings.NewReader(q.Encode()))
	if err != nil {
		x.t.Fatal(err)
	}
	res.Body.Close()
}

func (x *integration) key() string {
	x.t.Helper()
	return fmt.Sprint(x.api("GET", x.path(""), nil)["key"])
}

// TestTheWizardByPage: the two test conversions by the ways that need no server of the
// shop's. A page's mistakes are named; its orders pass and count nowhere.
func TestTheWizardByPage(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	for method, report := range map[string]page{"pixel": byPixel, "script": byScript} {
		t.Run(method, func(t *testing.T) {
			s := &server{t: t, app: s.app, url: s.url, data: s.data}
			x := newIntegration(t, s)
			before := s.whole(x.market)
			r := x.api("POST", x.path("/test"), map[string]any{"method": method})
			link := strings.Replace(fmt.Sprint(r["test_url"]), "http://track.example", x.url, 1)
			c := x.shop.customer(link)

			report(x, c, "", "12.50")
			x.fault("first", "missing_order_number")
			report(x, c, "P-0", "12,50")
			x.fault("first", "invalid_amount")
			stranger := x.shop.customer(x.shop.URL + "/") // who never opened the test link
			report(x, stranger, "P-0", "12.50")
			x.fault("first", "click_id_missing")
			report(x, c, "P-1", "12.50")
			x.until("the first conversion", func(t test) bool { return t.Run.Steps[2].State == "passed" && t.Run.Steps[3].State == "waiting" })
			report(x, c, "P-1", "12.50")
			x.fault("second", "same_order_number")
			report(x, c, "P-2", "20.00")
			got := x.until("the end", func(t test) bool { return t.Run.State != "running" })
			if got.Run.State != "passed" || !got.Passed {
				t.Fatalf("%+v", got)
			}
			want := map[string]string{"txid": "P-2", "amount": "20.00", "currency": "USD"}
			for _, st := range got.Run.Steps {
				switch st.ID {
				case "values":
					seen := 0
					for _, p := range st.Parsed {
						if w, ok := want[p.Param]; ok && p.Raw == w && strings.Contains(p.Value, w) && p.Problem == "" {
							seen++
						}
					}
					if seen != len(want) {
						t.Errorf("parsed %+v", st.Parsed)
					}
				case "replay":
					if st.Verdict != "duplicate" || len(st.Signals) != 1 {
						t.Errorf("replay %+v", st)
					}
				case "wrong_token": // a page carries none
					if st.State == "failed" || len(st.Signals) != 0 {
						t.Errorf("wrong token %+v", st)
					}
				}
			}
			same(t, before, s.whole(x.market))
			if code := x.patchStatus("active", ""); code != http.StatusOK {
				t.Errorf("going live after a passed test answered %d", code)
			}
		})
	}
	wantVerified(t, s.app)
}

// TestTheTestLinkGoesByTheTrackingDomain: what is opened in a test is what visitors open.
func TestTheTestLinkGoesByTheTrackingDomain(t *testing.T) {
	t.Parallel()
	s, dns, port := startOn(t, "track.example")
	x := newIntegration(t, s)
	in := "?workspace=" + x.workspace
	dns.Set("go.brand.example", "127.0.0.1")
	began := func() string { return fmt.Sprint(x.api("POST", x.path("/test"), map[string]any{})["test_url"]) }
	if got := began(); !strings.HasPrefix(got, "http://track.example:"+port+"/c/") {
		t.Errorf("without a domain the test link is %s", got)
	}
	d := x.api("POST", "/domains", map[string]any{"workspace": x.workspace, "host": "go.brand.example", "default": true})
	x.api("POST", "/domains/"+fmt.Sprint(d["id"])+"/check"+in, nil)
	got := began()
	if !strings.HasPrefix(got, "http://go.brand.example:"+port+"/c/") {
		t.Fatalf("with a domain the test link is %s", got)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := s.ask(u.Host, "GET", u.Path); res.StatusCode != http.StatusFound || !strings.HasPrefix(res.Header.Get("Location"), x.shop.URL) {
		t.Errorf("it answers %s and leads to %s", res.Status, res.Header.Get("Location"))
	}
}
