package visitor

// browserName is a token of a user agent that names a browser, with its
// version right behind.
type browserName struct {
	token string
	name  string
	app   bool // the browser inside an app of that name
}

// browserNames are the browsers go-useragent does not tell apart, foremost
// those inside apps, which is where bought visits come from. The first in this
// order that occurs wins.
var browserNames = []browserName{
	{"instagram ", "Instagram", true},
	{"barcelona ", "Threads", true},
	{"messengerlite", "Messenger", true},
	{"fban/messenger", "Messenger", true},
	{"orca-android", "Messenger", true},
	{"fbav/", "Facebook", true},
	{"fban/", "Facebook", true},
	{"fb_iab/", "Facebook", true},
	{"metaiab facebook", "Facebook", true},
	{"musical_ly_", "TikTok", true},
	{"musical_ly", "TikTok", true},
	{"trill_", "TikTok", true},
	{"bytedancewebview/", "TikTok", true},
	{"bytelocale/", "TikTok", true},
	{"snapchat/", "Snapchat", true},
	{"[pinterest/", "Pinterest", true},
	{"pinterest/", "Pinterest", true},
	{"twitter for iphone", "X", true},
	{"twitter for ipad", "X", true},
	{"twitterandroid", "X", true},
	{"linkedinapp", "LinkedIn", true},
	{"micromessenger/", "WeChat", true},
	{" line/", "LINE", true},
	{"kakaotalk ", "KakaoTalk", true},
	{"naver(inapp", "Naver", true},
	{"telegram-android/", "Telegram", true},
	{"reddit/", "Reddit", true},
	{"gsa/", "Google App", true},
	{"tumblr/", "Tumblr", true},
	{"oculusbrowser/", "Oculus Browser", false},
	{"duckduckgo/", "DuckDuckGo", false},
	{" ddg/", "DuckDuckGo", false},
	{"samsungbrowser/", "Samsung Browser", false},
	{"miuibrowser/", "Mi Browser", false},
	{"huaweibrowser/", "Huawei Browser", false},
	{"heytapbrowser/", "HeyTap Browser", false},
	{"vivobrowser/", "Vivo Browser", false},
	{"ucbrowser/", "UC Browser", false},
	{"ubrowser/", "UC Browser", false},
	{"mqqbrowser/", "QQ Browser", false},
	{"qqbrowser/", "QQ Browser", false},
	{"yabrowser/", "Yandex Browser", false},
	{"vivaldi/", "Vivaldi", false},
	{"whale/", "Whale", false},
	{"coc_coc_browser/", "Coc Coc", false},
	{"puffin/", "Puffin", false},
	{"brave/", "Brave", false},
	{"palemoon/", "Pale Moon", false},
	{"silk/", "Amazon Silk", false},
	{"opera mini/", "Opera Mini", false},
	{"opera gx/", "Opera", false},
	{" opr/", "Opera", false},
	{" opt/", "Opera", false},
	{"edgios/", "Edge", false},
	{"edga/", "Edge", false},
	{" edg/", "Edge", false},
	{" edge/", "Edge", false},
	{"fxios/", "Firefox", false},
	{"focus/", "Firefox Focus", false},
	{"crios/", "Chrome", false},
	{"arkweb/", "ArkWeb", false},
}

// ieVersion sees through the compatibility view of Internet Explorer, in which
// it claims to be version 7 but leaves its engine's version in place.
func ieVersion(ua, claimed string) string {
	switch versionAfter(ua, "trident/") {
	case "7":
		return "11"
	case "6":
		return "10"
	case "5":
		return "9"
	case "4":
		return "8"
	}
	return claimed
}

// plainBrowser is for user agents of a shape go-useragent has never seen
// (televisions, cars) that still name what they are built from.
func plainBrowser(ua string) (name, version string) {
	for _, b := range [...]browserName{
		{"firefox/", "Firefox", false},
		{"chrome/", "Chrome", false},
	} {
		if v := versionAfter(ua, b.token); v != "" {
			return b.name, v
		}
	}
	if indexFold(ua, " safari/") >= 0 {
		return "Safari", versionAfter(ua, "version/")
	}
	return "", ""
}
