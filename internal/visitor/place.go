package visitor

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2"
)

// maxPlaceName bounds the names out of an operator's file, in bytes.
const maxPlaceName = 96

// place is what a record of an operator's database says. Empty means unknown.
type place struct {
	country, region, city, isp, connection string
}

var nowhere place

// placeSlots is how many decoded records a placeDB keeps: under 3 MB with the longest
// names, and as a rule a fifth of that.
const placeSlots = 1 << 12

// placeDB answers from an operator's MMDB. A lookup walks the tree, and decodes the record
// unless it is one of those kept; records are shared by many networks, so most are. Each
// has one slot it can be in, and the newest has it: nothing to keep in order, no locks.
type placeDB struct {
	db     *maxminddb.Reader
	decode func(maxminddb.Result) place
	slots  [placeSlots]atomic.Pointer[placeEntry]
}

type placeEntry struct {
	at uintptr // position in the file
	place
}

// openPlaces opens the databases of the options.
func (c *Classifier) openPlaces(o Options) error {
	var err error
	countries := false
	if o.CityDB != "" {
		c.city, countries, err = openCityDB(o.CityDB)
		if err != nil {
			return fmt.Errorf("visitor: city data: %w", err)
		}
	}
	if o.CountryDB != "" || !countries {
		c.country, err = openCountryDB(o.CountryDB)
		if err != nil {
			return fmt.Errorf("visitor: country data: %w", err)
		}
	}
	if o.ISPDB != "" {
		c.isp, err = openNetworkDB(o.ISPDB, "no providers and no connection types", func(p place) bool { return p.isp != "" || p.connection != "" })
		if err != nil {
			return fmt.Errorf("visitor: provider data: %w", err)
		}
	}
	if o.ConnectionDB != "" {
		c.link, err = openNetworkDB(o.ConnectionDB, "no connection types", func(p place) bool { return p.connection != "" })
		if err != nil {
			return fmt.Errorf("visitor: connection data: %w", err)
		}
	}
	return nil
}

// locate fills in what follows from the address. A region and a city of another country
// than the one we report are left out: two files then contradict each other.
func (c *Classifier) locate(info *Info, addr netip.Addr) {
	if !addr.IsValid() {
		return
	}
	if c.country != nil {
		info.Country = c.country.lookup(addr)
	}
	if c.city != nil {
		p := c.city.lookup(addr)
		if c.country == nil {
			info.Country = p.country
		}
		if p.country == "" || p.country == info.Country {
			info.Region, info.City = p.region, p.city
		}
		info.ISP, info.Connection = p.isp, p.connection
	}
	for _, db := range [...]*placeDB{c.isp, c.link} {
		if db == nil {
			continue
		}
		p := db.lookup(addr)
		if p.isp != "" && db == c.isp {
			info.ISP = p.isp
		}
		if p.connection != "" && (db == c.isp || info.Connection == "") {
			info.Connection = p.connection
		}
	}
}

// openCityDB finds out which layout the file has, and whether it knows countries too. It
// refuses a file without regions and cities, which would otherwise make every one of them
// unknown (V9).
func openCityDB(path string) (*placeDB, bool, error) {
	db, err := openReader(path)
	if err != nil {
		return nil, false, err
	}
	for _, decode := range []func(maxminddb.Result) place{decodeCity, decodeFlatCity} {
		p := &placeDB{db: db, decode: decode}
		cities, countries := false, false
		err = p.sample(func(found place) bool {
			cities = cities || found.region != "" || found.city != ""
			countries = countries || found.country != ""
			return cities && countries
		})
		if err != nil {
			return nil, false, err
		}
		if cities {
			return p, countries, nil
		}
	}
	return nil, false, errors.New("no regions and no cities in the database")
}

// openNetworkDB refuses a file in which no record is good.
func openNetworkDB(path, lack string, good func(place) bool) (*placeDB, error) {
	db, err := openReader(path)
	if err != nil {
		return nil, err
	}
	p := &placeDB{db: db, decode: decodeNetwork}
	known := false
	err = p.sample(func(found place) bool {
		known = known || good(found)
		return known
	})
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, errors.New(lack + " in the database")
	}
	return p, nil
}

// sample shows the records of the first networks until enough says so. Files begin with
// networks of which little is known, hence so many.
func (p *placeDB) sample(enough func(place) bool) error {
	const networks = 20_000
	n := 0
	for r := range p.db.Networks() {
		if r.Err() != nil {
			return r.Err()
		}
		if enough(p.decode(r)) {
			return nil
		}
		n++
		if n == networks {
			break
		}
	}
	return nil
}

// lookup never gives nil.
func (p *placeDB) lookup(addr netip.Addr) *place {
	r := p.db.Lookup(addr)
	if !r.Found() {
		return &nowhere
	}
	at := r.Offset()
	slot := &p.slots[uint32(at)*0x9E3779B1>>(32-12)] // Fibonacci hashing into placeSlots
	e := slot.Load()
	if e != nil && e.at == at {
		return &e.place
	}
	e = &placeEntry{at: at, place: p.decode(r)}
	slot.Store(e)
	return &e.place
}

// date is the day the file was built.
func (p *placeDB) date() string {
	return p.db.Metadata.BuildTime().UTC().Format(time.DateOnly)
}

// CityDate is the day the city database was built, as 2006-01-02; "" without one (V9).
func (c *Classifier) CityDate() string {
	if c.city == nil {
		return ""
	}
	return c.city.date()
}

// ISPDate is the day the provider database was built, as 2006-01-02; "" without one (V9).
func (c *Classifier) ISPDate() string {
	if c.isp == nil {
		return ""
	}
	return c.isp.date()
}

// named is a name in several languages, of which we show English.
type named struct {
	Names struct {
		English string `maxminddb:"en"`
	} `maxminddb:"names"`
	Code string `maxminddb:"iso_code"`
}

// network is what MaxMind and DB-IP call traits, and write at the top of their smaller
// files.
type network struct {
	ISP          string `maxminddb:"isp"`
	Organization string `maxminddb:"organization"`
	AS           string `maxminddb:"autonomous_system_organization"`
	Connection   string `maxminddb:"connection_type"`
}

func (n *network) into(p *place) {
	for _, s := range [...]string{n.ISP, n.Organization, n.AS} {
		p.isp = placeName(s)
		if p.isp != "" {
			break
		}
	}
	p.connection = placeName(n.Connection)
}

// decodeCity reads the layout of MaxMind and DB-IP. A region without an English name goes
// by its code.
func decodeCity(r maxminddb.Result) place {
	var record struct {
		Country      named   `maxminddb:"country"`
		Subdivisions []named `maxminddb:"subdivisions"`
		City         named   `maxminddb:"city"`
		Traits       network `maxminddb:"traits"`
	}
	err := r.Decode(&record)
	if err != nil {
		return nowhere
	}
	p := place{country: countryCode(record.Country.Code), city: placeName(record.City.Names.English)}
	if len(record.Subdivisions) > 0 { // the largest comes first
		p.region = placeName(record.Subdivisions[0].Names.English)
		if p.region == "" {
			p.region = placeName(record.Subdivisions[0].Code)
		}
	}
	record.Traits.into(&p)
	return p
}

// decodeFlatCity reads the layout of the files made from DB-IP's tables.
func decodeFlatCity(r maxminddb.Result) place {
	var record struct {
		Country string `maxminddb:"country_code"`
		Region  string `maxminddb:"state1"`
		City    string `maxminddb:"city"`
	}
	err := r.Decode(&record)
	if err != nil {
		return nowhere
	}
	return place{country: countryCode(record.Country), region: placeName(record.Region), city: placeName(record.City)}
}

// decodeNetwork reads a provider from the top of the record, or from its traits.
func decodeNetwork(r maxminddb.Result) place {
	var top network
	var p place
	err := r.Decode(&top)
	if err != nil {
		return nowhere
	}
	top.into(&p)
	if p.isp != "" || p.connection != "" {
		return p
	}
	var traits network
	err = r.DecodePath(&traits, "traits")
	if err != nil {
		return nowhere
	}
	traits.into(&p)
	return p
}

// placeName is a name fit to be reported: valid, without control characters, not longer
// than maxPlaceName.
func placeName(s string) string {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	if len(s) <= maxPlaceName {
		return s
	}
	end := maxPlaceName
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
