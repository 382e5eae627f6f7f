package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/macro"
	"clickledger/internal/money"
	"clickledger/internal/report"
)

// look is everything the checks may look at, gathered before any of them runs.
type look struct {
	now   time.Time
	loc   *time.Location
	view  *catalog.View
	offer *catalog.Offer
	adv   *catalog.Advertiser // nil = none
	ws    *catalog.Workspace

	// signals are the offer's own, lost those of nobody's offer that speak of it or of its
	// advertiser; both newest first and of the last [Days] days.
	signals []*sample
	lost    []*sample
	// lastSignal is when the last signal came that nobody entered by hand, also before
	// that time; 0 = never.
	lastSignal  int64
	conversions []*conversion.Conversion
	traffic     *traffic // nil = it could not be read
	landing     *Landing
	caps        []caps.Status
}

// sample is a signal with its parameters.
type sample struct {
	row    *inbox.Row
	sig    *event.Signal
	params []macro.Param
	ours   bool // its click is the offer's; otherwise only its advertiser is known
}

// param is the first value of a parameter that is not empty, and whether there was any.
func (s *sample) param(name string) (value string, there bool) {
	for _, p := range s.params {
		if p.Name == name {
			there = true
			if p.Value != "" {
				return p.Value, true
			}
		}
	}
	return "", there
}

// traffic is what the report counts, by day.
type traffic struct {
	visits, clicks map[string]int64 // by YYYY-MM-DD in the workspace's zone
}

// since adds up the days from a time on.
func since(byDay map[string]int64, from time.Time) int64 {
	first, sum := from.Format(time.DateOnly), int64(0)
	for day, n := range byDay {
		if day >= first {
			sum += n
		}
	}
	return sum
}

// gather reads what the checks need of some offers of one workspace.
func (s *Service) gather(ctx context.Context, view *catalog.View, workspace string, offers []*catalog.Offer, signals, conversions int) ([]*look, error) {
	now := s.Now()
	oldest := now.AddDate(0, 0, -Days).UnixMicro()
	ws := view.Workspace(workspace)
	if ws == nil {
		return nil, catalog.ErrNotFound
	}
	loc, err := time.LoadLocation(ws.TimeZone)
	if err != nil {
		loc = time.UTC // a workspace without a zone is reported in UTC, too
	}
	lost, err := s.lost(ctx, workspace, oldest, signals)
	if err != nil {
		return nil, err
	}
	counted := s.count(ctx, ws, loc, now, offers)
	looks := make([]*look, len(offers))
	for i, o := range offers {
		l := &look{now: now.In(loc), loc: loc, view: view, offer: o, adv: view.Advertiser(o.Advertiser), ws: ws}
		if counted != nil {
			l.traffic = counted[o.ID]
		}
		rows, err := s.Books.ListSignals(ctx, inbox.Query{Workspace: workspace, Offer: o.ID, Test: inbox.NoTests, Limit: signals})
		if err != nil {
			return nil, fmt.Errorf("read the offer's signals: %w", err)
		}
		for _, r := range rows {
			if l.lastSignal == 0 && r.Kind != event.SignalUpload {
				l.lastSignal = r.At
			}
			if r.At < oldest {
				break
			}
			l.signals = append(l.signals, sampleOf(r, true))
		}
		for _, x := range lost {
			x, ok := l.claims(x)
			if ok {
				l.lost = append(l.lost, x)
			}
		}
		slices.SortStableFunc(l.lost, func(a, b *sample) int { return strings.Compare(b.row.ID, a.row.ID) })
		cs, err := s.Books.ListConversions(ctx, conversion.Query{Workspace: workspace, Offer: o.ID, Limit: conversions})
		if err != nil {
			return nil, fmt.Errorf("read the offer's conversions: %w", err)
		}
		for _, c := range cs {
			if c.Recorded >= oldest {
				l.conversions = append(l.conversions, c)
			}
		}
		l.landing, err = found(s.Store.Landing(ctx, workspace, o.ID))
		if err != nil {
			return nil, fmt.Errorf("read the last landing check: %w", err)
		}
		if s.Caps != nil && len(o.Caps) > 0 && !o.Archived {
			l.caps, err = s.Caps.Status(ctx, workspace, o.ID)
			if err != nil {
				return nil, fmt.Errorf("read how the caps stand: %w", err)
			}
		}
		looks[i] = l
	}
	return looks, nil
}

// stray is a signal that could not be matched to an offer, with what it says of itself.
type stray struct {
	*sample
	token string
	visit *event.Visit
}

// lost reads the signals of no offer: those of the workspace, which came with a token,
// and those of no workspace at all whose click is ours. The latter may be anybody's, so
// only the click, which nobody can make up, says whose they are.
func (s *Service) lost(ctx context.Context, workspace string, oldest int64, limit int) ([]*stray, error) {
	var out []*stray
	for _, q := range []inbox.Query{{Workspace: workspace, NoOffer: true, Test: inbox.NoTests, Limit: limit}, {Unassigned: true, NoOffer: true, Test: inbox.NoTests, Limit: limit}} {
		rows, err := s.Books.ListSignals(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read signals of no offer: %w", err)
		}
		for _, r := range rows {
			if r.At < oldest {
				break
			}
			x := &stray{sample: sampleOf(r, false)}
			x.token, _ = x.param("token")
			id, err := event.ParseClickID(r.Click)
			if err == nil && r.Verdict != event.UnknownClick && (s.Keys == nil || s.Keys().Verify(id)) {
				x.visit, err = s.Clicks.Find(ctx, id)
				if err != nil {
					return nil, fmt.Errorf("look up a signal's click: %w", err)
				}
			}
			if x.visit != nil && (x.visit.Workspace != workspace || x.visit.Test) {
				continue
			}
			if x.visit != nil || q.Workspace != "" {
				out = append(out, x)
			}
		}
	}
	return out, nil
}

// claims says whether a stray is the offer's, by its click or else by its token.
func (l *look) claims(x *stray) (*sample, bool) {
	if x.visit != nil {
		mine := *x.sample
		mine.ours = true
		return &mine, x.visit.Offer == l.offer.ID
	}
	if l.adv == nil {
		return nil, false
	}
	return x.sample, x.token != "" && (x.token == l.adv.Token || x.token == l.adv.TokenOld)
}

// count asks the report for visits and clicks of the offers by day; nil when it cannot
// say, which is not the diagnosis' failure: the other checks go on.
func (s *Service) count(ctx context.Context, ws *catalog.Workspace, loc *time.Location, now time.Time, offers []*catalog.Offer) map[string]*traffic {
	if s.Report == nil {
		return nil
	}
	ids := make([]string, len(offers))
	out := make(map[string]*traffic, len(offers))
	for i, o := range offers {
		ids[i] = o.ID
		out[o.ID] = &traffic{map[string]int64{}, map[string]int64{}}
	}
	t, err := s.Report.Run(ctx, report.Question{
		Workspace: ws.ID, From: now.AddDate(0, 0, -Days), To: now.Add(time.Minute), TimeZone: loc.String(), Dimensions: []string{"offer", "date"},
		Metrics: []string{"visits", "clicks"}, Filters: []report.Filter{{Dimension: "offer", Op: "eq", Values: ids}}, Limit: len(ids) * (Days + 2),
	})
	if err != nil {
		s.Logger.Warn("diagnosis: the report cannot say how many clicks there were", "error", err)
		return nil
	}
	at := map[string]int{}
	for i, c := range t.Columns {
		at[c.Name] = i
	}
	for _, r := range t.Rows {
		offer, _ := r[at["offer"]].(string)
		day, _ := r[at["date"]].(string)
		visits, _ := r[at["visits"]].(int64)
		clicks, _ := r[at["clicks"]].(int64)
		if x := out[offer]; x != nil {
			x.visits[day] += visits
			x.clicks[day] += clicks
		}
	}
	return out
}

// clock writes a time for a sentence, in the workspace's zone.
func (l *look) clock(µs int64) string {
	t := time.UnixMicro(µs).In(l.loc)
	if t.Year() != l.now.Year() {
		return t.Format("2 January 2006, 15:04")
	}
	return t.Format("2 January, 15:04")
}

// amount writes an amount with its currency.
func amount(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: money.Currency(currency)}.Format()
}
