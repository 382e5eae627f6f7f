package catalog

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

// PostbackPreset is what is known of a tracker that publishers use: how its postback URL is
// written.
type PostbackPreset struct {
	ID     string `json:"id" doc:"What preset says."`
	Name   string `json:"name" doc:"The tracker."`
	Method string `json:"method" doc:"GET or POST."`
	URL    string `json:"url" doc:"The postback URL; what is written in capitals, and the host, are to be replaced by the tracker's own."`
	Link   string `json:"link" doc:"What to append to tracking links, so that the tracker's click id arrives; empty: nothing."`
	Notes  string `json:"notes" doc:"What to know when setting it up."`
	Source string `json:"source" doc:"Where the facts are from."`
}

// presetHoles are what a preset's URL leaves to be filled in: saved with one, it would
// never reach anybody.
var presetHoles = []string{"your-tracker.example", "YOUR-KEY"}

//go:embed presets.json
var presetsJSON []byte

var postbackPresets = sync.OnceValue(func() []PostbackPreset {
	var out []PostbackPreset
	err := json.Unmarshal(presetsJSON, &out)
	if err != nil {
		panic("catalog: presets.json: " + err.Error()) // embedded and tested
	}
	return out
})

// PostbackPresets lists the presets: trackers, then the plain ones.
func PostbackPresets() []PostbackPreset { return slices.Clone(postbackPresets()) }

// FindPostbackPreset finds a preset by its id.
func FindPostbackPreset(id string) (PostbackPreset, bool) {
	for _, p := range postbackPresets() {
		if p.ID == id {
			return p, true
		}
	}
	return PostbackPreset{}, false
}
