package main

import (
	"fmt"
	"os"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxExpansion bounds how many literals one pattern may become: [ /]\d is 20.
const maxExpansion = 40

// rule is one literal with the conditions around it; its fields are the
// columns of bots.tsv described in data/README.md.
type rule struct {
	flags   string // sorted set of i ^ $ < > _ w
	literal string
	guards  []string // already in column form, e.g. notbefore:"g"
	name    string   // the family, where the literal is no good name
}

func (r rule) line(source, class, family string) string {
	cols := []string{source, class, family, r.flags, strconv.Quote(r.literal)}
	return strings.Join(append(cols, r.guards...), "\t")
}

// overrides are the hand-written decisions of data/overrides.tsv.
type overrides struct {
	drop    map[string]bool
	class   map[string]string
	rewrite map[string][]rule
	added   []string
	used    map[string]bool
}

func readOverrides(path string) (*overrides, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	o := &overrides{drop: map[string]bool{}, class: map[string]string{}, rewrite: map[string][]rule{}, used: map[string]bool{}}
	for i, line := range strings.Split(string(raw), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cols := strings.Split(line, "\t")
		switch {
		case cols[0] == "drop" && len(cols) == 3:
			o.drop[cols[1]] = true
		case cols[0] == "class" && len(cols) == 3:
			o.class[cols[1]] = cols[2]
		case cols[0] == "rewrite" && len(cols) >= 4:
			lit, err := strconv.Unquote(cols[3])
			if err != nil {
				return nil, fmt.Errorf("%s:%d: literal: %w", path, i+1, err)
			}
			r := rule{flags: cols[2], literal: lit}
			for _, g := range cols[4:] {
				if name, ok := strings.CutPrefix(g, "name:"); ok {
					r.name = strings.Trim(name, `"`)
					continue
				}
				r.guards = append(r.guards, g)
			}
			o.rewrite[cols[1]] = append(o.rewrite[cols[1]], r)
		case cols[0] == "add" && len(cols) >= 5:
			o.added = append(o.added, strings.Join(append([]string{"own"}, cols[1:]...), "\t"))
		default:
			return nil, fmt.Errorf("%s:%d: not an override: %q", path, i+1, line)
		}
	}
	return o, nil
}

// lines turns one published pattern into lines of bots.tsv.
func (o *overrides) lines(source, pattern, class string, fold bool) ([]string, error) {
	o.used[pattern] = true
	if o.drop[pattern] {
		return nil, nil
	}
	if c, ok := o.class[pattern]; ok {
		class = c
	}
	rules, ok := o.rewrite[pattern]
	if !ok {
		var err error
		rules, err = expand(pattern, fold)
		if err != nil {
			return nil, fmt.Errorf("%s: pattern %q: %w: add a rewrite to overrides.tsv", source, pattern, err)
		}
	}
	var out []string
	for _, r := range rules {
		out = append(out, r.line(source, class, r.family(pattern)))
	}
	return out, nil
}

func (o *overrides) unused() []string {
	var out []string
	for p := range o.drop {
		if !o.used[p] {
			out = append(out, p)
		}
	}
	for p := range o.class {
		if !o.used[p] {
			out = append(out, p)
		}
	}
	for p := range o.rewrite {
		if !o.used[p] {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// family is the short name a match is reported under: the letters and digits
// of what was matched, unless an override names it.
func (r rule) family(pattern string) string {
	name := r.name
	if name == "" {
		name = slug(r.literal)
	}
	if name == "" {
		name = slug(pattern)
	}
	if name == "" {
		name = "shape"
	}
	return name[:min(len(name), 32)]
}

func slug(s string) string {
	parts := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(parts, "-")
}

// expand writes a pattern made of literals, small classes, alternatives,
// anchors and word boundaries as the literals it stands for. Anything else
// (repetition, look-around) is an error: it needs a rewrite by hand.
func expand(pattern string, fold bool) ([]rule, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	rules, err := walk(re.Simplify())
	if err != nil {
		return nil, err
	}
	for i, r := range rules {
		if r.literal == "" {
			return nil, fmt.Errorf("a branch without a literal")
		}
		if fold {
			rules[i].flags = addFlag(r.flags, "i")
			rules[i].literal = strings.ToLower(r.literal)
		}
	}
	return rules, nil
}

func walk(re *syntax.Regexp) ([]rule, error) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []rule{{}}, nil
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			// The parser writes [wW] as a case-folded literal.
			return bothCases(re.Rune)
		}
		return []rule{{literal: string(re.Rune)}}, nil
	case syntax.OpCapture:
		return walk(re.Sub[0])
	case syntax.OpBeginText:
		return []rule{{flags: "^"}}, nil
	case syntax.OpEndText:
		return []rule{{flags: "$"}}, nil
	case syntax.OpWordBoundary:
		return []rule{{flags: "b"}}, nil
	case syntax.OpQuest:
		rules, err := walk(re.Sub[0])
		return append([]rule{{}}, rules...), err
	case syntax.OpCharClass:
		var rules []rule
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				rules = append(rules, rule{literal: string(r)})
				if len(rules) > maxExpansion {
					return nil, fmt.Errorf("a class of too many characters")
				}
			}
		}
		return rules, nil
	case syntax.OpAlternate:
		var rules []rule
		for _, sub := range re.Sub {
			r, err := walk(sub)
			if err != nil {
				return nil, err
			}
			rules = append(rules, r...)
		}
		return rules, nil
	case syntax.OpConcat:
		rules := []rule{{}}
		for _, sub := range re.Sub {
			next, err := walk(sub)
			if err != nil {
				return nil, err
			}
			rules, err = join(rules, next)
			if err != nil {
				return nil, err
			}
		}
		return rules, nil
	default:
		return nil, fmt.Errorf("%v cannot be written as literals", re.Op)
	}
}

func bothCases(runes []rune) ([]rule, error) {
	rules := []rule{{}}
	for _, r := range runes {
		next := []rule{{literal: string(unicode.ToLower(r))}, {literal: string(unicode.ToUpper(r))}}
		var err error
		rules, err = join(rules, next)
		if err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// join appends every right part to every left part. A word boundary is "<"
// in front of the literal and ">" behind it.
func join(left, right []rule) ([]rule, error) {
	if len(left)*len(right) > maxExpansion {
		return nil, fmt.Errorf("more than %d literals", maxExpansion)
	}
	var out []rule
	for _, l := range left {
		for _, r := range right {
			if strings.ContainsAny(l.flags, "$>") || (strings.Contains(r.flags, "^") && l.literal != "") {
				return nil, fmt.Errorf("an anchor in the middle")
			}
			flags := r.flags
			if flags == "b" {
				flags = "<"
				if l.literal != "" {
					flags = ">"
				}
			}
			out = append(out, rule{flags: addFlag(l.flags, flags), literal: l.literal + r.literal})
		}
	}
	return out, nil
}

func addFlag(set, flags string) string {
	b := []byte(set + flags)
	slices.Sort(b)
	return string(slices.Compact(b))
}
