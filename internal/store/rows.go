package store

import (
	"database/sql"
	"fmt"
	"reflect"
	"sync"
)

// The generated row structs carry their columns in db tags, in the table's order.
// Lists and catalog writes use them, so no column is named twice.

var columnCache sync.Map // reflect.Type → []string

// columnsOf lists the columns of a generated row struct.
func columnsOf[R any]() []string {
	t := reflect.TypeFor[R]()
	if c, ok := columnCache.Load(t); ok {
		return c.([]string)
	}
	cols := make([]string, t.NumField())
	for i := range cols {
		cols[i] = t.Field(i).Tag.Get("db")
		if cols[i] == "" {
			panic("store: " + t.Name() + "." + t.Field(i).Name + " has no column")
		}
	}
	columnCache.Store(t, cols)
	return cols
}

// collect reads every row of a query over exactly the columns of R and closes it.
func collect[R any](rows *sql.Rows, err error) ([]R, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []R
	for rows.Next() {
		var r R
		v := reflect.ValueOf(&r).Elem()
		dest := make([]any, v.NumField())
		for i := range dest {
			dest[i] = v.Field(i).Addr().Interface()
		}
		err := rows.Scan(dest...)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// as copies the fields of a row into another generated struct that has a part of
// them, such as the parameters of an update. A field the row lacks is a mistake in
// a query file and panics in the first test.
func as[P, R any](row R) P {
	var p P
	from, to := reflect.ValueOf(row), reflect.ValueOf(&p).Elem()
	for i := range to.NumField() {
		name := to.Type().Field(i).Name
		f := from.FieldByName(name)
		if !f.IsValid() {
			panic(fmt.Sprintf("store: %T has no field %s for %T", row, name, p))
		}
		to.Field(i).Set(f)
	}
	return p
}
