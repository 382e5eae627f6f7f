package portal

import (
	"reflect"
	"strings"
	"testing"
)

// views are the answers of the portals with every field they have. A field is not added
// without being added here: whoever does has thought about whether the party may see it.
var views = []struct {
	view   any
	fields string
}{
	{Account{}, "kind id name status reason program contact currency time_zone"},
	{Contact{}, "name email"},
	{PublisherOffer{}, "id name description category preview_url status access currency commissions special_commissions cookie_days window_days attribution min_seconds tracking rules countries devices traffic deep_links questions terms next_terms enrollment apply"},
	{Special{}, "goals when from until kind amount percent months tier_measure tier_period retroactive tiers"},
	{TierPay{}, "from amount percent"},
	{Question{}, "key label required kind options"},
	{OfferTerms{}, "number from text cookie_days window_days commissions"},
	{PublisherStanding{}, "status reason applied decided accepted_terms answers"},
	{Answer{}, "key question value"},
	{Application{}, "may code why from"},
	{Commission{}, "goal key kind amount percent countries"},
	{GeoPayment{}, "country amount"},
	{Named{}, "id name"},
	{Coupon{}, "id offer code valid_from valid_until status"},
	{Link{}, "id offer name tracking_url source subs works rests created"},
	{Creative{}, "id offer name type width height alt headline body call_to_action url"},
	{Snippet{}, "id label text help"},
	{Postback{}, "id name offer goal states method url body_kind body replaces status paused_for"},
	{Key{}, "id name prefix scope created used expires revoked"},
	{Person{}, "id name email created disabled"},
	{Invitation{}, "id email name state expires created"},
	{Money{}, "currency amount"},
	{Numbers{}, "impressions clicks uniques conversions amounts sales"},
	{Row{}, "key name impressions clicks uniques conversions amounts sales"},
	{Statistics{}, "rows totals more"},
	{PublisherConversion{}, "id status reason offer goal link txid payout sale event_time click_time recorded method coupon country device subs source external_id"},
	{PublisherConversionStory{}, "id status reason offer goal link txid payout sale event_time click_time recorded method coupon country device subs source external_id history"},
	{StatusStep{}, "at status reason"},
	{Balance{}, "pending available in_payment"},
	{Funds{}, "owed paid left state"},
	{PaidOut{}, "id amount of state method details reference reason settled"},
	{PayoutMethod{}, "kind currency exchange details changed version"},
	{Document{}, "id kind number first_day last_day issued_on due_on total opening pending in_payment sender recipient lines payment footer"},
	{DocumentSide{}, "name address tax_id"},
	{DocumentLine{}, "line text offer goal invoice count amount"},
	{DocumentItem{}, "line conversion txid at amount"},
	{Movement{}, "id at kind conversion pending available in_payment"},
	{AdvertiserOffer{}, "id name description category url preview_url status currency payouts cookie_days window_days require_order initial_status countries devices deep_links"},
	{Payout{}, "goal key kind amount percent countries"},
	{Guide{}, "id label text language help recommended warnings"},
	{KeepGuide{}, "id label fits help steps"},
	{KeepStep{}, "what text"},
	{OfferTest{}, "needed passed live run"},
	{TestRun{}, "id offer method state result started ended test_url click landing steps"},
	{TestStep{}, "id title state sentence fault fix at verdict parsed"},
	{TestValue{}, "name param raw value problem"},
	{AdvertiserConversion{}, "id status reason offer goal publisher txid cost sale event_time click_time recorded method source coupon country device may"},
	{AdvertiserConversionStory{}, "id status reason offer goal publisher txid cost sale event_time click_time recorded method source coupon country device may history"},
	{Decision{}, "id status code message"},
	{Signal{}, "id at kind verdict sentence detail field offer txid conversion next_try"},
	{Delivery{}, "id postback conversion tells state method url body tries created next_at answer_status answer error"},
	{Parameter{}, "name value"},
	{SignalStory{}, "id at kind verdict sentence detail field offer txid conversion next_try method path parameters"},
}

func TestViewsAreAllowLists(t *testing.T) {
	for _, v := range views {
		var got []string
		typ := reflect.TypeOf(v.view)
		var walk func(typ reflect.Type)
		walk = func(typ reflect.Type) {
			for i := range typ.NumField() {
				f := typ.Field(i)
				if f.Anonymous {
					walk(f.Type)
					continue
				}
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name != "-" {
					got = append(got, name)
				}
			}
		}
		walk(typ)
		if list := strings.Join(got, " "); list != v.fields {
			t.Errorf("%s has %q, want %q", typ.Name(), list, v.fields)
		}
	}
}
