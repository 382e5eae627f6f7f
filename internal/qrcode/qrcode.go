// Package qrcode draws QR codes (ISO/IEC 18004) of tracking URLs, for print and screens.
// It is pure: a text becomes the bytes of a picture.
package qrcode

import (
	"errors"
	"fmt"
	"strconv"

	"rsc.io/qr"
)

// quiet is the white margin that readers need, in modules (ISO/IEC 18004 §5.3.8).
const quiet = 4

// ErrTooLong says that a text has no room in the largest code: it is more than 2,953
// bytes.
var ErrTooLong = errors.New("the text is too long for a QR code")

// encode takes the middle level of error correction, which survives print and creases,
// and the lowest for texts that only fit with it.
func encode(text string) (*qr.Code, error) {
	c, err := qr.Encode(text, qr.M)
	if err == nil {
		return c, nil
	}
	c, err = qr.Encode(text, qr.L)
	if err != nil {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLong, len(text))
	}
	return c, nil
}

// SVG draws the text as a picture without a size of its own: one unit is one module, dark
// on a white ground that belongs to it, so that it can be read on any background. It fails
// with [ErrTooLong].
func SVG(text string) ([]byte, error) {
	c, err := encode(text)
	if err != nil {
		return nil, err
	}
	side := strconv.Itoa(c.Size + 2*quiet)
	b := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + " " + side + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + "v" + side + `H0z"/><path d="`)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			if !c.Black(x, y) {
				continue
			}
			n := 1
			for x+n < c.Size && c.Black(x+n, y) {
				n++
			}
			b = fmt.Appendf(b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
			x += n
		}
	}
	return append(b, "\"/></svg>\n"...), nil
}

// PNG draws the text at eight pixels a module, black on white with the same margin, for
// programs that take no SVG. It fails with [ErrTooLong].
func PNG(text string) ([]byte, error) {
	c, err := encode(text)
	if err != nil {
		return nil, err
	}
	return c.PNG(), nil
}
