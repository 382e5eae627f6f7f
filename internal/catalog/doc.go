package catalog

// Doc is an entity's editable fields as the API and the console's forms show them:
// JSON names in snake_case, money as decimal text in the offer's currency, so that no
// amount ever passes through a float. Its struct tags are the one place where a field
// is described: json its name, doc its help, enum, maxLength, maxItems, minimum,
// maximum and required what it may hold. Validation, the OpenAPI description and the
// forms all read them.
type Doc interface{ Kind() Kind }

// WorkspaceDoc is what can be set on a [Workspace].
type WorkspaceDoc struct {
	Name        string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Currency    string `json:"currency" required:"false" maxLength:"3" example:"USD" doc:"Reporting currency, ISO 4217. New offers start with it. Default USD."`
	TimeZone    string `json:"time_zone" required:"false" maxLength:"64" example:"Europe/Berlin" doc:"IANA time zone of its reports. Default UTC."`
	FallbackURL string `json:"fallback_url" required:"false" maxLength:"8192" doc:"Where visitors of paused links and offers go. Empty: they get the 404 page."`
	IPMode      string `json:"ip_mode" required:"false" enum:"truncated,full,none" doc:"What the token {ip} shows of a visitor's address: without its last part, all of it, or nothing. What is stored is always truncated. Default truncated."`
	// RequireTests is about offers of merchants.
	RequireTests bool `json:"require_tests" required:"false" doc:"Whether a merchant's offer must pass its two test conversions before it goes live, unless somebody gives a reason. Default true; workspaces that are older than the tests begin with false."`
}

// AdvertiserDoc is what can be set on an [Advertiser].
type AdvertiserDoc struct {
	Workspace         string          `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name              string          `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Type              string          `json:"type" required:"false" enum:"merchant,network" doc:"A merchant of its own, or an affiliate network. Default merchant."`
	TokenRequired     bool            `json:"token_required" required:"false" doc:"Whether its postbacks must bring its token. Without, whoever knows a click id can report a conversion for it. Default true."`
	ClickParam        string          `json:"click_param" required:"false" maxLength:"64" example:"click_id" doc:"Name of the parameter in which it wants the click id in offer URLs. Default click_id."`
	CookieDays        int64           `json:"cookie_days" required:"false" minimum:"0" maximum:"400" doc:"Cookie life of its offers, in days, where they set none of their own. 0: 30. Default 30."`
	ValidationDays    int64           `json:"validation_days" required:"false" minimum:"0" maximum:"365" doc:"After how many days a pending conversion of its offers, where they set none of their own, is approved by itself. 0: never. Default 0."`
	Template          string          `json:"template" required:"false" maxLength:"64" example:"flexoffers" doc:"Network template it was made from. It fills in the macros that are left empty when the advertiser is made, and has no effect later."`
	ClickMacro        string          `json:"click_macro" required:"false" maxLength:"200" example:"{aff_sub}" doc:"What the network writes in its postback URL for the click id it was given."`
	PayoutMacro       string          `json:"payout_macro" required:"false" maxLength:"200" example:"{payout}" doc:"What it writes for the payout."`
	AmountMacro       string          `json:"amount_macro" required:"false" maxLength:"200" example:"{sale_amount}" doc:"What it writes for the sale amount."`
	CurrencyMacro     string          `json:"currency_macro" required:"false" maxLength:"200" example:"{currency}" doc:"What it writes for the currency."`
	TxIDMacro         string          `json:"txid_macro" required:"false" maxLength:"200" example:"{transaction_id}" doc:"What it writes for its transaction or order number."`
	StatusMacro       string          `json:"status_macro" required:"false" maxLength:"200" example:"{status}" doc:"What it writes for the state of the conversion."`
	GoalMacro         string          `json:"goal_macro" required:"false" maxLength:"200" example:"{event}" doc:"What it writes for the goal or event."`
	Notes             string          `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
	Status            string          `json:"status" required:"false" enum:",active,pending,paused,rejected,banned" doc:"Offers of one who is not active take no visitors; what was recorded stays as it is. Empty: active."`
	Reason            string          `json:"reason" required:"false" maxLength:"500" doc:"Why it was rejected, banned or paused; it can read it."`
	Manager           string          `json:"manager" required:"false" maxLength:"64" doc:"Who of your people looks after it, by user id."`
	Website           string          `json:"website" required:"false" maxLength:"500" example:"https://shop.example" doc:"Where it can be looked at."`
	ContactEmail      string          `json:"contact_email" required:"false" maxLength:"254" example:"ann@shop.example" doc:"For you to write to."`
	Prepaid           bool            `json:"prepaid" required:"false" doc:"It pays ahead: its offers take visitors only while more was paid ahead than is owed, in the offer's currency. Default false."`
	AllowIPs          []string        `json:"allow_ips" required:"false" nullable:"false" maxItems:"100" example:"192.0.2.0/24" doc:"Addresses and networks its servers' signals come from. Empty: any. Pages are not asked."`
	RequiredParams    []string        `json:"required_params" required:"false" nullable:"false" maxItems:"30" example:"txid,amount" doc:"Parameters its signals must bring, by our names."`
	Renames           []RenameDoc     `json:"renames" required:"false" nullable:"false" maxItems:"30" doc:"Under which names it sends our parameters."`
	StatusMap         []StatusWordDoc `json:"status_map" required:"false" nullable:"false" maxItems:"100" doc:"What its own words for states mean."`
	SignatureRequired bool            `json:"signature_required" required:"false" doc:"Whether its servers' signals must be signed as standard-webhooks says; needs a signing secret. Default false."`
	FreezeAmounts     bool            `json:"freeze_amounts" required:"false" doc:"Whether its later signals leave a conversion's amounts as they are. Default false: they fill in what was missing."`
	FreezeStatus      bool            `json:"freeze_status" required:"false" doc:"Whether its later signals leave a conversion's state as it is. Default false."`
	MinClickSeconds   int64           `json:"min_click_seconds" required:"false" minimum:"0" maximum:"86400" doc:"How old a click must be at least when it converts. 0: any age."`
	MaxClickHours     int64           `json:"max_click_hours" required:"false" minimum:"0" maximum:"87600" doc:"How old it may be at most. 0: any age; the offer's conversion window holds in any case."`
	PrepayWarn        int64           `json:"prepay_warn" required:"false" minimum:"0" maximum:"1000000000" example:"100" doc:"Warn when this much is left, in whole units of each currency: 100 is USD 100 and JPY 100."`
}

// OfferDoc is what can be set on an [Offer].
type OfferDoc struct {
	Workspace    string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name         string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Advertiser   string `json:"advertiser" required:"false" maxLength:"64" doc:"Who pays for its conversions; cannot be changed later. Empty: nobody in particular."`
	URL          string `json:"url" required:"true" maxLength:"8192" example:"https://shop.example/?ref={click_id}" doc:"Where visitors go. Tokens such as {click_id}, {publisher_id} and {sub1} are replaced."`
	Status       string `json:"status" required:"false" enum:",draft,submitted,approved,active,paused" doc:"Only active offers take visitors. Default active, or draft where the offer must pass a test first: see go_live_reason."`
	GoLiveReason string `json:"go_live_reason" required:"false" maxLength:"500" example:"Tracked for years, moved here" doc:"Why it becomes active although it did not pass its two test conversions: kept in the audit trail. Needed for the first time a merchant's offer becomes active, where the workspace requires tests; it stays afterwards. After a passed test it reads test and the id of the run."`
	Currency     string `json:"currency" required:"false" maxLength:"3" example:"USD" doc:"ISO 4217; cannot be changed later. Default: the workspace's."`

	PayoutKind        string         `json:"payout_kind" required:"false" enum:"fixed,percent,postback" doc:"What a conversion pays us: a fixed payout, a percentage of the sale, or what the postback says. Default fixed."`
	Payout            string         `json:"payout" required:"false" maxLength:"32" example:"12.50" doc:"Decimal text. The payout when fixed; when taken from the postback, what counts if it brings none."`
	PayoutPercent     string         `json:"payout_percent" required:"false" maxLength:"32" example:"8.5" doc:"Percentage of the sale amount, 0 to 100."`
	Precedence        string         `json:"precedence" required:"false" enum:"postback_wins,manual_wins" doc:"Which payout counts when a postback brings one: its own, or the one set here. Default postback_wins."`
	GeoPayouts        []GeoPayoutDoc `json:"geo_payouts" required:"false" nullable:"false" maxItems:"250" doc:"Other payouts for single countries; with a fixed payout only, which is then the default of all others."`
	GeoSource         string         `json:"geo_source" required:"false" enum:"click,postback" doc:"Whose country they go by: the click's, or the parameter geo of the postback where it brings one. Default click."`
	CommissionKind    string         `json:"commission_kind" required:"false" enum:"none,fixed,percent_sale,percent_payout" doc:"What a conversion pays the publisher. Goals and enrollments may say otherwise. Default none."`
	Commission        string         `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text. The commission when fixed."`
	CommissionPercent string         `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`

	AppendClickID    bool     `json:"append_click_id" required:"false" doc:"Append the click id to the URL under the advertiser's parameter, unless the URL has it already. Needs an advertiser; without a redirect (direct to offer) it cannot work."`
	Direct           bool     `json:"direct" required:"false" doc:"Direct tracking: the page brings the tracking script and no redirect takes place. Has to be on in the campaign, too."`
	StaticURL        string   `json:"static_url" required:"false" maxLength:"8192" example:"https://shop.example/shoes" doc:"What {offer_static_url} stands for: the URL to name to other systems where it is not the offer URL."`
	Tracking         string   `json:"tracking" required:"false" enum:"any,postback,pixel" doc:"How its conversions are reported, which decides what a click hands out. postback: the click id in the URL, as a session id, and no cookie that names the click. pixel: the tracker cookie, and nothing is appended to the URL. any: the cookie, and the click id as the URL and append_click_id say. Default any."`
	CookieDays       int64    `json:"cookie_days" required:"false" minimum:"0" maximum:"400" doc:"Cookie life: how many days after a click a cookie or the script still knows it. 0: the advertiser's, which is 30 unless it was set. Default 0."`
	WindowDays       int64    `json:"window_days" required:"false" minimum:"0" maximum:"3650" doc:"Conversion window: how many days after its click a conversion may come, by its event_time, else by its arrival, however it is reported. It does not apply to status updates. 0: any time. Default 0."`
	MinSeconds       int64    `json:"min_seconds" required:"false" minimum:"0" maximum:"2592000" doc:"How many seconds a conversion must come after its click; one that comes sooner is refused with too_soon. Default 0."`
	Attribution      string   `json:"attribution" required:"false" enum:"last_click,first_click" doc:"Which click of a browser earns: the tracker cookie and the script remember the last, or the first for as long as the cookie lives. A click id that the advertiser's server sends is taken as it is. Default last_click."`
	InitialStatus    string   `json:"initial_status" required:"false" enum:"pending,approved" doc:"State of a new conversion from a postback; from a pixel it is always pending. Default pending."`
	ValidationDays   int64    `json:"validation_days" required:"false" minimum:"-1" maximum:"365" doc:"After how many days a pending conversion is approved by itself, unless somebody holds it. 0: as the advertiser says; -1: never. Default 0."`
	RequireOrder     bool     `json:"require_order" required:"false" doc:"Refuse signals without an order number (txid)."`
	CouponPrecedence string   `json:"coupon_precedence" required:"false" enum:"click_wins,coupon_wins" doc:"Who earns when a postback brings a click of one publisher and a coupon of another: the click's or the coupon's. An order with a coupon and no click is the coupon's in any case. Default click_wins."`
	DeepLinks        []string `json:"deep_links" required:"false" nullable:"false" maxItems:"100" example:"shop.example,.shop.example" doc:"Hosts to which links may lead with url=. Empty: none."`
	FallbackOffer    string   `json:"fallback_offer" required:"false" maxLength:"64" doc:"The offer that gets the visitors this one does not take: paused, capped, or outside of its countries and devices."`
	FallbackURL      string   `json:"fallback_url" required:"false" maxLength:"8192" doc:"Where such visitors go when there is no fallback offer, or it does not take them either. Empty: the workspace's."`
	Countries        []string `json:"countries" required:"false" nullable:"false" maxItems:"250" example:"US,CA" doc:"Countries it takes visitors from, ISO 3166-1 alpha-2. Empty: all. A visitor whose country is unknown is taken."`
	Devices          []string `json:"devices" required:"false" nullable:"false" maxItems:"6" example:"phone,tablet" doc:"Devices it takes: desktop, phone, tablet, tv, console, other. Empty: all. An unknown device is taken."`

	Keywords    []KeywordDoc `json:"keywords" required:"false" nullable:"false" maxItems:"500" doc:"Keyword variations. Each click takes one of every set, by weight; rows with the same parameter are a set, and the set of the first row is {keyword}."`
	Caps        []CapDoc     `json:"caps" required:"false" nullable:"false" maxItems:"20" doc:"How much it takes in a day, a week, a month or in total. Reached, its visitors go to the fallback. Empty: as much as comes."`
	CapTimeZone string       `json:"cap_time_zone" required:"false" maxLength:"64" example:"America/New_York" doc:"IANA time zone in which the days of caps begin. Default: the workspace's."`
	CapStates   []string     `json:"cap_states" required:"false" nullable:"false" maxItems:"4" example:"pending,approved" doc:"States of conversions that count towards caps: pending, approved, rejected, reversed. Default pending and approved."`
	CapWarn     int64        `json:"cap_warn" required:"false" minimum:"1" maximum:"100" doc:"Percent of a cap from which to warn. Default 80."`
	OverCap     string       `json:"over_cap" required:"false" enum:"pay,hold,refuse" doc:"What becomes of a conversion beyond a cap: paid like the others, held until somebody decides, or refused. Default pay."`

	Visibility  string        `json:"visibility" required:"false" enum:"public,approval,private" doc:"Which publishers may run it: everybody who applies, who applies and is approved, or who is invited; a private offer is shown to nobody else. Default approval."`
	Questions   []QuestionDoc `json:"questions" required:"false" nullable:"false" maxItems:"20" doc:"What publishers are asked when they apply."`
	ReapplyDays int64         `json:"reapply_days" required:"false" minimum:"0" maximum:"3650" doc:"How many days after a rejection a publisher may apply again; 0: at once. Default 30."`

	Description string   `json:"description" required:"false" maxLength:"10000" doc:"What publishers read about it."`
	Category    string   `json:"category" required:"false" maxLength:"80" example:"Fashion" doc:"For publishers to choose by."`
	PreviewURL  string   `json:"preview_url" required:"false" maxLength:"8192" doc:"The page to show publishers, without tracking."`
	Traffic     []string `json:"traffic" required:"false" nullable:"false" maxItems:"20" example:"email,social" doc:"Kinds of traffic publishers may send. Empty: all."`
	Tags        []string `json:"tags" required:"false" nullable:"false" maxItems:"20" doc:"To group offers; up to 20 of 40 characters."`
	Notes       string   `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// GoalDoc is what can be set on a [Goal]. Which goal is an offer's default is decided
// when the offer is made.
type GoalDoc struct {
	Workspace string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer     string `json:"offer" required:"true" maxLength:"64" doc:"The offer it is a goal of; cannot be changed later."`
	Key       string `json:"key" required:"true" maxLength:"64" example:"signup" doc:"What a signal says in goal; unique in the offer, cannot be changed later. Letters, digits, _ . and -."`
	Name      string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`

	Type         string `json:"type" required:"false" enum:"sale,lead,signup,download,form,install,custom,event" doc:"What it is. An event, such as viewed or added to cart, pays nothing: it is counted for the funnel and is no conversion. It can become nothing else later, and nothing else an event. Default sale."`
	RequireOrder bool   `json:"require_order" required:"false" doc:"Refuse signals of this goal without an order number (txid). Where the offer requires one, every goal but an event does."`
	Duplicates   string `json:"duplicates" required:"false" enum:",reject,update,add" doc:"What a server's signal does about a conversion that is recorded already. Empty: it is answered as a duplicate, and other amounts are a conflict. reject: it is refused. update: other amounts replace those recorded, as an adjustment. add: it is a conversion of its own, which needs the advertiser's token. Pages never update and never add."`
	EveryFire    bool   `json:"every_fire" required:"false" doc:"Of an event: count each fire, and not one for each click. With an order number each number counts once in any case."`

	PayoutKind        string         `json:"payout_kind" required:"false" enum:",fixed,percent,postback" doc:"What it pays us. Empty: as the offer says."`
	Payout            string         `json:"payout" required:"false" maxLength:"32" example:"12.50" doc:"Decimal text in the offer's currency. The payout when fixed; when taken from the postback, what counts if it brings none."`
	PayoutPercent     string         `json:"payout_percent" required:"false" maxLength:"32" example:"8.5" doc:"Percentage of the sale amount, 0 to 100."`
	Precedence        string         `json:"precedence" required:"false" enum:"postback_wins,manual_wins" doc:"Which payout counts when a postback brings one. Default postback_wins."`
	GeoPayouts        []GeoPayoutDoc `json:"geo_payouts" required:"false" nullable:"false" maxItems:"250" doc:"Other payouts for single countries; with a fixed payout only."`
	CommissionKind    string         `json:"commission_kind" required:"false" enum:",none,fixed,percent_sale,percent_payout" doc:"What it pays the publisher. Empty: as the offer says."`
	Commission        string         `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency. The commission when fixed."`
	CommissionPercent string         `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`
}

// GeoPayoutDoc is the payout of one country.
type GeoPayoutDoc struct {
	Country string `json:"country" required:"true" maxLength:"2" example:"US" doc:"ISO 3166-1 alpha-2."`
	Payout  string `json:"payout" required:"true" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency."`
}

// KeywordDoc is one keyword variation.
type KeywordDoc struct {
	Param  string `json:"param" required:"false" maxLength:"64" example:"q" doc:"Query parameter under which it is appended to the URL. Empty: it is only {keyword}."`
	Value  string `json:"value" required:"true" maxLength:"200" example:"running shoes" doc:"The keyword."`
	Weight int64  `json:"weight" required:"false" minimum:"0" maximum:"1000000" doc:"How often it is chosen, relative to the others of its set. Default 1; 0: never."`
}

// CapDoc is one cap.
type CapDoc struct {
	Event     string `json:"event" required:"false" enum:"conversions,clicks" doc:"What is counted. Default conversions."`
	Period    string `json:"period" required:"false" enum:"daily,weekly,monthly,total" doc:"In which time. Weeks begin on Monday. Default daily."`
	Limit     int64  `json:"limit" required:"true" minimum:"0" maximum:"1000000000" doc:"How many; 0 pauses the offer."`
	Goal      string `json:"goal" required:"false" maxLength:"64" doc:"Count conversions of the goal with this key only. Empty: of all."`
	Publisher string `json:"publisher" required:"false" maxLength:"64" doc:"Count one publisher's only, by its id, or each publisher's by itself: each. Empty: everybody's together."`
}

// GroupDoc is what can be set on a [Group].
type GroupDoc struct {
	Workspace string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name      string `json:"name" required:"true" maxLength:"200" example:"Gold" doc:"What people call it. Unique in the workspace."`
	Notes     string `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// PublisherDoc is what can be set on a [Publisher].
type PublisherDoc struct {
	Workspace string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name      string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Email     string `json:"email" required:"false" maxLength:"254" example:"ann@example.com" doc:"Unique in the workspace."`
	Status    string `json:"status" required:"false" enum:"active,pending,paused,rejected,banned" doc:"Links of one who is not active send their visitors to the fallback; what was recorded stays as it is. Default active."`
	Reason    string `json:"reason" required:"false" maxLength:"500" doc:"Why it was rejected, banned or paused; it can read it."`
	Group     string `json:"group" required:"false" maxLength:"64" doc:"The group it is in. Empty: none."`
	Manager   string `json:"manager" required:"false" maxLength:"64" doc:"Who of your people looks after it, by user id."`
	Website   string `json:"website" required:"false" maxLength:"500" example:"https://blog.example" doc:"Where it can be looked at."`
	Promotion string `json:"promotion" required:"false" maxLength:"2000" doc:"How it brings visitors."`
	Notes     string `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// EnrollmentDoc is what can be set on an [Enrollment].
type EnrollmentDoc struct {
	Workspace         string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer             string `json:"offer" required:"true" maxLength:"64" doc:"The offer to run; cannot be changed later."`
	Publisher         string `json:"publisher" required:"true" maxLength:"64" doc:"Who runs it; cannot be changed later."`
	Status            string `json:"status" required:"false" enum:"invited,applied,approved,paused,rejected,revoked,withdrawn" doc:"A new one is invited, applied or approved. applied becomes approved or rejected, approved becomes paused or revoked, and all come back to approved; withdrawn is what publishers do. Becoming approved makes a link where the publisher has none. Default approved."`
	Reason            string `json:"reason" required:"false" maxLength:"500" doc:"Why it was rejected, paused or revoked; the publisher reads it."`
	CommissionKind    string `json:"commission_kind" required:"false" enum:",none,fixed,percent_sale,percent_payout" doc:"What this publisher is paid. Empty: as the terms, the goal, then the offer say."`
	Commission        string `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency. The commission when fixed."`
	CommissionPercent string `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`
}

// LinkDoc is what can be set on a [Link].
type LinkDoc struct {
	Workspace string   `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer     string   `json:"offer" required:"true" maxLength:"64" doc:"The offer it leads to; cannot be changed later."`
	Publisher string   `json:"publisher" required:"false" maxLength:"64" doc:"Who spreads it and earns the commission; needs an approved enrollment; cannot be changed later. Empty: a link of the house."`
	Name      string   `json:"name" required:"false" maxLength:"200" doc:"The placement, such as summer newsletter."`
	Status    string   `json:"status" required:"false" enum:"active,paused" doc:"A paused link sends its visitors to the fallback. Default active."`
	Source    string   `json:"source" required:"false" maxLength:"200" doc:"What {source} stands for when the URL brings none."`
	Subs      []string `json:"subs" required:"false" nullable:"false" maxItems:"20" doc:"Preset sub ids, the first is sub1: what a sub id is where the URL does not bring it. At most 200 characters each; an empty text is none."`
}

// CouponDoc is what can be set on a [Coupon].
type CouponDoc struct {
	Workspace  string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer      string `json:"offer" required:"true" maxLength:"64" doc:"The offer whose orders it is for; cannot be changed later."`
	Publisher  string `json:"publisher" required:"true" maxLength:"64" doc:"Who gives it to customers and earns the commission; needs an approved enrollment; cannot be changed later."`
	Code       string `json:"code" required:"true" maxLength:"64" example:"SPRING10" doc:"What customers type in, in any case. Unique among the advertiser's coupons, archived ones included."`
	ValidFrom  string `json:"valid_from" required:"false" maxLength:"10" example:"2026-03-01" doc:"First day it counts, YYYY-MM-DD in the workspace's time zone. Empty: since ever."`
	ValidUntil string `json:"valid_until" required:"false" maxLength:"10" example:"2026-03-31" doc:"Last day it counts. Empty: until further notice."`
	Status     string `json:"status" required:"false" enum:"active,paused" doc:"Orders with a paused coupon are not its publisher's. Default active."`
	Notes      string `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// DomainDoc is what can be set on a [Domain].
type DomainDoc struct {
	Workspace  string   `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Host       string   `json:"host" required:"true" maxLength:"253" example:"go.example.com" doc:"The host name alone, without port and path; cannot be changed later. International names may be written as they are spelled."`
	Advertiser string   `json:"advertiser" required:"false" maxLength:"64" doc:"Serve this advertiser's offers only; cannot be changed later. Empty: all of the workspace."`
	RootURL    string   `json:"root_url" required:"false" maxLength:"8192" example:"https://www.example.com/" doc:"Where visitors of the bare domain are sent. Empty: they get the 404 page."`
	UnknownURL string   `json:"unknown_url" required:"false" maxLength:"8192" example:"https://www.example.com/" doc:"Where visitors of any other path or an unknown link are sent. Empty: they get the 404 page."`
	Dialects   []string `json:"dialects" required:"false" nullable:"false" maxItems:"50" example:"tune,cake" doc:"Wire dialects of other platforms whose own paths, such as /aff_lsr or /p.ashx, report conversions at the root of this domain: flexoffers, tune, cake, clickflare, everflow, affise. Under /d/ every dialect answers on every host. Empty: none."`
	Default    bool     `json:"default" required:"false" doc:"Show the links, postbacks and pixels of the workspace, or of the advertiser, with this domain, once it is verified. Default false."`
}

// PostbackDoc is what can be set on a [Postback].
type PostbackDoc struct {
	Workspace string   `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Publisher string   `json:"publisher" required:"true" maxLength:"64" doc:"Who is told; cannot be changed later."`
	Name      string   `json:"name" required:"false" maxLength:"200" example:"Voluum" doc:"What people call it."`
	Offer     string   `json:"offer" required:"false" maxLength:"64" doc:"Tell of this offer's conversions only. Empty: of all."`
	Goal      string   `json:"goal" required:"false" maxLength:"64" example:"sale" doc:"Tell of conversions of the goal with this key only. Empty: of all."`
	States    []string `json:"states" required:"false" nullable:"false" maxItems:"7" doc:"When it is called: accepted (once, when a conversion is recorded and not refused), or when a conversion comes to be pending, approved, rejected, reversed, locked or paid; its first state counts. Called once a change, however many of them fit. Default accepted."`
	Preset    string   `json:"preset" required:"false" maxLength:"64" example:"voluum" doc:"The tracker it was made for, from GET /postback-presets. It has no effect of its own."`
	Method    string   `json:"method" required:"false" enum:"GET,POST" doc:"Default GET."`
	URL       string   `json:"url" required:"true" maxLength:"8192" example:"https://tracker.example/pb?cid={sub1}&payout={payout}" doc:"What is called, with tokens replaced."`
	BodyKind  string   `json:"body_kind" required:"false" enum:",form,json" doc:"What a POST carries: form fields, JSON or nothing."`
	Body      string   `json:"body" required:"false" maxLength:"8192" example:"cid={sub1}&payout={payout}" doc:"Its template. Values are encoded for the place they stand in."`
	Replaces  bool     `json:"replaces" required:"false" doc:"Where it is called, the publisher's more general postbacks are not: one of an offer and a goal is more special than one of an offer, that than one of a goal, and that than one of neither. Default false: all that fit are called."`
	Status    string   `json:"status" required:"false" enum:"active,paused" doc:"A paused one is not called, and what it missed is not made up for, unless it was paused by itself: see paused_for. Default active."`
	Notes     string   `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// CreativeDoc is what can be set on a [Creative].
type CreativeDoc struct {
	Workspace    string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer        string `json:"offer" required:"true" maxLength:"64" doc:"The offer it advertises; cannot be changed later."`
	Name         string `json:"name" required:"true" maxLength:"200" example:"Spring sale, 300 × 250" doc:"What people call it, publishers too."`
	Type         string `json:"type" required:"false" enum:"banner,text" doc:"A banner is an image, a text has a headline. Cannot be changed later. Default banner."`
	Image        string `json:"image" required:"false" maxLength:"64" doc:"Of a banner: the hash that uploading its image answered. Cannot be changed later: another picture is another creative, with numbers of its own."`
	Alt          string `json:"alt" required:"false" maxLength:"200" doc:"Of a banner: what stands for the image where it is not seen. Empty: its name."`
	Headline     string `json:"headline" required:"false" maxLength:"100" doc:"Of a text, and needed there."`
	Body         string `json:"body" required:"false" maxLength:"500" doc:"Of a text: what follows its headline."`
	CallToAction string `json:"call_to_action" required:"false" maxLength:"60" example:"Shop now" doc:"Of a text: the words of its second link. Empty: it has only one."`
	URL          string `json:"url" required:"false" maxLength:"8192" example:"https://shop.example/spring" doc:"The page it leads to, on a host of the offer's deep_links. Empty: the offer's own page."`
	Status       string `json:"status" required:"false" enum:"active,paused" doc:"A paused one is offered to nobody; where it is shown already it goes on. Default active."`
	Notes        string `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// Kind makes the documents a [Doc].
func (*WorkspaceDoc) Kind() Kind  { return KindWorkspace }
func (*AdvertiserDoc) Kind() Kind { return KindAdvertiser }
func (*OfferDoc) Kind() Kind      { return KindOffer }
func (*GoalDoc) Kind() Kind       { return KindGoal }
func (*GroupDoc) Kind() Kind      { return KindGroup }
func (*PublisherDoc) Kind() Kind  { return KindPublisher }
func (*EnrollmentDoc) Kind() Kind { return KindEnrollment }
func (*LinkDoc) Kind() Kind       { return KindLink }
func (*CouponDoc) Kind() Kind     { return KindCoupon }
func (*DomainDoc) Kind() Kind     { return KindDomain }
func (*PostbackDoc) Kind() Kind   { return KindPostback }
func (*CreativeDoc) Kind() Kind   { return KindCreative }

// NewDoc is a document of the kind with its defaults; nil for an unknown kind.
func NewDoc(kind Kind) Doc {
	switch kind {
	case KindWorkspace:
		return &WorkspaceDoc{Currency: "USD", TimeZone: "UTC", IPMode: IPTruncated, RequireTests: true}
	case KindAdvertiser:
		return &AdvertiserDoc{Type: TypeMerchant, TokenRequired: true, ClickParam: defaultClickParam, CookieDays: DefaultCookieDays, Status: StatusActive, AllowIPs: []string{}, RequiredParams: []string{}, Renames: []RenameDoc{}, StatusMap: []StatusWordDoc{}}
	case KindOffer:
		return &OfferDoc{PayoutKind: PayoutFixed, Precedence: PostbackWins, CommissionKind: CommissionNone,
			Tracking: TrackAny, Attribution: LastClick, InitialStatus: "pending", GeoSource: GeoClick, CouponPrecedence: ClickWins, OverCap: OverCapPay, CapWarn: 80,
			CapStates: []string{"pending", "approved"}, GeoPayouts: []GeoPayoutDoc{}, Countries: []string{}, Devices: []string{},
			Visibility: VisibilityApproval, Questions: []QuestionDoc{}, ReapplyDays: 30,
			Keywords: []KeywordDoc{}, Caps: []CapDoc{}, Traffic: []string{}, DeepLinks: []string{}, Tags: []string{}}
	case KindGoal:
		return &GoalDoc{Type: GoalSale, Precedence: PostbackWins, GeoPayouts: []GeoPayoutDoc{}}
	case KindGroup:
		return &GroupDoc{}
	case KindPublisher:
		return &PublisherDoc{Status: StatusActive}
	case KindEnrollment:
		return &EnrollmentDoc{Status: Approved}
	case KindLink:
		return &LinkDoc{Status: StatusActive, Subs: []string{}}
	case KindCoupon:
		return &CouponDoc{Status: StatusActive}
	case KindDomain:
		return &DomainDoc{Dialects: []string{}}
	case KindPostback:
		return &PostbackDoc{Status: StatusActive, Method: "GET", States: []string{OnAccepted}}
	case KindCreative:
		return &CreativeDoc{Type: CreativeBanner, Status: StatusActive}
	case KindTerms:
		return &TermsDoc{WindowDays: -1, Goals: []GoalCommissionDoc{}}
	case KindCommissionRule:
		return &CommissionRuleDoc{Status: StatusActive, CommissionKind: CommissionPercentPayout, Publishers: []string{}, Groups: []string{}, Products: []string{}, Categories: []string{},
			CommissionIDs: []string{}, Goals: []string{}, Countries: []string{}, Tiers: []CommissionTierDoc{}}
	}
	return nil
}
