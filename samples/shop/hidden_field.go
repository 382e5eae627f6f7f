package shop

import "net/http"

// hiddenField keeps the click id in the order form, where landing page and form are one.
func hiddenField(s *store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		page(w, "Shoes", `<form action="/buy" method="post">`+hidden("click_id", s.arrived(r))+`<button>Buy</button></form>`)
	})
	mux.HandleFunc("POST /buy", func(w http.ResponseWriter, r *http.Request) {
		order := s.order()
		if id := r.PostFormValue("click_id"); clickID.MatchString(id) {
			s.report(id, order, "form")
		}
		page(w, "Thank you", order)
	})
	return mux
}
