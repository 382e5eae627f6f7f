package portal

import (
	"context"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/signup"
)

// Invitation lets a colleague in.
type Invitation struct {
	ID      string    `json:"id" doc:"Its id."`
	Email   string    `json:"email" doc:"Who is invited."`
	Name    string    `json:"name" doc:"What you call them."`
	State   string    `json:"state" enum:"open,accepted,revoked,expired" doc:"What became of it."`
	Expires time.Time `json:"expires" doc:"Until when its link works."`
	Created time.Time `json:"created" doc:"When it was made."`
}

// invitationExpired is the state of one that nobody accepted in time.
const invitationExpired = "expired"

func (d *door) invitationView(i *signup.Invitation) Invitation {
	v := Invitation{i.ID, i.Email, i.Name, i.State, timeOf(i.Expires), timeOf(i.Created)}
	if i.State == signup.Open && i.Expires <= d.s.o.Now().UnixMicro() {
		v.State = invitationExpired
	}
	return v
}

// Invitations lists who was invited, newest first.
func (d *door) Invitations(ctx context.Context) ([]Invitation, error) {
	out := []Invitation{}
	if d.s.o.Signups == nil {
		return out, nil
	}
	rows, err := d.s.o.Signups.Invitations(ctx, d.asks, d.asks.Party, "", signup.MaxLimit)
	for _, i := range rows {
		out = append(out, d.invitationView(i))
	}
	return out, err
}

// MayInvite reports whether who asks can let colleagues in: people can, keys cannot.
func (d *door) MayInvite() bool {
	return d.s.o.Signups != nil && d.Writes() && account.IsPerson(d.asks)
}

// Invite lets a colleague in, who gets a mail with a link. An address that has an account
// already gets another mail, and the invitation looks the same.
func (d *door) Invite(ctx context.Context, email, name string) (*Invitation, error) {
	if !d.MayInvite() {
		return nil, catalog.ErrNotFound
	}
	i, err := d.s.o.Signups.Invite(ctx, d.asks, signup.InviteDoc{Email: email, Name: name, Party: d.asks.Party})
	if err != nil {
		return nil, err
	}
	v := d.invitationView(i)
	return &v, nil
}

// RevokeInvitation ends an invitation; its link opens nothing any more.
func (d *door) RevokeInvitation(ctx context.Context, id string) (*Invitation, error) {
	return d.changeInvitation(id, func() (*signup.Invitation, error) { return d.s.o.Signups.RevokeInvitation(ctx, d.asks, id) })
}

// ResendInvitation sends a new link; the one before opens nothing any more.
func (d *door) ResendInvitation(ctx context.Context, id string) (*Invitation, error) {
	return d.changeInvitation(id, func() (*signup.Invitation, error) { return d.s.o.Signups.ResendInvitation(ctx, d.asks, id) })
}

func (d *door) changeInvitation(id string, do func() (*signup.Invitation, error)) (*Invitation, error) {
	if !d.MayInvite() || id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	i, err := do()
	if err != nil {
		return nil, err
	}
	v := d.invitationView(i)
	return &v, nil
}
