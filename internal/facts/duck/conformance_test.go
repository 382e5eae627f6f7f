package duck_test

import (
	"testing"

	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

func TestConformance(t *testing.T) {
	factstest.Run(t, func(t *testing.T, dir string) facts.Store {
		s, err := duck.Open(t.Context(), duck.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, true)
}
