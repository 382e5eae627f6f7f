package conversion

import (
	"context"
	"fmt"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// Wire dialects name things in other ways than we do. What follows turns such names into
// ours before the judgment, and the judgment's words into theirs behind it.

// MatchPublisher says that the advertiser itself named the publisher, and no click.
const MatchPublisher = "publisher"

// read parses the signal in its dialect.
func (j *judgment) read(ctx context.Context) (*dialect.Refusal, error) {
	req, refusal := dialect.Parse(j.heard)
	if j.sig.Dialect != "" && req.Offer != "" {
		// An offer goes by its id or by its public key.
		o := j.view.Offer(req.Offer)
		if o == nil {
			o = j.view.OfferByKey(req.Offer)
		}
		switch {
		case o != nil:
			req.Offer = o.ID
			if req.Key == "" {
				req.Key = o.Key
			}
		case req.Key == "":
			req.Key = req.Offer
		}
	}
	j.req = req
	if len(req.ClickIDs) == 0 {
		return refusal, nil
	}
	id, err := j.latest(ctx, req.ClickIDs)
	if id != "" {
		j.req.ClickID = id
	}
	return refusal, err
}

// latest takes one of several clicks: the last one before the signal that reached an offer
// which the sender can mean. Where none did, it is the first that is ours, to be refused or
// waited for by the usual rules.
func (j *judgment) latest(ctx context.Context, ids []string) (string, error) {
	ours, best, at := "", "", int64(0)
	adv := j.view.AdvertiserByToken(j.req.Token)
	for _, s := range ids {
		id, err := event.ParseClickID(s)
		if err != nil || !j.Keys().Verify(id) {
			continue
		}
		if ours == "" {
			ours = s
		}
		visit, err := j.Clicks.Find(ctx, id)
		if err != nil {
			return "", fmt.Errorf("look up click: %w", err)
		}
		switch {
		case visit == nil, !visit.Click, visit.At > j.sig.At, visit.At < at:
		case j.req.Offer != "" && visit.Offer != j.req.Offer:
		case adv != nil && visit.Advertiser != adv.ID:
		default:
			best, at = s, visit.At
		}
	}
	switch {
	case best != "":
		return best, nil
	case ours != "":
		return ours, nil
	}
	return ids[0], nil
}

// matchPublisher makes the click that a publisher named by the advertiser stands for. As
// with a coupon, the signal's own id is its id, and an order number is needed.
func (j *judgment) matchPublisher() error {
	adv := j.view.AdvertiserByToken(j.req.Token)
	offer := j.view.Offer(j.req.Offer)
	if offer == nil || offer.Advertiser != adv.ID || offer.Workspace != adv.Workspace || offer.Archived {
		return refuse(event.OfferMismatch, "offer", "No click id came with the signal, and the advertiser has no offer %q.", clip(j.req.Offer))
	}
	j.row.Offer = offer.ID
	pub, enr := j.view.Publisher(j.req.Publisher), j.view.Enrollment(offer.ID, j.req.Publisher)
	if pub == nil || pub.Archived || pub.Status != catalog.StatusActive || enr == nil || enr.Archived || enr.Status != catalog.Approved {
		return refuse(event.MissingClick, "publisher", "No click id came with the signal, and %q is no active publisher with an approved enrollment to the offer.", clip(j.req.Publisher))
	}
	if j.req.TxID == "" {
		return refuse(event.MissingOrder, "txid", "No click id came with the signal, and a conversion whose publisher is named needs its order number in the parameter txid.")
	}
	at := j.sig.At
	if j.req.EventTime != "" {
		var err error
		at, err = j.sentTime()
		if err != nil {
			return err
		}
	}
	j.method = MatchPublisher
	j.visit = &event.Visit{ID: j.sig.ID, At: at, Click: true, Revision: j.view.Revision}
	j.visit.Dims = event.Dims{Workspace: offer.Workspace, Offer: offer.ID, Advertiser: offer.Advertiser, Publisher: pub.ID, Enrollment: enr.ID}
	if geo := strings.ToUpper(j.geo()); catalog.KnownCountry(geo) {
		j.visit.Country = geo
	}
	return nil
}

// spoken puts what was decided into the dialect's words, for who sent the signal.
func (j *judgment) spoken() {
	t, _ := dialect.Of(j.sig)
	if t == nil || t.Own() {
		return
	}
	if name := j.row.Field; name != "" {
		wire := t.Wire(name, j.sig.Kind)
		j.row.Field = wire
		j.row.Detail = strings.ReplaceAll(j.row.Detail, "parameter "+name, "parameter "+wire)
	}
	if len(j.req.Unheard) > 0 {
		j.row.Detail += " Ignored, since the offer's terms say what a publisher is paid: " + strings.Join(j.req.Unheard, ", ") + "."
	}
}
