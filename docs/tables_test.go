package docs_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/upload"
)

// tables are the generated parts: document, name, and what stands there.
func tables(t *testing.T) []struct{ document, name, want string } {
	t.Helper()
	return []struct{ document, name, want string }{
		{"docs/commission-rules.md", "levels", levels()},
		{"docs/commission-rules.md", "precedence", precedence()},
		{"docs/conversions.md", "transitions", transitions()},
		{"docs/conversions.md", "accounts", accounts()},
		{"docs/conversions.md", "decisions", decisions()},
		{"docs/integrate-offer.md", "click tokens", tokens(macro.ClickTokens)},
		{"docs/integrate-offer.md", "verdicts", verdicts()},
		{"docs/inbox.md", "remedies", remedies()},
		{"docs/integrate-publisher.md", "postback tokens", tokens(macro.PostbackTokens)},
		{"docs/integrate-publisher.md", "retries", retries()},
		{"docs/dialects.md", "dialects", dialects()},
		{"docs/offers.md", "networks", networks()},
		{"docs/offers.md", "columns", columns()},
		{"docs/offers.md", "checks", checks()},
		{"docs/payouts.md", "payout reasons", payoutReasons()},
		{"docs/payouts.md", "payout files", payoutFiles()},
		{"docs/payouts.md", "payout codes", payoutCodes()},
		{"docs/operating.md", "settings", settings(t)},
		{"docs/operating.md", "metrics", metrics(t)},
	}
}

// payoutReasons are those of what a payout run leaves out.
func payoutReasons() string {
	var b strings.Builder
	b.WriteString("| Reason | What it means |\n|---|---|\n")
	for _, r := range slices.Sorted(maps.Keys(payout.Reasons)) {
		fmt.Fprintf(&b, "| %s | %s |\n", code(r), cell(payout.Reasons[r]))
	}
	return b.String()
}

// payoutFiles are the layouts with their columns.
func payoutFiles() string {
	var b strings.Builder
	b.WriteString("| Layout | For | Methods | Columns |\n|---|---|---|---|\n")
	for _, l := range payout.Layouts {
		what := l.Title
		if l.Only != "" {
			what += ", " + l.Only + " only"
		}
		if !l.Header {
			what += "; no header line"
		}
		columns := make([]string, len(l.Columns))
		for i, c := range l.Columns {
			columns[i] = c.Header
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(l.Name), cell(what), strings.Join(l.Methods, ", "), cell(strings.Join(columns, ", ")))
	}
	return b.String()
}

// payoutCodes are the refusals about payouts.
func payoutCodes() string {
	var b strings.Builder
	b.WriteString("| Code | Comes when |\n|---|---|\n")
	for _, c := range slices.Sorted(maps.Keys(payout.Codes)) {
		fmt.Fprintf(&b, "| %s | %s |\n", code(c), cell(payout.Codes[c]))
	}
	return b.String()
}

// levels says whose commission counts, the first first.
func levels() string {
	var b strings.Builder
	b.WriteString("| | Whose | What |\n|---|---|---|\n")
	for i, l := range conversion.Levels {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", i+1, cell(l.Name), cell(l.Words))
	}
	return b.String()
}

// precedence lists the conditions of commission rules, the most specific first.
func precedence() string {
	var b strings.Builder
	b.WriteString("| | Condition | What it is about |\n|---|---|---|\n")
	for i, c := range commission.Precedence {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", i+1, code(c.Name), cell(c.Words))
	}
	return b.String()
}

func code(s string) string { return "`" + s + "`" }

// cell keeps a text in its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// tokens describes a table of tokens, group by group; the twenty sub ids share a line.
// dialects has a section for each foreign dialect.
func dialects() string {
	var b strings.Builder
	cell := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	for _, table := range dialect.Tables {
		if table.Own() {
			continue // integrate-offer.md is about it
		}
		g := table.Guide("$URL", "TOKEN", "OFFER_KEY")
		fmt.Fprintf(&b, "\n## %s\n\n", g.Title)
		if g.Landing != "" {
			fmt.Fprintf(&b, "Such shops expect the click id as `%s` in the landing page's URL.\n\n", g.Landing)
		}
		for _, c := range g.Calls {
			answer := "answered in its own words"
			if !c.Server {
				answer = "answered with " + c.Answer
			}
			fmt.Fprintf(&b, "%s, %s:\n\n```\n%s\n", c.Use, answer, c.URL)
			if c.Body != "" {
				fmt.Fprintf(&b, "\n%s\n", c.Body)
			}
			b.WriteString("```\n\n")
		}
		b.WriteString("| Parameter | Also | Meaning |\n|---|---|---|\n")
		for _, p := range g.Params {
			name, also := "`"+p.Name+"`", ""
			if p.Required {
				name += ", required"
			}
			if p.Aliases != "" {
				also = "`" + strings.ReplaceAll(p.Aliases, ", ", "`, `") + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, also, cell(p.Words))
		}
		if len(g.Words) > 0 {
			b.WriteString("\n| Word | Becomes |\n|---|---|\n")
			for _, w := range g.Words {
				fmt.Fprintf(&b, "| `%s` | %s |\n", w.Word, cell(w.Means))
			}
		}
		if g.OK != "" {
			fmt.Fprintf(&b, "\nAnswers: `%s`, else `%s`.\n", g.OK, g.Bad)
		}
		b.WriteString("\n")
		for _, n := range g.Notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	return b.String()
}

func tokens(table *macro.Table) string {
	var b strings.Builder
	for _, group := range macro.Groups {
		rows := tokenRows(table, group)
		if rows == "" {
			continue
		}
		fmt.Fprintf(&b, "\n**%s**\n\n| Token | Also written | Meaning | Such as |\n|---|---|---|---|\n%s", group, rows)
	}
	return b.String() + "\n"
}

// tokenRows are the rows of one group, "" where the table has none of it.
func tokenRows(table *macro.Table, group string) string {
	var b strings.Builder
	for _, id := range table.IDs() {
		k := macro.Tokens[id]
		if k.Group != group {
			continue
		}
		name, help, also := code("{"+k.Name+"}"), k.Help, make([]string, len(k.Aliases))
		for i, a := range k.Aliases {
			also[i] = code("{" + a + "}")
		}
		switch {
		case id == macro.Sub1:
			name += " … " + code("{"+macro.Tokens[macro.Sub20].Name+"}")
			help = strings.NewReplacer("Sub id 1", "The sub ids", "carried it", "carried them").Replace(help)
			also = append(also, "…")
		case id > macro.Sub1 && id <= macro.Sub20:
			continue
		}
		if k.Internal {
			help += " **Shows an internal name to the visitor.**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, strings.Join(also, ", "), cell(help), code(cell(k.Sample)))
	}
	return b.String()
}

// transitions is conversion.Transitions, in the order of a conversion's life.
func transitions() string {
	var b strings.Builder
	b.WriteString("| From | To | By | What it does |\n|---|---|---|---|\n")
	for _, from := range conversion.Statuses {
		for _, to := range conversion.Statuses {
			if !conversion.Allowed(from, to) {
				continue
			}
			by := "people, postbacks, files, the timer"
			switch {
			case !conversion.Decidable(from, to):
				by = "payout runs"
			case to != conversion.Approved:
				by = "people, postbacks, files"
			case from == conversion.Rejected:
				by = "people, postbacks, files"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", from, to, by, cell(conversion.Transitions[from][to]))
		}
	}
	return b.String()
}

// decisions are the columns of a file of decisions.
func decisions() string {
	var b strings.Builder
	b.WriteString("| Column | Also called |\n|---|---|\n")
	for _, names := range upload.StatusColumns() {
		also := make([]string, len(names)-1)
		for i, n := range names[1:] {
			also[i] = code(n)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", code(names[0]), strings.Join(also, ", "))
	}
	return b.String()
}

// accounts is the chart of accounts.
func accounts() string {
	kinds := slices.SortedFunc(maps.Keys(ledger.AccountKinds), func(a, b ledger.AccountKind) int { return ledger.AccountKinds[a].Rank - ledger.AccountKinds[b].Rank })
	var b strings.Builder
	b.WriteString("| Account | In exports | Raised by a | What it holds |\n|---|---|---|---|\n")
	for _, k := range kinds {
		spec, side := ledger.AccountKinds[k], "credit"
		if spec.DebitNormal {
			side = "debit"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", spec.Book, code(string(k)), side, cell(spec.Help))
	}
	return b.String()
}

func verdicts() string {
	names := slices.SortedFunc(maps.Keys(event.Verdicts), func(a, b event.Verdict) int {
		x, y := event.Verdicts[a], event.Verdicts[b]
		if x.Status != y.Status {
			return x.Status - y.Status
		}
		return strings.Compare(string(a), string(b))
	})
	var b strings.Builder
	b.WriteString("| Status | Verdict | Sentence |\n|---|---|---|\n")
	for _, v := range names {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", event.Verdicts[v].Status, code(string(v)), cell(event.Verdicts[v].Sentence))
	}
	return b.String()
}

// remedies says what to do about each verdict.
func remedies() string {
	var b strings.Builder
	b.WriteString("| Verdict | What to do | Judged again |\n|---|---|---|\n")
	for _, v := range slices.Sorted(maps.Keys(inbox.Remedies)) {
		again := ""
		if inbox.Remedies[v].Replay {
			again = "yes"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(string(v)), cell(inbox.Remedies[v].Fix), again)
	}
	return b.String()
}

// networks names the templates.
func networks() string {
	var names []string
	for _, n := range catalog.NetworkTemplates() {
		names = append(names, n.Name)
	}
	return strings.Join(names, ", ") + ".\n"
}

// columns are those of an upload.
func columns() string {
	var b strings.Builder
	b.WriteString("| Column | Also read as |\n|---|---|\n")
	for _, names := range upload.Columns() {
		also := make([]string, len(names)-1)
		for i, n := range names[1:] {
			also[i] = code(n)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", code(names[0]), strings.Join(also, ", "))
	}
	return b.String()
}

// checks are those of the diagnosis.
func checks() string {
	var b strings.Builder
	b.WriteString("| Check | At worst | What it looks for |\n|---|---|---|\n")
	for _, c := range diagnosis.Checks() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(c.Code), c.Severity, cell(c.Means))
	}
	return b.String()
}

func retries() string {
	out := make([]string, len(outbound.Schedule))
	for i, d := range outbound.Schedule {
		out[i] = spell(d)
	}
	return fmt.Sprintf("after %s: %d tries in all.\n", strings.Join(out, ", "), len(out)+1)
}

// spell writes a duration without its empty parts: 5m, not 5m0s.
func spell(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

var settingForm = regexp.MustCompile(`(?m)^# (.+)\n# flag --(\S+), variable (\S+), default "(.*)"\n`)

// settings reads what `clickledger config` prints from app.Config.
func settings(t *testing.T) string {
	t.Helper()
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	cmd := exec.Command(binary.path, "config")
	cmd.Env = environment()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := settingForm.FindAllStringSubmatch(string(out), -1)
	if want := strings.Count(string(out), "# flag "); len(found) != want || want == 0 {
		t.Fatalf("%d of %d settings were read from:\n%s", len(found), want, out)
	}
	var b strings.Builder
	b.WriteString("| Flag | Variable | Default | Meaning |\n|---|---|---|---|\n")
	for _, f := range found {
		def := ""
		if f[4] != "" {
			def = code(f[4])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code("--"+f[2]), code(f[3]), def, cell(f[1]))
	}
	return b.String()
}

var metricForm = regexp.MustCompile(`(?m)^# HELP (clickledger_\S+) (.*)\n# TYPE \S+ (\S+)$`)

// metrics reads a running server's.
func metrics(t *testing.T) string {
	t.Helper()
	res, err := http.Get(server(t, t.TempDir()) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := metricForm.FindAllStringSubmatch(string(body), -1)
	if len(found) == 0 {
		t.Fatalf("no metrics in:\n%s", body)
	}
	slices.SortFunc(found, func(a, b []string) int { return strings.Compare(a[1], b[1]) })
	var b strings.Builder
	b.WriteString("| Metric | Type | Meaning |\n|---|---|---|\n")
	for _, f := range found {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(f[1]), f[3], cell(f[2]))
	}
	return b.String()
}
