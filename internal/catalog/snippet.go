package catalog

import (
	"fmt"
	"html"
	"net/url"
	"strings"
)

// Paths of a tracking host that show and count creatives, and the parameter by which a
// click says which creative it came through.
const (
	BannerPath     = "/b/"
	ImpressionPath = "/i/"
	CreativeParam  = "cr"
)

// hashShown is how much of an image's hash stands in its URL: enough that another image
// has another URL, so that browsers may keep it for ever.
const hashShown = 12

// ImagePath is where a tracking host serves the banner's image, "" for a text.
func (c *Creative) ImagePath() string {
	if len(c.Image) < hashShown {
		return ""
	}
	return BannerPath + c.ID + "/" + c.Image[:hashShown] + "." + extOf(c.ImageType)
}

// Snippet is something ready-made to copy.
type Snippet struct {
	ID    string // banner, counted, text, link, pixel
	Label string
	Text  string
	Help  string
}

// Snippets gives the ready-made HTML of a creative with a link: what to paste into a page.
// base is where the link is reached, without a slash at its end. Everything is escaped for
// where it stands; nothing of it runs.
func Snippets(base string, l *Link, c *Creative) []Snippet {
	base = strings.TrimRight(base, "/")
	key := url.PathEscape(l.Key)
	click := base + "/c/" + key + "?" + CreativeParam + "=" + url.QueryEscape(c.ID)
	counted := base + ImpressionPath + key + "/" + url.PathEscape(c.ID)
	pixel := counted + ".gif"
	tag := `<img src="` + html.EscapeString(pixel) + `" width="1" height="1" alt="">`
	anchor := func(inside string) string {
		return `<a href="` + html.EscapeString(click) + `" rel="sponsored">` + inside + `</a>`
	}
	var out []Snippet
	if c.Type == CreativeBanner {
		alt := c.Alt
		if alt == "" {
			alt = c.Name
		}
		img := func(src string) string {
			return fmt.Sprintf(`<img src="%s" width="%d" height="%d" alt="%s">`, html.EscapeString(src), c.ImageWidth, c.ImageHeight, html.EscapeString(alt))
		}
		out = append(out,
			Snippet{"banner", "Banner", anchor(img(base+c.ImagePath())) + tag, "The image is kept by browsers; the pixel behind it counts each time it is shown."},
			Snippet{"counted", "Banner in one piece", anchor(img(counted + ".png")), "For e-mails and pages that allow one image only: the image counts itself."})
	} else {
		text := anchor("<b>" + html.EscapeString(c.Headline) + "</b>")
		if c.Body != "" {
			text += "<br>" + html.EscapeString(c.Body)
		}
		if c.CallToAction != "" {
			text += "<br>" + anchor(html.EscapeString(c.CallToAction))
		}
		out = append(out, Snippet{"text", "Text", "<p>" + text + "</p>" + tag, "The pixel behind the text counts each time it is shown."})
	}
	return append(out,
		Snippet{"link", "Link", click, "For a design of your own: clicks through it count as the creative's."},
		Snippet{"pixel", "Counting pixel", pixel, "Load it wherever the creative is shown by other means."})
}
