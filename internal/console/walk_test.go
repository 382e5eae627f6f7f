package console

import (
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

// TestAdvertiserPostback checks the postback on an advertiser's page: the network's own
// macros stand in it, and its token only for those who may change things.
func TestAdvertiserPostback(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	network := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Shoe Network", Type: catalog.TypeNetwork, Template: "tune", TokenRequired: true})
	shop := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Alpine Shoes", Type: catalog.TypeMerchant, TokenRequired: true})
	for _, tc := range []struct {
		adv  *catalog.Advertiser
		want string
	}{
		{network, "/postback?click_id={aff_sub}&amp;payout={payout}&amp;txid={transaction_id}&amp;token=" + network.Token},
		{shop, "/postback?click_id={FILL_IN_CLICK_ID}&amp;amount={FILL_IN_AMOUNT}&amp;txid={FILL_IN_TXID}&amp;token=" + shop.Token},
	} {
		if page := w.page(w.at("advertisers/" + tc.adv.ID)); !strings.Contains(page, tc.want) {
			t.Errorf("the page of %s does not have %s: %s", tc.adv.Name, tc.want, text(page))
		}
		reader := &call{server: w.srv, ws: w.ws, who: account.Principal{}}
		if f := reader.advertiserPostback(tc.adv); strings.Contains(f.Value, tc.adv.Token) || !strings.Contains(f.Value, "{FILL_IN_TOKEN}") {
			t.Errorf("who may not change anything sees %s", f.Value)
		}
	}
}

// TestRepriceWords checks that a repricing which only brings rates does not promise
// adjustments in the ledger.
func TestRepriceWords(t *testing.T) {
	c := &call{ws: &catalog.Workspace{Currency: "EUR"}}
	rate := func(before, after string, revenue int64) books.RepriceLine {
		return books.RepriceLine{Conversion: &conversion.Conversion{Currency: "USD", Revenue: 450, Report: conversion.FX{Rate: before}}, Revenue: revenue, Report: conversion.FX{Rate: after}}
	}
	for _, tc := range []struct {
		lines     []books.RepriceLine
		want, not string
	}{
		{[]books.RepriceLine{rate("", "0.9", 450), rate("", "0.9", 450)}, "count 2 of them as 0 until now", "adjustment"},
		{[]books.RepriceLine{rate("0.8", "0.9", 450)}, "1 conversion takes another rate to EUR", "adjustment"},
		{[]books.RepriceLine{rate("", "0.9", 500), rate("0.9", "0.9", 500)}, "2 adjustments are posted to the ledger: revenue +1.00", "nothing is posted"},
		{[]books.RepriceLine{rate("", "0.9", 450), rate("0.9", "0.9", 500)}, "1 adjustment is posted", "nothing is posted"},
	} {
		got := c.repriceConsequence(&books.RepriceResult{Lines: tc.lines, Changed: len(tc.lines)})
		if !strings.Contains(got, tc.want) || strings.Contains(got, tc.not) {
			t.Errorf("%q: want %q in it, and not %q", got, tc.want, tc.not)
		}
	}
}

// TestTemplateMakesNetwork checks that choosing a network's template fills in the type.
func TestTemplateMakesNetwork(t *testing.T) {
	choices := templateChoices()
	if len(choices) < 20 {
		t.Errorf("%d templates", len(choices))
	}
	for _, ch := range choices[1:] {
		q, err := url.ParseQuery(ch.Fill)
		if err != nil || q.Get("type") != catalog.TypeNetwork {
			t.Errorf("%s fills in %q: %v", ch.Label, ch.Fill, err)
		}
		if strings.HasSuffix(ch.Label, "("+strings.TrimSuffix(ch.Label, " network")+")") {
			t.Errorf("%q says it twice", ch.Label)
		}
	}
}
