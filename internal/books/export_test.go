package books

import "testing"

// SetMaxReprice lowers how many conversions one call reprices, for one test.
func SetMaxReprice(t *testing.T, n int) {
	maxReprice = n
	t.Cleanup(func() { maxReprice = MaxReprice })
}
