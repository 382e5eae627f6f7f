package console

import (
	"html"
	"strings"
	"testing"
)

// TestTwoCurrencies: amounts of two currencies stand one above the other and are never
// added up, and a report shows in a split group only what is each row's own.
func TestTwoCurrencies(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Two currencies")
	mixed := people
	mixed.second = "EUR"
	w.populate(mixed)
	w.facts.rows = w.facts.rows[:0]
	now := w.now.UnixMicro()
	add := func(publisher, currency string, visits, conversions, revenue, commission int64) {
		f := fact(w.ws.ID, publisher, now)
		f.Currency, f.Visits, f.Clicks, f.Conversions, f.Revenue, f.Commission = currency, visits, visits, conversions, revenue, commission
		w.facts.rows = append(w.facts.rows, f)
	}
	a, b, c := w.pubs[0].ID, w.pubs[1].ID, w.pubs[2].ID
	add(a, "", 10, 0, 0, 0) // both currencies
	add(a, "USD", 0, 2, 3000, 1000)
	add(a, "EUR", 0, 1, 500, 700)
	add(b, "", 4, 0, 0, 0) // one of them
	add(b, "EUR", 0, 1, 900, 400)
	add(c, "", 3, 0, 0, 0) // none

	list := html.UnescapeString(text(w.page(w.at("publishers"))))
	for _, want := range []string{
		"Total 17 17 4 23.53 % 30.00 USD 14.00 EUR 10.00 USD 11.00 EUR +20.00 USD +3.00 EUR",
		"active – 10 10 3 30.00 % 30.00 USD 5.00 EUR 10.00 USD 7.00 EUR +20.00 USD −2.00 EUR",
		"active – 4 4 1 25.00 % 9.00 EUR 4.00 EUR +5.00 EUR",
		"active – 3 3 0 0.00 % 0 0 0",
	} {
		if !strings.Contains(list, want) {
			t.Errorf("the list has no %q: %s", want, list)
		}
	}
	home := html.UnescapeString(text(w.page(w.at(""))))
	if want := "Revenue 30.00 USD Commission 10.00 USD Profit 20.00 USD Revenue 14.00 EUR Commission 11.00 EUR Profit 3.00 EUR"; !strings.Contains(home, want) {
		t.Errorf("home has no %q: %s", want, home)
	}
	// Only EUR: the workspace's own currency is not shown empty.
	if one := html.UnescapeString(text(w.page(w.at("publishers/" + b)))); !strings.Contains(one, "CR 25.00 % Revenue 9.00 EUR") {
		t.Errorf("the publisher's figures: %s", one)
	}
	rep := html.UnescapeString(text(w.page(w.at("reports") + "?d=publisher&m=clicks&m=conversions&m=revenue&m=epc&sort=publisher")))
	name := w.pubs[0].Name
	for _, want := range []string{"Total – 17 Total EUR 2 14.00 0.8235 Total USD 2 30.00 1.7647", name + " – 10 ", name + " EUR 1 5.00 0.5000", name + " USD 2 30.00 3.0000", w.pubs[1].Name + " EUR 4 1 9.00 2.2500", w.pubs[2].Name + " – 3 0 0 0.0000"} {
		if !strings.Contains(rep, want) {
			t.Errorf("the report has no %q: %s", want, rep)
		}
	}
}
