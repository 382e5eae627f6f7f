package catalog

import "crypto/rand"

// Alphabets of generated keys. Links are read out, typed and printed, so theirs lacks
// the look-alikes 0 o 1 l i.
const (
	linkAlphabet  = "23456789abcdefghjkmnpqrstuvwxyz"
	plainAlphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	tokenAlphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford: 5 bits a character
)

func newLinkKey() string  { return random(linkAlphabet, 10) }
func newOfferKey() string { return random(plainAlphabet, 16) }

// newToken has 160 random bits: nobody guesses it (P17).
func newToken() string { return "tok_" + random(tokenAlphabet, 32) }

// random draws n characters, each equally likely: bytes beyond the last whole
// multiple of the alphabet are drawn again.
func random(alphabet string, n int) string {
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var buf [64]byte
	for len(out) < n {
		rand.Read(buf[:]) // never fails: it ends the process instead
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}
