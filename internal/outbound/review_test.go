package outbound

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// What went wrong is kept and shown: it does not repeat the URL, which may hold the
// publisher's secrets (O5).
func TestAnErrorDoesNotRepeatTheURL(t *testing.T) {
	s := NewSender(nil, time.Now, true, slog.New(slog.DiscardHandler))
	try, _ := s.call(t.Context(), &Delivery{ID: "dlv_1", Method: "GET", URL: "https://pub.example:port/?key=s3cret"})
	if try.Error == "" || strings.Contains(try.Error, "s3cret") {
		t.Errorf("%v", try)
	}
}
