package console

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/outbound"
	"clickledger/internal/portal/portaltest"
	"clickledger/internal/signup"
)

// portalPage says how a page of the portals answers: who has it ("p" the publisher, "a"
// the advertiser), the object in its path, what is posted, and the status.
type portalPage struct {
	who    string
	object string
	query  string
	post   url.Values
	status int
}

// portalPages has each address of the portals. One that is not here fails the tests.
var portalPages = map[string]portalPage{
	"/portal/":                             {who: "pa", status: 404},
	"GET /portal":                          {who: "pa", status: 200},
	"GET /portal/offers":                   {who: "pa", status: 200},
	"GET /portal/offers/{id}":              {who: "pa", object: "offer", status: 200},
	"POST /portal/offers/{id}/apply":       {who: "p", object: "invited", post: url.Values{"terms": {"true"}, "version": {"1"}, "answers.where": {"A blog"}}, status: 303},
	"POST /portal/offers/{id}/terms":       {who: "p", object: "offer", post: url.Values{"terms": {"1"}}, status: 303},
	"POST /portal/offers/{id}/withdraw":    {who: "p", object: "offer", status: 303},
	"GET /portal/creatives/{id}":           {who: "p", object: "creative", query: "link={link}", status: 200},
	"GET /portal/creatives/{id}/image":     {who: "p", object: "banner", status: 200},
	"GET /portal/offers/{id}/test":         {who: "a", object: "offer", status: 200},
	"POST /portal/offers/{id}/test":        {who: "a", object: "offer", post: url.Values{"method": {"pixel"}}, status: 303},
	"POST /portal/offers/{id}/test/cancel": {who: "a", object: "offer", status: 303},
	"GET /portal/links":                    {who: "p", query: "offer={offer}", status: 200},
	"GET /portal/links/new":                {who: "p", query: "offer={offer}", status: 200},
	"POST /portal/links/new":               {who: "p", post: url.Values{"offer": {"{offer}"}, "name": {"Another"}}, status: 303},
	"GET /portal/links/{id}":               {who: "p", object: "link", status: 200},
	"GET /portal/links/{id}/edit":          {who: "p", object: "link", status: 200},
	"POST /portal/links/{id}/edit":         {who: "p", object: "link", post: url.Values{"name": {"Renamed"}}, status: 303},
	"GET /portal/links/{id}/deep-link":     {who: "p", object: "link", query: "page=https%3A%2F%2Fdeep-ours.example%2F", status: 200},
	"GET /portal/links/{id}/qr.svg":        {who: "p", object: "link", status: 200},
	"GET /portal/links/{id}/qr.png":        {who: "p", object: "link", status: 200},
	"GET /portal/coupons":                  {who: "p", status: 200},
	"GET /portal/balance":                  {who: "p", status: 200},
	"GET /portal/payouts":                  {who: "p", status: 200},
	"POST /portal/payouts":                 {who: "p", post: url.Values{"kind": {"paypal"}, "email": {"pia@blog.example"}}, status: 303},
	"GET /portal/documents":                {who: "pa", status: 200},
	"GET /portal/documents/{id}":           {who: "pa", object: "own_document", query: "line=1", status: 200},
	"GET /portal/documents/{id}/print":     {who: "pa", object: "own_document", status: 200},
	"GET /portal/documents/{id}/items.csv": {who: "pa", object: "own_document", status: 200},
	"GET /portal/postbacks":                {who: "p", status: 200},
	"GET /portal/postbacks/new":            {who: "p", status: 200},
	"POST /portal/postbacks/new":           {who: "p", post: url.Values{"url": {"https://tracker.example/pb"}, "offer": {"{offer}"}, "states": {"accepted"}}, status: 303},
	"GET /portal/postbacks/{id}":           {who: "p", object: "postback", status: 200},
	"GET /portal/postbacks/{id}/edit":      {who: "p", object: "postback", status: 200},
	"POST /portal/postbacks/{id}/edit":     {who: "p", object: "postback", post: url.Values{"name": {"Renamed"}}, status: 303},
	"POST /portal/postbacks/{id}/test":     {who: "p", object: "postback", status: 303},
	"POST /portal/postbacks/{id}/remove":   {who: "p", object: "postback", status: 303},
	"GET /portal/deliveries/{id}":          {who: "p", object: "delivery", status: 200},
	"POST /portal/deliveries/{id}/resend":  {who: "p", object: "delivery", status: 303},
	"GET /portal/statistics":               {who: "pa", query: "by=offer&offer={offer}", status: 200},
	"GET /portal/conversions":              {who: "pa", query: "offer={offer}", status: 200},
	"GET /portal/conversions/{id}":         {who: "pa", object: "conversion", status: 200},
	"POST /portal/conversions/{id}/decide": {who: "a", object: "conversion", post: url.Values{"to": {"approved"}}, status: 303},
	"POST /portal/conversions/decide":      {who: "a", post: url.Values{"id": {"{conversion}"}, "to": {"approved"}}, status: 303},
	"GET /portal/signals":                  {who: "a", query: "offer={offer}", status: 200},
	"GET /portal/signals/{id}":             {who: "a", object: "signal", status: 200},
	"GET /portal/keys":                     {who: "pa", status: 200},
	"POST /portal/keys":                    {who: "pa", post: url.Values{"name": {"Mine"}, "scope": {"read"}}, status: 200},
	"POST /portal/keys/revoke":             {who: "pa", post: url.Values{"id": {"{own_key}"}}, status: 303},
	"GET /portal/people":                   {who: "pa", status: 200},
	"POST /portal/people":                  {who: "pa", post: url.Values{"id": {"{own_user}"}, "disabled": {"false"}}, status: 303},
	"POST /portal/people/invite":           {who: "pa", post: url.Values{"email": {"colleague@people.example"}, "name": {"A colleague"}}, status: 303},
	"POST /portal/people/invitation":       {who: "pa", post: url.Values{"id": {"{own_invitation}"}, "do": {"resend"}}, status: 303},
	"GET /portal/profile":                  {who: "pa", status: 200},
	"POST /portal/profile":                 {who: "pa", post: url.Values{"name": {"Somebody"}}, status: 303},
	"POST /portal/profile/password":        {who: "pa", post: url.Values{"present": {"wrong"}, "password": {"another long password"}}, status: 422},
}

// stage sets the stage of the portals and gives the sessions of our people, by party.
func (w *world) stage() (ours, theirs *portaltest.Side, sessions map[string]string) {
	w.t.Helper()
	ours, theirs = portaltest.Set(w.t, portaltest.World{
		Catalog: w.cat, Accounts: w.acc, Users: w.db.Accounts(), Owner: w.owner, Workspace: w.ws.ID,
		Click: func(v *event.Visit) {
			id, err := w.minter.New()
			w.must(err)
			v.ID, v.At = id, w.now.UnixMicro()
			w.clicks[id] = v
			w.facts.rows = append(w.facts.rows, event.VisitFact(v))
		},
		Postback: func(query string) *inbox.Row {
			id := w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: query})
			w.publish()
			row, err := w.db.Books().Signal(w.t.Context(), id)
			w.must(err)
			return row
		},
		Delivery: func(conversion string) string {
			sent, err := w.db.Deliveries().ListDeliveries(w.t.Context(), outbound.Query{Workspace: w.ws.ID, Conversion: conversion})
			w.must(err)
			return sent[0].ID
		},
	})
	for _, side := range []*portaltest.Side{ours, theirs} {
		for kind, who := range side.People {
			i, err := w.signups.Invite(w.t.Context(), who, signup.InviteDoc{Email: kind + "-" + side.Mark + "@invited.example", Name: "Invited planted " + kind + " " + side.Mark, Party: who.Party})
			w.must(err)
			side.IDs[kind+"_invitation"] = i.ID
			side.Values = append(side.Values, portaltest.Value{Where: kind + "'s invitation", Text: i.Email, Shown: kind[:1]})
		}
	}
	portaltest.Documents(w.t, w.db.Documents(), ours, theirs)
	sessions = map[string]string{}
	for _, kind := range []string{account.PartyPublisher, account.PartyAdvertiser} {
		secret, _, err := w.acc.SignIn(w.t.Context(), ours.Emails[kind], portaltest.Password, "192.0.2.8")
		w.must(err)
		sessions[kind] = secret
	}
	return ours, theirs, sessions
}

// portalAt is the request to a page with the ids of a side, or with ids that nobody has.
func portalAt(pattern string, p portalPage, ids map[string]string, party string, unknown bool) (method, path string, form url.Values) {
	id := func(text string) string {
		for _, object := range []string{"offer", "link", "conversion", "signal", "postback", "delivery", "invited", "creative", "banner"} {
			v := ids[object]
			if unknown {
				v = portaltest.Unknown(v)
			}
			text = strings.ReplaceAll(text, "{"+object+"}", v)
		}
		for _, own := range []string{"key", "user", "invitation", "document"} {
			v := ids[party+"_"+own]
			if unknown {
				v = portaltest.Unknown(v)
			}
			text = strings.ReplaceAll(text, "{own_"+own+"}", v)
		}
		return text
	}
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "GET", pattern+"nothing"
	}
	path = strings.Replace(path, "{id}", id("{"+p.object+"}"), 1)
	if p.query != "" {
		path += "?" + id(p.query)
	}
	if method == "POST" {
		form = url.Values{}
		for k, vs := range p.post {
			for _, v := range vs {
				form.Add(k, id(v))
			}
		}
	}
	return method, path, form
}

var requestCode = regexp.MustCompile(`[0-9a-f]{16}`)

// seen is an answer without what differs from one request to the next.
func (w *world) seen(method, path string, form url.Values, ids ...string) (int, string, string) {
	w.t.Helper()
	res := w.request(method, path, form)
	b, err := io.ReadAll(res.Body)
	w.must(err)
	body := string(b)
	where := res.Header.Get("Location")
	plain := requestCode.ReplaceAllString(body, "")
	for _, id := range ids { // what was asked for is in the page's own address
		plain, where = strings.ReplaceAll(plain, id, "ID"), strings.ReplaceAll(where, id, "ID")
	}
	return res.StatusCode, plain, where
}

// Every address of the console, for everybody: the pages of a portal are for its party's
// people alone, the others for none of them, and what is not theirs is as what is not.
func TestPortalPagesAreIsolated(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, theirs, sessions := w.stage()
	staff := w.cookie
	for _, rt := range allRoutes() {
		inside := strings.Contains(rt.pattern, "/portal")
		if inside != (rt.need >= needParty) {
			t.Errorf("%s asks for %d", rt.pattern, rt.need)
		}
		if !inside {
			if rt.need == needNothing || rt.pattern == "GET /{$}" {
				continue
			}
			for party, session := range sessions {
				w.cookie = session
				path := strings.NewReplacer("{ws}", w.ws.ID, "{id}", ours.IDs["offer"]).Replace(rt.pattern)
				method, path, ok := strings.Cut(path, " ")
				if !ok {
					method, path = "GET", method+"x"
				}
				var form url.Values
				if method == "POST" {
					form = url.Values{"name": {"x"}}
				}
				if res := w.request(method, path, form); res.StatusCode != 404 {
					t.Errorf("%s for an %s = %d, want 404", rt.pattern, party, res.StatusCode)
				}
			}
			continue
		}
		p, known := portalPages[rt.pattern]
		if !known {
			t.Errorf("the page %s has no row in the table of the portals", rt.pattern)
			continue
		}
		for party, session := range sessions {
			method, path, form := portalAt(rt.pattern, p, ours.IDs, party, false)
			w.cookie = staff
			if res := w.request(method, path, form); res.StatusCode != 404 {
				t.Errorf("%s for staff = %d, want 404", rt.pattern, res.StatusCode)
			}
			w.cookie = ""
			if res := w.request(method, path, form); res.StatusCode != 303 || !strings.HasPrefix(res.Header.Get("Location"), "/signin") {
				t.Errorf("%s without a session = %d to %s, want the sign-in", rt.pattern, res.StatusCode, res.Header.Get("Location"))
			}
			w.cookie = session
			if !strings.Contains(p.who, party[:1]) {
				if res := w.request(method, path, form); res.StatusCode != 404 {
					t.Errorf("%s for an %s = %d, want 404", rt.pattern, party, res.StatusCode)
				}
				continue
			}
			m, foreignPath, foreignForm := portalAt(rt.pattern, p, theirs.IDs, party, false)
			_, unknownPath, unknownForm := portalAt(rt.pattern, p, theirs.IDs, party, true)
			if foreignPath != unknownPath || foreignForm.Encode() != unknownForm.Encode() {
				var names []string
				for _, id := range theirs.IDs {
					if id != "" {
						names = append(names, id, portaltest.Unknown(id))
					}
				}
				s1, b1, l1 := w.seen(m, foreignPath, foreignForm, names...)
				s2, b2, l2 := w.seen(m, unknownPath, unknownForm, names...)
				if s1 != s2 || b1 != b2 || l1 != l2 {
					t.Errorf("%s for an %s: foreign %d %s %s, unknown %d %s %s", rt.pattern, party, s1, l1, text(b1), s2, l2, text(b2))
				}
				if p.object != "" && s1 != 404 {
					t.Errorf("%s for an %s with a foreign id = %d, want 404", rt.pattern, party, s1)
				}
			}
			if res := w.request(method, path, form); res.StatusCode != p.status {
				b, _ := io.ReadAll(res.Body)
				t.Errorf("%s for an %s = %d, want %d: %s", rt.pattern, party, res.StatusCode, p.status, text(string(b)))
			}
		}
	}
	for pattern := range portalPages {
		if !slices.ContainsFunc(portalRoutes, func(rt route) bool { return rt.pattern == pattern }) {
			t.Errorf("the table of the portals has %s, the console does not", pattern)
		}
	}
	w.cookie = sessions[account.PartyPublisher]
	if res := w.request("GET", "/", nil); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/portal" {
		t.Errorf("the front page sends a publisher to %s, want its portal", res.Header.Get("Location"))
	}
}

// What is planted in fields that are not a party's to see is on none of its pages.
func TestPortalPagesTellNoSecrets(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, theirs, sessions := w.stage()
	var told strings.Builder
	for pattern, p := range portalPages {
		for party, session := range sessions {
			if !strings.Contains(p.who, party[:1]) {
				continue
			}
			w.cookie = session
			paths := [][]string{{"", ""}}
			if pattern == "GET /portal/offers/{id}" {
				paths = [][]string{{"", ""}, {ours.IDs["offer"], ours.IDs["invited"]}, {theirs.IDs["offer"], theirs.IDs["invited"]}}
			}
			if pattern == "GET /portal/statistics" {
				paths = [][]string{{"by=offer", "by=link"}, {"by=offer", "by=creative"}, {"by=offer", "by=publisher"}, {"by=offer", "by=sub1"}, {"by=offer", "by=goal"}, {"by=offer", "by=day"}}
			}
			for _, change := range paths {
				for _, ids := range []map[string]string{ours.IDs, theirs.IDs} {
					method, path, form := portalAt(pattern, p, ids, party, false)
					if method == "POST" && p.object != "" && ids["link"] == ours.IDs["link"] {
						continue // what was planted stays
					}
					path = strings.Replace(path, change[0], change[1], 1)
					res := w.request(method, path, form)
					b, err := io.ReadAll(res.Body)
					w.must(err)
					page := strings.ReplaceAll(string(b), thin, "")
					told.WriteString(page)
					for _, v := range portaltest.Hidden(ours, theirs, party) {
						if strings.Contains(page, v.Text) {
							t.Errorf("%s tells an %s %s, %q: %s", pattern, party, v.Where, v.Text, text(page))
						}
					}
				}
			}
		}
	}
	for _, v := range ours.Values {
		if slices.Contains([]string{"offer.name", "offer.commission", "terms.text", "invited.question", "invited.terms", "creative.headline", "publisher's invitation", "coupon.code", "conversion.order", "link.name", "offer.payout", "advertiser.token", "advertiser.click_macro", "enrollment.reason", "visit.sub1"}, v.Where) && !strings.Contains(told.String(), v.Text) {
			t.Errorf("no page tells %s, %q", v.Where, v.Text)
		}
	}
}
