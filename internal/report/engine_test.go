package report_test

import (
	"testing"

	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/report/reporttest"
)

func open(t testing.TB) *duck.Store {
	t.Helper()
	s, err := duck.Open(t.Context(), duck.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestScripts(t *testing.T) {
	reporttest.Run(t, func(t *testing.T) facts.Store { return open(t) })
}
