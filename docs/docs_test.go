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
