package storetest

import (
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
)

var landingTests = map[string]func(t *testing.T, s *Stores){
	"the last visit stands": testLanding,
}

func landing(n int) *diagnosis.Landing {
	return &diagnosis.Landing{
		Workspace: home, Offer: id("off", n), At: int64(n + 1), Actor: "usr", URL: "https://shop.example/?c={click_id}",
		Host: "shop.example", Status: 404, Hops: 2, Millis: 321, Failure: "none",
	}
}

func testLanding(t *testing.T, s *Stores) {
	_, err := s.Landings.Landing(ctx, home, id("off", 1))
	wantErr(t, err, catalog.ErrNotFound)
	must(t, s.Landings.PutLanding(ctx, landing(1)))
	must(t, s.Landings.PutLanding(ctx, landing(2)))
	equal(t, get[*diagnosis.Landing](t)(s.Landings.Landing(ctx, home, id("off", 1))), landing(1))
	again := landing(1)
	again.At, again.Actor, again.URL, again.Host, again.Status, again.Hops, again.Millis, again.Failure = 99, "key", "https://a.example/", "", 0, 0, 5, "no answer"
	must(t, s.Landings.PutLanding(ctx, again))
	equal(t, get[*diagnosis.Landing](t)(s.Landings.Landing(ctx, home, id("off", 1))), again)
	equal(t, get[*diagnosis.Landing](t)(s.Landings.Landing(ctx, home, id("off", 2))), landing(2))
	_, err = s.Landings.Landing(ctx, foreign, id("off", 1))
	wantErr(t, err, catalog.ErrNotFound)
}
