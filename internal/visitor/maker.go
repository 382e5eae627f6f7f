package visitor

import "strings"

// maxModel bounds Info.Model, in bytes. What is longer is no model.
const maxModel = 64

// makerOf is the brand and the model of the device, "" where nobody says. Since browsers
// began to withhold the model ("Android 10; K"), that is the rule rather than the exception
// on Android; Apple's devices have only ever told their kind.
func makerOf(k agentKey, t tokenSet, os string) (brand, model string) {
	if m := hintModel(k.model); m != "" {
		return brandOf(m)
	}
	switch {
	case t.has(tokXbox):
		return "Microsoft", anyOf(k.ua, "Xbox", "Xbox Series X", "Xbox One")
	case t.has(tokPlayStation):
		return "Sony", anyOf(k.ua, "PlayStation", "PlayStation 5", "PlayStation 4", "PlayStation 3", "PlayStation Vita", "PlayStation Portable")
	case t.has(tokNintendo):
		return "Nintendo", anyOf(k.ua, "", "Switch", "WiiU", "3DS", "Wii", "DSi")
	case t.has(tokWindowsPhone):
		return "", "" // gone since 2017, and they call themselves half a dozen other devices
	case t.has(tokAppleTV):
		return "Apple", "Apple TV"
	case t.has(tokRoku):
		return "Roku", ""
	case t.has(tokWebOS):
		return "LG", ""
	case t.has(tokCar):
		return "Tesla", ""
	case t.hasAny(tokAndroid, tokHarmony, tokKaiOS, tokHeadset):
		if m := cleanModel(modelSegment(k.ua)); m != "" {
			return brandOf(m)
		}
		return "", ""
	case t.has(tokTizen):
		return "Samsung", "" // the televisions; its phones and watches came from nobody else
	case os == "iOS" && t.has(tokIPad):
		return "Apple", "iPad"
	case os == "iOS" && t.has(tokIPod):
		return "Apple", "iPod touch"
	case os == "iOS" && t.has(tokIPhone):
		return "Apple", "iPhone"
	case os == "iOS":
		return "Apple", ""
	case os == "macOS":
		return "Apple", "Mac"
	}
	return "", ""
}

// anyOf is the first of the names the user agent contains, else the first argument.
func anyOf(ua, otherwise string, names ...string) string {
	for _, n := range names {
		if indexFold(ua, strings.ToLower(n)) >= 0 {
			return n
		}
	}
	return otherwise
}

// hintModel reads Sec-CH-UA-Model, a structured string. It only comes from who was asked
// for it; desktops answer with nothing.
func hintModel(s string) string {
	if s == "" {
		return ""
	}
	m, rest, ok := cutString(s)
	if !ok || strings.Trim(rest, " \t") != "" {
		return ""
	}
	return cleanModel(m)
}

// modelSegment is the piece of the first comment that names the model:
//
//	(Linux; Android 13; Pixel 7 Build/TQ3A.230901.001; wv)
//	(Linux; U; Android 12; de-de; M2101K6G Build/SKQ1.210908.001)
//	(Mobile; Nokia_8110_4G; rv:48.0)
//
// Apps of Meta that ask by themselves write the maker fourth and the model fifth:
//
//	(33/13; 340dpi; 1600x2460; samsung; SM-X700; gts8wifi; qcom; en_GB; 574498352)
func modelSegment(ua string) string {
	rest := comment(ua)
	if rest != "" && '0' <= rest[0] && rest[0] <= '9' {
		segs := strings.SplitN(rest, ";", 6)
		if len(segs) < 6 {
			return ""
		}
		return strings.Trim(segs[4], " ")
	}
	for rest != "" {
		var seg string
		seg, rest, _ = strings.Cut(rest, ";")
		seg = strings.Trim(seg, " ")
		if i := indexFold(seg, "build/"); i >= 0 {
			seg = strings.TrimRight(seg[:i], " ")
			if seg == "" {
				return "" // a build without a model
			}
		}
		if isNoise(seg) {
			continue
		}
		return seg
	}
	return ""
}

// comment is what the first parentheses hold; a model may have parentheses of its own,
// as in moto g(7).
func comment(ua string) string {
	start := strings.IndexByte(ua, '(')
	if start < 0 {
		return ""
	}
	depth := 0
	for i := start; i < len(ua); i++ {
		switch ua[i] {
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				return ua[start+1 : i]
			}
		}
	}
	return ua[start+1:] // cut off
}

// noiseWords and noisePrefixes are the pieces of a comment that are no model.
var (
	noiseWords = map[string]bool{
		"linux": true, "x11": true, "u": true, "wv": true, "mobile": true, "tablet": true, "tv": true, "phone": true, "touch": true, "android": true,
		"compatible": true, "harmonyos": true, "openharmony": true, "arm": true, "arm_64": true, "64": true, "i": true, "n": true, "unknown": true,
		"desktop": true, "vr": true, "generic": true,
	}
	noisePrefixes = []string{"android ", "android/", "linux ", "rv:", "openharmony ", "harmonyos ", "hmscore ", "opera m", "kaios", "tizen ", "windows ", "gnu/", "cpu ", "http"}
)

func isNoise(seg string) bool {
	if seg == "" || len(seg) <= 12 && noiseWords[strings.ToLower(seg)] {
		return true
	}
	for _, p := range noisePrefixes {
		if len(seg) >= len(p) && equalFold(seg[:len(p)], p) {
			return true
		}
	}
	return isLocale(seg)
}

// isLocale recognises "de", "de-de" and "zh_CN".
func isLocale(s string) bool {
	if len(s) != 2 && !(len(s) == 5 && (s[2] == '-' || s[2] == '_')) {
		return false
	}
	for i := range len(s) {
		if b := lower(s[i]); i != 2 && (b < 'a' || b > 'z') {
			return false
		}
	}
	return true
}

// cleanModel is a model as it may be reported: with a letter in it, of letters, digits and
// what models are written with, not the "K" that stands for a model withheld. The answer is a copy.
func cleanModel(s string) string {
	if i := strings.IndexByte(s, '/'); i > 0 {
		s = s[:i] // a firmware: SM-G900F/XXU1ANG2
	}
	s = strings.Trim(s, " _-.,")
	if len(s) > maxModel || s == "K" {
		return ""
	}
	word := false
	for i := range len(s) {
		b := lower(s[i])
		switch {
		case 'a' <= b && b <= 'z':
			word = true
		case '0' <= b && b <= '9':
		case strings.IndexByte(" -_.,+()'&", b) >= 0:
		default:
			return ""
		}
	}
	if !word {
		return ""
	}
	if strings.IndexByte(s, '_') >= 0 {
		return strings.ReplaceAll(s, "_", " ")
	}
	return strings.Clone(s)
}
