package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// attribution is what the licences of data inside the product ask to be said.
var attribution = []string{"IP geolocation: IP to Country Lite by DB-IP (https://db-ip.com), CC BY 4.0"}

// About is the installation in answers.
type About struct {
	Version     string   `json:"version" doc:"Version of the server."`
	PublicURL   string   `json:"public_url" doc:"Under which trackers and pixels are reached."`
	Attribution []string `json:"attribution" nullable:"false" doc:"Whose data it uses."`
}

type aboutOutput struct{ Body About }

type verifyOutput struct {
	Body any `doc:"The findings."`
}

type nothing struct{}

func (s *server) registerSystem() {
	add(s, route{method: http.MethodGet, path: "/about", id: "about", tag: "system", summary: "Read what this server is"}, func(context.Context, *nothing) (*aboutOutput, error) {
		return &aboutOutput{About{s.Version, s.PublicURL, attribution}}, nil
	})
	add(s, route{method: http.MethodPost, path: "/verify", id: "verify", tag: "system", summary: "Check the books", owner: true, read: true,
		text: "Recomputes the ledger's invariants and reconciles log, facts and books, while the server goes on."}, s.runVerify)
	add(s, route{method: http.MethodGet, path: "/backup", id: "backup", tag: "system", summary: "Download a backup", owner: true,
		text: "A consistent copy with everything that cannot be made anew, the keys that sign click ids included: keep it as safe as the server. If the copy fails on the way the connection is cut."}, s.runBackup)
}

func (s *server) runVerify(ctx context.Context, _ *nothing) (*verifyOutput, error) {
	if s.Verify == nil {
		return nil, errAbsent
	}
	found, err := s.Verify(ctx)
	if err != nil {
		return nil, err
	}
	return &verifyOutput{found}, nil
}

func (s *server) runBackup(ctx context.Context, _ *nothing) (*fileOutput, error) {
	if s.Backup == nil {
		return nil, errAbsent
	}
	if !caller(ctx).Write {
		return nil, errReadOnly // it holds every secret
	}
	return s.file("application/octet-stream", "clickledger.backup", s.Backup), nil
}

// fileOutput is an answer that is a file, written while it is made.
type fileOutput struct{ Body func(huma.Context) }

// file answers what write writes. What fails before the first byte is answered as a
// problem; later, the connection breaks off, so that half a file never looks whole.
func (s *server) file(media, name string, write func(ctx context.Context, w io.Writer) error) *fileOutput {
	return &fileOutput{func(hctx huma.Context) {
		w := &lazy{ctx: hctx, media: media, name: name}
		err := write(hctx.Context(), w)
		switch {
		case err == nil:
			w.begin() // an empty file is one, too
		case w.begun:
			s.Logger.Error("a file broke off", "file", name, "request", requestID(hctx.Context()), "error", err)
			panic(http.ErrAbortHandler)
		default:
			p := s.problem(hctx.Context(), err)
			hctx.SetHeader("Content-Type", p.ContentType(""))
			hctx.SetStatus(p.Status)
			err := s.huma.Marshal(hctx.BodyWriter(), "application/json", p)
			if err != nil {
				s.Logger.Warn("write answer", "request", p.RequestID, "error", err)
			}
		}
	}}
}

// lazy writes the headers with the first byte, so that what fails before it can be
// answered properly.
type lazy struct {
	ctx         huma.Context
	media, name string
	begun       bool
}

func (l *lazy) begin() io.Writer {
	if !l.begun {
		l.begun = true
		l.ctx.SetHeader("Content-Type", l.media)
		l.ctx.SetHeader("Content-Disposition", `attachment; filename="`+l.name+`"`)
		l.ctx.SetStatus(http.StatusOK)
	}
	return l.ctx.BodyWriter()
}

// Write makes it an [io.Writer].
func (l *lazy) Write(b []byte) (int, error) { return l.begin().Write(b) }
