package macro

import "testing"

func TestTokensDescribed(t *testing.T) {
	seen := map[string]ID{}
	for id, tok := range Tokens {
		if tok.Name == "" || tok.Help == "" || tok.Sample == "" {
			t.Errorf("token %d is not described: %+v", id, tok)
		}
		for _, name := range append([]string{tok.Name}, tok.Aliases...) {
			if other, dup := seen[name]; dup {
				t.Errorf("{%s} names tokens %d and %d", name, other, id)
			}
			seen[name] = ID(id)
			for i := range len(name) {
				if !isTokenByte(name[i]) {
					t.Errorf("{%s} cannot be parsed", name)
				}
			}
		}
	}
}

func TestTables(t *testing.T) {
	covered := map[ID]bool{}
	for _, tbl := range []*Table{ClickTokens, PostbackTokens} {
		for _, id := range tbl.IDs() {
			covered[id] = true
			for _, name := range append([]string{Tokens[id].Name}, Tokens[id].Aliases...) {
				if got, ok := tbl.Lookup(name); !ok || got != id {
					t.Errorf("Lookup(%q) = %d, %t; want %d", name, got, ok, id)
				}
			}
		}
	}
	for id := range NumTokens {
		if !covered[id] {
			t.Errorf("{%s} is in no table", Tokens[id].Name)
		}
	}
	for _, name := range []string{"click_id", "cf_click_id", "campaign_id", "offer_id", "publisher_id", "source", "sub1", "sub20", "device", "country_code", "timestamp"} {
		if _, ok := Lookup(name); !ok {
			t.Errorf("destinations lack {%s}", name)
		}
	}
	for _, name := range []string{"click_id", "txid", "payout", "currency", "status", "goal", "offer_id", "event_time", "sub1", "sub20", "external_id", "amount"} {
		if _, ok := PostbackTokens.Lookup(name); !ok {
			t.Errorf("postbacks lack {%s}", name)
		}
	}
	for _, name := range []string{"payout", "txid", "amount", "", "sub0", "sub21", "CLICK_ID"} {
		if _, ok := Lookup(name); ok {
			t.Errorf("destinations have {%s}", name)
		}
	}
	if _, ok := PostbackTokens.Lookup("advertiser_id"); ok {
		t.Error("postbacks tell the advertiser")
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"clik_id", "click_id"},
		{"CLICKID", "click_id"},
		{"contry_code", "country_code"},
		{"sub_1", "sub1"},
		{"time_stamp", "timestamp"},
		{"GDPR_CONSENT_123", ""},
		{"zzzzzzzzzzzz", ""},
		{"", ""},
	} {
		if got := Nearest(c.name); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}
