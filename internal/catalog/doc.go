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
}

// AdvertiserDoc is what can be set on an [Advertiser].
type AdvertiserDoc struct {
	Workspace     string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name          string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Type          string `json:"type" required:"false" enum:"merchant,network" doc:"A merchant of its own, or an affiliate network. Default merchant."`
	TokenRequired bool   `json:"token_required" required:"false" doc:"Whether its postbacks must bring its token. Without, whoever knows a click id can report a conversion for it. Default true."`
	ClickParam    string `json:"click_param" required:"false" maxLength:"64" example:"click_id" doc:"Name of the parameter in which it wants the click id in offer URLs. Default click_id."`
	Notes         string `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// OfferDoc is what can be set on an [Offer].
type OfferDoc struct {
	Workspace  string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name       string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Advertiser string `json:"advertiser" required:"false" maxLength:"64" doc:"Who pays for its conversions; cannot be changed later. Empty: nobody in particular."`
	URL        string `json:"url" required:"true" maxLength:"8192" example:"https://shop.example/?ref={click_id}" doc:"Where visitors go. Tokens such as {click_id}, {publisher_id} and {sub1} are replaced."`
	Status     string `json:"status" required:"false" enum:"active,paused,draft" doc:"Only active offers take visitors. Default active."`
	Currency   string `json:"currency" required:"false" maxLength:"3" example:"USD" doc:"ISO 4217; cannot be changed later. Default: the workspace's."`

	PayoutKind        string `json:"payout_kind" required:"false" enum:"fixed,percent,postback" doc:"What a conversion pays us: a fixed payout, a percentage of the sale, or what the postback says. Default fixed."`
	Payout            string `json:"payout" required:"false" maxLength:"32" example:"12.50" doc:"Decimal text. The payout when fixed; when taken from the postback, what counts if it brings none."`
	PayoutPercent     string `json:"payout_percent" required:"false" maxLength:"32" example:"8.5" doc:"Percentage of the sale amount, 0 to 100."`
	Precedence        string `json:"precedence" required:"false" enum:"postback_wins,manual_wins" doc:"Which payout counts when a postback brings one: its own, or the one set here. Default postback_wins."`
	CommissionKind    string `json:"commission_kind" required:"false" enum:"none,fixed,percent_sale,percent_payout" doc:"What a conversion pays the publisher. Goals and enrollments may say otherwise. Default none."`
	Commission        string `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text. The commission when fixed."`
	CommissionPercent string `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`

	AppendClickID bool     `json:"append_click_id" required:"false" doc:"Append the click id to the URL under the advertiser's parameter."`
	CookieDays    int64    `json:"cookie_days" required:"false" minimum:"1" maximum:"400" doc:"How many days the tracker cookie remembers a click. Default 30."`
	WindowDays    int64    `json:"window_days" required:"false" minimum:"0" maximum:"3650" doc:"How many days after its click a conversion may come. 0: any time. Default 30."`
	InitialStatus string   `json:"initial_status" required:"false" enum:"pending,approved" doc:"State of a new conversion from a postback; from a pixel it is always pending. Default pending."`
	RequireOrder  bool     `json:"require_order" required:"false" doc:"Refuse signals without an order number (txid)."`
	DeepLinks     []string `json:"deep_links" required:"false" nullable:"false" maxItems:"100" example:"shop.example,.shop.example" doc:"Hosts to which links may lead with url=. Empty: none."`
	FallbackURL   string   `json:"fallback_url" required:"false" maxLength:"8192" doc:"Where visitors go while it is paused. Empty: the workspace's."`
	Tags          []string `json:"tags" required:"false" nullable:"false" maxItems:"20" doc:"To group offers; up to 20 of 40 characters."`
	Notes         string   `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// GoalDoc is what can be set on a [Goal]. Which goal is an offer's default is decided
// when the offer is made.
type GoalDoc struct {
	Workspace string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer     string `json:"offer" required:"true" maxLength:"64" doc:"The offer it is a goal of; cannot be changed later."`
	Key       string `json:"key" required:"true" maxLength:"64" example:"signup" doc:"What a signal says in goal; unique in the offer, cannot be changed later. Letters, digits, _ . and -."`
	Name      string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`

	PayoutKind        string `json:"payout_kind" required:"false" enum:",fixed,percent,postback" doc:"What it pays us. Empty: as the offer says."`
	Payout            string `json:"payout" required:"false" maxLength:"32" example:"12.50" doc:"Decimal text in the offer's currency. The payout when fixed; when taken from the postback, what counts if it brings none."`
	PayoutPercent     string `json:"payout_percent" required:"false" maxLength:"32" example:"8.5" doc:"Percentage of the sale amount, 0 to 100."`
	Precedence        string `json:"precedence" required:"false" enum:"postback_wins,manual_wins" doc:"Which payout counts when a postback brings one. Default postback_wins."`
	CommissionKind    string `json:"commission_kind" required:"false" enum:",none,fixed,percent_sale,percent_payout" doc:"What it pays the publisher. Empty: as the offer says."`
	Commission        string `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency. The commission when fixed."`
	CommissionPercent string `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`
}

// PublisherDoc is what can be set on a [Publisher].
type PublisherDoc struct {
	Workspace   string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Name        string `json:"name" required:"true" maxLength:"200" doc:"What people call it."`
	Email       string `json:"email" required:"false" maxLength:"254" example:"ann@example.com" doc:"Unique in the workspace."`
	Status      string `json:"status" required:"false" enum:"active,pending,paused,banned" doc:"Default active."`
	PostbackURL string `json:"postback_url" required:"false" maxLength:"8192" example:"https://tracker.example/pb?cid={sub1}&payout={commission}" doc:"Called for each of its conversions, with tokens replaced. Empty: none."`
	Notes       string `json:"notes" required:"false" maxLength:"10000" doc:"For yourselves."`
}

// EnrollmentDoc is what can be set on an [Enrollment].
type EnrollmentDoc struct {
	Workspace         string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer             string `json:"offer" required:"true" maxLength:"64" doc:"The offer to run; cannot be changed later."`
	Publisher         string `json:"publisher" required:"true" maxLength:"64" doc:"Who runs it; cannot be changed later."`
	Status            string `json:"status" required:"false" enum:"applied,approved,rejected,revoked" doc:"applied becomes approved or rejected, approved becomes revoked, and both come back to approved. A new one is applied or approved. Default approved."`
	Reason            string `json:"reason" required:"false" maxLength:"500" doc:"Why it was rejected or revoked."`
	CommissionKind    string `json:"commission_kind" required:"false" enum:",none,fixed,percent_sale,percent_payout" doc:"What this publisher is paid. Empty: as the goal, then the offer says."`
	Commission        string `json:"commission" required:"false" maxLength:"32" example:"5.00" doc:"Decimal text in the offer's currency. The commission when fixed."`
	CommissionPercent string `json:"commission_percent" required:"false" maxLength:"32" example:"60" doc:"Percentage of the sale amount or of the payout, 0 to 100."`
}

// LinkDoc is what can be set on a [Link].
type LinkDoc struct {
	Workspace string `json:"workspace" required:"false" doc:"The workspace it belongs to, for ever. Needed only from keys that hold several."`
	Offer     string `json:"offer" required:"true" maxLength:"64" doc:"The offer it leads to; cannot be changed later."`
	Publisher string `json:"publisher" required:"false" maxLength:"64" doc:"Who spreads it and earns the commission; needs an approved enrollment; cannot be changed later. Empty: a link of the house."`
	Name      string `json:"name" required:"false" maxLength:"200" doc:"The placement, such as summer newsletter."`
	Status    string `json:"status" required:"false" enum:"active,paused" doc:"A paused link sends its visitors to the fallback. Default active."`
	Source    string `json:"source" required:"false" maxLength:"200" doc:"What {source} stands for when the URL brings none."`
}

// Kind makes the documents a [Doc].
func (*WorkspaceDoc) Kind() Kind  { return KindWorkspace }
func (*AdvertiserDoc) Kind() Kind { return KindAdvertiser }
func (*OfferDoc) Kind() Kind      { return KindOffer }
func (*GoalDoc) Kind() Kind       { return KindGoal }
func (*PublisherDoc) Kind() Kind  { return KindPublisher }
func (*EnrollmentDoc) Kind() Kind { return KindEnrollment }
func (*LinkDoc) Kind() Kind       { return KindLink }

// NewDoc is a document of the kind with its defaults; nil for an unknown kind.
func NewDoc(kind Kind) Doc {
	switch kind {
	case KindWorkspace:
		return &WorkspaceDoc{Currency: "USD", TimeZone: "UTC"}
	case KindAdvertiser:
		return &AdvertiserDoc{Type: TypeMerchant, TokenRequired: true, ClickParam: "click_id"}
	case KindOffer:
		return &OfferDoc{Status: StatusActive, PayoutKind: PayoutFixed, Precedence: PostbackWins, CommissionKind: CommissionNone,
			CookieDays: 30, WindowDays: 30, InitialStatus: "pending", DeepLinks: []string{}, Tags: []string{}}
	case KindGoal:
		return &GoalDoc{Precedence: PostbackWins}
	case KindPublisher:
		return &PublisherDoc{Status: StatusActive}
	case KindEnrollment:
		return &EnrollmentDoc{Status: Approved}
	case KindLink:
		return &LinkDoc{Status: StatusActive}
	}
	return nil
}
