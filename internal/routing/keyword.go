package routing

import (
	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// keywordSet is the variations that share a parameter, with their weights added up.
type keywordSet struct {
	param  string
	values []string
	upTo   []int64 // upTo[i] is the sum of the weights up to i
}

// compileKeywords groups the rows by parameter, in the order in which parameters first
// come. Rows without weight are never chosen and left out; so is a set without any. A
// parameter that the URL fills in itself is not replaced: it may be the click id's, without
// which no conversion could be matched. The catalog refuses such a set when it is saved.
func compileKeywords(rows []catalog.Keyword, t *macro.Template) []keywordSet {
	var sets []keywordSet
	at := map[string]int{}
	for _, k := range rows {
		i, ok := at[k.Param]
		if !ok {
			i = len(sets)
			at[k.Param] = i
			sets = append(sets, keywordSet{param: k.Param})
		}
		if k.Weight <= 0 {
			continue
		}
		s := &sets[i]
		sum := k.Weight
		if n := len(s.upTo); n > 0 {
			sum += s.upTo[n-1]
		}
		s.values, s.upTo = append(s.values, k.Value), append(s.upTo, sum)
	}
	full := sets[:0]
	for _, s := range sets {
		if len(s.values) == 0 {
			continue
		}
		if t != nil && s.param != "" && catalog.FillsIn(t, s.param) {
			s.param = ""
		}
		full = append(full, s)
	}
	return full
}

// pick chooses a variation: the one whose share of the weights a random number falls into.
func (s *keywordSet) pick(random uint64) string {
	n := int64(random % uint64(s.upTo[len(s.upTo)-1]))
	lo, hi := 0, len(s.upTo)-1
	for lo < hi {
		mid := (lo + hi) / 2
		if n < s.upTo[mid] {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return s.values[lo]
}

// Keywords chooses one variation of each of the offer's keyword sets by its weight and
// keeps those that have a parameter for [Decision.AppendURL]. random is a source of
// uniformly random numbers, asked once a set. The choice of the first set is {keyword};
// ok=false when the offer has none.
func (d *Decision) Keywords(random func() uint64) (keyword string, ok bool) {
	if d.Template == nil || d.Offer == nil {
		return "", false
	}
	for i := range d.Offer.keywords {
		s := &d.Offer.keywords[i]
		value := s.pick(random())
		if i == 0 {
			keyword, ok = value, true
		}
		if s.param != "" && s.param != d.ClickParam {
			d.extra = append(d.extra, macro.Param{Name: s.param, Value: value})
		}
	}
	return keyword, ok
}
