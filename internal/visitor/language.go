package visitor

import "strings"

// maxLanguage bounds Info.Language, in bytes.
const maxLanguage = 16

// language is the first tag of an Accept-Language value in its usual spelling
// ("en-US", "zh-Hant-TW"), "" if that is not a language tag. Browsers send
// their languages best first, so the weights need not be read. A tag in its
// usual spelling already is returned as a piece of the header, without a copy.
func language(accept string) string {
	end := 0
	for end < len(accept) && accept[end] != ',' && accept[end] != ';' {
		end++
		if end > 64 {
			return "" // longer than any tag: do not read on
		}
	}
	tag := strings.Trim(accept[:end], " \t")
	if len(tag) > maxLanguage {
		cut := strings.LastIndexByte(tag[:maxLanguage+1], '-')
		if cut < 0 {
			return ""
		}
		tag = tag[:cut]
	}
	var buf [maxLanguage]byte
	start, changed, extension := 0, false, false
	for i := 0; i <= len(tag); i++ {
		if i < len(tag) && tag[i] != '-' {
			if !wordChar(tag[i]) || tag[i] == '_' || start == 0 && tag[i] <= '9' {
				return ""
			}
			continue
		}
		n := i - start
		if n == 0 || n > 8 || start == 0 && n < 2 {
			return ""
		}
		for j := start; j < i; j++ {
			buf[j] = lower(tag[j])
			// A region is written in capitals, a script with one, but what
			// follows a single letter is neither.
			if start > 0 && !extension && (n == 2 || n == 4 && j == start) && 'a' <= buf[j] && buf[j] <= 'z' {
				buf[j] -= 'a' - 'A'
			}
			changed = changed || buf[j] != tag[j]
		}
		extension = extension || n == 1
		if i < len(tag) {
			buf[i] = '-'
		}
		start = i + 1
	}
	if !changed {
		return tag
	}
	return string(buf[:len(tag)])
}
