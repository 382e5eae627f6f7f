package console

import "strings"

// readOnly makes a form show its values and take none: of a row that never changes.
func (f *form) readOnly() {
	for i := range f.Sections {
		kept := f.Sections[i].Fields[:0]
		for _, fl := range f.Sections[i].Fields {
			text := fl.shown()
			if text == "" {
				continue
			}
			fl.Long = len(text) > 60 || strings.Contains(text, "\n")
			fl.Widget, fl.Text, fl.Help, fl.Optional, fl.When, fl.Tokens = "fixed", text, "", false, "", nil
			kept = append(kept, fl)
		}
		f.Sections[i].Fields = kept
	}
	f.Submit, f.Preview, f.Lists = "", false, nil
}

// shown is a field's value as people read it, "" for none.
func (f field) shown() string {
	switch {
	case f.Widget == "fixed":
		return f.Text
	case f.Table != nil:
		var lines []string
		for _, l := range f.Table.Lines {
			var cells []string
			for _, c := range l.Cells {
				if text := c.shown(); text != "" {
					cells = append(cells, text)
				}
			}
			if len(cells) > 0 && !l.Spare {
				lines = append(lines, strings.Join(cells, ", "))
			}
		}
		return strings.Join(lines, "; ")
	case f.Widget == "check" && f.Checked:
		return "yes"
	case f.Widget == "check":
		return "no"
	}
	for _, c := range f.Choices {
		if c.Selected {
			return c.Label
		}
	}
	if f.Value != "" && f.Unit != "" {
		return f.Value + " " + f.Unit
	}
	return f.Value
}
