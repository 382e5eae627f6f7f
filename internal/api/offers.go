package api

import (
	"context"
	"net/http"

	"clickledger/internal/catalog"
)

// BulkOffers is a change of several offers at once.
type BulkOffers struct {
	IDs           []string `json:"ids" required:"true" nullable:"false" minItems:"1" maxItems:"200" doc:"The offers."`
	Status        string   `json:"status" required:"false" enum:"draft,submitted,approved,active,paused" doc:"Their new status. Absent, here and below: as it is."`
	AddTags       []string `json:"add_tags" required:"false" nullable:"false" doc:"Tags to give them."`
	RemoveTags    []string `json:"remove_tags" required:"false" nullable:"false" doc:"Tags to take from them."`
	FallbackOffer *string  `json:"fallback_offer" required:"false" doc:"Their fallback offer, by its id; an empty text: none."`
	Archived      *bool    `json:"archived" required:"false" doc:"true takes them out of use, false back into it."`
	GoLiveReason  string   `json:"go_live_reason" required:"false" maxLength:"500" doc:"Why those become active that passed no test; see the offer's own field."`
}

// BulkOffer is what became of one of them.
type BulkOffer struct {
	ID      string         `json:"id" doc:"The offer."`
	Name    string         `json:"name,omitempty" doc:"What it is called; absent when there is none with this id."`
	Changed bool           `json:"changed" doc:"Whether it was changed; false as well where it was so already."`
	Code    string         `json:"code,omitempty" doc:"Stable code of why it could not be changed; absent when it could."`
	Errors  []FieldProblem `json:"errors,omitempty" nullable:"false" doc:"The fields that refuse the change."`
}

type bulkInput struct {
	Scope
	DryRun bool `query:"dry_run" doc:"Only check: answer what would become of each, and change nothing."`
	Body   body[BulkOffers]
}

type bulkOutput struct {
	Body struct {
		Data    []BulkOffer `json:"data" nullable:"false" doc:"What became of each, in the order of ids."`
		Changed int         `json:"changed" doc:"How many were changed."`
		Refused int         `json:"refused" doc:"How many could not be."`
	}
}

// registerOffers adds what only offers have.
func (s *server) registerOffers() {
	add(s, route{method: http.MethodPost, path: "/offers/bulk", id: "change-offers", tag: "offers", summary: "Change several offers at once",
		text: "Each offer is changed by itself, and what one refuses does not hold up the others. A change that would be wrong for every offer is refused as a whole."}, s.bulkOffers)
	add(s, route{method: http.MethodPost, path: "/offers/{id}/clone", id: "clone-offer", tag: "offers", summary: "Copy an offer", status: http.StatusCreated,
		text: "The copy has the same settings and goals, a key of its own, and a name that ends in (copy)."}, s.cloneOffer)
}

func (s *server) bulkOffers(ctx context.Context, in *bulkInput) (*bulkOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var b BulkOffers
	err = decode(in.Body.raw, &b)
	if err != nil {
		return nil, err
	}
	ch := catalog.BulkChange{Status: b.Status, AddTags: b.AddTags, RemoveTags: b.RemoveTags, FallbackOffer: b.FallbackOffer, Archived: b.Archived, GoLiveReason: b.GoLiveReason}
	results, err := s.Catalog.BulkOffers(ctx, caller(ctx), ws, b.IDs, ch, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &bulkOutput{}
	for _, r := range results {
		row := BulkOffer{ID: r.ID, Name: r.Name, Changed: r.Changed}
		if r.Changed {
			out.Body.Changed++
		}
		if r.Err != nil {
			out.Body.Refused++
			p := s.problem(ctx, r.Err)
			row.Code, row.Errors = p.Code, p.Errors
		}
		out.Body.Data = append(out.Body.Data, row)
	}
	return out, nil
}

type cloneInput struct {
	One
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of yours. The same request under it again gives the same answer, with the header Idempotent-Replay; another one is refused with 409."`
}

func (s *server) cloneOffer(ctx context.Context, in *cloneInput) (*rowOutput[Offer], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	idem := catalog.Idempotency{Workspace: ws}
	if in.Key != "" {
		idem.Key, idem.Hash = in.Key, "clone "+in.ID
	}
	o, replayed, err := s.Catalog.CloneOffer(ctx, caller(ctx), ws, in.ID, idem)
	if err != nil {
		return nil, err
	}
	x, err := s.extras(ctx, ws, []catalog.Entity{o})
	if err != nil {
		return nil, err
	}
	out := &rowOutput[Offer]{Status: http.StatusCreated, ETag: etag(o.Version), Location: Prefix + "/offers/" + o.ID, Body: s.offerView(o, x)}
	if replayed {
		out.Replay = "true"
	}
	return out, nil
}
