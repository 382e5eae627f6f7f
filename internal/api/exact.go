package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/catalog"
)

// exact checks a body against a type before it is decoded: encoding/json takes names in any
// case, the last of two equal ones, and lists of any length. What is not JSON, or of another
// type, is left to the decoder to say.
func exact(raw []byte, t reflect.Type) error {
	bad := &catalog.Invalid{}
	walk := walker{dec: json.NewDecoder(strings.NewReader(string(raw))), bad: bad}
	walk.dec.UseNumber()
	err := walk.value(t, "", 0)
	if err != nil && !errors.Is(err, errWalked) {
		return nil // the decoder says what is wrong with it
	}
	return bad.Err()
}

type walker struct {
	dec *json.Decoder
	bad *catalog.Invalid
}

var timeType = reflect.TypeFor[time.Time]()

// value passes one value of the type; nil is a type nothing is known of. most bounds a list,
// 0 = unbounded. An error ends the walk.
func (w *walker) value(t reflect.Type, path string, most int) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		if t != nil && (t.Kind() != reflect.Struct || t == timeType) {
			t = nil
		}
		return w.object(t, path)
	case json.Delim('['):
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			elem = t.Elem()
		}
		for n := 0; w.dec.More(); n++ {
			if most > 0 && n == most {
				w.bad.Add(path, "too_many", "", fmt.Sprintf("There may be at most %d.", most))
				return errWalked
			}
			err := w.value(elem, path+"["+strconv.Itoa(n)+"]", 0)
			if err != nil {
				return err
			}
		}
		_, err = w.dec.Token()
	}
	return err
}

// errWalked ends a walk that has found what is wrong.
var errWalked = errors.New("the body is refused")

func (w *walker) object(t reflect.Type, path string) error {
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder gives nothing else here
		at := name
		if path != "" {
			at = path + "." + name
		}
		var field reflect.StructField
		known := t == nil
		for i := 0; t != nil && i < t.NumField() && !known; i++ {
			field = t.Field(i)
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			known = tag == name
		}
		switch {
		case !known:
			w.bad.Add(at, "unknown_field", "", "There is no such field here.")
		case seen[name]:
			w.bad.Add(at, "duplicate_field", "", "The field is given twice.")
		}
		seen[name] = true
		var of reflect.Type
		most := 0
		if known && t != nil {
			of = field.Type
			most, _ = strconv.Atoi(field.Tag.Get("maxItems")) // absent is unbounded
		}
		err = w.value(of, at, most)
		if err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}
