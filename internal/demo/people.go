package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// person is somebody of a publisher or an advertiser, who signs in to a portal.
type person struct{ kind, party, email string }

// invite lets a person in as an integration and a browser would: by an invitation, its
// mail's link, and the form behind it.
func (c *client) invite(ctx context.Context, workspace string, p person) error {
	var i made
	err := c.do(ctx, http.MethodPost, "/invitations", map[string]any{"email": p.email, p.kind: p.party}, &i)
	if err != nil {
		return err
	}
	var mails struct {
		Data []struct {
			Link string `json:"link"`
		} `json:"data"`
	}
	err = c.do(ctx, http.MethodGet, "/mails?about="+i.ID+"&workspace="+workspace, nil, &mails)
	if err != nil {
		return err
	}
	if len(mails.Data) == 0 {
		return fmt.Errorf("no mail was written about invitation %s", i.ID)
	}
	link, err := url.Parse(mails.Data[0].Link)
	if err != nil {
		return fmt.Errorf("read the link of invitation %s: %w", i.ID, err)
	}
	form := url.Values{"token": {link.Query().Get("token")}, "password": {demoPassword}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.base, "/api/v1")+link.Path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("accepting invitation %s answered %s", i.ID, res.Status)
	}
	return nil
}

// open makes what partners find: a sign-up page, people who sign in, an offer that asks
// before it lets them in, with its terms, and something to show.
func open(ctx context.Context, c *client, workspace string, people []person, first, asking string) error {
	err := c.do(ctx, http.MethodPatch, "/signup-settings/publisher?workspace="+workspace, map[string]any{"open": true, "intro": "Earn with the shops you like. We answer within two days.",
		"questions": []map[string]any{{"label": "How many visitors a month do you have?", "kind": "text", "required": true}}, "terms": "Be honest about what you are paid for."}, nil)
	if err != nil {
		return err
	}
	for _, p := range people {
		err := c.invite(ctx, workspace, p)
		if err != nil {
			return err
		}
	}
	for _, row := range []struct {
		path string
		body map[string]any
	}{
		{"/terms", map[string]any{"offer": asking, "text": "No bidding on our name.\nNo mail without consent.", "from": time.Now().AddDate(0, 0, 7).Format(time.DateOnly)}},
		{"/creatives", map[string]any{"offer": first, "name": "Short words", "type": "text", "headline": "Shoes that last", "body": "Made in Porto, repaired for free."}},
	} {
		row.body["workspace"] = workspace
		err := c.do(ctx, http.MethodPost, row.path, row.body, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
