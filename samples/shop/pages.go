package shop

import (
	_ "embed"
	"net/http"
)

// What goes into the pages of the shops whose pages do everything themselves. The guides of
// an offer show the same texts.
var (
	//go:embed page-cookie-landing.html
	pageCookieLanding string
	//go:embed page-cookie-thanks.html
	pageCookieThanks string
	//go:embed javascript-landing.html
	javascriptLanding string
	//go:embed javascript-thanks.html
	javascriptThanks string
	//go:embed script-landing.html
	scriptLanding string
	//go:embed script-thanks.html
	scriptThanks string
	//go:embed pixel-thanks.html
	pixelThanks string
)

// pageCookie keeps the click id in a cookie that the landing page sets by script.
func pageCookie(s *store) http.Handler { return s.inPage(pageCookieLanding, pageCookieThanks) }

// javascript keeps it in the browser's session storage, without any cookie.
func javascript(s *store) http.Handler { return s.inPage(javascriptLanding, javascriptThanks) }

// script lets the tracker's own /tag.js keep and report it, on the shop's domain.
func script(s *store) http.Handler { return s.inPage(scriptLanding, scriptThanks) }

// pixel keeps nothing: the tracker's own cookie has to know the click.
func pixel(s *store) http.Handler { return s.inPage("", pixelThanks) }
