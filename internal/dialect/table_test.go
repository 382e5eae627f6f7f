package dialect_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// wellFormed fails for an answer that is not what its type says.
func wellFormed(t *testing.T, r dialect.Reply) {
	t.Helper()
	if r.Status < 200 || r.Status > 503 {
		t.Errorf("status %d", r.Status)
	}
	switch r.Type {
	case dialect.TypeJSON:
		if !json.Valid(r.Body) {
			t.Errorf("no JSON: %s", r.Body)
		}
	case dialect.TypeXML:
		d := xml.NewDecoder(strings.NewReader(string(r.Body)))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("no XML: %v: %s", err, r.Body)
				break
			}
		}
	case dialect.TypeText:
		if !utf8.Valid(r.Body) || strings.ContainsAny(string(r.Body), "\x00\r\n") {
			t.Errorf("not one line: %q", r.Body)
		}
	default:
		t.Errorf("type %q", r.Type)
	}
}

// TestAnswers: every verdict has an answer in every dialect, success and failure are told
// apart, and nothing hostile in a detail ends anything.
func TestAnswers(t *testing.T) {
	for _, table := range dialect.Tables {
		for i := range table.Endpoints {
			e := &table.Endpoints[i]
			for v, info := range event.Verdicts {
				for _, query := range []string{"", "format=json"} {
					s := &event.Signal{Kind: e.Kind, Dialect: e.Key(), Query: query}
					r, ok := e.Reply(query, s, dialect.Outcome{Verdict: v, Detail: "a;b\"c\r\n</x>&\x00\xff\\", Conversion: "cnv_1"})
					if !ok {
						continue
					}
					wellFormed(t, r)
					if info.Status == 503 && r.Status != 503 || info.Status != 503 && r.Status > 499 {
						t.Errorf("%s %s: status %d", e.Key(), v, r.Status)
					}
					good, _ := e.Reply(query, s, dialect.Outcome{Verdict: event.Accepted})
					if info.Status >= 400 && string(r.Body) == string(good.Body) {
						t.Errorf("%s: %s is answered like a success: %s", e.Key(), v, r.Body)
					}
				}
			}
		}
	}
}

// TestTables: a table says everything about its dialect.
func TestTables(t *testing.T) {
	for _, table := range dialect.Tables {
		if table.Title == "" || dialect.Named(table.Name) != table || len(table.Endpoints) == 0 {
			t.Errorf("table %q", table.Name)
		}
		ids := map[string]bool{}
		for i := range table.Endpoints {
			e := &table.Endpoints[i]
			if e.ID == "" || ids[e.ID] || e.Use == "" || e.Example == "" || e.Table() != table {
				t.Errorf("%s: endpoint %q", table.Name, e.ID)
			}
			ids[e.ID] = true
			if page := event.FromPage(e.Kind); !page && e.Form != dialect.Words || e.Kind == "" {
				t.Errorf("%s: a %s is answered in form %d", e.Key(), e.Kind, e.Form)
			}
			query := e.Example
			if e.Body {
				query = ""
			}
			found := dialect.Find(strings.TrimPrefix(e.URL(), dialect.Prefix), query)
			if found != e {
				t.Errorf("%s: its example leads elsewhere", e.Key())
			}
		}
		names := map[string]bool{}
		for _, p := range table.Params {
			for _, name := range append([]string{p.Name}, p.Aliases...) {
				if names[name+p.Only] {
					t.Errorf("%s: two parameters %s", table.Name, name)
				}
				names[name+p.Only] = true
			}
		}
	}
	if dialect.Find("tune/aff_nothing", "") != nil || dialect.Find("", "") != nil || dialect.Named("") != nil {
		t.Error("something is found where nothing is")
	}
}

// A lookup is on the path of every request under /d/.
func TestFindDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		if dialect.Find("flexoffers/da.ashx", "clickid=1&orderamount=2") == nil {
			t.Fatal("not found")
		}
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// A signal of before there were dialects is the product's own; one of a dialect that is
// gone is refused and waits in the inbox.
func TestSignalsOfOtherTimes(t *testing.T) {
	r, refusal := dialect.Parse(&event.Signal{Kind: event.SignalPostback, Query: "click_id=a"})
	if refusal != nil || r.ClickID != "a" {
		t.Errorf("%+v %v", r, refusal)
	}
	_, refusal = dialect.Parse(&event.Signal{Kind: event.SignalPostback, Dialect: "gone/pb", Query: "click_id=a"})
	if refusal == nil || refusal.Verdict != event.InvalidValue {
		t.Errorf("%v", refusal)
	}
	r, refusal = dialect.Parse(&event.Signal{Kind: event.SignalPostback, Dialect: "flexoffers/gone", Query: "clickid=a&orderamount=1&ordernumber=2"})
	if refusal != nil || r.ClickID != "a" {
		t.Errorf("an endpoint that is gone: %+v %v", r, refusal)
	}
}

// A click id's number is the way back to it.
func TestClickNumber(t *testing.T) {
	id, err := event.ParseClickID("019caeddfa8300001d0c5e3f9ab21477")
	if err != nil {
		t.Fatal(err)
	}
	if n := dialect.ClickNumber(id); n != fixed["$NUMBER"] {
		t.Errorf("%s", n)
	}
}

// NATS codes are read dotted and in base64, and written back the same.
func TestNATSCodes(t *testing.T) {
	for _, s := range []string{"1.2.1.5.0.0.0.0", "MS4yLjEuNS4wLjAuMC4w", "MS4yLjEuNS4wLjAuMC4w=="} {
		c, ok := dialect.ParseNATSCode(s)
		want := dialect.NATSCode{Affiliate: "1", Program: "2", Site: "1", Tour: "5", Campaign: "0", Adtool: "0", Sub1: "0", Sub2: "0"}
		if !ok || c != want || c.String() != "MS4yLjEuNS4wLjAuMC4w" || c.Dotted() != "1.2.1.5.0.0.0.0" {
			t.Errorf("%s: %v %+v", s, ok, c)
		}
	}
	for _, s := range []string{"", "1", ".2", "1.2.3.4.5.6.7.8.9", "%%%", "1.2/3", "AAAA", strings.Repeat("1.", 400)} {
		if c, ok := dialect.ParseNATSCode(s); ok {
			t.Errorf("%q is read as %+v", s, c)
		}
	}
}

// TestCollisions: at the root of a domain dialects share paths, and what comes tells them
// apart (dialects.md §0).
func TestCollisions(t *testing.T) {
	all := []string{"flexoffers", "tune", "cake", "clickflare", "everflow", "affise"}
	for _, c := range []struct {
		path, query string
		on          []string
		want        string
	}{
		{"/", "nid=1&transaction_id=a", all, "everflow/s2s"},
		{"/", "a=1&c=2", all, ""},
		{"/", "", all, ""},
		{"/postback", "clickid=a&secure=b", all, "affise/postback"},
		{"/postback", "click_id=a&token=b", all, ""},
		{"/postback", "clickid=a&secure=b", []string{"tune"}, ""},
		{"/p.ashx", "f=pb", all, "cake/pb"},
		{"/p.ashx", "", all, "cake/frame"},
		{"/aff_lsr", "", all, "tune/aff_lsr"},
		{"/aff_lsr", "", nil, ""},
		{"/cf/cv", "", all, "clickflare/cv"},
		{"/da.ashx", "", all, "flexoffers/da"},
	} {
		got := ""
		if e := dialect.AtRoot(c.path, c.query, c.on); e != nil {
			got = e.Key()
		}
		if got != c.want {
			t.Errorf("%s?%s with %v is %q, want %q", c.path, c.query, c.on, got, c.want)
		}
	}
}

// TestGuides: what a guide's URLs leave to the shop's system is recognised as a macro where
// it arrives as it stands, so that a URL pasted as it is never makes a conversion; and the
// reader's own values are where they belong.
func TestGuides(t *testing.T) {
	for _, table := range dialect.Tables {
		g := table.Guide("https://go.example.com/", "tok_mine", "key_mine")
		for i, call := range g.Calls {
			_, query, _ := strings.Cut(call.URL, "?")
			ep := &table.Endpoints[i]
			s := &event.Signal{Kind: ep.Kind, Dialect: ep.Key(), Query: query, BodyType: "application/x-www-form-urlencoded", Body: []byte(call.Body)}
			r, refusal := dialect.Parse(s)
			if call.Server && (refusal == nil || refusal.Verdict != event.MacroUnreplaced || r.Token != "tok_mine") {
				t.Errorf("%s: its guide is read as %+v, %v", ep.Key(), r, refusal)
			}
			if !call.Server && r.Key != "key_mine" && r.Offer != "key_mine" || strings.Contains(query+call.Body, "TOKEN") || strings.Contains(query+call.Body, "OFFER_KEY") {
				t.Errorf("%s: the guide's page says %+v: %s", ep.Key(), r, call.URL)
			}
			if r.ClickID != "" || r.TxID != "" || r.Amount != "" || r.Payout != "" || len(r.Custom) > 0 {
				t.Errorf("%s: something in braces is taken for a value: %+v", ep.Key(), r)
			}
			if !strings.HasPrefix(call.URL, "https://go.example.com/d/"+table.Name+"/") {
				t.Errorf("%s: %s", ep.Key(), call.URL)
			}
		}
		if len(g.Params) == 0 || g.Title == "" {
			t.Errorf("%s: %+v", table.Name, g)
		}
	}
}
