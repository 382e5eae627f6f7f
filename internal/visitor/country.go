package visitor

import (
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/oschwald/maxminddb-golang/v2"
)

//go:embed data/country.mmdb.zst
var embeddedCountries []byte

// maxCountryDB bounds the unpacked embedded database, in bytes.
const maxCountryDB = 64 << 20

// countryDB answers the country of an address. Its records are few (one per
// country) and shared by all networks, so a record is decoded once and then
// known by its position in the file: lookups allocate nothing.
type countryDB struct {
	db    *maxminddb.Reader
	codes atomic.Pointer[map[uintptr]string] // replaced whole, never changed
}

// maxCodes bounds the memory of decoded records; a database that does not
// share its records is decoded each time instead.
const maxCodes = 1024

func openCountryDB(path string) (*countryDB, error) {
	db, err := openReader(path)
	if err != nil {
		return nil, err
	}
	c := &countryDB{db: db}
	c.codes.Store(&map[uintptr]string{})
	err = c.check()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// check refuses a database of something else (cities without countries,
// networks), which would otherwise make every country unknown (V9).
func (c *countryDB) check() error {
	const sample = 1000
	n := 0
	for r := range c.db.Networks() {
		if r.Err() != nil {
			return r.Err()
		}
		if decodeCountry(r) != "" {
			return nil
		}
		n++
		if n == sample {
			break
		}
	}
	return errors.New("no country codes in the database")
}

// openReader opens a file, or without one the embedded countries.
func openReader(path string) (*maxminddb.Reader, error) {
	if path != "" {
		// Read, not mapped: replacing or cutting the file cannot hurt a
		// running server, and nothing needs closing.
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return maxminddb.OpenBytes(raw)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxCountryDB), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	raw, err := z.DecodeAll(embeddedCountries, nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking the embedded database: %w", err)
	}
	return maxminddb.OpenBytes(raw)
}

// Country is the ISO 3166-1 code of the country an address belongs to, "" when
// unknown: private, reserved or not in the data.
func (c *Classifier) Country(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	if c.country == nil {
		return c.city.lookup(addr).country
	}
	return c.country.lookup(addr)
}

// CountryDate is the day the data the countries come from was built, as 2006-01-02 (V9).
func (c *Classifier) CountryDate() string {
	if c.country == nil {
		return c.city.date()
	}
	return c.country.db.Metadata.BuildTime().UTC().Format(time.DateOnly)
}

func (c *countryDB) lookup(addr netip.Addr) string {
	r := c.db.Lookup(addr)
	if !r.Found() {
		return ""
	}
	known := *c.codes.Load()
	at := r.Offset()
	if code, ok := known[at]; ok {
		return code
	}
	code := decodeCountry(r)
	if len(known) >= maxCodes {
		return code
	}
	// Two goroutines may each add one and lose the other's: it is decoded
	// again the next time.
	next := make(map[uintptr]string, len(known)+1)
	for k, v := range known {
		next[k] = v
	}
	next[at] = code
	c.codes.Store(&next)
	return code
}

// decodeCountry reads the code from a record of either common layout.
func decodeCountry(r maxminddb.Result) string {
	var record struct {
		Code    string `maxminddb:"country_code"`
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
	}
	err := r.Decode(&record)
	if err != nil {
		return ""
	}
	if record.Code != "" {
		return countryCode(record.Code)
	}
	return countryCode(record.Country.Code)
}

// countryCode is a code in capitals, or "" for what is none.
func countryCode(code string) string {
	if len(code) != 2 {
		return ""
	}
	b := [2]byte{lower(code[0]), lower(code[1])}
	for i := range b {
		if b[i] < 'a' || b[i] > 'z' {
			return ""
		}
		b[i] -= 'a' - 'A'
	}
	if string(b[:]) == "ZZ" {
		return "" // user-assigned, used for "unknown"
	}
	return string(b[:])
}
