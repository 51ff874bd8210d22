// Package inprocess serves HTTP requests in the goroutine of their client, without a socket. Each
// request goes over the bytes of the wire once, so that a server sees what it would see on a
// network: what a signature covers is the same.
package inprocess

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Answer is what a handler says to one request: the [http.ResponseWriter] of the package. Make one
// with [NewAnswer].
type Answer struct {
	Status int // 0 until it is written
	Body   bytes.Buffer
	Cut    bool // the body is to end halfway

	header http.Header
}

// NewAnswer returns an answer that is yet to be written.
func NewAnswer() *Answer { return &Answer{header: make(http.Header)} }

// Header implements [http.ResponseWriter].
func (a *Answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter]. The first status counts.
func (a *Answer) WriteHeader(status int) {
	if a.Status == 0 {
		a.Status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *Answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.Body.Write(p)
}

// Sent returns the part of the body that is delivered.
func (a *Answer) Sent() []byte {
	if a.Cut {
		return a.Body.Bytes()[:a.Body.Len()/2]
	}
	return a.Body.Bytes()
}

// Length returns the Content-Length, which is more than is sent if the answer is cut.
func (a *Answer) Length() int {
	if a.Cut {
		return max(a.Body.Len(), 1)
	}
	return a.Body.Len()
}

// Response is the answer as the client that sent r gets it.
func (a *Answer) Response(r *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	var body io.Reader = bytes.NewReader(a.Sent())
	if a.Cut {
		body = io.MultiReader(body, brokenReader{})
	}
	length := int64(a.Length())
	if r.Method == http.MethodHead {
		body, length = http.NoBody, -1
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status)),
		StatusCode:    a.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(body),
		ContentLength: length,
		Request:       r,
	}
}

// brokenReader is the end of a connection that came too early.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
