package conversion

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// guards holds a signal against what the offer's advertiser asks of its signals, and reads it
// as that advertiser writes. Who entered a conversion by hand was asked for a right to; a
// page has no address of its own and no secret.
func (j *judgment) guards(ctx context.Context, offer *catalog.Offer) error {
	adv := j.view.Advertiser(offer.Advertiser)
	if adv == nil || j.sig.Kind == event.SignalUpload {
		return nil
	}
	j.adv = adv
	g := &adv.Guards
	if !event.FromPage(j.sig.Kind) && !j.sig.Test {
		err := j.sender(g)
		if err == nil && g.Signed {
			err = j.signed(ctx, adv)
		}
		if err != nil {
			return err
		}
	}
	err := j.lately(ctx, g)
	if err != nil {
		return err
	}
	for _, name := range g.Required {
		if j.req.Get(name) == "" {
			return refuse(event.MissingParameter, name, "The parameter %s is missing; this advertiser's signals must bring it.", name)
		}
	}
	for _, from := range []*string{&j.req.Status, &j.req.Goal} {
		w, ok := g.WordFor(*from)
		if !ok || from == &j.req.Goal && w.Goal == "" {
			continue
		}
		if from == &j.req.Status {
			j.req.Status = w.Status
		}
		if w.Goal != "" {
			j.req.Goal = w.Goal
		}
		break
	}
	return nil
}

// sender checks where a server's signal came from.
func (j *judgment) sender(g *catalog.Guards) error {
	if len(g.AllowIPs) == 0 {
		return nil
	}
	addr, err := netip.ParseAddr(j.sig.Addr)
	if err != nil || !g.Allows(addr) {
		return refuse(event.AddressNotAllowed, "", "The address %s is not one from which this advertiser's signals come.", orUnknown(j.sig.Addr))
	}
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "(unknown)"
	}
	return s
}

// rename reads the signal anew under the advertiser's own names.
func (j *judgment) rename(ctx context.Context, g *catalog.Guards) (*dialect.Refusal, error) {
	names := make(map[string]string, len(g.Renames))
	t, _ := dialect.Of(j.sig)
	for _, r := range g.Renames {
		names[r.Theirs] = r.Param
		if t != nil {
			names[r.Theirs] = t.Wire(r.Param, j.sig.Kind)
		}
	}
	j.heard = dialect.Rename(j.sig, names)
	refusal, err := j.read(ctx)
	j.row.Click, j.row.Order = clip(j.req.ClickID), clip(j.req.TxID)
	return refusal, err
}

// early reads the names of an advertiser that is known by its token or its pixel, before
// anything else is made of what it says: the click id, too, may have another name.
func (j *judgment) early(ctx context.Context, refusal *dialect.Refusal) (*dialect.Refusal, error) {
	adv := j.view.AdvertiserByToken(j.req.Token)
	if j.offer != nil {
		adv = j.view.Advertiser(j.offer.Advertiser)
	}
	if adv == nil || len(adv.Guards.Renames) == 0 || j.sig.Kind == event.SignalUpload {
		return refusal, nil
	}
	return j.rename(ctx, &adv.Guards)
}

// lately is early for an advertiser that only the click told of.
func (j *judgment) lately(ctx context.Context, g *catalog.Guards) error {
	if len(g.Renames) == 0 || j.heard != j.sig {
		return nil
	}
	click := j.req.ClickID
	refusal, err := j.rename(ctx, g)
	j.req.ClickID, j.row.Click = click, j.visit.ID.String() // matched already
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

// clickAge checks how long after its click a new conversion comes.
func (j *judgment) clickAge(after time.Duration) error {
	if j.adv == nil {
		return nil
	}
	g := &j.adv.Guards
	if after < time.Duration(g.MinSeconds)*time.Second {
		return refuse(event.ClickTooYoung, "", "The conversion came %s after its click; this advertiser's clicks convert no sooner than after %d seconds.", after.Truncate(time.Second), g.MinSeconds)
	}
	if most := time.Duration(g.MaxHours) * time.Hour; most > 0 && after > most {
		return refuse(event.ClickTooOld, "", "The conversion came %s after its click; this advertiser's clicks convert no later than after %d hours.", after.Truncate(time.Second), g.MaxHours)
	}
	return nil
}

// late refuses news of a known conversion where the advertiser's signals change nothing later.
func (j *judgment) late(did []string, moves bool) error {
	if j.adv == nil || event.FromPage(j.sig.Kind) {
		return nil
	}
	g := &j.adv.Guards
	switch {
	case g.FreezeAmounts && len(did) > 0:
		return refuse(event.UpdateRefused, "", "The conversion was recorded before, and this advertiser's later signals change no amounts: %s.", strings.Join(did, "; "))
	case g.FreezeStatus && moves:
		return refuse(event.UpdateRefused, "status", "The conversion was recorded before, and this advertiser's later signals do not change its state.")
	}
	return nil
}

// updates reports whether a server's other amounts replace those recorded, as the goal says:
// in the same currency, and as long as nobody has stated or refunded any.
func (j *judgment) updates(c *Conversion, was, v values) bool {
	if j.goal == nil || j.goal.Duplicates != catalog.DuplicatesUpdate || !j.trusted || event.FromPage(j.sig.Kind) || settled(c.Status) || c.Adjusted {
		return false
	}
	sums := len(was.items) == 0 || len(v.items) > 0 || !v.hasSale || v.sale == was.sale
	return v.currency == was.currency && sums
}

// adds reports whether a server's signal about a known conversion is one of its own, as the
// goal says. One that refuses is about the conversion there is.
func (j *judgment) adds(c *Conversion, v values) bool {
	return j.goal.Duplicates == catalog.DuplicatesAdd && j.trusted && !event.FromPage(j.sig.Kind) && !event.FromPage(c.Source) && !refused(v.status)
}
