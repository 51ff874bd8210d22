package inprocess

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// maxBody is the largest request body that is read. The largest that a service takes is a token
// exchange with 4 MiB of options, each character of which may be percent-encoded.
const maxBody = 16 << 20 // bytes

// Receive returns r as a server sees it, by way of the bytes on the wire: Host moved out of the
// URL, Content-Length into the header and header values trimmed, all of which a signature is judged
// by. It closes r's body, as a RoundTripper must, and leaves the rest of r as it is. The error is
// that of the body, or the end of r's context.
func Receive(r *http.Request) (*http.Request, error) {
	out := r.Clone(r.Context())
	body, err := ReadBody(out)
	if err != nil {
		return nil, err
	}
	// Without a length, Request.Write would probe the body in a goroutine.
	out.ContentLength, out.TransferEncoding = int64(len(body)), nil
	if len(body) == 0 {
		out.Body = http.NoBody
	}
	var wire bytes.Buffer
	if err := out.Write(&wire); err != nil {
		return nil, err
	}
	in, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		return nil, err
	}
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	in.RemoteAddr = "127.0.0.1:0"
	return in.WithContext(r.Context()), nil
}

// ReadBody reads the body of r and puts it back. A body of more than 16 MiB gives an
// [*http.MaxBytesError].
func ReadBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("reading the request: %w", &http.MaxBytesError{Limit: maxBody})
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}
