package console

import (
	"net/http"

	"clickledger/internal/catalog"
)

// signingSecret makes a secret for an advertiser's signatures and shows it, this once.
func (c *call) signingSecret() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	a, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	a, err = c.Catalog.NewSecret(c.r.Context(), c.who, c.ws.ID, a.ID, a.Version)
	if err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	p := panelsPage{Head: head{Crumb: &link{Label: a.Name, URL: c.at("advertisers/" + a.ID)}, Title: "Signing secret", Actions: []action{{Label: "Guards", URL: c.plain("advertisers/"+a.ID+"/edit") + "#guards"}}},
		Secret: &copyField{ID: "signing-secret", Label: "Signing secret", Value: a.Guards.Secret, Help: "Shown this once. The advertiser signs with it as standard-webhooks says; the one before has ended. Ask for signatures in the guards once its server signs."}}
	return showStatus(c, http.StatusOK, "panels", p.Head.Title, p)
}

// guardSection is what an advertiser's signals must keep to, and how they are read.
var guardSection = sectionSpec{id: "guards", title: "Guards", intro: "What its signals must keep to, and how its words are read. Each refusal is kept in the inbox and can be judged again.", more: true, fields: []fieldSpec{
	{name: "allow_ips", label: "Addresses of its servers", optional: true, code: true, widget: "area", rows: 2, example: "192.0.2.0/24", help: "One a line: addresses and networks. Without any, every address may send. Pages are not asked."},
	{name: "required_params", label: "Required parameters", optional: true, code: true, example: "txid, amount", help: "By our names, separated by commas."},
	{name: "renames", label: "Its names of parameters", optional: true, help: "Under which names it sends ours.", table: &rowsSpec{add: "Add a name", columns: []colSpec{
		{name: "theirs", label: "Its name", example: "order_ref", class: "code"}, {name: "param", label: "Ours", example: "txid", class: "code"},
	}}},
	{name: "status_map", label: "Its words for states", optional: true, help: "What it sends in status, or in goal, and what that means.", table: &rowsSpec{add: "Add a word", columns: []colSpec{
		{name: "theirs", label: "Its word", example: "1", class: "code"},
		{name: "status", label: "State", choices: options("", "None", "approved", "Approved", "pending", "Pending", "rejected", "Rejected", "reversed", "Reversed", "refunded", "Refunded")},
		{name: "goal", label: "Goal", example: "lead", class: "code"},
	}}},
	{name: "freeze_amounts", label: "Later signals leave amounts as they are", help: "Else they fill in what was missing."},
	{name: "freeze_status", label: "Later signals leave the state as it is", help: "Then only people and files decide."},
	{name: "min_click_seconds", label: "Smallest age of a click", unit: "seconds", width: "w2", help: "When it converts. 0: any."},
	{name: "max_click_hours", label: "Largest age of a click", unit: "hours", width: "w2", help: "0: any. The offer's window holds in any case."},
	{name: "signature_required", label: "Signals of its servers must be signed", help: "As standard-webhooks says; make the signing secret on its page first."},
}}
