package storetest

import (
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/domains"
)

var domainTests = map[string]func(t *testing.T, s *Stores){
	"the last check stands": testDomainCheck,
	"one claims a check":    testDomainClaim,
}

func domainCheck(n int) *domains.Check {
	return &domains.Check{Workspace: home, Domain: id("dom", n), At: int64(n + 1), Code: domains.WrongTarget, Detail: "It leads elsewhere.",
		Fails: 2, Next: 2000, CertUntil: 77, CertError: "none"}
}

func testDomainCheck(t *testing.T, s *Stores) {
	_, err := s.Domains.Check(ctx, home, id("dom", 1))
	wantErr(t, err, catalog.ErrNotFound)
	equal(t, len(get[[]domains.Check](t)(s.Domains.Checks(ctx))), 0)
	must(t, s.Domains.Put(ctx, domainCheck(1)))
	must(t, s.Domains.Put(ctx, domainCheck(2)))
	again := domainCheck(1)
	again.At, again.Code, again.Detail, again.Fails, again.Next, again.CertUntil, again.CertError = 99, "", "", 0, 5, 0, ""
	must(t, s.Domains.Put(ctx, again))
	equal(t, get[*domains.Check](t)(s.Domains.Check(ctx, home, id("dom", 1))), again)
	equal(t, get[[]domains.Check](t)(s.Domains.Checks(ctx)), []domains.Check{*again, *domainCheck(2)})
	_, err = s.Domains.Check(ctx, foreign, id("dom", 1))
	wantErr(t, err, catalog.ErrNotFound)
}

func testDomainClaim(t *testing.T, s *Stores) {
	claim := func(now, until int64) bool {
		t.Helper()
		return get[bool](t)(s.Domains.Claim(ctx, home, id("dom", 1), now, until))
	}
	equal(t, claim(100, 200), true) // never checked: due at once
	equal(t, claim(199, 300), false)
	equal(t, claim(200, 300), true)
	must(t, s.Domains.Put(ctx, domainCheck(1)))
	equal(t, claim(1999, 3000), false)
	equal(t, claim(2000, 3000), true)
	want := domainCheck(1)
	want.Next = 3000
	equal(t, get[*domains.Check](t)(s.Domains.Check(ctx, home, id("dom", 1))), want)
}
