package console

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// view is what every page template gets: the frame around it and its own data.
type view[T any] struct {
	Frame frame
	Page  T
}

// ui is every page's template, parsed once.
type ui struct {
	assets *assets
	pages  map[string]*template.Template
}

// defines finds template definitions, for [newUI]'s marks.
var defines = regexp.MustCompile(`\{\{-?\s*define "([^"]+)"\s*-?\}\}`)

// newUI parses layout and components once and each page on top of them. Tests pass
// mark to learn which templates ran; it is nil otherwise.
func newUI(fsys fs.FS, mark func(name string) string) (*ui, error) {
	a, err := loadAssets(fsys)
	if err != nil {
		return nil, err
	}
	u := &ui{assets: a, pages: map[string]*template.Template{}}
	funcs := template.FuncMap{"asset": a.url, "icon": a.icon, "mark": func(string) string { return "" }}
	if mark != nil {
		funcs["mark"] = mark
	}
	base := template.New("").Funcs(funcs)
	err = u.parse(base, fsys, mark != nil, "ui/layout/*.tmpl", "ui/components/*/*.tmpl")
	if err != nil {
		return nil, err
	}
	dirs, err := fs.ReadDir(fsys, "ui/pages")
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	for _, d := range dirs {
		t, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("clone templates: %w", err)
		}
		err = u.parse(t, fsys, mark != nil, "ui/pages/"+d.Name()+"/*.tmpl")
		if err != nil {
			return nil, err
		}
		_, err = t.New("own").Parse(a.own(d.Name()))
		if err != nil {
			return nil, fmt.Errorf("link the files of %s: %w", d.Name(), err)
		}
		u.pages[d.Name()] = t
	}
	return u, nil
}

// own is the head's links to the bundles of one page, made of hashed names alone.
func (a *assets) own(page string) string {
	s := ""
	if as := a.byName[page+".css"]; as != nil {
		s += `<link rel="stylesheet" href="` + as.url + `">`
	}
	if as := a.byName[page+".js"]; as != nil {
		s += `<script src="` + as.url + `" defer></script>`
	}
	return s
}

// parse adds the files of the patterns. With marks, every definition begins by
// telling its name.
func (u *ui) parse(t *template.Template, fsys fs.FS, marks bool, patterns ...string) error {
	for _, p := range patterns {
		names, err := fs.Glob(fsys, p)
		if err != nil {
			return fmt.Errorf("find templates: %w", err)
		}
		for _, name := range names {
			b, err := fs.ReadFile(fsys, name)
			if err != nil {
				return fmt.Errorf("read template: %w", err)
			}
			text := string(b)
			if marks {
				page := ""
				if strings.HasPrefix(name, "ui/pages/") {
					page = path.Base(path.Dir(name)) + "/"
				}
				text = defines.ReplaceAllString(text, `$0{{mark "`+page+`$1"}}`)
			}
			_, err = t.New(name).Parse(text)
			if err != nil {
				return fmt.Errorf("parse %s: %w", name, err)
			}
		}
	}
	return nil
}

// render executes a page into memory, so that a failure never leaves half a page.
func (u *ui) render(layout, page string, data any) ([]byte, error) {
	t := u.pages[page]
	if t == nil {
		return nil, fmt.Errorf("no page %q", page)
	}
	var buf bytes.Buffer
	err := t.ExecuteTemplate(&buf, layout, data)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", page, err)
	}
	return buf.Bytes(), nil
}
