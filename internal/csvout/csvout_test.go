package csvout

import (
	"bufio"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{"plain": "plain", "": "", "=1+1": "'=1+1", "+1": "'+1", "-x": "'-x", "@x": "'@x", "\tx": "'\tx", "\r=x": "'\r=x", "  =x": "'  =x", "\n x": "'\n x", "a=b": "a=b", "\x00=x": "'=x", "＝x": "'＝x"} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	var b strings.Builder
	w := bufio.NewWriter(&b)
	Line(w, []string{"a", "b;c", `d"e`, " f", "", "g\nh"})
	_ = w.Flush()
	if got, want := b.String(), "a,\"b;c\",\"d\"\"e\",\" f\",,\"g\nh\"\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
