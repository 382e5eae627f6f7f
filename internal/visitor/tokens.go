package visitor

// Tokens are the pieces of a user agent our own rules look at. All of them are
// found in one pass; the rules in device.go, system.go and browser.go then only
// ask which are there.

// token is one bit of a tokenSet.
type token uint8

type tokenSet uint64

const (
	tokMobile token = iota
	tokAndroid
	tokWindows
	tokWindowsPhone
	tokMac
	tokIPhone
	tokIPad
	tokIPod
	tokDarwin
	tokCrOS
	tokLinux
	tokBSD
	tokTablet
	tokKindle
	tokTabletModel
	tokTV
	tokAppleTV
	tokTizen
	tokWebOS
	tokRoku
	tokFireTV
	tokConsole
	tokPlayStation
	tokNintendo
	tokXbox
	tokHeadset
	tokCar
	tokWatch
	tokKaiOS
	tokHarmony
	tokFeaturePhone
	tokOperaMini
	tokMozilla
	numTokens
)

func (s tokenSet) has(t token) bool { return s&(1<<t) != 0 }

// hasAny tells whether one of the tokens is there.
func (s tokenSet) hasAny(ts ...token) bool {
	for _, t := range ts {
		if s.has(t) {
			return true
		}
	}
	return false
}

// tokenSpellings are matched without regard to case. A leading space or
// semicolon keeps a short one from matching inside a longer word.
var tokenSpellings = [numTokens][]string{
	tokMobile:       {"mobile", "mobi/"},
	tokAndroid:      {"android"},
	tokWindows:      {"windows"},
	tokWindowsPhone: {"windows phone", "iemobile", "zunewp7"},
	tokMac:          {"macintosh", "mac os x", "mac_powerpc"},
	tokIPhone:       {"iphone"},
	tokIPad:         {"ipad"},
	tokIPod:         {"ipod"},
	tokDarwin:       {"darwin/"},
	tokCrOS:         {"(x11; cros ", " cros "},
	tokLinux:        {"linux", "ubuntu", "fedora"},
	tokBSD:          {"freebsd", "openbsd", "netbsd", "dragonfly"},
	// "Tablet PC" is Windows saying that it could be one.
	tokTablet:       {"tablet;", "tablet)", "tablet ", "tablet/", "touchpad", "playbook"},
	tokKindle:       {"kindle", "; kf", "(kf"},
	tokTabletModel:  {"sm-t", "sm-x", "gt-p", "lenovo tb", "mediapad", "matepad", "xoom", "nexus 7", "nexus 9", "nexus 10", "pixel tablet", "pixel c", "galaxy tab", "mi pad", "redmi pad", "xiaomi pad", " tab ", " pad "},
	tokTV:           {"smart-tv", "smarttv", "smart tv", "googletv", "google tv", "android tv", "androidtv", "hbbtv", "netcast", "nettv", "viera", "aquosbrowser", "aquos tv", "bravia", "philipstv", "mitv", "mibox", "shield android", "crkey", "; dtv", "dtvbrowser", "tv safari", " tv/", "large screen", "vidaa", "tvbox", "tv box", "inettvbrowser", "espial", "opera tv", "ceatml"},
	tokAppleTV:      {"appletv", "apple tv", "tvos"},
	tokTizen:        {"tizen"},
	tokWebOS:        {"web0s", "webos.tv", "webostv"},
	tokRoku:         {"roku/", "roku dvp"},
	tokFireTV:       {"; aft", "(aft"},
	tokConsole:      {"ouya", "steam deck", "valve steam gamepad"},
	tokPlayStation:  {"playstation"},
	tokNintendo:     {"nintendo"},
	tokXbox:         {"xbox"},
	tokHeadset:      {"oculusbrowser", "; quest", "pico neo", "picobrowser", "mobile vr", " vr safari"},
	tokCar:          {"tesla/", "qtcarbrowser"},
	tokWatch:        {"watch os", "watchos", "sm-r"},
	tokKaiOS:        {"kaios"},
	tokHarmony:      {"harmonyos", "openharmony"},
	tokFeaturePhone: {"blackberry", "bb10", "rim tablet os", "symbian", "series60", "series40", "midp", "nokia", "maemo", "meego", "bada/", "up.browser", "docomo", "ucweb", "opera mobi"},
	tokOperaMini:    {"opera mini"},
	tokMozilla:      {"mozilla/"},
}

// tokenTable finds tokens and browser names.
type tokenTable struct {
	find *automaton
	bits []tokenSet // literal → token; 0 for the names, which follow
	base int        // literal number of browserNames[0]
}

// tokens is what one user agent contains.
type tokens struct {
	set     tokenSet
	browser int // index of the first browserNames entry it contains, -1 = none
	end     int // where that name ends
}

func newTokenTable() (*tokenTable, error) {
	var literals []string
	t := &tokenTable{}
	for tok, spellings := range tokenSpellings {
		for _, s := range spellings {
			literals = append(literals, s)
			t.bits = append(t.bits, 1<<tok)
		}
	}
	t.base = len(literals)
	for _, b := range browserNames {
		literals = append(literals, b.token)
	}
	find, err := newAutomaton(literals)
	if err != nil {
		return nil, err
	}
	t.find = find
	return t, nil
}

func (t *tokenTable) scan(ua string) tokens {
	out := tokens{browser: -1}
	t.find.scan(ua, func(literal, end int) {
		if literal < t.base {
			out.set |= t.bits[literal]
			return
		}
		n := literal - t.base
		if out.browser < 0 || n < out.browser {
			out.browser, out.end = n, end
		}
	})
	return out
}
