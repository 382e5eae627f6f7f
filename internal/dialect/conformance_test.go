package dialect_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/dialect"
	"clickledger/internal/dialect/dialecttest"
	"clickledger/internal/event"
)

// fixed are values for those who only parse.
var fixed = dialecttest.Values{
	"$CLICK": "019caeddfa8300001d0c5e3f9ab21477", "$NUMBER": "2142773031940921765825874639748994167", "$OLDER": "019caeddfa8200001d0c5e3f9ab21478", "$LAST": "019caeddfa8100001d0c5e3f9ab21479", "$OTHER": "019caeddfa8000001d0c5e3f9ab21470",
	"$FOREIGN": "019caeddfa7000001d0c5e3f9ab21470", "$TOKEN": "tok_shop", "$KEY": "offerkey", "$OFFER": "off_1", "$PUB": "pub_1",
}

func files(t *testing.T) []*dialecttest.File {
	t.Helper()
	all, err := dialecttest.Load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// signal is what the edge would log for a request, nil for one that it would not.
func signal(r dialecttest.HTTP) *event.Signal {
	path, query := r.Query()
	rest, ok := strings.CutPrefix(path, dialect.Prefix)
	if !ok {
		return nil
	}
	ep := dialect.Find(rest, query)
	if ep == nil || r.Method != "GET" && r.Method != "POST" {
		return nil
	}
	s := &event.Signal{Kind: ep.Kind, Dialect: ep.Key(), HTTPMethod: r.Method, Path: path, Query: query[:min(len(query), event.MaxURL+1)], Body: []byte(r.Body[:min(len(r.Body), event.MaxBody)])}
	for _, h := range r.Header {
		if h[0] == "Content-Type" {
			s.BodyType = h[1]
		}
	}
	return s
}

// TestConformance reads every case with the parser.
func TestConformance(t *testing.T) {
	seen := map[string]int{}
	for _, f := range files(t) {
		if dialect.Named(f.Dialect) == nil {
			t.Errorf("testdata has %s, which is no dialect", f.Dialect)
		}
		for _, c := range f.Cases {
			s := signal(c.HTTP(fixed))
			if s == nil {
				continue
			}
			got := fixed.Shrink(dialecttest.Show(dialect.Parse(s)))
			if dialecttest.Updating() {
				c.Parsed = got
			}
			if d := cmp.Diff(c.Parsed, got); d != "" {
				t.Errorf("%s: %s (-want +got):\n%s", f.Dialect, c.Name, d)
			}
			seen[f.Dialect]++
		}
		if dialecttest.Updating() {
			if err := f.Save(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, table := range dialect.Tables {
		if seen[table.Name] < 12 {
			t.Errorf("%s has %d cases that are parsed, and needs 12", table.Name, seen[table.Name])
		}
	}
}

// FuzzParse: whatever is sent to whatever endpoint, what is parsed is bounded, a refusal
// has a known verdict that is no fault of ours, and the answer is well-formed.
func FuzzParse(f *testing.F) {
	all, err := dialecttest.Load("testdata")
	if err != nil {
		f.Fatal(err)
	}
	var endpoints []*dialect.Endpoint
	for _, t := range dialect.Tables {
		for i := range t.Endpoints {
			endpoints = append(endpoints, &t.Endpoints[i])
		}
	}
	for _, file := range all {
		for _, c := range file.Cases {
			if s := signal(c.HTTP(fixed)); s != nil && len(s.Query) < 2000 && len(s.Body) < 2000 {
				for i, e := range endpoints {
					if e.Key() == s.Dialect {
						f.Add(byte(i), s.Query, s.BodyType, s.Body)
					}
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, query, kind string, body []byte) {
		ep := endpoints[int(which)%len(endpoints)]
		s := &event.Signal{Kind: ep.Kind, Dialect: ep.Key(), Query: query, BodyType: kind, Body: body}
		r, refusal := dialect.Parse(s)
		o := dialect.Outcome{Verdict: event.Accepted, Conversion: "cnv_1"}
		if refusal != nil {
			info, known := event.Verdicts[refusal.Verdict]
			if !known || refusal.Detail == "" || info.Status >= 500 || info.Status < 400 {
				t.Fatalf("refusal %+v", refusal)
			}
			o = dialect.Outcome{Verdict: refusal.Verdict, Detail: refusal.Detail}
		}
		for _, v := range []string{r.ClickID, r.Offer, r.Publisher, r.Goal, r.Payout, r.Amount, r.Currency, r.TxID, r.Status, r.RefundID, r.EventTime, r.Token, r.Key, r.Coupon, r.Geo, r.CommissionID, r.Customer, r.ClickFrom} {
			if len(v) > 600 || strings.ContainsAny(v, "\x00\r\n") {
				t.Fatalf("a field is %q", v)
			}
		}
		if len(r.ClickIDs) > 300 || len(r.Custom) > 20 {
			t.Fatalf("%d clicks, %d custom parameters", len(r.ClickIDs), len(r.Custom))
		}
		reply, ok := ep.Reply(query, s, o)
		if ok {
			wellFormed(t, reply)
		}
	})
}
