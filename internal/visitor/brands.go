package visitor

import "strings"

// brandPrefix says who makes the models that begin so, in any ASCII case. Makers do not
// reserve prefixes, so the table is a convention: it is right for the devices in use, and
// what it does not know has no brand.
type brandPrefix struct {
	prefix string // lower case
	brand  string
	name   bool // the prefix is the maker's name and not part of the model: SAMSUNG SM-S918B
}

// brandPrefixes: of several that fit, the first counts.
var brandPrefixes = []brandPrefix{
	{"samsung ", "Samsung", true}, {"sm-", "Samsung", false}, {"gt-", "Samsung", false}, {"sgh-", "Samsung", false},
	{"sch-", "Samsung", false}, {"sph-", "Samsung", false}, {"shv-e", "Samsung", false}, {"shw-m", "Samsung", false},
	{"sc-", "Samsung", false}, {"scg", "Samsung", false}, {"scv", "Samsung", false}, {"galaxy", "Samsung", false},
	{"google ", "Google", true}, {"pixel", "Google", false}, {"nexus", "Google", false}, {"chromecast", "Google", false},
	{"xiaomi ", "Xiaomi", true}, {"redmi", "Xiaomi", false}, {"poco", "Xiaomi", false}, {"mi ", "Xiaomi", false}, {"mi-", "Xiaomi", false},
	{"mix ", "Xiaomi", false}, {"hm note", "Xiaomi", false}, {"hm 1", "Xiaomi", false}, {"mitv", "Xiaomi", false}, {"mibox", "Xiaomi", false},
	{"oneplus ", "OnePlus", true}, {"oneplus", "OnePlus", false},
	{"oppo ", "OPPO", true}, {"cph", "OPPO", false}, {"realme ", "Realme", true}, {"rmx", "Realme", false},
	{"vivo", "vivo", false}, {"iqoo", "vivo", false},
	{"huawei ", "Huawei", true}, {"huawei", "Huawei", false}, {"mediapad", "Huawei", false}, {"matepad", "Huawei", false},
	{"honor ", "Honor", true}, {"honor", "Honor", false},
	{"moto", "Motorola", false}, {"xt1", "Motorola", false}, {"xt2", "Motorola", false},
	{"nokia", "Nokia", false}, {"ta-1", "Nokia", false}, {"hmd ", "HMD", true},
	{"lge ", "LG", true}, {"lg ", "LG", true}, {"lg-", "LG", false}, {"lgm", "LG", false}, {"lgl", "LG", false}, {"lm-", "LG", false},
	{"sony ", "Sony", true}, {"xperia", "Sony", false}, {"bravia", "Sony", false}, {"xq-", "Sony", false}, {"so-", "Sony", false},
	{"sog", "Sony", false}, {"sov", "Sony", false}, {"sgp", "Sony", false},
	{"lenovo ", "Lenovo", true}, {"lenovo", "Lenovo", false}, {"tb-", "Lenovo", false}, {"tb1", "Lenovo", false}, {"tb3", "Lenovo", false}, {"yt-", "Lenovo", false},
	{"asus ", "ASUS", true}, {"zenfone", "ASUS", false}, {"htc ", "HTC", true}, {"htc", "HTC", false},
	{"infinix", "Infinix", false}, {"tecno", "TECNO", false}, {"itel", "itel", false},
	{"zte ", "ZTE", true}, {"zte", "ZTE", false}, {"nubia", "nubia", false}, {"nx6", "nubia", false}, {"nx7", "nubia", false},
	{"kf", "Amazon", false}, {"aft", "Amazon", false}, {"kindle", "Amazon", false},
	{"quest", "Meta", false}, {"oculus", "Meta", false}, {"pico", "Pico", false}, {"shield", "NVIDIA", false},
	{"sh-", "Sharp", false}, {"shv", "Sharp", false}, {"shg", "Sharp", false}, {"aquos", "Sharp", false}, {"kyv", "Kyocera", false}, {"kyg", "Kyocera", false},
	{"nothing", "Nothing", false}, {"a063", "Nothing", false}, {"a065", "Nothing", false}, {"a142", "Nothing", false}, {"ain065", "Nothing", false},
	{"fairphone", "Fairphone", false}, {"fp3", "Fairphone", false}, {"fp4", "Fairphone", false}, {"fp5", "Fairphone", false},
	{"meizu", "Meizu", false}, {"tcl ", "TCL", true}, {"alcatel", "Alcatel", false}, {"wiko", "Wiko", false}, {"hisense", "Hisense", false},
	{"blackview", "Blackview", false}, {"cubot", "Cubot", false}, {"doogee", "DOOGEE", false}, {"umidigi", "UMIDIGI", false}, {"oukitel", "OUKITEL", false},
	{"ulefone", "Ulefone", false}, {"micromax", "Micromax", false}, {"lava ", "LAVA", false}, {"vodafone", "Vodafone", false}, {"vfd ", "Vodafone", false},
	{"blackberry", "BlackBerry", false}, {"bbb100", "BlackBerry", false}, {"bbf100", "BlackBerry", false}, {"lyf", "LYF", false}, {"jiophone", "LYF", false},
	{"revvl", "T-Mobile", false}, {"philips", "Philips", false}, {"crosscall", "Crosscall", false}, {"gigaset", "Gigaset", false},
}

// brandIndex finds the prefixes by their first byte.
var brandIndex = func() (t [256][]brandPrefix) {
	for _, b := range brandPrefixes {
		t[b.prefix[0]] = append(t[b.prefix[0]], b)
	}
	return t
}()

// brandOf is who makes a model, "" when unknown, and the model without the maker's name
// before it.
func brandOf(model string) (brand, rest string) {
	for _, b := range brandIndex[lower(model[0])] {
		if len(model) < len(b.prefix) || !equalFold(model[:len(b.prefix)], b.prefix) {
			continue
		}
		if b.name && len(model) > len(b.prefix) {
			model = strings.TrimLeft(model[len(b.prefix):], " ")
		}
		return b.brand, model
	}
	return codedBrand(model), model
}

// oneplusCodes begin the six characters of a OnePlus before 2023.
const oneplusCodes = " AC BE DE DN EB EV GM HD IN IV KB LE MT NE "

// honorCodes begin the models Honor made since it is not Huawei's.
const honorCodes = " ABR ALI ANY BVL CLK CMA CRT DNY DUA ELI FNE FRI GDI GFY HPA KKG LGE LLY MAA MAG NIC NTH NTN PGT PTP REA REP RKY RMO RNA ROD TFY VER VNA VNE WDY WOD YAL "

// codedBrand recognises makers by the shape of their codes.
func codedBrand(m string) string {
	shape := shapeOf(m)
	if shape == "" {
		return ""
	}
	switch {
	case strings.HasPrefix(shape, "A####") && len(m) <= 7 && (m[0] == 'V' || m[:2] == "I2"):
		return "vivo" // V2027, V1955A, I2012
	case strings.HasPrefix(shape, "A####A") && len(m) >= 8 && m[0] == 'M':
		return "Xiaomi" // M2101K6G
	case strings.HasPrefix(shape, "####") && len(m) >= 8 && m[0] == '2' && shape[len(m)-1] == 'A':
		return "Xiaomi" // 22101316G: year, month, number
	case shape == "AA####" && strings.Contains(oneplusCodes, " "+m[:2]+" "):
		return "OnePlus" // HD1913
	case shape == "AAAA##" && m[0] == 'P':
		return "OPPO" // PEGM00
	case shape == "A####" && 'C' <= m[0] && m[0] <= 'J':
		return "Sony" // F8331
	}
	code, kind, hyphen := strings.Cut(m, "-")
	if hyphen && (len(code) == 3 || len(code) == 4 && shape[3] == '#') && strings.HasPrefix(shape, "AAA") &&
		len(kind) >= 3 && len(kind) <= 6 && strings.IndexByte("ALTCUNWB", kind[0]) >= 0 && strings.Contains(shape[len(code):], "#") {
		if strings.Contains(honorCodes, " "+code+" ") {
			return "Honor"
		}
		return "Huawei" // ELS-NX9, ANE-LX1, BAH3-W59
	}
	return ""
}

// shapeOf writes # for a digit and A for a capital; "" for what has other characters than
// these and hyphens, or is too short or too long for a code.
func shapeOf(m string) string {
	const longest = 14
	if len(m) < 5 || len(m) > longest {
		return ""
	}
	var buf [longest]byte
	for i := range len(m) {
		switch b := m[i]; {
		case '0' <= b && b <= '9':
			buf[i] = '#'
		case 'A' <= b && b <= 'Z':
			buf[i] = 'A'
		case b == '-':
			buf[i] = b
		default:
			return ""
		}
	}
	return string(buf[:len(m)])
}
