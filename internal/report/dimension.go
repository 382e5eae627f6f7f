package report

import (
	"fmt"
	"strings"

	"clickledger/internal/event"
)

// Dimension documents one dimension.
type Dimension struct {
	Name  string
	Label string
	Type  string // TypeText or TypeTime
	Named bool   // its values are ids, shown with names beside them

	column string // text dimensions
	kind   string // whose ids they are, where that is not the name
	clock  *clock // time dimensions
}

// clock is how a time dimension is computed, shown and read. The engine groups and
// sorts by the number.
type clock struct {
	sql   func(*calendar) string
	text  func(*calendar, int64) string
	parse func(*calendar, string) ([]int64, bool)
	form  string // what parse reads, for messages
}

const clickIDColumn = "click_id"

// The two currencies of a fact.
const (
	originalCurrency  = "currency"        // the offer's, of the amounts as they were agreed
	reportingCurrency = "report_currency" // the workspace's, of the amounts as they were converted
)

var dimensions = func() []Dimension {
	text := func(name, label string) Dimension {
		return Dimension{Name: name, Label: label, Type: TypeText, column: name}
	}
	named := func(name, label string) Dimension {
		return Dimension{Name: name, Label: label, Type: TypeText, column: name, Named: true}
	}
	list := []Dimension{
		{Name: "date", Label: "Date", Type: TypeTime, clock: &clock{(*calendar).dateSQL, (*calendar).dateText, (*calendar).parseDate, "2026-11-30"}},
		{Name: "hour", Label: "Hour", Type: TypeTime, clock: &clock{(*calendar).hourSQL, (*calendar).hourText, (*calendar).parseHour, "2026-11-30T14:00:00+01:00"}},
		{Name: "hour_of_day", Label: "Hour of day", Type: TypeTime, clock: &clock{(*calendar).hourOfDaySQL, (*calendar).hourOfDayText, (*calendar).parseHourOfDay, "00…23"}},
		{Name: "day_of_week", Label: "Day of week", Type: TypeTime, clock: &clock{(*calendar).dayOfWeekSQL, (*calendar).dayOfWeekText, (*calendar).parseDayOfWeek, "Monday"}},
		{Name: "month", Label: "Month", Type: TypeTime, clock: &clock{(*calendar).monthSQL, (*calendar).monthText, (*calendar).parseMonth, "2026-11"}},
		named("campaign", "Campaign"), named("link", "Link"), named("offer", "Offer"), named("advertiser", "Advertiser"),
		named("publisher", "Publisher"), named("enrollment", "Enrollment"), named("source", "Traffic source"), named("goal", "Goal"),
		named("creative", "Creative"),
		{Name: "wanted_offer", Label: "Wanted offer", Type: TypeText, column: "wanted_offer", kind: "offer", Named: true},
		text("external_id", "External id"), text("keyword", "Keyword"),
		text("country", "Country"), text("region", "Region"), text("city", "City"), text("isp", "ISP"), text("connection", "Connection"),
		text("device", "Device"), text("brand", "Brand"), text("model", "Model"),
		text("os", "OS"), text("os_version", "OS version"), text("browser", "Browser"), text("browser_version", "Browser version"),
		text("language", "Language"), text("referer_domain", "Referer domain"), text("bot", "Bot reason"), text("suspect", "Suspicion"),
		text("reason", "Routing reason"), text("status", "Conversion status"), text("method", "Matched by"), text(originalCurrency, "Currency"),
		text(reportingCurrency, "Reporting currency"),
		text(clickIDColumn, "Click id"), text("conversion", "Conversion id"), text("kind", "Kind of row"),
	}
	for i := range event.Subs {
		list = append(list, text(fmt.Sprintf("sub%d", i+1), fmt.Sprintf("Sub id %d", i+1)))
	}
	return list
}()

// Kind is what the ids of a named dimension are of, by the catalog's name.
func (d *Dimension) Kind() string {
	if d.kind != "" {
		return d.kind
	}
	return d.Name
}

// Dimensions lists every dimension.
func Dimensions() []Dimension { return append([]Dimension(nil), dimensions...) }

func findDimension(name string) *Dimension {
	for i := range dimensions {
		if dimensions[i].Name == name {
			return &dimensions[i]
		}
	}
	return nil
}

func dimensionNames() string {
	names := make([]string, len(dimensions))
	for i := range dimensions {
		names[i] = dimensions[i].Name
	}
	return strings.Join(names, ", ")
}
