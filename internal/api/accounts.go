package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// User is a user in answers.
type User struct {
	ID         string    `json:"id" doc:"Its id."`
	Version    int64     `json:"version" doc:"Counts its changes; the ETag in another form."`
	Email      string    `json:"email" doc:"What the user signs in with."`
	Name       string    `json:"name" doc:"What people call them."`
	Owner      bool      `json:"owner" doc:"Whether the user holds the installation."`
	Workspaces []string  `json:"workspaces" nullable:"false" doc:"The workspaces the user may work in, unless owner."`
	Disabled   bool      `json:"disabled" doc:"Whether the user cannot sign in."`
	Created    time.Time `json:"created" doc:"When it was made."`
}

func userView(u *account.User) User {
	d := u.Doc()
	return User{u.ID, u.Version, d.Email, d.Name, d.Owner, d.Workspaces, d.Disabled, timeOf(u.Created)}
}

// KeyDoc is what can be set on an API key when it is made.
type KeyDoc struct {
	Workspace string `json:"workspace" required:"false" maxLength:"64" doc:"The workspace it is for. Needed only from keys that hold several."`
	All       bool   `json:"all_workspaces" required:"false" doc:"Make it for every workspace, as an owner. Only owners may."`
	Name      string `json:"name" required:"true" maxLength:"200" doc:"What it is for."`
	Scope     string `json:"scope" required:"false" enum:"read,write" doc:"Default read."`
	Expires   string `json:"expires" required:"false" format:"date-time" example:"2027-01-01T00:00:00Z" doc:"When it ends, RFC 3339. Empty: never."`
}

// Key is an API key in answers.
type Key struct {
	ID        string     `json:"id" doc:"Its id."`
	Workspace string     `json:"workspace" doc:"The workspace it is for; empty: every one."`
	Name      string     `json:"name" doc:"What it is for."`
	Prefix    string     `json:"prefix" doc:"The first characters of its secret, to tell keys apart."`
	Scope     string     `json:"scope" enum:"read,write" doc:"What it may do."`
	Created   time.Time  `json:"created" doc:"When it was made."`
	Used      *time.Time `json:"used,omitempty" doc:"When it was last used, to the minute."`
	Expires   *time.Time `json:"expires,omitempty" doc:"When it ends."`
	Revoked   bool       `json:"revoked" doc:"Whether it was ended."`
	Secret    string     `json:"secret,omitempty" doc:"The bearer token. Shown this once."`
}

func keyView(k *account.Key) Key {
	return Key{ID: k.ID, Workspace: k.Workspace, Name: k.Name, Prefix: k.Prefix, Scope: k.Scope, Created: timeOf(k.Created), Used: maybeTime(k.Used), Expires: maybeTime(k.Expires), Revoked: k.Revoked}
}

// OneUser is a request for one user.
type OneUser struct {
	ID string `path:"id" maxLength:"64" doc:"Its id."`
}

type userListInput struct{ Paging }

type userCreateInput struct {
	DryRun bool `query:"dry_run" doc:"Only check."`
	Body   body[account.UserDoc]
}

type userPatchInput struct {
	OneUser
	Match
	DryRun bool `query:"dry_run" doc:"Only check."`
	Body   patch[account.UserDoc]
}

type keyListInput struct {
	Scope
	Paging
	All bool `query:"all_workspaces" doc:"The keys for every workspace instead. Only owners may."`
}

type keyCreateInput struct {
	Scope
	DryRun bool `query:"dry_run" doc:"Only check."`
	Body   body[KeyDoc]
}

type keyInput struct {
	One
	All bool `query:"all_workspaces" doc:"The key is for every workspace. Only owners may."`
}

func (s *server) registerAccounts() {
	add(s, route{method: http.MethodGet, path: "/users", id: "list-users", tag: "users", summary: "List users", owner: true}, s.listUsers)
	add(s, route{method: http.MethodPost, path: "/users", id: "create-user", tag: "users", summary: "Create a user", owner: true, status: http.StatusCreated}, s.createUser)
	add(s, route{method: http.MethodGet, path: "/users/{id}", id: "get-user", tag: "users", summary: "Read a user", owner: true}, s.getUser)
	add(s, route{method: http.MethodPatch, path: "/users/{id}", id: "change-user", tag: "users", summary: "Change a user", owner: true,
		text: "Send the fields to change (JSON merge patch). A new password, other rights, or disabling end the user's sessions."}, s.patchUser)

	add(s, route{method: http.MethodGet, path: "/api_keys", id: "list-api-keys", tag: "api_keys", summary: "List API keys"}, s.listKeys)
	add(s, route{method: http.MethodPost, path: "/api_keys", id: "create-api-key", tag: "api_keys", summary: "Create an API key", status: http.StatusCreated,
		text: "The secret is in the answer, this once. A key for one workspace cannot make keys: people do, and keys of owners."}, s.createKey)
	add(s, route{method: http.MethodGet, path: "/api_keys/{id}", id: "get-api-key", tag: "api_keys", summary: "Read an API key"}, s.getKey)
	add(s, route{method: http.MethodPost, path: "/api_keys/{id}/revoke", id: "revoke-api-key", tag: "api_keys", summary: "End an API key for good"}, s.revokeKey)
}

// after is the part of rows behind the cursor: short lists are paged in memory.
func after[R any](rows []R, cursor string, id func(R) string) []R {
	if cursor == "" {
		return rows
	}
	i := slices.IndexFunc(rows, func(r R) bool { return id(r) < cursor })
	if i < 0 {
		return nil
	}
	return rows[i:]
}

func (s *server) listUsers(ctx context.Context, in *userListInput) (*pageOutput[User], error) {
	us, err := s.Accounts.ListUsers(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	id := func(u *account.User) string { return u.ID }
	return cut(after(us, in.Cursor, id), in.Limit, id, userView), nil
}

func userOutput(u *account.User) *rowOutput[User] {
	return &rowOutput[User]{Status: http.StatusOK, ETag: etag(u.Version), Body: userView(u)}
}

func (s *server) createUser(ctx context.Context, in *userCreateInput) (*rowOutput[User], error) {
	var d account.UserDoc
	err := mergeThen(&d, &account.UserDoc{}, in.Body.raw, func() error { return s.Accounts.CheckUser(ctx, d, true) })
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return userOutput(&account.User{Email: d.Email, Name: d.Name, Owner: d.Owner, Workspaces: d.Workspaces, Disabled: d.Disabled}), nil
	}
	u, err := s.Accounts.CreateUser(ctx, caller(ctx), d)
	if err != nil {
		return nil, err
	}
	out := userOutput(u)
	out.Status, out.Location = http.StatusCreated, Prefix+"/users/"+u.ID
	return out, nil
}

// mergeThen decodes and checks, and reports what both find wrong.
func mergeThen(into, defaults any, raw []byte, check func() error) error {
	err := catalog.MergeFields(into, defaults, raw)
	var wrong *catalog.Invalid
	if err != nil && !errors.As(err, &wrong) {
		return err
	}
	return both(wrong, check())
}

func (s *server) getUser(ctx context.Context, in *OneUser) (*rowOutput[User], error) {
	u, err := s.Accounts.GetUser(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return userOutput(u), nil
}

func (s *server) patchUser(ctx context.Context, in *userPatchInput) (*rowOutput[User], error) {
	for try := 1; ; try++ {
		u, err := s.Accounts.GetUser(ctx, caller(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		conditional, err := in.check(u.Version)
		if err != nil {
			return nil, err
		}
		d := u.Doc()
		err = mergeThen(&d, &account.UserDoc{Workspaces: []string{}}, in.Body.raw, func() error { return s.Accounts.CheckUser(ctx, d, false) })
		if err != nil {
			return nil, err
		}
		if in.DryRun {
			return userOutput(&account.User{ID: u.ID, Version: u.Version, Created: u.Created, Email: d.Email, Name: d.Name, Owner: d.Owner, Workspaces: d.Workspaces, Disabled: d.Disabled}), nil
		}
		u, err = s.Accounts.UpdateUser(ctx, caller(ctx), in.ID, u.Version, d)
		if errors.Is(err, catalog.ErrVersion) && !conditional && try < patchTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		return userOutput(u), nil
	}
}

// keyScope is the workspace of a request about keys: "" stands for every one.
func (s *server) keyScope(ctx context.Context, in Scope, all bool) (string, error) {
	if all {
		return "", nil
	}
	return s.workspace(ctx, in)
}

func (s *server) listKeys(ctx context.Context, in *keyListInput) (*pageOutput[Key], error) {
	ws, err := s.keyScope(ctx, in.Scope, in.All)
	if err != nil {
		return nil, err
	}
	ks, err := s.Accounts.ListKeys(ctx, caller(ctx), ws)
	if err != nil {
		return nil, err
	}
	id := func(k *account.Key) string { return k.ID }
	return cut(after(ks, in.Cursor, id), in.Limit, id, keyView), nil
}

type keyOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the key is found."`
	Body     Key
}

func (s *server) createKey(ctx context.Context, in *keyCreateInput) (*keyOutput, error) {
	d := KeyDoc{Scope: account.ScopeRead}
	expires := int64(0)
	err := mergeThen(&d, &KeyDoc{Scope: account.ScopeRead}, in.Body.raw, func() error {
		bad := &catalog.Invalid{}
		if d.Expires != "" {
			t, err := time.Parse(time.RFC3339, d.Expires)
			if err != nil {
				bad.Add("expires", "type", d.Expires, `Must be a time such as "2027-01-01T00:00:00Z".`)
			}
			expires = t.UnixMicro()
		}
		if d.All && d.Workspace != "" {
			bad.Add("all_workspaces", "conflict", "true", "Cannot be given together with workspace.")
		}
		return both(bad, s.Accounts.CheckKey(d.Name, d.Scope, expires))
	})
	if err != nil {
		return nil, err
	}
	asked := in.Scope
	if d.Workspace != "" {
		asked.Query = d.Workspace
	}
	ws, err := s.keyScope(ctx, asked, d.All)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return &keyOutput{Status: http.StatusOK, Body: Key{Workspace: ws, Name: d.Name, Scope: d.Scope, Created: s.Now().UTC(), Expires: maybeTime(expires)}}, nil
	}
	secret, k, err := s.Accounts.CreateKey(ctx, caller(ctx), ws, d.Name, d.Scope, expires)
	if err != nil {
		return nil, err
	}
	out := &keyOutput{Status: http.StatusCreated, Location: Prefix + "/api_keys/" + k.ID, Body: keyView(k)}
	out.Body.Secret = secret
	return out, nil
}

func (s *server) getKey(ctx context.Context, in *keyInput) (*keyOutput, error) {
	return s.oneKey(ctx, in, s.Accounts.GetKey)
}

func (s *server) revokeKey(ctx context.Context, in *keyInput) (*keyOutput, error) {
	return s.oneKey(ctx, in, s.Accounts.RevokeKey)
}

func (s *server) oneKey(ctx context.Context, in *keyInput, fn func(context.Context, account.Principal, string, string) (*account.Key, error)) (*keyOutput, error) {
	ws, err := s.keyScope(ctx, in.Scope, in.All)
	if err != nil {
		return nil, err
	}
	k, err := fn(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &keyOutput{Status: http.StatusOK, Body: keyView(k)}, nil
}
