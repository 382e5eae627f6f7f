package routing

import "clickledger/internal/macro"

// Uses reports whether rendering needs the token's value, so that nobody computes
// what no URL shows.
func (d *Decision) Uses(id macro.ID) bool {
	t := d.Template
	switch {
	case id == macro.ClickID && d.ClickParam != "":
		return true
	case d.DeepLink != "":
		return d.Offer.carries(id)
	case t == nil:
		t = d.Fallback
	}
	return t != nil && t.Uses(id)
}

// AppendURL renders the decision's URL behind dst, and nothing for the 404 page. The
// result is printable ASCII whatever the values hold (R14).
//
// The click id we were told to add replaces a parameter of its name: a URL pasted
// with an empty or an old one would otherwise lose the conversion. The same goes for
// chosen keywords, and for the parameters a deep link carries over, so that a link
// cannot bring a forged id.
func (d *Decision) AppendURL(dst []byte, v *macro.Values) []byte {
	switch {
	case d.DeepLink != "":
		return d.appendDeepLink(dst, v)
	case d.Template != nil && d.ClickParam != "" && len(d.extra) == 0:
		extra := [1]macro.Param{{Name: d.ClickParam, Value: v[macro.ClickID]}} // the usual case, without an allocation
		return d.Template.AppendWith(dst, v, extra[:], macro.Override)
	case d.Template != nil && len(d.extra) > 0:
		return d.Template.AppendWith(dst, v, d.added(nil, v), macro.Override)
	case d.Template != nil:
		return d.Template.Append(dst, v)
	case d.Fallback != nil:
		return d.Fallback.Append(dst, v)
	}
	return dst
}

func (d *Decision) appendDeepLink(dst []byte, v *macro.Values) []byte {
	var extra []macro.Param
	for _, t := range d.Offer.carry {
		extra, _ = macro.ParseQuery(extra, string(t.Append(nil, v))[len(carryBase):])
	}
	return macro.Merge(dst, d.DeepLink, d.added(extra, v), macro.Override)
}

// added are the parameters we add: chosen keywords, then the click id.
func (d *Decision) added(extra []macro.Param, v *macro.Values) []macro.Param {
	extra = append(extra, d.extra...)
	if d.ClickParam != "" {
		extra = append(extra, macro.Param{Name: d.ClickParam, Value: v[macro.ClickID]})
	}
	return extra
}
