package visitor

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"clickledger/internal/macro"
)

func TestBrandOf(t *testing.T) {
	for _, tt := range []struct{ in, brand, model string }{
		{"SM-S918B", "Samsung", "SM-S918B"}, {"sm-t500", "Samsung", "sm-t500"}, {"SAMSUNG SM-A525F", "Samsung", "SM-A525F"},
		{"Galaxy Nexus", "Samsung", "Galaxy Nexus"}, {"GT-I9505", "Samsung", "GT-I9505"}, {"SC-52B", "Samsung", "SC-52B"}, {"SHV-E330S", "Samsung", "SHV-E330S"},
		{"Pixel 8 Pro", "Google", "Pixel 8 Pro"}, {"Nexus 5X", "Google", "Nexus 5X"}, {"Google Pixel 6", "Google", "Pixel 6"},
		{"Redmi Note 8 Pro", "Xiaomi", "Redmi Note 8 Pro"}, {"POCO F3", "Xiaomi", "POCO F3"}, {"Mi 9T", "Xiaomi", "Mi 9T"}, {"MI 8", "Xiaomi", "MI 8"},
		{"M2101K6G", "Xiaomi", "M2101K6G"}, {"2201117TG", "Xiaomi", "2201117TG"}, {"22101316G", "Xiaomi", "22101316G"}, {"23049PCD8G", "Xiaomi", "23049PCD8G"},
		{"CPH2273", "OPPO", "CPH2273"}, {"OPPO A54", "OPPO", "A54"}, {"PEGM00", "OPPO", "PEGM00"}, {"RMX3085", "Realme", "RMX3085"}, {"realme 8", "Realme", "8"},
		{"V2027", "vivo", "V2027"}, {"V1955A", "vivo", "V1955A"}, {"vivo 1904", "vivo", "vivo 1904"}, {"I2012", "vivo", "I2012"},
		{"HUAWEI VNS-L31", "Huawei", "VNS-L31"}, {"ELE-L29", "Huawei", "ELE-L29"}, {"VOG-L29", "Huawei", "VOG-L29"}, {"MAR-LX1A", "Huawei", "MAR-LX1A"},
		{"POT-LX1", "Huawei", "POT-LX1"}, {"INE-LX2", "Huawei", "INE-LX2"}, {"BAH3-W59", "Huawei", "BAH3-W59"}, {"ALP-L29", "Huawei", "ALP-L29"},
		{"ALI-NX1", "Honor", "ALI-NX1"}, {"HONOR 90", "Honor", "90"}, {"REA-NX9", "Honor", "REA-NX9"},
		{"moto g(7)", "Motorola", "moto g(7)"}, {"motorola edge 40", "Motorola", "motorola edge 40"}, {"XT2125-4", "Motorola", "XT2125-4"},
		{"Nokia 7.2", "Nokia", "Nokia 7.2"}, {"TA-1053", "Nokia", "TA-1053"}, {"ONEPLUS A6013", "OnePlus", "A6013"}, {"HD1913", "OnePlus", "HD1913"}, {"LE2123", "OnePlus", "LE2123"},
		{"LG-H870", "LG", "LG-H870"}, {"LM-G710", "LG", "LM-G710"}, {"Xperia 5", "Sony", "Xperia 5"}, {"XQ-AS72", "Sony", "XQ-AS72"}, {"F8331", "Sony", "F8331"}, {"SO-51C", "Sony", "SO-51C"},
		{"Lenovo TB-X606F", "Lenovo", "TB-X606F"}, {"TECNO KG5", "TECNO", "TECNO KG5"}, {"Infinix X6816", "Infinix", "Infinix X6816"}, {"ASUS I003D", "ASUS", "I003D"},
		{"KFTRWI", "Amazon", "KFTRWI"}, {"AFTKA", "Amazon", "AFTKA"}, {"Quest 3", "Meta", "Quest 3"}, {"SHIELD Android TV", "NVIDIA", "SHIELD Android TV"},
		// Nobody knows who makes these.
		{"5033D", "", "5033D"}, {"X", "", "X"}, {"K55", "", "K55"}, {"ABCDEFGH", "", "ABCDEFGH"}, {"TV BOX", "", "TV BOX"}, {"AB-12345", "", "AB-12345"},
		{"ABC-XYZ", "", "ABC-XYZ"}, {"Note 7", "", "Note 7"}, {"12345678", "", "12345678"}, {"A1234567890123456789B", "", "A1234567890123456789B"},
	} {
		brand, model := brandOf(tt.in)
		if brand != tt.brand || model != tt.model {
			t.Errorf("%q: %q, %q, want %q, %q", tt.in, brand, model, tt.brand, tt.model)
		}
	}
	for _, b := range brandPrefixes {
		if b.prefix != strings.ToLower(b.prefix) || b.prefix == "" || b.brand == "" {
			t.Errorf("%+v can never fit", b)
		}
		if got, _ := brandOf(b.prefix + "x"); got == "" {
			t.Errorf("%+v is never found", b)
		}
	}
}

func TestModelSegment(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "()": "", "(": "", "x": "", "(;;;": "", "(Linux; Android 10; K)": "K", "(Linux; Android 10)": "",
		"(Linux; Android 9; Build/PQ3A.190801.002; wv)":         "",
		"(Linux; U; Android 4.4.2; zh_CN; ZTE Blade Build/KOT)": "ZTE Blade",
		"(Linux; arm_64; Android 11; SM-A515F)":                 "SM-A515F",
		"(Linux; Android 10; HarmonyOS; ELS-AN00; HMSCore 6.1)": "ELS-AN00",
		"(Linux; Android 7.0; moto g(5) plus Build/N":           "moto g(5) plus",
		"(Mobile; rv:48.0)": "",
		"(33/13; 340dpi; 1600x2460; samsung; SM-X700; x; y)": "SM-X700",
		"(33/13; 340dpi; 1600x2460; samsung)":                "",
	} {
		if got := modelSegment(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCleanModel(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "K": "", "SM-G900F/XXU1": "SM-G900F", "Nokia_8110_4G": "Nokia 8110 4G", " _x_ ": "x", "33": "", "--": "", "1 2": "",
		"a<b": "", "a\"b": "", "{sub1}": "", "a\r\nb": "", "ä": "", "a\x00": "", "a%41": "", "a;b": "", "a:b": "",
		strings.Repeat("m", maxModel): strings.Repeat("m", maxModel), strings.Repeat("m", maxModel+1): "",
		"Redmi Note 8 (2021)": "Redmi Note 8 (2021)", " K ": "", "moto g(7) power": "moto g(7) power",
	} {
		if got := cleanModel(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestModelHint(t *testing.T) {
	const reduced = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
	for _, tt := range []struct{ ua, hint, brand, model string }{
		{reduced, "", "", ""},
		{reduced, `"Pixel 8"`, "Google", "Pixel 8"},
		{reduced, `"SAMSUNG SM-S918B" `, "Samsung", "SM-S918B"},
		{reduced, `"Unheard Of 1"`, "", "Unheard Of 1"},
		{reduced, `""`, "", ""},
		{reduced, `"K"`, "", ""},
		{reduced, `Pixel 8`, "", ""},
		{reduced, `"Pixel 8`, "", ""},
		{reduced, `"Pixel 8";v=1`, "", ""},
		{reduced, `"<b>"`, "", ""},
		{reduced, `"` + strings.Repeat("m", maxModel) + `"`, "", strings.Repeat("m", maxModel)},
		{reduced, `"` + strings.Repeat("m", maxModel+1) + `"`, "", ""},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", `""`, "", ""},
	} {
		h := http.Header{"User-Agent": {tt.ua}}
		h.Set("Sec-CH-UA-Model", tt.hint)
		for range 2 {
			got := shared().Classify(h, netip.Addr{})
			if got.Brand != tt.brand || got.Model != tt.model {
				t.Errorf("%q: %q, %q, want %q, %q", tt.hint, got.Brand, got.Model, tt.brand, tt.model)
			}
		}
	}
}

// The sample visitor that documents the tokens is one this package would describe so.
func TestSampleVisitor(t *testing.T) {
	v := macro.SampleValues()
	got := shared().Classify(http.Header{"User-Agent": {v[macro.UserAgent]}, "Accept-Language": {"de-de,de;q=0.9"}}, netip.Addr{})
	for id, have := range map[macro.ID]string{
		macro.Device: got.Device, macro.Brand: got.Brand, macro.Model: got.Model, macro.OS: got.OS, macro.OSVersion: got.OSVersion,
		macro.Browser: got.Browser, macro.BrowserVersion: got.BrowserVersion, macro.Language: got.Language,
		macro.Country: CountryName(v[macro.CountryCode]), macro.IP: TruncateAddr(netip.MustParseAddr("203.0.113.77")),
	} {
		if v[id] != have {
			t.Errorf("{%s} is %q, the sample %q", macro.Tokens[id].Name, have, v[id])
		}
	}
}
