package rates

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"clickledger/internal/macro"
)

// Names of the bank's XML.
const (
	spaceGesmes = "http://www.gesmes.org/xml/2002-08-01"
	spaceECB    = "http://www.ecb.int/vocabulary/2002-08-01/eurofxref"
)

// xml reads eurofxref-daily.xml, -hist-90d.xml and -hist.xml: an Envelope with one Cube,
// in that a Cube with the attribute time for each day, in those a Cube with the
// attributes currency and rate for each value.
func (s *sheet) xml(data []byte) (*File, error) {
	dec := xml.NewDecoder(bytes.NewReader(data))
	depth, day, roots := 0, "", 0
	codes := map[string]bool{} // of the day
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return s.done("xml")
		}
		line, _ := dec.InputPos()
		if err != nil {
			return nil, refuse(line, "the XML is not well-formed or not in UTF-8.")
		}
		switch e := tok.(type) {
		case xml.Directive:
			return nil, refuse(line, "a document type is not accepted.")
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth == 1 && e.Name.Space == spaceGesmes { // subject and sender
				err := dec.Skip()
				if err != nil {
					return nil, refuse(line, "the XML is not well-formed or not in UTF-8.")
				}
				continue
			}
			if !expected(depth, e.Name) {
				return nil, refuse(line, "%s is not expected here; this is not the bank's XML of reference rates.", macro.Echo(e.Name.Local))
			}
			depth++
			switch depth {
			case 1:
				roots++
				if roots > 1 {
					err = refuse(line, "something follows the end of the document.")
				}
			case 3:
				day = attribute(e, "time")
				clear(codes)
				err = s.day(line, day)
			case 4:
				code := attribute(e, "currency")
				err = checkCode(line, code)
				if err == nil && codes[code] {
					err = refuse(line, "%s is there twice for %s.", code, day)
				}
				if err == nil && len(codes) == maxColumns {
					err = refuse(line, "there are more than %d currencies.", maxColumns)
				}
				value := attribute(e, "rate")
				if err == nil && value == "" {
					err = refuse(line, "%s has no rate.", code)
				}
				if err == nil {
					codes[code] = true
					err = s.rate(line, day, code, value)
				}
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

// expected says which element stands at which depth.
func expected(depth int, name xml.Name) bool {
	if depth == 0 {
		return name.Local == "Envelope" && name.Space == spaceGesmes
	}
	return depth < 4 && name.Local == "Cube" && name.Space == spaceECB
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}
