package console

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
)

// bulkBar changes the offers whose boxes are ticked.
type bulkBar struct {
	Action    string
	Statuses  []choice
	Elsewhere []choice // fallback offers, nil with several workspaces
}

// bulkReport is what came of it where some could not be changed.
type bulkReport struct {
	Text  string
	Lines []bulkLine
}

type bulkLine struct{ Name, URL, Msg, Code string }

// asItIs is the value of a select that changes nothing.
const asItIs = "="

func (l *offerList) bulkBar() (*bulkBar, error) {
	b := &bulkBar{Action: l.plain("offers/bulk") + query0(l.r.URL.Query()), Statuses: []choice{{Label: "Status …"}}}
	for _, s := range offerStatuses {
		b.Statuses = append(b.Statuses, choice{Value: s, Label: label(s)})
	}
	if l.all {
		return b, nil // an offer falls back within its workspace
	}
	offers, err := l.choicesOf(catalog.KindOffer, "None")
	if err != nil {
		return nil, err
	}
	b.Elsewhere = append([]choice{{Value: asItIs, Label: "Fallback …"}}, offers...)
	return b, nil
}

func query0(q url.Values) string {
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// bulkWork is a posted change, by workspace.
type bulkWork struct {
	change catalog.BulkChange
	ids    map[string][]string
	n      int
	clone  bool
}

// readBulk reads the form. Boxes say workspace/offer; an undo says them in one field.
func readBulk(v url.Values) bulkWork {
	w := bulkWork{ids: map[string][]string{}, clone: v.Get("do") == "clone"}
	for _, id := range append(slices.Clone(v["id"]), strings.Fields(v.Get("ids"))...) {
		ws, offer, ok := strings.Cut(id, "/")
		if ok && w.n <= catalog.MaxBulk && !slices.Contains(w.ids[ws], offer) {
			w.ids[ws] = append(w.ids[ws], offer)
			w.n++
		}
	}
	yes := true
	no := false
	switch v.Get("do") {
	case "archive":
		w.change.Archived = &yes
	case "restore":
		w.change.Archived = &no
	case "clone":
	default:
		w.change.Status, w.change.GoLiveReason = v.Get("status"), strings.TrimSpace(v.Get("go_live_reason"))
		w.change.AddTags, w.change.RemoveTags = commaWords(v.Get("add_tags")), commaWords(v.Get("remove_tags"))
		if v.Has("fallback_offer") && v.Get("fallback_offer") != asItIs {
			to := v.Get("fallback_offer")
			w.change.FallbackOffer = &to
		}
	}
	return w
}

// commaWords are the parts of a list with commas.
func commaWords(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// offersBulk changes the ticked offers and comes back to the list, which says what
// became of them.
func (c *call) offersBulk() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	c.r.URL.Path = c.plain("offers") // the list is what is shown next
	work := readBulk(v)
	switch {
	case work.n == 0:
		return c.showOffers(&bulkReport{Text: "Nothing was changed: tick at least one offer."})
	case work.n > catalog.MaxBulk:
		return c.showOffers(&bulkReport{Text: "Nothing was changed: at most " + itoa(catalog.MaxBulk) + " offers can be changed at once."})
	case work.clone:
		return c.cloneAll(work)
	}
	var changed []string
	done := &bulkReport{}
	for _, ws := range sortedKeys(work.ids) {
		results, err := c.Catalog.BulkOffers(c.r.Context(), c.who, ws, work.ids[ws], work.change, false)
		var bad *catalog.Invalid
		switch {
		case errors.As(err, &bad):
			for _, f := range bad.Fields {
				done.Lines = append(done.Lines, bulkLine{Name: label(f.Field), Msg: f.Msg, Code: f.Rule})
			}
			done.Text = "Nothing was changed."
			return c.showOffers(done)
		case err != nil:
			return err
		}
		for _, r := range results {
			if r.Changed {
				changed = append(changed, ws+"/"+r.ID)
			}
			if r.Err != nil {
				code, why := catalog.Refusal(r.Err)
				if code == "" {
					return r.Err
				}
				done.Lines = append(done.Lines, bulkLine{Name: orElse(r.Name, r.ID), URL: "/w/" + url.PathEscape(ws) + "/offers/" + url.PathEscape(r.ID) + "/edit", Msg: why, Code: code})
			}
		}
	}
	done.Text = bulkText(work, len(changed), len(done.Lines))
	if len(done.Lines) > 0 {
		return c.showOffers(done)
	}
	var back *undo
	if a := work.change.Archived; a != nil && len(changed) > 0 {
		do := "archive"
		if *a {
			do = "restore"
		}
		back = &undo{Action: c.plain("offers/bulk"), Fields: []hidden{{"do", do}, {"ids", strings.Join(changed, " ")}}}
	}
	c.say(done.Text, back)
	return c.redirect(c.same())
}

// bulkText says what happened to how many.
func bulkText(w bulkWork, changed, refused int) string {
	did := "changed"
	if a := w.change.Archived; a != nil {
		did = "restored"
		if *a {
			did = "archived"
		}
	}
	was := "were"
	if changed == 1 {
		was = "was"
	}
	s := plural(int64(changed), "offer", "offers") + " " + was + " " + did
	if same := w.n - changed - refused; same > 0 {
		s += ", " + itoa(same) + " already like that"
	}
	if refused > 0 {
		s += ", " + itoa(refused) + " refused"
	}
	return s + "."
}

// maxClones bounds how many offers are copied at once.
const maxClones = 20

func (c *call) cloneAll(work bulkWork) error {
	if work.n > maxClones {
		return c.showOffers(&bulkReport{Text: "Nothing was copied: at most " + itoa(maxClones) + " offers can be copied at once."})
	}
	made := 0
	for _, ws := range sortedKeys(work.ids) {
		for _, id := range work.ids[ws] {
			_, _, err := c.Catalog.CloneOffer(c.r.Context(), c.who, ws, id, catalog.Idempotency{})
			if err != nil {
				return err
			}
			made++
		}
	}
	c.say(plural(int64(made), "offer", "offers")+" copied.", nil)
	return c.redirect(c.same("sort", "", "after", "", "from", "")) // copies are the newest
}

// offerClone copies one offer and goes to the copy.
func (c *call) offerClone() error {
	o, _, err := c.Catalog.CloneOffer(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"), catalog.Idempotency{})
	if err != nil {
		return err
	}
	c.say("This is the copy, with its goals. Links and enrollments stay with the original.", c.archiveUndo("offers", o))
	return c.redirect(c.at("offers/" + o.ID))
}

// atoi reads a whole number that is not negative; anything else is 0.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
