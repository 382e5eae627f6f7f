package macro

import (
	"slices"
	"strings"
)

// neverSchemes run code, read files or hide where they lead; no allow-list can allow them.
var neverSchemes = []string{
	"javascript", "vbscript", "data", "file", "blob", "about", "filesystem", "view-source", "jar", "livescript", "mocha",
	"chrome", "resource", "ws", "wss", "ftp",
}

// maxScheme is the longest scheme of an allow-list, in bytes.
const maxScheme = 64

// CheckScheme checks and normalises an entry of an allow-list of app schemes, such as
// "market" or "itms-apps": a scheme by RFC 3986 §3.1, without "://", given back in lower
// case. http and https need no entry. It fails with an [*Error] of [CodeAllowScheme],
// always for javascript, data, file and their like.
func CheckScheme(raw string) (string, error) {
	why := ""
	s := strings.ToLower(raw)
	switch {
	case len(raw) > maxScheme:
		why = "it is longer than 64 characters"
	case !isScheme(s):
		why = "a scheme is a letter and then letters, digits, plus, minus and dots, written without ://"
	case s == "http" || s == "https":
		why = "it is always allowed and no app's"
	case slices.Contains(neverSchemes, s):
		why = "a link with it could run code or read files"
	}
	if why != "" {
		return "", &Error{CodeAllowScheme, cutRunes(raw), "The scheme " + Echo(raw) + " cannot be allowed: " + why + "."}
	}
	return s, nil
}

// schemeAllowed looks a lower-case scheme up in the list. Entries that could not be
// entered by [CheckScheme] are not there, whoever made the list.
func schemeAllowed(scheme string, list []string) bool {
	for _, e := range list {
		ok, err := CheckScheme(e)
		if err == nil && ok == scheme {
			return true
		}
	}
	return false
}

func refuseScheme(raw string, list []string) *Error {
	msg := "The URL " + Echo(raw) + " does not begin with https:// or http://"
	var also []string
	for _, e := range list {
		s, err := CheckScheme(e)
		if err == nil && len(also) < 8 {
			also = append(also, s+"://")
		}
	}
	if len(also) > 0 {
		msg += ", nor with one of the app schemes allowed here: " + strings.Join(also, ", ")
	}
	return &Error{CodeScheme, "", msg + "."}
}

func isScheme(s string) bool {
	for i := range len(s) {
		b := s[i]
		letter := 'a' <= b && b <= 'z'
		if !letter && (i == 0 || !('0' <= b && b <= '9' || b == '+' || b == '-' || b == '.')) {
			return false
		}
	}
	return s != ""
}

// normalAppHost gives what stands where a host would, in lower case, or why it is refused.
// It is a name of the app's own, so numbers and the like mean nothing special; its
// characters are a host's all the same.
func normalAppHost(h string) (host, why string) {
	if h == "" {
		return "", "it is empty"
	}
	host = strings.ToLower(h)
	if !isASCII(h) {
		return "", "the host of an app link must be ASCII"
	}
	return host, checkLabels(host)
}
