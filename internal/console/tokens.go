package console

import (
	"strings"

	"clickledger/internal/macro"
)

// tokenList are the tokens a URL field may use, to search and to insert at the caret.
type tokenList struct {
	For    string // the field they go into
	Quick  []tokenItem
	Groups []tokenGroup
	Count  int
}

type tokenGroup struct {
	Name  string
	Items []tokenItem
}

type tokenItem struct {
	Name     string // with braces
	Help     string
	Sample   string
	Also     string // its other spellings, to be found by
	Internal bool   // shows an internal name to the visitor
}

// quickTokens are those people reach for first.
var quickTokens = []macro.ID{macro.ClickID, macro.PublisherID, macro.Source, macro.Sub1, macro.ConversionID, macro.Payout, macro.Status, macro.CountryCode, macro.Device}

// tokensOf lists a table's tokens by group, in the order of macro.Groups.
func tokensOf(tbl *macro.Table, field string) *tokenList {
	l := &tokenList{For: field}
	groups := map[string][]tokenItem{}
	items := map[macro.ID]tokenItem{}
	for _, id := range tbl.IDs() {
		t := macro.Tokens[id]
		item := tokenItem{Name: "{" + t.Name + "}", Help: t.Help, Sample: t.Sample, Also: strings.Join(t.Aliases, " "), Internal: t.Internal}
		items[id] = item
		groups[t.Group] = append(groups[t.Group], item)
		l.Count++
	}
	for _, name := range macro.Groups {
		if len(groups[name]) > 0 {
			l.Groups = append(l.Groups, tokenGroup{name, groups[name]})
		}
	}
	for _, id := range quickTokens {
		if item, ok := items[id]; ok {
			l.Quick = append(l.Quick, item)
		}
	}
	return l
}

// urlNote is what is to be said about a URL while it is typed: why it would be refused,
// with the nearest name of an unknown token, or what it gives away.
func urlNote(field string, tbl *macro.Table, raw string) note {
	n := note{For: field}
	if strings.TrimSpace(raw) == "" {
		return n
	}
	t, err := macro.ParseURLWith(tbl, raw)
	if bad := macroError(err); bad != nil {
		n.Text, n.Code, n.Tone = sentence(bad.Msg), bad.Code, "bad"
		if near := tbl.Nearest(bad.Field); bad.Code == macro.CodeTokenUnknown && near != "" {
			n.Bad, n.Good = "{"+bad.Field, "{"+near
		}
		return n
	}
	var shown []string
	for _, id := range tbl.IDs() {
		if macro.Tokens[id].Internal && t.Uses(id) {
			shown = append(shown, "{"+macro.Tokens[id].Name+"}")
		}
	}
	if len(shown) > 0 && tbl == macro.ClickTokens {
		n.Tone, n.Text = "warn", strings.Join(shown, ", ")+" shows an internal name to every visitor."
	}
	return n
}
