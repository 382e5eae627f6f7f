package money

import (
	"math"
	"slices"
	"strings"

	"clickledger/internal/macro"
)

// Currency is an ISO 4217 code in upper case; "" is none.
type Currency string

// The codes by the number of decimals of their minor unit, as ISO 4217 lists them (P10).
// Codes without a minor unit (gold, test codes, XXX) are no currencies here.
const (
	noDecimals    = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
	twoDecimals   = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
	threeDecimals = "BHD IQD JOD KWD LYD OMR TND"
	fourDecimals  = "CLF UYW"

	// Withdrawn since the euro came: valid for ever, for old events (P10).
	withdrawnNoDecimals  = "ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL"
	withdrawnTwoDecimals = "AFA ANG ATS AZM BGL BGN CSD CUC CYP DEM EEK FIM FRF GHC GWP HRK IEP LTL LVL MRO MTL MZM NLG RUR SDD SIT SKK SLL SRG STD TMM VEB VEF YUM ZMK ZWD ZWL ZWN ZWR"
)

type currencyInfo struct {
	code      Currency
	exponent  uint8
	withdrawn bool
}

var currencies = func() map[string]currencyInfo {
	m := make(map[string]currencyInfo)
	add := func(codes string, exponent uint8, withdrawn bool) {
		for _, code := range strings.Fields(codes) {
			m[code] = currencyInfo{Currency(code), exponent, withdrawn}
		}
	}
	add(noDecimals, 0, false)
	add(twoDecimals, 2, false)
	add(threeDecimals, 3, false)
	add(fourDecimals, 4, false)
	add(withdrawnNoDecimals, 0, true)
	add(withdrawnTwoDecimals, 2, true)
	return m
}()

// ParseCurrency reads an ISO 4217 code, in capitals or not; withdrawn codes are valid
// (P10). It fails with an [*Error] of [CodeUnknownCurrency].
func ParseCurrency(s string) (Currency, error) {
	if len(s) == 3 {
		var up [3]byte
		for i := range 3 {
			up[i] = s[i]
			if 'a' <= s[i] && s[i] <= 'z' {
				up[i] -= 'a' - 'A'
			}
		}
		if info, ok := currencies[string(up[:])]; ok {
			return info.code, nil
		}
	}
	return "", unknownCurrency(s)
}

func unknownCurrency(s string) error {
	v := macro.Echo(s)
	return &Error{CodeUnknownCurrency, bare(v), v + " is not the ISO 4217 code of a currency, such as EUR or USD."}
}

// Exponent is how many decimals the minor unit has: 0, 2, 3 or 4 (P10); 2 for a code that
// is not known.
func (c Currency) Exponent() int {
	if info, ok := currencies[string(c)]; ok {
		return int(info.exponent)
	}
	return 2
}

// Whole is n whole units of c in minor units, at most what int64 can hold; n is not negative.
func Whole(n int64, c Currency) int64 {
	for range c.Exponent() {
		if n > math.MaxInt64/10 {
			return math.MaxInt64
		}
		n *= 10
	}
	return n
}

// Withdrawn reports whether the currency is no longer in use, though valid for old events.
func (c Currency) Withdrawn() bool { return currencies[string(c)].withdrawn }

// Currencies lists all codes, withdrawn ones too, in alphabetical order.
func Currencies() []Currency {
	list := make([]Currency, 0, len(currencies))
	for _, info := range currencies {
		list = append(list, info.code)
	}
	slices.Sort(list)
	return list
}
