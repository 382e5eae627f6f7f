package console

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

func pngOf(w *world, width, height int) []byte {
	w.t.Helper()
	var b bytes.Buffer
	w.must(png.Encode(&b, image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White})))
	return b.Bytes()
}

// banner is a banner of the first offer, made at first asking.
func (w *world) banner() *catalog.Creative {
	w.t.Helper()
	rows, err := w.cat.List(w.t.Context(), w.owner, catalog.Query{Kind: catalog.KindCreative, Workspace: w.ws.ID, Filter: map[string]string{"type": catalog.CreativeBanner}})
	w.must(err)
	if len(rows) > 0 {
		return rows[0].(*catalog.Creative)
	}
	img, err := w.cat.Upload(w.t.Context(), w.owner, w.ws.ID, pngOf(w, 300, 250))
	w.must(err)
	return make2[*catalog.Creative](w, &catalog.CreativeDoc{Offer: w.offs[0].ID, Name: w.offs[0].Name, Alt: w.offs[0].Name, Type: catalog.CreativeBanner, Image: img.Hash, Status: catalog.StatusActive})
}

// sendCreative posts the form of a new creative as a browser does.
func (w *world) sendCreative(fields map[string]string, file []byte) *http.Response {
	w.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("image", map[bool]string{true: "sale.png", false: ""}[file != nil])
	w.must(err)
	_, err = part.Write(file)
	w.must(err)
	for name, value := range fields {
		w.must(m.WriteField(name, value))
	}
	w.must(m.Close())
	r := httptest.NewRequest("POST", "http://console.test"+w.at("creatives/new"), &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: w.srv.sessionName(), Value: w.cookie})
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

// TestCreativeForm: errors stand beside their fields, an image that was taken is not asked
// for again, and what comes out can be pasted, seen and counted.
func TestCreativeForm(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	o := w.offs[0]
	if page := w.page(w.at("offers/" + o.ID)); !strings.Contains(page, "creatives/new?offer="+o.ID) {
		t.Error("the offer's page does not lead to a new creative")
	}
	fields := map[string]string{"offer": o.ID, "type": "banner", "name": "", "url": "https://evil.example/"}
	read := func(res *http.Response, status int) string {
		t.Helper()
		b, err := io.ReadAll(res.Body)
		w.must(err)
		if res.StatusCode != status {
			t.Fatalf("status %d, want %d: %s", res.StatusCode, status, text(string(b)))
		}
		return string(b)
	}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"none": {nil, "upload it first"}, "SVG": {[]byte("<svg/>"), "SVG and HTML can run scripts"}, "large": {make([]byte, 300_000), "larger than 200 kB"}, "huge": {make([]byte, 3<<20), "larger than 200 kB"}, "a bomb": {pngOf(w, 4000, 4000), "up to 4096 pixels a side"},
	} {
		page := read(w.sendCreative(fields, test.file), http.StatusUnprocessableEntity)
		if !strings.Contains(page, test.want) || !strings.Contains(page, `href="#f-image"`) || !strings.Contains(page, `href="#f-name"`) {
			t.Errorf("%s: %s", name, text(page))
		}
	}
	page := read(w.sendCreative(fields, pngOf(w, 300, 250)), http.StatusUnprocessableEntity)
	_, hash, _ := strings.Cut(page, `name="uploaded" value="`)
	hash, _, _ = strings.Cut(hash, `"`)
	if len(hash) != 64 || !strings.Contains(page, `src="/w/`+w.ws.ID+`/images/`+hash+`"`) || !strings.Contains(page, `href="#f-url"`) {
		t.Fatalf("the uploaded image is lost: %q %s", hash, text(page))
	}
	if res := w.request("GET", w.at("images/"+hash), nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/png" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("its preview: %d %v", res.StatusCode, res.Header)
	}
	fields["name"], fields["url"], fields["uploaded"] = "Sale", "https://shop.example/sale", hash
	res := w.sendCreative(fields, nil)
	read(res, http.StatusSeeOther)
	e := w.banner()
	if e.Name != "Sale" || e.Image != hash || e.URL != "https://shop.example/sale" || !strings.Contains(res.Header.Get("Location"), "creatives/"+e.ID) {
		t.Errorf("made %+v", e)
	}
	l := w.linkTo(o.ID)
	w.facts.rows = append(w.facts.rows, event.ImpressionFact(&event.Impression{ID: event.ClickID{1}, At: w.now.UnixMicro() - 1e6, Count: 1234, Dims: event.Dims{Workspace: w.ws.ID, Offer: o.ID, Link: l.ID, Creative: e.ID}}))
	page = w.page(w.at("creatives/"+e.ID) + "?link=" + l.ID)
	for _, want := range []string{`src="/w/` + w.ws.ID + `/creatives/` + e.ID + `/image"`, "&lt;a href=&#34;https://go.acme-affiliates.com/c/" + l.Key + "?cr=" + e.ID, count(1234), "300 × 250", l.ID} {
		if !strings.Contains(page, want) {
			t.Errorf("the creative's page lacks %s: %s", want, text(page))
		}
	}
	if page := w.page(w.at("offers/" + o.ID)); !strings.Contains(page, "creatives/"+e.ID) {
		t.Error("the offer's page does not have the creative")
	}
	text2 := map[string]string{"offer": o.ID, "type": "text", "name": "Words", "headline": `<b>"Shoes"`, "alt": "left over", "uploaded": hash}
	read(w.sendCreative(text2, nil), http.StatusSeeOther)
	if res := w.request("POST", w.at("creatives/"+e.ID+"/edit"), url.Values{"name": {"Sale 2"}, "image": {strings.Repeat("0", 64)}, "type": {"text"}, "status": {"paused"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("editing: %d", res.StatusCode)
	}
	if e := w.banner(); e.Name != "Sale 2" || e.Type != catalog.CreativeBanner || e.Image != hash || e.Status != catalog.StatusPaused {
		t.Errorf("changed to %+v", e)
	}
}

// linkTo is a link to an offer.
func (w *world) linkTo(offer string) *catalog.Link {
	for _, l := range w.lnks {
		if l.Offer == offer {
			return l
		}
	}
	w.t.Fatal("no link to the offer")
	return nil
}
