package visitor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestCountry(t *testing.T) {
	for addr, want := range map[string]string{
		"8.8.8.8":         "US",
		"::ffff:8.8.8.8":  "US",
		"2a02:2e0:3fe::1": "DE",
		"193.99.144.80":   "DE",
		"91.198.174.192":  "NL",
		"200.160.2.3":     "BR",
		"202.12.27.33":    "JP",
		"127.0.0.1":       "",
		"10.1.2.3":        "",
		"192.168.0.1":     "",
		"::1":             "",
		"fe80::1%eth0":    "",
		"2001:db8::1":     "",
		"0.0.0.0":         "",
		"255.255.255.255": "",
	} {
		if got := shared().Country(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if got := shared().Country(netip.Addr{}); got != "" {
		t.Errorf("zero Addr: %q", got)
	}
	if got := shared().CountryDate(); got != "2026-06-01" {
		t.Errorf("CountryDate %q", got)
	}
}

// TestEveryCountryHasAName walks the embedded data: every code in it must be
// one that CountryName knows.
func TestEveryCountryHasAName(t *testing.T) {
	seen := map[string]bool{}
	for r := range shared().country.db.Networks() {
		code := shared().country.lookup(r.Prefix().Addr())
		if code != "" && !seen[code] {
			seen[code] = true
			if CountryName(code) == code {
				t.Errorf("%s has no name", code)
			}
		}
	}
	if len(seen) < 240 {
		t.Errorf("only %d countries in the data", len(seen))
	}
}

func TestCountryName(t *testing.T) {
	for code, want := range map[string]string{"DE": "Germany", "US": "United States", "XK": "Kosovo", "ZZ": "ZZ", "": "", "de": "de"} {
		if got := CountryName(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

func TestCountryDBOption(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		err := os.WriteFile(path, data, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	code := func(s string) []byte { return mmdb(mapOf("country", mapOf("iso_code", str(s)))) }

	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"maxmind's layout": {code("FR"), "FR"},
		"flat layout":      {mmdb(mapOf("country_code", str("fr"))), "FR"},
	} {
		c, err := New(Options{CountryDB: write("ok.mmdb", tt.data)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.Country(netip.MustParseAddr("8.8.8.8")); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		// The database is of IPv4 only: no answer, and none remembered.
		if got := c.Country(netip.MustParseAddr("2001:db8::1")); got != "" {
			t.Errorf("%s: IPv6: %q", name, got)
		}
		if got := c.CountryDate(); got != "2001-09-09" {
			t.Errorf("%s: date %q", name, got)
		}
	}

	for name, path := range map[string]string{
		"missing":           filepath.Join(dir, "none.mmdb"),
		"empty":             write("empty.mmdb", nil),
		"garbage":           write("garbage.mmdb", bytes.Repeat([]byte("x"), 4096)),
		"of networks":       write("asn.mmdb", mmdb(mapOf("autonomous_system_organization", str("x")))),
		"of no real codes":  write("codes.mmdb", code("F1")),
		"of unknown":        write("zz.mmdb", code("ZZ")),
		"of a wrong type":   write("type.mmdb", mmdb(mapOf("country", str("FR")))),
		"cut off":           write("cut.mmdb", code("FR")[:20]),
		"of the wrong size": write("size.mmdb", code("FRA")),
	} {
		_, err := New(Options{CountryDB: path})
		if err == nil {
			t.Errorf("a database %s was accepted", name)
		}
	}
}

// mmdb writes the smallest database there is: one node whose two halves are
// the same record.
func mmdb(record []byte) []byte {
	const nodes = 1
	pointer := byte(nodes + 16)
	out := []byte{0, 0, pointer, 0, 0, pointer}
	out = append(out, make([]byte, 16)...)
	out = append(out, record...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	number := func(n ...byte) []byte { return append([]byte{6<<5 | byte(len(n))}, n...) }
	meta := []byte{7<<5 | 7}
	for _, f := range []struct {
		name  string
		value []byte
	}{
		{"node_count", number(nodes)},
		{"record_size", []byte{5<<5 | 1, 24}},
		{"ip_version", []byte{5<<5 | 1, 4}},
		{"database_type", str("test")},
		{"binary_format_major_version", []byte{5<<5 | 1, 2}},
		{"binary_format_minor_version", []byte{5 << 5}},
		{"build_epoch", []byte{8, 2, 0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0x00}}, // 1,000,000,000
	} {
		meta = append(append(meta, str(f.name)...), f.value...)
	}
	return append(out, meta...)
}

func str(s string) []byte {
	if len(s) < 29 {
		return append([]byte{2<<5 | byte(len(s))}, s...)
	}
	return append([]byte{2<<5 | 29, byte(len(s) - 29)}, s...)
}

func mapOf(key string, value []byte) []byte {
	return append(append([]byte{7<<5 | 1}, str(key)...), value...)
}

// TestDataIsDocumented holds V9: the README names the checksum of each list
// that is embedded, so neither can change without the other.
func TestDataIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("data/README.md")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	raw, err := z.DecodeAll(embeddedCountries, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"country.mmdb.zst":  embeddedCountries,
		"dbip-country.mmdb": raw,
		"bots.tsv":          []byte(botRules),
	} {
		s := sha256.Sum256(data)
		if !strings.Contains(string(readme), hex.EncodeToString(s[:])) {
			t.Errorf("data/README.md does not name the sha256 of %s: %x", name, s)
		}
	}
	for _, v := range []string{"isbot 5.", "crawler-user-agents 1.", "clickledger rules " + ownRules} {
		if !strings.Contains(shared().BotListVersion(), v) {
			t.Errorf("BotListVersion %q does not name %q", shared().BotListVersion(), v)
		}
	}
}
