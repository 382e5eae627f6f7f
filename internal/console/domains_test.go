package console

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/domains"
	"clickledger/internal/domains/dnstest"
)

// domains makes some tracking domains by the form: one that is well and the default, one of
// an advertiser that leads nowhere, and a registered domain. It gives the first two's ids.
func (w *world) domains(t *testing.T) (well, lost string) {
	t.Helper()
	dns := dnstest.New(t)
	dns.Set("go.acme-affiliates.com", "192.0.2.7", "2001:db8::7")
	w.srv.View = func() *catalog.View { return w.view }
	w.srv.origins.View = w.srv.View
	w.srv.Domains = domains.New(domains.Options{Catalog: w.cat, View: w.srv.View, Store: w.db.Domains(), Public: w.srv.PublicURL, Resolver: dns.Resolver(), Now: w.srv.Now})
	var ids []string
	for _, v := range []url.Values{
		{"host": {"Go.Acme.example."}, "root_url": {"https://www.acme.example/"}}, {"host": {"track.shoes.example"}, "advertiser": {w.advs[0].ID}}, {"host": {"acme-deals.com"}},
	} {
		res := w.request("POST", w.at("domains/new"), v)
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("domain %s: %d", v.Get("host"), res.StatusCode)
		}
		ids = append(ids, res.Header.Get("Location")[strings.LastIndex(res.Header.Get("Location"), "/")+1:])
	}
	_, err := w.cat.MarkDomain(t.Context(), "system", w.ws.ID, ids[0], catalog.StatusVerified, true)
	w.must(err)
	for _, id := range ids[1:] {
		if res := w.request("POST", w.at("domains/"+id+"/check"), url.Values{}); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("check: %d", res.StatusCode)
		}
	}
	if res := w.request("POST", w.at("domains/"+ids[0]+"/default"), url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("default: %d", res.StatusCode)
	}
	return ids[0], ids[1]
}

func TestDomains(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	well, lost := w.domains(t)
	has := func(path string, wants ...string) {
		t.Helper()
		page := w.page(path)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	has(w.at("domains"), "go.acme.example", "verified", "unverified", "track.shoes.example")
	has(w.at("domains/"+well), "CNAME record", `value="go.acme-affiliates.com"`, `data-copy="go.acme.example"`, "It leads here", "https://www.acme.example/")
	has(w.at("domains/"+lost), "not_resolvable", "has no address yet", w.advs[0].Name)
	has(w.at("domains?q=acme-deals"), "acme-deals.com")
	// What is shown is shown with the default, and the old address still stands where it is said.
	has(w.at("links/"+w.lnks[0].ID), `value="https://go.acme.example/c/`+w.lnks[0].Key)
	has(w.at("offers/"+w.offs[0].ID), "https://go.acme.example/postback?", "https://go.acme.example/tag.js")
	has(w.at("settings"), "https://go.acme.example")
	// Another one takes the default over.
	if res := w.request("POST", w.at("domains/"+lost+"/default"), url.Values{}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("default of the advertiser: %d", res.StatusCode)
	}
	_, err := w.cat.MarkDomain(t.Context(), "system", w.ws.ID, lost, catalog.StatusVerified, true)
	w.must(err)
	has(w.at("offers/"+w.offs[0].ID), "https://track.shoes.example/postback?")
	// What cannot be a domain is said at the field, and what was typed stays.
	for host, want := range map[string]string{"10.0.0.1": "IP address", "https://x.example/": "host name alone", "go.acme.example": "already", "localhost": "with a dot"} {
		res := w.request("POST", w.at("domains/new"), url.Values{"host": {host}})
		body, err := io.ReadAll(res.Body)
		w.must(err)
		if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, lacks %q", host, res.StatusCode, want)
		}
	}
	// Removing says first what it breaks.
	has(w.at("domains/"+well+"/remove"), "links answer on go.acme.example", "stop working at once")
	if res := w.request("POST", w.at("domains/"+well+"/archive"), url.Values{"archived": {"true"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("remove: %d", res.StatusCode)
	}
	if d := w.view.Domain("go.acme.example"); d != nil {
		t.Errorf("still there: %+v", d)
	}
	has(w.at("domains/"+well), "archived", "Restore")
}
