package conversion

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// signatureTolerance is how far a signature's time may be from the signal's arrival (P18).
const signatureTolerance = 5 * time.Minute

// SignedContent is what is signed of a signal: the body, or, where it has none, the canonical
// query, which is its parameters as they were sent, sorted by their bytes and joined by "&".
func SignedContent(s *event.Signal) string {
	if len(s.Body) > 0 {
		return string(s.Body)
	}
	pieces := strings.FieldsFunc(s.Query, func(r rune) bool { return r == '&' })
	slices.Sort(pieces)
	return strings.Join(pieces, "&")
}

// Sign gives the header webhook-signature of a message, as standard-webhooks says.
func Sign(key []byte, id, timestamp, content string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "." + content))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed checks a signal's signature, and that its message was not taken before. The time is
// held against that of arrival, so that a signal can be judged again later.
func (j *judgment) signed(ctx context.Context, adv *catalog.Advertiser) error {
	id, at, signature := j.sig.Header("Webhook-Id"), j.sig.Header("Webhook-Timestamp"), j.sig.Header("Webhook-Signature")
	for _, h := range []struct{ name, value string }{{"webhook-id", id}, {"webhook-timestamp", at}, {"webhook-signature", signature}} {
		if h.value == "" {
			return refuse(event.MissingSignature, "", "The header %s is missing; this advertiser's signals must be signed.", h.name)
		}
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || seconds < 0 || seconds > 1e11 {
		return refuse(event.BadSignature, "", "The header webhook-timestamp is not a time in seconds.")
	}
	if len(j.sig.Body) > 0 && !onlyToken(j.sig.Query) {
		return refuse(event.BadSignature, "", "What stands in the URL is not signed beside a body: only the token may stand there.")
	}
	key, good := adv.Guards.Key(), false
	want := Sign(key, id, at, SignedContent(j.sig))
	for one := range strings.FieldsSeq(signature) {
		good = hmac.Equal([]byte(one), []byte(want)) || good
	}
	if !good || len(key) == 0 {
		return refuse(event.BadSignature, "", "The signature is not one of this message with the advertiser's secret.")
	}
	if off := time.Duration(seconds*1e6-j.sig.At) * time.Microsecond; off.Abs() > signatureTolerance {
		return refuse(event.StaleSignature, "", "The message was signed %s before it arrived; five minutes are allowed.", (-off).Truncate(time.Second))
	}
	return j.unrepeated(ctx, adv.ID, id)
}

// onlyToken reports whether a query has nothing but the token.
func onlyToken(query string) bool {
	params, cut := macro.ParseQuery(nil, query)
	return !cut && !slices.ContainsFunc(params, func(p macro.Param) bool { return p.Name != "token" })
}

// unrepeated refuses a message that was taken before. One whose first signal was refused may
// come again, as senders do.
func (j *judgment) unrepeated(ctx context.Context, advertiser, message string) error {
	known, err := j.tx.RememberMessage(ctx, advertiser, message, j.row.ID, j.sig.At)
	if err != nil || known == j.row.ID {
		return err
	}
	first, err := j.tx.GetSignal(ctx, known)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return fmt.Errorf("look up the message's signal: %w", err)
	}
	if err != nil || first.Verdict.Took() || first.Conversion != "" || first.RetryAt > 0 {
		return refuse(event.RepeatedMessage, "", "The message %s was taken before; nothing was added.", clip(message))
	}
	return j.tx.TakeMessage(ctx, advertiser, message, j.row.ID, j.sig.At)
}
