package storetest

import (
	"bytes"
	"testing"

	"clickledger/internal/catalog"
)

// testImages: the bytes of an image survive, once per workspace, and go when no creative
// has them and they are old.
func testImages(t *testing.T, s *Stores) {
	data := make([]byte, 256*500)
	for i := range data {
		data[i] = byte(i)
	}
	img := func(ws, hash string, created int64) *catalog.Image {
		return &catalog.Image{Workspace: ws, Hash: hash, Type: "image/png", Width: 300, Height: 250, Size: int64(len(data)), Created: created, Data: data}
	}
	have := func(ws, hash string) bool {
		t.Helper()
		got, err := s.Catalog.Image(ctx, ws, hash)
		if err != nil {
			wantErr(t, err, catalog.ErrNotFound)
			return false
		}
		if !bytes.Equal(got.Data, data) || got.Type != "image/png" || got.Width != 300 || got.Height != 250 || got.Size != int64(len(data)) {
			t.Errorf("image %s: %+v", hash, got)
		}
		return true
	}
	if have(home, "a") {
		t.Error("an image before there is one")
	}
	for _, i := range []*catalog.Image{img(home, "a", 100), img(home, "b", 100), img(home, "a", 300), img("ws_elsewhere", "c", 100)} {
		must(t, s.Catalog.PutImage(ctx, i, 0))
	}
	if !have(home, "a") || !have(home, "b") || have(home, "c") || have("ws_elsewhere", "a") {
		t.Error("images are not where they were put")
	}
	put(t, s, &catalog.Offer{Meta: catalog.Meta{ID: id("off", 1), Workspace: home}},
		&catalog.Creative{Meta: catalog.Meta{ID: id("cre", 1), Workspace: home, Archived: true}, Offer: id("off", 1), Image: "used"})
	must(t, s.Catalog.PutImage(ctx, img(home, "used", 100), 0))
	// An old one goes, unless it was uploaded again or a creative has it, archived or not.
	must(t, s.Catalog.PutImage(ctx, img(home, "d", 400), 200))
	for hash, want := range map[string]bool{"a": true, "b": false, "d": true, "used": true} {
		if have(home, hash) != want {
			t.Errorf("image %s: there = %v, want %v", hash, !want, want)
		}
	}
	if !have("ws_elsewhere", "c") {
		t.Error("another workspace's image was dropped")
	}
}
