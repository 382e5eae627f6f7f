package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fetch asks the tracking host for a path.
func (s *server) fetch(path string) (int, http.Header, string) {
	s.t.Helper()
	res, err := browser.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// TestCreativesOverHTTP: a banner is uploaded, served, counted, clicked and bought
// through; log and facts agree about its impressions, also after a restart and after the
// facts were built anew.
func TestCreativesOverHTTP(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	m := s.market()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewPaletted(image.Rect(0, 0, 300, 250), color.Palette{color.White})); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/v1/images?workspace="+m.workspace, bytes.NewReader(picture.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	req.Header.Set("Content-Type", "image/png")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var img struct{ Hash string }
	if err := json.NewDecoder(res.Body).Decode(&img); err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("upload: %s, %v", res.Status, err)
	}
	c := s.api("POST", "/creatives", map[string]any{"workspace": m.workspace, "offer": m.offer, "name": "Sale", "image": img.Hash})
	id := fmt.Sprint(c["id"])
	served := strings.TrimPrefix(fmt.Sprint(c["image_url"]), "http://track.example")
	if status, h, body := s.fetch(served); status != 200 || h.Get("Content-Type") != "image/png" || body != picture.String() {
		t.Errorf("the image: %d %v", status, h)
	}
	key := strings.TrimPrefix(m.link, "/c/")
	for range 5 {
		if status, h, _ := s.fetch("/i/" + key + "/" + id + ".gif"); status != 200 || h.Get("Set-Cookie") != "" {
			t.Errorf("the pixel: %d %v", status, h)
		}
	}
	if status, h, _ := s.fetch("/i/" + key + "/" + id + ".png"); status != 302 || h.Get("Location") != served {
		t.Errorf("the counted image: %d %v", status, h)
	}
	s.fetch("/i/" + key + "/cre_nothing.gif")
	s.app.edge.Flush(t.Context())
	click, err := s.click(m.link + "?cr=" + id)
	if err != nil || click == "" {
		t.Fatalf("click: %q, %v", click, err)
	}
	s.mustBuy(m, click, "C-1")
	s.traffic(m, "other", 3)
	wantVerified(t, s.app)
	want := `[["",0,3,1],["` + id + `",6,1,1]]`
	numbers := func(a *App) string {
		t.Helper()
		res, err := a.facts.Query(t.Context(), `SELECT creative, CAST(sum(impressions) AS BIGINT), CAST(sum(clicks) AS BIGINT), CAST(sum(conversions) AS BIGINT) FROM facts
			GROUP BY creative ORDER BY creative`)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(res.Rows)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := numbers(s.app); got != want {
		t.Errorf("facts %s, want %s", got, want)
	}
	report := s.api("POST", "/reports?workspace="+m.workspace, map[string]any{"dimensions": []string{"creative"}, "metrics": []string{"impressions", "clicks", "click_rate"},
		"from": time.Now().Add(-24 * time.Hour), "to": time.Now().Add(24 * time.Hour)})
	if b, _ := json.Marshal(report); !strings.Contains(string(b), `"16.67"`) || !strings.Contains(string(b), "null") || !strings.Contains(string(b), "Sale") {
		t.Errorf("report %s, want the rate of one and none of the other", b)
	}
	// What was counted when the server stops is written.
	s.fetch("/i/" + key + "/" + id + ".gif")
	s.stop()
	inspect(t, data, m)
	if err := os.RemoveAll(filepath.Join(data, "facts")); err != nil {
		t.Fatal(err)
	}
	s = start(t, data)
	s.caughtUp()
	wantVerified(t, s.app)
	if got := numbers(s.app); got != strings.Replace(want, `",6,`, `",7,`, 1) {
		t.Errorf("built anew: %s, after %s", got, want)
	}
	s.api("POST", "/creatives/"+id+"/archive?workspace="+m.workspace, nil)
	if status, _, _ := s.fetch(served); status != http.StatusGone {
		t.Errorf("an archived image answers %d", status)
	}
}
