package signup_test

import (
	"errors"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/signup"
)

func TestWhatIsTypedWrongly(t *testing.T) {
	h := newHall(t)
	for name, c := range map[string]struct {
		change      func(*signup.Form)
		field, rule string
	}{
		"no address":       {func(f *signup.Form) { f.Email = "" }, "email", "required"},
		"no real address":  {func(f *signup.Form) { f.Email = "pia@blog.example\r\nBcc: eve@x.example" }, "email", "invalid_email"},
		"two addresses":    {func(f *signup.Form) { f.Email = "pia@blog.example, eve@x.example" }, "email", "invalid_email"},
		"long address":     {func(f *signup.Form) { f.Email = strings.Repeat("x", 250) + "@b.example" }, "email", "invalid_email"},
		"short password":   {func(f *signup.Form) { f.Password = "short" }, "password", "too_short"},
		"nobody":           {func(f *signup.Form) { f.Person = " " }, "person", "required"},
		"long person":      {func(f *signup.Form) { f.Person = strings.Repeat("x", 201) }, "person", "too_long"},
		"no name":          {func(f *signup.Form) { f.Name = "" }, "name", "required"},
		"long name":        {func(f *signup.Form) { f.Name = strings.Repeat("x", 201) }, "name", "too_long"},
		"no site":          {func(f *signup.Form) { f.Website = "javascript:alert(1)" }, "website", "invalid_url"},
		"no promotion":     {func(f *signup.Form) { f.Promotion = "" }, "promotion", "required"},
		"long promotion":   {func(f *signup.Form) { f.Promotion = strings.Repeat("x", 2001) }, "promotion", "too_long"},
		"missing answer":   {func(f *signup.Form) { f.Answers = []string{"", "EU", ""} }, "answer0", "required"},
		"fewer answers":    {func(f *signup.Form) { f.Answers = nil }, "answer0", "required"},
		"long answer":      {func(f *signup.Form) { f.Answers[0] = strings.Repeat("x", 301) }, "answer0", "too_long"},
		"another choice":   {func(f *signup.Form) { f.Answers[1] = "Mars" }, "answer1", "not_one_of"},
		"very long answer": {func(f *signup.Form) { f.Answers[2] = strings.Repeat("x", 4001) }, "answer2", "too_long"},
		"control":          {func(f *signup.Form) { f.Answers[0] = "a\x00b" }, "answer0", "characters"},
		"not UTF-8":        {func(f *signup.Form) { f.Answers[0] = "a\xff" }, "answer0", "characters"},
		"terms":            {func(f *signup.Form) { f.Terms = false }, "terms", "required"},
	} {
		f := form("pia@blog.example")
		c.change(&f)
		if err := h.Join(t.Context(), h.ws, account.PartyPublisher, f, "192.0.2.7"); account.FieldOf(err, c.field) != c.rule {
			t.Errorf("%s: %v, want %s of %s", name, err, c.rule, c.field)
		}
	}
	if rows, err := h.List(t.Context(), h.owner, h.ws, "", "", "", 10); err != nil || len(rows) != 0 {
		t.Errorf("%d sign-ups are kept, %v, want none", len(rows), err)
	}
	f := form("bot@blog.example")
	f.Trap = "https://spam.example"
	h.must(h.Join(t.Context(), h.ws, account.PartyPublisher, f, "192.0.2.7"))
	if rows, err := h.List(t.Context(), h.owner, h.ws, "", "", "", 10); err != nil || len(rows) != 0 {
		t.Errorf("who fell into the trap is kept: %v, %v", rows, err)
	}
}

func TestClosedAndThrottled(t *testing.T) {
	h := newHall(t)
	ctx := t.Context()
	for name, err := range map[string]error{
		"no such workspace": h.Join(ctx, "ws_none", account.PartyPublisher, form("pia@blog.example"), "192.0.2.7"),
		"somebody's id":     h.Join(ctx, h.owner.ID, account.PartyPublisher, form("pia@blog.example"), "192.0.2.7"),
	} {
		if !errors.Is(err, signup.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	if err := h.Join(ctx, h.ws, "owner", form("pia@blog.example"), "192.0.2.7"); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("another kind: %v, want ErrNotFound", err)
	}
	var wait *account.ErrThrottled
	n := 0
	for ; n < 100; n++ {
		err := h.Join(ctx, h.ws, account.PartyPublisher, form("pia@blog.example"), "2001:db8::1")
		if errors.As(err, &wait) {
			break
		}
		h.must(err)
	}
	if n != 10 {
		t.Errorf("%d sign-ups from one address at once, want 10", n)
	}
	if err := h.Join(ctx, h.ws, account.PartyPublisher, form("eva@blog.example"), "192.0.2.99"); err != nil {
		t.Errorf("from another address: %v", err)
	}
	h.open(account.PartyPublisher, signup.PageDoc{Open: false})
	if err := h.Join(ctx, h.ws, account.PartyPublisher, form("pia@blog.example"), "192.0.2.7"); !errors.Is(err, signup.ErrClosed) {
		t.Errorf("closed: %v, want ErrClosed", err)
	}
	if err := h.Join(ctx, h.ws, account.PartyAdvertiser, signup.Form{Email: "shop@shop.example", Person: "Sam", Name: "Shop", Password: password}, "192.0.2.7"); err != nil {
		t.Errorf("advertisers' own page: %v", err)
	}
	row, err := h.Confirm(ctx, h.token(h.ws, h.newest().ID), "192.0.2.7")
	h.must(err)
	e, err := h.cat.Get(ctx, h.owner, catalog.KindAdvertiser, h.ws, row.Party)
	h.must(err)
	if a := e.(*catalog.Advertiser); a.Status != catalog.StatusPending || a.ContactEmail != "shop@shop.example" || !a.TokenRequired {
		t.Errorf("the advertiser is %+v", a)
	}
}
