package app

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/rates"
)

// Config is every setting of the server. Its field comments are the reference
// manual: `clickledger config` prints them with the effective values. Each field is
// the flag --name, the variable CLICKLEDGER_NAME (upper case, dashes as
// underscores), or its default, in this order of precedence.
type Config struct {
	// Data is the folder of everything that is kept: the event log, the books, the
	// click index and the facts. One process uses it at a time. It must be on a local
	// disk (ext4 or XFS) whose cache survives power loss or is written through.
	Data string `name:"data" default:"./data" help:"folder of everything that is kept; one process at a time, on a local disk"`

	// Listen is the address of the one HTTP listener: tracking, console and API.
	Listen string `name:"listen" default:"127.0.0.1:8080" help:"address of the HTTP listener"`

	// PublicURL is what tracking links, postback URLs and pixels begin with. Nothing
	// is ever built from a request's Host header. With https here, cookies are
	// Secure. Default: http:// and the listener's address.
	PublicURL string `name:"public-url" default:"" help:"what tracking URLs begin with; default http:// and the listen address"`

	// ConsoleURL puts console and API on a host of their own, for example
	// https://console.example.com: the tracking host then serves neither, and the
	// console's host no tracking. Default: both on the public URL's host.
	ConsoleURL string `name:"console-url" default:"" help:"a separate origin for console and API; default: the public URL's"`

	// OwnHosts lists further host names, comma-separated, under which proxies and people
	// reach this installation. Other names than these, the two above and the verified
	// tracking domains are refused as soon as the public URL has a domain name, or a
	// tracking domain is verified. Addresses and names without a dot are never refused.
	OwnHosts string `name:"own-hosts" default:"" help:"further host names of this installation, comma-separated; unknown ones are refused"`

	// TLSListen is the address of an HTTPS listener beside the HTTP one. The server then gets
	// certificates by itself, for the hosts of its own and for verified tracking domains and
	// no other name. The authority asks for them on port 80, which must lead to --listen.
	// Empty: a reverse proxy speaks HTTPS.
	TLSListen string `name:"tls-listen" default:"" help:"address of an HTTPS listener with certificates of its own; default: a proxy speaks HTTPS"`

	// ACMEDirectory is the authority that certificates are asked of.
	ACMEDirectory string `name:"acme-directory" default:"https://acme-v02.api.letsencrypt.org/directory" help:"ACME directory that certificates are asked of, with tls-listen"`

	// ACMEEmail is where the authority writes to. Using tls-listen agrees to its terms.
	ACMEEmail string `name:"acme-email" default:"" help:"e-mail address for the ACME account, with tls-listen"`

	// AdminToken is a bearer token that may do everything through the API. At least
	// 16 characters. Empty: only the API keys made in the console.
	AdminToken string `name:"admin-token" default:"" secret:"true" help:"a bearer token that may do everything through the API, at least 16 characters"`

	// TrustedProxies lists the networks (CIDR, comma-separated) of reverse proxies
	// whose X-Forwarded-For is believed. The client is the right-most address that is
	// none of them. Empty: the peer is the client.
	TrustedProxies string `name:"trusted-proxies" default:"" help:"CIDR networks of reverse proxies whose X-Forwarded-For is believed"`

	// Books is where catalog, conversions and ledger are kept: empty for SQLite in the
	// data folder, or a PostgreSQL URL (postgres://…).
	Books string `name:"books" default:"" secret:"true" help:"postgres:// URL of the books; default: SQLite in the data folder"`

	// Durability is full, where a visit is on disk before its redirect leaves, or
	// relaxed, where a power loss may cost the last moments (a killed process still
	// costs nothing). relaxed shows in /readyz.
	Durability string `name:"durability" default:"full" help:"full: on disk before the redirect; relaxed: power loss may cost the last moments"`

	// LogBytes is the most the event log may take, in bytes. From 90 % of it only
	// signals are taken; visitors are still redirected, but their visits are lost
	// from the books when it stays so. Sealed segments let the log be trimmed.
	LogBytes int64 `name:"log-bytes" default:"10737418240" help:"most bytes of the event log"`

	// LogKeep is how long messages stay in the log after every consumer and a sealed
	// segment have them.
	LogKeep time.Duration `name:"log-keep" default:"72h" help:"how long consumed and sealed messages stay in the log"`

	// RedirectDeadline is how long a redirect waits for its visit to be on disk.
	// Then the visitor is redirected all the same and the visit counts as
	// unacknowledged.
	RedirectDeadline time.Duration `name:"redirect-deadline" default:"500ms" help:"longest wait of a redirect for the disk"`

	// ClickDays is how long clicks can be matched: at least the longest conversion
	// window, in days.
	ClickDays int64 `name:"click-days" default:"400" help:"days a click can be matched by a conversion"`

	// FactsMemoryMB is DuckDB's memory limit in megabytes; it exceeds it by about 80.
	FactsMemoryMB int64 `name:"facts-memory-mb" default:"192" help:"memory limit of the facts engine in MB"`

	// SealEvery is how often the facts are sealed into a Parquet segment.
	SealEvery time.Duration `name:"seal-every" default:"1h" help:"how often facts are sealed into a segment"`

	// CountryDB is an MMDB file to use in place of the embedded DB-IP country lite.
	CountryDB string `name:"country-db" default:"" help:"MMDB file in place of the embedded DB-IP country data"`

	// CityDB, ISPDB and ConnectionDB are optional MMDB files, read into memory at the start,
	// for {region}, {city}, {isp} and {connection}. Without them these are unknown.
	CityDB       string `name:"city-db" default:"" help:"MMDB file of regions and cities; default: unknown"`
	ISPDB        string `name:"isp-db" default:"" help:"MMDB file of internet providers; default: unknown"`
	ConnectionDB string `name:"connection-db" default:"" help:"MMDB file of connection types; default: unknown"`

	// OutboundPrivate lets postbacks and checks of landing pages go to loopback and
	// private addresses.
	OutboundPrivate bool `name:"outbound-private" default:"false" help:"let postbacks and landing page checks go to private addresses"`

	// OutboundMaxAge is how long a postback that fails is tried again, with growing pauses,
	// before it is given up. It can be sent again by hand then.
	OutboundMaxAge time.Duration `name:"outbound-max-age" default:"96h" help:"how long a failing postback is tried again before it is given up"`

	// OutboundKeep is how long postbacks that were taken, given up or held stay in their log.
	OutboundKeep time.Duration `name:"outbound-keep" default:"2160h" help:"how long sent and dead postbacks stay in their log"`

	// SignalDays is how long signals stay in the inbox that made and changed no conversion;
	// those about one stay with it. The default is a hundred years.
	SignalDays int64 `name:"signal-days" default:"36500" help:"after how many days signals that are about no conversion leave the inbox, 7 at least"`

	// OutboundPauseAfter and OutboundPauseDead pause a postback that only fails: none of its
	// calls was taken for so long, or so many in a row were given up. What it has to tell is
	// held until it is active again.
	OutboundPauseAfter time.Duration `name:"outbound-pause-after" default:"72h" help:"pause a postback of which no call was taken for so long"`
	OutboundPauseDead  int64         `name:"outbound-pause-dead" default:"10" help:"pause a postback of which so many calls in a row were given up"`

	// MailKeep is how long mails that were sent, refused or dropped stay in their log.
	MailKeep time.Duration `name:"mail-keep" default:"2160h" help:"how long mails that are done stay in their log"`

	// LinkKeep is how long expired links of mails and ended sessions are kept.
	LinkKeep time.Duration `name:"link-keep" default:"720h" help:"how long expired links of mails and ended sessions are kept"`

	// IdempotencyKeep is how long an idempotency key gives the first answer again.
	IdempotencyKeep time.Duration `name:"idempotency-keep" default:"720h" help:"how long idempotency keys are remembered"`

	// RatesURL is where exchange rates are fetched from once a day: ecb for the European
	// Central Bank itself, or the URL of a copy of one of its files. Empty: nothing is
	// fetched; owners import files in the console.
	RatesURL string `name:"rates-url" default:"" help:"fetch exchange rates daily: ecb, or the URL of one of its files; default: never"`

	// LogLevel is debug, info, warn or error.
	LogLevel string `name:"log-level" default:"info" help:"debug, info, warn or error"`
}

// Limits of settings.
const (
	maxClickDays  = 36500 // what a time.Duration can express, with room
	minSignalDays = 7
	minLogBytes   = 1 << 20 // less could not hold what is in flight
)

// Prefix of the environment variables.
const envPrefix = "CLICKLEDGER_"

// setting is one field of Config with its tags.
type setting struct {
	name, env, def, help string
	secret               bool
	value                reflect.Value
}

func (c *Config) settings() []setting {
	v := reflect.ValueOf(c).Elem()
	t := v.Type()
	out := make([]setting, t.NumField())
	for i := range out {
		tag := t.Field(i).Tag
		name := tag.Get("name")
		out[i] = setting{
			name: name, env: envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_")),
			def: tag.Get("default"), help: tag.Get("help"), secret: tag.Get("secret") == "true", value: v.Field(i),
		}
	}
	return out
}

func (s *setting) set(text string) error {
	switch s.value.Interface().(type) {
	case string:
		s.value.SetString(text)
	case bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		s.value.SetBool(b)
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is not a duration such as 500ms or 1h", text)
		}
		s.value.SetInt(int64(d))
	case int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("%q is not a whole number above 0", text)
		}
		s.value.SetInt(n)
	default:
		return fmt.Errorf("setting of type %s", s.value.Type())
	}
	return nil
}

// Flags binds every setting to the flag set: default, then variable, then flag.
// env looks variables up. A variable that cannot be read is reported by Parse, with
// its name.
func (c *Config) Flags(fs *flag.FlagSet, env func(string) (string, bool)) error {
	for _, s := range c.settings() {
		err := s.set(s.def)
		if err != nil && s.def != "" {
			return fmt.Errorf("default of --%s: %w", s.name, err)
		}
		if text, ok := env(s.env); ok {
			err := s.set(text)
			if err != nil {
				return fmt.Errorf("%s: %w", s.env, err)
			}
		}
		usage := s.help + " [" + s.env + "]"
		if _, isBool := s.value.Interface().(bool); isBool {
			fs.BoolFunc(s.name, usage, s.set)
			continue
		}
		fs.Func(s.name, usage, s.set)
	}
	return nil
}

// Check refuses settings that cannot work, and fills in what follows from others.
func (c *Config) Check() error {
	if c.Data == "" {
		return fmt.Errorf("--data is empty: name the folder of everything that is kept")
	}
	if c.SignalDays != 0 && c.SignalDays < minSignalDays || c.SignalDays > maxClickDays {
		return fmt.Errorf("--signal-days %d: want %d to %d: refused signals wait in the inbox to be mended", c.SignalDays, minSignalDays, maxClickDays)
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: want address:port, such as 127.0.0.1:8080", c.Listen)
	}
	if c.PublicURL == "" {
		if port == "0" {
			return fmt.Errorf("--listen %q takes any free port, so tracking links need --public-url", c.Listen)
		}
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "127.0.0.1"
		}
		c.PublicURL = "http://" + net.JoinHostPort(host, port)
	}
	for name, u := range map[string]*string{"public-url": &c.PublicURL, "console-url": &c.ConsoleURL} {
		if *u == "" {
			continue
		}
		*u = strings.TrimSuffix(*u, "/")
		parsed, err := url.Parse(*u)
		if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" || parsed.Path != "" || parsed.RawQuery != "" || parsed.User != nil {
			return fmt.Errorf("--%s %q: want an origin such as https://track.example.com", name, *u)
		}
	}
	for h := range strings.SplitSeq(c.OwnHosts, ",") {
		h = strings.TrimSpace(h)
		if strings.ContainsAny(h, ":/ *") {
			return fmt.Errorf("--own-hosts %q: want host names alone, such as track.internal.example", h)
		}
	}
	if c.TLSListen != "" {
		_, _, err := net.SplitHostPort(c.TLSListen)
		directory, derr := url.Parse(c.ACMEDirectory)
		switch {
		case err != nil:
			return fmt.Errorf("--tls-listen %q: want address:port, such as :443", c.TLSListen)
		case !strings.HasPrefix(c.PublicURL, "https://"):
			return fmt.Errorf("--tls-listen needs a --public-url that begins with https://, not %q", c.PublicURL)
		case derr != nil || directory.Scheme != "https" || directory.Host == "":
			return fmt.Errorf("--acme-directory %q: want the https URL of an ACME directory", c.ACMEDirectory)
		}
	}
	if c.AdminToken != "" && len(c.AdminToken) < 16 {
		return fmt.Errorf("--admin-token has %d characters; it needs at least 16", len(c.AdminToken))
	}
	if c.ConsoleURL == c.PublicURL {
		c.ConsoleURL = "" // the same host: nothing to keep apart
	}
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		return fmt.Errorf("--log-level %q is not debug, info, warn or error", c.LogLevel)
	}
	if c.ClickDays > maxClickDays {
		return fmt.Errorf("--click-days %d: at most %d", c.ClickDays, maxClickDays)
	}
	if c.LogBytes < minLogBytes {
		return fmt.Errorf("--log-bytes %d: at least %d", c.LogBytes, minLogBytes)
	}
	if c.Durability != "full" && c.Durability != "relaxed" {
		return fmt.Errorf("--durability %q is neither full nor relaxed", c.Durability)
	}
	if c.Books != "" && !strings.HasPrefix(c.Books, "postgres://") && !strings.HasPrefix(c.Books, "postgresql://") {
		return fmt.Errorf("--books is not a postgres:// URL")
	}
	if c.RatesURL == "ecb" {
		c.RatesURL = rates.DailyURL
	}
	if c.RatesURL != "" {
		u, err := url.Parse(c.RatesURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
			return fmt.Errorf("--rates-url %q: want ecb, or a URL such as %s", c.RatesURL, rates.DailyURL)
		}
	}
	_, err = c.proxies()
	return err
}

// hosts are the installation's own host names, which can be no tracking domains.
func (c *Config) hosts() []string {
	out := []string{catalog.HostOf(c.PublicURL)}
	if c.ConsoleURL != "" {
		out = append(out, catalog.HostOf(c.ConsoleURL))
	}
	for h := range strings.SplitSeq(c.OwnHosts, ",") {
		h = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(h)), ".")
		if h != "" {
			out = append(out, h)
		}
	}
	return out
}

func (c *Config) proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for s := range strings.SplitSeq(c.TrustedProxies, ",") {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil {
				return nil, fmt.Errorf("--trusted-proxies %q is not a CIDR network", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

// Print writes every setting with its effective value, variable and meaning.
// Secrets show only whether they are set.
func (c *Config) Print(w io.Writer) error {
	for _, s := range c.settings() {
		text := fmt.Sprint(s.value.Interface())
		if s.secret && text != "" {
			text = "(set, not shown)"
		}
		_, err := fmt.Fprintf(w, "# %s\n# flag --%s, variable %s, default %q\n%s = %s\n\n", s.help, s.name, s.env, s.def, s.name, text)
		if err != nil {
			return fmt.Errorf("print settings: %w", err)
		}
	}
	return nil
}

// Defaults is the configuration with no flags and no variables.
func Defaults() (*Config, error) {
	c := new(Config)
	return c, c.Flags(flag.NewFlagSet("", flag.ContinueOnError), func(string) (string, bool) { return "", false })
}

// Load parses the arguments over the environment and checks the result.
func Load(fs *flag.FlagSet, args []string) (*Config, error) {
	c := new(Config)
	err := c.Flags(fs, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	err = fs.Parse(args)
	if err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return c, c.Check()
}
