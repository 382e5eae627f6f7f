package catalog_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

// picture is a PNG of the size.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpPicture is a lossless WebP of one pixel.
const webpPicture = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

// TestUpload: what an image is says its content, and what would cost memory or run on
// somebody's page is refused before it is decoded.
func TestUpload(t *testing.T) {
	s := newShelf(t)
	var g, j bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, 7, 5), color.Palette{color.White, color.Black})
	if err := errors.Join(gif.EncodeAll(&g, &gif.GIF{Image: []*image.Paletted{m, m}, Delay: []int{1, 1}}), jpeg.Encode(&j, m, nil)); err != nil {
		t.Fatal(err)
	}
	for media, data := range map[string][]byte{"image/png": picture(t, 7, 5), "image/gif": g.Bytes(), "image/jpeg": j.Bytes(), "image/webp": []byte(webpPicture)} {
		img, err := s.Upload(t.Context(), owner, s.ws, data)
		if err != nil {
			t.Errorf("%s: %v", media, err)
			continue
		}
		if media != "image/webp" && (img.Width != 7 || img.Height != 5) || img.Type != media || len(img.Hash) != 64 {
			t.Errorf("%s: %+v", media, img)
		}
		again, err := s.Image(t.Context(), owner, s.ws, img.Hash)
		if err != nil || !bytes.Equal(again.Data, data) {
			t.Errorf("%s is kept as %v, %v", media, again, err)
		}
	}
	bomb := picture(t, 4000, 4000) // 2 kB of file, 16 million pixels
	truncated := picture(t, 200, 200)
	truncated = truncated[:len(truncated)-20]
	var tall bytes.Buffer
	if err := png.Encode(&tall, image.NewPaletted(image.Rect(0, 0, 1, 4097), color.Palette{color.White})); err != nil {
		t.Fatal(err)
	}
	large := append(picture(t, 7, 5), make([]byte, catalog.MaxImageBytes)...)
	for name, test := range map[string]struct {
		data []byte
		rule string
	}{
		"nothing":           {nil, "required"},
		"SVG":               {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "image_type"},
		"SVG behind a mark": {[]byte("\ufeff \n<?xml version=\"1.0\"?><svg/>"), "image_type"},
		"HTML":              {[]byte("<!doctype html><script>alert(1)</script>"), "image_type"},
		"text":              {[]byte("GIF"), "image_type"},
		"a zip":             {[]byte("PK\x03\x04aaaaaaaaaaaaaa"), "image_type"},
		"a head alone":      {[]byte("GIF89a"), "image_broken"},
		"a head and more":   {[]byte("\x89PNG\r\n\x1a\n<script>"), "image_broken"},
		"cut short":         {truncated, "image_broken"},
		"a cut WebP":        {[]byte(webpPicture[:22]), "image_broken"},
		"a bomb":            {bomb, "image_pixels"},
		"very tall":         {tall.Bytes(), "image_pixels"},
		"large":             {large, "image_too_large"},
	} {
		_, err := s.Upload(t.Context(), owner, s.ws, test.data)
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != "image" || bad.Fields[0].Rule != test.rule {
			t.Errorf("%s: %v, want %s", name, err, test.rule)
		}
	}
	if len(bomb) > catalog.MaxImageBytes {
		t.Errorf("the bomb has %d bytes: it shows nothing", len(bomb))
	}
	if _, err := s.Upload(t.Context(), nowhere, s.ws, picture(t, 7, 5)); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("by a stranger: %v", err)
	}
}

func TestCreatives(t *testing.T) {
	s := newShelf(t)
	pub := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Status: catalog.StatusActive}).Base().ID
	d := offerDoc()
	d.Workspace, d.DeepLinks = s.ws, []string{".shop.example"}
	shoes := s.create(d).Base().ID
	boots := s.program("", pub)
	img, err := s.Upload(t.Context(), owner, s.ws, picture(t, 300, 250))
	if err != nil {
		t.Fatal(err)
	}
	banner := func(change func(d *catalog.CreativeDoc)) *catalog.CreativeDoc {
		d := catalog.NewDoc(catalog.KindCreative).(*catalog.CreativeDoc)
		d.Workspace, d.Offer, d.Name, d.Image = s.ws, shoes, "Sale", img.Hash
		change(d)
		return d
	}
	text := func(change func(d *catalog.CreativeDoc)) *catalog.CreativeDoc {
		return banner(func(d *catalog.CreativeDoc) {
			d.Type, d.Image, d.Headline = catalog.CreativeText, "", "Shoes"
			change(d)
		})
	}
	c := s.create(banner(func(d *catalog.CreativeDoc) {
		d.Image, d.URL = strings.ToUpper(img.Hash), "HTTPS://www.Shop.example:443/sale"
	})).(*catalog.Creative)
	if c.Image != img.Hash || c.ImageType != "image/png" || c.ImageWidth != 300 || c.ImageHeight != 250 || c.ImageSize != img.Size || c.URL != "https://www.shop.example/sale" || !strings.HasPrefix(c.ID, "cre_") {
		t.Errorf("creative %+v", c)
	}
	if p := c.ImagePath(); p != "/b/"+c.ID+"/"+img.Hash[:12]+".png" {
		t.Errorf("image path %s", p)
	}
	s.create(text(func(d *catalog.CreativeDoc) {}))
	for name, test := range map[string]struct {
		doc         *catalog.CreativeDoc
		field, rule string
	}{
		"no name":                 {banner(func(d *catalog.CreativeDoc) { d.Name = " " }), "name", "required"},
		"no image":                {banner(func(d *catalog.CreativeDoc) { d.Image = "" }), "image", "required"},
		"an image of nobody":      {banner(func(d *catalog.CreativeDoc) { d.Image = strings.Repeat("0", 64) }), "image", "unknown_reference"},
		"a banner with words":     {banner(func(d *catalog.CreativeDoc) { d.Headline = "x" }), "headline", "not_allowed"},
		"a text with an image":    {text(func(d *catalog.CreativeDoc) { d.Image = img.Hash }), "image", "not_allowed"},
		"a text without headline": {text(func(d *catalog.CreativeDoc) { d.Headline = "" }), "headline", "required"},
		"a headline of two lines": {text(func(d *catalog.CreativeDoc) { d.Headline = "a\nb" }), "headline", "characters"},
		"another host":            {banner(func(d *catalog.CreativeDoc) { d.URL = "https://shop.example.evil.example/" }), "url", "deep_link_denied"},
		"a script":                {banner(func(d *catalog.CreativeDoc) { d.URL = "javascript:alert(1)" }), "url", "deep_link_invalid"},
		"no hosts at all":         {banner(func(d *catalog.CreativeDoc) { d.Offer, d.URL = boots, "https://shop.example/" }), "url", "deep_link_denied"},
		"no such offer":           {banner(func(d *catalog.CreativeDoc) { d.Offer = "off_x" }), "offer", "unknown_reference"},
		"another type":            {banner(func(d *catalog.CreativeDoc) { d.Type = "video" }), "type", "not_one_of"},
	} {
		_, _, err := s.Create(t.Context(), owner, test.doc, catalog.Idempotency{})
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != test.field || bad.Fields[0].Rule != test.rule {
			t.Errorf("%s: %v, want %s on %s", name, err, test.rule, test.field)
		}
	}
	for field, d := range map[string]*catalog.CreativeDoc{
		"offer": banner(func(d *catalog.CreativeDoc) { d.Offer = boots }),
		"image": banner(func(d *catalog.CreativeDoc) { d.Image = strings.Repeat("1", 64) }),
		"type":  text(func(d *catalog.CreativeDoc) { d.Image = img.Hash }),
	} {
		_, err := s.Update(t.Context(), owner, s.ws, c.ID, 0, d)
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || bad.Fields[0].Field != field || bad.Fields[0].Rule != "immutable" {
			t.Errorf("another %s: %v", field, err)
		}
	}
	e, err := s.Update(t.Context(), owner, s.ws, c.ID, 0, banner(func(d *catalog.CreativeDoc) { d.Name = "Sale 2" }))
	if err != nil || e.(*catalog.Creative).ImageWidth != 300 || e.(*catalog.Creative).URL != "" {
		t.Errorf("changed to %+v, %v", e, err)
	}
}

// TestPublisherCreatives: a publisher sees the creatives in use of the offers it may run,
// and takes them with its own links alone. Everything else is as if it were not there.
func TestPublisherCreatives(t *testing.T) {
	s := newShelf(t)
	publisher := func(name string) string {
		return s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: name, Status: catalog.StatusActive}).Base().ID
	}
	pub, stranger := publisher("Blog"), publisher("Stranger")
	shoes, boots := s.program("", pub), s.program("", pub)
	link := func(offer string) string {
		return s.create(&catalog.LinkDoc{Workspace: s.ws, Offer: offer, Publisher: pub, Status: catalog.StatusActive}).Base().ID
	}
	mine, other := link(shoes), link(boots)
	house := s.create(&catalog.LinkDoc{Workspace: s.ws, Offer: shoes, Status: catalog.StatusActive}).Base().ID
	img, err := s.Upload(t.Context(), owner, s.ws, picture(t, 300, 250))
	if err != nil {
		t.Fatal(err)
	}
	c := s.create(&catalog.CreativeDoc{Workspace: s.ws, Offer: shoes, Name: "Sale", Type: catalog.CreativeBanner, Image: img.Hash, Status: catalog.StatusActive}).Base().ID
	paused := s.create(&catalog.CreativeDoc{Workspace: s.ws, Offer: shoes, Name: "x", Type: catalog.CreativeText, Headline: "x", Status: catalog.StatusPaused}).Base().ID
	gone := s.create(&catalog.CreativeDoc{Workspace: s.ws, Offer: shoes, Name: "y", Type: catalog.CreativeText, Headline: "y", Status: catalog.StatusActive}).Base().ID
	if _, err := s.Archive(t.Context(), owner, catalog.KindCreative, s.ws, gone, 0, true); err != nil {
		t.Fatal(err)
	}
	list, err := s.PublisherCreatives(t.Context(), s.ws, pub, shoes)
	if err != nil || len(list) != 1 || list[0].ID != c {
		t.Errorf("the publisher's creatives: %v, %v", list, err)
	}
	if got, err := s.PublisherImage(t.Context(), s.ws, pub, c); err != nil || got.Hash != img.Hash {
		t.Errorf("its image: %v, %v", got, err)
	}
	if got, err := s.PublisherSnippets(t.Context(), s.ws, pub, "https://trk.example", c, mine); err != nil || len(got) != 4 {
		t.Errorf("its snippets: %v, %v", got, err)
	}
	snippets := func(publisher, creative, link string) error {
		_, err := s.PublisherSnippets(t.Context(), s.ws, publisher, "https://trk.example", creative, link)
		return err
	}
	of := func(ws, publisher, offer string) error {
		_, err := s.PublisherCreatives(t.Context(), ws, publisher, offer)
		return err
	}
	image := func(publisher, creative string) error {
		_, err := s.PublisherImage(t.Context(), s.ws, publisher, creative)
		return err
	}
	for name, err := range map[string]error{
		"an offer it may not run": of(s.ws, stranger, shoes), "nobody's": of(s.ws, "", shoes), "another workspace's": of("ws_elsewhere", pub, shoes),
		"no offer": of(s.ws, pub, "off_x"), "a stranger's image": image(stranger, c), "a paused one's image": image(pub, paused),
		"a stranger's snippets": snippets(stranger, c, mine), "the link of another offer": snippets(pub, c, other), "a link of the house": snippets(pub, c, house),
		"a paused one": snippets(pub, paused, mine), "an archived one": snippets(pub, gone, mine), "no link": snippets(pub, c, "lnk_x"),
	} {
		if !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
}

// TestSnippets: what is pasted into somebody's page says what it should, and nothing an
// operator typed leaves its place there.
func TestSnippets(t *testing.T) {
	l := &catalog.Link{Key: "abc"}
	hostile := `"><script>alert('1')</script>&`
	c := &catalog.Creative{Meta: catalog.Meta{ID: "cre_1"}, Name: hostile, Type: catalog.CreativeBanner, Image: strings.Repeat("ab", 32), ImageType: "image/gif", ImageWidth: 300, ImageHeight: 250}
	byID := func(c *catalog.Creative) map[string]string {
		out := map[string]string{}
		for _, s := range catalog.Snippets("https://trk.example/", l, c) {
			out[s.ID] = s.Text
			if s.ID != "link" && s.ID != "pixel" && (strings.Contains(s.Text, "<script") || strings.Contains(s.Text, "'")) {
				t.Errorf("%s lets markup through: %s", s.ID, s.Text)
			}
		}
		return out
	}
	got := byID(c)
	alt := `alt="&#34;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"`
	want := map[string]string{
		"banner": `<a href="https://trk.example/c/abc?cr=cre_1" rel="sponsored"><img src="https://trk.example/b/cre_1/abababababab.gif" width="300" height="250" ` + alt + `></a>` +
			`<img src="https://trk.example/i/abc/cre_1.gif" width="1" height="1" alt="">`,
		"counted": `<a href="https://trk.example/c/abc?cr=cre_1" rel="sponsored"><img src="https://trk.example/i/abc/cre_1.png" width="300" height="250" ` + alt + `></a>`,
		"link":    "https://trk.example/c/abc?cr=cre_1", "pixel": "https://trk.example/i/abc/cre_1.gif",
	}
	for id, text := range want {
		if got[id] != text {
			t.Errorf("%s:\n%s\nwant\n%s", id, got[id], text)
		}
	}
	got = byID(&catalog.Creative{Meta: catalog.Meta{ID: "cre_2"}, Type: catalog.CreativeText, Headline: hostile, Body: hostile, CallToAction: hostile})
	if !strings.HasPrefix(got["text"], `<p><a href="https://trk.example/c/abc?cr=cre_2" rel="sponsored"><b>&#34;&gt;&lt;script&gt;`) || strings.Count(got["text"], "</a>") != 2 || len(got) != 3 {
		t.Errorf("text: %v", got)
	}
}
