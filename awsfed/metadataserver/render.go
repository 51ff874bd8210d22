package metadataserver

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A value is what a key holds: a string, a json.Number or a list of strings.
type value any

// text is a value as clients get it by default: without a line break, but for those at the end of
// each line of a list.
func text(v value) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case []string:
		var b strings.Builder
		for _, line := range v {
			b.WriteString(line + "\n")
		}
		return b.String()
	}
	return ""
}

// listing is what a directory has: a name a line, directories with a slash.
func (n *node) listing() []string {
	names := make([]string, len(n.children))
	for i, c := range n.children {
		names[i] = c.name
		if c.dir {
			names[i] += "/"
		}
	}
	return names
}

// render is the node by the parameters alt and recursive of a request.
func (n *node) render(recursive bool, alt string) answer {
	asJSON := alt == "json" || recursive && alt != "text"
	switch {
	case n.dir && recursive && asJSON:
		return answered(typeJSON, encoded(n.object()))
	case n.dir && recursive:
		var b strings.Builder
		n.lines(&b, "")
		return answered(typeText, b.String())
	case n.dir && asJSON:
		return answered(typeJSON, encoded(n.listing()))
	case n.dir:
		return answered(typeText, text(n.listing()))
	case asJSON:
		return answered(typeJSON, encoded(n.value))
	}
	return answered(typeText, text(n.value))
}

// object is a directory for recursive JSON. What is asked for at each request, tokens, is left out
// there.
func (n *node) object() object {
	var o object
	for _, c := range n.children {
		switch {
		case c.dir:
			o = append(o, member{c.json, c.object()})
		case c.ask == nil:
			o = append(o, member{c.json, c.value})
		}
	}
	return o
}

// lines are a directory for recursive text: the path of a value, a blank and the value.
func (n *node) lines(b *strings.Builder, prefix string) {
	for _, c := range n.children {
		switch {
		case c.dir:
			c.lines(b, prefix+c.name+"/")
		case c.ask == nil:
			for line := range strings.Lines(text(c.value)) {
				b.WriteString(prefix + c.name + " " + strings.TrimSuffix(line, "\n") + "\n")
			}
		}
	}
}

// An object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(encoded(m.name) + ":" + encoded(m.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encoded is compact JSON. What it is given is made of strings, numbers and lists, which always
// have one.
func encoded(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
