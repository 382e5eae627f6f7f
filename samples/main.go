// Samples runs one of the small shops of package shop:
//
//	go run ./samples -way hidden-field -tracker https://track.example.com -param click_id -token tok_…
//
// Give the offer the URL http://localhost:8090/?click_id={click_id}, open one of its
// links, and buy.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"clickledger/samples/shop"
)

func main() {
	var c shop.Config
	way := flag.String("way", "server-cookie", "one of "+strings.Join(shop.Ways(), ", "))
	listen := flag.String("listen", "localhost:8090", "address to serve the shop at")
	flag.StringVar(&c.Tracker, "tracker", "http://localhost:8080", "public URL of the tracker")
	flag.StringVar(&c.Token, "token", "", "the advertiser's token, for ways in which the shop's server reports")
	flag.StringVar(&c.Key, "key", "", "the offer's public key, for ways in which the page reports")
	flag.StringVar(&c.Param, "param", "click_id", "parameter in which the click id arrives")
	flag.StringVar(&c.Currency, "currency", "USD", "currency of the shop")
	flag.IntVar(&c.Days, "days", 30, "cookie life of the offer")
	flag.Parse()
	h, err := shop.New(*way, c)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("The shop %s is at http://%s/\n", *way, *listen)
	s := &http.Server{Addr: *listen, Handler: h, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(s.ListenAndServe())
}
