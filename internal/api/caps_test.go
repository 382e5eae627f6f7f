package api_test

import (
	"testing"

	"clickledger/internal/api"
)

// What the caps of an offer have used is read with the offer's own numbers, and the door
// is the offer's: who may read the one may read the other.
func TestOfferCaps(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	path := "/offers/" + s.ids["offers"]
	if rows := w.call(w.reader, "GET", path+"/caps", "").want(200).get("data").([]any); len(rows) != 0 {
		t.Fatalf("%v", rows)
	}
	w.call(w.writer, "PATCH", path, `{"cap_time_zone":"Europe/Berlin","cap_warn":50,"caps":[
		{"event":"conversions","period":"daily","limit":2},{"event":"clicks","period":"total","limit":0},{"event":"conversions","period":"monthly","limit":9,"publisher":"each"}]}`).want(200)
	rows := w.call(w.reader, "GET", path+"/caps", "").want(200).get("data").([]any)
	if len(rows) != 3 {
		t.Fatalf("%v", rows)
	}
	for i, want := range []map[string]any{
		{"event": "conversions", "period": "daily", "limit": 2.0, "warn_percent": 50.0, "time_zone": "Europe/Berlin",
			"start": "2026-11-01T00:00:00+01:00", "end": "2026-11-02T00:00:00+01:00", "reason": "cap_conversions_daily", "provisional": false},
		{"event": "clicks", "period": "total", "state": "zero", "percent": 100.0, "start": nil, "end": nil, "reason": "cap_zero"},
		{"period": "monthly", "publisher": "each", "start": "2026-11-01T00:00:00+01:00", "end": "2026-12-01T00:00:00+01:00"},
	} {
		got := rows[i].(map[string]any)
		for field, v := range want {
			if got[field] != v {
				t.Errorf("cap %d: %s is %v, want %v", i, field, got[field], v)
			}
		}
	}
	w.call(w.writer, "POST", path+"/caps", "{}").want(405)
	w.call(w.reader, "GET", path+"/caps?window=day", "").want(422)

	w.options.Caps = nil
	w.handler = api.New(w.options)
	if a := w.call(w.reader, "GET", path+"/caps", ""); a.status != 404 && a.status != 501 && a.status != 503 {
		t.Errorf("without a watcher: %d %s", a.status, a.body)
	}
}
