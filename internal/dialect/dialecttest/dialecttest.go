// Package dialecttest reads the conformance cases of the wire dialects, for the tests of the
// parser and of a real server.
//
// A file holds cases in order; those behind may depend on those before. A case is
//
//	=== what it shows
//	GET /d/tune/aff_lsr?transaction_id=$CLICK
//	Header: value
//
//	body, if there is one
//	--- parsed
//	click_id: $CLICK
//	--- answer
//	200 text/plain; charset=utf-8
//	accepted
//	success=true;
//	--- books
//	goal=sale status=pending …
//
// parsed are the fields by the product's own names, and "refused:" with verdict and
// parameter; answer is status, type, verdict and body; books is the conversion that the
// case made or changed, absent when there is none. DIALECT_UPDATE=1 writes what was got
// into the files, to be read with care.
//
// Words that begin with $ stand for values of each run; see [Case.Expand]. $REPEAT(n,text)
// is the text n times, $BYTES(hex) are bytes.
package dialecttest

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/dialect"
)

// Case is one request and what has to come of it.
type Case struct {
	Name    string
	Request string // as it is written
	Parsed  string
	Answer  string
	Books   string
}

// File is a dialect's cases.
type File struct {
	Dialect string
	path    string
	head    string
	Cases   []*Case
}

// Load reads all files of a folder.
func Load(dir string) ([]*File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var out []*File
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f := &File{Dialect: strings.TrimSuffix(filepath.Base(path), ".txt"), path: path}
		parts := strings.Split("\n"+string(b), "\n=== ")
		f.head = strings.TrimPrefix(parts[0], "\n")
		for _, part := range parts[1:] {
			c := &Case{}
			var sections string
			c.Name, sections, _ = strings.Cut(part, "\n")
			for i, section := range strings.Split("\n"+sections, "\n--- ") {
				if i == 0 {
					c.Request = strings.Trim(section, "\n")
					continue
				}
				name, text, _ := strings.Cut(section, "\n")
				text = strings.Trim(text, "\n")
				switch name {
				case "parsed":
					c.Parsed = text
				case "answer":
					c.Answer = text
				case "books":
					c.Books = text
				default:
					return nil, fmt.Errorf("%s: %s: there is no section %q", path, c.Name, name)
				}
			}
			f.Cases = append(f.Cases, c)
		}
		out = append(out, f)
	}
	return out, nil
}

// Updating reports whether the files are to be written anew.
func Updating() bool { return os.Getenv("DIALECT_UPDATE") != "" }

// Save writes the file.
func (f *File) Save() error {
	var b strings.Builder
	b.WriteString(f.head)
	for i, c := range f.Cases {
		if i > 0 || f.head != "" {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "=== %s\n%s\n--- parsed\n%s\n--- answer\n%s\n", c.Name, c.Request, c.Parsed, c.Answer)
		if c.Books != "" {
			fmt.Fprintf(&b, "--- books\n%s\n", c.Books)
		}
	}
	return os.WriteFile(f.path, []byte(b.String()), 0o644)
}

// Values are what the words beginning with $ stand for.
type Values map[string]string

// names are the words, the longest first, so that none hides another.
func (v Values) names() []string {
	out := make([]string, 0, len(v))
	for name := range v {
		out = append(out, name)
	}
	slices.SortFunc(out, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return out
}

var (
	repeated = regexp.MustCompile(`\$REPEAT\((\d+),([^)]*)\)`)
	bytes    = regexp.MustCompile(`\$BYTES\(([0-9a-f]*)\)`)
)

// Expand puts values in the place of words.
func (v Values) Expand(s string) string {
	for _, name := range v.names() {
		s = strings.ReplaceAll(s, name, v[name])
	}
	s = repeated.ReplaceAllStringFunc(s, func(m string) string {
		sub := repeated.FindStringSubmatch(m)
		n, _ := strconv.Atoi(sub[1]) // digits
		return strings.Repeat(sub[2], n)
	})
	return bytes.ReplaceAllStringFunc(s, func(m string) string {
		b, err := hex.DecodeString(bytes.FindStringSubmatch(m)[1])
		if err != nil {
			return m
		}
		return string(b)
	})
}

// Shrink is the way back: words in the place of values.
func (v Values) Shrink(s string) string {
	for _, name := range v.names() {
		if v[name] != "" {
			s = strings.ReplaceAll(s, v[name], name)
		}
	}
	return s
}

// HTTP is a case's request.
type HTTP struct {
	Method, Target string
	Header         [][2]string
	Body           string
}

// HTTP takes the request apart.
func (c *Case) HTTP(v Values) HTTP {
	head, body, _ := strings.Cut(c.Request, "\n\n")
	lines := strings.Split(head, "\n")
	var r HTTP
	r.Method, r.Target, _ = strings.Cut(v.Expand(lines[0]), " ")
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(v.Expand(l), ": ")
		r.Header = append(r.Header, [2]string{name, value})
	}
	r.Body = v.Expand(body)
	return r
}

// Query is the target's query, and path what is before it.
func (r *HTTP) Query() (path, query string) {
	path, query, _ = strings.Cut(r.Target, "?")
	return path, query
}

// Show writes a request as a case has it.
func Show(r dialect.Request, refusal *dialect.Refusal) string {
	var out []string
	add := func(name, v string) {
		if v != "" {
			if len(v) > 120 {
				v = fmt.Sprintf("%s… (%d bytes)", v[:20], len(v))
			}
			out = append(out, name+": "+v)
		}
	}
	if refusal != nil {
		add("refused", strings.TrimSpace(string(refusal.Verdict)+" "+refusal.Field))
	}
	for _, f := range []struct{ name, v string }{
		{"click_id", r.ClickID}, {"clicks", strings.Join(r.ClickIDs, " ")}, {"offer", r.Offer}, {"publisher", r.Publisher}, {"goal", r.Goal}, {"payout", r.Payout},
		{"amount", r.Amount}, {"currency", r.Currency}, {"txid", r.TxID}, {"status", r.Status}, {"refund_id", r.RefundID}, {"event_time", r.EventTime}, {"token", r.Token},
		{"key", r.Key}, {"coupon", r.Coupon}, {"geo", r.Geo}, {"commission_id", r.CommissionID}, {"customer", r.Customer}, {"items", r.Items}, {"click_from", r.ClickFrom},
		{"ignored", strings.Join(r.Ignored, " ")}, {"unheard", strings.Join(r.Unheard, " ")},
	} {
		add(f.name, f.v)
	}
	for _, p := range r.Custom {
		add("custom "+p.Name, p.Value)
	}
	return strings.Join(out, "\n")
}
