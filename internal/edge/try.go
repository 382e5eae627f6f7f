package edge

import (
	"context"
	"net/http"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// opener is the answer to a link that we open ourselves.
type opener struct {
	header http.Header
	id     event.ClickID
}

func (o *opener) Header() http.Header         { return o.header }
func (o *opener) Write(b []byte) (int, error) { return len(b), nil }
func (o *opener) WriteHeader(int)             {}

// visited is told the id of the visit: see [Edge.link].
func (o *opener) visited(id event.ClickID) { o.id = id }

// watcher is an answer that wants to know the id of its visit.
type watcher interface{ visited(id event.ClickID) }

// Open opens a link as a visitor on this machine would, and says where it leads, "" for
// nowhere, and the id of the visit. The visit is logged like any other.
func (e *Edge) Open(ctx context.Context, key, userAgent string) (location string, id event.ClickID) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, linkPrefix+key, nil)
	if err != nil {
		return "", id
	}
	r.RemoteAddr = "127.0.0.1:0"
	r.Header.Set("User-Agent", userAgent)
	o := &opener{header: http.Header{}}
	e.link(o, r, nil, key)
	return first(o.header, "Location"), o.id
}

// Try takes in a signal of our own: s with an id and a time of now, marked as a test of the
// workspace, so that it never moves money. It waits for the verdict like a postback. No
// request from outside can send such a signal.
func (e *Edge) Try(ctx context.Context, s event.Signal, workspace string) (event.ClickID, event.Verdict) {
	id, err := e.mint()
	if err != nil {
		e.complain(e.now(), "no signal id could be issued", err)
		return event.ClickID{}, event.LogUnavailable
	}
	s.ID, s.At, s.Test, s.Workspace, s.Host = id, e.now().UnixMicro(), true, workspace, e.host
	waiter := e.hub.Expect(id)
	_, err = e.log.Append(context.WithoutCancel(ctx), eventlog.Signal, s.Append(nil))
	if err != nil {
		waiter.Latest()
		e.complain(e.now(), "a signal of our own could not be logged", err)
		return id, event.LogUnavailable
	}
	return id, waiter.Wait(ctx, e.wait).Verdict
}
