package shop

import (
	"crypto/rand"
	"net/http"
	"sync"
)

// session keeps the click id with the visitor's session on the shop's server. The browser
// has only the session's own cookie.
func session(s *store) http.Handler {
	var mu sync.Mutex
	clicks := map[string]string{} // by session; a real shop has a table of them, with an end
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if id := s.arrived(r); id != "" {
			key := rand.Text()
			mu.Lock()
			clicks[key] = id
			mu.Unlock()
			http.SetCookie(w, &http.Cookie{Name: "session", Value: key, Path: "/", MaxAge: s.Days * 86400, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
		}
		page(w, "Shoes", `<form action="/buy" method="post"><button>Buy</button></form>`)
	})
	mux.HandleFunc("POST /buy", func(w http.ResponseWriter, r *http.Request) {
		order := s.order()
		if c, err := r.Cookie("session"); err == nil {
			mu.Lock()
			id := clicks[c.Value]
			mu.Unlock()
			if id != "" {
				s.report(id, order, "session")
			}
		}
		page(w, "Thank you", order)
	})
	return mux
}
