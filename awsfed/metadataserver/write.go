package metadataserver

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// writeTime is how long a client may take to read an answer.
const writeTime = time.Minute

// sharedHeaders are the values that many answers have. They are not written to: what adds a value
// to one gets a copy, since it has no room.
type sharedHeaders struct {
	flavor, server, noSniff, noStore []string
	types                            [contentTypes][]string
}

func newSharedHeaders() sharedHeaders {
	s := sharedHeaders{flavor: []string{flavor}, server: []string{"Metadata Server for VM"}, noSniff: []string{"nosniff"}, noStore: []string{"no-store"}}
	for t := range contentTypes {
		s.types[t] = []string{t.String()}
	}
	return s
}

// write sends a reply. What is not a success is a line of HTML, as at Google, though clients show
// it as text.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, at route, reply reply) {
	h.counters.answered(at, reply.status)
	header := w.Header()
	header["Metadata-Flavor"] = h.shared.flavor
	header["Server"] = h.shared.server
	header["X-Content-Type-Options"] = h.shared.noSniff
	header["Cache-Control"] = h.shared.noStore
	own := new([2]string) // one allocation for both
	body := reply.answer.body
	if reply.status == http.StatusOK {
		header["Content-Type"] = h.shared.types[reply.answer.contentType]
		own[0] = reply.answer.etag
		header["ETag"] = own[:1:1]
	} else {
		header["Content-Type"] = h.shared.types[typeError]
		body = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(reply.body) + "\n"
	}
	if reply.location != "" {
		header["Location"] = []string{reply.location}
	}
	if reply.status == http.StatusMethodNotAllowed {
		header["Allow"] = []string{"GET, HEAD"} // RFC 9110 §15.5.6
	}
	if reply.status >= http.StatusBadRequest && reply.status != http.StatusNotFound && reply.status != http.StatusServiceUnavailable {
		header["Connection"] = []string{"close"} // nothing that follows on it is wanted
	}
	own[1] = strconv.Itoa(len(body))
	header["Content-Length"] = own[1:]
	w.WriteHeader(reply.status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, body) // the client has gone
	}
}
