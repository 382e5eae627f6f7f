package dialect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// gzipped begins a body that was compressed. It is never unpacked: what a few bytes become
// is for the sender to choose.
var gzipped = []byte{0x1f, 0x8b}

func bodyParams(s *event.Signal) ([]macro.Param, *Refusal) {
	if len(s.Body) == 0 {
		return nil, nil
	}
	if len(s.Body) >= event.MaxBody {
		return nil, &Refusal{event.TooLarge, "", "The body is larger than 64 kB."}
	}
	if bytes.HasPrefix(s.Body, gzipped) {
		return nil, &Refusal{event.MalformedBody, "", "The body is compressed; send it as it is."}
	}
	media, _, err := mime.ParseMediaType(s.BodyType)
	if err != nil {
		media = ""
	}
	switch media {
	case "application/json", "text/json":
		return jsonParams(s.Body)
	case "application/x-www-form-urlencoded", "", "text/plain":
		// Beacons send forms as text/plain, or with no type at all.
		if trimmed := bytes.TrimSpace(s.Body); media != "application/x-www-form-urlencoded" && len(trimmed) > 0 && trimmed[0] == '{' {
			return jsonParams(trimmed)
		}
		params, cut := macro.ParseQuery(nil, string(bytes.TrimSpace(s.Body)))
		if cut {
			return nil, &Refusal{event.TooLarge, "", "The form has more than 8 kB or too many parameters."}
		}
		return params, nil
	}
	return nil, &Refusal{event.MalformedBody, "", "The body's content type is neither a form nor JSON."}
}

// jsonParams reads one flat JSON object. Numbers keep the digits that were sent, so
// that an amount is never a float.
func jsonParams(body []byte) ([]macro.Param, *Refusal) {
	malformed := &Refusal{event.MalformedBody, "", "The body is not one flat JSON object."}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	open, err := dec.Token()
	if err != nil || open != json.Delim('{') {
		return nil, malformed
	}
	var params []macro.Param
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, malformed
		}
		key, ok := name.(string)
		if !ok {
			return nil, malformed
		}
		if key == "items" {
			text, refusal := itemsParam(dec)
			if refusal != nil {
				return nil, refusal
			}
			params = append(params, macro.Param{Name: key, Value: text})
			continue
		}
		value, err := dec.Token()
		if err != nil {
			return nil, malformed
		}
		switch v := value.(type) {
		case string:
			params = append(params, macro.Param{Name: key, Value: v})
		case json.Number:
			params = append(params, macro.Param{Name: key, Value: v.String()})
		case bool:
			params = append(params, macro.Param{Name: key, Value: fmt.Sprint(v)})
		case nil:
		default:
			return nil, &Refusal{event.MalformedBody, bounded(key), "The value of a JSON member is an object or a list; send text or a number."}
		}
	}
	_, err = dec.Token() // the closing brace
	if err != nil {
		return nil, malformed
	}
	_, err = dec.Token()
	if !errors.Is(err, io.EOF) {
		return nil, malformed
	}
	return params, nil
}

func bounded(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return strings.ToValidUTF8(s, "�")
}
