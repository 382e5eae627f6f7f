package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/upload"

	"github.com/danielgtaylor/huma/v2"
)

// uploadPath is the operation whose body may be a CSV file.
const uploadPath = "/conversions/upload"

// EntryDoc is one conversion entered by hand: the parameters of a postback. All are
// texts, amounts too.
type EntryDoc struct {
	ClickID   string `json:"click_id" required:"false" maxLength:"512" doc:"The click that converted. Needed, but with a coupon and an order number: without a click, the conversion is the coupon's publisher's."`
	Offer     string `json:"offer" required:"false" maxLength:"512" doc:"Must be the click's offer, when it is given."`
	Goal      string `json:"goal" required:"false" maxLength:"512" doc:"Key of the goal. Default: the offer's default goal."`
	Payout    string `json:"payout" required:"false" maxLength:"512" example:"12.50" doc:"What it pays us, decimal text."`
	Amount    string `json:"amount" required:"false" maxLength:"512" example:"125.00" doc:"What the customer paid, decimal text."`
	Currency  string `json:"currency" required:"false" maxLength:"512" example:"USD" doc:"Of both. Default: the offer's."`
	TxID      string `json:"txid" required:"false" maxLength:"512" doc:"The advertiser's order number: the same again is a duplicate."`
	Status    string `json:"status" required:"false" maxLength:"512" doc:"approved, pending, rejected or reversed; refunded takes the amount off the conversion, without one all that is left. Default: as the offer says."`
	EventTime string `json:"event_time" required:"false" maxLength:"512" doc:"When it happened: RFC 3339, or Unix seconds or milliseconds. Default: now."`
	Coupon    string `json:"coupon" required:"false" maxLength:"512" doc:"Coupon code. With a click of another publisher, the offer says who earns."`
	Geo       string `json:"geo" required:"false" maxLength:"512" doc:"Country, ISO 3166-1 alpha-2."`

	CommissionID string `json:"commission_id" required:"false" maxLength:"512" doc:"Which commission is meant, for commission rules."`
	Customer     string `json:"customer" required:"false" maxLength:"512" doc:"The advertiser's id of the customer; only a hash of it is kept."`
	Items        string `json:"items" required:"false" maxLength:"8000" example:"sku1:books:40.00:2|sku2:toys:85.00" doc:"Item lines, as in a postback; they sum to amount."`
	RefundID     string `json:"refund_id" required:"false" maxLength:"512" doc:"With the status refunded: the shop's id of the refund. Needed for a part of the sale."`
}

// UploadDoc is a list of conversions in JSON.
type UploadDoc struct {
	Conversions []EntryDoc `json:"conversions" required:"true" nullable:"false" minItems:"1" maxItems:"10000" doc:"The conversions, in order."`
}

// Entered is what became of one conversion.
type Entered struct {
	Row        int    `json:"row" doc:"Its line in the file, counted from 1; in a JSON list its place."`
	Verdict    string `json:"verdict" doc:"Stable code, as of a postback."`
	Meaning    string `json:"meaning" doc:"What the code means."`
	Detail     string `json:"detail" doc:"What it means here: why it was refused, or what it is worth and by which rules."`
	Field      string `json:"field" doc:"The column it is about."`
	Taken      bool   `json:"taken" doc:"Whether the conversion is in the books: recorded, updated, or there before."`
	Same       int    `json:"same_as_row,omitempty" doc:"The row that it repeats word for word."`
	Conversion string `json:"conversion" doc:"Id of the conversion; empty in a preview."`
	Signal     string `json:"signal" doc:"Id in the inbox; empty in a preview, and for what could not be read."`
	ClickID    string `json:"click_id" doc:"As it was sent."`
	TxID       string `json:"txid" doc:"As it was sent."`
}

// Uploaded is what became of a file.
type Uploaded struct {
	DryRun  bool           `json:"dry_run" doc:"true: a preview, nothing was kept."`
	Rows    []Entered      `json:"rows" nullable:"false" doc:"In the order of the file."`
	Total   int            `json:"total" doc:"How many rows there are."`
	Taken   int            `json:"taken" doc:"How many of them are in the books."`
	Refused int            `json:"refused" doc:"How many are not, or not yet."`
	Counts  map[string]int `json:"counts" doc:"How many rows have each verdict."`
	Columns []string       `json:"columns" nullable:"false" doc:"What each column was read as; empty: not at all."`
	Ignored []string       `json:"ignored_columns" nullable:"false" doc:"Names of columns that mean nothing here."`
}

type uploadInput struct {
	Scope
	DryRun  bool   `query:"dry_run" doc:"Only preview: judge every row, and keep nothing."`
	Media   string `header:"Content-Type" hidden:"true"`
	RawBody []byte
}

type entryInput struct {
	Scope
	DryRun bool `query:"dry_run" doc:"Only preview: judge it, and keep nothing."`
	Body   body[EntryDoc]
}

type (
	uploadOutput struct{ Body Uploaded }
	entryOutput  struct{ Body Entered }
)

func (s *server) registerUpload() {
	var names strings.Builder
	for _, c := range upload.Columns() {
		names.WriteString("- `" + strings.Join(c, "`, `") + "`\n")
	}
	file := route{method: http.MethodPost, path: uploadPath, id: "upload-conversions", tag: "conversions", summary: "Upload conversions", maxBody: upload.MaxBytes + 1,
		text: "A CSV file (text/csv) in UTF-8 with commas, semicolons or tabs, at most 10 000 rows and 5 MB, or the same as a JSON list. Each row is judged like the advertiser's own postback and with the same idempotency: sent again, it is a duplicate. A wrong row costs no other one. The first line names the columns; case, spaces and underscores do not matter:\n\n" +
			names.String() + "\nWithout a header the columns are click_id, payout, txid, goal, event_time. Times without a zone are in the workspace's. A decimal comma is refused, never guessed."}
	add(s, file, s.upload)
	content := s.operation(file).RequestBody.Content
	schemas := s.huma.OpenAPI().Components.Schemas
	for name := range content {
		delete(content, name)
	}
	content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}, Example: string(upload.Example())}
	content["application/json"] = &huma.MediaType{Schema: schemas.Schema(typeOf[UploadDoc](), true, "")}
	add(s, route{method: http.MethodPost, path: "/conversions", id: "enter-conversion", tag: "conversions", summary: "Enter a conversion",
		text: "By hand, like the advertiser's own postback and with the same idempotency. What a postback would be refused for is refused with the verdict as the code."}, s.enter)
}

// uploadErr turns a file that cannot be read into a refusal.
func uploadErr(err error) error {
	var file *upload.FileError
	if !errors.As(err, &file) {
		return err
	}
	bad := &catalog.Invalid{}
	bad.Add("file", file.Code, "", file.Error())
	return bad
}

func (s *server) upload(ctx context.Context, in *uploadInput) (*uploadOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	sheet, err := s.sheet(ctx, ws, in)
	if err != nil {
		return nil, uploadErr(err)
	}
	o, err := upload.Judge(ctx, s.Decide, caller(ctx), ws, sheet, in.DryRun)
	if err != nil {
		return nil, err
	}
	out := &uploadOutput{Uploaded{DryRun: in.DryRun, Rows: make([]Entered, len(o.Lines)), Total: len(o.Lines), Counts: map[string]int{}, Columns: sheet.Columns, Ignored: sheet.Ignored}}
	for i := range o.Lines {
		out.Body.Rows[i] = enteredView(&o.Lines[i])
		if o.Lines[i].Took() {
			out.Body.Taken++
		}
	}
	out.Body.Refused = out.Body.Total - out.Body.Taken
	for v, n := range o.Counts {
		out.Body.Counts[string(v)] = n
	}
	if out.Body.Ignored == nil {
		out.Body.Ignored = []string{}
	}
	return out, nil
}

// sheet reads the body as what it says it is.
func (s *server) sheet(ctx context.Context, ws string, in *uploadInput) (*upload.Sheet, error) {
	media, _, err := mime.ParseMediaType(in.Media)
	if err != nil {
		media = "text/csv" // none was named: a file
	}
	if media == "application/json" {
		var d UploadDoc
		err := decode(in.RawBody, &d)
		if err != nil {
			return nil, err
		}
		entries := make([]conversion.Entry, len(d.Conversions))
		for i, e := range d.Conversions {
			entries[i] = conversion.Entry(e)
		}
		return upload.Entries(entries, nil)
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindWorkspace, ws, ws)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(e.(*catalog.Workspace).TimeZone)
	if err != nil {
		zone = time.UTC // a workspace without a zone is in UTC
	}
	return upload.Read(in.RawBody, zone)
}

func enteredView(l *upload.Line) Entered {
	return Entered{Row: l.Line, Verdict: string(l.Verdict), Meaning: event.Verdicts[l.Verdict].Sentence, Detail: l.Detail, Field: l.Field, Taken: l.Took(),
		Same: l.Same, Conversion: l.Conversion, Signal: l.Signal, ClickID: l.Entry.ClickID, TxID: l.Entry.TxID}
}

// enter enters one conversion. What is refused answers as a problem, with the verdict as
// its code and the status that the same postback would get.
func (s *server) enter(ctx context.Context, in *entryInput) (*entryOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d EntryDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	sheet, err := upload.Entries([]conversion.Entry{conversion.Entry(d)}, nil)
	if err != nil {
		return nil, uploadErr(err)
	}
	o, err := upload.Judge(ctx, s.Decide, caller(ctx), ws, sheet, in.DryRun)
	if err != nil {
		return nil, err
	}
	l := &o.Lines[0]
	status := event.Verdicts[l.Verdict].Status
	if l.Took() || status < 400 {
		return &entryOutput{enteredView(l)}, nil
	}
	if status == http.StatusUnauthorized {
		status = http.StatusUnprocessableEntity // of the entry, not of the key
	}
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: string(l.Verdict), Detail: l.Detail, RequestID: requestID(ctx)}
	if l.Field != "" {
		bad := &catalog.Invalid{}
		bad.Add(l.Field, string(l.Verdict), "", l.Detail)
		f := bad.Fields[0]
		p.Errors = []FieldProblem{{f.Field, f.Rule, f.Value, f.Msg}}
	}
	return nil, p
}
