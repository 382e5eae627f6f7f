package inbox

import (
	"strings"
	"testing"

	"clickledger/internal/event"
)

// Each verdict says what to do about it, and those that were taken are not judged again.
func TestEveryVerdictHasARemedy(t *testing.T) {
	for v := range event.Verdicts {
		r, ok := Remedies[v]
		if !ok || len(r.Fix) < 10 || !strings.HasSuffix(r.Fix, ".") {
			t.Errorf("the verdict %s has no fix: %+v", v, r)
		}
		if v.Took() && r.Replay {
			t.Errorf("%s was taken and would be judged again", v)
		}
	}
	for v := range Remedies {
		if _, ok := event.Verdicts[v]; !ok {
			t.Errorf("a remedy for %q, which is no verdict", v)
		}
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for _, body := range []string{
		"click_id=c1&token=geheim&txid=7", "TOKEN=geheim&txid=7", "%74oken=geheim&txid=7", "api_key=geheim&txid=7", "Api-Key=geheim&txid=7", "txid=7&signature=geheim",
		`{"txid":"7","token":"geheim"}`, `{"txid":"7", "to\u006ben" : "geheim"}`, `{"txid":"7","token":"geheim`, `{"txid":"7","secret":geheim}`, `{"token":"a\"geheim","txid":"7"}`,
		"click_id=c1&advertiserid=geheim&txid=7", "secure=geheim&txid=7", "verification_token=geheim&txid=7", "txid=7&x=tok_geheimgeheimgeheimgeheimgeheim00", "txid=7&x=tok%5Fgeheimgeheimgeheimgeheimgeheim00", "txid=7&x=whsec_geheimgeheimgeheimgeheimgeheim00",
	} {
		got := MaskBody(body)
		if strings.Contains(got, "geheim") || !strings.Contains(got, "7") || !strings.Contains(got, Hidden) {
			t.Errorf("%s is shown as %s", body, got)
		}
		search := SearchText(&Row{Order: "7", Click: "c1"}, &event.Signal{Body: []byte(body)})
		if strings.Contains(search, "geheim") || !strings.HasPrefix(search, "7 c1 ") {
			t.Errorf("%s is searched as %s", body, search)
		}
	}
	if got := MaskQuery("click_id=c1&txid=7&key=k"); got != "click_id=c1&txid=7&key=k" {
		t.Errorf("what is no secret became %s", got)
	}
}

func TestSearchText(t *testing.T) {
	s := &event.Signal{Query: "txid=Order%201&city=K%C3%B6ln&x=%00%ff" + strings.Repeat("&y=1", 2000)}
	got := SearchText(&Row{Order: "Order 1", Click: "ABC"}, s)
	if !strings.Contains(got, "order 1 abc") || !strings.Contains(got, "city=köln") || len(got) > maxSearch || strings.ContainsAny(got, "\x00\xff") {
		t.Errorf("searched by %.200s (%d bytes)", got, len(got))
	}
}
