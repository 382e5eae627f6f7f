package demo

import (
	"context"
	"net/http"
	"time"
)

// ahead is what the advertiser pays ahead who is not billed, in its currency.
const ahead = "2000.00"

// pay makes what finance does at the end of the week: invoices and statements of the days
// that are over, and a payout run that waits for its approval.
func pay(ctx context.Context, c *client, m *market) error {
	yesterday := time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	type step struct {
		method, path string
		body         map[string]any
	}
	steps := []step{{http.MethodPost, "/billing-texts", map[string]any{"name": "Demo network", "address": "1 High Street\nBerlin", "due_days": 30, "payment": "DE89 3704 0044 0532 0130 00"}}}
	for i, id := range m.paid {
		how := map[string]any{"kind": "paypal", "email": "money@example.com"}
		if i == 0 {
			how = map[string]any{"kind": "bank", "holder": "Running Blog", "iban": "DE89 3704 0044 0532 0130 00"}
		}
		steps = append(steps, step{http.MethodPost, "/publishers/" + id + "/payout-method", how})
	}
	for _, kind := range []string{"invoice", "statement"} {
		steps = append(steps, step{http.MethodPost, "/documents", map[string]any{"kind": kind, "through": yesterday}})
	}
	steps = append(steps, step{http.MethodPost, "/payout-runs", map[string]any{"note": "The demo's week"}})
	for _, s := range steps {
		err := c.do(ctx, s.method, s.path+"?workspace="+m.workspace, s.body, nil)
		if err != nil {
			return err
		}
	}
	return nil
}
