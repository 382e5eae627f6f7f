package edge

import (
	"container/list"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"clickledger/internal/catalog"
	"clickledger/internal/routing"
)

// Bounds of the images in memory, and of the reads that bring them there at once.
const (
	maxBannerBytes = 32 << 20
	maxBannerReads = 4
)

// bannerLife lets browsers keep an image for good: another image has another URL.
var (
	bannerLife   = []string{"public, max-age=31536000, immutable"}
	bannerPolicy = []string{"default-src 'none'; style-src 'unsafe-inline'; sandbox"}
	gonePage     = newPage(http.StatusGone, "This image is no longer in use", "It was taken out of use. Please ask for another one.")
	busyPage     = newPage(http.StatusServiceUnavailable, "This image is not available at the moment", "Please try again.")
)

// banner answers /b/{creative}/{hash}.{ext} with the image of a banner: 404 for what was
// never one, 410 for one that was archived. A paused one is still shown where it is.
func (e *Edge) banner(w http.ResponseWriter, r *http.Request, on *routing.Domain, rest string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		e.metrics.bannerMethod.Inc()
		w.Header()["Allow"] = allowLink
		e.page(w, r, methodPage)
		return
	}
	id, _, _ := strings.Cut(rest, "/")
	c := e.holder.Load().Banner(id)
	switch {
	case c == nil || on != nil && on.Domain.Workspace != c.Workspace || c.Image == "" || c.ImagePath() != catalog.BannerPath+rest:
		e.metrics.bannerUnknown.Inc()
		e.page(w, r, notFoundPage)
		return
	case c.Archived:
		e.metrics.bannerGone.Inc()
		e.page(w, r, gonePage)
		return
	}
	h := w.Header()
	etag := `"` + c.Image + `"`
	if matches(first(r.Header, "If-None-Match"), etag) {
		e.metrics.bannerFresh.Inc()
		h["Etag"], h["Cache-Control"] = []string{etag}, bannerLife
		w.WriteHeader(http.StatusNotModified)
		return
	}
	data, err := e.banners.get(r.Context(), c)
	if err != nil {
		e.metrics.bannerFailed.Inc()
		if r.Context().Err() == nil {
			e.complain(e.now(), "the image of a banner could not be read", err)
		}
		h["Retry-After"] = retryAfter
		e.page(w, r, busyPage)
		return
	}
	e.metrics.bannerOK.Inc()
	h["Etag"], h["Cache-Control"] = []string{etag}, bannerLife
	h["Content-Type"] = []string{c.ImageType}
	h["Content-Length"] = []string{strconv.Itoa(len(data))}
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = bannerPolicy
	h["Cross-Origin-Resource-Policy"] = crossOrigin
	h["X-Robots-Tag"] = noIndex
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // the page was left
	}
}

// matches reports whether an If-None-Match names the tag.
func matches(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

// banners keeps the images that were asked for last, up to maxBannerBytes. Only images of
// the catalog are read, each once for all who wait for it. It is safe for concurrent use.
type banners struct {
	read   func(ctx context.Context, workspace, hash string) ([]byte, error)
	slots  chan struct{}
	flight singleflight.Group

	mu    sync.Mutex
	bytes int                      // guarded by mu, as is the rest
	byKey map[string]*list.Element // of bannerEntry
	order *list.List               // the latest in front
}

type bannerEntry struct {
	key  string
	data []byte
}

var errNoBanners = errors.New("this edge serves no images")

func newBanners(read func(ctx context.Context, workspace, hash string) ([]byte, error)) *banners {
	if read == nil {
		read = func(context.Context, string, string) ([]byte, error) { return nil, errNoBanners }
	}
	return &banners{read: read, slots: make(chan struct{}, maxBannerReads), byKey: map[string]*list.Element{}, order: list.New()}
}

func (b *banners) get(ctx context.Context, c *catalog.Creative) ([]byte, error) {
	key := c.Workspace + "/" + c.Image
	if data := b.find(key); data != nil {
		return data, nil
	}
	done := b.flight.DoChan(key, func() (any, error) {
		// Whoever asked first may leave: the others still wait.
		b.slots <- struct{}{}
		defer func() { <-b.slots }()
		data, err := b.read(context.WithoutCancel(ctx), c.Workspace, c.Image)
		if err == nil {
			b.keep(key, data)
		}
		return data, err
	})
	select {
	case res := <-done:
		data, _ := res.Val.([]byte)
		return data, res.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *banners) find(key string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.byKey[key]
	if at == nil {
		return nil
	}
	b.order.MoveToFront(at)
	return at.Value.(bannerEntry).data
}

func (b *banners) keep(key string, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byKey[key] != nil || len(data) > maxBannerBytes {
		return
	}
	b.byKey[key] = b.order.PushFront(bannerEntry{key, data})
	b.bytes += len(data)
	for b.bytes > maxBannerBytes {
		last := b.order.Back()
		old := last.Value.(bannerEntry)
		b.order.Remove(last)
		delete(b.byKey, old.key)
		b.bytes -= len(old.data)
	}
}
