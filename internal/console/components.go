package console

import "strconv"

// The view models of the components in ui/components. Handlers fill them with text
// that is ready to show; templates only place it.

// table is the one table.
type table struct {
	Label   string
	Columns []column
	Rows    []row
	Totals  []row
	Empty   *empty
	Count   string // "300 rows"
	First   string // URL of the first page, on later ones
	Next    string // URL of the next page
	Tall    bool   // scrolls in its own box, for wide tables
}

type column struct {
	Label   string
	Class   string // num, opt (not on phones), wide (only in wide windows)
	Help    string // a metric's formula
	SortURL string
	Sorted  string // aria-sort: ascending, descending, none
	All     bool   // selects all rows, with a script
}

type row struct {
	Href   string
	Off    bool // archived, or of no consequence
	Joined bool // belongs together with the next row
	Cells  []cell
}

// cell is one cell: text, or a link, or a state word, or a value with a copy button.
type cell struct {
	Text  string
	Href  string
	Word  string // a state
	Copy  string
	Tone  string // good, bad, warn, muted, zero, mono …
	Class string // num, lead, fill, cut, wrap, brk (wraps on phones); opt, wide, roomy, tiny (not on narrower screens: see table.css)
	Title string
	Mark  string       // a small word behind the text
	Pick  string       // value of the row's box in the form "bulk"; Title names the row
	Lines []amountLine // instead of Text: amounts of several currencies, one above the other
}

// amountLine is one amount of a cell, with its currency.
type amountLine struct{ Text, Unit, Tone string }

// state is a small word with a dot.
type state struct {
	Word string
	Tone string
	Help string
}

// figure is one number of a line of figures.
type figure struct {
	Label string
	Value string
	Unit  string
	Help  string
	Tone  string
	Delta *delta
	Money bool // begins a block of three columns, a line of figures per currency
}

type delta struct {
	Value string
	Tone  string
	Help  string
}

// pair is one line of a list of facts.
type pair struct {
	Label string
	Value string
	Href  string
	Tone  string
	Title string
}

// copyField is a value to take elsewhere.
type copyField struct {
	ID    string
	Label string
	Value string
	Help  string
	Open  bool // it is a URL to open
}

// empty says what belongs in an empty place.
type empty struct {
	Sentence string
	Action   *link
	API      string
}

// link is a labelled address.
type link struct {
	Label   string
	URL     string
	Icon    string
	Count   string
	Current bool
}

// step is one step of a timeline.
type step struct {
	Tone     string // good, bad, warn, wait
	Title    string
	Time     string
	UTC      string
	Gap      string
	Sentence string
	Fix      string
	Pairs    []pair
	Table    *table
	Folds    []fold
	at       int64 // µs, for gaps
}

// fold is raw text folded away.
type fold struct {
	Label string
	Text  string
}

// chart is a line chart; JSON is what the script draws, Series what is read without it.
type chart struct {
	Label  string
	JSON   string
	Series []series
}

type series struct {
	Label  string
	Class  string
	Points string
}

// bar is one stage of the funnel.
type bar struct {
	Label string
	Value string
	Width string
	Rate  *rate
}

type rate struct{ Text, Help string }

// choice is an option of a select, a radio button or a box of a set.
type choice struct {
	Value    string
	Label    string
	Help     string
	Fill     string // what choosing it fills in: name=value&…, with a script
	Selected bool
}

type hidden struct{ Name, Value string }

// chip is one of a row of filters.
type chip struct {
	Label   string
	Count   string
	URL     string
	Current bool
}

// form is the one form.
type form struct {
	Action   string
	Submit   string
	Cancel   string
	Files    bool // it sends a file
	Picture  *picture
	Preview  bool // it can be looked at before it is saved, without a script too
	Problem  string
	Errors   []problem
	Hidden   []hidden
	Anchors  []link
	Sections []section
	Lists    []datalist
	Trap     string // name of an input that people do not see
}

// datalist suggests values to inputs.
type datalist struct {
	ID      string
	Choices []choice
}

type problem struct {
	Anchor string
	Label  string
	Msg    string
	Code   string
}

type section struct {
	ID     string
	Title  string
	Intro  string
	Hint   string
	More   bool
	Open   bool
	Fields []field
}

type field struct {
	ID, Name, Label string
	Widget          string // text, area, select, check, choice (radio), set (boxes), slots (an input an item), rows, fixed
	Type            string
	Value           string
	Text            string // of fixed: what is shown for the value
	Long            bool   // of fixed: it has lines of its own
	Checked         bool
	Optional        bool
	Choices         []choice
	Help            string
	Example         string
	Unit            string
	Mode            string // inputmode
	Auto            string // autocomplete
	List            string
	Rows            int
	Width           string
	When            string
	Code            bool
	Focus           bool
	Quiet           bool // its label says no more than the section's title: not shown
	Error           string
	ErrorCode       string
	Live            *note // what the values typed so far mean for it; nil: never anything
	Tokens          *tokenList
	Table           *rowsView
	Slots           []slot // of slots: an input for each item of a list
}

// slot is one input of a list whose items have names by their places.
type slot struct{ ID, Label, Value string }

// note is a remark on a field; Bad and Good are a token and what to write instead.
type note struct {
	For, Text, Code, Tone, Bad, Good string
}

// Describe reports whether the field has a help text of its own to be described by.
func (f field) Describe() bool { return f.Help != "" && f.Widget != "check" }

func itoa(n int) string { return strconv.Itoa(n) }
