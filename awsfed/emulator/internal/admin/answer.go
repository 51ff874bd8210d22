package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/awsfed/awsfed-go/internal/strictjson"
)

// reply answers with v in JSON.
func reply(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		status = http.StatusInternalServerError
		body.Reset()
		fmt.Fprintf(&body, "{\"error\": %q}\n", "the answer is no JSON")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a client that has left needs no answer
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	reply(w, status, object{{"error", fmt.Sprintf(format, args...)}})
}

// done answers that there is nothing to say.
func done(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }

// readBody returns the body of r. If it reports false, it has answered.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		return body, true
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	} else {
		refuse(w, http.StatusBadRequest, "the body cannot be read to its end")
	}
	return nil, false
}

// readField returns the one field of the object that the body of r is, a string that is not empty.
// If it reports false, it has answered.
func readField(w http.ResponseWriter, r *http.Request, name string) (string, bool) {
	body, ok := readBody(w, r)
	if !ok {
		return "", false
	}
	fields, err := strictjson.Fields(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "the body: %v; want {%q: …}", err, name)
		return "", false
	}
	for other := range fields.All() {
		if other != name {
			refuse(w, http.StatusBadRequest, "%.64q: there is no such field, want %s", other, name)
			return "", false
		}
	}
	value, err := strictjson.String(fields.Get(name))
	if err != nil || value == "" {
		refuse(w, http.StatusBadRequest, "%s: want a string that is not empty", name)
		return "", false
	}
	return value, true
}
