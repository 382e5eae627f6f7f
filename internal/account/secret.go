package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// alphabet is Crockford's base32 in lower case: 5 bits a character, no look-alikes.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// newSecret is a prefix and 32 random characters, 160 bits.
func newSecret(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return prefix + string(b[:])
}

// hashSecret is how a random secret is stored. It needs no salt and no slow hash: it
// has more randomness than the hash.
func hashSecret(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
