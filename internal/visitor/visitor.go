package visitor

import (
	"fmt"
	"net/http"
	"net/netip"

	useragent "github.com/medama-io/go-useragent"
)

// Device classes, the values of Info.Device. The empty string is "unknown".
const (
	DeviceDesktop = "desktop"
	DevicePhone   = "phone"
	DeviceTablet  = "tablet"
	DeviceTV      = "tv"
	DeviceConsole = "console"
	DeviceOther   = "other" // known to be none of the above: headsets, cars, watches
)

// Reasons in Info.Bot that carry no family. The others are "ua_list:<family>".
const (
	BotEmptyUA     = "ua_empty"        // no user agent at all
	BotHTTPLibrary = "ua_http_library" // a program, not a browser (V3)
	BotLinkPreview = "link_preview"    // a chat or social network drawing a preview (R8)
	BotHeadless    = "hint_headless"   // the client hints say HeadlessChrome
)

// Info is what is known about who is asking. Empty strings mean unknown.
type Info struct {
	Addr           netip.Addr // client address, v4-mapped unmapped
	Country        string     // ISO 3166-1 alpha-2, upper case
	Region         string     // English name of the state or region; needs Options.CityDB
	City           string     // English name of the city; needs Options.CityDB
	ISP            string     // provider; needs Options.ISPDB
	Connection     string     // "Cellular", "Cable/DSL" …, as the database names it; needs Options.ISPDB or ConnectionDB
	Device         string     // one of the Device constants
	Brand          string     // maker of the device: "Apple", "Samsung" …
	Model          string     // "iPhone", "SM-S918B" …: letters, digits and signs, at most 64 bytes, as the browser tells it
	OS             string     // "Windows", "macOS", "iOS", "Android", "Linux", "ChromeOS", "Tizen", "PlayStation" …
	OSVersion      string     // major(.minor); "10.15" is also what every newer macOS browser sends, Windows "10" is also 11
	Browser        string     // "Chrome", "Safari", "Samsung Browser", "Instagram" (its in-app browser) …
	BrowserVersion string     // major(.minor), a zero minor left out
	Language       string     // first tag of Accept-Language, e.g. "de" or "en-US", at most 16 bytes
	Bot            string     // reason code, "" = not known as a bot: "ua_list:googlebot", a Bot constant
	Suspect        string     // "fetch_dest:image", "fetch_mode:cors" …: not a navigation (V7)
}

// Options are what a Classifier is built from.
type Options struct {
	// CountryDB is the path of an MMDB to use instead of the embedded one. It
	// may hold "country_code" or MaxMind's "country.iso_code".
	CountryDB string
	// CityDB is the path of an MMDB of cities: MaxMind's City or Enterprise, DB-IP's IP to
	// City or Location, or the flat layout ("state1", "city"). Without it Region and City are
	// unknown. Unless CountryDB is set too, the country comes from it as well.
	CityDB string
	// ISPDB is the path of an MMDB of providers: "isp", "organization" or
	// "autonomous_system_organization", the first that is there, and "connection_type".
	ISPDB string
	// ConnectionDB is the path of an MMDB with "connection_type" alone, for who has it in a
	// file of its own, as MaxMind sells it. It counts where ISPDB says nothing.
	ConnectionDB string
	// TrustedProxies are the addresses of proxies of ours, whose
	// X-Forwarded-For is believed (P19). Empty: nobody's is.
	TrustedProxies []netip.Prefix
}

// Classifier answers who is asking. It is safe for concurrent use and costs a
// few ten milliseconds and about 15 MB to build: keep one.
type Classifier struct {
	country *countryDB // nil: city has the countries
	city    *placeDB   // nil without, as are the next two
	isp     *placeDB
	link    *placeDB
	proxies []netip.Prefix
	bots    *botList
	tokens  *tokenTable
	agents  *useragent.Parser
	cache   *agentCache
}

// New builds a Classifier. It fails when a data file or a prefix is unusable,
// so that a wrong setting is seen at start-up and not as missing countries.
func New(o Options) (*Classifier, error) {
	proxies, err := normalizePrefixes(o.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("visitor: trusted proxies: %w", err)
	}
	c := &Classifier{proxies: proxies, agents: useragent.NewParser(), cache: newAgentCache()}
	err = c.openPlaces(o)
	if err != nil {
		return nil, err
	}
	c.bots, err = loadBots(botRules)
	if err != nil {
		return nil, fmt.Errorf("visitor: bot rules: %w", err)
	}
	c.tokens, err = newTokenTable()
	if err != nil {
		return nil, fmt.Errorf("visitor: device rules: %w", err)
	}
	return c, nil
}

// Classify says who is asking, from the request's headers and the client's
// address as ClientAddr found it (R8, V2, V3, V7). What follows from the user
// agent and the client hints alone is cached, so a known browser costs a lookup.
//
// Behind an anonymizing prefetch proxy the address is the proxy's, so no
// country and nothing like it is derived from it (R6).
func (c *Classifier) Classify(h http.Header, addr netip.Addr) Info {
	addr = addr.Unmap().WithZone("")
	k := keyOf(h)
	hash := c.cache.hash(k)
	a, ok := c.cache.get(hash, k)
	if !ok {
		k = k.clone()
		a = c.classifyAgent(k)
		c.cache.put(hash, k, a)
	}
	info := Info{
		Addr:           addr,
		Device:         a.device,
		Brand:          a.brand,
		Model:          a.model,
		OS:             a.os,
		OSVersion:      a.osVersion,
		Browser:        a.browser,
		BrowserVersion: a.browserVersion,
		Language:       language(first(h, "Accept-Language")),
		Bot:            a.bot,
		Suspect:        suspect(h),
	}
	if !anonymizedAddr(h) {
		c.locate(&info, addr)
	}
	return info
}

// BotListVersion names the lists and rules behind Info.Bot, for reports that
// must say which version filtered them (V9).
func (c *Classifier) BotListVersion() string { return c.bots.version }

// first is h.Get for a key known to be canonical already.
func first(h http.Header, canonical string) string {
	v := h[canonical]
	if len(v) == 0 {
		return ""
	}
	return v[0]
}
