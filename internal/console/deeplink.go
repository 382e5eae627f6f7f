package console

import (
	"errors"
	"net/http"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/qrcode"
)

// deepView is the generator of deep links on a link's page. Without scripts it is a form
// that shows the page again; with them its result follows the typing.
type deepView struct {
	Action, Live string
	Keep         []hidden
	Page         string // what was asked for
	Example      string
	Hosts        string
	Result       deepResult
	Empty        *empty // instead of all of it: the offer allows no hosts
}

// deepResult is what became of a page: a link, or why there is none.
type deepResult struct {
	Problem, Code string
	Made          *madeLink
}

type madeLink struct {
	Copy  copyField
	Lands string
	QR    *qrView
}

// qrView is a QR code to look at and to take away; Problem is why there is none.
type qrView struct {
	Src, Alt, Problem string
	Downloads         []download
}

// download is a file to take away, under a name.
type download struct{ Label, URL, Name string }

// linkAndOffer reads the link of the path and its offer.
func (c *call) linkAndOffer() (*catalog.Link, *catalog.Offer, error) {
	l, err := get[*catalog.Link](c, catalog.KindLink, c.r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, l.Offer)
	return l, o, err
}

// askedPage is the page a deep link is to be made to; the catalog bounds it.
func (c *call) askedPage() string { return strings.TrimSpace(c.r.URL.Query().Get("page")) }

// deepLinkPanel is the generator, or what to do where the offer allows no page.
func (c *call) deepLinkPanel(l *catalog.Link, o *catalog.Offer) (panel, error) {
	p := panel{ID: "deep-link", Title: "Deep link", Note: "The same link, leading to another page of the shop."}
	if len(o.DeepLinks) == 0 {
		p.Deep = &deepView{Empty: &empty{Sentence: "The offer allows no other pages. Enter the shop's host in the offer's deep-link hosts, such as shop.example, and links can lead to any page there.",
			API: "curl -X PATCH " + c.PublicURL + "/api/v1/offers/" + o.ID + " \\\n  -H 'Authorization: Bearer YOUR_KEY' -H 'Content-Type: application/json' \\\n  -d '{\"deep_links\": [\"shop.example\"]}'"}}
		if c.write() && !o.Archived {
			p.Deep.Empty.Action = &link{Label: "Edit the offer", URL: c.plain("offers/" + o.ID + "/edit")}
		}
		return p, nil
	}
	host := strings.TrimPrefix(strings.TrimPrefix(o.DeepLinks[0], "http://"), ".")
	p.Deep = &deepView{Action: c.r.URL.Path, Live: c.plain("links/" + l.ID + "/deep-link"), Keep: c.keep("page"), Page: c.askedPage(),
		Example: "https://" + host + "/sale", Hosts: catalog.AllowedHosts(o.DeepLinks)}
	var err error
	p.Deep.Result, err = c.deepResult(l, o, p.Deep.Page)
	return p, err
}

// deepResult makes the deep link; for no page it is empty.
func (c *call) deepResult(l *catalog.Link, o *catalog.Offer, page string) (deepResult, error) {
	if page == "" {
		return deepResult{}, nil
	}
	tracking, lands, err := catalog.DeepLinkURL(c.trackingURL(l), o.DeepLinks, &catalog.DeepLinkDoc{URL: page})
	var bad *catalog.Invalid
	if errors.As(err, &bad) {
		return deepResult{Problem: sentence(bad.Fields[0].Msg), Code: bad.Fields[0].Rule}, nil
	}
	if err != nil {
		return deepResult{}, err
	}
	return deepResult{Made: &madeLink{Copy: copyField{ID: "deep-url", Label: "Tracking URL to this page", Value: tracking, Open: true}, Lands: lands, QR: c.qrOf(l, tracking, lands)}}, nil
}

// deepLink is the result alone, for the typing script.
func (c *call) deepLink() error {
	l, o, err := c.linkAndOffer()
	if err != nil {
		return err
	}
	r, err := c.deepResult(l, o, c.askedPage())
	if err != nil {
		return err
	}
	b, err := c.ui.render("content", "deeplink", view[deepResult]{Page: r})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, b)
}

// qrOf is the code of a tracking URL that leads to page ("" = the offer's own).
func (c *call) qrOf(l *catalog.Link, tracking, page string) *qrView {
	_, err := qrcode.SVG(tracking)
	if err != nil {
		return &qrView{Problem: "The address is too long for a QR code."}
	}
	at := func(ext string) string { return c.plain("links/"+l.ID+"/qr."+ext, "page", page) }
	name := "link-" + l.Key
	return &qrView{Src: at("svg"), Alt: "QR code of " + tracking, Downloads: []download{{"QR code, SVG", at("svg"), name + ".svg"}, {"PNG", at("png"), name + ".png"}}}
}

func (c *call) qrSVG() error { return c.qr(qrcode.SVG, "image/svg+xml") }
func (c *call) qrPNG() error { return c.qr(qrcode.PNG, "image/png") }

// qr answers a code as a file. What cannot be drawn is no page.
func (c *call) qr(draw func(string) ([]byte, error), mime string) error {
	l, o, err := c.linkAndOffer()
	if err != nil {
		return err
	}
	text := c.trackingURL(l)
	if page := c.askedPage(); page != "" {
		text, _, err = catalog.DeepLinkURL(text, o.DeepLinks, &catalog.DeepLinkDoc{URL: page})
		var bad *catalog.Invalid
		if errors.As(err, &bad) {
			return catalog.ErrNotFound
		}
		if err != nil {
			return err
		}
	}
	return c.sendQR(text, draw, mime)
}

// sendQR answers the code of a text.
func (c *call) sendQR(text string, draw func(string) ([]byte, error), mime string) error {
	b, err := draw(text)
	if errors.Is(err, qrcode.ErrTooLong) {
		return catalog.ErrNotFound
	}
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "private, max-age=3600")
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(b) // the visitor may have left
	}
	return nil
}
