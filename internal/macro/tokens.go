package macro

// Token is one entry of the token table. The table is the documentation, and it
// drives the code.
type Token struct {
	Name     string   // as written between braces
	Aliases  []string // other spellings, from the trackers people come from (trackers §2)
	Help     string   // one sentence
	Sample   string   // a value as it looks before encoding; see [SampleValues]
	Group    string   // one of the Group constants
	Internal bool     // the value would show a visitor a name meant for the workspace only
}

// ID indexes [Tokens] and [Values].
type ID uint8

// The tokens, group by group. Which of them a URL may use is said by its [Table]. The
// numbers are not stored anywhere, so that tokens may be added in their place; only sub1
// to sub20 must stay neighbours.
const (
	ClickID ID = iota
	ClickNumber
	VisitID
	CampaignID
	LinkID
	PathID
	LanderID
	OfferID
	AdvertiserID
	PublisherID
	SourceID
	CampaignName
	PathName
	LanderName
	OfferName
	AdvertiserName
	PublisherName
	SourceName
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
	CountryCode
	Country
	Region
	City
	ISP
	Connection
	Device
	Brand
	Model
	OS
	OSVersion
	Browser
	BrowserVersion
	Language
	UserAgent
	IP
	Referrer
	ReferrerDomain
	Cost
	OfferPayout
	Timestamp
	TimestampMs
	DateTime
	Date
	TimeOfDay
	Year
	Month
	Day
	Hour
	Weekday
	OfferStaticURL
	Random
	RandomHex
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

	// Salt is no token and in no table: Values[Salt] is the workspace's salt, the key of
	// {…:hash}. Without a salt such a token is rendered as if its value were empty, since a
	// hash without a secret tells what it hides to anybody who guesses. [Template.Uses] of
	// Salt says whether the URL hashes anything.
	Salt = NumTokens
)

// Values are the values of the tokens, indexed by [ID], raw: rendering encodes them.
// "" is rendered as nothing, or as the token's default. The last one is the [Salt]. A
// Values may be reused once the URL is rendered.
type Values [NumTokens + 1]string

// idSet is a set of tokens, and of Salt.
type idSet [2]uint64

// The set has room for all.
const _ = uint(len(idSet{})*64 - 1 - int(Salt))

func (s *idSet) add(id ID) { s[id>>6] |= 1 << (id & 63) }

func (s *idSet) has(id ID) bool { return id <= Salt && s[id>>6]&(1<<(id&63)) != 0 }

// Table is a set of tokens that URLs of one kind may use. It is immutable.
type Table struct {
	ids    []ID
	byName map[string]ID // names and aliases
	// refused are names that people look for and that are left out on purpose, with a
	// sentence why.
	refused map[string]string
}

// The tables.
var (
	// ClickTokens may be used in destinations: all that is known when a visitor clicks.
	// Whatever they say is in the visitor's address bar; {payout} is what the offer pays us.
	ClickTokens = newTable(span(ClickID, RandomHex)...)
	// PostbackTokens may be used in postbacks to publishers. What an advertiser pays us
	// is not among them: {payout} is the publisher's own commission.
	PostbackTokens = newTable(append(append([]ID{ClickID, CampaignID, OfferID, OfferName, PublisherID, LinkID, Source},
		append(span(Sub1, Sub20), ExternalID, Keyword, Device, CountryCode, Timestamp, TimestampMs, Date, Random)...),
		span(ConversionID, EventTime)...)...).refuse("what the advertiser pays us is not told to a publisher. {payout} is the publisher's own commission, {amount} what the customer paid.",
		"revenue", "offer_payout", "offer_revenue", "advertiser_payout", "network_payout", "profit", "margin", "cost")
)

// refuse keeps why the names are not in the table, for who looks for them.
func (t *Table) refuse(why string, names ...string) *Table {
	t.refused = map[string]string{}
	for _, n := range names {
		t.refused[n] = why
	}
	return t
}

func span(from, to ID) []ID {
	var ids []ID
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}

// newTable is only called at start-up; a name that means two things in one table would be
// a mistake in the source, which a test finds.
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
	if len(name) <= 4 {
		least = 2 // two of three letters are another word
	}
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
