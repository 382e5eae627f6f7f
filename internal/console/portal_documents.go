package console

import (
	"context"
	"io"
	"strconv"

	"clickledger/internal/account"
	"clickledger/internal/document"
)

// papers is what both portals say about documents.
type papers interface {
	Papers(ctx context.Context, before string, limit int) ([]*document.Document, error)
	Paper(ctx context.Context, id string, line int64, after string, limit int) (*document.Document, []document.Detail, error)
	PaperFile(ctx context.Context, id string, line int64) (*document.Document, func(ctx context.Context, w io.Writer) error, error)
}

// papers are those of the party whose portal this is.
func (c *call) papers() papers {
	if c.adv != nil {
		return c.adv
	}
	return c.pub
}

// portalDocuments lists a publisher's statements, or an advertiser's invoices and credit
// notes.
func (c *call) portalDocuments() error {
	ds, err := c.papers().Papers(c.r.Context(), c.param("after"), pageSize+1)
	if err != nil {
		return err
	}
	title, sentence := "Statements", "No statement was issued to you yet. Each says what was credited and paid in its period."
	if c.party.Kind == account.PartyAdvertiser {
		title, sentence = "Invoices", "Nothing was billed to you yet."
	}
	t := c.documentTable(ds, false)
	t.Empty = &empty{Sentence: sentence}
	if len(ds) > pageSize {
		t.Rows = t.Rows[:pageSize]
		t.Next = c.same("after", ds[pageSize-1].ID)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	return show(c, "panels", title, panelsPage{Head: head{Title: title, Note: "Newest first"}, Panels: []panel{{ID: "documents", Table: t}}})
}

// portalDocument shows one, and what is behind one of its lines.
func (c *call) portalDocument() error {
	line, _ := strconv.ParseInt(c.param("line"), 10, 64) // anything else is none
	d, rows, err := c.papers().Paper(c.r.Context(), c.r.PathValue("id"), line, c.param("after"), pageSize+1)
	if err != nil {
		return err
	}
	p := c.documentPage(d, line, rows, c.at)
	p.Head.Crumb = &link{Label: map[string]string{account.PartyPublisher: "Statements", account.PartyAdvertiser: "Invoices"}[c.party.Kind], URL: c.plain("documents")}
	return show(c, "panels", d.Kind.Name(d.Number), p)
}

// portalDocumentPrint shows it as it is printed.
func (c *call) portalDocumentPrint() error {
	d, _, err := c.papers().Paper(c.r.Context(), c.r.PathValue("id"), 0, "", 1)
	if err != nil {
		return err
	}
	return c.sendPaper(d)
}

// portalDocumentCSV exports what is behind it, or behind one of its lines.
func (c *call) portalDocumentCSV() error {
	line, _ := strconv.ParseInt(c.param("line"), 10, 64)
	d, write, err := c.papers().PaperFile(c.r.Context(), c.r.PathValue("id"), line)
	if err != nil {
		return err
	}
	return c.sendFile(d.Kind.Name(d.Number)+".csv", write)
}
