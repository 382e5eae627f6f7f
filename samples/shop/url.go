package shop

import (
	"html"
	"net/http"
	"net/url"
)

// carriedURL carries the click id from page to page in their URLs, up to the checkout.
func carriedURL(s *store) http.Handler {
	mux := http.NewServeMux()
	with := func(path, id string) string {
		if id != "" {
			path += "?" + url.Values{s.Param: {id}}.Encode()
		}
		return html.EscapeString(path)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		page(w, "Shoes", `<a href="`+with("/cart", s.arrived(r))+`">To the cart</a>`)
	})
	mux.HandleFunc("GET /cart", func(w http.ResponseWriter, r *http.Request) {
		page(w, "Cart", `<form action="`+with("/buy", s.arrived(r))+`" method="post"><button>Buy</button></form>`)
	})
	mux.HandleFunc("POST /buy", func(w http.ResponseWriter, r *http.Request) {
		order := s.order()
		if id := s.arrived(r); id != "" {
			s.report(id, order, "url")
		}
		page(w, "Thank you", order)
	})
	return mux
}
