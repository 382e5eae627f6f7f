package routing

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// Revoked enrollments are ordinary rows: a catalog with many of them loads as one with
// many approved ones does.
func TestManyRevokedEnrollmentsLoad(t *testing.T) {
	const n = 20_000
	load := func(status string) time.Duration {
		rows := make([]catalog.Entity, n)
		for i := range rows {
			rows[i] = &catalog.Enrollment{Meta: meta(fmt.Sprintf("enr%d", i)), Offer: fmt.Sprintf("o%d", i%100), Publisher: fmt.Sprintf("p%d", i/100), Status: status}
		}
		b := NewBuilder()
		began := time.Now()
		b.Apply(rows, 1)
		b.Snapshot()
		return time.Since(began)
	}
	good, bad := load(catalog.Approved), load(catalog.Revoked)
	if bad > 20*good+100*time.Millisecond {
		t.Errorf("%d approved ones take %s, as many revoked ones %s", n, good, bad)
	}
}

// A parameter's name may be written with escapes; it is the click id's all the same.
func TestEscapedClickParameterIsNotReplaced(t *testing.T) {
	const id = "019a2f4c81d00010007d0c5e3f9ab214"
	f := newFixture()
	f.offer.URL = "https://shop.example/p?r%65f={click_id}"
	f.offer.Keywords = []catalog.Keyword{{Param: "ref", Value: "shoes", Weight: 1}}
	d := f.snapshot().Route("house", "", Visitor{}, nil)
	d.Keywords(func() uint64 { return 0 })
	var v macro.Values
	v[macro.ClickID] = id
	if got := string(d.AppendURL(nil, &v)); !strings.Contains(got, id) {
		t.Errorf("%s", got)
	}
}
