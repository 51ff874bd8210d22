package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// view is a value as the page shows it: a table, a list of names with values, a list, or a text.
// The zero view shows nothing.
type view struct {
	Text   string
	Fields []fieldView
	Items  []view
	Table  *tableView
}

type fieldView struct {
	Name  string
	Value view
}

// tableView is a list of objects.
type tableView struct {
	Columns []string
	Rows    [][]view // one view for each column
}

// IsZero reports whether there is nothing to show.
func (v view) IsZero() bool {
	return v.Text == "" && v.Fields == nil && v.Items == nil && v.Table == nil
}

// viewOf shows what [encode] or [parseDocument] gave, without the fields that are empty.
func viewOf(value any) view {
	switch v := value.(type) {
	case nil:
		return view{}
	case string:
		return view{Text: v}
	case time.Time:
		if v.IsZero() {
			return view{}
		}
		return view{Text: v.UTC().Format(time.RFC3339)}
	case object:
		var fields []fieldView
		for _, m := range v {
			if shown := viewOf(m.Value); !shown.IsZero() {
				fields = append(fields, fieldView{m.Name, shown})
			}
		}
		return view{Fields: fields}
	case []any:
		if table := tableOf(v); table != nil {
			return view{Table: table}
		}
		var items []view
		for _, item := range v {
			if shown := viewOf(item); !shown.IsZero() {
				items = append(items, shown)
			}
		}
		if texts, ok := short(items); ok {
			return view{Text: texts}
		}
		return view{Items: items}
	case bool:
		if !v {
			return view{}
		}
		return view{Text: "yes"}
	}
	if text := strings.TrimSpace(fmt.Sprint(value)); text != "0" {
		return view{Text: text}
	}
	return view{}
}

// short joins texts that fit on a line together.
func short(items []view) (string, bool) {
	var texts []string
	length := 0
	for _, item := range items {
		if item.Text == "" {
			return "", false
		}
		texts = append(texts, item.Text)
		length += len(item.Text)
	}
	return strings.Join(texts, ", "), length <= 40
}

// nests reports whether there is a table anywhere in the view, or a list of more than texts.
func (v view) nests() bool {
	return v.Table != nil ||
		slices.ContainsFunc(v.Items, func(item view) bool { return item.Text == "" }) ||
		slices.ContainsFunc(v.Fields, func(field fieldView) bool { return field.Value.nests() })
}

// tableOf returns the table of a list that holds objects alone; nil for any other. A table within a
// table leaves no room for either, so objects that hold further ones are no rows.
func tableOf(list []any) *tableView {
	var table tableView
	for _, item := range list {
		o, ok := item.(object)
		if !ok {
			return nil
		}
		for _, m := range o {
			if !slices.Contains(table.Columns, m.Name) {
				table.Columns = append(table.Columns, m.Name)
			}
		}
	}
	if len(table.Columns) == 0 {
		return nil
	}
	for _, item := range list {
		row := make([]view, len(table.Columns))
		for i, column := range table.Columns {
			if row[i] = viewOf(item.(object).get(column)); row[i].nests() {
				return nil
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return &table
}
