package conversion

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
	"clickledger/internal/outbound"
)

// PendingFor is how long a signal waits for a click that is authentic but not
// indexed yet (DESIGN §5).
const PendingFor = 24 * time.Hour

// Clicks finds clicks.
type Clicks interface {
	// Find returns the visit of the id, nil when the index does not have it.
	Find(ctx context.Context, id event.ClickID) (*event.Visit, error)
}

// Writer is what a judgment writes: one transaction of the books.
type Writer interface {
	Tx
	inbox.Tx
	ledger.Tx
	outbound.Tx
	PutFact(ctx context.Context, f *event.Fact) error
}

// Judge judges signals. Its fields are set once; it keeps no state of its own, so a
// judgment can be repeated.
type Judge struct {
	View   func() *catalog.View
	Keys   func() *event.Keyring
	Clicks Clicks
	// Rates gives the exchange rates; nil: only a currency in itself has one.
	Rates func() *money.Rates
	// Indexed reports whether the click index has passed a sequence of the log: before
	// that no absence is claimed. nil: it always has.
	Indexed func(seq uint64) bool
	Now     func() time.Time
}

// judgment is one run over one signal.
type judgment struct {
	*Judge
	tx    Writer
	view  *catalog.View
	sig   *event.Signal
	seq   uint64
	req   dialect.Request
	row   *inbox.Row
	visit *event.Visit
	offer *catalog.Offer
	goal  *catalog.Goal
	// trusted says that the signal came with a valid advertiser token, or from an operator.
	trusted bool
	method  string
	// coupon is the one that decides who earns, nil = the click does; couponNote says what
	// became of the coupon that was sent, "" = none was.
	coupon     *catalog.Coupon
	couponNote string
	adv        *catalog.Advertiser // whose guards hold, nil = nobody's
	heard      *event.Signal       // the signal under our names, where the advertiser has others
	how        *reckoning          // of the commission that was written last
}

// refuse is the error that ends a judgment with a verdict.
func refuse(v event.Verdict, field, format string, args ...any) error {
	return &dialect.Refusal{Verdict: v, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// Judge decides about one signal and writes everything that follows: the inbox row
// always; conversion, ledger entries, fact and postback when it is accepted. A signal
// judged before with a final verdict is left as it is. The error is never the
// signal's fault: then nothing was written that the caller may keep.
func (j *Judge) Judge(ctx context.Context, tx Writer, sig *event.Signal, seq uint64) (*inbox.Row, error) {
	old, err := tx.GetSignal(ctx, sig.ID.String())
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, fmt.Errorf("look up signal: %w", err)
	}
	if old != nil && old.RetryAt == 0 {
		return old, nil
	}
	return j.judge(ctx, tx, sig, seq, old)
}

// Again judges a signal a second time on an operator's request, whatever its verdict
// was; one that made or changed a conversion is left as it is.
func (j *Judge) Again(ctx context.Context, tx Writer, old *inbox.Row) (*inbox.Row, error) {
	if old.Verdict == event.Accepted || old.Verdict == event.Updated || old.Verdict == event.OverCap || old.Verdict == event.EventRecorded {
		return old, nil
	}
	sig, err := event.DecodeSignal(old.Raw)
	if err != nil {
		return nil, fmt.Errorf("stored signal %s: %w", old.ID, err)
	}
	return j.judge(ctx, tx, sig, uint64(old.Seq), old)
}

func (j *Judge) judge(ctx context.Context, tx Writer, sig *event.Signal, seq uint64, old *inbox.Row) (*inbox.Row, error) {
	now := j.Now().UnixMicro()
	run := &judgment{Judge: j, tx: tx, view: j.View(), sig: sig, heard: sig, seq: seq}
	run.row = &inbox.Row{ID: sig.ID.String(), At: sig.At, Seq: int64(seq), Kind: sig.Kind, Raw: sig.Append(nil), JudgedAt: now, Tries: 1}
	if old != nil {
		run.row.Tries = old.Tries + 1
	}
	if sig.Test {
		run.testing()
	}
	err := run.run(ctx)
	var r *dialect.Refusal
	if err != nil && !errors.As(err, &r) {
		return nil, err
	}
	if sig.Test && run.row.Workspace == "" {
		// Refused before anything said whose it is; we know, who sent it.
		err := run.locate(ctx)
		if err != nil {
			return nil, err
		}
		run.row.Workspace = sig.Workspace
	}
	if r != nil {
		run.row.Verdict, run.row.Field, run.row.Detail = r.Verdict, r.Field, r.Detail
	}
	run.spoken()
	if run.row.Verdict == event.UnknownClick {
		run.row.Test = sig.Test // who may not speak about a click learns nothing of it
	}
	if run.row.Verdict == event.PendingClick || run.row.Verdict == event.PendingSale {
		run.row.RetryAt = now + retryAfter(run.row.Tries).Microseconds()
	}
	run.describe()
	err = tx.PutSignal(ctx, run.row)
	if err != nil {
		return nil, fmt.Errorf("store signal: %w", err)
	}
	return run.row, nil
}

// describe says what the row is found by: whom it speaks for, its goal, and its text.
func (j *judgment) describe() {
	j.row.Goal = clip(j.req.Goal)
	if j.goal != nil {
		j.row.Goal = j.goal.Key
	}
	if o := j.view.Offer(j.row.Offer); o != nil {
		j.row.Advertiser = o.Advertiser
	} else if adv := j.view.AdvertiserByToken(j.req.Token); adv != nil && adv.Workspace == j.row.Workspace {
		j.row.Advertiser = adv.ID
	}
	j.row.Search = inbox.SearchText(j.row, j.sig)
}

// retryAfter is how long a waiting signal rests before its next judgment: short at
// first, since the index is usually only milliseconds behind.
func retryAfter(tries int64) time.Duration {
	d := 20 * time.Millisecond
	for range min(tries, 12) - 1 {
		d *= 2
	}
	return min(d, time.Minute)
}

// run is the whole judgment in order: who speaks, which click, which goal, then
// what is new about it and what it is worth.
func (j *judgment) run(ctx context.Context) error {
	refusal, err := j.read(ctx)
	if err != nil {
		return err
	}
	j.row.Click, j.row.Order = clip(j.req.ClickID), clip(j.req.TxID)
	err = j.authenticate()
	if err != nil {
		return err
	}
	refusal, err = j.early(ctx, refusal)
	if err != nil {
		return err
	}
	if refusal != nil {
		err := j.locate(ctx)
		if err != nil {
			return err
		}
		return refusal
	}
	err = j.match(ctx)
	if err != nil {
		return err
	}
	err = j.scope(ctx)
	if err != nil {
		return err
	}
	v, err := j.values()
	if err != nil {
		return err
	}
	if j.goal.PaysNothing() {
		return j.onsite(ctx, v)
	}
	if v.status == refundWord {
		return j.refund(ctx, v)
	}
	j.weigh(v)
	known, err := j.known(ctx, v)
	if err != nil {
		return err
	}
	again := known != nil && j.adds(known, v)
	if known != nil && !again && !j.overrules(known, v) {
		return j.repeat(ctx, known, v)
	}
	// Everything that can refuse the signal comes before the first write.
	c, err := j.prepare(ctx, v)
	if err != nil {
		return err
	}
	if again {
		c.DedupKey += "\x1f" + j.row.ID
	} else if known != nil {
		err := j.replace(ctx, known)
		if err != nil {
			return err
		}
	}
	return j.create(ctx, c)
}

// locate says whose a refused signal is, as far as its click tells: the people who can
// mend it must see it, whatever it was refused for.
func (j *judgment) locate(ctx context.Context) error {
	id, err := event.ParseClickID(j.req.ClickID)
	if err != nil || !j.Keys().Verify(id) {
		return nil // the refusal has its own reason
	}
	visit, err := j.Clicks.Find(ctx, id)
	if err != nil {
		return fmt.Errorf("look up click: %w", err)
	}
	if visit != nil && (j.row.Workspace == "" || j.row.Workspace == visit.Workspace) {
		j.row.Workspace, j.row.Offer, j.row.Test = visit.Workspace, visit.Offer, j.row.Test || visit.Test
	}
	return nil
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") // a character may be cut in half
	}
	return s
}

// authenticate finds out who speaks: an advertiser by its token, or an offer's page
// by its public key. The workspace comes from these, or later from the click.
func (j *judgment) authenticate() error {
	if j.sig.Kind == event.SignalUpload {
		j.trusted = true // who entered it was asked for a right to
		j.row.Workspace = j.sig.Workspace
		return nil
	}
	if event.FromPage(j.sig.Kind) {
		j.offer = j.view.OfferByKey(j.req.Key)
		if j.offer == nil || j.offer.Archived {
			return refuse(event.UnknownKey, "key", "The key of the pixel or script is missing or not one of this installation.")
		}
		j.row.Workspace, j.row.Offer = j.offer.Workspace, j.offer.ID
		return nil
	}
	if j.req.Token == "" {
		return nil
	}
	adv := j.view.AdvertiserByToken(j.req.Token)
	if adv == nil {
		return refuse(event.BadToken, "token", "The token is not one of this installation.")
	}
	j.trusted = true
	j.row.Workspace = adv.Workspace
	return nil
}

// match finds the click: by the id that was sent, else by the pixel's cookie, else what
// the coupon of a trusted signal stands for.
func (j *judgment) match(ctx context.Context) error {
	var id event.ClickID
	switch {
	case j.req.ClickID != "":
		parsed, err := event.ParseClickID(j.req.ClickID)
		if err != nil {
			return refuse(event.UnknownClick, "click_id", "No click %q is known: ids of this installation are 32 lowercase hex characters.", clip(j.req.ClickID))
		}
		id, j.method = parsed, sentBy(j.sig.Kind, j.req.ClickFrom)
	case event.FromPage(j.sig.Kind):
		slots := attribution.ParseCookie(j.sig.Cookie, j.sig.At/1e6)
		found, ok := slots.Find(j.offer.Key)
		if !ok {
			return j.noCookie()
		}
		id, j.method = found, MatchCookie
	case j.trusted && j.req.Coupon != "":
		return j.matchCoupon()
	case j.trusted && j.req.Publisher != "" && j.req.Offer != "":
		return j.matchPublisher()
	case j.req.Coupon != "":
		return refuse(event.MissingClick, "click_id", "The parameter click_id is missing, and a coupon speaks for its publisher only with the parameter token.")
	default:
		return refuse(event.MissingClick, "click_id", "The parameter click_id is missing.")
	}
	j.row.Click = id.String()
	if !j.Keys().Verify(id) {
		return refuse(event.UnknownClick, "click_id", "No click %s is known: the id was not issued here.", id)
	}
	indexed := j.Indexed == nil || j.Indexed(j.seq) // asked first: the index moves on meanwhile
	visit, err := j.Clicks.Find(ctx, id)
	if err != nil {
		return fmt.Errorf("look up click: %w", err)
	}
	if visit == nil {
		// The id is authentic, so its click may still be on its way into the index.
		if !indexed || j.Now().UnixMicro()-j.sig.At < PendingFor.Microseconds() {
			return refuse(event.PendingClick, "click_id", "The click %s is ours but not indexed yet; the signal waits and is judged by itself.", id)
		}
		return refuse(event.UnknownClick, "click_id", "The click %s is ours, but it did not arrive within 24 hours or is older than clicks are kept.", id)
	}
	j.visit = visit
	if visit.Test {
		j.testing()
	}
	return nil
}

// noCookie refuses a page's signal that names no click, and says why the tracker's cookie
// does not either.
func (j *judgment) noCookie() error {
	why := "the browser sent no tracker cookie: it was cleared, is blocked on other sites' pages, or there was no click"
	switch {
	case j.offer.Tracking == catalog.TrackPostback:
		why = "this offer sets no cookie that names a click: it hands out the click id in the URL of its landing page, and the shop has to keep it and send it"
	case j.sig.Cookie != "":
		adv := j.view.Advertiser(j.offer.Advertiser)
		why = fmt.Sprintf("the browser's tracker cookie knows no click to this offer: there was none, or it is longer ago than the cookie life of %d days", catalog.CookieLife(j.offer, adv))
	}
	return refuse(event.MissingClick, "click_id", "The page brought no click_id, and %s.", why)
}

// scope checks that who speaks may speak about this click. A click of somebody else
// answers exactly as an unknown one.
func (j *judgment) scope(ctx context.Context) error {
	unknown := refuse(event.UnknownClick, "click_id", "No click %s is known: the id was not issued here.", j.visit.ID)
	if j.row.Workspace != "" && j.row.Workspace != j.visit.Workspace {
		return unknown
	}
	offer := j.view.Offer(j.visit.Offer)
	if offer == nil || offer.Workspace != j.visit.Workspace {
		return fmt.Errorf("the offer %s of click %s is not in the catalog", j.visit.Offer, j.visit.ID)
	}
	err := j.mayReport(offer, unknown)
	if err != nil {
		return err
	}
	j.row.Workspace, j.row.Offer = offer.Workspace, offer.ID
	j.offer = offer
	if !j.visit.Click {
		return refuse(event.UnknownClick, "click_id", "The visit %s reached no offer (%s), so it has no click to convert.", j.visit.ID, j.visit.Reason)
	}
	if j.req.Offer != "" && j.req.Offer != offer.ID {
		return refuse(event.OfferMismatch, "offer", "The click %s belongs to another offer than %q.", j.visit.ID, clip(j.req.Offer))
	}
	err = j.guards(ctx, offer)
	if err != nil {
		return err
	}
	j.goal = j.view.Goal(offer.ID, j.req.Goal)
	if j.goal == nil {
		return refuse(event.UnknownGoal, "goal", "The offer has no goal %q.", clip(j.req.Goal))
	}
	return nil
}

// mayReport checks that who speaks may report conversions of the offer.
func (j *judgment) mayReport(offer *catalog.Offer, unknown error) error {
	switch {
	case event.FromPage(j.sig.Kind):
		if j.offer.ID != offer.ID {
			return refuse(event.OfferMismatch, "key", "The click %s belongs to another offer than this pixel or script.", j.visit.ID)
		}
	case j.sig.Kind == event.SignalUpload:
	case j.trusted:
		if j.view.AdvertiserByToken(j.req.Token).ID != offer.Advertiser {
			return unknown
		}
	default:
		// Without a token the click id alone speaks, if the advertiser allows it.
		owner := j.view.Advertiser(offer.Advertiser)
		if owner != nil && owner.TokenRequired {
			j.row.Workspace, j.row.Offer = offer.Workspace, offer.ID // its people must see the mistake
			return refuse(event.MissingToken, "token", "Postbacks of this advertiser need the parameter token.")
		}
	}
	return nil
}
