package awsfedtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// maxBody is the largest request body that the emulator reads. The largest that
// a service takes is a token exchange with 4 MiB of options, each character of
// which may be percent-encoded.
const maxBody = 16 << 20

// answer is what the emulator says to one request. It is made by a service, for
// which it is an http.ResponseWriter, or by a fault.
type answer struct {
	status int // 0 until it is written
	header http.Header
	body   bytes.Buffer
	cut    bool // the body is to end halfway
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// sent returns the part of the body that is delivered.
func (a *answer) sent() []byte {
	if a.cut {
		return a.body.Bytes()[:a.body.Len()/2]
	}
	return a.body.Bytes()
}

// declared returns the Content-Length, which is more than is sent if the answer
// is cut.
func (a *answer) declared() int {
	if a.cut {
		return max(a.body.Len(), 1)
	}
	return a.body.Len()
}

// answer serves a request at endpoint, faults included, and logs it. It is the
// one road into the services: for the in-process client, for a server and for the
// requests that Google's STS replays. An error says that no answer comes: the end
// of r's context, or syscall.ECONNRESET.
func (c *Cloud) answer(r *http.Request, endpoint Endpoint, replayed bool) (a *answer, err error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	entry := newRequest(r, body, endpoint, replayed)
	faults := c.faults.strike(*entry, entry.Time)
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = f.name()
	}
	entry.Fault = strings.Join(names, ",")
	c.log.begin(entry)
	defer func() {
		status := 0
		if err == nil && a != nil {
			status = a.status
		}
		c.report(r.Context(), c.log.end(entry, status))
	}()

	if err := wait(r.Context(), faults, KindDelay); err != nil {
		return nil, err
	}
	a, err = c.act(r, endpoint, faults)
	if err != nil {
		return nil, err
	}
	if err := wait(r.Context(), faults, KindLatency); err != nil {
		return nil, err
	}
	return a, nil
}

// act lets the deciding fault, or without one the service, answer.
func (c *Cloud) act(r *http.Request, endpoint Endpoint, faults []Fault) (*answer, error) {
	a := newAnswer()
	for _, f := range faults {
		switch f.Kind {
		case KindDrop:
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		case KindReset:
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		case KindTruncate:
			a.cut = true
		case KindAnswer:
			a.header = f.Header.Clone()
			if a.header == nil {
				a.header = make(http.Header)
			}
			a.WriteHeader(f.Code)
			a.body.WriteString(f.Body)
		}
	}
	if a.status == 0 {
		c.serve(a, r, endpoint)
		a.WriteHeader(http.StatusOK)
	}
	if a.header.Get("Date") == "" {
		a.header.Set("Date", c.Now().UTC().Format(http.TimeFormat))
	}
	return a, nil
}

// serve hands a request to the service that it is for.
func (c *Cloud) serve(w http.ResponseWriter, r *http.Request, endpoint Endpoint) {
	switch endpoint {
	case AWSSTS:
		c.AWS.serveSTS(w, r)
	case EC2Metadata:
		c.AWS.serveEC2(w, r)
	case ContainerCredentials:
		c.AWS.serveContainer(w, r)
	case GoogleSTS:
		c.Google.serveSTS(w, r)
	case IAMCredentials:
		c.Google.serveIAM(w, r)
	case GoogleKeys:
		c.Google.serveKeys(w, r)
	default:
		http.NotFound(w, r)
	}
}

// replay sends a signed AWS request as Google's STS does: straight to the AWS
// side, with no client's redirects or retries. It returns nil if no answer comes.
func (c *Cloud) replay(r *http.Request) *http.Response {
	endpoint, ok := endpointOfHost(r.URL.Host)
	if !ok && c.options.ownHost(r.URL.Host) {
		endpoint, ok = endpointOfPath(r.URL.Path)
	}
	if !ok || endpoint != AWSSTS {
		return nil
	}
	response, err := c.roundTrip(r, endpoint, true)
	if err != nil {
		return nil
	}
	return response
}

// report writes one line about an answered request to the log of Options.
func (c *Cloud) report(ctx context.Context, r Request) {
	if c.options.Logger == nil {
		return
	}
	attrs := []slog.Attr{
		slog.String("endpoint", string(r.Endpoint)),
		slog.String("method", r.Method),
		slog.String("host", r.Host),
		slog.String("path", r.Path),
		slog.Int("status", r.Status),
		slog.Duration("took", time.Since(r.Time)),
	}
	if r.Action != "" {
		attrs = append(attrs, slog.String("action", r.Action))
	}
	if r.Replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	if r.Fault != "" {
		attrs = append(attrs, slog.String("fault", r.Fault))
	}
	c.options.Logger.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

// wait sleeps as long as the faults of one kind say, or until ctx ends.
func wait(ctx context.Context, faults []Fault, kind FaultKind) error {
	var d time.Duration
	for _, f := range faults {
		if f.Kind == kind {
			d += f.Wait
		}
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// readBody reads the body of r and puts it back.
func readBody(r *http.Request) ([]byte, error) {
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
