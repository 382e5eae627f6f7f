package account

import (
	"strings"
	"testing"
)

func TestPasswordHashes(t *testing.T) {
	h := HashPassword("Grüße, 世界")
	if ok, err := checkPassword(h, "Grüße, 世界"); !ok || err != nil {
		t.Errorf("checkPassword = %v, %v for the password that was hashed", ok, err)
	}
	if ok, err := checkPassword(h, "Grüße, 世界 "); ok || err != nil {
		t.Errorf("checkPassword = %v, %v for another password", ok, err)
	}
	if h == HashPassword("Grüße, 世界") {
		t.Error("two hashes of one password are the same: no salt")
	}
	cost := func(h string) string { return h[:strings.LastIndex(h[:strings.LastIndex(h, "$")], "$")] }
	if cost(nobodysHash) != cost(h) {
		t.Errorf("an unknown user costs %s, a known one %s", cost(nobodysHash), cost(h))
	}
	for _, phc := range []string{
		"", "x", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=18$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$", "$argon2id$v=19$m=19456,t=2,p=1$!$aGFzaGhhc2hoYXNoaGFzaA",
	} {
		if ok, err := checkPassword(phc, ""); ok || err == nil {
			t.Errorf("checkPassword(%q) = %v, %v, want an error", phc, ok, err)
		}
	}
}
