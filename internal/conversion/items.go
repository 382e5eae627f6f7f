package conversion

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// Item is one line of an order, as the signal sent it.
type Item struct {
	Product  string
	Category string
	Amount   money.Amount // of all its units together, in the signal's currency
	Quantity int64        // 1 when none was sent
}

// Bounds of item lines.
const (
	maxItems    = 200
	maxQuantity = 1_000_000
)

// ParseItems reads item lines, joined by "|": each is category:amount,
// product:category:amount or product:category:amount:quantity.
func ParseItems(s string, c money.Currency) ([]Item, error) {
	if s == "" {
		return nil, nil
	}
	lines := strings.Split(s, "|")
	if len(lines) > maxItems {
		return nil, refuse(event.InvalidValue, "items", "There are %d item lines, more than %d.", len(lines), maxItems)
	}
	out := make([]Item, len(lines))
	for i, line := range lines {
		parts := strings.Split(line, ":")
		it := Item{Quantity: 1}
		text := ""
		switch len(parts) {
		case 2:
			it.Category, text = parts[0], parts[1]
		case 3, 4:
			it.Product, it.Category, text = parts[0], parts[1], parts[2]
		default:
			return nil, refuse(event.InvalidValue, "items", "Item line %d is %q, and must be category:amount, product:category:amount or product:category:amount:quantity.", i+1, clip(line))
		}
		it.Product, it.Category = strings.TrimSpace(it.Product), strings.TrimSpace(it.Category)
		if len(parts) == 4 {
			n, err := strconv.ParseInt(strings.TrimSpace(parts[3]), 10, 64)
			if err != nil || n < 1 || n > maxQuantity {
				return nil, refuse(event.InvalidValue, "items", "The quantity of item line %d is %q, and must be a whole number from 1 to %d.", i+1, clip(parts[3]), maxQuantity)
			}
			it.Quantity = n
		}
		a, has, err := amount("items", strings.TrimSpace(text), c)
		if err == nil && !has {
			err = refuse(event.InvalidAmount, "items", "Item line %d has no amount.", i+1)
		}
		if err != nil {
			return nil, err
		}
		it.Amount = a
		out[i] = it
	}
	return out, nil
}

// formatItems is the one way in which item lines are kept.
func formatItems(items []Item) string {
	lines := make([]string, len(items))
	for i, it := range items {
		lines[i] = it.Product + ":" + it.Category + ":" + it.Amount.String() + ":" + strconv.FormatInt(it.Quantity, 10)
	}
	return strings.Join(lines, "|")
}

// readItems takes the signal's item lines into v. They sum to the sale amount exactly, or
// are it where none was sent. A page's are not believed: it would choose the dearest.
func (j *judgment) readItems(v *values) error {
	if j.req.Items == "" || event.FromPage(j.sig.Kind) {
		return nil
	}
	items, err := ParseItems(j.req.Items, v.currency)
	if err != nil {
		return err
	}
	return v.withItems(items)
}

func (v *values) withItems(items []Item) error {
	sum := money.Amount{Currency: v.currency}
	for _, it := range items {
		sum.Minor += it.Amount.Minor // 200 lines of at most maxMinor
	}
	switch {
	case sum.Minor > maxMinor:
		return refuse(event.AmountRange, "items", "The item lines sum to %s, more than a signal may bring.", sum.Format())
	case v.hasSale && v.sale != sum:
		return refuse(event.ItemsMismatch, "items", "The item lines sum to %s, and the amount is %s.", sum.Format(), v.sale.Format())
	}
	v.items, v.sale, v.hasSale = items, sum, true
	return nil
}

// customerKey is what is kept of a customer: enough to know the advertiser's customer
// again, and no way back to the id.
func customerKey(w *catalog.Workspace, o *catalog.Offer, customer string) string {
	if customer == "" {
		return ""
	}
	salt := ""
	if w != nil {
		salt = w.Salt
	}
	of := o.Advertiser
	if of == "" {
		of = o.ID // nobody's: a customer of the offer
	}
	h := hmac.New(sha256.New, []byte("customer\x00"+salt))
	h.Write([]byte(of + "\x00" + strings.TrimSpace(customer)))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// customer is whom the signal names, as it is kept. A page's word is not believed.
func (j *judgment) customer() string {
	if event.FromPage(j.sig.Kind) {
		return ""
	}
	return customerKey(j.view.Workspace(j.offer.Workspace), j.offer, j.req.Customer)
}

// commissionID is what the signal says about which commission is meant.
func (j *judgment) commissionID() string {
	if event.FromPage(j.sig.Kind) {
		return ""
	}
	return j.req.CommissionID
}

// CommLine is what one item line of a conversion pays.
type CommLine struct {
	Product     string `json:"product,omitempty"`
	Category    string `json:"category,omitempty"`
	Quantity    int64  `json:"quantity"`
	Sale        int64  `json:"sale"` // minor units of the conversion's currency
	Commission  int64  `json:"commission"`
	Rule        string `json:"rule,omitempty"` // id of the commission rule, "" = none applied
	RuleVersion int64  `json:"rule_version,omitempty"`
	Words       string `json:"words"`
}

// Lines reads what each item line pays; nil when the order is one line.
func (c *Conversion) Lines() []CommLine {
	var out []CommLine
	if c.CommLines != "" && json.Unmarshal([]byte(c.CommLines), &out) != nil {
		return nil // broken by hand: the total stands in the books
	}
	return out
}
