package catalog

import "context"

// Query selects a page of rows of one kind in one workspace.
type Query struct {
	Kind      Kind
	Workspace string            // required, but for KindWorkspace: IDs then bound it
	IDs       []string          // only these, when not empty
	Filter    map[string]string // exact, by JSON name, from [Filters]
	Offers    []string          // only rows of these offers, when not empty; for kinds that have one
	Search    string            // case-insensitive substring of name or id
	Archived  string            // "" live rows, "only", "all"
	Tests     bool              // also test links
	After     string            // last id of the page before: rows are in id order, newest first
	Limit     int               // 1…1000
}

// Filters is the allow-list of filter names of each kind.
var Filters = map[Kind][]string{
	KindWorkspace:  {},
	KindAdvertiser: {"type", "status", "manager"},
	KindOffer:      {"advertiser", "status", "tag", "fallback_offer"}, // tag: one of its tags, exactly
	KindGoal:       {"offer", "key"},
	KindGroup:      {"name"},
	KindPublisher:  {"status", "email", "group", "manager"},
	KindEnrollment: {"offer", "publisher", "status"},
	KindLink:       {"offer", "publisher", "status", "key"},
	KindCoupon:     {"advertiser", "offer", "publisher", "status", "code"}, // code: in any case
	KindDomain:     {"advertiser", "status", "host", "default"},
	KindPostback:   {"publisher", "offer", "goal", "status"},
	KindCreative:   {"offer", "type", "status"},
	KindTerms:      {"offer"},

	KindCommissionRule: {"offer", "status"},
}

// Idempotency names a write the caller may repeat. Key "" means none.
type Idempotency struct {
	Workspace string
	Key       string
	Hash      string // of the request; another hash under the same key is ErrIdempotency
}

// Audit is one line of the audit trail, written in the transaction of its change.
type Audit struct {
	Workspace string
	At        int64  // µs
	Actor     string // user or API key id
	Action    string // create, update, archive, restore, approve, …
	Kind      string
	Subject   string // id
	Reason    string
	Before    string // JSON, "" at creation
	After     string // JSON
}

// Store keeps the catalog. Every method is one transaction, durable on return
// (SQLite WAL with synchronous=FULL, PostgreSQL commit) and read-after-write
// consistent. Foreign workspaces' rows are ErrNotFound. Transient conflicts are
// retried inside; every other error is the caller's.
type Store interface {
	// Insert adds the row with Version 1 under the next catalog revision and sets
	// Base().Revision. A taken unique field is *Invalid with rule "taken"; a
	// reference outside the workspace is *Invalid with rule "unknown_reference".
	// Under a repeated idempotency key it loads the row first made into e and
	// reports replayed.
	Insert(ctx context.Context, e Entity, idem Idempotency, a Audit) (replayed bool, err error)
	// Made returns the row first made under an idempotency key, [ErrNotFound] while the key is
	// new, and [ErrIdempotency] when it was used with another request.
	Made(ctx context.Context, kind Kind, idem Idempotency) (Entity, error)
	// InsertAll adds rows in one transaction, all or none.
	InsertAll(ctx context.Context, es []Entity, a Audit) error
	// Put writes rows in one transaction, all or none: those of Version 0 are added as
	// by Insert, the others written as by Update.
	Put(ctx context.Context, es []Entity, as []Audit) error
	// Update writes the row if its stored version is still e's Version, and sets
	// the new version and revision; ErrVersion otherwise, ErrNotFound when absent.
	Update(ctx context.Context, e Entity, a Audit) error
	// Get returns the row, archived or not.
	Get(ctx context.Context, kind Kind, workspace, id string) (Entity, error)
	// List returns a page, newest first.
	List(ctx context.Context, q Query) ([]Entity, error)
	// Changed returns every row of every kind with a revision above since (at most
	// limit, in revision order), and the catalog's current revision.
	Changed(ctx context.Context, since int64, limit int) ([]Entity, int64, error)
	// Revision is the catalog's current revision.
	Revision(ctx context.Context) (int64, error)
	// Trail returns the audit lines of one subject ("" = all), newest first.
	Trail(ctx context.Context, workspace, subject string, limit int) ([]Audit, error)
	// PutImage keeps an image; one that is there already only becomes new again. Images of
	// the workspace that no creative has and that were uploaded before strayBefore (µs) are
	// dropped.
	PutImage(ctx context.Context, img *Image, strayBefore int64) error
	// Image returns an image with its bytes.
	Image(ctx context.Context, workspace, hash string) (*Image, error)
}
