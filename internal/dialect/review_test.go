package dialect

import (
	"strings"
	"testing"

	"clickledger/internal/event"
)

// A token that is not taken is still a secret: what is said about it is kept and sent.
func TestARefusedTokenIsNotRepeated(t *testing.T) {
	for _, q := range []string{`token=["tok_secret"]`, `token={tok_secret}`} {
		_, refusal := Parse(&event.Signal{Kind: event.SignalPostback, Query: q})
		if refusal == nil || refusal.Field != "token" {
			t.Fatalf("%s: %v", q, refusal)
		}
		if strings.Contains(refusal.Detail, "tok_secret") {
			t.Errorf("%s: %s", q, refusal.Detail)
		}
	}
}
