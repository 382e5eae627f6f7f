package macro

// SampleValues are the samples of all tokens, of one visitor and one click, with a salt.
// Tokens of the click and of the conversion that share a name have each their own.
func SampleValues() *Values {
	var v Values
	for id := range NumTokens {
		v[id] = Tokens[id].Sample
	}
	v[Salt] = "sample salt"
	return &v
}

// Preview is the URL as it would look for the sample visitor. Tokens that tbl, the table
// the URL was parsed with, does not have are rendered as nothing.
func Preview(t *Template, tbl *Table) string {
	return string(t.Append(nil, tbl.Sample()))
}
