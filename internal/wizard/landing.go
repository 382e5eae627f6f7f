package wizard

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
)

// UserAgent is what the test click calls itself.
const UserAgent = "Mozilla/5.0 (compatible; clickledger-test/1)"

// click makes the run's first click through the edge, and says where it led.
func (s *Service) click(ctx context.Context, r *Run, key string) {
	st := r.step(StepClick)
	location, id := s.Door.Open(ctx, key, UserAgent)
	switch {
	case id.IsZero() || location == "":
		s.set(st, StepFailed, "The test link led nowhere.", "no_destination", "Look at the offer's destination URL, then start again.")
		s.finish(r, Failed, "The test link led nowhere.")
	default:
		r.Click, r.Landing = id.String(), location
		s.set(st, StepPassed, "The click "+r.Click+" was made through the test link.", "", "")
	}
}

// set gives a step its state, with when.
func (s *Service) set(st *Step, state StepState, sentence, fault, fix string) {
	if st.State != state || st.Sentence != sentence {
		st.At = s.Now().UnixMicro()
	}
	st.State, st.Sentence, st.Fault, st.Fix = state, sentence, fault, fix
}

// carries reports whether a URL has the click id in its query, path or fragment.
func carries(raw, id string) bool { return id != "" && strings.Contains(raw, id) }

// landing checks that the landing page received the click id: by the URL, and by opening it.
func (s *Service) landing(ctx context.Context, r *Run) {
	st := r.step(StepLanding)
	if !carries(r.Landing, r.Click) {
		if r.Method == catalog.MethodPixel {
			s.set(st, StepNone, "The landing URL has no click id. A pixel finds its click by the tracker's cookie, so it can do without; browsers that block such cookies lose it.", "", "")
			return
		}
		s.set(st, StepFailed, "The landing URL has no click id: "+r.Landing, "click_id_not_passed", "Put {click_id} into the offer's URL, for instance ?cid={click_id}, or switch on appending the click id, then start again.")
		return
	}
	u, err := url.Parse(r.Landing)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		s.set(st, StepPassed, "The URL has the click id. It is not one of a web page, so nothing was opened.", "", "")
		return
	}
	hops, err := s.Follow(ctx, r.Landing)
	if errors.Is(err, diagnosis.ErrBusy) {
		return // the next look tries again
	}
	s.judgeLanding(st, r, hops, err)
}

// judgeLanding says what became of the click id on the way to the page.
func (s *Service) judgeLanding(st *Step, r *Run, hops []diagnosis.Hop, err error) {
	switch {
	case err != nil:
		s.set(st, StepFailed, "The URL has the click id, but the page could not be opened from here: "+err.Error()+".", "landing_unreachable",
			"Open the test link in your browser. If the page opens there, go on: conversions that bring the click id prove that it arrived.")
		return
	case len(hops) == 0:
		return
	}
	last := hops[len(hops)-1]
	if last.Status >= 400 {
		s.set(st, StepFailed, fmt.Sprintf("The page was asked with the click id and answered HTTP %d.", last.Status), "landing_error", "Mend the page: visitors meet the same answer.")
		return
	}
	if carries(last.URL, r.Click) {
		s.set(st, StepPassed, fmt.Sprintf("The page was asked with the click id and answered HTTP %d.", last.Status), "", "")
		return
	}
	for _, h := range hops {
		if carries(strings.Join(h.Cookies, "\n"), r.Click) || carries(string(h.Body), r.Click) {
			s.set(st, StepPassed, "The page received the click id and kept it, though the redirect to "+host(last.URL)+" no longer has it.", "", "")
			return
		}
	}
	s.set(st, StepFailed, "The page received the click id, but its redirect to "+shorten(last.URL)+" no longer has it, and no cookie keeps it.", "click_id_lost",
		"Let the redirect carry the query along, or keep the click id in a cookie before it. If the page keeps it by itself, in a session, go on: conversions that bring it prove that.")
}

func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "another page"
	}
	return u.Host
}

// shorten bounds a URL for a sentence.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// proven makes the landing step passed once a conversion has brought the click id: it
// cannot have come from elsewhere.
func (s *Service) proven(r *Run, first *sample) {
	st := r.step(StepLanding)
	switch st.Fault {
	case "landing_unreachable", "click_id_lost", "click_id_not_passed":
	default:
		return
	}
	if first.req.ClickID != "" {
		s.set(st, StepPassed, "A conversion brought the click id, so it arrived.", "", "")
	}
}
