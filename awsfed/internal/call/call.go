// Package call makes one HTTP request and reads all of its answer, within bounds.
package call

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
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
	Status int
	Header http.Header // see Keep
	Body   []byte
	Sent   time.Time // just before the request went out
}

// Keep is what awsfed reads of an answer's headers. It shares nothing with header, which can be as
// large as a transport allows.
func Keep(header http.Header) http.Header {
	kept := make(http.Header)
	for _, name := range [...]string{
		"Content-Type", "Date", "Retry-After", "X-Amzn-Requestid", "X-Cloud-Trace-Context", "X-Goog-Request-Id",
	} {
		if value := header.Get(name); value != "" {
			kept[name] = []string{strings.Clone(value[:min(len(value), maxKept)])}
		}
	}
	return kept
}

// Client is base without the habits that would leak or hide something: it follows no redirect,
// which would post a secret to another host, and keeps no cookies. A base without a transport, or
// none at all, has the default transport with a bound of MaxHeader.
func Client(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{}
	}
	client := &http.Client{
		Transport:     base.Transport,
		Timeout:       base.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if client.Transport == nil {
		client.Transport = defaultTransport{}
	}
	client.Transport = &careful{base: client.Transport}
	return client
}

// Post sends body and reads the answer. An answer of any status is no error.
func Post(ctx context.Context, client *http.Client, url string, header http.Header, body string) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	return Do(client, req)
}

// Do sends req and reads the answer. An answer of any status is no error. What is left unread of a
// body that is too large is not waited for: closing it closes the connection.
func Do(client *http.Client, req *http.Request) (*Answer, error) {
	sent := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		distrust(client, err)
		return nil, clean(err)
	}
	defer resp.Body.Close()
	answer := &Answer{Status: resp.StatusCode, Header: Keep(resp.Header), Sent: sent}
	answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	switch {
	case err != nil:
		distrust(client, err)
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

// RetryAfter is the pause that the answer asks for (RFC 9110 §10.2.3), zero when it asks for none.
// A date is measured against the answer's own Date, so that a wrong clock on this side does not
// matter.
func (a *Answer) RetryAfter() time.Duration {
	value := strings.TrimSpace(a.Header.Get("Retry-After"))
	// What is out of range is taken for the nearest that is in it.
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		now = a.Sent
	}
	return max(until.Sub(now), 0)
}
