package dialect

import (
	"net/url"
	"slices"
	"strings"

	"clickledger/internal/event"
)

// Guide says how a system that speaks the dialect is pointed here. It is made of the table.
type Guide struct {
	Name  string
	Title string
	// Landing is what the shop expects the click id to be called, "" = anything.
	Landing string
	Notes   []string // sentences; what is between backticks is a name
	Calls   []Call
	Params  []GuideParam
	Words   []GuideWord
	// OK and Bad are what is answered: see [Answer].
	OK, Bad string
}

// Call is one address with the reader's own values.
type Call struct {
	Use    string
	URL    string
	Body   string // of a form that is posted, "" = a GET
	Server bool   // a server calls it, and its answer says what became of it
	Answer string // what a page gets, in words
}

// GuideParam is one parameter.
type GuideParam struct {
	Name, Aliases, Words string
	Required             bool
}

// GuideWord is a word of a status or an event and what it becomes.
type GuideWord struct{ Word, Means string }

// Guide fills in the reader's values: where tracking is reached, the advertiser's token and
// the offer's public key. What the shop's system fills in stays in braces.
func (t *Table) Guide(base, token, key string) Guide {
	g := Guide{Name: t.Name, Title: t.Title, Landing: t.Landing, Notes: t.Notes}
	if len(t.Answers) > 0 {
		g.OK, g.Bad = t.Answers[len(t.Answers)-1].OK, t.Answers[len(t.Answers)-1].Bad
	}
	fill := strings.NewReplacer("TOKEN", token, "OFFER_KEY", url.QueryEscape(key))
	for i := range t.Endpoints {
		e := &t.Endpoints[i]
		c := Call{Use: e.Use, URL: strings.TrimRight(base, "/") + e.URL(), Server: !event.FromPage(e.Kind), Answer: formWords[e.Form]}
		switch {
		case e.Body:
			c.URL += "?" + fill.Replace("token=TOKEN")
			c.Body = fill.Replace(e.Example)
		default:
			c.URL += "?" + fill.Replace(e.Example)
		}
		g.Calls = append(g.Calls, c)
	}
	for i := range t.Params {
		p := &t.Params[i]
		words := p.Note
		if words == "" {
			words = fields[p.Field].words
		}
		if n := len(g.Params); n > 0 && g.Params[n-1].Name == p.Name {
			g.Params[n-1].Words = "From a server: " + g.Params[n-1].Words + " From a page: " + words
			continue
		}
		g.Params = append(g.Params, GuideParam{p.Name, strings.Join(p.Aliases, ", "), words, p.Required})
	}
	for word, ours := range t.Status {
		if word == ours {
			continue // it says so itself
		}
		g.Words = append(g.Words, GuideWord{word, ours})
	}
	slices.SortFunc(g.Words, func(a, b GuideWord) int { return strings.Compare(a.Word, b.Word) })
	for _, e := range t.Events {
		means := "goal " + e.Goal
		if e.Status != "" {
			means += ", " + e.Status
		}
		word := e.Is
		switch {
		case strings.HasPrefix(e.When, "!"):
			word += ", without " + e.When[1:]
		case e.When != "":
			word += ", " + e.When
		}
		g.Words = append(g.Words, GuideWord{word, means + ": " + e.Words})
	}
	return g
}

var formWords = map[Form]string{Words: "JSON, without waiting for the verdict", GIF: "an image of one pixel", Frame: "an empty page", Script: "an empty script"}
