package visitor

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed data/bots.tsv
var botRules string

// minBotRules guards against an emptied list: V9 forbids running on one.
const minBotRules = 1000

// ownRules numbers our own decisions (overrides.tsv, bots.go); raise it when a
// change of them can classify a user agent differently (V9).
const ownRules = "1"

// botRule is one line of bots.tsv: a literal and what must hold around it.
type botRule struct {
	literal       string
	fold          bool // i: any ASCII case; else exactly as written
	atStart       bool // ^
	atEnd         bool // $
	wordBefore    bool // <: \b in front
	wordAfter     bool // >: \b behind
	endOrUnder    bool // _: \b or an underscore behind
	afterWordChar bool // w: a word character in front
	notBefore     []string
	notAfter      []string
	then          string         // must follow somewhere behind
	pattern       *regexp.Regexp // must match the whole text
	patternBit    uint64         // which pattern, so that it is run at most once per text
	reason        string
	rank          int // the rule with the highest rank names the bot
}

// botList finds known bots in user agents (R8, V2, V3). One pass finds every
// literal of every list; conditions are looked at only where a literal is.
type botList struct {
	version string
	rules   []botRule
	shapes  []int // rules without a literal: their pattern decides
	find    *automaton
}

// loadBots reads bots.tsv; data/README.md describes its columns.
func loadBots(tsv string) (*botList, error) {
	b := &botList{}
	var literals []string
	patterns := 0
	for line := range strings.Lines(tsv) {
		line = strings.TrimRight(line, "\r\n")
		if v, ok := strings.CutPrefix(line, "# version\t"); ok {
			b.version = v + ", clickledger rules " + ownRules
		}
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := parseBotRule(strings.Split(line, "\t"))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		if r.pattern != nil {
			if patterns == 64 {
				return nil, errors.New("more than 64 patterns: raise the width of patternBit")
			}
			r.patternBit = 1 << patterns
			patterns++
		}
		if r.literal == "" {
			b.shapes = append(b.shapes, len(b.rules))
		}
		b.rules = append(b.rules, r)
		literals = append(literals, r.literal)
	}
	if len(b.rules) < minBotRules || b.version == "" {
		return nil, fmt.Errorf("%d rules, version %q: not a complete list", len(b.rules), b.version)
	}
	find, err := newAutomaton(literals)
	if err != nil {
		return nil, err
	}
	b.find = find
	return b, nil
}

func parseBotRule(cols []string) (botRule, error) {
	if len(cols) < 5 {
		return botRule{}, errors.New("too few columns")
	}
	literal, err := strconv.Unquote(cols[4])
	if err != nil {
		return botRule{}, fmt.Errorf("literal: %w", err)
	}
	r := botRule{literal: literal, rank: len(literal)}
	if cols[0] != "isbot" {
		// A list that names its robots beats one that describes them: more
		// than the longest literal can.
		r.rank += maxUA
	}
	switch cols[1] {
	case "list":
		r.reason = "ua_list:" + cols[2]
	case "preview":
		r.reason = BotLinkPreview
	case "library":
		r.reason = BotHTTPLibrary
	default:
		return botRule{}, fmt.Errorf("class %q", cols[1])
	}
	for _, f := range cols[3] {
		switch f {
		case 'i':
			r.fold = true
		case '^':
			r.atStart = true
		case '$':
			r.atEnd = true
		case '<':
			r.wordBefore = true
		case '>':
			r.wordAfter = true
		case '_':
			r.endOrUnder = true
		case 'w':
			r.afterWordChar = true
		default:
			return botRule{}, fmt.Errorf("flag %q", f)
		}
	}
	for _, g := range cols[5:] {
		err := r.addGuard(g)
		if err != nil {
			return botRule{}, err
		}
	}
	if literal == "" && r.pattern == nil {
		return botRule{}, errors.New("neither a literal nor a pattern")
	}
	return r, nil
}

func (r *botRule) addGuard(column string) error {
	name, quoted, _ := strings.Cut(column, ":")
	value, err := strconv.Unquote(quoted)
	if err != nil {
		return fmt.Errorf("guard %q: %w", column, err)
	}
	switch name {
	case "notbefore":
		r.notBefore = append(r.notBefore, value)
	case "notafter":
		r.notAfter = append(r.notAfter, value)
	case "then":
		r.then = value
	case "re":
		r.pattern, err = regexp.Compile(value)
		return err
	default:
		return fmt.Errorf("guard %q", column)
	}
	return nil
}

// reason names the bot a user agent belongs to, or "". The text is at most
// maxUA bytes, so the few conditions that look further than one position stay
// cheap as well.
func (b *botList) reason(ua string) string {
	if ua == "" {
		return BotEmptyUA
	}
	best := -1
	var tried uint64 // patterns that have said no already
	consider := func(n, end int) {
		r := &b.rules[n]
		if tried&r.patternBit != 0 || best >= 0 && r.rank <= b.rules[best].rank {
			return
		}
		if !r.holds(ua, end-len(r.literal), end) {
			return
		}
		if r.pattern != nil && !r.pattern.MatchString(ua) {
			tried |= r.patternBit
			return
		}
		best = n
	}
	b.find.scan(ua, consider)
	if best < 0 {
		// Shapes are the dearest and name nothing: only for what is unknown.
		for _, n := range b.shapes {
			consider(n, 0)
		}
	}
	if best < 0 {
		return ""
	}
	return b.rules[best].reason
}

// holds checks everything but the pattern for a hit at ua[start:end].
func (r *botRule) holds(ua string, start, end int) bool {
	switch {
	case !r.fold && ua[start:end] != r.literal,
		r.atStart && start != 0,
		r.atEnd && end != len(ua),
		r.wordBefore && !boundary(ua, start),
		r.wordAfter && !boundary(ua, end),
		r.endOrUnder && !boundary(ua, end) && (end == len(ua) || ua[end] != '_'),
		r.afterWordChar && (start == 0 || !wordChar(ua[start-1])):
		return false
	}
	for _, s := range r.notBefore {
		if start >= len(s) && equalFold(ua[start-len(s):start], s) {
			return false
		}
	}
	for _, s := range r.notAfter {
		if end+len(s) <= len(ua) && equalFold(ua[end:end+len(s)], s) {
			return false
		}
	}
	return r.then == "" || strings.Contains(ua[end:], r.then)
}

// boundary is \b: exactly one side is a word character.
func boundary(s string, i int) bool {
	before := i > 0 && wordChar(s[i-1])
	after := i < len(s) && wordChar(s[i])
	return before != after
}

func wordChar(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_'
}
