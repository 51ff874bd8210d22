package metadataserver

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// writeTime is how long a client may take to read an answer.
const writeTime = time.Minute

// write sends a reply. What is not a success is a line of HTML, as at Google, though clients show
// it as text.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, at route, reply reply) {
	h.counters.answered(at, reply.status)
	header := w.Header()
	header["Metadata-Flavor"] = []string{flavor}
	header["Server"] = []string{"Metadata Server for VM"}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	header["Cache-Control"] = []string{"no-store"}
	body := reply.answer.body
	if reply.status == http.StatusOK {
		header["Content-Type"] = []string{reply.answer.contentType}
		header["ETag"] = []string{reply.answer.etag}
	} else {
		header["Content-Type"] = []string{"text/html; charset=UTF-8"}
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
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(reply.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // the client has gone
	}
}
