package macro

import "strconv"

// Token is one entry of the token table. The table is the documentation, and it
// drives the code.
type Token struct {
	Name     string   // as written between braces
	Aliases  []string // other spellings, from the trackers people come from
	Help     string   // one sentence
	Sample   string   // a value as it looks before encoding
	Internal bool     // the value would show a visitor a name meant for the workspace only
}

// ID indexes [Tokens] and [Values].
type ID uint8

// The tokens. Which of them a URL may use is said by its [Table].
const (
	ClickID ID = iota
	CampaignID
	OfferID
	PublisherID
	AdvertiserID
	LinkID
	Source
	Sub1
	Sub2
	Sub3
	Sub4
	Sub5
	Sub6
	Sub7
	Sub8
	Sub9
	Sub10
	Sub11
	Sub12
	Sub13
	Sub14
	Sub15
	Sub16
	Sub17
	Sub18
	Sub19
	Sub20
	ExternalID
	Keyword
	Device
	OS
	OSVersion
	Browser
	BrowserVersion
	CountryCode
	Country
	Language
	Referrer
	ReferrerDomain
	UserAgent
	Timestamp
	TimestampMs
	Date
	Random
	// Known only once there is a conversion.
	ConversionID
	TxID
	Payout
	Amount
	Currency
	Status
	Goal
	EventTime
	NumTokens // how many there are; not a token
)

// A template remembers the tokens it uses in 64 bits.
const _ = uint(64 - NumTokens)

// Values are the values of the tokens, indexed by [ID], raw: rendering encodes them.
// "" is rendered as nothing. A Values may be reused once the URL is rendered.
type Values [NumTokens]string

// Tokens describes every token.
var Tokens = describe([NumTokens]Token{
	ClickID:        {Name: "click_id", Aliases: []string{"cf_click_id", "clickid"}, Help: "The click id, to be returned in the postback.", Sample: "019a2f4c81d00010007d0c5e3f9ab214"},
	CampaignID:     {Name: "campaign_id", Aliases: []string{"campaign.id"}, Help: "Id of the campaign.", Sample: "cmp_01j0000000000000"},
	OfferID:        {Name: "offer_id", Aliases: []string{"offer.id"}, Help: "Id of the offer.", Sample: "off_01j0000000000000"},
	PublisherID:    {Name: "publisher_id", Aliases: []string{"affiliate_id"}, Help: "Id of the publisher.", Sample: "pub_01j0000000000000"},
	AdvertiserID:   {Name: "advertiser_id", Help: "Id of the advertiser.", Sample: "adv_01j0000000000000"},
	LinkID:         {Name: "link_id", Help: "Id of the tracking link.", Sample: "lnk_01j0000000000000"},
	Source:         {Name: "source", Aliases: []string{"trafficsource.id"}, Help: "Id of the traffic source, or the publisher's own source label.", Sample: "newsletter"},
	ExternalID:     {Name: "external_id", Aliases: []string{"externalid"}, Help: "The click id of the traffic source, byte for byte as it sent it.", Sample: "EAIaIQobChMI8d"},
	Keyword:        {Name: "keyword", Help: "The keyword the link carried.", Sample: "running shoes"},
	Device:         {Name: "device", Help: "Device class of the visitor.", Sample: "phone"},
	OS:             {Name: "os", Help: "Operating system of the visitor.", Sample: "Android"},
	OSVersion:      {Name: "os_version", Aliases: []string{"osversion"}, Help: "Version of the operating system.", Sample: "15"},
	Browser:        {Name: "browser", Help: "Browser of the visitor.", Sample: "Chrome"},
	BrowserVersion: {Name: "browser_version", Aliases: []string{"browserversion"}, Help: "Version of the browser.", Sample: "140.0"},
	CountryCode:    {Name: "country_code", Aliases: []string{"geo"}, Help: "Country of the visitor, ISO 3166-1 alpha-2; empty when unknown.", Sample: "DE"},
	Country:        {Name: "country", Aliases: []string{"country_name", "countryname"}, Help: "English name of the visitor's country; empty when unknown.", Sample: "Germany"},
	Language:       {Name: "language", Help: "First language the browser asks for.", Sample: "de-DE"},
	Referrer:       {Name: "referrer", Aliases: []string{"referer"}, Help: "URL of the page the visitor came from, as far as the browser tells.", Sample: "https://blog.example/shoes?p=2"},
	ReferrerDomain: {Name: "referrer_domain", Aliases: []string{"referrerdomain", "referer_domain"}, Help: "Host of the page the visitor came from.", Sample: "blog.example"},
	UserAgent:      {Name: "user_agent", Aliases: []string{"useragent"}, Help: "The browser's User-Agent header.", Sample: "Mozilla/5.0 (X11; Linux x86_64)"},
	Timestamp:      {Name: "timestamp", Aliases: []string{"unixtime"}, Help: "Time of the click in Unix seconds; in a postback, the time it was made.", Sample: "1764547200"},
	TimestampMs:    {Name: "timestamp_ms", Help: "Time of the click in Unix milliseconds; in a postback, the time it was made.", Sample: "1764547200123"},
	Date:           {Name: "date", Help: "Date of the click in UTC, YYYY-MM-DD; in a postback, the date it was made.", Sample: "2025-12-01"},
	Random:         {Name: "random", Aliases: []string{"cachebuster"}, Help: "Random decimal digits, against caches.", Sample: "7204916385"},
	ConversionID:   {Name: "conversion_id", Help: "Id of the conversion: the same in every repetition of the call, so that the receiver can drop repeats.", Sample: "cnv_01j0000000000000"},
	TxID:           {Name: "txid", Aliases: []string{"transaction.id", "order_id"}, Help: "The advertiser's order number.", Sample: "A-1001"},
	Payout:         {Name: "payout", Aliases: []string{"commission"}, Help: "The publisher's commission, a decimal number.", Sample: "7.50"},
	Amount:         {Name: "amount", Aliases: []string{"sale_amount"}, Help: "What the customer paid, a decimal number; empty when unknown.", Sample: "125.00"},
	Currency:       {Name: "currency", Help: "ISO 4217 code of the amounts.", Sample: "EUR"},
	Status:         {Name: "status", Help: "State of the conversion.", Sample: "approved"},
	Goal:           {Name: "goal", Help: "Key of the goal that was reached.", Sample: "sale"},
	EventTime:      {Name: "event_time", Help: "Time of the conversion in Unix seconds.", Sample: "1764548100"},
})

// describe adds the twenty sub ids.
func describe(ts [NumTokens]Token) [NumTokens]Token {
	for i := range 20 {
		n := strconv.Itoa(i + 1)
		ts[Sub1+ID(i)] = Token{
			Name: "sub" + n, Aliases: []string{"trackingField" + n, "sub_id_" + n, "var" + n},
			Help: "Sub id " + n + ", byte for byte as the link carried it.", Sample: "banner-" + n,
		}
	}
	return ts
}

// Table is a set of tokens that URLs of one kind may use. It is immutable.
type Table struct {
	ids    []ID
	byName map[string]ID // names and aliases
}

// The tables.
var (
	// ClickTokens may be used in destinations: all that is known when a visitor clicks.
	ClickTokens = newTable(span(ClickID, Random)...)
	// PostbackTokens may be used in postbacks to publishers. What an advertiser pays us
	// is not among them: {payout} is the publisher's own commission.
	PostbackTokens = newTable(append(append([]ID{ClickID, CampaignID, OfferID, PublisherID, LinkID, Source},
		append(span(Sub1, Sub20), ExternalID, Keyword, Device, CountryCode, Timestamp, TimestampMs, Date, Random)...),
		span(ConversionID, EventTime)...)...)
)

func span(from, to ID) []ID {
	var ids []ID
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}

func newTable(ids ...ID) *Table {
	t := &Table{ids: ids, byName: make(map[string]ID)}
	for _, id := range ids {
		t.byName[Tokens[id].Name] = id
		for _, a := range Tokens[id].Aliases {
			t.byName[a] = id
		}
	}
	return t
}

// IDs lists the table's tokens in the order of their documentation.
func (t *Table) IDs() []ID { return append([]ID(nil), t.ids...) }

// Lookup finds a token by name or alias, without braces; case matters.
func (t *Table) Lookup(name string) (ID, bool) {
	id, ok := t.byName[name]
	return id, ok
}

// Nearest is the name of the token spelled most like name (Levenshtein distance over
// names and aliases, case ignored); "" when nothing is near.
func (t *Table) Nearest(name string) string {
	if len(name) > maxTokenName {
		return ""
	}
	best, least := "", 2+len(name)/3
	for _, id := range t.ids {
		d := distance(name, Tokens[id].Name)
		for _, a := range Tokens[id].Aliases {
			d = min(d, distance(name, a))
		}
		if d < least {
			best, least = Tokens[id].Name, d
		}
	}
	return best
}

// Lookup finds a token of [ClickTokens].
func Lookup(name string) (ID, bool) { return ClickTokens.Lookup(name) }

// Nearest is the name in [ClickTokens] spelled most like name; "" when nothing is near.
func Nearest(name string) string { return ClickTokens.Nearest(name) }

// distance is the Levenshtein distance of two ASCII words, case ignored.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			sub := diag
			if lower(a[i]) != lower(b[j]) {
				sub++
			}
			diag = row[j+1]
			row[j+1] = min(sub, diag+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
