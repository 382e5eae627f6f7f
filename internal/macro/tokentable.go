package macro

import "strconv"

// The groups of [Token], to show a long list in parts.
const (
	GroupIDs        = "Ids"
	GroupNames      = "Names (internal)"
	GroupSubs       = "Sub ids"
	GroupPlace      = "Place"
	GroupDevice     = "Device"
	GroupRequest    = "Request"
	GroupMoney      = "Money"
	GroupTime       = "Time"
	GroupOther      = "Other"
	GroupConversion = "Conversion"
)

// Groups lists the groups in the order to show them in.
var Groups = [...]string{
	GroupIDs, GroupNames, GroupSubs, GroupPlace, GroupDevice, GroupRequest, GroupMoney, GroupTime, GroupOther, GroupConversion,
}

// Tokens describes every token. The samples are of one visitor and one moment.
var Tokens = describe([NumTokens]Token{
	ClickID:      {Name: "click_id", Group: GroupIDs, Aliases: []string{"cf_click_id", "clickid", "subid", "hit"}, Help: "The click id, to be returned in the postback.", Sample: "019caeddfa8300001d0c5e3f9ab21477"},
	ClickNumber:  {Name: "click_number", Group: GroupIDs, Aliases: []string{"reqid"}, Help: "The click id as a decimal number, for systems such as CAKE whose request ids are numbers; its dialect takes it back.", Sample: "2142773031940921765825874639748994167"},
	VisitID:      {Name: "visit_id", Group: GroupIDs, Aliases: []string{"visitid"}, Help: "Id of the visit the click belongs to; the click id itself where a link leads straight to the offer.", Sample: "019caeddb3be00001c77d2a1f0334be8"},
	CampaignID:   {Name: "campaign_id", Group: GroupIDs, Aliases: []string{"campaign.id", "campaignid"}, Help: "Id of the campaign.", Sample: "cmp_01j0000000000000"},
	LinkID:       {Name: "link_id", Group: GroupIDs, Help: "Id of the tracking link.", Sample: "lnk_01j0000000000000"},
	PathID:       {Name: "path_id", Group: GroupIDs, Aliases: []string{"path.id"}, Help: "Id of the path in the campaign's rotation.", Sample: "pth_01j0000000000000"},
	LanderID:     {Name: "lander_id", Group: GroupIDs, Aliases: []string{"lander.id", "landing_id"}, Help: "Id of the lander; empty when there was none.", Sample: "lan_01j0000000000000"},
	OfferID:      {Name: "offer_id", Group: GroupIDs, Aliases: []string{"offer.id", "offerid"}, Help: "Id of the offer.", Sample: "off_01j0000000000000"},
	AdvertiserID: {Name: "advertiser_id", Group: GroupIDs, Aliases: []string{"affiliate_network_id", "affiliatenetwork.id"}, Help: "Id of the advertiser.", Sample: "adv_01j0000000000000"},
	PublisherID:  {Name: "publisher_id", Group: GroupIDs, Aliases: []string{"affiliate_id"}, Help: "Id of the publisher.", Sample: "pub_01j0000000000000"},
	SourceID:     {Name: "source_id", Group: GroupIDs, Aliases: []string{"trafficsource.id", "traffic_source_id"}, Help: "Id of the traffic source.", Sample: "src_01j0000000000000"},

	CampaignName:   {Name: "campaign_name", Group: GroupNames, Internal: true, Aliases: []string{"campaign.name", "campaignname"}, Help: "Name of the campaign.", Sample: "Spring DE mobile"},
	PathName:       {Name: "path_name", Group: GroupNames, Internal: true, Aliases: []string{"path.name"}, Help: "Name of the path.", Sample: "Path A"},
	LanderName:     {Name: "lander_name", Group: GroupNames, Internal: true, Aliases: []string{"lander.name", "landing_name"}, Help: "Name of the lander; empty when there was none.", Sample: "Quiz v3"},
	OfferName:      {Name: "offer_name", Group: GroupNames, Internal: true, Aliases: []string{"offer.name", "offername"}, Help: "Name of the offer.", Sample: "Trail shoes"},
	AdvertiserName: {Name: "advertiser_name", Group: GroupNames, Internal: true, Aliases: []string{"affiliate_network_name", "affiliatenetwork.name"}, Help: "Name of the advertiser.", Sample: "Shoe Network"},
	PublisherName:  {Name: "publisher_name", Group: GroupNames, Internal: true, Aliases: []string{"affiliate_name"}, Help: "Name of the publisher.", Sample: "Run Blog"},
	SourceName:     {Name: "source_name", Group: GroupNames, Internal: true, Aliases: []string{"trafficsource.name", "traffic_source_name"}, Help: "Name of the traffic source.", Sample: "Newsletter"},

	Source:     {Name: "source", Group: GroupSubs, Help: "Id of the traffic source, or the publisher's own source label.", Sample: "newsletter"},
	ExternalID: {Name: "external_id", Group: GroupSubs, Aliases: []string{"externalid", "externalId", "ref_id"}, Help: "The click id of the traffic source, byte for byte as it sent it.", Sample: "EAIaIQobChMI8d"},
	Keyword:    {Name: "keyword", Group: GroupSubs, Help: "The keyword the link carried, or the one the offer drew for this click.", Sample: "running shoes"},

	CountryCode: {Name: "country_code", Group: GroupPlace, Aliases: []string{"geo"}, Help: "Country of the visitor, ISO 3166-1 alpha-2; empty when unknown.", Sample: "DE"},
	Country:     {Name: "country", Group: GroupPlace, Aliases: []string{"country_name", "countryname"}, Help: "English name of the visitor's country; empty when unknown.", Sample: "Germany"},
	Region:      {Name: "region", Group: GroupPlace, Aliases: []string{"state", "region_name"}, Help: "English name of the visitor's state or region; empty without a city database.", Sample: "Bavaria"},
	City:        {Name: "city", Group: GroupPlace, Aliases: []string{"city_name"}, Help: "English name of the visitor's city; empty without a city database.", Sample: "Munich"},
	ISP:         {Name: "isp", Group: GroupPlace, Aliases: []string{"isp_name"}, Help: "Internet provider of the visitor; empty without a provider database.", Sample: "Deutsche Telekom AG"},
	Connection:  {Name: "connection", Group: GroupPlace, Aliases: []string{"connection_type", "connection.type", "connectiontype"}, Help: "Kind of the visitor's connection, as the provider database names it; empty without one.", Sample: "Cellular"},

	Device:         {Name: "device", Group: GroupDevice, Aliases: []string{"device_type"}, Help: "Device class of the visitor.", Sample: "phone"},
	Brand:          {Name: "brand", Group: GroupDevice, Aliases: []string{"device_brand"}, Help: "Maker of the device; empty when unknown.", Sample: "Samsung"},
	Model:          {Name: "model", Group: GroupDevice, Aliases: []string{"device_model"}, Help: "Model of the device, as the browser tells it; empty when it does not.", Sample: "SM-S921B"},
	OS:             {Name: "os", Group: GroupDevice, Aliases: []string{"os_name"}, Help: "Operating system of the visitor.", Sample: "Android"},
	OSVersion:      {Name: "os_version", Group: GroupDevice, Aliases: []string{"osversion"}, Help: "Version of the operating system.", Sample: "15"},
	Browser:        {Name: "browser", Group: GroupDevice, Aliases: []string{"browser_name"}, Help: "Browser of the visitor.", Sample: "Samsung Browser"},
	BrowserVersion: {Name: "browser_version", Group: GroupDevice, Aliases: []string{"browserversion"}, Help: "Version of the browser.", Sample: "28"},

	Language:       {Name: "language", Group: GroupRequest, Aliases: []string{"lang"}, Help: "First language the browser asks for.", Sample: "de-DE"},
	UserAgent:      {Name: "user_agent", Group: GroupRequest, Aliases: []string{"useragent", "ua"}, Help: "The browser's User-Agent header.", Sample: "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"},
	IP:             {Name: "ip", Group: GroupRequest, Aliases: []string{"ip_address"}, Help: "Address of the visitor, shortened or empty as the workspace's privacy setting says.", Sample: "203.0.113.0"},
	Referrer:       {Name: "referrer", Group: GroupRequest, Aliases: []string{"referer"}, Help: "URL of the page the visitor came from, as far as the browser tells.", Sample: "https://blog.example/shoes?p=2"},
	ReferrerDomain: {Name: "referrer_domain", Group: GroupRequest, Aliases: []string{"referrerdomain", "referer_domain", "ref_domain"}, Help: "Host of the page the visitor came from.", Sample: "blog.example"},

	Cost:        {Name: "cost", Group: GroupMoney, Aliases: []string{"clickcost", "click_cost", "cpc"}, Help: "Cost of the click, a decimal number; empty when unknown.", Sample: "0.35"},
	OfferPayout: {Name: "payout", Group: GroupMoney, Aliases: []string{"offer_payout"}, Help: "What the offer pays us, a decimal number, where that is known at the click; whoever receives the URL sees it.", Sample: "12.00"},

	Timestamp:   {Name: "timestamp", Group: GroupTime, Aliases: []string{"unixtime"}, Help: "Time of the click in Unix seconds; in a postback, the time it was made.", Sample: "1772460309"},
	TimestampMs: {Name: "timestamp_ms", Group: GroupTime, Help: "Time of the click in Unix milliseconds; in a postback, the time it was made.", Sample: "1772460309123"},
	DateTime:    {Name: "datetime", Group: GroupTime, Help: "Date and time of the click in UTC, RFC 3339.", Sample: "2026-03-02T14:05:09Z"},
	Date:        {Name: "date", Group: GroupTime, Help: "Date of the click in UTC, YYYY-MM-DD; in a postback, the date it was made.", Sample: "2026-03-02"},
	TimeOfDay:   {Name: "time", Group: GroupTime, Help: "Time of the click in UTC, HH:MM:SS.", Sample: "14:05:09"},
	Year:        {Name: "year", Group: GroupTime, Help: "Year of the click in UTC, four digits.", Sample: "2026"},
	Month:       {Name: "month", Group: GroupTime, Help: "Month of the click in UTC, two digits.", Sample: "03"},
	Day:         {Name: "day", Group: GroupTime, Help: "Day of the month of the click in UTC, two digits.", Sample: "02"},
	Hour:        {Name: "hour", Group: GroupTime, Help: "Hour of the click in UTC, two digits, 00 to 23.", Sample: "14"},
	Weekday:     {Name: "weekday", Group: GroupTime, Help: "English name of the weekday of the click in UTC.", Sample: "Monday"},

	OfferStaticURL: {Name: "offer_static_url", Group: GroupOther, Help: "The offer's static URL, for systems that must see another address than the one visitors are sent to.", Sample: "https://shop.example/trail-shoes"},
	Random:         {Name: "random", Group: GroupOther, Aliases: []string{"cachebuster", "rand"}, Help: "Random decimal digits, against caches.", Sample: "7204916385"},
	RandomHex:      {Name: "random_hex", Group: GroupOther, Help: "32 random hexadecimal digits.", Sample: "9f86d081884c7d659a2feaa0c55ad015"},

	ConversionID: {Name: "conversion_id", Group: GroupConversion, Help: "Id of the conversion: the same in every repetition of the call, so that the receiver can drop repeats.", Sample: "cnv_01j0000000000000"},
	TxID:         {Name: "txid", Group: GroupConversion, Aliases: []string{"transaction.id", "order_id", "tid"}, Help: "The advertiser's order number.", Sample: "A-1001"},
	Payout:       {Name: "payout", Group: GroupConversion, Aliases: []string{"commission"}, Help: "The publisher's commission, a decimal number.", Sample: "7.50"},
	Amount:       {Name: "amount", Group: GroupConversion, Aliases: []string{"sale_amount"}, Help: "What the customer paid, a decimal number; empty when unknown.", Sample: "125.00"},
	Currency:     {Name: "currency", Group: GroupConversion, Aliases: []string{"cnv_currency"}, Help: "ISO 4217 code of the amounts.", Sample: "EUR"},
	Status:       {Name: "status", Group: GroupConversion, Aliases: []string{"cnv_status"}, Help: "State of the conversion.", Sample: "approved"},
	Goal:         {Name: "goal", Group: GroupConversion, Help: "Key of the goal that was reached.", Sample: "sale"},
	EventTime:    {Name: "event_time", Group: GroupConversion, Help: "Time of the conversion in Unix seconds.", Sample: "1772461209"},
})

// describe adds the twenty sub ids.
func describe(ts [NumTokens]Token) [NumTokens]Token {
	for i := range 20 {
		n := strconv.Itoa(i + 1)
		ts[Sub1+ID(i)] = Token{
			Name: "sub" + n, Group: GroupSubs, Aliases: []string{"trackingField" + n, "sub_id_" + n, "var" + n, "t" + n, "aff_sub" + n},
			Help: "Sub id " + n + ", byte for byte as the link carried it.", Sample: "banner-" + n,
		}
	}
	return ts
}
