package visitor

import (
	"net/http"
	"strings"
)

// Limits of what one request may make us look at, in bytes (V3). A longer user
// agent is cut: what lies behind is not considered. A longer hint is ignored.
const (
	maxUA       = 1024
	maxBrands   = 512
	maxPlatform = 32
	maxHint     = maxModel + 2 // Sec-CH-UA-Model, with its quotes
)

// agentKey is all that classifyAgent may depend on; equal keys share a cache
// entry.
type agentKey struct {
	ua       string
	brands   string // Sec-CH-UA as sent
	platform string // Sec-CH-UA-Platform as sent
	model    string // Sec-CH-UA-Model as sent
	mobile   byte   // Sec-CH-UA-Mobile: '1', '0' or 0 for absent or malformed
}

func keyOf(h http.Header) agentKey {
	k := agentKey{
		ua:       first(h, "User-Agent"),
		brands:   first(h, "Sec-Ch-Ua"),
		platform: first(h, "Sec-Ch-Ua-Platform"),
		model:    first(h, "Sec-Ch-Ua-Model"),
	}
	if len(k.ua) > maxUA {
		k.ua = k.ua[:maxUA]
	}
	if len(k.brands) > maxBrands {
		k.brands = ""
	}
	if len(k.platform) > maxPlatform {
		k.platform = ""
	}
	if len(k.model) > maxHint || k.model == `""` {
		k.model = ""
	}
	switch first(h, "Sec-Ch-Ua-Mobile") {
	case "?1":
		k.mobile = '1'
	case "?0":
		k.mobile = '0'
	}
	return k
}

// clone detaches the key from the request, so that the cache holds on to
// nothing longer than the limits above.
func (k agentKey) clone() agentKey {
	k.ua = strings.Clone(k.ua)
	k.brands = strings.Clone(k.brands)
	k.platform = strings.Clone(k.platform)
	k.model = strings.Clone(k.model)
	return k
}

// platforms are the values of Sec-CH-UA-Platform, as structured strings, that
// name a system; "Unknown" does not.
var platforms = map[string]string{
	`"Android"`:     "Android",
	`"Chrome OS"`:   "ChromeOS",
	`"Chromium OS"`: "ChromeOS",
	`"ChromeOS"`:    "ChromeOS",
	`"iOS"`:         "iOS",
	`"Linux"`:       "Linux",
	`"macOS"`:       "macOS",
	`"Windows"`:     "Windows",
}

// brandNames are the brands that name a browser, the rarer one winning over
// the one it is built on. "Chromium", "Android WebView" and the deliberately
// meaningless ones ("Not;A=Brand") say nothing about which browser it is.
var brandNames = map[string]string{
	"Google Chrome":         "Chrome",
	"Microsoft Edge":        "Edge",
	"Opera":                 "Opera",
	"Opera GX":              "Opera",
	"OperaMobile":           "Opera",
	"Brave":                 "Brave",
	"Samsung Internet":      "Samsung Browser",
	"Vivaldi":               "Vivaldi",
	"YaBrowser":             "Yandex Browser",
	"Yandex":                "Yandex Browser",
	"DuckDuckGo":            "DuckDuckGo",
	"Avast Secure Browser":  "Avast Secure Browser",
	"AVG Secure Browser":    "AVG Secure Browser",
	"CCleaner Browser":      "CCleaner Browser",
	"Whale":                 "Whale",
	"NAVER Whale":           "Whale",
	"CocCoc":                "Coc Coc",
	"Arc":                   "Arc",
	"Oculus Browser":        "Oculus Browser",
	"Meta Quest Browser":    "Oculus Browser",
	"Amazon Silk":           "Amazon Silk",
	"HuaweiBrowser":         "Huawei Browser",
	"MiuiBrowser":           "Mi Browser",
	"Mi Browser":            "Mi Browser",
	"HeyTapBrowser":         "HeyTap Browser",
	"Norton Secure Browser": "Norton Browser",
}

const headlessBrand = "HeadlessChrome"

// brandList is what Sec-CH-UA says.
type brandList struct {
	browser, version string
	headless         bool
}

// parseBrands reads Sec-CH-UA, a structured list of strings each with a
// parameter v. A value that is not well formed to its end says nothing.
func parseBrands(s string) (brandList, bool) {
	var out brandList
	for n := 0; ; n++ {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return out, n > 0 // also refuses nothing but white space
		}
		if n > 0 {
			rest, ok := strings.CutPrefix(s, ",")
			if !ok {
				return brandList{}, false
			}
			s = strings.TrimLeft(rest, " \t")
		}
		brand, rest, ok := cutString(s)
		if !ok {
			return brandList{}, false
		}
		s = rest
		version := ""
		if after, ok := strings.CutPrefix(s, ";v="); ok {
			version, s, ok = cutString(after)
			if !ok {
				return brandList{}, false
			}
		}
		if brand == headlessBrand {
			out.headless = true
			brand = "Google Chrome"
		}
		name := brandNames[brand]
		if name != "" && (out.browser == "" || out.browser == "Chrome") {
			out.browser, out.version = name, shortVersion(version)
		}
	}
}

// cutString cuts a structured-field string from the front of s. Escapes are
// accepted but not decoded: no brand we know has any.
func cutString(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	for i := 1; i < len(s); i++ {
		switch b := s[i]; {
		case b == '"':
			return s[1:i], s[i+1:], true
		case b == '\\':
			i++
			if i < len(s) && s[i] != '"' && s[i] != '\\' {
				return "", s, false
			}
		case b < ' ' || b > '~':
			return "", s, false
		}
	}
	return "", s, false
}
