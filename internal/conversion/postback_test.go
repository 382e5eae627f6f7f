package conversion_test

import (
	"strings"
	"testing"
)

// A macro that the traffic source forgot to replace is kept with the click and told to
// nobody: the publisher gets the others, and an empty value for it.
func TestUnreplacedMacrosAreNotPassedOn(t *testing.T) {
	w := newWorld(t)
	w.pub.PostbackURL = "https://pub.example/pb?a={sub1}&b={sub2}&x={external_id}&k={keyword}&s={source}"
	w.reload()
	id := w.click()
	v := w.clicks[id]
	v.Subs[0], v.Subs[1], v.ExternalID, v.Keyword, v.Source = "{sub}", "kept", "{gclid}", "shoes", "##SRC##"
	v.Unreplaced = 1<<0 | 1<<20 | 1<<22
	row := w.postback("token=tok_shop&click_id=" + id.String())
	ds, err := w.db.Deliveries().ListDeliveries(t.Context(), "ws_1", row.Conversion, "", 10)
	if err != nil || len(ds) != 1 {
		t.Fatalf("%d deliveries, %v", len(ds), err)
	}
	if got := ds[0].URL; !strings.HasSuffix(got, "/pb?a=&b=kept&x=&k=shoes&s=") {
		t.Errorf("told %s", got)
	}
}
