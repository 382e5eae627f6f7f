// Package signup lets people in: publishers and advertisers who sign up themselves, people
// who are invited, and people who forgot their password.
//
// Invariants:
//   - What comes from outside says nothing about who has an account here. A taken address
//     gets the same answer, and takes as long; whoever owns it is told by mail.
//   - Every door behind a mail opens once, for a while, by a token of which only the hash
//     is kept. Looking at its page opens nothing: mail filters do that.
//   - A publisher or an advertiser comes into being when the address is confirmed, and
//     pending; only staff makes it active.
//   - What was sent in is kept, also what was refused, with a stable code.
package signup

import (
	"context"
	"errors"

	"clickledger/internal/account"
)

// Settings are the sign-up page of one kind of party in one workspace. There are settings
// for every workspace; those that were never set are closed.
type Settings struct {
	Workspace    string
	Kind         string // account.PartyPublisher, account.PartyAdvertiser
	Open         bool
	Intro        string
	Questions    []Question
	Terms        string
	TermsVersion int64  // +1 whenever the terms change
	Group        string // of publishers who sign up
	Manager      string // of parties that sign up
	Updated      int64  // µs
	Version      int64  // 0 = never set
}

// Question is one of the workspace's own.
type Question struct {
	Label    string   `json:"label"`
	Kind     string   `json:"kind"` // QuestionText, QuestionArea, QuestionChoice
	Choices  []string `json:"choices,omitempty"`
	Required bool     `json:"required"`
}

// Kinds of questions.
const (
	QuestionText   = "text"
	QuestionArea   = "area"
	QuestionChoice = "choice"
)

// Answer is a question as it was asked, and what was answered.
type Answer struct {
	Question string `json:"question" doc:"As it was asked."`
	Answer   string `json:"answer" doc:"What was answered; empty: nothing."`
}

// Signup is one sign-up.
type Signup struct {
	ID           string
	Workspace    string
	Kind         string
	Created      int64 // µs
	Updated      int64 // µs
	Version      int64
	State        string // one of States
	Code         string // why it was refused: CodeTaken
	Email        string // lower case
	Person       string // who signed up
	Name         string // of the publisher or the advertiser
	Website      string
	Promotion    string
	Answers      []Answer
	TermsVersion int64  // that were accepted; 0 = there were none
	Addr         string // where from, without its last part
	PasswordHash string // until it is the user's
	Party        string // id of what was made of it
	User         string
	Confirmed    int64 // µs
	Decided      int64 // µs
	DecidedBy    string
	Reason       string
}

// States of a sign-up.
const (
	Unconfirmed = "unconfirmed" // the address is not confirmed
	Pending     = "pending"     // waits for a decision
	Approved    = "approved"
	Rejected    = "rejected"
	Banned      = "banned"
	Refused     = "refused" // came to nothing by itself; Code says why
)

// States lists the states.
var States = []string{Pending, Unconfirmed, Approved, Rejected, Banned, Refused}

// CodeTaken: the address has an account, or is that of another publisher here.
const CodeTaken = "email_taken"

// Sentences are what the codes of refused sign-ups mean.
var Sentences = map[string]string{
	CodeTaken: "The address has an account already, or belongs to another publisher here. Whoever owns it was told by mail; the visitor was not.",
}

// Invitation lets one person in.
type Invitation struct {
	ID         string
	Party      account.Party // of whose people; the zero one is staff
	Created    int64         // µs
	Updated    int64         // µs
	Version    int64
	Email      string
	Name       string
	Workspaces []string // of a colleague
	Owner      bool     // of a colleague
	State      string   // Open, Accepted, Revoked
	Expires    int64    // µs
	MadeBy     string
	User       string // who came of it
}

// States of an invitation; an open one may have expired.
const (
	Open     = "open"
	Accepted = "accepted"
	Revoked  = "revoked"
)

// Token is what a link in a mail opens.
type Token struct {
	Hash    string // SHA-256 of the secret, hex
	Purpose string // ForConfirm, ForInvite, ForReset
	Subject string // id of the sign-up, the invitation, the user
	Created int64  // µs
	Expires int64  // µs
	Used    int64  // µs; 0 = not yet
}

// Purposes of tokens.
const (
	ForConfirm = "confirm"
	ForInvite  = "invite"
	ForReset   = "reset"
)

// Store keeps it. Every method is one transaction, durable on return. Absent rows are
// account.ErrNotFound, rows changed since they were read account.ErrVersion.
type Store interface {
	// SignupSettings are closed ones of Version 0 when they were never set.
	SignupSettings(ctx context.Context, workspace, kind string) (*Settings, error)
	// SaveSignupSettings writes by Version, and sets the new one.
	SaveSignupSettings(ctx context.Context, s *Settings) error

	InsertSignup(ctx context.Context, s *Signup) error
	UpdateSignup(ctx context.Context, s *Signup) error // by Version
	GetSignup(ctx context.Context, id string) (*Signup, error)
	// ListSignups gives sign-ups of a workspace, newest first; empty state and kind are all.
	ListSignups(ctx context.Context, workspace, state, kind, before string, limit int) ([]*Signup, error)
	CountSignups(ctx context.Context, workspace, state string) (int64, error)

	InsertInvitation(ctx context.Context, i *Invitation) error
	UpdateInvitation(ctx context.Context, i *Invitation) error // by Version
	GetInvitation(ctx context.Context, id string) (*Invitation, error)
	// ListInvitations gives those of a workspace ("" = of colleagues), newest first; party
	// "" is all of them.
	ListInvitations(ctx context.Context, workspace, party, before string, limit int) ([]*Invitation, error)

	InsertToken(ctx context.Context, t *Token) error
	GetToken(ctx context.Context, hash string) (*Token, error)
	// UseToken marks a token used, once: ok=false when somebody else did.
	UseToken(ctx context.Context, hash string, now int64) (ok bool, err error)
	// EndTokens marks all tokens of a subject and purpose used.
	EndTokens(ctx context.Context, subject, purpose string, now int64) error
}

// What a person who comes by a link, or to a page, may meet.
var (
	// ErrClosed: nobody can sign up here now.
	ErrClosed = errors.New("sign-up is closed")
	// ErrToken: the link is unknown, was used, has expired or was revoked.
	ErrToken = errors.New("the link does not open anything: it was used, has expired or was replaced")
	// ErrTaken: who comes by a link in their own mail learns that they have an account.
	ErrTaken = errors.New("this address has an account already")
)
