// Package docs_test keeps the documents true: it runs their commands against the real
// binary, and compares their tables with the code.
//
// A block fenced with sh and marked with the comment <!-- test --> before it is run,
// in the order of its document, by one bash for the document; a command that fails
// fails the test. What stands between <!-- table: NAME --> and <!-- end --> is
// generated: DOCS_UPDATE=1 go test ./docs writes it anew.
package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
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

// documents are all there are, by path from the root. TestLinks fails for one that is
// missing here.
var documents = []string{
	"README.md", "docs/api.md", "docs/commission-rules.md", "docs/conversions.md", "docs/dialects.md", "docs/documents.md", "docs/domains.md", "docs/inbox.md", "docs/integrate-offer.md", "docs/integrate-publisher.md", "docs/offers.md", "docs/operating.md", "docs/parties.md", "docs/payments.md", "docs/payouts.md", "docs/portals.md", "docs/publisher-postbacks.md", "docs/rates.md", "docs/scaling.md",
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// binary is the product, built once.
var binary = struct {
	path string
	err  error
}{}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "clickledger-docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary.path = filepath.Join(dir, "clickledger")
	out, err := exec.Command("go", "build", "-o", binary.path, "clickledger/cmd/clickledger").CombinedOutput()
	if err != nil {
		binary.err = fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// environment is this process's, without settings of the product.
func environment(extra ...string) []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CLICKLEDGER_") {
			out = append(out, e)
		}
	}
	return append(out, extra...)
}

const adminToken = "docs-test-admin-token"

// server runs the product in a folder, as the documents tell: the binary and the
// folder data are in the directory in which their commands are run.
func server(t *testing.T, dir string, flags ...string) string {
	t.Helper()
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	if err := os.Symlink(binary.path, filepath.Join(dir, "clickledger")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("./clickledger", append([]string{"serve", "--listen", addr, "--log-level", "warn"}, flags...)...)
	cmd.Dir, cmd.Env = dir, environment("CLICKLEDGER_ADMIN_TOKEN="+adminToken)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		err := <-done
		if err != nil || t.Failed() {
			t.Errorf("the server ended with %v:\n%s", err, output.String())
		}
	})
	client := &http.Client{Timeout: time.Second}
	for end := time.Now().Add(20 * time.Second); ; {
		res, err := client.Get("http://" + addr + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body) // only the status matters
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return "http://" + addr
			}
		}
		select {
		case err := <-done:
			done <- err
			t.FailNow() // the clean-up tells why
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not become ready: %v", err)
		}
	}
}

var block = regexp.MustCompile("(?m)^<!-- test -->\n```sh\n((?:.*\n)*?)```\n")

// script is the marked blocks of a document, each announced on stderr with its line.
func script(t *testing.T, name string) string {
	t.Helper()
	text := read(t, name)
	if marks, found := strings.Count(text, "<!-- test -->"), len(block.FindAllString(text, -1)); marks != found {
		t.Fatalf("%s has %d marks and %d sh blocks right behind one", name, marks, found)
	}
	var b strings.Builder
	for _, at := range block.FindAllStringSubmatchIndex(text, -1) {
		fmt.Fprintf(&b, "echo '>>> %s:%d' >&2\n%s", name, strings.Count(text[:at[2]], "\n")+1, text[at[2]:at[3]])
	}
	return b.String()
}

// prelude is what each document takes as given. It is run by the same bash.
const prelude = `set -euo pipefail
_api() { curl -fsS -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" "$URL/api/v1/$1" -d "$2"; }
_value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
_api workspaces '{"name": "My network", "require_tests": false}' >&2
`

// market is an offer with a click on it, for the documents that begin there.
const market = `_advertiser=$(_api advertisers '{"name": "Alpine Shoes"}')
POSTBACK_TOKEN=$(_value token <<<"$_advertiser")
_offer=$(_api offers '{"name": "Trail shoes", "advertiser": "'"$(_value id <<<"$_advertiser")"'", "deep_links": ["shop.example"],
  "url": "https://shop.example/shoes?ref={click_id}&from={publisher_id}", "payout": "10.00", "commission_kind": "percent_payout", "commission_percent": "60"}')
PIXEL_KEY=$(_value key <<<"$_offer")
OFFER=$(_value id <<<"$_offer")
PUBLISHER=$(_api publishers '{"name": "Running Blog"}' | _value id)
_api enrollments '{"offer": "'"$(_value id <<<"$_offer")"'", "publisher": "'"$PUBLISHER"'"}' >&2
_link=$(_api links '{"offer": "'"$(_value id <<<"$_offer")"'", "publisher": "'"$PUBLISHER"'"}')
LINK=$(_value tracking_url <<<"$_link")
LINK_ID=$(_value id <<<"$_link")
CLICK=$(curl -fsS -o /dev/null -w '%{redirect_url}' "$LINK" | sed 's/.*ref=\([0-9a-f]*\).*/\1/')
TRACKER=$URL/healthz
`

// told is a sale by a publisher's visitor, and the postback that must follow.
const told = `CLICK=$(curl -fsS -o /dev/null -w '%{redirect_url}' "$LINK?external_id=EAIa%2Fob" | sed 's/.*ref=\([0-9a-f]*\).*/\1/')
curl -fsS "$URL/postback?click_id=$CLICK&txid=A-1&token=$POSTBACK_TOKEN"
for _ in {1..100}; do
  _deliveries=$(curl -fsS -H "Authorization: Bearer $TOKEN" "$URL/api/v1/deliveries")
  case $_deliveries in *'"state":"sent"'*) break ;; esac
  sleep 0.1
done
grep '/healthz?cid=EAIa%2Fob&payout=6.00&currency=USD&id=cnv_' <<<"$_deliveries" | grep '"state":"sent"'
`

func TestCommands(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
				t.Fatalf("CLICKLEDGER_TEST_ALL=1, but: %v", err)
			}
			t.Skipf("SKIPPED, NOT TESTED: the commands of the documents: %v", err)
		}
	}
	given := map[string]string{"docs/payouts.md": market, "docs/commission-rules.md": market, "docs/integrate-offer.md": market, "docs/integrate-publisher.md": market, "docs/publisher-postbacks.md": market}
	after := map[string]string{"docs/integrate-publisher.md": told}
	flags := map[string][]string{
		"docs/publisher-postbacks.md": {"--outbound-private"},
		"docs/integrate-publisher.md": {"--outbound-private"},                // the publisher's tracker is on loopback
		"docs/offers.md":              {"--trusted-proxies", "127.0.0.1/32"}, // visitors of several countries
	}
	for _, name := range documents {
		text := script(t, name)
		if text == "" {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			dir := t.TempDir()
			url := server(t, dir, flags[name]...)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-c", prelude+given[name]+text+after[name])
			cmd.Dir, cmd.Env = dir, environment("URL="+url, "TOKEN="+adminToken)
			cmd.WaitDelay = time.Second
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v after:\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

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

func TestTables(t *testing.T) {
	for _, table := range tables(t) {
		text := read(t, table.document)
		begin, end := "<!-- table: "+table.name+" -->\n", "<!-- end -->\n"
		before, rest, ok := strings.Cut(text, begin)
		have, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Errorf("%s has no table %q", table.document, table.name)
			continue
		}
		if have == table.want {
			continue
		}
		if os.Getenv("DOCS_UPDATE") == "1" {
			err := os.WriteFile(filepath.Join("..", table.document), []byte(before+begin+table.want+end+after), 0o644)
			if err != nil {
				t.Error(err)
			}
			continue
		}
		t.Errorf("%s: the table %q is not what the code has; DOCS_UPDATE=1 go test ./docs writes it anew.%s", table.document, table.name, difference(have, table.want))
	}
}

// difference lists the lines that only one of two texts has.
func difference(have, want string) string {
	a, b := strings.Split(have, "\n"), strings.Split(want, "\n")
	var out strings.Builder
	for _, s := range []struct {
		mark     string
		in, from []string
	}{{"-", a, b}, {"+", b, a}} {
		for _, line := range s.in {
			if !slices.Contains(s.from, line) {
				out.WriteString("\n" + s.mark + line)
			}
		}
	}
	return out.String()
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	span    = regexp.MustCompile("`[^`\n]*`")
	target  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchors are the fragments of a document's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		out[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				return r
			}
			return -1
		}, strings.ToLower(h[1]))] = true
	}
	return out
}

func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if !slices.Contains(documents, "docs/"+p) {
			t.Errorf("docs/%s is not in the list of documents", p)
		}
	}
	for _, name := range documents {
		text := span.ReplaceAllString(fence.ReplaceAllString(read(t, name), ""), "")
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			link, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") {
				continue
			}
			to := name
			if link != "" {
				to = filepath.Join(filepath.Dir(name), link)
			}
			_, err := os.Stat(filepath.Join("..", to))
			switch {
			case errors.Is(err, os.ErrNotExist):
				t.Errorf("%s links to %s, which is not there", name, m[1])
			case err != nil:
				t.Error(err)
			case fragment != "" && !anchors(read(t, to))[fragment]:
				t.Errorf("%s links to %s, and there is no such heading", name, m[1])
			}
		}
	}
}
