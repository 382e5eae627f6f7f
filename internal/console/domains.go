package console

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/domains"
)

// Domains is what the console needs of *domains.Service.
type Domains interface {
	Check(ctx context.Context, p account.Principal, workspace, id string) (*catalog.Domain, *domains.Check, error)
	Checks(ctx context.Context, p account.Principal, workspace string) (map[string]domains.Check, error)
	Records(ctx context.Context, host string) ([]domains.Record, string)
}

// domains lists the tracking domains.
func (c *call) domains() error {
	checks := map[string]domains.Check{}
	if c.Domains != nil {
		var err error
		checks, err = c.Domains.Checks(c.r.Context(), c.who, c.ws.ID)
		if err != nil {
			return err
		}
	}
	advertisers, err := c.choicesOf(catalog.KindAdvertiser, "")
	if err != nil {
		return err
	}
	names := namesIn(advertisers)
	return catalogPage[*catalog.Domain]{
		kind: catalog.KindDomain, path: "domains", title: "Domains", search: "Host or id",
		statuses: []string{catalog.StatusUnverified, catalog.StatusVerified, catalog.StatusFailing}, newLabel: "New domain", newPath: "domains/new",
		columns: []column{{Label: "Domain", Class: "fill"}, {Label: "For"}, {Label: "State"}, {Label: "Default", Class: "opt"}, {Label: "Links", Class: "num opt"}, {Label: "Last check", Class: "opt"}},
		cells: func(d *catalog.Domain) []cell {
			whose := cell{Text: "workspace", Tone: "muted"}
			if d.Advertiser != "" {
				whose = cell{Text: nameOr(names, d.Advertiser), Href: c.at("advertisers/" + d.Advertiser), Class: "cut"}
			}
			is := cell{Text: "no", Tone: "muted", Class: "opt"}
			if d.Default {
				is = cell{Text: "yes", Class: "opt"}
			}
			last := cell{Text: "not yet", Tone: "muted", Class: "opt"}
			if at := checks[d.ID].At; at != 0 {
				last = timeCell(at, c.loc, c.Now()).with("opt")
			}
			return []cell{{Text: d.Host, Href: c.at("domains/" + d.ID), Class: "fill lead", Title: d.Host}, whose, domainCell(d), is,
				{Text: strconv.Itoa(c.linksOn(d)), Class: "num opt"}, last}
		},
		href: func(d *catalog.Domain) string { return c.at("domains/" + d.ID) },
		empty: empty{
			Sentence: "A tracking domain is a host of your own, such as go.brand.com: links, postbacks and pixels work under it besides " + c.PublicURL + ".",
			Action:   &link{Label: "New domain", URL: c.plain("domains/new")},
			API:      c.curl("domains", `{"host": "go.example.com"}`),
		},
	}.render(c)
}

// domainTone is how well the states of a domain are.
var domainTone = map[string]string{catalog.StatusUnverified: "warn", catalog.StatusVerified: "good", catalog.StatusFailing: "bad"}

func domainCell(d *catalog.Domain) cell {
	if d.Archived {
		return statusCell(d.Status, true)
	}
	return cell{Word: d.Status, Tone: domainTone[d.Status]}
}

// linksOn counts the links that answer on a domain.
func (c *call) linksOn(d *catalog.Domain) int {
	if c.View == nil {
		return 0
	}
	return c.View().LinksOn(d)
}

// domain is a domain's page: the record to make, what the checks found, what it does.
func (c *call) domain() error {
	d, err := get[*catalog.Domain](c, catalog.KindDomain, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := panelsPage{Head: c.entityHead(d, "domains", "Domains", d.Host, d.Status)}
	if !d.Archived {
		p.Head.State = &state{Word: d.Status, Tone: domainTone[d.Status]}
		if c.write() {
			if !d.Default {
				p.Head.Actions = append(p.Head.Actions, action{Label: "Make default", URL: c.plain("domains/" + d.ID + "/default"), Post: true})
			}
			p.Head.Actions = append(p.Head.Actions, action{Label: "Remove", URL: c.plain("domains/" + d.ID + "/remove")},
				action{Label: "Check now", URL: c.plain("domains/" + d.ID + "/check"), Post: true, Kind: "primary"})
		}
	}
	if c.Domains != nil && !d.Archived {
		p.Panels = append(p.Panels, c.recordPanel(d))
		checks, err := c.Domains.Checks(c.r.Context(), c.who, c.ws.ID)
		if err != nil {
			return err
		}
		p.Panels = append(p.Panels, c.checkPanel(d, checks[d.ID]))
	}
	p.Panels = append(p.Panels, c.domainAbout(d))
	return show(c, "panels", d.Host, p)
}

// recordPanel shows the DNS records to make.
func (c *call) recordPanel(d *catalog.Domain) panel {
	p := panel{ID: "dns", Title: "DNS record", Note: "Make it where the domain's DNS is kept."}
	records, note := c.Domains.Records(c.r.Context(), d.Host)
	for i, r := range records {
		n := itoa(i)
		p.Copies = append(p.Copies, copyField{ID: "name" + n, Label: r.Type + " record, name", Value: r.Name},
			copyField{ID: "value" + n, Label: r.Type + " record, value", Value: r.Value})
	}
	if len(records) == 1 && records[0].Type == "CNAME" {
		p.Copies[0].Help = "Some providers want only the part before your own domain here."
	}
	if note != "" {
		p.Notes = append(p.Notes, note)
	}
	return p
}

// checkPanel shows what the checks found.
func (c *call) checkPanel(d *catalog.Domain, k domains.Check) panel {
	p := panel{ID: "check", Title: "Check"}
	add := func(label, value, tone, title string) {
		p.Pairs = append(p.Pairs, pair{Label: label, Value: value, Tone: tone, Title: title})
	}
	words := map[string]string{
		catalog.StatusUnverified: "Not found to lead here yet: it serves nothing.",
		catalog.StatusVerified:   "It leads here and is served.",
		catalog.StatusFailing:    "It is still served where it leads here, but URLs are shown with the public URL.",
	}
	add("State", words[d.Status], "", "")
	switch {
	case k.At == 0:
		add("Last check", "not yet; it is checked by itself in a moment", "", "")
	case k.Code == "":
		add("Last check", clock(k.At, c.loc, c.Now())+": it is well", "good", utc(k.At))
	default:
		add("Last check", clock(k.At, c.loc, c.Now()), "", utc(k.At))
		add("Problem", k.Detail, "bad", "")
		add("Code", k.Code, "", "")
	}
	if k.Next > c.Now().UnixMicro() {
		add("Next check", clock(k.Next, c.loc, c.Now()), "", utc(k.Next))
	}
	if d.Verified != 0 {
		add("Verified since", clock(d.Verified, c.loc, c.Now()), "", utc(d.Verified))
	}
	if k.CertUntil != 0 {
		add("Certificate until", clock(k.CertUntil, c.loc, c.Now()), "", utc(k.CertUntil))
	}
	if k.CertError != "" {
		add("Certificate", k.CertError, "bad", "")
	}
	return p
}

func (c *call) domainAbout(d *catalog.Domain) panel {
	leads := func(u string) string { return orElse(u, "the 404 page") }
	whose := pair{Label: "For", Value: "all of the workspace"}
	if d.Advertiser != "" {
		whose = pair{Label: "For", Value: c.nameOf(catalog.KindAdvertiser, d.Advertiser), Href: c.at("advertisers/" + d.Advertiser)}
	}
	is := "no: links work under it, but are shown with another"
	if d.Default {
		is = "yes: links, postbacks and pixels are shown with it while it is verified"
	}
	return panel{ID: "about", Title: "About", Pairs: []pair{whose, {Label: "Default", Value: is}, {Label: "Links that answer on it", Value: strconv.Itoa(c.linksOn(d))},
		{Label: "The bare domain leads to", Value: leads(d.RootURL)}, {Label: "Unknown links and paths lead to", Value: leads(d.UnknownURL)},
		{Label: "Dialects at its root", Value: orElse(strings.Join(d.Dialects, ", "), "none")}, {Label: "Id", Value: d.ID}}}
}

// domainCheck checks a domain now.
func (c *call) domainCheck() error {
	if c.Domains == nil {
		return catalog.ErrNotFound
	}
	d, k, err := c.Domains.Check(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"))
	var bad *catalog.Invalid
	switch {
	case errors.Is(err, domains.ErrBusy):
		c.say("Too many domains are being checked at the moment; try again in a few seconds.", nil)
	case errors.As(err, &bad):
		c.say(bad.Fields[0].Msg, nil)
	case err != nil:
		return err
	case k.Code == "":
		c.say(d.Host+" leads here.", nil)
	default:
		c.say(k.Detail, nil)
	}
	return c.redirect(c.at("domains/" + c.r.PathValue("id")))
}

// domainDefault makes a domain the default in place of the one that is.
func (c *call) domainDefault() error {
	d, err := get[*catalog.Domain](c, catalog.KindDomain, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	set := func(e *catalog.Domain, is bool) error {
		doc := catalog.DocOf(e, "").(*catalog.DomainDoc)
		doc.Default = is
		_, err := c.Catalog.Update(c.r.Context(), c.who, c.ws.ID, e.ID, e.Version, doc)
		return err
	}
	now, err := list[*catalog.Domain](c, catalog.Query{Kind: catalog.KindDomain, Filter: map[string]string{"default": "true", "advertiser": d.Advertiser}, Limit: 2})
	if err != nil {
		return err
	}
	for _, e := range now {
		if e.ID != d.ID {
			err = set(e, false)
			if err != nil {
				return err
			}
		}
	}
	if !d.Archived {
		err = set(d, true)
		if err != nil {
			return err
		}
		c.say("URLs are shown with "+d.Host+" while it is verified.", nil)
	}
	return c.redirect(c.at("domains/" + d.ID))
}

// domainRemove asks before a domain is taken out of use, and says what that breaks.
func (c *call) domainRemove() error {
	d, err := get[*catalog.Domain](c, catalog.KindDomain, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if !c.write() || d.Archived {
		return catalog.ErrNotFound
	}
	n := plural(int64(c.linksOn(d)), "link answers", "links answer")
	says := []string{n + " on " + d.Host + ". URLs, postbacks and pixels that were handed out with it stop working at once.",
		"The same links stay reachable under " + c.PublicURL + ". The domain can be restored, and is then checked anew."}
	return show(c, "panels", "Remove domain", panelsPage{Head: head{Crumb: &link{Label: d.Host, URL: c.at("domains/" + d.ID)}, Title: "Remove " + d.Host},
		Panels: []panel{{Confirm: &confirmView{Action: c.plain("domains/" + d.ID + "/archive"), Says: says, Button: "Remove the domain",
			Hidden: []hidden{{"archived", "true"}, {versionField, strconv.FormatInt(d.Version, 10)}}}}}})
}

func domainSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	e, ok := d.(*catalog.DomainDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	whose := orElse(c.nameOf(catalog.KindAdvertiser, e.Advertiser), "all of the workspace")
	first := []fieldSpec{{name: "host", label: "Domain", widget: "fixed", text: e.Host, help: "It cannot be changed."},
		{name: "advertiser", label: "For", widget: "fixed", text: whose, help: "It cannot be changed."}}
	if isNew {
		advertisers, err := c.choicesOf(catalog.KindAdvertiser, "All of the workspace")
		if err != nil {
			return nil, err
		}
		first = []fieldSpec{{name: "host", label: "Domain", width: "w4", code: true, example: "go.example.com", help: "The host name alone. It cannot be changed later."},
			{name: "advertiser", label: "For", choices: advertisers, width: "w3", help: "Of one advertiser: only links of its offers answer there. It cannot be changed later."}}
	}
	return []sectionSpec{{title: "Domain", fields: append(first,
		fieldSpec{name: "root_url", label: "The bare domain leads to", optional: true, code: true, example: "https://www.example.com/", help: "Empty: the 404 page."},
		fieldSpec{name: "unknown_url", label: "Unknown links and paths lead to", optional: true, code: true, example: "https://www.example.com/", help: "Empty: the 404 page. A link of an offer may stand here, too."},
		fieldSpec{name: "dialects", label: "Dialects at its root", widget: "set", choices: dialectChoices(), optional: true, help: "Paths of other platforms, such as /aff_lsr, that report conversions on this domain, for shops that only change the host. Under /d/ all of them answer anyway."},
	)}}, nil
}

// dialectChoices are the dialects that a domain can speak at its root.
func dialectChoices() []choice {
	var out []choice
	for _, name := range dialect.Rooted() {
		out = append(out, choice{Value: name, Label: dialect.Named(name).Title})
	}
	return out
}

func domainAside(isNew bool) []asideBox {
	if !isNew {
		return nil
	}
	return []asideBox{{Title: "What happens next", Text: "The domain's page shows the DNS record to make and checks it by itself. Once it leads here it is served, and can be made the default that URLs are shown with."},
		{Title: "What it serves", Text: "Links, postbacks, pixels and the script of this workspace; never this console, and no link of another workspace."}}
}
