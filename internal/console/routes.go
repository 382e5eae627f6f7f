package console

import "slices"

// route is one line of the console's table of routes.
type route struct {
	pattern string
	need    need
	do      func(*call) error
}

// routes lists every address. What a principal may do there is asked of the services;
// here stands only who must be known. GET changes nothing (S3).
var routes = []route{
	{"GET /{$}", needUser, (*call).front},
	{"GET /signin", needNothing, (*call).signInForm},
	{"POST /signin", needNothing, (*call).signIn},
	{"POST /signout", needNothing, (*call).signOut},
	{"POST /prefs", needNothing, (*call).prefs},
	{"GET /signup/{ws}/{kind}", needNothing, door((*call).joinForm)},
	{"POST /signup/{ws}/{kind}", needNothing, door((*call).join)},
	{"GET /confirm", needNothing, door((*call).confirmForm)},
	{"POST /confirm", needNothing, door((*call).confirm)},
	{"GET /invitation", needNothing, door((*call).invitedForm)},
	{"POST /invitation", needNothing, door((*call).invited)},
	{"GET /forgot", needNothing, door((*call).forgotForm)},
	{"POST /forgot", needNothing, door((*call).forgot)},
	{"GET /reset", needNothing, door((*call).resetForm)},
	{"POST /reset", needNothing, door((*call).reset)},
	{"GET /setup", needNothing, (*call).setupForm},
	{"POST /setup", needNothing, (*call).setup},
	{"GET /setup/workspace", needStaff, (*call).setupWorkspaceForm},
	{"POST /setup/workspace", needStaff, (*call).setupWorkspace},

	{"/", needUser, (*call).nowhere},
	{"/w/{ws}/", needWorkspace, (*call).nowhere},
	{"GET /w/{ws}", needWorkspace, (*call).home},
	{"GET /w/{ws}/search", needWorkspace, (*call).search},

	{"GET /w/{ws}/offers", needWorkspace, (*call).offers},
	{"POST /w/{ws}/offers/bulk", needWorkspace, (*call).offersBulk},
	{"GET /w/{ws}/offers/{id}", needWorkspace, (*call).offer},
	{"POST /w/{ws}/offers/{id}/clone", needWorkspace, (*call).offerClone},
	{"GET /w/{ws}/advertisers", needWorkspace, (*call).advertisers},
	{"GET /w/{ws}/advertisers/{id}", needWorkspace, (*call).advertiser},
	{"POST /w/{ws}/advertisers/{id}/payments", needWorkspace, (*call).paymentRecord},
	{"GET /w/{ws}/publishers", needWorkspace, (*call).publishers},
	{"GET /w/{ws}/publishers/{id}", needWorkspace, (*call).publisher},
	{"GET /w/{ws}/links", needWorkspace, (*call).links},
	{"GET /w/{ws}/links/new", needWorkspace, (*call).linkForm},
	{"POST /w/{ws}/links/new", needWorkspace, (*call).linkCreate},
	{"GET /w/{ws}/links/{id}", needWorkspace, (*call).link},
	{"GET /w/{ws}/links/{id}/deep-link", needWorkspace, (*call).deepLink},
	{"GET /w/{ws}/links/{id}/qr.svg", needWorkspace, (*call).qrSVG},
	{"GET /w/{ws}/links/{id}/qr.png", needWorkspace, (*call).qrPNG},

	{"GET /w/{ws}/coupons", needWorkspace, (*call).coupons},
	{"GET /w/{ws}/creatives/new", needWorkspace, (*call).creativeForm},
	{"POST /w/{ws}/creatives/new", needWorkspace, (*call).creativeCreate},
	{"GET /w/{ws}/creatives/{id}", needWorkspace, (*call).creative},
	{"GET /w/{ws}/creatives/{id}/image", needWorkspace, (*call).creativeImage},
	{"GET /w/{ws}/images/{hash}", needWorkspace, (*call).uploadedImage},
	{"GET /w/{ws}/groups", needWorkspace, (*call).groups},
	{"GET /w/{ws}/signups", needWorkspace, (*call).signups},
	{"GET /w/{ws}/signups/{id}", needWorkspace, (*call).signup},
	{"POST /w/{ws}/signups/{id}/decide", needWorkspace, (*call).signupDecide},
	{"POST /w/{ws}/signups/{id}/resend", needWorkspace, (*call).signupResend},
	{"GET /w/{ws}/invitations", needWorkspace, (*call).invitations},
	{"POST /w/{ws}/invitations", needWorkspace, (*call).invite},
	{"GET /w/{ws}/invitations/{id}", needWorkspace, (*call).invitation},
	{"POST /w/{ws}/invitations/{id}/resend", needWorkspace, (*call).invitationResend},
	{"POST /w/{ws}/invitations/{id}/revoke", needWorkspace, (*call).invitationRevoke},
	{"GET /w/{ws}/applications", needWorkspace, (*call).applications},
	{"POST /w/{ws}/applications", needWorkspace, (*call).applicationsDecide},

	{"GET /w/{ws}/conversions", needWorkspace, (*call).conversions},
	{"GET /w/{ws}/conversions/new", needWorkspace, (*call).entryForm},
	{"POST /w/{ws}/conversions/new", needWorkspace, (*call).entrySent},
	{"GET /w/{ws}/conversions/upload", needWorkspace, (*call).uploadForm},
	{"POST /w/{ws}/conversions/upload", needWorkspace, (*call).upload},
	{"GET /w/{ws}/conversions/example.csv", needWorkspace, (*call).uploadExample},
	{"GET /w/{ws}/offers/{id}/diagnosis", needWorkspace, (*call).diagnosis},
	{"GET /w/{ws}/offers/{id}/from", needWorkspace, (*call).comingFrom},
	{"GET /w/{ws}/offers/{id}/test", needWorkspace, (*call).test},
	{"POST /w/{ws}/offers/{id}/test", needWorkspace, (*call).testStart},
	{"POST /w/{ws}/offers/{id}/test/cancel", needWorkspace, (*call).testCancel},
	{"POST /w/{ws}/offers/{id}/landing-check", needWorkspace, (*call).landingCheck},
	{"GET /w/{ws}/offers/{id}/reprice", needWorkspace, (*call).reprice},
	{"POST /w/{ws}/offers/{id}/reprice", needWorkspace, (*call).repriceConfirm},
	{"GET /w/{ws}/conversions/statuses", needWorkspace, (*call).statusForm},
	{"POST /w/{ws}/conversions/statuses", needWorkspace, (*call).statusSent},
	{"GET /w/{ws}/conversions/statuses.csv", needWorkspace, (*call).statusExample},
	{"POST /w/{ws}/conversions/decide", needWorkspace, (*call).decideTicked},
	{"GET /w/{ws}/conversions/{id}", needWorkspace, (*call).conversion},
	{"POST /w/{ws}/conversions/{id}/decide", needWorkspace, (*call).decide},
	{"POST /w/{ws}/conversions/{id}/hold", needWorkspace, (*call).hold},
	{"GET /w/{ws}/conversions/{id}/refund", needWorkspace, (*call).refundForm},
	{"POST /w/{ws}/conversions/{id}/refund", needWorkspace, (*call).refundSent},
	{"GET /w/{ws}/conversions/{id}/amounts", needWorkspace, (*call).amountsForm},
	{"POST /w/{ws}/conversions/{id}/amounts", needWorkspace, (*call).amountsSent},
	{"GET /w/{ws}/publishers/{id}/bonus", needWorkspace, (*call).bonusForm},
	{"POST /w/{ws}/publishers/{id}/bonus", needWorkspace, (*call).bonusSent},
	{"POST /w/{ws}/advertisers/{id}/signing-secret", needWorkspace, (*call).signingSecret},
	{"GET /w/{ws}/signals", needWorkspace, (*call).signals},
	{"GET /w/{ws}/signals/replay", needWorkspace, (*call).replayPreview},
	{"POST /w/{ws}/signals/replay", needWorkspace, (*call).replayAll},
	{"GET /w/{ws}/signals/{id}", needWorkspace, (*call).signal},
	{"POST /w/{ws}/signals/{id}/replay", needWorkspace, (*call).replay},
	{"GET /w/{ws}/outbound", needWorkspace, (*call).outbound},
	{"POST /w/{ws}/outbound/resend-dead", needWorkspace, (*call).deliveriesResend},
	{"GET /w/{ws}/outbound/{id}", needWorkspace, (*call).delivery},
	{"POST /w/{ws}/outbound/{id}/resend", needWorkspace, (*call).deliveryResend},
	{"GET /w/{ws}/postbacks/{id}", needWorkspace, (*call).postback},
	{"POST /w/{ws}/postbacks/{id}/test", needWorkspace, (*call).postbackTest},
	{"POST /w/{ws}/postbacks/{id}/resume", needWorkspace, (*call).postbackResume},
	{"GET /w/{ws}/ledger", needWorkspace, (*call).ledger},
	{"GET /w/{ws}/ledger/account", needWorkspace, (*call).ledgerAccount},
	{"GET /w/{ws}/ledger/export.csv", needWorkspace, (*call).ledgerCSV},
	{"GET /w/{ws}/commission-rules", needWorkspace, (*call).commissionRules},
	{"GET /w/{ws}/simulator", needWorkspace, (*call).simulator},
	{"POST /w/{ws}/simulator", needWorkspace, (*call).simulate},
	{"GET /w/{ws}/payouts", needWorkspace, (*call).payouts},
	{"POST /w/{ws}/payouts", needWorkspace, (*call).payoutMake},
	{"GET /w/{ws}/payouts/settings", needWorkspace, (*call).payoutSettings},
	{"POST /w/{ws}/payouts/settings", needWorkspace, (*call).payoutSettingsSave},
	{"GET /w/{ws}/payouts/{id}", needWorkspace, (*call).payout},
	{"POST /w/{ws}/payouts/{id}/refresh", needWorkspace, (*call).payoutRefresh},
	{"POST /w/{ws}/payouts/{id}/discard", needWorkspace, (*call).payoutDiscard},
	{"POST /w/{ws}/payouts/{id}/approve", needWorkspace, (*call).payoutApprove},
	{"POST /w/{ws}/payouts/{id}/export", needWorkspace, (*call).payoutExport},
	{"POST /w/{ws}/payouts/{id}/mark", needWorkspace, (*call).payoutMark},
	{"GET /w/{ws}/payout-lines/{id}", needWorkspace, (*call).payoutLine},
	{"GET /w/{ws}/publishers/{id}/payout-method", needWorkspace, (*call).publisherMethod},
	{"POST /w/{ws}/publishers/{id}/payout-method", needWorkspace, (*call).publisherMethodSave},
	{"GET /w/{ws}/documents", needWorkspace, (*call).documents},
	{"POST /w/{ws}/documents", needWorkspace, (*call).documentsIssue},
	{"POST /w/{ws}/documents/preview", needWorkspace, (*call).documentsPreview},
	{"GET /w/{ws}/documents/texts", needWorkspace, (*call).documentTexts},
	{"POST /w/{ws}/documents/texts", needWorkspace, (*call).documentTextsSave},
	{"GET /w/{ws}/documents/{id}", needWorkspace, (*call).document},
	{"GET /w/{ws}/documents/{id}/print", needWorkspace, (*call).documentPrint},
	{"GET /w/{ws}/documents/{id}/items.csv", needWorkspace, (*call).documentCSV},
	{"GET /w/{ws}/rates", needWorkspace, (*call).rates},
	{"POST /w/{ws}/rates", needWorkspace, (*call).rateSet},
	{"POST /w/{ws}/rates/end", needWorkspace, (*call).rateEnd},
	{"POST /w/{ws}/rates/remove", needWorkspace, (*call).rateRemove},
	{"POST /w/{ws}/rates/import", needWorkspace, (*call).rateImport},
	{"GET /w/{ws}/reports", needWorkspace, (*call).reports},
	{"GET /w/{ws}/reports/export.csv", needWorkspace, (*call).reportCSV},

	{"GET /w/{ws}/domains", needWorkspace, (*call).domains},
	{"GET /w/{ws}/domains/{id}", needWorkspace, (*call).domain},
	{"GET /w/{ws}/domains/{id}/remove", needWorkspace, (*call).domainRemove},
	{"POST /w/{ws}/domains/{id}/check", needWorkspace, (*call).domainCheck},
	{"POST /w/{ws}/domains/{id}/default", needWorkspace, (*call).domainDefault},

	{"GET /w/{ws}/settings", needWorkspace, (*call).settings},
	{"POST /w/{ws}/settings", needWorkspace, (*call).settingsSave},
	{"GET /w/{ws}/settings/signup/{kind}", needWorkspace, (*call).signupSettings},
	{"POST /w/{ws}/settings/signup/{kind}", needWorkspace, (*call).signupSettingsSave},
	{"GET /w/{ws}/settings/mail", needWorkspace, (*call).mailSettings},
	{"POST /w/{ws}/settings/mail", needWorkspace, (*call).mailSettingsSave},
	{"POST /w/{ws}/settings/mail/test", needWorkspace, (*call).mailTest},
	{"GET /w/{ws}/settings/new-workspace", needWorkspace, (*call).newWorkspaceForm},
	{"POST /w/{ws}/settings/new-workspace", needWorkspace, (*call).newWorkspace},
	{"POST /w/{ws}/settings/users", needWorkspace, (*call).userCreate},
	{"POST /w/{ws}/settings/keys", needWorkspace, (*call).keyCreate},
	{"POST /w/{ws}/settings/keys/revoke", needWorkspace, (*call).keyRevoke},
}

// allRoutes is every address.
func allRoutes() []route { return slices.Concat(editorRoutes(), routes, portalRoutes) }

// editorRoutes are the forms of the catalog's kinds: see editors.
func editorRoutes() []route {
	var out []route
	for _, kind := range sortedKeys(editors) {
		in := func(do func(*call) error) func(*call) error {
			return func(c *call) error {
				c.kind = kind
				return do(c)
			}
		}
		base := "/w/{ws}/" + kind
		if kind != "links" && kind != "creatives" { // new ones have pages of their own
			out = append(out, route{"GET " + base + "/new", needWorkspace, in((*call).newForm)}, route{"POST " + base + "/new", needWorkspace, in((*call).create)})
		}
		if editors[kind].preview != nil {
			out = append(out, route{"POST " + base + "/preview", needWorkspace, in((*call).preview)})
		}
		out = append(out,
			route{"GET " + base + "/{id}/edit", needWorkspace, in((*call).editForm)},
			route{"POST " + base + "/{id}/edit", needWorkspace, in((*call).update)},
			route{"POST " + base + "/{id}/archive", needWorkspace, in((*call).archive)})
	}
	return out
}
