package shop

import "net/http"

// serverCookie keeps the click id in a cookie that the shop's own server sets, on the
// shop's own host: the most reliable way where nothing is stored before the order.
func serverCookie(s *store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if id := s.arrived(r); id != "" {
			http.SetCookie(w, &http.Cookie{Name: "click_id", Value: id, Path: "/", MaxAge: s.Days * 86400, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
		}
		page(w, "Shoes", `<form action="/buy" method="post"><button>Buy</button></form>`)
	})
	mux.HandleFunc("POST /buy", func(w http.ResponseWriter, r *http.Request) {
		order := s.order()
		if c, err := r.Cookie("click_id"); err == nil && clickID.MatchString(c.Value) {
			s.report(c.Value, order, "cookie")
		}
		page(w, "Thank you", order)
	})
	return mux
}
