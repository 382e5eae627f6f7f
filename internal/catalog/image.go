package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"time"

	"clickledger/internal/account"

	"golang.org/x/image/webp"
)

// Image is the bytes of a banner, kept once per workspace under their hash.
type Image struct {
	Workspace     string
	Hash          string // SHA-256 of Data, hex
	Type          string // media type
	Width, Height int64  // pixels
	Size          int64  // bytes
	Created       int64  // when it was last uploaded, µs
	Data          []byte
}

// Bounds of an image. The pixels are what decoding costs memory for, whatever a small file
// claims: a few bytes can stand for gigabytes.
const (
	MaxImageBytes  = 200_000
	MaxImageSide   = 4096      // pixels
	MaxImagePixels = 2_500_000 // 1920 × 1080 is 2.1 million
)

// strayLife is how long an uploaded image may wait for its creative.
const strayLife = 24 * time.Hour

// decoding lets one image be decoded at a time: it bounds the memory that uploads take.
var decoding = make(chan struct{}, 1)

// imageFormat is a format banners may have. What a file is says its beginning, never its
// name or what its sender calls it.
type imageFormat struct {
	media, ext, begins string
	at                 int
	config             func(io.Reader) (image.Config, error)
	decode             func(io.Reader) (image.Image, error)
}

var imageFormats = []imageFormat{
	{"image/png", "png", "\x89PNG\r\n\x1a\n", 0, png.DecodeConfig, png.Decode},
	{"image/jpeg", "jpg", "\xff\xd8\xff", 0, jpeg.DecodeConfig, jpeg.Decode},
	{"image/gif", "gif", "GIF87a", 0, gif.DecodeConfig, gif.Decode}, // of an animation the first frame
	{"image/gif", "gif", "GIF89a", 0, gif.DecodeConfig, gif.Decode},
	{"image/webp", "webp", "WEBPVP8", 8, webp.DecodeConfig, webp.Decode},
}

// formatOf finds the format of a file by its beginning, nil when it is none of ours.
func formatOf(data []byte) *imageFormat {
	for i := range imageFormats {
		f := &imageFormats[i]
		if len(data) >= f.at+len(f.begins) && string(data[f.at:f.at+len(f.begins)]) == f.begins {
			return f
		}
	}
	return nil
}

// inspect finds out what an image is. It is decoded as a whole, once its head says that
// this is affordable, so that what is kept is an image and nothing that claims to be one.
// What is refused is [*Invalid] about the field image.
func inspect(data []byte) (*Image, error) {
	bad := &Invalid{}
	refuse := func(rule, value, msg string) (*Image, error) {
		bad.Add("image", rule, value, msg)
		return nil, bad
	}
	switch f := formatOf(data); {
	case len(data) == 0:
		return refuse(ruleRequired, "", "Choose an image.")
	case len(data) > MaxImageBytes:
		return refuse("image_too_large", "", fmt.Sprintf("The file is larger than %d kB.", MaxImageBytes/1000))
	case f == nil && bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n"), []byte("<")):
		return refuse("image_type", "", "SVG and HTML can run scripts on the pages that show them, and are not taken. Send a PNG, JPEG, GIF or WebP.")
	case f == nil:
		return refuse("image_type", "", "This is no PNG, JPEG, GIF or WebP image.")
	default:
		conf, err := f.config(bytes.NewReader(data))
		if err != nil {
			return refuse("image_broken", f.media, "The image cannot be read.")
		}
		if conf.Width < 1 || conf.Height < 1 || conf.Width > MaxImageSide || conf.Height > MaxImageSide || conf.Width*conf.Height > MaxImagePixels {
			return refuse("image_pixels", fmt.Sprintf("%d × %d", conf.Width, conf.Height),
				fmt.Sprintf("An image may have up to %d pixels a side and %.1f million in all.", MaxImageSide, MaxImagePixels/1e6))
		}
		decoding <- struct{}{}
		defer func() { <-decoding }()
		_, err = f.decode(bytes.NewReader(data))
		if err != nil {
			return refuse("image_broken", f.media, "The image cannot be decoded: the file is damaged, or an animated WebP.")
		}
		sum := sha256.Sum256(data)
		return &Image{Hash: hex.EncodeToString(sum[:]), Type: f.media, Width: int64(conf.Width), Height: int64(conf.Height), Size: int64(len(data)), Data: data}, nil
	}
}

// Upload keeps an image for a banner that is made next. Uploading it again is the same
// image. One that no creative has is dropped, a day later at the earliest.
func (s *Service) Upload(ctx context.Context, p account.Principal, workspace string, data []byte) (*Image, error) {
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	_, err := s.store.Get(ctx, KindWorkspace, workspace, workspace)
	if err != nil {
		return nil, err
	}
	img, err := inspect(data)
	if err != nil {
		return nil, err
	}
	now := s.now()
	img.Workspace, img.Created = workspace, now.UnixMicro()
	err = s.store.PutImage(ctx, img, now.Add(-strayLife).UnixMicro())
	if err != nil {
		return nil, err
	}
	return img, nil
}

// Image returns an uploaded image of the workspace by its hash.
func (s *Service) Image(ctx context.Context, p account.Principal, workspace, hash string) (*Image, error) {
	if !p.May(workspace, false) {
		return nil, ErrNotFound
	}
	return s.store.Image(ctx, workspace, hash)
}

// extOf is the extension under which images of the media type are served.
func extOf(media string) string {
	for i := range imageFormats {
		if imageFormats[i].media == media {
			return imageFormats[i].ext
		}
	}
	return ""
}

// ImageTypes lists the media types that images may have.
func ImageTypes() []string {
	var out []string
	for _, f := range imageFormats {
		if !slices.Contains(out, f.media) {
			out = append(out, f.media)
		}
	}
	return out
}
