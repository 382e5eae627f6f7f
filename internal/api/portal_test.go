package api_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/outbound"
	"clickledger/internal/portal/portaltest"
)

// portalRoute says how a route of the portals answers whose it is: the object whose id
// stands in its path, the query and body it takes, and the status.
type portalRoute struct {
	object string
	query  string
	body   string
	status int
}

// portalRoutes has each route of the portals. One that is not here fails the tests.
var portalRoutes = map[string]portalRoute{
	"GET /portal/publisher":                           {status: 200},
	"GET /portal/publisher/offers":                    {status: 200},
	"GET /portal/publisher/offers/{id}":               {object: "offer", status: 200},
	"POST /portal/publisher/offers/{id}/apply":        {object: "invited", body: `{"terms":1,"answers":[{"key":"where","value":"A blog"}]}`, status: 200},
	"POST /portal/publisher/offers/{id}/accept-terms": {object: "offer", body: `{"terms":1}`, status: 200},
	"POST /portal/publisher/offers/{id}/withdraw":     {object: "offer", body: `{}`, status: 422},
	"GET /portal/publisher/offers/{id}/creatives":     {object: "offer", status: 200},
	"GET /portal/publisher/creatives/{id}":            {object: "creative", status: 200},
	"GET /portal/publisher/creatives/{id}/snippets":   {object: "creative", query: "link={link}", status: 200},
	"GET /portal/publisher/creatives/{id}/image":      {object: "banner", status: 200},
	"POST /portal/publisher/api_keys/{id}/revoke":     {object: "spare", body: `{}`, status: 200},
	"GET /portal/publisher/invitations":               {status: 200},
	"GET /portal/publisher/links":                     {query: "offer={offer}", status: 200},
	"POST /portal/publisher/links":                    {body: `{"offer":"{offer}","name":"Another"}`, status: 201},
	"GET /portal/publisher/links/{id}":                {object: "link", status: 200},
	"PATCH /portal/publisher/links/{id}":              {object: "link", body: `{"name":"Renamed"}`, status: 200},
	"POST /portal/publisher/links/{id}/deep-link":     {object: "link", body: `{"url":"https://deep-ours.example/page"}`, status: 200},
	"GET /portal/publisher/links/{id}/qr.svg":         {object: "link", status: 200},
	"GET /portal/publisher/links/{id}/qr.png":         {object: "link", status: 200},
	"GET /portal/publisher/coupons":                   {status: 200},
	"GET /portal/publisher/statistics":                {query: "by=offer&offer={offer}&link={link}", status: 200},
	"GET /portal/publisher/conversions":               {query: "offer={offer}", status: 200},
	"GET /portal/publisher/conversions/{id}":          {object: "conversion", status: 200},
	"GET /portal/publisher/balance":                   {status: 200},
	"GET /portal/publisher/payouts":                   {status: 200},
	"GET /portal/publisher/payout-method":             {status: 200},
	"GET /portal/publisher/movements":                 {status: 200},
	"GET /portal/publisher/api_keys":                  {status: 200},
	"GET /portal/publisher/postbacks":                 {status: 200},
	"POST /portal/publisher/postbacks":                {body: `{"url":"https://tracker.example/pb","offer":"{offer}"}`, status: 201},
	"GET /portal/publisher/postbacks/{id}":            {object: "postback", status: 200},
	"PATCH /portal/publisher/postbacks/{id}":          {object: "postback", body: `{"name":"Renamed"}`, status: 200},
	"POST /portal/publisher/postbacks/{id}/test":      {object: "postback", body: `{}`, status: 200},
	"POST /portal/publisher/postbacks/{id}/withdraw":  {object: "postback", body: `{}`, status: 200},
	"GET /portal/publisher/deliveries":                {query: "postback={postback}", status: 200},
	"GET /portal/publisher/deliveries/{id}":           {object: "delivery", status: 200},
	"POST /portal/publisher/deliveries/{id}/resend":   {object: "delivery", body: `{}`, status: 409},
	"GET /portal/publisher/people":                    {status: 200},

	"GET /portal/publisher/documents":                 {status: 200},
	"GET /portal/publisher/documents/{id}":            {object: "document", status: 200},
	"GET /portal/publisher/documents/{id}/items":      {object: "document", query: "line=1", status: 200},
	"GET /portal/publisher/documents/{id}/items.csv":  {object: "document", status: 200},
	"GET /portal/advertiser/documents":                {status: 200},
	"GET /portal/advertiser/documents/{id}":           {object: "document", status: 200},
	"GET /portal/advertiser/documents/{id}/items":     {object: "document", query: "line=1", status: 200},
	"GET /portal/advertiser/documents/{id}/items.csv": {object: "document", status: 200},

	"GET /portal/advertiser":                           {status: 200},
	"GET /portal/advertiser/funds":                     {status: 200},
	"GET /portal/advertiser/offers":                    {status: 200},
	"GET /portal/advertiser/offers/{id}":               {object: "offer", status: 200},
	"GET /portal/advertiser/offers/{id}/guides":        {object: "offer", query: "optional=true", status: 200},
	"GET /portal/advertiser/offers/{id}/integration":   {object: "offer", status: 200},
	"GET /portal/advertiser/offers/{id}/test":          {object: "offer", status: 200},
	"POST /portal/advertiser/offers/{id}/test":         {object: "offer", body: `{"method":"pixel"}`, status: 201},
	"POST /portal/advertiser/offers/{id}/test/cancel":  {object: "offer", body: `{}`, status: 200},
	"POST /portal/advertiser/api_keys/{id}/revoke":     {object: "spare", body: `{}`, status: 200},
	"GET /portal/advertiser/invitations":               {status: 200},
	"GET /portal/advertiser/statistics":                {query: "by=publisher&offer={offer}&publisher={publisher}", status: 200},
	"GET /portal/advertiser/conversions":               {query: "offer={offer}", status: 200},
	"GET /portal/advertiser/conversions/{id}":          {object: "conversion", status: 200},
	"POST /portal/advertiser/conversions/{id}/approve": {object: "conversion", body: `{}`, status: 200},
	"POST /portal/advertiser/conversions/{id}/reject":  {object: "conversion", body: `{"reason":"Sent back"}`, status: 409},
	"POST /portal/advertiser/conversions/{id}/reverse": {object: "conversion", body: `{"reason":"Sent back"}`, status: 200},
	"POST /portal/advertiser/conversions/decide":       {body: `{"ids":["{conversion}"],"to":"approved"}`, status: 200},
	"GET /portal/advertiser/signals":                   {query: "offer={offer}", status: 200},
	"GET /portal/advertiser/signals/{id}":              {object: "signal", status: 200},
	"GET /portal/advertiser/api_keys":                  {status: 200},
	"GET /portal/advertiser/people":                    {status: 200},
}

// readingPosts are POSTs that a key which may only read may send.
var readingPosts = []string{"POST /portal/publisher/links/{id}/deep-link"}

// needed are the queries without which routes of staff refuse every request.
var needed = map[string]string{"GET /rates": "?from=EUR&to=USD"}

// stage sets the stage of the portals in our workspace.
func (w *world) stage() (ours, theirs *portaltest.Side) {
	w.t.Helper()
	ours, theirs = portaltest.Set(w.t, portaltest.World{
		Catalog: w.options.Catalog, Accounts: w.options.Accounts, Users: w.db.Accounts(), Owner: admin, Workspace: w.ws,
		Click: func(v *event.Visit) {
			id, err := w.minter.New()
			if err != nil {
				w.t.Fatal(err)
			}
			v.ID, v.At = id, w.now.UnixMicro()
			w.clicks[id] = v
		},
		Postback: func(query string) *inbox.Row { return w.postback(query) },
		Delivery: func(conversion string) string {
			sent, err := w.db.Deliveries().ListDeliveries(w.t.Context(), outbound.Query{Workspace: w.ws, Conversion: conversion})
			if err != nil || len(sent) != 1 {
				w.t.Fatalf("deliveries: %v, %v", sent, err)
			}
			return sent[0].ID
		},
	})
	portaltest.Documents(w.t, w.db.Documents(), ours, theirs)
	return ours, theirs
}

// partyOf is the party whose portal a route is in, "" = it is staff's.
func partyOf(route string) string {
	_, path, _ := strings.Cut(route, " ")
	for _, party := range []string{account.PartyPublisher, account.PartyAdvertiser} {
		if strings.HasPrefix(path, "/portal/"+party) {
			return party
		}
	}
	return ""
}

// fill puts the ids of a side into a path, query or body; those of other say objects.
func fill(text string, ids map[string]string, unknown bool) string {
	for _, object := range []string{"offer", "link", "conversion", "publisher", "signal", "postback", "delivery", "invited", "creative", "banner", "spare", "document"} {
		id := ids[object]
		if unknown {
			id = portaltest.Unknown(id)
		}
		text = strings.ReplaceAll(text, "{"+object+"}", id)
	}
	return text
}

// do calls a route of a portal with the ids of a side, or with ids that nobody has.
func (w *world) do(token, route string, row portalRoute, ids map[string]string, unknown bool) *answer {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	ids["document"] = ids[partyOf(route)+"_document"]
	if ids["spare"] = ids[partyOf(route)+"_spare"]; row.object != "" {
		path = strings.Replace(path, "{id}", fill("{"+row.object+"}", ids, unknown), 1)
	}
	if row.query != "" {
		path += "?" + fill(row.query, ids, unknown)
	}
	return w.call(token, method, path, fill(row.body, ids, unknown))
}

// Every route of the API, with every kind of key: those of a portal are its party's alone,
// those of staff no party's, and what is not the party's own answers as what is not.
func TestPortalsAreIsolated(t *testing.T) {
	w := newWorld(t)
	ours, theirs := w.stage()
	all := routes(t, w)
	for _, r := range all {
		party := partyOf(r)
		row, known := portalRoutes[r]
		if party == "" {
			if strings.Contains(r, "/portal/") {
				t.Errorf("%s is in no party's portal", r)
			}
			method, path, _ := strings.Cut(r, " ")
			body := isolation[r].body
			if body == "" && method != http.MethodGet {
				body = "{}"
			}
			for _, p := range []string{account.PartyPublisher, account.PartyAdvertiser} {
				a := w.call(ours.Keys[p][account.ScopeWrite], method, path+needed[r], body)
				if a.status != http.StatusForbidden || a.text("code") != "other_portal" {
					t.Errorf("%s with a key of an %s = %d %s, want 403 other_portal", r, p, a.status, a.body)
				}
			}
			continue
		}
		if !known {
			t.Errorf("the route %s has no row in the table of the portals", r)
			continue
		}
		mine := ours.Keys[party]
		for name, token := range map[string]string{
			"owner": adminToken, "staff": w.writer, "staff that reads": w.reader, "staff of another workspace": w.otherWrite,
			"the other party": ours.Keys[other(party)][account.ScopeWrite], "their other party": theirs.Keys[other(party)][account.ScopeWrite],
		} {
			a := w.do(token, r, row, ours.IDs, false)
			if a.status != http.StatusForbidden || a.text("code") != "other_portal" {
				t.Errorf("%s as %s = %d %s, want 403 other_portal", r, name, a.status, a.body)
			}
		}
		if row.object != "" || row.query != "" || strings.Contains(row.body, "{") {
			for _, scope := range []string{account.ScopeRead, account.ScopeWrite} {
				foreign, unknown := w.do(mine[scope], r, row, theirs.IDs, false), w.do(mine[scope], r, row, theirs.IDs, true)
				for _, id := range theirs.IDs { // an answer may repeat what was asked for
					if id != "" {
						foreign.body = bytes.ReplaceAll(foreign.body, []byte(id), []byte("ID"))
						unknown.body = bytes.ReplaceAll(unknown.body, []byte(portaltest.Unknown(id)), []byte("ID"))
					}
				}
				same(t, r+" with a key to "+scope, foreign, unknown)
				if row.object != "" && foreign.status != http.StatusNotFound && foreign.status != http.StatusForbidden {
					t.Errorf("%s with a foreign id = %d %s, want 404", r, foreign.status, foreign.body)
				}
			}
		}
		reads := strings.HasPrefix(r, "GET ") || slices.Contains(readingPosts, r)
		a := w.do(mine[account.ScopeRead], r, row, ours.IDs, false)
		if want := map[bool]int{true: row.status, false: http.StatusForbidden}[reads]; a.status != want {
			t.Errorf("%s with a key to read = %d %s, want %d", r, a.status, a.body, want)
		}
		if a := w.do(mine[account.ScopeWrite], r, row, ours.IDs, false); a.status != row.status {
			t.Errorf("%s = %d %s, want %d", r, a.status, a.body, row.status)
		}
	}
	for r := range portalRoutes {
		if !slices.Contains(all, r) {
			t.Errorf("the table of the portals has %s, the API does not", r)
		}
	}
	// Nothing of theirs was changed by it.
	for plural, object := range map[string]string{"links": "link", "conversions": "conversion", "offers": "offer"} {
		if v := w.call(w.writer, "GET", "/"+plural+"/"+theirs.IDs[object], "").want(200).get("version"); v != 1.0 {
			t.Errorf("their %s has version %v, want 1", object, v)
		}
	}
}

func other(party string) string {
	if party == account.PartyPublisher {
		return account.PartyAdvertiser
	}
	return account.PartyPublisher
}

// What is planted in fields that are not a party's to see is in no answer to it.
func TestPortalsTellNoSecrets(t *testing.T) {
	w := newWorld(t)
	ours, theirs := w.stage()
	var told strings.Builder
	for r, row := range portalRoutes {
		party := partyOf(r)
		for _, foreign := range []bool{false, true} {
			ids := ours.IDs
			if foreign {
				ids = theirs.IDs
			}
			if !foreign && strings.HasPrefix(r, "PATCH ") {
				continue // what was planted stays
			}
			a := w.do(ours.Keys[party][account.ScopeWrite], r, row, ids, false)
			body := string(a.body)
			told.WriteString(body)
			for _, v := range portaltest.Hidden(ours, theirs, party) {
				if strings.Contains(body, v.Text) {
					t.Errorf("%s tells %s, %q: %s", r, v.Where, v.Text, body)
				}
			}
		}
	}
	// The test would see them: what may be told is told.
	for _, v := range ours.Values {
		if slices.Contains([]string{"offer.name", "offer.commission", "terms.text", "invited.question", "invited.terms", "creative.headline", "commission-rule.categories", "commission-rule.commission_percent", "coupon.code", "conversion.order", "link.name", "offer.payout", "offer.url", "advertiser.token", "advertiser.click_macro", "enrollment.reason"}, v.Where) && !strings.Contains(told.String(), v.Text) {
			t.Errorf("nobody is told %s, %q", v.Where, v.Text)
		}
	}
}

// A coupon that won over another publisher's click tells nothing of that click.
func TestCouponTellsNoOthersClick(t *testing.T) {
	w := newWorld(t)
	ours, theirs := w.stage()
	offer := ours.IDs["offer"]
	w.call(w.writer, "PATCH", "/offers/"+offer, `{"coupon_precedence":"coupon_wins"}`).want(200)
	coupon := w.call(w.writer, "GET", "/coupons/"+ours.IDs["coupon"], "").want(200).text("code")
	theirClick := *ours.Visit
	theirClick.Publisher, theirClick.Link, theirClick.Enrollment = theirs.IDs["publisher"], theirs.IDs["link"], theirs.IDs["enrollment"]
	id, err := w.minter.New()
	if err != nil {
		t.Fatal(err)
	}
	theirClick.ID, theirClick.At = id, w.now.Add(-5*time.Hour).UnixMicro()
	w.clicks[id] = &theirClick
	row := w.postback("click_id=" + id.String() + "&coupon=" + coupon + "&txid=BY-COUPON&amount=100.00&token=" + ours.Rows[catalog.KindAdvertiser].(*catalog.Advertiser).Token)
	if row.Verdict != event.Accepted {
		t.Fatalf("verdict %s: %s", row.Verdict, row.Detail)
	}
	a := w.call(ours.Keys[account.PartyPublisher][account.ScopeRead], "GET", "/portal/publisher/conversions/"+row.Conversion, "").want(200)
	if a.text("method") != "coupon" || a.text("click_time") == "" || a.text("click_time") != a.text("event_time") || a.text("external_id") != "" {
		t.Errorf("by a coupon: %s", a.body)
	}
}
