package wizard

import (
	"net/url"

	"clickledger/internal/dialect"
)

// wrong is a token that no advertiser has: it is shorter than those that are given out.
const wrong = "tok_wrong"

// wrongQuery is a conversion's parameters with a wrong token.
func wrongQuery(r dialect.Request) string {
	q := url.Values{"token": {wrong}}
	for name, v := range map[string]string{"click_id": r.ClickID, "goal": r.Goal, "payout": r.Payout, "amount": r.Amount, "currency": r.Currency, "txid": r.TxID, "status": r.Status} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q.Encode()
}
