// Package call makes one HTTP request and reads all of its answer, within bounds.
package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// MaxBody bounds an answer. The largest that Google sends here holds one token of at most 12
	// KiB.
	MaxBody = 64 << 10
	// MaxHeader bounds the headers of an answer that comes by the default transport.
	MaxHeader = 64 << 10
	// maxKept bounds one header that an Answer keeps. A request ID is the longest of them.
	maxKept = 256
)

// ErrTooLarge is the error for a success of more than MaxBody bytes.
var ErrTooLarge = errors.New("the answer is larger than 64 KiB")

// An Answer is a response that was read to its end.
type Answer struct {
	Status     int
	MediaType  string // of Content-Type
	RequestID  string // the name of the request in the service's logs: AWS always gives one, Google some services
	Date       string // as it stands, which may be nonsense; so does the next
	RetryAfter string
	Body       []byte
	Sent       time.Time // just before the request went out
}

// read takes what awsfed reads of an answer's headers. It shares nothing with header, which can be
// as large as a transport allows.
func (a *Answer) read(header http.Header) {
	kept := func(names ...string) string {
		for _, name := range names {
			if value := header.Get(name); value != "" {
				return strings.Clone(value[:min(len(value), maxKept)])
			}
		}
		return ""
	}
	a.MediaType, _, _ = strings.Cut(kept("Content-Type"), ";")
	a.RequestID = kept("X-Amzn-Requestid", "X-Goog-Request-Id", "X-Cloud-Trace-Context")
	a.Date, a.RetryAfter = kept("Date"), kept("Retry-After")
}

// A Client sends requests over the transport of an [http.Client], and has none of the habits of that
// which would leak or hide something: it follows no redirect, which would post a secret to another
// host, and keeps no cookies.
type Client struct {
	base    http.RoundTripper
	timeout time.Duration
	heard   func(*Answer) // told of every answer; nil for nobody
	stale   atomic.Bool   // a request was given up
}

// NewClient makes a client with the transport and the time-out of base. A base without a transport,
// or none at all, has the default transport with a bound of MaxHeader.
func NewClient(base *http.Client) *Client {
	if base == nil {
		base = &http.Client{}
	}
	c := &Client{base: base.Transport, timeout: base.Timeout}
	if c.base == nil {
		c.base = defaultTransport{}
	}
	return c
}

// Listening is the same client with a func that is told of every answer.
func (c *Client) Listening(heard func(*Answer)) *Client {
	return &Client{base: c.base, timeout: c.timeout, heard: heard}
}

// Post sends body and reads the answer. An answer of any status is no error.
func (c *Client) Post(ctx context.Context, url string, header http.Header, body string) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	return c.Do(req)
}

// Do sends req and reads the answer. An answer of any status is no error; errors of the transport
// are of type [*url.Error]. What is left unread of a body that is too large is not waited for:
// closing it closes the connection.
func (c *Client) Do(req *http.Request) (*Answer, error) {
	if c.timeout > 0 {
		ctx, cancel := context.WithTimeout(req.Context(), c.timeout)
		defer cancel()
		req = req.WithContext(ctx)
	}
	if req.Header == nil {
		req.Header = make(http.Header) // a transport may count on it
	}
	slot, err := c.slot(req.Context(), req.URL.Host)
	if err != nil {
		return nil, &url.Error{Op: operation(req), URL: req.URL.Redacted(), Err: fmt.Errorf("waiting for one of %d requests to end: %w", maxInFlight, err)}
	}
	defer slot.free()
	sent := time.Now()
	resp, err := c.roundTrip(req)
	if err != nil {
		c.distrust(err)
		return nil, clean(&url.Error{Op: operation(req), URL: req.URL.Redacted(), Err: err})
	}
	defer resp.Body.Close()
	answer := &Answer{Status: resp.StatusCode, Sent: sent}
	answer.read(resp.Header)
	if c.heard != nil {
		c.heard(answer)
	}
	answer.Body, err = readAll(resp.Body, resp.ContentLength)
	switch {
	case err != nil:
		c.distrust(err)
		return answer, fmt.Errorf("reading the answer (HTTP %d): %w", resp.StatusCode, clean(err))
	case len(answer.Body) <= MaxBody:
		return answer, nil
	case resp.StatusCode == http.StatusOK:
		return answer, ErrTooLarge
	}
	// The page of a proxy, for one. Its status and its Retry-After count without the rest of it.
	answer.Body = answer.Body[:MaxBody]
	return answer, nil
}

// operation names the method as package net/http does in its errors.
func operation(req *http.Request) string {
	if req.Method == http.MethodGet || req.Method == "" {
		return "Get"
	}
	return "Post"
}

// readAll reads a body up to one byte more than MaxBody. length is what the answer says of it,
// which may be a lie; negative if it says nothing.
func readAll(body io.Reader, length int64) ([]byte, error) {
	const usual = 1024
	if length < 0 || length > MaxBody {
		length = usual
	}
	data := make([]byte, 0, length+1) // the byte more is for the end
	for len(data) <= MaxBody {
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data))
		}
		n, err := body.Read(data[len(data):min(cap(data), MaxBody+1)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// roundTrip keeps a request off the connection on which the one before was given up. One of HTTP/2
// stays open after that, and if its other side is gone without a word, all requests would run out
// of time until TCP gives up, after a quarter of an hour.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	if c.stale.Swap(false) {
		c.CloseIdleConnections()
	}
	resp, err := c.send(req)
	switch {
	case err != nil:
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		return nil, err
	case resp == nil:
		return nil, errors.New("the RoundTripper gave neither an answer nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	return resp, nil
}

// distrust notes a request that was given up before it was answered.
func (c *Client) distrust(err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		c.stale.Store(true)
	}
}

// Pause is the pause that the answer asks for (RFC 9110 §10.2.3), zero when it asks for none.
// A date is measured against the answer's own Date, so that a wrong clock on this side does not
// matter.
func (a *Answer) Pause() time.Duration {
	value := strings.TrimSpace(a.RetryAfter)
	if value == "" {
		return 0
	}
	// What is out of range is taken for the nearest that is in it.
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(a.Date)
	if err != nil {
		now = a.Sent
	}
	return max(until.Sub(now), 0)
}
