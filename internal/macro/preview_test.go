package macro

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// The samples are of one visitor and one moment: what a token says agrees with the others.
func TestSamplesAgree(t *testing.T) {
	v := SampleValues()
	ms, err := strconv.ParseInt(v[TimestampMs], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(ms).UTC()
	for id, want := range map[ID]string{
		Timestamp: strconv.FormatInt(at.Unix(), 10),
		DateTime:  at.Format(time.RFC3339),
		Date:      at.Format(time.DateOnly),
		TimeOfDay: at.Format(time.TimeOnly),
		Year:      at.Format("2006"),
		Month:     at.Format("01"),
		Day:       at.Format("02"),
		Hour:      at.Format("15"),
		Weekday:   at.Weekday().String(),
	} {
		if v[id] != want {
			t.Errorf("{%s} is %q, want %q", Tokens[id].Name, v[id], want)
		}
	}
	for _, c := range []struct {
		id    ID
		least time.Duration // before the click
	}{{ClickID, 0}, {VisitID, time.Second}} {
		n, err := strconv.ParseInt(v[c.id][:12], 16, 64)
		if err != nil || len(v[c.id]) != 32 {
			t.Fatalf("{%s}: %q, %v", Tokens[c.id].Name, v[c.id], err)
		}
		if d := at.Sub(time.UnixMilli(n)); d < c.least || d > time.Hour || c.id == ClickID && d != 0 {
			t.Errorf("{%s} is of %v before the click", Tokens[c.id].Name, d)
		}
	}
	if event, err := strconv.ParseInt(v[EventTime], 10, 64); err != nil || event <= at.Unix() {
		t.Errorf("the conversion is not after the click: %s", v[EventTime])
	}
	if !strings.Contains(v[UserAgent], v[Model]) || !strings.Contains(v[UserAgent], v[OS]+" "+v[OSVersion]) {
		t.Errorf("user agent %q", v[UserAgent])
	}
	if !strings.Contains(v[Referrer], "//"+v[ReferrerDomain]+"/") {
		t.Errorf("referrer %q of %q", v[Referrer], v[ReferrerDomain])
	}
	if len(v[RandomHex]) != 32 || v[Salt] == "" {
		t.Errorf("%q, %q", v[RandomHex], v[Salt])
	}
	v[Sub1] = "mine" // a caller's own copy
	if SampleValues()[Sub1] == "mine" || Tokens[Sub1].Sample == "mine" {
		t.Error("the samples can be changed")
	}
}

func TestPreview(t *testing.T) {
	for _, c := range []struct {
		tbl       *Table
		raw, want string
	}{
		{ClickTokens, "https://shop.example/?p={payout}&c={city|x}&k={keyword}", "https://shop.example/?p=12.00&c=Munich&k=running%20shoes"},
		{PostbackTokens, "https://shop.example/?p={payout}&t={txid}", "https://shop.example/?p=7.50&t=A-1001"},
		{ClickTokens, "https://shop.example/?h={ip:hash}", "https://shop.example/?h=" + hashOf(SampleValues()[Salt], "203.0.113.0")},
	} {
		tpl, err := ParseURLWith(c.tbl, c.raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := Preview(tpl, c.tbl); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	tpl, err := ParseURL("https://shop.example/?p={payout}")
	if err != nil {
		t.Fatal(err)
	}
	if got := Preview(tpl, PostbackTokens); got != "https://shop.example/?p=" {
		t.Errorf("a token of another table: %s", got)
	}
}

// Every token renders with every modifier.
func TestEveryTokenHasASample(t *testing.T) {
	for _, tbl := range []*Table{ClickTokens, PostbackTokens} {
		for _, id := range tbl.IDs() {
			for _, mod := range []string{"", "|d", ":raw", ":hash", ":raw|d", ":hash|d"} {
				tpl, err := ParseURLWith(tbl, "https://a.example/?x={"+Tokens[id].Name+mod+"}")
				if err != nil {
					t.Fatal(err)
				}
				if got := Preview(tpl, tbl); got == "https://a.example/?x=" || got == "https://a.example/?x=d" {
					t.Errorf("{%s%s}: %s", Tokens[id].Name, mod, got)
				}
			}
		}
	}
}
