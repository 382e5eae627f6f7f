package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// signalQuery is what the inbox's filters select.
func (c *call) signalQuery(v url.Values) inbox.Query {
	get := func(name string) string {
		s := strings.TrimSpace(v.Get(name))
		if len(s) > 200 {
			s = strings.ToValidUTF8(s[:200], "")
		}
		return strings.ReplaceAll(s, "\x00", "")
	}
	return inbox.Query{Workspace: c.ws.ID, Unassigned: c.who.Owner, Verdict: event.Verdict(get("verdict")), Click: get("click"), Open: get("show") == "refused",
		Advertiser: get("advertiser"), Offer: get("offer"), Goal: get("goal"), Text: get("text")}
}

// signalFilterNames are the parameters of [call.signalQuery].
var signalFilterNames = []string{"verdict", "click", "show", "advertiser", "offer", "goal", "text"}

// signals is the inbox: every signal with its verdict and the sentence that explains it.
func (c *call) signals() error {
	q := c.signalQuery(c.r.URL.Query())
	filtered := q != c.signalQuery(nil)
	q.Before, q.Limit = c.param("after"), pageSize+1
	rows, err := c.Books.ListSignals(c.r.Context(), q)
	if err != nil {
		return err
	}
	counts, err := c.Books.CountSignals(c.r.Context(), c.ws.ID)
	if err != nil {
		return err
	}
	last := ""
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		last = rows[len(rows)-1].ID
	}
	t := c.signalTable(rows)
	if last != "" {
		t.Next = c.same("after", last)
	}
	if q.Before != "" {
		t.First = c.same("after", "")
	}
	if filtered || q.Before != "" {
		t.Empty = &empty{Sentence: "No signal matches the filter.", Action: &link{Label: "Show all", URL: c.at("signals")}}
	} else {
		t.Empty = &empty{Sentence: "Every hit on a postback or pixel address is kept here with its verdict, whatever became of it.",
			API: "curl '" + c.origins.Of(c.ws.ID, "") + "/postback?click_id=CLICK_ID&txid=ORDER&token=TOKEN'"}
	}
	f, err := c.signalFilters(q, counts)
	if err != nil {
		return err
	}
	h := head{Title: "Inbox", Note: "Every postback and pixel, newest first"}
	if c.write() && slices.ContainsFunc(rows, (*inbox.Row).Replayable) {
		h.Actions = []action{{Label: "Replay these", URL: c.plain("signals/replay", c.signalParams()...)}}
	}
	return show(c, "list", "Inbox", listPage{Head: h, Filters: f, Table: t})
}

// signalParams are the filters of this address, as name and value.
func (c *call) signalParams() []string {
	var out []string
	for _, name := range signalFilterNames {
		out = append(out, name, c.param(name))
	}
	return out
}

func (c *call) signalFilters(q inbox.Query, counts map[event.Verdict]int64) (filters, error) {
	total, refused := int64(0), int64(0)
	for v, n := range counts {
		total += n
		if !v.Took() {
			refused += n
		}
	}
	f := filters{Action: c.r.URL.Path, Keep: c.keep("verdict", "advertiser", "offer", "text", "after"), Chips: []chip{
		{Label: "All", Count: count(total), URL: c.same("show", "", "verdict", "", "after", ""), Current: !q.Open && q.Verdict == ""},
		{Label: "Refused or waiting", Count: count(refused), URL: c.same("show", "refused", "verdict", "", "after", ""), Current: q.Open},
	}}
	choices := []choice{{Value: "", Label: "Any verdict"}}
	for _, v := range sortedKeys(counts) {
		choices = append(choices, choice{Value: string(v), Label: words(string(v)) + " (" + count(counts[v]) + ")"})
	}
	advs, err := c.choicesOf(catalog.KindAdvertiser, "Any advertiser")
	if err != nil {
		return f, err
	}
	offers, err := c.choicesOf(catalog.KindOffer, "Any offer")
	if err != nil {
		return f, err
	}
	f.Fields = []field{
		{Widget: "select", Name: "verdict", Label: "Verdict", Choices: selected(choices, string(q.Verdict))},
		{Widget: "select", Name: "advertiser", Label: "Advertiser", Choices: selected(advs, q.Advertiser)},
		{Widget: "select", Name: "offer", Label: "Offer", Choices: selected(offers, q.Offer)},
		{Widget: "text", Name: "text", Label: "Order, click id or text", Value: q.Text},
	}
	return f, nil
}

func (c *call) signalTable(rows []*inbox.Row) *table {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.Offer)
	}
	offers := c.names(catalog.KindOffer, ids...)
	t := &table{Label: "Signals", Columns: []column{{Label: "Time"}, {Label: "Kind", Class: "opt"}, {Label: "Verdict"}, {Label: "What happened", Class: "fill"}, {Label: "Offer", Class: "opt"}, {Label: "Order", Class: "opt"}, {Label: "Click", Class: "opt"}}}
	for _, r := range rows {
		href := c.at("signals/" + r.ID)
		say := verdictSentence(r)
		offer := textCell(nameOr(offers, r.Offer)).with("opt cut")
		if r.Workspace == "" {
			offer = cell{Text: "of no workspace", Tone: "muted", Class: "opt", Title: "No valid token, key or click came with it, so it belongs to nobody. Only owners see it."}
		}
		click := cell{Text: undefined, Tone: "zero", Class: "opt"}
		if r.Click != "" {
			click = cell{Text: short(r.Click), Title: r.Click, Class: "opt mono"}
		}
		mark := ""
		if r.Test {
			mark = "test"
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			timeCell(r.At, c.loc, c.Now()), {Text: r.Kind, Class: "opt"}, {Text: words(string(r.Verdict)), Href: href, Tone: verdictTone(r.Verdict), Class: "lead", Mark: mark},
			{Text: say, Class: "fill", Title: say}, offer, textCell(r.Order).with("opt cut"), click,
		}})
	}
	if len(rows) > 0 {
		t.Count = plural(int64(len(rows)), "row", "rows")
	}
	return t
}

// verdictSentence is the signal's own sentence, or the verdict's.
func verdictSentence(r *inbox.Row) string {
	if r.Detail != "" {
		return r.Detail
	}
	return event.Verdicts[r.Verdict].Sentence
}

func verdictTone(v event.Verdict) string {
	switch v {
	case event.Accepted, event.Updated, event.EventRecorded:
		return "good"
	case event.Duplicate:
		return "muted"
	case event.Received, event.PendingClick, event.PendingSale, event.ProcessingError:
		return "warn"
	}
	return "bad"
}

// findSignal reads a signal of this workspace; those of no workspace are the owners'.
func (c *call) findSignal() (*inbox.Row, error) {
	id := c.r.PathValue("id")
	if !isClickID(id) {
		return nil, catalog.ErrNotFound
	}
	r, err := c.Books.Signal(c.r.Context(), id)
	if err != nil {
		return nil, err
	}
	if r.Workspace != c.ws.ID && !(r.Workspace == "" && c.who.Owner) {
		return nil, catalog.ErrNotFound
	}
	return r, nil
}

// signal tells a signal's story.
func (c *call) signal() error {
	r, err := c.findSignal()
	if err != nil {
		return err
	}
	p := storyPage{Head: head{Crumb: &link{Label: "Inbox", URL: c.at("signals")}, Title: label(r.Kind) + ", " + words(string(r.Verdict)), State: &state{Word: words(string(r.Verdict)), Tone: verdictTone(r.Verdict)}},
		Verdict: &verdictLine{verdictSentence(r), ""}}
	p.Head.Title = label(r.Kind) + " of " + clock(r.At, c.loc, c.Now())
	if c.write() && r.Conversion == "" {
		p.Decisions = []decision{{Label: "Judge again", Action: c.plain("signals/" + r.ID + "/replay"), Confirm: "Judge again",
			Consequence: "The signal is judged as if it came now, with the catalog as it is. It can become a conversion, with its money and its postback to the publisher."}}
	}
	var steps []step
	if id, err := event.ParseClickID(r.Click); err == nil {
		v, err := c.Clicks.Find(c.r.Context(), id)
		if err != nil {
			return err
		}
		if v != nil && v.Workspace == c.ws.ID {
			steps = append(steps, c.clickStep(v))
		}
	}
	arrived := c.signalStep(r)
	arrived.Sentence = "" // the judgment right below says it
	steps = append(steps, arrived)
	if r.JudgedAt != 0 {
		j := step{Tone: verdictTone(r.Verdict), Title: "Judged: " + words(string(r.Verdict)), at: r.JudgedAt, Sentence: verdictSentence(r)}
		if !r.Verdict.Took() {
			j.Fix = inbox.Remedies[r.Verdict].Fix
		}
		j.Pairs = []pair{{Label: "Code", Value: string(r.Verdict), Tone: "mono"}}
		if r.Field != "" {
			j.Pairs = append(j.Pairs, pair{Label: "Parameter", Value: r.Field, Tone: "mono"})
		}
		if label, href := c.remedyPlace(r); href != "" {
			j.Pairs = append(j.Pairs, pair{Label: "To mend it", Value: label, Href: href})
		}
		j.Pairs = append(j.Pairs, pair{Label: "Judged", Value: plural(r.Tries, "time", "times")})
		if r.RetryAt > 0 {
			j.Pairs = append(j.Pairs, pair{Label: "Next try", Value: clock(r.RetryAt, c.loc, c.Now())})
		}
		if r.Conversion != "" {
			j.Pairs = append(j.Pairs, pair{Label: "Conversion", Value: r.Conversion, Href: c.at("conversions/" + r.Conversion)})
		}
		steps = append(steps, j)
	}
	p.Steps = c.inOrder(steps)
	p.Side = []sideBox{{"Signal", c.signalPairs(r)}}
	return show(c, "story", p.Head.Title, p)
}

func (c *call) signalPairs(r *inbox.Row) []pair {
	ps := []pair{{Label: "Id", Value: short(r.ID), Title: r.ID}}
	if r.Test {
		ps = append(ps, pair{Label: "Test", Value: "it counts nowhere"})
	}
	if sig, err := event.DecodeSignal(r.Raw); err == nil && sig.Dialect != "" {
		t, e := dialect.Of(sig)
		switch {
		case e != nil:
			ps = append(ps, pair{Label: "Dialect", Value: t.Title, Title: e.Use})
		default:
			ps = append(ps, pair{Label: "Dialect", Value: sig.Dialect})
		}
	}
	if r.Offer != "" {
		ps = append(ps, pair{Label: "Offer", Value: c.nameOf(catalog.KindOffer, r.Offer), Href: c.at("offers/" + r.Offer)})
	}
	if r.Order != "" {
		ps = append(ps, pair{Label: "Order", Value: r.Order})
	}
	if r.Click != "" {
		ps = append(ps, pair{Label: "Click", Value: short(r.Click), Title: r.Click, Href: c.at("signals", "click", r.Click)})
	}
	if r.Conversion != "" {
		ps = append(ps, pair{Label: "Conversion", Value: r.Conversion, Href: c.at("conversions/" + r.Conversion)})
	}
	if r.Seq != 0 {
		ps = append(ps, pair{Label: "Log sequence", Value: strconv.FormatUint(uint64(r.Seq), 10)})
	}
	return ps
}

// signalStep is the arrival of a signal, with what was sent folded underneath.
func (c *call) signalStep(r *inbox.Row) step {
	s := step{Tone: verdictTone(r.Verdict), Title: label(r.Kind) + " arrived", at: r.At, Pairs: []pair{{Label: "Signal", Value: r.ID, Href: c.at("signals/" + r.ID)}}}
	if s.Tone == "muted" {
		s.Tone = ""
	}
	if r.Verdict != event.Accepted {
		s.Sentence = verdictSentence(r)
	}
	sig, err := event.DecodeSignal(r.Raw)
	if err != nil {
		s.Folds = []fold{{"Raw", "The stored bytes could not be decoded: " + err.Error()}}
		return s
	}
	add := func(label, v string) {
		if v != "" {
			s.Pairs = append(s.Pairs, pair{Label: label, Value: v})
		}
	}
	add("Country", sig.Country)
	add("Referrer", sig.Referer)
	add("Sender", sig.UserAgent)
	s.Folds = []fold{{"Raw request", rawRequest(sig)}}
	req, _ := dialect.Parse(sig)
	var lines []string
	for _, p := range req.Fields() {
		lines = append(lines, p.Name+" = "+inbox.MaskText(strings.ToValidUTF8(p.Value, "�")))
	}
	if len(lines) > 0 {
		s.Folds = append(s.Folds, fold{"What is read of it now", strings.Join(lines, "\n")})
	}
	return s
}

// rawRequest writes a signal as it came, without what authenticates the sender (O5).
func rawRequest(s *event.Signal) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", s.HTTPMethod, s.Path)
	if s.Query != "" {
		b.WriteString("?" + inbox.MaskQuery(s.Query))
	}
	if s.Host != "" {
		b.WriteString("\nHost: " + s.Host)
	}
	if s.BodyType != "" {
		b.WriteString("\nContent-Type: " + s.BodyType)
	}
	if s.Cookie != "" {
		b.WriteString("\nCookie: " + s.Cookie)
	}
	for _, h := range s.Headers {
		v := h.Value
		if inbox.Secret(strings.TrimPrefix(h.Name, "Webhook-")) {
			v = inbox.Hidden
		}
		b.WriteString("\n" + h.Name + ": " + v)
	}
	if s.Addr != "" {
		b.WriteString("\nFrom: " + s.Addr)
	}
	if len(s.Body) > 0 {
		b.WriteString("\n\n" + inbox.MaskBody(printable(string(s.Body))))
	}
	return printable(b.String())
}

// printable shows control characters by their names, so that they cannot mislead who
// reads, and what is not UTF-8 as such.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return '␡'
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f:
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
