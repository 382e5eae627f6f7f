package api

import (
	"context"
	"mime"
	"net/http"
	"strings"

	"clickledger/internal/books"
	"clickledger/internal/upload"

	"github.com/danielgtaylor/huma/v2"
)

// statusPath is the operation whose body may be a CSV file of decisions.
const statusPath = "/conversions/status"

// ConversionStep is one decision about a conversion that is recorded.
type ConversionStep struct {
	Conversion string `json:"conversion" required:"false" maxLength:"512" doc:"Its id; else click_id or txid say which is meant."`
	ClickID    string `json:"click_id" required:"false" maxLength:"512" doc:"Its click."`
	TxID       string `json:"txid" required:"false" maxLength:"512" doc:"Its order number."`
	Goal       string `json:"goal" required:"false" maxLength:"512" doc:"Key of its goal, where the click or order has several."`
	Offer      string `json:"offer" required:"false" maxLength:"512" doc:"Its offer, where several have the order number."`
	Status     string `json:"status" required:"false" maxLength:"512" enum:"approved,rejected,reversed,refunded,held,released" doc:"What it is to become. rejected and reversed: whichever fits its state. Needed."`
	Reason     string `json:"reason" required:"false" maxLength:"512" doc:"Why. Needed to reject and to reverse."`
	Amount     string `json:"amount" required:"false" maxLength:"512" doc:"Of refunded: how much, empty for all that is left. Else empty, or the sale as it is recorded: another one is refused."`
	Currency   string `json:"currency" required:"false" maxLength:"512" doc:"Of the amount. Default: the conversion's."`
	RefundID   string `json:"refund_id" required:"false" maxLength:"512" doc:"Of refunded: the shop's id of the refund. Needed for a part."`
}

// ConversionSteps is a list of decisions in JSON.
type ConversionSteps struct {
	Decisions []ConversionStep `json:"decisions" required:"true" nullable:"false" minItems:"1" maxItems:"2000" doc:"The decisions, in order."`
}

// ConversionDecided is what became of one decision, or would.
type ConversionDecided struct {
	Row        int    `json:"row" doc:"Its line in the file, counted from 1; in a JSON list its place."`
	Conversion string `json:"conversion" doc:"Id of the conversion; empty: none was found."`
	Status     string `json:"status" doc:"Its state after the step."`
	Changed    bool   `json:"changed" doc:"Whether the step changes something; false: so it is already, or it is wrong."`
	Code       string `json:"code" doc:"Why it cannot be done; empty: it can."`
	Field      string `json:"field" doc:"The column it is about."`
	Message    string `json:"message" doc:"The same in a sentence."`
}

// ConversionsDecided is what became of a list of decisions: all of it, or nothing.
type ConversionsDecided struct {
	Done    bool                `json:"done" doc:"Whether everything was done. false: nothing was, because this is a preview or a row is wrong."`
	DryRun  bool                `json:"dry_run" doc:"true: a preview."`
	Changed int                 `json:"changed" doc:"Rows that change something."`
	Same    int                 `json:"same" doc:"Rows that say what is so already."`
	Wrong   int                 `json:"wrong" doc:"Rows that cannot be done."`
	Rows    []ConversionDecided `json:"rows" nullable:"false" doc:"In the order of the file."`
	Ignored []string            `json:"ignored_columns" nullable:"false" doc:"Names of columns that mean nothing here."`
}

type conversionsDecidedOutput struct{ Body ConversionsDecided }

func (s *server) registerStatuses() {
	var names strings.Builder
	for _, c := range upload.StatusColumns() {
		names.WriteString("- `" + strings.Join(c, "`, `") + "`\n")
	}
	file := route{method: http.MethodPost, path: statusPath, id: "decide-conversions", tag: "conversions", summary: "Decide about many conversions at once", maxBody: upload.MaxBytes + 1,
		text: "A CSV file (text/csv) in UTF-8 with commas, semicolons or tabs, at most 2000 rows, or the same as a JSON list. All rows are carried out in one transaction, or none: one wrong row is enough, and done is false then. Sent again, nothing changes. The first line names the columns; case, spaces and underscores do not matter:\n\n" +
			names.String() + "\nA cell that begins with = is a formula and refused; a decimal comma is refused, never guessed."}
	add(s, file, s.decideAll)
	content := s.operation(file).RequestBody.Content
	schemas := s.huma.OpenAPI().Components.Schemas
	for name := range content {
		delete(content, name)
	}
	content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}, Example: string(upload.StatusExample())}
	content["application/json"] = &huma.MediaType{Schema: schemas.Schema(typeOf[ConversionSteps](), true, "")}
}

func (s *server) decideAll(ctx context.Context, in *uploadInput) (*conversionsDecidedOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	sheet, err := statusSheet(in)
	if err != nil {
		return nil, uploadErr(err)
	}
	o, err := upload.Decide(ctx, s.Books, s.Decide, caller(ctx), ws, sheet, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &conversionsDecidedOutput{ConversionsDecided{Done: o.Done, DryRun: in.DryRun, Changed: o.Changed, Same: o.Same, Wrong: o.Wrong, Rows: []ConversionDecided{}, Ignored: sheet.Ignored}}
	for _, l := range o.Lines {
		d := ConversionDecided{Row: l.Line, Changed: l.Changed, Code: l.Code, Field: l.Field, Message: l.Detail}
		if c := l.StepResult.Conversion; c != nil {
			d.Conversion, d.Status = c.ID, string(c.Status)
		}
		out.Body.Rows = append(out.Body.Rows, d)
	}
	if out.Body.Ignored == nil {
		out.Body.Ignored = []string{}
	}
	return out, nil
}

// statusSheet reads the body as what it says it is.
func statusSheet(in *uploadInput) (*upload.StatusSheet, error) {
	media, _, err := mime.ParseMediaType(in.Media)
	if err != nil || media != "application/json" {
		return upload.ReadStatuses(in.RawBody)
	}
	var d ConversionSteps
	err = decode(in.RawBody, &d)
	if err != nil {
		return nil, err
	}
	rows := make([]upload.StatusRow, len(d.Decisions))
	for i, x := range d.Decisions {
		rows[i] = upload.StatusRow{Conversion: x.Conversion, ClickID: x.ClickID, TxID: x.TxID, Goal: x.Goal, Offer: x.Offer,
			Step: books.Step{Do: x.Status, Reason: x.Reason, Amount: x.Amount, Currency: x.Currency, RefundID: x.RefundID}}
	}
	return upload.Statuses(rows)
}
