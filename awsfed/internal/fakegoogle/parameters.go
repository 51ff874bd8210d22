package fakegoogle

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// maxBody bounds a request, in bytes: options alone may have 4 MiB of percent-encoded characters.
const maxBody = 16 << 20

// parameters are those of a request to STS by their names in a form.
type parameters map[string]string

// parseParameters reads the parameters from a form, where their names are in snake_case, or from
// JSON, where they are among names, which are in camelCase, or in snake_case.
func parseParameters(r *http.Request, names ...string) (parameters, *judgement) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, judge(ReasonMalformed, "the body cannot be read, or is larger than %d bytes", maxBody).openly()
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && media == "application/x-www-form-urlencoded":
		return parseForm(string(body))
	case err == nil && (media == "application/json" || media == "text/json"):
		return parseJSON(body, names)
	}
	return nil, judge(ReasonMalformed, "Content-Type must be application/x-www-form-urlencoded or application/json").openly()
}

func parseForm(body string) (parameters, *judgement) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, judge(ReasonMalformed, "the body is not a form").openly()
	}
	p := make(parameters)
	for name, values := range form {
		if len(values) > 1 { // RFC 6749 §3.2
			return nil, judge(ReasonMalformed, "the parameter %q is there %d times", name, len(values))
		}
		p[name] = values[0]
	}
	return p, nil
}

func parseJSON(body []byte, names []string) (parameters, *judgement) {
	values := make([]*string, len(names))
	fields := make(protoFields)
	for i, name := range names {
		fields[name] = &values[i]
	}
	err := fields.unmarshal(body)
	if unknown, found := errors.AsType[unknownNames](err); found {
		return nil, &judgement{reason: ReasonMalformed, known: "a name in the JSON is unknown", api: unknown.apiError()}
	}
	if err != nil {
		return nil, judge(ReasonMalformed, "%v", err)
	}
	p := make(parameters)
	for i, name := range names {
		if values[i] != nil {
			p[snakeCase(name)] = *values[i]
		}
	}
	return p, nil
}
