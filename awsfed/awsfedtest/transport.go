package awsfedtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// transport is the network of a cloud's in-process client.
type transport struct{ cloud *Cloud }

var _ http.RoundTripper = transport{}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if api, ok := t.cloud.apis.Load(hostname(r.URL.Host)); ok {
		return roundTripAPI(r, api.(http.Handler))
	}
	endpoint, ok := EndpointOf(r.URL)
	if !ok {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, fmt.Errorf("awsfedtest: the emulator plays no host %q with a path %q, and nothing leaves it", r.URL.Host, r.URL.Path)
	}
	return t.cloud.roundTrip(r, endpoint, false)
}

// roundTrip answers a client's request in the client's own goroutine.
func (c *Cloud) roundTrip(r *http.Request, endpoint Endpoint, replayed bool) (*http.Response, error) {
	ctx := r.Context()
	received, err := receive(r)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a, err := c.answer(received, endpoint, replayed)
	if err != nil {
		return nil, err
	}
	return a.response(r), nil
}

// response is the answer as a client gets it.
func (a *answer) response(r *http.Request) *http.Response {
	var body io.Reader = bytes.NewReader(a.sent())
	if a.cut {
		body = io.MultiReader(body, brokenReader{})
	}
	length := int64(a.declared())
	if r.Method == http.MethodHead {
		body, length = http.NoBody, -1
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header,
		Body:          io.NopCloser(body),
		ContentLength: length,
		Request:       r,
	}
}

// receive returns r as a server sees it, by way of the bytes on the wire: Host
// moved out of the URL, Content-Length into the header and header values trimmed,
// all of which a signature is judged by. It closes r's body, as a RoundTripper
// must, and leaves the rest of r as it is.
func receive(r *http.Request) (*http.Request, error) {
	out := r.Clone(r.Context())
	body, err := readBody(out)
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
	in.RemoteAddr = "127.0.0.1:0"
	return in.WithContext(r.Context()), nil
}

// brokenReader is the end of a connection that came too early.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
