package facts

// Fresh leaves out the rows whose relay number the table has taken already, and
// gives the highest number it then has taken. The relay may publish a row twice, in
// one batch or in two; numbers only grow, so a number not above the highest is one
// of those.
func Fresh(factNo int64, rows []Row) ([]Row, int64) {
	kept, copied := rows, false
	for i := range rows {
		no := rows[i].Fact.No
		switch {
		case no <= 0:
		case no > factNo:
			factNo = no
		default:
			if !copied {
				kept, copied = append(make([]Row, 0, len(rows)), rows[:i]...), true
			}
			continue
		}
		if copied {
			kept = append(kept, rows[i])
		}
	}
	return kept, factNo
}
