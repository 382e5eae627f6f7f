package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// spoken are postbacks as other platforms send them; CLICK, ORDER and TOKEN are filled in.
var spoken = []string{
	"/postback?click_id=CLICK&amount=20.00&txid=ORDER&token=TOKEN",
	"/d/flexoffers/da.ashx?clickid=CLICK&orderamount=20.00&ordernumber=ORDER&advertiserid=TOKEN",
	"/d/apikey/postback?api_key=TOKEN&tracking=CLICK&amount=20.00",
	"/d/tune/aff_lsr?transaction_id=CLICK&amount=20.00&adv_sub=ORDER&security_token=TOKEN",
	"/d/cake/p.ashx?f=pb&r=CLICK&t=ORDER&p=2.00&token=TOKEN",
	"/d/clickflare/cf/cv?click_id=CLICK&payout=2.00&txid=ORDER&token=TOKEN",
	"/d/everflow/?nid=1&transaction_id=CLICK&amount=20.00&order_id=ORDER&verification_token=TOKEN",
	"/d/affise/postback?clickid=CLICK&action_id=ORDER&sum=20.00&status=1&secure=TOKEN",
	"/d/affise/postback?clickid=CLICK&action_id=ORDER&sum=20,00&status=1&secure=TOKEN", // refused: a comma
	"/postback?click_id=CLICK&amount=20.00&txid=ORDER&token=WRONG",                     // refused: not its token
}

// dialects sends a mix of dialects at a fixed rate for six times d, and then has the server
// count: every one must be in the inbox with a verdict.
func dialects(ctx context.Context, m *market, rate int, d time.Duration) error {
	before, err := m.inInbox(ctx)
	if err != nil {
		return err
	}
	clicks, err := m.clicks(ctx, 20_000)
	if err != nil {
		return err
	}
	var accepted, refused atomic.Int64
	ds, err := paced(ctx, rate, 6*d, func(n int) error {
		u := strings.NewReplacer("CLICK", clicks[n%len(clicks)], "ORDER", fmt.Sprintf("D-%d", n), "TOKEN", m.token).Replace(spoken[n%len(spoken)])
		res, err := client.Get(base + u)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.Copy(io.Discard, res.Body)
		switch v := res.Header.Get("Clickledger-Verdict"); {
		case res.StatusCode >= 500:
			return fmt.Errorf("%s answered %s", u, res.Status)
		case v == "accepted" || v == "duplicate" || v == "updated" || v == "received":
			accepted.Add(1)
		default:
			refused.Add(1)
		}
		return err
	})
	if err != nil {
		return err
	}
	after, err := m.inInbox(ctx)
	if err != nil {
		return err
	}
	quantiles(fmt.Sprintf("postbacks of %d forms at %d/s for %s, %d taken and %d refused, from when they were due", len(spoken), rate, 6*d, accepted.Load(), refused.Load()), ds)
	if got := after - before; got != int64(len(ds)) {
		return fmt.Errorf("%d of %d are in the inbox", got, len(ds))
	}
	fmt.Printf("all %d are in the inbox with a verdict\n", len(ds))
	return nil
}

// inInbox has the server verify itself and counts its signals.
func (m *market) inInbox(ctx context.Context) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1/verify", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	patient := &http.Client{Timeout: 5 * time.Minute}
	res, err := patient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var v struct {
		OK       bool `json:"ok"`
		Findings []struct {
			Check   string   `json:"check"`
			Counted int64    `json:"counted"`
			Wrong   []string `json:"wrong"`
		} `json:"findings"`
	}
	err = json.NewDecoder(res.Body).Decode(&v)
	if err != nil {
		return 0, err
	}
	for _, f := range v.Findings {
		if len(f.Wrong) > 0 {
			return 0, fmt.Errorf("%s: %v", f.Check, f.Wrong)
		}
		if strings.Contains(f.Check, "inbox") {
			return f.Counted, nil
		}
	}
	return 0, errors.New("verify says nothing about the inbox")
}
