package edge

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"clickledger/internal/catalog"
)

// sink is a ResponseWriter that keeps nothing, reused between requests as the header
// map of a connection is not: it shows the handler's own cost.
type sink struct {
	h      http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// large adds n links with an offer and a publisher for every hundred.
func large(n int) []catalog.Entity {
	var rows []catalog.Entity
	groups := max(n/100, 1)
	for i := range groups {
		id := fmt.Sprintf("%016d", i)
		rows = append(rows,
			&catalog.Offer{Meta: meta("off_" + id), Advertiser: "adv", Status: catalog.StatusActive, Key: "key" + id, CookieDays: 30,
				URL: "https://shop.example/p?ref={click_id}&pub={publisher_id}&s={sub1}&geo={country_code}"},
			&catalog.Publisher{Meta: meta("pub_" + id), Status: catalog.StatusActive},
			&catalog.Enrollment{Meta: meta("enr_" + id), Offer: "off_" + id, Publisher: "pub_" + id, Status: catalog.Approved})
	}
	for i := range n {
		g := fmt.Sprintf("%016d", i%groups)
		rows = append(rows, &catalog.Link{Meta: meta(fmt.Sprintf("lnk_%016d", i)), Key: fmt.Sprintf("key%08d", i),
			Offer: "off_" + g, Publisher: "pub_" + g, Status: catalog.StatusActive})
	}
	return rows
}

// BenchmarkRedirect is the handler with a log that acknowledges at once, against
// catalogs of 10 and of 100,000 links (DESIGN §8: a ratio of at most 1.2).
func BenchmarkRedirect(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("links=%d", n), func(b *testing.B) {
			w := newWorld(b)
			w.log.discard = true
			w.apply(large(n)...)
			handler := w.edge.Handler()
			requests := make([]*http.Request, min(n, 4096))
			for i := range requests {
				requests[i] = &http.Request{
					Method: http.MethodGet, RemoteAddr: "81.2.69.142:4711", Header: http.Header{
						"User-Agent":      {chrome},
						"Accept-Language": {"en-GB,en;q=0.9"},
						"Referer":         {"https://blog.example/post"},
					},
					URL: &url.URL{Path: fmt.Sprintf("/c/key%08d", i*(n/len(requests))), RawQuery: "sub1=news%20letter&sub2=b"},
				}
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				s := sink{h: make(http.Header, 8)}
				handler.ServeHTTP(&s, requests[i%len(requests)])
				if s.status != http.StatusFound {
					b.Fatal(s.status)
				}
				i++
			}
		})
	}
}
