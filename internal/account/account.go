// Package account holds who may do what: users, roles, sessions, API keys.
//
// Invariants:
//   - Secrets are stored only as hashes: argon2id for passwords, SHA-256 for sessions
//     and keys, which are random.
//   - Authorization is asked by the domain, through [Principal], never by pages.
package account

import "context"

// User signs in to the console.
type User struct {
	ID           string
	Email        string // lower case, unique
	Name         string
	PasswordHash string // PHC string, argon2id
	Owner        bool   // of the installation: every workspace, users and keys
	Workspaces   []string
	// Party is the publisher or the advertiser whose people the user belongs to; the zero
	// one is staff. It is set when the user is made, and for ever.
	Party    Party
	Created  int64 // µs
	Disabled bool
	Version  int64
}

// Party is a publisher or an advertiser of one workspace, as one who asks.
type Party struct {
	Kind      string // PartyPublisher, PartyAdvertiser, "" = nobody: staff
	ID        string // of the publisher or the advertiser
	Workspace string
}

// Kinds of parties, as the catalog names them.
const (
	PartyPublisher  = "publisher"
	PartyAdvertiser = "advertiser"
)

// Is reports whether the party is one of the kind.
func (p Party) Is(kind string) bool { return p.Kind == kind && p.ID != "" && p.Workspace != "" }

// Session is a signed-in browser.
type Session struct {
	Hash    string // SHA-256 of the cookie's value, hex
	User    string
	Created int64 // µs
	Seen    int64 // µs
	Expires int64 // µs, absolute
}

// Key is an API key of one workspace.
type Key struct {
	ID        string
	Workspace string // "" = every workspace: only the operator's own
	Name      string
	Prefix    string // shown: the first characters of the secret
	Hash      string // SHA-256 of the secret, hex
	Scope     string // ScopeRead, ScopeWrite
	Party     Party  // whose key it is; the zero one is staff's
	Created   int64  // µs
	Used      int64  // µs, to the minute
	Expires   int64  // µs, 0 = never
	Revoked   bool
	Version   int64
}

// Scopes of a key.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
)

// Principal is who asks. It is made by authentication and passed to the domain.
type Principal struct {
	ID         string // user or key id, for the audit trail
	Name       string
	Owner      bool
	Write      bool
	Workspaces []string // of staff that is not Owner; a party has none
	// Party is set for the people and keys of a publisher or an advertiser. They own no
	// workspace and may do nothing that staff does: what they may is in their portal.
	Party Party
}

// Staff reports whether the principal is one of the installation's own people or keys.
func (p Principal) Staff() bool { return p.Party == Party{} }

// May reports whether the principal may read (or write) in the workspace, as staff does.
func (p Principal) May(workspace string, write bool) bool {
	if workspace == "" || (write && !p.Write) || !p.Staff() {
		return false
	}
	if p.Owner {
		return true
	}
	for _, w := range p.Workspaces {
		if w == workspace {
			return true
		}
	}
	return false
}

// Store keeps accounts. Every method is one transaction, durable on return. Absent
// rows are [ErrNotFound]; a taken e-mail is an [*Invalid] with rule "taken".
type Store interface {
	InsertUser(ctx context.Context, u *User) error
	UpdateUser(ctx context.Context, u *User) error // by Version, ErrVersion
	GetUser(ctx context.Context, id string) (*User, error)
	UserByEmail(ctx context.Context, email string) (*User, error)
	ListUsers(ctx context.Context) ([]*User, error)
	// PartyUsers lists the people of one publisher or advertiser.
	PartyUsers(ctx context.Context, party Party) ([]*User, error)

	InsertSession(ctx context.Context, s *Session) error
	GetSession(ctx context.Context, hash string) (*Session, error)
	TouchSession(ctx context.Context, hash string, seen int64) error
	DeleteSessions(ctx context.Context, user, hash string) error // hash "" = all of the user's

	InsertKey(ctx context.Context, k *Key) error
	UpdateKey(ctx context.Context, k *Key) error // by Version
	GetKey(ctx context.Context, id string) (*Key, error)
	KeyByHash(ctx context.Context, hash string) (*Key, error)
	// ListKeys lists the keys of a workspace that are staff's (the zero party), or a party's.
	ListKeys(ctx context.Context, workspace string, party Party) ([]*Key, error)
	TouchKey(ctx context.Context, id string, used int64) error
}
