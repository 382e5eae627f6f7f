package console

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
	{"GET /setup", needNothing, (*call).setupForm},
	{"POST /setup", needNothing, (*call).setup},
	{"GET /setup/workspace", needUser, (*call).setupWorkspaceForm},
	{"POST /setup/workspace", needUser, (*call).setupWorkspace},

	{"GET /w/{ws}", needWorkspace, (*call).home},
	{"GET /w/{ws}/search", needWorkspace, (*call).search},

	{"GET /w/{ws}/offers", needWorkspace, (*call).offers},
	{"GET /w/{ws}/offers/{id}", needWorkspace, (*call).offer},
	{"GET /w/{ws}/advertisers", needWorkspace, (*call).advertisers},
	{"GET /w/{ws}/advertisers/{id}", needWorkspace, (*call).advertiser},
	{"GET /w/{ws}/publishers", needWorkspace, (*call).publishers},
	{"GET /w/{ws}/publishers/{id}", needWorkspace, (*call).publisher},
	{"GET /w/{ws}/links", needWorkspace, (*call).links},
	{"GET /w/{ws}/links/new", needWorkspace, (*call).linkForm},
	{"POST /w/{ws}/links/new", needWorkspace, (*call).linkCreate},

	// Forms of the catalog's kinds: see editors.
	{"GET /w/{ws}/{kind}/new", needWorkspace, (*call).newForm},
	{"POST /w/{ws}/{kind}/new", needWorkspace, (*call).create},
	{"GET /w/{ws}/{kind}/{id}/edit", needWorkspace, (*call).editForm},
	{"POST /w/{ws}/{kind}/{id}/edit", needWorkspace, (*call).update},
	{"POST /w/{ws}/{kind}/{id}/archive", needWorkspace, (*call).archive},

	{"GET /w/{ws}/conversions", needWorkspace, (*call).conversions},
	{"GET /w/{ws}/conversions/{id}", needWorkspace, (*call).conversion},
	{"POST /w/{ws}/conversions/{id}/decide", needWorkspace, (*call).decide},
	{"GET /w/{ws}/signals", needWorkspace, (*call).signals},
	{"GET /w/{ws}/signals/{id}", needWorkspace, (*call).signal},
	{"POST /w/{ws}/signals/{id}/replay", needWorkspace, (*call).replay},
	{"GET /w/{ws}/outbound", needWorkspace, (*call).outbound},
	{"GET /w/{ws}/ledger", needWorkspace, (*call).ledger},
	{"GET /w/{ws}/reports", needWorkspace, (*call).reports},
	{"GET /w/{ws}/reports/export.csv", needWorkspace, (*call).reportCSV},

	{"GET /w/{ws}/settings", needWorkspace, (*call).settings},
	{"POST /w/{ws}/settings", needWorkspace, (*call).settingsSave},
	{"GET /w/{ws}/settings/new-workspace", needWorkspace, (*call).newWorkspaceForm},
	{"POST /w/{ws}/settings/new-workspace", needWorkspace, (*call).newWorkspace},
	{"POST /w/{ws}/settings/users", needWorkspace, (*call).userCreate},
	{"POST /w/{ws}/settings/keys", needWorkspace, (*call).keyCreate},
	{"POST /w/{ws}/settings/keys/{id}/revoke", needWorkspace, (*call).keyRevoke},
}
