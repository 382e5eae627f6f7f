package catalog

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"clickledger/internal/macro"
)

// Method is one way in which an offer's conversions can be reported, with the text to
// copy.
type Method struct {
	ID          string // MethodPostback, MethodPixel, MethodPixelURL, MethodScript
	Label       string
	Text        string // ready to paste, but for what Warnings name
	Language    string // "url" or "html"
	Help        string // where it goes, and what it cannot do
	Recommended bool
	Warnings    []string // what is still to be done, or does not fit this offer; sentences
}

// Values of Method.ID, in the order of [Tracking].
const (
	MethodPostback = "postback"
	MethodPixel    = "pixel"
	MethodPixelURL = "pixel_url"
	MethodScript   = "script"
)

// WhichMethod answers the question of seed 2.
const WhichMethod = "Use the postback wherever the advertiser or network can call a URL: it comes from its server, so neither ad blockers nor the browser's privacy settings touch it, and with the token it is believed. Take the script where only the thank-you page can be changed: it finds the click by the page's own storage, retries, and never sends twice. Take the pixel, or its URL, only where a network or tag manager accepts nothing else."

// trackingParam is a parameter that a conversion may bring.
type trackingParam struct {
	name  string
	in    string // its name in the script, "" = the script has not got it
	macro func(Macros) string
	what  string // what stands there, for the sentence that asks for it
	page  bool   // a page may say it, too: nobody believes a page's status
}

var trackingParams = []trackingParam{
	{"payout", "payout", func(m Macros) string { return m.Payout }, "what the conversion pays us", true},
	{"amount", "amount", func(m Macros) string { return m.Amount }, "the sale amount", true},
	{"currency", "currency", func(m Macros) string { return m.Currency }, "the currency of both", true},
	{"txid", "order", func(m Macros) string { return m.TxID }, "the order number, another one for each conversion", true},
	{"status", "", func(m Macros) string { return m.Status }, "approved, pending, rejected or reversed", false},
	{"goal", "goal", func(m Macros) string { return m.Goal }, "the key of one of this offer's goals", true},
	{"geo", "geo", func(Macros) string { return "" }, "the country of the buyer, two letters", true},
}

// tracking is what the methods of one offer are made of.
type tracking struct {
	o        *Offer
	adv      *Advertiser // nil = nobody in particular
	macros   Macros
	base     string // public URL without a slash at its end
	version  string // of the script, "" = unversioned
	optional bool
}

// Tracking gives the four ways in which conversions of the offer can be reported, with
// the exact text to copy. adv is the offer's advertiser, nil when it has none; what it
// or its network writes for the values is filled in from its macros. publicURL is where
// this installation is reached, tagVersion that of the script ("" = leave it out).
//
// Parameters without which the offer's terms cannot price a conversion are always there,
// and so is the order number where the network has a macro for it; optional adds the
// others. adv without a token gets a place for it: not everybody is shown it. Where no macro is known {FILL_IN_…} stands instead, which a warning explains:
// such a text arriving as it is counts as an unreplaced macro. A network that has macros,
// but none for something optional, goes without.
func Tracking(o *Offer, adv *Advertiser, publicURL, tagVersion string, optional bool) []Method {
	t := tracking{o: o, adv: adv, base: strings.TrimRight(publicURL, "/"), version: tagVersion, optional: optional}
	if adv != nil {
		t.macros = adv.Macros
	}
	return []Method{t.postback(), t.pixel(), t.pixelURL(), t.script()}
}

// needs says whether the offer's terms cannot do without the parameter.
func (t *tracking) needs(name string) bool {
	switch name {
	case "payout":
		return t.o.PayoutKind == PayoutPostback
	case "amount":
		return t.o.PayoutKind == PayoutPercent || t.o.CommissionKind == CommissionPercentSale
	case "txid":
		return t.o.RequireOrder
	case "geo":
		return t.o.GeoSource == GeoPostback && len(t.o.GeoPayouts) > 0
	}
	return false
}

// filled is a parameter with what stands for its value.
type filled struct {
	trackingParam
	text string
	gap  bool // nothing is known; text is a {FILL_IN_…}
}

func gap(p trackingParam) filled {
	return filled{p, "{FILL_IN_" + strings.ToUpper(p.name) + "}", true}
}

// params are the parameters of a method, and the names of those left out because the
// network has no macro for them.
func (t *tracking) params(page bool) (in []filled, out []string) {
	for _, p := range trackingParams {
		text := p.macro(t.macros)
		need := t.needs(p.name)
		switch {
		case page && !p.page:
		case page && p.name == "payout" && !need: // not believed: see pageWarnings
		case !need && !t.optional && !(p.name == "txid" && text != ""):
		case text != "":
			in = append(in, filled{p, text, false})
		case p.name == "currency": // the terms' own is right unless somebody says otherwise
			in = append(in, filled{p, t.o.Currency, false})
		case need || t.macros.ClickID == "" && p.name != "geo":
			in = append(in, gap(p))
		case p.name != "geo":
			out = append(out, p.name)
		}
	}
	return in, out
}

// query writes parameters as they go into a URL.
func query(in []filled) string {
	var b strings.Builder
	for _, p := range in {
		b.WriteString("&" + p.name + "=" + readable(p.text))
	}
	return b.String()
}

// readable encodes what would end a value or a URL and leaves macros as they are: the
// networks look for them literally, before anything is sent, and write # and braces in
// URLs themselves.
func readable(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`&+"'<>\`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func (t *tracking) postback() Method {
	in, out := t.params(false)
	click := trackingParam{name: "click_id", what: "the click id, which arrived in the parameter " + t.clickParam() + " of the offer URL"}
	id := gap(click)
	if t.macros.ClickID != "" {
		id = filled{click, t.macros.ClickID, false}
	}
	text := t.base + "/postback?click_id=" + readable(id.text) + query(in)
	secret := filled{trackingParam{name: "token", what: "the advertiser's token, which is shown to those who may change things"}, "{FILL_IN_TOKEN}", true}
	switch {
	case t.adv != nil && t.adv.Token == "":
		text += "&token=" + secret.text
	case t.adv != nil:
		text += "&token=" + url.QueryEscape(t.adv.Token)
	}
	m := Method{ID: MethodPostback, Label: "S2S postback URL", Text: text, Language: "url", Recommended: true,
		Help: "For the network's or advertiser's postback settings. Its server calls it for each conversion, by GET or POST."}
	if t.adv != nil {
		m.Help += " The token is the advertiser's secret: keep the URL out of pages."
	}
	shown := append([]filled{id}, in...)
	if t.adv != nil && t.adv.Token == "" {
		shown = append(shown, secret)
	}
	m.Warnings = append(t.gaps(shown, out), t.postbackWarnings(in)...)
	return m
}

func (t *tracking) clickParam() string {
	u, err := ParseDestination(t.o.URL)
	if err == nil && u.UsesClick() {
		for _, piece := range u.TokenParams() {
			one, err := macro.ParseURL("https://parameter.invalid/?" + piece)
			name, _, _ := strings.Cut(piece, "=")
			plain, nerr := url.QueryUnescape(name)
			if err == nil && nerr == nil && one.UsesClick() {
				return plain
			}
		}
	}
	if t.adv != nil && t.adv.ClickParam != "" {
		return t.adv.ClickParam
	}
	return defaultClickParam
}

// scriptParams are the parameters in which the script looks for the click id by itself.
var scriptParams = []string{"click_id", "cf_click_id", "clickid", "cid", "refid"}

// gaps says what is to be filled in, and what is missing because nothing stands for it.
func (t *tracking) gaps(in []filled, out []string) []string {
	var w, fill []string
	hash := ""
	for _, p := range in {
		switch {
		case p.gap:
			fill = append(fill, p.text+" ("+p.what+")")
		case hash == "" && strings.Contains(p.text, "#"):
			hash = p.text
		}
	}
	if len(fill) > 0 {
		who := "the shop's own value"
		if t.adv != nil && t.adv.Type == TypeNetwork {
			who = "the macro that " + t.adv.Name + " uses"
		}
		w = append(w, "Replace by "+who+": "+strings.Join(fill, ", ")+".")
	}
	if len(out) > 0 {
		w = append(w, t.adv.Name+" has no macro for "+strings.Join(out, ", ")+": left out. If there is one, enter it at the advertiser.")
	}
	if hash != "" {
		w = append(w, "Paste it as it is: "+hash+" is replaced by the network. Opened in a browser, everything from the first # on would be cut off.")
	}
	return w
}

func (t *tracking) postbackWarnings(in []filled) []string {
	var w []string
	has := map[string]filled{}
	for _, p := range in {
		has[p.name] = p
	}
	if has["payout"].gap && t.macros.ClickID != "" {
		w = append(w, "The payout is taken from the postback, but no payout macro is known for "+t.adv.Name+": without one revenue is 0.00. Enter the macro at the advertiser, or set a fixed payout.")
	}
	if p, ok := has["payout"]; ok && !p.gap && t.o.PayoutKind == PayoutFixed && t.o.Precedence != ManualWins {
		w = append(w, "A payout in the postback counts instead of the fixed one of this offer. If yours should count, leave the parameter out or let the manual payout win.")
	}
	for _, name := range []string{"status", "goal"} {
		if p, ok := has[name]; ok && !p.gap {
			w = append(w, "Every "+name+" the network sends must be "+p.what+": a postback with another is refused. Leave the parameter out unless its words are these.")
		}
	}
	switch {
	case t.adv == nil:
		w = append(w, "The offer has no advertiser, so there is no token: whoever knows a click id can report a conversion for it.")
	case t.adv.Archived:
		w = append(w, t.adv.Name+" is archived: its token is not accepted.")
	case !t.adv.TokenRequired:
		w = append(w, "Postbacks of "+t.adv.Name+" are taken without the token, too: whoever knows a click id can report a conversion for it.")
	}
	if !t.passesClickID() {
		w = append(w, "The offer URL does not pass the click id, so that nothing can come back. Put {click_id} into it, or switch on appending.")
	}
	return w
}

// passesClickID says whether the destination gets the click id.
func (t *tracking) passesClickID() bool {
	if t.o.Appends() {
		return true
	}
	tpl, err := ParseDestination(t.o.URL)
	return err != nil || tpl.UsesClick() // saved URLs parse
}

func (t *tracking) pixelAddress() (string, []string) {
	in, out := t.params(true)
	return t.base + "/pixel.gif?key=" + url.QueryEscape(t.o.Key) + query(in), append(t.gaps(in, out), t.pageWarnings()...)
}

func (t *tracking) pixel() Method {
	addr, w := t.pixelAddress()
	return Method{ID: MethodPixel, Label: "Tracking pixel", Text: `<img src="` + html.EscapeString(addr) + `" width="1" height="1" alt="">`, Language: "html", Warnings: w,
		Help: "For the thank-you page. It finds the click by the tracker's cookie, which browsers increasingly withhold on other sites; where the page knows the click id, add it as click_id."}
}

func (t *tracking) pixelURL() Method {
	addr, w := t.pixelAddress()
	return Method{ID: MethodPixelURL, Label: "Tracking pixel URL", Text: addr, Language: "url", Warnings: w,
		Help: "The same as a URL, for networks and tag managers that ask for one. The key in it is public and authorises nothing else."}
}

// pageWarnings are what holds for everything that a page sends: anybody can load it.
func (t *tracking) pageWarnings() []string {
	var w []string
	switch t.o.PayoutKind {
	case PayoutPostback:
		w = append(w, "The payout comes from the page, where anybody can change it: compare it before you approve.")
	case PayoutFixed:
		w = append(w, "The fixed payout of this offer counts. A payout that a page sends is not believed, so it is left out.")
	}
	if t.o.InitialStatus != "pending" {
		w = append(w, "Conversions from a page begin as pending, although those of this offer begin as "+t.o.InitialStatus+": anybody can load a page.")
	}
	return w
}

// scriptText writes a text between single quotes of a script within HTML.
func scriptText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r > '~' || strings.ContainsRune(`\'"<>&`, r) {
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, u)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (t *tracking) script() Method {
	in, out := t.params(true)
	for _, name := range out { // in the script an empty value costs nothing
		for _, p := range trackingParams {
			if p.name == name {
				in = append(in, gap(p))
			}
		}
	}
	call := "key:'" + scriptText(t.o.Key) + "'"
	var shown []filled
	for _, p := range in {
		value := p.text
		if p.gap {
			value = "" // left empty it is not sent; the page's own code fills it in
		} else {
			shown = append(shown, p)
		}
		call += ", " + p.in + ":'" + scriptText(value) + "'"
	}
	src := t.base + "/tag.js"
	if t.version != "" {
		src += "?v=" + url.QueryEscape(t.version)
	}
	param := ""
	if name := t.clickParam(); !slices.Contains(scriptParams, name) {
		param = ` data-param="` + html.EscapeString(name) + `"`
	}
	if days := CookieLife(t.o, t.adv); days != DefaultCookieDays {
		param += ` data-days="` + strconv.FormatInt(days, 10) + `"`
	}
	if t.o.Attribution == FirstClick {
		param += " data-first"
	}
	m := Method{ID: MethodScript, Label: "Tracking script", Language: "html",
		Text: "<script>window.clickledger=window.clickledger||function(){(clickledger.q=clickledger.q||[]).push(arguments)};clickledger('conversion',{" + call + "});</script>\n" +
			`<script async src="` + html.EscapeString(src) + `"` + param + `></script>`,
		Help: "For the thank-you page. It takes the click id from the page's address or from what it kept, so put the second line on the landing page as well. The shop fills in the empty values; those that stay empty are not sent."}
	m.Warnings = append(t.gaps(shown, nil), t.pageWarnings()...)
	if t.needs("amount") {
		m.Warnings = append([]string{"The terms are a percentage of the sale: without amount the conversion is refused."}, m.Warnings...)
	}
	return m
}
