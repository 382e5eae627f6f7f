package event

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// The field numbers below are the log's contract: never renumber, never reuse.
// Dims take 1–69 (sub n is 40+n-1), each record its own fields from 100.
const (
	fWorkspace = iota + 1
	fCampaign
	fLink
	fOffer
	fAdvertiser
	fPublisher
	fEnrollment
	fSource
	fExternalID
	fKeyword
	fCountry
	fDevice
	fOS
	fOSVersion
	fBrowser
	fBrowserVersion
	fLanguage
	fRefererDomain
	fBot
	fSuspect
	fRegion
	fCity
	fISP
	fConnection
	fBrand
	fModel
	fWanted
	fCreative
)

// fSub1 … fSub1+19 are the sub ids.
const fSub1 = 40

// fImpression is an entry of a record of impressions: no record has it beside others.
const fImpression = 90

const (
	fID = iota + 101 // pinned by TestFieldNumbers
	fAt
	fClick
	fReason
	fDestination
	fReferer
	fUserAgent
	fAddr
	fUnreplaced
	fRevision
	fKind
	fHTTPMethod
	fHost
	fPath
	fQuery
	fBodyType
	fBody
	fCookie
	fNo
	fVisitAt
	fGoal
	fConversion
	fStatus
	fMethod
	fCurrency
	fImpressions
	fVisits
	fUniques
	fClicks
	fConversions
	fRevenue
	fCommission
	fCost
	fSaleAmount
	fSignalCountry
	fUnique
	fActor
	fReportCurrency
	fReportRevenue
	fReportCommission
	fReportCost
	fReportSaleAmount
	fUnconverted
	fTest
	fEvents
	fDialect
	fHeader // name, NUL, value
)

// ErrRecord says that bytes are not an encoded record.
var ErrRecord = errors.New("event: malformed record")

func str(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	b = protowire.AppendTag(b, num, protowire.BytesType)
	return protowire.AppendString(b, s)
}

func num(b []byte, n protowire.Number, v int64) []byte {
	if v == 0 {
		return b
	}
	b = protowire.AppendTag(b, n, protowire.VarintType)
	return protowire.AppendVarint(b, protowire.EncodeZigZag(v))
}

func flag(b []byte, n protowire.Number, v bool) []byte {
	if !v {
		return b
	}
	return num(b, n, 1)
}

func clickID(b []byte, n protowire.Number, id ClickID) []byte {
	b = protowire.AppendTag(b, n, protowire.BytesType)
	return protowire.AppendBytes(b, id[:])
}

// field is the text dimension with that number, nil if there is none: one table for both directions.
func (d *Dims) field(n protowire.Number) *string {
	switch n {
	case fWorkspace:
		return &d.Workspace
	case fCampaign:
		return &d.Campaign
	case fLink:
		return &d.Link
	case fOffer:
		return &d.Offer
	case fAdvertiser:
		return &d.Advertiser
	case fPublisher:
		return &d.Publisher
	case fEnrollment:
		return &d.Enrollment
	case fSource:
		return &d.Source
	case fExternalID:
		return &d.ExternalID
	case fKeyword:
		return &d.Keyword
	case fCountry:
		return &d.Country
	case fDevice:
		return &d.Device
	case fOS:
		return &d.OS
	case fOSVersion:
		return &d.OSVersion
	case fBrowser:
		return &d.Browser
	case fBrowserVersion:
		return &d.BrowserVersion
	case fLanguage:
		return &d.Language
	case fRefererDomain:
		return &d.RefererDomain
	case fBot:
		return &d.Bot
	case fSuspect:
		return &d.Suspect
	case fRegion:
		return &d.Region
	case fCity:
		return &d.City
	case fISP:
		return &d.ISP
	case fConnection:
		return &d.Connection
	case fBrand:
		return &d.Brand
	case fModel:
		return &d.Model
	case fWanted:
		return &d.Wanted
	case fCreative:
		return &d.Creative
	}
	if n >= fSub1 && n < fSub1+Subs {
		return &d.Subs[n-fSub1]
	}
	return nil
}

func (d *Dims) append(b []byte) []byte {
	for n := protowire.Number(fWorkspace); n <= fCreative; n++ {
		b = str(b, n, *d.field(n))
	}
	for i := range d.Subs {
		b = str(b, protowire.Number(fSub1+i), d.Subs[i])
	}
	return b
}

// Append encodes the visit behind b.
func (v *Visit) Append(b []byte) []byte {
	b = clickID(b, fID, v.ID)
	b = num(b, fAt, v.At)
	b = flag(b, fClick, v.Click)
	b = v.Dims.append(b)
	b = str(b, fReason, v.Reason)
	b = str(b, fDestination, v.Destination)
	b = str(b, fReferer, v.Referer)
	b = str(b, fUserAgent, v.UserAgent)
	b = str(b, fAddr, v.Addr)
	b = num(b, fUnreplaced, int64(v.Unreplaced))
	b = num(b, fRevision, v.Revision)
	b = flag(b, fUnique, v.Unique)
	return flag(b, fTest, v.Test)
}

// Append encodes the signal behind b.
func (s *Signal) Append(b []byte) []byte {
	b = clickID(b, fID, s.ID)
	b = num(b, fAt, s.At)
	b = str(b, fKind, s.Kind)
	b = str(b, fHTTPMethod, s.HTTPMethod)
	b = str(b, fHost, s.Host)
	b = str(b, fPath, s.Path)
	b = str(b, fQuery, s.Query)
	b = str(b, fBodyType, s.BodyType)
	b = str(b, fBody, string(s.Body))
	b = str(b, fCookie, s.Cookie)
	b = str(b, fAddr, s.Addr)
	b = str(b, fUserAgent, s.UserAgent)
	b = str(b, fReferer, s.Referer)
	b = str(b, fSignalCountry, s.Country)
	b = str(b, fWorkspace, s.Workspace)
	b = str(b, fActor, s.Actor)
	b = str(b, fDialect, s.Dialect)
	for _, h := range s.Headers {
		b = str(b, fHeader, h.Name+"\x00"+h.Value)
	}
	return flag(b, fTest, s.Test)
}

// Append encodes the count behind b, as one entry of a record of several.
func (i *Impression) Append(b []byte) []byte {
	one := clickID(nil, fID, i.ID)
	one = num(one, fAt, i.At)
	one = i.Dims.append(one)
	one = str(one, fReason, i.Reason)
	one = num(one, fImpressions, i.Count)
	b = protowire.AppendTag(b, fImpression, protowire.BytesType)
	return protowire.AppendBytes(b, one)
}

// Append encodes the fact behind b.
func (f *Fact) Append(b []byte) []byte {
	b = clickID(b, fID, f.ID)
	b = num(b, fNo, f.No)
	b = str(b, fKind, f.Kind)
	b = num(b, fAt, f.At)
	b = num(b, fVisitAt, f.Visit)
	b = f.Dims.append(b)
	b = str(b, fReason, f.Reason)
	b = str(b, fGoal, f.Goal)
	b = str(b, fConversion, f.Conversion)
	b = str(b, fStatus, f.Status)
	b = str(b, fMethod, f.Method)
	b = str(b, fCurrency, f.Currency)
	b = num(b, fImpressions, f.Impressions)
	b = num(b, fVisits, f.Visits)
	b = num(b, fUniques, f.Uniques)
	b = num(b, fClicks, f.Clicks)
	b = num(b, fConversions, f.Conversions)
	b = num(b, fRevenue, f.Revenue)
	b = num(b, fCommission, f.Commission)
	b = num(b, fCost, f.Cost)
	b = num(b, fSaleAmount, f.SaleAmount)
	b = str(b, fReportCurrency, f.ReportCurrency)
	b = num(b, fReportRevenue, f.ReportRevenue)
	b = num(b, fReportCommission, f.ReportCommission)
	b = num(b, fReportCost, f.ReportCost)
	b = num(b, fReportSaleAmount, f.ReportSaleAmount)
	b = num(b, fUnconverted, f.Unconverted)
	return num(b, fEvents, f.Events)
}

// each walks the fields of a record. Text is handed over as a part of one copy of
// the record, so that decoding allocates once.
func each(data []byte, text func(protowire.Number, string), integer func(protowire.Number, int64)) error {
	whole := string(data)
	off := 0
	for off < len(data) {
		n, typ, l := protowire.ConsumeTag(data[off:])
		if l < 0 {
			return fmt.Errorf("%w: tag at %d", ErrRecord, off)
		}
		off += l
		switch typ {
		case protowire.VarintType:
			v, l := protowire.ConsumeVarint(data[off:])
			if l < 0 {
				return fmt.Errorf("%w: number in field %d", ErrRecord, n)
			}
			off += l
			integer(n, protowire.DecodeZigZag(v))
		case protowire.BytesType:
			v, l := protowire.ConsumeBytes(data[off:])
			if l < 0 {
				return fmt.Errorf("%w: text in field %d", ErrRecord, n)
			}
			end := off + l
			text(n, whole[end-len(v):end])
			off = end
		default:
			l := protowire.ConsumeFieldValue(n, typ, data[off:])
			if l < 0 {
				return fmt.Errorf("%w: field %d", ErrRecord, n)
			}
			off += l
		}
	}
	return nil
}

// DecodeVisit reads what [Visit.Append] wrote.
func DecodeVisit(data []byte) (*Visit, error) {
	v := new(Visit)
	err := each(data, func(n protowire.Number, s string) {
		if p := v.Dims.field(n); p != nil {
			*p = s
			return
		}
		switch n {
		case fID:
			copy(v.ID[:], s)
		case fReason:
			v.Reason = s
		case fDestination:
			v.Destination = s
		case fReferer:
			v.Referer = s
		case fUserAgent:
			v.UserAgent = s
		case fAddr:
			v.Addr = s
		}
	}, func(n protowire.Number, i int64) {
		switch n {
		case fAt:
			v.At = i
		case fClick:
			v.Click = i != 0
		case fUnreplaced:
			v.Unreplaced = uint32(i)
		case fRevision:
			v.Revision = i
		case fUnique:
			v.Unique = i != 0
		case fTest:
			v.Test = i != 0
		}
	})
	if err != nil {
		return nil, err
	}
	if v.ID.IsZero() {
		return nil, fmt.Errorf("%w: a visit without an id", ErrRecord)
	}
	return v, nil
}

// DecodeSignal reads what [Signal.Append] wrote.
func DecodeSignal(data []byte) (*Signal, error) {
	s := new(Signal)
	err := each(data, func(n protowire.Number, t string) {
		switch n {
		case fID:
			copy(s.ID[:], t)
		case fKind:
			s.Kind = t
		case fHTTPMethod:
			s.HTTPMethod = t
		case fHost:
			s.Host = t
		case fPath:
			s.Path = t
		case fQuery:
			s.Query = t
		case fBodyType:
			s.BodyType = t
		case fBody:
			s.Body = []byte(t)
		case fCookie:
			s.Cookie = t
		case fAddr:
			s.Addr = t
		case fUserAgent:
			s.UserAgent = t
		case fReferer:
			s.Referer = t
		case fSignalCountry:
			s.Country = t
		case fWorkspace:
			s.Workspace = t
		case fActor:
			s.Actor = t
		case fDialect:
			s.Dialect = t
		case fHeader:
			name, value, _ := strings.Cut(t, "\x00")
			s.Headers = append(s.Headers, Header{name, value})
		}
	}, func(n protowire.Number, i int64) {
		switch n {
		case fAt:
			s.At = i
		case fTest:
			s.Test = i != 0
		}
	})
	if err != nil {
		return nil, err
	}
	if s.ID.IsZero() {
		return nil, fmt.Errorf("%w: a signal without an id", ErrRecord)
	}
	return s, nil
}

// DecodeImpressions reads a record of what [Impression.Append] wrote one after the other.
func DecodeImpressions(data []byte) ([]Impression, error) {
	var out []Impression
	var bad error
	err := each(data, func(n protowire.Number, s string) {
		if n != fImpression || bad != nil {
			return
		}
		i, err := decodeImpression([]byte(s))
		bad = err
		out = append(out, i)
	}, func(protowire.Number, int64) {})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func decodeImpression(data []byte) (Impression, error) {
	var i Impression
	err := each(data, func(n protowire.Number, s string) {
		if p := i.Dims.field(n); p != nil {
			*p = s
			return
		}
		switch n {
		case fID:
			copy(i.ID[:], s)
		case fReason:
			i.Reason = s
		}
	}, func(n protowire.Number, v int64) {
		switch n {
		case fAt:
			i.At = v
		case fImpressions:
			i.Count = v
		}
	})
	if err == nil && (i.ID.IsZero() || i.Count <= 0) {
		err = fmt.Errorf("%w: impressions without an id or a count", ErrRecord)
	}
	return i, err
}

// DecodeFact reads what [Fact.Append] wrote.
func DecodeFact(data []byte) (*Fact, error) {
	f := new(Fact)
	err := each(data, func(n protowire.Number, s string) {
		if p := f.Dims.field(n); p != nil {
			*p = s
			return
		}
		switch n {
		case fID:
			copy(f.ID[:], s)
		case fKind:
			f.Kind = s
		case fReason:
			f.Reason = s
		case fGoal:
			f.Goal = s
		case fConversion:
			f.Conversion = s
		case fStatus:
			f.Status = s
		case fMethod:
			f.Method = s
		case fCurrency:
			f.Currency = s
		case fReportCurrency:
			f.ReportCurrency = s
		}
	}, func(n protowire.Number, i int64) {
		switch n {
		case fNo:
			f.No = i
		case fAt:
			f.At = i
		case fVisitAt:
			f.Visit = i
		case fImpressions:
			f.Impressions = i
		case fVisits:
			f.Visits = i
		case fUniques:
			f.Uniques = i
		case fClicks:
			f.Clicks = i
		case fConversions:
			f.Conversions = i
		case fRevenue:
			f.Revenue = i
		case fCommission:
			f.Commission = i
		case fCost:
			f.Cost = i
		case fSaleAmount:
			f.SaleAmount = i
		case fReportRevenue:
			f.ReportRevenue = i
		case fReportCommission:
			f.ReportCommission = i
		case fReportCost:
			f.ReportCost = i
		case fReportSaleAmount:
			f.ReportSaleAmount = i
		case fUnconverted:
			f.Unconverted = i
		case fEvents:
			f.Events = i
		}
	})
	if err != nil {
		return nil, err
	}
	if f.Kind == "" {
		return nil, fmt.Errorf("%w: a fact without a kind", ErrRecord)
	}
	return f, nil
}
