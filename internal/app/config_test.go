package app

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parse is a command line over an environment.
func parse(env map[string]string, args ...string) (*Config, error) {
	c := new(Config)
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	err := c.Flags(fs, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err == nil {
		err = fs.Parse(args)
	}
	if err == nil {
		err = c.Check()
	}
	return c, err
}

// Every setting says what it is called, what it is without being set, and what it
// means: that is the manual.
func TestSettingsAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	typ := reflect.TypeFor[Config]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, help := f.Tag.Get("name"), f.Tag.Get("help")
		if name == "" || strings.ToLower(name) != name || strings.ContainsAny(name, " _") || seen[name] {
			t.Errorf("%s is called %q", f.Name, name)
		}
		seen[name] = true
		if _, ok := f.Tag.Lookup("default"); !ok {
			t.Errorf("--%s has no default", name)
		}
		if len(help) < 10 || strings.HasSuffix(help, ".") {
			t.Errorf("the help of --%s is %q", name, help)
		}
		for _, word := range []string{"token", "password", "secret"} {
			if strings.Contains(name, word) && f.Tag.Get("secret") != "true" {
				t.Errorf("--%s is not marked as a secret", name)
			}
		}
	}
}

func TestDefaults(t *testing.T) {
	c, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "./data" || c.Listen != "127.0.0.1:8080" || c.PublicURL != "http://127.0.0.1:8080" || c.Durability != "full" ||
		c.AdminToken != "" || c.Books != "" || c.OutboundPrivate || c.RedirectDeadline != 500*time.Millisecond || c.LogBytes != 10<<30 {
		t.Errorf("%+v", c)
	}
	d, err := Defaults()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, d); diff != "" {
		t.Error(diff)
	}
}

// A flag wins over its variable, which wins over the default.
func TestPrecedence(t *testing.T) {
	env := map[string]string{"CLICKLEDGER_DATA": "/env", "CLICKLEDGER_LOG_KEEP": "2h", "CLICKLEDGER_OUTBOUND_PRIVATE": "true",
		"CLICKLEDGER_CLICK_DAYS": "30", "CLICKLEDGER_LOG_BYTES": "2000000", "CLICKLEDGER_TEST_ALL": "1"}
	c, err := parse(env, "--data", "/flag", "--log-bytes=3000000", "--outbound-private=false")
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "/flag" || c.LogBytes != 3000000 || c.OutboundPrivate || c.LogKeep != 2*time.Hour || c.ClickDays != 30 {
		t.Errorf("%+v", c)
	}
	c, err = parse(nil, "-outbound-private")
	if err != nil || !c.OutboundPrivate {
		t.Errorf("a switch without value: %v, %v", c.OutboundPrivate, err)
	}
	// A bad variable is an error also where a flag would have hidden it: it is a mistake.
	_, err = parse(map[string]string{"CLICKLEDGER_CLICK_DAYS": "many"}, "--click-days", "30")
	if err == nil {
		t.Error("a bad variable was passed over")
	}
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		args []string
		want []string // words of the message
	}{
		{nil, []string{"--nope"}, []string{"not defined", "nope"}},
		{nil, []string{"--data", ""}, []string{"--data", "empty"}},
		{nil, []string{"--listen", "8080"}, []string{"--listen", `"8080"`, "127.0.0.1:8080"}},
		{nil, []string{"--listen", "127.0.0.1:0"}, []string{"--listen", "--public-url"}},
		{nil, []string{"--public-url", "track.example.com"}, []string{"--public-url", "track.example.com", "https://"}},
		{nil, []string{"--public-url", "https://track.example.com/path"}, []string{"--public-url", "origin"}},
		{nil, []string{"--public-url", "https://u:p@track.example.com"}, []string{"--public-url", "origin"}},
		{nil, []string{"--console-url", "ftp://console.example.com"}, []string{"--console-url", "origin"}},
		{nil, []string{"--admin-token", "short"}, []string{"--admin-token", "5 characters", "16"}},
		{nil, []string{"--durability", "maybe"}, []string{"--durability", `"maybe"`, "full", "relaxed"}},
		{nil, []string{"--books", "mysql://x"}, []string{"--books", "postgres://"}},
		{nil, []string{"--trusted-proxies", "10.0.0.0/8, nonsense"}, []string{"--trusted-proxies", "nonsense", "CIDR"}},
		{nil, []string{"--log-level", "loud"}, []string{"--log-level", `"loud"`, "debug, info, warn or error"}},
		{nil, []string{"--log-bytes", "12GB"}, []string{"log-bytes", `"12GB"`, "whole number"}},
		{nil, []string{"--log-bytes", "5"}, []string{"--log-bytes 5", "at least"}},
		{nil, []string{"--click-days", "200000"}, []string{"--click-days 200000", "at most"}},
		{nil, []string{"--click-days", "-1"}, []string{"click-days", "above 0"}},
		{nil, []string{"--log-keep", "3 days"}, []string{"log-keep", `"3 days"`, "duration", "1h"}},
		{nil, []string{"--log-keep", "-1h"}, []string{"log-keep", "duration"}},
		{nil, []string{"--rates-url", "yes"}, []string{"--rates-url", `"yes"`, "ecb", "https://"}},
		{nil, []string{"--rates-url", "https://u:p@rates.example.com/x.csv"}, []string{"--rates-url", "ecb"}},
		{nil, []string{"--outbound-private=perhaps"}, []string{"outbound-private", "perhaps", "true nor false"}},
		{map[string]string{"CLICKLEDGER_LOG_KEEP": "soon"}, nil, []string{"CLICKLEDGER_LOG_KEEP", `"soon"`, "duration"}},
		{map[string]string{"CLICKLEDGER_FACTS_MEMORY_MB": ""}, nil, []string{"CLICKLEDGER_FACTS_MEMORY_MB", "whole number"}},
	} {
		_, err := parse(c.env, c.args...)
		if err == nil {
			t.Errorf("%v %v was taken", c.env, c.args)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v %v: the message does not say %s: %v", c.env, c.args, w, err)
			}
		}
		if strings.Contains(err.Error(), "u:p@") && strings.Contains(strings.Join(c.args, " "), "admin") {
			t.Errorf("a secret is in the message: %v", err)
		}
	}
	_, err := Load(flag.NewFlagSet("x", flag.ContinueOnError), []string{"left", "over"})
	if err == nil || !strings.Contains(err.Error(), `"left"`) {
		t.Errorf("an argument too many: %v", err)
	}
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	if _, err := Load(fs, []string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("help: %v", err)
	}
}

// What follows from other settings.
func TestDerived(t *testing.T) {
	for _, c := range []struct {
		args            []string
		public, console string
	}{
		{[]string{"--listen", ":9000"}, "http://127.0.0.1:9000", ""},
		{[]string{"--listen", "0.0.0.0:9000"}, "http://127.0.0.1:9000", ""},
		{[]string{"--listen", "[::]:9000"}, "http://127.0.0.1:9000", ""},
		{[]string{"--listen", "[::1]:9000"}, "http://[::1]:9000", ""},
		{[]string{"--listen", "127.0.0.1:0", "--public-url", "https://t.example/"}, "https://t.example", ""},
		{[]string{"--public-url", "https://t.example", "--console-url", "https://c.example/"}, "https://t.example", "https://c.example"},
		{[]string{"--public-url", "https://t.example", "--console-url", "https://t.example"}, "https://t.example", ""},
	} {
		got, err := parse(nil, c.args...)
		if err != nil || got.PublicURL != c.public || got.ConsoleURL != c.console {
			t.Errorf("%v: %q and %q, %v", c.args, got.PublicURL, got.ConsoleURL, err)
		}
	}
	got, err := parse(nil, "--trusted-proxies", " 10.0.0.0/8 ,192.0.2.1,, ::1")
	if err != nil {
		t.Fatal(err)
	}
	nets, err := got.proxies()
	if err != nil || len(nets) != 3 || nets[1].Bits() != 32 || nets[2].Bits() != 128 {
		t.Errorf("proxies %v, %v", nets, err)
	}
}

// What is printed has every setting, and no secret.
func TestPrint(t *testing.T) {
	c, err := parse(nil, "--admin-token", "sixteen-letters-at-least", "--books", "postgres://user:hunter2@db/x", "--data", "/somewhere")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, s := range c.settings() {
		if !strings.Contains(text, "\n"+s.name+" = ") || !strings.Contains(text, "--"+s.name) || !strings.Contains(text, s.env) || !strings.Contains(text, s.help) {
			t.Errorf("--%s is not printed in full", s.name)
		}
	}
	for _, secret := range []string{"sixteen-letters", "hunter2"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is printed", secret)
		}
	}
	if strings.Count(text, "(set, not shown)") != 2 || !strings.Contains(text, "data = /somewhere\n") {
		t.Errorf("printed:\n%s", text)
	}
	if err := c.Print(broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("printing into a closed pipe: %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
