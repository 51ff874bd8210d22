package admin

import (
	"net"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// Encode is how a value of Go becomes JSON.
func Encode(v any) any { return encode(v) }

// ShownRequest is what the page shows of a request and of what judged it.
func ShownRequest(r awsfedtest.Request, judgement any) string {
	v := viewOfRequest(r)
	v.Judgement = append(viewOf(encode(judgement)).Fields, v.Judgement...)
	return render("fields", v.Judgement)
}

// ShownDocument is what the page shows of a configuration.
func ShownDocument(data []byte) (string, error) {
	document, err := parseDocument(data)
	if err != nil {
		return "", err
	}
	return render("value", viewOf(document)), nil
}

// Limited is a listener that has as many connections open as clients says.
func Limited(listener net.Listener, clients int) net.Listener {
	return newLimitedListener(listener, clients)
}

func render(name string, data any) string {
	var b strings.Builder
	if err := newPage().template.ExecuteTemplate(&b, name, data); err != nil {
		return err.Error()
	}
	return b.String()
}
