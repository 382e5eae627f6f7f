package visitor

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

type m = map[string]any

func names(en string) m { return m{"names": m{"de": "auf Deutsch", "en": en}, "geoname_id": 7} }

// cityRecord is the layout of MaxMind's and DB-IP's city files.
func cityRecord(country, region, city string) m {
	r := m{"country": m{"iso_code": country, "names": m{"en": country}}, "location": m{"time_zone": "Europe/Berlin"}}
	if region != "" {
		r["subdivisions"] = []any{names(region), names("a smaller one")}
	}
	if city != "" {
		r["city"] = names(city)
	}
	return r
}

func classify(t testing.TB, o Options, addr string) Info {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"User-Agent": {humanUA}}
	a := netip.MustParseAddr(addr)
	got := c.Classify(h, a)
	if again := c.Classify(h, a); again != got {
		t.Errorf("%s: %+v, then %+v", addr, got, again)
	}
	if c.Country(a) != got.Country {
		t.Errorf("%s: Country says %q, Classify %q", addr, c.Country(a), got.Country)
	}
	return got
}

func TestPlaces(t *testing.T) {
	long := strings.Repeat("ü", 60)
	city := writeMMDB(t,
		mmdbEntry{"8.0.0.0/8", cityRecord("us", "California", "Mountain View")},
		mmdbEntry{"9.0.0.0/8", cityRecord("DE", "Bavaria", "")},
		mmdbEntry{"10.0.0.0/8", m{"country": m{"iso_code": "DE"}, "subdivisions": []any{m{"iso_code": "BY"}}}},
		mmdbEntry{"11.0.0.0/8", cityRecord("DE", long, "a\r\nb")},
		mmdbEntry{"12.0.0.0/8", m{"country": "FR", "city": 7}},
		mmdbEntry{"13.0.0.0/8", m{"city": names("Nowhere")}},
		mmdbEntry{"14.0.0.0/8", m{"country": m{"iso_code": "DE"}, "city": names("Berlin"), "traits": m{"isp": "Own ISP", "connection_type": "Corporate"}}},
		mmdbEntry{"2001:db8::/32", cityRecord("BR", "São Paulo", "São Paulo")},
	)
	flat := writeMMDB(t,
		mmdbEntry{"8.0.0.0/8", m{"country_code": "US", "state1": "California", "state2": "Santa Clara", "city": "Mountain View", "postcode": ""}},
		mmdbEntry{"9.0.0.0/8", m{"country_code": "DE", "state1": "", "city": "Berlin"}},
	)
	nocountry := writeMMDB(t, mmdbEntry{"8.0.0.0/8", m{"city": names("Mountain View")}})
	isp := writeMMDB(t,
		mmdbEntry{"8.0.0.0/9", m{"isp": "Fiber Inc", "organization": "Customer", "autonomous_system_organization": "FIBER-AS", "autonomous_system_number": 64500}},
		mmdbEntry{"8.128.0.0/9", m{"autonomous_system_organization": "FIBER-AS"}},
		mmdbEntry{"9.0.0.0/8", m{"isp": "", "organization": "Customer", "connection_type": "Cable/DSL"}},
		mmdbEntry{"14.0.0.0/8", m{"traits": m{"isp": "Other ISP", "connection_type": "Cellular"}}},
	)
	link := writeMMDB(t, mmdbEntry{"8.0.0.0/8", m{"connection_type": "Cellular"}}, mmdbEntry{"9.0.0.0/8", m{"connection_type": "Satellite"}})
	countries := writeMMDB(t, mmdbEntry{"8.0.0.0/8", m{"country": m{"iso_code": "US"}}}, mmdbEntry{"9.0.0.0/8", m{"country": m{"iso_code": "AT"}}})

	for _, tt := range []struct {
		name                                   string
		o                                      Options
		addr                                   string
		country, region, city, isp, connection string
	}{
		{"no files", Options{}, "8.8.8.8", "US", "", "", "", ""},
		{"city", Options{CityDB: city}, "8.8.8.8", "US", "California", "Mountain View", "", ""},
		{"mapped address", Options{CityDB: city}, "::ffff:8.8.8.8", "US", "California", "Mountain View", "", ""},
		{"IPv6", Options{CityDB: city}, "2001:db8::1", "BR", "São Paulo", "São Paulo", "", ""},
		{"no city known", Options{CityDB: city}, "9.1.1.1", "DE", "Bavaria", "", "", ""},
		{"region by its code", Options{CityDB: city}, "10.1.1.1", "DE", "BY", "", "", ""},
		{"bad names", Options{CityDB: city}, "11.1.1.1", "DE", strings.Repeat("ü", 48), "", "", ""},
		{"a record of wrong types", Options{CityDB: city}, "12.1.1.1", "", "", "", "", ""},
		{"a city without a country", Options{CityDB: city}, "13.1.1.1", "", "", "Nowhere", "", ""},
		{"traits", Options{CityDB: city}, "14.1.1.1", "DE", "", "Berlin", "Own ISP", "Corporate"},
		{"traits of the provider's file win", Options{CityDB: city, ISPDB: isp}, "14.1.1.1", "DE", "", "Berlin", "Other ISP", "Cellular"},
		{"not in the file", Options{CityDB: city}, "193.99.144.80", "", "", "", "", ""},
		{"private", Options{CityDB: city, ISPDB: isp}, "192.168.0.1", "", "", "", "", ""},
		{"flat", Options{CityDB: flat}, "8.8.8.8", "US", "California", "Mountain View", "", ""},
		{"flat without a region", Options{CityDB: flat}, "9.1.1.1", "DE", "", "Berlin", "", ""},
		{"cities without countries: the embedded ones", Options{CityDB: nocountry}, "8.8.8.8", "US", "", "Mountain View", "", ""},
		{"countries of a file of their own", Options{CityDB: city, CountryDB: countries}, "8.8.8.8", "US", "California", "Mountain View", "", ""},
		{"files that contradict each other", Options{CityDB: city, CountryDB: countries}, "9.1.1.1", "AT", "", "", "", ""},
		{"isp", Options{ISPDB: isp}, "8.8.8.8", "US", "", "", "Fiber Inc", ""},
		{"autonomous system", Options{ISPDB: isp}, "8.200.8.8", "US", "", "", "FIBER-AS", ""},
		{"organization and connection", Options{ISPDB: isp}, "9.1.1.1", "US", "", "", "Customer", "Cable/DSL"},
		{"connection of its own file", Options{ISPDB: isp, ConnectionDB: link}, "8.8.8.8", "US", "", "", "Fiber Inc", "Cellular"},
		{"the provider's connection first", Options{ISPDB: isp, ConnectionDB: link}, "9.1.1.1", "US", "", "", "Customer", "Cable/DSL"},
		{"connections alone", Options{ConnectionDB: link}, "8.8.8.8", "US", "", "", "", "Cellular"},
	} {
		got := classify(t, tt.o, tt.addr)
		have := [...]string{got.Country, got.Region, got.City, got.ISP, got.Connection}
		want := [...]string{tt.country, tt.region, tt.city, tt.isp, tt.connection}
		if have != want {
			t.Errorf("%s: %q, want %q", tt.name, have, want)
		}
	}

	c, err := New(Options{CityDB: city, ISPDB: isp})
	if err != nil {
		t.Fatal(err)
	}
	// R6: the address of a prefetch proxy says nothing about the visitor.
	got := c.Classify(http.Header{"User-Agent": {humanUA}, "Sec-Purpose": {"prefetch;anonymous-client-ip"}}, netip.MustParseAddr("8.8.8.8"))
	if got.Country+got.Region+got.City+got.ISP+got.Connection != "" {
		t.Errorf("a proxy is located: %+v", got)
	}
	if got := c.Classify(http.Header{"User-Agent": {humanUA}}, netip.Addr{}); got.Country+got.Region+got.City+got.ISP != "" {
		t.Errorf("no address is located: %+v", got)
	}
	if c.CityDate() != "2001-09-09" || c.ISPDate() != "2001-09-09" || c.CountryDate() != "2001-09-09" {
		t.Errorf("dates %q, %q, %q", c.CityDate(), c.ISPDate(), c.CountryDate())
	}
	if shared().CityDate() != "" || shared().ISPDate() != "" {
		t.Error("a date without a file")
	}
}

// V9: a file of something else is refused at the start, not silently unknown for ever.
func TestPlaceFilesRefused(t *testing.T) {
	countries := writeMMDB(t, mmdbEntry{"8.0.0.0/8", m{"country": m{"iso_code": "US"}}})
	isp := writeMMDB(t, mmdbEntry{"8.0.0.0/8", m{"isp": "Fiber Inc"}})
	garbage := filepath.Join(t.TempDir(), "garbage.mmdb")
	err := os.WriteFile(garbage, []byte(strings.Repeat("x", 4096)), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"city: missing":            {CityDB: "/nonexistent/city.mmdb"},
		"city: garbage":            {CityDB: garbage},
		"city: of countries":       {CityDB: countries},
		"city: of providers":       {CityDB: isp},
		"provider: missing":        {ISPDB: "/nonexistent/isp.mmdb"},
		"provider: garbage":        {ISPDB: garbage},
		"provider: of countries":   {ISPDB: countries},
		"connection: missing":      {ConnectionDB: "/nonexistent/c.mmdb"},
		"connection: of providers": {ConnectionDB: isp},
	} {
		c, err := New(o)
		if err == nil || c != nil || !strings.HasPrefix(err.Error(), "visitor: "+name[:strings.IndexByte(name, ':')]+" data: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// manyPlaces has more records than a placeDB keeps, of one /16 each.
func manyPlaces(t testing.TB) (string, []netip.Addr) {
	var entries []mmdbEntry
	var addrs []netip.Addr
	for i := range 2 * placeSlots {
		a := netip.AddrFrom4([4]byte{byte(1 + i>>8), byte(i), 0, 1})
		entries = append(entries, mmdbEntry{netip.PrefixFrom(a, 16).Masked().String(), cityRecord("DE", "Region "+fmt.Sprint(i/8), "City "+fmt.Sprint(i))})
		addrs = append(addrs, a)
	}
	return writeMMDB(t, entries...), addrs
}

// Records that share a slot take turns in it, and every visitor gets his own.
func TestPlacesUnderLoad(t *testing.T) {
	path, addrs := manyPlaces(t)
	c, err := New(Options{CityDB: path})
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"User-Agent": {humanUA}}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 2 * len(addrs) {
				i := (n*7 + g*31) % len(addrs)
				got := c.Classify(h, addrs[i])
				if got.City != "City "+fmt.Sprint(i) || got.Region != "Region "+fmt.Sprint(i/8) {
					t.Errorf("%v: %+v", addrs[i], got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestPlaceLookupDoesNotAllocate(t *testing.T) {
	path, addrs := manyPlaces(t)
	c, err := New(Options{CityDB: path})
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"User-Agent": {humanUA}}
	if n := testing.AllocsPerRun(100, func() { c.Classify(h, addrs[5]) }); n > 0 {
		t.Errorf("%.0f allocations for a place known already", n)
	}
}

func BenchmarkClassifyWithCity(b *testing.B) {
	path, addrs := manyPlaces(b)
	c, err := New(Options{CityDB: path})
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{"User-Agent": {humanUA}, "Accept-Language": {"de"}}
	for _, bb := range []struct {
		name   string
		places int
	}{{"known place", 64}, {"ever another place", len(addrs)}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.Classify(h, addrs[i%bb.places])
				i++
			}
		})
	}
}
