package console

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"sort"
	"strconv"
	"strings"

	"clickledger/internal/document/paper"
)

// files holds everything the browser gets: layout, components and pages, each with
// its template, style and script together, and the vendored libraries with their
// licences.
//
//go:embed ui
var files embed.FS

// vendored libraries, pinned by folder name.
const (
	htmxFile  = "ui/vendor/htmx-4.0.1/htmx.min.js"
	uplotFile = "ui/vendor/uplot-1.6.32/uPlot.iife.min.js"
	uplotCSS  = "ui/vendor/uplot-1.6.32/uPlot.min.css"
	iconsDir  = "ui/vendor/lucide-1.62.0/icons"
)

// asset is one file as it is served: under a name that changes with its content, so
// that it may be cached for ever.
type asset struct {
	url  string
	mime string
	raw  []byte
	gz   []byte
}

// assets are the served files by their plain name.
type assets struct {
	byName map[string]*asset
	byURL  map[string]*asset
	icons  map[string]template.HTML
}

// everywhere is the bundle of what every page needs.
const everywhere = "app"

// apart are the components that few pages need, by the bundle they are in instead: a
// page's name, or chart, which goes with uPlot.
var apart = map[string]string{"chart": "chart", "preview": "edit", "rows": "edit", "slots": "edit", "tokens": "edit", "deeplink": "panels"}

// bundleOf says which bundle a file of ours is in. What a page's folder holds is
// served to that page alone.
func bundleOf(p string) string {
	part := strings.Split(p, "/")
	if len(part) < 4 || part[1] == "layout" {
		return everywhere
	}
	if part[1] == "pages" {
		return part[2]
	}
	return cmp.Or(apart[part[2]], everywhere)
}

// loadAssets bundles the styles and the scripts: what every page needs, what single
// pages need besides, and the two libraries.
func loadAssets(fsys fs.FS) (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byURL: map[string]*asset{}, icons: map[string]template.HTML{}}
	css, err := bundles(fsys, ".css")
	if err != nil {
		return nil, err
	}
	js, err := bundles(fsys, ".js")
	if err != nil {
		return nil, err
	}
	chartCSS, err := fs.ReadFile(fsys, uplotCSS)
	if err != nil {
		return nil, fmt.Errorf("read uPlot styles: %w", err)
	}
	// Layer names are declared by the first style sheet; uPlot's own rules come
	// into the lowest one so that ours win.
	css[everywhere] = append([]byte("@layer vendor;\n"), css[everywhere]...)
	css["chart"] = append(css["chart"], []byte("@layer vendor {"+string(chartCSS)+"}\n")...)
	for name, b := range css {
		a.add(name+".css", "text/css; charset=utf-8", b)
	}
	for name, b := range js {
		a.add(name+".js", "text/javascript; charset=utf-8", b)
	}
	for name, file := range map[string]string{"htmx.js": htmxFile, "uplot.js": uplotFile} {
		b, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		a.add(name, "text/javascript; charset=utf-8", b)
	}
	icon, err := fs.ReadFile(fsys, "ui/layout/icon.svg")
	if err != nil {
		return nil, fmt.Errorf("read icon: %w", err)
	}
	a.add("icon.svg", "image/svg+xml", icon)
	a.add("paper.css", "text/css; charset=utf-8", paper.CSS)
	return a, a.loadIcons(fsys)
}

// loadIcons keeps the icons as HTML of our own making: they are part of the program,
// never data.
func (a *assets) loadIcons(fsys fs.FS) error {
	entries, err := fs.ReadDir(fsys, iconsDir)
	if err != nil {
		return fmt.Errorf("read icons: %w", err)
	}
	for _, e := range entries {
		b, err := fs.ReadFile(fsys, path.Join(iconsDir, e.Name()))
		if err != nil {
			return fmt.Errorf("read icon %s: %w", e.Name(), err)
		}
		name := strings.TrimSuffix(e.Name(), ".svg")
		a.icons[name] = template.HTML(`<svg class="i" viewBox="0 0 24 24" aria-hidden="true">` + strings.TrimSpace(string(b)) + `</svg>`)
	}
	return nil
}

// airless takes the spaces out of a line of CSS that mean nothing. No string of ours has
// any of these pairs in it.
var airless = strings.NewReplacer("; ", ";", "{ ", "{", " {", "{", " }", "}", ": ", ":", ", ", ",", ";}", "}")

// bundles joins the files with the extension, by their bundle: layout first, then
// components, then pages, each in the order of their paths.
func bundles(fsys fs.FS, ext string) (map[string][]byte, error) {
	var names []string
	err := fs.WalkDir(fsys, "ui", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ext || strings.HasPrefix(p, "ui/vendor/") {
			return err
		}
		names = append(names, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", ext, err)
	}
	room := func(p string) int {
		switch {
		case strings.HasPrefix(p, "ui/layout/"):
			return 0
		case strings.HasPrefix(p, "ui/components/"):
			return 1
		}
		return 2
	}
	sort.SliceStable(names, func(i, j int) bool {
		if a, b := room(names[i]), room(names[j]); a != b {
			return a < b
		}
		return names[i] < names[j]
	})
	out := map[string][]byte{}
	for _, n := range names {
		b, err := fs.ReadFile(fsys, n)
		if err != nil {
			return nil, fmt.Errorf("bundle %s: %w", n, err)
		}
		to := bundleOf(n)
		// Indentation and whole-line comments are for us, not for the browser. No file
		// has strings over several lines, so every line stands for itself.
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(line)
			if ext == ".css" {
				line = airless.Replace(line)
			}
			if line != "" && !strings.HasPrefix(line, "//") {
				out[to] = append(out[to], line+"\n"...)
			}
		}
	}
	return out, nil
}

func (a *assets) add(name, mime string, b []byte) {
	sum := sha256.Sum256(b)
	ext := path.Ext(name)
	as := &asset{mime: mime, raw: b, url: "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext}
	var z bytes.Buffer
	w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	_, err := w.Write(b)
	if err == nil && w.Close() == nil && z.Len() < len(b) {
		as.gz = z.Bytes()
	}
	a.byName[name] = as
	a.byURL[as.url] = as
}

// url gives the address of an asset by its plain name. A name nobody added is a bug
// that a template test finds.
func (a *assets) url(name string) (string, error) {
	as := a.byName[name]
	if as == nil {
		return "", fmt.Errorf("no asset %q", name)
	}
	return as.url, nil
}

func (a *assets) icon(name string) (template.HTML, error) {
	h, ok := a.icons[name]
	if !ok {
		return "", fmt.Errorf("no icon %q", name)
	}
	return h, nil
}

// ServeHTTP serves an asset for a year under its hashed name.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	as := a.byURL[r.URL.Path]
	if as == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", as.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Add("Vary", "Accept-Encoding")
	body := as.raw
	if as.gz != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = as.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
