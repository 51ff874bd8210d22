package fakeaws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// element is a part of an answer of AWS STS: a text, a time or further elements under a name.
type element struct {
	name     string
	text     string
	time     time.Time // written instead of text unless it is zero
	children []element // written instead of text unless there are none
}

// elements returns pairs of a name and a text as elements.
func elements(pairs ...string) []element {
	list := make([]element, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, element{name: pairs[i], text: pairs[i+1]})
	}
	return list
}

// answer is what AWS STS says to a request: in XML, or in JSON to who asks for it.
type answer struct {
	status  int
	root    string
	xmlns   string
	content []element
}

// wantsJSON reports whether the client asks for JSON, as aws-iam-authenticator does. Whether AWS
// looks at more than the first of several media types is not known.
func wantsJSON(accept string) bool {
	first, _, _ := strings.Cut(accept, ",")
	kind, _, _ := mime.ParseMediaType(first)
	return kind == "application/json"
}

// write sends the answer in the form that the Accept header asks for.
func (a answer) write(w http.ResponseWriter, accept string) {
	var body string
	if wantsJSON(accept) {
		w.Header().Set("Content-Type", "application/json")
		body = a.json()
	} else {
		w.Header().Set("Content-Type", "text/xml")
		body = fmt.Sprintf("<%[1]s xmlns=\"%[2]s\">\n%[3]s</%[1]s>\n", a.root, a.xmlns, xmlOf(1, a.content))
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, body)
}

// json writes the names in alphabetical order, as the answers have them that people have published.
// An error has no name around it.
func (a answer) json() string {
	content := jsonOf(a.content)
	if a.root != errorRoot {
		content = map[string]any{a.root: content}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(content) // cannot fail: it has maps, strings and numbers alone
	return strings.TrimSuffix(b.String(), "\n")
}

func jsonOf(list []element) map[string]any {
	object := make(map[string]any, len(list))
	for _, e := range list {
		switch {
		case !e.time.IsZero():
			object[e.name] = jsonTime(e.time)
		case len(e.children) > 0:
			object[e.name] = jsonOf(e.children)
		default:
			object[e.name] = e.text
		}
	}
	return object
}

// jsonTime writes a time as AWS's JSON has it, in seconds since 1970 with an exponent, such as
// 1.79E9. Envoy, which asks for JSON, reads it as a number.
func jsonTime(t time.Time) json.Number {
	return json.Number(strings.Replace(strconv.FormatFloat(float64(t.Unix()), 'E', -1, 64), "E+0", "E", 1))
}

// xmlOf writes elements, one a line.
func xmlOf(depth int, list []element) string {
	// encoding/xml would write quotes as references, which AWS does not.
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	indent := strings.Repeat("  ", depth)
	var b strings.Builder
	for _, e := range list {
		switch {
		case !e.time.IsZero():
			fmt.Fprintf(&b, "%s<%s>%s</%[2]s>\n", indent, e.name, awsTime(e.time))
		case len(e.children) > 0:
			fmt.Fprintf(&b, "%s<%s>\n%s%[1]s</%[2]s>\n", indent, e.name, xmlOf(depth+1, e.children))
		default:
			fmt.Fprintf(&b, "%s<%s>%s</%[2]s>\n", indent, e.name, escape.Replace(e.text))
		}
	}
	return b.String()
}

func awsTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
