package visitor

import "strings"

// specialSystems are those no client hint has a name for: the user agent
// knows better.
var specialSystems = []token{
	tokPlayStation, tokNintendo, tokXbox, tokTizen, tokWebOS, tokRoku, tokAppleTV, tokKaiOS, tokHarmony, tokWindowsPhone,
}

// systemOf names the operating system and its version. The order matters:
// many systems also call themselves by the name of the one they imitate.
func systemOf(ua string, t tokenSet) (name, version string) {
	switch {
	case t.has(tokXbox):
		return "Xbox", ""
	case t.has(tokPlayStation):
		return "PlayStation", versionAfter(ua, "playstation ")
	case t.has(tokNintendo):
		return "Nintendo", ""
	case t.has(tokWindowsPhone):
		return "Windows Phone", versionAfter(ua, "windows phone os ", "windows phone ")
	case t.has(tokKaiOS):
		return "KaiOS", versionAfter(ua, "kaios/")
	case t.has(tokHarmony):
		return "HarmonyOS", versionAfter(ua, "openharmony ", "harmonyos/", "harmonyos ")
	case t.has(tokTizen):
		return "Tizen", versionAfter(ua, "tizen ", "tizen/")
	case t.has(tokWebOS):
		return "webOS", versionAfter(ua, "webos.tv-")
	case t.has(tokRoku):
		return "Roku", versionAfter(ua, "roku/dvp-")
	case t.has(tokAppleTV):
		return "tvOS", versionAfter(ua, "tvos ", "tvos/", "cpu os ")
	case t.has(tokAndroid):
		return "Android", versionAfter(ua, "android ", "android/")
	case t.hasAny(tokIPhone, tokIPad, tokIPod):
		return "iOS", versionAfter(ua, "iphone os ", "cpu os ", "; ios ", " ios/")
	case t.has(tokWindows):
		return "Windows", windowsVersion(ua)
	case t.has(tokCrOS):
		return "ChromeOS", ""
	case t.has(tokMac):
		return "macOS", versionAfter(ua, "mac os x ")
	case t.has(tokBSD):
		return "BSD", ""
	case t.has(tokLinux):
		return "Linux", ""
	}
	return "", ""
}

// canonicalOS maps the names of go-useragent to ours.
func canonicalOS(name string) string {
	switch name {
	case "MacOS":
		return "macOS"
	case "FreeBSD", "OpenBSD":
		return "BSD"
	}
	return name
}

// windowsVersion gives the name people know. 10.0 has been sent by Windows 11
// as well from the start, so "10" means "10 or later".
func windowsVersion(ua string) string {
	v := versionAfter(ua, "windows nt ")
	switch v {
	case "6.3":
		return "8.1"
	case "6.2":
		return "8"
	case "6.1":
		return "7"
	case "6":
		return "Vista"
	case "5.1", "5.2":
		return "XP"
	case "5":
		return "2000"
	}
	return v
}

// versionAfter is the version behind the first of the prefixes that has one.
func versionAfter(ua string, prefixes ...string) string {
	for _, p := range prefixes {
		if i := indexFold(ua, p); i >= 0 {
			if v := versionAt(ua, i+len(p)); v != "" {
				return v
			}
		}
	}
	return ""
}

// indexFold finds a lower-case piece of a text without regard to ASCII case.
func indexFold(s, piece string) int {
	for i := 0; i+len(piece) <= len(s); i++ {
		if lower(s[i]) == piece[0] && equalFold(s[i:i+len(piece)], piece) {
			return i
		}
	}
	return -1
}

// versionAt reads a version number at a position, "" if there is none.
func versionAt(ua string, at int) string {
	end := at
	for end < len(ua) && ('0' <= ua[end] && ua[end] <= '9' || ua[end] == '.' || ua[end] == '_') {
		end++
	}
	return shortVersion(ua[at:end])
}

// maxVersion bounds a part of a version, in digits: what is longer is no
// version, and versions are a report dimension.
const maxVersion = 5

// shortVersion keeps major and minor, and drops a zero minor: "118.0.0.0" is
// "118", "10_15_7" is "10.15". What is no version is "".
func shortVersion(v string) string {
	if strings.IndexByte(v, '_') >= 0 {
		v = strings.ReplaceAll(v, "_", ".")
	}
	major, rest, _ := strings.Cut(v, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if !digits(major) {
		return ""
	}
	if !digits(minor) || strings.Trim(minor, "0") == "" {
		return major
	}
	return v[:len(major)+1+len(minor)]
}

func digits(s string) bool {
	if s == "" || len(s) > maxVersion {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
