package console

// guardSection is what an advertiser's signals must keep to, and how they are read.
var guardSection = sectionSpec{id: "guards", title: "Guards", intro: "What its signals must keep to, and how its words are read. Each refusal is kept in the inbox and can be judged again.", more: true, fields: []fieldSpec{
	{name: "allow_ips", label: "Addresses of its servers", optional: true, code: true, widget: "area", rows: 2, example: "192.0.2.0/24", help: "One a line: addresses and networks. Without any, every address may send. Pages are not asked."},
	{name: "required_params", label: "Required parameters", optional: true, code: true, example: "txid, amount", help: "By our names, separated by commas."},
	{name: "renames", label: "Its names of parameters", optional: true, help: "Under which names it sends ours.", table: &rowsSpec{add: "Add a name", columns: []colSpec{
		{name: "theirs", label: "Its name", example: "order_ref", class: "code"}, {name: "param", label: "Ours", example: "txid", class: "code"},
	}}},
	{name: "status_map", label: "Its words for states", optional: true, help: "What it sends in status, or in goal, and what that means.", table: &rowsSpec{add: "Add a word", columns: []colSpec{
		{name: "theirs", label: "Its word", example: "1", class: "code"},
		{name: "status", label: "State", choices: options("", "None", "approved", "Approved", "pending", "Pending", "rejected", "Rejected", "reversed", "Reversed", "refunded", "Refunded")},
		{name: "goal", label: "Goal", example: "lead", class: "code"},
	}}},
	{name: "freeze_amounts", label: "Later signals leave amounts as they are", help: "Else they fill in what was missing."},
	{name: "freeze_status", label: "Later signals leave the state as it is", help: "Then only people and files decide."},
	{name: "min_click_seconds", label: "Smallest age of a click", unit: "seconds", width: "w2", help: "When it converts. 0: any."},
	{name: "max_click_hours", label: "Largest age of a click", unit: "hours", width: "w2", help: "0: any. The offer's window holds in any case."},
}}
