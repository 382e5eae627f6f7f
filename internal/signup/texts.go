package signup

import (
	"fmt"

	"clickledger/internal/mail"
)

// The texts of the mails. What people typed stands in none of them: a stranger's words
// would come under our name.

func confirmText(ws string) string {
	return fmt.Sprintf(`You signed up with %s. Please confirm that this is your address:

%s

The link works once, for three days. If you did not sign up, there is nothing
to do: without it nothing happens.
`, ws, mail.LinkHere)
}

func takenText(ws, url string, account bool) string {
	if !account {
		return fmt.Sprintf(`Somebody signed up with %s under this address, which is known there as a
publisher's already. No second one was made. If it was you, ask your contact
there for an invitation.

If it was not you, there is nothing to do.
`, ws)
	}
	return fmt.Sprintf(`Somebody signed up with %s under this address, which has an account already.
No second one was made.

Sign in:              %s/signin
Forgot your password: %s/forgot

If it was not you, there is nothing to do.
`, ws, url, url)
}

func inviteText(ws string) string {
	return fmt.Sprintf(`You are invited to %s. Choose a password and come in:

%s

The link works once, for fourteen days. If you do not know what this is about,
there is nothing to do.
`, ws, mail.LinkHere)
}

func invitedTakenText(ws, url string) string {
	return fmt.Sprintf(`You were invited to %s, but this address has an account here already, and an
account belongs to one party. Ask for an invitation under another address, or
sign in with the account you have: %s/signin
`, ws, url)
}

func resetText() string {
	return fmt.Sprintf(`Somebody, probably you, forgot the password of this address. Choose another one:

%s

The link works once, for an hour. If it was not you, there is nothing to do:
your password stays as it is.
`, mail.LinkHere)
}

func approvedText(ws, url string) string {
	return fmt.Sprintf("%s has approved your sign-up. Sign in: %s/signin\n", ws, url)
}

func rejectedText(ws, reason string) string {
	return fmt.Sprintf("%s has not approved your sign-up. The reason:\n\n%s\n", ws, reason)
}
