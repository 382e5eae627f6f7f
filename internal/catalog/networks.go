package catalog

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

// NetworkTemplate is what is known of an affiliate network or of the platform it runs
// on: where its links take the click id, and how its postbacks write their values. ""
// is a macro that it has not, or that was not found in any source.
//
// There is deliberately no template with a macro for the status or the goal: the words
// that networks put there are not ours, and a signal with an unknown one is refused
// (P14). Whoever maps them adds the macro to the advertiser.
type NetworkTemplate struct {
	ID         string // what AdvertiserDoc.Template says: lower case letters, digits
	Name       string
	Platform   string // the software it runs on, often many networks'; "" = not known
	ClickParam string // parameter of its offer URLs that takes our click id
	Macros     Macros
	Notes      string // what to know when setting it up, "" = nothing
	Source     string // where the facts are from
}

//go:embed networks.json
var networksJSON []byte

var networkTemplates = sync.OnceValue(func() []NetworkTemplate {
	var rows []struct {
		ID, Name, Platform, Notes, Source     string
		ClickParam                            string `json:"click_param"`
		Click, Payout, Amount, Currency, TxID string
	}
	err := json.Unmarshal(networksJSON, &rows)
	if err != nil {
		panic("catalog: networks.json: " + err.Error()) // embedded and tested
	}
	out := make([]NetworkTemplate, len(rows))
	for i, r := range rows {
		out[i] = NetworkTemplate{
			ID: r.ID, Name: r.Name, Platform: r.Platform, ClickParam: r.ClickParam, Notes: r.Notes, Source: r.Source,
			Macros: Macros{ClickID: r.Click, Payout: r.Payout, Amount: r.Amount, Currency: r.Currency, TxID: r.TxID},
		}
	}
	return out
})

// NetworkTemplates lists the templates: platforms, then networks, then the generic one.
func NetworkTemplates() []NetworkTemplate { return slices.Clone(networkTemplates()) }

// FindNetworkTemplate finds a template by its id.
func FindNetworkTemplate(id string) (NetworkTemplate, bool) {
	for _, t := range networkTemplates() {
		if t.ID == id {
			return t, true
		}
	}
	return NetworkTemplate{}, false
}

// fill takes over what the advertiser leaves open: empty macros, and the click id's
// parameter where it is empty or its default.
func (t NetworkTemplate) fill(a *Advertiser) {
	if a.ClickParam == "" || a.ClickParam == defaultClickParam {
		a.ClickParam = t.ClickParam
	}
	for _, m := range []struct {
		to   *string
		from string
	}{
		{&a.Macros.ClickID, t.Macros.ClickID}, {&a.Macros.Payout, t.Macros.Payout}, {&a.Macros.Amount, t.Macros.Amount},
		{&a.Macros.Currency, t.Macros.Currency}, {&a.Macros.TxID, t.Macros.TxID}, {&a.Macros.Status, t.Macros.Status}, {&a.Macros.Goal, t.Macros.Goal},
	} {
		if *m.to == "" {
			*m.to = m.from
		}
	}
}

// defaultClickParam is the parameter an advertiser has when nothing else is said.
const defaultClickParam = "click_id"
