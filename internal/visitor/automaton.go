package visitor

import (
	"errors"
	"math"
)

// automaton finds all of many literals in one pass over a text (Aho–Corasick
// as a complete table): time is linear in the text whatever the text is, and
// nothing is allocated. ASCII case is ignored; who needs it compares the bytes
// at the hit.
type automaton struct {
	class  [256]uint8 // byte → column, letters of both cases sharing one; 0 = in no literal
	stride int
	next   []uint16  // state*stride+column → state
	found  [][]int32 // state → literals that end here
}

// newAutomaton compiles literals; empty ones are never found. It fails when
// they need more states than the table's 16 bits.
func newAutomaton(literals []string) (*automaton, error) {
	a := &automaton{stride: 1}
	for _, l := range literals {
		for i := range len(l) {
			b := lower(l[i])
			if a.class[b] == 0 {
				if a.stride > math.MaxUint8 {
					return nil, errors.New("too many different characters")
				}
				a.class[b] = uint8(a.stride)
				a.stride++
			}
		}
	}
	for b := 'A'; b <= 'Z'; b++ {
		a.class[b] = a.class[lower(byte(b))]
	}

	// The trie. 0 means "no edge" here, which is also where failing leads.
	a.addState()
	for n, l := range literals {
		if l == "" {
			continue
		}
		state := 0
		for i := range len(l) {
			edge := state*a.stride + int(a.class[l[i]])
			if a.next[edge] == 0 {
				if len(a.found) > math.MaxUint16 {
					return nil, errors.New("too many literals")
				}
				a.next[edge] = uint16(a.addState())
			}
			state = int(a.next[edge])
		}
		a.found[state] = append(a.found[state], int32(n))
	}

	// Breadth first, each missing edge becomes the edge of the longest proper
	// suffix, so that scanning never steps back.
	fail := make([]uint16, len(a.found))
	queue := make([]uint16, 0, len(a.found))
	for _, s := range a.next[:a.stride] {
		if s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := int(queue[0])
		queue = queue[1:]
		f := int(fail[s])
		a.found[s] = append(a.found[s], a.found[f]...)
		for c := range a.stride {
			edge := s*a.stride + c
			viaFail := a.next[f*a.stride+c]
			if t := a.next[edge]; t != 0 {
				fail[t] = viaFail
				queue = append(queue, t)
			} else {
				a.next[edge] = viaFail
			}
		}
	}
	return a, nil
}

func (a *automaton) addState() int {
	a.next = append(a.next, make([]uint16, a.stride)...)
	a.found = append(a.found, nil)
	return len(a.found) - 1
}

// scan calls hit for every occurrence of every literal with the literal's
// number and the position behind it.
func (a *automaton) scan(text string, hit func(literal, end int)) {
	state := 0
	for i := range len(text) {
		state = int(a.next[state*a.stride+int(a.class[text[i]])])
		for _, l := range a.found[state] {
			hit(int(l), i+1)
		}
	}
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + ('a' - 'A')
	}
	return b
}

// equalFold compares ASCII without regard to case.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
