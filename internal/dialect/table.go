package dialect

import (
	"slices"
	"strings"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// Table is one dialect. Tables are never changed.
type Table struct {
	Name  string // in paths: /d/{name}/…
	Title string // what people call it
	// Landing is what such shops expect the click id to be called in the landing page's URL.
	Landing string
	// Notes are what is particular about it, for its guide.
	Notes     []string
	Endpoints []Endpoint
	Params    []Param
	// Status translates the words of a status; nil: they are ours. What it does not have is
	// refused.
	Status map[string]string
	// WhilePending says that a status changes a conversion only as long as it is pending.
	WhilePending bool
	// Events translates the values of [FieldEvent]; the first row that fits counts.
	Events []Event
	// Answers are the answers to conversions, the first whose When holds; none: the
	// product's own JSON.
	Answers []Answer

	bare []*Endpoint // those whose path is empty
}

// Endpoint is one address at which a dialect reports conversions.
type Endpoint struct {
	ID   string // within its dialect; stays for ever, since signals keep it
	Path string // behind /d/{name}/, escaped as a URL has it
	// Root is the path at the root of a tracking domain on which the dialect is switched on,
	// "" = none.
	Root string
	// RootWhen is one more condition on the query there, where several dialects claim the path.
	RootWhen string
	When     string // a condition on the query that tells endpoints of one path apart; see holds
	Kind     string // event.SignalPostback: the answer waits for the verdict; others never wait
	Form     Form
	Use      string // what it is for, in words
	// Example is a query for the guide: words in braces are to be filled in by the shop's
	// system, those in capitals by the reader's own values.
	Example string
	// Body says that the example is the body of a form.
	Body bool
	// Need are fields that this endpoint needs beside those the table requires.
	Need []Field

	table *Table
	key   string
}

// Table is the endpoint's dialect.
func (e *Endpoint) Table() *Table { return e.table }

// Key is what a signal keeps of where it came in.
func (e *Endpoint) Key() string { return e.key }

// Prefix begins the paths of all dialects.
const Prefix = "/d/"

// URL is the endpoint's path on every tracking host.
func (e *Endpoint) URL() string { return Prefix + e.table.Name + "/" + e.Path }

// Form is what answers a page.
type Form uint8

// The forms.
const (
	Words  Form = iota // the dialect's [Answer]
	GIF                // an image of one pixel
	Frame              // an empty page, for an iframe
	Script             // a script that does nothing
)

// Param is one parameter of a dialect.
type Param struct {
	Name     string
	Aliases  []string // taken in this order where Name is absent
	Field    Field
	Required bool
	Format   Format
	// Only is the one kind of signal that has the parameter, "" = all.
	Only string
	Note string // for the guide, "" = the field's own words
}

// Format is how a value has to be written.
type Format uint8

// The formats.
const (
	Plain    Format = iota
	Cents           // digits, a point, two digits: 0.00
	Number          // of a click: our id, or its decimal form
	List            // of clicks, joined by |
	NotZero         // 0 is the same as absent
	NoFormat        // taken as it is
)

// Event is a row of a dialect's vocabulary of events.
type Event struct {
	Is   string
	When string // a condition on the parameters; see holds
	Goal string
	// Status is ours, "" = none.
	Status string
	// Order is a parameter whose value is joined to the order number, so that each of a
	// series has its own; "" = none.
	Order string
	Words string // for the guide
}

// holds reports whether parameters fit a condition: "name=value", "name" for one that is
// not empty, "!name" for one that is absent or empty; "" fits always.
func holds(params []macro.Param, when string) bool {
	if when == "" {
		return true
	}
	name, absent := strings.CutPrefix(when, "!")
	name, want, exact := strings.Cut(name, "=")
	v := value(params, name)
	switch {
	case absent:
		return v == ""
	case exact:
		return v == want
	}
	return v != ""
}

// value is the first value of the name that is not empty.
func value(params []macro.Param, name string) string {
	for i := range params {
		if params[i].Name == name && params[i].Value != "" {
			return params[i].Value
		}
	}
	return ""
}

// asks is holds for a raw query, without an allocation: names and values of conditions are
// plain, so that only unescaped ones fit.
func asks(query, when string) bool {
	if when == "" {
		return true
	}
	name, absent := strings.CutPrefix(when, "!")
	name, want, exact := strings.Cut(name, "=")
	got := ""
	for query != "" && got == "" {
		var piece string
		piece, query, _ = strings.Cut(query, "&")
		n, v, _ := strings.Cut(piece, "=")
		if n == name {
			got = v
		}
	}
	switch {
	case absent:
		return got == ""
	case exact:
		return got == want
	}
	return got != ""
}

// Tables are all dialects, the product's own first.
var Tables = []*Table{&native, &flexoffers, &apikey, &tune, &cake, &clickflare, &everflow, &affise, &nats}

var (
	byName = map[string]*Table{}
	byPath = map[string][]*Endpoint{} // "{name}/{path}"
	byRoot = map[string][]*Endpoint{} // "/path"
)

func init() {
	for _, t := range Tables {
		byName[t.Name] = t
		for i := range t.Endpoints {
			e := &t.Endpoints[i]
			e.table, e.key = t, t.Name+"/"+e.ID
			path := t.Name + "/" + e.Path
			byPath[path] = append(byPath[path], e)
			if e.Path == "" {
				t.bare = append(t.bare, e)
			}
			if e.Root != "" {
				byRoot[e.Root] = append(byRoot[e.Root], e)
			}
		}
	}
}

// Named is the dialect of the name, nil if there is none.
func Named(name string) *Table { return byName[name] }

// Find is the endpoint behind /d/, nil if there is none. It does not allocate.
func Find(path, query string) *Endpoint {
	all := byPath[path]
	if t := byName[path]; t != nil {
		all = t.bare // without the slash at its end
	}
	for _, e := range all {
		if asks(query, e.When) {
			return e
		}
	}
	return nil
}

// AtRoot is the endpoint at a path at the root of a domain on which the named dialects are
// switched on, nil if none of them claims it. It does not allocate.
func AtRoot(path, query string, on []string) *Endpoint {
	if len(on) == 0 {
		return nil
	}
	for _, e := range byRoot[path] {
		if slices.Contains(on, e.table.Name) && asks(query, e.When) && asks(query, e.RootWhen) {
			return e
		}
	}
	return nil
}

// Secrets are the names of the parameters that hold an advertiser's token, in any dialect.
func Secrets() []string {
	var out []string
	for _, t := range Tables {
		for i := range t.Params {
			if p := &t.Params[i]; p.Field == Token {
				out = append(append(out, p.Name), p.Aliases...)
			}
		}
	}
	return out
}

// Rooted are the names of the dialects with paths at the root of a domain.
func Rooted() []string {
	var out []string
	for _, t := range Tables {
		for i := range t.Endpoints {
			if t.Endpoints[i].Root != "" {
				out = append(out, t.Name)
				break
			}
		}
	}
	return out
}

// Of is the dialect of a signal, and the endpoint it came in by where that still exists; a
// signal without a dialect is in the product's own. The table is nil for one that is gone.
func Of(s *event.Signal) (*Table, *Endpoint) {
	if s.Dialect == "" {
		return &native, nil
	}
	name, id, _ := strings.Cut(s.Dialect, "/")
	t := byName[name]
	if t == nil {
		return nil, nil
	}
	for i := range t.Endpoints {
		if t.Endpoints[i].ID == id {
			return t, &t.Endpoints[i]
		}
	}
	return t, nil
}

// Own reports whether it is the product's own dialect, whose paths at the root do the same.
func (t *Table) Own() bool { return t == &native }

// Wire is what the dialect calls a parameter of ours in a signal of this kind; the name
// itself where it has none.
func (t *Table) Wire(name, kind string) string {
	for i := range t.Params {
		if p := &t.Params[i]; p.on(kind) && fields[p.Field].name == name {
			return p.Name
		}
	}
	if name == fields[Key].name {
		return t.Wire(fields[Offer].name, kind) // a page's offer
	}
	return name
}

func (p *Param) on(kind string) bool { return p.Only == "" || p.Only == kind }

func (p *Param) is(name string) bool {
	if strings.EqualFold(p.Name, name) {
		return true
	}
	for _, a := range p.Aliases {
		if strings.EqualFold(a, name) {
			return true
		}
	}
	return false
}
