package awsfedtest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

// answer serves a request at endpoint, faults included, and logs it. All requests come through it:
// of the in-process client, at a server, and those that Google's STS replays. An error says that no
// answer comes: the end of r's context, or syscall.ECONNRESET.
func (c *Cloud) answer(r *http.Request, endpoint Endpoint, replayed bool) (a *inprocess.Answer, err error) {
	body, err := inprocess.ReadBody(r)
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
	var record judged.Record
	defer func() {
		status := 0
		if err == nil && a != nil {
			status = a.Status
		}
		c.report(r.Context(), c.log.end(entry, status, judgementOf(record)))
	}()

	if err := hold(r.Context(), faults, kindDelay); err != nil {
		return nil, err
	}
	a, err = c.act(r, endpoint, faults, &record)
	if err != nil {
		return nil, err
	}
	if err := hold(r.Context(), faults, kindLatency); err != nil {
		return nil, err
	}
	return a, nil
}

// act lets the deciding fault, or without one the service, answer.
func (c *Cloud) act(r *http.Request, endpoint Endpoint, faults []Fault, record *judged.Record) (*inprocess.Answer, error) {
	a := inprocess.NewAnswer()
	for _, f := range faults {
		switch f.kind {
		case kindDrop:
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		case kindReset:
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
		case kindTruncate:
			a.Cut = true
		case kindAnswer:
			for name, values := range f.header.Clone() {
				a.Header()[name] = values
			}
			a.WriteHeader(f.code)
			a.Body.WriteString(f.body)
		}
	}
	if a.Status == 0 {
		c.serve(a, r.WithContext(judged.With(r.Context(), record)), endpoint)
		a.WriteHeader(http.StatusOK)
		if endpoint == AWSSTS && record.Reason == "" {
			record.Reason = awsReason(a)
		}
	}
	if a.Header().Get("Date") == "" {
		a.Header().Set("Date", c.Now().UTC().Format(http.TimeFormat))
	}
	return a, nil
}

// serve hands a request to the service that it is for.
func (c *Cloud) serve(w http.ResponseWriter, r *http.Request, endpoint Endpoint) {
	switch endpoint {
	case AWSSTS:
		c.aws.ServeSTS(w, r)
	case AWSIssuer:
		c.aws.ServeOutboundIssuer(w, r)
	case EC2Metadata:
		c.aws.ServeMetadata(w, r)
	case ContainerCredentials:
		c.aws.ServeContainerCredentials(w, r)
	case GoogleSTS:
		c.google.ServeSTS(w, r)
	case IAMCredentials:
		c.google.ServeIAMCredentials(w, r)
	case ResourceManager:
		c.google.ServeResourceManager(w, r)
	case GoogleOAuth:
		c.google.ServeOAuth(w, r)
	case GoogleKeys:
		c.google.ServeKeys(w, r)
	default:
		http.NotFound(w, r)
	}
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
	attrs = append(attrs, r.Judgement.attrs()...)
	c.options.Logger.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
}

// hold sleeps as long as the faults of one kind say, or until ctx ends.
func hold(ctx context.Context, faults []Fault, kind faultKind) error {
	var d time.Duration
	for _, f := range faults {
		if f.kind == kind {
			d += f.wait
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
