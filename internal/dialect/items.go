package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"clickledger/internal/event"
)

// itemsParam reads the JSON member items: a text, or a list of objects with product,
// category, amount and quantity, which becomes the text.
func itemsParam(dec *json.Decoder) (string, *Refusal) {
	malformed := &Refusal{event.MalformedBody, "items", "The member items is neither a text nor a list of objects with product, category, amount and quantity."}
	var raw json.RawMessage
	err := dec.Decode(&raw)
	if err != nil {
		return "", malformed
	}
	var text *string
	if json.Unmarshal(raw, &text) == nil {
		if text == nil {
			return "", nil
		}
		return *text, nil
	}
	rows := json.NewDecoder(bytes.NewReader(raw))
	rows.UseNumber()
	rows.DisallowUnknownFields()
	var items []struct {
		Product  any `json:"product"`
		Category any `json:"category"`
		Amount   any `json:"amount"`
		Quantity any `json:"quantity"`
	}
	err = rows.Decode(&items)
	if err != nil {
		return "", malformed
	}
	lines := make([]string, len(items))
	for i, it := range items {
		var parts []string
		for _, v := range []any{it.Product, it.Category, it.Amount, it.Quantity} {
			s, ok := plain(v)
			if !ok {
				return "", malformed
			}
			if strings.ContainsAny(s, ":|") {
				return "", &Refusal{event.InvalidValue, "items", fmt.Sprintf("Item %d has a colon or a bar in a value.", i+1)}
			}
			parts = append(parts, s)
		}
		if parts[3] == "" {
			parts = parts[:3] // no quantity: 1
		}
		lines[i] = strings.Join(parts, ":")
	}
	return strings.Join(lines, "|"), nil
}

// plain is a JSON text or number as it was written, "" for null.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}
