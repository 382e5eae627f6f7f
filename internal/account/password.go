package account

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// argon2id parameters for new passwords: OWASP's, 19 MiB of memory, 2 passes, 1 lane.
// A stored hash carries its own, so they can be raised without asking anybody.
const (
	hashMemory = 19 << 10 // KiB
	hashTime   = 2
	hashLanes  = 1
	hashBytes  = 32
	saltBytes  = 16
)

// Bounds of a password, in characters. The upper one keeps hashing cheap.
const (
	MinPassword = 10
	MaxPassword = 200
)

// hashing bounds how many passwords are hashed at once, and so their memory.
var hashing = make(chan struct{}, 4)

// HashPassword gives the PHC string of a password.
func HashPassword(password string) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails: it ends the process instead
	p := params{memory: hashMemory, time: hashTime, lanes: hashLanes}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.lanes,
		b64.EncodeToString(salt), b64.EncodeToString(p.hash(password, salt, hashBytes)))
}

// params are the cost of one hash.
type params struct {
	memory, time uint32
	lanes        uint8
}

func (p params) hash(password string, salt []byte, n int) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.lanes, uint32(n))
}

var errHash = errors.New("account: not an argon2id PHC string")

// checkPassword reports whether the password is the one that was hashed.
func checkPassword(phc, password string) (bool, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	var p params
	_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.lanes)
	if err != nil || p.memory == 0 || p.memory > 1<<20 || p.time == 0 || p.time > 100 || p.lanes == 0 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 {
		return false, errHash
	}
	return subtle.ConstantTimeCompare(p.hash(password, salt, len(want)), want) == 1, nil
}

// nobodysHash is checked when there is no such user, so that the answer takes as long
// as for one who exists: it has the cost of a new password, and nobody knows its own.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$G5PwFxqBQZ607h8zaPIzTA$Snk49N9JAvr2EpvUeZKrKxBnlp2cIq9kiJnstFy0eAw"

// checkNewPassword reports a password that is too short or too long; other rules make
// passwords no better.
func checkNewPassword(bad *Invalid, password string) {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		bad.Add("password", "characters", "", "Must be valid UTF-8.")
	case n < MinPassword:
		bad.Add("password", "too_short", "", fmt.Sprintf("Must be at least %d characters long.", MinPassword))
	case n > MaxPassword:
		bad.Add("password", "too_long", "", fmt.Sprintf("Must be at most %d characters long.", MaxPassword))
	}
}
