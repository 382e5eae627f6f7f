package portaltest

import (
	"context"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/document"
)

// Documents issues an invoice and a statement to each side, as IDs publisher_document and
// advertiser_document: documents of a party are for it alone.
func Documents(t testing.TB, store document.Store, sides ...*Side) {
	t.Helper()
	for n, s := range sides {
		for _, kind := range []string{account.PartyPublisher, account.PartyAdvertiser} {
			d := &document.Document{ID: "doc_" + kind[:3] + s.Mark + "_0000000001", Workspace: s.workspace, Kind: document.Statement, Number: int64(n + 1), Party: s.IDs[kind], Currency: "EUR", From: 1, To: 2, Total: 7, Actor: "usr_issuer_" + s.Mark,
				Body: document.Body{Recipient: document.Side{Name: "Recipient of " + kind + " " + s.Mark, Address: "Address of " + kind + " " + s.Mark}, Lines: []document.Line{{No: 1, Kind: document.LineLate, Count: 1, Amount: 7}}}}
			if kind == account.PartyAdvertiser {
				d.Kind, d.Body.Lines[0].Kind, d.Items = document.Invoice, document.LineNew, []document.Item{{Line: 1, Conversion: s.IDs["conversion"], Amount: 7}}
			}
			err := store.Update(t.Context(), func(ctx context.Context, tx document.Tx) error { return tx.InsertDocument(ctx, d) })
			if err != nil {
				t.Fatal(err)
			}
			s.IDs[kind+"_document"] = d.ID
			s.Values = append(s.Values, Value{"document.recipient", d.Body.Recipient.Name, kind[:1]}, Value{"document.address", d.Body.Recipient.Address, kind[:1]}, Value{"document.actor", d.Actor, ""})
		}
	}
}
