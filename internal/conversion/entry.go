package conversion

import (
	"net/url"

	"clickledger/internal/event"
)

// Entry is one conversion entered by hand or by a file: the parameters of a postback, as
// text; "" = absent. It is judged as the advertiser's own postback would be, with the
// operator's authority in place of a token.
type Entry struct {
	ClickID   string
	Offer     string
	Goal      string
	Payout    string
	Amount    string
	Currency  string
	TxID      string
	Status    string
	EventTime string
	Coupon    string
	Geo       string

	CommissionID string
	Customer     string
	Items        string
	RefundID     string
}

// Signal gives the entry as a signal of the workspace, to be judged like any other. at is
// in µs; actor is the user or API key that was asked for the right to enter it.
func (e *Entry) Signal(id event.ClickID, at int64, workspace, actor string) *event.Signal {
	q := url.Values{}
	for _, p := range [][2]string{
		{"click_id", e.ClickID}, {"offer", e.Offer}, {"goal", e.Goal}, {"payout", e.Payout}, {"amount", e.Amount}, {"currency", e.Currency},
		{"txid", e.TxID}, {"status", e.Status}, {"event_time", e.EventTime}, {"coupon", e.Coupon}, {"geo", e.Geo},
		{"commission_id", e.CommissionID}, {"customer", e.Customer}, {"items", e.Items},
		{"refund_id", e.RefundID},
	} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	return &event.Signal{ID: id, At: at, Kind: event.SignalUpload, Query: q.Encode(), Workspace: workspace, Actor: actor}
}
