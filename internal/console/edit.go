package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"clickledger/internal/catalog"
)

// editPage is a form with help beside it.
type editPage struct {
	Head    head
	Copies  []copyField // above the form
	Form    form
	Aside   []asideBox
	Preview string // where the panel beside the form comes from, "" = none
	Boxes   []previewBox
	Notes   []note
}

// previewField posts a form to be looked at, not to be saved: what the panel beside it
// does by itself where scripts run.
const previewField = "_preview"

// versionField carries the version that was read, so that nobody overwrites what
// somebody else wrote meanwhile.
const versionField = "_version"

// editor finds the editor of the path; an unknown kind is an unknown page.
func (c *call) editor() (editor, string, error) {
	ed, ok := editors[c.kind]
	if !ok {
		return ed, c.kind, catalog.ErrNotFound
	}
	return ed, c.kind, nil
}

// choicesOf lists the live rows of a kind as choices, none first.
func (c *call) choicesOf(kind catalog.Kind, none string) ([]choice, error) {
	rows, err := list[catalog.Entity](c, catalog.Query{Kind: kind, Limit: 1000})
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(rows))
	for _, e := range rows {
		ids = append(ids, e.Base().ID)
	}
	names := c.names(kind, ids...)
	out := []choice{}
	if none != "" {
		out = append(out, choice{Value: "", Label: none})
	}
	sorted := ids
	slices.SortStableFunc(sorted, func(a, b string) int {
		switch x, y := names[a], names[b]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	for _, id := range sorted {
		out = append(out, choice{Value: id, Label: names[id]})
	}
	return out, nil
}

// newForm shows an empty form; parameters of the URL prefill it, such as ?offer=.
func (c *call) newForm() error {
	ed, path, err := c.editor()
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	d := catalog.NewDoc(ed.kind)
	if o, ok := d.(*catalog.OfferDoc); ok {
		o.Currency = c.ws.Currency
	}
	q := c.r.URL.Query()
	q.Del("workspace")
	readDoc(d, q)
	if err := c.termsStart(d); err != nil {
		return err
	}
	return c.showEditor(ed, path, d, nil, nil, nil, http.StatusOK)
}

// create makes the row and goes to its page.
func (c *call) create() error {
	ed, path, err := c.editor()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := catalog.NewDoc(ed.kind)
	v.Del("workspace")
	errs := readDoc(d, v)
	setWorkspace(d, c.ws.ID)
	if v.Has(previewField) && c.write() {
		return c.showEditor(ed, path, d, nil, v, errs, http.StatusOK)
	}
	if onlyNumbers(errs) {
		unread := errs
		e, _, err := c.Catalog.Create(c.r.Context(), c.who, d, c.once(v))
		if err == nil {
			c.say("The "+ed.noun+" was created.", c.archiveUndo(path, e))
			return c.redirect(c.pageOf(e))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
		maps.Copy(errs, unread)
	}
	return c.showEditor(ed, path, d, nil, v, errs, http.StatusUnprocessableEntity)
}

// editForm shows the row's form.
func (c *call) editForm() error {
	ed, path, err := c.editor()
	if err != nil {
		return err
	}
	e, d, err := c.read(ed)
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	return c.showEditor(ed, path, d, e, nil, nil, http.StatusOK)
}

// update writes the form over the row.
func (c *call) update() error {
	ed, path, err := c.editor()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	e, d, err := c.read(ed)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = e.Base().Version
	}
	for _, f := range append(ed.fixed, "workspace") {
		v.Del(f)
	}
	before := e.Base().Version
	errs := readDoc(d, v)
	if v.Has(previewField) && c.write() {
		return c.showEditor(ed, path, d, e, v, errs, http.StatusOK)
	}
	if onlyNumbers(errs) {
		unread := errs
		e2, err := c.Catalog.Update(c.r.Context(), c.who, c.ws.ID, e.Base().ID, version, d)
		if err == nil {
			if e2.Base().Version != before {
				c.say("The "+ed.noun+" was saved.", nil)
			}
			return c.redirect(c.pageOf(e2))
		}
		if errors.Is(err, catalog.ErrVersion) {
			// What was typed stays; saving it again, after a look, writes over the other's.
			now, _, rerr := c.read(ed)
			if rerr != nil {
				return rerr
			}
			v.Set(versionField, strconv.FormatInt(now.Base().Version, 10))
			errs[""] = withCode("Somebody changed this meanwhile. What you typed is below: look at the present state in another tab, then save again to write over it.", "changed_meanwhile")
			return c.showEditor(ed, path, d, e, v, errs, http.StatusConflict)
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
		maps.Copy(errs, unread)
	}
	return c.showEditor(ed, path, d, e, v, errs, http.StatusUnprocessableEntity)
}

// read loads the row of the path and its document.
func (c *call) read(ed editor) (catalog.Entity, catalog.Doc, error) {
	e, err := c.Catalog.Get(c.r.Context(), c.who, ed.kind, c.ws.ID, c.r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	return e, catalog.DocOf(e, c.currencyOf(e)), nil
}

// currencyOf is the currency a row's amounts are in: its offer's.
func (c *call) currencyOf(e catalog.Entity) string {
	id := ""
	switch e := e.(type) {
	case *catalog.Offer:
		return e.Currency
	case *catalog.Goal:
		id = e.Offer
	case *catalog.Enrollment:
		id = e.Offer
	case *catalog.TermsVersion:
		id = e.Offer
	default:
		return c.ws.Currency
	}
	if cur, ok := c.offerCurrency[id]; ok {
		return cur
	}
	cur := c.ws.Currency
	o, err := get[*catalog.Offer](c, catalog.KindOffer, id)
	if err == nil {
		cur = o.Currency
	}
	if c.offerCurrency == nil {
		c.offerCurrency = map[string]string{}
	}
	c.offerCurrency[id] = cur
	return cur
}

// onceField names a new row's form, so that a form sent twice makes one row.
const onceField = "_once"

// once makes a posted form repeatable: the same form again is the same row.
func (c *call) once(v url.Values) catalog.Idempotency {
	key := v.Get(onceField)
	if key == "" || len(key) > 64 {
		return catalog.Idempotency{Workspace: c.ws.ID}
	}
	sum := sha256.Sum256([]byte(v.Encode()))
	return catalog.Idempotency{Workspace: c.ws.ID, Key: "console " + c.who.ID + " " + key, Hash: hex.EncodeToString(sum[:])}
}

// onceInput is the hidden input of a new row's form; a form shown again keeps its name.
func onceInput(posted url.Values) hidden {
	return hidden{onceField, orElse(posted.Get(onceField), requestID())}
}

// showEditor renders the form; e is nil for a new row, posted what was typed.
func (c *call) showEditor(ed editor, path string, d catalog.Doc, e catalog.Entity, posted url.Values, errs map[string]string, status int) error {
	sections, err := ed.sections(c, d, e == nil)
	if err != nil {
		return err
	}
	skip := append([]string(nil), ed.skip...)
	if e != nil {
		skip = append(skip, ed.fixed...)
	} else if ed.kind == catalog.KindGoal || ed.kind == catalog.KindLink || ed.kind == catalog.KindTerms {
		skip = append(skip, ed.fixed...) // given by the page they are made from
	}
	p := editPage{Form: docForm(d, sections, skip, posted, errs)}
	title := "New " + ed.noun
	back := c.at(path)
	if e == nil {
		p.Form.Action, p.Form.Submit = c.plain(path+"/new"), "Create "+ed.noun
		p.Form.Hidden = []hidden{onceInput(posted)}
		if t, ok := d.(*catalog.TermsDoc); ok {
			p.Form.Hidden = append(p.Form.Hidden, hidden{"offer", t.Offer})
			back = c.at("offers/"+t.Offer) + "#terms"
		}
		if g, ok := d.(*catalog.GoalDoc); ok {
			p.Form.Hidden = append(p.Form.Hidden, hidden{"offer", g.Offer})
			back = c.at("offers/" + g.Offer)
		}
	} else {
		title = "Edit " + ed.noun
		p.Form.Action, p.Form.Submit = c.plain(path+"/"+e.Base().ID+"/edit"), "Save"
		version := strconv.FormatInt(e.Base().Version, 10)
		if posted.Has(versionField) {
			version = posted.Get(versionField)
		}
		p.Form.Hidden = []hidden{{versionField, version}}
		back = c.pageOf(e)
		if !e.Base().Archived && ed.kind != catalog.KindDomain { // a domain's page asks first
			p.Head.Actions = []action{{Label: "Archive", URL: c.plain(path + "/" + e.Base().ID + "/archive"), Post: true, Kind: "quiet",
				Fields: []hidden{{versionField, version}, {"archived", "true"}}}}
		}
	}
	if len(p.Form.Sections) > 0 && len(p.Form.Sections[0].Fields) > 0 && len(errs) == 0 && e == nil && posted == nil {
		p.Form.Sections[0].Fields[0].Focus = true
	}
	p.Form.Cancel = back
	if ed.kind == catalog.KindTerms && e != nil {
		title = "Terms"
		p.Form.readOnly()
	}
	p.Head.Title = title
	p.Head.Crumb = &link{Label: ed.plural, URL: back}
	if e != nil {
		p.Head.Crumb.Label = c.title(e)
	}
	if ed.aside != nil {
		p.Aside = ed.aside(e == nil)
	}
	if ed.lists != nil {
		p.Form.Lists = ed.lists()
	}
	if ed.preview != nil {
		p.Preview, p.Form.Preview = c.plain(path+"/preview"), true
		p.Boxes, p.Notes, err = ed.preview(c, d)
		if err != nil {
			return err
		}
		p.Form.remark(p.Notes)
	}
	return showStatus(c, status, "edit", title, p)
}

// archive takes a row out of use or back, and offers to undo it.
func (c *call) archive() error {
	ed, path, err := c.editor()
	if err != nil {
		return err
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = 0
	}
	archived := v.Get("archived") == "true"
	e, err := c.Catalog.Archive(c.r.Context(), c.who, ed.kind, c.ws.ID, c.r.PathValue("id"), version, archived)
	if err != nil {
		return err
	}
	if archived {
		c.say("The "+ed.noun+" was archived.", c.archiveUndoTo(path, e, false))
	} else {
		c.say("The "+ed.noun+" is back.", c.archiveUndoTo(path, e, true))
	}
	return c.redirect(c.pageOf(e))
}

// archiveUndo undoes a creation: nothing is deleted, so it archives.
func (c *call) archiveUndo(path string, e catalog.Entity) *undo {
	return c.archiveUndoTo(path, e, true)
}

func (c *call) archiveUndoTo(path string, e catalog.Entity, archived bool) *undo {
	return &undo{Action: c.plain(path + "/" + e.Base().ID + "/archive"), Fields: []hidden{
		{versionField, strconv.FormatInt(e.Base().Version, 10)}, {"archived", strconv.FormatBool(archived)},
	}}
}

// pageOf is where a row is looked at.
func (c *call) pageOf(e catalog.Entity) string {
	switch e := e.(type) {
	case *catalog.Goal:
		return c.at("offers/"+e.Offer) + "#goals"
	case *catalog.TermsVersion:
		return c.at("offers/"+e.Offer) + "#terms"
	case *catalog.Enrollment:
		return c.at("publishers/"+e.Publisher) + "#enrollments"
	case *catalog.Coupon:
		return c.at("coupons", "q", e.ID)
	case *catalog.Group:
		return c.at("groups", "q", e.ID)
	case *catalog.CommissionRule:
		return c.at(rulesPath, "q", e.ID)
	}
	return c.at(paths[e.Kind()] + "/" + e.Base().ID)
}

// title is what a row is called.
func (c *call) title(e catalog.Entity) string {
	name := ""
	switch e := e.(type) {
	case *catalog.Workspace:
		name = e.Name
	case *catalog.Offer:
		name = e.Name
	case *catalog.Advertiser:
		name = e.Name
	case *catalog.Group:
		name = e.Name
	case *catalog.Publisher:
		name = e.Name
	case *catalog.Goal:
		name = e.Name
	case *catalog.Link:
		name = e.Name
		if name == "" {
			name = e.Key
		}
	case *catalog.Coupon:
		name = e.Code
	case *catalog.Postback:
		name = e.Title()
	case *catalog.Domain:
		name = e.Host
	case *catalog.Creative:
		name = e.Name
	case *catalog.CommissionRule:
		name = e.Name
	case *catalog.TermsVersion:
		name = catalog.NameOf(e)
	case *catalog.Enrollment:
		name = c.nameOf(catalog.KindPublisher, e.Publisher) + " · " + c.nameOf(catalog.KindOffer, e.Offer)
	}
	if name == "" {
		return e.Base().ID
	}
	return name
}

// setWorkspace puts the workspace of the path into the document, whatever was posted.
func setWorkspace(d catalog.Doc, id string) {
	values, _, _ := docFields(d)
	if v, ok := values["workspace"]; ok && v.CanSet() {
		v.SetString(id)
	}
}
