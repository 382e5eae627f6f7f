package api_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

func picture(t *testing.T, width, height int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White})); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCreatives: an image is uploaded as it is, becomes a banner, and the banner gives its
// HTML for a link of its offer, and for no other.
func TestCreatives(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	theirs := w.shop(w.otherWrite, w.other)
	img := w.call(w.writer, "POST", "/images", picture(t, 300, 250), "Content-Type", "image/png").want(201)
	if img.text("type") != "image/png" || img.get("width") != 300.0 || img.get("height") != 250.0 {
		t.Errorf("image %s", img.body)
	}
	hash := img.text("hash")
	if again := w.call(w.writer, "POST", "/images", picture(t, 300, 250), "Content-Type", "application/octet-stream").want(201); again.text("hash") != hash {
		t.Errorf("again %s", again.body)
	}
	offer := `"offer":"` + s.ids["offers"] + `"`
	c := w.call(w.writer, "POST", "/creatives", `{`+offer+`,"name":"Sale","image":"`+hash+`"}`).want(201)
	id := c.text("id")
	if c.text("image_url") != "https://track.example/b/"+id+"/"+hash[:12]+".png" || c.get("image_width") != 300.0 || c.text("type") != "banner" || c.text("status") != "active" {
		t.Errorf("creative %s", c.body)
	}
	html := w.call(w.reader, "GET", "/creatives/"+id+"/snippets?link="+s.ids["links"], "").want(200)
	if html.text("data.0.id") != "banner" || !strings.Contains(html.text("data.0.text"), "?cr="+id) || !strings.Contains(html.text("data.0.text"), "https://track.example/b/"+id+"/") {
		t.Errorf("snippets %s", html.body)
	}
	for _, link := range []string{theirs.ids["links"], "lnk_0", ""} {
		if a := w.call(w.reader, "GET", "/creatives/"+id+"/snippets?link="+link, "").want(422); a.rules()["link"] == "" {
			t.Errorf("with the link %q: %s", link, a.body)
		}
	}
	for name, test := range map[string]struct {
		body, rule string
		status     int
	}{
		"SVG":      {`<svg xmlns="http://www.w3.org/2000/svg"/>`, "image_type", 422},
		"a bomb":   {picture(t, 4000, 4000), "image_pixels", 422},
		"too long": {strings.Repeat("x", 300_000), "", 413},
		"one over": {picture(t, 5, 5) + strings.Repeat("x", 200_001), "", 413},
	} {
		a := w.call(w.writer, "POST", "/images", test.body, "Content-Type", "image/png")
		if a.status != test.status || a.rules()["image"] != test.rule {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	// Another workspace has neither the image nor the creative.
	a := w.call(w.otherWrite, "POST", "/creatives", `{"offer":"`+theirs.ids["offers"]+`","name":"Sale","image":"`+hash+`"}`).want(422)
	if a.rules()["image"] != "unknown_reference" {
		t.Errorf("with a foreign image: %s", a.body)
	}
	if a := w.call(w.writer, "PATCH", "/creatives/"+id, `{"image":"`+strings.Repeat("0", 64)+`"}`).want(422); a.rules()["image"] != "immutable" {
		t.Errorf("another image: %s", a.body)
	}
	w.call(w.writer, "POST", "/creatives/"+id+"/archive", "").want(200)
	if l := w.call(w.reader, "GET", "/creatives?offer="+s.ids["offers"]+"&type=banner", "").want(200); strings.Contains(string(l.body), id) {
		t.Errorf("archived, but listed: %s", l.body)
	}
}
