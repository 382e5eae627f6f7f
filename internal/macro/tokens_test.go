package macro

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokensDescribed(t *testing.T) {
	groups := map[string]bool{}
	for _, g := range Groups {
		groups[g] = true
	}
	for id, tok := range Tokens {
		if tok.Name == "" || tok.Help == "" || tok.Sample == "" || !groups[tok.Group] {
			t.Errorf("token %d is not described: %+v", id, tok)
		}
		if tok.Internal != (tok.Group == GroupNames) {
			t.Errorf("{%s}: internal %t in group %q", tok.Name, tok.Internal, tok.Group)
		}
		for _, name := range append([]string{tok.Name}, tok.Aliases...) {
			if len(name) > maxTokenName-len(":hash") {
				t.Errorf("{%s} is too long for a modifier", name)
			}
			for i := range len(name) {
				if !isTokenByte(name[i]) || name[i] == ':' { // a colon begins a modifier
					t.Errorf("{%s} cannot be parsed", name)
				}
			}
		}
	}
}

// Destinations' tokens come group by group in the order of Groups, so that a list of them
// can have headings.
func TestGroupsStandTogether(t *testing.T) {
	var order []string
	for _, id := range ClickTokens.IDs() {
		if g := Tokens[id].Group; len(order) == 0 || order[len(order)-1] != g {
			order = append(order, g)
		}
	}
	if diff := cmp.Diff(Groups[:len(Groups)-1], order); diff != "" { // the last is the conversion's
		t.Error(diff)
	}
}

// TestNamesAreUnambiguous: within a table each name and alias means one token. Over all
// tables only {payout} means two, on purpose.
func TestNamesAreUnambiguous(t *testing.T) {
	for _, tbl := range []*Table{ClickTokens, PostbackTokens} {
		seen := map[string]ID{}
		for _, id := range tbl.IDs() {
			for _, name := range append([]string{Tokens[id].Name}, Tokens[id].Aliases...) {
				if other, dup := seen[name]; dup {
					t.Errorf("{%s} names {%s} and {%s}", name, Tokens[other].Name, Tokens[id].Name)
				}
				seen[name] = id
			}
		}
	}
	owner := map[string]ID{}
	for id := range NumTokens {
		for _, name := range append([]string{Tokens[id].Name}, Tokens[id].Aliases...) {
			if other, dup := owner[name]; dup && name != "payout" {
				t.Errorf("{%s} means {%s} and {%s}", name, Tokens[other].Name, Tokens[id].Name)
			}
			owner[name] = id
		}
	}
}

// TestOtherTrackersSpellings are tokens people paste from where they come from.
func TestOtherTrackersSpellings(t *testing.T) {
	for name, want := range map[string]ID{
		// ClickFlare
		"cf_click_id": ClickID, "trackingField1": Sub1, "trackingField20": Sub20, "external_id": ExternalID, "offer_static_url": OfferStaticURL,
		"campaign_id": CampaignID, "device": Device, "country_code": CountryCode,
		// Voluum
		"clickid": ClickID, "campaign.id": CampaignID, "campaign.name": CampaignName, "trafficsource.id": SourceID, "trafficsource.name": SourceName,
		"lander.id": LanderID, "lander.name": LanderName, "offer.id": OfferID, "offer.name": OfferName, "brand": Brand, "model": Model,
		"browserversion": BrowserVersion, "osversion": OSVersion, "countryname": Country, "region": Region, "city": City, "isp": ISP,
		"connection.type": Connection, "useragent": UserAgent, "ip": IP, "var1": Sub1, "var10": Sub10, "referrerdomain": ReferrerDomain, "language": Language,
		// Binom
		"campaign_name": CampaignName, "affiliate_network_id": AdvertiserID, "affiliate_network_name": AdvertiserName, "landing_id": LanderID,
		"landing_name": LanderName, "path_name": PathName, "externalid": ExternalID, "clickcost": Cost, "date": Date, "referer": Referrer,
		"ref_domain": ReferrerDomain, "device_type": Device, "device_brand": Brand, "device_model": Model, "os_name": OS, "os_version": OSVersion,
		"browser_name": Browser, "browser_version": BrowserVersion, "country_name": Country, "t1": Sub1, "t20": Sub20, "traffic_source_id": SourceID,
		"traffic_source_name": SourceName, "unixtime": Timestamp, "user_agent": UserAgent, "state": Region,
		// Keitaro
		"subid": ClickID, "sub_id_1": Sub1, "sub_id_20": Sub20, "cost": Cost, "connection_type": Connection, "keyword": Keyword,
		// RedTrack, BeMob, FunnelFlux, TUNE
		"sub1": Sub1, "ref_id": ExternalID, "externalId": ExternalID, "hit": ClickID, "affiliate_id": PublisherID, "aff_sub5": Sub5,
	} {
		got, ok := Lookup(name)
		if !ok || got != want {
			t.Errorf("{%s} is not {%s}", name, Tokens[want].Name)
		}
	}
	for name, want := range map[string]ID{"tid": TxID, "transaction.id": TxID, "cnv_status": Status, "cnv_currency": Currency, "payout": Payout} {
		got, ok := PostbackTokens.Lookup(name)
		if !ok || got != want {
			t.Errorf("in a postback {%s} is not {%s}", name, Tokens[want].Name)
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
	for _, name := range []string{"commission", "txid", "amount", "", "sub0", "sub21", "CLICK_ID"} {
		if _, ok := Lookup(name); ok {
			t.Errorf("destinations have {%s}", name)
		}
	}
	for _, name := range []string{"advertiser_id", "advertiser_name", "offer_payout", "cost", "revenue", "offer_revenue", "advertiser_payout", "publisher_name", "ip"} {
		if _, ok := PostbackTokens.Lookup(name); ok {
			t.Errorf("postbacks tell a publisher {%s}", name)
		}
	}
	if click, _ := Lookup("payout"); click != OfferPayout {
		t.Error("{payout} at the click is not what the offer pays")
	}
	for i := range ID(20) {
		if Tokens[Sub1+i].Name != "sub"+strconv.Itoa(int(i)+1) {
			t.Errorf("Sub1+%d is {%s}", i, Tokens[Sub1+i].Name)
		}
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
