package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/mail"
	"clickledger/internal/store/q"
)

// mailStore implements mail.Store.
type mailStore struct{ accountStore }

// Mails is the storage of mails and of how they are sent.
func (db *DB) Mails() mail.Store { return mailStore{accountStore{db}} }

func mailRow(m *mail.Mail) q.Mail {
	return q.Mail{
		ID: m.ID, Workspace: m.Workspace, Created: m.Created, Version: m.Version, Purpose: m.Purpose, About: m.About, Recipient: m.To,
		Subject: cleanText(m.Subject), Body: cleanText(m.Body), Link: m.Link, State: m.State, Attempts: m.Attempts, NextAt: m.NextAt, Expires: m.Expires,
		Sent: m.Sent, Problem: cleanText(m.Problem),
	}
}

func mailOf(r q.Mail) *mail.Mail {
	return &mail.Mail{
		ID: r.ID, Workspace: r.Workspace, Created: r.Created, Version: r.Version, Purpose: r.Purpose, About: r.About, To: r.Recipient,
		Subject: r.Subject, Body: r.Body, Link: r.Link, State: r.State, Attempts: r.Attempts, NextAt: r.NextAt, Expires: r.Expires,
		Sent: r.Sent, Problem: r.Problem,
	}
}

// InsertMail adds a mail, as version 1.
func (x mailStore) InsertMail(ctx context.Context, m *mail.Mail) error {
	row := mailRow(m)
	row.Version = 1
	err := x.write(ctx, "mails.insert", map[string]string{"id": m.ID}, func(ctx context.Context, qs *q.Queries) error {
		return qs.InsertMail(ctx, q.InsertMailParams(row))
	})
	if err == nil {
		m.Version = 1
	}
	return err
}

// UpdateMail writes what may change of a mail, by version.
func (x mailStore) UpdateMail(ctx context.Context, m *mail.Mail) error {
	err := x.write(ctx, "mails.update", nil, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetMail(ctx, m.ID)
		n, err := qs.UpdateMail(ctx, as[q.UpdateMailParams](mailRow(m)))
		return byVersion(n, err, absent)
	})
	if err == nil {
		m.Version++
	}
	return err
}

// GetMail returns a mail.
func (x mailStore) GetMail(ctx context.Context, id string) (*mail.Mail, error) {
	r, err := q.New(x.db.engine.reads()).GetMail(ctx, id)
	return one(r, err, mailOf, "mail")
}

// DueMails returns queued mails whose time has come.
func (x mailStore) DueMails(ctx context.Context, now int64, limit int) ([]*mail.Mail, error) {
	rows, err := q.New(x.db.engine.reads()).DueMails(ctx, q.DueMailsParams{Now: now, Most: pageSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: due mails: %w", err)
	}
	return each(rows, mailOf), nil
}

// ListMails returns a page; see mail.Store.
func (x mailStore) ListMails(ctx context.Context, workspace, about, before string, limit int) ([]*mail.Mail, error) {
	l := newList[q.Mail]("mails").equal("workspace", workspace).given("about", about).before(before)
	rows, err := collect[q.Mail](x.db.engine.reads().dynamic(ctx, l.query(pageSize(limit)), l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list mails: %w", err)
	}
	return each(rows, mailOf), nil
}

// MailSettings returns how mails are sent.
func (x mailStore) MailSettings(ctx context.Context) (*mail.Settings, error) {
	r, err := q.New(x.db.engine.reads()).GetMailSettings(ctx)
	set, err := one(r, err, func(r q.MailSetting) *mail.Settings {
		return &mail.Settings{Host: r.Host, Port: r.Port, User: r.Username, Password: r.Password, Security: r.Security, From: r.Sender, Updated: r.Updated, Version: r.Version}
	}, "mail settings")
	if errors.Is(err, catalog.ErrNotFound) {
		return &mail.Settings{}, nil
	}
	return set, err
}

// SaveMailSettings writes by version; see mail.Store.
func (x mailStore) SaveMailSettings(ctx context.Context, s *mail.Settings) error {
	row := q.MailSetting{ID: 1, Host: s.Host, Port: s.Port, Username: s.User, Password: s.Password, Security: s.Security, Sender: s.From, Updated: s.Updated, Version: s.Version}
	err := x.write(ctx, "mails.save_settings", nil, func(ctx context.Context, qs *q.Queries) error {
		_, absent := qs.GetMailSettings(ctx)
		if absent != nil && s.Version == 0 {
			return qs.InsertMailSettings(ctx, as[q.InsertMailSettingsParams](row))
		}
		n, err := qs.UpdateMailSettings(ctx, as[q.UpdateMailSettingsParams](row))
		return byVersion(n, err, absent)
	})
	if err == nil {
		s.Version++
	}
	return err
}
