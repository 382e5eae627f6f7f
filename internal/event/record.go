package event

// Subs is how many sub ids a link carries: sub1 … sub20.
const Subs = 20

// Limits of what one event keeps of what a visitor or an advertiser sent, in
// bytes. Longer values are cut by the edge, except foreign ids, which are opaque
// and returned byte for byte within their limit (rulebook R16).
const (
	MaxForeignID = 512
	MaxText      = 512
	MaxUserAgent = 1024
	MaxURL       = 8 << 10
	MaxBody      = 64 << 10
)

// Dims are the dimensions a visit, its click and its conversions share. Empty
// means unknown or not applicable.
type Dims struct {
	Workspace  string
	Campaign   string
	Link       string
	Offer      string
	Advertiser string
	Publisher  string
	Enrollment string
	Source     string // traffic source id, or the publisher's own source label

	Subs       [Subs]string
	ExternalID string // the source's click id: opaque, returned byte for byte
	Keyword    string

	Country        string // ISO 3166-1 alpha-2 of the click
	Region         string // region, city, ISP and connection only where the operator supplied such data
	City           string
	ISP            string
	Connection     string
	Device         string
	Brand          string
	Model          string
	OS             string
	OSVersion      string
	Browser        string
	BrowserVersion string
	Language       string
	RefererDomain  string
	Bot            string // reason code, "" = not known as a bot
	Suspect        string // reason code of a suspicion that is not a verdict
	// Wanted is the offer the link pointed to when the visitor was sent to another one
	// instead (Offer), "" = they are the same.
	Wanted string
	// Creative is the one that was shown, or through which the visitor came; "" = none.
	Creative string
}

// Visit is one entry through a link. A link straight to an offer records the
// visit and the click at once, with one id: Click is then true.
type Visit struct {
	ID    ClickID
	At    int64 // µs
	Click bool
	Dims
	Reason      string // why the visitor did not go where the link points, "" = it went there
	Destination string // the URL in the Location header
	Referer     string
	UserAgent   string
	Addr        string // truncated (rulebook G4)
	Unreplaced  uint32 // arrived as unreplaced macros: bit n sub n+1, 20 external id, 21 keyword, 22 source; bit 31: a value was cut
	Unique      bool   // the first on this link for this browser, by the tracker cookie
	Revision    int64  // catalog revision that routed it
	// Test says that it came through a test link: it is in no report, and what converts it
	// is a test conversion, without money.
	Test bool
}

// Signal is any hit on a conversion endpoint, raw, as it arrived. It is parsed
// once, when it is judged.
type Signal struct {
	ID         ClickID
	At         int64  // µs, when it arrived
	Kind       string // one of the Signal constants
	HTTPMethod string
	Host       string // the tracking host as configured, never the raw Host header
	Path       string
	Query      string
	BodyType   string // media type of Body
	Body       []byte
	Cookie     string // the value of the tracker cookie, pixels only
	Addr       string // full only where a rule needs it, else truncated
	UserAgent  string
	Referer    string
	Country    string
	// Of an upload only, whose sender was authenticated by the API or the console:
	Workspace string // in which it speaks; of a test of ours, whose it is
	Actor     string // user or API key id
	// Headers are those that may have a meaning, see [SignalHeaders], in the order of that list.
	Headers []Header
	// Test says that we sent it ourselves, to test how it is judged: it never moves money.
	Test bool
	// Dialect is the dialect's endpoint it came in by, "" = the product's own: see package dialect.
	Dialect string
}

// Header is one header of a request.
type Header struct{ Name, Value string }

// SignalHeaders are the headers that are kept with a signal, beside content type, user agent
// and referer, which have fields of their own.
var SignalHeaders = []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

// Header gives the value of a header that is kept, "" = none.
func (s *Signal) Header(name string) string {
	for _, h := range s.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// Kinds of signals.
const (
	SignalPostback = "postback"
	SignalPixel    = "pixel"
	SignalScript   = "script" // the tracking script on a page
	SignalUpload   = "upload" // entered by hand or by a CSV file
)

// FromPage reports whether a signal of this kind comes from a page: anybody can load
// one, so it is believed less than a server's or an operator's.
func FromPage(kind string) bool { return kind == SignalPixel || kind == SignalScript }

// Impression is how often a creative was shown to visitors of the same kind within a
// moment: the edge counts them together, so that neither log nor facts grow by a row each.
type Impression struct {
	ID    ClickID // of this count; no visitor was given it
	At    int64   // the first of them, µs
	Count int64
	Dims
	Reason string // why a click would not go where the link points, "" = it would
}

// Fact is one complete row of the facts table: the dimensions of the click with
// counters that sum. A correction is another row with signed values.
type Fact struct {
	No    int64  // the relay's gapless number; 0 for rows made from visits
	Kind  string // one of the Fact constants
	At    int64  // event time, µs
	Visit int64  // time of the click, µs
	ID    ClickID
	Dims
	Reason     string
	Goal       string
	Conversion string // conversion id
	Status     string
	Method     string // how the click was matched: one of the Match constants of package conversion
	Currency   string // of the four amounts

	Impressions int64
	Visits      int64
	Uniques     int64
	Clicks      int64
	Conversions int64
	Events      int64 // on-site events, which are no conversions
	Revenue     int64 // minor units
	Commission  int64 // minor units
	Cost        int64 // minor units
	SaleAmount  int64 // minor units

	// The amounts in the workspace's reporting currency, at the rate of the day of the
	// conversion; all 0, with Unconverted ±1, where no rate was known.
	ReportCurrency   string
	ReportRevenue    int64 // minor units
	ReportCommission int64 // minor units
	ReportCost       int64 // minor units
	ReportSaleAmount int64 // minor units
	Unconverted      int64
}

// Kinds of facts.
const (
	FactVisit      = "visit"
	FactConversion = "conversion"
	FactAdjustment = "adjustment"
	FactEvent      = "event"
	FactImpression = "impression"
)

// ImpressionFact is the row that a count of impressions adds to the facts.
func ImpressionFact(i *Impression) Fact {
	return Fact{Kind: FactImpression, At: i.At, Visit: i.At, ID: i.ID, Dims: i.Dims, Reason: i.Reason, Impressions: i.Count}
}

// VisitFact is the row a visit adds to the facts.
func VisitFact(v *Visit) Fact {
	f := Fact{Kind: FactVisit, At: v.At, Visit: v.At, ID: v.ID, Dims: v.Dims, Reason: v.Reason, Visits: 1}
	if v.Click {
		f.Clicks = 1
	}
	if v.Unique {
		f.Uniques = 1
	}
	return f
}
