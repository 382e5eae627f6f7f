// Package factstest is the conformance suite of facts stores and what tests of their
// users need: sample facts, an event log in memory, a store in memory and one that
// fails on purpose.
//
// Invariants:
//   - The suite speaks only through [facts.Store] and plain SQL, so that every engine
//     can run it.
package factstest

import (
	"encoding/binary"
	"fmt"

	"clickledger/internal/event"
	"clickledger/internal/facts"
)

// Epoch is when sample facts begin: 2026-03-01 00:00 UTC, in µs.
const Epoch int64 = 1_772_323_200_000_000

// Visit makes the n-th of a series of different visits, a second apart, with the
// dimensions that most traffic has: region, city, ISP and connection need data that few
// operators supply.
func Visit(n int) *event.Visit {
	v := &event.Visit{At: Epoch + int64(n)*1_000_000, Click: n%2 == 0, Unique: n%3 == 0}
	v.ID = ID(n)
	v.Dims = event.Dims{
		Workspace: "ws_1", Campaign: fmt.Sprintf("cmp_%020d", n%50), Link: fmt.Sprintf("lnk_%020d", n%500),
		Offer: fmt.Sprintf("off_%020d", n%40), Advertiser: fmt.Sprintf("adv_%020d", n%10), Publisher: fmt.Sprintf("pub_%020d", n%100),
		Enrollment: fmt.Sprintf("enr_%020d", n%200), Source: fmt.Sprintf("src_%d", n%8),
		ExternalID: fmt.Sprintf("ext-%016x", uint64(n)*0x9E3779B97F4A7C15), Keyword: fmt.Sprintf("keyword %d", n%1000),
		Country: [...]string{"DE", "US", "FR", "BR", "IN"}[n%5], Device: [...]string{"mobile", "desktop", "tablet"}[n%3],
		OS: "Android", OSVersion: "16", Browser: "Chrome", BrowserVersion: fmt.Sprintf("%d.0", 130+n%10), Language: "de-DE", RefererDomain: "blog.example",
	}
	v.Subs[0], v.Subs[1] = fmt.Sprintf("newsletter-%d", n%300), fmt.Sprintf("2026-%02d", n%12+1)
	if n%17 == 0 {
		v.Bot = "ua_robot"
	}
	if v.Device == "mobile" {
		v.Brand, v.Model = "Samsung", "SM-S928B"
	}
	if n%11 == 0 {
		v.Wanted, v.Reason = fmt.Sprintf("off_%020d", n%40+1), "cap"
	}
	return v
}

// ID makes the n-th click id; it is authentic under no key.
func ID(n int) event.ClickID {
	var id event.ClickID
	binary.BigEndian.PutUint64(id[:8], uint64(n)+1)
	binary.BigEndian.PutUint64(id[8:], uint64(n)*0x9E3779B97F4A7C15)
	return id
}

// Conversion makes the n-th conversion, of the n-th visit and with relay number no.
func Conversion(n int, no int64) *event.Fact {
	v := Visit(n)
	return &event.Fact{No: no, Kind: event.FactConversion, At: v.At + 3_600_000_000, Visit: v.At, ID: v.ID, Dims: v.Dims,
		Goal: "sale", Conversion: fmt.Sprintf("cnv_%020d", n), Status: "approved", Method: "click_id", Currency: "EUR",
		Conversions: 1, Revenue: 1000 + int64(n%7), Commission: 700, SaleAmount: 9999,
		ReportCurrency: "EUR", ReportRevenue: 1000 + int64(n%7), ReportCommission: 700, ReportSaleAmount: 9999}
}

// Rows makes visit rows first…last of the series, each of its own sequence, which
// is its number plus one.
func Rows(first, last int) []facts.Row {
	rows := make([]facts.Row, 0, last-first+1)
	for n := first; n <= last; n++ {
		rows = append(rows, facts.Row{Seq: uint64(n) + 1, Fact: event.VisitFact(Visit(n))})
	}
	return rows
}
