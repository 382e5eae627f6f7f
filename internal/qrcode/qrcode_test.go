package qrcode

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"regexp"
	"strings"
	"testing"
)

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// modules draws an SVG of ours into a grid, the margin included.
func modules(t *testing.T, svg []byte) [][]bool {
	t.Helper()
	for dec := xml.NewDecoder(bytes.NewReader(svg)); ; {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
	var side int
	if _, err := fmt.Sscanf(string(svg[bytes.Index(svg, []byte("viewBox")):]), `viewBox="0 0 %d`, &side); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(svg), fmt.Sprintf(`<path fill="#fff" d="M0 0h%dv%dH0z"/>`, side, side)) {
		t.Error("the ground is not white all over")
	}
	grid := make([][]bool, side)
	for i := range grid {
		grid[i] = make([]bool, side)
	}
	for _, m := range run.FindAllStringSubmatch(string(svg), -1) {
		var x, y, n, back int
		if _, err := fmt.Sscan(strings.Join(m[1:], " "), &x, &y, &n, &back); err != nil || n != back {
			t.Fatalf("run %q: %v", m[0], err)
		}
		for i := range n {
			grid[y][x+i] = true
		}
	}
	return grid
}

// TestSVGIsThePicture: the SVG shows module for module what the PNG does, which the
// library draws by itself, with a margin of four modules in both.
func TestSVGIsThePicture(t *testing.T) {
	for _, text := range []string{"https://go.example/c/ugqa76b3m7", "HTTPS://GO.EXAMPLE/C/X", "0123456789", "https://go.example/c/k?url=" + strings.Repeat("%2F", 300), strings.Repeat("ä", 1400)} {
		svg, err := SVG(text)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := PNG(text)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		grid := modules(t, svg)
		if img.Bounds().Dx() != 8*len(grid) {
			t.Fatalf("%.40s: %d modules, %d pixels", text, len(grid), img.Bounds().Dx())
		}
		for y := range grid {
			for x, dark := range grid[y] {
				r, _, _, _ := img.At(8*x+4, 8*y+4).RGBA()
				if dark != (r == 0) {
					t.Fatalf("%.40s: module %d,%d is %v", text, x, y, dark)
				}
				margin := x < quiet || y < quiet || x >= len(grid)-quiet || y >= len(grid)-quiet
				if margin && dark {
					t.Fatalf("%.40s: dark at %d,%d in the margin", text, x, y)
				}
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := SVG(strings.Repeat("a", 2953)); err != nil {
		t.Errorf("the longest text: %v", err)
	}
	for name, draw := range map[string]func(string) ([]byte, error){"svg": SVG, "png": PNG} {
		if _, err := draw(strings.Repeat("a", 2954)); !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: %v, want ErrTooLong", name, err)
		}
	}
}
