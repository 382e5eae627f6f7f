package upload

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// Forms that people's files have and that must not be guessed at.
var (
	commaForm      = regexp.MustCompile(`^[+-]?[0-9][0-9.' ]*,[0-9]+$|^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)
	scientificForm = regexp.MustCompile(`^[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+$`)
)

// maxItemsCell bounds a cell of item lines, in bytes, as a postback's are.
const maxItemsCell = 8000

// localTimes are the forms of a time without a zone, as spreadsheets write them.
var localTimes = []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"}

// entry reads the cells of a row; the first thing wrong with them is its problem.
func entry(cells []string, columns []*field, zone *time.Location) (conversion.Entry, *Problem) {
	var e conversion.Entry
	var bad *Problem
	for i, raw := range cells {
		c := strings.TrimSpace(raw)
		if i >= len(columns) {
			if c != "" && bad == nil {
				bad = &Problem{"", event.MalformedBody, fmt.Sprintf("The row has %d cells and the file %d columns. An unquoted comma in an amount splits it into two cells.", len(cells), len(columns))}
			}
			continue
		}
		f := columns[i]
		if f == nil || c == "" {
			continue
		}
		most := MaxCell
		if f.name == "items" {
			most = maxItemsCell
		}
		if len(c) > most {
			c = strings.ToValidUTF8(c[:most], "")
			if bad == nil {
				bad = &Problem{f.name, event.InvalidValue, fmt.Sprintf("The cell is longer than %d bytes.", most)}
			}
		}
		p := cell(f.name, c)
		if p != nil && bad == nil {
			bad = p
		}
		if f.name == "event_time" && zone != nil {
			c = zoned(c, zone)
		}
		*f.of(&e) = c
	}
	if bad == nil && e.ClickID == "" && e.Coupon == "" {
		bad = &Problem{"click_id", event.MissingClick, "It has no click id and no coupon."}
	}
	return e, bad
}

// cell refuses a value that is wrong in a way the judge could not explain as well.
func cell(field, c string) *Problem {
	if strings.ContainsFunc(c, unicode.IsControl) {
		return &Problem{field, event.InvalidValue, "The cell holds a line break or another control character."}
	}
	if strings.HasPrefix(c, "=") {
		return &Problem{field, event.InvalidValue, "The cell " + bounded(c) + " is a formula. Write its value: nothing is computed here."}
	}
	switch field {
	case "payout", "amount":
		if commaForm.MatchString(c) {
			return &Problem{field, event.InvalidAmount, fmt.Sprintf("%s has a comma. Write a point before the decimals and nothing between thousands, such as 1250.00: a comma means one in some countries and the other in others, so it is not guessed.", bounded(c))}
		}
	case "click_id":
		if scientificForm.MatchString(c) {
			return &Problem{field, event.UnknownClick, "A spreadsheet has turned the click id into the number " + bounded(c) + ". Format the column as text and enter the ids again."}
		}
	}
	return nil
}

// zoned gives a time without a zone the zone; what is no such time stays as it is, and
// is read by the judge.
func zoned(c string, zone *time.Location) string {
	for _, form := range localTimes {
		t, err := time.ParseInLocation(form, c, zone)
		if err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return c
}
