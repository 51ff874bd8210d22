// Package call makes one HTTP request and reads all of its answer, within bounds.
package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxBody bounds an answer. The largest that Google sends here holds one token of at most 12 KiB.
const MaxBody = 1 << 20

// ErrTooLarge is the error for an answer of more than MaxBody bytes.
var ErrTooLarge = errors.New("the answer is larger than 1 MiB")

// An Answer is a response that was read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Sent   time.Time // just before the request went out
}

// Client is base without the habits that would leak or hide something: it follows no redirect, which would post a
// secret to another host, and keeps no cookies. A nil base is http.DefaultTransport.
func Client(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{}
	}
	return &http.Client{
		Transport:     base.Transport,
		Timeout:       base.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Post sends body and reads the answer. An answer of any status is no error.
func Post(ctx context.Context, client *http.Client, url string, header http.Header, body []byte) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	return Do(client, req)
}

// Do sends req and reads the answer. An answer of any status is no error.
func Do(client *http.Client, req *http.Request) (*Answer, error) {
	sent := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer := &Answer{Status: resp.StatusCode, Header: resp.Header, Sent: sent}
	answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	switch {
	case err != nil:
		return answer, fmt.Errorf("reading the answer (HTTP %d): %w", resp.StatusCode, err)
	case len(answer.Body) > MaxBody:
		return answer, ErrTooLarge
	}
	return answer, nil
}

// RetryAfter is the pause that the answer asks for (RFC 9110 §10.2.3), zero when it asks for none. A date is measured
// against the answer's own Date, so that a wrong clock on this side does not matter.
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
