package console

import (
	"net/http"
	"net/url"

	"clickledger/internal/catalog"
)

// links lists the tracking URLs with their numbers.
func (c *call) links() error {
	offer, pub := c.param("offer"), c.param("publisher")
	offers, err := c.choicesOf(catalog.KindOffer, "All offers")
	if err != nil {
		return err
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "All publishers")
	if err != nil {
		return err
	}
	offerNames, pubNames := namesIn(offers), namesIn(pubs)
	return catalogPage[*catalog.Link]{
		kind: catalog.KindLink, path: "links", title: "Links", search: "Placement or id",
		statuses: []string{"active", "paused"}, newLabel: "New link", newPath: "links/new", stat: "link", uniques: true,
		filter: map[string]string{"offer": offer, "publisher": pub},
		more: []field{
			{Widget: "select", Name: "offer", Label: "Offer", Choices: selected(offers, offer)},
			{Widget: "select", Name: "publisher", Label: "Publisher", Choices: selected(pubs, pub)},
		},
		columns: []column{{Label: "Placement", Class: "fill"}, {Label: "Offer", Class: "opt"}, {Label: "Publisher", Class: "opt"}, {Label: "State", Class: "opt"}, {Label: "Tracking URL"}},
		cells: func(l *catalog.Link) []cell {
			name := l.Name
			if name == "" {
				name = l.Key
			}
			who := cell{Text: "house", Tone: "muted", Class: "opt"}
			if l.Publisher != "" {
				who = cell{Text: nameOr(pubNames, l.Publisher), Href: c.at("publishers/" + l.Publisher), Class: "opt cut"}
			}
			lead := cell{Text: name, Href: c.at("links/" + l.ID), Class: "fill lead", Title: name}
			u := c.trackingURL(l)
			return []cell{lead, {Text: nameOr(offerNames, l.Offer), Href: c.at("offers/" + l.Offer), Class: "opt cut"}, who, statusCell(l.Status, l.Archived).with("opt"), {Text: "/c/" + l.Key, Copy: u, Title: u}}
		},
		href: func(l *catalog.Link) string { return c.at("links/" + l.ID) },
		empty: empty{
			Sentence: "A link is a tracking URL: an offer, and the publisher who spreads it.",
			Action:   &link{Label: "New link", URL: c.plain("links/new")},
			API:      c.curl("links", `{"offer": "off_…", "publisher": "pub_…", "name": "Summer newsletter"}`),
		},
	}.render(c)
}

func namesIn(cs []choice) map[string]string {
	m := map[string]string{}
	for _, ch := range cs {
		if ch.Value != "" {
			m[ch.Value] = ch.Label
		}
	}
	return m
}

func nameOr(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n
	}
	return id
}

// linkForm shows the form of a new link.
func (c *call) linkForm() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	d := &catalog.LinkDoc{Status: catalog.StatusActive}
	q := c.r.URL.Query()
	q.Del("workspace")
	readDoc(d, q)
	return c.showLinkForm(d, nil, nil, http.StatusOK)
}

func (c *call) showLinkForm(d *catalog.LinkDoc, posted url.Values, errs map[string]string, status int) error {
	offers, err := c.choicesOf(catalog.KindOffer, "Choose an offer")
	if err != nil {
		return err
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "Nobody: a link of the house")
	if err != nil {
		return err
	}
	sections := []sectionSpec{{title: "Link", fields: []fieldSpec{
		{name: "offer", choices: offers, width: "w3", help: "It cannot be changed later."},
		{name: "publisher", choices: pubs, width: "w3", help: "Who spreads it and earns the commission. It cannot be changed later."},
		{name: "name", label: "Placement", optional: true, example: "Summer newsletter", help: noHelp},
		{name: "source", optional: true, width: "w3", example: "newsletter", help: "What {source} stands for when the URL brings none."},
		{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w3", help: noHelp},
		presetField,
	}}}
	p := editPage{Head: head{Title: "New link", Crumb: &link{Label: "Links", URL: c.at("links")}}, Form: docForm(d, sections, []string{"workspace"}, posted, errs)}
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.plain("links/new"), "Create link", c.at("links")
	p.Form.Hidden = []hidden{onceInput(posted)}
	p.Aside = []asideBox{
		{Title: "Enrollment", Text: "A publisher needs an approved enrollment to run an offer. If there is none, one is made and approved with this link, on the offer's terms."},
		{Title: "Sub ids", Text: "Whoever spreads the link may add ?sub1= to ?sub20=, source= and, where the offer allows it, url= for a deep link. They come back in reports and postbacks."},
	}
	return showStatus(c, status, "edit", "New link", p)
}

// linkCreate makes a link, and the enrollment it needs when it is missing.
func (c *call) linkCreate() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := &catalog.LinkDoc{Status: catalog.StatusActive}
	errs := readDoc(d, v)
	d.Workspace = c.ws.ID
	said := ""
	if len(errs) == 0 {
		said, err = c.enroll(d.Offer, d.Publisher)
		if err == nil {
			var e catalog.Entity
			e, _, err = c.Catalog.Create(c.r.Context(), c.who, d, c.once(v))
			if err == nil {
				c.say("The link was created. "+said, c.archiveUndo("links", e))
				return c.redirect(c.pageOf(e))
			}
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return c.showLinkForm(d, v, errs, http.StatusUnprocessableEntity)
}

// enroll sees to it that the publisher may run the offer, and says what it did. Who
// was rejected or revoked is not let in by the way: that is decided on its own.
func (c *call) enroll(offer, publisher string) (said string, err error) {
	if offer == "" || publisher == "" {
		return "", nil
	}
	rows, err := list[*catalog.Enrollment](c, catalog.Query{Kind: catalog.KindEnrollment, Filter: map[string]string{"offer": offer, "publisher": publisher}, Limit: 10})
	if err != nil {
		return "", err
	}
	for _, e := range rows {
		switch e.Status {
		case catalog.Approved:
			return "", nil
		case catalog.Applied:
			_, err := c.Catalog.ApproveBare(c.r.Context(), c.who, c.ws.ID, e.ID, e.Version)
			return "The publisher's application to this offer was approved.", err
		default:
			bad := &catalog.Invalid{}
			bad.Add("publisher", "not_enrolled", publisher, "The enrollment of this publisher is "+e.Status+". Approve it on the publisher's page first.")
			return "", bad
		}
	}
	_, _, err = c.Catalog.Create(c.r.Context(), c.who, &catalog.EnrollmentDoc{Workspace: c.ws.ID, Offer: offer, Publisher: publisher, Status: catalog.Approved}, catalog.Idempotency{Workspace: c.ws.ID})
	if err != nil {
		return "", err
	}
	return "The publisher was enrolled in the offer, on the offer's terms.", nil
}
